//! Numbers as a reader wants them: no digit that means nothing, and never 0 % or 100 % when it is not.

use ackproof_core::time::Span;

use crate::result::Messages;
use crate::words;

/// A share from 0 to 1 as `31%`.
pub(crate) fn percent(p: f64) -> String {
    let percent = p * 100.0;
    match percent {
        _ if percent <= 0.0 => "0%".to_owned(),
        _ if percent >= 100.0 => "100%".to_owned(),
        _ if percent < 0.1 => "<0.1%".to_owned(),
        _ if percent > 99.9 => ">99.9%".to_owned(),
        _ if (10.0..99.0).contains(&percent) => format!("{percent:.0}%"),
        _ => format!("{percent:.1}%").replace(".0%", "%"),
    }
}

/// `part` of `whole` as a percentage; `-` of nothing.
pub(crate) fn part(part: u64, whole: u64) -> String {
    if whole == 0 { "-".to_owned() } else { percent(part as f64 / whole as f64) }
}

/// An interval of shares without repeating the sign: `25-38%`, with `dash` between.
pub(crate) fn interval(low: f64, high: f64, dash: &str) -> String {
    format!("{}{dash}{}", percent(low).trim_end_matches('%'), percent(high))
}

/// Milliseconds, three digits at most: `11 ms`, `9.1 s`, `2 min`.
pub(crate) fn ms(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..100_000 => words::span(Span((ms + 50) / 100 * 100)),
        _ => words::span(Span((ms + 500) / 1000 * 1000)),
    }
}

/// How the sends failed of which none succeeded: the largest of the shares rejected, unknown and aborted.
pub(crate) fn failed(messages: &Messages) -> String {
    let kinds = [(messages.rejected, "rejected"), (messages.unknown, "unknown"), (messages.aborted, "aborted")];
    let (count, word) = kinds.into_iter().rev().max_by_key(|(count, _)| *count).expect("there are three kinds");
    format!("{} {word}", part(count, messages.sent))
}

/// A whole number with a comma every three digits.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 run`, `2 runs`, `2 classes`.
pub fn number_of(n: u64, one: &str) -> String {
    let ending = match (n, one.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{} {one}{ending}", count(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_not_all_or_nothing_is_never_printed_as_such() {
        for (p, text) in [
            (0.0, "0%"),
            (0.00001, "<0.1%"),
            (0.018, "1.8%"),
            (0.05, "5%"),
            (0.31, "31%"),
            (0.995, "99.5%"),
            (0.9999, ">99.9%"),
            (1.0, "100%"),
        ] {
            assert_eq!(percent(p), text);
        }
        assert_eq!(interval(0.247, 0.379, "-"), "25-38%");
    }

    #[test]
    fn one_is_no_plural() {
        let numbers = [number_of(1, "cell"), number_of(2000, "cell"), number_of(0, "run"), number_of(2, "class")];
        assert_eq!(numbers, ["1 cell", "2,000 cells", "0 runs", "2 classes"]);
    }

    #[test]
    fn lengths_and_counts_have_no_idle_digits() {
        assert_eq!([ms(0), ms(999), ms(9120), ms(15_000), ms(120_000)], ["0 ms", "999 ms", "9.1 s", "15 s", "2 min"]);
        assert_eq!([count(0), count(999), count(39_120), count(1_000_000)], ["0", "999", "39,120", "1,000,000"]);
    }
}

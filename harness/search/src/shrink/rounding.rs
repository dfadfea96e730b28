//! Durations and times that a person would have written.

use ackproof_core::time::Span;

/// Shorter durations, in the order in which to try them: nothing at all; the powers of ten (1ms, 10ms, ... 1s); the
/// 2s and 5s above the largest of these; and the duration itself cut down to one and to two digits.
pub fn shorter(span: Span) -> Vec<Span> {
    let ms = span.0;
    let mut all = vec![0];
    let mut power = 1u64;
    while power < ms {
        all.push(power);
        match power.checked_mul(10) {
            Some(next) if next < ms => power = next,
            Some(_) | None => break,
        }
    }
    all.extend([power.saturating_mul(2), power.saturating_mul(5), floor(ms, 1), floor(ms, 2)]);
    all.retain(|&value| value < ms);
    unique(all).into_iter().map(Span).collect()
}

/// The next times up with one digit and with two; none for a time that has no more than that.
pub fn rounded_up(span: Span) -> Vec<Span> {
    let up = [1, 2].map(|digits| ceiling(span.0, digits));
    unique(up.into_iter().filter(|&value| value > span.0).collect()).into_iter().map(Span).collect()
}

/// The times around this one that have at most two digits, the roundest first.
pub fn round_near(span: Span) -> Vec<Span> {
    let near = [1, 2].into_iter().flat_map(|digits| [floor(span.0, digits), ceiling(span.0, digits)]);
    unique(near.collect()).into_iter().map(Span).collect()
}

fn unique(values: Vec<u64>) -> Vec<u64> {
    let mut all: Vec<u64> = Vec::with_capacity(values.len());
    for value in values {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    all
}

/// The unit of the last digit when `ms` is written with this many significant digits.
fn unit(ms: u64, digits: u32) -> u64 {
    let mut unit = 1;
    while ms / unit >= 10u64.pow(digits) {
        unit *= 10;
    }
    unit
}
fn floor(ms: u64, digits: u32) -> u64 {
    let unit = unit(ms, digits);
    ms / unit * unit
}
fn ceiling(ms: u64, digits: u32) -> u64 {
    let unit = unit(ms, digits);
    ms.div_ceil(unit).saturating_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(spans: Vec<Span>) -> Vec<u64> {
        spans.into_iter().map(|span| span.0).collect()
    }

    #[test]
    fn durations_are_tried_from_nothing_over_the_powers_of_ten_to_their_own_first_digits() {
        assert_eq!(ms(shorter(Span(3457))), [0, 1, 10, 100, 1000, 2000, 3000, 3400]);
        assert_eq!(ms(shorter(Span(1000))), [0, 1, 10, 100, 200, 500]);
        assert_eq!(ms(shorter(Span(1))), [0]);
        assert_eq!(ms(shorter(Span(0))), []);
        assert!(ms(shorter(Span(u64::MAX))).into_iter().all(|ms| ms < u64::MAX));
    }

    #[test]
    fn only_a_rough_time_is_rounded_up() {
        assert_eq!(ms(rounded_up(Span(3457))), [4000, 3500]);
        assert_eq!(ms(rounded_up(Span(3000))), []);
        assert_eq!(ms(round_near(Span(3457))), [3000, 4000, 3400, 3500]);
    }
}

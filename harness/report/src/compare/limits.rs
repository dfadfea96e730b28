//! What else makes a comparison fail, beside promises that are kept worse: `--fail-on`.

use std::str::FromStr;

use crate::baseline::Cost;
use crate::figures;

/// One value of `--fail-on`.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum FailOn {
    /// Anything that moved: a verdict, in whichever direction; cells that are new or gone; storms that are others.
    Change,
    /// A cost that rose by more than this.
    Rise(Figure, Limit),
}

/// A cost of a cell.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Figure {
    /// The 99th percentile of acknowledgements.
    P99,
    /// The longest time without a success.
    Unavailable,
    /// The share of messages that were consumed twice.
    Duplicated,
    /// The share of sends that were refused.
    Rejected,
}

#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Limit {
    /// Of a time: by this share of what it was. Of a share: by so many points. From 0 to 1.
    Share(f64),
    Ms(u64),
}

const ALLOWED: &str = "write change, p99=20%, p99=50ms, unavailable=50%, unavailable=5s, duplicated=1% or rejected=1%";

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<FailOn, String> {
        let bad = |why: &str| format!("{why}; {ALLOWED}");
        if text == "change" {
            return Ok(FailOn::Change);
        }
        let (name, limit) = text.split_once('=').ok_or_else(|| bad(&format!("`{text}` is nothing to fail on")))?;
        let (figure, is_time) = match name {
            "p99" => (Figure::P99, true),
            "unavailable" => (Figure::Unavailable, true),
            "duplicated" => (Figure::Duplicated, false),
            "rejected" => (Figure::Rejected, false),
            other => return Err(bad(&format!("`{other}` is no cost"))),
        };
        if let Some(percent) = limit.strip_suffix('%') {
            let percent = percent.parse::<f64>().ok().filter(|percent| (0.0..=1e6).contains(percent));
            let share = percent.ok_or_else(|| bad(&format!("`{limit}` is no percentage")))? / 100.0;
            return Ok(FailOn::Rise(figure, Limit::Share(share)));
        }
        match limit.parse::<ackproof_core::time::Span>() {
            Ok(span) if is_time => Ok(FailOn::Rise(figure, Limit::Ms(span.0))),
            Ok(_) => Err(bad(&format!("`{name}` is a share of the messages, and `{limit}` is a time"))),
            Err(_) => Err(bad(&format!("`{limit}` is no percentage and no time"))),
        }
    }
}

impl Figure {
    /// How it is named in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Figure::P99 => "p99 of acknowledgements",
            Figure::Unavailable => "the longest wait for service",
            Figure::Duplicated => "the share of messages consumed twice",
            Figure::Rejected => "the share of sends rejected",
        }
    }

    /// In milliseconds or as a share; `None` where nothing was acknowledged or sent.
    fn of(self, cost: &Cost) -> Option<f64> {
        let share = |part: u64| (cost.sent > 0).then(|| part as f64 / cost.sent as f64);
        match self {
            Figure::P99 => cost.ack_p99_ms.map(|ms| ms as f64),
            Figure::Unavailable => Some(cost.unavailable_ms.longest as f64),
            Figure::Duplicated => share(cost.duplicated),
            Figure::Rejected => share(cost.rejected),
        }
    }

    /// As it is printed.
    pub fn text(self, cost: &Cost) -> String {
        match (self, self.of(cost)) {
            (_, None) => "-".to_owned(),
            (Figure::P99 | Figure::Unavailable, Some(ms)) => figures::ms(ms as u64),
            (Figure::Duplicated | Figure::Rejected, Some(share)) => figures::percent(share),
        }
    }

    /// Whether it rose by more than `limit`. A cost that only one side has did not rise.
    pub(super) fn rose(self, base: &Cost, head: &Cost, limit: Limit) -> bool {
        let (Some(base), Some(head)) = (self.of(base), self.of(head)) else { return false };
        match (self, limit) {
            (Figure::P99 | Figure::Unavailable, Limit::Share(share)) => head > base * (1.0 + share),
            (Figure::P99 | Figure::Unavailable, Limit::Ms(ms)) => head > base + ms as f64,
            (Figure::Duplicated | Figure::Rejected, Limit::Share(points)) => head > base + points,
            (Figure::Duplicated | Figure::Rejected, Limit::Ms(_)) => unreachable!("refused when it was read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::UnavailableMs;

    fn cost(p99: u64, duplicated: u64) -> Cost {
        let unavailable_ms = UnavailableMs { median: 0, longest: p99 };
        Cost { ack_p99_ms: Some(p99), unavailable_ms, sent: 1000, acked: 900, rejected: 0, unknown: 0, duplicated }
    }

    #[test]
    fn limits_are_read_and_bad_ones_say_what_is_allowed() {
        assert_eq!("change".parse(), Ok(FailOn::Change));
        assert_eq!("p99=20%".parse(), Ok(FailOn::Rise(Figure::P99, Limit::Share(0.2))));
        assert_eq!("unavailable=5s".parse(), Ok(FailOn::Rise(Figure::Unavailable, Limit::Ms(5000))));
        for bad in ["", "worse", "p99", "p99=x", "p99=-1%", "p98=1%", "duplicated=5s", "rejected=nan%", "p99=inf%"] {
            let error = bad.parse::<FailOn>().unwrap_err();
            assert!(error.contains("duplicated=1%"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_time_rises_by_a_share_of_itself_and_a_share_by_points() {
        let rose = |figure: Figure, limit| figure.rose(&cost(100, 10), &cost(121, 31), limit);
        assert!(rose(Figure::P99, Limit::Share(0.2)) && !rose(Figure::P99, Limit::Share(0.21)));
        assert!(rose(Figure::P99, Limit::Ms(20)) && !rose(Figure::P99, Limit::Ms(21)));
        assert!(rose(Figure::Duplicated, Limit::Share(0.02)) && !rose(Figure::Duplicated, Limit::Share(0.03)));
        let none = Cost { ack_p99_ms: None, ..cost(0, 0) };
        assert!(!Figure::P99.rose(&none, &cost(9, 0), Limit::Ms(0)));
    }
}

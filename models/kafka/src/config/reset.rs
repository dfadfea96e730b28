//! `auto.offset.reset`: where to read from when there is no position to go on from.

use std::fmt::{Display, Formatter};

use ackproof_core::time::{Span, Time};

use crate::message::Edge;

/// The one that takes a duration.
const BY_DURATION: &str = "by_duration";

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Reset {
    Earliest,
    Latest,
    None,
    /// The first message that is no older than this.
    ByDuration(Span),
}

/// Why a value is none that the consumer starts with.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum ResetProblem {
    Unknown,
    WithoutDuration,
    Malformed,
    Negative,
}

impl Reset {
    /// Reads the value as the Java consumer does, which minds upper and lower case.
    ///
    /// # Errors
    /// What it does not start with.
    ///
    /// Source: KIP-1106; `AutoOffsetResetStrategy.fromString` at 4.1.
    pub fn parse(text: &str) -> Result<Reset, ResetProblem> {
        match text {
            "earliest" => Ok(Reset::Earliest),
            "latest" => Ok(Reset::Latest),
            "none" => Ok(Reset::None),
            BY_DURATION => Err(ResetProblem::WithoutDuration),
            _ => match text.strip_prefix(BY_DURATION).and_then(|rest| rest.strip_prefix(':')) {
                Some(duration) => iso_duration(duration).map(Reset::ByDuration),
                None => Err(ResetProblem::Unknown),
            },
        }
    }

    /// What to ask the leader for, by a clock that shows `now`.
    ///
    /// Simplified: a duration that reaches back before 1970 is taken for everything. Gives up: brokers that refuse what is
    /// asked for.
    pub fn edge(self, now: Time) -> Option<Edge> {
        match self {
            Reset::Earliest => Some(Edge::Earliest),
            Reset::Latest => Some(Edge::Latest),
            Reset::None => None,
            Reset::ByDuration(duration) => Some(Edge::Since(Time(now.0.saturating_sub(duration.0)))),
        }
    }
}

impl Display for ResetProblem {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ResetProblem::Unknown => "unknown auto offset reset strategy",
            ResetProblem::WithoutDuration => "<:duration> part is missing",
            ResetProblem::Malformed => "unable to parse duration string",
            ResetProblem::Negative => "negative duration is not supported",
        })
    }
}

/// `PnDTnHnMn.nS`, each number with a sign of its own if it wants; part of a millisecond counts as a whole one.
///
/// Source: `java.time.Duration.parse`.
fn iso_duration(text: &str) -> Result<Span, ResetProblem> {
    let text = text.to_ascii_uppercase();
    let (is_negated, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let nanos = unsigned.strip_prefix('P').and_then(nanos_of).ok_or(ResetProblem::Malformed)?;
    match if is_negated { -nanos } else { nanos } {
        negative if negative < 0 => Err(ResetProblem::Negative),
        nanos => u64::try_from((nanos + 999_999) / 1_000_000).map(Span).map_err(|_| ResetProblem::Malformed),
    }
}

/// What follows the `P`; `None` where that is no duration.
fn nanos_of(text: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    let (days, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None if text.is_empty() => return None,
        None => (text, ""),
    };
    let mut sum = match days {
        "" => 0,
        days => whole(days.strip_suffix('D')?)?.checked_mul(86_400 * SECOND)?,
    };
    let mut rest = time;
    for (unit, length) in [('H', 3_600 * SECOND), ('M', 60 * SECOND)] {
        if let Some((number, later)) = rest.split_once(unit) {
            sum += whole(number)?.checked_mul(length)?;
            rest = later;
        }
    }
    if !rest.is_empty() {
        sum += seconds(rest.strip_suffix('S')?)?;
    }
    Some(sum)
}

/// A whole number as Java's `long` takes it.
fn whole(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse::<i64>().ok().map(i128::from) } else { None }
}

/// Seconds with up to nine digits behind a point or a comma, as nanoseconds.
fn seconds(text: &str) -> Option<i128> {
    let Some((number, fraction)) = text.split_once(['.', ',']) else {
        return Some(whole(text)? * 1_000_000_000);
    };
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(whole(number)? * 1_000_000_000 + if number.starts_with('-') { -nanos } else { nanos })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_as_java_reads_it() {
        for (text, ms) in [
            ("PT1H", 3_600_000),
            ("P2D", 172_800_000),
            ("p1dt2h3m4.5s", 93_784_500),
            ("PT0S", 0),
            ("PT-1H+90M", 1_800_000),
            ("-PT-5S", 5_000),
            ("PT0.0001S", 1),
            ("PT1.S", 1_000),
        ] {
            assert_eq!(Reset::parse(&format!("by_duration:{text}")), Ok(Reset::ByDuration(Span(ms))), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_or_a_negative_one_is_refused() {
        for (text, problem) in [
            ("by_duration", ResetProblem::WithoutDuration),
            ("by_duration:", ResetProblem::Malformed),
            ("by_duration:P", ResetProblem::Malformed),
            ("by_duration:PT", ResetProblem::Malformed),
            ("by_duration:P1DT", ResetProblem::Malformed),
            ("by_duration:1h", ResetProblem::Malformed),
            ("by_duration:P1H", ResetProblem::Malformed),
            ("by_duration:P1M", ResetProblem::Malformed),
            ("by_duration:PT1M1H", ResetProblem::Malformed),
            ("by_duration:PT1.5H", ResetProblem::Malformed),
            ("by_duration:PT.5S", ResetProblem::Malformed),
            ("by_duration:PT99999999999999999999S", ResetProblem::Malformed),
            ("by_duration:-PT1H", ResetProblem::Negative),
            ("by_duration:PT-1S", ResetProblem::Negative),
            ("by_duration:PT-0.5S", ResetProblem::Negative),
            ("BY_DURATION:PT1H", ResetProblem::Unknown),
            ("to_earliest", ResetProblem::Unknown),
            ("Latest", ResetProblem::Unknown),
            ("", ResetProblem::Unknown),
        ] {
            assert_eq!(Reset::parse(text), Err(problem), "{text}");
        }
    }

    #[test]
    fn a_duration_counts_back_from_now() {
        let reset = Reset::ByDuration(Span(1_000));
        assert_eq!(reset.edge(Time(5_000)), Some(Edge::Since(Time(4_000))));
        assert_eq!(reset.edge(Time(500)), Some(Edge::Since(Time(0))));
    }
}

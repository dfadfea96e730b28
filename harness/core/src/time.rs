//! Simulated time: whole milliseconds, because every engine advances in whole milliseconds and every
//! broker setting that decides a verdict is given in them.

use std::fmt;
use std::ops::{Add, AddAssign, RangeInclusive, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment: milliseconds since the simulation began.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A length of time in milliseconds. Written as `250ms`, `5s`, `2m`, `1h` or `7d`.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Default)]
pub struct Span(pub u64);

impl Time {
    pub const ZERO: Time = Time(0);
    /// Later than anything that happens: what is due then is held until something else releases it.
    pub const NEVER: Time = Time(u64::MAX);

    /// Time since `earlier`, zero if `earlier` is later.
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    pub const ZERO: Span = Span(0);

    pub const fn ms(ms: u64) -> Span {
        Span(ms)
    }
    pub const fn secs(s: u64) -> Span {
        Span(s * 1000)
    }
    /// The longest span a user may write: a hundred years. Longer ones are overflow in disguise.
    pub const MAX: Span = Span(100 * 365 * 86_400_000);
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}
impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}
impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}
impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.0 / 1000, self.0 % 1000)
    }
}
impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
        let ms = self.0;
        match UNITS.iter().find(|(size, _)| ms != 0 && ms.is_multiple_of(*size)) {
            Some((size, unit)) => write!(f, "{}{unit}", ms / size),
            None => write!(f, "{ms}ms"),
        }
    }
}
impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a duration could not be read; its text names what was found and what is allowed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BadSpan(pub String);

impl fmt::Display for BadSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for BadSpan {}

impl FromStr for Span {
    type Err = BadSpan;

    /// # Errors
    /// A number without a unit, an unknown unit, a negative number, or more than [`Span::MAX`].
    fn from_str(text: &str) -> Result<Span, BadSpan> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit_ms = match unit.trim() {
            "ms" => 1.0,
            "s" => 1000.0,
            "m" | "min" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            "" if number == "0" => 1.0,
            "" => return Err(BadSpan(format!("`{text}` has no unit: write `{text}ms` or `{text}s`"))),
            _ => return Err(BadSpan(format!("`{text}` is not a duration: write a number and one of ms, s, m, h, d"))),
        };
        let value: f64 =
            number.parse().map_err(|_| BadSpan(format!("`{text}` is not a duration: `{number}` is not a number")))?;
        let ms = value * unit_ms;
        if ms.fract() != 0.0 {
            return Err(BadSpan(format!("`{text}` is not a whole number of milliseconds, the unit of simulated time")));
        }
        if ms > Span::MAX.0 as f64 {
            return Err(BadSpan(format!("`{text}` is longer than a hundred years")));
        }
        Ok(Span(ms as u64))
    }
}

/// As text where people read it, as a number where they do not.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}
impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        if !deserializer.is_human_readable() {
            return u64::deserialize(deserializer).map(Span);
        }
        scalar(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A duration, or a range of durations from which the seed draws one; both ends are included.
/// Written as `5s` or `5s..20s`.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SpanRange {
    pub low: Span,
    pub high: Span,
}

impl SpanRange {
    pub const fn exactly(span: Span) -> SpanRange {
        SpanRange { low: span, high: span }
    }
    pub const fn between(low: Span, high: Span) -> SpanRange {
        SpanRange { low, high }
    }
    pub fn ms(self) -> RangeInclusive<u64> {
        self.low.0..=self.high.0
    }
}

impl fmt::Display for SpanRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high { write!(f, "{}", self.low) } else { write!(f, "{}..{}", self.low, self.high) }
    }
}

impl FromStr for SpanRange {
    type Err = BadSpan;

    /// # Errors
    /// As for [`Span`], and when the range runs backwards.
    fn from_str(text: &str) -> Result<SpanRange, BadSpan> {
        let range = match text.split_once("..") {
            Some((low, high)) => SpanRange { low: low.parse()?, high: high.parse()? },
            None => SpanRange::exactly(text.parse()?),
        };
        if range.low > range.high {
            return Err(BadSpan(format!("`{text}` runs backwards: write the shorter duration first")));
        }
        Ok(range)
    }
}

impl Serialize for SpanRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for SpanRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SpanRange, D::Error> {
        scalar(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How far a wall clock is off, in milliseconds; negative is behind. Written as `30s` or `-2m`.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Offset(pub i64);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", Span(self.0.unsigned_abs()))
    }
}
impl FromStr for Offset {
    type Err = BadSpan;
    fn from_str(text: &str) -> Result<Offset, BadSpan> {
        let text = text.trim();
        let (sign, span) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        Ok(Offset(sign * span.parse::<Span>()?.0 as i64))
    }
}
impl Serialize for Offset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Offset, D::Error> {
        scalar(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A scalar as its text, so that `0` and `"0s"` both reach the parser above.
fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Scalar;
    impl serde::de::Visitor<'_> for Scalar {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration such as 250ms, 5s or 5s..20s")
        }
        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
        fn visit_u64<E>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }
        fn visit_i64<E>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }
    deserializer.deserialize_any(Scalar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_printed_in_the_largest_whole_unit() {
        for (text, ms) in [("250ms", 250), ("5s", 5000), ("1.5s", 1500), ("2m", 120_000), ("7d", 604_800_000), ("0", 0)]
        {
            assert_eq!(text.parse::<Span>(), Ok(Span(ms)), "{text}");
        }
        assert_eq!(Span(1500).to_string(), "1500ms");
        assert_eq!(Span(120_000).to_string(), "2m");
        assert_eq!("5s..20s".parse::<SpanRange>().unwrap().to_string(), "5s..20s");
        assert_eq!("-2m".parse::<Offset>(), Ok(Offset(-120_000)));
    }

    #[test]
    fn a_duration_without_a_unit_or_with_a_fraction_of_a_millisecond_is_refused() {
        for text in ["5", "5x", "", "-3s", "0.5ms", "20s..5s", "99999999999999d"] {
            assert!(text.parse::<SpanRange>().is_err(), "{text}");
        }
    }
}

//! `random`: faults drawn from the seed. The schedule unfolds it into concrete faults before the run.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Random {
    /// Verbs to draw from; see [`Random::KINDS`].
    pub kinds: Vec<String>,
    pub count: Count,
}

impl Random {
    /// The verbs that can be drawn: those that make sense without a parameter of the user's.
    pub const KINDS: [&'static str; 12] = [
        "kill",
        "power_loss",
        "lose_disk",
        "shutdown",
        "pause",
        "partition",
        "hold",
        "latency",
        "slow_disk",
        "fail_sync",
        "lying_sync",
        "move_leader",
    ];
}

/// How many, drawn by the seed; both ends included. Written `3` or `1..8`.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Count {
    pub low: u32,
    pub high: u32,
}

impl Count {
    /// # Errors
    /// Not `N` or `N..M`, backwards, or more than 1000.
    pub fn parse(text: &str) -> Result<Count, String> {
        let number =
            |part: &str| part.trim().parse::<u32>().map_err(|_| format!("`{text}` is not a count: write 3 or 1..8"));
        let count = match text.split_once("..") {
            Some((low, high)) => Count { low: number(low)?, high: number(high)? },
            None => Count { low: number(text)?, high: number(text)? },
        };
        if count.low > count.high {
            return Err(format!("`{text}` runs backwards"));
        }
        if count.high > 1000 {
            return Err(format!("`{text}`: at most 1000 faults can be drawn"));
        }
        Ok(count)
    }
}
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high { write!(f, "{}", self.low) } else { write!(f, "{}..{}", self.low, self.high) }
    }
}
impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count such as 3 or 1..8")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Count, E> {
                Count::parse(text).map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Count, E> {
                Count::parse(&number.to_string()).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl Kind for Random {
    const VERB: &'static str = "random";
    const MEANING: &'static str = "faults of these kinds, as many as count says, drawn from the seed";
    const EXAMPLE: &'static str = "{ random: { kinds: [kill, power_loss, partition], count: 1..8 } }";

    fn selectors(&self) -> Vec<&Selector> {
        Vec::new()
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        Vec::new()
    }
    fn apply(&self, _hit: &[Vec<NodeId>], _facts: &mut Facts) {}
}

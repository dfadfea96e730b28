//! Sets of seeds as a person writes them: `1-4,9`.

use std::collections::BTreeSet;

use ackproof_core::seed::Seed;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of seeds, written as ranges.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Seeds(pub BTreeSet<Seed>);

/// A file could say `0-18446744073709551615`.
const MOST: u64 = 10_000_000;

impl Seeds {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }
    pub fn has(&self, seed: Seed) -> bool {
        self.0.contains(&seed)
    }

    fn parse(text: &str) -> Option<Seeds> {
        let mut seeds = BTreeSet::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
            if first > last || last - first >= MOST {
                return None;
            }
            seeds.extend((first..=last).map(Seed));
        }
        Some(Seeds(seeds))
    }
}

impl FromIterator<Seed> for Seeds {
    fn from_iter<I: IntoIterator<Item = Seed>>(seeds: I) -> Seeds {
        Seeds(seeds.into_iter().collect())
    }
}

impl std::fmt::Display for Seeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for &Seed(seed) in &self.0 {
            match ranges.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(seed) => *last = seed,
                Some(_) | None => ranges.push((seed, seed)),
            }
        }
        for (i, (first, last)) in ranges.iter().enumerate() {
            f.write_str(if i > 0 { "," } else { "" })?;
            if first == last { write!(f, "{first}")? } else { write!(f, "{first}-{last}")? }
        }
        Ok(())
    }
}

impl Serialize for Seeds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seeds, D::Error> {
        let text = String::deserialize(deserializer)?;
        Seeds::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no set of seeds: write 1-4,9")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_are_a_range() {
        let seeds: Seeds = [1, 2, 3, 4, 9].map(Seed).into_iter().collect();
        assert_eq!((seeds.to_string(), seeds.count()), ("1-4,9".to_owned(), 5));
        assert_eq!(Seeds::default().to_string(), "");
        for bad in ["x", "4-1", "1,,2", "-", "0-18446744073709551615", "1.5"] {
            assert_eq!(Seeds::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_set_is_read_as_it_was_written(seeds in prop::collection::btree_set(0u64..60, 0..40), high: u64) {
            let seeds: Seeds = seeds.into_iter().chain([high]).map(Seed).collect();
            prop_assert_eq!(Seeds::parse(&seeds.to_string()), Some(seeds));
        }
    }
}

//! A part of a plan's runs, for one of several machines.
//!
//! The work list is sorted by seed and then by cell, and shard `k` of `n` takes every unit whose seed's and cell's numbers
//! add up to `k` (modulo `n`). Taking every `n`th unit of the list instead would, where `n` divides the number of cells,
//! give whole columns to one shard: here every shard sees every cell, and of each as many seeds as any other or one less.
//! The seeds themselves know nothing of shards.

use std::fmt;
use std::str::FromStr;

/// Shard `number` (from 1) of `total` (at least 2).
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct Shard {
    number: u32,
    total: u32,
}

/// More machines than anybody has; a plan has at most so many runs a cell.
const TOTAL_MAX: u32 = 1_000_000;

impl Shard {
    /// `None` for the only shard of one, which is no part but the whole.
    ///
    /// # Errors
    /// What is allowed, in words.
    pub fn new(number: u32, total: u32) -> Result<Option<Shard>, String> {
        if total == 0 || total > TOTAL_MAX {
            return Err(format!("{total} shards: a plan has 1 to {TOTAL_MAX}"));
        }
        if number == 0 || number > total {
            return Err(format!("shard {number} of {total}: shards are numbered from 1 to {total}"));
        }
        Ok((total > 1).then_some(Shard { number, total }))
    }

    pub fn number(self) -> u32 {
        self.number
    }
    pub fn total(self) -> u32 {
        self.total
    }

    /// Whether run number `index` (from 0) of cell number `cell` (from 0) belongs here.
    pub fn holds(self, index: u32, cell: usize) -> bool {
        let total = u64::from(self.total);
        (u64::from(index) + cell as u64 % total) % total == u64::from(self.number - 1)
    }

    /// How many of a cell's `runs` belong here.
    pub fn runs_of(self, cell: usize, runs: u32) -> u32 {
        (0..runs.min(self.total))
            .filter(|&index| self.holds(index, cell))
            .fold(0, |count, first| count + (runs - first).div_ceil(self.total))
    }
}

/// `2/5`.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.total)
    }
}

/// What was asked for with `k/n`: a part, or the whole (`1/1`).
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Asked(pub Option<Shard>);

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Asked, String> {
        let numbers = text.split_once('/').and_then(|(number, total)| {
            let whole = |text: &str| text.trim().parse::<u32>().ok();
            Some((whole(number)?, whole(total)?))
        });
        let (number, total) =
            numbers.ok_or_else(|| format!("`{text}` is no shard: write k/n, such as 2/5 for the second of five"))?;
        Shard::new(number, total).map(Asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(number: u32, total: u32) -> Shard {
        Shard::new(number, total).expect("it is possible").expect("it is a part")
    }

    #[test]
    fn shards_tile_any_plan_and_see_every_cell_alike() {
        for (cells, runs, total) in [(4, 8, 4), (4, 8, 2), (20, 50, 4), (1, 3, 5), (3, 7, 5), (7, 1, 3), (5, 1, 9)] {
            for cell in 0..cells {
                let mut counts = Vec::new();
                for number in 1..=total {
                    let held = (0..runs).filter(|&index| shard(number, total).holds(index, cell)).count() as u32;
                    assert_eq!(
                        shard(number, total).runs_of(cell, runs),
                        held,
                        "{number}/{total} of {runs}, cell {cell}"
                    );
                    counts.push(held);
                }
                assert_eq!(counts.iter().sum::<u32>(), runs, "each unit is in exactly one shard");
                assert!(counts.iter().max() <= counts.iter().min().map(|least| least + 1).as_ref(), "{counts:?}");
            }
        }
    }

    #[test]
    fn shards_are_of_nearly_one_size_even_with_one_seed_a_cell() {
        let sizes: Vec<u32> =
            (1..=4).map(|number| (0..20).map(|cell| shard(number, 4).runs_of(cell, 1)).sum()).collect();
        assert_eq!(sizes, [5, 5, 5, 5]);
    }

    #[test]
    fn the_only_shard_is_the_whole_and_impossible_ones_say_what_is_possible() {
        assert_eq!("1/1".parse(), Ok(Asked(None)));
        assert_eq!("2/5".parse::<Asked>().map(|asked| asked.0.map(|shard| shard.to_string())), Ok(Some("2/5".into())));
        for (text, says) in [
            ("0/4", "numbered from 1 to 4"),
            ("5/4", "numbered from 1 to 4"),
            ("1/0", "a plan has 1 to"),
            ("1", "write k/n"),
            ("a/b", "write k/n"),
            ("-1/4", "write k/n"),
            ("1/99999999999", "write k/n"),
        ] {
            let error = text.parse::<Asked>().expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}

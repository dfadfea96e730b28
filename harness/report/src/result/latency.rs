//! Latencies, small enough for every run and still good for the percentiles of a whole cell.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many acknowledgements took how long. Percentiles of runs cannot be averaged, so each run keeps its counts and
/// a cell adds them up.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Latencies {
    /// The longest, in milliseconds, exact.
    pub max: u64,
    /// Milliseconds to count. Exact below 256 ms; above, the upper edge of a bucket at most 1 % wide.
    pub counts: BTreeMap<u64, u64>,
}

impl Latencies {
    /// From latencies in milliseconds, in any order.
    pub fn of(latencies_ms: &[u32]) -> Latencies {
        let mut histogram = Histogram::<u64>::new(2).expect("two significant digits are allowed");
        for &ms in latencies_ms {
            histogram.record(u64::from(ms)).expect("a histogram that resizes takes every value");
        }
        Latencies {
            max: latencies_ms.iter().copied().max().map_or(0, u64::from),
            counts: histogram.iter_recorded().map(|it| (it.value_iterated_to(), it.count_at_value())).collect(),
        }
    }

    pub fn add(&mut self, more: &Latencies) {
        self.max = self.max.max(more.max);
        for (&ms, &count) in &more.counts {
            *self.counts.entry(ms).or_default() += count;
        }
    }

    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The latency in milliseconds that `percent` of all were not longer than; `None` of nothing. `percent` is above
    /// 0 and at most 100.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (u128::from(self.count()) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        self.counts.iter().find_map(|(&ms, &count)| {
            seen += u128::from(count);
            (seen >= rank).then(|| ms.min(self.max))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_are_exact_below_a_quarter_of_a_second() {
        let all: Vec<u32> = (1..=200).collect();
        let latencies = Latencies::of(&all);
        assert_eq!(
            (latencies.percentile(50), latencies.percentile(99), latencies.percentile(100)),
            (Some(100), Some(198), Some(200))
        );
    }

    #[test]
    fn nothing_acknowledged_has_no_percentile() {
        assert_eq!(Latencies::of(&[]).percentile(50), None);
    }

    #[test]
    fn the_longest_is_exact_and_no_percentile_exceeds_it() {
        let latencies = Latencies::of(&[100_001, 100_001, 7]);
        assert_eq!((latencies.max, latencies.percentile(99)), (100_001, Some(100_001)));
    }

    proptest! {
        #[test]
        fn merging_runs_gives_the_percentiles_of_all_their_latencies(
            runs in prop::collection::vec(prop::collection::vec(0u32..200_000, 0..40), 1..8),
            percent in 1u64..=100,
        ) {
            let mut merged = Latencies::default();
            for run in &runs {
                merged.add(&Latencies::of(run));
            }
            let mut all: Vec<u32> = runs.concat();
            prop_assert_eq!(&merged, &Latencies::of(&all));
            all.sort_unstable();
            let rank = (all.len() as u64 * percent).div_ceil(100).max(1) as usize;
            match (merged.percentile(percent), all.get(rank - 1)) {
                (Some(found), Some(&exact)) => {
                    let exact = u64::from(exact);
                    prop_assert!(found >= exact && found <= exact + exact / 100 + 1, "{found} for {exact}");
                }
                (found, exact) => prop_assert!(found.is_none() && exact.is_none()),
            }
        }
    }
}

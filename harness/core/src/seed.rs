//! Seeds and the random streams derived from them.
//!
//! Every random decision draws from a stream that is named after its purpose and its owner
//! (`network/b1-b2`, `disk/b1`, `faults/all-power`). A stream that two owners share would make one owner's
//! draws depend on when the other draws, and so on the order in which an engine happens to run them.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What one run is drawn from. The same seed, scenario and row give the same history, byte for byte.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream for `purpose`. ChaCha8 is specified and portable: the same bytes on every platform and in
    /// every later version, which `rand`'s default generators do not promise.
    pub fn stream(self, purpose: &str) -> Stream {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.to_le_bytes());
        hasher.update(purpose.as_bytes());
        Stream(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// A seed of its own for `purpose`, e.g. for run number `n` of a sweep.
    pub fn derive(self, purpose: &str) -> Seed {
        Seed(self.stream(purpose).draw())
    }
}

/// A named sequence of random draws.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// Uniform over all 64-bit numbers.
    pub fn draw(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform over `low..=high`. Written here, and not taken from a library's range sampler, because a change
    /// of algorithm there would change every recorded history.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "a range to draw from runs backwards: {low}..={high}");
        let width = high - low;
        if width == u64::MAX {
            return self.draw();
        }
        low + ((u128::from(self.draw()) * (u128::from(width) + 1)) >> 64) as u64
    }

    /// True with probability `p`, which is between 0 and 1.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform over `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_fixed_by_its_seed_and_name() {
        assert_eq!(Seed(1).stream("faults").draw(), Seed(1).stream("faults").draw());
        assert_ne!(Seed(1).stream("faults").draw(), Seed(1).stream("workload").draw());
        assert_ne!(Seed(1).stream("faults").draw(), Seed(2).stream("faults").draw());
        // The published value: if this changes, every committed replay file is void.
        assert_eq!(Seed(1).stream("faults").draw(), FIRST_DRAW);
    }

    const FIRST_DRAW: u64 = 15_039_537_678_085_865_817;

    #[test]
    fn draws_stay_in_range_and_reach_both_ends() {
        let mut stream = Seed(7).stream("range");
        let drawn: Vec<u64> = (0..1000).map(|_| stream.between(3, 5)).collect();
        assert!(drawn.iter().all(|n| (3..=5).contains(n)));
        assert!([3, 4, 5].iter().all(|n| drawn.contains(n)));
    }
}

//! The seeds of a sweep.

use ackproof_core::seed::Seed;

/// The seed of run `index`, counted from 0, of every cell: the scenario's seed plus the index.
///
/// It depends on nothing else. Were the cell, the shard or the thread mixed in, two rows of a matrix would meet
/// different storms and could not be compared run by run. Plain addition, because a person can undo it: the run
/// reported with seed 17 is the one that `--seed 17 --runs 1` repeats. The streams derived from a seed are hashed
/// ([`Seed::stream`]), so neighbouring seeds share nothing.
pub fn run_seed(base: u64, index: u32) -> Seed {
    Seed(base.wrapping_add(u64::from(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_seen_in_a_sweep_is_the_first_run_of_a_sweep_from_its_own_seed() {
        let seen = run_seed(1, 16);
        assert_eq!(seen, Seed(17));
        assert_eq!(run_seed(seen.0, 0), seen);
    }

    #[test]
    fn the_last_seed_is_followed_by_the_first() {
        assert_eq!(run_seed(u64::MAX, 1), Seed(0));
    }
}

//! Which storm a run met: what tells whether two runs of one seed can be compared as a pair.

use ackproof_core::schedule::Schedule;
use ackproof_report::result::Storm;

/// The digest of a schedule as it was drawn: its steps as a scenario would write them, and how a part that fits several
/// nodes is picked. What a role stood for in the run does not count: that depends on the configuration.
pub fn storm_of(schedule: &Schedule) -> Storm {
    let mut hasher = blake3::Hasher::new();
    for fault in &schedule.faults {
        let step = serde_json::to_vec(&fault.step()).expect("a step has text keys and finite numbers");
        hasher.update(&(step.len() as u64).to_le_bytes());
        hasher.update(&step);
        hasher.update(&fault.pick.to_le_bytes());
    }
    Storm(hasher.finalize().to_hex()[..8].to_owned())
}

#[cfg(test)]
mod tests {
    use ackproof_core::fault::{Count, FaultKind, Random};
    use ackproof_core::node::{NodeKind, Topology};
    use ackproof_core::schedule::Step;
    use ackproof_core::seed::Seed;
    use ackproof_core::time::Span;

    use super::*;

    fn schedule(seed: u64, chaos: Span) -> Schedule {
        let mut topology = Topology::default();
        topology.add("b1", NodeKind::Broker, None);
        let kinds = Random::KINDS.iter().map(|kind| kind.to_string()).collect();
        let kind = FaultKind::Random(Random { kinds, count: Count { low: 1, high: 8 } });
        let step = Step { kind, at: None, lasts: None, restart_after: None, gone: false };
        Schedule::plan(&[step], Seed(seed), "storm", chaos, &topology)
    }

    #[test]
    fn two_storms_have_one_digest_only_when_they_are_the_same() {
        let of = |seed, chaos| storm_of(&schedule(seed, Span::secs(chaos)));
        assert_eq!(of(1, 5), of(1, 5));
        assert_ne!(of(1, 5), of(2, 5));
        assert_ne!(of(1, 5), of(1, 6), "the same seed over a longer run draws other moments");
        let mut picked = schedule(1, Span::secs(5));
        picked.faults[0].pick ^= 1;
        assert_ne!(storm_of(&picked), of(1, 5), "another node is struck");
    }

    #[test]
    fn no_fault_is_the_same_for_every_seed() {
        assert_eq!(storm_of(&Schedule::default()), Storm("af1349b9".to_owned()));
    }
}

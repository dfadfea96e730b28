//! The search for a failure: takes turns between the ways of choosing a schedule, the best first, until one fails.

use ackproof_core::schedule::Schedule;
use ackproof_core::seed::Seed;

use crate::aligned::aligned;
use crate::proposal::Proposal;
use crate::seeds::run_seed;
use crate::storm::Storm;
use crate::targeted::targeted;
use crate::template::Template;
use crate::trace::Trace;

/// Schedules worth running, without end, fixed by the seed, the storm and the trace. `trace` is that of a run without
/// faults; an empty one leaves templates and storms.
pub fn proposals<'a>(seed: Seed, storm: &'a Storm, trace: &'a Trace) -> impl Iterator<Item = Proposal> + use<'a> {
    let mut aimed = targeted(seed, trace, &storm.topology, &storm.verbs);
    (0..).flat_map(move |round: u32| {
        let seed = run_seed(seed.0, round);
        let (template, _) = Template::ALL[round as usize % Template::ALL.len()];
        let all = [
            aimed.next(),
            template.draw(seed, &storm.topology, storm.chaos, &storm.verbs),
            aligned(seed, trace, &storm.topology, &storm.verbs),
            Some(stormy(storm.draw(seed))),
        ];
        all.into_iter().flatten()
    })
}

fn stormy(schedule: Schedule) -> Proposal {
    let why = format!("{} random faults", schedule.faults.len());
    Proposal { schedule, why }
}

/// A schedule that fails.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    pub proposal: Proposal,
    /// Runs it took, this one included.
    pub runs: u32,
}

/// Runs proposals until one fails, at most `budget` of them.
pub fn hunt(
    proposals: impl Iterator<Item = Proposal>,
    budget: u32,
    mut fails: impl FnMut(&Schedule) -> bool,
) -> Option<Found> {
    (1..=budget)
        .zip(proposals)
        .find(|(_, proposal)| fails(&proposal.schedule))
        .map(|(runs, proposal)| Found { proposal, runs })
}

#[cfg(test)]
mod tests {
    use ackproof_core::fault::FaultKind;
    use ackproof_core::observe::Probe;
    use ackproof_core::recording::Recording;
    use ackproof_core::schedule::At;
    use ackproof_core::time::Span;

    use super::*;
    use crate::selection;
    use crate::trace::sample;

    fn storm() -> Storm {
        Storm::new(sample::topology(), Span::secs(5))
    }

    #[test]
    fn proposals_never_end_are_fixed_by_the_seed_and_come_from_every_source() {
        let (storm, trace) = (storm(), Trace::read(&sample::recording()));
        let take = |seed| proposals(Seed(seed), &storm, &trace).take(200).collect::<Vec<_>>();
        let all = take(1);
        assert_eq!(all, take(1));
        assert_ne!(all, take(2));
        for word in ["every copy", "goes down", "number", "random faults"] {
            assert!(all.iter().take(8).any(|proposal| proposal.why.contains(word)), "nothing with `{word}`");
        }
    }

    #[test]
    fn without_a_trace_templates_and_storms_are_left() {
        let (storm, trace) = (storm(), Trace::read(&Recording::default()));
        assert_eq!(proposals(Seed(1), &storm, &trace).take(50).count(), 50);
    }

    #[test]
    fn a_narrow_window_is_met_within_ten_runs() {
        // Lost only if b1 and b2 lose power in the millisecond after an acknowledgement.
        let (storm, trace) = (storm(), Trace::read(&sample::recording()));
        let fails = |schedule: &Schedule| {
            schedule.faults.iter().any(|fault| {
                let hit = fault.kind.selectors().first().and_then(|it| selection::names(it, &storm.topology));
                let both = hit.is_some_and(|hit| ["b1", "b2"].iter().all(|name| hit.iter().any(|hit| hit == name)));
                let now = matches!(fault.at, At::Anchor { after: Probe::Acked, plus: Span::ZERO, .. });
                matches!(fault.kind, FaultKind::PowerLoss(_)) && both && now
            })
        };
        for seed in 0..20 {
            let found = hunt(proposals(Seed(seed), &storm, &trace), 10, fails).expect("met within ten runs");
            assert!(found.proposal.why.contains("every copy"), "{found:?}");
        }
    }

    #[test]
    fn a_hunt_ends_with_its_budget() {
        let (storm, trace) = (storm(), Trace::default());
        let mut runs = 0;
        let found = hunt(proposals(Seed(1), &storm, &trace), 7, |_| {
            runs += 1;
            false
        });
        assert_eq!((found, runs), (None, 7));
    }
}

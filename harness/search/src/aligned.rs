//! Faults at the instants at which a run that nothing disturbed was exposed: just after an append, before it was
//! synced or replicated, after the acknowledgement, after the in-sync set changed, between delivery and processing.
//!
//! Each fault is anchored to an event by its kind and number and hits a part, not a name, wherever one fits: the
//! schedule means something in every row of a matrix. A comparison of rows stays paired when the trace of one row,
//! always the same, serves them all.

use ackproof_core::fault::{FaultKind, Kill, LoseDisk, Partition, Pause, PowerLoss};
use ackproof_core::node::{Part, Selector, Topology};
use ackproof_core::observe::Probe;
use ackproof_core::schedule::{End, Fault, Schedule};
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::time::Span;

use crate::proposal::{Proposal, Verbs};
use crate::trace::{Seen, Trace};

/// Why a moment is interesting.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum Moment {
    /// A leader has a record that nobody else has.
    Appended,
    /// The same, somewhere before it was synced or replicated.
    Exposed,
    /// An application has just been told that its message is safe.
    Acked,
    /// The same, somewhere before a copy was synced.
    Unsynced,
    /// The set of replicas that count has changed.
    IsrChanged,
    Elected,
    /// A consumer's application has a message that it has not finished.
    Delivered,
    /// Consumer progress has just been stored.
    Committed,
}

impl Moment {
    pub const ALL: [Moment; 8] = [
        Moment::Appended,
        Moment::Exposed,
        Moment::Acked,
        Moment::Unsynced,
        Moment::IsrChanged,
        Moment::Elected,
        Moment::Delivered,
        Moment::Committed,
    ];

    fn events(self, trace: &Trace) -> Vec<&Seen> {
        match self {
            Moment::Appended | Moment::Exposed => trace.of(Probe::Appended),
            Moment::Acked | Moment::Unsynced => trace.of(Probe::Acked),
            Moment::IsrChanged => [trace.of(Probe::IsrShrunk), trace.of(Probe::IsrExpanded)].concat(),
            Moment::Elected => trace.of(Probe::LeaderElected),
            Moment::Delivered => trace.of(Probe::Delivered),
            Moment::Committed => trace.of(Probe::Committed),
        }
    }

    /// What can be done at this moment, to whom.
    fn faults(self, seen: &Seen, topology: &Topology) -> Vec<FaultKind> {
        let of = seen.origin.map_or(0, |origin| origin.0);
        let leader = || Selector::Part { part: Part::Leader, of };
        let all = || Selector::part(Part::AllBrokers);
        let (power_loss, kill) = (|node| FaultKind::PowerLoss(PowerLoss(node)), |node| FaultKind::Kill(Kill(node)));
        match self {
            Moment::Delivered => {
                let consumer = || Selector::Name(topology.name(seen.node).to_owned());
                vec![kill(consumer()), FaultKind::Pause(Pause(consumer())), power_loss(consumer())]
            }
            Moment::Committed => vec![
                kill(Selector::part(Part::Consumer)),
                kill(Selector::part(Part::Coordinator)),
                power_loss(Selector::part(Part::Coordinator)),
            ],
            Moment::Appended | Moment::Exposed | Moment::Acked | Moment::Unsynced | Moment::IsrChanged => vec![
                power_loss(leader()),
                power_loss(all()),
                kill(leader()),
                FaultKind::LoseDisk(LoseDisk(leader())),
                FaultKind::Partition(Partition::isolate(leader(), Selector::part(Part::Brokers), false)),
            ],
            Moment::Elected => {
                vec![power_loss(leader()), kill(leader()), FaultKind::Pause(Pause(leader()))]
            }
        }
    }

    fn plus(self, seen: &Seen, trace: &Trace, draw: &mut Stream) -> Span {
        match self {
            Moment::Appended | Moment::Acked | Moment::Delivered => Span::ZERO,
            Moment::Exposed | Moment::Unsynced => Span(draw.between(0, trace.exposed(seen).0.saturating_sub(1))),
            Moment::IsrChanged | Moment::Elected | Moment::Committed => {
                Span(*[0, 1, 10, 100].get(draw.between(0, 3) as usize).expect("an index below the length"))
            }
        }
    }
}

/// A fault aligned to an event of `trace`, drawn by the seed; `None` when the trace shows nothing to which an allowed
/// kind of fault could be aligned.
pub fn aligned(seed: Seed, trace: &Trace, topology: &Topology, verbs: &Verbs) -> Option<Proposal> {
    let mut draw = seed.stream("search/aligned");
    let mut moments = Moment::ALL.to_vec();
    while !moments.is_empty() {
        let moment = moments.remove(draw.between(0, moments.len() as u64 - 1) as usize);
        let events = moment.events(trace);
        if events.is_empty() {
            continue;
        }
        let seen = events[draw.between(0, events.len() as u64 - 1) as usize];
        let mut kinds = moment.faults(seen, topology);
        kinds.retain(|kind| verbs.allow(kind.verb()));
        if kinds.is_empty() {
            continue;
        }
        let kind = kinds.swap_remove(draw.between(0, kinds.len() as u64 - 1) as usize);
        return Some(propose(moment, kind, seen, trace, &mut draw));
    }
    None
}

fn propose(moment: Moment, kind: FaultKind, seen: &Seen, trace: &Trace, draw: &mut Stream) -> Proposal {
    let plus = moment.plus(seen, trace, draw);
    let why = format!("{kind} after `{}` number {}{}", seen.probe.word(), seen.nth, later(plus));
    let fault = Fault { kind, at: seen.anchor(plus), end: outage(draw), pick: draw.draw() };
    Proposal { schedule: Schedule { faults: vec![fault] }, why }
}

fn later(plus: Span) -> String {
    if plus == Span::ZERO { String::new() } else { format!(" and {plus}") }
}

/// Shorter and longer than the timeouts by which brokers notice: a second, ten, thirty, or to the end.
pub(crate) fn outage(draw: &mut Stream) -> End {
    match draw.between(0, 3) {
        0 => End::After(Span::secs(1)),
        1 => End::After(Span::secs(10)),
        2 => End::After(Span::secs(30)),
        _ => End::Heal,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ackproof_core::recording::Recording;
    use ackproof_core::schedule::At;

    use super::*;
    use crate::trace::sample;

    fn proposals(verbs: &Verbs) -> Vec<Fault> {
        let (trace, topology) = (Trace::read(&sample::recording()), sample::topology());
        let all = (0..300).filter_map(|seed| aligned(Seed(seed), &trace, &topology, verbs));
        all.flat_map(|proposal| proposal.schedule.faults).collect()
    }
    fn anchor(fault: &Fault) -> (Probe, u32, Span) {
        match &fault.at {
            At::Anchor { after, nth, plus, of: None } => (*after, *nth, *plus),
            other => panic!("an aligned fault waits for an event, not for {other:?}"),
        }
    }

    #[test]
    fn faults_fall_on_every_kind_of_moment_that_the_run_had() {
        let probes: BTreeSet<Probe> = proposals(&Verbs::all()).iter().map(|fault| anchor(fault).0).collect();
        let had = [Probe::Appended, Probe::Acked, Probe::Delivered, Probe::Committed, Probe::IsrShrunk];
        assert_eq!(probes, BTreeSet::from(had));
    }

    #[test]
    fn anchors_come_in_the_run_and_faults_before_the_record_is_safe() {
        for fault in proposals(&Verbs::all()) {
            let (after, nth, plus) = anchor(&fault);
            assert!((1..=sample::MESSAGES).contains(&nth));
            if after == Probe::Appended {
                assert!(plus < Span(2), "the record was on a second broker after 2ms");
            }
        }
    }

    #[test]
    fn only_allowed_kinds_are_proposed_and_nothing_when_none_fits() {
        assert!(proposals(&Verbs::only(&["kill"])).iter().all(|fault| fault.kind.verb() == "kill"));
        assert_eq!(proposals(&Verbs::only(&["clock"])), []);
    }

    #[test]
    fn a_run_in_which_nothing_happened_gives_nothing() {
        let trace = Trace::read(&Recording::default());
        assert_eq!(aligned(Seed(1), &trace, &sample::topology(), &Verbs::all()), None);
    }

    #[test]
    fn a_proposal_is_fixed_by_its_seed() {
        let (trace, topology) = (Trace::read(&sample::recording()), sample::topology());
        let draw = |seed| aligned(Seed(seed), &trace, &topology, &Verbs::all());
        assert_eq!(draw(7), draw(7));
        assert!((0..20).any(|seed| draw(seed) != draw(seed + 1)));
    }
}

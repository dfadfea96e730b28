//! What a recorded run did and when, in the order in which anchors count it.

use std::collections::BTreeMap;

use ackproof_core::app::{MsgId, Origin, Outcome};
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::op::{Op, Phase};
use ackproof_core::recording::{Fact, Recording};
use ackproof_core::schedule::At;
use ackproof_core::time::{Span, Time};

/// A run's chaos phase as the search sees it. From a recording with a trace; from one without, only what the history
/// tells.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trace {
    seen: Vec<Seen>,
    /// Who held a message when the broker confirmed it.
    confirmed: BTreeMap<MsgId, Confirmed>,
    /// Per log on one node, ascending: when, and up to which position it was on the platter.
    synced: BTreeMap<(NodeId, Origin), Vec<(Time, u64)>>,
    /// When a follower first had a record.
    replicated: BTreeMap<(Origin, u64), Time>,
    /// When a consumer's application finished with a message for the first time.
    processed: BTreeMap<MsgId, Time>,
}

/// One thing that happened.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Seen {
    pub probe: Probe,
    /// How many of its kind there had been in the chaos phase, counted from 1: what an anchor waits for.
    pub nth: u32,
    pub at: Time,
    pub node: NodeId,
    pub origin: Option<Origin>,
    pub offset: Option<u64>,
    pub msg: Option<MsgId>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Confirmed {
    pub at: Time,
    pub origin: Origin,
    pub offset: u64,
    pub copies: Vec<NodeId>,
}

impl Trace {
    pub fn read(recording: &Recording) -> Trace {
        let ends = recording.history.entries.iter().find(|entry| entry.op == Op::Phase(Phase::Settle));
        let chaos = recording.chaos_began..=ends.map_or(Time::NEVER, |entry| entry.at);
        let mut trace = Trace::default();
        let mut counts: BTreeMap<Probe, u32> = BTreeMap::new();
        let mut nth = |probe| {
            let count = counts.entry(probe).or_default();
            *count += 1;
            *count
        };
        for entry in recording.history.entries.iter().filter(|entry| chaos.contains(&entry.at)) {
            if let (Some((probe, msg, origin)), Some(node)) = (told(&entry.op), entry.node) {
                let seen = Seen { probe, nth: nth(probe), at: entry.at, node, origin, offset: None, msg };
                if let (Probe::Processed, Some(msg)) = (probe, msg) {
                    trace.processed.entry(msg).or_insert(entry.at);
                }
                trace.seen.push(seen);
            }
        }
        for traced in &recording.trace {
            let Fact::Observed(observation) = &traced.fact else { continue };
            trace.note(traced.at, traced.node, observation);
            if chaos.contains(&traced.at) {
                let (probe, place) = (observation.probe(), place(observation));
                let Place { origin, offset, msg } = place;
                trace.seen.push(Seen { probe, nth: nth(probe), at: traced.at, node: traced.node, origin, offset, msg });
            }
        }
        trace
    }

    /// Keeps what is asked about by message or position, whatever the phase it happened in.
    fn note(&mut self, at: Time, node: NodeId, observation: &Observation) {
        match observation {
            Observation::Synced { origin, upto } => self.synced.entry((node, *origin)).or_default().push((at, *upto)),
            Observation::Replicated { origin, offset, .. } => {
                self.replicated.entry((*origin, *offset)).or_insert(at);
            }
            Observation::Confirmed { msg, origin, offset, copies } => {
                let confirmed = Confirmed { at, origin: *origin, offset: *offset, copies: copies.clone() };
                self.confirmed.entry(*msg).or_insert(confirmed);
            }
            Observation::Appended { .. } | Observation::Committed { .. } | Observation::LeaderElected { .. } => {}
            Observation::IsrShrunk { .. } | Observation::IsrExpanded { .. } | Observation::Truncated { .. } => {}
            Observation::Disposed { .. } | Observation::Noted { .. } | Observation::LeftGroup { .. } => {}
        }
    }

    /// Everything of one kind, in order.
    pub fn of(&self, probe: Probe) -> Vec<&Seen> {
        self.seen.iter().filter(|seen| seen.probe == probe).collect()
    }

    /// Every message that the broker confirmed, with the copies that justified it.
    pub fn confirmed(&self) -> impl Iterator<Item = (MsgId, &Confirmed)> {
        self.confirmed.iter().map(|(&msg, confirmed)| (msg, confirmed))
    }

    /// When a record of one node reached the platter by a sync, `None` for never.
    pub fn synced_at(&self, node: NodeId, origin: Origin, offset: u64) -> Option<Time> {
        self.synced.get(&(node, origin))?.iter().find(|(_, upto)| *upto > offset).map(|(at, _)| *at)
    }

    /// How long after an event what it is about depended on this event alone: until an appended record was synced or
    /// replicated, until a delivered message was processed. A second when that never came.
    pub fn exposed(&self, seen: &Seen) -> Span {
        const NEVER: Span = Span::secs(1);
        let position = seen.origin.zip(seen.offset);
        let safe = match seen.probe {
            Probe::Appended => position.and_then(|(origin, offset)| {
                let synced = self.synced_at(seen.node, origin, offset);
                let replicated = self.replicated.get(&(origin, offset)).copied();
                synced.into_iter().chain(replicated).min()
            }),
            Probe::Acked | Probe::Confirmed => {
                let confirmed = seen.msg.and_then(|msg| self.confirmed.get(&msg));
                confirmed.and_then(|it| {
                    it.copies.iter().filter_map(|&node| self.synced_at(node, it.origin, it.offset)).min()
                })
            }
            Probe::Delivered => seen.msg.and_then(|msg| self.processed.get(&msg).copied()),
            Probe::Sent | Probe::Synced | Probe::Replicated | Probe::Processed | Probe::Committed => None,
            Probe::LeaderElected | Probe::IsrShrunk | Probe::IsrExpanded | Probe::Truncated => None,
            Probe::Started | Probe::Disposed | Probe::Noted => None,
        };
        safe.map_or(NEVER, |safe| safe.since(seen.at))
    }
}

impl Seen {
    /// `plus` after this event. The earliest that a fault can fire is the millisecond after it.
    pub fn anchor(&self, plus: Span) -> At {
        At::Anchor { after: self.probe, nth: self.nth, of: None, plus }
    }
}

/// What a history tells of the kinds of event that anchors wait for.
fn told(op: &Op) -> Option<(Probe, Option<MsgId>, Option<Origin>)> {
    match op {
        Op::Send { msg, .. } => Some((Probe::Sent, Some(*msg), None)),
        Op::Told { msg, outcome: Outcome::Acked } => Some((Probe::Acked, Some(*msg), None)),
        Op::Delivered(delivery) => Some((Probe::Delivered, Some(delivery.msg), Some(delivery.origin))),
        // A failure of processing does not count: the application is not finished with the message.
        Op::Processed { delivery, success: true } => {
            Some((Probe::Processed, Some(delivery.msg), Some(delivery.origin)))
        }
        Op::Started => Some((Probe::Started, None, None)),
        Op::Told {
            outcome: Outcome::Untold | Outcome::Rejected(_) | Outcome::Unknown(_) | Outcome::Aborted, ..
        } => None,
        Op::Processed { success: false, .. } => None,
        Op::Phase(_) | Op::PhaseLimit(_) | Op::AtWork { .. } | Op::FaultBegan { .. } | Op::FaultEnded { .. } => None,
        Op::FaultMissed { .. } | Op::Died(_) | Op::Audited(_) | Op::Stranded(_) | Op::Disposed { .. } => None,
        Op::Progress { .. }
        | Op::AuditEnd { .. }
        | Op::Effect(_)
        | Op::EndTransaction { .. }
        | Op::Fingerprint { .. } => None,
    }
}

/// What an observation is about.
struct Place {
    origin: Option<Origin>,
    offset: Option<u64>,
    msg: Option<MsgId>,
}

fn place(observation: &Observation) -> Place {
    match observation {
        Observation::Appended { origin, offset, msg, .. }
        | Observation::Replicated { origin, offset, msg, .. }
        | Observation::Confirmed { origin, offset, msg, .. }
        | Observation::Disposed { origin, offset, msg, .. } => {
            Place { origin: Some(*origin), offset: Some(*offset), msg: Some(*msg) }
        }
        Observation::Synced { origin, .. }
        | Observation::Committed { origin, .. }
        | Observation::LeaderElected { origin, .. }
        | Observation::IsrShrunk { origin, .. }
        | Observation::IsrExpanded { origin, .. }
        | Observation::Truncated { origin, .. } => Place { origin: Some(*origin), offset: None, msg: None },
        Observation::Noted { .. } | Observation::LeftGroup { .. } => Place { origin: None, offset: None, msg: None },
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! A recorded run of three brokers, written by hand: b1 leads; each message is appended, replicated to b2 two
    //! milliseconds later, confirmed and told one after that; b1 syncs everything after 20 ms, b2 and b3 never.

    use ackproof_core::app::Delivery;
    use ackproof_core::node::{NodeKind, Topology};
    use ackproof_core::recording::Traced;

    use super::*;

    pub fn topology() -> Topology {
        let mut topology = Topology::default();
        for (name, rack) in [("b1", "r1"), ("b2", "r2"), ("b3", "r1")] {
            topology.add(name, NodeKind::Broker, Some(rack.into()));
        }
        for (name, kind) in [("ctl1", NodeKind::Controller), ("p1", NodeKind::Producer), ("c1", NodeKind::Consumer)] {
            topology.add(name, kind, None);
        }
        topology
    }

    pub const MESSAGES: u32 = 10;
    pub const BEGAN: Time = Time(1000);
    const B1: NodeId = NodeId(0);
    const B2: NodeId = NodeId(1);
    const P1: NodeId = NodeId(4);
    const C1: NodeId = NodeId(5);

    pub fn recording() -> Recording {
        let origin = Origin(0);
        let mut recording = Recording { chaos_began: BEGAN, ..Recording::default() };
        recording.history.nodes = topology().ids().map(|id| topology().name(id).to_owned()).collect();
        let observed = |at, node, observation| Traced { at: Time(at), node, fact: Fact::Observed(observation) };
        // Before the chaos phase: no anchor counts it.
        let elected = Observation::LeaderElected { origin, leader: Some(B1), epoch: 1, clean: true };
        recording.trace.push(observed(5, B1, elected));
        recording.history.push(Time(3), Some(P1), Op::Started);
        recording.history.push(BEGAN, None, Op::Phase(Phase::Chaos));
        for sequence in 0..MESSAGES {
            let (at, offset, msg) = (1010 + u64::from(sequence) * 10, u64::from(sequence), MsgId::new(0, sequence));
            let delivery = Delivery { msg, origin, offset };
            recording.history.push(Time(at - 1), Some(P1), Op::Send { msg, attempt: 0 });
            recording.history.push(Time(at + 3), Some(P1), Op::Told { msg, outcome: Outcome::Acked });
            recording.history.push(Time(at + 4), Some(C1), Op::Delivered(delivery));
            recording.history.push(Time(at + 6), Some(C1), Op::Processed { delivery, success: true });
            let copies = vec![B1, B2];
            recording.trace.push(observed(at, B1, Observation::Appended { origin, offset, epoch: 1, msg }));
            recording.trace.push(observed(at + 2, B2, Observation::Replicated { origin, offset, epoch: 1, msg }));
            recording.trace.push(observed(at + 2, B1, Observation::Confirmed { msg, origin, offset, copies }));
            if sequence % 2 == 1 {
                recording.trace.push(observed(at + 8, C1, Observation::Committed { origin, upto: offset + 1 }));
            }
        }
        recording.trace.push(observed(1030, B1, Observation::Synced { origin, upto: 2 }));
        recording.trace.push(observed(1050, B1, Observation::IsrShrunk { origin, isr: vec![B1, B2] }));
        recording.trace.sort_by_key(|traced| traced.at);
        recording.history.push(Time(2000), None, Op::Phase(Phase::Settle));
        recording.history.push(Time(2005), Some(P1), Op::Started);
        recording
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_from_the_beginning_of_the_chaos_phase_to_its_end() {
        let trace = Trace::read(&sample::recording());
        let appended: Vec<u32> = trace.of(Probe::Appended).into_iter().map(|seen| seen.nth).collect();
        assert_eq!(appended, (1..=sample::MESSAGES).collect::<Vec<_>>());
        assert_eq!(trace.of(Probe::Acked)[4].msg, Some(MsgId::new(0, 4)));
        assert_eq!(trace.of(Probe::LeaderElected), Vec::<&Seen>::new());
        assert_eq!(trace.of(Probe::Started), Vec::<&Seen>::new());
        assert_eq!(trace.of(Probe::IsrShrunk).len(), 1);
    }

    #[test]
    fn a_message_whose_processing_failed_is_still_in_the_hands_of_its_application() {
        let mut recording = sample::recording();
        for entry in &mut recording.history.entries {
            if let Op::Processed { delivery, success } = &mut entry.op {
                *success = delivery.msg != MsgId::new(0, 0);
            }
        }
        let trace = Trace::read(&recording);
        assert_eq!(trace.of(Probe::Processed).len(), sample::MESSAGES as usize - 1);
        assert_eq!(trace.exposed(trace.of(Probe::Delivered)[0]), Span::secs(1));
    }

    #[test]
    fn an_appended_record_is_exposed_until_it_is_replicated_and_an_acked_one_until_a_copy_is_synced() {
        let trace = Trace::read(&sample::recording());
        assert_eq!(trace.exposed(trace.of(Probe::Appended)[3]), Span(2));
        assert_eq!(trace.exposed(trace.of(Probe::Acked)[0]), Span(17));
        assert_eq!(trace.exposed(trace.of(Probe::Acked)[5]), Span::secs(1));
        assert_eq!(trace.exposed(trace.of(Probe::Delivered)[0]), Span(2));
    }

    #[test]
    fn a_recording_without_a_trace_still_tells_what_the_history_knows() {
        let recording = Recording { trace: Vec::new(), ..sample::recording() };
        let trace = Trace::read(&recording);
        assert_eq!(trace.of(Probe::Acked).len(), sample::MESSAGES as usize);
        assert_eq!(trace.of(Probe::Appended).len(), 0);
        assert_eq!(trace.confirmed().count(), 0);
    }
}

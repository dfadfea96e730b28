//! Histories written as stories: who did what, in order.

use ackproof_check::{End, Fate, fate, judge};
use ackproof_core::app::{Delivery, MsgId, Origin, Outcome, Reason};
use ackproof_core::guarantee::{Guarantee, Limits};
use ackproof_core::history::History;
use ackproof_core::node::NodeId;
use ackproof_core::op::{Death, Op, Phase};
use ackproof_core::time::Time;
use ackproof_core::verdict::{Judgement, Verdict};

pub const B1: NodeId = NodeId(0);
pub const B2: NodeId = NodeId(1);
pub const B3: NodeId = NodeId(2);
pub const P1: NodeId = NodeId(3);
pub const C1: NodeId = NodeId(5);
pub const C2: NodeId = NodeId(6);
const AUDIT: NodeId = NodeId(7);
const NODES: [&str; 8] = ["b1", "b2", "b3", "p1", "p2", "c1", "c2", "audit"];

/// Message `sequence` of the first producer.
pub fn msg(sequence: u32) -> MsgId {
    MsgId::new(0, sequence)
}

/// Where a message is unless a story says otherwise: in the first origin, at the offset of its sequence.
pub fn at_home(sequence: u32) -> Delivery {
    Delivery { msg: msg(sequence), origin: Origin(0), offset: u64::from(sequence) }
}

/// The result of a message, at its place in the first origin of results.
pub fn result_of(sequence: u32) -> Delivery {
    Delivery { origin: Origin(Origin::OUTPUT), ..at_home(sequence) }
}

pub fn rejected() -> Outcome {
    Outcome::Rejected(Reason::new("NOT_ENOUGH_REPLICAS"))
}

pub fn timed_out() -> Outcome {
    Outcome::Unknown(Reason::new("TIMEOUT"))
}

/// A history under way. Each entry is a millisecond after the one before.
#[derive(Clone)]
pub struct Story {
    pub history: History,
    now: Time,
}

impl Story {
    /// The chaos phase has begun.
    pub fn begin() -> Story {
        let nodes = NODES.map(str::to_owned).to_vec();
        let story = Story { history: History { nodes, entries: Vec::new() }, now: Time(0) };
        story.op(None, Op::Phase(Phase::WarmUp)).op(None, Op::Phase(Phase::Chaos))
    }

    pub fn op(mut self, node: Option<NodeId>, op: Op) -> Story {
        self.now = Time(self.now.0 + 1);
        self.history.push(self.now, node, op);
        self
    }

    pub fn now(&self) -> Time {
        self.now
    }

    /// Lets time pass.
    pub fn pause(mut self, ms: u64) -> Story {
        self.now = Time(self.now.0 + ms);
        self
    }

    fn each(self, sequences: impl IntoIterator<Item = u32>, step: impl Fn(Story, u32) -> Story) -> Story {
        sequences.into_iter().fold(self, step)
    }

    pub fn send(self, sequence: u32) -> Story {
        let attempt = self
            .history
            .entries
            .iter()
            .filter(|entry| matches!(entry.op, Op::Send { msg: sent, .. } if sent == msg(sequence)))
            .count() as u32;
        self.op(Some(P1), Op::Send { msg: msg(sequence), attempt })
    }

    pub fn told(self, sequence: u32, outcome: Outcome) -> Story {
        self.op(Some(P1), Op::Told { msg: msg(sequence), outcome })
    }

    pub fn acked(self, sequences: impl IntoIterator<Item = u32>) -> Story {
        self.each(sequences, |story, n| story.send(n).told(n, Outcome::Acked))
    }

    pub fn died(self, node: NodeId) -> Story {
        self.op(Some(node), Op::Died(Death::Killed))
    }

    pub fn started(self, node: NodeId) -> Story {
        self.op(Some(node), Op::Started)
    }

    pub fn delivered(self, sequences: impl IntoIterator<Item = u32>) -> Story {
        self.each(sequences, |story, n| story.op(Some(C1), Op::Delivered(at_home(n))))
    }

    pub fn processed(self, delivery: Delivery) -> Story {
        self.op(Some(C1), Op::Processed { delivery, success: true })
    }

    pub fn consumed(self, sequences: impl IntoIterator<Item = u32>) -> Story {
        self.each(sequences, |story, n| story.delivered([n]).processed(at_home(n)))
    }

    pub fn healed(self) -> Story {
        self.op(None, Op::Phase(Phase::Settle)).op(None, Op::Phase(Phase::Drain))
    }

    pub fn audited(self, sequences: impl IntoIterator<Item = u32>) -> Story {
        self.each(sequences, |story, n| story.found(at_home(n)))
    }

    pub fn found(self, delivery: Delivery) -> Story {
        self.op(Some(AUDIT), Op::Audited(delivery))
    }

    /// The late consumer finds one committed result of each, in this order.
    pub fn results(self, sequences: impl IntoIterator<Item = u32>) -> Story {
        self.each(sequences, |story, n| story.op(Some(AUDIT), Op::Effect(result_of(n))))
    }

    /// How far the late consumer read the only origin of results.
    pub fn results_end(self, complete: bool) -> Story {
        self.op(None, Op::AuditEnd { origin: Origin(Origin::OUTPUT), complete })
    }

    pub fn ends_transaction(self, commit: bool) -> Story {
        self.op(Some(P1), Op::EndTransaction { commit })
    }

    pub fn stranded(self, sequence: u32) -> Story {
        self.op(Some(B1), Op::Stranded(at_home(sequence)))
    }

    pub fn disposed(self, sequence: u32) -> Story {
        self.disposed_by(sequence, "retention")
    }
    pub fn disposed_by(self, sequence: u32, rule: &str) -> Story {
        self.op(Some(B1), Op::Disposed { msg: msg(sequence), rule: rule.into() })
    }

    pub fn limit(self, phase: Phase) -> Story {
        self.op(None, Op::PhaseLimit(phase))
    }

    pub fn progress(self, upto: u64) -> Story {
        self.op(None, Op::Progress { origin: Origin(0), upto })
    }

    pub fn audit_end(self, complete: bool) -> Story {
        self.op(None, Op::AuditEnd { origin: Origin(0), complete })
    }

    /// The end of a run in which the late consumer read everything there is.
    pub fn end(self, progress: u64) -> Story {
        self.audit_end(true).progress(progress).op(None, Op::Phase(Phase::Verdict))
    }

    /// The end of a run in which nobody serves the only origin.
    pub fn end_leaderless(self, progress: u64) -> Story {
        self.audit_end(false).progress(progress).op(None, Op::Phase(Phase::Verdict))
    }

    /// `count` messages acknowledged, consumed in order and found again at the end.
    pub fn green(count: u32) -> Story {
        Story::begin().acked(0..count).consumed(0..count).healed().audited(0..count).end(u64::from(count))
    }

    pub fn fate(&self, sequence: u32) -> Fate {
        fate(&self.history, msg(sequence)).expect("it was sent")
    }

    pub fn end_of(&self, sequence: u32) -> End {
        self.fate(sequence).end
    }

    pub fn verdict(&self) -> Verdict {
        judge(&self.history, &Limits::default())
    }

    pub fn judgement(&self, guarantee: Guarantee) -> Judgement {
        self.verdict().guarantees[&guarantee].clone()
    }

    pub fn holds(&self, guarantee: Guarantee) -> bool {
        self.judgement(guarantee) == Judgement::Holds
    }

    /// The messages that break a promise, `None` when they do not.
    pub fn violated(&self, guarantee: Guarantee) -> Option<Vec<MsgId>> {
        match self.judgement(guarantee) {
            Judgement::Violated { messages, .. } => Some(messages),
            Judgement::Holds | Judgement::Inconclusive { .. } => None,
        }
    }

    /// Why nothing can be said about a promise, `None` when something can.
    pub fn inconclusive(&self, guarantee: Guarantee) -> Option<String> {
        match self.judgement(guarantee) {
            Judgement::Inconclusive { why } => Some(why),
            Judgement::Holds | Judgement::Violated { .. } => None,
        }
    }
}

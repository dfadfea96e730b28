//! What a history is made of: what applications asked and were told, what they were handed and finished, and what
//! was done to the machines meanwhile.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::app::{Delivery, MsgId, Origin, Outcome};

/// The phases of a run, in order.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Leaders are elected, clients connect.
    WarmUp,
    /// Workload and faults.
    Chaos,
    /// Every fault is lifted; every machine that is not gone for good is started. Lasts until things are quiet.
    Settle,
    /// A late consumer reads everything there is.
    Drain,
    /// The end.
    Verdict,
}

/// How a process came to an end.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Death {
    Killed,
    PowerLost,
    Exited,
}

/// How the rule of [`Op::Disposed`] begins where a message was not deleted but set aside in a dead-letter queue.
pub const DEAD_LETTERED: &str = "dead-lettered";

/// One entry of a history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    Phase(Phase),
    /// The phase ended at its limit, not because things were quiet.
    PhaseLimit(Phase),
    /// Fault number `fault` of the schedule began, on these nodes.
    FaultBegan {
        fault: u16,
        text: String,
    },
    FaultEnded {
        fault: u16,
    },
    /// Fault number `fault` did nothing, and why.
    FaultMissed {
        fault: u16,
        why: String,
    },
    Started,
    Died(Death),
    /// An application handed a message to its client.
    Send {
        msg: MsgId,
        attempt: u32,
    },
    /// An application was told the outcome of a send.
    Told {
        msg: MsgId,
        outcome: Outcome,
    },
    /// A consumer's application was handed a message.
    Delivered(Delivery),
    /// A consumer's application finished with it.
    Processed {
        delivery: Delivery,
        success: bool,
    },
    /// A late consumer found it.
    Audited(Delivery),
    /// After everything healed, a copy that nobody serves but that is still on this node's disk and that the broker
    /// would serve if it could elect a leader.
    Stranded(Delivery),
    /// The broker dropped it by a rule of its own. One that begins with [`DEAD_LETTERED`] put it where only a person looks.
    Disposed {
        msg: MsgId,
        rule: String,
    },
    /// Where the group's stored progress stood at the end: everything below `upto` is done as far as the broker knows.
    Progress {
        origin: Origin,
        upto: u64,
    },
    /// At the end: whether the late consumer reached the end of this origin.
    AuditEnd {
        origin: Origin,
        complete: bool,
    },
    /// At the end: events this node handled, and a fingerprint of them all in order.
    Fingerprint {
        events: u64,
        digest: u64,
    },
    /// After everything healed, the late consumer found the committed result that a consumer wrote of a message; the
    /// delivery says where the result is.
    // At the end of the list, since digests are of the binary form: the histories of replay files keep theirs.
    Effect(Delivery),
    /// An application asked its client to end its transaction.
    EndTransaction {
        commit: bool,
    },
    /// At the limit of a phase: something that was still going on.
    AtWork {
        what: String,
    },
}

impl fmt::Display for Op {
    /// The stable text form: one line, fields separated by blanks. Faults are counted from 1, as a person does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delivery = |f: &mut fmt::Formatter<'_>, word: &str, delivery: &Delivery| {
            write!(f, "{word} {} {}@{}", delivery.msg, delivery.origin.0, delivery.offset)
        };
        match self {
            Op::Phase(phase) => write!(f, "phase {}", phase.word()),
            Op::PhaseLimit(phase) => write!(f, "phase-limit {}", phase.word()),
            Op::FaultBegan { fault, text } => write!(f, "fault {} began {text}", fault + 1),
            Op::FaultEnded { fault } => write!(f, "fault {} ended", fault + 1),
            Op::FaultMissed { fault, why } => write!(f, "fault {} missed {why}", fault + 1),
            Op::Started => f.write_str("started"),
            Op::Died(Death::Killed) => f.write_str("died killed"),
            Op::Died(Death::PowerLost) => f.write_str("died power-lost"),
            Op::Died(Death::Exited) => f.write_str("died exited"),
            Op::Send { msg, attempt } => write!(f, "send {msg} {attempt}"),
            Op::Told { msg, outcome } => write!(f, "told {msg} {outcome}"),
            Op::Delivered(d) => delivery(f, "delivered", d),
            Op::Processed { delivery: d, success } => delivery(f, if *success { "processed" } else { "failed" }, d),
            Op::Audited(d) => delivery(f, "audited", d),
            Op::Stranded(d) => delivery(f, "stranded", d),
            Op::Disposed { msg, rule } => write!(f, "disposed {msg} {rule}"),
            Op::Progress { origin, upto } => write!(f, "progress {} {upto}", origin.0),
            Op::AuditEnd { origin, complete } => write!(f, "audit-end {} {complete}", origin.0),
            Op::Effect(d) => delivery(f, "effect", d),
            Op::EndTransaction { commit: true } => f.write_str("end-transaction commit"),
            Op::EndTransaction { commit: false } => f.write_str("end-transaction abort"),
            Op::AtWork { what } => write!(f, "at-work {what}"),
            Op::Fingerprint { events, digest } => write!(f, "fingerprint {events} {digest:016x}"),
        }
    }
}

impl Phase {
    pub fn word(self) -> &'static str {
        match self {
            Phase::WarmUp => "warm-up",
            Phase::Chaos => "chaos",
            Phase::Settle => "settle",
            Phase::Drain => "drain",
            Phase::Verdict => "verdict",
        }
    }
}

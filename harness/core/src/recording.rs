//! What one run leaves behind: its history, and, when asked for, the trace from which a loss is explained.

use serde::{Deserialize, Serialize};

use crate::disk::Cut;
use crate::history::History;
use crate::node::NodeId;
use crate::observe::Observation;
use crate::schedule::Fault;
use crate::time::{Span, Time};

/// How much a run writes down.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Detail {
    /// The history: what every checker needs.
    #[default]
    Verdict,
    /// The trace too: what an autopsy, a diagram and the alignment of faults need.
    Trace,
}

/// The result of one run.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    pub history: History,
    pub trace: Vec<Traced>,
    /// One for each fault of the schedule, in its order.
    pub faults: Vec<FaultReport>,
    /// Events handled by all actors.
    pub events: u64,
    pub messages: u64,
    /// When the chaos phase began; fault times count from here.
    pub chaos_began: Time,
    /// Simulated length of the whole run.
    pub length: Span,
}

/// What became of one fault of the schedule.
#[derive(Clone, Debug)]
pub struct FaultReport {
    /// `None` when it never fired.
    pub fired_at: Option<Time>,
    /// The same fault with every part resolved to the names it had when it fired and its time made concrete.
    pub resolved: Option<Fault>,
    /// Why it never fired.
    pub missed: Option<String>,
}

/// One fact of the trace.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Traced {
    pub at: Time,
    pub node: NodeId,
    pub fact: Fact,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    Observed(Observation),
    /// A power loss left `kept` of `written` records of the log of `origin`; `durable` had been on the platter.
    PowerCut {
        origin: crate::app::Origin,
        durable: u64,
        written: u64,
        kept: u64,
    },
    /// The disk was replaced by a blank one.
    DiskLost,
    /// A message left for `to`.
    MessageSent {
        to: NodeId,
        due: Time,
        text: String,
    },
    /// A message from `from` was handed to the process.
    MessageTaken {
        from: NodeId,
        text: String,
    },
    /// A message to `to` was lost, and why.
    MessageLost {
        to: NodeId,
        why: String,
    },
}

impl Fact {
    pub fn power_cut(origin: crate::app::Origin, cut: Cut) -> Fact {
        Fact::PowerCut { origin, durable: cut.durable, written: cut.written, kept: cut.kept }
    }
}

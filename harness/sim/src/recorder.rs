//! Writes the history: what happens within a millisecond is put in order of node, so that the order in which an engine
//! served the nodes leaves no mark.

use ackproof_core::history::History;
use ackproof_core::node::NodeId;
use ackproof_core::op::Op;
use ackproof_core::recording::{Detail, Fact, Traced};
use ackproof_core::time::Time;

use crate::Planted;

#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) history: History,
    pub(crate) trace: Vec<Traced>,
    detail: Detail,
    /// What nodes had to say since the last word that concerned the whole run, in this millisecond: where it begins in
    /// the history and in the trace.
    begins: (usize, usize),
    /// The node that spoke last.
    last: NodeId,
    /// Nodes were not served in their order.
    mixed: bool,
    unsorted: bool,
}

impl Recorder {
    /// `entries` is about how long the history will be.
    pub(crate) fn new(nodes: Vec<String>, entries: usize, detail: Detail, planted: Option<Planted>) -> Recorder {
        Recorder {
            history: History { nodes, entries: Vec::with_capacity(entries) },
            trace: Vec::new(),
            detail,
            begins: (0, 0),
            last: NodeId(0),
            mixed: false,
            unsorted: planted == Some(Planted::UnsortedRecords),
        }
    }

    pub(crate) fn traces(&self) -> bool {
        self.detail == Detail::Trace
    }

    /// What concerns the whole run; only between milliseconds' node events.
    pub(crate) fn world(&mut self, now: Time, op: Op) {
        self.flush();
        self.history.push(now, None, op);
        self.begins.0 += 1;
    }

    pub(crate) fn node(&mut self, now: Time, node: NodeId, op: Op) {
        self.hear(node);
        self.history.push(now, Some(node), op);
    }

    pub(crate) fn fact(&mut self, now: Time, node: NodeId, fact: impl FnOnce() -> Fact) {
        if self.traces() {
            self.hear(node);
            self.trace.push(Traced { at: now, node, fact: fact() });
        }
    }

    fn hear(&mut self, node: NodeId) {
        self.mixed |= node < self.last;
        self.last = node;
    }

    /// Ends the millisecond.
    pub(crate) fn flush(&mut self) {
        if self.mixed && !self.unsorted {
            self.history.entries[self.begins.0..].sort_by_key(|entry| entry.node);
            self.trace[self.begins.1..].sort_by_key(|traced| traced.node);
        }
        self.begins = (self.history.entries.len(), self.trace.len());
        (self.last, self.mixed) = (NodeId(0), false);
    }
}

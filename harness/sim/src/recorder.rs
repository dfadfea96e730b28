//! Writes the history: what happens within a millisecond is collected per node and appended in order of node, so that
//! the order in which an engine served the nodes leaves no mark.

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
    /// What each node has to say about this millisecond.
    buffers: Vec<(Vec<Op>, Vec<Fact>)>,
    /// Nodes with something in their buffer, each once, in the order they were first served.
    touched: Vec<NodeId>,
    unsorted: bool,
}

impl Recorder {
    /// `entries` is about how long the history will be.
    pub(crate) fn new(nodes: Vec<String>, entries: usize, detail: Detail, planted: Option<Planted>) -> Recorder {
        let buffers = nodes.iter().map(|_| (Vec::new(), Vec::new())).collect();
        Recorder {
            history: History { nodes, entries: Vec::with_capacity(entries) },
            trace: Vec::new(),
            detail,
            buffers,
            touched: Vec::new(),
            unsorted: planted == Some(Planted::UnsortedRecords),
        }
    }

    pub(crate) fn traces(&self) -> bool {
        self.detail == Detail::Trace
    }

    /// What concerns the whole run; only between milliseconds' node events.
    pub(crate) fn world(&mut self, now: Time, op: Op) {
        self.flush(now);
        self.history.push(now, None, op);
    }

    pub(crate) fn node(&mut self, node: NodeId, op: Op) {
        self.touch(node);
        self.buffers[node.index()].0.push(op);
    }

    pub(crate) fn fact(&mut self, node: NodeId, fact: impl FnOnce() -> Fact) {
        if self.detail == Detail::Trace {
            self.touch(node);
            self.buffers[node.index()].1.push(fact());
        }
    }

    fn touch(&mut self, node: NodeId) {
        let (ops, facts) = &self.buffers[node.index()];
        if ops.is_empty() && facts.is_empty() {
            self.touched.push(node);
        }
    }

    /// Ends the millisecond `now`.
    pub(crate) fn flush(&mut self, now: Time) {
        if self.touched.is_empty() {
            return;
        }
        if !self.unsorted {
            self.touched.sort_unstable();
        }
        for &node in &self.touched {
            let (ops, facts) = &mut self.buffers[node.index()];
            for op in ops.drain(..) {
                self.history.push(now, Some(node), op);
            }
            for fact in facts.drain(..) {
                self.trace.push(Traced { at: now, node, fact });
            }
        }
        self.touched.clear();
    }
}

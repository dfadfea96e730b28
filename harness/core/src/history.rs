//! The history of a run: a totally ordered list of operations, with a stable text form and a digest.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::node::NodeId;
use crate::op::Op;
use crate::time::Time;

/// One operation, when and where. `node` is `None` for what concerns the whole run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub at: Time,
    pub node: Option<NodeId>,
    pub op: Op,
}

/// Everything a checker may know. Ordered by time; within a millisecond what concerns the whole run first, then by
/// node, then as it happened there.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct History {
    /// Name of each node; a node's id is its index.
    pub nodes: Vec<String>,
    pub entries: Vec<Entry>,
}

impl History {
    pub fn push(&mut self, at: Time, node: Option<NodeId>, op: Op) {
        debug_assert!(self.entries.last().is_none_or(|last| last.at <= at), "a history runs backwards");
        self.entries.push(Entry { at, node, op });
    }

    /// The stable text form: a line an entry, `milliseconds node operation`, `-` for no node.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.entries.len() * 32);
        for entry in &self.entries {
            let node = entry.node.map_or("-", |node| self.nodes[node.index()].as_str());
            let _ = writeln!(text, "{} {node} {}", entry.at.0, entry.op);
        }
        text
    }

    /// BLAKE3 of the text form, as 32 hexadecimal digits.
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        let mut line = String::with_capacity(64);
        for entry in &self.entries {
            line.clear();
            let node = entry.node.map_or("-", |node| self.nodes[node.index()].as_str());
            let _ = writeln!(line, "{} {node} {}", entry.at.0, entry.op);
            hasher.update(line.as_bytes());
        }
        Digest(hasher.finalize().to_hex()[..32].to_owned())
    }
}

/// Identity of a history: two runs with the same digest had the same history, byte for byte.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

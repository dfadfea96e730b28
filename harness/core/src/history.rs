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

    /// BLAKE3 of everything the text form says, as 32 hexadecimal digits. The entries are hashed in their binary form,
    /// which says the same in a tenth of the time.
    pub fn digest(&self) -> Digest {
        let mut bytes = Vec::with_capacity(16 * self.entries.len() + 256);
        bytes = postcard::to_extend(&self.nodes, bytes).expect("names can be encoded");
        for entry in &self.entries {
            bytes = postcard::to_extend(entry, bytes).expect("an entry can be encoded");
        }
        Digest(blake3::hash(&bytes).to_hex()[..32].to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::MsgId;

    fn history(attempt: u32) -> History {
        let mut history = History { nodes: vec!["p1".into()], entries: Vec::new() };
        history.push(Time(5), Some(NodeId(0)), Op::Send { msg: MsgId::new(0, 3), attempt });
        history
    }

    #[test]
    fn the_text_form_is_stable() {
        assert_eq!(history(0).text(), "5 p1 send p1#3 0\n");
    }

    #[test]
    fn the_digest_tells_histories_apart_and_is_stable() {
        assert_ne!(history(0).digest(), history(1).digest());
        // Written into replay files: if this changes, every committed one is void.
        assert_eq!(history(0).digest().0, "c8188985b570fa933dcf36a7cb6eae6d");
    }
}

//! Names and places in words.

use std::collections::BTreeSet;

use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::op::Op;
use ackproof_core::recording::{Fact, Recording};

use super::{CopyEnd, CopyLife, Durability};

pub struct Words {
    pub nodes: Vec<String>,
    /// Whether it must be said which log an offset is in.
    several_logs: bool,
}

impl Words {
    pub fn of(recording: &Recording) -> Words {
        let mut origins = BTreeSet::new();
        for traced in &recording.trace {
            if let Fact::Observed(Observation::Appended { origin, .. }) = &traced.fact {
                origins.insert(*origin);
            }
        }
        for entry in &recording.history.entries {
            if let Op::Audited(delivery) | Op::Delivered(delivery) = &entry.op {
                origins.insert(delivery.origin);
            }
        }
        origins.retain(|origin| !origin.is_internal());
        Words { nodes: recording.history.nodes.clone(), several_logs: origins.len() > 1 }
    }

    pub fn name(&self, node: NodeId) -> &str {
        self.nodes.get(node.index()).map_or("?", String::as_str)
    }

    /// `b1`, `b1 and b2`, `b1, b2 and b3`.
    pub fn names(&self, nodes: &[NodeId]) -> String {
        let names: Vec<&str> = nodes.iter().map(|&node| self.name(node)).collect();
        match names.split_last() {
            None => "nobody".to_owned(),
            Some((only, [])) => (*only).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
        }
    }

    /// `offset 57`, `offset 57 of log 2`.
    pub fn place(&self, origin: Origin, offset: u64) -> String {
        if origin.is_output() {
            return format!("offset {offset} of results {}", origin.0 - Origin::OUTPUT);
        }
        if self.several_logs { format!("offset {offset} of log {}", origin.0) } else { format!("offset {offset}") }
    }

    /// What destroyed a copy, with its node as the subject; `None` when nothing did.
    pub fn destruction(&self, copy: &CopyLife) -> Option<String> {
        let node = self.name(copy.node);
        Some(match &copy.end {
            CopyEnd::Remains | CopyEnd::Stranded => return None,
            CopyEnd::Gone { at } => format!("{node} went down at {at} with its copy and never came back"),
            CopyEnd::PowerLost { at, durable, written, kept } => {
                let when = match copy.durable {
                    Durability::Lied { reported } => {
                        format!("although its disk had reported a successful sync at {reported}")
                    }
                    Durability::Never => "before its log was synced".to_owned(),
                    Durability::Synced { .. } | Durability::WrittenBack { .. } | Durability::Spared { .. } => {
                        "and with it what had been on the platter".to_owned()
                    }
                };
                format!("{node} lost power at {at} {when} (durable {durable}, written {written}, kept {kept})")
            }
            CopyEnd::DiskLost { at } => format!("{node} lost its disk at {at}"),
            CopyEnd::Truncated { at, to, why } => format!("{node} cut its log back to {to} at {at} ({why})"),
            CopyEnd::Disposed { at, rule } => format!("{node} dropped it at {at} by its rule: {rule}"),
            CopyEnd::Overwritten { at, by } => format!("{node} wrote {by} in its place at {at}"),
        })
    }

    /// The same as a line of the timeline, where node and time stand beside it.
    pub fn loss(copy: &CopyLife) -> Option<String> {
        Some(match &copy.end {
            CopyEnd::Remains | CopyEnd::Stranded => return None,
            CopyEnd::Gone { .. } => "copy gone: the node never came back".to_owned(),
            CopyEnd::PowerLost { durable, written, kept, .. } => {
                let horizons = format!("durable {durable}, written {written}, kept {kept}");
                format!("copy destroyed: {} ({horizons})", Words::durability(copy.durable))
            }
            CopyEnd::DiskLost { .. } => "copy destroyed with the disk".to_owned(),
            CopyEnd::Truncated { to, why, .. } => format!("copy destroyed: log cut back to {to} ({why})"),
            CopyEnd::Disposed { rule, .. } => format!("dropped it by its rule: {rule}"),
            CopyEnd::Overwritten { by, .. } => format!("copy destroyed: {by} written in its place"),
        })
    }

    pub fn durability(durable: Durability) -> String {
        match durable {
            Durability::Never => "never synced".to_owned(),
            Durability::Synced { at } => format!("synced {at}"),
            Durability::WrittenBack { by } => format!("written back by the kernel before {by}"),
            Durability::Spared { at } => format!("never synced, spared by the power loss at {at}"),
            Durability::Lied { reported } => format!("reported as synced {reported}, but was not"),
        }
    }
}

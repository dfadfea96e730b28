//! What is fixed for a run: the settings, the machines, and where partitions live.

use ackproof_core::node::{NodeId, Topology};

use crate::config::{Config, TopicConfig};
use crate::metadata::NodeSet;
use crate::topic::{Index, Layout};

/// Shared by every role.
#[derive(Clone, Debug)]
pub struct Plan {
    pub config: Config,
    pub topology: Topology,
    pub layout: Layout,
}

impl Plan {
    pub fn name(&self, node: NodeId) -> &str {
        self.topology.name(node)
    }
    /// `b1, b3`, for notes.
    pub fn names(&self, nodes: NodeSet) -> String {
        let names: Vec<&str> = nodes.iter().map(|node| self.name(node)).collect();
        names.join(", ")
    }
    pub fn topic(&self, index: Index) -> &TopicConfig {
        self.layout.config(index, &self.config)
    }
    /// `min.insync.replicas` of a partition as its brokers count it.
    pub fn min_isr(&self, index: Index) -> usize {
        self.topic(index).effective_min_isr(self.config.rules) as usize
    }
}

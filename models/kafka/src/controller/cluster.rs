//! What the controller writes down.

use ackproof_core::node::NodeId;

use crate::metadata::{Image, NodeSet, Partition, PartitionEpoch};
use crate::topic::Layout;

/// The whole state: what everybody may know, and what only the controller needs.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub image: Image,
    /// By partition: who holds a copy, the preferred leader first.
    pub replicas: Vec<Vec<NodeId>>,
}

impl Cluster {
    /// Nobody has registered, and there is no topic.
    pub fn empty(nodes: usize) -> Cluster {
        Cluster { image: Image { brokers: vec![None; nodes], ..Image::default() }, replicas: Vec::new() }
    }

    /// Creates the topic of the workload, `__consumer_offsets` and, where it is used, `__transaction_state`: every replica in sync, the first one leading.
    ///
    /// Simplified: once, when every broker has come up, and all at the same time. Gives up: topics created while
    /// brokers are missing, and an offsets topic that appears with the first group.
    pub fn create_topics(&mut self, layout: &Layout) {
        self.replicas = layout.indices().map(|index| layout.replicas(index).to_vec()).collect();
        self.image.shape = layout.shape;
        self.image.partitions = self
            .replicas
            .iter()
            .map(|replicas| Partition {
                leader: replicas.first().copied(),
                leader_epoch: ackproof_log::Epoch(0),
                partition_epoch: PartitionEpoch(0),
                isr: replicas.iter().copied().collect::<NodeSet>(),
                elr: NodeSet::EMPTY,
                last_known_leader: None,
            })
            .collect();
    }

    /// Whether `node` may lead: it has a session and is not on its way out.
    pub fn is_active(&self, node: NodeId) -> bool {
        self.image.broker(node).is_some_and(|broker| broker.is_active())
    }
}

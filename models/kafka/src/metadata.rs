//! The state of the cluster: who is there, who leads what, who is in sync. The controller decides it; everybody else
//! has an older or newer copy.

use std::fmt;

use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_log::Epoch;
use serde::{Deserialize, Serialize};

use crate::topic::{Index, Shape};

/// How many changes the controller has made; orders the states of the cluster. Stands for an offset in the metadata
/// log.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MetadataVersion(pub u64);

/// The number of one registration of a broker; a later registration has a higher one.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BrokerEpoch(pub u64);

/// How often a partition's state has changed.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionEpoch(pub u32);

/// A set of nodes; a run has at most 64.
#[derive(Copy, Clone, Eq, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeSet(u64);

impl NodeSet {
    pub const EMPTY: NodeSet = NodeSet(0);

    pub fn contains(self, node: NodeId) -> bool {
        self.0 & (1 << node.0) != 0
    }
    #[must_use]
    pub fn with(self, node: NodeId) -> NodeSet {
        NodeSet(self.0 | 1 << node.0)
    }
    #[must_use]
    pub fn without(self, node: NodeId) -> NodeSet {
        NodeSet(self.0 & !(1 << node.0))
    }
    #[must_use]
    pub fn union(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 | other.0)
    }
    #[must_use]
    pub fn minus(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 & !other.0)
    }
    pub fn is_subset(self, of: NodeSet) -> bool {
        self.0 & !of.0 == 0
    }
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// In order of node.
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let node = (left != 0).then(|| NodeId(left.trailing_zeros() as u8))?;
            left &= left - 1;
            Some(node)
        })
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> NodeSet {
        nodes.into_iter().fold(NodeSet::EMPTY, NodeSet::with)
    }
}
impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|node| node.0)).finish()
    }
}

/// One partition. Who may hold a copy of it is fixed and not part of its state.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Partition {
    pub leader: Option<NodeId>,
    pub leader_epoch: Epoch,
    pub partition_epoch: PartitionEpoch,
    /// The in-sync set that the controller has committed. Empty only with eligible leader replicas.
    pub isr: NodeSet,
    /// Eligible leader replicas: outside the in-sync set, and with everything that was ever confirmed.
    pub elr: NodeSet,
    /// Who led last, while nobody leads; kept with eligible leader replicas only.
    pub last_known_leader: Option<NodeId>,
}

impl Partition {
    /// Whether a clean election may choose `node`: it is in sync, or eligible while nobody is.
    pub fn is_candidate(&self, node: NodeId) -> bool {
        self.isr.contains(node) || self.isr.is_empty() && self.elr.contains(node)
    }
    /// Whether nobody is left of those who have everything, so that the last known leader may come back for what it has.
    pub fn is_exhausted(&self) -> bool {
        self.isr.is_empty() && self.elr.is_empty()
    }
}

/// One broker as the controller sees it.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct BrokerStatus {
    pub epoch: BrokerEpoch,
    /// Which process of the machine registered.
    pub incarnation: u32,
    /// Its session ran out, or it has not caught up since it registered.
    pub fenced: bool,
    pub shutting_down: bool,
}

impl BrokerStatus {
    /// Whether it may lead and be in sync.
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.shutting_down
    }
}

/// The whole state at one version.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Image {
    pub version: MetadataVersion,
    /// By node; `None` for a node that never registered or is no broker.
    pub brokers: Vec<Option<BrokerStatus>>,
    /// Which partitions there are.
    pub shape: Shape,
    /// By index; none before the topics exist.
    pub partitions: Vec<Partition>,
}

impl Image {
    /// Where `origin` stands in [`Image::partitions`]; `None` when this state knows no such partition.
    fn index(&self, origin: Origin) -> Option<usize> {
        self.shape.index(origin).map(Index::index)
    }
    pub fn partition(&self, origin: Origin) -> Option<&Partition> {
        self.partitions.get(self.index(origin)?)
    }
    pub fn broker(&self, node: NodeId) -> Option<&BrokerStatus> {
        self.brokers.get(node.index())?.as_ref()
    }
    /// Who leads `origin`, and in which epoch.
    pub fn leader(&self, origin: Origin) -> Option<(NodeId, Epoch)> {
        let partition = self.partition(origin)?;
        Some((partition.leader?, partition.leader_epoch))
    }
    /// Who serves the consumer group: the leader of `__consumer_offsets`.
    pub fn coordinator(&self) -> Option<NodeId> {
        self.partitions.last()?.leader
    }
}

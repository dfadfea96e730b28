//! Where partitions live: which brokers hold a copy, in which file, by which settings.
//!
//! There is one topic of the workload, with partitions `Origin(0)`, `Origin(1)` and so on, and `__consumer_offsets` with
//! one partition, `Origin(Origin::INTERNAL)`: one consumer group needs no more. Inside this crate a partition goes by
//! its index, in which that one comes last.

use ackproof_core::app::Origin;
use ackproof_core::disk::FileId;
use ackproof_core::node::NodeId;

use crate::config::{Config, TopicConfig};

/// The partition of `__consumer_offsets`.
pub const OFFSETS: Origin = Origin(Origin::INTERNAL);

/// A partition's place in every list of partitions.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct Index(pub u16);

impl Index {
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The partitions of a run and the brokers that hold them.
#[derive(Clone, Debug)]
pub struct Layout {
    pub brokers: Vec<NodeId>,
    pub controller: NodeId,
    partitions: u16,
    /// By partition: the first one is the preferred leader.
    replicas: Vec<Vec<NodeId>>,
}

impl Layout {
    /// Deals replicas out as Kafka does, one broker further for each partition. Brokers are dealt to racks one by one
    /// too, so that the replicas of a partition are in as many racks as there are.
    ///
    /// Simplified: where the dealing starts is not drawn at random. Gives up: nothing; brokers are alike.
    /// Source: `StripedReplicaPlacer`, metadata, 4.1.
    pub fn new(config: &Config, brokers: Vec<NodeId>, controller: NodeId) -> Layout {
        let deal = |first: u16, replicas: u8| {
            (0..usize::from(replicas)).map(|i| brokers[(usize::from(first) + i) % brokers.len()]).collect()
        };
        let partitions = config.topic.partitions;
        let replicas = (0..=partitions)
            .map(|index| match index == partitions {
                true => deal(index, config.offsets.replication_factor),
                false => deal(index, config.topic.replication_factor),
            })
            .collect();
        Layout { brokers, controller, partitions, replicas }
    }

    /// Every partition, `__consumer_offsets` last.
    pub fn indices(&self) -> impl Iterator<Item = Index> + use<> {
        (0..=self.partitions).map(Index)
    }
    pub fn offsets(&self) -> Index {
        Index(self.partitions)
    }
    pub fn origin(&self, index: Index) -> Origin {
        if index == self.offsets() { OFFSETS } else { Origin(index.0) }
    }
    /// `None` for a partition that does not exist.
    pub fn index(&self, origin: Origin) -> Option<Index> {
        match origin.is_internal() {
            true => Some(self.offsets()),
            false => (origin.0 < self.partitions).then_some(Index(origin.0)),
        }
    }
    /// Who holds a copy; the order may have been changed since by an operator, which only the controller knows.
    pub fn replicas(&self, index: Index) -> &[NodeId] {
        &self.replicas[index.index()]
    }
    pub fn file(index: Index) -> FileId {
        FileId(index.0)
    }
    /// The partition whose log a file holds.
    pub fn of_file(&self, file: FileId) -> Option<Index> {
        (file.0 <= self.partitions).then_some(Index(file.0))
    }
    pub fn config<'a>(&self, index: Index, config: &'a Config) -> &'a TopicConfig {
        if index == self.offsets() { &config.offsets } else { &config.topic }
    }
}

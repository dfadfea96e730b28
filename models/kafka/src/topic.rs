//! Where partitions live: which brokers hold a copy, in which file, by which settings.
//!
//! There is one topic of the workload, with partitions `Origin(0)`, `Origin(1)` and so on, and `__consumer_offsets` with
//! one partition, `Origin(Origin::INTERNAL)`: one consumer group needs no more. Where there are transactions there is
//! `__transaction_state` too, with one partition: one coordinator serves every transactional id. Consumers that write results
//! in transactions write to a topic like that of the workload, `Origin(Origin::OUTPUT)` and so on. Inside this crate a
//! partition goes by its index, in which that of the group comes last, and that of the transactions before it.

use ackproof_core::app::Origin;
use ackproof_core::disk::FileId;
use ackproof_core::node::NodeId;

use crate::config::{Config, TopicConfig};
use crate::mutation::Rule;

/// The partition of `__consumer_offsets`.
pub const OFFSETS: Origin = Origin(Origin::INTERNAL);

/// The partition of `__transaction_state`.
pub const TRANSACTIONS: Origin = Origin(Origin::INTERNAL + 1);

/// Which partitions there are.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Shape {
    /// Of the workload.
    pub partitions: u16,
    /// Of the topic that consumers write their results to.
    pub outputs: u16,
    /// There is a `__transaction_state`.
    pub has_transactions: bool,
}

impl Shape {
    /// `__consumer_offsets` is the last one.
    pub fn offsets(self) -> Index {
        Index(self.partitions + self.outputs + u16::from(self.has_transactions))
    }
    /// `__transaction_state`.
    pub fn transactions(self) -> Option<Index> {
        self.has_transactions.then_some(Index(self.partitions + self.outputs))
    }
    /// `None` for a partition that does not exist.
    pub fn index(self, origin: Origin) -> Option<Index> {
        match origin {
            Origin(index) if index < self.partitions => Some(Index(index)),
            OFFSETS => Some(self.offsets()),
            TRANSACTIONS => self.transactions(),
            Origin(number) => {
                let index = number.checked_sub(Origin::OUTPUT).filter(|index| *index < self.outputs)?;
                Some(Index(self.partitions + index))
            }
        }
    }
    pub fn origin(self, index: Index) -> Origin {
        match index {
            Index(number) if number < self.partitions => Origin(number),
            _ if index == self.offsets() => OFFSETS,
            _ if Some(index) == self.transactions() => TRANSACTIONS,
            Index(number) => Origin(Origin::OUTPUT + number - self.partitions),
        }
    }
}

/// A partition as a person calls it.
pub fn describe(origin: Origin) -> String {
    match origin {
        OFFSETS => "__consumer_offsets".to_owned(),
        TRANSACTIONS => "__transaction_state".to_owned(),
        _ if origin.is_output() => format!("partition {} of the results", origin.0 - Origin::OUTPUT),
        Origin(number) => format!("partition {number}"),
    }
}

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
    pub shape: Shape,
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
        let outputs = if config.results_in_transactions { partitions } else { 0 };
        let shape = Shape { partitions, outputs, has_transactions: config.transaction_state.is_some() };
        let mut layout = Layout { brokers: Vec::new(), controller, shape, replicas: Vec::new() };
        let replicas =
            layout.indices().map(|index| deal(index.0, layout.config(index, config).replication_factor)).collect();
        layout.replicas = replicas;
        Layout { brokers, ..layout }
    }

    /// Every partition, `__consumer_offsets` last.
    pub fn indices(&self) -> impl Iterator<Item = Index> + use<> {
        (0..=self.shape.offsets().0).map(Index)
    }
    /// The partitions of the workload.
    pub fn workload(&self) -> impl Iterator<Item = Index> + use<> {
        (0..self.shape.partitions).map(Index)
    }
    /// Those and the partitions of results: what the auditor reads.
    pub fn audited(&self) -> impl Iterator<Item = Index> + use<> {
        (0..self.shape.partitions + self.shape.outputs).map(Index)
    }
    pub fn offsets(&self) -> Index {
        self.shape.offsets()
    }
    pub fn transactions(&self) -> Option<Index> {
        self.shape.transactions()
    }
    pub fn origin(&self, index: Index) -> Origin {
        self.shape.origin(index)
    }
    /// `None` for a partition that does not exist.
    pub fn index(&self, origin: Origin) -> Option<Index> {
        self.shape.index(origin)
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
        (file.0 <= self.shape.offsets().0).then_some(Index(file.0))
    }
    pub fn config<'a>(&self, index: Index, config: &'a Config) -> &'a TopicConfig {
        match self.origin(index) {
            OFFSETS if !Rule::OffsetsConfig.holds() => &config.topic,
            OFFSETS => &config.offsets,
            TRANSACTIONS => config.transaction_state.as_ref().unwrap_or(&config.offsets),
            Origin(_) => &config.topic,
        }
    }
}

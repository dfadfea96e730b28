//! Everything that crosses the network, and what is kept in the logs.
//!
//! Requests carry a number that their sender counts; the reply repeats it. A reply whose number its receiver no
//! longer waits for is dropped, which is what keeps the answer to a request that was given up from being taken for
//! the answer to the next one. Batches are shared, never copied.

mod group;

use std::sync::Arc;

use ackproof_core::app::{MsgId, Origin};
use ackproof_core::node::Incarnation;
use ackproof_core::time::{Span, Time};
use ackproof_log::{Epoch, EpochEnd, Offset, Stamped};
use serde::{Deserialize, Serialize};

use crate::config::Acks;
use crate::error_code::ErrorCode;
use crate::metadata::{BrokerEpoch, Image, MetadataVersion, NodeSet, PartitionEpoch};
use crate::sequence::{Identity, Numbered};
use crate::transaction::{Committed, Isolation, Logged, Marker};

mod transactions;

pub use transactions::{
    AddPartitions, EndTransaction, Enlisting, InitProducerId, MarkerWritten, PartitionsAdded, ProducerIdIs,
    TransactionEnded, Transactional, WriteMarker,
};

pub use group::*;

/// Matches a reply to its request. Counted by the sender of requests.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Correlation(pub u32);

impl Correlation {
    /// Before the first request of an incarnation. Each has numbers of its own, so that a reply meant for a process
    /// that is gone is not taken for one meant for its successor.
    pub fn start(incarnation: Incarnation) -> Correlation {
        Correlation(incarnation.0 << 24)
    }
    /// The same for a second client in a process.
    pub fn within(incarnation: Incarnation) -> Correlation {
        Correlation(incarnation.0 << 24 | 1 << 23)
    }
    pub fn is_within(self) -> bool {
        self.0 & 1 << 23 != 0
    }
    /// The number of one more request.
    pub fn advance(&mut self) -> Correlation {
        self.0 = self.0.wrapping_add(1);
        *self
    }
}

/// One record of a log. Its offset is its position.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The leader epoch in which it was appended.
    pub epoch: Epoch,
    /// Records of its batch that come after it.
    pub left: u32,
    /// The latest of its batch, by the wall clock of its producer or, where the topic says so, of the leader.
    pub timestamp: Time,
    pub payload: Payload,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Payload {
    /// Numbered if its producer is idempotent.
    Message(MsgId, Option<Numbered>),
    /// In `__consumer_offsets` only.
    Commit(Commit),
    /// In `__consumer_offsets` only.
    Group(GroupRecord),
    /// Ends a transaction in this partition.
    Marker(Marker),
    /// In `__consumer_offsets` only: the progress behind it in its batch counts when the transaction of this producer is
    /// committed.
    Pending(Identity),
    /// In `__transaction_state` only.
    Transaction(Logged),
    /// In `__transaction_state` only: a partition of the transaction before it in its batch.
    Enlisted(Origin),
}

/// Progress of the consumer group in one partition: everything below `upto` is done.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Commit {
    pub origin: Origin,
    pub upto: Offset,
    /// Epoch of the last record that the committer consumed; `None` when it consumed none.
    pub leader_epoch: Option<Epoch>,
}

impl Stamped for Record {
    fn epoch(&self) -> Epoch {
        self.epoch
    }
    fn timestamp(&self) -> Time {
        self.timestamp
    }
    fn left(&self) -> u32 {
        self.left
    }
}

/// Anything that one node sends to another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Message {
    // A client asks a broker, and is answered.
    Produce(Produce),
    /// Never sent for `acks=0`.
    Produced(Produced),
    /// Also how a follower copies its leader's log.
    Fetch(Fetch),
    Fetched(Fetched),
    Metadata(MetadataRequest),
    MetadataIs(MetadataIs),
    ListOffsets(ListOffsets),
    OffsetIs(OffsetIs),
    EpochEndOf(EpochEndOf),
    EpochEndIs(EpochEndIs),
    /// To the group's coordinator, the leader of `__consumer_offsets`.
    OffsetCommit(OffsetCommit),
    OffsetCommitted(OffsetCommitted),
    /// To the group's coordinator.
    OffsetFetch(OffsetFetch),
    OffsetsAre(OffsetsAre),
    // From here on also to the group's coordinator.
    JoinGroup(JoinGroup),
    GroupJoined(GroupJoined),
    SyncGroup(SyncGroup),
    GroupSynced(GroupSynced),
    MemberHeartbeat(MemberHeartbeat),
    MemberHeartbeatIs(MemberHeartbeatIs),
    LeaveGroup(LeaveGroup),
    GroupLeft(GroupLeft),
    GroupHeartbeat(GroupHeartbeat),
    GroupHeartbeatIs(GroupHeartbeatIs),

    // A broker asks the controller, and is answered.
    Register(Register),
    Registered(Registered),
    Heartbeat(Heartbeat),
    HeartbeatIs(HeartbeatIs),
    AlterPartition(AlterPartition),
    PartitionAltered(PartitionAltered),

    /// What transactions take, between a client and their coordinator, and between brokers.
    Transactional(Box<Transactional>),

    /// The controller tells a broker the cluster's state; never answered, repaired by the next heartbeat.
    Publish(Arc<Image>),
}

/// Appends a batch to one partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Produce {
    pub correlation: Correlation,
    pub origin: Origin,
    pub acks: Acks,
    /// How long the broker may wait for the other replicas: the producer's `request.timeout.ms`.
    pub timeout: Span,
    /// The number of the first message; `None` when the producer is not idempotent.
    pub first: Option<Numbered>,
    /// Of the newest message, by the producer's wall clock.
    pub timestamp: Time,
    pub batch: Arc<[MsgId]>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Produced {
    pub correlation: Correlation,
    /// Offset of the batch's first message.
    pub result: Result<Offset, ErrorCode>,
}

/// Reads one partition from `offset` on, waiting up to `max_wait` when there is nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fetch {
    pub correlation: Correlation,
    pub origin: Origin,
    pub offset: Offset,
    /// The epoch that the sender believes the leader to be in; `None` is not checked.
    pub current_epoch: Option<Epoch>,
    pub max_wait: Span,
    pub max_records: u32,
    /// Of a consumer.
    pub isolation: Isolation,
    /// Who reads: a follower, or a consumer.
    pub follower: Option<FollowerFetch>,
}

/// What a follower adds to its fetch. By fetching from an offset it confirms everything below.
#[derive(Copy, Clone, Debug, Serialize, Deserialize)]
pub struct FollowerFetch {
    pub broker_epoch: BrokerEpoch,
    /// Epoch of the last record it has; `None` for an empty log.
    pub last_fetched_epoch: Option<Epoch>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fetched {
    pub correlation: Correlation,
    pub origin: Origin,
    pub result: Result<FetchedRecords, ErrorCode>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FetchedRecords {
    /// Records from the offset asked for; a consumer is given none at or above the high watermark. Empty when the
    /// wait ended without any.
    pub records: Arc<[Record]>,
    pub high_watermark: Offset,
    /// Where the leader's log starts.
    pub log_start: Offset,
    /// For a follower whose log parts from the leader's: where, at the latest. Then there are no records.
    pub diverging: Option<Box<EpochEnd>>,
    /// For a reader of what is committed, who is given nothing at or above the last stable offset.
    pub committed: Option<Arc<Committed>>,
}

/// Asks for the leaders of all partitions, and with the one of `__consumer_offsets` for the group's coordinator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MetadataRequest {
    pub correlation: Correlation,
}

/// The cluster as the asked broker sees it, which may be out of date. A broker that has not seen any state yet, as
/// one that has just started, does not know a single partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MetadataIs {
    pub correlation: Correlation,
    pub image: Arc<Image>,
}

/// Which place in a partition.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Edge {
    Earliest,
    /// The high watermark, or the last stable offset for a reader of what is committed.
    Latest,
    /// The end of the leader's log, for its followers.
    LogEnd,
    /// The first record of this timestamp or a later one.
    Since(Time),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListOffsets {
    pub correlation: Correlation,
    pub origin: Origin,
    pub edge: Edge,
    pub isolation: Isolation,
    pub current_epoch: Option<Epoch>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OffsetIs {
    pub correlation: Correlation,
    pub origin: Origin,
    /// `None` when no record is as late.
    pub result: Result<Option<Offset>, ErrorCode>,
}

/// Asks where the leader's log leaves `epoch`, so that a client can tell whether its position was truncated away.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EpochEndOf {
    pub correlation: Correlation,
    pub origin: Origin,
    pub epoch: Epoch,
    pub current_epoch: Option<Epoch>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EpochEndIs {
    pub correlation: Correlation,
    /// `Ok(None)`: the leader knows no epoch as old as that.
    pub result: Result<Option<EpochEnd>, ErrorCode>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OffsetCommit {
    pub correlation: Correlation,
    /// `None`: by somebody who is no member, which only an empty group allows.
    pub membership: Option<Membership>,
    /// The producer in whose transaction it is stored (TxnOffsetCommit); `None` outside of every transaction.
    pub transaction: Option<Identity>,
    pub commits: Arc<[Commit]>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OffsetCommitted {
    pub correlation: Correlation,
    pub result: Result<(), ErrorCode>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OffsetFetch {
    pub correlation: Correlation,
    /// Progress that hangs on the end of a transaction is waited for (KIP-447).
    pub requires_stable: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OffsetsAre {
    pub correlation: Correlation,
    /// By origin; a partition without progress is missing.
    pub result: Result<Arc<[Commit]>, ErrorCode>,
}

/// A broker's process introduces itself after its start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Register {
    pub correlation: Correlation,
    /// Tells this process from an earlier one on the same machine. Stands for the incarnation id, which a real
    /// broker draws at random.
    pub incarnation: u32,
    /// From the clean-shutdown marker; `None` when the last shutdown was none, or the disk is new.
    pub previous_broker_epoch: Option<BrokerEpoch>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    pub correlation: Correlation,
    pub result: Result<BrokerEpoch, ErrorCode>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Heartbeat {
    pub correlation: Correlation,
    pub broker_epoch: BrokerEpoch,
    /// The newest state that the broker has applied.
    pub applied: MetadataVersion,
    pub wants_shutdown: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeartbeatIs {
    pub correlation: Correlation,
    pub result: Result<Standing, ErrorCode>,
}

/// How the controller sees a broker.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Standing {
    pub is_fenced: bool,
    /// The broker asked to shut down and may do so now.
    pub may_shut_down: bool,
}

/// A leader asks for a new in-sync set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlterPartition {
    pub correlation: Correlation,
    pub origin: Origin,
    pub broker_epoch: BrokerEpoch,
    pub leader_epoch: Epoch,
    pub partition_epoch: PartitionEpoch,
    pub isr: NodeSet,
    /// The broker epoch of each proposed member as its leader knows it, in order of node; `None` is not checked.
    pub members: Arc<[Option<BrokerEpoch>]>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartitionAltered {
    pub correlation: Correlation,
    pub origin: Origin,
    pub result: Result<crate::metadata::Partition, ErrorCode>,
}

//! What a broker or the controller answers when it does not do what it was asked.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// Errors, in Kafka's own words.
        #[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// As Kafka prints it.
            pub const fn word(self) -> &'static str {
                match self { $(ErrorCode::$variant => $word,)* }
            }
        }
    };
}

error_codes! {
    /// The broker does not lead that partition, or no longer.
    NotLeaderOrFollower = "NOT_LEADER_OR_FOLLOWER",
    /// The broker has not heard of that partition (yet).
    UnknownTopicOrPartition = "UNKNOWN_TOPIC_OR_PARTITION",
    /// The in-sync set is too small; nothing was appended.
    NotEnoughReplicas = "NOT_ENOUGH_REPLICAS",
    /// The in-sync set became too small; the batch stays in the log.
    NotEnoughReplicasAfterAppend = "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    /// The other replicas took too long; the batch stays in the log.
    RequestTimedOut = "REQUEST_TIMED_OUT",
    /// The sender's leader epoch is older than the leader's.
    FencedLeaderEpoch = "FENCED_LEADER_EPOCH",
    /// The sender's leader epoch is newer than the leader's.
    UnknownLeaderEpoch = "UNKNOWN_LEADER_EPOCH",
    /// A new leader whose high watermark has not yet reached the beginning of its epoch.
    OffsetNotAvailable = "OFFSET_NOT_AVAILABLE",
    OffsetOutOfRange = "OFFSET_OUT_OF_RANGE",
    /// The broker does not lead `__consumer_offsets`.
    NotCoordinator = "NOT_COORDINATOR",
    /// A commit did not reach the other replicas in time.
    CoordinatorNotAvailable = "COORDINATOR_NOT_AVAILABLE",
    /// The coordinator does not know that member, or no longer.
    UnknownMemberId = "UNKNOWN_MEMBER_ID",
    /// The group has gone on to another generation.
    IllegalGeneration = "ILLEGAL_GENERATION",
    /// The member is not where it says it is in its group.
    FencedMemberEpoch = "FENCED_MEMBER_EPOCH",
    /// Another process has joined with the same `group.instance.id` since.
    FencedInstanceId = "FENCED_INSTANCE_ID",
    /// The process before, with the same `group.instance.id`, has not left. Of `group.protocol=consumer`.
    UnreleasedInstanceId = "UNRELEASED_INSTANCE_ID",
    /// The member has gone on since it sent that.
    StaleMemberEpoch = "STALE_MEMBER_EPOCH",
    /// The group is dividing its partitions anew.
    RebalanceInProgress = "REBALANCE_IN_PROGRESS",
    /// The log directory has failed.
    KafkaStorageError = "KAFKA_STORAGE_ERROR",
    /// The broker registered again since, or its registration is not known.
    StaleBrokerEpoch = "STALE_BROKER_EPOCH",
    BrokerIdNotRegistered = "BROKER_ID_NOT_REGISTERED",
    /// The controller knows an older state of the partition than the leader does.
    NotController = "NOT_CONTROLLER",
    /// Another process with this broker id has a session.
    DuplicateBrokerRegistration = "DUPLICATE_BROKER_REGISTRATION",
    /// The partition changed since.
    InvalidUpdateVersion = "INVALID_UPDATE_VERSION",
    /// A proposed member of the in-sync set is fenced, is shutting down, or has restarted.
    IneligibleReplica = "INELIGIBLE_REPLICA",
    InvalidRequest = "INVALID_REQUEST",
    /// A producer's clock is further from the leader's than the topic allows.
    InvalidTimestamp = "INVALID_TIMESTAMP",
    /// A batch is larger than a segment may be.
    RecordListTooLarge = "RECORD_LIST_TOO_LARGE",
    /// Something of an idempotent producer is missing before its batch, or the batch is older than the last five.
    OutOfOrderSequenceNumber = "OUT_OF_ORDER_SEQUENCE_NUMBER",
    /// An idempotent producer has begun a newer epoch since.
    InvalidProducerEpoch = "INVALID_PRODUCER_EPOCH",
    /// Another producer with the same transactional id has begun since, or the transaction took too long.
    ProducerFenced = "PRODUCER_FENCED",
    /// The coordinator does not know this producer id under this transactional id.
    InvalidProducerIdMapping = "INVALID_PRODUCER_ID_MAPPING",
    /// What is asked for does not go with the state of the transaction, or the batch is not part of one.
    InvalidTxnState = "INVALID_TXN_STATE",
    /// The batch is not part of the transaction, which has to be aborted. From 3.8.
    TransactionAbortable = "TRANSACTION_ABORTABLE",
    /// The transaction before has not ended everywhere.
    ConcurrentTransactions = "CONCURRENT_TRANSACTIONS",
    /// Progress of the group hangs on the end of a transaction.
    UnstableOffsetCommit = "UNSTABLE_OFFSET_COMMIT",
    /// A newer coordinator has written to the partition.
    TransactionCoordinatorFenced = "TRANSACTION_COORDINATOR_FENCED",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

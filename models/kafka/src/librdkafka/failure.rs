//! What librdkafka makes of a failed request.

use crate::error_code::ErrorCode;
use crate::producer::Failure;

/// Tried again, and counted.
const RETRIED: [ErrorCode; 4] = [
    ErrorCode::KafkaStorageError,
    ErrorCode::NotEnoughReplicas,
    ErrorCode::NotEnoughReplicasAfterAppend,
    ErrorCode::RequestTimedOut,
];

/// What follows from a failure for the messages of a request.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Next {
    /// They wait in their line again, and it counts as a retry.
    Retry,
    /// The same, and it does not count: the client takes it that nothing was appended.
    RetryForFree,
    /// They are given up.
    GiveUp,
    /// A broker misses something before the batch; what that means hangs on which batch it is.
    OutOfOrder,
}

/// A request that came to nothing.
#[derive(Copy, Clone, Debug)]
pub struct Mishap {
    /// In the words of the broker, or of librdkafka where no broker said anything.
    pub word: &'static str,
    pub next: Next,
    /// What the client knows of the leaders may be wrong.
    pub asks_for_leaders: bool,
    /// Nothing was appended, and nothing will be.
    ///
    /// That is what can be known, and not what librdkafka reports as its message status: of NOT_LEADER_OR_FOLLOWER and
    /// KAFKA_STORAGE_ERROR it says NOT_PERSISTED, although a leader also gives the first one when it steps down after the
    /// append.
    pub is_certain: bool,
}

impl Mishap {
    /// The connection was lost with the request on its way.
    pub const DISCONNECTED: Mishap =
        Mishap { word: "_TRANSPORT", next: Next::Retry, asks_for_leaders: true, is_certain: false };
    /// No answer came in time. What the application hears of it in the end is that its message timed out.
    pub const TIMED_OUT: Mishap = Mishap { word: TIMED_OUT, ..Mishap::DISCONNECTED };
    /// The request was made and not sent.
    pub const NOT_SENT: Mishap =
        Mishap { word: "_RETRY", next: Next::RetryForFree, asks_for_leaders: false, is_certain: true };

    /// Source: `rd_kafka_handle_Produce_error`, `rd_kafka_err_action` at 2.15.0. What is not named there is permanent.
    pub fn of(code: ErrorCode) -> Mishap {
        use ErrorCode as E;
        let next = if matches!(code, E::NotLeaderOrFollower | E::UnknownTopicOrPartition) {
            Next::RetryForFree
        } else if RETRIED.contains(&code) {
            Next::Retry
        } else if code == E::OutOfOrderSequenceNumber {
            Next::OutOfOrder
        } else {
            Next::GiveUp
        };
        let asks_for_leaders = next == Next::RetryForFree || code == E::KafkaStorageError;
        let Failure { word, is_certain, .. } = Failure::of(code);
        Mishap { word, next, asks_for_leaders, is_certain }
    }
}

/// `message.timeout.ms` has passed.
pub const TIMED_OUT: &str = "_MSG_TIMED_OUT";
/// The producer's queue is full, and nothing waits.
pub const QUEUE_FULL: &str = "_QUEUE_FULL";
/// The producer has stopped for good.
pub const FATAL: &str = "_FATAL";
/// Waited when the producer stopped for good.
pub const PURGED: &str = "_PURGE_QUEUE";
/// The producer is being closed.
pub const CLOSING: &str = "_STATE";

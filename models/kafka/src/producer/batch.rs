//! Messages of one partition that are sent together, and what is known of the attempts to send them.

use std::sync::Arc;

use ackproof_core::app::{MsgId, Origin};
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use crate::error_code::ErrorCode;
use crate::sequence::{Numbered, Sequence};

/// Why an attempt failed and what follows from it.
#[derive(Copy, Clone, Debug)]
pub struct Failure {
    /// In Kafka's word.
    pub word: &'static str,
    pub is_retriable: bool,
    /// The broker has appended nothing, and will not.
    pub is_certain: bool,
    /// What the client knows of the leaders may be wrong.
    pub asks_for_leaders: bool,
    /// The broker misses something before the batch. An idempotent producer tries again: either what is missing is
    /// on its way, or the next attempt has another number.
    pub is_out_of_order: bool,
}

impl Failure {
    /// The connection closed before the reply came.
    pub const DISCONNECTED: Failure = Failure {
        word: "NETWORK_EXCEPTION",
        is_retriable: true,
        is_certain: false,
        asks_for_leaders: true,
        is_out_of_order: false,
    };
    /// The reply did not come in time.
    pub const TIMED_OUT: Failure = Failure { word: "REQUEST_TIMED_OUT", ..Failure::DISCONNECTED };
    /// What the application is told when the client gives up by itself.
    pub const GIVEN_UP: &'static str = "TimeoutException";

    /// Which errors are worth another attempt and which leave the data in the log.
    ///
    /// `NOT_LEADER_OR_FOLLOWER` is answered both before an append and, when leadership moves while the others are
    /// waited for, after it; the client cannot tell which.
    ///
    /// Source: `Errors`, `RetriableException`, `InvalidMetadataException` and their subclasses, clients, 4.1;
    /// `Partition.appendRecordsToLeader`, `DelayedProduce` at 4.1.
    pub fn of(code: ErrorCode) -> Failure {
        use ErrorCode as E;
        let (is_retriable, is_certain, asks_for_leaders) = match code {
            E::NotLeaderOrFollower | E::KafkaStorageError => (true, false, true),
            E::UnknownTopicOrPartition => (true, true, true),
            E::NotEnoughReplicas => (true, true, false),
            E::NotEnoughReplicasAfterAppend | E::RequestTimedOut => (true, false, false),
            E::FencedLeaderEpoch | E::UnknownLeaderEpoch | E::OffsetNotAvailable => (true, false, true),
            E::NotCoordinator | E::CoordinatorNotAvailable => (true, false, false),
            E::InvalidTimestamp | E::RecordListTooLarge => (false, true, false),
            E::ConcurrentTransactions => (true, true, false),
            E::InvalidRequest | E::OutOfOrderSequenceNumber | E::InvalidProducerEpoch => (false, true, false),
            E::ProducerFenced | E::InvalidProducerIdMapping => (false, true, false),
            E::InvalidTxnState | E::TransactionAbortable => (false, true, false),
            E::OffsetOutOfRange
            | E::StaleBrokerEpoch
            | E::BrokerIdNotRegistered
            | E::DuplicateBrokerRegistration
            | E::InvalidUpdateVersion
            | E::IneligibleReplica
            | E::UnknownMemberId
            | E::IllegalGeneration
            | E::RebalanceInProgress
            | E::FencedMemberEpoch
            | E::StaleMemberEpoch
            | E::FencedInstanceId
            | E::UnreleasedInstanceId
            | E::TransactionCoordinatorFenced
            | E::UnstableOffsetCommit
            | E::NotController => (false, false, false),
        };
        let is_out_of_order = code == E::OutOfOrderSequenceNumber;
        Failure { word: code.word(), is_retriable, is_certain, asks_for_leaders, is_out_of_order }
    }
}

#[derive(Debug)]
enum Contents {
    /// Takes more messages.
    Open(Vec<MsgId>),
    /// Was sent once; never changes again.
    Sealed(Arc<[MsgId]>),
}

#[derive(Debug)]
pub struct Batch {
    pub origin: Origin,
    /// What the delivery timeout counts from.
    pub created: Time,
    /// When the newest message came.
    pub newest: Time,
    contents: Contents,
    /// Of its first message, as it is sent next; `None` before the first attempt, and without idempotence.
    number: Option<Numbered>,
    /// The number is not the one of the last attempt.
    is_renumbered: bool,
    retries: u32,
    last_attempt: Time,
    pause: Span,
    /// The leader epoch of the attempt before.
    tried_in: Option<Epoch>,
    /// Some attempt may have reached the log.
    may_be_appended: bool,
}

impl Batch {
    pub fn new(origin: Origin, now: Time, first: MsgId) -> Batch {
        Batch {
            origin,
            created: now,
            newest: now,
            contents: Contents::Open(vec![first]),
            number: None,
            is_renumbered: false,
            retries: 0,
            last_attempt: now,
            pause: Span::ZERO,
            tried_in: None,
            may_be_appended: false,
        }
    }

    /// Adds a message if the batch still takes any. Whether it did.
    pub fn add(&mut self, msg: MsgId, now: Time, limit: usize) -> bool {
        match &mut self.contents {
            Contents::Open(messages) if messages.len() < limit => {
                messages.push(msg);
                self.newest = self.newest.max(now);
                true
            }
            Contents::Open(_) | Contents::Sealed(_) => false,
        }
    }

    pub fn messages(&self) -> &[MsgId] {
        match &self.contents {
            Contents::Open(messages) => messages,
            Contents::Sealed(messages) => messages,
        }
    }

    /// Closes the batch and gives what goes over the network.
    pub fn seal(&mut self) -> Arc<[MsgId]> {
        let sealed: Arc<[MsgId]> = match &mut self.contents {
            Contents::Open(messages) => Arc::from(std::mem::take(messages)),
            Contents::Sealed(messages) => Arc::clone(messages),
        };
        self.contents = Contents::Sealed(Arc::clone(&sealed));
        sealed
    }

    pub fn is_full(&self, limit: usize) -> bool {
        match &self.contents {
            Contents::Open(messages) => messages.len() >= limit,
            Contents::Sealed(_) => true,
        }
    }

    pub fn sent_in(&mut self, epoch: Epoch) {
        self.tried_in = Some(epoch);
        self.is_renumbered = false;
    }

    pub fn number(&self) -> Option<Numbered> {
        self.number
    }
    pub fn is_renumbered(&self) -> bool {
        self.is_renumbered
    }
    /// One past its last message.
    pub fn end(&self) -> Option<Sequence> {
        self.number.map(|first| first.sequence.plus(self.messages().len() as u32))
    }
    pub fn first_number(&mut self, number: Numbered) {
        self.number = Some(number);
    }
    /// Another number than that of the last attempt.
    pub fn renumber(&mut self, number: Numbered) {
        self.number = Some(number);
        self.is_renumbered = true;
    }

    /// An attempt came to nothing, as far as the client can tell.
    pub fn failed(&mut self, failure: Failure) {
        self.may_be_appended |= !failure.is_certain;
    }

    /// Will be sent again after `pause`.
    pub fn retry(&mut self, now: Time, pause: Span) {
        self.retries += 1;
        self.last_attempt = now;
        self.pause = pause;
    }

    pub fn retries(&self) -> u32 {
        self.retries
    }
    pub fn may_be_appended(&self) -> bool {
        self.may_be_appended
    }

    /// When the pause before a retry ends; for a batch that was never sent, when it was made.
    ///
    /// Source: `RecordAccumulator.shouldBackoff`, `ProducerBatch.hasLeaderChangedForTheOngoingRetry` at 4.1.
    pub fn backed_off_at(&self) -> Time {
        self.last_attempt + self.pause
    }

    /// Whether it must still wait before it is sent again. A new leader (`current`, where that counts) ends the wait.
    pub fn is_backing_off(&self, now: Time, current: Option<Epoch>) -> bool {
        let leader_changed = matches!((current, self.tried_in), (Some(current), Some(tried)) if current > tried);
        self.retries > 0 && !leader_changed && now < self.backed_off_at()
    }
}

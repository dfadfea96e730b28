//! Requests that a leader holds until it can answer them, which Kafka calls its purgatory: producers and committers
//! until the high watermark has passed their records, readers until there is something to read.

use std::collections::VecDeque;
use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::{Epoch, Offset};

use super::transactions::{Inside, LogWrite, Loopback};
use crate::error_code::ErrorCode;
use crate::message::{Correlation, Fetched, FetchedRecords, Message, OffsetCommitted, Produced, Record};
use crate::model::Kafka;
use crate::transaction::{Committed, Isolation};

/// Who waits for its records to be replicated.
#[derive(Copy, Clone, Debug)]
pub(super) enum Writer {
    /// Is told the offset of the first record.
    Producer(NodeId, Correlation),
    Committer(NodeId, Correlation),
    /// Looks for itself how far its records have come.
    Coordinator,
    /// Who coordinates a transaction and has sent a marker.
    Marker(NodeId, Correlation),
    /// This broker itself, as a coordinator of transactions.
    Transaction(LogWrite),
}

/// A write that waits for the high watermark.
#[derive(Copy, Clone, Debug)]
pub(super) struct ParkedWrite {
    pub(super) writer: Writer,
    pub(super) base: Offset,
    /// One past the last record.
    pub(super) end: Offset,
    pub(super) deadline: Time,
}

/// A reader that waits for records.
#[derive(Copy, Clone, Debug)]
pub(super) struct ParkedRead {
    pub(super) reader: NodeId,
    pub(super) correlation: Correlation,
    pub(super) offset: Offset,
    pub(super) current_epoch: Option<Epoch>,
    pub(super) max_records: u32,
    /// Followers read to the end of the log, consumers to the high watermark or to what is stable.
    pub(super) is_follower: bool,
    pub(super) isolation: Isolation,
    pub(super) deadline: Time,
}

#[derive(Debug, Default)]
pub(super) struct Parked {
    /// In order of offset.
    pub(super) writes: VecDeque<ParkedWrite>,
    /// At most one for each reader.
    pub(super) reads: Vec<ParkedRead>,
    pub(super) alarm: super::Alarm,
}

impl ParkedWrite {
    /// Answers with success or with an error.
    pub(super) fn answer(&self, ctx: &mut Ctx<'_, Kafka>, inside: &mut Loopback, result: Result<(), ErrorCode>) {
        match self.writer {
            Writer::Producer(to, correlation) => {
                let result = result.map(|()| self.base);
                ctx.send(to, Message::Produced(Produced { correlation, result }));
            }
            Writer::Committer(to, correlation) => {
                let result = result.map_err(commit_error);
                ctx.send(to, Message::OffsetCommitted(OffsetCommitted { correlation, result }));
            }
            Writer::Coordinator => {}
            Writer::Marker(to, correlation) => inside.answer_marker(ctx, to, correlation, result),
            Writer::Transaction(write) => inside.push_back(Inside::Logged(write, result)),
        }
    }
    fn peer(&self) -> Option<NodeId> {
        match self.writer {
            Writer::Producer(node, _) | Writer::Committer(node, _) | Writer::Marker(node, _) => Some(node),
            Writer::Coordinator | Writer::Transaction(_) => None,
        }
    }
}

impl ParkedRead {
    pub(super) fn refuse(&self, ctx: &mut Ctx<'_, Kafka>, origin: Origin, error: ErrorCode) {
        let reply = Fetched { correlation: self.correlation, origin, result: Err(error) };
        ctx.send(self.reader, Message::Fetched(reply));
    }
    pub(super) fn answer(
        &self,
        ctx: &mut Ctx<'_, Kafka>,
        origin: Origin,
        records: Arc<[Record]>,
        high_watermark: Offset,
        log_start: Offset,
        committed: Option<Arc<Committed>>,
    ) {
        let result = Ok(FetchedRecords { records, high_watermark, log_start, diverging: None, committed });
        ctx.send(self.reader, Message::Fetched(Fetched { correlation: self.correlation, origin, result }));
    }
}

impl Parked {
    pub(super) fn earliest_deadline(&self) -> Option<Time> {
        let writes = self.writes.iter().map(|write| write.deadline);
        writes.chain(self.reads.iter().map(|read| read.deadline)).min()
    }

    /// A writer begins to wait: behind those whose records come before its own, which are not always those that came
    /// before it, since a batch that is sent again has the place of its first attempt.
    pub(super) fn wait(&mut self, write: ParkedWrite) {
        let later = self.writes.iter().rev().take_while(|waiting| waiting.end > write.end).count();
        self.writes.insert(self.writes.len() - later, write);
    }

    /// Answers everybody with an error: this broker no longer leads.
    pub(super) fn refuse_all(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        inside: &mut Loopback,
        origin: Origin,
        error: ErrorCode,
    ) {
        for write in self.writes.drain(..) {
            write.answer(ctx, inside, Err(error));
        }
        for read in self.reads.drain(..) {
            read.refuse(ctx, origin, error);
        }
    }

    /// Nobody listens on the other end any more. The records stay.
    pub(super) fn forget(&mut self, peer: NodeId) {
        self.writes.retain(|write| write.peer() != Some(peer));
        self.reads.retain(|read| read.reader != peer);
    }
}

/// What a committer is told instead of what a producer would be.
///
/// Source: `CoordinatorOperationExceptionHelper`, group-coordinator, 4.1; before, `GroupMetadataManager.storeGroup`.
pub(super) fn commit_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::RequestTimedOut
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::UnknownTopicOrPartition => ErrorCode::CoordinatorNotAvailable,
        other @ (ErrorCode::FencedLeaderEpoch
        | ErrorCode::UnknownLeaderEpoch
        | ErrorCode::OffsetNotAvailable
        | ErrorCode::OffsetOutOfRange
        | ErrorCode::NotCoordinator
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::UnknownMemberId
        | ErrorCode::IllegalGeneration
        | ErrorCode::RebalanceInProgress
        | ErrorCode::FencedMemberEpoch
        | ErrorCode::StaleMemberEpoch
        | ErrorCode::FencedInstanceId
        | ErrorCode::UnreleasedInstanceId
        | ErrorCode::StaleBrokerEpoch
        | ErrorCode::BrokerIdNotRegistered
        | ErrorCode::NotController
        | ErrorCode::DuplicateBrokerRegistration
        | ErrorCode::InvalidUpdateVersion
        | ErrorCode::IneligibleReplica
        | ErrorCode::OutOfOrderSequenceNumber
        | ErrorCode::InvalidProducerEpoch
        | ErrorCode::InvalidTimestamp
        | ErrorCode::RecordListTooLarge
        | ErrorCode::ProducerFenced
        | ErrorCode::InvalidProducerIdMapping
        | ErrorCode::InvalidTxnState
        | ErrorCode::TransactionAbortable
        | ErrorCode::ConcurrentTransactions
        | ErrorCode::TransactionCoordinatorFenced
        | ErrorCode::UnstableOffsetCommit
        | ErrorCode::InvalidRequest) => other,
    }
}

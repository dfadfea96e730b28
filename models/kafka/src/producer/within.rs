//! A producer in the process of a consumer: it writes the consumer's results, and stores the consumer's progress in the same
//! transaction (consume, transform, produce).
//!
//! Source: `KafkaProducer.sendOffsetsToTransaction`, `TransactionManager.{sendOffsetsToTransaction,TxnOffsetCommitHandler}`
//! at 4.1; KIP-98, KIP-447.
//!
//! Simplified: the partition of `__consumer_offsets` is added to the transaction by the client also with
//! `transaction.version=2`, where the group's coordinator does it; and that one takes progress without asking the transaction's.
//! Gives up: a round trip, and before 2 progress that is stored after its transaction was aborted.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Outcome;
use ackproof_core::node::NodeId;

use super::transaction::Question;
use super::{Asked, Producer};
use crate::error_code::ErrorCode;
use crate::message::{Commit, Membership, Message, OffsetCommit};
use crate::model::Kafka;
use crate::transaction::Ending;

/// Progress that is to be stored in the transaction, and as whom in the group.
pub type Outset = (Option<Membership>, Arc<[Commit]>);

#[derive(Debug, Default)]
pub struct Within {
    /// Not stored yet.
    pub(super) offsets: Option<Outset>,
    /// How the last transaction has ended.
    ended: Option<Ending>,
    /// Connections that it has closed, which the consumer shares.
    pub(super) closed: Vec<NodeId>,
}

impl Producer {
    /// The consumer has finished a batch: its progress and the end of the transaction.
    pub fn commit_with(&mut self, offsets: Outset) {
        if let Some(within) = &mut self.within {
            within.offsets = Some(offsets);
            within.ended = None;
        }
    }

    /// The consumer gives a message back: nothing of the transaction counts.
    pub fn give_back(&mut self) {
        let is_empty = self.transaction.as_ref().is_none_or(|own| own.is_idle());
        if let Some(within) = &mut self.within {
            within.offsets = None;
            within.ended = is_empty.then_some(Ending::Abort);
        }
    }

    /// Connections that it has closed since it was last asked.
    pub fn take_closed(&mut self) -> Vec<NodeId> {
        self.within.as_mut().map(|within| std::mem::take(&mut within.closed)).unwrap_or_default()
    }

    /// How the transaction has ended, once it has. What is not known is not committed as far as the consumer can tell: it
    /// looks its progress up.
    pub fn take_ending(&mut self) -> Option<Ending> {
        self.within.as_mut()?.ended.take()
    }

    /// Whether it knows who it is, so that the consumer may begin.
    pub fn is_initialized(&self) -> bool {
        self.transaction.as_ref().is_some_and(|own| own.is_ready())
    }

    /// Tells an application, or the consumer.
    pub(super) fn heard(&mut self, outcome: &Outcome) -> bool {
        let Some(within) = &mut self.within else { return false };
        within.offsets = None;
        within.ended = Some(match outcome {
            Outcome::Acked => Ending::Commit,
            Outcome::Untold | Outcome::Rejected(_) | Outcome::Unknown(_) | Outcome::Aborted => Ending::Abort,
        });
        true
    }

    /// Sends the progress to the group's coordinator, in the transaction.
    pub(super) fn send_offsets(&mut self, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let Some((membership, commits)) = self.within.as_ref().and_then(|within| within.offsets.clone()) else {
            return false;
        };
        let Some(coordinator) = self.leaders.coordinator() else {
            self.leaders.want();
            return false;
        };
        if !self.connections.is_open(coordinator) {
            self.connections.open(ctx, coordinator);
            return false;
        }
        let transaction = self.identity();
        self.connections.ask(ctx, coordinator, Asked::Coordinator(Question::Offsets), |correlation| {
            Message::OffsetCommit(OffsetCommit { correlation, membership, transaction, commits })
        });
        true
    }

    /// The group's coordinator has answered. Whoever is no longer a member of the generation cannot commit.
    ///
    /// Source: `TransactionManager.TxnOffsetCommitHandler.handleResponse` at 4.1.
    pub(super) fn offsets_stored(&mut self, ctx: &mut Ctx<'_, Kafka>, result: Result<(), ErrorCode>) {
        match result {
            Ok(()) => {
                if let Some(within) = &mut self.within {
                    within.offsets = None;
                }
            }
            Err(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedInstanceId) => {
                ctx.note(|| "cannot store its progress in the transaction: CommitFailedException".to_owned());
                self.fail_transaction();
            }
            Err(ErrorCode::RebalanceInProgress | ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) => {
                self.leaders.want();
                self.ask_again_later(ctx);
            }
            Err(error) => self.shut_out(ctx, error),
        }
    }
}

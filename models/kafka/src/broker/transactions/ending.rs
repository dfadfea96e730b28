//! How a transaction is ended: by its producer, by the next one with its id, or because it took too long.
//!
//! With an epoch for each transaction (`transaction.version=2`) the end begins the next epoch, in which the markers are
//! written: what comes late in the old one is refused everywhere. Without, only a fence begins one.
//!
//! Source: `TransactionCoordinator.{endTransaction,endTransactionWithTV1}`, `TransactionMetadata.{prepareAbortOrCommit,
//! prepareFenceProducerEpoch}`, core, 4.1.

use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use super::coordinator::{Asker, Coordinator, Then, Transaction};
use crate::error_code::ErrorCode;
use crate::message::EndTransaction;
use crate::sequence::Identity;
use crate::transaction::{Ending, State, TransactionalId};

/// What becomes of a producer's wish to end its transaction.
enum Wish {
    Write(Transaction),
    /// It was done before: the answer was lost.
    Done(Option<Identity>),
}

impl Coordinator {
    #[cold]
    pub(super) fn end_transaction(&mut self, from: NodeId, request: &EndTransaction) {
        let asker = Asker(from, request.correlation);
        match self.wish(request) {
            Ok(Wish::Write(next)) => self.write(request.id, next, Then::End(asker)),
            Ok(Wish::Done(identity)) => self.tell_ended(asker, Ok(identity)),
            Err(error) => self.tell_ended(asker, Err(error)),
        }
    }

    fn wish(&self, request: &EndTransaction) -> Result<Wish, ErrorCode> {
        if self.epoch().is_none() {
            return Err(ErrorCode::NotCoordinator);
        }
        let known = self.known.get(&request.id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        match self.epoch_each {
            true => self.wish_with_epoch_each(known, request),
            false => self.wish_in_one_epoch(known, request),
        }
    }

    fn wish_in_one_epoch(&self, known: &Transaction, request: &EndTransaction) -> Result<Wish, ErrorCode> {
        if known.producer != request.identity.producer {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if !known.is(request.identity) {
            return Err(ErrorCode::ProducerFenced);
        }
        if known.pending {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        match known.state {
            State::Ongoing => Ok(Wish::Write(self.prepared(known, request.ending))),
            State::Completed(ending) if ending == request.ending => Ok(Wish::Done(None)),
            State::Prepared(ending) if ending == request.ending => Err(ErrorCode::ConcurrentTransactions),
            State::Completed(_) | State::Prepared(_) | State::Empty => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// The epoch tells a request that is sent again (the one before) from one that goes with nothing.
    fn wish_with_epoch_each(&self, known: &Transaction, request: &EndTransaction) -> Result<Wish, ErrorCode> {
        if known.pending {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if known.producer != request.identity.producer {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        let is_current = known.is(request.identity);
        let is_again = known.epoch == Some(request.identity.epoch.next());
        let is_valid = match known.state {
            State::Ongoing | State::Empty => is_current,
            State::Prepared(_) => is_again,
            State::Completed(_) => is_again || is_current,
        };
        if !is_valid {
            return Err(ErrorCode::ProducerFenced);
        }
        match (known.state, request.ending) {
            (State::Ongoing, ending) => Ok(Wish::Write(self.prepared(known, ending))),
            (State::Completed(done), ending) if is_again && done == ending => Ok(Wish::Done(Some(known.identity()))),
            (State::Completed(_), Ending::Abort) if !is_again => Ok(Wish::Write(self.prepared(known, Ending::Abort))),
            (State::Empty, Ending::Abort) => Ok(Wish::Write(self.prepared(known, Ending::Abort))),
            (State::Prepared(decided), ending) if decided == ending => Err(ErrorCode::ConcurrentTransactions),
            (State::Completed(_) | State::Empty | State::Prepared(_), _) => Err(ErrorCode::InvalidTxnState),
        }
    }

    fn prepared(&self, known: &Transaction, ending: Ending) -> Transaction {
        let (epoch, last_epoch) = match self.epoch_each {
            true => (Some(known.bumped()), known.epoch),
            false => (known.epoch, known.last_epoch),
        };
        Transaction { epoch, last_epoch, state: State::Prepared(ending), pending: false, ..known.clone() }
    }

    /// Aborts an open transaction in an epoch that nobody is told, so that its producer is shut out. Without an epoch for
    /// each transaction it counts from now on, whether it can be written down or not.
    pub(super) fn fence(&mut self, id: TransactionalId, then: Then) {
        let epoch_each = self.epoch_each;
        let Some(known) = self.known.get_mut(&id) else { return };
        if !epoch_each {
            if !known.has_failed_fence {
                known.epoch = Some(known.bumped());
            }
            known.last_epoch = None;
        }
        let known = known.clone();
        debug_assert!(known.began < Time::NEVER, "an open transaction has begun");
        let next = self.prepared(&known, Ending::Abort);
        self.write(id, next, then);
    }
}

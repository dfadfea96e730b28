//! What producers ask: an epoch to begin with, and partitions for their transaction.

use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use super::{Asker, Coordinator, Then, Transaction};
use crate::error_code::ErrorCode;
use crate::message::{AddPartitions, Enlisting, InitProducerId};
use crate::sequence::ProducerId;
use crate::transaction::{State, TransactionalId};

impl Coordinator {
    /// Gives a producer an epoch in which nobody else is, once everything that an earlier one has left is ended.
    ///
    /// Source: `TransactionCoordinator.{handleInitProducerId,prepareInitProducerIdTransit}`,
    /// `TransactionMetadata.prepareIncrementProducerEpoch`, core, 4.1.
    pub(in crate::broker::transactions) fn init_producer_id(
        &mut self,
        from: NodeId,
        request: &InitProducerId,
        now: Time,
    ) {
        self.forget_expired(now);
        let asker = Asker(from, request.correlation);
        match self.next_epoch(request) {
            Err(error) => self.refuse(Then::TellProducerId(asker), error),
            Ok(Some(next)) => self.write(request.id, next, Then::TellProducerId(asker)),
            Ok(None) => self.fence(request.id, Then::Fence(asker)),
        }
    }

    /// `None`: a transaction is open and has to be aborted first.
    fn next_epoch(&mut self, request: &InitProducerId) -> Result<Option<Transaction>, ErrorCode> {
        if self.loaded_in.is_none() {
            return Err(ErrorCode::NotCoordinator);
        }
        if !self.known.contains_key(&request.id) {
            self.ids_given += 1;
            let producer = ProducerId::given_by(self.node.0, self.node.1, self.ids_given);
            self.known.insert(request.id, Transaction::new(producer));
        }
        let known = &self.known[&request.id];
        if known.pending {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if known.epoch.is_some() && request.expected.is_some_and(|own| own.producer != known.producer) {
            return Err(ErrorCode::ProducerFenced);
        }
        match known.state {
            State::Prepared(_) => Err(ErrorCode::ConcurrentTransactions),
            State::Ongoing => Ok(None),
            State::Empty | State::Completed(_) => {
                let expected = request.expected.map(|own| own.epoch);
                let (epoch, last_epoch) = match expected {
                    None => (known.bumped(), None),
                    Some(own) if known.epoch.is_none_or(|epoch| epoch == own) => (known.bumped(), known.epoch),
                    // The same request again: its answer was lost.
                    Some(own) if known.last_epoch == Some(own) => (known.identity().epoch, known.last_epoch),
                    Some(_) => return Err(ErrorCode::ProducerFenced),
                };
                let (epoch, began) = (Some(epoch), Time::NEVER);
                Ok(Some(Transaction { epoch, last_epoch, began, ..Transaction::new(known.producer) }))
            }
        }
    }

    /// Adds partitions to the transaction, which begins if there is none; or only says whether they are in it.
    ///
    /// Source: `TransactionCoordinator.{handleAddPartitionsToTransaction,handleVerifyPartitionsInTransaction}`, core, 4.1.
    pub(in crate::broker::transactions) fn add_partitions(&mut self, from: NodeId, request: &AddPartitions, now: Time) {
        self.forget_expired(now);
        let asker = Asker(from, request.correlation);
        match self.added(request, now) {
            Err(error) => self.refuse(Then::TellAdded(asker), error),
            Ok(Some((id, next))) => self.write(id, next, Then::TellAdded(asker)),
            Ok(None) => self.tell_added(asker, Ok(())),
        }
    }

    fn added(&self, request: &AddPartitions, now: Time) -> Result<Option<(TransactionalId, Transaction)>, ErrorCode> {
        if self.loaded_in.is_none() {
            return Err(ErrorCode::NotCoordinator);
        }
        let own = |(id, known): &(&TransactionalId, &Transaction)| match request.id {
            Some(own) => **id == own,
            None => known.producer == request.identity.producer,
        };
        let (id, known) = self.known.iter().find(own).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        if request.enlisting == Enlisting::Add && known.pending {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if known.producer != request.identity.producer {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if !known.is(request.identity) {
            return Err(ErrorCode::ProducerFenced);
        }
        if let State::Prepared(_) = known.state {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let are_in = request.partitions.iter().all(|origin| known.partitions.contains(origin));
        match request.enlisting {
            Enlisting::Verify if are_in => Ok(None),
            Enlisting::Verify if self.knows_abortable => Err(ErrorCode::TransactionAbortable),
            Enlisting::Verify => Err(ErrorCode::InvalidTxnState),
            Enlisting::Add if are_in && known.state == State::Ongoing => Ok(None),
            Enlisting::Add => {
                let mut next = known.clone();
                next.began = if known.state == State::Ongoing { known.began } else { now };
                next.state = State::Ongoing;
                next.partitions.extend(request.partitions.iter().copied());
                Ok(Some((*id, next)))
            }
        }
    }
}

//! The coordinator of transactions: which producer a transactional id belongs to, what its transaction touches, and how far
//! it has come. It says what is to be done, and does nothing.
//!
//! A change counts when it is replicated in the log; while it is under way everything else is refused with
//! CONCURRENT_TRANSACTIONS.
//!
//! Source: `TransactionCoordinator`, `TransactionMetadata`, `TransactionStateManager`, core, 4.1; KIP-98, KIP-360, KIP-890.

mod completing;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::app::Origin;
use ackproof_core::node::{Incarnation, NodeId};
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use super::markers::Markers;
use super::{Act, LogWrite};
use crate::broker::looks::Looks;
use crate::broker::parked::commit_error;
use crate::config::{Config, Forgetting};
use crate::error_code::ErrorCode;
use crate::message::{Correlation, PartitionsAdded, Payload, ProducerIdIs, Record, TransactionEnded, Transactional};
use crate::sequence::{Identity, ProducerEpoch, ProducerId};
use crate::transaction::{Began, Logged, State, TransactionalId};

#[derive(Debug)]
pub(super) struct Coordinator {
    /// As which leader of the log; `None` while another broker leads it.
    loaded_in: Option<Epoch>,
    /// Who gives the producer ids.
    node: (NodeId, Incarnation),
    ids_given: u32,
    pub(super) known: BTreeMap<TransactionalId, Transaction>,
    writes: BTreeMap<LogWrite, Write>,
    last_write: LogWrite,
    pub(super) markers: Markers,
    /// Ends that are to be written down again.
    unwritten: Vec<TransactionalId>,
    pub(super) acts: Vec<Act>,
    /// `transaction.timeout.ms`, the same for every producer of a run.
    timeout: Span,
    /// `transaction.version=2`.
    pub(super) epoch_each: bool,
    knows_abortable: bool,
    /// When ids are forgotten of which nothing was written.
    id_expiry: Forgetting,
    looks: Looks,
    /// Since when, by the wall clock.
    in_office: Time,
}

/// A transactional id.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) producer: ProducerId,
    /// `None` before the first producer has begun.
    pub(super) epoch: Option<ProducerEpoch>,
    pub(super) last_epoch: Option<ProducerEpoch>,
    pub(super) state: State,
    pub(super) partitions: BTreeSet<Origin>,
    pub(super) began: Time,
    /// A change is being written down, or markers are being sent.
    pub(super) pending: bool,
    /// An epoch was begun to fence the producer, and could not be written down: it is used again.
    pub(super) has_failed_fence: bool,
    /// When something of it was written last, by the wall clock of who coordinated then.
    pub(super) updated: Time,
}

/// A change that is being written down.
#[derive(Debug)]
struct Write {
    id: TransactionalId,
    next: Transaction,
    then: Then,
}

/// Who asked, and in which request.
#[derive(Copy, Clone, Debug)]
pub(super) struct Asker(pub(super) NodeId, pub(super) Correlation);

/// What follows when a change is written down.
#[derive(Copy, Clone, Debug)]
pub(super) enum Then {
    TellProducerId(Asker),
    TellAdded(Asker),
    /// Its producer asked for the end.
    End(Asker),
    /// Another producer with this id begins; it is to ask again.
    Fence(Asker),
    /// It took too long.
    TimeOut,
    /// Every marker is written.
    Complete,
}

impl Transaction {
    fn new(producer: ProducerId) -> Transaction {
        Transaction {
            producer,
            epoch: None,
            last_epoch: None,
            state: State::Empty,
            partitions: BTreeSet::new(),
            began: Time::NEVER,
            pending: false,
            has_failed_fence: false,
            updated: Time::NEVER,
        }
    }
    pub(super) fn is(&self, identity: Identity) -> bool {
        self.producer == identity.producer && self.epoch == Some(identity.epoch)
    }
    pub(super) fn identity(&self) -> Identity {
        Identity { producer: self.producer, epoch: self.epoch.unwrap_or_default() }
    }
    pub(super) fn bumped(&self) -> ProducerEpoch {
        self.epoch.map_or(ProducerEpoch::default(), ProducerEpoch::next)
    }
    fn payloads(&self, id: TransactionalId) -> Vec<Payload> {
        let (identity, last_epoch) = (self.identity(), self.last_epoch);
        let logged = Logged { id, identity, last_epoch, state: self.state, began: Began::at(self.began) };
        let enlisted = self.partitions.iter().copied().map(Payload::Enlisted);
        std::iter::once(Payload::Transaction(logged)).chain(enlisted).collect()
    }
}

impl Coordinator {
    pub(super) fn new(config: &Config) -> Coordinator {
        Coordinator {
            loaded_in: None,
            node: (NodeId(0), Incarnation::default()),
            ids_given: 0,
            known: BTreeMap::new(),
            writes: BTreeMap::new(),
            last_write: LogWrite::default(),
            markers: Markers::default(),
            unwritten: Vec::new(),
            acts: Vec::new(),
            timeout: config.producer.transaction_timeout.unwrap_or(Span::MAX),
            epoch_each: config.broker.transactions.epoch_each,
            knows_abortable: config.rules.knows_abortable,
            id_expiry: config.broker.transactions.id_expiry,
            looks: Looks::new(config.broker.transactions.id_expiry.every, Time::NEVER, false),
            in_office: Time::NEVER,
        }
    }

    /// The process has begun, and with it the task that forgets.
    pub(super) fn begin(&mut self, now: Time) {
        self.looks = Looks::new(self.id_expiry.every, now, false);
    }

    /// Forgets the ids of which nothing was written for so long when they were last looked through, and which have no open
    /// transaction. Their producers are refused with INVALID_PRODUCER_ID_MAPPING.
    ///
    /// Simplified: that is not written down. Gives up: an id that was forgotten is known to the next coordinator until it
    /// looks for itself.
    ///
    /// Source: `TransactionStateManager.{removeExpiredTransactionalIds,shouldExpire}`, core, 4.1.
    pub(super) fn forget_expired(&mut self, now: Time) {
        let (after, in_office) = (self.id_expiry.after, self.in_office);
        let Some(look) = self.looks.last(now).filter(|look| *look >= in_office) else { return };
        self.known.retain(|_, known| match known.state {
            State::Empty | State::Completed(_) => known.pending || known.updated + after > look,
            State::Ongoing | State::Prepared(_) => true,
        });
    }

    pub(super) fn epoch(&self) -> Option<Epoch> {
        self.loaded_in
    }
    pub(super) fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }
    /// Whether no transaction is open or being ended.
    pub(super) fn is_idle(&self) -> bool {
        self.known.values().all(|known| match known.state {
            State::Empty | State::Completed(_) => !known.pending,
            State::Ongoing | State::Prepared(_) => false,
        })
    }
    pub(super) fn has_to_retry(&self) -> bool {
        !self.unwritten.is_empty() || self.markers.has_unsent()
    }

    /// Takes up the office with what the log says, or lays it down. Whoever waits is sent away.
    pub(super) fn load(&mut self, leads_in: Option<Epoch>, node: (NodeId, Incarnation), records: &[Record], now: Time) {
        self.in_office = now;
        for (_, write) in std::mem::take(&mut self.writes) {
            self.refuse(write.then, ErrorCode::NotCoordinator);
        }
        self.loaded_in = leads_in;
        self.node = node;
        self.known.clear();
        self.markers = Markers::default();
        self.unwritten.clear();
        let mut last = None;
        for record in records {
            match record.payload {
                Payload::Transaction(logged) => {
                    last = Some(logged.id);
                    let known = Transaction {
                        epoch: Some(logged.identity.epoch),
                        last_epoch: logged.last_epoch,
                        state: logged.state,
                        began: logged.began.time(),
                        updated: record.timestamp,
                        ..Transaction::new(logged.identity.producer)
                    };
                    self.known.insert(logged.id, known);
                }
                Payload::Enlisted(origin) => {
                    if let Some(known) = last.and_then(|id| self.known.get_mut(&id)) {
                        known.partitions.insert(origin);
                    }
                }
                Payload::Message(..) | Payload::Commit(_) | Payload::Group(_) => {}
                Payload::Pending(_) | Payload::Marker(_) => {}
            }
        }
        let decided = self.known.iter().filter(|(_, known)| matches!(known.state, State::Prepared(_)));
        for id in decided.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.begin_markers(id);
        }
    }

    /// Ends every transaction that is older than its timeout, and shuts its producer out.
    ///
    /// Source: `TransactionCoordinator.abortTimedOutTransactions`, `TransactionStateManager.timedOutTransactions`, core, 4.1.
    pub(super) fn abort_timed_out(&mut self, now: Time) {
        let timeout = self.timeout;
        let is_old =
            |known: &Transaction| known.state == State::Ongoing && !known.pending && known.began + timeout < now;
        let old: Vec<_> = self.known.iter().filter(|(_, known)| is_old(known)).map(|(id, _)| *id).collect();
        for id in old {
            self.fence(id, Then::TimeOut);
        }
    }

    /// Begins to write a change down.
    pub(super) fn write(&mut self, id: TransactionalId, next: Transaction, then: Then) {
        self.last_write.0 += 1;
        let write = self.last_write;
        self.acts.push(Act::Write(write, next.payloads(id)));
        self.writes.insert(write, Write { id, next, then });
        if let Some(known) = self.known.get_mut(&id) {
            known.pending = true;
        }
    }

    /// A change is written down, or could not be: then it is as if it had not been asked for, though the record may stay
    /// in the log, for the next coordinator to find.
    ///
    /// Source: `TransactionStateManager.appendTransactionToLog`, core, 4.1.
    pub(super) fn logged(&mut self, write: LogWrite, result: Result<(), ErrorCode>, now: Time) {
        let Some(Write { id, next, then }) = self.writes.remove(&write) else { return };
        let Some(known) = self.known.get_mut(&id) else { return };
        known.pending = false;
        match result {
            Ok(()) => {
                *known = Transaction { updated: now, ..next };
                self.proceed(id, then);
            }
            Err(error) => {
                let is_fence = matches!(then, Then::Fence(_) | Then::TimeOut);
                known.has_failed_fence |= is_fence && !self.epoch_each;
                if let Then::Complete = then {
                    known.pending = true;
                    self.unwritten.push(id);
                }
                self.refuse(then, commit_error(error));
            }
        }
    }

    fn proceed(&mut self, id: TransactionalId, then: Then) {
        let identity = self.known[&id].identity();
        match then {
            Then::TellProducerId(Asker(to, correlation)) => {
                let reply = ProducerIdIs { correlation, result: Ok(identity) };
                self.acts.push(Act::Send(to, Transactional::ProducerIdIs(reply)));
            }
            Then::TellAdded(asker) => self.tell_added(asker, Ok(())),
            Then::End(asker) => {
                let becomes = self.epoch_each.then_some(identity);
                self.tell_ended(asker, Ok(becomes));
                self.begin_markers(id);
            }
            Then::Fence(_) => {
                self.refuse(then, ErrorCode::ConcurrentTransactions);
                self.begin_markers(id);
            }
            Then::TimeOut => self.begin_markers(id),
            Then::Complete => {}
        }
    }

    fn tell_added(&mut self, Asker(to, correlation): Asker, result: Result<(), ErrorCode>) {
        let reply = PartitionsAdded { correlation, result };
        self.acts.push(Act::Send(to, Transactional::PartitionsAdded(reply)));
    }
    pub(super) fn tell_ended(&mut self, Asker(to, correlation): Asker, result: Result<Option<Identity>, ErrorCode>) {
        let reply = TransactionEnded { correlation, result };
        self.acts.push(Act::Send(to, Transactional::TransactionEnded(reply)));
    }

    fn refuse(&mut self, then: Then, error: ErrorCode) {
        match then {
            Then::TellProducerId(Asker(to, correlation)) | Then::Fence(Asker(to, correlation)) => {
                let reply = ProducerIdIs { correlation, result: Err(error) };
                self.acts.push(Act::Send(to, Transactional::ProducerIdIs(reply)));
            }
            Then::TellAdded(asker) => self.tell_added(asker, Err(error)),
            Then::End(asker) => self.tell_ended(asker, Err(error)),
            Then::TimeOut | Then::Complete => {}
        }
    }
}

//! Transactions as a Java producer and its application run them: `initTransactions()` first, a transaction from the first
//! send on, and an end that says how all of its messages fared.
//!
//! The application is the usual one. If a commit fails in a way that can be taken back it aborts; if it fails for good, or
//! takes longer than `max.block.ms`, it makes a new producer with the same transactional id, whose `initTransactions()` ends
//! what the old one has left. What a commit that took too long has come to it does not know.
//!
//! Source: `TransactionManager`, `Sender.{runOnce,maybeSendAndPollTransactionalRequest}`, `KafkaProducer` at 4.1; KIP-98,
//! KIP-360, KIP-890.
//!
//! Simplified: a new producer keeps the connections of the old one. Gives up: some round trips.
//! Simplified: an `initTransactions()` that takes longer than `max.block.ms` is called again, without end. Gives up:
//! applications that stop instead.

mod asking;
mod ending;
mod failing;

use std::collections::{BTreeSet, VecDeque};

use ackproof_core::actor::Ctx;
use ackproof_core::app::{MsgId, Origin, Outcome};
use ackproof_core::time::{Span, Time};

use super::Producer;
use super::sequences::Sequences;
use crate::config::{Config, ProducerConfig};
use crate::model::Kafka;
use crate::sequence::Identity;
use crate::transaction::{Ending, TransactionalId};
pub use failing::Failing;
use failing::Failures;

/// What was asked of the coordinator. At most one question is on its way, and no batch is sent meanwhile.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Question {
    Init,
    Add,
    /// Of the group's coordinator: whether progress is stored in the transaction.
    Offsets,
    End(Ending),
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum State {
    /// `initTransactions()`, or a newer epoch is asked for after an abort.
    Initializing,
    Ready,
    Open,
    /// Something failed: the transaction can only be aborted.
    Failed,
    Ending {
        ending: Ending,
        since: Time,
    },
}

#[derive(Debug)]
pub struct Transaction {
    id: TransactionalId,
    /// `transaction.version=2`: every transaction has an epoch, and partitions need not be added by the client.
    epoch_each: bool,
    max_block: Span,
    /// `transaction.timeout.ms`.
    timeout: Span,
    failed: Failures,
    identity: Option<Identity>,
    state: State,
    /// How the application wants the transaction to end.
    wish: Option<Ending>,
    /// Sent by the application and not told.
    messages: Vec<MsgId>,
    /// Sent before `initTransactions()` was done.
    early: VecDeque<MsgId>,
    /// Partitions whose leaders may be sent to.
    added: BTreeSet<Origin>,
    adding: BTreeSet<Origin>,
    question: Option<Question>,
    not_before: Time,
    failures: u32,
    /// The coordinator may know of the transaction.
    has_begun: bool,
    /// After the abort a newer epoch has to be asked for.
    needs_epoch: bool,
    /// A commit was asked for, and what came of it is not known.
    in_doubt: bool,
    /// The last one has ended and is told when the newer epoch is there.
    ended: Option<Ending>,
}

impl Transaction {
    /// `None` without a `transactional.id`.
    pub fn new(config: &Config, id: TransactionalId) -> Option<Transaction> {
        Some(Transaction {
            timeout: config.producer.transaction_timeout?,
            failed: Failures::default(),
            id,
            epoch_each: config.broker.transactions.epoch_each,
            max_block: config.producer.max_block,
            identity: None,
            state: State::Initializing,
            wish: None,
            messages: Vec::new(),
            early: VecDeque::new(),
            added: BTreeSet::new(),
            adding: BTreeSet::new(),
            question: None,
            not_before: Time::ZERO,
            failures: 0,
            has_begun: false,
            needs_epoch: false,
            in_doubt: false,
            ended: None,
        })
    }

    pub fn is_ready(&self) -> bool {
        self.identity.is_some()
    }
    /// Why its transactions come to nothing, if the last ones did.
    pub fn failing(&self) -> Option<Failing> {
        self.failed.lasting()
    }
    pub fn is_idle(&self) -> bool {
        self.state == State::Ready && self.messages.is_empty() && self.early.is_empty() && self.question.is_none()
    }
    /// Whether batches may go to this partition.
    pub fn has(&self, origin: Origin) -> bool {
        self.epoch_each || self.added.contains(&origin)
    }
    pub fn is_asking(&self) -> bool {
        self.question.is_some()
    }
    /// Whether what waits for company is sent at once: `commitTransaction()` flushes.
    pub fn is_flushing(&self) -> bool {
        matches!(self.state, State::Ending { .. })
    }
    fn open(&mut self, now: Time) {
        self.state = State::Open;
        self.failed.begin(now);
    }
    fn is_aborting(&self) -> bool {
        matches!(self.state, State::Ending { ending: Ending::Abort, .. })
    }

    /// Something failed that an abort repairs. Unless the transaction is being ended already, the client will ask for a
    /// newer epoch then; with an epoch for each transaction it gets one anyway.
    ///
    /// Source: `TransactionManager.{maybeTransitionToErrorState,transitionToAbortableError}` at 4.1.
    pub fn fail(&mut self) {
        self.needs_epoch |= !self.epoch_each && !self.is_flushing();
        self.set_failed();
    }
    /// Numbers are missing, whatever the state.
    ///
    /// Source: `TransactionManager.{maybeResolveSequences,transitionToAbortableErrorOrFatalError}` at 4.1.
    pub fn lose_track(&mut self) {
        self.needs_epoch |= !self.epoch_each;
        self.set_failed();
    }
    fn set_failed(&mut self) {
        match self.state {
            State::Open => self.state = State::Failed,
            // commitTransaction() throws, and the application aborts.
            State::Ending { ending: Ending::Commit, since } if !matches!(self.question, Some(Question::End(_))) => {
                self.state = State::Ending { ending: Ending::Abort, since };
            }
            State::Ending { .. } | State::Failed | State::Ready | State::Initializing => {}
        }
    }
}

impl Producer {
    /// A message belongs to the transaction, which begins if there is none. In one that has failed `send()` throws.
    #[cold]
    pub(super) fn send_in_transaction(&mut self, ctx: &mut Ctx<'_, Kafka>, msg: MsgId) {
        let Some(own) = &mut self.transaction else { return };
        match own.state {
            State::Initializing => return own.early.push_back(msg),
            State::Ready => own.open(ctx.wall_clock()),
            State::Open => {}
            State::Failed | State::Ending { .. } => return own.messages.push(msg),
        }
        own.has_begun |= own.epoch_each;
        own.messages.push(msg);
        self.accumulator.wait(msg, ctx.wall_clock());
    }

    /// Takes the transaction as far as it can go now.
    pub(super) fn conduct(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let Some(own) = &mut self.transaction else { return };
        if own.state != State::Initializing {
            for msg in std::mem::take(&mut own.early) {
                self.send_in_transaction(ctx, msg);
            }
        }
        let (is_flushed, has_offsets) = (self.has_no_batches(), self.has_offsets());
        let Some(own) = &mut self.transaction else { return };
        if self.closing && is_flushed && own.early.is_empty() && matches!(own.state, State::Open | State::Failed) {
            // Source: `Sender.run` at 4.1.
            own.wish = Some(Ending::Abort);
        }
        if own.state == State::Ready && own.early.is_empty() && has_offsets {
            own.open(now);
        }
        let mut is_nothing = false;
        match (own.state, own.wish) {
            (State::Open, Some(ending)) => own.state = State::Ending { ending, since: now },
            (State::Failed, Some(_)) => own.state = State::Ending { ending: Ending::Abort, since: now },
            (State::Ready, Some(_)) if own.early.is_empty() => {
                own.wish = None;
                is_nothing = true;
            }
            (State::Initializing | State::Ready | State::Open | State::Failed | State::Ending { .. }, _) => {}
        }
        if own.is_aborting() {
            self.accumulator.drop_unsent();
        }
        if is_nothing {
            self.heard(&Outcome::Aborted);
        }
        self.give_up_ending(ctx, now);
        self.ask_coordinator(ctx, now);
    }

    pub(super) fn identity(&self) -> Option<Identity> {
        self.transaction.as_ref()?.identity
    }
    pub(super) fn fail_transaction(&mut self) {
        if let Some(within) = &mut self.within {
            within.offsets = None;
        }
        if let Some(own) = &mut self.transaction {
            own.fail();
        }
    }

    /// A batch has got as far as it will. Its messages are told with the others of their transaction.
    pub(super) fn finished_in_transaction(&mut self, outcome: &Outcome) {
        let Some(own) = &mut self.transaction else { return };
        match outcome {
            Outcome::Acked | Outcome::Untold | Outcome::Aborted => {}
            Outcome::Rejected(_) | Outcome::Unknown(_) => own.fail(),
        }
    }

    fn initialized(&mut self, ctx: &mut Ctx<'_, Kafka>, identity: Option<Identity>) {
        self.become_known_as(identity);
        let Some(own) = &mut self.transaction else { return };
        own.state = State::Ready;
        own.needs_epoch = false;
        if let Some(ending) = own.ended.take() {
            self.tell_all(ctx, ending);
        }
    }

    fn become_known_as(&mut self, identity: Option<Identity>) {
        let (Some(own), Some(identity)) = (&mut self.transaction, identity) else { return };
        own.identity = Some(identity);
        self.sequences = Some(Sequences::beginning(identity, self.accumulator.partitions()));
        self.forget_batches();
    }
}

impl ProducerConfig {
    /// Whether everything is sent in transactions.
    pub fn is_transactional(&self) -> bool {
        self.transaction_timeout.is_some()
    }
}

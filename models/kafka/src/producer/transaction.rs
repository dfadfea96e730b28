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

use std::collections::{BTreeSet, VecDeque};

use ackproof_core::actor::Ctx;
use ackproof_core::app::{AppReply, MsgId, Origin, Outcome, Reason};
use ackproof_core::time::{Span, Time};

use super::batch::Failure;
use super::sequences::Sequences;
use super::{Asked, Producer};
use crate::config::{Config, ProducerConfig};
use crate::error_code::ErrorCode;
use crate::message::{AddPartitions, EndTransaction, Enlisting, InitProducerId, Message, Transactional};
use crate::model::Kafka;
use crate::sequence::Identity;
use crate::topic::OFFSETS;
use crate::transaction::{Ending, TransactionalId};

/// The pause before a transaction is begun again while the last one is being ended.
/// Source: `TransactionManager.ADD_PARTITIONS_RETRY_BACKOFF_MS` at 4.1.
const SOON: Span = Span(20);

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
        config.producer.transaction_timeout?;
        Some(Transaction {
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

    /// What to ask next; `is_flushed` when no batch is without an outcome.
    ///
    /// Source: `TransactionManager.nextRequest` at 4.1: requests go by priority.
    fn next_question(&self, missing: &BTreeSet<Origin>, is_flushed: bool, has_offsets: bool) -> Option<Question> {
        match self.state {
            State::Initializing => Some(Question::Init),
            State::Open if !missing.is_empty() => Some(Question::Add),
            State::Ending { ending: Ending::Commit, .. } if !missing.is_empty() => Some(Question::Add),
            State::Ending { ending: Ending::Commit, .. } if has_offsets => Some(Question::Offsets),
            State::Ending { ending, .. } if is_flushed => Some(Question::End(ending)),
            State::Ending { .. } | State::Open | State::Ready | State::Failed => None,
        }
    }
}

impl Producer {
    /// When the transaction next has something to do by itself.
    pub(super) fn transaction_due(&self, own: &Transaction, now: Time) -> Time {
        let deadline = match own.state {
            State::Ending { since, .. } => since + own.max_block,
            State::Initializing | State::Ready | State::Open | State::Failed => Time::NEVER,
        };
        let question = own.next_question(&self.missing_partitions(), self.has_no_batches(), self.has_offsets());
        let Some(question) = question.filter(|_| own.question.is_none()) else { return deadline };
        let asked = match question {
            Question::Offsets => self.leaders.coordinator(),
            Question::Init | Question::Add | Question::End(_) => self.leaders.transactions(),
        };
        let reachable = match asked {
            Some(coordinator) if self.connections.is_open(coordinator) => now,
            Some(coordinator) => self.connections.retry_at(coordinator),
            None => Time::NEVER,
        };
        deadline.min(own.not_before.max(reachable))
    }

    /// A message belongs to the transaction, which begins if there is none. In one that has failed `send()` throws.
    pub(super) fn send_in_transaction(&mut self, ctx: &mut Ctx<'_, Kafka>, msg: MsgId) {
        let Some(own) = &mut self.transaction else { return };
        match own.state {
            State::Initializing => return own.early.push_back(msg),
            State::Ready => own.state = State::Open,
            State::Open => {}
            State::Failed | State::Ending { .. } => return own.messages.push(msg),
        }
        own.has_begun |= own.epoch_each;
        own.messages.push(msg);
        self.accumulator.wait(msg, ctx.wall_clock());
    }

    pub(super) fn end_transaction(&mut self, commit: bool) {
        if let Some(own) = &mut self.transaction {
            own.wish = Some(if commit { Ending::Commit } else { Ending::Abort });
        }
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
            own.state = State::Open;
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

    /// Source: `TransactionManager.handleCachedTransactionRequestResult`, `TransactionalRequestResult.await` at 4.1.
    fn give_up_ending(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let Some(own) = &self.transaction else { return };
        let State::Ending { ending, since } = own.state else { return };
        if since + own.max_block > now {
            return;
        }
        match ending {
            Ending::Commit => self.start_over(ctx, || Outcome::Unknown(Reason::new(Failure::GIVEN_UP))),
            Ending::Abort => self.start_over(ctx, || Outcome::Aborted),
        }
    }

    fn ask_coordinator(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let is_flushed = self.has_no_batches();
        let (missing, has_offsets) = (self.missing_partitions(), self.has_offsets());
        let Some(own) = &mut self.transaction else { return };
        if own.question.is_some() || now < own.not_before {
            return;
        }
        let Some(question) = own.next_question(&missing, is_flushed, has_offsets) else { return };
        if let Question::End(ending) = question
            && !own.has_begun
        {
            return self.ended(ctx, ending, None);
        }
        if question == Question::Offsets {
            if self.send_offsets(ctx)
                && let Some(own) = &mut self.transaction
            {
                own.question = Some(question);
            }
            return;
        }
        let Some(coordinator) = self.leaders.transactions() else { return self.leaders.want() };
        if !self.connections.is_open(coordinator) {
            return self.connections.open(ctx, coordinator);
        }
        let (id, identity) = (own.id, own.identity);
        own.question = Some(question);
        if question == Question::Add {
            own.adding = missing.clone();
        }
        let base = if self.within.is_some() { Origin::OUTPUT } else { 0 };
        let named = move |origin: &Origin| if origin.is_internal() { *origin } else { Origin(base + origin.0) };
        self.connections.ask(ctx, coordinator, Asked::Coordinator(question), |correlation| {
            let message = match (question, identity) {
                (Question::Add, Some(identity)) => Transactional::AddPartitions(AddPartitions {
                    correlation,
                    id: Some(id),
                    identity,
                    partitions: missing.iter().map(named).collect(),
                    enlisting: Enlisting::Add,
                }),
                (Question::End(ending), Some(identity)) => {
                    Transactional::EndTransaction(EndTransaction { correlation, id, identity, ending })
                }
                (Question::Init | Question::Add | Question::Offsets | Question::End(_), expected) => {
                    Transactional::InitProducerId(InitProducerId { correlation, id, expected })
                }
            };
            Message::Transactional(Box::new(message))
        });
    }

    /// Partitions with batches that were not added to the transaction.
    fn missing_partitions(&self) -> BTreeSet<Origin> {
        let Some(own) = &self.transaction else { return BTreeSet::new() };
        let has_batches = |&index: &u16| !own.epoch_each && self.accumulator.has_head(index);
        let written = (0..self.accumulator.partitions()).filter(has_batches).map(Origin);
        let stored = self.has_offsets().then_some(OFFSETS);
        written.chain(stored).filter(|origin| !own.added.contains(origin)).collect()
    }

    /// Progress is to be stored in the transaction.
    fn has_offsets(&self) -> bool {
        self.within.as_ref().is_some_and(|within| within.offsets.is_some())
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
    pub(super) fn ask_again_later(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.wall_clock();
        let Some(own) = &mut self.transaction else { return };
        own.failures += 1;
        own.not_before = now + self.config.backoff.draw(own.failures, ctx.random);
    }

    /// A batch has got as far as it will. Its messages are told with the others of their transaction.
    pub(super) fn finished_in_transaction(&mut self, outcome: &Outcome) {
        let Some(own) = &mut self.transaction else { return };
        match outcome {
            Outcome::Acked | Outcome::Untold | Outcome::Aborted => {}
            Outcome::Rejected(_) | Outcome::Unknown(_) => own.fail(),
        }
    }

    /// The question is not going to be answered.
    pub(super) fn question_lost(&mut self, ctx: &mut Ctx<'_, Kafka>, question: Question) {
        let now = ctx.wall_clock();
        let Some(own) = &mut self.transaction else { return };
        if own.question.take_if(|asked| *asked == question).is_none() {
            return;
        }
        own.in_doubt |= question == Question::End(Ending::Commit);
        own.failures += 1;
        own.not_before = now + self.config.backoff.draw(own.failures, ctx.random);
    }

    /// The coordinator has answered.
    pub(super) fn coordinator_answered(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        question: Question,
        result: Result<Option<Identity>, ErrorCode>,
    ) {
        let Some(own) = &mut self.transaction else { return };
        if own.question.take_if(|asked| *asked == question).is_none() {
            return;
        }
        match (question, result) {
            (Question::Init, Ok(identity)) => {
                own.failures = 0;
                self.initialized(ctx, identity);
            }
            (Question::Offsets, result) => self.offsets_stored(ctx, result.map(|_| ())),
            (Question::Add, Ok(_)) => {
                own.failures = 0;
                own.added.append(&mut own.adding);
                own.has_begun = true;
            }
            (Question::End(ending), Ok(identity)) => {
                own.failures = 0;
                self.ended(ctx, ending, identity);
            }
            (_, Err(error)) => self.question_failed(ctx, question, error),
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

    /// Answers to batches that are still on their way are of no interest any more.
    fn forget_batches(&mut self) {
        for asked in self.connections.in_flight_mut() {
            if let Asked::Produce { batch, end, .. } = asked {
                (*batch, *end) = (None, None);
            }
        }
    }

    /// The transaction has ended as it was asked to.
    ///
    /// Source: `TransactionManager.{EndTxnHandler.handleResponse,resetTransactionState}` at 4.1.
    fn ended(&mut self, ctx: &mut Ctx<'_, Kafka>, ending: Ending, identity: Option<Identity>) {
        self.become_known_as(identity);
        let Some(own) = &mut self.transaction else { return };
        own.close();
        if std::mem::take(&mut own.needs_epoch) {
            own.state = State::Initializing;
            own.ended = Some(ending);
        } else {
            own.state = State::Ready;
            self.tell_all(ctx, ending);
        }
    }

    fn tell_all(&mut self, ctx: &mut Ctx<'_, Kafka>, ending: Ending) {
        let outcome = match ending {
            Ending::Commit => Outcome::Acked,
            Ending::Abort => Outcome::Aborted,
        };
        self.tell_of_transaction(ctx, || outcome.clone());
    }

    fn tell_of_transaction(&mut self, ctx: &mut Ctx<'_, Kafka>, outcome: impl Fn() -> Outcome) {
        let is_within = self.heard(&outcome());
        let Some(own) = &mut self.transaction else { return };
        for msg in std::mem::take(&mut own.messages) {
            if !is_within {
                ctx.tell(AppReply::Told { msg, outcome: outcome() });
            }
        }
    }

    /// Source: the handlers of `TransactionManager` at 4.1.
    fn question_failed(&mut self, ctx: &mut Ctx<'_, Kafka>, question: Question, error: ErrorCode) {
        use ErrorCode as E;
        let now = ctx.wall_clock();
        let Some(own) = &mut self.transaction else { return };
        match error {
            E::ConcurrentTransactions | E::NotCoordinator | E::CoordinatorNotAvailable => {
                own.failures += 1;
                let mut pause = self.config.backoff.draw(own.failures, ctx.random);
                if error == E::ConcurrentTransactions {
                    if question == Question::Add && own.added.is_empty() {
                        pause = pause.min(SOON);
                    }
                } else {
                    // The decision may be in the log of a coordinator that could not have it replicated in time.
                    own.in_doubt |= question == Question::End(Ending::Commit);
                    self.leaders.want();
                }
                own.not_before = now + pause;
            }
            E::TransactionAbortable => own.fail(),
            other => self.shut_out(ctx, other),
        }
    }

    pub(super) fn shut_out(&mut self, ctx: &mut Ctx<'_, Kafka>, error: ErrorCode) {
        let in_doubt = self.transaction.as_ref().is_some_and(|own| own.in_doubt);
        ctx.note(|| format!("is shut out: {error}; the application makes a new producer"));
        self.start_over(ctx, || match in_doubt {
            true => Outcome::Unknown(Reason::new(error.word())),
            false => Outcome::Aborted,
        });
    }

    /// The application gives this producer up and makes another one with the same transactional id.
    pub(super) fn start_over(&mut self, ctx: &mut Ctx<'_, Kafka>, outcome: impl Fn() -> Outcome) {
        self.tell_of_transaction(ctx, outcome);
        let Some(own) = &mut self.transaction else { return };
        own.close();
        own.identity = None;
        own.question = None;
        own.needs_epoch = false;
        own.ended = None;
        own.state = State::Initializing;
        own.not_before = Time::ZERO;
        self.sequences = None;
        self.accumulator.clear();
        self.forget_batches();
    }
}

impl Transaction {
    fn close(&mut self) {
        self.wish = None;
        self.added.clear();
        self.adding.clear();
        self.has_begun = false;
        self.in_doubt = false;
        self.failures = 0;
    }
}

impl ProducerConfig {
    /// Whether everything is sent in transactions.
    pub fn is_transactional(&self) -> bool {
        self.transaction_timeout.is_some()
    }
}

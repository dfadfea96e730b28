//! The Java producer: batches per partition, requests in flight, retries, and what the application is told.
//!
//! The broker's answer and what the application hears are two things. A batch fails for certain only if every attempt
//! to send it was refused before anything was appended, or none was ever made; otherwise nobody can know.
//!
//! Source: `Sender`, `RecordAccumulator`, `ProducerBatch`, `KafkaProducer` at 4.1.
//!
//! Simplified: a request carries one batch of one partition, where Java puts the batches of all partitions that one
//! broker leads into one. Gives up: with many partitions, more than `max.in.flight.requests.per.connection` batches on
//! the way at a time.
//! Simplified: a message goes to partition `number % partitions`. Gives up: the stickiness that fills larger batches.
//! Simplified: an application that `send()` would block goes on and its messages wait in line. Gives up: nothing that
//! it could be told.

mod accumulator;
mod batch;
mod sequences;
mod transaction;
mod within;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::{AppCall, AppReply, MsgId, Origin, Outcome, Reason};
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use crate::client::{Answer, Connections, Leaders, Lost, Rang, WAKE, WAKE_WITHIN, Wake};
use crate::config::{Acks, ProducerConfig, Rules};
use crate::error_code::ErrorCode;
use crate::message::{Message, Produce, Produced, Transactional};
use crate::metadata::NodeSet;
use crate::model::Kafka;
use crate::plan::Plan;
use crate::sequence::{ProducerId, Sequence};
use crate::transaction::TransactionalId;
use accumulator::Accumulator;
use batch::Batch;
pub use batch::Failure;
use sequences::Sequences;
use transaction::{Question, Transaction};
use within::Within;

/// What the producer remembers of a request.
#[derive(Debug)]
enum Asked {
    Metadata,
    Coordinator(Question),
    /// `batch` is `None` once it was given up: the request is still on its way and takes its place in the line.
    Produce {
        origin: Origin,
        batch: Option<Batch>,
        /// Of a batch that was given up, one past its last message.
        end: Option<Sequence>,
    },
}

/// A producer's process.
#[derive(Debug)]
pub struct Producer {
    config: ProducerConfig,
    rules: Rules,
    accumulator: Accumulator,
    connections: Connections<Asked>,
    leaders: Leaders,
    /// `None` before the process has begun or, with transactions, knows its id; and without idempotence.
    sequences: Option<Sequences>,
    /// `None` without a transactional id.
    transaction: Option<Box<Transaction>>,
    /// It writes a consumer's results, in the consumer's process: it is driven by it, and tells it instead of an
    /// application.
    within: Option<Within>,
    wake: Wake,
    /// Which partition is served first, in turn.
    turn: usize,
    /// A clean stop was asked for: what is left is sent, and nothing more taken.
    closing: bool,
}

impl Producer {
    pub fn new(plan: &Plan, node: NodeId) -> Producer {
        let transacts = plan.config.sends_in_transactions;
        Producer::with(plan, node, transacts, None)
    }

    /// One that writes the results of the consumer on `node`.
    pub fn within(plan: &Plan, node: NodeId) -> Producer {
        Producer::with(plan, node, true, Some(Within::default()))
    }

    fn with(plan: &Plan, node: NodeId, transacts: bool, within: Option<Within>) -> Producer {
        let config = &plan.config;
        let partitions = config.topic.partitions;
        let (own, results) = if within.is_some() { (0, partitions) } else { (partitions, 0) };
        let producer = &config.producer;
        let connection = &producer.connection;
        Producer {
            config: producer.clone(),
            rules: config.rules,
            accumulator: Accumulator::new(producer, config.topic.partitions),
            connections: Connections::new(connection.clone(), config.brokers),
            leaders: Leaders::new(connection.clone(), own, results),
            sequences: None,
            transaction: transacts.then(|| Transaction::new(config, TransactionalId(node))).flatten().map(Box::new),
            wake: within.as_ref().map_or_else(Wake::default, |_| Wake::of(WAKE_WITHIN)),
            within,
            turn: 0,
            closing: false,
        }
    }

    /// Whether it knows where to send.
    pub fn is_ready(&self) -> bool {
        self.leaders.are_complete() && self.transaction.as_ref().is_none_or(|own| own.is_ready())
    }

    /// Whether its application has been told the outcome of everything.
    pub fn is_idle(&self) -> bool {
        self.has_no_batches() && self.transaction.as_ref().is_none_or(|own| own.is_idle())
    }

    /// Whether nothing is waiting to be sent, or sent without an outcome.
    fn has_no_batches(&self) -> bool {
        self.accumulator.is_empty()
            && !self.connections.in_flight().any(|asked| matches!(asked, Asked::Produce { batch: Some(_), .. }))
    }
}

impl Actor<Kafka> for Producer {
    fn on(&mut self, ctx: &mut Ctx<'_, Kafka>, event: Event<Message>) {
        match event {
            Event::Start => {
                match self.within {
                    Some(_) => self.connections.begin_within(ctx.incarnation),
                    None => self.connections.begin(ctx.incarnation),
                }
                let id = ProducerId::of(ctx.node, ctx.incarnation);
                let partitions = self.accumulator.partitions();
                let is_by_itself = self.config.is_idempotent && self.transaction.is_none();
                self.sequences = is_by_itself.then(|| Sequences::new(id, partitions));
            }
            Event::Timer(id) => {
                debug_assert!(id == WAKE || id == WAKE_WITHIN);
                match self.wake.rang(ctx) {
                    Rang::OnTime => self.time_out(ctx),
                    Rang::Late => self.wake.soon(ctx),
                }
            }
            Event::Message { from, body } => self.on_message(ctx, from, body),
            Event::Closed { peer } => self.disconnected(ctx, peer, Failure::DISCONNECTED),
            Event::App(AppCall::Send { msg, attempt: _ }) => self.send(ctx, msg),
            Event::Stop => self.closing = true,
            Event::App(AppCall::EndTransaction { commit }) => self.end_transaction(commit),
            Event::App(AppCall::Finished { .. }) => {}
            Event::Synced { .. } | Event::MoveLeader { .. } => {}
        }
        self.run(ctx);
    }
}

impl Producer {
    fn on_message(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, body: Message) {
        match body {
            Message::Produced(Produced { correlation, result }) => match self.connections.answered(from, correlation) {
                Answer::Reply(Asked::Produce { batch: Some(batch), .. }) => {
                    self.answered(ctx, batch, result.err());
                }
                Answer::Reply(Asked::Produce { batch: None, origin, end }) if result.is_ok() => {
                    self.confirmed(origin, end);
                }
                Answer::Reply(Asked::Produce { .. } | Asked::Metadata | Asked::Coordinator(_)) => {}
                Answer::Opened | Answer::Stale => {}
            },
            Message::Transactional(reply) => self.on_coordinator(ctx, from, &reply),
            Message::OffsetCommitted(told) => match self.connections.answered(from, told.correlation) {
                Answer::Reply(Asked::Coordinator(question)) => {
                    self.coordinator_answered(ctx, question, told.result.map(|()| None));
                }
                Answer::Reply(Asked::Metadata | Asked::Produce { .. }) | Answer::Opened | Answer::Stale => {}
            },
            Message::MetadataIs(told) => {
                match self.connections.answered(from, told.correlation) {
                    Answer::Opened => {}
                    Answer::Reply(Asked::Metadata) => self.leaders.settled(true),
                    Answer::Reply(Asked::Produce { .. } | Asked::Coordinator(_)) | Answer::Stale => return,
                }
                self.leaders.learn(&told.image, ctx.wall_clock());
            }
            other => debug_assert!(false, "a producer was sent {other:?}"),
        }
    }

    fn on_coordinator(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, reply: &Transactional) {
        let (correlation, result) = match reply {
            Transactional::ProducerIdIs(told) => (told.correlation, told.result.map(Some)),
            Transactional::PartitionsAdded(told) => (told.correlation, told.result.map(|()| None)),
            Transactional::TransactionEnded(told) => (told.correlation, told.result),
            other => return debug_assert!(false, "a producer was sent {other:?}"),
        };
        match self.connections.answered(from, correlation) {
            Answer::Reply(Asked::Coordinator(question)) => self.coordinator_answered(ctx, question, result),
            Answer::Reply(Asked::Metadata | Asked::Produce { .. }) | Answer::Opened | Answer::Stale => {}
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_, Kafka>, msg: MsgId) {
        if self.closing {
            // Source: `KafkaProducer.throwIfProducerClosed`.
            let outcome = Outcome::Rejected(Reason::new("IllegalStateException"));
            return ctx.tell(AppReply::Told { msg, outcome });
        }
        match self.transaction {
            Some(_) => self.send_in_transaction(ctx, msg),
            None => self.accumulator.wait(msg, ctx.wall_clock()),
        }
    }

    /// One turn of the sender's loop. Source: `Sender.runOnce` at 4.1.
    fn run(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.wall_clock();
        self.settle_sequences(ctx);
        if self.leaders.are_known() {
            self.accumulator.admit(now);
        }
        self.conduct(ctx, now);
        while self.send_batches(ctx, now) {}
        self.leaders.refresh(ctx, &mut self.connections, || Asked::Metadata);
        if self.closing && self.is_idle() && self.within.is_none() {
            return ctx.exit("closed");
        }
        let due = self.due(now);
        self.wake.by(ctx, now, due, self.config.request_timeout);
    }

    /// Gives up on what has taken too long. What may be sent is sent first, even if it is then given up at once.
    /// Source: `Sender.sendProducerData` at 4.1.
    fn time_out(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.wall_clock();
        while let Some(peer) = self.connections.overdue(now) {
            ctx.close(peer);
            if let Some(within) = &mut self.within {
                within.closed.push(peer);
            }
            self.disconnected(ctx, peer, Failure::TIMED_OUT);
        }
        self.settle_sequences(ctx);
        while self.send_batches(ctx, now) {}
        self.expire(ctx, now);
    }

    /// Sends at most one batch of each partition to the brokers for which something must go. A broker that is written
    /// to gets what else waits for it, lingering or not. Whether anything was sent.
    ///
    /// Source: `RecordAccumulator.ready`, `drainBatchesForOneNode` at 4.1.
    fn send_batches(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) -> bool {
        // Source: `Sender.runOnce` at 4.1: what is asked of the coordinator comes first.
        if !self.accumulator.has_batches() || self.transaction.as_ref().is_some_and(|own| own.is_asking()) {
            return false;
        }
        let flushes = self.closing || self.transaction.as_ref().is_some_and(|own| own.is_flushing());
        let mut targets = NodeSet::EMPTY;
        for index in 0..self.accumulator.partitions() {
            if !self.accumulator.has_head(index) {
                continue;
            }
            let Some((leader, epoch)) = self.leaders.of(self.origin(index)) else {
                self.leaders.want();
                continue;
            };
            let leader_changed = self.rules.new_leader_ends_backoff.then_some(epoch);
            let may_go = !self.is_muted(index) && self.is_added(index);
            if may_go && self.accumulator.must_go(index, now, leader_changed, flushes) {
                targets = targets.with(leader);
            }
        }
        let mut sent = false;
        for target in targets.iter() {
            if self.connections.is_open(target) {
                sent |= self.drain(ctx, target, now);
            } else {
                self.connections.open(ctx, target);
            }
        }
        sent
    }

    /// With one request in flight, a partition waits for its batch to succeed or fail for good: the order is kept.
    /// Source: `Sender.guaranteeMessageOrder`, `KafkaProducer.newSender` at 4.1.
    fn is_muted(&self, index: u16) -> bool {
        self.config.max_in_flight == 1
            && self
                .connections
                .in_flight()
                .any(|asked| matches!(asked, Asked::Produce { origin, .. } if *origin == Origin(index)))
    }

    /// What the cluster calls a partition.
    fn origin(&self, index: u16) -> Origin {
        Origin(if self.within.is_some() { Origin::OUTPUT + index } else { index })
    }

    /// Whether a partition is part of the transaction, where there are transactions.
    /// Source: `TransactionManager.isSendToPartitionAllowed` at 4.1.
    fn is_added(&self, index: u16) -> bool {
        self.transaction.as_ref().is_none_or(|own| own.has(Origin(index)))
    }

    /// Sends the first batch of each partition that `target` leads, as far as requests in flight allow.
    fn drain(&mut self, ctx: &mut Ctx<'_, Kafka>, target: NodeId, now: Time) -> bool {
        let partitions = usize::from(self.accumulator.partitions());
        let mut sent = false;
        for step in 0..partitions {
            if self.connections.load(target) >= self.config.max_in_flight as usize {
                break;
            }
            let index = ((self.turn + step) % partitions) as u16;
            let Some((leader, epoch)) = self.leaders.of(self.origin(index)) else { continue };
            if leader != target || self.is_muted(index) || self.is_held(index) || !self.is_added(index) {
                continue;
            }
            let leader_changed = self.rules.new_leader_ends_backoff.then_some(epoch);
            let Some(mut batch) = self.accumulator.take(index, now, leader_changed) else { continue };
            batch.sent_in(epoch);
            if let (Some(sequences), None) = (&mut self.sequences, batch.number()) {
                batch.first_number(sequences.number(batch.origin, batch.messages().len() as u32));
            }
            self.produce(ctx, target, batch);
            sent = true;
        }
        self.turn = (self.turn + 1) % partitions;
        sent
    }

    fn produce(&mut self, ctx: &mut Ctx<'_, Kafka>, target: NodeId, mut batch: Batch) {
        let (acks, timeout) = (self.config.acks, self.config.request_timeout);
        let origin = self.origin(batch.origin.0);
        let (first, timestamp, batch_of) = (batch.number(), batch.newest, batch.seal());
        let request = |correlation| {
            Message::Produce(Produce { correlation, origin, acks, timeout, first, timestamp, batch: batch_of })
        };
        match acks {
            // Nobody answers, so that a batch is done as soon as it is written. Source: `NetworkClient.handleCompletedSends`.
            Acks::None => {
                self.connections.tell(ctx, target, request);
                self.finish(ctx, &batch, || Outcome::Untold);
            }
            Acks::Leader | Acks::All => {
                let asked = Asked::Produce { origin: batch.origin, batch: Some(batch), end: None };
                self.connections.ask(ctx, target, asked, request);
            }
        }
    }

    /// A broker answered. Source: `Sender.completeBatch` at 4.1.
    fn answered(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch, error: Option<ErrorCode>) {
        match error {
            None => {
                self.confirmed(batch.origin, batch.end());
                self.finish(ctx, &batch, || Outcome::Acked);
            }
            Some(code) => self.attempt_failed(ctx, batch, Failure::of(code)),
        }
    }

    /// The connection is gone, and with it what was on its way.
    fn disconnected(&mut self, ctx: &mut Ctx<'_, Kafka>, peer: NodeId, failure: Failure) {
        let lost: Option<Lost<Asked>> = self.connections.lose(peer, ctx.wall_clock(), ctx.random);
        let Some(lost) = lost else { return };
        self.leaders.want();
        for request in lost {
            match request.what {
                Asked::Metadata => self.leaders.settled(false),
                Asked::Coordinator(question) => self.question_lost(ctx, question),
                Asked::Produce { batch: Some(batch), .. } => self.attempt_failed(ctx, batch, failure),
                Asked::Produce { batch: None, .. } => {}
            }
        }
    }

    /// Tries again or tells the application.
    ///
    /// A batch that is tried again goes to the head of its line, past those that were sent after it and have not
    /// failed yet; if batches are numbered, those will be refused or wait. One that an idempotent producer does not try
    /// again leaves a gap in the numbers, unless nobody knows whether it does.
    ///
    /// Source: `Sender.{canRetry,completeBatch}`, `RecordAccumulator.reenqueue`, `TransactionManager.{canRetry,
    /// handleFailedBatch}` at 4.1.
    fn attempt_failed(&mut self, ctx: &mut Ctx<'_, Kafka>, mut batch: Batch, failure: Failure) {
        let now = ctx.wall_clock();
        batch.failed(failure);
        if failure.asks_for_leaders {
            self.leaders.want();
        }
        let in_time = now < batch.created + self.config.delivery_timeout;
        let has_retries = batch.retries() < self.config.retries;
        if in_time && has_retries && self.may_pass(&batch, failure) {
            let pause = self.config.backoff.draw(batch.retries() + 1, ctx.random);
            batch.retry(now, pause);
            self.accumulator.put_back(batch);
        } else {
            let leaves_gap = has_retries || failure.is_out_of_order;
            match (&mut self.sequences, &self.transaction) {
                (Some(sequences), None) if leaves_gap => sequences.lose(batch.origin),
                (Some(sequences), Some(_)) if leaves_gap => sequences.take_back(&batch),
                (Some(_) | None, _) => {}
            }
            self.fail(ctx, &batch, failure.word);
        }
    }

    /// Gives up what is too old: what waits, and what is on its way, which the broker may still append.
    ///
    /// Source: `Sender.sendProducerData`, `getExpiredInflightBatches`, `RecordAccumulator.expiredBatches` at 4.1.
    fn expire(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        while let Some(msg) = self.accumulator.give_up_waiting(now) {
            let outcome = Outcome::Rejected(Reason::new(Failure::GIVEN_UP));
            match self.transaction {
                Some(_) => self.finished_in_transaction(&outcome),
                None => ctx.tell(AppReply::Told { msg, outcome }),
            }
        }
        let timeout = self.config.delivery_timeout;
        while let Some(batch) = self.accumulator.expired(now) {
            self.give_up(ctx, &batch);
        }
        loop {
            let expired = self.connections.in_flight_mut().find_map(|asked| match asked {
                Asked::Produce { batch, end, .. } => {
                    let expired = batch.take_if(|batch| batch.created + timeout <= now)?;
                    *end = expired.end();
                    Some(expired)
                }
                Asked::Metadata | Asked::Coordinator(_) => None,
            });
            let Some(mut batch) = expired else { break };
            batch.failed(Failure::TIMED_OUT);
            self.give_up(ctx, &batch);
        }
    }

    /// Source: `Sender.failExpiredBatches` at 4.1, which asks only for batches that were put back before.
    fn give_up(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: &Batch) {
        self.fail(ctx, batch, Failure::GIVEN_UP);
        if let (Some(sequences), Some(end)) = (&mut self.sequences, batch.end())
            && batch.retries() > 0
        {
            sequences.leave_unresolved(batch.origin, end);
        }
    }

    fn fail(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: &Batch, word: &'static str) {
        let in_doubt = batch.may_be_appended();
        self.finish(ctx, batch, || match in_doubt {
            true => Outcome::Unknown(Reason::new(word)),
            false => Outcome::Rejected(Reason::new(word)),
        });
    }

    fn finish(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: &Batch, outcome: impl Fn() -> Outcome) {
        self.accumulator.release();
        if let (Some(sequences), Some(_)) = (&mut self.sequences, batch.number()) {
            sequences.done(batch.origin);
        }
        if self.transaction.is_some() {
            return self.finished_in_transaction(&outcome());
        }
        for &msg in batch.messages() {
            ctx.tell(AppReply::Told { msg, outcome: outcome() });
        }
    }

    /// When the sender next has something to do by itself.
    fn due(&self, now: Time) -> Time {
        let mut due = self.connections.due().min(self.leaders.due(&self.connections, now));
        due = due.min(self.accumulator.waiting_due());
        for index in 0..self.accumulator.partitions() {
            if !self.accumulator.has_head(index) {
                continue;
            }
            due = due.min(self.accumulator.expiry(index));
            if let Some((leader, _)) = self.leaders.of(self.origin(index)) {
                let ready = self.accumulator.ready_at(index);
                let connected = self.connections.retry_at(leader);
                // Ready and open: a reply will wake the sender, since the requests in flight are what it waits for.
                if ready > now {
                    due = due.min(ready);
                } else if connected != Time::NEVER {
                    due = due.min(connected);
                }
            }
        }
        let expiry = |asked: &Asked| match asked {
            Asked::Produce { batch: Some(batch), .. } => batch.created + self.config.delivery_timeout,
            Asked::Produce { batch: None, .. } | Asked::Metadata | Asked::Coordinator(_) => Time::NEVER,
        };
        if let Some(own) = &self.transaction {
            due = due.min(self.transaction_due(own, now));
        }
        self.connections.in_flight().map(expiry).fold(due, Time::min)
    }
}

#[cfg(test)]
mod tests;

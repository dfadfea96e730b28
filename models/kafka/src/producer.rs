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
mod outcome;
mod sending;
mod sequences;
mod transaction;
mod within;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::{AppCall, AppReply, MsgId, Origin, Outcome, Reason};
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use crate::client::{Answer, Connections, Leaders, Lost, Rang, WAKE, WAKE_WITHIN, Wake};
use crate::config::{ProducerConfig, Rules};
use crate::message::{Message, Produced, Transactional};
use crate::model::Kafka;
use crate::plan::Plan;
use crate::sequence::{ProducerId, Sequence};
use crate::transaction::TransactionalId;
use accumulator::Accumulator;
use batch::Batch;
pub use batch::Failure;
use sequences::Sequences;
pub use transaction::Failing;
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

    /// Why its transactions come to nothing, if they do.
    pub fn failing(&self) -> Option<Failing> {
        self.transaction.as_ref()?.failing()
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

    #[cold]
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
    #[cold]
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

    /// What the cluster calls a partition.
    fn origin(&self, index: u16) -> Origin {
        Origin(if self.within.is_some() { Origin::OUTPUT + index } else { index })
    }

    /// The connection is gone, and with it what was on its way.
    #[cold]
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
                due = due.min(self.connections.goes_at(leader, self.accumulator.ready_at(index), now));
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

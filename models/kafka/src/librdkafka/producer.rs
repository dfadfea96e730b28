//! librdkafka's producer: what is sent when, what is tried again, and what the application is told.
//!
//! Source: `rdkafka_broker.c`, `rdkafka_msg.c`, `rdkafka_partition.c`, `rdkafka_request.c` at 2.15.0.
//!
//! Simplified: what has taken too long is noticed at once, where librdkafka looks every second. Gives up: outcomes that
//! come up to a second late.
//! Simplified: a connection that was lost is tried again after a pause that begins anew with a connection that opens,
//! where librdkafka begins anew after `reconnect.backoff.max.ms` without an attempt, and varies it by -25 to +50 %. Gives
//! up: seconds, when a broker goes and comes several times in a row.
//! Simplified: as for the Java client, a request carries one batch of one partition, messages go to partition
//! `number % partitions`, and a producer has its id from its start on.

mod outcome;
mod sending;

use std::collections::VecDeque;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::{AppCall, AppReply, MsgId, Origin, Outcome, Reason};
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use super::failure::{CLOSING, FATAL, Mishap, QUEUE_FULL, TIMED_OUT};
use super::idempotence::Numbers;
use super::line::{Batch, Batching, Line};
use crate::client::{Answer, Connections, Leaders, Rang, WAKE, Wake};
use crate::config::{Librdkafka, MESSAGE_BYTES, ProducerConfig};
use crate::message::{Message, Produced};
use crate::model::Kafka;
use crate::plan::Plan;
use crate::sequence::ProducerId;

/// What the producer remembers of a request.
#[derive(Debug)]
enum Asked {
    Metadata,
    /// Given up at `by`, and its connection with it.
    Produce {
        peer: NodeId,
        by: Time,
        batch: Batch,
    },
}

/// A producer's process.
#[derive(Debug)]
pub struct Producer {
    config: ProducerConfig,
    own: Librdkafka,
    batching: Batching,
    /// By partition.
    lines: Vec<Line>,
    /// By broker: requests that were made and wait for others to be answered.
    made: Vec<VecDeque<Batch>>,
    /// Messages without an outcome.
    held: u64,
    connections: Connections<Asked>,
    leaders: Leaders,
    /// `None` before the process has begun, and without idempotence.
    numbers: Option<Numbers>,
    /// The producer has stopped for good.
    is_dead: bool,
    wake: Wake,
    /// A clean stop was asked for: what is left is sent, and nothing more taken.
    closing: bool,
}

impl Producer {
    pub fn new(plan: &Plan, own: Librdkafka) -> Producer {
        let config = &plan.config;
        let producer = &config.producer;
        let connection = &producer.connection;
        let limit = (u64::from(producer.batch_size_bytes) / MESSAGE_BYTES).clamp(1, u64::from(own.batch_messages));
        Producer {
            config: producer.clone(),
            own,
            batching: Batching { linger: producer.linger, limit: limit as usize },
            lines: (0..config.topic.partitions).map(|_| Line::default()).collect(),
            made: (0..config.brokers).map(|_| VecDeque::new()).collect(),
            held: 0,
            connections: Connections::new(connection.clone(), config.brokers),
            leaders: Leaders::new(connection.clone(), config.topic.partitions, 0),
            numbers: None,
            is_dead: false,
            wake: Wake::default(),
            closing: false,
        }
    }

    /// Whether it knows where to send.
    pub fn is_ready(&self) -> bool {
        self.leaders.are_complete()
    }

    /// Whether its application has been told the outcome of everything.
    pub fn is_idle(&self) -> bool {
        self.held == 0
    }

    fn line(&mut self, origin: Origin) -> &mut Line {
        &mut self.lines[usize::from(origin.0)]
    }
}

impl Actor<Kafka> for Producer {
    #[inline(never)]
    fn on(&mut self, ctx: &mut Ctx<'_, Kafka>, event: Event<Message>) {
        match event {
            Event::Start => {
                self.connections.begin(ctx.incarnation);
                let id = ProducerId::of(ctx.node, ctx.incarnation);
                let partitions = self.lines.len() as u16;
                self.numbers = self.config.is_idempotent.then(|| Numbers::new(id, partitions));
            }
            Event::Timer(id) => {
                debug_assert_eq!(id, WAKE);
                match self.wake.rang(ctx) {
                    Rang::OnTime => self.time_out(ctx),
                    Rang::Late => self.wake.soon(ctx),
                }
            }
            Event::Message { from, body } => self.on_message(ctx, from, body),
            Event::Closed { peer } => self.disconnected(ctx, peer, Mishap::DISCONNECTED),
            Event::App(AppCall::Send { msg, attempt: _ }) => self.send(ctx, msg),
            Event::Stop => self.closing = true,
            Event::App(AppCall::Finished { .. } | AppCall::EndTransaction { .. })
            | Event::Synced { .. }
            | Event::MoveLeader { .. } => {}
        }
        self.run(ctx);
    }
}

impl Producer {
    fn on_message(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, body: Message) {
        match body {
            Message::Produced(Produced { correlation, result }) => match self.connections.answered(from, correlation) {
                Answer::Reply(Asked::Produce { batch, .. }) => self.answered(ctx, batch, result.err()),
                Answer::Reply(Asked::Metadata) | Answer::Opened | Answer::Stale => {}
            },
            Message::MetadataIs(told) => {
                match self.connections.answered(from, told.correlation) {
                    Answer::Opened => {}
                    Answer::Reply(Asked::Metadata) => self.leaders.settled(true),
                    Answer::Reply(Asked::Produce { .. }) | Answer::Stale => return,
                }
                self.leaders.learn(&told.image, self.connections.now(ctx));
            }
            other => debug_assert!(false, "a producer was sent {other:?}"),
        }
    }

    /// Takes a message, or refuses it at once: nothing waits for room.
    ///
    /// Source: `rd_kafka_curr_msgs_add`, `rd_kafka_msg_new0` at 2.15.0.
    fn send(&mut self, ctx: &mut Ctx<'_, Kafka>, msg: MsgId) {
        let is_full = self.own.max_messages.is_some_and(|most| self.held >= u64::from(most))
            || self.held * MESSAGE_BYTES >= self.config.buffer_memory_bytes;
        let refusal = match () {
            () if self.closing => Some(CLOSING),
            () if self.is_dead => Some(FATAL),
            () if is_full => Some(QUEUE_FULL),
            () => None,
        };
        if let Some(word) = refusal {
            let outcome = Outcome::Rejected(Reason::new(word));
            return ctx.tell(AppReply::Told { msg, outcome });
        }
        let now = self.connections.now(ctx);
        let until = now + self.config.delivery_timeout;
        let index = msg.sequence() as usize % self.lines.len();
        self.lines[index].push(msg, now, ctx.wall_clock(), until);
        self.held += 1;
    }

    /// One turn of what librdkafka's threads do.
    fn run(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = self.connections.now(ctx);
        self.serve(ctx, now);
        self.leaders.refresh(ctx, &mut self.connections, || Asked::Metadata);
        if self.closing && self.is_idle() {
            return ctx.exit("closed");
        }
        let due = self.due(now);
        self.wake.by(ctx, now, due, self.config.connection.request_timeout);
    }

    /// Gives up on what has taken too long: requests first, whose messages then wait again, and may have waited for too
    /// long.
    #[cold]
    fn time_out(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = self.connections.now(ctx);
        while let Some(peer) = self.overdue(now) {
            ctx.close(peer);
            self.disconnected(ctx, peer, Mishap::TIMED_OUT);
        }
        for index in 0..self.lines.len() {
            let expired = self.lines[index].expired(now);
            if let Some(numbers) = self.numbers.as_mut().filter(|_| !expired.is_empty()) {
                numbers.bump();
            }
            self.fail(ctx, expired, TIMED_OUT);
        }
    }

    /// A broker that did not answer in time.
    fn overdue(&self, now: Time) -> Option<NodeId> {
        let late = |asked: &Asked| match asked {
            Asked::Produce { peer, by, .. } if *by <= now => Some(*peer),
            Asked::Produce { .. } | Asked::Metadata => None,
        };
        self.connections.in_flight().find_map(late).or_else(|| self.connections.overdue(now))
    }

    /// The connection is gone, with what was on its way and what was to follow.
    ///
    /// Source: `rd_kafka_broker_fail`, `rd_kafka_broker_timeout_scan` at 2.15.0.
    #[cold]
    fn disconnected(&mut self, ctx: &mut Ctx<'_, Kafka>, peer: NodeId, mishap: Mishap) {
        let now = self.connections.now(ctx);
        let Some(lost) = self.connections.lose(peer, now, ctx.random) else { return };
        self.leaders.want();
        for request in lost {
            match request.what {
                Asked::Metadata => self.leaders.settled(false),
                Asked::Produce { batch, .. } => self.failed(ctx, batch, mishap),
            }
        }
        for batch in std::mem::take(&mut self.made[peer.index()]) {
            self.failed(ctx, batch, Mishap::NOT_SENT);
        }
    }

    /// When the producer next has something to do by itself.
    fn due(&self, now: Time) -> Time {
        let mut due = self.connections.due().min(self.leaders.due(&self.connections, now));
        for (line, index) in self.lines.iter().zip(0..) {
            let Some(first) = line.first() else { continue };
            due = due.min(first.until);
            let Some((leader, _)) = self.leaders.of(Origin(index)) else { continue };
            let ready = line.ready_at(self.batching, self.closing);
            if ready > now || !self.is_dead {
                due = due.min(self.connections.goes_at(leader, ready, now));
            }
        }
        let by = |asked: &Asked| match asked {
            Asked::Produce { by, .. } => *by,
            Asked::Metadata => Time::NEVER,
        };
        self.connections.in_flight().map(by).fold(due, Time::min)
    }
}

#[cfg(test)]
mod tests;

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

use std::collections::VecDeque;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::{AppCall, AppReply, MsgId, Origin, Outcome, Reason};
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use super::failure::{CLOSING, FATAL, Mishap, Next, PURGED, QUEUE_FULL, TIMED_OUT};
use super::idempotence::{Gap, MESSAGES_UNDER_WAY, Numbers};
use super::line::{Batch, Batching, Line, Queued};
use crate::client::{Answer, Connections, Leaders, Rang, WAKE, Wake};
use crate::config::{Acks, Librdkafka, MESSAGE_BYTES, ProducerConfig};
use crate::error_code::ErrorCode;
use crate::message::{Message, Produce, Produced};
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

/// A request whose messages have all but expired is given this long.
const LAST_CHANCE: Span = Span(100);

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

    /// Sends whatever may be sent.
    fn serve(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        if self.held == 0 {
            return;
        }
        self.begin_epoch(ctx);
        for index in 0..self.lines.len() as u16 {
            while let Some(broker) = self.make_request(ctx, index, now) {
                self.send_made(ctx, broker, now);
            }
        }
        for broker in 0..self.made.len() as u8 {
            self.send_made(ctx, NodeId(broker), now);
        }
    }

    fn begin_epoch(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let under_way = self.lines.iter().map(|line| line.under_way).sum();
        if let Some(epoch) = self.numbers.as_mut().and_then(|numbers| numbers.settle(under_way)) {
            ctx.note(|| format!("begins producer epoch {}: something will not be sent any more", epoch.0));
        }
    }

    /// Makes the next request of a partition, if there is one to make. For whom.
    ///
    /// Source: `rd_kafka_toppar_producer_serve` at 2.15.0.
    fn make_request(&mut self, ctx: &mut Ctx<'_, Kafka>, index: u16, now: Time) -> Option<NodeId> {
        let origin = Origin(index);
        if self.lines[usize::from(index)].is_empty() || self.is_dead {
            return None;
        }
        let Some((leader, _)) = self.leaders.of(origin) else {
            self.leaders.want();
            return None;
        };
        self.follow_leader(ctx, origin, leader);
        if self.is_held(ctx, origin) || self.made[leader.index()].len() >= self.own.backpressure as usize {
            return None;
        }
        if !self.connections.is_open(leader) {
            self.connections.open(ctx, leader);
            return None;
        }
        let (batching, closing) = (self.batching, self.closing);
        let line = self.line(origin);
        if line.ready_at(batching, closing) > now {
            return None;
        }
        let messages = line.take(batching, now);
        line.under_way += messages.len() as u32;
        let number = self.numbers.as_mut().map(|numbers| numbers.number(index, messages[0].place));
        self.made[leader.index()].push_back(Batch { origin, messages, number });
        Some(leader)
    }

    /// A partition moves to its new leader: requests that were made for the old one and not sent are taken apart, and an
    /// idempotent producer waits until those on their way are done.
    ///
    /// Source: `rd_kafka_broker_op_serve` (`RD_KAFKA_OP_PARTITION_LEAVE`, `_JOIN`) at 2.15.0.
    fn follow_leader(&mut self, ctx: &mut Ctx<'_, Kafka>, origin: Origin, leader: NodeId) {
        let line = self.line(origin);
        let Some(old) = line.leader.replace(leader).filter(|old| *old != leader) else { return };
        self.take_apart(ctx, old, origin);
        if let Some(numbers) = &mut self.numbers {
            numbers.drain(origin.0);
        }
    }

    /// Requests of a partition that were made and not sent are unmade.
    fn take_apart(&mut self, ctx: &mut Ctx<'_, Kafka>, broker: NodeId, origin: Origin) {
        while let Some(place) = self.made[broker.index()].iter().position(|batch| batch.origin == origin) {
            let Some(batch) = self.made[broker.index()].remove(place) else { return };
            self.failed(ctx, batch, Mishap::NOT_SENT);
        }
    }

    /// Whether an idempotent producer may not send to a partition now.
    fn is_held(&mut self, ctx: &mut Ctx<'_, Kafka>, origin: Origin) -> bool {
        let Some(numbers) = &self.numbers else { return false };
        if !numbers.is_held(origin.0) {
            return self.line(origin).under_way >= MESSAGES_UNDER_WAY;
        }
        if let Some(leader) = self.line(origin).leader {
            self.take_apart(ctx, leader, origin);
        }
        if self.line(origin).under_way == 0
            && let Some(numbers) = &mut self.numbers
        {
            numbers.drained(origin.0);
        }
        self.numbers.as_ref().is_some_and(|numbers| numbers.is_held(origin.0))
    }

    /// Sends the requests that were made for a broker, as far as requests in flight allow.
    ///
    /// Source: `rd_kafka_send` at 2.15.0.
    fn send_made(&mut self, ctx: &mut Ctx<'_, Kafka>, broker: NodeId, now: Time) {
        while self.connections.is_open(broker)
            && self.connections.load(broker) < self.config.max_in_flight as usize
            && let Some(batch) = self.made[broker.index()].pop_front()
        {
            self.produce(ctx, broker, batch, now);
        }
    }

    /// Source: `rd_kafka_ProduceRequest`, `rd_kafka_buf_calc_timeout` at 2.15.0.
    fn produce(&mut self, ctx: &mut Ctx<'_, Kafka>, peer: NodeId, batch: Batch, now: Time) {
        let (origin, acks, timeout) = (batch.origin, self.config.acks, self.config.request_timeout);
        let (first, timestamp, messages) =
            (batch.number, batch.newest(), batch.messages.iter().map(|queued| queued.msg).collect());
        let request = |correlation| {
            Message::Produce(Produce { correlation, origin, acks, timeout, first, timestamp, batch: messages })
        };
        match acks {
            Acks::None => {
                self.connections.tell(ctx, peer, request);
                self.line(origin).under_way -= batch.len();
                self.finish(ctx, batch.messages, |_| Outcome::Untold);
            }
            Acks::Leader | Acks::All => {
                let patience = self.config.connection.request_timeout;
                let by = batch.first().until.max(now + LAST_CHANCE).min(now + patience);
                self.connections.ask(ctx, peer, Asked::Produce { peer, by, batch }, request);
            }
        }
    }

    fn answered(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch, error: Option<ErrorCode>) {
        match error {
            None => self.confirmed(ctx, batch),
            Some(code) => self.failed(ctx, batch, Mishap::of(code)),
        }
    }

    /// A broker has a batch, and with it, if batches are numbered, everything before it: what waits to be sent again
    /// although it had arrived is done too.
    ///
    /// Source: `rd_kafka_handle_idempotent_Produce_success`, `rd_kafka_dr_implicit_ack` at 2.15.0.
    fn confirmed(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch) {
        let messages = batch.len();
        self.line(batch.origin).under_way -= messages;
        if let (Some(numbers), Some(number)) = (&mut self.numbers, batch.number) {
            numbers.confirmed(batch.origin.0, number, messages);
            let before = self.line(batch.origin).up_to(batch.last().place);
            self.finish(ctx, before, |_| Outcome::Acked);
        }
        self.finish(ctx, batch.messages, |_| Outcome::Acked);
    }

    /// The connection is gone, with what was on its way and what was to follow.
    ///
    /// Source: `rd_kafka_broker_fail`, `rd_kafka_broker_timeout_scan` at 2.15.0.
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

    /// A request came to nothing: its messages wait again, or the application is told.
    ///
    /// Source: `rd_kafka_handle_Produce_error` at 2.15.0.
    fn failed(&mut self, ctx: &mut Ctx<'_, Kafka>, mut batch: Batch, mishap: Mishap) {
        let origin = batch.origin;
        self.line(origin).under_way -= batch.len();
        if mishap.asks_for_leaders {
            self.leaders.want();
        }
        if batch.number.is_some() {
            let last = batch.last().place;
            batch.messages[0].batch_ends = Some(last);
        }
        for message in &mut batch.messages {
            message.may_be_appended |= !mishap.is_certain;
        }
        match mishap.next {
            Next::Retry => self.retry(ctx, batch, mishap.word, 1),
            Next::RetryForFree => self.retry(ctx, batch, mishap.word, 0),
            Next::GiveUp => {
                match &mut self.numbers {
                    Some(_) if self.own.is_gapless => self.die(ctx, "_GAPLESS_GUARANTEE"),
                    Some(numbers) => numbers.bump(),
                    None => {}
                }
                self.fail(ctx, batch.messages, mishap.word);
            }
            Next::OutOfOrder => self.out_of_order(ctx, batch, mishap.word),
        }
    }

    /// Puts messages back into their line, except those that have no retries left.
    ///
    /// Source: `rd_kafka_retry_msgq`, `rd_kafka_idemp_drain_toppar` at 2.15.0.
    fn retry(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch, word: &'static str, counts: u32) {
        let now = self.connections.now(ctx);
        if let Some(numbers) = &mut self.numbers {
            numbers.drain(batch.origin.0);
        }
        let most = self.config.retries;
        let (again, done): (Vec<Queued>, Vec<Queued>) =
            batch.messages.into_iter().partition(|message| message.retries.saturating_add(counts) <= most);
        let tried = again.first().map_or(0, |first| first.retries + counts);
        let not_before = now + self.config.backoff.draw(tried.max(1), ctx.random);
        let paused =
            again.into_iter().map(|message| Queued { retries: message.retries + counts, not_before, ..message });
        self.lines[usize::from(batch.origin.0)].put_back(paused);
        self.fail(ctx, done, word);
    }

    /// A broker misses something before this batch. If it is an earlier batch that failed, both are sent again, in a new
    /// epoch; otherwise the broker has lost something, and nothing that the client could do keeps its promise.
    ///
    /// Source: `rd_kafka_handle_idempotent_Produce_error` at 2.15.0.
    fn out_of_order(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch, word: &'static str) {
        let gap = match (&self.numbers, batch.number) {
            (Some(numbers), Some(number)) => numbers.gap_before(batch.origin.0, number),
            (None, _) | (_, None) => Gap::Broker,
        };
        match gap {
            Gap::Earlier => {
                if let Some(numbers) = &mut self.numbers {
                    numbers.bump();
                }
                self.retry(ctx, batch, word, 0);
            }
            Gap::Broker => {
                self.die(ctx, word);
                self.fail(ctx, batch.messages, word);
            }
        }
    }

    /// A fatal error: what waits is given up, what is under way still has an outcome, and nothing more is taken.
    ///
    /// Source: `rd_kafka_set_fatal_error0`, `rd_kafka_purge` at 2.15.0.
    fn die(&mut self, ctx: &mut Ctx<'_, Kafka>, word: &'static str) {
        if std::mem::replace(&mut self.is_dead, true) {
            return;
        }
        ctx.note(|| format!("stops for good: {word}"));
        for broker in 0..self.made.len() {
            for batch in std::mem::take(&mut self.made[broker]) {
                self.line(batch.origin).under_way -= batch.len();
                self.fail(ctx, batch.messages, PURGED);
            }
        }
        for index in 0..self.lines.len() {
            let waiting = self.lines[index].clear();
            self.fail(ctx, waiting, PURGED);
        }
    }

    fn fail(&mut self, ctx: &mut Ctx<'_, Kafka>, messages: Vec<Queued>, word: &'static str) {
        self.finish(ctx, messages, |message| match message.may_be_appended {
            true => Outcome::Unknown(Reason::new(word)),
            false => Outcome::Rejected(Reason::new(word)),
        });
    }

    fn finish(&mut self, ctx: &mut Ctx<'_, Kafka>, messages: Vec<Queued>, outcome: impl Fn(&Queued) -> Outcome) {
        self.held -= messages.len() as u64;
        for message in messages {
            ctx.tell(AppReply::Told { msg: message.msg, outcome: outcome(&message) });
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
            let connected = self.connections.retry_at(leader);
            // Ready and open: an answer will wake the producer, since what is under way is what it waits for.
            if ready > now {
                due = due.min(ready);
            } else if connected != Time::NEVER && !self.is_dead {
                due = due.min(connected);
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

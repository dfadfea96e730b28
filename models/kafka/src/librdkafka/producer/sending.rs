//! Which requests are made for which broker, and which of them are sent.

use ackproof_core::actor::Ctx;
use ackproof_core::app::{Origin, Outcome};
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use super::{Asked, Producer};
use crate::config::Acks;
use crate::librdkafka::failure::Mishap;
use crate::librdkafka::idempotence::MESSAGES_UNDER_WAY;
use crate::librdkafka::line::Batch;
use crate::message::{Message, Produce};
use crate::model::Kafka;

/// A request whose messages have all but expired is given this long.
const LAST_CHANCE: Span = Span(100);

impl Producer {
    /// Sends whatever may be sent.
    pub(super) fn serve(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
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
}

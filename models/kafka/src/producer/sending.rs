//! Which batches go to which broker now.

use ackproof_core::actor::Ctx;
use ackproof_core::app::{Origin, Outcome};
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use super::batch::Batch;
use super::{Asked, Producer};
use crate::config::Acks;
use crate::message::{Message, Produce};
use crate::metadata::NodeSet;
use crate::model::Kafka;

impl Producer {
    /// Sends at most one batch of each partition to the brokers for which something must go. A broker that is written
    /// to gets what else waits for it, lingering or not. Whether anything was sent.
    ///
    /// Source: `RecordAccumulator.ready`, `drainBatchesForOneNode` at 4.1.
    pub(super) fn send_batches(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) -> bool {
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
}

//! Progress on its way to the brokers, or to the consumer's own file under BROADCASTING.

use ackproof_core::actor::Ctx;

use crate::cell::{self, Cell};
use crate::consumer::Consumer;
use crate::message::Message;
use crate::model::Rocketmq;
use crate::topic::Queue;

impl Consumer {
    /// Sends the progress of every queue; nobody answers.
    ///
    /// Source: `RemoteBrokerOffsetStore.persistAll`, `LocalFileOffsetStore.persistAll`, client, 5.3.
    pub(super) fn persist(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.plan.config.consumer.broadcasting {
            return self.store_local(ctx);
        }
        let queues: Vec<Queue> = self.queues.keys().copied().collect();
        queues.into_iter().for_each(|queue| self.persist_one(ctx, queue));
    }

    /// Source: `RemoteBrokerOffsetStore.updateConsumeOffsetToBroker`, client, 5.3: without a master, any broker of the
    /// group is told.
    pub(super) fn persist_one(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        if self.plan.config.consumer.broadcasting {
            return self.store_local(ctx);
        }
        let Some(offset) = self.offsets.get(&queue).copied() else { return };
        if let Some(broker) = self.client.any(queue.group, 0) {
            let opaque = self.client.connections.number();
            self.client.connections.send(ctx, broker, opaque, Message::UpdateOffset { queue, offset });
        }
    }

    /// `offsets.json`, which nobody syncs. A full disk leaves the last one.
    fn store_local(&self, ctx: &mut Ctx<'_, Rocketmq>) {
        if let Err(error) = ctx.disk.store(cell::LOCAL, Cell::Local(self.offsets.clone())) {
            ctx.note(|| format!("could not write its progress: {error}"));
        }
    }

    /// Source: `LocalFileOffsetStore.load`, client, 5.3.
    pub(super) fn load_local(&mut self, ctx: &Ctx<'_, Rocketmq>) {
        if let (true, Some(Cell::Local(known))) = (self.plan.config.consumer.broadcasting, ctx.disk.load(cell::LOCAL)) {
            self.offsets = known.clone();
        }
    }

    /// How far it has come with a queue, as it knows itself.
    pub fn offset(&self, queue: Queue) -> Option<u64> {
        self.offsets.get(&queue).copied()
    }
    pub fn owns(&self, queue: Queue) -> bool {
        self.queues.get(&queue).is_some_and(|own| own.is_reading())
    }
    /// Whether it works on nothing.
    pub fn is_idle(&self) -> bool {
        self.in_hand.is_none() && self.work.is_empty() && !self.gives_back()
    }
}

//! Progress on its way to the brokers.

use ackproof_core::actor::Ctx;

use crate::consumer::Consumer;
use crate::message::Message;
use crate::model::Rocketmq;
use crate::topic::Queue;

impl Consumer {
    /// Sends the progress of every queue; nobody answers.
    ///
    /// Source: `RemoteBrokerOffsetStore.persistAll`, client, 5.3.
    pub(super) fn persist(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let queues: Vec<Queue> = self.queues.keys().copied().collect();
        queues.into_iter().for_each(|queue| self.persist_one(ctx, queue));
    }

    pub(super) fn persist_one(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        let Some(offset) = self.offsets.get(&queue).copied() else { return };
        if let Some(broker) = self.client.any(queue.group, 0) {
            let opaque = self.client.connections.number();
            self.client.connections.send(ctx, broker, opaque, Message::UpdateOffset { queue, offset });
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
        self.in_hand.is_none() && self.work.is_empty()
    }
}

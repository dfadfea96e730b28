//! Locks of queues, without which an orderly listener reads and works on nothing.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::config::Listener;
use crate::consumer::Consumer;
use crate::consumer::asking::Ask;
use crate::consumer::process_queue::{Life, Reading};
use crate::consumer::timer::Timer;
use crate::message::{Consuming, Message};
use crate::model::Rocketmq;
use crate::release::Release;
use crate::topic::{Group, Queue};

/// Source: `MQClientAPIImpl.lockBatchMQ`, as `RebalanceImpl.lock` calls it, client, 5.3: 1000 ms.
const PATIENCE: Span = Span::secs(1);
/// Source: `ProcessQueue.REBALANCE_LOCK_INTERVAL`, client, 5.3.
const RENEWAL: Span = Span::secs(20);
/// After a lock that was not had. Source: `ConsumeMessageOrderlyService.tryLockLaterAndReconsume`: 3000 ms.
const RELOCK: Span = Span::secs(3);
/// From 5.0 on queues that could not be locked are asked for again so soon.
/// Source: `RebalanceImpl.updateProcessQueueTableInRebalance`, client, 5.3: `rebalanceLater(500)`.
const SOON: Span = Span::ms(500);

impl Consumer {
    /// Asks the master for a queue, before it is begun.
    ///
    /// Source: `RebalanceImpl.lock`, client, 5.3.
    pub(super) fn lock(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, life: Life) {
        let Some(broker) = self.client.master(queue.group) else { return self.not_locked(ctx, queue, life) };
        self.ask(ctx, (broker, Ask::Lock(queue, life), PATIENCE), |opaque| {
            Message::Consuming(Box::new(Consuming::Lock { opaque, queues: vec![queue] }))
        });
    }

    pub(super) fn locked(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, life: Life) {
        let now = ctx.now();
        let Some(own) = self.queues.get_mut(&queue).filter(|own| own.life == life) else {
            return self.unlock(ctx, queue);
        };
        own.locked = Some(now);
        self.ask_where(ctx, queue, life);
    }

    pub(super) fn not_locked(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, life: Life) {
        self.could_not_begin(queue, life);
        if self.plan.config.release >= Release::new(5, 0, 0) {
            ctx.set_timer(Timer::RebalanceSoon.id(), SOON);
        }
    }

    /// Renews every lock, one request a broker group.
    ///
    /// Source: `RebalanceImpl.lockAll`, `ConsumeMessageOrderlyService.start`, client, 5.3.
    pub(super) fn lock_all(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(Timer::LockAll.id(), RENEWAL);
        if self.plan.config.consumer.broadcasting {
            return;
        }
        let groups: Vec<Group> = self.plan.groups().collect();
        for group in groups {
            let queues = self.locks_of(group);
            let Some(broker) = self.client.master(group).filter(|_| !queues.is_empty()) else { continue };
            self.ask(ctx, (broker, Ask::LockAll, PATIENCE), |opaque| {
                Message::Consuming(Box::new(Consuming::Lock { opaque, queues }))
            });
        }
    }

    fn locks_of(&self, group: Group) -> Vec<Queue> {
        let holds = |(queue, own): &(&Queue, &super::ProcessQueue)| {
            queue.group == group && own.reading != Reading::Dropped && own.reading != Reading::Beginning
        };
        self.queues.iter().filter(holds).map(|(queue, _)| *queue).collect()
    }

    /// What a broker does not grant is locked no more.
    pub(super) fn all_locked(&mut self, ctx: &mut Ctx<'_, Rocketmq>, broker: NodeId, granted: &[Queue]) {
        let now = ctx.now();
        let asked = self.plan.groups().find(|group| self.client.master(*group) == Some(broker));
        for (queue, own) in self.queues.iter_mut().filter(|(queue, _)| Some(queue.group) == asked) {
            if own.reading != Reading::Beginning {
                own.locked = granted.contains(queue).then_some(now);
            }
        }
        self.hand_over(ctx);
    }

    /// Asks again for a queue whose lock was lost.
    pub(super) fn relock(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        let Some(own) = self.queues.get_mut(&queue) else { return };
        if own.is_locked(ctx.now()) {
            return self.hand_over(ctx);
        }
        let life = own.life;
        if std::mem::replace(&mut own.relocks, true) {
            return;
        }
        let Some(broker) = self.client.master(queue.group) else { return self.not_relocked(ctx, queue, life) };
        self.ask(ctx, (broker, Ask::Relock(queue, life), PATIENCE), |opaque| {
            Message::Consuming(Box::new(Consuming::Lock { opaque, queues: vec![queue] }))
        });
    }

    pub(super) fn relocked(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, life: Life) {
        let now = ctx.now();
        if let Some(own) = self.queues.get_mut(&queue).filter(|own| own.life == life) {
            own.locked = Some(now);
            own.relocks = false;
        }
        self.hand_over(ctx);
    }

    pub(super) fn not_relocked(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, life: Life) {
        if let Some(own) = self.queues.get_mut(&queue).filter(|own| own.life == life) {
            own.locked = None;
            own.relocks = false;
            ctx.set_timer(Timer::Relock(queue).id(), RELOCK);
        }
    }

    /// Source: `RebalanceImpl.unlock`, client, 5.3: nobody waits for an answer.
    pub(super) fn unlock(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        if let Some(broker) = self.client.master(queue.group) {
            let opaque = self.client.connections.number();
            let unlock = Message::Consuming(Box::new(Consuming::Unlock { queue }));
            self.client.connections.send(ctx, broker, opaque, unlock);
        }
    }

    /// Without its lock a queue is not read.
    ///
    /// Source: `DefaultMQPushConsumerImpl.pullMessage`, client, 5.3.
    pub(super) fn may_pull(&self, queue: Queue) -> bool {
        let config = &self.plan.config.consumer;
        let needs_lock = config.listener == Listener::Orderly && !config.broadcasting;
        !needs_lock || self.queues.get(&queue).is_some_and(|own| own.locked.is_some())
    }
}

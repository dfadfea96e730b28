//! Which queues are whose: every member works it out for itself from who is there.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::config::{FromWhere, Listener};
use crate::consumer::Consumer;
use crate::consumer::asking::Ask;
use crate::consumer::process_queue::{Life, ProcessQueue, Reading};
use crate::consumer::stopping::Stage;
use crate::message::{Consuming, Message, Refusal};
use crate::model::Rocketmq;
use crate::topic::{Queue, Slot, Topic};

/// How long a broker is waited for that is asked for members, or where to begin.
/// Source: `ClientConfig.mqClientApiTimeout`; `RemoteBrokerOffsetStore.fetchConsumeOffsetFromBroker`, client, 5.3.
const PATIENCE: Span = Span::secs(5);

/// How long a queue is kept for an orderly listener that works on it.
/// Source: `RebalancePushImpl.UNLOCK_DELAY_TIME_MILLS`, client, 5.3.
const LET_GO: Span = Span::secs(20);

impl Consumer {
    /// Asks a broker who is in the group.
    ///
    /// Source: `MQClientInstance.findConsumerIdList`, client, 5.3.
    pub(super) fn rebalance(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.stage != Stage::Running {
            return;
        }
        if self.plan.config.consumer.broadcasting {
            let own = self.everything();
            self.has_joined = !own.is_empty();
            return self.have(ctx, &own);
        }
        if self.plan.pops() {
            return self.pop_everywhere(ctx);
        }
        let Some(route) = self.client.route() else { return };
        let count = route.groups.len() as u64;
        let chosen = route.groups[ctx.random.between(0, count - 1) as usize].group;
        if let Some(broker) = self.client.any(chosen, 0) {
            self.ask(ctx, (broker, Ask::Members, PATIENCE), |opaque| Message::GetMembers { opaque });
        }
    }

    /// Gives up what is another's now, and begins with what has become its own.
    ///
    /// Source: `RebalanceImpl.rebalanceByTopic`, `RebalanceImpl.updateProcessQueueTableInRebalance`, client, 5.3.
    pub(super) fn on_members(&mut self, ctx: &mut Ctx<'_, Rocketmq>, members: &[NodeId]) {
        if !members.contains(&self.node) {
            // Its heartbeat has not come to that broker: nothing changes.
            self.client.send_heartbeats(ctx);
            return;
        }
        self.has_joined = true;
        let own: Vec<Queue> =
            [Topic::Work, Topic::Retry].into_iter().flat_map(|topic| self.share(topic, members)).collect();
        self.have(ctx, &own);
    }

    /// Gives up what is not to be had any more, and begins with what is.
    pub(super) fn have(&mut self, ctx: &mut Ctx<'_, Rocketmq>, own: &[Queue]) {
        let given_up: Vec<Queue> = self.queues.keys().filter(|queue| !own.contains(queue)).copied().collect();
        for queue in given_up {
            self.give_up_queue(ctx, queue);
        }
        for queue in own {
            match self.queues.get(queue).map(|known| known.reading) {
                None => self.begin(ctx, *queue),
                // It was dropped and is its own again, but the listener has not let go of it.
                Some(Reading::Dropped) => self.give_up_queue(ctx, *queue),
                Some(Reading::Beginning | Reading::From(_) | Reading::Correcting(_)) => {}
            }
        }
    }

    /// This member's part of a topic's queues, in one piece.
    ///
    /// Source: `AllocateMessageQueueAveragely.allocate`, client, 5.3.
    fn share(&self, topic: Topic, members: &[NodeId]) -> Vec<Queue> {
        let Some(route) = self.client.route() else { return Vec::new() };
        // Source: `MQClientInstance.topicRouteData2TopicSubscribeInfo`, client, 5.3: `readQueueNums`.
        let slots: Vec<Slot> = match topic {
            Topic::Work => self.plan.readable().collect(),
            _ => self.plan.queues.of(topic).collect(),
        };
        let all: Vec<Queue> = route
            .groups
            .iter()
            .flat_map(|known| slots.iter().map(|slot| Queue { group: known.group, slot: *slot }))
            .collect();
        let Some(index) = members.iter().position(|member| *member == self.node) else { return Vec::new() };
        let (each, more) = (all.len() / members.len(), all.len() % members.len());
        let first = index * each + index.min(more);
        all[first..first + each + usize::from(index < more)].to_vec()
    }

    /// Every queue of the topic, which each consumer has under BROADCASTING.
    pub(super) fn everything(&self) -> Vec<Queue> {
        let Some(route) = self.client.route() else { return Vec::new() };
        let groups = route.groups.iter().map(|known| known.group);
        groups.flat_map(|group| self.plan.readable().map(move |slot| Queue { group, slot })).collect()
    }

    /// The progress is stored once more. A queue that an orderly listener works on is kept until it has
    /// let go, or for too long. What it had in hand is not stored.
    ///
    /// Source: `RebalancePushImpl.removeUnnecessaryMessageQueue`, `tryRemoveOrderMessageQueue`, client, 5.3.
    pub(super) fn give_up_queue(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        self.persist_one(ctx, queue);
        let is_orderly = self.plan.config.consumer.listener == Listener::Orderly;
        let Some(own) = self.queues.get_mut(&queue) else { return };
        let is_at_work = self.in_hand.is_some_and(|held| held.job.queue == queue && held.job.life == own.life);
        let is_over = own.locked.is_none_or(|at| ctx.now().since(at) > LET_GO);
        if is_orderly && is_at_work && !(own.reading == Reading::Dropped && is_over) {
            own.reading = Reading::Dropped;
            return;
        }
        self.offsets.remove(&queue);
        self.queues.remove(&queue);
        if is_orderly {
            self.unlock(ctx, queue);
        }
    }

    fn begin(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        self.begun.0 += 1;
        let life = self.begun;
        let config = &self.plan.config.consumer;
        let is_orderly = config.listener == Listener::Orderly;
        if config.broadcasting {
            self.queues.insert(queue, ProcessQueue::new(life));
            match self.offsets.get(&queue).copied() {
                Some(offset) => self.read_from(ctx, (queue, life), offset),
                None => self.begin_without_progress(ctx, (queue, life)),
            }
        } else if is_orderly {
            self.queues.insert(queue, ProcessQueue::new(life));
            self.lock(ctx, queue, life);
        } else {
            self.queues.insert(queue, ProcessQueue::new(life));
            self.ask_where(ctx, queue, life);
        }
    }

    /// Asks where to begin.
    pub(super) fn ask_where(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, life: Life) {
        let Some(broker) = self.client.any(queue.group, 0) else { return self.could_not_begin(queue, life) };
        self.offsets.remove(&queue);
        self.ask(ctx, (broker, Ask::Offset(queue, life), PATIENCE), |opaque| Message::QueryOffset { opaque, queue });
    }

    /// Source: `RebalancePushImpl.computePullFromWhereWithException`, client, 5.3.
    pub(super) fn on_offset(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        (queue, life): (Queue, Life),
        offset: Result<Option<u64>, Refusal>,
    ) {
        match offset {
            Ok(Some(offset)) => self.read_from(ctx, (queue, life), offset),
            Ok(None) => self.begin_without_progress(ctx, (queue, life)),
            Err(_) => self.could_not_begin(queue, life),
        }
    }

    /// Source: as above.
    fn begin_without_progress(&mut self, ctx: &mut Ctx<'_, Rocketmq>, (queue, life): (Queue, Life)) {
        let is_retry = self.plan.queues.topic(queue.slot) == Topic::Retry;
        let from_where = self.plan.config.consumer.from_where;
        let at = match from_where {
            FromWhere::FirstOffset => return self.read_from(ctx, (queue, life), 0),
            FromWhere::LastOffset if is_retry => return self.read_from(ctx, (queue, life), 0),
            FromWhere::LastOffset => None,
            FromWhere::Timestamp => Some(self.from).filter(|_| !is_retry),
        };
        let Some(broker) = self.client.master(queue.group) else { return self.could_not_begin(queue, life) };
        self.ask(ctx, (broker, Ask::End(queue, life), PATIENCE), |opaque| match at {
            None => Message::GetMaxOffset { opaque, queue },
            Some(at) => Message::Consuming(Box::new(Consuming::SearchOffset { opaque, queue, at })),
        });
    }

    pub(super) fn on_end(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        (queue, life): (Queue, Life),
        end: Result<u64, Refusal>,
    ) {
        match end {
            Ok(end) => self.read_from(ctx, (queue, life), end),
            Err(_) => self.could_not_begin(queue, life),
        }
    }

    /// It is tried again as the queues are dealt out again.
    pub(super) fn could_not_begin(&mut self, queue: Queue, life: Life) {
        if self.queues.get(&queue).is_some_and(|own| own.life == life && own.reading == Reading::Beginning) {
            self.queues.remove(&queue);
        }
    }

    fn read_from(&mut self, ctx: &mut Ctx<'_, Rocketmq>, (queue, life): (Queue, Life), offset: u64) {
        let Some(own) = self.queues.get_mut(&queue) else { return };
        if own.life == life && own.reading == Reading::Beginning {
            own.reading = Reading::From(offset);
            own.end = offset;
            self.pull(ctx, queue);
        }
    }
}

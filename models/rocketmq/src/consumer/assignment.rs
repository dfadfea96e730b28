//! Which queues are whose: every member works it out for itself from who is there.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::consumer::process_queue::{ProcessQueue, Reading};
use crate::consumer::{Ask, Consumer};
use crate::message::{Message, Refusal};
use crate::model::Rocketmq;
use crate::topic::{Queue, Topic};

/// How long a broker is waited for that is asked for members, or where to begin.
/// Source: `ClientConfig.mqClientApiTimeout`; `RemoteBrokerOffsetStore.fetchConsumeOffsetFromBroker`, client, 5.3.
const PATIENCE: Span = Span::secs(5);

impl Consumer {
    /// Asks a broker who is in the group.
    ///
    /// Source: `MQClientInstance.findConsumerIdList`, client, 5.3.
    pub(super) fn rebalance(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
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
        let given_up: Vec<Queue> = self.queues.keys().filter(|queue| !own.contains(queue)).copied().collect();
        for queue in given_up {
            self.give_up_queue(ctx, queue);
        }
        for queue in own {
            if !self.queues.contains_key(&queue) {
                self.begin(ctx, queue);
            }
        }
    }

    /// This member's part of a topic's queues, in one piece.
    ///
    /// Source: `AllocateMessageQueueAveragely.allocate`, client, 5.3.
    fn share(&self, topic: Topic, members: &[NodeId]) -> Vec<Queue> {
        let Some(route) = self.client.route() else { return Vec::new() };
        let all: Vec<Queue> = route
            .groups
            .iter()
            .flat_map(|known| self.plan.queues.of(topic).map(|slot| Queue { group: known.group, slot }))
            .collect();
        let Some(index) = members.iter().position(|member| *member == self.node) else { return Vec::new() };
        let (each, more) = (all.len() / members.len(), all.len() % members.len());
        let first = index * each + index.min(more);
        all[first..first + each + usize::from(index < more)].to_vec()
    }

    /// Source: `RebalancePushImpl.removeUnnecessaryMessageQueue`, client, 5.3: the progress is stored once more.
    pub(super) fn give_up_queue(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        self.persist_one(ctx, queue);
        self.offsets.remove(&queue);
        self.queues.remove(&queue);
    }

    fn begin(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        let Some(broker) = self.client.any(queue.group, 0) else { return };
        self.offsets.remove(&queue);
        self.queues.insert(queue, ProcessQueue::new());
        self.ask(ctx, (broker, Ask::Offset(queue), PATIENCE), |opaque| Message::QueryOffset { opaque, queue });
    }

    /// Source: `RebalancePushImpl.computePullFromWhereWithException`, client, 5.3.
    pub(super) fn on_offset(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        queue: Queue,
        offset: Result<Option<u64>, Refusal>,
    ) {
        match offset {
            Ok(Some(offset)) => self.read_from(ctx, queue, offset),
            Ok(None) => self.begin_without_progress(ctx, queue),
            Err(_) => self.could_not_begin(queue),
        }
    }

    fn begin_without_progress(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        use crate::config::FromWhere;
        let is_retry = self.plan.queues.topic(queue.slot) == Topic::Retry;
        match self.plan.config.consumer.from_where {
            FromWhere::LastOffset if !is_retry => {
                let Some(broker) = self.client.master(queue.group) else { return self.could_not_begin(queue) };
                let request = |opaque| Message::GetMaxOffset { opaque, queue };
                self.ask(ctx, (broker, Ask::End(queue), PATIENCE), request);
            }
            FromWhere::LastOffset | FromWhere::FirstOffset | FromWhere::Timestamp => self.read_from(ctx, queue, 0),
        }
    }

    pub(super) fn on_end(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, end: Result<u64, Refusal>) {
        match end {
            Ok(end) => self.read_from(ctx, queue, end),
            Err(_) => self.could_not_begin(queue),
        }
    }

    /// It is tried again as the queues are dealt out again.
    pub(super) fn could_not_begin(&mut self, queue: Queue) {
        if self.queues.get(&queue).is_some_and(|own| own.reading == Reading::Beginning) {
            self.queues.remove(&queue);
        }
    }

    fn read_from(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, offset: u64) {
        let Some(own) = self.queues.get_mut(&queue).filter(|own| own.reading == Reading::Beginning) else { return };
        own.reading = Reading::From(offset);
        own.end = offset;
        self.pull(ctx, queue);
    }
}

//! POP: a request to each broker group, which hands out of all its queues. Nothing is any member's own, and what is not
//! acknowledged in time comes again, to anybody.
//!
//! Simplified: every member asks every group. Gives up: nothing where `popShareQueueNum` is at its default.

use ackproof_core::actor::Ctx;
use ackproof_core::time::Span;

use crate::config::FromWhere;
use crate::consumer::Consumer;
use crate::consumer::asking::Ask;
use crate::consumer::process_queue::Life;
use crate::consumer::stopping::Stage;
use crate::consumer::timer::Timer;
use crate::consumer::working::Job;
use crate::message::{Consuming, Message, Pop, Popping, Refusal};
use crate::model::Rocketmq;
use crate::record::{Entry, Handed};
use crate::topic::{Group, Queue};

/// Source: `DefaultMQPushConsumerImpl.CONSUMER_TIMEOUT_MILLIS_WHEN_SUSPEND`, client, 5.3.
const PATIENCE: Span = Span::secs(30);
/// Source: `DefaultMQPushConsumerImpl.pullTimeDelayMillsWhenException`, `PULL_TIME_DELAY_MILLS_WHEN_CACHE_FLOW_CONTROL`.
const AFTER_FAILURE: Span = Span::secs(3);
const WITHOUT_ROOM: Span = Span::ms(50);
/// Source: `DefaultMQPushConsumer.popThresholdForQueue`, client, 5.3.
const THRESHOLD: usize = 96;
/// Source: `DefaultMQPushConsumerImpl.MIN_POP_INVISIBLE_TIME`, `MAX_POP_INVISIBLE_TIME`; 60 s is taken for what is neither.
const INVISIBLE: (Span, Span, Span) = (Span::secs(5), Span::secs(300), Span::secs(60));
/// After how many seconds what failed comes again, by how often it came.
/// Source: `DefaultMQPushConsumerImpl.popDelayLevel`, client, 5.3.
pub const DELAYS: [u64; 16] = [10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200];

impl Consumer {
    /// Begins to ask every group that is known and not asked yet.
    ///
    /// Source: `RebalanceImpl.getRebalanceResultFromBroker`, client; `QueryAssignmentProcessor.allocate4Pop`, broker, 5.3.
    pub(super) fn pop_everywhere(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let Some(route) = self.client.route() else { return };
        let groups: Vec<Group> = route.groups.iter().map(|known| known.group).collect();
        for group in groups {
            if self.pops.insert(group) {
                self.pop(ctx, group);
            }
        }
        self.has_joined = true;
    }

    /// Source: `DefaultMQPushConsumerImpl.popMessage`, client, 5.3.
    pub(super) fn pop(&mut self, ctx: &mut Ctx<'_, Rocketmq>, group: Group) {
        if self.stage != Stage::Running {
            return;
        }
        let waiting = self.work.len() + usize::from(self.in_hand.is_some());
        if waiting > THRESHOLD {
            return ctx.set_timer(Timer::PopAgain(group).id(), WITHOUT_ROOM);
        }
        let Some(broker) = self.client.master(group) else { return self.pop_failed(ctx, group) };
        let config = &self.plan.config.consumer;
        let limit = config.pop_batch.max(1);
        let (least, most, otherwise) = INVISIBLE;
        let in_range = config.invisible >= least && config.invisible <= most;
        let invisible = if in_range { config.invisible } else { otherwise };
        let from_first = config.from_where == FromWhere::FirstOffset;
        self.ask(ctx, (broker, Ask::Pop(group), PATIENCE), |opaque| {
            let pop = Pop { opaque, limit, invisible, from_first };
            Message::Consuming(Box::new(Consuming::Popping(Popping::Pop(pop))))
        });
    }

    pub(super) fn pop_failed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, group: Group) {
        ctx.set_timer(Timer::PopAgain(group).id(), AFTER_FAILURE);
    }

    pub(super) fn on_popped(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        group: Group,
        result: Result<Vec<(Handed, Entry)>, Refusal>,
    ) {
        let Ok(entries) = result else { return self.pop_failed(ctx, group) };
        if self.stage != Stage::Running {
            return;
        }
        for (handed, entry) in entries {
            if let Some(letter) = entry.letter() {
                let queue = Queue { group, slot: entry.slot };
                let job = self.job(queue, Life::default(), (entry.offset, *letter));
                self.work.push_back(Job { popped: Some(handed), ..job });
            }
        }
        self.hand_over(ctx);
        self.pop(ctx, group);
    }

    /// What took longer than it was the consumer's is not acknowledged: it comes again whatever is said.
    ///
    /// Source: `ConsumeMessagePopConcurrentlyService.ConsumeRequest.run`, client, 5.3: `isPopTimeout`.
    pub(super) fn ack(&mut self, ctx: &mut Ctx<'_, Rocketmq>, job: Job, handed: Handed) {
        if ctx.wall_clock() < handed.revive_at {
            self.tell(ctx, job, Popping::Ack { handed, offset: job.offset });
        }
    }

    /// The listener failed: its message is to come again later, the later the more often it came. What came as often as it
    /// may is acknowledged, and so gone, once it is older than twice the longest delay; there is no dead-letter queue.
    ///
    /// Source: `ConsumeMessagePopConcurrentlyService.processConsumeResult`, `checkNeedAckOrDelay`, `changePopInvisibleTime`,
    /// client, 5.3.
    pub(super) fn failed_popped(&mut self, ctx: &mut Ctx<'_, Rocketmq>, job: Job) {
        let Some(handed) = job.popped.filter(|handed| ctx.wall_clock() < handed.revive_at) else { return };
        let age = ctx.wall_clock().since(job.letter.born);
        let longest = Span::secs(DELAYS[DELAYS.len() - 1]);
        let came = job.letter.reconsumed;
        let level = if came < self.max_reconsume() {
            // A listener that wants no other try asks for a delay that there is not: nothing is said.
            if self.plan.config.consumer.rejects {
                return;
            }
            came as usize
        } else if age > longest + longest {
            ctx.note(|| format!("acknowledges {}, which came too often and is too old", job.letter.msg));
            return self.tell(ctx, job, Popping::Ack { handed, offset: job.offset });
        } else {
            match DELAYS.iter().rposition(|delay| age >= Span::secs(*delay)) {
                Some(level) => level + 1,
                None => came as usize,
            }
        };
        let invisible = Span::secs(DELAYS[level.min(DELAYS.len() - 1)]);
        self.tell(ctx, job, Popping::ChangeInvisible { handed, offset: job.offset, invisible });
    }

    fn tell(&mut self, ctx: &mut Ctx<'_, Rocketmq>, job: Job, popping: Popping) {
        if let Some(broker) = self.client.master(job.queue.group) {
            let opaque = self.client.connections.number();
            let message = Message::Consuming(Box::new(Consuming::Popping(popping)));
            self.client.connections.send(ctx, broker, opaque, message);
        }
    }
}

//! Orderly listeners: one message of a queue after the other, under the queue's lock. One that fails holds its queue up
//! and is handed over again in its place.

use ackproof_core::actor::Ctx;
use ackproof_core::time::Span;

use crate::consumer::Consumer;
use crate::consumer::giving_back::{Return, Why};
use crate::consumer::process_queue::Reading;
use crate::consumer::timer::Timer;
use crate::consumer::working::Job;
use crate::message::Again;
use crate::model::Rocketmq;
use crate::record::Letter;
use crate::topic::Queue;

/// `suspendCurrentQueueTimeMillis` is taken as at least and at most this.
/// Source: `ConsumeMessageOrderlyService.submitConsumeRequestLater`, client, 5.3.
const SUSPEND: (Span, Span) = (Span::ms(10), Span::secs(30));

impl Consumer {
    /// The first message of a queue whose turn it is: locked, and not held up. One that has lost its lock asks for it.
    ///
    /// Source: `ConsumeMessageOrderlyService.ConsumeRequest.run`, client, 5.3.
    pub(super) fn next_in_order(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Option<Job> {
        let now = ctx.now();
        let needs_lock = !self.plan.config.consumer.broadcasting;
        let ready = |own: &super::ProcessQueue| {
            own.reading != Reading::Dropped && !own.is_suspended && !own.unfinished.is_empty()
        };
        let queues: Vec<Queue> = self.queues.iter().filter(|(_, own)| ready(own)).map(|(queue, _)| *queue).collect();
        let first = queues.iter().position(|queue| Some(*queue) > self.turn).unwrap_or(0);
        for queue in queues[first..].iter().chain(&queues[..first]) {
            let own = &self.queues[queue];
            if needs_lock && !own.is_locked(now) {
                self.relock(ctx, *queue);
                continue;
            }
            let (offset, letter) = own.unfinished.first_key_value().map(|(offset, letter)| (*offset, *letter))?;
            self.turn = Some(*queue);
            return Some(self.job(*queue, own.life, (offset, letter)));
        }
        None
    }

    /// The listener failed on the first message of a queue.
    ///
    /// `on_error: reject` is a listener that catches its own failure: the queue goes on.
    ///
    /// Source: `ConsumeMessageOrderlyService.processConsumeResult`, `checkReconsumeTimes`, client, 5.3: what failed too
    /// often goes to the dead-letter queue by way of an ordinary message to the retry topic.
    pub(super) fn failed_in_order(&mut self, ctx: &mut Ctx<'_, Rocketmq>, job: Job) {
        if self.plan.config.consumer.rejects {
            self.finish(job);
        } else if job.letter.reconsumed >= self.max_reconsume() && !self.plan.config.consumer.broadcasting {
            if let Some(own) = self.queues.get_mut(&job.queue).filter(|own| own.life == job.life) {
                own.is_suspended = true;
                self.send_again(ctx, Return { job, again: Again::Never, why: Why::FailedTooOften });
            }
        } else {
            self.suspend(ctx, job);
        }
    }

    /// Holds the queue up for a while; its first message counts one failure more.
    pub(super) fn suspend(&mut self, ctx: &mut Ctx<'_, Rocketmq>, job: Job) {
        let Some(own) = self.queues.get_mut(&job.queue).filter(|own| own.life == job.life) else { return };
        let letter = Letter { reconsumed: job.letter.reconsumed.saturating_add(1), ..job.letter };
        own.unfinished.insert(job.offset, letter);
        own.is_suspended = true;
        let wait = self.plan.config.consumer.suspend.clamp(SUSPEND.0, SUSPEND.1);
        ctx.set_timer(Timer::Resume(job.queue).id(), wait);
    }

    pub(super) fn resume(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        if let Some(own) = self.queues.get_mut(&queue) {
            own.is_suspended = false;
        }
        self.hand_over(ctx);
    }

    /// What held the queue up is gone.
    pub(super) fn go_on(&mut self, _: &mut Ctx<'_, Rocketmq>, job: Job) {
        if let Some(own) = self.queues.get_mut(&job.queue).filter(|own| own.life == job.life) {
            own.is_suspended = false;
        }
    }
}

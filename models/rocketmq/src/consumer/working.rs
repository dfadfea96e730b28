//! The listener: what it is handed, and what becomes of it.
//!
//! Simplified: one thread works on one message after the other. Gives up: nothing but speed, since progress waits for
//! the smallest unfinished offset whoever works on it.

use ackproof_core::actor::Ctx;
use ackproof_core::app::{AppReply, Delivery};
use ackproof_core::time::{Span, Time};

use crate::config::Listener;
use crate::consumer::Consumer;
use crate::consumer::giving_back::{Return, Why};
use crate::consumer::process_queue::{Life, ProcessQueue, Reading};
use crate::consumer::timer::Timer;
use crate::message::Again;
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::{Entry, Handed, Letter};
use crate::topic::Queue;

/// One message that is to be worked on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Job {
    pub queue: Queue,
    pub life: Life,
    pub offset: u64,
    pub letter: Letter,
    pub delivery: Delivery,
    /// Under POP: what it was handed out with.
    pub popped: Option<Handed>,
}

/// What the listener is working on, and since when.
#[derive(Copy, Clone, Debug)]
pub struct InHand {
    pub job: Job,
    pub since: Time,
}

impl Consumer {
    /// Puts what was pulled behind what is to be worked on.
    pub(super) fn take(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, entries: &[Entry]) {
        for entry in entries {
            if let (Some(letter), Some(own)) = (entry.letter(), self.queues.get_mut(&queue)) {
                own.put(entry.offset, *letter);
                let life = own.life;
                let job = self.job(queue, life, (entry.offset, *letter));
                match self.plan.config.consumer.listener {
                    Listener::Concurrently => self.work.push_back(job),
                    Listener::Orderly => {}
                }
            }
        }
        self.hand_over(ctx);
    }

    pub(super) fn job(&self, queue: Queue, life: Life, (offset, letter): (u64, Letter)) -> Job {
        let delivery = letter.delivery(self.plan.queues.origin(queue), offset);
        Job { queue, life, offset, letter, delivery, popped: None }
    }

    /// The queue of a job, if it is this member's own as it was then.
    fn own(&mut self, job: &Job) -> Option<&mut ProcessQueue> {
        let is_same = |own: &&mut ProcessQueue| own.life == job.life && own.reading != Reading::Dropped;
        self.queues.get_mut(&job.queue).filter(is_same)
    }

    /// Hands the listener the next message, if it has none. A listener that leaves the work to another thread is done at
    /// once.
    ///
    /// Source: `ConsumeMessageConcurrentlyService.ConsumeRequest.run`, client, 5.3.
    pub(super) fn hand_over(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        while self.in_hand.is_none() {
            let next = match self.plan.config.consumer.listener {
                Listener::Concurrently => self.work.pop_front(),
                Listener::Orderly => self.next_in_order(ctx),
            };
            let Some(job) = next else { return };
            let may_work = match job.popped {
                Some(handed) => ctx.wall_clock() < handed.revive_at,
                None => self.own(&job).is_some_and(|own| own.unfinished.contains_key(&job.offset)),
            };
            if !may_work {
                continue;
            }
            ctx.tell(AppReply::Deliver(job.delivery));
            if self.plan.config.consumer.in_background && Rule::Background.holds() {
                self.succeeded(ctx, job);
            } else {
                self.in_hand = Some(InHand { job, since: ctx.now() });
            }
        }
    }

    /// The listener returns.
    pub(super) fn on_finished(&mut self, ctx: &mut Ctx<'_, Rocketmq>, delivery: Delivery, success: bool) {
        let Some(InHand { job, .. }) = self.in_hand.take_if(|held| held.job.delivery == delivery) else { return };
        let config = &self.plan.config.consumer;
        match config.listener {
            Listener::Concurrently | Listener::Orderly if success => self.succeeded(ctx, job),
            Listener::Concurrently | Listener::Orderly if job.popped.is_some() => self.failed_popped(ctx, job),
            Listener::Orderly => self.failed_in_order(ctx, job),
            // The failure is only logged, and the message counts as consumed.
            Listener::Concurrently if config.broadcasting => self.finish(job),
            Listener::Concurrently => self.give_back_failed(ctx, job),
        }
        self.hand_over(ctx);
        self.end_if_idle(ctx);
    }

    fn succeeded(&mut self, ctx: &mut Ctx<'_, Rocketmq>, job: Job) {
        match job.popped {
            Some(handed) => self.ack(ctx, job, handed),
            None => self.finish(job),
        }
    }

    /// RECONSUME_LATER, or a return that asks for no other try. What is another's by now, or was given back because it
    /// took too long, is left alone.
    ///
    /// Source: `ConsumeMessageConcurrentlyService.processConsumeResult`, client, 5.3.
    fn give_back_failed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, job: Job) {
        let again = if self.plan.config.consumer.rejects { Again::Never } else { Again::Later };
        if self.own(&job).is_some_and(|own| own.unfinished.contains_key(&job.offset)) {
            self.give_back(ctx, Return { job, again, why: Why::Failed });
        }
    }

    /// Progress goes on behind what is finished, unless the queue is another's by now.
    ///
    /// Source: `ConsumeMessageConcurrentlyService.processConsumeResult`, client, 5.3.
    pub(super) fn finish(&mut self, job: Job) {
        if let Some(upto) = self.own(&job).and_then(|own| own.finish(job.offset)) {
            self.advance(job.queue, upto);
        }
    }

    /// Source: `RemoteBrokerOffsetStore.updateOffset` with `increaseOnly`, client, 5.3.
    pub(super) fn advance(&mut self, queue: Queue, upto: u64) {
        let known = self.offsets.entry(queue).or_insert(upto);
        *known = (*known).max(upto);
    }

    /// Looks for what the listener works on for too long. It is given back, and counts as done, while the listener goes
    /// on.
    ///
    /// Source: `ConsumeMessageConcurrentlyService.start`, `ProcessQueue.cleanExpiredMsg`, client, 5.3.
    pub(super) fn expire(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        /// The delay level of what took too long. Source: `pushConsumer.sendMessageBack(msg, 3)`.
        const LEVEL: u8 = 3;
        let timeout = self.plan.config.consumer.timeout;
        ctx.set_timer(Timer::Expire.id(), timeout.max(Span::ms(1)));
        let Some(InHand { job, since }) = self.in_hand else { return };
        let is_first =
            |own: &mut ProcessQueue| own.unfinished.first_key_value().is_some_and(|(at, _)| *at == job.offset);
        let is_clustering = !self.plan.config.consumer.broadcasting;
        if is_clustering && ctx.now().since(since) > timeout && self.own(&job).is_some_and(is_first) {
            ctx.note(|| format!("its listener works on {} for longer than consumeTimeout", job.letter.msg));
            self.give_back(ctx, Return { job, again: Again::Level(LEVEL), why: Why::TookTooLong });
        }
    }
}

//! The listener: what it is handed, and what becomes of it.
//!
//! Simplified: one thread works on one message after the other. Gives up: nothing but speed, since progress waits for
//! the smallest unfinished offset whoever works on it.

use ackproof_core::actor::Ctx;
use ackproof_core::app::{AppReply, Delivery};

use crate::consumer::Consumer;
use crate::model::Rocketmq;
use crate::record::Entry;
use crate::topic::Queue;

/// One message that is to be worked on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Job {
    pub queue: Queue,
    pub offset: u64,
    pub delivery: Delivery,
}

impl Consumer {
    /// Puts what was pulled behind what is to be worked on.
    pub(super) fn take(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, entries: &[Entry]) {
        let origin = self.plan.queues.origin(queue);
        for entry in entries {
            if let (Some(letter), Some(own)) = (entry.letter(), self.queues.get_mut(&queue)) {
                own.put(entry.offset, *letter);
                let delivery = letter.delivery(origin, entry.offset);
                self.work.push_back(Job { queue, offset: entry.offset, delivery });
            }
        }
        self.hand_over(ctx);
    }

    /// Hands the listener the next message, if it has none. A listener that leaves the work to another thread is done at
    /// once.
    ///
    /// Source: `ConsumeMessageConcurrentlyService.ConsumeRequest.run`, client, 5.3.
    pub(super) fn hand_over(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        while self.in_hand.is_none() {
            let Some(job) = self.work.pop_front() else { return };
            let is_own = self.queues.get(&job.queue).is_some_and(|own| own.unfinished.contains_key(&job.offset));
            if !is_own {
                continue;
            }
            ctx.tell(AppReply::Deliver(job.delivery));
            if self.plan.config.consumer.in_background {
                self.finish(job);
            } else {
                self.in_hand = Some(job);
            }
        }
    }

    /// The listener returns.
    pub(super) fn on_finished(&mut self, ctx: &mut Ctx<'_, Rocketmq>, delivery: Delivery, success: bool) {
        let Some(job) = self.in_hand.take_if(|job| job.delivery == delivery) else { return };
        let _ = success;
        self.finish(job);
        self.hand_over(ctx);
    }

    /// Progress goes on behind what is finished, unless the queue is another's by now.
    ///
    /// Source: `ConsumeMessageConcurrentlyService.processConsumeResult`, client, 5.3.
    fn finish(&mut self, job: Job) {
        let Some(own) = self.queues.get_mut(&job.queue) else { return };
        if let Some(upto) = own.finish(job.offset) {
            self.advance(job.queue, upto);
        }
    }

    /// Source: `RemoteBrokerOffsetStore.updateOffset` with `increaseOnly`, client, 5.3.
    pub(super) fn advance(&mut self, queue: Queue, upto: u64) {
        let known = self.offsets.entry(queue).or_insert(upto);
        *known = (*known).max(upto);
    }
}

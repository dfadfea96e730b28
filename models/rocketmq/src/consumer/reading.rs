//! Pulling: one request a queue, held by the broker until something comes.

use ackproof_core::actor::Ctx;
use ackproof_core::time::Span;

use crate::consumer::Consumer;
use crate::consumer::asking::Ask;
use crate::consumer::process_queue::{Life, Reading};
use crate::consumer::stopping::Stage;
use crate::consumer::timer::Timer;
use crate::message::{Message, Pull, Pulled, PulledWhat};
use crate::model::Rocketmq;
use crate::topic::Queue;

/// How long a pull is waited for.
/// Source: `DefaultMQPushConsumer.consumerTimeoutMillisWhenSuspend`, client, 5.3.
const PATIENCE: Span = Span::secs(30);
/// After a pull that failed, and after one for which there is no room.
/// Source: `DefaultMQPushConsumerImpl.pullTimeDelayMillsWhenException`, `pullTimeDelayMillsWhenCacheFlowControl`.
const AFTER_FAILURE: Span = Span::secs(3);
const WITHOUT_ROOM: Span = Span::ms(50);
/// After a broker has said that an offset is none of its own.
/// Source: `DefaultMQPushConsumerImpl.pullMessage`, client, 5.3: `executeTaskLater(..., 10000)`.
const CORRECTION: Span = Span::secs(10);

impl Consumer {
    /// Source: `DefaultMQPushConsumerImpl.pullMessage`, `PullAPIWrapper.pullKernelImpl`, client, 5.3.
    pub(super) fn pull(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        let config = &self.plan.config.consumer;
        let commit = self.offsets.get(&queue).copied().filter(|offset| *offset > 0 && !config.broadcasting);
        let suggested = self.suggested.get(&queue).copied().unwrap_or(0);
        let broker = self.client.any(queue.group, suggested);
        let Some(own) = self.queues.get(&queue) else { return };
        let Reading::From(offset) = own.reading else { return };
        let life = own.life;
        if own.pulls || self.stage != Stage::Running {
            return;
        }
        if !self.may_pull(queue) {
            return ctx.set_timer(Timer::PullAgain(queue).id(), AFTER_FAILURE);
        }
        if own.unfinished.len() as u64 > config.pull_threshold {
            return ctx.set_timer(Timer::PullAgain(queue).id(), WITHOUT_ROOM);
        }
        let Some(broker) = broker else {
            return ctx.set_timer(Timer::PullAgain(queue).id(), AFTER_FAILURE);
        };
        let limit = config.pull_batch;
        if let Some(own) = self.queues.get_mut(&queue) {
            own.pulls = true;
        }
        self.ask(ctx, (broker, Ask::Pull(queue, life), PATIENCE), |opaque| {
            Message::Pull(Pull { opaque, queue, offset, limit, commit, may_wait: true, audits: false })
        });
    }

    pub(super) fn pull_failed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue, life: Life) {
        if let Some(own) = self.queues.get_mut(&queue).filter(|own| own.life == life) {
            own.pulls = false;
            ctx.set_timer(Timer::PullAgain(queue).id(), AFTER_FAILURE);
        }
    }

    /// Source: the callback in `DefaultMQPushConsumerImpl.pullMessage`, client, 5.3.
    pub(super) fn on_pulled(&mut self, ctx: &mut Ctx<'_, Rocketmq>, (queue, life): (Queue, Life), pulled: Pulled) {
        let Some(own) = self.queues.get_mut(&queue) else { return };
        if own.life != life {
            return;
        }
        own.pulls = false;
        if !own.is_reading() || self.stage != Stage::Running {
            return;
        }
        self.suggested.insert(queue, pulled.suggestion.0);
        match pulled.result {
            Ok(PulledWhat::Found(entries)) => {
                own.reading = Reading::From(pulled.next);
                self.take(ctx, queue, &entries);
                self.pull(ctx, queue);
            }
            Ok(PulledWhat::Nothing | PulledWhat::RetryImmediately) => {
                own.reading = Reading::From(pulled.next);
                // Source: `correctTagsOffset`: with nothing in hand, progress goes along.
                if own.unfinished.is_empty() {
                    self.advance(queue, pulled.next);
                }
                self.pull(ctx, queue);
            }
            Ok(PulledWhat::Moved) => {
                ctx.note(|| format!("its offset is none of the broker's: goes on at {}", pulled.next));
                own.reading = Reading::Correcting(pulled.next);
                own.unfinished.clear();
                ctx.set_timer(Timer::Correct(queue).id(), CORRECTION);
            }
            Err(_) => self.pull_failed(ctx, queue, life),
        }
    }

    /// The corrected offset is stored, and the queue is begun anew.
    pub(super) fn corrected(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        let Some(own) = self.queues.get(&queue) else { return };
        let Reading::Correcting(offset) = own.reading else { return };
        self.offsets.insert(queue, offset);
        self.give_up_queue(ctx, queue);
        self.rebalance(ctx);
    }
}

//! A clean stop: what the listener works on is waited for as long as it is allowed, and progress is stored once more.

use ackproof_core::actor::Ctx;
use ackproof_core::time::Span;

use crate::config::Listener;
use crate::consumer::Consumer;
use crate::consumer::timer::Timer;
use crate::model::Rocketmq;
use crate::topic::Queue;

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Stage {
    Running,
    /// It takes nothing new, and its listener goes on.
    Stopping,
}

impl Consumer {
    /// SIGTERM, where the application closes its consumer: without `awaitTerminationMillisWhenShutdown` the listener is
    /// cut off.
    ///
    /// Source: `DefaultMQPushConsumerImpl.shutdown`, `ConsumeMessageConcurrentlyService.shutdown`, client, 5.3.
    pub(super) fn stop(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.stage = Stage::Stopping;
        let patience = self.plan.config.consumer.await_termination;
        if patience == Span::ZERO || self.is_idle() {
            return self.end(ctx);
        }
        ctx.set_timer(Timer::Terminate.id(), patience);
    }

    /// The last thing that was waited for has ended.
    pub(super) fn end_if_idle(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.stage == Stage::Stopping && self.is_idle() {
            self.end(ctx);
        }
    }

    pub(super) fn end(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.persist(ctx);
        let config = &self.plan.config.consumer;
        if config.listener == Listener::Orderly && !config.broadcasting {
            let queues: Vec<Queue> = self.queues.keys().copied().collect();
            queues.into_iter().for_each(|queue| self.unlock(ctx, queue));
        }
        ctx.exit("stopped");
    }
}

//! Messages that the listener failed on, on their way back: to their own broker, else as ordinary messages to any broker,
//! else nowhere, and the listener is handed them again.

use ackproof_core::actor::Ctx;
use ackproof_core::time::{Span, Time};

use crate::config::Listener;
use crate::consumer::Consumer;
use crate::consumer::asking::Ask;
use crate::consumer::timer::Timer;
use crate::consumer::working::Job;
use crate::message::{Again, Consuming, GiveBack, Message};
use crate::model::Rocketmq;
use crate::record::Letter;
use crate::topic::Group;

/// Source: `DefaultMQPushConsumerImpl.sendMessageBack`, client, 5.3: 5000 ms.
const PATIENCE: Span = Span::secs(5);
/// Of all tries of the producer within the consumer, and how many it makes.
/// Source: `DefaultMQProducer.sendMsgTimeout`, `DefaultMQProducer.retryTimesWhenSendFailed`, client, 5.3.
const SEND_PATIENCE: Span = Span::secs(3);
const TRIES: u8 = 3;
/// Source: `ConsumeMessageConcurrentlyService.submitConsumeRequestLater`, client, 5.3: 5000 ms.
const WORK_AGAIN: Span = Span::secs(5);
/// `maxReconsumeTimes` of -1. Source: `DefaultMQPushConsumerImpl.getMaxReconsumeTimes`, client, 5.3.
const TIMES: u32 = 16;

/// Why a message goes back.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Why {
    Failed,
    TookTooLong,
    /// An orderly listener failed on it as often as it may.
    FailedTooOften,
}

/// One that goes to the retry topic as an ordinary message, with the tries that are left.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Resend {
    pub back: Return,
    tries: u8,
    began: Time,
}

/// A message that goes back.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Return {
    pub job: Job,
    pub again: Again,
    pub why: Why,
}

impl Consumer {
    /// How often a message may come again.
    ///
    /// Source: `DefaultMQPushConsumerImpl.getMaxReconsumeTimes`, `ConsumeMessageOrderlyService.getMaxReconsumeTimes`,
    /// client, 5.3.
    pub(super) fn max_reconsume(&self) -> u32 {
        let config = &self.plan.config.consumer;
        match (u32::try_from(config.max_reconsume), config.listener) {
            (Ok(max), _) => max,
            (Err(_), Listener::Concurrently) => TIMES,
            (Err(_), Listener::Orderly) => u32::MAX,
        }
    }

    /// To the master of the broker group that it came from. Meanwhile its offset holds progress back.
    ///
    /// Source: `DefaultMQPushConsumerImpl.sendMessageBack`, client, 5.3.
    pub(super) fn give_back(&mut self, ctx: &mut Ctx<'_, Rocketmq>, back: Return) {
        let Return { job, again, .. } = back;
        let Some(broker) = self.client.master(job.queue.group) else { return self.send_again(ctx, back) };
        let max = self.max_reconsume();
        self.ask(ctx, (broker, Ask::GiveBack(back), PATIENCE), |opaque| {
            let (slot, offset, msg) = (job.queue.slot, job.offset, job.letter.msg);
            Message::Consuming(Box::new(Consuming::GiveBack(GiveBack { opaque, slot, offset, msg, again, max })))
        });
    }

    /// As an ordinary message, which goes to whichever broker group can be written to.
    ///
    /// Source: `DefaultMQPushConsumerImpl.sendMessageBackAsNormalMessage`, client, 5.3.
    pub(super) fn send_again(&mut self, ctx: &mut Ctx<'_, Rocketmq>, back: Return) {
        let began = ctx.now();
        self.try_to_send(ctx, Resend { back, tries: TRIES, began });
    }

    /// Tries share their time, so that one which is not answered is the last.
    ///
    /// Source: `DefaultMQProducerImpl.sendDefaultImpl`, client, 5.3.
    pub(super) fn try_to_send(&mut self, ctx: &mut Ctx<'_, Rocketmq>, resend: Resend) {
        let Resend { back, tries, began } = resend;
        let groups: Vec<Group> = self.client.route().map_or_else(Vec::new, |route| {
            route.groups.iter().filter(|known| known.is_writable).map(|known| known.group).collect()
        });
        let turn = usize::from(tries) + self.numbered as usize;
        let chosen = groups.get(turn % groups.len().max(1)).and_then(|group| self.client.master(*group));
        let left = SEND_PATIENCE - ctx.now().since(began);
        let Some(broker) = chosen.filter(|_| tries > 0 && left > Span::ZERO) else {
            return self.could_not_give_back(ctx, back);
        };
        let job = back.job;
        let copy = job.letter.copied_from(self.plan.queues.origin(job.queue), job.offset);
        let letter = Letter { reconsumed: job.letter.reconsumed + 1, ..copy };
        let max = self.max_reconsume();
        let next = Resend { tries: tries - 1, ..resend };
        self.ask(ctx, (broker, Ask::SendAgain(next), left), |opaque| {
            Message::Consuming(Box::new(Consuming::SendAgain { opaque, letter, max }))
        });
    }

    /// A broker has a copy: the message is done here.
    pub(super) fn given_back(&mut self, ctx: &mut Ctx<'_, Rocketmq>, back: Return) {
        self.finish(back.job);
        match back.why {
            Why::Failed | Why::TookTooLong => {}
            Why::FailedTooOften => self.go_on(ctx, back.job),
        }
        self.hand_over(ctx);
        self.end_if_idle(ctx);
    }

    /// No broker has a copy: the listener is handed it again after a while, and its offset holds progress back.
    ///
    /// Source: `ConsumeMessageConcurrentlyService.processConsumeResult`, `submitConsumeRequestLater`, client, 5.3.
    fn could_not_give_back(&mut self, ctx: &mut Ctx<'_, Rocketmq>, back: Return) {
        let letter = Letter { reconsumed: back.job.letter.reconsumed + 1, ..back.job.letter };
        match back.why {
            Why::Failed => {
                self.numbered += 1;
                self.later.insert(self.numbered, Job { letter, ..back.job });
                ctx.set_timer(Timer::Again(self.numbered).id(), WORK_AGAIN);
            }
            Why::TookTooLong => {}
            Why::FailedTooOften => self.suspend(ctx, back.job),
        }
    }

    pub(super) fn work_again(&mut self, ctx: &mut Ctx<'_, Rocketmq>, number: u32) {
        self.work.extend(self.later.remove(&number));
        self.hand_over(ctx);
    }

    /// Whether anything is on its way back.
    pub(super) fn gives_back(&self) -> bool {
        let goes_back = |ask: &Ask| matches!(ask, Ask::GiveBack(_) | Ask::SendAgain(..));
        !self.later.is_empty() || self.asks.values().any(|(ask, _)| goes_back(ask))
    }
}

//! What consumers give back: a copy goes to the dead-letter queue, or waits among the delayed messages until it comes to
//! the group's retry topic.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::op::DEAD_LETTERED;

use crate::broker::Broker;
use crate::message::{Again, Code, Consuming, GiveBack, Message, Opaque, Refusal};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::{Body, Letter};
use crate::topic::{Slot, Topic};

/// Levels before the first one that a message which is given back gets.
/// Source: `AbstractSendMessageProcessor.consumerSendMsgBack`, broker, 5.3: `3 + msgExt.getReconsumeTimes()`.
const FIRST_LEVEL: u32 = 3;

impl Broker {
    pub(super) fn on_consuming(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        from: NodeId,
        consuming: Consuming,
    ) -> Result<(), DiskError> {
        match consuming {
            Consuming::GiveBack(back) => {
                let result = self.take_back(ctx, back);
                self.answer_back(ctx, from, back.opaque, result)?;
            }
            Consuming::SendAgain { opaque, letter, max } => {
                let result = self.take_again(ctx, letter, max);
                self.answer_back(ctx, from, opaque, result)?;
            }
            Consuming::Popping(popping) => self.on_popping(ctx, from, popping)?,
            Consuming::Lock { opaque, queues } => self.on_lock(ctx, from, opaque, &queues),
            Consuming::Unlock { queue } => self.on_unlock(from, queue),
            Consuming::SearchOffset { opaque, queue, at } => self.on_search(ctx, from, opaque, (queue, at)),
            Consuming::GivenBack { .. } | Consuming::Locked { .. } => {}
        }
        Ok(())
    }

    fn answer_back(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        to: NodeId,
        opaque: Opaque,
        result: Result<(), Refusal>,
    ) -> Result<(), DiskError> {
        if result.is_ok() && self.member().is_some() {
            self.answer_back_by_majority(ctx, to, opaque);
            return Ok(());
        }
        ctx.send(to, Message::Consuming(Box::new(Consuming::GivenBack { opaque, result })));
        match result {
            Ok(()) => self.after_append(ctx),
            Err(_) => Ok(()),
        }
    }

    /// A message that the group gives back. It is found by where it stands, so a log that lost it, or has another there,
    /// cannot take it back. The copy waits neither for the disk nor for slaves before the consumer hears that all is well.
    ///
    /// Source: `AbstractSendMessageProcessor.consumerSendMsgBack`, broker, 5.3: `setWaitStoreMsgOK(false)`.
    fn take_back(&mut self, ctx: &mut Ctx<'_, Rocketmq>, back: GiveBack) -> Result<(), Refusal> {
        let no = Refusal::certain(Code::SystemError);
        self.admit(ctx, false).map_err(|_| no)?;
        let found = self.store.get(ctx.disk, back.slot, back.offset).and_then(|entry| entry.letter()).copied();
        if self.config().service.retry_queues == 0 {
            let rule = "retryQueueNums is 0, so what is given back is dropped";
            self.dispose(ctx, (back.slot, back.offset), back.msg, || rule.to_owned());
            return Ok(());
        }
        let letter = found.filter(|letter| letter.msg == back.msg).ok_or(no)?;
        let copy = letter.copied_from(self.plan.origin(self.group, back.slot), back.offset);
        let copy = Letter { reconsumed: letter.reconsumed + 1, ..copy };
        let is_over = letter.reconsumed >= back.max && Rule::MaxReconsume.holds();
        let level = match back.again {
            Again::Never => None,
            _ if is_over => None,
            Again::Later => Some(FIRST_LEVEL + letter.reconsumed),
            Again::Level(level) => Some(u32::from(level)),
        };
        let appended = match level {
            Some(level) => self.delay(ctx, copy, level),
            None => self.dead_letter(ctx, copy, (back.slot, back.offset)),
        };
        appended.map_err(|_| no)
    }

    /// The same without the broker's own copy at hand.
    ///
    /// Simplified: it is answered as it is appended, and not as flush and slaves have come to their end. Gives up: that a
    /// consumer may believe it failed and keeps the message too.
    ///
    /// Source: `SendMessageProcessor.handleRetryAndDLQ`, broker, 4.9 and 5.3.
    fn take_again(&mut self, ctx: &mut Ctx<'_, Rocketmq>, letter: Letter, max: u32) -> Result<(), Refusal> {
        self.admit(ctx, false)?;
        if self.config().service.retry_queues == 0 {
            return Err(Refusal::certain(Code::TopicNotExist));
        }
        let is_over =
            letter.reconsumed > max || letter.reconsumed == max && !self.plan.config.rules.sends_again_to_the_last;
        let appended = if is_over && Rule::MaxReconsume.holds() {
            let place = (self.plan.queues.slot(Topic::DeadLetter, 0), self.store.max(Slot(0)));
            self.dead_letter(ctx, letter, place)
        } else {
            self.delay(ctx, letter, FIRST_LEVEL + letter.reconsumed.saturating_sub(1))
        };
        appended.map_err(|_| Refusal::certain(Code::ServiceNotAvailable))
    }

    /// To the queue of its delay level, the last one for whatever is beyond.
    ///
    /// Source: `HookUtils.handleScheduleMessage`, broker, 5.3.
    fn delay(&mut self, ctx: &mut Ctx<'_, Rocketmq>, letter: Letter, level: u32) -> Result<(), DiskError> {
        let queues = u64::from(self.config().service.retry_queues);
        let to = self.plan.queues.slot(Topic::Retry, ctx.random.between(0, queues - 1) as u16);
        let levels = self.config().service.delay_levels.len() as u32;
        if levels == 0 {
            self.append_letter(ctx, to, letter)?;
            return Ok(());
        }
        let slot = self.plan.queues.slot(Topic::Schedule, (level.clamp(1, levels) - 1) as u16);
        let place = self.append(ctx, slot, Body::Delayed { letter, to })?;
        let (origin, epoch, msg) = (self.plan.origin(self.group, slot), self.epoch.0, letter.msg);
        ctx.observe(Probe::Appended, || Observation::Appended { origin, offset: place.offset, epoch, msg });
        self.schedule.wake();
        Ok(())
    }

    /// `%DLQ%group`: nobody hands it to the group again. `at` is the copy that it was.
    fn dead_letter(&mut self, ctx: &mut Ctx<'_, Rocketmq>, letter: Letter, at: (Slot, u64)) -> Result<(), DiskError> {
        let slot = self.plan.queues.slot(Topic::DeadLetter, 0);
        self.append_letter(ctx, slot, letter)?;
        let times = letter.reconsumed.saturating_sub(1);
        self.dispose(ctx, at, letter.msg, || {
            format!("{DEAD_LETTERED}: given back {} times, it is in %DLQ% and comes to the group no more", times + 1)
        });
        Ok(())
    }

    fn dispose(
        &self,
        ctx: &mut Ctx<'_, Rocketmq>,
        (slot, offset): (Slot, u64),
        msg: ackproof_core::app::MsgId,
        rule: impl FnOnce() -> String,
    ) {
        let origin = self.plan.origin(self.group, slot);
        ctx.observe(Probe::Disposed, || Observation::Disposed { origin, offset, msg, rule: rule() });
    }
}

//! POP: handing out. What is handed out is written down first, in the revive topic or, with `enablePopBufferMerge`, in
//! memory for a while, and only then is the group's progress behind it.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use crate::broker::{Broker, Timer};
use crate::message::{Code, Consuming, Message, Pop, Popping, Refusal};
use crate::model::Rocketmq;
use crate::record::{Body, Entry, Handed};
use crate::release::Release;
use crate::topic::{Slot, Topic};

/// How long a request is held that finds nothing.
/// Source: `DefaultMQPushConsumerImpl.BROKER_SUSPEND_MAX_TIME_MILLIS`, client, 5.3.
const HOLD: Span = Span::secs(15);
/// Of a hundred requests so many look into the retry topic first.
/// Source: `BrokerConfig.popFromRetryProbability`, 5.3.
const RETRY_FIRST: f64 = 0.2;

#[derive(Debug)]
struct Held {
    from: NodeId,
    pop: Pop,
    until: Time,
}

/// Requests that found nothing and wait, in the order in which they came.
#[derive(Debug, Default)]
pub struct PopHolds {
    held: Vec<Held>,
}

impl PopHolds {
    pub fn forget(&mut self, peer: NodeId) {
        self.held.retain(|held| held.from != peer);
    }
}

impl Broker {
    pub(super) fn on_popping(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        from: NodeId,
        popping: Popping,
    ) -> Result<(), DiskError> {
        match popping {
            Popping::Pop(pop) => self.on_pop(ctx, from, pop)?,
            Popping::Ack { handed, offset } => self.on_ack(ctx, handed, offset)?,
            Popping::ChangeInvisible { handed, offset, invisible } => {
                self.on_change(ctx, handed, offset, invisible)?;
            }
            Popping::Popped { .. } => {}
        }
        Ok(())
    }

    /// Source: `PopMessageProcessor.processRequest`, broker, 5.3.
    fn on_pop(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, pop: Pop) -> Result<(), DiskError> {
        if !self.is_master() {
            self.answer_pop(ctx, (from, pop), Err(Refusal::certain(Code::SystemError)));
            return Ok(());
        }
        let found = self.hand_out(ctx, pop)?;
        if found.is_empty() {
            let until = ctx.now() + HOLD;
            self.pop_holds.held.push(Held { from, pop, until });
            ctx.set_timer(Timer::PopHold.id(), self.pop_holds.held[0].until.since(ctx.now()));
        } else {
            self.answer_pop(ctx, (from, pop), Ok(found));
        }
        Ok(())
    }

    fn answer_pop(
        &self,
        ctx: &mut Ctx<'_, Rocketmq>,
        (to, pop): (NodeId, Pop),
        result: Result<Vec<(Handed, Entry)>, Refusal>,
    ) {
        let popped = Popping::Popped { opaque: pop.opaque, result };
        ctx.send(to, Message::Consuming(Box::new(Consuming::Popping(popped))));
    }

    /// Something new may be read: whoever waits longest has it first.
    pub(super) fn wake_pops(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<(), DiskError> {
        while let Some(Held { from, pop, .. }) = self.pop_holds.held.first() {
            let (from, pop) = (*from, *pop);
            let found = self.hand_out(ctx, pop)?;
            if found.is_empty() {
                break;
            }
            self.pop_holds.held.remove(0);
            self.answer_pop(ctx, (from, pop), Ok(found));
        }
        Ok(())
    }

    pub(super) fn expire_pop_holds(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let now = ctx.now();
        let (over, held) = std::mem::take(&mut self.pop_holds.held).into_iter().partition(|held| held.until <= now);
        self.pop_holds.held = held;
        for Held { from, pop, .. } in over {
            self.answer_pop(ctx, (from, pop), Ok(Vec::new()));
        }
        if let Some(first) = self.pop_holds.held.first() {
            ctx.set_timer(Timer::PopHold.id(), first.until.since(now));
        }
    }

    /// Goes over the queues from a random one on, with the retry topic before or behind them.
    ///
    /// Source: `PopMessageProcessor.processRequest`, broker, 5.3.
    fn hand_out(&mut self, ctx: &mut Ctx<'_, Rocketmq>, pop: Pop) -> Result<Vec<(Handed, Entry)>, DiskError> {
        let work: Vec<Slot> = self.plan.readable().collect();
        let retry = self.plan.queues.slot(Topic::PopRetry, 0);
        let is_any = work.iter().chain([&retry]).any(|slot| self.popped_upto(*slot, pop) < self.store.max(*slot));
        if !is_any {
            return Ok(Vec::new());
        }
        let turn = ctx.random.between(0, work.len().max(1) as u64 - 1) as usize;
        let retry_first = ctx.random.chance(RETRY_FIRST);
        let mut order: Vec<Slot> = work[turn..].iter().chain(&work[..turn]).copied().collect();
        order.insert(if retry_first { 0 } else { order.len() }, retry);
        let mut all = Vec::new();
        for slot in order {
            let left = pop.limit.saturating_sub(all.len() as u64);
            if left > 0 {
                self.hand_out_of(ctx, (slot, left), pop, &mut all)?;
            }
        }
        if !all.is_empty() {
            self.after_append(ctx)?;
            self.look_after_pops(ctx);
        }
        Ok(all)
    }

    /// Where a queue is popped next. A group that nobody knows begins with the first message, or with the last one.
    ///
    /// Source: `PopMessageProcessor.getPopOffset`, `PopMessageProcessor.getInitOffset`, broker, 5.3 and 5.1.
    fn popped_upto(&self, slot: Slot, pop: Pop) -> u64 {
        let (min, max) = (self.store.min(slot), self.store.max(slot));
        let known = self.pops.latest(slot).max(self.book.of(slot));
        let checks_memory = self.plan.config.release >= Release::new(5, 2, 0);
        let is_retry = self.plan.queues.topic(slot) == Topic::PopRetry;
        match known {
            // What the queue does not have is corrected as it is met.
            Some(known) => known.clamp(min, max),
            None if pop.from_first || is_retry || (checks_memory && min == 0) => min,
            None => max.saturating_sub(1).max(min),
        }
    }

    /// Source: `PopMessageProcessor.popMsgFromQueue`, `PopMessageProcessor.appendCheckPoint`, broker, 5.3.
    fn hand_out_of(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        (slot, limit): (Slot, u64),
        pop: Pop,
        all: &mut Vec<(Handed, Entry)>,
    ) -> Result<(), DiskError> {
        let from = self.popped_upto(slot, pop);
        let entries = self.store.read(ctx.disk, slot, from, limit);
        if entries.is_empty() {
            return Ok(());
        }
        let at = ctx.wall_clock();
        let handed = Handed { slot, from, count: entries.len() as u32, at, revive_at: at + pop.invisible };
        self.remember(ctx, handed)?;
        self.pops.advance(slot, from + u64::from(handed.count));
        self.commit_popped(ctx, slot);
        all.extend(entries.into_iter().map(|entry| (handed, entry)));
        Ok(())
    }

    /// Writes down what is handed out, in memory alone where that is allowed.
    fn remember(&mut self, ctx: &mut Ctx<'_, Rocketmq>, handed: Handed) -> Result<(), DiskError> {
        let stored = match self.config().service.pop_buffer_merge {
            true => None,
            false => Some(self.append_revive(ctx, Body::Handed(handed))?),
        };
        self.pops.hand_out(handed, stored);
        Ok(())
    }

    /// Appends to the revive topic; the offset there.
    pub(super) fn append_revive(&mut self, ctx: &mut Ctx<'_, Rocketmq>, body: Body) -> Result<u64, DiskError> {
        let slot = self.plan.queues.slot(Topic::Revive, 0);
        Ok(self.append(ctx, slot, body)?.offset)
    }
}

//! Delayed messages: one queue for each delay, worked off in its order by the master alone, and how far each has come.
//!
//! Simplified: a message is delivered as its time comes, where the broker looks ten times a second. Gives up: at most
//! 100 ms.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::time::{Span, Time};

use crate::broker::{Broker, Timer};
use crate::cell::{self, Cell};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::Body;
use crate::topic::{Slot, Topic};

/// After an append that failed.
/// Source: `ScheduleMessageService.DELAY_FOR_A_PERIOD`, broker, 5.3.
const TRY_AGAIN: Span = Span::secs(10);
/// The positions are first written down so long after the start.
/// Source: `ScheduleMessageService.start`, broker, 5.3.
const FIRST_PERSIST: Span = Span::secs(10);

/// What the service does, beside the positions, which are in the book.
#[derive(Debug, Default)]
pub struct Schedule {
    /// Something has come, or is due.
    awake: bool,
    /// This broker works the queues off.
    works: bool,
    /// Positions are to be written down, and the timer for it is set.
    is_dirty: bool,
    is_set: bool,
    began: Time,
}

impl Schedule {
    pub fn wake(&mut self) {
        self.awake = true;
    }
}

impl Broker {
    /// How far a queue of delayed messages was worked off.
    pub fn delayed_upto(&self, slot: Slot) -> u64 {
        self.book.delays.get(usize::from(self.plan.queues.number(slot))).copied().unwrap_or(0)
    }

    /// Delivers what is due, if this broker is the one to do so. Whether anything was appended.
    ///
    /// Source: `BrokerController.changeScheduleServiceStatus`, `ScheduleMessageService.start`, broker, 5.3.
    pub(super) fn work_schedule(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<bool, DiskError> {
        if !self.is_master() {
            self.schedule.works = false;
            return Ok(false);
        }
        if !self.schedule.works {
            self.schedule.works = true;
            self.schedule.began = ctx.now();
            self.begin_schedule();
            self.schedule.awake = true;
        }
        if !std::mem::take(&mut self.schedule.awake) {
            return Ok(false);
        }
        let mut any = false;
        let mut next: Option<Span> = None;
        for slot in self.plan.queues.of(Topic::Schedule) {
            let wait = self.work_level(ctx, slot, &mut any);
            next = next.into_iter().chain(wait).min();
            // What is stored and not shown yet comes later.
            self.schedule.awake |= self.store.max(slot) < self.store.next(slot);
        }
        if let Some(next) = next {
            ctx.set_timer(Timer::Delayed.id(), next);
        }
        if any {
            self.persist_delays_later(ctx);
            self.after_append(ctx)?;
        }
        Ok(any)
    }

    /// Where the levels stand was replaced: what does not fit the log is corrected before the next delivery.
    pub(super) fn begin_schedule_anew(&mut self) {
        self.schedule.works = false;
    }

    /// Positions that the log does not have are moved to where it has some.
    ///
    /// Source: `ScheduleMessageService.correctDelayOffset`, broker, 5.3.
    fn begin_schedule(&mut self) {
        let slots: Vec<Slot> = self.plan.queues.of(Topic::Schedule).collect();
        self.book.delays.resize(slots.len(), 0);
        for (upto, slot) in self.book.delays.iter_mut().zip(slots) {
            *upto = (*upto).clamp(self.store.min(slot), self.store.next(slot).max(self.store.min(slot)));
        }
    }

    /// Delivers what is due of one level; how long until the next one is.
    ///
    /// The copy in the retry topic waits neither for the disk nor for slaves.
    ///
    /// Source: `ScheduleMessageService.DeliverDelayedMessageTimerTask.executeOnTimeUp`, `correctDeliverTimestamp`,
    /// `messageTimeup`, broker, 5.3.
    fn work_level(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slot: Slot, any: &mut bool) -> Option<Span> {
        let number = usize::from(self.plan.queues.number(slot));
        let delay = self.config().service.delay_levels[number];
        loop {
            let at = self.book.delays[number];
            if at >= self.store.max(slot) {
                return None;
            }
            let entry = self.store.get(ctx.disk, slot, at).copied();
            if let Some((entry, Body::Delayed { letter, to })) = entry.map(|entry| (entry, entry.body)) {
                let now = ctx.wall_clock();
                let due = entry.stored + delay;
                // A clock that was set back does not keep it for longer than its delay.
                if due > now && due <= now + delay {
                    return Some(due.since(now));
                }
                if self.append_letter(ctx, to, letter).is_err() {
                    return Some(TRY_AGAIN);
                }
                *any = true;
            }
            self.book.delays[number] = at + 1;
        }
    }

    pub(super) fn delayed_timer(&mut self) {
        self.schedule.wake();
    }

    fn persist_delays_later(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.schedule.is_dirty = true;
        if !self.schedule.is_set {
            self.schedule.is_set = true;
            let interval =
                if Rule::DelayOffsets.holds() { self.config().service.flush_delay_offsets.0.max(1) } else { 1 };
            let since = ctx.now().since(self.schedule.began);
            let wait = match since < FIRST_PERSIST {
                true => FIRST_PERSIST - since,
                false => Span(interval - (since - FIRST_PERSIST).0 % interval),
            };
            ctx.set_timer(Timer::PersistDelays.id(), wait);
        }
    }

    /// `delayOffset.json`, which nobody syncs: what was delivered since it was last written comes again after a crash.
    pub(super) fn persist_delays(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<(), DiskError> {
        self.schedule.is_set = false;
        if std::mem::take(&mut self.schedule.is_dirty) {
            ctx.disk.store(cell::DELAYS, Cell::Delays(self.book.delays.clone()))?;
        }
        Ok(())
    }
}

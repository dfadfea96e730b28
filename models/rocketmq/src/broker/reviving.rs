//! POP: what is handed out and not acknowledged comes back after its time, by way of POP's retry topic.
//!
//! Simplified: there is one queue of the revive topic, and what is acknowledged is matched as it comes, where the broker
//! reads the topic when the time is over. Gives up: nothing that a consumer sees but up to a few seconds.

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::time::{Span, Time};

use crate::broker::{Broker, Timer};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::{Body, Handed, Letter};
use crate::topic::{Slot, Topic};

/// So long after its time a message comes back.
/// Source: `PopReviveService.mergeAndRevive`, broker, 5.3: `PopAckConstants.ackTimeInterval` and a second.
const SLACK: Span = Span::secs(2);
/// Memory holds what was handed out for so long, and not until shortly before it comes back.
/// Source: `BrokerConfig.popCkStayBufferTime`, `BrokerConfig.popCkStayBufferTimeOut`, 5.3.
const IN_MEMORY: Span = Span::secs(10);
const BEFORE: Span = Span::secs(3);
/// After a copy that could not be appended.
const TRY_AGAIN: Span = Span::secs(1);

/// What one answer handed out, as far as it is not acknowledged.
#[derive(Clone, Debug)]
struct Outstanding {
    handed: Handed,
    /// Where it is in the revive topic; `None` while it is in memory alone.
    stored: Option<u64>,
    acked: BTreeSet<u64>,
}

impl Outstanding {
    fn has(&self, handed: &Handed, offset: u64) -> bool {
        let (of, range) = (&self.handed, self.handed.from..self.handed.from + u64::from(self.handed.count));
        of.slot == handed.slot && of.at == handed.at && range.contains(&offset)
    }
    fn open(&self) -> impl Iterator<Item = u64> + '_ {
        let range = self.handed.from..self.handed.from + u64::from(self.handed.count);
        range.filter(|offset| !self.acked.contains(offset))
    }
    /// When memory gives it to the revive topic, by the clock.
    fn store_at(&self) -> Time {
        let before = Time(self.handed.revive_at.0.saturating_sub(BEFORE.0));
        (self.handed.at + IN_MEMORY).min(before)
    }
}

/// What is handed out.
#[derive(Debug, Default)]
pub struct Pops {
    all: Vec<Outstanding>,
    /// The next offset of each queue to be handed out.
    latest: BTreeMap<Slot, u64>,
    /// This broker revives.
    works: bool,
}

impl Pops {
    pub fn latest(&self, slot: Slot) -> Option<u64> {
        self.latest.get(&slot).copied()
    }
    pub fn advance(&mut self, slot: Slot, upto: u64) {
        self.latest.insert(slot, upto);
    }
    pub fn hand_out(&mut self, handed: Handed, stored: Option<u64>) {
        self.all.push(Outstanding { handed, stored, acked: BTreeSet::new() });
    }
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
    /// The first offset of a queue that is handed out and not acknowledged.
    pub fn first_open(&self, slot: Slot) -> Option<u64> {
        let of_slot = self.all.iter().filter(|one| one.handed.slot == slot);
        of_slot.filter_map(|one| one.open().next()).min()
    }
    fn ack(&mut self, handed: &Handed, offset: u64) {
        if let Some(one) = self.all.iter_mut().find(|one| one.has(handed, offset)) {
            one.acked.insert(offset);
        }
    }
}

impl Broker {
    pub fn pops(&self) -> &Pops {
        &self.pops
    }

    /// How far the group is done with a queue, whether it pulls or pops.
    pub fn done_upto(&self, slot: Slot) -> Option<u64> {
        let open = self.pops.first_open(slot);
        self.book.of(slot).map(|upto| open.map_or(upto, |open| open.min(upto)))
    }

    /// What only a master does begins, or ends. What was handed out is found again in the revive topic; what was in memory
    /// alone is not, but the group's progress is not behind it either.
    ///
    /// Source: `PopReviveService.run`, `PopReviveService.consumeReviveMessage`, broker, 5.3.
    pub(super) fn mind_pops(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if !self.plan.pops() || self.pops.works == self.is_master() {
            return;
        }
        self.pops = Pops { works: self.is_master(), ..Pops::default() };
        if !self.pops.works {
            return;
        }
        let slot = self.plan.queues.slot(Topic::Revive, 0);
        let (min, max) = (self.store.min(slot), self.store.max(slot));
        for offset in self.book.of(slot).unwrap_or(0).clamp(min, max)..max {
            match self.store.get(ctx.disk, slot, offset).map(|entry| entry.body) {
                Some(Body::Handed(handed)) => self.pops.hand_out(handed, Some(offset)),
                Some(Body::Acked { slot, offset, handed_at }) => {
                    let handed = Handed { slot, from: offset, count: 1, at: handed_at, revive_at: handed_at };
                    self.pops.ack(&handed, offset);
                }
                _ => {}
            }
        }
        self.look_after_pops(ctx);
    }

    /// Source: `AckMessageProcessor.processRequest`, `PopBufferMergeService.addAk`, broker, 5.3.
    pub(super) fn on_ack(&mut self, ctx: &mut Ctx<'_, Rocketmq>, handed: Handed, offset: u64) -> Result<(), DiskError> {
        if !self.is_master() {
            return Ok(());
        }
        let in_memory = self.pops.all.iter().any(|one| one.stored.is_none() && one.has(&handed, offset));
        if !in_memory {
            let (slot, handed_at) = (handed.slot, handed.at);
            self.append_revive(ctx, Body::Acked { slot, offset, handed_at })?;
            self.after_append(ctx)?;
        }
        self.pops.ack(&handed, offset);
        self.settle_pops(ctx);
        Ok(())
    }

    /// It is handed out anew, by itself, and then acknowledged as what it was.
    ///
    /// Source: `ChangeInvisibleTimeProcessor.processRequest`, broker, 5.3.
    pub(super) fn on_change(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        handed: Handed,
        offset: u64,
        invisible: Span,
    ) -> Result<(), DiskError> {
        if !self.is_master() {
            return Ok(());
        }
        let at = ctx.wall_clock();
        let anew = Handed { slot: handed.slot, from: offset, count: 1, at, revive_at: at + invisible };
        let stored = self.append_revive(ctx, Body::Handed(anew))?;
        self.on_ack(ctx, handed, offset)?;
        self.pops.hand_out(anew, Some(stored));
        self.settle_pops(ctx);
        self.look_after_pops(ctx);
        Ok(())
    }

    /// Forgets what was acknowledged, and lets progress follow.
    ///
    /// Source: `PopBufferMergeService.scanCommitOffset`, broker, 5.3.
    fn settle_pops(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let done: BTreeSet<Slot> =
            self.pops.all.iter().filter(|one| one.open().next().is_none()).map(|one| one.handed.slot).collect();
        self.pops.all.retain(|one| one.open().next().is_some());
        done.into_iter().for_each(|slot| self.commit_popped(ctx, slot));
        let slot = self.plan.queues.slot(Topic::Revive, 0);
        let first = self.pops.all.iter().filter_map(|one| one.stored).min();
        self.on_update_offset(ctx, slot, first.unwrap_or(self.store.next(slot)));
    }

    /// The group's progress is behind what is written down, and in front of what is in memory alone.
    pub(super) fn commit_popped(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slot: Slot) {
        let unstored = self.pops.all.iter().filter(|one| one.handed.slot == slot && one.stored.is_none());
        let first = unstored.map(|one| one.handed.from).min();
        if let Some(upto) = first.or(self.pops.latest(slot)) {
            self.on_update_offset(ctx, slot, upto);
        }
    }

    /// Sets the timer for what is due first.
    pub(super) fn look_after_pops(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let due = |one: &Outstanding| if one.stored.is_some() { one.handed.revive_at + SLACK } else { one.store_at() };
        if let Some(next) = self.pops.all.iter().map(due).min() {
            ctx.set_timer(Timer::Revive.id(), next.since(ctx.wall_clock()).max(Span::ms(1)));
        }
    }

    /// Writes down what was long enough in memory, and revives what was not acknowledged in time.
    ///
    /// Source: `PopBufferMergeService.scan`, `PopReviveService.mergeAndRevive`, broker, 5.3.
    pub(super) fn revive(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<(), DiskError> {
        if !self.is_master() {
            return Ok(());
        }
        let now = ctx.wall_clock();
        let mut failed = Ok(());
        let slots: BTreeSet<Slot> = self.pops.all.iter().map(|one| one.handed.slot).collect();
        for mut one in std::mem::take(&mut self.pops.all) {
            if failed.is_ok() && one.stored.is_none() && one.store_at() <= now {
                failed = self.store_from_memory(ctx, &mut one);
            }
            if failed.is_ok() && one.stored.is_some() && one.handed.revive_at + SLACK <= now {
                failed = self.bring_back(ctx, &mut one);
            }
            self.pops.all.push(one);
        }
        slots.into_iter().for_each(|slot| self.commit_popped(ctx, slot));
        self.settle_pops(ctx);
        self.after_append(ctx)?;
        self.look_after_pops(ctx);
        if failed.is_err() {
            ctx.set_timer(Timer::Revive.id(), TRY_AGAIN);
        }
        failed
    }

    fn store_from_memory(&mut self, ctx: &mut Ctx<'_, Rocketmq>, one: &mut Outstanding) -> Result<(), DiskError> {
        one.stored = Some(self.append_revive(ctx, Body::Handed(one.handed))?);
        let (slot, handed_at) = (one.handed.slot, one.handed.at);
        for offset in one.acked.iter().copied().collect::<Vec<u64>>() {
            self.append_revive(ctx, Body::Acked { slot, offset, handed_at })?;
        }
        Ok(())
    }

    /// A copy of each message that was not acknowledged goes to the retry topic. Up to 5.2 one whose time of storing is
    /// behind that of its hand-over, as after a clock was set back, was taken for another's and dropped.
    ///
    /// Source: `PopReviveService.reviveMsgFromCk`, `PopReviveService.reviveRetry`, broker, 5.3 and 5.2 (#7914).
    fn bring_back(&mut self, ctx: &mut Ctx<'_, Rocketmq>, one: &mut Outstanding) -> Result<(), DiskError> {
        let slot = one.handed.slot;
        let loses = self.plan.config.rules.revive_loses && Rule::ReviveLoses.holds();
        for offset in one.open().collect::<Vec<u64>>() {
            let entry = self.store.get(ctx.disk, slot, offset).copied();
            if let Some((entry, letter)) = entry.and_then(|entry| Some((entry, *entry.letter()?))) {
                if loses && one.handed.at < entry.stored {
                    ctx.note(|| format!("drops {}, which seems to be handed out before it was stored", letter.msg));
                } else {
                    let copy = letter.copied_from(self.plan.origin(self.group, slot), offset);
                    let copy = Letter { reconsumed: letter.reconsumed + 1, ..copy };
                    self.append_letter(ctx, self.plan.queues.slot(Topic::PopRetry, 0), copy)?;
                }
            }
            one.acked.insert(offset);
        }
        Ok(())
    }
}

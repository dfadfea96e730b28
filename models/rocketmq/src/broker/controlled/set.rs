//! The SyncStateSet, as its master keeps it: who joins, who leaves, and what counts until the controllers have agreed.

use ackproof_core::actor::Ctx;
use ackproof_core::time::Time;

use crate::broker::Broker;
use crate::broker::controlled::ControlTimer;
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::replicas::Members;

impl Broker {
    /// The controllers have taken a set.
    ///
    /// Source: `ReplicasManager.changeSyncStateSet`, broker; `AutoSwitchHAService.setSyncStateSet`, store, 5.3.
    pub(super) fn change_set(&mut self, ctx: &mut Ctx<'_, Rocketmq>, set: Members, set_epoch: u32) {
        if set_epoch <= self.controlled.set_epoch {
            return;
        }
        self.controlled.set_epoch = set_epoch;
        self.controlled.set = set;
        self.controlled.proposed = None;
        self.controlled.confirmed = self.computed_confirmed(ctx);
    }

    fn propose(&mut self, ctx: &mut Ctx<'_, Rocketmq>, set: Members) {
        if self.plan.config.rules.pending_set_counts && Rule::PendingSet.holds() {
            self.controlled.proposed = Some(set);
        }
        if self.controlled.proposals.back() != Some(&set) {
            self.controlled.proposals.push_back(set);
        }
        self.propose_next(ctx);
    }

    /// A slave that has everything that is confirmed, and of this epoch whatever is there, joins.
    ///
    /// Source: `AutoSwitchHAService.maybeExpandInSyncStateSet`, store, 5.3.
    pub(super) fn maybe_expand(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slave: u8, end: u64) {
        if self.controlled.set.contains(slave) || end < self.confirmed(ctx) {
            return;
        }
        let Some((_, start)) = self.controlled.epochs.last() else { return };
        if end >= start {
            self.propose(ctx, self.controlled.set.with(slave));
        }
    }

    /// A slave whose link is gone leaves at once.
    ///
    /// Source: `AutoSwitchHAService.removeConnection`, store, 5.3: two that go together are proposed one by one, each as if the
    /// other had stayed.
    pub(in crate::broker) fn slave_gone(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slave: u8) {
        if self.is_master() && self.controlled.set.contains(slave) {
            self.propose(ctx, self.controlled.set.without(slave));
        }
    }

    pub(super) fn check_set_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(ControlTimer::CheckSet.id(), self.config().fail_over.check_set);
        self.check_set(ctx);
    }

    /// Slaves that have not had everything for too long leave, and those that were never seen.
    ///
    /// Source: `ReplicasManager.checkSyncStateSetAndDoReport`, broker; `AutoSwitchHAService.maybeShrinkSyncStateSet`, store, 5.3.
    pub(super) fn check_set(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if !self.is_master() {
            return;
        }
        let (now, limit) = (ctx.now(), self.config().fail_over.not_caught_up);
        let mut set = self.controlled.set;
        for place in set.iter().filter(|place| *place != self.place()) {
            let is_behind = match self.last_caught_up(ctx, place) {
                Some(at) => now.since(at) > limit,
                None => self.plan.config.rules.pending_set_counts,
            };
            if is_behind {
                set = set.without(place);
            }
        }
        if set != self.controlled.set {
            self.propose(ctx, set);
        }
    }

    /// When a slave last had everything. One that was sent everything counts as having it.
    ///
    /// Source: `AutoSwitchHAConnection.WriteSocketService.transferToSlave`, store, 5.3.
    fn last_caught_up(&self, ctx: &Ctx<'_, Rocketmq>, place: u8) -> Option<Time> {
        let end = self.store.committed(ctx.disk);
        let link = self.links.iter().find(|link| self.plan.place(link.slave).1 == place);
        match link.is_some_and(|link| link.auto.next().is_some_and(|next| next >= end)) {
            true => Some(ctx.now()),
            false => self.controlled.caught_up.get(&place).copied(),
        }
    }
}

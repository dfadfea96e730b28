//! From master to slave and back.

use ackproof_core::actor::Ctx;

use crate::broker::controlled::ControlTimer;
use crate::broker::{Broker, Standing};
use crate::model::Rocketmq;
use crate::replicas::Replicas;
use ackproof_core::time::Span;

/// Source: `ReplicasManager.schedulingCheckSyncStateSet`, broker, 5.3.
const FIRST_CHECK: Span = Span::secs(3);

impl Broker {
    /// The controllers say who leads. Older words than the last one are not heard.
    ///
    /// Source: `ReplicasManager.changeBrokerRole`, broker, 5.3.
    pub(super) fn change_role(&mut self, ctx: &mut Ctx<'_, Rocketmq>, known: Replicas) {
        let Some(master) = known.master.filter(|_| known.epoch > self.controlled.epoch) else { return };
        let before = std::mem::replace(&mut self.controlled.epoch, known.epoch);
        let is_same = self.controlled.master == Some(master);
        self.controlled.master = Some(master);
        ctx.note(|| {
            let name = self.plan.name(self.plan.member(self.group, master));
            format!("has {name} for its master in epoch {} (before {before})", known.epoch)
        });
        if master == self.place() {
            self.become_master(ctx, known, is_same && self.is_master());
        } else if !is_same || self.is_master() {
            self.become_slave(ctx);
        }
        self.register_everywhere(ctx, false);
    }

    /// Source: `ReplicasManager.changeToMaster`, broker; `AutoSwitchHAService.changeToMaster`,
    /// `changeToMasterWhenLastRoleIsMaster`, store, 5.3.
    fn become_master(&mut self, ctx: &mut Ctx<'_, Rocketmq>, known: Replicas, was_master: bool) {
        self.standing = Standing::Master;
        self.id = 0;
        self.epoch = known.epoch;
        if !was_master {
            self.unlink_trail(ctx);
            self.close_links(ctx);
        }
        self.change_set(ctx, known.set, known.set_epoch);
        self.controlled.confirmed = self.computed_confirmed(ctx);
        let end = self.store.wrote(ctx.disk);
        let epochs = &mut self.controlled.epochs;
        let is_older = epochs.last().is_some_and(|(last, _)| last > known.epoch);
        if !is_older {
            // In an epoch that it has led before it begins anew, where its log ends now.
            let repeats = epochs.last().is_some_and(|(last, _)| last == known.epoch);
            let forgotten = if repeats { epochs.forget_from(ctx.disk, known.epoch) } else { Ok(()) };
            if forgotten.and_then(|()| epochs.append(ctx.disk, known.epoch, end)).is_err() {
                ctx.note(|| "could not write its epoch down".to_owned());
            }
        }
        if !was_master {
            let confirmed = self.confirmed(ctx);
            self.store.dispatch(ctx.disk, confirmed);
            if !self.plan.config.rules.offsets_behind_confirm {
                self.store.reuse_offsets_behind_queues();
            }
            self.store.use_pool(self.uses_pool());
            ctx.set_timer(ControlTimer::CheckSet.id(), FIRST_CHECK);
        }
        self.check_set(ctx);
    }

    /// Source: `ReplicasManager.changeToSlave`, broker; `AutoSwitchHAService.changeToSlave`, store, 5.3.
    fn become_slave(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let confirmed = self.confirmed(ctx);
        self.controlled.confirmed = confirmed;
        self.standing = Standing::Slave;
        self.id = u64::from(self.place()) + 1;
        ctx.cancel_timer(ControlTimer::CheckSet.id());
        if self.store.commit(ctx.disk).is_err() {
            ctx.note(|| "could not commit what it had appended, and gives it up".to_owned());
            let end = self.store.committed(ctx.disk);
            self.store.truncate(ctx.disk, end);
        }
        self.store.use_pool(false);
        self.close_links(ctx);
        self.reopen_trail(ctx);
        self.ask_for_progress_soon(ctx);
    }
}

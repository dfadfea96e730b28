//! What a broker becomes as its member leads, follows or stands.
//!
//! Source: `DLedgerRoleChangeHandler`, broker, 4.9 and 5.3.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::broker::{Broker, Standing, Timer};
use crate::model::Rocketmq;

/// How often a leader looks whether its queues know everything.
/// Source: `DLedgerRoleChangeHandler.handle`: `Thread.sleep(100)`.
const LOOK: Span = Span::ms(100);
/// When a new slave first asks its master for progress.
/// Source: `DLedgerRoleChangeHandler.handleSlaveSynchronize`.
const FIRST_SYNC: Span = Span::secs(3);

impl Broker {
    /// Its member leads. It is no master yet: what earlier leaders left is to be committed and found by the queues first.
    pub(super) fn begin_to_lead(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.refuse_earlier_terms(ctx);
        self.look_if_caught_up(ctx);
    }

    /// Source: `DLedgerRoleChangeHandler.handle`, LEADER.
    pub(in crate::broker) fn look_if_caught_up(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.show(ctx);
        let Some(member) = self.member() else { return };
        if !member.is_leader() || self.is_master() {
            return;
        }
        let end = member.log().end();
        if member.committed() == end && self.store.dispatched() == end.0 {
            self.change_to_master(ctx);
        } else {
            ctx.set_timer(Timer::CatchUp.id(), LOOK);
        }
    }

    /// Source: `DLedgerRoleChangeHandler.changeToMaster`; `DefaultMessageStore.recoverTopicQueueTable`, store.
    fn change_to_master(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.epoch = self.member().map_or(self.epoch, |member| member.epoch());
        self.standing = Standing::Master;
        self.id = 0;
        self.following.know(None);
        ctx.cancel_timer(Timer::SyncProgress.id());
        self.register_role(ctx);
        self.observe_leadership(ctx, true);
    }

    /// Source: `DLedgerRoleChangeHandler.changeToSlave`, `DLedgerRoleChangeHandler.handleSlaveSynchronize`.
    pub(super) fn change_to_slave(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.standing = Standing::Slave;
        self.id = u64::from(self.plan.place(self.node).1) + 1;
        self.following.know(None);
        ctx.set_timer(Timer::SyncProgress.id(), FIRST_SYNC);
        self.register_role(ctx);
    }

    /// Registers at once, in a way that brings no answer.
    fn register_role(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.asks_for_master(false);
        self.register_everywhere(ctx, false);
    }

    /// Whether the registration that follows tells it who its master is. The one at a change of roles does not, so that a
    /// new slave has nobody to copy progress from before its next regular one.
    ///
    /// Source: `BrokerController.registerBrokerAll(true, true, ...)`, `BrokerOuterAPI.registerBroker`, broker, 5.3:
    /// `oneway`.
    pub(in crate::broker) fn asks_for_master(&mut self, asks: bool) {
        if let Some(dledger) = &mut self.dledger {
            dledger.asked_for_master = asks;
        }
    }

    /// A nameserver says who the master is: whom a slave copies progress from.
    ///
    /// Source: `BrokerController.handleRegisterBrokerResult`, broker, 5.3: `slaveSynchronize.setMasterAddr`.
    pub(in crate::broker) fn learn_source(&mut self, master: Option<NodeId>) {
        let asked = self.dledger.as_ref().is_some_and(|dledger| dledger.asked_for_master);
        if asked && !self.is_master() {
            self.following.know(master.filter(|master| *master != self.node));
        }
    }
}

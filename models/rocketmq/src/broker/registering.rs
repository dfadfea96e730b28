//! How a broker makes itself known to the nameservers, and what it hears from them.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::broker::{Broker, Timer};
use crate::config::Mode;
use crate::message::{Message, Registration};
use crate::model::Rocketmq;

impl Broker {
    /// At once, after ten seconds, and then at intervals.
    ///
    /// Source: `BrokerController.start`, broker, 5.3.
    pub(super) fn start_registering(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        // A broker of a DLedger group registers as it gets a role.
        if self.plan.config.cluster.mode != Mode::Dledger {
            self.register_everywhere(ctx, false);
        }
        ctx.set_timer(Timer::Register.id(), Span::secs(10));
    }

    pub(super) fn register(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.asks_for_master(true);
        self.register_everywhere(ctx, false);
        ctx.set_timer(Timer::Register.id(), self.config().service.register_period);
    }

    pub(super) fn register_everywhere(&mut self, ctx: &mut Ctx<'_, Rocketmq>, is_heartbeat: bool) {
        if self.is_fenced() {
            return;
        }
        let is_acting = self.plan.config.cluster.mode == Mode::ActingMaster;
        let registration = Registration {
            group: self.group,
            id: self.id,
            version: self.controlled.epoch(),
            ttl: is_acting.then_some(self.config().fail_over.not_active),
            acts_as_master: is_acting,
            is_heartbeat,
        };
        for nameserver in &self.plan.nameservers {
            ctx.send(*nameserver, Message::Register(registration));
        }
    }

    pub(super) fn unregister(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        for nameserver in &self.plan.nameservers {
            ctx.send(*nameserver, Message::Unregister { group: self.group, id: self.id });
        }
    }

    /// Source: `BrokerController.handleRegisterBrokerResult`, broker, 5.3: updates the master's address.
    pub(super) fn on_registered(&mut self, ctx: &mut Ctx<'_, Rocketmq>, master: Option<NodeId>) {
        if self.member().is_some() {
            return self.learn_source(master);
        }
        if let Some(master) = master.filter(|master| !self.is_master() && *master != self.node) {
            match self.is_controlled() {
                true => self.learn_address(ctx, master),
                false => self.learn_master(ctx, master),
            }
        }
    }
}

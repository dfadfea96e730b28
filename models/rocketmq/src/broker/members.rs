//! Who is connected as a member of the consumer group, or as a producer.

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::{Span, Time};

use crate::broker::{Broker, Timer};
use crate::message::{Heartbeat, Message, Opaque};
use crate::model::Rocketmq;
use crate::mutation::Rule;

/// A client that says nothing for so long is forgotten, and how often such are looked for.
/// Source: `ConsumerManager.CHANNEL_EXPIRED_TIMEOUT`, `ClientHousekeepingService.start`, broker, 5.3.
const EXPIRY: Span = Span::secs(120);
const SCAN: Span = Span::secs(10);

/// Clients that have shown that they live, over connections that are still there.
#[derive(Debug, Default)]
pub struct Members {
    /// With when each was last heard of.
    consumers: BTreeMap<NodeId, Time>,
    producers: BTreeSet<NodeId>,
    is_set: bool,
}

impl Members {
    pub fn consumers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.consumers.keys().copied()
    }
    pub fn producers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.producers.iter().copied()
    }
}

impl Broker {
    /// Source: `ClientManageProcessor.heartBeat`, `ConsumerManager.registerConsumer`, broker, 5.3.
    pub(super) fn on_heartbeat(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, heartbeat: Heartbeat) {
        if !heartbeat.consumes {
            self.members.producers.insert(from);
        } else {
            if self.members.consumers.insert(from, ctx.now()).is_none() {
                self.tell_members(ctx);
            }
            if !self.members.is_set {
                self.members.is_set = true;
                ctx.set_timer(Timer::Members.id(), SCAN);
            }
        }
    }

    /// Its connection is gone.
    pub(super) fn member_left(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
        self.members.producers.remove(&peer);
        if self.members.consumers.remove(&peer).is_some() {
            self.tell_members(ctx);
        }
    }

    /// Members whose machine went dark: their connections stay, and their queues are theirs until now.
    ///
    /// Source: `ConsumerManager.scanNotActiveChannel`, broker, 5.3.
    pub(super) fn forget_silent_members(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let now = ctx.now();
        let is_silent = |heard: Time| now.since(heard) > EXPIRY && Rule::MemberExpiry.holds();
        let silent: Vec<NodeId> =
            self.members.consumers.iter().filter(|(_, heard)| is_silent(**heard)).map(|(node, _)| *node).collect();
        for member in &silent {
            self.members.consumers.remove(member);
            ctx.close(*member);
            let why = || format!("{} had heard nothing of it for {EXPIRY}", self.plan.name(self.node));
            ctx.observe(Probe::Noted, || Observation::LeftGroup { member: *member, why: why() });
        }
        if !silent.is_empty() {
            self.tell_members(ctx);
        }
        self.members.is_set = !self.members.consumers.is_empty();
        if self.members.is_set {
            ctx.set_timer(Timer::Members.id(), SCAN);
        }
    }

    /// Source: `DefaultConsumerIdsChangeListener.handle`, broker, 5.3.
    fn tell_members(&self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.members.consumers().for_each(|member| ctx.send(member, Message::MembersChanged));
    }

    pub(super) fn on_get_members(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, opaque: Opaque) {
        let members = self.members.consumers().collect();
        ctx.send(from, Message::MembersAre { opaque, members });
    }
}

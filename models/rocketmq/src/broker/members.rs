//! Who is connected as a member of the consumer group, or as a producer.

use std::collections::BTreeSet;

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;

use crate::broker::Broker;
use crate::message::{Heartbeat, Message, Opaque};
use crate::model::Rocketmq;

/// Clients that have shown that they live, over connections that are still there.
///
/// Simplified: a client whose machine went dark is forgotten when its connection closes, and never by a timeout. Gives
/// up: that its queues are handed to others after 120 s.
#[derive(Debug, Default)]
pub struct Members {
    consumers: BTreeSet<NodeId>,
    producers: BTreeSet<NodeId>,
}

impl Members {
    pub fn consumers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.consumers.iter().copied()
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
        } else if self.members.consumers.insert(from) {
            self.tell_members(ctx);
        }
    }

    pub(super) fn member_left(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
        self.members.producers.remove(&peer);
        if self.members.consumers.remove(&peer) {
            self.tell_members(ctx);
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

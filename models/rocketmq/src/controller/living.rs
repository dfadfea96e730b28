//! Which brokers live, by their heartbeats. Each controller finds out for itself, whether it leads or not.

use std::collections::BTreeMap;

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use crate::controller::{Controller, SCAN};
use crate::message::Alive;
use crate::model::Rocketmq;

/// What a broker said of itself.
#[derive(Copy, Clone, Debug)]
pub struct Live {
    heard: Time,
    ttl: Span,
    /// The furthest that it ever reported, also where its log is shorter by now.
    pub epoch: Option<Epoch>,
    pub end: u64,
    pub priority: i64,
}

#[derive(Debug, Default)]
pub struct Living {
    known: BTreeMap<NodeId, Live>,
}

impl Living {
    /// What it said, if it lives.
    ///
    /// Source: `DefaultBrokerHeartbeatManager.isBrokerActive`, controller, 5.3.
    pub fn get(&self, broker: NodeId, now: Time) -> Option<&Live> {
        self.known.get(&broker).filter(|live| live.heard + live.ttl >= now)
    }
}

impl Controller {
    /// Source: `DefaultBrokerHeartbeatManager.onBrokerHeartbeat`, controller, 5.3.
    pub(super) fn on_alive(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, alive: Alive) {
        let Alive { epoch, end, ttl, priority } = alive;
        let heard = ctx.now();
        let live = self.living.known.entry(from).or_insert(Live { heard, ttl, epoch, end, priority });
        (live.heard, live.ttl, live.priority) = (heard, ttl, priority);
        if (epoch, end) > (live.epoch, live.end) {
            (live.epoch, live.end) = (epoch, end);
        }
    }

    /// Forgets brokers that say nothing.
    ///
    /// Source: `DefaultBrokerHeartbeatManager.scanNotActiveBroker`, controller, 5.3.
    pub(super) fn scan(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(SCAN, self.plan.config.controller.scan);
        let now = ctx.now();
        let known = &self.living.known;
        let silent: Vec<NodeId> =
            known.iter().filter(|(_, live)| now.since(live.heard) > live.ttl).map(|(node, _)| *node).collect();
        for broker in silent {
            ctx.note(|| format!("the controller takes {} for dead, which says nothing", self.plan.name(broker)));
            ctx.close(broker);
            self.broker_gone(ctx, broker);
        }
    }

    /// A broker's connection is closed, or it was silent for too long: if it was a master, there is an election.
    ///
    /// Source: `DefaultBrokerHeartbeatManager.onBrokerChannelClose`, `ControllerManager.onBrokerInactive`, controller, 5.3.
    pub(super) fn broker_gone(&mut self, _: &mut Ctx<'_, Rocketmq>, broker: NodeId) {
        if self.living.known.remove(&broker).is_none() || !self.serves {
            return;
        }
        let (group, place) = self.plan.place(broker);
        if self.groups[group.index()].master == Some(place) {
            self.elect_soon(group);
        }
    }
}

//! What every client has: connections, a nameserver, the route that it knows, and its heartbeats.

mod connections;
mod timer;

pub use connections::Connections;
pub use timer::Timer;

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::config::ClientConfig;
use crate::message::{Heartbeat, Message, Opaque, Route};
use crate::model::Rocketmq;
use crate::plan::Plan;
use crate::topic::Group;

/// How long a nameserver is waited for.
/// Source: `ClientConfig.mqClientApiTimeout`, client, 5.3.
const NAMESERVER_TIMEOUT: Span = Span::secs(3);

/// Whether the route is known, asked for, or could not be had.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Lookup {
    Idle,
    Asked(Opaque),
}

/// What happened to the route.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum RouteNews {
    /// It was had, changed or not.
    Known,
    /// No nameserver gave one this time.
    Failed,
}

/// The part of a client that producers and consumers share.
#[derive(Debug)]
pub struct Client {
    plan: Arc<Plan>,
    config: ClientConfig,
    consumes: bool,
    /// Index of the nameserver that is asked, as long as it answers.
    nameserver: usize,
    lookup: Lookup,
    /// Nameservers that failed in a row during this lookup.
    failed: usize,
    /// What is known, which stays known while nobody tells otherwise.
    route: Option<Arc<Route>>,
    pub connections: Connections,
}

impl Client {
    pub fn new(plan: Arc<Plan>, config: ClientConfig, consumes: bool) -> Client {
        Client {
            plan,
            config,
            consumes,
            nameserver: 0,
            lookup: Lookup::Idle,
            failed: 0,
            route: None,
            connections: Connections::default(),
        }
    }

    pub fn route(&self) -> Option<&Route> {
        self.route.as_deref()
    }

    /// The process begins.
    ///
    /// Simplified: the route is looked up at the start, and not as the first message is sent.
    pub fn start(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.nameserver = ctx.random.between(0, self.plan.nameservers.len() as u64 - 1) as usize;
        self.look_up(ctx);
        ctx.set_timer(Timer::Poll.id(), self.config.poll_nameserver);
        ctx.set_timer(Timer::Heartbeat.id(), Span::secs(1));
    }

    /// Asks for the route, unless it is asked for already.
    ///
    /// Source: `MQClientInstance.updateTopicRouteInfoFromNameServer`, client, 5.3.
    pub fn look_up(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.lookup == Lookup::Idle {
            self.failed = 0;
            self.ask(ctx);
        }
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let opaque = self.connections.number();
        self.lookup = Lookup::Asked(opaque);
        let nameserver = self.plan.nameservers[self.nameserver];
        self.connections.send(ctx, nameserver, opaque, Message::GetRoute { opaque });
        ctx.set_timer(Timer::Lookup.id(), NAMESERVER_TIMEOUT);
    }

    /// The nameserver that was asked does not answer: the next one is asked, each once.
    ///
    /// Source: `NettyRemotingClient.getAndCreateNameserverChannel`, remoting, 5.3.
    fn nameserver_failed(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Option<RouteNews> {
        let Lookup::Asked(opaque) = self.lookup else { return None };
        self.connections.withdraw(opaque);
        self.nameserver = (self.nameserver + 1) % self.plan.nameservers.len();
        self.failed += 1;
        if self.failed < self.plan.nameservers.len() {
            self.ask(ctx);
            return None;
        }
        self.lookup = Lookup::Idle;
        ctx.cancel_timer(Timer::Lookup.id());
        Some(RouteNews::Failed)
    }

    /// A nameserver answers. What it does not know is kept as it was.
    pub fn on_route(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        opaque: Opaque,
        route: Option<Arc<Route>>,
    ) -> Option<RouteNews> {
        if self.lookup != Lookup::Asked(opaque) {
            return None;
        }
        self.lookup = Lookup::Idle;
        ctx.cancel_timer(Timer::Lookup.id());
        let news = if route.is_some() { RouteNews::Known } else { RouteNews::Failed };
        let is_first = self.route.is_none();
        self.route = route.or_else(|| self.route.take());
        if is_first && self.route.is_some() {
            self.send_heartbeats(ctx);
        }
        Some(news)
    }

    pub fn on_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>, timer: Timer) -> Option<RouteNews> {
        match timer {
            Timer::Poll => {
                ctx.set_timer(Timer::Poll.id(), self.config.poll_nameserver);
                self.look_up(ctx);
                None
            }
            Timer::Lookup => self.nameserver_failed(ctx),
            Timer::Heartbeat => {
                ctx.set_timer(Timer::Heartbeat.id(), self.config.heartbeat);
                self.send_heartbeats(ctx);
                None
            }
            Timer::Own(_) => None,
        }
    }

    /// Consumers show every broker that they live, producers the masters.
    ///
    /// Source: `MQClientInstance.sendHeartbeatToAllBroker`, client, 5.3.
    pub fn send_heartbeats(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let Some(route) = self.route.clone() else { return };
        for address in route.groups.iter().flat_map(|group| &group.addresses) {
            if self.consumes || address.id == 0 {
                let opaque = self.connections.number();
                let heartbeat = Message::Heartbeat(Heartbeat { consumes: self.consumes });
                self.connections.send(ctx, address.node, opaque, heartbeat);
            }
        }
    }

    /// The connection with a peer is gone, or there never was one: requests that were never sent, and what became of
    /// the route.
    pub fn on_closed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) -> (Vec<Opaque>, Option<RouteNews>) {
        let refused = self.connections.on_closed(peer);
        let asked = self.plan.nameservers[self.nameserver] == peer;
        (refused, if asked { self.nameserver_failed(ctx) } else { None })
    }

    /// The master of a group as the route knows it.
    ///
    /// Source: `MQClientInstance.findBrokerAddressInPublish`, client, 5.3.
    pub fn master(&self, group: Group) -> Option<NodeId> {
        self.route()?.group(group)?.node(0)
    }

    /// The broker of a group with an id, or whoever is there.
    ///
    /// Source: `MQClientInstance.findBrokerAddressInSubscribe`, client, 5.3.
    pub fn any(&self, group: Group, id: u64) -> Option<NodeId> {
        let known = self.route()?.group(group)?;
        known.node(id).or_else(|| known.addresses.first().map(|address| address.node))
    }
}

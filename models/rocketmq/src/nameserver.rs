//! A nameserver: which brokers live, by what they say. Nameservers know nothing of each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event, TimerId};
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use crate::message::{Address, GroupRoute, Message, Registration, Route, ToGroup};
use crate::model::Rocketmq;
use crate::plan::Plan;
use crate::topic::Group;

/// A broker that says nothing for this long is forgotten, unless it asked for another limit.
/// Source: `RouteInfoManager.DEFAULT_BROKER_CHANNEL_EXPIRED_TIME`, namesrv, 5.3.
const EXPIRY: Span = Span::secs(120);

const SCAN: TimerId = TimerId(0);

#[derive(Copy, Clone, Debug)]
struct Known {
    group: Group,
    id: u64,
    heard: Time,
    ttl: Span,
    acts_as_master: bool,
    version: Epoch,
}

/// The process of one nameserver. What it knows dies with it.
#[derive(Debug)]
pub struct Nameserver {
    plan: Arc<Plan>,
    /// By the broker's machine.
    known: BTreeMap<NodeId, Known>,
}

impl Nameserver {
    pub fn new(plan: Arc<Plan>) -> Nameserver {
        Nameserver { plan, known: BTreeMap::new() }
    }

    /// Whether a broker is known under an id.
    pub fn knows(&self, broker: NodeId) -> Option<u64> {
        self.known.get(&broker).map(|known| known.id)
    }

    /// Who is registered as the master of a group.
    fn master(&self, group: Group) -> Option<NodeId> {
        self.known.iter().find(|(_, known)| known.group == group && known.id == 0).map(|(node, _)| *node)
    }

    /// A broker that registers under another id replaces itself. Of two that want the same id the one with the older
    /// version is not heard.
    ///
    /// Source: `RouteInfoManager.registerBroker`, namesrv, 5.3.
    fn on_register(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, told: Registration) {
        let heard = ctx.now();
        if told.is_heartbeat {
            if let Some(known) = self.known.get_mut(&from) {
                known.heard = heard;
            }
            return;
        }
        let ttl = told.ttl.unwrap_or(EXPIRY);
        let has_it =
            |(node, other): (&NodeId, &Known)| *node != from && (other.group, other.id) == (told.group, told.id);
        if self.known.iter().any(|known| has_it(known) && known.1.version > told.version) {
            self.known.remove(&from);
            ctx.send(from, Message::Registered { master: None });
            return;
        }
        let known = Known {
            group: told.group,
            id: told.id,
            heard,
            ttl,
            acts_as_master: told.acts_as_master,
            version: told.version,
        };
        // One id has one address.
        self.known.retain(|node, other| *node == from || (other.group, other.id) != (told.group, told.id));
        self.known.insert(from, known);
        let master = self.master(told.group).filter(|_| told.id != 0);
        ctx.send(from, Message::Registered { master });
    }

    /// The brokers of a group, ascending by id.
    fn addresses(&self, group: Group) -> Vec<Address> {
        let of_group = self.known.iter().filter(|(_, known)| known.group == group);
        let mut addresses: Vec<Address> = of_group.map(|(node, known)| Address { id: known.id, node: *node }).collect();
        addresses.sort_by_key(|address| address.id);
        addresses
    }

    /// Source: `RouteInfoManager.pickupTopicRouteData`, namesrv, 5.3.
    fn route(&self) -> Option<Route> {
        let mut groups = Vec::new();
        for group in self.plan.groups().take(usize::from(self.plan.config.topic.groups)) {
            let of_group = self.known.iter().filter(|(_, known)| known.group == group);
            let mut addresses: Vec<Address> =
                of_group.clone().map(|(node, known)| Address { id: known.id, node: *node }).collect();
            addresses.sort_by_key(|address| address.id);
            if addresses.is_empty() {
                continue;
            }
            let mut is_writable = true;
            let acts = of_group.clone().any(|(_, known)| known.acts_as_master);
            if self.plan.config.nameserver.acting_master && acts && addresses[0].id != 0 {
                addresses[0].id = 0;
                is_writable = false;
            }
            groups.push(GroupRoute { group, addresses, is_writable });
        }
        (!groups.is_empty()).then_some(Route { groups })
    }

    /// Source: `RouteInfoManager.scanNotActiveBroker`, namesrv, 5.3.
    fn scan(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(SCAN, self.plan.config.nameserver.scan);
        let now = ctx.now();
        let silent: Vec<NodeId> =
            self.known.iter().filter(|(_, known)| known.heard + known.ttl < now).map(|(node, _)| *node).collect();
        for node in silent {
            ctx.note(|| format!("forgets {}, which says nothing", self.plan.name(node)));
            ctx.close(node);
            self.known.remove(&node);
        }
    }
}

impl Actor<Rocketmq> for Nameserver {
    fn on(&mut self, ctx: &mut Ctx<'_, Rocketmq>, event: Event<Message>) {
        match event {
            Event::Start => ctx.set_timer(SCAN, self.plan.config.nameserver.scan),
            Event::Timer(_) => self.scan(ctx),
            Event::Message { from, body: Message::Connect } => ctx.send(from, Message::Connected),
            Event::Message { from, body: Message::Register(told) } => self.on_register(ctx, from, told),
            Event::Message { from, body: Message::Unregister { .. } } => {
                self.known.remove(&from);
            }
            Event::Message { from, body: Message::GetRoute { opaque } } => {
                ctx.send(from, Message::RouteIs { opaque, route: self.route().map(Arc::new) });
            }
            Event::Message { from, body: Message::Group(asked) } => {
                if let ToGroup::GetGroup { group } = *asked {
                    let addresses = self.addresses(group);
                    ctx.send(from, Message::Group(Box::new(ToGroup::GroupIs { addresses })));
                }
            }
            // A broker's process that ended is forgotten at once.
            Event::Closed { peer } => {
                self.known.remove(&peer);
            }
            Event::Stop => ctx.exit("stopped"),
            Event::Message { .. } | Event::Synced { .. } | Event::App(_) | Event::MoveLeader { .. } => {}
        }
    }
}

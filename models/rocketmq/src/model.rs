//! One configuration of RocketMQ, ready to run.

use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event, Protocol};
use ackproof_core::app::{Delivery, Origin};
use ackproof_core::disk::Cut;
use ackproof_core::model::{Actors, Disks, Inventory, Model};
use ackproof_core::node::{NodeId, NodeKind, Part, Topology};
use ackproof_core::time::Span;

use crate::auditor::Auditor;
use crate::broker::{Broker, Standing};
use crate::cell::{self, Cell};
use crate::config::{Config, Mode};
use crate::consumer::Consumer;
use crate::controller::Controller;
use crate::message::Message;
use crate::nameserver::Nameserver;
use crate::plan::Plan;
use crate::producer::Producer;
use crate::record::Entry;
use crate::rest;
use crate::store::COMMIT_LOG;
use crate::topic::{Group, Queue};

/// Apache RocketMQ under one row of settings.
#[derive(Clone, Debug)]
pub struct Rocketmq {
    pub(crate) plan: Arc<Plan>,
}

/// A process of any kind.
#[derive(Debug)]
pub enum RocketmqActor {
    Broker(Box<Broker>),
    Nameserver(Nameserver),
    Controller(Box<Controller>),
    Producer(Producer),
    Consumer(Box<Consumer>),
    Auditor(Auditor),
}

impl Protocol for Rocketmq {
    type Message = Message;
    type Record = Entry;
    type Cell = Cell;
}

impl Actor<Rocketmq> for RocketmqActor {
    fn on(&mut self, ctx: &mut Ctx<'_, Rocketmq>, event: Event<Message>) {
        match self {
            RocketmqActor::Broker(broker) => broker.on(ctx, event),
            RocketmqActor::Nameserver(nameserver) => nameserver.on(ctx, event),
            RocketmqActor::Controller(controller) => controller.on(ctx, event),
            RocketmqActor::Producer(producer) => producer.on(ctx, event),
            RocketmqActor::Consumer(consumer) => consumer.on(ctx, event),
            RocketmqActor::Auditor(auditor) => auditor.on(ctx, event),
        }
    }
}

impl RocketmqActor {
    pub(crate) fn consumer(&self) -> Option<&Consumer> {
        match self {
            RocketmqActor::Consumer(consumer) => Some(consumer),
            _ => None,
        }
    }
}

impl Rocketmq {
    /// `topology` is that of the same settings.
    pub fn new(config: Config, topology: Topology) -> Rocketmq {
        Rocketmq { plan: Arc::new(Plan::new(config, topology)) }
    }

    pub(crate) fn brokers<'a>(&self, actors: &Actors<'a, Rocketmq>) -> impl Iterator<Item = (NodeId, &'a Broker)> {
        self.plan.brokers().filter_map(|node| match actors.get(node)? {
            RocketmqActor::Broker(broker) => Some((node, &**broker)),
            _ => None,
        })
    }

    /// The broker that takes writes for a group; of two, the one with the newer epoch.
    pub(crate) fn master<'a>(&self, actors: &Actors<'a, Rocketmq>, group: Group) -> Option<(NodeId, &'a Broker)> {
        let masters = self.brokers(actors).filter(|(_, broker)| {
            broker.group() == group && broker.standing() == Standing::Master && broker.is_serving()
        });
        masters.min_by_key(|(node, broker)| (std::cmp::Reverse(broker.epoch()), *node))
    }

    /// Who may be elected: the SyncStateSet as the controllers know it, and outside of their mode slaves that have everything.
    fn in_sync(&self, actors: &Actors<'_, Rocketmq>, group: Group) -> Vec<NodeId> {
        let leader = actors.iter().find_map(|(_, actor)| match actor {
            RocketmqActor::Controller(controller) if controller.serves() => Some(controller),
            _ => None,
        });
        let master = self.master(actors, group);
        match (leader, master) {
            (Some(leader), _) => leader.group(group).set.iter().map(|place| self.plan.member(group, place)).collect(),
            (None, Some((_, broker))) if self.plan.config.cluster.mode == Mode::Controller => {
                broker.controlled().set().iter().map(|place| self.plan.member(group, place)).collect()
            }
            (None, Some((_, broker))) if broker.member().is_some() => broker.in_sync(),
            (None, Some((node, broker))) => {
                let end = broker.store().dispatched();
                let holds = |member: &NodeId| broker.links().any(|link| link.slave == *member && link.acked >= end);
                self.plan.members(group).filter(|member| *member == node || holds(member)).collect()
            }
            (None, None) => Vec::new(),
        }
    }

    fn auditor<'a>(&self, actors: &Actors<'a, Rocketmq>) -> Option<&'a Auditor> {
        let auditor = *self.plan.topology.of_kind(NodeKind::Auditor).first()?;
        match actors.get(auditor)? {
            RocketmqActor::Auditor(auditor) => Some(auditor),
            _ => None,
        }
    }

    fn inventory_of(&self, actors: &Actors<'_, Rocketmq>, disks: &Disks<'_, Rocketmq>, queue: Queue) -> Inventory {
        let origin = self.plan.queues.origin(queue);
        let master = self.master(actors, queue.group);
        let progress = match self.plan.config.consumer.broadcasting {
            true => self.slowest(actors, disks, queue),
            false => master.and_then(|(_, broker)| broker.done_upto(queue.slot)).unwrap_or(0),
        };
        let complete = match (master, self.auditor(actors)) {
            (Some((_, broker)), Some(auditor)) => auditor.read(queue) == Some(broker.store().max(queue.slot)),
            _ => false,
        };
        let copies = |node: NodeId| {
            let records = disks.get(node).map_or(&[][..], |disk| disk.tail(COMMIT_LOG, 0));
            let of_queue = records.iter().filter(move |entry| entry.slot == queue.slot);
            of_queue.filter_map(move |entry| Some((node, entry.letter()?.delivery(origin, entry.offset))))
        };
        let stranded: Vec<(NodeId, Delivery)> = match master {
            // Half messages that nobody has decided are shown to nobody.
            Some((node, broker)) => disks.get(node).map_or_else(Vec::new, |disk| {
                let halves = broker.undecided(disk).into_iter().filter(|(_, half)| half.to == queue.slot);
                halves.map(|(offset, half)| (node, half.letter.delivery(origin, offset))).collect()
            }),
            None => self.plan.members(queue.group).flat_map(copies).collect(),
        };
        Inventory { origin, complete, progress, stranded }
    }
}

impl Rocketmq {
    /// Under BROADCASTING: how far every consumer has come with a queue, those that are gone for good apart. Behind it
    /// nobody will be handed anything.
    fn slowest(&self, actors: &Actors<'_, Rocketmq>, disks: &Disks<'_, Rocketmq>, queue: Queue) -> u64 {
        let offset = |node: NodeId| match (actors.get(node).and_then(RocketmqActor::consumer), disks.get(node)) {
            (Some(consumer), _) => Some(consumer.offset(queue).unwrap_or(0)),
            (None, Some(disk)) => match disk.load(cell::LOCAL) {
                Some(Cell::Local(known)) => known.get(&queue).copied(),
                _ => Some(0),
            },
            (None, None) => None,
        };
        self.plan.consumers.iter().filter_map(|node| offset(*node)).min().unwrap_or(0)
    }
}

impl Model for Rocketmq {
    type Actor = RocketmqActor;

    fn topology(&self) -> &Topology {
        &self.plan.topology
    }

    fn process(&self, node: NodeId) -> RocketmqActor {
        let plan = Arc::clone(&self.plan);
        match self.plan.topology.get(node).kind {
            NodeKind::Broker => RocketmqActor::Broker(Box::new(Broker::new(plan, node))),
            NodeKind::Nameserver => RocketmqActor::Nameserver(Nameserver::new(plan)),
            NodeKind::Controller => RocketmqActor::Controller(Box::new(Controller::new(plan, node))),
            NodeKind::Producer => RocketmqActor::Producer(Producer::new(plan)),
            NodeKind::Consumer => RocketmqActor::Consumer(Box::new(Consumer::new(plan, node))),
            NodeKind::Auditor => RocketmqActor::Auditor(Auditor::new(plan)),
        }
    }

    fn cast(&self, part: Part, of: u16, actors: &Actors<'_, Rocketmq>) -> Vec<NodeId> {
        if let Some(kind) = part.fixed_kind() {
            return self.plan.topology.of_kind(kind);
        }
        let queue = self.plan.queues.queue(Origin(of));
        if queue.group.0 >= self.plan.config.cluster.groups {
            return Vec::new();
        }
        let master = self.master(actors, queue.group).map(|(node, _)| node);
        let slaves = self.plan.members(queue.group).filter(|node| Some(*node) != master);
        match part {
            Part::Leader | Part::Master => master.into_iter().collect(),
            Part::Follower | Part::Followers | Part::Slave => slaves.collect(),
            Part::Isr => self.in_sync(actors, queue.group),
            Part::IsrFollower => {
                let mut isr = self.in_sync(actors, queue.group);
                isr.retain(|node| Some(*node) != master);
                isr
            }
            Part::OutOfIsr => {
                let isr = self.in_sync(actors, queue.group);
                self.plan.members(queue.group).filter(|node| !isr.contains(node)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn is_ready(&self, actors: &Actors<'_, Rocketmq>) -> bool {
        rest::is_formed(self, actors)
    }

    fn is_quiet(&self, actors: &Actors<'_, Rocketmq>) -> bool {
        rest::is_quiet(self, actors)
    }

    fn settle_limit(&self) -> Span {
        rest::limit(&self.plan.config)
    }

    fn at_work(&self, actors: &Actors<'_, Rocketmq>) -> Vec<String> {
        rest::unrest(self, actors)
    }

    fn is_audited(&self, actors: &Actors<'_, Rocketmq>) -> bool {
        let Some(auditor) = self.auditor(actors) else { return true };
        self.plan.work().chain(self.plan.pending()).all(|queue| match self.master(actors, queue.group) {
            Some((_, broker)) => auditor.read(queue) == Some(broker.store().max(queue.slot)),
            None => true,
        })
    }

    fn inventory(&self, actors: &Actors<'_, Rocketmq>, disks: &Disks<'_, Rocketmq>) -> Vec<Inventory> {
        self.plan.work().map(|queue| self.inventory_of(actors, disks, queue)).collect()
    }

    /// The log holds all queues: each lost the part of it that stood in the tail that was cut.
    fn cuts(&self, node: NodeId, cut: Cut, unsynced: &[Entry]) -> Vec<(Origin, Cut)> {
        if cut.file != COMMIT_LOG {
            return Vec::new();
        }
        let (group, _) = self.plan.place(node);
        let mut cuts: Vec<(Origin, Cut)> = Vec::new();
        for (position, entry) in (cut.durable..).zip(unsynced) {
            let origin = self.plan.origin(group, entry.slot);
            let known = cuts.iter_mut().find(|(known, _)| *known == origin);
            let part = match known {
                Some((_, part)) => part,
                None => {
                    let (durable, written) = (entry.offset, entry.offset);
                    cuts.push((origin, Cut { file: cut.file, durable, written, kept: durable }));
                    &mut cuts.last_mut().expect("it was just put there").1
                }
            };
            part.written = entry.offset + 1;
            if position < cut.kept {
                part.kept = entry.offset + 1;
            }
        }
        cuts
    }
}

//! One configuration of Kafka, ready to run.

use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event, Protocol};
use ackproof_core::app::{Delivery, Origin};
use ackproof_core::disk::Cut;
use ackproof_core::model::{Actors, Disks, Inventory, Model};
use ackproof_core::node::{NodeId, NodeKind, Part, Topology};
use ackproof_log::Offset;

use crate::broker::{Broker, progress_in};
use crate::cell::Cell;
use crate::config::{Client, Config};
use crate::consumer::Consumer;
use crate::controller::Controller;
use crate::librdkafka;
use crate::message::{Message, Payload, Record};
use crate::metadata::{Image, NodeSet};
use crate::plan::Plan;
use crate::producer::Producer;
use crate::rest;
use crate::topic::{Index, Layout};

/// Apache Kafka under one row of settings.
#[derive(Clone, Debug)]
pub struct Kafka {
    pub(crate) plan: Arc<Plan>,
}

/// A process of any kind.
#[derive(Debug)]
pub enum KafkaActor {
    Broker(Broker),
    Controller(Controller),
    Producer(Producer),
    LibrdkafkaProducer(librdkafka::Producer),
    /// Of the group, or the auditor.
    Consumer(Consumer),
}

impl Protocol for Kafka {
    type Message = Message;
    type Record = Record;
    type Cell = Cell;
}

impl Actor<Kafka> for KafkaActor {
    fn on(&mut self, ctx: &mut Ctx<'_, Kafka>, event: Event<Message>) {
        match self {
            KafkaActor::Broker(broker) => broker.on(ctx, event),
            KafkaActor::Controller(controller) => controller.on(ctx, event),
            KafkaActor::Producer(producer) => producer.on(ctx, event),
            KafkaActor::LibrdkafkaProducer(producer) => producer.on(ctx, event),
            KafkaActor::Consumer(consumer) => consumer.on(ctx, event),
        }
    }
}

impl Kafka {
    /// `topology` has at least one broker, and one controller.
    ///
    /// # Panics
    /// When it has not, or when a replication factor exceeds the number of brokers: both are refused before.
    pub fn new(config: Config, topology: Topology) -> Kafka {
        let brokers = topology.of_kind(NodeKind::Broker);
        let controllers = topology.of_kind(NodeKind::Controller);
        let controller = *controllers.first().expect("a topology has a controller");
        let transactions = config.transaction_state.as_ref().map_or(0, |topic| topic.replication_factor);
        let largest = config.topic.replication_factor.max(config.offsets.replication_factor).max(transactions);
        assert!(usize::from(largest) <= brokers.len(), "{largest} replicas need as many brokers");
        let layout = Layout::new(&config, brokers, controller);
        Kafka { plan: Arc::new(Plan { config, topology, layout }) }
    }

    #[cfg(test)]
    pub fn layout(&self) -> &Layout {
        &self.plan.layout
    }

    /// The state of the cluster as its controller published it last, or, while there is no controller, as the
    /// best-informed broker knows it.
    pub(crate) fn image<'a>(&self, actors: &Actors<'a, Kafka>) -> Option<&'a Image> {
        let controller = actors.get(self.plan.layout.controller).map(|actor| match actor {
            KafkaActor::Controller(controller) => controller.committed(),
            KafkaActor::Broker(_)
            | KafkaActor::Producer(_)
            | KafkaActor::LibrdkafkaProducer(_)
            | KafkaActor::Consumer(_) => {
                unreachable!("the controller's node runs the controller")
            }
        });
        let best = || self.brokers(actors).map(|(_, broker)| broker.view()).max_by_key(|view| view.version);
        controller.or_else(best).filter(|image| !image.partitions.is_empty())
    }

    pub(crate) fn controller<'a>(&self, actors: &Actors<'a, Kafka>) -> Option<&'a Controller> {
        match actors.get(self.plan.layout.controller)? {
            KafkaActor::Controller(controller) => Some(controller),
            KafkaActor::Broker(_)
            | KafkaActor::Producer(_)
            | KafkaActor::LibrdkafkaProducer(_)
            | KafkaActor::Consumer(_) => None,
        }
    }

    pub(crate) fn brokers<'a>(&self, actors: &Actors<'a, Kafka>) -> impl Iterator<Item = (NodeId, &'a Broker)> {
        self.plan.layout.brokers.iter().filter_map(|&node| match actors.get(node)? {
            KafkaActor::Broker(broker) => Some((node, broker)),
            KafkaActor::Controller(_)
            | KafkaActor::Producer(_)
            | KafkaActor::LibrdkafkaProducer(_)
            | KafkaActor::Consumer(_) => None,
        })
    }

    pub(crate) fn broker<'a>(&self, actors: &Actors<'a, Kafka>, node: NodeId) -> Option<&'a Broker> {
        match actors.get(node)? {
            KafkaActor::Broker(broker) => Some(broker),
            KafkaActor::Controller(_)
            | KafkaActor::Producer(_)
            | KafkaActor::LibrdkafkaProducer(_)
            | KafkaActor::Consumer(_) => None,
        }
    }

    /// How far the auditor can read what this replica leads: where there are transactions, what is committed.
    fn auditable(&self, replica: &crate::broker::Replica) -> Offset {
        match self.plan.config.transaction_state {
            Some(_) => replica.last_stable_offset(),
            None => replica.high_watermark(),
        }
    }

    /// What the auditor has read of a partition; `None` when it is not running.
    fn audited(&self, actors: &Actors<'_, Kafka>, origin: Origin) -> Option<u64> {
        let auditor = self.plan.topology.of_kind(NodeKind::Auditor);
        match actors.get(*auditor.first()?)? {
            KafkaActor::Consumer(auditor) => auditor.position(origin).map(|offset| offset.0),
            KafkaActor::Broker(_)
            | KafkaActor::Controller(_)
            | KafkaActor::Producer(_)
            | KafkaActor::LibrdkafkaProducer(_) => None,
        }
    }

    pub(crate) fn leading<'a>(
        &self,
        actors: &Actors<'a, Kafka>,
        index: Index,
    ) -> Option<(NodeId, &'a crate::broker::Replica)> {
        let leader = self.image(actors)?.partitions.get(index.index())?.leader?;
        let replica = self.broker(actors, leader)?.replica(index)?;
        replica.leads().then_some((leader, replica))
    }

    /// Progress that the group's coordinator would tell.
    fn progress(&self, actors: &Actors<'_, Kafka>, disks: &Disks<'_, Kafka>) -> Vec<crate::message::Commit> {
        let offsets = self.plan.layout.offsets();
        let Some((node, replica)) = self.leading(actors, offsets) else { return Vec::new() };
        let Some(disk) = disks.get(node) else { return Vec::new() };
        let known = replica.high_watermark().0.min(disk.len(Layout::file(offsets))) as usize;
        progress_in(&disk.tail(Layout::file(offsets), 0)[..known])
    }

    /// How far members of the group have passed for good, stored or not. One that went to the end at its start and has
    /// nothing to store will not go back for what it passed over.
    fn passed(&self, actors: &Actors<'_, Kafka>, index: Index) -> u64 {
        let Some((_, leading)) = self.leading(actors, index) else { return 0 };
        let passed = actors.iter().filter_map(|(_, actor)| match actor {
            KafkaActor::Consumer(consumer) => {
                let origin = self.plan.layout.origin(index);
                let is_older = |since| leading.newest().is_none_or(|newest| newest < since);
                match consumer.nothing_since(origin) {
                    Some(since) => is_older(since).then(|| leading.high_watermark()),
                    None => consumer.passed(origin, leading.leader_epoch()),
                }
            }
            KafkaActor::Broker(_)
            | KafkaActor::Controller(_)
            | KafkaActor::Producer(_)
            | KafkaActor::LibrdkafkaProducer(_) => None,
        });
        passed.filter(|&passed| passed <= leading.high_watermark()).max().map_or(0, |passed| passed.0)
    }

    fn inventory_of(
        &self,
        actors: &Actors<'_, Kafka>,
        disks: &Disks<'_, Kafka>,
        index: Index,
        progress: u64,
    ) -> Inventory {
        let origin = self.plan.layout.origin(index);
        let file = Layout::file(index);
        let copies = |node: NodeId, from: u64| {
            let records = disks.get(node).map_or(&[][..], |disk| disk.tail(file, from));
            let from = disks.get(node).map_or(from, |disk| disk.start(file).max(from));
            let deliveries = (from..).zip(records).filter_map(move |(offset, record)| match record.payload {
                Payload::Message(msg, _) => Some((node, Delivery { msg, origin, offset })),
                Payload::Commit(_) | Payload::Group(_) | Payload::Marker(_) => None,
                Payload::Pending(_) | Payload::Transaction(_) | Payload::Enlisted(_) => None,
            });
            deliveries.collect::<Vec<_>>()
        };
        match self.leading(actors, index) {
            Some((leader, replica)) => {
                let (served, end) = (self.auditable(replica), replica.end());
                let complete = served == end && self.audited(actors, origin) == Some(end.0);
                Inventory { origin, complete, progress, stranded: copies(leader, served.0) }
            }
            None => {
                let replicas = self.plan.layout.replicas(index).iter();
                let start =
                    |node| self.broker(actors, node).and_then(|broker| broker.replica(index)).map(|r| r.start().0);
                let stranded = replicas.flat_map(|&node| copies(node, start(node).unwrap_or(0))).collect();
                Inventory { origin, complete: false, progress, stranded }
            }
        }
    }
}

impl Model for Kafka {
    type Actor = KafkaActor;

    fn topology(&self) -> &Topology {
        &self.plan.topology
    }

    fn process(&self, node: NodeId) -> KafkaActor {
        let plan = || Arc::clone(&self.plan);
        match self.plan.topology.get(node).kind {
            NodeKind::Broker => KafkaActor::Broker(Broker::new(plan())),
            NodeKind::Controller => KafkaActor::Controller(Controller::new(plan())),
            NodeKind::Producer => match self.plan.config.client {
                Client::Java => KafkaActor::Producer(Producer::new(&self.plan, node)),
                Client::Librdkafka(own) => KafkaActor::LibrdkafkaProducer(librdkafka::Producer::new(&self.plan, own)),
            },
            NodeKind::Consumer | NodeKind::Auditor => KafkaActor::Consumer(Consumer::new(&self.plan, node)),
            NodeKind::Nameserver => unreachable!("Kafka has no nameserver"),
        }
    }

    fn cast(&self, part: Part, of: u16, actors: &Actors<'_, Kafka>) -> Vec<NodeId> {
        if let Some(kind) = part.fixed_kind() {
            return self.plan.topology.of_kind(kind);
        }
        let Some(image) = self.image(actors) else { return Vec::new() };
        let index = match part {
            Part::Coordinator => self.plan.layout.offsets(),
            _ => Index(of),
        };
        if part == Part::Coordinator {
            return image.coordinator().into_iter().collect();
        }
        let Some(partition) = self.plan.layout.index(Origin(of)).and(image.partitions.get(index.index())) else {
            return Vec::new();
        };
        let replicas: NodeSet = self.plan.layout.replicas(index).iter().copied().collect();
        let leader: NodeSet = partition.leader.into_iter().collect();
        let nodes = match part {
            Part::Leader => leader,
            Part::Follower | Part::Followers => replicas.minus(leader),
            Part::Isr => partition.isr,
            Part::IsrFollower => partition.isr.minus(leader),
            Part::OutOfIsr => replicas.minus(partition.isr),
            Part::AnyBroker | Part::AllBrokers | Part::Brokers | Part::Controller | Part::Coordinator => NodeSet::EMPTY,
            Part::Master | Part::Slave | Part::Nameserver | Part::Producer | Part::Consumer => NodeSet::EMPTY,
        };
        nodes.iter().collect()
    }

    fn is_ready(&self, actors: &Actors<'_, Kafka>) -> bool {
        let Some(image) = self.image(actors) else { return false };
        let agree = self.brokers(actors).all(|(_, broker)| broker.view().version == image.version);
        let formed = self.plan.layout.indices().all(|index| self.is_settled(actors, image, index));
        let clients = actors.iter().all(|(_, actor)| match actor {
            KafkaActor::Producer(producer) => producer.is_ready(),
            KafkaActor::LibrdkafkaProducer(producer) => producer.is_ready(),
            KafkaActor::Consumer(consumer) => consumer.is_ready(),
            KafkaActor::Broker(_) | KafkaActor::Controller(_) => true,
        });
        agree && formed && clients
    }

    fn is_quiet(&self, actors: &Actors<'_, Kafka>) -> bool {
        self.unrest(actors).next().is_none()
    }

    fn at_work(&self, actors: &Actors<'_, Kafka>) -> Vec<String> {
        rest::causes(self.unrest(actors).collect()).map(|unrest| unrest.words(&self.plan.topology)).collect()
    }

    fn is_audited(&self, actors: &Actors<'_, Kafka>) -> bool {
        self.plan.layout.audited().all(|index| {
            let origin = self.plan.layout.origin(index);
            match self.leading(actors, index) {
                Some((_, replica)) => self.audited(actors, origin) == Some(self.auditable(replica).0),
                None => true,
            }
        })
    }

    fn inventory(&self, actors: &Actors<'_, Kafka>, disks: &Disks<'_, Kafka>) -> Vec<Inventory> {
        let commits = self.progress(actors, disks);
        self.plan
            .layout
            .audited()
            .map(|index| {
                let origin = self.plan.layout.origin(index);
                let stored = commits.iter().find(|commit| commit.origin == origin).map_or(0, |commit| commit.upto.0);
                let progress = if origin.is_output() { 0 } else { stored.max(self.passed(actors, index)) };
                self.inventory_of(actors, disks, index, progress)
            })
            .collect()
    }

    /// A file holds one partition, so positions are the same.
    fn cuts(&self, _: NodeId, cut: Cut, _: &[Record]) -> Vec<(Origin, Cut)> {
        let index = self.plan.layout.of_file(cut.file);
        index.map(|index| (self.plan.layout.origin(index), cut)).into_iter().collect()
    }
}

//! What is fixed for a run: the settings, the machines, and the queues.

use ackproof_core::app::Origin;
use ackproof_core::node::{NodeId, NodeKind, Topology};

use crate::config::{BrokerConfig, Config, Listener};
use crate::topic::{Group, Queue, Queues, Slot, Topic};

/// Shared by every role.
#[derive(Clone, Debug)]
pub struct Plan {
    pub config: Config,
    pub topology: Topology,
    pub queues: Queues,
    pub nameservers: Vec<NodeId>,
    pub controllers: Vec<NodeId>,
    pub producers: Vec<NodeId>,
    pub consumers: Vec<NodeId>,
}

impl Plan {
    /// `topology` has the brokers first, group after group, each with as many as the settings say.
    pub fn new(config: Config, topology: Topology) -> Plan {
        let queues = Queues::new(&config);
        let of = |kind| topology.of_kind(kind);
        let (nameservers, controllers) = (of(NodeKind::Nameserver), of(NodeKind::Controller));
        let (producers, consumers) = (of(NodeKind::Producer), of(NodeKind::Consumer));
        Plan { config, topology, queues, nameservers, controllers, producers, consumers }
    }

    pub fn name(&self, node: NodeId) -> &str {
        self.topology.name(node)
    }
    pub fn groups(&self) -> impl Iterator<Item = Group> + use<> {
        (0..self.config.cluster.groups).map(Group)
    }
    /// The brokers of a group; the place of each is its id as the files give it.
    pub fn members(&self, group: Group) -> impl Iterator<Item = NodeId> + use<> {
        let count = self.config.cluster.members();
        let first = group.0 * count;
        (first..first + count).map(NodeId)
    }
    pub fn brokers(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.config.cluster.groups * self.config.cluster.members()).map(NodeId)
    }
    /// The broker at a place of its group.
    pub fn member(&self, group: Group, place: u8) -> NodeId {
        NodeId(group.0 * self.config.cluster.members() + place)
    }
    /// The group of a broker, and its id there as its file gives it.
    pub fn place(&self, broker: NodeId) -> (Group, u8) {
        let count = self.config.cluster.members();
        (Group(broker.0 / count), broker.0 % count)
    }
    /// The settings of a broker.
    pub fn broker(&self, broker: NodeId) -> &BrokerConfig {
        if self.place(broker).1 == 0 { &self.config.master } else { &self.config.slave }
    }
    pub fn origin(&self, group: Group, slot: Slot) -> Origin {
        self.queues.origin(Queue { group, slot })
    }
    /// Queues of the workload's topic that consumers look into.
    pub fn readable(&self) -> impl Iterator<Item = Slot> + use<> {
        self.queues.of(Topic::Work).take(usize::from(self.config.topic.read_queues))
    }
    /// Whether brokers hand messages out. Orderly listeners and BROADCASTING pull whatever `clientRebalance` says.
    ///
    /// Source: `RebalancePushImpl.clientRebalance`, client, 5.3.
    pub fn pops(&self) -> bool {
        let consumer = &self.config.consumer;
        consumer.pop && !consumer.broadcasting && consumer.listener == Listener::Concurrently
    }
    /// Queues of RocketMQ's own that may hold what the group is still to be handed: there it stands, behind the group's
    /// progress in its queue of the workload's topic.
    pub fn pending(&self) -> impl Iterator<Item = Queue> + '_ {
        // A member knows no broker of a group without the topic, and leaves nothing there.
        let any = !self.config.consumer.broadcasting && !self.consumers.is_empty();
        let groups = (0..self.config.topic.groups).map(Group).filter(move |_| any);
        let of = |group| {
            let slots = self.queues.of(Topic::Schedule).chain(self.queues.of(Topic::Retry));
            let slots = slots.chain(self.queues.of(Topic::PopRetry).filter(|_| self.pops()));
            slots.map(move |slot| Queue { group, slot })
        };
        groups.flat_map(of)
    }
    /// Every queue of the workload's topic.
    pub fn work(&self) -> impl Iterator<Item = Queue> + '_ {
        let groups = (0..self.config.topic.groups).map(Group);
        groups.flat_map(|group| self.queues.of(Topic::Work).map(move |slot| Queue { group, slot }))
    }
}

//! Whether a cluster and its clients have come to rest after everything was healed and, where they have not, what they are
//! still at.
//!
//! At rest is what changes no more by itself: leaders lead where they can, replicas agree, the group is divided, clients
//! have sent, read and stored everything. What goes on for ever and changes nothing is rest too: heartbeats, fetches, and
//! commits of progress that is stored already.

use ackproof_core::app::Origin;
use ackproof_core::model::Actors;
use ackproof_core::node::{NodeId, NodeKind, Topology};
use ackproof_log::Offset;

use crate::broker::{Broker, Replica};
use crate::consumer::Consumer;
use crate::controller::Controller;
use crate::metadata::Image;
use crate::model::{Kafka, KafkaActor};
use crate::producer::Failing;
use crate::topic::{Index, describe};
use crate::transaction::Isolation;

/// Something that is still going on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Unrest {
    /// There is no controller, and no broker that knows the cluster.
    Unformed,
    /// A decision of the controller is not published.
    Deciding,
    /// It does not know the last decision, or does not serve.
    Away(NodeId),
    /// Its replicas do not agree, or one that could lead it does not.
    Partition(Origin),
    /// A transaction that it coordinates has not ended.
    Transaction(NodeId),
    /// The group divides its partitions.
    Group,
    /// Messages whose outcome its application does not know.
    Sending(NodeId),
    /// It makes its transaction again and again, and cannot end it.
    Repeating(NodeId, Failing),
    /// Its application works on one poll for so long that it is out of its group, and begins again.
    Absent(NodeId),
    /// Its application works on what it was handed.
    Working(NodeId),
    /// There is more to read than it has read.
    Reading(NodeId, Origin),
    /// Its progress is not stored.
    Storing(NodeId, Origin),
}

impl Unrest {
    /// For a person, without a time or a count: the same cause is said in the same words in every run.
    pub fn words(self, topology: &Topology) -> String {
        let name = |node: NodeId| topology.get(node).name.as_str();
        match self {
            Unrest::Unformed => "nobody knows the state of the cluster".to_owned(),
            Unrest::Deciding => "the controller has not published its last decision".to_owned(),
            Unrest::Away(node) => format!("{} has not heard the controller's last decision", name(node)),
            Unrest::Partition(origin) => format!("the replicas of {} do not agree", describe(origin)),
            Unrest::Transaction(node) => format!("a transaction that {} coordinates has not ended", name(node)),
            Unrest::Group => "the group has not divided its partitions".to_owned(),
            Unrest::Sending(node) => format!("{} does not know what became of what it sent", name(node)),
            Unrest::Repeating(node, failing) => {
                format!("{} makes its transaction again and again: {}", name(node), failing.words())
            }
            Unrest::Absent(node) => format!(
                "{} begins what one poll brings again and again: its application works on it for longer than \
                 max.poll.interval.ms, and it leaves its group meanwhile",
                name(node)
            ),
            Unrest::Working(node) => format!("{} works on what it was handed", name(node)),
            Unrest::Reading(node, origin) => format!("{} has not read {} to its end", name(node), describe(origin)),
            Unrest::Storing(node, origin) => {
                format!("{} has not stored its progress in {}", name(node), describe(origin))
            }
        }
    }
}

/// Without what follows from something that is begun again and again, which is different from moment to moment.
pub fn causes(all: Vec<Unrest>) -> impl Iterator<Item = Unrest> {
    let repeats = all.iter().any(|unrest| matches!(unrest, Unrest::Repeating(..) | Unrest::Absent(_)));
    all.into_iter().filter(move |unrest| match unrest {
        Unrest::Unformed | Unrest::Deciding | Unrest::Away(_) | Unrest::Repeating(..) | Unrest::Absent(_) => true,
        Unrest::Partition(_) | Unrest::Transaction(_) | Unrest::Group => !repeats,
        Unrest::Sending(_) | Unrest::Working(_) | Unrest::Reading(..) | Unrest::Storing(..) => !repeats,
    })
}

impl Kafka {
    /// What is going on, one after the other: whoever only asks whether anything is pays for the first.
    pub fn unrest<'a>(&'a self, actors: &'a Actors<'_, Kafka>) -> impl Iterator<Item = Unrest> + 'a {
        let image = self.image(actors);
        let unformed = image.is_none().then_some(Unrest::Unformed);
        let cluster = image.into_iter().flat_map(move |image| self.unrest_of_cluster(actors, image));
        let clients = actors.iter().flat_map(move |(node, actor)| {
            let (producer, member) = match actor {
                KafkaActor::Producer(producer) if !producer.is_idle() => (Some((node, producer.failing())), None),
                KafkaActor::LibrdkafkaProducer(producer) if !producer.is_idle() => (Some((node, None)), None),
                KafkaActor::Consumer(consumer) if self.plan.topology.get(node).kind == NodeKind::Consumer => {
                    (None, Some((node, consumer)))
                }
                KafkaActor::Producer(_) | KafkaActor::LibrdkafkaProducer(_) | KafkaActor::Consumer(_) => (None, None),
                KafkaActor::Broker(_) | KafkaActor::Controller(_) => (None, None),
            };
            let sends = producer.map(|(node, failing)| match failing {
                Some(failing) => Unrest::Repeating(node, failing),
                None => Unrest::Sending(node),
            });
            sends
                .into_iter()
                .chain(member.into_iter().flat_map(move |(node, member)| self.unrest_of_member(actors, node, member)))
        });
        // Without a cluster there is nothing to say of its clients.
        unformed.into_iter().chain(cluster).chain(clients.filter(move |_| image.is_some()))
    }

    fn unrest_of_cluster<'a>(
        &'a self,
        actors: &'a Actors<'_, Kafka>,
        image: &'a Image,
    ) -> impl Iterator<Item = Unrest> + 'a {
        let decided = self.controller(actors).is_some_and(Controller::is_settled);
        let hears = |(node, broker): &(NodeId, &Broker)| {
            broker.view().version == image.version && image.broker(*node).is_some_and(|status| status.is_active())
        };
        let away = self.brokers(actors).filter(move |it| !hears(it)).map(|(node, _)| Unrest::Away(node));
        let unsettled = self.plan.layout.indices().filter(|&index| !self.is_settled(actors, image, index));
        let partitions = unsettled.map(|index| Unrest::Partition(self.plan.layout.origin(index)));
        let coordinating = self.brokers(actors).filter(|(_, broker)| !broker.has_no_transaction());
        let group = std::iter::once_with(|| self.group_is_settled(actors)).filter(|settled| !settled);
        (!decided)
            .then_some(Unrest::Deciding)
            .into_iter()
            .chain(away)
            .chain(partitions)
            .chain(coordinating.map(|(node, _)| Unrest::Transaction(node)))
            .chain(group.map(|_| Unrest::Group))
    }

    /// Whether nothing more will happen to a partition by itself. In `__consumer_offsets` progress that was stored before
    /// may be stored once more for ever, since automatic commits never cease.
    pub(crate) fn is_settled(&self, actors: &Actors<'_, Kafka>, image: &Image, index: Index) -> bool {
        let partition = &image.partitions[index.index()];
        let active = |node: NodeId| image.broker(node).is_some_and(|status| status.is_active());
        let replicas = self.plan.layout.replicas(index);
        let Some(leader) = partition.leader else {
            // Nobody may lead: as long as those who may are away, nothing happens.
            let can_lead = |node: &NodeId| {
                let is_last = partition.is_exhausted() && partition.last_known_leader == Some(*node);
                partition.is_candidate(*node) || is_last || self.plan.topic(index).unclean_leader_election
            };
            return !replicas.iter().filter(|node| can_lead(node)).any(|&node| active(node));
        };
        if !active(leader) && actors.get(leader).is_none() {
            // Up to 4.0 a leader may be elected that is away; nothing happens before it is back.
            return image.broker(leader).is_some_and(|status| status.fenced);
        }
        let Some(leading) = self.broker(actors, leader).and_then(|broker| broker.replica(index)) else { return false };
        let is_stuck = partition.isr.len() < self.plan.min_isr(index);
        let needed = leading.news();
        let followers_agree = replicas.iter().filter(|&&node| active(node)).all(|&node| {
            let copy = self.broker(actors, node).and_then(|broker| broker.replica(index));
            copy.is_some_and(|copy| {
                copy.leader_epoch() == partition.leader_epoch
                    && (needed..=leading.end()).contains(&copy.end())
                    && partition.isr.contains(node)
            })
        });
        leading.has_heard(partition.isr) && followers_agree && (is_stuck || leading.high_watermark() >= needed)
    }

    /// Whether the group's coordinator, if there is one, has exactly those members that are running, and they know it.
    fn group_is_settled(&self, actors: &Actors<'_, Kafka>) -> bool {
        let Some((node, _)) = self.leading(actors, self.plan.layout.offsets()) else { return true };
        let Some(group) = self.broker(actors, node).and_then(Broker::group) else { return false };
        let mut running = Vec::new();
        for node in self.plan.topology.of_kind(NodeKind::Consumer) {
            match actors.get(node) {
                Some(KafkaActor::Consumer(consumer)) if consumer.is_settled() => running.push(consumer.membership()),
                Some(_) => return false,
                None => {}
            }
        }
        group.is_settled(&running)
    }

    /// What a member of the group is still at: reading what somebody serves, storing what somebody takes.
    fn unrest_of_member<'a>(
        &'a self,
        actors: &'a Actors<'_, Kafka>,
        node: NodeId,
        consumer: &'a Consumer,
    ) -> impl Iterator<Item = Unrest> + 'a {
        let can_store = self.leading(actors, self.plan.layout.offsets()).is_some();
        let of = move |index: Index| {
            let origin = self.plan.layout.origin(index);
            if !self.has_read(actors, consumer, index, can_store) {
                return Some(Unrest::Reading(node, origin));
            }
            (can_store && !consumer.is_stored(origin)).then_some(Unrest::Storing(node, origin))
        };
        let working = (!consumer.is_resting()).then_some(Unrest::Working(node));
        // Between two attempts it only seems to read.
        let mut all = working.into_iter().chain(self.plan.layout.workload().filter_map(of)).peekable();
        let too_slow = || consumer.is_too_slow().then_some(Unrest::Absent(node));
        let why = || consumer.failing().map(|failing| Unrest::Repeating(node, failing)).or_else(too_slow);
        let repeating = all.peek().and_then(|_| why());
        repeating.into_iter().chain(all.filter(move |_| repeating.is_none()))
    }

    fn has_read(&self, actors: &Actors<'_, Kafka>, consumer: &Consumer, index: Index, can_store: bool) -> bool {
        let origin = self.plan.layout.origin(index);
        let position = consumer.position(origin);
        match self.leading(actors, index) {
            // Nobody tells where to begin.
            Some(_) if position.is_none() && !can_store => true,
            Some((_, replica)) => {
                let at_end = position.is_none_or(|position| position >= self.readable_by(consumer, replica));
                let is_awaited = |since| replica.newest().is_some_and(|newest| newest >= since);
                at_end && consumer.is_caught_up(origin) && !consumer.nothing_since(origin).is_some_and(is_awaited)
            }
            None => true,
        }
    }

    /// How far a consumer can read what this replica leads.
    fn readable_by(&self, consumer: &Consumer, replica: &Replica) -> Offset {
        match consumer.isolation() {
            Isolation::ReadUncommitted => replica.high_watermark(),
            Isolation::ReadCommitted => replica.last_stable_offset(),
        }
    }
}

//! Kafka as a scenario sees it, before anything runs.

use ackproof_core::model::Broker;
use ackproof_core::node::{NodeKind, Part, Topology};
use ackproof_core::setting::{Effective, Inert, Problem, Setting, Trap};
use ackproof_core::setup::Setup;

use crate::settings;

/// Apache Kafka, the broker and its Java client.
pub struct KafkaBroker;

/// The only one.
pub static KAFKA: KafkaBroker = KafkaBroker;

impl Broker for KafkaBroker {
    fn name(&self) -> &'static str {
        "kafka"
    }
    fn versions(&self) -> &'static [&'static str] {
        settings::VERSIONS
    }
    fn clients(&self) -> &'static [&'static str] {
        &["java"]
    }
    fn sections(&self) -> &'static [&'static str] {
        settings::SECTIONS
    }
    fn settings(&self) -> &'static [Setting] {
        &settings::SETTINGS
    }
    fn refuse(&self, effective: &Effective, setup: &Setup) -> Vec<Problem> {
        settings::refuse(effective, setup)
    }
    fn traps(&self, effective: &Effective, setup: &Setup) -> Vec<Trap> {
        settings::traps(effective, setup)
    }
    fn inert(&self, effective: &Effective, setup: &Setup) -> Vec<Inert> {
        settings::inert(effective, setup)
    }
    fn topology(&self, _: &Effective, setup: &Setup) -> Topology {
        topology(setup)
    }
    fn has_part(&self, part: Part) -> bool {
        match part {
            Part::Master | Part::Slave | Part::Nameserver => false,
            Part::Leader | Part::Follower | Part::Followers | Part::Isr | Part::IsrFollower | Part::OutOfIsr => true,
            Part::AnyBroker | Part::AllBrokers | Part::Brokers | Part::Controller => true,
            Part::Producer | Part::Consumer | Part::Coordinator => true,
        }
    }
    fn simplifications(&self) -> &'static [&'static str] {
        SIMPLIFICATIONS
    }
}

/// The machines of a run, in the order that numbers them: brokers, the controller, producers, consumers, the auditor.
pub fn topology(setup: &Setup) -> Topology {
    let mut topology = Topology::default();
    for broker in 0..setup.cluster.brokers {
        topology.add(format!("b{}", broker + 1), NodeKind::Broker, setup.cluster.rack(broker));
    }
    topology.add("ctl1", NodeKind::Controller, None);
    for producer in 0..setup.workload.producers {
        topology.add(format!("p{}", producer + 1), NodeKind::Producer, None);
    }
    for consumer in 0..setup.workload.consumers {
        topology.add(format!("c{}", consumer + 1), NodeKind::Consumer, None);
    }
    topology.add("audit", NodeKind::Auditor, None);
    topology
}

/// What is not modelled and what verdict it could change.
const SIMPLIFICATIONS: &[&str] = &[
    "Idempotence (enable.idempotence, on by default since 3.0) is not modelled yet: duplicates and reordering after a retry are overstated; loss is not affected.",
    "Eligible leader replicas (KIP-966, on in new clusters since 4.1) are not modelled yet: loss after the last in-sync replica crashes uncleanly is overstated there.",
    "Transactions and read_committed are not modelled: no verdict on them.",
    "The metadata quorum is one reliable controller, also where a version would use ZooKeeper: loss of the quorum cannot be told from loss of its one node.",
    "The consumer group has a fixed range assignment: what a rebalance repeats or a slow member loses is not shown.",
    "Only the Java client: librdkafka commits and retries differently.",
    "Messages go to the partitions in turn by their number, not by key or stickiness: batches are spread more evenly than in reality.",
    "No segments, retention or compaction: what expires unread is not shown.",
    "A message counts as 100 bytes; fetches are limited by records, not bytes.",
    "A connection is opened by one question and answer; authentication always succeeds.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_numbered_brokers_first_and_the_auditor_last() {
        let mut setup = Setup::default();
        setup.cluster.racks = vec!["r1".to_owned(), "r2".to_owned()];
        setup.workload.consumers = 2;
        let topology = topology(&setup);
        let names: Vec<&str> = topology.ids().map(|node| topology.name(node)).collect();
        assert_eq!(names, ["b1", "b2", "b3", "ctl1", "p1", "c1", "c2", "audit"]);
        let racks: Vec<_> = topology.ids().map(|node| topology.get(node).rack.as_deref()).collect();
        assert_eq!(racks[..4], [Some("r1"), Some("r2"), Some("r1"), None]);
    }

    #[test]
    fn nobody_is_a_master_or_a_nameserver() {
        assert!(!KAFKA.has_part(Part::Master) && !KAFKA.has_part(Part::Nameserver) && KAFKA.has_part(Part::Leader));
    }
}

//! Kafka as a scenario sees it, before anything runs.

use ackproof_core::model::Broker;
use ackproof_core::node::{NodeKind, Part, Topology};
use ackproof_core::setting::{Effective, Inert, Problem, Setting, Trap};
use ackproof_core::setup::{Feature, Setup};
use ackproof_core::surroundings::Surroundings;

use crate::config::Config;
use crate::release;
use crate::settings;
use crate::surroundings;

/// Apache Kafka, the broker, its Java client and librdkafka.
pub struct KafkaBroker;

/// The only one.
pub static KAFKA: KafkaBroker = KafkaBroker;

impl Broker for KafkaBroker {
    fn name(&self) -> &'static str {
        "kafka"
    }
    fn versions(&self) -> &'static [&'static str] {
        release::VERSIONS
    }
    fn releases(&self, version: &str) -> &'static [&'static str] {
        release::releases(version)
    }
    fn clients(&self) -> &'static [&'static str] {
        &["java", settings::LIBRDKAFKA]
    }
    fn sections(&self) -> &'static [&'static str] {
        settings::SECTIONS
    }
    fn settings(&self) -> &'static [Setting] {
        &settings::SETTINGS
    }
    fn settings_of(&self, client: &str) -> &'static [Setting] {
        match client == settings::LIBRDKAFKA {
            true => &settings::LIBRDKAFKA_SETTINGS,
            false => &settings::SETTINGS,
        }
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
    fn heeds(&self, setting: &Setting) -> bool {
        setting.modelled || HEEDED.contains(&(setting.section, setting.key))
    }
    fn origins(&self, effective: &Effective, setup: &Setup) -> Option<u16> {
        Some(Config::from_effective(effective, setup).topic.partitions)
    }
    fn offers(&self, feature: Feature) -> bool {
        match feature {
            Feature::Transactions | Feature::AsyncCommits | Feature::ResultsInTransaction => true,
            Feature::CheckBacks => false,
        }
    }
    fn has_part(&self, part: Part) -> bool {
        match part {
            Part::Master | Part::Slave | Part::Nameserver => false,
            Part::Leader | Part::Follower | Part::Followers | Part::Isr | Part::IsrFollower | Part::OutOfIsr => true,
            Part::AnyBroker | Part::AllBrokers | Part::Brokers | Part::Controller => true,
            Part::Producer | Part::Consumer | Part::Coordinator => true,
        }
    }
    fn surroundings(&self) -> &'static Surroundings {
        &surroundings::KAFKA
    }
    fn simplifications(&self) -> &'static [&'static str] {
        SIMPLIFICATIONS
    }
}

/// Settings that are not modelled and that are looked at all the same, to refuse a row or to warn of it.
const HEEDED: [(&str, &str); 8] = [
    ("broker", "group.consumer.max.heartbeat.interval.ms"),
    ("broker", "group.consumer.max.session.timeout.ms"),
    ("broker", "group.consumer.min.heartbeat.interval.ms"),
    ("broker", "group.consumer.min.session.timeout.ms"),
    ("broker", "group.coordinator.rebalance.protocols"),
    ("broker", "replica.socket.timeout.ms"),
    ("broker", "process.roles"),
    ("broker", "zookeeper.connect"),
];

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
    "An idempotent producer without transactions has its id from its start on.",
    "The metadata quorum is one reliable controller, also where a version would use ZooKeeper: loss of the quorum cannot be told from loss of its one node.",
    "Consumers are members of one group, and with group.instance.id each has an id of its own; applications have no rebalance listener.",
    "librdkafka is that of 2.15; its consumer shares the Java client's way of reading and joining under the classic protocol, and its transactions are not modelled.",
    "Messages go to the partitions in turn by their number, not by key or stickiness: batches are spread more evenly than in reality.",
    "No compaction: every message counts as having a key of its own.",
    "A message counts as 100 bytes; fetches are limited by records, not bytes.",
    "A connection is opened by one question and answer; authentication always succeeds.",
];

#[cfg(test)]
mod tests {
    use ackproof_core::setting::{SettingName, ValueKind, ValueSource};

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
    fn no_other_setting_that_is_not_modelled_makes_a_difference() {
        let (setup, mut all) = (Setup::default(), 0);
        let clients = KAFKA.versions().iter().flat_map(|version| KAFKA.clients().iter().map(move |c| (*version, *c)));
        for ((version, client), high) in clients.flat_map(|row| [(row, false), (row, true)]) {
            let settings = KAFKA.settings_of(client);
            let plain = Effective::defaults(version, client, KAFKA.versions(), settings);
            let mut chosen = plain.clone();
            for setting in settings.iter().filter(|setting| !KAFKA.heeds(setting)) {
                let value = match setting.kind {
                    ValueKind::Bool => high.to_string(),
                    ValueKind::Int { min, max } => if high { max } else { min }.to_string(),
                    ValueKind::Float { min, max } => if high { max } else { min }.to_string(),
                    ValueKind::OneOf(words) | ValueKind::Exactly(words) => {
                        words[if high { words.len() - 1 } else { 0 }].to_owned()
                    }
                    ValueKind::Text => "x".to_owned(),
                };
                chosen.set(SettingName::new(setting.section, setting.key), value, ValueSource::Matrix);
                all += 1;
            }
            assert_eq!(Config::from_effective(&chosen, &setup), Config::from_effective(&plain, &setup), "{version}");
            assert_eq!(KAFKA.refuse(&chosen, &setup), KAFKA.refuse(&plain, &setup), "{version}");
            assert_eq!(KAFKA.traps(&chosen, &setup), KAFKA.traps(&plain, &setup), "{version}");
            assert_eq!(KAFKA.inert(&chosen, &setup), KAFKA.inert(&plain, &setup), "{version}");
        }
        assert!(all > 500, "{all}");
        for (section, key) in HEEDED {
            let setting = KAFKA.settings().iter().find(|setting| (setting.section, setting.key) == (section, key));
            assert!(setting.is_some_and(|setting| !setting.modelled && KAFKA.heeds(setting)), "{section}.{key}");
        }
    }

    #[test]
    fn a_topic_has_the_partitions_that_it_or_the_brokers_say() {
        let mut effective = Effective::defaults("4.1", "java", KAFKA.versions(), KAFKA.settings());
        assert_eq!(KAFKA.origins(&effective, &Setup::default()), Some(1));
        effective.set(SettingName::new("broker", "num.partitions"), "4", ValueSource::Matrix);
        assert_eq!(KAFKA.origins(&effective, &Setup::default()), Some(4));
        effective.set(SettingName::new("topic", "partitions"), "2", ValueSource::Matrix);
        assert_eq!(KAFKA.origins(&effective, &Setup::default()), Some(2));
    }

    #[test]
    fn nobody_is_a_master_or_a_nameserver() {
        assert!(!KAFKA.has_part(Part::Master) && !KAFKA.has_part(Part::Nameserver) && KAFKA.has_part(Part::Leader));
    }
}

//! RocketMQ as a scenario sees it, before anything runs.

use ackproof_core::model::Broker;
use ackproof_core::node::{NodeKind, Part, Topology};
use ackproof_core::setting::{Effective, Inert, Problem, Setting, Trap};
use ackproof_core::setup::{Feature, Setup};
use ackproof_core::surroundings::Surroundings;

use crate::config::Config;
use crate::deployment::{self, MODES};
use crate::release;
use crate::settings;
use crate::status;
use crate::surroundings;

/// Apache RocketMQ with its Java client.
pub struct RocketmqBroker;

/// The only one.
pub static ROCKETMQ: RocketmqBroker = RocketmqBroker;

impl Broker for RocketmqBroker {
    fn name(&self) -> &'static str {
        "rocketmq"
    }
    fn versions(&self) -> &'static [&'static str] {
        release::VERSIONS
    }
    fn default_version(&self) -> &'static str {
        release::NEWEST_RELEASED
    }
    fn releases(&self, version: &str) -> &'static [&'static str] {
        release::releases(version)
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
    fn setup(&self) -> Setup {
        let mut setup = Setup::default();
        setup.cluster.deployment = Some(deployment::standard());
        setup.app.producer.accept = Some(status::ALL.map(str::to_owned).to_vec());
        setup
    }
    fn modes(&self) -> &'static [&'static str] {
        MODES
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
    fn replacing_sections(&self) -> &'static [(&'static str, &'static str)] {
        &[("broker", "slave")]
    }
    fn heeds(&self, setting: &Setting) -> bool {
        setting.modelled || settings::HEEDED.contains(&(setting.section, setting.key))
    }
    fn origins(&self, effective: &Effective, setup: &Setup) -> Option<u16> {
        let topic = Config::from_effective(effective, setup).topic;
        Some(u16::from(topic.groups) * topic.queues)
    }
    fn offers(&self, feature: Feature) -> bool {
        match feature {
            Feature::Transactions | Feature::CheckBacks => true,
            Feature::AsyncCommits | Feature::ResultsInTransaction => false,
        }
    }
    fn has_part(&self, part: Part) -> bool {
        match part {
            Part::Leader | Part::Follower | Part::Followers | Part::Isr | Part::IsrFollower | Part::OutOfIsr => true,
            Part::AnyBroker | Part::AllBrokers | Part::Brokers | Part::Controller => true,
            Part::Master | Part::Slave | Part::Nameserver | Part::Producer | Part::Consumer => true,
            Part::Coordinator => false,
        }
    }
    fn surroundings(&self) -> &'static Surroundings {
        &surroundings::ROCKETMQ
    }
    fn simplifications(&self) -> &'static [&'static str] {
        SIMPLIFICATIONS
    }
}

/// The machines of a run, in the order that numbers them: brokers by group and id, nameservers, controllers, producers,
/// consumers, the auditor. Racks are dealt out to the brokers in that order.
pub fn topology(setup: &Setup) -> Topology {
    let cluster = deployment::cluster(setup);
    let mut topology = Topology::default();
    let mut brokers = 0;
    for group in 0..cluster.groups {
        for id in 0..cluster.members() {
            let name = broker_name(group, id);
            topology.add(name, NodeKind::Broker, setup.cluster.rack(brokers));
            brokers += 1;
        }
    }
    let others = [
        ("ns", NodeKind::Nameserver, cluster.nameservers),
        ("ctl", NodeKind::Controller, cluster.controllers),
        ("p", NodeKind::Producer, cluster.producers),
        ("c", NodeKind::Consumer, cluster.consumers),
    ];
    for (name, kind, count) in others {
        for number in 1..=count {
            topology.add(format!("{name}{number}"), kind, None);
        }
    }
    topology.add("audit", NodeKind::Auditor, None);
    topology
}

/// `a0` is the broker that begins as the master of the first group.
pub fn broker_name(group: u8, id: u8) -> String {
    format!("{}{id}", char::from(b'a' + group))
}

/// What is not modelled and what verdict it could change.
const SIMPLIFICATIONS: &[&str] = &[
    "A message counts as 256 bytes, and a topic that a send created is in the first group alone.",
    "Disks have no size: files are deleted by age, and full_disk makes a disk full at once.",
    "Queues and threads of a broker are not modelled: it is never too busy for a send (SYSTEM_BUSY).",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(mode: &str, groups: u8, slaves: u8) -> Setup {
        let mut setup = ROCKETMQ.setup();
        let deployment = setup.cluster.deployment.as_mut().expect("it has groups");
        (deployment.mode, deployment.groups, deployment.slaves) = (mode.to_owned(), groups, slaves);
        setup
    }

    fn names(setup: &Setup) -> Vec<String> {
        let topology = topology(setup);
        topology.ids().map(|node| topology.name(node).to_owned()).collect()
    }

    #[test]
    fn who_names_no_version_has_one_that_was_released() {
        let version = ROCKETMQ.default_version();
        assert!(ROCKETMQ.versions().contains(&version) && !ROCKETMQ.releases(version).is_empty(), "{version}");
        let newer = ROCKETMQ.versions().iter().skip_while(|known| **known != version).skip(1);
        assert!(newer.clone().all(|newer| ROCKETMQ.releases(newer).is_empty()), "{newer:?} was released");
    }

    #[test]
    fn machines_are_numbered_by_group_and_id_and_the_auditor_is_last() {
        assert_eq!(names(&setup("master-slave", 1, 1)), ["a0", "a1", "ns1", "ns2", "p1", "c1", "audit"]);
        let mut two = setup("controller", 2, 1);
        two.cluster.racks = ["r1", "r2", "r3"].map(str::to_owned).to_vec();
        let all = ["a0", "a1", "b0", "b1", "ns1", "ns2", "ctl1", "ctl2", "ctl3", "p1", "c1", "audit"];
        assert_eq!(names(&two), all);
        let topology = topology(&two);
        let racks: Vec<_> = topology.ids().map(|node| topology.get(node).rack.as_deref()).collect();
        assert_eq!(racks[..5], [Some("r1"), Some("r2"), Some("r3"), Some("r1"), None]);
    }

    #[test]
    fn only_the_mode_with_controllers_has_any() {
        for mode in MODES {
            let has_any = names(&setup(mode, 1, 2)).iter().any(|name| name == "ctl1");
            assert_eq!(has_any, *mode == "controller", "{mode}");
        }
    }

    #[test]
    fn the_workload_is_spread_over_the_queues_of_all_groups() {
        let mut effective = Effective::defaults("5.3", "java", ROCKETMQ.versions(), ROCKETMQ.settings());
        let origins = |effective: &Effective| ROCKETMQ.origins(effective, &setup("master-slave", 2, 1));
        assert_eq!(origins(&effective), Some(16));
        let name = |section: &str, key: &str| ackproof_core::setting::SettingName::new(section, key);
        let matrix = ackproof_core::setting::ValueSource::Matrix;
        effective.set(name("broker", "autoCreateTopicEnable"), "true", matrix.clone());
        assert_eq!(origins(&effective), Some(4), "a topic that a send created is in one group");
        effective.set(name("topic", "writeQueueNums"), "3", matrix);
        assert_eq!(origins(&effective), Some(6), "a topic that somebody made is in all of them");
    }

    #[test]
    fn no_other_setting_that_is_not_modelled_makes_a_difference() {
        use ackproof_core::setting::{SettingName, ValueKind, ValueSource};
        let mut all = 0;
        for (version, high) in ROCKETMQ.versions().iter().flat_map(|version| [(version, false), (version, true)]) {
            let plain = Effective::defaults(version, "java", ROCKETMQ.versions(), ROCKETMQ.settings());
            let mut chosen = plain.clone();
            for setting in ROCKETMQ.settings().iter().filter(|setting| !ROCKETMQ.heeds(setting)) {
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
            let setup = ROCKETMQ.setup();
            assert_eq!(Config::from_effective(&chosen, &setup), Config::from_effective(&plain, &setup), "{version}");
            assert_eq!(ROCKETMQ.refuse(&chosen, &setup), ROCKETMQ.refuse(&plain, &setup), "{version}");
            assert_eq!(ROCKETMQ.traps(&chosen, &setup), ROCKETMQ.traps(&plain, &setup), "{version}");
            assert_eq!(ROCKETMQ.inert(&chosen, &setup), ROCKETMQ.inert(&plain, &setup), "{version}");
        }
        assert!(all > 500, "{all}");
        for (section, key) in settings::HEEDED {
            let setting = ROCKETMQ.settings().iter().find(|setting| (setting.section, setting.key) == (section, key));
            assert!(setting.is_some_and(|setting| !setting.modelled && ROCKETMQ.heeds(setting)), "{section}.{key}");
        }
    }
}

//! A broker that exists only here, with just enough settings and rules to read scenarios against.

use std::sync::LazyLock;

use ackproof_core::model::Broker;
use ackproof_core::node::{NodeKind, Part, Topology};
use ackproof_core::setting::{Effective, Inert, Problem, Setting, SettingName, Trap, ValueKind};
use ackproof_core::setup::{AckMode, Feature, Setup};

pub struct Toy;

const BOOL: ValueKind = ValueKind::Bool;

const fn setting(
    section: &'static str,
    key: &'static str,
    kind: ValueKind,
    defaults: &'static [(&'static str, &'static str)],
) -> Setting {
    Setting { section, key, aliases: &[], kind, defaults, unit: "", effect: "acts", source: "here", modelled: true }
}

const fn unmodelled(section: &'static str, key: &'static str) -> Setting {
    let effect = "threads decide speed, not outcomes";
    Setting { effect, modelled: false, ..setting(section, key, ValueKind::Text, &[]) }
}

static SETTINGS: [Setting; 17] = [
    setting("broker", "unclean.leader.election.enable", BOOL, &[("3.0", "false")]),
    setting("broker", "min.insync.replicas", ValueKind::Int { min: 1, max: i64::MAX }, &[("3.0", "1")]),
    unmodelled("broker", "num.io.threads"),
    unmodelled("broker", "listeners"),
    unmodelled("broker", "listener.name.*"),
    unmodelled("broker", "ssl.keystore.password"),
    setting("topic", "min.insync.replicas", ValueKind::Int { min: 1, max: i64::MAX }, &[]),
    setting("topic", "replication.factor", ValueKind::Int { min: 1, max: 100 }, &[("3.0", "1")]),
    setting("topic", "partitions", ValueKind::Int { min: 1, max: 100 }, &[("3.0", "1")]),
    setting("producer", "acks", ValueKind::OneOf(&["0", "1", "all"]), &[("3.0", "all")]),
    Setting {
        aliases: &["queue.buffering.max.ms"],
        unit: "ms",
        ..setting("producer", "linger.ms", ValueKind::Int { min: 0, max: 900_000 }, &[("3.0", "0"), ("4.0", "5")])
    },
    setting("producer", "batch.grace", BOOL, &[("4.0", "true")]),
    unmodelled("producer", "compression.type"),
    unmodelled("producer", "sasl.jaas.config"),
    unmodelled("producer", "bootstrap.servers"),
    setting("consumer", "enable.auto.commit", BOOL, &[("3.0", "true")]),
    unmodelled("consumer", "bootstrap.servers"),
];

/// The other client has one setting more, one less, and another default.
static LIBRDKAFKA: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let of_its_own =
        setting("producer", "message.timeout.ms", ValueKind::Int { min: 0, max: 900_000 }, &[("3.0", "300000")]);
    let shared = SETTINGS.iter().filter(|setting| setting.key != "batch.grace").cloned();
    let shared = shared.map(|setting| match setting.key {
        "linger.ms" => Setting { defaults: &[("3.0", "7")], ..setting },
        _ => setting,
    });
    shared.chain([of_its_own]).collect()
});

impl Broker for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }
    fn versions(&self) -> &'static [&'static str] {
        &["3.0", "3.7", "4.0"]
    }
    fn releases(&self, version: &str) -> &'static [&'static str] {
        if version == "3.7" { &["3.7.0", "3.7.1"] } else { &[] }
    }
    fn clients(&self) -> &'static [&'static str] {
        &["java", "librdkafka"]
    }
    fn sections(&self) -> &'static [&'static str] {
        &["broker", "topic", "producer", "consumer"]
    }
    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }
    fn offers(&self, feature: Feature) -> bool {
        match feature {
            Feature::Transactions | Feature::AsyncCommits => true,
            Feature::ResultsInTransaction | Feature::CheckBacks => false,
        }
    }
    fn settings_of(&self, client: &str) -> &'static [Setting] {
        if client == "librdkafka" { &LIBRDKAFKA } else { &SETTINGS }
    }
    fn refuse(&self, effective: &Effective, setup: &Setup) -> Vec<Problem> {
        let mut problems = Vec::new();
        let (factor, brokers) = (effective.int("topic", "replication.factor"), i64::from(setup.cluster.brokers));
        if factor > brokers {
            let name = SettingName::new("topic", "replication.factor");
            let message = format!("replication factor {factor} is larger than the number of brokers, {brokers}");
            problems.push(Problem { name, message, source: "toy manual" });
        }
        if effective.text("producer", "compression.type") == Some("zstd") && effective.int("producer", "linger.ms") == 0
        {
            let name = SettingName::new("producer", "compression.type");
            problems.push(Problem { name, message: "zstd needs batches to linger".to_owned(), source: "toy manual" });
        }
        if setup.app.consumer.ack == Some(AckMode::AfterProcessing) && effective.bool("consumer", "enable.auto.commit")
        {
            let name = SettingName::new("app", "consumer.ack");
            let message = "the application acknowledges by itself while `enable.auto.commit` is true".to_owned();
            problems.push(Problem { name, message, source: "toy manual" });
        }
        problems
    }
    fn traps(&self, effective: &Effective, _: &Setup) -> Vec<Trap> {
        let alone = effective.int("topic", "replication.factor") == 1;
        let trap = Trap { id: "toy-one-copy", message: "one copy is no copy".into(), source: "toy manual" };
        if alone { vec![trap] } else { Vec::new() }
    }
    fn inert(&self, effective: &Effective, _: &Setup) -> Vec<Inert> {
        let name = SettingName::new("topic", "min.insync.replicas");
        match effective.text("producer", "acks") {
            Some("all") => Vec::new(),
            _ => vec![Inert { name, why: "only acks=all waits for replicas".into() }],
        }
    }
    fn topology(&self, _: &Effective, setup: &Setup) -> Topology {
        let mut topology = Topology::default();
        let racks = &setup.cluster.racks;
        for broker in 0..setup.cluster.brokers {
            let rack = racks.get(usize::from(broker) % racks.len().max(1)).cloned();
            topology.add(format!("b{}", broker + 1), NodeKind::Broker, rack);
        }
        topology.add("ctl1", NodeKind::Controller, None);
        for producer in 1..=setup.workload.producers {
            topology.add(format!("p{producer}"), NodeKind::Producer, None);
        }
        for consumer in 1..=setup.workload.consumers {
            topology.add(format!("c{consumer}"), NodeKind::Consumer, None);
        }
        topology.add("audit", NodeKind::Auditor, None);
        topology
    }
    fn heeds(&self, setting: &Setting) -> bool {
        setting.modelled || setting.key == "compression.type"
    }
    fn origins(&self, effective: &Effective, _: &Setup) -> Option<u16> {
        u16::try_from(effective.int("topic", "partitions")).ok()
    }
    fn has_part(&self, part: Part) -> bool {
        !matches!(part, Part::Master | Part::Slave | Part::Nameserver)
    }
    fn simplifications(&self) -> &'static [&'static str] {
        &[]
    }
}

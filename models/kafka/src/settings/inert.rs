//! Settings without effect in a row. Whether one is inert must not depend on its own value: two rows that differ in
//! nothing else are shown as one.

use ackproof_core::setting::{Effective, Inert, SettingName};
use ackproof_core::setup::Setup;

use super::expiry;
use super::protocol;
use super::transactions;
use crate::config::{Acks, Client, Commit, Config, Retention, Version};

/// Every setting that somebody chose and that cannot act beside the others.
pub fn inert(effective: &Effective, setup: &Setup) -> Vec<Inert> {
    let config = Config::from_effective(effective, setup);
    let mut found = Vec::new();
    let mut report = |section: &str, key: &str, why: String| {
        if effective.is_set(section, key) {
            found.push(Inert { name: SettingName::new(section, key), why });
        }
    };
    let no_copies = config.topic.replication_factor <= 1;

    if !config.rules.strict_min_isr_hw && config.producer.acks != Acks::All {
        let why = format!("before 3.7 it acts only with acks=all, and acks is {}", acks_word(config.producer.acks));
        report("topic", "min.insync.replicas", why);
    } else if config.rules.min_isr_capped_at_rf && no_copies {
        let why = "the topic has one copy, and since 3.7 no more than the replication factor is asked for";
        report("topic", "min.insync.replicas", why.to_owned());
    }
    if no_copies {
        let why = "the topic has one copy: there is nobody else to elect";
        report("topic", "unclean.leader.election.enable", why.to_owned());
    }
    if no_copies && config.offsets.replication_factor <= 1 {
        let why = "the topic and __consumer_offsets have one copy: there is nobody else to elect";
        report("broker", "eligible.leader.replicas.version", why.to_owned());
    }
    protocol::report_inert(effective, &config, &mut report);
    report_sessions(&config, &mut report);
    if effective.text("topic", "replication.factor").is_some() {
        report("broker", "default.replication.factor", "the topic has a replication.factor of its own".to_owned());
    }
    if effective.text("topic", "partitions").is_some() {
        report("broker", "num.partitions", "the topic has a number of partitions of its own".to_owned());
    }
    if config.broker.leader_rebalance_interval.is_none() {
        let why = "auto.leader.rebalance.enable is false".to_owned();
        report("broker", "leader.imbalance.check.interval.seconds", why);
    }
    if !matches!(config.consumer.commit, Commit::Auto { .. } | Commit::Background { .. }) {
        report("consumer", "auto.commit.interval.ms", "nothing is committed automatically".to_owned());
    }
    let leaves = "internal.leave.group.on.close";
    if config.consumer.is_reconciling {
        report("consumer", leaves, "the consumer of group.protocol=consumer does not heed it".to_owned());
    } else if config.consumer.is_static {
        report("consumer", leaves, "a static member (group.instance.id) never leaves when it is closed".to_owned());
    }
    if !config.rules.exponential_client_backoff && config.client == Client::Java {
        for section in ["producer", "consumer"] {
            report(section, "retry.backoff.max.ms", "clients know it since 3.7".to_owned());
        }
    }
    if Version::parse(&effective.version).is_some_and(|version| version >= Version::new(4, 0)) {
        let why = "removed in 4.0: message.timestamp.before.max.ms and message.timestamp.after.max.ms count";
        report("broker", "log.message.timestamp.difference.max.ms", why.to_owned());
        report("topic", "message.timestamp.difference.max.ms", why.to_owned());
    }
    retention(effective, &config, &mut report);
    for (section, key, why) in transactions::inert(effective, &config).into_iter().chain(expiry::inert(&config)) {
        report(section, key, why.to_owned());
    }
    found
}

/// Segments and retention: a topic's own value goes before the broker's, a shorter unit before a longer one.
fn retention(effective: &Effective, config: &Config, report: &mut impl FnMut(&str, &str, String)) {
    let has = |section: &str, key: &str| effective.text(section, key).is_some();
    let own = |key: &str| format!("the topic has a {key} of its own");
    let ages = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
    for (at, key) in ages.into_iter().enumerate() {
        let before = ages[..at].iter().find(|key| has("broker", key));
        if has("topic", "retention.ms") {
            report("broker", key, own("retention.ms"));
        } else if let Some(before) = before {
            report("broker", key, format!("{before} is set, and goes before it"));
        }
    }
    if has("broker", "log.roll.ms") {
        report("broker", "log.roll.hours", "log.roll.ms is set, and goes before it".to_owned());
    }
    for (broker_key, key) in [
        ("log.retention.bytes", "retention.bytes"),
        ("log.segment.bytes", "segment.bytes"),
        ("log.cleanup.policy", "cleanup.policy"),
        ("log.message.timestamp.type", "message.timestamp.type"),
    ] {
        if has("topic", key) {
            report("broker", broker_key, own(key));
        }
    }
    let policy = effective.text("topic", "cleanup.policy").or_else(|| effective.text("broker", "log.cleanup.policy"));
    if policy.is_some_and(|policy| !policy.contains("delete")) {
        let why = "the topic's cleanup.policy is without delete";
        for (section, key) in
            [("topic", "retention.ms"), ("topic", "retention.bytes"), ("broker", "log.retention.bytes")]
        {
            report(section, key, why.to_owned());
        }
    } else if config.topic.retention == Retention::NEVER {
        report("broker", "log.retention.check.interval.ms", "nothing is ever too old or too much".to_owned());
    }
}

/// Which of the two session timeouts does not count.
fn report_sessions(config: &Config, report: &mut impl FnMut(&str, &str, String)) {
    match config.broker.with_zookeeper {
        true => {
            for key in ["broker.session.timeout.ms", "broker.heartbeat.interval.ms"] {
                report("broker", key, "zookeeper.connect is set: zookeeper.session.timeout.ms counts".to_owned());
            }
        }
        false => {
            let why = "it counts up to 3.9, where zookeeper.connect is set and process.roles is not".to_owned();
            report("broker", "zookeeper.session.timeout.ms", why);
        }
    }
}

fn acks_word(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    }
}

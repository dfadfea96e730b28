//! Defaults of four versions for every setting of brokers and Java clients that acts, as their own branches have them.
//!
//! Source: `KafkaConfig.Defaults`, `TransactionLog`, `TransactionStateManager`, `ProducerConfig`, `ConsumerConfig` on 2.8;
//! `LogConfig` beside them on 3.6; `ReplicationConfigs`, `ServerLogConfigs`, `LogConfig`, `KRaftConfigs`, `ServerConfigs`,
//! `GroupCoordinatorConfig`, `TransactionLogConfig`, `TransactionStateManagerConfig`, `ProducerConfig`, `ConsumerConfig` on
//! 4.2 and 4.4.

use ackproof_core::setting::Effective;

use super::{NEVER, SETTINGS};
use crate::release::VERSIONS;

const RANGE: &str = "org.apache.kafka.clients.consumer.RangeAssignor";
const RANGE_AND_COOPERATIVE: &str =
    "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor";

/// On 2.8, 3.6, 4.2 and 4.4; an empty value: none, or no such setting.
const TABLE: &[(&str, &str, [&str; 4])] = &[
    ("broker", "min.insync.replicas", ["1", "1", "1", "1"]),
    ("broker", "unclean.leader.election.enable", ["false", "false", "false", "false"]),
    ("broker", "eligible.leader.replicas.version", ["", "", "1", "1"]),
    ("broker", "default.replication.factor", ["1", "1", "1", "1"]),
    ("broker", "num.partitions", ["1", "1", "1", "1"]),
    ("broker", "replica.lag.time.max.ms", ["30000", "30000", "30000", "30000"]),
    ("broker", "replica.fetch.wait.max.ms", ["500", "500", "500", "500"]),
    ("broker", "replica.fetch.backoff.ms", ["1000", "1000", "1000", "1000"]),
    ("broker", "inter.broker.protocol.version", ["2.8-IV1", "3.6-IV2", "", ""]),
    ("broker", "log.message.format.version", ["2.8-IV1", "3.0-IV1", "", ""]),
    ("broker", "log.flush.interval.messages", [NEVER, NEVER, NEVER, NEVER]),
    ("broker", "log.flush.interval.ms", ["", "", "", ""]),
    ("broker", "log.flush.scheduler.interval.ms", [NEVER, NEVER, NEVER, NEVER]),
    ("broker", "replica.high.watermark.checkpoint.interval.ms", ["5000", "5000", "5000", "5000"]),
    ("broker", "broker.heartbeat.interval.ms", ["2000", "2000", "2000", "2000"]),
    ("broker", "broker.session.timeout.ms", ["9000", "9000", "9000", "9000"]),
    ("broker", "zookeeper.session.timeout.ms", ["18000", "18000", "", ""]),
    ("broker", "controlled.shutdown.enable", ["true", "true", "true", "true"]),
    ("broker", "auto.leader.rebalance.enable", ["true", "true", "true", "true"]),
    ("broker", "leader.imbalance.check.interval.seconds", ["300", "300", "300", "300"]),
    ("broker", "unclean.leader.election.interval.ms", ["", "", "300000", "300000"]),
    ("broker", "offsets.topic.replication.factor", ["3", "3", "3", "3"]),
    ("broker", "offsets.commit.timeout.ms", ["5000", "5000", "5000", "5000"]),
    ("broker", "group.initial.rebalance.delay.ms", ["3000", "3000", "3000", "3000"]),
    ("broker", "group.consumer.session.timeout.ms", ["", "", "45000", "45000"]),
    ("broker", "group.consumer.heartbeat.interval.ms", ["", "", "5000", "5000"]),
    ("broker", "group.min.session.timeout.ms", ["6000", "6000", "6000", "6000"]),
    ("broker", "group.max.session.timeout.ms", ["1800000", "1800000", "1800000", "1800000"]),
    ("broker", "transaction.version", ["", "", "2", "2"]),
    ("broker", "transaction.partition.verification.enable", ["", "true", "true", "true"]),
    ("broker", "transaction.state.log.replication.factor", ["3", "3", "3", "3"]),
    ("broker", "transaction.state.log.min.isr", ["2", "2", "2", "2"]),
    ("broker", "transaction.max.timeout.ms", ["900000", "900000", "900000", "900000"]),
    ("broker", "transaction.abort.timed.out.transaction.cleanup.interval.ms", ["10000", "10000", "10000", "10000"]),
    ("broker", "producer.id.expiration.ms", ["", "86400000", "86400000", "86400000"]),
    ("broker", "producer.id.expiration.check.interval.ms", ["", "600000", "600000", "600000"]),
    ("broker", "transactional.id.expiration.ms", ["604800000", "604800000", "604800000", "604800000"]),
    (
        "broker",
        "transaction.remove.expired.transaction.cleanup.interval.ms",
        ["3600000", "3600000", "3600000", "3600000"],
    ),
    ("broker", "replica.socket.timeout.ms", ["30000", "30000", "30000", "30000"]),
    ("broker", "log.flush.offset.checkpoint.interval.ms", ["60000", "60000", "60000", "60000"]),
    ("broker", "log.retention.hours", ["168", "168", "168", "168"]),
    ("broker", "log.retention.minutes", ["", "", "", ""]),
    ("broker", "log.retention.ms", ["", "", "", ""]),
    ("broker", "log.retention.bytes", ["-1", "-1", "-1", "-1"]),
    ("broker", "log.retention.check.interval.ms", ["300000", "300000", "300000", "300000"]),
    ("broker", "log.cleanup.policy", ["delete", "delete", "delete", "delete"]),
    ("broker", "log.segment.bytes", ["1073741824", "1073741824", "1073741824", "1073741824"]),
    ("broker", "log.roll.hours", ["168", "168", "168", "168"]),
    ("broker", "log.roll.ms", ["", "", "", ""]),
    ("broker", "offsets.topic.segment.bytes", ["104857600", "104857600", "104857600", "104857600"]),
    ("broker", "offsets.retention.minutes", ["10080", "10080", "10080", "10080"]),
    ("broker", "offsets.retention.check.interval.ms", ["600000", "600000", "600000", "600000"]),
    ("broker", "log.message.timestamp.type", ["CreateTime", "CreateTime", "CreateTime", "CreateTime"]),
    ("broker", "log.flush.start.offset.checkpoint.interval.ms", ["60000", "60000", "60000", "60000"]),
    ("broker", "log.message.timestamp.before.max.ms", ["", NEVER, NEVER, NEVER]),
    ("broker", "log.message.timestamp.after.max.ms", ["", NEVER, "3600000", "3600000"]),
    ("broker", "log.message.timestamp.difference.max.ms", [NEVER, NEVER, "", ""]),
    ("producer", "acks", ["1", "all", "all", "all"]),
    ("producer", "enable.idempotence", ["false", "true", "true", "true"]),
    ("producer", "retries", ["2147483647", "2147483647", "2147483647", "2147483647"]),
    ("producer", "delivery.timeout.ms", ["120000", "120000", "120000", "120000"]),
    ("producer", "request.timeout.ms", ["30000", "30000", "30000", "30000"]),
    ("producer", "linger.ms", ["0", "0", "5", "5"]),
    ("producer", "batch.size", ["16384", "16384", "16384", "16384"]),
    ("producer", "max.in.flight.requests.per.connection", ["5", "5", "5", "5"]),
    ("producer", "retry.backoff.ms", ["100", "100", "100", "100"]),
    ("producer", "retry.backoff.max.ms", ["", "", "1000", "1000"]),
    ("producer", "metadata.max.age.ms", ["300000", "300000", "300000", "300000"]),
    ("producer", "max.block.ms", ["60000", "60000", "60000", "60000"]),
    ("producer", "buffer.memory", ["33554432", "33554432", "33554432", "33554432"]),
    ("producer", "transactional.id", ["", "", "", ""]),
    ("producer", "transaction.timeout.ms", ["60000", "60000", "60000", "60000"]),
    ("producer", "reconnect.backoff.ms", ["50", "50", "50", "50"]),
    ("producer", "reconnect.backoff.max.ms", ["1000", "1000", "1000", "1000"]),
    ("producer", "socket.connection.setup.timeout.ms", ["10000", "10000", "10000", "10000"]),
    ("producer", "socket.connection.setup.timeout.max.ms", ["30000", "30000", "30000", "30000"]),
    ("consumer", "enable.auto.commit", ["true", "true", "true", "true"]),
    ("consumer", "auto.commit.interval.ms", ["5000", "5000", "5000", "5000"]),
    ("consumer", "auto.offset.reset", ["latest", "latest", "latest", "latest"]),
    ("consumer", "isolation.level", ["read_uncommitted", "read_uncommitted", "read_uncommitted", "read_uncommitted"]),
    ("consumer", "max.poll.records", ["500", "500", "500", "500"]),
    ("consumer", "max.poll.interval.ms", ["300000", "300000", "300000", "300000"]),
    ("consumer", "session.timeout.ms", ["10000", "45000", "45000", "45000"]),
    ("consumer", "heartbeat.interval.ms", ["3000", "3000", "3000", "3000"]),
    (
        "consumer",
        "partition.assignment.strategy",
        [RANGE, RANGE_AND_COOPERATIVE, RANGE_AND_COOPERATIVE, RANGE_AND_COOPERATIVE],
    ),
    ("consumer", "group.protocol", ["", "", "classic", "classic"]),
    ("consumer", "group.instance.id", ["", "", "", ""]),
    ("consumer", "internal.leave.group.on.close", ["true", "true", "true", "true"]),
    ("consumer", "fetch.max.wait.ms", ["500", "500", "500", "500"]),
    ("consumer", "request.timeout.ms", ["30000", "30000", "30000", "30000"]),
    ("consumer", "default.api.timeout.ms", ["60000", "60000", "60000", "60000"]),
    ("consumer", "retry.backoff.ms", ["100", "100", "100", "100"]),
    ("consumer", "retry.backoff.max.ms", ["", "", "1000", "1000"]),
    ("consumer", "metadata.max.age.ms", ["300000", "300000", "300000", "300000"]),
    ("consumer", "reconnect.backoff.ms", ["50", "50", "50", "50"]),
    ("consumer", "reconnect.backoff.max.ms", ["1000", "1000", "1000", "1000"]),
    ("consumer", "socket.connection.setup.timeout.ms", ["10000", "10000", "10000", "10000"]),
    ("consumer", "socket.connection.setup.timeout.max.ms", ["30000", "30000", "30000", "30000"]),
];

#[test]
fn the_defaults_of_four_versions_are_those_of_their_branches() {
    for (column, version) in ["2.8", "3.6", "4.2", "4.4"].into_iter().enumerate() {
        let effective = Effective::defaults(version, "java", VERSIONS, &SETTINGS);
        for (section, key, values) in TABLE {
            let value = effective.text(section, key).unwrap_or_default();
            assert_eq!(value, values[column], "{section}.{key} in {version}");
        }
    }
    // A topic's settings have none: the brokers' stand in.
    for setting in SETTINGS.iter().filter(|setting| setting.modelled) {
        let is_there = TABLE.iter().any(|(section, key, _)| (*section, *key) == (setting.section, setting.key));
        assert!(is_there != (setting.section == "topic"), "{}.{}", setting.section, setting.key);
    }
}

#[test]
fn a_setting_is_known_from_the_version_on_that_has_it() {
    let since = |section: &str, key: &str, version: &str| {
        let setting = SETTINGS.iter().find(|setting| (setting.section, setting.key) == (section, key));
        setting.unwrap_or_else(|| panic!("{section}.{key}")).comes_after(version, VERSIONS)
    };
    for (section, key, before, first) in [
        ("consumer", "group.protocol", "3.6", "3.7"),
        ("broker", "group.consumer.session.timeout.ms", "3.6", "3.7"),
        ("broker", "group.consumer.heartbeat.interval.ms", "3.6", "3.7"),
        ("broker", "unclean.leader.election.interval.ms", "3.8", "3.9"),
        ("broker", "transaction.partition.verification.enable", "3.5", "3.6"),
        ("broker", "producer.id.expiration.ms", "3.3", "3.4"),
        ("broker", "producer.id.expiration.check.interval.ms", "3.3", "3.4"),
        ("broker", "log.message.timestamp.after.max.ms", "3.5", "3.6"),
        ("topic", "message.timestamp.after.max.ms", "3.5", "3.6"),
        ("topic", "message.timestamp.before.max.ms", "3.5", "3.6"),
        ("producer", "retry.backoff.max.ms", "3.6", "3.7"),
    ] {
        assert_eq!((since(section, key, before), since(section, key, first)), (Some(first), None), "{section}.{key}");
    }
}

//! Defaults of three versions for every setting that decides what is lost, as their own branches have them.
//!
//! Source: `KafkaConfig.Defaults`, `ProducerConfig`, `ConsumerConfig` on 2.8 and 3.5; `ReplicationConfigs`,
//! `ServerLogConfigs`, `KRaftConfigs`, `GroupCoordinatorConfig`, `ProducerConfig`, `ConsumerConfig` on 4.2.

use ackproof_core::setting::Effective;

use super::{NEVER, SETTINGS};
use crate::release::VERSIONS;

/// On 2.8, 3.5 and 4.2; an empty value: none.
const TABLE: &[(&str, &str, [&str; 3])] = &[
    ("broker", "default.replication.factor", ["1", "1", "1"]),
    ("broker", "min.insync.replicas", ["1", "1", "1"]),
    ("broker", "unclean.leader.election.enable", ["false", "false", "false"]),
    ("broker", "eligible.leader.replicas.version", ["", "", "1"]),
    ("broker", "replica.lag.time.max.ms", ["30000", "30000", "30000"]),
    ("broker", "replica.fetch.wait.max.ms", ["500", "500", "500"]),
    ("broker", "replica.fetch.backoff.ms", ["1000", "1000", "1000"]),
    ("broker", "log.flush.interval.messages", [NEVER, NEVER, NEVER]),
    ("broker", "log.flush.interval.ms", ["", "", ""]),
    ("broker", "log.flush.scheduler.interval.ms", [NEVER, NEVER, NEVER]),
    ("broker", "log.flush.offset.checkpoint.interval.ms", ["60000", "60000", "60000"]),
    ("broker", "replica.high.watermark.checkpoint.interval.ms", ["5000", "5000", "5000"]),
    ("broker", "broker.session.timeout.ms", ["9000", "9000", "9000"]),
    ("broker", "broker.heartbeat.interval.ms", ["2000", "2000", "2000"]),
    ("broker", "zookeeper.session.timeout.ms", ["18000", "18000", ""]),
    ("broker", "inter.broker.protocol.version", ["2.8-IV1", "3.5-IV2", ""]),
    ("broker", "log.message.format.version", ["2.8-IV1", "3.0-IV1", ""]),
    ("broker", "controlled.shutdown.enable", ["true", "true", "true"]),
    ("broker", "auto.leader.rebalance.enable", ["true", "true", "true"]),
    ("broker", "leader.imbalance.check.interval.seconds", ["300", "300", "300"]),
    ("broker", "unclean.leader.election.interval.ms", ["300000", "300000", "300000"]),
    ("broker", "offsets.topic.replication.factor", ["3", "3", "3"]),
    ("broker", "offsets.commit.timeout.ms", ["5000", "5000", "5000"]),
    ("producer", "acks", ["1", "all", "all"]),
    ("producer", "enable.idempotence", ["false", "true", "true"]),
    ("producer", "retries", ["2147483647", "2147483647", "2147483647"]),
    ("producer", "delivery.timeout.ms", ["120000", "120000", "120000"]),
    ("producer", "request.timeout.ms", ["30000", "30000", "30000"]),
    ("producer", "max.in.flight.requests.per.connection", ["5", "5", "5"]),
    ("producer", "linger.ms", ["0", "0", "5"]),
    ("producer", "batch.size", ["16384", "16384", "16384"]),
    ("producer", "buffer.memory", ["33554432", "33554432", "33554432"]),
    ("producer", "max.block.ms", ["60000", "60000", "60000"]),
    ("producer", "retry.backoff.ms", ["100", "100", "100"]),
    ("producer", "retry.backoff.max.ms", ["", "", "1000"]),
    ("consumer", "auto.offset.reset", ["latest", "latest", "latest"]),
    ("consumer", "enable.auto.commit", ["true", "true", "true"]),
    ("consumer", "auto.commit.interval.ms", ["5000", "5000", "5000"]),
    ("consumer", "session.timeout.ms", ["10000", "45000", "45000"]),
    ("consumer", "max.poll.interval.ms", ["300000", "300000", "300000"]),
    ("consumer", "max.poll.records", ["500", "500", "500"]),
];

#[test]
fn the_defaults_of_three_versions_are_those_of_their_branches() {
    for (column, version) in ["2.8", "3.5", "4.2"].into_iter().enumerate() {
        let effective = Effective::defaults(version, "java", VERSIONS, &SETTINGS);
        for (section, key, values) in TABLE {
            let value = effective.text(section, key).unwrap_or_default();
            assert_eq!(value, values[column], "{section}.{key} in {version}");
        }
    }
}

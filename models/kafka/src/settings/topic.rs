//! Topic settings that act. A value that is missing is the broker's.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, int, long};

const TOPIC: Setting = Setting { section: "topic", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "replication.factor",
        aliases: &["replication-factor"],
        kind: int(1),
        unit: "replicas",
        effect: "Copies of every message; with 1, a lost disk is lost messages.",
        source: "kafka-topics --replication-factor; missing: the broker's default.replication.factor",
        ..TOPIC
    },
    Setting {
        key: "partitions",
        kind: ValueKind::Int { min: 1, max: 1000 },
        unit: "partitions",
        effect: "Logs among which the messages are dealt; at most 1000 are simulated.",
        source: "kafka-topics --partitions; missing: the broker's num.partitions",
        ..TOPIC
    },
    Setting {
        key: "min.insync.replicas",
        kind: int(1),
        unit: "replicas",
        effect: "Copies in sync that a write with acks=all needs; since 3.7 also what any message needs to be read.",
        source: "Partition.appendRecordsToLeader, maybeIncrementLeaderHW at 4.1; KAFKA-15583",
        ..TOPIC
    },
    Setting {
        key: "unclean.leader.election.enable",
        kind: ValueKind::Bool,
        effect: "When nobody in sync is left, a replica that lacks confirmed messages may lead, and they are gone.",
        source: "KIP-106; TopicConfig at 4.4",
        ..TOPIC
    },
    Setting {
        key: "message.format.version",
        kind: ValueKind::Text,
        effect: "As log.message.format.version, for this topic; passed over when newer than the brokers' protocol. Removed in 4.0.",
        source: "TopicConfigHandler.excludedConfigs on 2.8 and 3.9",
        ..TOPIC
    },
    Setting {
        key: "flush.messages",
        kind: long(1),
        unit: "messages",
        effect: "The log is synced to disk when it has so many unsynced messages, before they are confirmed; 1 is every batch.",
        source: "UnifiedLog.append at 4.1",
        ..TOPIC
    },
    Setting {
        key: "flush.ms",
        kind: long(0),
        unit: "ms",
        effect: "Age at which the flush scheduler syncs the log; without log.flush.scheduler.interval.ms it looks once, 30 s after a start.",
        source: "LogManager.flushDirtyLogs at 4.1",
        ..TOPIC
    },
];

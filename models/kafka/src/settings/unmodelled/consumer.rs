//! Consumer settings that are accepted and listed but have no effect here, grouped by the reason.

use super::Unmodelled;

pub(super) const GROUPS: &[Unmodelled] = &[
    Unmodelled {
        why: "What is in a message is not simulated; every message is small and valid.",
        source: "ProducerConfig, ConsumerConfig at 4.4",
        flags: &["check.crcs"],
        numbers: &[],
        texts: &["interceptor.classes", "key.deserializer", "value.deserializer"],
    },
    Unmodelled {
        why: "Transactions are not simulated.",
        source: "ProducerConfig, ConsumerConfig at 4.4",
        flags: &["internal.throw.on.fetch.stable.offset.unsupported"],
        numbers: &[],
        texts: &["isolation.level"],
    },
    Unmodelled {
        why: "The group has a fixed assignment: members do not join, leave or time out.",
        source: "ConsumerConfig at 4.4",
        flags: &["internal.leave.group.on.close"],
        numbers: &["heartbeat.interval.ms", "max.poll.interval.ms", "session.timeout.ms"],
        texts: &[
            "group.id",
            "group.instance.id",
            "group.protocol",
            "group.remote.assignor",
            "partition.assignment.strategy",
            "share.acknowledgement.mode",
            "share.acquire.mode",
        ],
    },
    Unmodelled {
        why: "Sizes are not simulated, and the topic exists.",
        source: "ConsumerConfig at 4.4",
        flags: &["allow.auto.create.topics", "exclude.internal.topics"],
        numbers: &["fetch.max.bytes", "fetch.min.bytes", "max.partition.fetch.bytes"],
        texts: &[],
    },
];

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
        why: "Clients and brokers have the same version.",
        source: "ConsumerConfig at 4.4",
        flags: &["internal.throw.on.fetch.stable.offset.unsupported"],
        numbers: &[],
        texts: &[],
    },
    Unmodelled {
        why: "There is one group of ordinary consumers.",
        source: "ConsumerConfig at 4.4",
        flags: &[],
        numbers: &[],
        texts: &["group.id", "share.acknowledgement.mode", "share.acquire.mode"],
    },
    Unmodelled {
        why: "With group.protocol=consumer partitions are divided as by the uniform assignor; the older protocol does not know it.",
        source: "KIP-848; ConsumerConfig at 4.4",
        flags: &[],
        numbers: &[],
        texts: &["group.remote.assignor"],
    },
    Unmodelled {
        why: "Sizes are not simulated, and the topic exists.",
        source: "ConsumerConfig at 4.4",
        flags: &["allow.auto.create.topics", "exclude.internal.topics"],
        numbers: &["fetch.max.bytes", "fetch.min.bytes", "max.partition.fetch.bytes"],
        texts: &[],
    },
];

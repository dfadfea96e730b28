//! Producer settings that are accepted and listed but have no effect here, grouped by the reason.

use super::Unmodelled;

pub(super) const GROUPS: &[Unmodelled] = &[
    Unmodelled {
        why: "What is in a message is not simulated; every message is small and valid.",
        source: "ProducerConfig, ConsumerConfig at 4.4",
        flags: &[],
        numbers: &["compression.gzip.level", "compression.lz4.level", "compression.zstd.level", "max.request.size"],
        texts: &["compression.type", "interceptor.classes", "key.serializer", "value.serializer"],
    },
    Unmodelled {
        why: "Messages go to the partitions in turn, by their number.",
        source: "ProducerConfig at 4.4",
        flags: &["partitioner.adaptive.partitioning.enable", "partitioner.ignore.keys", "partitioner.rack.aware"],
        numbers: &["partitioner.availability.timeout.ms"],
        texts: &["partitioner.class"],
    },
    Unmodelled {
        why: "Two-phase commit (KIP-939) is not simulated.",
        source: "ProducerConfig at 4.4",
        flags: &["internal.auto.downgrade.txn.commit", "transaction.two.phase.commit.enable"],
        numbers: &[],
        texts: &[],
    },
    Unmodelled {
        why: "Sizes are not simulated, and the topic exists.",
        source: "ConsumerConfig at 4.4",
        flags: &[],
        numbers: &["metadata.max.idle.ms"],
        texts: &["buffer.memory.allocation.strategy"],
    },
];

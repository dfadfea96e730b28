//! Topic settings that are accepted and listed but have no effect here, grouped by the reason.

use super::Unmodelled;

pub(super) const GROUPS: &[Unmodelled] = &[
    Unmodelled {
        why: "Tiered storage is not simulated.",
        source: "TopicConfig at 4.4",
        flags: &["remote.log.copy.disable", "remote.log.delete.on.disable", "remote.storage.enable"],
        numbers: &["local.retention.bytes", "local.retention.ms", "remote.copy.lag.bytes", "remote.copy.lag.ms"],
        texts: &[],
    },
    Unmodelled {
        why: "Compaction is not simulated: every message counts as having a key of its own, which compaction keeps.",
        source: "TopicConfig at 4.4",
        flags: &[],
        numbers: &["delete.retention.ms", "max.compaction.lag.ms", "min.compaction.lag.ms"],
        texts: &["min.cleanable.dirty.ratio"],
    },
    Unmodelled {
        why: "How segments are laid out on the disk, and how long their files stay after they are deleted, cannot be seen by clients; segments are not jittered.",
        source: "TopicConfig at 4.4",
        flags: &["preallocate"],
        numbers: &[
            "file.delete.delay.ms",
            "index.interval.bytes",
            "internal.segment.bytes",
            "segment.index.bytes",
            "segment.jitter.ms",
        ],
        texts: &[],
    },
    Unmodelled {
        why: "Sizes and formats of records are not simulated; every message is small and valid.",
        source: "TopicConfig at 4.4",
        flags: &["message.downconversion.enable"],
        numbers: &["compression.gzip.level", "compression.lz4.level", "compression.zstd.level", "max.message.bytes"],
        texts: &["compression.type"],
    },
    Unmodelled {
        why: "Throughput limits and share groups are not simulated.",
        source: "TopicConfig at 4.4",
        flags: &["errors.deadletterqueue.group.enable"],
        numbers: &[],
        texts: &["follower.replication.throttled.replicas", "leader.replication.throttled.replicas"],
    },
];

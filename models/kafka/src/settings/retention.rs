//! Settings of segments and of what is deleted with them, for brokers and for a topic.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, NEVER, int, long};

const BROKER: Setting = Setting { section: "broker", ..ACTING };
const TOPIC: Setting = Setting { section: "topic", ..ACTING };

const TIMESTAMPS: ValueKind = ValueKind::OneOf(&["CreateTime", "LogAppendTime"]);
const POLICIES: ValueKind = ValueKind::OneOf(&["delete", "compact", "compact,delete", "delete,compact"]);

/// Smallest segment that Kafka takes: a record without content up to 3.9, and 1 MiB since 4.0, see
/// [`super::contradictions`].
const SMALLEST_SEGMENT: i64 = 14;

pub(super) const OF_BROKERS: &[Setting] = &[
    Setting {
        key: "log.retention.hours",
        kind: ValueKind::Int { min: i32::MIN as i64, max: i32::MAX as i64 },
        defaults: &[("2.8", "168")],
        unit: "h",
        effect: "Age at which messages are deleted, read or not, by whole segments; log.retention.minutes and .ms go before it. Negative is never.",
        source: "KafkaConfig.logRetentionTimeMillis at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.retention.minutes",
        kind: ValueKind::Int { min: i32::MIN as i64, max: i32::MAX as i64 },
        unit: "min",
        effect: "As log.retention.hours, and before it.",
        source: "KafkaConfig.logRetentionTimeMillis at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.retention.ms",
        kind: ValueKind::Int { min: i64::MIN, max: i64::MAX },
        unit: "ms",
        effect: "As log.retention.hours, and before it and log.retention.minutes; -1 is never.",
        source: "KafkaConfig.logRetentionTimeMillis at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.retention.bytes",
        kind: ValueKind::Int { min: i64::MIN, max: i64::MAX },
        defaults: &[("2.8", "-1")],
        unit: "bytes",
        effect: "Size of a partition's log above which its oldest segments are deleted, read or not; a message counts as 100 bytes. -1 is no limit.",
        source: "UnifiedLog.deleteRetentionSizeBreachedSegments at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.retention.check.interval.ms",
        kind: long(1),
        defaults: &[("2.8", "300000")],
        unit: "ms",
        effect: "How often a broker deletes old segments, first 30 s after its start.",
        source: "LogManager.startupWithConfigOverrides at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.cleanup.policy",
        kind: POLICIES,
        defaults: &[("2.8", "delete")],
        effect: "Without delete nothing is deleted for its age or for size. Compaction itself is not simulated: every message counts as having a key of its own, which compaction keeps.",
        source: "UnifiedLog.deleteOldSegments at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.segment.bytes",
        kind: int(SMALLEST_SEGMENT),
        defaults: &[("2.8", "1073741824")],
        unit: "bytes",
        effect: "A full segment is followed by another one, and synced: what a power loss takes is no more than the last segment. A message counts as 100 bytes.",
        source: "LogSegment.shouldRoll, UnifiedLog.roll at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.roll.hours",
        kind: int(1),
        defaults: &[("2.8", "168")],
        unit: "h",
        effect: "Age of a segment's first message at which the next message begins another segment; log.roll.ms goes before it.",
        source: "KafkaConfig.logRollTimeMillis at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.roll.ms",
        kind: long(1),
        unit: "ms",
        effect: "As log.roll.hours, and before it; also for __consumer_offsets.",
        source: "KafkaConfig.logRollTimeMillis at 4.1",
        ..BROKER
    },
    Setting {
        key: "offsets.topic.segment.bytes",
        kind: int(1),
        defaults: &[("2.8", "104857600")],
        unit: "bytes",
        effect: "log.segment.bytes of __consumer_offsets.",
        source: "GroupCoordinatorConfig at 4.4",
        ..BROKER
    },
    Setting {
        key: "offsets.retention.minutes",
        kind: int(1),
        defaults: &[("2.8", "10080")],
        unit: "min",
        effect: "How long a consumer group that nobody is in keeps its progress: back after that, it goes where auto.offset.reset says.",
        source: "OffsetMetadataManager.cleanupExpiredOffsets at 4.1",
        ..BROKER
    },
    Setting {
        key: "offsets.retention.check.interval.ms",
        kind: long(1),
        defaults: &[("2.8", "600000")],
        unit: "ms",
        effect: "How often the coordinator looks for progress that is to be forgotten.",
        source: "GroupCoordinatorShard.scheduleGroupMetadataExpiration at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.message.timestamp.type",
        kind: TIMESTAMPS,
        defaults: &[("2.8", "CreateTime")],
        effect: "Whose clock says how old a message is: that of the producer, or of the leader that appended it.",
        source: "LogValidator at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.flush.start.offset.checkpoint.interval.ms",
        kind: int(0),
        defaults: &[("2.8", "60000")],
        unit: "ms",
        effect: "How often a follower writes down that its log starts inside of a segment, because its leader's does.",
        source: "LogManager.checkpointLogStartOffsetsInDir at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.message.timestamp.before.max.ms",
        kind: long(0),
        defaults: &[("3.6", NEVER)],
        unit: "ms",
        effect: "How much older than the leader's clock a message may be, by its producer's; further away it is refused with INVALID_TIMESTAMP.",
        source: "LogValidator.validateTimestamp at 4.1; KIP-937",
        ..BROKER
    },
    Setting {
        key: "log.message.timestamp.after.max.ms",
        kind: long(0),
        defaults: &[("3.6", NEVER), ("4.0", "3600000")],
        unit: "ms",
        effect: "How much younger than the leader's clock a message may be, by its producer's; further away it is refused with INVALID_TIMESTAMP.",
        source: "LogValidator.validateTimestamp at 4.1; KIP-937",
        ..BROKER
    },
    Setting {
        key: "log.message.timestamp.difference.max.ms",
        kind: long(0),
        defaults: &[("2.8", NEVER), ("4.0", "")],
        unit: "ms",
        effect: "Up to 3.9, for both directions, where message.timestamp.before.max.ms and after.max.ms are not set.",
        source: "KafkaConfig.logMessageTimestampDifferenceMaxMs at 3.9",
        ..BROKER
    },
];

pub(super) const OF_TOPICS: &[Setting] = &[
    Setting {
        key: "retention.ms",
        kind: long(-1),
        unit: "ms",
        effect: "Age at which messages are deleted, read or not, by whole segments; a consumer that was away for longer goes where auto.offset.reset says. -1 is never.",
        source: "UnifiedLog.deleteRetentionMsBreachedSegments at 4.1",
        ..TOPIC
    },
    Setting {
        key: "retention.bytes",
        kind: ValueKind::Int { min: i64::MIN, max: i64::MAX },
        unit: "bytes",
        effect: "Size of a partition's log above which its oldest segments are deleted, read or not; a message counts as 100 bytes. -1 is no limit.",
        source: "UnifiedLog.deleteRetentionSizeBreachedSegments at 4.1",
        ..TOPIC
    },
    Setting {
        key: "cleanup.policy",
        kind: POLICIES,
        effect: "Without delete nothing is deleted for its age or for size. Compaction itself is not simulated: every message counts as having a key of its own, which compaction keeps.",
        source: "UnifiedLog.deleteOldSegments at 4.1",
        ..TOPIC
    },
    Setting {
        key: "segment.bytes",
        kind: int(SMALLEST_SEGMENT),
        unit: "bytes",
        effect: "A full segment is followed by another one, and synced: what a power loss takes is no more than the last segment. A message counts as 100 bytes.",
        source: "LogSegment.shouldRoll, UnifiedLog.roll at 4.1",
        ..TOPIC
    },
    Setting {
        key: "segment.ms",
        kind: long(1),
        unit: "ms",
        effect: "Age of a segment's first message at which the next message begins another segment.",
        source: "LogSegment.timeWaitedForRoll at 4.1",
        ..TOPIC
    },
    Setting {
        key: "message.timestamp.type",
        kind: TIMESTAMPS,
        effect: "Whose clock says how old a message is: that of the producer, or of the leader that appended it.",
        source: "LogValidator at 4.1",
        ..TOPIC
    },
    Setting {
        key: "message.timestamp.before.max.ms",
        kind: long(0),
        defaults: &[("3.6", "")],
        unit: "ms",
        effect: "How much older than the leader's clock a message may be, by its producer's; further away it is refused with INVALID_TIMESTAMP.",
        source: "LogValidator.validateTimestamp at 4.1; KIP-937",
        ..TOPIC
    },
    Setting {
        key: "message.timestamp.after.max.ms",
        kind: long(0),
        defaults: &[("3.6", "")],
        unit: "ms",
        effect: "How much younger than the leader's clock a message may be, by its producer's; further away it is refused with INVALID_TIMESTAMP.",
        source: "LogValidator.validateTimestamp at 4.1; KIP-937",
        ..TOPIC
    },
    Setting {
        key: "message.timestamp.difference.max.ms",
        kind: long(0),
        unit: "ms",
        effect: "Up to 3.9, for both directions, where message.timestamp.before.max.ms and after.max.ms are not set.",
        source: "KafkaConfig.logMessageTimestampDifferenceMaxMs at 3.9",
        ..TOPIC
    },
];

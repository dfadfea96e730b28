//! From settings of segments and retention to what a log does.

use ackproof_core::time::Span;
use ackproof_log::SegmentLimits;

use super::reader::Reader;
use super::{MESSAGE_BYTES, Retention, TimestampLimits, Version};

impl<'a> Reader<'a> {
    /// A topic's own value, else the broker's default for topics.
    pub(super) fn inherited_text(self, key: &str, broker_key: &str) -> &'a str {
        self.effective.text("topic", key).or_else(|| self.effective.text("broker", broker_key)).unwrap_or_default()
    }

    pub(super) fn segments(self) -> SegmentLimits {
        let bytes = self.inherited("segment.bytes", "log.segment.bytes");
        let age = match self.effective.text("topic", "segment.ms") {
            Some(_) => self.span("topic", "segment.ms"),
            None => self.broker_segment_age(),
        };
        SegmentLimits { records: bytes / MESSAGE_BYTES, age }
    }

    /// Of `__consumer_offsets`, which is compacted: nothing is deleted for its age or for size.
    pub(super) fn offsets_segments(self) -> SegmentLimits {
        let records = self.number("broker", "offsets.topic.segment.bytes") / MESSAGE_BYTES;
        SegmentLimits { records, age: self.broker_segment_age() }
    }

    /// Source: `KafkaConfig.logRollTimeMillis`, core, 4.1.
    fn broker_segment_age(self) -> Span {
        match self.effective.text("broker", "log.roll.ms") {
            Some(_) => self.span("broker", "log.roll.ms"),
            None => Span(3_600_000 * self.number("broker", "log.roll.hours")).min(Span::MAX),
        }
    }

    /// A topic that is only compacted loses nothing by age or size.
    /// Source: `UnifiedLog.deleteOldSegments`, storage, 4.1; `KafkaConfig.logRetentionTimeMillis`, core, 4.1.
    pub(super) fn retention(self) -> Retention {
        if !self.inherited_text("cleanup.policy", "log.cleanup.policy").contains("delete") {
            return Retention::NEVER;
        }
        let of = |section: &str, key: &str, unit_ms: i64| {
            self.effective.text(section, key)?;
            Some(self.effective.int(section, key).saturating_mul(unit_ms))
        };
        let age = of("topic", "retention.ms", 1)
            .or_else(|| of("broker", "log.retention.ms", 1))
            .or_else(|| of("broker", "log.retention.minutes", 60_000))
            .or_else(|| of("broker", "log.retention.hours", 3_600_000));
        let bytes = of("topic", "retention.bytes", 1).or_else(|| of("broker", "log.retention.bytes", 1));
        Retention {
            age: age.and_then(|ms| u64::try_from(ms).ok()).map(Span),
            bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        }
    }

    /// Where both are left at never, the older setting for both stands in, up to 3.9.
    /// Source: `KafkaConfig.{logMessageTimestampBeforeMaxMs,logMessageTimestampAfterMaxMs}`, core, 3.6; KIP-937.
    pub(super) fn timestamps(self, version: Version) -> TimestampLimits {
        let of = |key: &str, broker_key: &str| match self.effective.text("topic", key) {
            Some(_) => self.finite("topic", key),
            None => self.finite("broker", broker_key),
        };
        let either = || match version < Version::new(4, 0) {
            true => of("message.timestamp.difference.max.ms", "log.message.timestamp.difference.max.ms"),
            false => None,
        };
        let newer = |key, broker_key| match version < Version::new(3, 6) {
            true => None,
            false => of(key, broker_key),
        };
        let before = newer("message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms").or_else(either);
        let after = newer("message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms").or_else(either);
        TimestampLimits {
            by_leader: self.inherited_text("message.timestamp.type", "log.message.timestamp.type") == "LogAppendTime",
            before: before.map(Span),
            after: after.map(Span),
        }
    }
}

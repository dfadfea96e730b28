//! Traps of settings that say how long messages stay.

use ackproof_core::setting::Trap;
use ackproof_core::time::Span;

use super::{Row, trap};

impl Row<'_> {
    fn chose_retention(&self) -> bool {
        let broker = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
        self.effective.is_set("topic", "retention.ms") || broker.iter().any(|key| self.effective.is_set("broker", key))
    }

    pub(super) fn retention_by_whole_segments(&self) -> Option<Trap> {
        let (age, segments) = (self.config.topic.retention.age?, self.config.topic.segments);
        if !self.chose_retention() || age >= segments.age {
            return None;
        }
        let message = format!(
            "what is older than retention.ms ({age}) goes by whole segments, and none goes before its newest message is \
             that old: with segment.ms at {} messages stay for that much longer while new ones keep coming, and then \
             go together.",
            segments.age.min(Span::MAX)
        );
        trap("kafka-retention-by-segment", message, "UnifiedLog.deletableSegments, LogSegment.shouldRoll")
    }

    pub(super) fn retention_of_each_partition(&self) -> Option<Trap> {
        let (bytes, partitions) = (self.config.topic.retention.bytes?, self.config.topic.partitions);
        if partitions < 2 {
            return None;
        }
        let message = format!(
            "retention.bytes={bytes} is of each partition: the topic's {partitions} keep {} bytes together, and one that \
             gets more than its share loses messages while others have room.",
            bytes.saturating_mul(u64::from(partitions))
        );
        trap("kafka-retention-bytes-per-partition", message, "TopicConfig on retention.bytes")
    }

    pub(super) fn progress_before_messages(&self) -> Option<Trap> {
        let (offsets, messages) = (self.config.broker.offsets_retention, self.config.topic.retention.age);
        if !self.has_group() || messages.is_some_and(|messages| messages <= offsets) {
            return None;
        }
        let kept = messages.map_or("for ever".to_owned(), |messages| format!("for {messages}"));
        let message = format!(
            "offsets.retention.minutes: a group that nobody was in for {offsets} has forgotten where it was, while the \
             messages are kept {kept}; it goes on where auto.offset.reset={} says.",
            self.effective.text("consumer", "auto.offset.reset").unwrap_or_default()
        );
        trap("kafka-offsets-retention", message, "OffsetMetadataManager.cleanupExpiredOffsets; librdkafka issue 1442")
    }
}

//! What a topic was told, typed, with a broker's values standing in where it was told nothing.

use ackproof_core::time::{Span, Time};
use ackproof_log::SegmentLimits;

use super::Rules;

#[derive(Clone, PartialEq, Debug)]
pub struct TopicConfig {
    pub partitions: u16,
    pub replication_factor: u8,
    /// As configured; see [`TopicConfig::effective_min_isr`].
    pub min_insync_replicas: u32,
    pub unclean_leader_election: bool,
    /// `flush.messages`; `None` for never.
    pub flush_messages: Option<u64>,
    /// `flush.ms`; `None` for never. Looked at when the flush scheduler runs.
    pub flush_interval: Option<Span>,
    /// `segment.bytes` and `segment.ms`.
    pub segments: SegmentLimits,
    pub retention: Retention,
    pub timestamps: TimestampLimits,
}

impl TopicConfig {
    /// The in-sync replicas that a write with `acks=all` needs.
    pub fn effective_min_isr(&self, rules: Rules) -> u32 {
        match rules.min_isr_capped_at_rf && crate::mutation::Rule::MinIsrCap.holds() {
            true => self.min_insync_replicas.min(u32::from(self.replication_factor)),
            false => self.min_insync_replicas,
        }
    }
}

/// When segments are deleted; `None` for never.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Retention {
    /// `retention.ms`, counted from the latest timestamp in the segment.
    pub age: Option<Span>,
    /// `retention.bytes`: as long as what is left is no smaller.
    pub bytes: Option<u64>,
}

impl Retention {
    pub const NEVER: Retention = Retention { age: None, bytes: None };
}

/// Whose clock says how old a message is, and how far a producer's may be from the leader's.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct TimestampLimits {
    /// `message.timestamp.type` is LogAppendTime: the leader's clock alone, and there are no limits.
    pub by_leader: bool,
    /// `message.timestamp.before.max.ms`; `None` for no limit.
    pub before: Option<Span>,
    /// `message.timestamp.after.max.ms`; `None` for no limit.
    pub after: Option<Span>,
}

impl TimestampLimits {
    pub const NONE: TimestampLimits = TimestampLimits { by_leader: false, before: None, after: None };

    /// The timestamp that a batch gets; `None` when the leader does not take the one that it has.
    ///
    /// Source: `LogValidator.{validateTimestamp,recordHasInvalidTimestamp}`, storage, 4.1.
    pub fn stamp(&self, theirs: Time, ours: Time) -> Option<Time> {
        let is_beyond = |age: Span, limit: Option<Span>| limit.is_some_and(|limit| age > limit);
        if self.by_leader {
            return Some(ours);
        }
        (!is_beyond(ours.since(theirs), self.before) && !is_beyond(theirs.since(ours), self.after)).then_some(theirs)
    }
}

//! How logs lose their beginning: whole segments go when they are old or the log is large, as far as the high watermark
//! has passed them. Each replica looks at its own log by its own wall clock, and a follower besides starts no earlier
//! than its leader.
//!
//! Simplified: what a new leader knows of idempotent producers is what is left of the log, where a real one keeps
//! what deleted segments said. Gives up: a duplicate that is known for one after its first attempt was deleted.
//!
//! Source: `UnifiedLog.{deleteOldSegments,deletableSegments,maybeIncrementLogStartOffset}`, storage, 4.1;
//! `LogManager.cleanupLogs`, core, 4.1.

use ackproof_core::actor::Ctx;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::Time;
use ackproof_log::{Offset, Segment};

use super::Env;
use super::flush::Flush;
use super::replica::Replica;
use crate::config::MESSAGE_BYTES;
use crate::message::{Payload, Record};
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::topic::describe;

impl Replica {
    /// A batch is to be appended: it may begin another segment, and then the one before is synced.
    pub(super) fn begin_batch(&mut self, ctx: &mut Ctx<'_, Kafka>, records: u64, timestamp: Time) {
        if self.log.begin_batch(records, timestamp) {
            Flush::sync_segment(ctx, &self.log, self.log.end());
        }
    }

    /// The visit of the task that deletes: first what is before the start of the log, then for size, then for age.
    #[cold]
    pub(super) fn delete_old_segments(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &Env<'_>) {
        self.log.drop_front(ctx.disk);
        let retention = env.plan.topic(self.index).retention;
        if let Some(limit) = retention.bytes {
            let size = self.log.end().0 - ctx.disk.start(self.log.file());
            let mut excess = (size * MESSAGE_BYTES).checked_sub(limit);
            self.delete_while(ctx, &format!("retention.bytes={limit}"), |_, records| {
                excess = excess.and_then(|excess| excess.checked_sub(records * MESSAGE_BYTES));
                excess.is_some()
            });
        }
        if let Some(limit) = retention.age.filter(|_| Rule::RetentionMs.holds()) {
            let now = ctx.wall_clock();
            self.delete_while(ctx, &format!("retention.ms={}", limit.0), |segment, _| {
                now.since(segment.newest) > limit
            });
        }
    }

    /// Deletes the oldest segments, as many in a row as `goes` says. When the active one goes too, another begins.
    fn delete_while(&mut self, ctx: &mut Ctx<'_, Kafka>, rule: &str, mut goes: impl FnMut(&Segment, u64) -> bool) {
        let (end, high_watermark) = (self.log.end(), self.high_watermark);
        let doomed = self.log.segments().iter(end).take_while(|(segment, end)| {
            *end <= high_watermark && !segment.is_empty() && goes(segment, end.since(segment.base))
        });
        let Some((_, start)) = doomed.last() else { return };
        if start > self.log.segments().active().base {
            self.log.roll();
            self.flush.has_passed(start);
        }
        self.advance_start(ctx, start, rule);
        self.log.drop_front(ctx.disk);
    }

    /// Nothing before `start` is served any more.
    pub(super) fn advance_start(&mut self, ctx: &mut Ctx<'_, Kafka>, start: Offset, rule: &str) {
        let from = self.log.start();
        if !self.log.advance_start(start) {
            return;
        }
        let origin = self.origin;
        if ctx.wants(Probe::Disposed) {
            let gone: Vec<Record> = self.log.before_start(ctx.disk, from).to_vec();
            for (offset, record) in (from.0..).zip(gone) {
                let Payload::Message(msg, _) = record.payload else { continue };
                let rule = rule.to_owned();
                ctx.observe(Probe::Disposed, || Observation::Disposed { origin, offset, msg, rule });
            }
        }
        ctx.note(|| format!("{} starts at {start} now: {rule}", describe(origin)));
    }

    /// Where the log starts, if there are older records on the disk.
    pub(super) fn hidden_start(&self, ctx: &Ctx<'_, Kafka>) -> Option<Offset> {
        let start = self.log.start();
        (start.0 > ctx.disk.start(self.log.file())).then_some(start)
    }

    /// This follower has nothing that its leader still has: it throws its log away and begins where the leader's does.
    ///
    /// Source: `AbstractFetcherThread.fetchOffsetAndTruncate`, core, 4.1; `UnifiedLog.truncateFullyAndStartAt`.
    pub(super) fn begin_at_leaders_start(&mut self, ctx: &mut Ctx<'_, Kafka>, start: Offset) {
        let (origin, from, to) = (self.origin, self.log.end(), self.log.start());
        if from > to {
            ctx.observe(Probe::Truncated, || {
                let why = format!("its leader's log starts at {start}, behind everything it has");
                Observation::Truncated { origin, from: from.0, to: to.0, why }
            });
        }
        self.log.restart(ctx.disk, start);
        self.flush.has_passed(start);
        self.high_watermark = start;
    }
}

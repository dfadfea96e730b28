//! When a log is synced: inside an append every `flush.messages`, by the flusher that looks at `flush.ms`, and when
//! the broker stops cleanly. Otherwise the kernel writes pages back when it likes.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::Time;
use ackproof_log::{Log, Offset};

use super::Env;
use super::replica::Replica;
use super::writing::Written;
use crate::model::Kafka;

/// What happens once an append is over.
#[derive(Copy, Clone, Debug)]
pub(super) enum Appended {
    /// A leader appended what a client sent.
    Led(Written),
    /// A follower appended what its leader sent, with the leader's high watermark and where its log starts.
    Copied { high_watermark: Offset, log_start: Offset },
}

/// How far a log has been synced, and what waits for it.
#[derive(Debug)]
pub(super) struct Flush {
    /// Everything below was synced by this process or before the last clean stop.
    recovery_point: Offset,
    last_flush: Time,
    /// The sync under way, and the end of the log when it was asked for.
    under_way: Option<Offset>,
    /// Another sync is needed after the one under way.
    again: bool,
    /// The append that ends with a sync. The log takes no other one meanwhile.
    held: Option<Appended>,
}

impl Flush {
    /// A log that was just opened: after a clean stop it is flushed to its end, otherwise nobody knows how far.
    ///
    /// Simplified: after an unclean shutdown the recovery point is 0, not the checkpoint that is written every 60 s
    /// (`log.flush.offset.checkpoint.interval.ms`). Gives up: with `flush.messages` above 1, the first sync after such
    /// a start may come some messages early.
    ///
    /// Source: `LogLoader.recoverLog`, storage, 4.1.
    pub(super) fn new(recovery_point: Offset, now: Time) -> Flush {
        Flush { recovery_point, last_flush: now, under_way: None, again: false, held: None }
    }

    pub(super) fn unflushed(&self, end: Offset) -> u64 {
        end.since(self.recovery_point)
    }
    pub(super) fn holds_an_append(&self) -> bool {
        self.held.is_some()
    }
    pub(super) fn hold(&mut self, appended: Appended) {
        assert!(self.held.is_none(), "a log takes one append at a time");
        self.held = Some(appended);
    }
    /// Nothing below is left to be synced.
    pub(super) fn has_passed(&mut self, upto: Offset) {
        self.recovery_point = self.recovery_point.max(upto);
    }
    pub(super) fn truncate(&mut self, end: Offset) {
        self.recovery_point = self.recovery_point.min(end);
    }

    /// Syncs everything written so far, after the sync under way if there is one.
    pub(super) fn sync_all(&mut self, ctx: &mut Ctx<'_, Kafka>, log: &Log) {
        if self.under_way.is_some() {
            self.again = true;
            return;
        }
        self.under_way = Some(log.end());
        ctx.sync(SyncTarget::File(log.file()));
    }

    /// A segment that ends at `end` is complete: it is synced while the log goes on. Nobody waits for that.
    ///
    /// Source: `UnifiedLog.{roll,flush}`, storage, 4.1.
    pub(super) fn sync_segment(ctx: &mut Ctx<'_, Kafka>, log: &Log, end: Offset) {
        ctx.sync(SyncTarget::Below(log.file(), end.0));
    }
}

impl Replica {
    pub(super) fn is_flushing(&self) -> bool {
        self.flush.under_way.is_some()
    }

    /// A sync asked for by this replica has succeeded.
    pub(super) fn on_synced(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) -> Result<(), DiskError> {
        let Some(upto) = self.flush.under_way.take() else { return Ok(()) };
        let upto = upto.min(self.log.end());
        self.flush.recovery_point = self.flush.recovery_point.max(upto);
        self.flush.last_flush = ctx.now();
        let origin = self.origin;
        ctx.observe(Probe::Synced, || Observation::Synced { origin, upto: upto.0 });
        if std::mem::take(&mut self.flush.again) {
            self.flush.sync_all(ctx, &self.log);
            return Ok(());
        }
        if let Some(appended) = self.flush.held.take() {
            self.after_append(ctx, env, appended)?;
            self.apply_deferred(ctx, env)?;
            self.append_next(ctx, env)?;
        }
        Ok(())
    }

    /// A segment that was complete has been synced.
    ///
    /// Source: `UnifiedLog.flush`, `LocalLog.markFlushed`, storage, 4.1.
    pub(super) fn on_segment_synced(&mut self, ctx: &mut Ctx<'_, Kafka>, upto: Offset) {
        let upto = upto.min(self.log.end());
        if upto <= self.flush.recovery_point {
            return;
        }
        self.flush.recovery_point = upto;
        self.flush.last_flush = ctx.now();
        let origin = self.origin;
        ctx.observe(Probe::Synced, || Observation::Synced { origin, upto: upto.0 });
    }

    /// The flusher's visit. `flush.ms` is looked at here and nowhere else: without the flusher's own interval it is
    /// looked at once, 30 s after the start.
    ///
    /// Source: `LogManager.{startupWithConfigOverrides,flushDirtyLogs}`, core, 4.1.
    #[cold]
    pub(super) fn flush_if_old(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &Env<'_>) {
        let Some(interval) = env.plan.topic(self.index).flush_interval else { return };
        let is_old = ctx.now().since(self.flush.last_flush) >= interval;
        if is_old && self.flush.unflushed(self.log.end()) > 0 {
            self.flush.sync_all(ctx, &self.log);
        }
    }

    /// Syncs whatever has not been synced, for a clean stop.
    pub(super) fn flush_all(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.flush.under_way.is_some() || ctx.disk.durable(self.log.file()) < self.log.end().0 {
            self.flush.sync_all(ctx, &self.log);
        }
    }
}

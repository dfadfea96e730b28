//! The threads that commit the pool and flush the log.
//!
//! A round begins at fixed times of a process; rounds that would find nothing to do are left out.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_core::time::{Span, Time};

use crate::broker::Timer;
use crate::config::{FlushDisk, MESSAGE_BYTES, PAGE_BYTES, StoreConfig};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::store::rounds::Rounds;
use crate::store::{COMMIT_LOG, Store};

/// How often the thread that flushes for waiting sends looks by itself.
/// Source: `GroupCommitService.run`, `CommitLog`, store, 5.3.
const GROUP_COMMIT_ROUND: Span = Span::ms(10);

/// When flushing and committing happen.
#[derive(Debug)]
pub struct Flusher {
    flushing: Rounds,
    committing: Rounds,
    /// Everything before this is being synced.
    syncing: Option<u64>,
    /// The next round of either thread is set.
    flush_is_set: bool,
    commit_is_set: bool,
    /// A clean stop waits for everything to be flushed.
    everything: bool,
}

impl Flusher {
    /// `began`: a moment of the first round.
    pub fn new(began: Time) -> Flusher {
        Flusher {
            flushing: Rounds::new(began),
            committing: Rounds::new(began),
            syncing: None,
            flush_is_set: false,
            commit_is_set: false,
            everything: false,
        }
    }

    /// Entries were appended by this broker itself: wakes whoever is woken by that.
    ///
    /// Source: `DefaultFlushManager.handleDiskFlush`, `CommitLog`, store, 5.3.
    pub fn appended(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        store: &mut Store,
        config: &StoreConfig,
    ) -> Result<(), DiskError> {
        match (store.uses_pool, config.flush) {
            (true, FlushDisk::Async) if config.wake_commit => self.commit_round(ctx, store, config)?,
            (true, FlushDisk::Async | FlushDisk::Sync) => self.set_commit(ctx, store, config),
            (false, FlushDisk::Sync) => self.sync(ctx, store),
            (false, FlushDisk::Async) if config.wake_flush && !config.flush_timed => {
                self.flush_round(ctx, store, config);
            }
            (false, FlushDisk::Async) => {}
        }
        self.set_flush(ctx, store, config);
        Ok(())
    }

    /// Entries of a master were appended: nobody is woken.
    pub fn copied(&mut self, ctx: &mut Ctx<'_, Rocketmq>, store: &Store, config: &StoreConfig) {
        self.set_flush(ctx, store, config);
    }

    /// Everything is to reach the platter, because the process is about to end. Whether it is there.
    pub fn flush_everything(&mut self, ctx: &mut Ctx<'_, Rocketmq>, store: &mut Store) -> Result<bool, DiskError> {
        self.everything = true;
        store.commit(ctx.disk)?;
        self.sync(ctx, store);
        Ok(self.syncing.is_none())
    }

    /// The time of a flushing round has come.
    pub fn on_flush_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>, store: &Store, config: &StoreConfig) {
        self.flush_is_set = false;
        match config.flush {
            FlushDisk::Sync => self.sync(ctx, store),
            FlushDisk::Async => self.flush_round(ctx, store, config),
        }
        self.set_flush(ctx, store, config);
    }

    /// The time of a committing round has come. Whether something was committed.
    pub fn on_commit_timer(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        store: &mut Store,
        config: &StoreConfig,
    ) -> Result<(), DiskError> {
        self.commit_is_set = false;
        self.commit_round(ctx, store, config)?;
        self.set_flush(ctx, store, config);
        Ok(())
    }

    /// A sync ended. A failed one counts as done before 5.4.
    ///
    /// Source: `DefaultMappedFile.flush`, store, 5.3 and develop (#9714).
    pub fn on_synced(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        store: &mut Store,
        config: &StoreConfig,
        (result, counts_failed): (Result<(), DiskError>, bool),
    ) {
        let Some(upto) = self.syncing.take() else { return };
        match result {
            Ok(()) => store.flushed_to(upto),
            Err(error) => {
                ctx.note(|| {
                    format!("a flush failed ({error}), and {}", if counts_failed { "counts" } else { "is tried again" })
                });
                if counts_failed {
                    store.flushed_to(upto);
                }
            }
        }
        if config.flush == FlushDisk::Sync || self.everything {
            self.sync(ctx, store);
        }
        self.set_flush(ctx, store, config);
    }

    /// Begins to flush what is not flushed, unless a flush is under way.
    fn sync(&mut self, ctx: &mut Ctx<'_, Rocketmq>, store: &Store) {
        let end = store.committed(ctx.disk);
        if self.syncing.is_none() && end > store.flushed() {
            self.syncing = Some(end);
            ctx.sync(SyncTarget::File(COMMIT_LOG));
        }
    }

    /// Flushes if enough pages are dirty, or if it is time for a thorough round.
    ///
    /// Source: `FlushRealTimeService.run`, `CommitLog`; `DefaultMappedFile.isAbleToFlush`, store, 5.3.
    fn flush_round(&mut self, ctx: &mut Ctx<'_, Rocketmq>, store: &Store, config: &StoreConfig) {
        let end = store.committed(ctx.disk);
        let is_thorough = self.flushing.begin(ctx.now(), config.flush_interval, config.flush_thorough);
        if is_thorough || pages(store.flushed(), end) >= config.flush_least_pages || !Rule::LeastPages.holds() {
            self.sync(ctx, store);
        }
    }

    /// Commits if enough pages are waiting, or if it is time for a thorough round.
    ///
    /// Source: `CommitRealTimeService.run`, `CommitLog`; `DefaultMappedFile.isAbleToCommit`, store, 5.3.
    fn commit_round(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        store: &mut Store,
        config: &StoreConfig,
    ) -> Result<(), DiskError> {
        let (from, to) = (store.committed(ctx.disk), store.wrote(ctx.disk));
        let is_thorough = self.committing.begin(ctx.now(), config.commit_interval, config.commit_thorough);
        if (is_thorough || pages(from, to) >= config.commit_least_pages) && store.commit(ctx.disk)? {
            // What was committed wakes the flusher.
            match config.flush {
                FlushDisk::Sync => self.sync(ctx, store),
                FlushDisk::Async => self.flush_round(ctx, store, config),
            }
        }
        self.set_commit(ctx, store, config);
        Ok(())
    }

    fn set_flush(&mut self, ctx: &mut Ctx<'_, Rocketmq>, store: &Store, config: &StoreConfig) {
        if self.flush_is_set || self.syncing.is_some() || store.committed(ctx.disk) == store.flushed() {
            return;
        }
        self.flush_is_set = true;
        let interval = match config.flush {
            FlushDisk::Sync => GROUP_COMMIT_ROUND,
            FlushDisk::Async => config.flush_interval,
        };
        ctx.set_timer(Timer::Flush.id(), self.flushing.until(ctx.now(), interval));
    }

    fn set_commit(&mut self, ctx: &mut Ctx<'_, Rocketmq>, store: &Store, config: &StoreConfig) {
        if !self.commit_is_set && store.has_uncommitted() {
            self.commit_is_set = true;
            ctx.set_timer(Timer::Commit.id(), self.committing.until(ctx.now(), config.commit_interval));
        }
    }
}

/// Boundaries of pages between two positions.
fn pages(from: u64, to: u64) -> u64 {
    to * MESSAGE_BYTES / PAGE_BYTES - from * MESSAGE_BYTES / PAGE_BYTES
}

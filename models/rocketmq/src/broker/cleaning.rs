//! Files of the log that are deleted because of their age, whether or not anybody has consumed what is in them.

use ackproof_core::actor::{Ctx, WALL_CLOCK_START};
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::{Span, Time};

use crate::broker::{Broker, Timer};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::store::{COMMIT_LOG, Store};
use crate::topic::Topic;

/// The first look after the start of a process, and how many files one look deletes at most.
/// Source: `DefaultMessageStore.addScheduleTask`, `CommitLog.deleteExpiredFile` with `deleteFileBatchMax`, store, 5.3.
const FIRST: Span = Span::secs(60);
const MOST: u64 = 10;

impl Broker {
    pub(super) fn start_cleaning(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(Timer::Clean.id(), FIRST);
    }

    /// In the hours of `deleteWhen` whole files go whose last entry is older than `fileReservedTime`; the last file stays.
    ///
    /// Simplified: disks have no size, so the ratios of their use never delete anything before its time.
    ///
    /// Source: `CleanCommitLogService.deleteExpiredFiles`, `DefaultMessageStore`;
    /// `MappedFileQueue.deleteExpiredFileByTime`, store, 5.3.
    pub(super) fn clean(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let config = &self.plan.broker(self.node).store;
        ctx.set_timer(Timer::Clean.id(), config.clean_interval);
        let now = ctx.wall_clock();
        if !config.delete_when.contains(&hour(now)) || !Rule::Retention.holds() {
            return;
        }
        let (file, reserved) = (config.file_messages.max(1), config.reserved);
        let (start, end) = (Store::start(ctx.disk), self.store.committed(ctx.disk));
        let mut upto = start;
        for _ in 0..MOST {
            let next = upto - upto % file + file;
            // What comes after the last whole file is in the file that is being written.
            let last = ctx.disk.get(COMMIT_LOG, next - 1);
            match last {
                Some(last) if next < end && last.stored + reserved < now => upto = next,
                Some(_) | None => break,
            }
        }
        if upto > start {
            self.observe_deletion(ctx, upto);
            self.store.drop_front(ctx.disk, upto);
        }
    }

    fn observe_deletion(&self, ctx: &mut Ctx<'_, Rocketmq>, upto: u64) {
        let start = Store::start(ctx.disk);
        let entries = ctx.disk.tail(COMMIT_LOG, start)[..(upto - start) as usize].to_vec();
        let work = |entry: &&crate::record::Entry| self.plan.queues.topic(entry.slot) == Topic::Work;
        for entry in entries.iter().filter(work) {
            let Some(letter) = entry.letter() else { continue };
            let (origin, offset, msg) = (self.plan.origin(self.group, entry.slot), entry.offset, letter.msg);
            let rule = || "fileReservedTime: its file was deleted".to_owned();
            ctx.observe(Probe::Disposed, || Observation::Disposed { origin, offset, msg, rule: rule() });
        }
    }
}

/// Of the day, counted from 0; clocks show UTC.
fn hour(now: Time) -> u8 {
    const HOUR: u64 = 3_600_000;
    const { assert!(WALL_CLOCK_START.0.is_multiple_of(24 * HOUR)) };
    (now.0 / HOUR % 24) as u8
}

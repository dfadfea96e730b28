//! What a cut leaves behind: the file is not shortened and nothing in it is overwritten, only the positions in memory go
//! back. A process that begins again reads on past the cut, and takes what stands there for its log.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::SyncTarget;
use ackproof_core::observe::{Observation, Probe};

use crate::broker::Broker;
use crate::cell::{self, Cell};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::store::{COMMIT_LOG, Platter};

impl Broker {
    /// Remembers what is about to be cut off.
    ///
    /// Simplified: what was cut off had reached the platter. Gives up: a power loss right after the cut that takes a part of it
    /// along, which is what one would wish for.
    ///
    /// Source: `MappedFileQueue.truncateDirtyFiles`, store, 5.3 (#10666).
    pub(super) fn keep_stale(&self, ctx: &mut Ctx<'_, Rocketmq>, point: u64) {
        let mut tail = ctx.disk.tail(COMMIT_LOG, point).to_vec();
        let end = point + tail.len() as u64;
        if let Some(Cell::Stale(from, older)) = ctx.disk.load(cell::STALE) {
            // A longer tail was cut off before.
            tail.extend(older.iter().skip(end.saturating_sub(*from) as usize).filter(|_| *from <= end));
        }
        if ctx.disk.store(cell::STALE, Cell::Stale(point, tail)).is_ok() {
            ctx.sync(SyncTarget::Cell(cell::STALE));
        }
    }
}

impl Broker {
    /// A process begins.
    pub(in crate::broker) fn find_stale(&self, ctx: &mut Ctx<'_, Rocketmq>) {
        let end = ctx.disk.len(COMMIT_LOG);
        if read_on(ctx.disk) == 0 {
            return;
        }
        ctx.note(|| format!("finds messages behind position {end}, where its log had been cut back"));
        for entry in ctx.disk.tail(COMMIT_LOG, end).to_vec() {
            if let Some(letter) = entry.letter() {
                let (origin, offset) = (self.plan.origin(self.group, entry.slot), entry.offset);
                let (epoch, msg) = (entry.epoch.0, letter.msg);
                ctx.observe(Probe::Replicated, || Observation::Replicated { origin, offset, epoch, msg });
            }
        }
    }
}

/// What stands in the file behind the end of the log is found again, unless it was overwritten.
///
/// Simplified: messages count alike, so that what overwrites a part of a tail leaves the rest readable. Gives up: tails that
/// nobody can read since a message of another length stands in them.
///
/// Source: `CommitLog.recoverNormally`, `recoverAbnormally`, store, 5.3 (#10666).
fn read_on(disk: &mut Platter) -> u64 {
    let end = disk.len(COMMIT_LOG);
    let Some(Cell::Stale(from, tail)) = disk.load(cell::STALE) else { return 0 };
    if *from > end || !Rule::StaleTail.holds() {
        return 0;
    }
    let found: Vec<_> = tail.iter().skip((end - from) as usize).copied().collect();
    disk.remove(cell::STALE);
    found.into_iter().map_while(|entry| disk.append(COMMIT_LOG, entry).ok()).count() as u64
}

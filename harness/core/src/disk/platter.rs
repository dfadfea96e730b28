//! What reaches the platter, by a sync or by the kernel's own hand, and what is left when the power fails.

use super::{Cut, Disk, DiskError, FileId, Pending, SyncTarget, WRITEBACK_WAKE};
use crate::seed::Stream;
use crate::time::Time;

impl<R: Clone, C: Clone> Disk<R, C> {
    /// Brings the disk to `now`: finishes the syncs that are due and lets the kernel write old pages back.
    /// Must be called before an actor or a fault touches the disk.
    #[inline]
    pub fn settle(&mut self, now: Time) {
        debug_assert!(now >= self.now, "a disk was asked to go back in time");
        let before = std::mem::replace(&mut self.now, now);
        if !self.pending.is_empty() || now >= self.next_wake {
            self.settle_due(before, now);
        }
    }

    fn settle_due(&mut self, before: Time, now: Time) {
        if !self.pending.is_empty() {
            let mut pending = std::mem::take(&mut self.pending);
            pending.retain(|sync| {
                let done = sync.due <= now;
                if done && sync.honest {
                    self.finish(sync.target, sync.upto);
                }
                !done
            });
            self.pending = pending;
        }
        self.write_back(before, now);
    }

    /// Begins a sync of everything written so far, to finish at `due`; what it will report is known at once.
    pub fn begin_sync(&mut self, target: SyncTarget, due: Time) -> Result<(), DiskError> {
        let upto = match target {
            SyncTarget::File(file) => self.len(file),
            SyncTarget::Below(file, upto) => self.len(file).min(upto),
            SyncTarget::Cell(cell) => self.cells.get(&cell).map_or(0, |cell| cell.version),
        };
        if self.faults.failing_sync {
            if let Some(file) = target.file() {
                let file = self.file_mut(file);
                if file.durable < upto {
                    file.hole = Some(file.hole.map_or(file.durable, |hole| hole.min(file.durable)));
                }
            }
            return Err(DiskError::SyncFailed);
        }
        self.pending.push(Pending { due, target, upto, honest: !self.faults.lying_sync });
        Ok(())
    }

    fn finish(&mut self, target: SyncTarget, upto: u64) {
        match target {
            SyncTarget::File(file) | SyncTarget::Below(file, _) => self.file_mut(file).make_durable(upto),
            SyncTarget::Cell(id) => {
                if let Some(cell) = self.cells.get_mut(&id)
                    && cell.durable_version < upto
                {
                    // Stored again since: the older content is durable, which no reader can tell from the newer
                    // one being durable unless the power fails, and then either may be found.
                    cell.durable = cell.cached.clone();
                    cell.durable_version = upto;
                }
            }
        }
    }

    /// The kernel's flusher: at each wake-up between `before` and `now`, pages dirty for longer than the age go out.
    fn write_back(&mut self, before: Time, now: Time) {
        let Some(age) = self.writeback else {
            self.next_wake = Time::NEVER;
            return;
        };
        if self.faults.lying_sync || self.faults.failing_sync {
            return;
        }
        let wake = |time: Time| time.since(Time::ZERO + self.wake_phase).0 / WRITEBACK_WAKE.0;
        self.next_wake = Time(self.wake_phase.0 + (wake(now) + 1) * WRITEBACK_WAKE.0);
        if wake(now) == wake(before) {
            return;
        }
        let woke = self.wake_phase.0 + wake(now) * WRITEBACK_WAKE.0;
        let Some(expired) = woke.checked_sub(age.0).map(Time) else { return };
        for file in &mut self.files {
            if file.durable == file.len() {
                continue;
            }
            let old = file.written.partition_point(|&(_, at)| at <= expired);
            if old > 0 {
                let upto = file.written[old - 1].0;
                file.make_durable(upto);
                file.written.drain(..old);
            }
        }
        for cell in self.cells.values_mut() {
            if cell.durable_version < cell.version && cell.written_at <= expired {
                cell.durable = cell.cached.clone();
                cell.durable_version = cell.version;
            }
        }
    }

    /// The power fails: per file a prefix is left, drawn by `cuts` between what was durable and what was written.
    /// One time in four nothing unsynced is left, one time in four everything is: the middle alone would hardly
    /// ever try the two ends, and both happen. The caller settles first.
    pub fn lose_power(&mut self, cuts: &mut Stream) -> Vec<Cut> {
        self.pending.clear();
        let mut lost = Vec::new();
        for (index, file) in self.files.iter_mut().enumerate() {
            let (durable, written) = (file.durable, file.len());
            let (which, inner) = (cuts.between(0, 3), cuts.unit());
            let kept = match which {
                0 => durable,
                1 => written,
                _ => durable + ((written - durable + 1) as f64 * inner) as u64,
            };
            file.cut(kept);
            file.durable = kept;
            file.hole = None;
            file.written.clear();
            if written > 0 {
                lost.push(Cut { file: FileId(index as u16), durable, written, kept });
            }
        }
        for cell in self.cells.values_mut() {
            if cell.durable_version < cell.version && cuts.chance(0.5) {
                cell.durable = cell.cached.clone();
            }
            cell.cached = cell.durable.clone();
            cell.durable_version = cell.version;
        }
        lost
    }

    /// A blank disk is in its place. (A process kill needs no call: the page cache stays, and the kernel finishes
    /// the syncs that are under way.)
    pub fn wipe(&mut self) {
        self.files.clear();
        self.cells.clear();
        self.pending.clear();
    }
}

//! A machine's disk with its three horizons: what the process holds in memory is the actor's own and is not
//! here; what was written is in the page cache; what was synced, or written back by the kernel, is on the platter.
//!
//! A process kill keeps the page cache. A power loss keeps of every file a prefix that ends somewhere between
//! the platter's horizon and the page cache's. A lost disk keeps nothing.
//!
//! Simplified: a truncation, at the end or at the front, reaches the platter at once (journalled metadata). Gives up:
//! records that were truncated but come back after a power loss.
//! Simplified: one file's pages reach the platter in the order they were written. Readers that stop at the first
//! bad record, as every log here does on recovery, cannot tell the difference.

use std::collections::BTreeMap;
use std::fmt;

use crate::time::{Span, SpanRange, Time};

mod front;
mod platter;

/// An append-only file on one node, numbered by the model (a partition's log, a commit log, a queue).
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct FileId(pub u16);

/// A small file that is replaced as a whole (a checkpoint, a marker), numbered by the model.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct CellId(pub u16);

/// What a sync is asked for.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum SyncTarget {
    File(FileId),
    /// The records below a position, which have been written already.
    Below(FileId, u64),
    Cell(CellId),
}

impl SyncTarget {
    fn file(self) -> Option<FileId> {
        match self {
            SyncTarget::File(file) | SyncTarget::Below(file, _) => Some(file),
            SyncTarget::Cell(_) => None,
        }
    }
}

/// Why the disk refused.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum DiskError {
    /// No space is left; nothing was written.
    Full,
    /// The device reported an error for a sync. The kernel has marked the pages clean all the same, so a later
    /// sync that succeeds does not bring them to the platter.
    /// Source: Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020.
    SyncFailed,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DiskError::Full => "no space left on device",
            DiskError::SyncFailed => "input/output error on sync",
        })
    }
}

/// What is wrong with a disk right now, recomputed from the active faults.
#[derive(Copy, Clone, PartialEq, Debug, Default)]
pub struct DiskFaults {
    pub full: bool,
    pub failing_sync: bool,
    /// Syncs and the kernel's own write-back report success and stay in the drive's volatile cache.
    pub lying_sync: bool,
    /// Added to every sync.
    pub slow_sync: Option<SpanRange>,
}

#[derive(Clone, Debug)]
struct File<R> {
    /// Records that were dropped at the front; positions go on counting them.
    start: u64,
    records: Vec<R>,
    /// Records below this position are on the platter.
    durable: u64,
    /// A failed sync left a hole here: nothing at or above it can become durable until it is written again.
    hole: Option<u64>,
    /// `(end, at)`: everything below `end` had been written by `at`. Ascending in both.
    written: Vec<(u64, Time)>,
}

impl<R> Default for File<R> {
    fn default() -> Self {
        File { start: 0, records: Vec::new(), durable: 0, hole: None, written: Vec::new() }
    }
}

impl<R> File<R> {
    fn len(&self) -> u64 {
        self.start + self.records.len() as u64
    }
    /// Drops every record at `end` and after it.
    fn cut(&mut self, end: u64) {
        self.records.truncate(end.saturating_sub(self.start) as usize);
    }
    fn make_durable(&mut self, upto: u64) {
        let reachable = upto.min(self.len()).min(self.hole.unwrap_or(u64::MAX));
        self.durable = self.durable.max(reachable);
    }
}

#[derive(Clone, Debug)]
struct Cell<C> {
    cached: Option<C>,
    durable: Option<C>,
    written_at: Time,
    /// Counts stores, so that a sync makes durable only what had been stored when it was asked for.
    version: u64,
    durable_version: u64,
}

#[derive(Copy, Clone, Debug)]
struct Pending {
    due: Time,
    target: SyncTarget,
    /// File: records below this position. Cell: this version.
    upto: u64,
    honest: bool,
}

/// What a power loss left of one file.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Cut {
    pub file: FileId,
    /// Records below were on the platter for certain before the power went.
    pub durable: u64,
    /// Records below were in the page cache before the power went.
    pub written: u64,
    /// Records below are left; between the two.
    pub kept: u64,
}

/// The disk of one machine. `R` is the model's record, `C` its small state; both are copied, never interpreted.
#[derive(Clone, Debug)]
pub struct Disk<R, C> {
    files: Vec<File<R>>,
    cells: BTreeMap<CellId, Cell<C>>,
    pending: Vec<Pending>,
    faults: DiskFaults,
    now: Time,
    /// Age at which the kernel writes a dirty page back, and the phase of its wake-ups; `None` is never.
    writeback: Option<Span>,
    wake_phase: Span,
    /// When the kernel's flusher wakes next; nothing happens to an idle disk before.
    next_wake: Time,
    writes: u64,
}

/// The kernel's flusher wakes this often. Source: Linux `vm.dirty_writeback_centisecs`, default 500.
pub const WRITEBACK_WAKE: Span = Span::secs(5);

impl<R: Clone, C: Clone> Disk<R, C> {
    /// `writeback` is the age at which the kernel writes a dirty page back by itself (Linux
    /// `vm.dirty_expire_centisecs`, default 30 s), `None` for never. `wake_phase` is when, within
    /// [`WRITEBACK_WAKE`], the kernel's flusher wakes.
    pub fn new(writeback: Option<Span>, wake_phase: Span) -> Self {
        Disk {
            files: Vec::new(),
            cells: BTreeMap::new(),
            pending: Vec::new(),
            faults: DiskFaults::default(),
            now: Time::ZERO,
            writeback,
            wake_phase,
            next_wake: Time::ZERO,
            writes: 0,
        }
    }

    // What an actor sees: the page cache.

    /// Appends to the page cache and returns the record's position, counted from 0.
    ///
    /// # Errors
    /// [`DiskError::Full`].
    pub fn append(&mut self, file: FileId, record: R) -> Result<u64, DiskError> {
        if self.faults.full {
            return Err(DiskError::Full);
        }
        let now = self.now;
        self.writes += 1;
        let file = self.file_mut(file);
        file.records.push(record);
        let end = file.len();
        match file.written.last_mut() {
            Some(last) if last.1 == now => last.0 = end,
            _ => file.written.push((end, now)),
        }
        Ok(end - 1)
    }

    /// Drops every record at `len` and after it. Does nothing when the file is no longer than that.
    pub fn truncate(&mut self, id: FileId, len: u64) {
        let file = self.file_mut(id);
        if len >= file.len() {
            return;
        }
        let len = len.max(file.start);
        file.cut(len);
        file.durable = file.durable.min(len);
        file.hole = file.hole.filter(|&hole| hole < len);
        while let Some((end, at)) = file.written.pop_if(|(end, _)| *end > len) {
            let below = file.written.last().map_or(0, |&(end, _)| end);
            if below < len {
                file.written.push((end.min(len), at));
                break;
            }
        }
        // A sync under way covers what had been written when it was asked for, not what replaces it.
        for sync in self.pending.iter_mut().filter(|sync| sync.target.file() == Some(id)) {
            sync.upto = sync.upto.min(len);
        }
    }

    /// One past the position of the last record in the page cache.
    pub fn len(&self, file: FileId) -> u64 {
        self.files.get(usize::from(file.0)).map_or(0, File::len)
    }

    pub fn get(&self, file: FileId, position: u64) -> Option<&R> {
        let file = self.files.get(usize::from(file.0))?;
        file.records.get(position.checked_sub(file.start)? as usize)
    }

    /// Records `from..`, empty when there are none. Those that were dropped at the front are left out.
    pub fn tail(&self, file: FileId, from: u64) -> &[R] {
        let Some(file) = self.files.get(usize::from(file.0)) else { return &[] };
        file.records.get(from.saturating_sub(file.start) as usize..).unwrap_or(&[])
    }

    /// Replaces a small file in the page cache, atomically.
    ///
    /// # Errors
    /// [`DiskError::Full`].
    pub fn store(&mut self, cell: CellId, value: C) -> Result<(), DiskError> {
        if self.faults.full {
            return Err(DiskError::Full);
        }
        self.replace(cell, Some(value));
        Ok(())
    }

    /// Removes a small file; that it is gone must be synced like any other content.
    pub fn remove(&mut self, cell: CellId) {
        self.replace(cell, None);
    }

    pub fn load(&self, cell: CellId) -> Option<&C> {
        self.cells.get(&cell)?.cached.as_ref()
    }

    /// Position below which every record survives a power loss for certain.
    pub fn durable(&self, file: FileId) -> u64 {
        self.files.get(usize::from(file.0)).map_or(0, |file| file.durable)
    }

    // What the world does to it.

    pub fn faults(&self) -> DiskFaults {
        self.faults
    }

    /// The caller settles first.
    pub fn set_faults(&mut self, faults: DiskFaults) {
        self.faults = faults;
    }

    /// How often something was written to the page cache.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Files that exist, each with one past the position of its last record.
    pub fn files(&self) -> impl Iterator<Item = (FileId, u64)> + '_ {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index as u16), file.len()))
    }

    fn file_mut(&mut self, file: FileId) -> &mut File<R> {
        let index = usize::from(file.0);
        if index >= self.files.len() {
            self.files.resize_with(index + 1, File::default);
        }
        &mut self.files[index]
    }

    fn replace(&mut self, id: CellId, value: Option<C>) {
        let now = self.now;
        self.writes += 1;
        let cell = self.cells.entry(id).or_insert(Cell {
            cached: None,
            durable: None,
            written_at: now,
            version: 0,
            durable_version: 0,
        });
        cell.cached = value;
        cell.version += 1;
        cell.written_at = now;
    }
}

#[cfg(test)]
mod tests;

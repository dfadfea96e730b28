//! A broker's commit log with the queues that are found in it, and its three positions: what was wrote, what was
//! committed to the page cache, what was flushed to the platter.

mod flush;
mod queue;
mod rounds;

pub use flush::Flusher;

use ackproof_core::disk::{Disk, DiskError, FileId};
use ackproof_core::time::Time;
use ackproof_log::Epoch;

use crate::cell::Cell;
use crate::record::{Body, Entry};
use crate::store::queue::QueueIndex;
use crate::topic::Slot;

pub const COMMIT_LOG: FileId = FileId(0);

/// A disk of this model.
pub type Platter = Disk<Entry, Cell>;

/// Where an entry stands: in the log, and in its queue.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Place {
    pub position: u64,
    pub offset: u64,
}

/// What is to be appended.
#[derive(Copy, Clone, Debug)]
pub struct Draft {
    pub slot: Slot,
    pub body: Body,
    pub epoch: Epoch,
    /// By this broker's clock.
    pub stored: Time,
}

/// One broker's store, as its process sees it. Positions count entries from 0.
///
/// Queues are found again by reading the log, so they need no state of their own on the disk.
/// Source: `DefaultMessageStore.recover`, `ReputMessageService.doReput`, store, 5.3.
#[derive(Debug)]
pub struct Store {
    /// Appended to the pool and not committed yet: they die with the process.
    pool: Vec<Entry>,
    uses_pool: bool,
    flushed: u64,
    /// Queues know the entries before this position.
    dispatched: u64,
    /// The next offset of each queue (`topicQueueTable`).
    next: Vec<u64>,
    queues: Vec<QueueIndex>,
}

impl Store {
    /// Opens what is on the disk; [`Store::dispatch`] finds the queues in it. What is there counts as flushed, although
    /// a process that was killed may have left it in the page cache alone.
    ///
    /// Source: `CommitLog.recoverNormally`, `CommitLog.recoverAbnormally`, store, 5.3: `setFlushedWhere`,
    /// `setCommittedWhere`.
    pub fn open(disk: &Platter, slots: u16, uses_pool: bool) -> Store {
        let slots = usize::from(slots);
        let mut store = Store {
            pool: Vec::new(),
            uses_pool,
            flushed: disk.len(COMMIT_LOG),
            dispatched: disk.start(COMMIT_LOG),
            next: vec![0; slots],
            queues: vec![QueueIndex::default(); slots],
        };
        store.recover_offsets(disk);
        store
    }

    /// Of a process that has not begun yet.
    pub fn empty(slots: u16) -> Store {
        let slots = usize::from(slots);
        Store {
            pool: Vec::new(),
            uses_pool: false,
            flushed: 0,
            dispatched: 0,
            next: vec![0; slots],
            queues: vec![QueueIndex::default(); slots],
        }
    }

    /// Whether entries of this broker's own go to the pool from now on; it is empty.
    pub fn use_pool(&mut self, uses_pool: bool) {
        debug_assert!(self.pool.is_empty(), "what is in the pool was committed before");
        self.uses_pool = uses_pool;
    }

    /// The first position that is still there.
    pub fn start(disk: &Platter) -> u64 {
        disk.start(COMMIT_LOG)
    }
    /// One past the last entry that was appended, committed or not.
    pub fn wrote(&self, disk: &Platter) -> u64 {
        self.committed(disk) + self.pool.len() as u64
    }
    /// One past the last entry in the page cache. Readers, slaves and the flusher see no more.
    pub fn committed(&self, disk: &Platter) -> u64 {
        disk.len(COMMIT_LOG)
    }
    /// One past the last entry that counts as being on the platter.
    pub fn flushed(&self) -> u64 {
        self.flushed
    }
    pub fn has_uncommitted(&self) -> bool {
        !self.pool.is_empty()
    }
    /// Queues know the entries before this.
    pub fn dispatched(&self) -> u64 {
        self.dispatched
    }

    /// Appends an entry of this broker's own to its queue.
    ///
    /// # Errors
    /// [`DiskError::Full`]
    pub fn append(&mut self, disk: &mut Platter, draft: Draft) -> Result<Place, DiskError> {
        let entry = self.draft(draft);
        let position = self.wrote(disk);
        if self.uses_pool {
            self.pool.push(entry);
        } else {
            disk.append(COMMIT_LOG, entry)?;
        }
        self.took(&entry);
        Ok(Place { position, offset: entry.offset })
    }

    /// The entry with the next offset of its queue.
    pub fn draft(&self, draft: Draft) -> Entry {
        let Draft { slot, body, epoch, stored } = draft;
        Entry { slot, offset: self.next[slot.index()], epoch, stored, body }
    }
    /// An entry is in the log: its offset is not given out again.
    pub fn took(&mut self, entry: &Entry) {
        let next = &mut self.next[entry.slot.index()];
        *next = (*next).max(entry.offset + 1);
    }
    /// Somebody else appended the entries from a position up to another one.
    pub fn note_copies(&mut self, disk: &Platter, from: u64, to: u64) {
        let count = to.saturating_sub(from) as usize;
        disk.tail(COMMIT_LOG, from).iter().take(count).for_each(|entry| self.took(entry));
    }

    /// Appends a copy of a master's entry, which keeps its place in its queue.
    ///
    /// # Errors
    /// [`DiskError::Full`]
    pub fn append_copy(&mut self, disk: &mut Platter, entry: Entry) -> Result<u64, DiskError> {
        debug_assert!(self.pool.is_empty(), "a slave writes to its file at once");
        let position = disk.append(COMMIT_LOG, entry)?;
        self.took(&entry);
        Ok(position)
    }

    /// Copies the pool to the file. Whether there was anything to copy.
    ///
    /// # Errors
    /// [`DiskError::Full`]
    pub fn commit(&mut self, disk: &mut Platter) -> Result<bool, DiskError> {
        let any = !self.pool.is_empty();
        let mut done = 0;
        let mut result = Ok(any);
        for entry in &self.pool {
            if let Err(error) = disk.append(COMMIT_LOG, *entry) {
                result = Err(error);
                break;
            }
            done += 1;
        }
        self.pool.drain(..done);
        result
    }

    /// Everything before `upto` counts as flushed.
    pub fn flushed_to(&mut self, upto: u64) {
        self.flushed = self.flushed.max(upto);
    }

    /// Lets queues know the entries before `upto`. Whether that is news.
    pub fn dispatch(&mut self, disk: &Platter, upto: u64) -> bool {
        let upto = upto.min(disk.len(COMMIT_LOG));
        if upto <= self.dispatched {
            return false;
        }
        let count = (upto - self.dispatched) as usize;
        for (position, entry) in (self.dispatched..).zip(&disk.tail(COMMIT_LOG, self.dispatched)[..count]) {
            self.queues[entry.slot.index()].push(entry.offset, position);
        }
        self.dispatched = upto;
        true
    }

    /// New offsets go on behind what is in the log.
    ///
    /// Source: `DefaultMessageStore.recoverTopicQueueTable`, store, 5.3.
    fn recover_offsets(&mut self, disk: &Platter) {
        self.recover_offsets_before(disk, u64::MAX);
    }

    fn recover_offsets_before(&mut self, disk: &Platter, end: u64) {
        for (next, queue) in self.next.iter_mut().zip(&self.queues) {
            *next = queue.max();
        }
        self.note_copies(disk, self.dispatched, end);
    }

    /// Somebody else cut the log at `end`, and may have gone on writing there. Queues that lost something: where each ended,
    /// and where it ends now.
    pub fn was_cut(&mut self, disk: &Platter, end: u64) -> Vec<(Slot, u64, u64)> {
        let before = self.next.clone();
        self.flushed = self.flushed.min(end);
        self.forget_from(end);
        self.recover_offsets_before(disk, end);
        let lost = (0..).map(Slot).zip(before.into_iter().zip(&self.next));
        lost.filter(|(_, (from, to))| from > *to).map(|(slot, (from, to))| (slot, from, *to)).collect()
    }

    fn forget_from(&mut self, end: u64) {
        if self.dispatched > end {
            self.queues.iter_mut().for_each(|queue| queue.truncate(end));
            self.dispatched = end;
        }
    }

    /// New offsets go on behind what queues know, whatever stands behind that in the log.
    ///
    /// Source: `ConsumeQueueStore.recoverOffsetTable`, store, 5.1.4 (#7689).
    pub fn reuse_offsets_behind_queues(&mut self) {
        for (next, queue) in self.next.iter_mut().zip(&self.queues) {
            *next = queue.max();
        }
    }

    /// Drops the entries from `end` on; the offsets that they had are given out again.
    ///
    /// Source: `DefaultMessageStore.truncateFiles`, `ConsumeQueue.truncateDirtyLogicFiles`, store, 5.3.
    pub fn truncate(&mut self, disk: &mut Platter, end: u64) {
        self.pool.clear();
        disk.truncate(COMMIT_LOG, end);
        self.flushed = self.flushed.min(end);
        self.forget_from(end);
        self.recover_offsets(disk);
    }

    /// Begins again with nothing, at a position of the master's.
    pub fn restart(&mut self, disk: &mut Platter, start: u64) {
        self.pool.clear();
        disk.restart(COMMIT_LOG, start);
        self.flushed = start;
        self.dispatched = start;
        self.queues.iter_mut().for_each(|queue| *queue = QueueIndex::default());
        self.next.iter_mut().for_each(|next| *next = 0);
    }

    /// Deletes the entries before `start`, and what queues know of them.
    pub fn drop_front(&mut self, disk: &mut Platter, start: u64) {
        disk.drop_front(COMMIT_LOG, start);
        self.queues.iter_mut().for_each(|queue| queue.drop_front(start));
    }

    /// The first offset of a queue that is there.
    pub fn min(&self, slot: Slot) -> u64 {
        self.queues[slot.index()].min()
    }
    /// One past the last offset of a queue that may be read.
    pub fn max(&self, slot: Slot) -> u64 {
        self.queues[slot.index()].max()
    }
    /// The next offset that a queue gives out, to what may be read by nobody yet.
    pub fn next(&self, slot: Slot) -> u64 {
        self.next[slot.index()]
    }
    /// The first offset of a queue that was stored at a time or later; its end where none was.
    ///
    /// Source: `ConsumeQueue.getOffsetInQueueByTime`, store, 5.3.
    pub fn stored_since(&self, disk: &Platter, slot: Slot, at: Time) -> u64 {
        let (min, max) = (self.min(slot), self.max(slot));
        (min..max).find(|offset| self.get(disk, slot, *offset).is_some_and(|entry| entry.stored >= at)).unwrap_or(max)
    }
    /// The position in the log of an offset that a queue knows.
    pub fn position(&self, slot: Slot, offset: u64) -> Option<u64> {
        self.queues[slot.index()].position(offset)
    }
    pub fn get<'d>(&self, disk: &'d Platter, slot: Slot, offset: u64) -> Option<&'d Entry> {
        disk.get(COMMIT_LOG, self.position(slot, offset)?)
    }
    /// The same, also of an entry that queues do not know yet.
    pub fn look_up<'d>(&self, disk: &'d Platter, slot: Slot, offset: u64) -> Option<&'d Entry> {
        let unknown = || disk.tail(COMMIT_LOG, self.dispatched).iter();
        let is_it = |entry: &&Entry| (entry.slot, entry.offset) == (slot, offset);
        self.get(disk, slot, offset).or_else(|| unknown().find(is_it))
    }
    /// At most `limit` entries of a queue from an offset on.
    pub fn read(&self, disk: &Platter, slot: Slot, from: u64, limit: u64) -> Vec<Entry> {
        let to = self.max(slot).min(from.saturating_add(limit));
        (from..to).filter_map(|offset| self.get(disk, slot, offset).copied()).collect()
    }
}

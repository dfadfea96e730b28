//! A queue as the member that owns it sees it: what it has pulled and not finished.

use std::collections::BTreeMap;

use ackproof_core::time::{Span, Time};

use crate::record::Letter;

/// A lock that was not renewed for so long is not believed in.
/// Source: `ProcessQueue.REBALANCE_LOCK_MAX_LIVE_TIME`, client, 5.3.
const LOCK_LIVES: Span = Span::secs(30);

/// Tells a queue from the same one after it was given up and begun again.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default)]
pub struct Life(pub u32);

/// Whether it is known where to read, and what goes on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Reading {
    /// The broker is asked for the lock, or where to begin.
    Beginning,
    /// Pulls go on, the next one at this offset.
    From(u64),
    /// The broker has corrected the offset, which is taken over after a while.
    Correcting(u64),
    /// It is another's now, but the listener still works on it.
    Dropped,
}

/// Source: `ProcessQueue`, client, 5.3.
#[derive(Clone, Debug)]
pub struct ProcessQueue {
    pub life: Life,
    pub reading: Reading,
    /// A pull is under way.
    pub pulls: bool,
    /// Pulled and not finished, by offset.
    pub unfinished: BTreeMap<u64, Letter>,
    /// One past the largest offset that was ever pulled.
    pub end: u64,
    /// When the lock was last had, for an orderly listener.
    pub locked: Option<Time>,
    /// The lock is asked for, or will be in a while.
    pub relocks: bool,
    /// A message of it failed and is handed over again in a while.
    pub is_suspended: bool,
}

impl ProcessQueue {
    pub fn new(life: Life) -> ProcessQueue {
        ProcessQueue {
            life,
            reading: Reading::Beginning,
            pulls: false,
            unfinished: BTreeMap::new(),
            end: 0,
            locked: None,
            relocks: false,
            is_suspended: false,
        }
    }
    pub fn is_reading(&self) -> bool {
        matches!(self.reading, Reading::From(_))
    }
    pub fn is_locked(&self, now: Time) -> bool {
        self.locked.is_some_and(|at| now.since(at) <= LOCK_LIVES)
    }

    pub fn put(&mut self, offset: u64, letter: Letter) {
        self.unfinished.insert(offset, letter);
        self.end = self.end.max(offset + 1);
    }

    /// It is finished; everything before the offset that is returned is, too.
    ///
    /// Source: `ProcessQueue.removeMessage`, client, 5.3.
    pub fn finish(&mut self, offset: u64) -> Option<u64> {
        self.unfinished.remove(&offset)?;
        Some(self.unfinished.first_key_value().map_or(self.end, |(first, _)| *first))
    }
}

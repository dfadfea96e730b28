//! A queue as the member that owns it sees it: what it has pulled and not finished.

use std::collections::BTreeMap;

use crate::record::Letter;

/// Whether it is known where to read, and what goes on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Reading {
    /// The broker is asked where to begin.
    Beginning,
    /// Pulls go on, the next one at this offset.
    From(u64),
    /// The broker has corrected the offset, which is taken over after a while.
    Correcting(u64),
}

/// Source: `ProcessQueue`, client, 5.3.
#[derive(Clone, Debug)]
pub struct ProcessQueue {
    pub reading: Reading,
    /// A pull is under way, or set for later.
    pub pulls: bool,
    /// Pulled and not finished, by offset.
    pub unfinished: BTreeMap<u64, Letter>,
    /// One past the largest offset that was ever pulled.
    pub end: u64,
}

impl ProcessQueue {
    pub fn new() -> ProcessQueue {
        ProcessQueue { reading: Reading::Beginning, pulls: false, unfinished: BTreeMap::new(), end: 0 }
    }
    pub fn is_reading(&self) -> bool {
        matches!(self.reading, Reading::From(_))
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

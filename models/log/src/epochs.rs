//! The table of terms: where each leader's term begins in a log. By comparing tables, and never contents, a replica
//! finds the last position at which its log and its leader's are the same.

use crate::position::{Epoch, Offset};
use serde::{Deserialize, Serialize};

/// A term, and one past its last record.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct EpochEnd {
    pub epoch: Epoch,
    pub end: Offset,
}

/// Terms with the position at which each begins; both ascend.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct EpochTable {
    entries: Vec<(Epoch, Offset)>,
}

impl EpochTable {
    /// The newest term.
    pub fn latest(&self) -> Option<Epoch> {
        self.entries.last().map(|&(epoch, _)| epoch)
    }

    /// Where the newest term begins.
    pub fn latest_start(&self) -> Option<Offset> {
        self.entries.last().map(|&(_, start)| start)
    }

    /// Notes that `epoch` begins at `start`, unless a term as new as that is known. A term that would begin where
    /// another one does replaces it: that one has no records.
    pub fn assign(&mut self, epoch: Epoch, start: Offset) {
        if self.latest().is_some_and(|latest| latest >= epoch) {
            return;
        }
        while self.entries.pop_if(|(_, begun)| *begun >= start).is_some() {}
        self.entries.push((epoch, start));
    }

    /// Forgets every term that begins at `end` or later: its records are gone.
    pub fn truncate(&mut self, end: Offset) {
        while self.entries.pop_if(|(_, start)| *start >= end).is_some() {}
    }

    /// Forgets the terms that end at `start` or before it: their records are gone. The one that has records on both
    /// sides begins there from now on.
    pub fn drop_front(&mut self, start: Offset) {
        let begun = self.entries.partition_point(|&(_, begun)| begun <= start);
        self.entries.drain(..begun.saturating_sub(1));
        if let Some((_, begun)) = self.entries.first_mut() {
            *begun = start.max(*begun);
        }
    }

    /// Where the log leaves `epoch`: the last known term up to it, and where that one ends in a log that ends at
    /// `log_end`. A term before every known one ends where the first known one begins. `None` for a term later than
    /// every known one.
    pub fn end_of(&self, epoch: Epoch, log_end: Offset) -> Option<EpochEnd> {
        if self.latest()? == epoch {
            return Some(EpochEnd { epoch, end: log_end });
        }
        let after = self.entries.partition_point(|&(known, _)| known <= epoch);
        let &(_, end) = self.entries.get(after)?;
        let found = self.entries[..after].last().map_or(epoch, |&(known, _)| known);
        Some(EpochEnd { epoch: found, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(u32, u64)]) -> EpochTable {
        let mut table = EpochTable::default();
        for &(epoch, start) in entries {
            table.assign(Epoch(epoch), Offset(start));
        }
        table
    }
    fn end(epoch: u32, end: u64) -> Option<EpochEnd> {
        Some(EpochEnd { epoch: Epoch(epoch), end: Offset(end) })
    }

    #[test]
    fn a_term_ends_where_the_next_known_one_begins_and_the_newest_at_the_end_of_the_log() {
        let table = table(&[(1, 0), (3, 5), (4, 8)]);
        assert_eq!(table.end_of(Epoch(1), Offset(9)), end(1, 5));
        assert_eq!(table.end_of(Epoch(2), Offset(9)), end(1, 5));
        assert_eq!(table.end_of(Epoch(3), Offset(9)), end(3, 8));
        assert_eq!(table.end_of(Epoch(4), Offset(9)), end(4, 9));
        assert_eq!(table.end_of(Epoch(7), Offset(9)), None);
        assert_eq!(EpochTable::default().end_of(Epoch(1), Offset(0)), None);
    }

    #[test]
    fn a_term_before_every_known_one_ends_where_the_first_known_one_begins() {
        assert_eq!(table(&[(3, 0), (4, 8)]).end_of(Epoch(2), Offset(9)), end(2, 0));
    }

    #[test]
    fn a_term_without_records_is_replaced_by_the_next_one() {
        assert_eq!(table(&[(1, 0), (2, 5), (3, 5)]), table(&[(1, 0), (3, 5)]));
    }

    #[test]
    fn a_table_that_loses_its_front_keeps_the_term_of_the_first_record_that_is_left() {
        let mut cut = table(&[(1, 0), (3, 5), (4, 8)]);
        cut.drop_front(Offset(6));
        assert_eq!(cut, table(&[(3, 6), (4, 8)]));
        assert_eq!(cut.end_of(Epoch(1), Offset(9)), end(1, 6));
        cut.drop_front(Offset(8));
        assert_eq!(cut, table(&[(4, 8)]));
        cut.drop_front(Offset(20));
        assert_eq!(cut, table(&[(4, 20)]));
        EpochTable::default().drop_front(Offset(3));
    }

    #[test]
    fn a_truncated_table_forgets_the_terms_whose_records_are_gone() {
        let mut cut = table(&[(1, 0), (3, 5), (4, 8)]);
        cut.truncate(Offset(8));
        assert_eq!(cut, table(&[(1, 0), (3, 5)]));
        cut.truncate(Offset(0));
        assert_eq!(cut.latest(), None);
    }
}

//! The log of one replica: a file on its disk, and the table of terms that belongs to it.

use ackproof_core::disk::{Disk, DiskError, FileId};

use crate::epochs::{EpochEnd, EpochTable};
use crate::position::{Epoch, Offset};

/// A record that carries the term in which it was written.
pub trait Stamped {
    fn epoch(&self) -> Epoch;
}

/// One replica's log, as its process sees it: the page cache. Positions count from 0 and nothing is removed at the
/// front.
#[derive(Clone, Debug)]
pub struct Log {
    file: FileId,
    end: Offset,
    epochs: EpochTable,
}

impl Log {
    /// Opens what is on the disk, rebuilding the table of terms from the records.
    ///
    /// Simplified: a term in which nothing was written is forgotten by a restart. Gives up: nothing that a
    /// comparison of logs can see, since such a term ends where the one before it does.
    pub fn open<R: Stamped + Clone, C: Clone>(file: FileId, disk: &Disk<R, C>) -> Log {
        let mut epochs = EpochTable::default();
        let records = disk.tail(file, 0);
        let mut at = 0;
        while let Some(record) = records.get(at) {
            let epoch = record.epoch();
            epochs.assign(epoch, Offset(at as u64));
            at += records[at..].partition_point(|record| record.epoch() <= epoch);
        }
        Log { file, end: Offset(records.len() as u64), epochs }
    }

    pub fn file(&self) -> FileId {
        self.file
    }
    /// One past the last record.
    pub fn end(&self) -> Offset {
        self.end
    }
    pub fn is_empty(&self) -> bool {
        self.end == Offset::ZERO
    }
    pub fn epochs(&self) -> &EpochTable {
        &self.epochs
    }
    /// The term of the last record or, on a leader that has written nothing yet, its own.
    pub fn latest_epoch(&self) -> Option<Epoch> {
        self.epochs.latest()
    }
    /// See [`EpochTable::end_of`].
    pub fn end_of(&self, epoch: Epoch) -> Option<EpochEnd> {
        self.epochs.end_of(epoch, self.end)
    }

    /// Notes that this replica leads in `epoch` from its present end on.
    pub fn begin_epoch(&mut self, epoch: Epoch) {
        self.epochs.assign(epoch, self.end);
    }

    /// Appends to the page cache and returns the record's position.
    ///
    /// # Errors
    /// Those of [`Disk::append`].
    pub fn append<R: Stamped + Clone, C: Clone>(
        &mut self,
        disk: &mut Disk<R, C>,
        record: R,
    ) -> Result<Offset, DiskError> {
        let epoch = record.epoch();
        let at = Offset(disk.append(self.file, record)?);
        debug_assert_eq!(at, self.end, "a log and its file disagree about their end");
        self.epochs.assign(epoch, at);
        self.end = at.plus(1);
        Ok(at)
    }

    /// Drops every record from `end` on; the number of records dropped.
    pub fn truncate<R: Clone, C: Clone>(&mut self, disk: &mut Disk<R, C>, end: Offset) -> u64 {
        let dropped = self.end.since(end);
        if dropped > 0 {
            disk.truncate(self.file, end.0);
            self.end = end;
        }
        self.epochs.truncate(end);
        dropped
    }

    /// Where a follower cuts its log when its leader says that `leader` is where the leader's log leaves the
    /// follower's newest term. One cut may not be enough: the leader is then asked again.
    pub fn cut_for(&self, leader: EpochEnd) -> Offset {
        let end = match self.end_of(leader.epoch) {
            Some(own) if own.epoch == leader.epoch => own.end.min(leader.end),
            // A term that the follower has no record of: what it has of the one before may be too much as well.
            Some(own) => own.end,
            None => leader.end,
        };
        end.min(self.end)
    }

    /// At most `limit` records from `from` on, and none at `upto` or after it.
    pub fn read<'a, R: Clone, C: Clone>(
        &self,
        disk: &'a Disk<R, C>,
        from: Offset,
        upto: Offset,
        limit: usize,
    ) -> &'a [R] {
        let wanted = (upto.min(self.end).since(from) as usize).min(limit);
        &disk.tail(self.file, from.0)[..wanted]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Copy, Clone, Eq, PartialEq, Debug)]
    struct In(u32);
    impl Stamped for In {
        fn epoch(&self) -> Epoch {
            Epoch(self.0)
        }
    }
    const FILE: FileId = FileId(2);

    fn log_of(epochs: &[u32]) -> (Disk<In, ()>, Log) {
        let mut disk = Disk::new(None, ackproof_core::time::Span::ZERO);
        let mut log = Log::open(FILE, &disk);
        for &epoch in epochs {
            log.append(&mut disk, In(epoch)).unwrap();
        }
        (disk, log)
    }

    #[test]
    fn a_log_that_is_opened_again_has_the_table_it_had() {
        let (disk, log) = log_of(&[1, 1, 3, 3, 3, 7]);
        let again = Log::open(FILE, &disk);
        assert_eq!(again.epochs(), log.epochs());
        assert_eq!(again.end(), Offset(6));
        assert_eq!(again.end_of(Epoch(3)), Some(EpochEnd { epoch: Epoch(3), end: Offset(5) }));
    }

    #[test]
    fn a_truncated_log_ends_where_it_was_cut_and_says_how_much_it_lost() {
        let (mut disk, mut log) = log_of(&[1, 1, 3]);
        assert_eq!(log.truncate(&mut disk, Offset(1)), 2);
        assert_eq!((log.end(), disk.len(FILE), log.latest_epoch()), (Offset(1), 1, Some(Epoch(1))));
        assert_eq!(log.truncate(&mut disk, Offset(4)), 0);
    }

    #[test]
    fn a_follower_cuts_where_the_leaders_term_ends_and_behind_a_term_it_does_not_know() {
        let (_, log) = log_of(&[1, 1, 3, 3, 5]);
        let cut = |epoch, end| log.cut_for(EpochEnd { epoch: Epoch(epoch), end: Offset(end) });
        assert_eq!(cut(3, 3), Offset(3));
        assert_eq!(cut(3, 9), Offset(4));
        assert_eq!(cut(4, 9), Offset(4));
        assert_eq!(cut(2, 9), Offset(2));
        assert_eq!(cut(0, 0), Offset(0));
        assert_eq!(cut(7, 2), Offset(2));
    }

    #[test]
    fn reading_stops_at_the_limit_at_the_bound_and_at_the_end() {
        let (disk, log) = log_of(&[1, 2, 3, 4]);
        assert_eq!(log.read(&disk, Offset(1), Offset(9), 2), [In(2), In(3)]);
        assert_eq!(log.read(&disk, Offset(1), Offset(2), 9), [In(2)]);
        assert_eq!(log.read(&disk, Offset(4), Offset(9), 9), []);
        assert_eq!(log.read(&disk, Offset(3), Offset(1), 9), []);
    }
}

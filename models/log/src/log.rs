//! The log of one replica: a file on its disk, with the table of terms and the segments that belong to it.

use ackproof_core::disk::{Disk, DiskError, FileId};
use ackproof_core::time::Time;

use crate::epochs::{EpochEnd, EpochTable};
use crate::position::{Epoch, Offset};
use crate::segments::{SegmentLimits, Segments};

/// What a log has to know of a record.
pub trait Stamped {
    /// The term in which it was written.
    fn epoch(&self) -> Epoch;
    /// Of its batch.
    fn timestamp(&self) -> Time;
    /// Records of its batch that come after it.
    fn left(&self) -> u32;
}

/// One replica's log, as its process sees it: the page cache. Positions count from 0, and go on counting what was
/// removed at the front.
#[derive(Clone, Debug)]
pub struct Log {
    file: FileId,
    start: Offset,
    end: Offset,
    epochs: EpochTable,
    segments: Segments,
}

impl Log {
    /// Opens what is on the disk, rebuilding the table of terms and the segments from the records. `start` is where the
    /// log was known to start, which may be after the first record on the disk.
    ///
    /// Simplified: a term in which nothing was written is forgotten by a restart. Gives up: nothing that a
    /// comparison of logs can see, since such a term ends where the one before it does.
    pub fn open<R: Stamped + Clone, C: Clone>(
        file: FileId,
        disk: &Disk<R, C>,
        limits: SegmentLimits,
        start: Offset,
    ) -> Log {
        let first = Offset(disk.start(file));
        let end = Offset(disk.len(file));
        let start = start.min(end).max(first);
        let mut epochs = EpochTable::default();
        let records = disk.tail(file, start.0);
        let mut at = 0;
        while let Some(record) = records.get(at) {
            let epoch = record.epoch();
            epochs.assign(epoch, start.plus(at as u64));
            at += records[at..].partition_point(|record| record.epoch() <= epoch);
        }
        let mut log = Log { file, start, end, epochs, segments: Segments::new(limits, first) };
        log.count_batches(disk, first);
        log
    }

    /// Tells the segments of the batches from `from` on.
    fn count_batches<R: Stamped + Clone, C: Clone>(&mut self, disk: &Disk<R, C>, from: Offset) {
        let records = disk.tail(self.file, from.0);
        let mut at = 0;
        while let Some(first) = records.get(at) {
            let count = u64::from(first.left()) + 1;
            self.segments.take_batch(from.plus(at as u64), count, first.timestamp());
            at += count as usize;
        }
    }

    pub fn file(&self) -> FileId {
        self.file
    }
    /// The first record that may be read; the end when there is none. On the disk there may be older ones.
    pub fn start(&self) -> Offset {
        self.start
    }
    /// One past the last record.
    pub fn end(&self) -> Offset {
        self.end
    }
    pub fn is_empty(&self) -> bool {
        self.end == self.start
    }
    pub fn segments(&self) -> &Segments {
        &self.segments
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

    /// A batch of so many records is to be appended. Whether another segment begins with it.
    pub fn begin_batch(&mut self, records: u64, timestamp: Time) -> bool {
        self.segments.take_batch(self.end, records, timestamp)
    }

    /// Another segment begins at the end.
    pub fn roll(&mut self) {
        self.segments.roll(self.end);
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

    /// Drops every record from `end` on; the number of records dropped. A log that starts later than that is empty
    /// then, and starts there.
    ///
    /// Source: `UnifiedLog.truncateTo` of Kafka, storage, 4.1.
    pub fn truncate<R: Stamped + Clone, C: Clone>(&mut self, disk: &mut Disk<R, C>, end: Offset) -> u64 {
        let dropped = self.end.since(end.max(self.start));
        if end.0 < disk.start(self.file) {
            self.restart(disk, end);
        } else if end < self.end {
            disk.truncate(self.file, end.0);
            self.end = end;
            let base = self.segments.truncate(end);
            self.count_batches(disk, base);
        }
        self.start = self.start.min(end);
        self.epochs.truncate(end);
        dropped
    }

    /// Nothing before `start` is read any more; it is no later than the end. Whether that is news.
    pub fn advance_start(&mut self, start: Offset) -> bool {
        let is_news = start > self.start;
        if is_news {
            self.start = start.min(self.end);
            self.epochs.drop_front(self.start);
        }
        is_news
    }

    /// What is on the disk from `from` on and before the start.
    pub fn before_start<'a, R: Clone, C: Clone>(&self, disk: &'a Disk<R, C>, from: Offset) -> &'a [R] {
        let from = from.max(Offset(disk.start(self.file)));
        &disk.tail(self.file, from.0)[..self.start.since(from) as usize]
    }

    /// Deletes the segments that are wholly before the start.
    pub fn drop_front<R: Clone, C: Clone>(&mut self, disk: &mut Disk<R, C>) {
        let first = self.segments.drop_front(self.start);
        if first.0 > disk.start(self.file) {
            disk.drop_front(self.file, first.0);
        }
    }

    /// Throws everything away and begins again with nothing, at `start`.
    pub fn restart<R: Clone, C: Clone>(&mut self, disk: &mut Disk<R, C>, start: Offset) {
        disk.restart(self.file, start.0);
        self.start = start;
        self.end = start;
        self.epochs = EpochTable::default();
        self.segments.restart(start);
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

    /// At most `limit` records from `from` on, which is not before the start, and none at `upto` or after it.
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
    use ackproof_core::time::Span;

    use super::*;

    #[derive(Copy, Clone, Eq, PartialEq, Debug)]
    struct In(u32);
    impl Stamped for In {
        fn epoch(&self) -> Epoch {
            Epoch(self.0)
        }
        fn timestamp(&self) -> Time {
            Time(10 * u64::from(self.0))
        }
        fn left(&self) -> u32 {
            0
        }
    }
    const FILE: FileId = FileId(2);
    const LIMITS: SegmentLimits = SegmentLimits { records: 2, age: Span(20) };

    fn open(disk: &Disk<In, ()>) -> Log {
        Log::open(FILE, disk, LIMITS, Offset::ZERO)
    }

    fn log_of(epochs: &[u32]) -> (Disk<In, ()>, Log) {
        let mut disk = Disk::new(None, Span::ZERO);
        let mut log = open(&disk);
        for &epoch in epochs {
            log.begin_batch(1, In(epoch).timestamp());
            log.append(&mut disk, In(epoch)).unwrap();
        }
        (disk, log)
    }

    #[test]
    fn a_log_that_is_opened_again_has_the_table_it_had() {
        let (disk, log) = log_of(&[1, 1, 3, 3, 3, 7]);
        let again = open(&disk);
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

    fn bases(log: &Log) -> Vec<u64> {
        log.segments().iter(log.end()).map(|(segment, _)| segment.base.0).collect()
    }

    #[test]
    fn a_log_that_is_opened_again_has_the_segments_it_had_and_so_has_one_that_was_cut() {
        let (mut disk, mut log) = log_of(&[1, 1, 1, 4, 4, 5]);
        assert_eq!(bases(&log), [0, 2, 3, 5]);
        assert_eq!(open(&disk).segments(), log.segments());
        log.truncate(&mut disk, Offset(4));
        assert_eq!(bases(&log), [0, 2, 3]);
        assert_eq!(open(&disk).segments(), log.segments());
    }

    #[test]
    fn a_log_loses_whole_segments_at_its_front_and_reads_from_its_start_on() {
        let (mut disk, mut log) = log_of(&[1, 1, 2, 2, 3]);
        assert!(log.advance_start(Offset(3)) && !log.advance_start(Offset(2)));
        log.drop_front(&mut disk);
        assert_eq!((log.start(), disk.start(FILE), log.end()), (Offset(3), 2, Offset(5)));
        assert_eq!(log.end_of(Epoch(1)), Some(EpochEnd { epoch: Epoch(1), end: Offset(3) }));
        assert_eq!(log.read(&disk, Offset(3), Offset(9), 9), [In(2), In(3)]);
        let again = open(&disk);
        assert_eq!((again.start(), again.end(), bases(&again)), (Offset(2), Offset(5), vec![2, 4]));
        let told = Log::open(FILE, &disk, LIMITS, Offset(3));
        assert_eq!((told.start(), told.segments()), (Offset(3), log.segments()));
    }

    #[test]
    fn a_log_that_is_cut_before_its_start_is_empty_and_starts_there() {
        let (mut disk, mut log) = log_of(&[1, 1, 2, 2, 3]);
        log.advance_start(Offset(3));
        log.drop_front(&mut disk);
        let mut ends = log.clone();
        assert_eq!((ends.truncate(&mut disk.clone(), Offset(2)), ends.start(), ends.end()), (2, Offset(2), Offset(2)));
        assert_eq!((log.truncate(&mut disk, Offset(1)), log.start(), log.end()), (2, Offset(1), Offset(1)));
        assert_eq!((log.append(&mut disk, In(4)), log.latest_epoch()), (Ok(Offset(1)), Some(Epoch(4))));
    }

    #[test]
    fn a_log_that_begins_again_has_nothing_and_goes_on_counting_where_it_was_told() {
        let (mut disk, mut log) = log_of(&[1, 1, 2]);
        log.restart(&mut disk, Offset(7));
        assert_eq!((log.start(), log.end(), log.latest_epoch(), bases(&log)), (Offset(7), Offset(7), None, vec![7]));
        assert_eq!(log.append(&mut disk, In(3)), Ok(Offset(7)));
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

//! The files that a log consists of. Records go to the last one, the active segment; when it is full, or holds records
//! that are old, another one begins. What a broker deletes because of its age or for its size is whole segments.
//!
//! Which records are in which segment follows from the records alone, so that nothing has to be written down.
//! Simplified: a segment that was cut down to nothing takes up the segment before it after a restart, if what came
//! afterwards would have had room there. Gives up: where one segment ends, by a batch.

use ackproof_core::time::{Span, Time};

use crate::position::Offset;

/// When a segment is not added to any more.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SegmentLimits {
    pub records: u64,
    /// Between the first batch of the segment and the one that is to be added, by their timestamps.
    pub age: Span,
}

/// Consecutive records of a log.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Segment {
    /// Position of the first record.
    pub base: Offset,
    /// Timestamp of the first batch; `None` when it is empty.
    first: Option<Time>,
    /// The latest timestamp of any batch.
    pub newest: Time,
}

impl Segment {
    fn at(base: Offset) -> Segment {
        Segment { base, first: None, newest: Time::ZERO }
    }
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

/// The segments of a log; there is always one.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Segments {
    limits: SegmentLimits,
    closed: Vec<Segment>,
    active: Segment,
}

impl Segments {
    pub fn new(limits: SegmentLimits, base: Offset) -> Segments {
        Segments { limits, closed: Vec::new(), active: Segment::at(base) }
    }

    /// Oldest first, each with one past its last record.
    pub fn iter(&self, end: Offset) -> impl Iterator<Item = (Segment, Offset)> + '_ {
        let bases = self.closed.iter().skip(1).map(|segment| segment.base).chain([self.active.base]);
        self.closed.iter().copied().zip(bases).chain([(self.active, end)])
    }
    pub fn active(&self) -> Segment {
        self.active
    }

    /// A batch is to be appended at `end`. Whether another segment begins with it.
    ///
    /// Source: `LogSegment.shouldRoll` of Kafka, storage, 4.1.
    pub fn take_batch(&mut self, end: Offset, records: u64, timestamp: Time) -> bool {
        let is_full = end.since(self.active.base) + records > self.limits.records;
        let is_old = self.active.first.is_some_and(|first| timestamp.since(first) > self.limits.age);
        let rolls = !self.active.is_empty() && (is_full || is_old);
        if rolls {
            self.roll(end);
        }
        self.active.first.get_or_insert(timestamp);
        self.active.newest = self.active.newest.max(timestamp);
        rolls
    }

    /// Another segment begins at `end`.
    pub fn roll(&mut self, end: Offset) {
        self.closed.push(std::mem::replace(&mut self.active, Segment::at(end)));
    }

    /// Forgets the segments that begin after `end`. The last one that is left is the active one, and has to be told
    /// of its batches again.
    pub fn truncate(&mut self, end: Offset) -> Offset {
        while self.active.base > end {
            let Some(before) = self.closed.pop() else { break };
            self.active = before;
        }
        self.active = Segment::at(self.active.base.min(end));
        self.active.base
    }

    /// Forgets everything; the next record will be at `base`.
    pub fn restart(&mut self, base: Offset) {
        *self = Segments::new(self.limits, base);
    }

    /// Forgets the segments that end at `start` or before it; where the first one that is left begins.
    pub fn drop_front(&mut self, start: Offset) -> Offset {
        let ends = self.closed.iter().skip(1).map(|segment| segment.base).chain([self.active.base]);
        let gone = self.closed.iter().zip(ends).take_while(|(_, end)| *end <= start).count();
        self.closed.drain(..gone);
        self.closed.first().unwrap_or(&self.active).base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments of three records or ten milliseconds, after batches of one record with these timestamps.
    fn segments(timestamps: &[u64]) -> Segments {
        let limits = SegmentLimits { records: 3, age: Span(10) };
        let mut segments = Segments::new(limits, Offset(5));
        for (at, &timestamp) in timestamps.iter().enumerate() {
            segments.take_batch(Offset(5 + at as u64), 1, Time(timestamp));
        }
        segments
    }
    fn bases(segments: &Segments) -> Vec<u64> {
        segments.iter(Offset(99)).map(|(segment, _)| segment.base.0).collect()
    }

    #[test]
    fn a_full_segment_is_followed_by_another_one() {
        assert_eq!(bases(&segments(&[1, 1, 1])), [5]);
        assert_eq!(bases(&segments(&[1, 1, 1, 1])), [5, 8]);
        let mut partly = segments(&[1, 1]);
        assert!(partly.take_batch(Offset(7), 2, Time(1)), "a batch is not divided");
        assert_eq!(bases(&partly), [5, 7]);
    }

    #[test]
    fn a_batch_that_is_younger_than_the_first_one_by_the_limit_begins_a_segment_and_an_older_one_does_not() {
        assert_eq!(bases(&segments(&[20, 30])), [5]);
        assert_eq!(bases(&segments(&[20, 31])), [5, 6]);
        assert_eq!(bases(&segments(&[20, 1])), [5]);
    }

    #[test]
    fn a_segment_is_as_young_as_its_youngest_batch() {
        let segments = segments(&[20, 29, 22, 1]);
        let newest: Vec<u64> = segments.iter(Offset(9)).map(|(segment, _)| segment.newest.0).collect();
        assert_eq!(newest, [29, 1]);
        let ends: Vec<u64> = segments.iter(Offset(9)).map(|(_, end)| end.0).collect();
        assert_eq!(ends, [8, 9]);
    }

    #[test]
    fn segments_go_from_the_front_when_they_end_before_it_and_from_the_back_when_they_begin_after_it() {
        let mut cut = segments(&[1; 9]);
        assert_eq!(bases(&cut), [5, 8, 11]);
        assert_eq!((cut.drop_front(Offset(10)), bases(&cut)), (Offset(8), vec![8, 11]));
        assert_eq!((cut.truncate(Offset(11)), bases(&cut)), (Offset(11), vec![8, 11]));
        assert_eq!((cut.truncate(Offset(10)), bases(&cut)), (Offset(8), vec![8]));
        assert_eq!((cut.drop_front(Offset(10)), bases(&cut)), (Offset(8), vec![8]));
    }
}

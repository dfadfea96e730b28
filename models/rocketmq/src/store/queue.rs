//! A queue: offsets, and where in the commit log each of them is.

use std::collections::VecDeque;

/// The offsets of a queue that are there, each with its position. Positions ascend.
///
/// After a log has lost its tail and went on, offsets of the lost part stand for other messages.
#[derive(Clone, Debug, Default)]
pub struct QueueIndex {
    first: u64,
    positions: VecDeque<u64>,
}

impl QueueIndex {
    pub fn min(&self) -> u64 {
        self.first
    }
    pub fn max(&self) -> u64 {
        self.first + self.positions.len() as u64
    }

    /// Offset `offset` stands at `position`. A gap before it begins the queue anew there, and an offset that is there
    /// already keeps its place.
    ///
    /// Source: `ConsumeQueue.putMessagePositionInfo`, store, 5.3.
    pub fn push(&mut self, offset: u64, position: u64) {
        if self.positions.is_empty() || offset > self.max() {
            self.first = offset;
            self.positions.clear();
        } else if offset < self.max() {
            return;
        }
        self.positions.push_back(position);
    }

    /// Forgets what stands at `end` or behind it.
    pub fn truncate(&mut self, end: u64) {
        while self.positions.back().is_some_and(|position| *position >= end) {
            self.positions.pop_back();
        }
    }

    /// Forgets what stands before `start`.
    pub fn drop_front(&mut self, start: u64) {
        while self.positions.front().is_some_and(|position| *position < start) {
            self.positions.pop_front();
            self.first += 1;
        }
    }

    pub fn position(&self, offset: u64) -> Option<u64> {
        self.positions.get(offset.checked_sub(self.first)? as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_that_was_lost_is_given_out_again() {
        let mut queue = QueueIndex::default();
        (0..4).for_each(|offset| queue.push(offset, 10 * offset));
        queue.truncate(20);
        assert_eq!((queue.min(), queue.max(), queue.position(2)), (0, 2, None));
        queue.push(2, 25);
        assert_eq!(queue.position(2), Some(25));
    }

    #[test]
    fn a_queue_that_lost_its_front_goes_on_counting() {
        let mut queue = QueueIndex::default();
        (0..4).for_each(|offset| queue.push(offset, 10 * offset));
        queue.drop_front(15);
        assert_eq!((queue.min(), queue.max(), queue.position(1), queue.position(2)), (2, 4, None, Some(20)));
    }
}

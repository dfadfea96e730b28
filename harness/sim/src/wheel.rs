//! The event engine's queue: a ring of milliseconds for what is due soon, a heap for what is due later.
//!
//! Nearly everything is due within a few milliseconds (a message, a sync, a processing time), and whatever is due at a
//! millisecond is known before that millisecond begins. So the near future is one unsorted list a millisecond, sorted
//! when its time comes, which costs less than keeping everything in order all the time.

use std::collections::BinaryHeap;

use ackproof_core::time::Time;

use crate::queue::Item;

/// Milliseconds that the ring covers: one bit each in a word.
const SLOTS: u64 = 64;

#[derive(Debug)]
pub(crate) struct Wheel {
    /// What is due at `t`, for `now <= t < now + SLOTS`, in slot `t % SLOTS`.
    slots: [Vec<Item>; SLOTS as usize],
    /// One bit for each slot that holds anything.
    occupied: u64,
    now: Time,
    /// What was due beyond the ring when it was pushed.
    later: BinaryHeap<Item>,
    /// What is handled now, the next one last.
    current: Vec<Item>,
}

impl Wheel {
    pub(crate) fn new() -> Wheel {
        Wheel {
            slots: [const { Vec::new() }; SLOTS as usize],
            occupied: 0,
            now: Time::ZERO,
            later: BinaryHeap::new(),
            current: Vec::with_capacity(16),
        }
    }

    /// `item` is due now at the earliest; now only if [`Wheel::turn`] has not been called for it yet.
    pub(crate) fn push(&mut self, item: Item) {
        let at = item.key.at();
        debug_assert!(at >= self.now, "an event is due in the past");
        if at.0 - self.now.0 < SLOTS {
            let slot = at.0 % SLOTS;
            self.slots[slot as usize].push(item);
            self.occupied |= 1 << slot;
        } else {
            self.later.push(item);
        }
    }

    /// When something is due next.
    pub(crate) fn next_at(&self) -> Time {
        let here = (self.now.0 % SLOTS) as u32;
        let near = match self.occupied.rotate_right(here).trailing_zeros() {
            64 => Time::NEVER,
            ahead => Time(self.now.0 + u64::from(ahead)),
        };
        let far = self.later.peek().map_or(Time::NEVER, |item| item.key.at());
        near.min(far)
    }

    /// Moves on to `now`; nothing may be due before.
    pub(crate) fn turn(&mut self, now: Time) {
        debug_assert!(self.current.is_empty() && self.next_at() >= now, "an event is left behind");
        self.now = now;
        let slot = now.0 % SLOTS;
        if self.occupied & (1 << slot) != 0 {
            self.occupied &= !(1 << slot);
            std::mem::swap(&mut self.current, &mut self.slots[slot as usize]);
        }
        while self.later.peek().is_some_and(|item| item.key.at() <= now) {
            self.current.extend(self.later.pop());
        }
        // Items compare in the order of a queue: the earliest is the greatest.
        self.current.sort_unstable();
    }

    /// The next event that is due now.
    pub(crate) fn pop(&mut self) -> Option<Item> {
        self.current.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{Key, Kind, What};
    use ackproof_core::node::NodeId;
    use ackproof_core::seed::Seed;

    fn item(at: u64, seq: u32) -> Item {
        let key = Key::new(Time(at), 0, Time(at), Kind::Net, NodeId(0), seq);
        Item { key, node: NodeId(0), incarnation: 0, what: What::Net }
    }

    #[test]
    fn events_come_in_the_order_of_a_plain_queue_however_far_ahead_they_were_pushed() {
        let mut draw = Seed(1).stream("wheel");
        let (mut wheel, mut plain) = (Wheel::new(), BinaryHeap::new());
        for seq in 0..200 {
            let item = item(draw.between(0, 300), seq);
            wheel.push(item);
            plain.push(item);
        }
        let mut seq = 200;
        while let Some(expected) = plain.pop() {
            if expected.key.at() > wheel.now || wheel.current.is_empty() {
                assert_eq!(wheel.next_at(), expected.key.at());
                wheel.turn(expected.key.at());
            }
            assert_eq!(wheel.pop(), Some(expected));
            if seq < 1000 {
                seq += 1;
                let item = item(expected.key.at().0 + draw.between(1, 200), seq);
                wheel.push(item);
                plain.push(item);
            }
        }
        assert_eq!((wheel.pop(), wheel.next_at()), (None, Time::NEVER));
    }
}

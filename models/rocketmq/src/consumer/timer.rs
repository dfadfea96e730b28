//! A consumer's own timers.

use ackproof_core::actor::TimerId;

use crate::client;
use crate::message::Opaque;
use crate::topic::{Group, Queue, Slot};

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Timer {
    /// Progress is sent to the brokers.
    Persist,
    Rebalance,
    /// The next pull of a queue.
    PullAgain(Queue),
    /// A request is not answered.
    GiveUp(Opaque),
    /// An offset that the broker corrected is taken over.
    Correct(Queue),
}

impl Timer {
    pub fn id(self) -> TimerId {
        let queue = |queue: Queue| u64::from(queue.group.0) << 16 | u64::from(queue.slot.0);
        let (kind, of) = match self {
            Timer::Persist => (0, 0),
            Timer::Rebalance => (1, 0),
            Timer::PullAgain(of) => (2, queue(of)),
            Timer::GiveUp(opaque) => (3, u64::from(opaque.0)),
            Timer::Correct(of) => (4, queue(of)),
        };
        client::Timer::Own(kind << 32 | of).id()
    }
    pub fn of(own: u64) -> Timer {
        let of = own & 0xffff_ffff;
        let queue = Queue { group: Group((of >> 16) as u8), slot: Slot(of as u16) };
        match own >> 32 {
            0 => Timer::Persist,
            1 => Timer::Rebalance,
            2 => Timer::PullAgain(queue),
            3 => Timer::GiveUp(Opaque(of as u32)),
            _ => Timer::Correct(queue),
        }
    }
}

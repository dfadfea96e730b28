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
    /// Queues are dealt out once more, since some could not be locked.
    RebalanceSoon,
    /// The next pull of a queue.
    PullAgain(Queue),
    /// A request is not answered.
    GiveUp(Opaque),
    /// An offset that the broker corrected is taken over.
    Correct(Queue),
    /// What the listener works on for too long is given back.
    Expire,
    /// What could not be given back is worked on again.
    Again(u32),
    /// Locks are renewed.
    LockAll,
    /// A queue whose lock was lost.
    Relock(Queue),
    /// A queue whose message failed goes on.
    Resume(Queue),
    /// The next request of POP.
    PopAgain(Group),
    /// A process that is being stopped has waited long enough.
    Terminate,
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
            Timer::RebalanceSoon => (5, 0),
            Timer::Expire => (6, 0),
            Timer::Again(number) => (7, u64::from(number)),
            Timer::LockAll => (8, 0),
            Timer::Relock(of) => (9, queue(of)),
            Timer::Resume(of) => (10, queue(of)),
            Timer::Terminate => (11, 0),
            Timer::PopAgain(group) => (12, u64::from(group.0)),
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
            4 => Timer::Correct(queue),
            5 => Timer::RebalanceSoon,
            6 => Timer::Expire,
            7 => Timer::Again(of as u32),
            8 => Timer::LockAll,
            9 => Timer::Relock(queue),
            10 => Timer::Resume(queue),
            11 => Timer::Terminate,
            _ => Timer::PopAgain(Group(of as u8)),
        }
    }
}

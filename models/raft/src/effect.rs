//! What happens to a member and what it wants done. The actor around it turns the one into the other's words.

use ackproof_core::disk::{Disk, DiskError, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_core::seed::Stream;
use ackproof_core::time::{Span, Time};
use ackproof_log::{Epoch, Offset};

use crate::message::Message;

/// A member's timers. Setting one that is set replaces it.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Timer {
    Election,
    Heartbeat,
    /// Of a leader: what was not answered is sent again, commits are told, a preferred leader is looked for.
    Push,
    Flush,
}

impl Timer {
    pub const ALL: [Timer; 4] = [Timer::Election, Timer::Heartbeat, Timer::Push, Timer::Flush];

    /// Its place in [`Timer::ALL`], from which an actor makes the number of a timer of its own.
    pub fn index(self) -> u64 {
        self as u64
    }
}

/// What happens to a member.
#[derive(Clone, Debug)]
pub enum Event<R> {
    /// Its process began, and the disk holds what survived. Always the first one.
    Start,
    Timer(Timer),
    /// A sync that [`Effect::Sync`] asked for ended.
    Synced {
        target: SyncTarget,
        result: Result<(), DiskError>,
    },
    Message {
        from: NodeId,
        body: Message<R>,
    },
    /// The connection with `peer` is gone.
    Closed {
        peer: NodeId,
    },
}

/// What a member wants done or says, in order.
#[derive(Clone, Debug)]
pub enum Effect<R> {
    Send {
        to: NodeId,
        body: Message<R>,
    },
    SetTimer {
        timer: Timer,
        after: Span,
    },
    CancelTimer(Timer),
    Sync(SyncTarget),
    /// It leads; writes are taken from now on.
    Leads {
        epoch: Epoch,
    },
    Follows {
        epoch: Epoch,
        leader: NodeId,
    },
    /// It knows no leader. Nothing is to be served.
    Stands {
        epoch: Epoch,
    },
    /// It led in `epoch` and does no longer. What it had appended and not committed has an unknown fate. The next
    /// effect says what it is now.
    Deposed {
        epoch: Epoch,
    },
    /// A follower's log grew from `from` to `to`.
    Appended {
        from: Offset,
        to: Offset,
    },
    /// Everything below is on the platter, as far as the disk told.
    Synced {
        upto: Offset,
    },
    /// Everything below is committed, as this member knows.
    Committed {
        upto: Offset,
    },
    /// The records `from..to` are gone from this member's log; of them `committed` had been committed here, which is
    /// more than 0 only where somebody's copy did not last as long as it was counted for.
    Truncated {
        from: Offset,
        to: Offset,
        committed: u64,
    },
    /// The disk refused. Whether the process goes on is the actor's rule. With [`crate::Keeping::Synced`] a member whose ballot cannot
    /// be written says nothing more.
    DiskFailed(DiskError),
}

/// What a member is given with every event; `effects` are appended to.
pub struct Step<'a, R, C> {
    pub disk: &'a mut Disk<R, C>,
    pub random: &'a mut Stream,
    pub now: Time,
    pub effects: &'a mut Vec<Effect<R>>,
}

impl<R, C> Step<'_, R, C> {
    pub(crate) fn put(&mut self, effect: Effect<R>) {
        self.effects.push(effect);
    }
    pub(crate) fn set_timer(&mut self, timer: Timer, after: Span) {
        self.put(Effect::SetTimer { timer, after: after.max(Span::ms(1)) });
    }
    pub(crate) fn draw(&mut self, range: ackproof_core::time::SpanRange) -> Span {
        Span(self.random.between(range.low.0, range.high.0))
    }
}

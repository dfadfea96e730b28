//! A broker's timers.

use ackproof_core::actor::{Ctx, TimerId};
use ackproof_core::time::Time;

use crate::model::Kafka;
use crate::topic::Index;

/// What a broker's timers are for; those of a partition carry its index.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Timer {
    Communicate,
    CheckIsr,
    Checkpoint,
    FlushDirty,
    DeleteOldSegments,
    CheckpointLogStarts,
    ProposeAgain,
    /// Something of the consumer group is due.
    Group,
    ExpireOffsets,
    Parked(Index),
    Follow(Index),
    /// Transactions that have taken too long are looked for.
    AbortOld,
    /// Something of transactions is overdue or to be tried again.
    Transactions,
}

impl Timer {
    pub(super) fn id(self) -> TimerId {
        let (kind, index) = match self {
            Timer::Communicate => (0, Index(0)),
            Timer::CheckIsr => (1, Index(0)),
            Timer::Checkpoint => (2, Index(0)),
            Timer::FlushDirty => (3, Index(0)),
            Timer::ProposeAgain => (4, Index(0)),
            Timer::Parked(index) => (5, index),
            Timer::Follow(index) => (6, index),
            Timer::DeleteOldSegments => (7, Index(0)),
            Timer::CheckpointLogStarts => (8, Index(0)),
            Timer::Group => (9, Index(0)),
            Timer::AbortOld => (10, Index(0)),
            Timer::Transactions => (11, Index(0)),
            Timer::ExpireOffsets => (12, Index(0)),
        };
        TimerId(kind << 16 | u64::from(index.0))
    }
    pub(super) fn of(id: TimerId) -> Timer {
        let index = Index(id.0 as u16);
        match id.0 >> 16 {
            0 => Timer::Communicate,
            1 => Timer::CheckIsr,
            2 => Timer::Checkpoint,
            3 => Timer::FlushDirty,
            4 => Timer::ProposeAgain,
            5 => Timer::Parked(index),
            6 => Timer::Follow(index),
            7 => Timer::DeleteOldSegments,
            8 => Timer::CheckpointLogStarts,
            9 => Timer::Group,
            10 => Timer::AbortOld,
            11 => Timer::Transactions,
            12 => Timer::ExpireOffsets,
            other => unreachable!("a broker has no timer of kind {other}"),
        }
    }
}

/// A timer that is armed for the earliest of many moments, and not set anew for each.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Alarm {
    due: Option<Time>,
}

impl Alarm {
    pub(super) fn at_latest(&mut self, ctx: &mut Ctx<'_, Kafka>, timer: Timer, due: Time) {
        if self.due.is_none_or(|armed| due < armed) {
            ctx.set_timer(timer.id(), due.since(ctx.now()));
            self.due = Some(due);
        }
    }
    pub(super) fn fired(&mut self) {
        self.due = None;
    }
}

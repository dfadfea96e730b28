//! Which partitions a member reads, and where the group's progress says that it begins.

use std::ops::Range;

use ackproof_core::actor::Ctx;
use ackproof_core::time::Time;

use super::partition::{At, Position};
use super::{Asked, Consumer};
use crate::error_code::ErrorCode;
use crate::message::{Commit, Message, OffsetFetch};
use crate::model::Kafka;

/// The partitions of member `index` of `members`: consecutive ones, the first members getting one more.
///
/// Source: `RangeAssignor.assign` at 4.1.
pub fn range(partitions: u16, members: u16, index: u16) -> Range<u16> {
    let (each, more) = (partitions / members, partitions % members);
    let start = index * each + index.min(more);
    start..start + each + u16::from(index < more)
}

/// Looking up the group's progress, once per process.
#[derive(Debug)]
pub enum Assignment {
    /// Not before this.
    ToAsk {
        from: Time,
        failures: u32,
    },
    Asking {
        failures: u32,
    },
    Known,
}

impl Assignment {
    pub fn new(has_group: bool) -> Assignment {
        match has_group {
            true => Assignment::ToAsk { from: Time::ZERO, failures: 0 },
            false => Assignment::Known,
        }
    }

    /// When the question is to be asked.
    pub fn due(&self) -> Time {
        match self {
            Assignment::ToAsk { from, .. } => *from,
            Assignment::Asking { .. } | Assignment::Known => Time::NEVER,
        }
    }

    /// The connection went while the answer was waited for.
    pub fn failed(&mut self, now: Time) {
        if let Assignment::Asking { failures } = *self {
            *self = Assignment::ToAsk { from: now, failures: failures + 1 };
        }
    }
}

impl Consumer {
    /// Asks the coordinator where to begin, when that is not known and it is time.
    ///
    /// Source: `ConsumerCoordinator.initWithCommittedOffsetsIfNeeded` at 4.1.
    pub(super) fn look_up_offsets(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let Assignment::ToAsk { from, failures } = self.assignment else { return };
        if now < from {
            return;
        }
        let Some(coordinator) = self.leaders.coordinator() else { return self.leaders.want() };
        if !self.connections.is_open(coordinator) {
            return self.connections.open(ctx, coordinator);
        }
        self.assignment = Assignment::Asking { failures };
        self.connections
            .ask(ctx, coordinator, Asked::Offsets, |correlation| Message::OffsetFetch(OffsetFetch { correlation }));
    }

    /// The group's progress: partitions without any fall to the reset policy.
    pub(super) fn offsets_are(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        result: Result<std::sync::Arc<[Commit]>, ErrorCode>,
    ) {
        let Assignment::Asking { failures } = self.assignment else { return };
        let commits = match result {
            Ok(commits) => commits,
            Err(_) => {
                self.leaders.want();
                let from = ctx.wall_clock() + self.config.backoff.draw(failures + 1, ctx.random);
                self.assignment = Assignment::ToAsk { from, failures: failures + 1 };
                return;
            }
        };
        self.assignment = Assignment::Known;
        for place in 0..self.partitions.len() {
            let partition = &mut self.partitions[place];
            match commits.iter().find(|commit| commit.origin == partition.origin) {
                Some(commit) => {
                    partition.committed = Some(commit.upto);
                    partition.position = Position::Valid(At::new(commit.upto, commit.leader_epoch));
                }
                None => self.go_without_position(ctx, place, "its group has stored no progress"),
            }
        }
    }
}

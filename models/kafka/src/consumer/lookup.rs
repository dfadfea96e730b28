//! Where the group's progress says that a member begins to read what it was assigned.

use ackproof_core::actor::Ctx;
use ackproof_core::time::Time;

use super::partition::{At, Position};
use super::{Asked, Consumer};
use crate::error_code::ErrorCode;
use crate::message::{Commit, Message, OffsetFetch};
use crate::model::Kafka;
use crate::transaction::Isolation;

/// Looking up the group's progress, once for everything newly assigned.
#[derive(Debug)]
pub enum Lookup {
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

impl Lookup {
    /// When the question is to be asked.
    pub fn due(&self) -> Time {
        match self {
            Lookup::ToAsk { from, .. } => *from,
            Lookup::Asking { .. } | Lookup::Known => Time::NEVER,
        }
    }

    /// The connection went while the answer was waited for.
    pub fn failed(&mut self, now: Time) {
        if let Lookup::Asking { failures } = *self {
            *self = Lookup::ToAsk { from: now, failures: failures + 1 };
        }
    }
}

impl Consumer {
    /// Asks the coordinator where to begin, when that is not known and it is time.
    ///
    /// Source: `ConsumerCoordinator.initWithCommittedOffsetsIfNeeded` at 4.1.
    pub(super) fn look_up_offsets(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let Lookup::ToAsk { from, failures } = self.lookup else { return };
        if now < from {
            return;
        }
        let Some(coordinator) = self.leaders.coordinator() else { return self.leaders.want() };
        if !self.connections.is_open(coordinator) {
            return self.connections.open(ctx, coordinator);
        }
        self.lookup = Lookup::Asking { failures };
        let assignments = self.assignments;
        let requires_stable = self.isolation == Isolation::ReadCommitted;
        self.connections.ask(ctx, coordinator, Asked::Offsets { assignments }, |correlation| {
            Message::OffsetFetch(OffsetFetch { correlation, requires_stable })
        });
    }

    /// The group's progress: partitions without any fall to the reset policy.
    #[cold]
    pub(super) fn offsets_are(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        assignments: u32,
        result: Result<std::sync::Arc<[Commit]>, ErrorCode>,
    ) {
        let Lookup::Asking { failures } = self.lookup else { return };
        if assignments != self.assignments {
            // More was assigned since, and others may have stored progress there meanwhile.
            self.lookup = Lookup::ToAsk { from: ctx.wall_clock(), failures: 0 };
            return;
        }
        let commits = match result {
            Ok(commits) => commits,
            Err(_) => {
                self.leaders.want();
                let from = ctx.wall_clock() + self.config.backoff.draw(failures + 1, ctx.random);
                self.lookup = Lookup::ToAsk { from, failures: failures + 1 };
                return;
            }
        };
        self.lookup = Lookup::Known;
        for place in 0..self.partitions.len() {
            let partition = &mut self.partitions[place];
            if partition.position != Position::Unknown {
                continue;
            }
            match commits.iter().find(|commit| commit.origin == partition.origin) {
                Some(commit) => {
                    partition.committed = Some(commit.upto);
                    partition.committed_epoch = commit.leader_epoch;
                    partition.position = Position::Valid(At::new(commit.upto, commit.leader_epoch));
                }
                None => self.go_without_position(ctx, place, "its group has stored no progress"),
            }
        }
    }
}

//! How far a consumer has come, for those who watch it.

use ackproof_core::app::Origin;
use ackproof_core::time::Time;
use ackproof_log::{Epoch, Offset};

use super::Consumer;
use super::membership::Member;
use super::partition::{Partition, Position};
use crate::config::Commit;
use crate::message::Membership;
use crate::producer::Failing;
use crate::transaction::Isolation;

/// So many absences in a row are no accident.
const LASTING: u32 = 3;

impl Consumer {
    /// Whether it is in its group, and every partition of its own has a position to read from, or never will.
    pub fn is_ready(&self) -> bool {
        let writes = self.producer.as_ref().is_none_or(|producer| producer.is_initialized());
        writes && self.is_settled() && self.partitions.iter().all(Partition::is_placed)
    }

    /// Whether it has taken up what its group gives it, as far as it knows.
    pub fn is_settled(&self) -> bool {
        self.member.as_deref().is_none_or(Member::is_settled)
    }

    /// As whom it is in the group, if it is.
    pub fn membership(&self) -> Option<Membership> {
        self.member.as_ref()?.membership()
    }

    /// `isolation.level`.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Whether its application works on nothing.
    pub fn is_resting(&self) -> bool {
        self.poll.is_done() && self.producer.as_ref().is_none_or(|producer| producer.is_idle())
    }

    /// Why its transactions come to nothing, if they do.
    pub fn failing(&self) -> Option<Failing> {
        self.producer.as_ref()?.failing()
    }

    /// Whether its application works for too long on what a poll brings, so that it is out of its group again and again
    /// and comes no further.
    pub fn is_too_slow(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.absences >= LASTING)
    }

    /// Whether it has read `origin` to the high watermark, as far as it knows, and its application works on nothing.
    /// True also for
    /// partitions of others once it knows which are its own, and for one that it has stopped reading.
    pub fn is_caught_up(&self, origin: Origin) -> bool {
        let has_read = |partition: &Partition| match partition.position {
            Position::Stopped | Position::NothingSince(_) => true,
            Position::Unknown | Position::Resetting(_) | Position::Validating(_) => false,
            Position::Valid(_) => partition.is_at_end(),
        };
        self.poll.is_done() && self.own(origin).map_or_else(|| self.is_settled(), has_read)
    }

    /// Whether the progress in `origin` is stored, as far as it is to be. True also for partitions of others.
    pub fn is_stored(&self, origin: Origin) -> bool {
        let is_stored = |partition: &Partition| {
            let Some(due) = self.to_store(partition) else { return true };
            let is_background = matches!(self.commit, Some(Commit::Background { .. }));
            let is_there =
                Some(due.next) == partition.committed || is_background && !partition.is_beyond_committed(due);
            partition.is_stopped() || is_there || self.leaves_commits()
        };
        self.own(origin).is_none_or(is_stored)
    }

    /// Whether what is not stored by now is left at that: the application gave up on it, or never waited for it, and
    /// stores nothing before it has worked on something more.
    fn leaves_commits(&self) -> bool {
        match self.commit {
            None | Some(Commit::Auto { .. } | Commit::Background { interval: Some(_), .. }) => false,
            Some(Commit::Background { interval: None, .. }) => true,
            Some(Commit::BeforeProcessing | Commit::AfterProcessing | Commit::AfterBatch | Commit::InTransaction) => {
                self.committer.is_over()
            }
        }
    }

    /// How far it has passed in `origin` for good, stored or not: its application has finished everything below that
    /// it was handed, and the rest was passed over. `None` while it is not certain that it stays there.
    pub fn passed(&self, origin: Origin, leader_epoch: Epoch) -> Option<Offset> {
        let is_member = self.commit.is_some() && self.is_settled() && self.poll.is_done();
        match self.own(origin)?.position {
            Position::Valid(at) if is_member && at.checked_in == Some(leader_epoch) => Some(at.next),
            Position::Valid(_) | Position::Unknown | Position::Resetting(_) | Position::Validating(_) => None,
            Position::Stopped | Position::NothingSince(_) => None,
        }
    }

    /// Where it waits for a record that is no older than this, for good: what it asks for next is later.
    pub fn nothing_since(&self, origin: Origin) -> Option<Time> {
        match self.own(origin)?.position {
            Position::NothingSince(time) => Some(time),
            Position::Unknown | Position::Resetting(_) | Position::Validating(_) => None,
            Position::Valid(_) | Position::Stopped => None,
        }
    }

    /// Where it reads next; `None` for partitions of others and before it knows.
    pub fn position(&self, origin: Origin) -> Option<Offset> {
        Some(self.own(origin)?.at()?.next)
    }

    /// The progress that it knows to be stored.
    pub fn committed(&self, origin: Origin) -> Option<Offset> {
        self.own(origin)?.committed
    }
}

//! The high watermark: everything below it is on every replica that counts. It is what a producer with `acks=all`
//! waits for and as far as consumers read.

use ackproof_core::actor::Ctx;
use ackproof_core::observe::{Observation, Probe};

use super::Env;
use super::parked::{ParkedWrite, Writer};
use super::replica::{Replica, Role};
use super::writing::checks_commits;
use crate::error_code::ErrorCode;
use crate::message::{Payload, Record};
use crate::metadata::NodeSet;
use crate::model::Kafka;
use crate::mutation::Rule;

impl Replica {
    /// Members that hold the high watermark back: the committed in-sync set and a member that is being added. One that
    /// is being removed still counts until the controller has confirmed its removal: it might be elected.
    ///
    /// Source: `PendingExpandIsr.maximalIsr`, `PendingShrinkIsr.maximalIsr`, core, 4.1.
    pub(super) fn maximal_isr(&self) -> NodeSet {
        match &self.role {
            Role::Leader(leader) => {
                leader.proposal.as_ref().map_or(self.isr(), |proposal| proposal.maximal(self.isr()))
            }
            Role::Follower(_) | Role::None => self.isr(),
        }
    }

    /// Moves the high watermark to the end of the shortest log that counts, and answers whoever waited for it; whether
    /// it moved. A replica that is about to join counts too, if it has not fallen behind and may join. From 3.7 on
    /// nothing moves while the committed in-sync set is smaller than `min.insync.replicas`.
    ///
    /// Source: `Partition.maybeIncrementLeaderHW`, core, 4.1; KAFKA-15583.
    pub(super) fn advance_high_watermark(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        let is_strict = env.plan.config.rules.strict_min_isr_hw && Rule::MinIsrGate.holds();
        if is_strict && self.isr().len() < env.plan.min_isr(self.index) {
            return false;
        }
        let (end, now) = (self.log.end(), ctx.wall_clock());
        let lag_max = env.plan.config.broker.replica_lag_max;
        let maximal = self.maximal_isr();
        let mut lowest = end;
        for follower in &leader.followers {
            let counts = || {
                !Rule::InSyncOnly.holds()
                    || maximal.contains(follower.node)
                    || Rule::PendingExpand.holds()
                        && follower.is_caught_up(end, now, lag_max)
                        && env.may_join_isr(follower)
            };
            match follower.end {
                Some(end) if end >= lowest => {}
                Some(end) if counts() => lowest = end,
                None if counts() => return false,
                Some(_) | None => {}
            }
        }
        if lowest <= self.high_watermark {
            return false;
        }
        self.high_watermark = lowest;
        self.answer_writers(ctx, env);
        self.serve_readers(ctx, env);
        true
    }

    /// Answers writers whose records the high watermark has passed. The in-sync set must still be large enough; if not
    /// the writer is told so, and the records stay.
    ///
    /// Source: `Partition.checkEnoughReplicasReachOffset`, core, 4.1.
    pub(super) fn answer_writers(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let maximal = self.maximal_isr();
        let is_large_enough = maximal.len() >= env.plan.min_isr(self.index);
        let high_watermark = self.high_watermark;
        loop {
            let Role::Leader(leader) = &mut self.role else { return };
            let Some(write) = leader.parked.writes.pop_front() else { return };
            if write.end > high_watermark {
                leader.parked.writes.push_front(write);
                return;
            }
            let is_checked = match write.writer {
                Writer::Producer(..) | Writer::Marker(..) | Writer::Transaction(_) => true,
                Writer::Committer(..) => checks_commits(env),
                Writer::Coordinator => false,
            };
            let result = match is_large_enough || !is_checked || !Rule::MinIsrAfter.holds() {
                true => Ok(()),
                false => Err(ErrorCode::NotEnoughReplicasAfterAppend),
            };
            if result.is_ok() {
                self.observe_confirmed(ctx, &write, maximal);
            }
            write.answer(ctx, env.inside, result);
        }
    }

    #[cold]
    pub(super) fn observe_confirmed(&self, ctx: &mut Ctx<'_, Kafka>, write: &ParkedWrite, copies: NodeSet) {
        let probe = match write.writer {
            Writer::Producer(..) => Probe::Confirmed,
            Writer::Committer(..) => Probe::Committed,
            Writer::Coordinator | Writer::Marker(..) | Writer::Transaction(_) => return,
        };
        if !ctx.wants(probe) {
            return;
        }
        let count = write.end.since(write.base) as usize;
        let records: Vec<Record> = ctx.disk.tail(self.log.file(), write.base.0)[..count].to_vec();
        for (offset, record) in (write.base.0..).zip(records) {
            match record.payload {
                Payload::Message(msg, _) => ctx.observe(probe, || {
                    let copies = copies.iter().collect();
                    Observation::Confirmed { msg, origin: self.origin, offset, copies }
                }),
                Payload::Commit(commit) => {
                    ctx.observe(probe, || Observation::Committed { origin: commit.origin, upto: commit.upto.0 });
                }
                Payload::Group(_) => unreachable!("nobody waits for the group's own records"),
                Payload::Pending(_) | Payload::Marker(_) | Payload::Transaction(_) | Payload::Enlisted(_) => {}
            }
        }
    }
}

//! A member under `group.protocol=consumer`: heartbeats carry what it has and bring what it is to have, and it gets
//! there inside `poll()`, without giving up anything else.
//!
//! Source: KIP-848; `ConsumerMembershipManager`, `AbstractMembershipManager.maybeReconcile`,
//! `ConsumerHeartbeatRequestManager` at 4.1.
//!
//! Simplified: before 4.0 a member reconciled outside `poll()` too. Gives up: partitions that are given up while the
//! application works.

use ackproof_core::actor::Ctx;
use ackproof_core::time::{Span, Time};

use super::Asked;
use super::Consumer;
use super::membership::{Request, Stage};
use super::poll::Thread;
use crate::config::Commit;
use crate::error_code::ErrorCode;
use crate::message::{GroupHeartbeat, MemberId, Message, Reconciled};
use crate::model::Kafka;

/// The client gives up where its `group.instance.id` is taken (UnreleasedInstanceIdException out of `poll()`).
///
/// Simplified: its application, or who watches over it, makes another one after so long, again and again. Gives up:
/// applications that stop instead, and pauses that grow.
/// Source: `ConsumerHeartbeatRequestManager.handleSpecificExceptionAndErrors` at 4.1.
const ANOTHER_CONSUMER: Span = Span::secs(1);

impl Consumer {
    /// Inside `poll()`: goes over to what was assigned. Automatic commits store what earlier polls returned first.
    /// Whether nothing is left to do.
    ///
    /// Source: `AbstractMembershipManager.maybeReconcile`, `CommitRequestManager.maybeAutoCommitSyncBeforeRebalance`.
    pub(super) fn reconcile(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) -> bool {
        let is_auto = matches!(self.commit, Some(Commit::Auto { .. }));
        let until = now + self.config.max_poll_interval;
        let Some(member) = &mut self.member else { return true };
        member.polled(now, &self.config);
        if member.generation.is_none() && member.last_generation.take().is_some() {
            ctx.note(|| "has lost its partitions".to_owned());
            self.partitions.clear();
            self.fetched.clear();
            return false;
        }
        if !member.has_assigned() {
            return member.is_settled();
        }
        if is_auto && !member.prepares() {
            member.prepare_until(until);
            self.begin_commit(now);
            self.send_commit(ctx, now);
        }
        let is_over = self.member.as_ref().is_none_or(|member| member.has_prepared_for_long(now));
        if is_auto && !self.committer.is_free() && !is_over {
            return false;
        }
        let Some(member) = &mut self.member else { return true };
        member.is_ready_to_join();
        if let Some(origins) = member.take_assigned() {
            self.take_up(ctx, now, &origins);
        }
        if let Some(member) = &mut self.member {
            member.acknowledge();
        }
        true
    }

    /// The heartbeat thread: it joins, says what the member has when that changed, notices an application that stays
    /// away, and otherwise says now and then that the member lives.
    pub(super) fn beat_and_join(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let Some(member) = &mut self.member else { return };
        let Some(coordinator) = self.leaders.coordinator() else { return self.leaders.want() };
        // One that left because its application stays away joins again when that comes back.
        if self.poll.thread != Thread::Running && member.stage == Stage::Unjoined {
            return;
        }
        let is_due = !member.heartbeat_under_way && member.group_heartbeat_due() <= now;
        if !self.may_beat(ctx, coordinator, now, is_due) {
            return;
        }
        let Some(member) = &mut self.member else { return };
        member.heartbeat_under_way = true;
        member.heartbeat_at = now + self.config.group_heartbeat_interval;
        let tells = std::mem::take(&mut member.acknowledges) || member.generation.is_none();
        let owned = tells.then(|| self.partitions.iter().map(|own| own.origin).collect());
        let (id, epoch) = (member.id, member.generation);
        self.connections.ask(ctx, coordinator, Asked::GroupHeartbeat(id), |correlation| {
            Message::GroupHeartbeat(GroupHeartbeat { correlation, member: id, epoch, owned })
        });
    }

    /// Source: `AbstractMembershipManager.{processAssignmentReceived,transitionToFenced}` at 4.1.
    #[cold]
    pub(super) fn reconciled(&mut self, ctx: &mut Ctx<'_, Kafka>, id: MemberId, result: Result<Reconciled, ErrorCode>) {
        let now = ctx.wall_clock();
        let Some(member) = self.member.as_mut() else { return };
        // Also where it left meanwhile: nothing else would end the wait.
        member.heartbeat_under_way = false;
        if member.id != id {
            return;
        }
        match result {
            Ok(told) => {
                member.failed_heartbeats = 0;
                member.generation = Some(told.epoch);
                member.stage = Stage::Stable;
                member.rejoins = false;
                let has = self.partitions.iter().map(|own| own.origin);
                let is_there = has.eq(told.assigned.iter().copied());
                if !is_there || member.last_generation.is_none() {
                    member.assigned = Some(told.assigned);
                }
            }
            Err(code @ (ErrorCode::UnknownMemberId | ErrorCode::FencedMemberEpoch)) => {
                ctx.note(|| format!("is no longer in its group: {code}"));
                member.lose_generation();
                member.last_generation = None;
                member.request = Request::NotBefore(now);
                member.heartbeat_at = now;
                self.partitions.clear();
                self.fetched.clear();
            }
            Err(code @ ErrorCode::UnreleasedInstanceId) => {
                ctx.note(|| format!("cannot join its group: {code}; its application makes another consumer"));
                self.heartbeat_failed(ctx, now);
                if let Some(member) = &mut self.member {
                    member.heartbeat_at = now + ANOTHER_CONSUMER;
                }
            }
            Err(_) => {
                member.acknowledges = true;
                self.heartbeat_failed(ctx, now);
            }
        }
    }

    #[cold]
    pub(super) fn lost_group_heartbeat(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time, id: MemberId) {
        let Some(member) = &mut self.member else { return };
        if member.id == id {
            member.acknowledges = member.generation.is_some();
        }
        self.heartbeat_failed(ctx, now);
    }

    /// Before 4.0 an automatic commit may store what the poll that makes it is about to return: it is made beside the
    /// polling thread, which goes on meanwhile. Whether this one does, if it is due.
    ///
    /// Source: KAFKA-18641; `CommitRequestManager.poll` at 3.9, where the positions are read in the background.
    pub(super) fn commits_ahead(&self, ctx: &mut Ctx<'_, Kafka>, now: Time) -> bool {
        self.config.may_commit_ahead && self.poll.auto_commit_due() <= now && ctx.random.chance(0.5)
    }
}

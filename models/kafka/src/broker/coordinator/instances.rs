//! Static members, those with a `group.instance.id`: a process that is started again takes the place of the one before it,
//! and the group goes on without a rebalance. Until then its partitions wait for it, as long as the session lasts.
//!
//! With the classic protocol it takes the place whatever has become of the other process, which is fenced. With
//! `group.protocol=consumer` only where the other one has said that it leaves for the time being: a process that died
//! keeps its successor out (UNRELEASED_INSTANCE_ID) until its session ends.
//!
//! Simplified: the machine stands for the id, so that two processes never have the same one at once. Gives up: those that
//! fence each other out for ever because one file with a `group.instance.id` was given to all of them.
//! Simplified: where a place that was taken cannot be written down, it is not given back. Gives up: nothing but an answer;
//! whoever coordinates next may know the process before, and the present one joins again.
//!
//! Source: KIP-345, KIP-848; `GroupMetadataManager.{updateStaticMemberThenRebalanceOrCompleteJoin,
//! throwIfInstanceIdIsUnreleased,consumerGroupStaticMemberGroupLeave}`, group-coordinator, 4.1;
//! `GroupCoordinator.updateStaticMemberAndRebalance`, core, 3.9.

use std::sync::Arc;

use ackproof_core::actor::Ctx;

use super::group::{Group, Member, State};
use crate::broker::parked::commit_error;
use crate::error_code::ErrorCode;
use crate::message::{Generation, MemberId, Subscribed};
use crate::model::Kafka;
use crate::plan::Plan;

impl Group {
    /// The place of whoever has the same `group.instance.id`.
    pub(super) fn instance(&self, id: MemberId) -> Option<usize> {
        let place = || self.members.iter().position(|member| member.id.node == id.node);
        self.is_static.then(place).flatten()
    }

    /// A process joins in place of the one before it. In a group that is not dividing its partitions that is all that
    /// happens, and it is answered once it is written down.
    #[cold]
    pub(super) fn take_place(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan, place: usize, new: Member) {
        let id = new.id;
        let member = &mut self.members[place];
        member.answer_join(ctx, Err(ErrorCode::FencedInstanceId));
        member.answer_sync(ctx, Err(ErrorCode::FencedInstanceId));
        if self.leader == Some(member.id) {
            self.leader = Some(id);
        }
        let expires = ctx.now() + plan.config.session_timeout();
        *member =
            Member { assignment: Arc::clone(&member.assignment), is_new: false, has_synced: true, expires, ..new };
        match self.state {
            State::Stable { .. } => {
                ctx.note(|| {
                    format!("{} is back in the group and has its place, without a rebalance", plan.name(id.node))
                });
                self.write_down(ctx, plan);
            }
            State::PreparingRebalance(_) => self.complete_join_if_all_have(ctx, plan),
            State::CompletingRebalance { .. } => self.prepare_rebalance(ctx, plan, id, "is back"),
            State::Empty { .. } => unreachable!("an empty group has no members"),
        }
    }

    /// That somebody is back is written down, or could not be.
    #[cold]
    pub(super) fn tell_those_who_are_back(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        plan: &Plan,
        result: Result<(), ErrorCode>,
    ) {
        for place in 0..self.members.len() {
            if self.members[place].joining.is_none() {
                continue;
            }
            self.members[place].expires = ctx.now() + plan.config.session_timeout();
            match result {
                Ok(()) => self.tell_generation(ctx, place),
                Err(code) => self.members[place].answer_join(ctx, Err(commit_error(code))),
            }
        }
    }

    /// With `group.protocol=consumer`: a static member leaves for the time being. Its session goes on.
    #[cold]
    pub(super) fn release(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan, place: usize) {
        let member = &mut self.members[place];
        member.reconciliation.release();
        let node = member.id.node;
        ctx.note(|| format!("{} leaves the group for the time being, and keeps its place", plan.name(node)));
        self.write_down(ctx, plan);
    }

    /// With `group.protocol=consumer`: a process joins in place of the one before it.
    ///
    /// # Errors
    /// That one has not left.
    #[cold]
    pub(super) fn take_over(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        plan: &Plan,
        id: MemberId,
    ) -> Result<usize, ErrorCode> {
        let place = self.instance(id).ok_or(ErrorCode::UnknownMemberId)?;
        let member = &mut self.members[place];
        if !member.reconciliation.is_released {
            return Err(ErrorCode::UnreleasedInstanceId);
        }
        member.id = id;
        member.reconciliation.begin_again();
        ctx.note(|| format!("{} is back in the group and has its place", plan.name(id.node)));
        Ok(place)
    }
}

impl Member {
    /// As the group's leader is to see it: as it joined last, or, where that is not known, with what it was given.
    pub(super) fn as_seen(&self, generation: Generation) -> Subscribed {
        self.subscribed.clone().unwrap_or_else(|| Subscribed {
            member: self.id,
            owned: Arc::clone(&self.assignment),
            owned_in: Some(generation),
        })
    }
}

//! `group.protocol=consumer`: the coordinator itself divides the partitions, and brings one member after the other to
//! what it is to read. A member that is to lose something is told so first; who is to have it gets it once the other
//! has said that it gave it up. There is no moment at which everybody waits.
//!
//! Source: KIP-848; `GroupMetadataManager.consumerGroupHeartbeat`, `CurrentAssignmentBuilder`, group-coordinator, 4.1.
//!
//! Simplified: the partitions are divided as the `uniform` assignor does, which comes first in `group.consumer.assignors`.
//! Gives up: what other assignors would move.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::time::Time;

use super::group::{Group, Member, State};
use super::syncing::Write;
use crate::assignor::Strategy;
use crate::error_code::ErrorCode;
use crate::message::{Assigned, Generation, GroupHeartbeat, MemberId, Reconciled, Subscribed};
use crate::model::Kafka;
use crate::plan::Plan;

/// How far a member is from what it is to read.
#[derive(Clone, Debug, Default)]
pub(super) struct Reconciliation {
    /// The group's epoch that the member has arrived at, and the one before: an answer may be lost.
    pub(super) epoch: Generation,
    previous: Generation,
    /// It has been told to give these up, and has not said that it has.
    revoking: Vec<Origin>,
    /// When the coordinator stops waiting for that.
    pub(super) revoke_by: Option<Time>,
    target: Arc<[Origin]>,
    /// It is a static member that has said that it will be back. Only then another process may take its place.
    pub(super) is_released: bool,
}

impl Reconciliation {
    pub(super) fn at(epoch: Generation, is_released: bool) -> Reconciliation {
        Reconciliation { epoch, previous: epoch, is_released, ..Reconciliation::default() }
    }
    /// It keeps what it has for whoever comes in its place, and gives up what it was to give up.
    pub(super) fn release(&mut self) {
        self.is_released = true;
        self.revoking.clear();
        self.revoke_by = None;
    }
    /// Another process is there now, which has arrived at no epoch.
    pub(super) fn begin_again(&mut self) {
        self.is_released = false;
        (self.epoch, self.previous) = (Generation::default(), Generation::default());
    }
}

impl Group {
    #[cold]
    pub(super) fn group_heartbeat(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        plan: &Plan,
        request: &GroupHeartbeat,
    ) -> Result<Reconciled, ErrorCode> {
        let now = ctx.now();
        let expires = now + plan.config.session_timeout();
        let place = match (self.position(request.member), request.epoch) {
            (Some(place), _) => place,
            (None, Some(_)) => return Err(ErrorCode::UnknownMemberId),
            (None, None) if self.instance(request.member).is_some() => self.take_over(ctx, plan, request.member)?,
            (None, None) => {
                self.members.push(Member::named(request.member, expires));
                self.divide_anew(ctx, plan, request.member, "is new");
                self.members.len() - 1
            }
        };
        let member = &mut self.members[place];
        let current = &member.reconciliation;
        if request.epoch.is_some_and(|epoch| epoch != current.epoch && epoch != current.previous) {
            return Err(ErrorCode::FencedMemberEpoch);
        }
        member.expires = expires;
        if let Some(owned) = &request.owned
            && !member.reconciliation.revoking.iter().any(|origin| owned.contains(origin))
        {
            member.reconciliation.revoking.clear();
            member.reconciliation.revoke_by = None;
        }
        let revoke_by = now + plan.config.consumer.max_poll_interval;
        if self.reconcile(place, revoke_by, request.owned.as_deref()) {
            self.write_down(ctx, plan);
        }
        let member = &self.members[place];
        Ok(Reconciled { epoch: member.reconciliation.epoch, assigned: Arc::clone(&member.assignment) })
    }

    /// Brings a member one step closer to what it is to read; whether anything changed. What it is to lose is waited
    /// for, unless it has just said that it does not have it: it gave that up for an earlier coordinator, and would not
    /// say so again.
    ///
    /// Source: `CurrentAssignmentBuilder.{computeNextAssignment,ownsRevokedPartitions}`, group-coordinator, 4.1.
    fn reconcile(&mut self, place: usize, revoke_by: Time, owned: Option<&[Origin]>) -> bool {
        let member = &self.members[place];
        if !member.reconciliation.revoking.is_empty() {
            return false;
        }
        let target = Arc::clone(&member.reconciliation.target);
        let (kept, lost): (Vec<Origin>, Vec<Origin>) =
            member.assignment.iter().partition(|origin| target.contains(origin));
        let is_free = |origin: &Origin| {
            let others = self.members.iter().enumerate().filter(|(other, _)| *other != place);
            !others
                .into_iter()
                .any(|(_, other)| other.assignment.contains(origin) || other.reconciliation.revoking.contains(origin))
        };
        let gained: Vec<Origin> =
            target.iter().copied().filter(|origin| !kept.contains(origin) && is_free(origin)).collect();
        let epoch = self.generation;
        let member = &mut self.members[place];
        let has_lost = !lost.is_empty();
        if owned.is_none_or(|owned| lost.iter().any(|origin| owned.contains(origin))) && has_lost {
            member.assignment = kept.into();
            member.reconciliation.revoking = lost;
            member.reconciliation.revoke_by = Some(revoke_by);
            return true;
        }
        let is_changed = has_lost || !gained.is_empty() || member.reconciliation.epoch != epoch;
        let mut origins = kept;
        origins.extend(gained);
        origins.sort_unstable();
        member.assignment = origins.into();
        if member.reconciliation.epoch != epoch {
            member.reconciliation.previous = member.reconciliation.epoch;
            member.reconciliation.epoch = epoch;
        }
        is_changed
    }

    /// Somebody came or went: the partitions are divided anew, as evenly as can be and moving as few as can be.
    ///
    /// Source: `TargetAssignmentBuilder`, `UniformHomogeneousAssignmentBuilder`, group-coordinator, 4.1.
    pub(super) fn divide_anew(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        plan: &Plan,
        because_of: MemberId,
        why: &'static str,
    ) {
        self.generation = self.generation.next();
        let (generation, at) = (self.generation, ctx.wall_clock());
        ctx.note(|| format!("epoch {} of the group begins: {} {why}", generation.0, plan.name(because_of.node)));
        self.state = match self.members.is_empty() {
            true => State::Empty { since: at },
            false => State::Stable { sync_by: Time::NEVER },
        };
        self.set_targets(plan.config.topic.partitions);
        self.write_down(ctx, plan);
    }

    pub(super) fn set_targets(&mut self, partitions: u16) {
        let generation = self.generation;
        let subscribed = |member: &Member| Subscribed {
            member: member.id,
            owned: Arc::clone(&member.assignment),
            owned_in: Some(generation),
        };
        let members: Vec<Subscribed> = self.members.iter().map(subscribed).collect();
        for Assigned { member: id, origins } in Strategy::Sticky.assign(partitions, &members) {
            if let Some(member) = self.members.iter_mut().find(|member| member.id == id) {
                member.reconciliation.target = origins;
            }
        }
    }

    /// What members have, and what they have not given up yet.
    pub(super) fn write_down(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan) {
        let held = |member: &Member| Assigned {
            member: member.id,
            origins: member.assignment.iter().chain(&member.reconciliation.revoking).copied().collect(),
        };
        let assignments: Vec<Assigned> = self.members.iter().map(held).collect();
        let records = self.records(ctx.wall_clock(), &assignments);
        let deadline = ctx.now() + plan.config.broker.offsets_commit_timeout;
        self.write = Some(Write::new(records, Vec::new(), deadline));
    }

    /// Whether every member has what it is to have.
    pub(super) fn is_reconciled(&self) -> bool {
        self.members.iter().all(|member| {
            let reconciliation = &member.reconciliation;
            reconciliation.epoch == self.generation
                && reconciliation.revoking.is_empty()
                && member.assignment == reconciliation.target
        })
    }
}

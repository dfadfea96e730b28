//! What the group's leader has decided is written down, and once it is replicated everybody learns it.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::Offset;

use super::group::{Group, State, Waiting};
use super::has_enough_replicas;
use crate::broker::Env;
use crate::broker::parked::commit_error;
use crate::broker::replica::Replica;
use crate::config::Config;
use crate::error_code::ErrorCode;
use crate::message::{Assigned, GroupRecord, GroupSynced, Message, SyncGroup};
use crate::model::Kafka;
use crate::plan::Plan;

/// A batch of the group's records on its way to the replicas.
#[derive(Debug)]
pub(super) struct Write {
    records: Vec<GroupRecord>,
    /// What members are told once it is there.
    assignments: Vec<Assigned>,
    /// When it is given up.
    pub(super) deadline: Time,
    /// One past its last record; `None` until it is appended.
    end: Option<Offset>,
}

impl Write {
    pub(super) fn new(records: Vec<GroupRecord>, assignments: Vec<Assigned>, deadline: Time) -> Write {
        Write { records, assignments, deadline, end: None }
    }
}

impl Group {
    /// Source: `GroupCoordinator.doSyncGroup`, core, 3.9.
    pub(super) fn sync(&mut self, ctx: &mut Ctx<'_, Kafka>, config: &Config, from: NodeId, request: &SyncGroup) {
        let waiting = Waiting { to: from, correlation: request.correlation };
        let expires = ctx.now() + config.consumer.session_timeout;
        let member = match self.member(request.membership) {
            Ok(member) => member,
            Err(code) => {
                let (correlation, result) = (request.correlation, Err(code));
                return ctx.send(from, Message::GroupSynced(GroupSynced { correlation, result }));
            }
        };
        let id = member.id;
        member.syncing = Some(waiting);
        member.has_synced = true;
        match self.state {
            State::Empty { .. } => unreachable!("an empty group has no members"),
            State::PreparingRebalance(_) => self.member_at(id).answer_sync(ctx, Err(ErrorCode::RebalanceInProgress)),
            State::Stable { .. } => {
                let member = self.member_at(id);
                let assignment = member.assignment.clone();
                member.answer_sync(ctx, Ok(assignment));
                member.expires = expires;
                self.forget_sync_deadline();
            }
            State::CompletingRebalance { .. } if self.leader == Some(id) => {
                let deadline = ctx.now() + config.broker.offsets_commit_timeout;
                let assignments = request.assignments.to_vec();
                let records = self.records(ctx.wall_clock(), &assignments);
                self.write = Some(Write::new(records, assignments, deadline));
            }
            State::CompletingRebalance { .. } => {}
        }
    }

    fn member_at(&mut self, id: crate::message::MemberId) -> &mut super::group::Member {
        self.members.iter_mut().find(|member| member.id == id).expect("it was found before")
    }

    pub(super) fn records(&self, at: Time, assignments: &[Assigned]) -> Vec<GroupRecord> {
        let mut records = vec![GroupRecord::Generation { generation: self.generation, at }];
        records.extend(self.members.iter().map(|member| GroupRecord::Member(member.id)));
        for Assigned { member, origins } in assignments {
            records.extend(origins.iter().map(|&origin| GroupRecord::Assigned { member: *member, origin }));
        }
        let released = self.members.iter().filter(|member| member.reconciliation.is_released);
        records.extend(released.map(|member| GroupRecord::Released(member.id)));
        records
    }

    pub(super) fn is_writing(&self) -> bool {
        self.write.is_some()
    }
    /// Whether something is to be written, or somebody waits for what was.
    pub(super) fn is_busy(&self) -> bool {
        self.is_writing() || !self.answers.is_empty()
    }
    /// Whether nothing is left that the log has not taken.
    pub(super) fn has_appended(&self) -> bool {
        self.write.as_ref().is_none_or(|write| write.end.is_some())
    }

    /// Goes on with what is to be written, and with those who wait for it.
    pub(super) fn write(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        replica: &mut Replica,
    ) -> Result<(), DiskError> {
        self.write_on(ctx, env, replica)?;
        self.send_answers(ctx, replica);
        Ok(())
    }

    /// What is to be written: it is appended when the log takes it, and done when the high watermark has
    /// passed it. Up to 3.9 the in-sync set must be large enough, before and after.
    ///
    /// Source: `GroupMetadataManager.storeGroup`, core, 3.9; `CoordinatorRuntime`, coordinator-common, 4.1.
    fn write_on(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        replica: &mut Replica,
    ) -> Result<(), DiskError> {
        let Some(write) = &mut self.write else { return Ok(()) };
        if write.end.is_none() && !replica.flush.holds_an_append() {
            if !has_enough_replicas(replica, env, replica.isr().len()) {
                self.written(ctx, env.plan, Err(ErrorCode::NotEnoughReplicas));
                return Ok(());
            }
            replica.append_records_of_group(ctx, env, &write.records)?;
            write.end = Some(replica.end());
        }
        match write.end {
            Some(end) if end <= replica.high_watermark() => {
                let result = match has_enough_replicas(replica, env, replica.maximal_isr().len()) {
                    true => Ok(()),
                    false => Err(ErrorCode::NotEnoughReplicasAfterAppend),
                };
                self.written(ctx, env.plan, result);
            }
            Some(_) | None if write.deadline <= ctx.now() => {
                self.written(ctx, env.plan, Err(ErrorCode::RequestTimedOut));
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// What was to be written is there, or was given up.
    fn written(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan, result: Result<(), ErrorCode>) {
        let Some(write) = self.write.take() else { return };
        let sync_by = match self.state {
            State::CompletingRebalance { sync_by } => sync_by,
            State::Stable { .. } => return self.tell_those_who_are_back(ctx, plan, result),
            State::Empty { .. } | State::PreparingRebalance(_) => return,
        };
        match result {
            Ok(()) => {
                for member in &mut self.members {
                    let own = write.assignments.iter().find(|assigned| assigned.member == member.id);
                    member.assignment = own.map_or_else(|| [].into(), |assigned| assigned.origins.clone());
                    if member.syncing.is_some() {
                        member.expires = ctx.now() + plan.config.consumer.session_timeout;
                    }
                    let assignment = member.assignment.clone();
                    member.answer_sync(ctx, Ok(assignment));
                }
                self.state = State::Stable { sync_by };
                self.forget_sync_deadline();
            }
            Err(code) => {
                for member in &mut self.members {
                    member.answer_sync(ctx, Err(commit_error(code)));
                }
                if let Some(leader) = self.leader {
                    self.prepare_rebalance(ctx, plan, leader, "could not store what it decided");
                }
            }
        }
    }

    /// Nobody is missing any more.
    fn forget_sync_deadline(&mut self) {
        if let State::Stable { sync_by } = &mut self.state
            && self.members.iter().all(|member| member.has_synced)
        {
            *sync_by = Time::NEVER;
        }
    }

    /// Source: `GroupCoordinator.onExpirePendingSync`, core, 3.9.
    pub(super) fn remove_those_without_sync(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan) {
        let Some(missing) = self.members.iter().find(|member| !member.has_synced).map(|member| member.id) else {
            return self.forget_sync_deadline();
        };
        for place in (0..self.members.len()).filter(|&place| !self.members[place].has_synced) {
            self.expelled(ctx, place, "it had not asked in time what to read");
        }
        self.members.retain(|member| member.has_synced);
        if self.leader.is_some_and(|leader| self.position(leader).is_none()) {
            self.leader = self.members.first().map(|member| member.id);
        }
        self.prepare_rebalance(ctx, plan, missing, "has not asked what to read");
    }
}

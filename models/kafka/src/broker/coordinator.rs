//! The coordinator of the consumer group: the leader of `__consumer_offsets` keeps the group's progress and its
//! membership, in records like any others.
//!
//! Who is in the group, in which generation and with which partitions is written down; who has joined for the next
//! generation, and when a member was last heard from, is in memory only and begins anew with a new coordinator.
//!
//! Simplified: the coordinator loads the group at once. Gives up: COORDINATOR_LOAD_IN_PROGRESS.
//! Simplified: commits are never compacted away. Gives up: nothing but the length of the log.

mod answers;
mod expiry;
mod group;
mod instances;
mod joining;
mod progress;
mod reconciling;
mod syncing;

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;

use super::replica::Replica;
use super::timer::{Alarm, Timer};
use super::{Broker, Env};
use crate::error_code::ErrorCode;
use crate::message::{
    GroupHeartbeat, GroupHeartbeatIs, GroupJoined, GroupLeft, GroupSynced, JoinGroup, LeaveGroup, MemberHeartbeat,
    MemberHeartbeatIs, Message, SyncGroup,
};
use crate::model::Kafka;
use crate::topic::Layout;

pub use group::Group;
pub use progress::progress_in;

/// What a broker knows of the group.
#[derive(Debug, Default)]
pub(super) struct Coordinator {
    progress: progress::Progress,
    /// Only while this broker leads `__consumer_offsets`.
    group: Option<Box<Group>>,
    alarm: Alarm,
}

impl Coordinator {
    /// Sees to it that the broker wakes up when something of the group is due.
    fn arm(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(due) = self.group.as_ref().and_then(|group| group.due()) {
            self.alarm.at_latest(ctx, Timer::Group, due);
        }
    }
}

impl Broker {
    /// The group, if this broker coordinates it.
    pub fn group(&self) -> Option<&Group> {
        self.coordinator.group.as_deref()
    }

    /// After everything that happens: this broker may have begun or ceased to coordinate, and what the group wants
    /// written may be written, or replicated.
    ///
    /// Source: `BrokerMetadataPublisher.updateCoordinator`, core, 4.1.
    pub(super) fn coordinate(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        let index = self.plan.layout.offsets();
        let leads = self.replica(index).is_some_and(Replica::leads);
        match (&mut self.coordinator.group, leads) {
            (None, false) => return Ok(()),
            (Some(_), true) => {}
            (None, true) => {
                let records = ctx.disk.tail(Layout::file(index), 0);
                let group = Group::load(records, ctx.now(), &self.plan.config);
                self.coordinator.group = Some(Box::new(group));
                self.coordinator.arm(ctx);
                let interval = self.plan.config.broker.offsets_retention_check_interval;
                ctx.set_timer(Timer::ExpireOffsets.id(), interval);
            }
            (Some(group), false) => {
                group.resign(ctx);
                self.coordinator.group = None;
                return Ok(());
            }
        }
        match self.coordinator.group.take_if(|group| group.is_busy()) {
            Some(group) => self.write_group(ctx, group),
            None => Ok(()),
        }
    }

    fn write_group(&mut self, ctx: &mut Ctx<'_, Kafka>, mut group: Box<Group>) -> Result<(), DiskError> {
        let written = match self.split(self.plan.layout.offsets()) {
            Some((replica, mut env)) => group.write(ctx, &mut env, replica),
            None => unreachable!("who coordinates leads a replica"),
        };
        self.coordinator.group = Some(group);
        self.coordinator.arm(ctx);
        written
    }

    pub(super) fn on_group_timer(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.coordinator.alarm.fired();
        if let Some(group) = &mut self.coordinator.group {
            group.expire(ctx, &self.plan);
        }
        self.coordinator.arm(ctx);
    }

    pub(super) fn on_join_group(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: JoinGroup) {
        match &mut self.coordinator.group {
            Some(group) => group.join(ctx, &self.plan, from, request),
            None => {
                let (correlation, result) = (request.correlation, Err(ErrorCode::NotCoordinator));
                ctx.send(from, Message::GroupJoined(GroupJoined { correlation, result }));
            }
        }
        self.coordinator.arm(ctx);
    }

    pub(super) fn on_sync_group(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &SyncGroup) {
        match &mut self.coordinator.group {
            Some(group) => group.sync(ctx, &self.plan.config, from, request),
            None => {
                let (correlation, result) = (request.correlation, Err(ErrorCode::NotCoordinator));
                ctx.send(from, Message::GroupSynced(GroupSynced { correlation, result }));
            }
        }
        self.coordinator.arm(ctx);
    }

    pub(super) fn on_member_heartbeat(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &MemberHeartbeat) {
        let result = match &mut self.coordinator.group {
            Some(group) => group.heartbeat(ctx.now(), &self.plan.config, request.membership),
            None => Err(ErrorCode::NotCoordinator),
        };
        let correlation = request.correlation;
        ctx.send(from, Message::MemberHeartbeatIs(MemberHeartbeatIs { correlation, result }));
    }

    pub(super) fn on_group_heartbeat(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &GroupHeartbeat) {
        let by = ctx.now() + self.plan.config.broker.offsets_commit_timeout;
        let correlation = request.correlation;
        let refusal = match &mut self.coordinator.group {
            Some(group) => match group.group_heartbeat(ctx, &self.plan, request) {
                Ok(told) => {
                    group.answer_later(from, correlation, told, by);
                    None
                }
                Err(error) => Some(error),
            },
            None => Some(ErrorCode::NotCoordinator),
        };
        if let Some(error) = refusal {
            ctx.send(from, Message::GroupHeartbeatIs(GroupHeartbeatIs { correlation, result: Err(error) }));
        }
        self.coordinator.arm(ctx);
    }

    pub(super) fn on_leave_group(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &LeaveGroup) {
        if let Some(group) = &mut self.coordinator.group {
            group.leave(ctx, &self.plan, request.member);
        }
        ctx.send(from, Message::GroupLeft(GroupLeft { correlation: request.correlation }));
        self.coordinator.arm(ctx);
    }
}

/// Whether the in-sync set is large enough for the group's records, where that is asked.
fn has_enough_replicas(replica: &Replica, env: &Env<'_>, members: usize) -> bool {
    !super::writing::checks_commits(env) || members >= env.plan.min_isr(replica.index)
}

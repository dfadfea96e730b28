//! A member's place in its group: when it joins, what it is told to read, and the heartbeats by which it stays.
//!
//! Heartbeats come from a thread of their own, whatever the application does; joining and taking up what was assigned
//! happen inside `poll()` only. A member that cannot reach its coordinator goes on with what it has.
//!
//! Source: `AbstractCoordinator`, `ConsumerCoordinator`, `Heartbeat` at 4.1.
//!
//! Simplified: requests to the coordinator share the connection with fetches. Gives up: nothing but what is lost with it.

mod heartbeat;
mod joining;

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use super::poll::Thread;
use crate::config::ConsumerConfig;
use crate::error_code::ErrorCode;
use crate::message::{Generation, MemberId, Membership};
use crate::model::Kafka;

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Stage {
    Unjoined,
    /// It asks, or has to ask, to join.
    Joining,
    /// It has joined, and asks what to read.
    Syncing,
    Stable,
}

/// Asking to join, and what to read.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Request {
    NotBefore(Time),
    UnderWay,
}

#[derive(Debug)]
pub struct Member {
    pub(super) id: MemberId,
    /// The coordinator has not answered this id yet.
    is_new: bool,
    pub(super) generation: Option<Generation>,
    pub(super) stage: Stage,
    /// The group has to be joined, for the first time or again.
    pub(super) rejoins: bool,
    /// Everything was done that comes before joining.
    is_prepared: bool,
    /// Until when the commit before joining is waited for, while it is.
    prepares_until: Option<Time>,
    pub(super) request: Request,
    /// Requests to join that failed in a row.
    failures: u32,
    /// What it is to read, and has not taken up yet.
    pub(super) assigned: Option<Arc<[Origin]>>,
    /// What it was given last.
    last_assigned: Arc<[Origin]>,
    pub(super) last_generation: Option<Generation>,
    pub(super) heartbeat_at: Time,
    pub(super) heartbeat_under_way: bool,
    pub(super) failed_heartbeats: u32,
    session_until: Time,
    /// When the application has been away for too long.
    pub(super) poll_by: Time,
    /// With `group.protocol=consumer`: the coordinator is to hear what the member has now.
    pub(super) acknowledges: bool,
    /// It has said goodbye on the way out.
    leaves: bool,
    /// How often in a row its application stayed away from `poll()` for too long, and stored nothing new in between.
    pub(super) absences: u32,
    /// It has a `group.instance.id`.
    is_static: bool,
}

impl Member {
    pub fn new(is_static: bool) -> Member {
        Member {
            id: MemberId { draw: 0, node: NodeId(0) },
            is_new: true,
            generation: None,
            stage: Stage::Unjoined,
            rejoins: true,
            is_prepared: false,
            prepares_until: None,
            request: Request::NotBefore(Time::ZERO),
            failures: 0,
            assigned: None,
            last_assigned: [].into(),
            last_generation: None,
            heartbeat_at: Time::NEVER,
            heartbeat_under_way: false,
            failed_heartbeats: 0,
            session_until: Time::NEVER,
            poll_by: Time::NEVER,
            acknowledges: false,
            leaves: false,
            absences: 0,
            is_static,
        }
    }

    /// Takes another id: the coordinator does not know the present one.
    pub fn renew(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let draw = ctx.random.between(0, u64::from(u32::MAX)) as u32;
        // Static members are in the order of their ids whichever process it is.
        // Source: `AbstractPartitionAssignor.MemberInfo.compareTo` at 4.1.
        let draw = if self.is_static { u32::from(ctx.node.0) << 24 | draw >> 8 } else { draw };
        self.id = MemberId { draw, node: ctx.node };
        self.is_new = true;
        self.lose_generation();
    }

    /// Source: `AbstractCoordinator.resetStateAndRejoin` at 4.1.
    pub(super) fn lose_generation(&mut self) {
        self.generation = None;
        self.stage = Stage::Unjoined;
        self.rejoins = true;
        self.is_prepared = false;
        self.prepares_until = None;
        self.request = Request::NotBefore(Time::ZERO);
        self.assigned = None;
    }

    /// Whether it is in the group, and nothing is left to be divided as far as it knows.
    pub fn is_settled(&self) -> bool {
        self.stage == Stage::Stable && self.assigned.is_none() && !self.rejoins && !self.acknowledges
    }

    pub fn membership(&self) -> Option<Membership> {
        Some(Membership { member: self.id, generation: self.generation? })
    }

    /// As whom it may store progress now.
    ///
    /// Source: `AbstractCoordinator.generationIfStable` at 4.1.
    pub fn may_commit(&self) -> Result<Membership, Refusal> {
        match (self.stage, self.membership()) {
            (Stage::Stable, Some(membership)) => Ok(membership),
            (Stage::Joining | Stage::Syncing, _) => Err(Refusal::Rebalances),
            (Stage::Unjoined | Stage::Stable, _) => Err(Refusal::NoMember),
        }
    }

    pub fn has_assigned(&self) -> bool {
        self.assigned.is_some()
    }
    /// What was assigned is there: the coordinator is to hear it at once.
    pub fn acknowledge(&mut self) {
        self.acknowledges = true;
    }
    /// When the next heartbeat is due with `group.protocol=consumer`: at once where there is something to tell.
    pub fn group_heartbeat_due(&self) -> Time {
        match self.stage {
            Stage::Stable if !self.acknowledges => self.heartbeat_at,
            Stage::Stable if self.failed_heartbeats > 0 => self.heartbeat_at,
            Stage::Stable => Time::ZERO,
            Stage::Unjoined | Stage::Joining | Stage::Syncing if self.failed_heartbeats > 0 => self.heartbeat_at,
            Stage::Unjoined | Stage::Joining | Stage::Syncing => Time::ZERO,
        }
    }
    /// When it next has something to ask of the coordinator with `group.protocol=consumer`.
    pub fn group_due(&self, thread: Thread) -> Time {
        let in_poll = thread == Thread::Running;
        let heartbeat = if self.heartbeat_under_way { Time::NEVER } else { self.group_heartbeat_due() };
        let away = if in_poll || self.stage == Stage::Unjoined { Time::NEVER } else { self.poll_by };
        let is_blocked = !in_poll && self.stage == Stage::Unjoined;
        let heartbeat = if is_blocked { Time::NEVER } else { heartbeat };
        heartbeat.min(away).min(self.prepares_until.unwrap_or(Time::NEVER))
    }

    pub fn take_assigned(&mut self) -> Option<Arc<[Origin]>> {
        self.assigned.take()
    }
    /// It reads what it was assigned, and joins again if it gave something up for it.
    pub fn took_up(&mut self, origins: Arc<[Origin]>, joins_again: bool) {
        self.last_assigned = origins;
        self.last_generation = self.generation;
        self.is_prepared = false;
        self.rejoins |= joins_again;
    }
    /// It is in no generation, and what it had belongs to others.
    pub fn is_thrown_out(&self) -> bool {
        self.generation.is_none()
    }
    pub fn is_prepared(&self) -> bool {
        self.is_prepared
    }
    pub fn prepare_until(&mut self, until: Time) {
        self.prepares_until = Some(until);
    }
    pub fn has_prepared_for_long(&self, now: Time) -> bool {
        self.prepares_until.is_some_and(|until| until <= now)
    }
    pub fn is_ready_to_join(&mut self) {
        self.prepares_until = None;
        self.is_prepared = true;
    }
    /// It waits for the commit that comes before joining.
    pub fn prepares(&self) -> bool {
        self.prepares_until.is_some()
    }

    /// The application is in `poll()`.
    pub fn polled(&mut self, now: Time, config: &ConsumerConfig) {
        self.poll_by = now + config.max_poll_interval;
    }

    /// The coordinator said that the group is dividing its partitions anew.
    pub fn join_again(&mut self) {
        if self.stage == Stage::Stable {
            self.rejoins = true;
        }
    }

    /// The coordinator does not take this member, or this generation, for a current one.
    pub fn refused(&mut self, ctx: &mut Ctx<'_, Kafka>, code: ErrorCode) {
        match code {
            ErrorCode::IllegalGeneration => self.lose_generation(),
            _ => self.renew(ctx),
        }
    }

    fn is(&self, claim: Membership) -> bool {
        self.membership() == Some(claim)
    }

    /// When it next has something to ask of the coordinator.
    pub fn due(&self, thread: Thread, joins_in_background: bool) -> Time {
        let in_poll = thread == Thread::Running;
        let join = match self.request {
            Request::NotBefore(at) if (in_poll || joins_in_background) && self.rejoins => {
                self.prepares_until.unwrap_or(at)
            }
            Request::NotBefore(_) | Request::UnderWay => Time::NEVER,
        };
        match self.stage {
            Stage::Unjoined | Stage::Joining => join,
            Stage::Syncing | Stage::Stable => {
                let heartbeat = if self.heartbeat_under_way { Time::NEVER } else { self.heartbeat_at };
                let slow = if in_poll { Time::NEVER } else { self.poll_by };
                join.min(heartbeat).min(self.session_until).min(slow)
            }
        }
    }
}

/// Why progress cannot be stored.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Refusal {
    /// RebalanceInProgressException: it can be tried again after the rebalance.
    Rebalances,
    /// CommitFailedException: somebody else may have the partitions by now.
    NoMember,
}

//! A member joins its group and hears what to read.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use super::{Request, Stage};
use crate::consumer::{Asked, Consumer};
use crate::error_code::ErrorCode;
use crate::message::{Assigned, JoinGroup, Joined, MemberId, Membership, Message, Subscribed, SyncGroup};
use crate::model::Kafka;

/// The broker has so much longer than it needs to answer a request to join.
/// Source: `AbstractCoordinator.JOIN_GROUP_TIMEOUT_LAPSE` at 4.1.
const JOIN_LAPSE: Span = Span::secs(5);

impl Consumer {
    /// Asks to join, once everything that comes before is done.
    ///
    /// Source: `AbstractCoordinator.{initiateJoinGroup,sendJoinGroupRequest}` at 4.1.
    #[cold]
    pub(in crate::consumer) fn send_join(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let Some(member) = &mut self.member else { return };
        match member.request {
            Request::NotBefore(at) if at <= now => {}
            Request::NotBefore(_) | Request::UnderWay => return,
        }
        let Some(coordinator) = self.leaders.coordinator() else { return self.leaders.want() };
        if !self.connections.is_open(coordinator) {
            return self.connections.open(ctx, coordinator);
        }
        member.stage = Stage::Joining;
        member.request = Request::UnderWay;
        let (id, is_new) = (member.id, member.is_new);
        let owned = self.config.strategy.remembers(&member.last_assigned, self.partitions.iter().map(|own| own.origin));
        let subscribed = Subscribed { member: id, owned, owned_in: member.last_generation };
        let timeout = self.config.request_timeout.max(self.config.max_poll_interval + JOIN_LAPSE);
        self.connections.ask_within(ctx, coordinator, Asked::Join(id), timeout, |correlation| {
            Message::JoinGroup(JoinGroup { correlation, subscribed, is_new })
        });
    }

    /// The next generation has begun. The leader divides the partitions.
    ///
    /// Source: `AbstractCoordinator.JoinGroupResponseHandler`, `ConsumerCoordinator.onLeaderElected` at 4.1.
    #[cold]
    pub(in crate::consumer) fn joined(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        from: NodeId,
        id: MemberId,
        result: Result<Joined, ErrorCode>,
    ) {
        let now = ctx.wall_clock();
        let Some(member) = self.member.as_mut().filter(|member| member.id == id && member.stage == Stage::Joining)
        else {
            return;
        };
        let joined = match result {
            Ok(joined) => joined,
            Err(ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId) => return member.renew(ctx),
            Err(_) => return self.join_failed(ctx, now),
        };
        member.is_new = false;
        member.generation = Some(joined.generation);
        member.stage = Stage::Syncing;
        member.failures = 0;
        member.heartbeat_at = now + self.config.heartbeat_interval;
        member.session_until = now + self.config.session_timeout;
        member.polled(now, &self.config);
        let assignments: Arc<[Assigned]> = match joined.leader == id {
            true => self.config.strategy.assign(self.topic_partitions, &joined.members).into(),
            false => [].into(),
        };
        let membership = Membership { member: id, generation: joined.generation };
        self.connections.ask(ctx, from, Asked::Sync(membership), |correlation| {
            Message::SyncGroup(SyncGroup { correlation, membership, assignments })
        });
    }

    /// Source: `AbstractCoordinator.SyncGroupResponseHandler` at 4.1.
    #[cold]
    pub(in crate::consumer) fn synced(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        claim: Membership,
        result: Result<Arc<[Origin]>, ErrorCode>,
    ) {
        let now = ctx.wall_clock();
        let Some(member) = self.member.as_mut().filter(|member| member.is(claim) && member.stage == Stage::Syncing)
        else {
            return;
        };
        match result {
            Ok(origins) => {
                member.stage = Stage::Stable;
                member.rejoins = false;
                member.request = Request::NotBefore(now);
                member.assigned = Some(origins);
            }
            Err(code @ (ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedInstanceId)) => {
                member.refused(ctx, code);
            }
            Err(ErrorCode::RebalanceInProgress) => member.request = Request::NotBefore(now),
            Err(_) => self.join_failed(ctx, now),
        }
    }

    fn join_failed(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        self.leaders.want();
        let Some(member) = &mut self.member else { return };
        member.failures += 1;
        member.request = Request::NotBefore(now + self.config.backoff.draw(member.failures, ctx.random));
    }

    /// The connection went with what was asked over it.
    #[cold]
    pub(in crate::consumer) fn lost_join(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time, id: MemberId) {
        if self.member.as_ref().is_some_and(|member| member.id == id && member.request == Request::UnderWay) {
            self.join_failed(ctx, now);
        }
    }
}

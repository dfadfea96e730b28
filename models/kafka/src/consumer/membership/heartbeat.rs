//! How a member stays in its group, and how it leaves.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::Time;

use super::Stage;
use crate::consumer::poll::Thread;
use crate::consumer::{Asked, Consumer};
use crate::error_code::ErrorCode;
use crate::message::{LeaveGroup, MemberHeartbeat, Membership, Message};
use crate::model::Kafka;
use crate::mutation::Rule;

impl Consumer {
    /// What the heartbeat thread does: it says that the member lives, notices that nobody answers, and leaves the group
    /// when the application does not come back to `poll()`.
    ///
    /// Source: `AbstractCoordinator.HeartbeatThread.run` at 4.1.
    pub(in crate::consumer) fn beat(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let Some(member) = &mut self.member else { return };
        let (Stage::Syncing | Stage::Stable, Some(membership)) = (member.stage, member.membership()) else { return };
        if member.session_until <= now {
            member.session_until = now + self.config.session_timeout;
            self.leaders.want();
        }
        let Some(coordinator) = self.leaders.coordinator() else { return self.leaders.want() };
        let is_due = !member.heartbeat_under_way && member.heartbeat_at <= now;
        if !self.may_beat(ctx, coordinator, now, is_due) {
            return;
        }
        let Some(member) = &mut self.member else { return };
        member.heartbeat_under_way = true;
        member.heartbeat_at = now + self.config.heartbeat_interval;
        self.connections.ask(ctx, coordinator, Asked::Heartbeat(membership), |correlation| {
            Message::MemberHeartbeat(MemberHeartbeat { correlation, membership })
        });
    }

    /// Whether a heartbeat goes to the coordinator now. A member whose application stays away leaves instead.
    pub(in crate::consumer) fn may_beat(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        coordinator: NodeId,
        now: Time,
        is_due: bool,
    ) -> bool {
        let has_waited = self.member.as_ref().is_some_and(|member| member.poll_by <= now);
        let is_away = self.poll.thread != Thread::Running && has_waited && Rule::PollInterval.holds();
        if !is_away && !is_due {
            return false;
        }
        if !self.connections.is_open(coordinator) {
            self.connections.open(ctx, coordinator);
            return false;
        }
        if is_away {
            let member = ctx.node;
            match self.says_goodbye() {
                true => ctx.observe(Probe::Noted, || {
                    let why = "its application had not polled within max.poll.interval.ms".to_owned();
                    Observation::LeftGroup { member, why }
                }),
                false => ctx.note(|| {
                    "sends no more heartbeats: its application did not poll within max.poll.interval.ms".to_owned()
                }),
            }
            self.leave(ctx, coordinator);
            if let Some(member) = &mut self.member {
                member.absences += 1;
            }
        }
        !is_away
    }

    /// Source: `AbstractCoordinator.HeartbeatResponseHandler` at 4.1.
    #[cold]
    pub(in crate::consumer) fn heartbeat_is(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        claim: Membership,
        result: Result<(), ErrorCode>,
    ) {
        let now = ctx.wall_clock();
        let Some(member) = &mut self.member else { return };
        member.heartbeat_under_way = false;
        match result {
            Ok(()) | Err(ErrorCode::RebalanceInProgress) => {
                member.failed_heartbeats = 0;
                member.session_until = now + self.config.session_timeout;
                if result.is_err() {
                    member.join_again();
                }
            }
            Err(code @ (ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedInstanceId)) => {
                if member.is(claim) {
                    ctx.note(|| format!("is no longer in its group: {code}"));
                    member.refused(ctx, code);
                }
            }
            Err(_) => self.heartbeat_failed(ctx, now),
        }
    }

    /// Source: `Heartbeat.failHeartbeat` at 4.1.
    #[cold]
    pub(in crate::consumer) fn heartbeat_failed(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        self.leaders.want();
        let Some(member) = &mut self.member else { return };
        member.heartbeat_under_way = false;
        member.failed_heartbeats += 1;
        member.heartbeat_at = now + self.config.backoff.draw(member.failed_heartbeats, ctx.random);
    }

    /// A static member of the classic protocol never does: its session ends by itself, unless it is back before.
    ///
    /// Source: KIP-345; `AbstractCoordinator.shouldSendLeaveGroupRequest` at 4.1; `rd_kafka_cgrp_leave_maybe`,
    /// `rd_kafka_cgrp_max_poll_interval_check_tmr_cb` at librdkafka 2.15.0.
    fn says_goodbye(&self) -> bool {
        !self.config.is_static || self.config.is_reconciling
    }

    /// Tells the coordinator that the member goes, and does not wait for an answer.
    #[cold]
    pub(in crate::consumer) fn leave(&mut self, ctx: &mut Ctx<'_, Kafka>, coordinator: NodeId) {
        let says_goodbye = self.says_goodbye();
        let Some(member) = &mut self.member else { return };
        let id = member.id;
        member.renew(ctx);
        if !says_goodbye {
            return;
        }
        self.connections.ask(ctx, coordinator, Asked::Leave, |correlation| {
            Message::LeaveGroup(LeaveGroup { correlation, member: id })
        });
    }

    /// The last thing before the process ends: a member says goodbye, if it can. Whether it has been answered, or has
    /// nobody to say it to.
    ///
    /// Source: `AbstractCoordinator.close` at 4.1.
    pub(in crate::consumer) fn has_left(&mut self, ctx: &mut Ctx<'_, Kafka>) -> bool {
        if !self.config.leaves_on_close || !self.says_goodbye() {
            return true;
        }
        let Some(member) = &mut self.member else { return true };
        if member.leaves {
            return !self.connections.in_flight().any(|asked| matches!(asked, Asked::Leave));
        }
        let coordinator = self.leaders.coordinator().filter(|&node| self.connections.is_open(node));
        let (Some(coordinator), false) = (coordinator, member.stage == Stage::Unjoined) else { return true };
        member.leaves = true;
        self.leave(ctx, coordinator);
        false
    }
}

//! The in-sync set as its leader sees it. The leader only proposes; the controller decides.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use super::leader::{Leader, Progress};
use super::replica::{Replica, Role};
use super::{CONTROLLER_RETRY, Env, SILENCE, Timer};
use crate::error_code::ErrorCode;
use crate::message::{AlterPartition, Message, PartitionAltered};
use crate::metadata::{BrokerEpoch, NodeSet};
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::topic::describe;

/// A change that the controller has not confirmed.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    kind: Kind,
    /// The set as it would be.
    isr: NodeSet,
    request: AlterPartition,
    /// `None`: to be sent again.
    sent_at: Option<Time>,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Kind {
    Expand,
    Shrink,
}

impl Proposal {
    /// Whom the high watermark waits for meanwhile: a new member at once, a removed one until its removal is confirmed.
    pub(super) fn maximal(&self, committed: NodeSet) -> NodeSet {
        match self.kind {
            Kind::Expand if !Rule::PendingExpand.holds() => committed,
            Kind::Shrink if !Rule::PendingShrink.holds() => self.isr,
            Kind::Expand => self.isr,
            Kind::Shrink => committed,
        }
    }
}

impl Env<'_> {
    /// Whether a follower may become a member, as far as this broker knows: it is not fenced, not shutting down, and
    /// it is the process that is registered. The last is what keeps a broker that lost its disk and came back from
    /// being taken for the one that had the records.
    ///
    /// Source: `Partition.isReplicaIsrEligible`, core, 4.1; KIP-903.
    pub(super) fn may_join_isr(&self, follower: &Progress) -> bool {
        let is_registered = |epoch: BrokerEpoch| !self.checks_broker_epochs() || follower.broker_epoch == Some(epoch);
        let status = self.view.broker(follower.node);
        status.is_some_and(|status| status.is_active() && is_registered(status.epoch))
    }

    /// Whether a follower's fetches say which process they come from. Source: KIP-903, 3.5.
    pub(super) fn checks_broker_epochs(&self) -> bool {
        self.plan.config.names_processes && Rule::BrokerEpoch.holds()
    }
}

impl Replica {
    /// Proposes a follower that has caught up: it has everything up to the high watermark, and up to the beginning of
    /// this epoch.
    ///
    /// Source: `Partition.{maybeExpandIsr,isFollowerInSync}`, core, 4.1.
    pub(super) fn expand_isr(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, follower: &Progress) {
        let isr = self.isr();
        let Role::Leader(leader) = &self.role else { return };
        let is_in_sync = follower.end.is_some_and(|end| end >= self.high_watermark && end >= leader.epoch_start);
        if leader.proposal.is_none() && !isr.contains(follower.node) && is_in_sync && env.may_join_isr(follower) {
            self.propose(ctx, env, Kind::Expand, isr.with(follower.node));
        }
    }

    /// Proposes to go on without members that have not caught up for `replica.lag.time.max.ms`. Looked at every half
    /// of that, so a dead member leaves after 1 to 1.5 times as long.
    ///
    /// Source: `Partition.{maybeShrinkIsr,getOutOfSyncReplicas}`, `ReplicaManager.startup`, core, 4.1.
    #[cold]
    pub(super) fn shrink_isr(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let (isr, end, now) = (self.isr(), self.log.end(), ctx.wall_clock());
        let lag_max = match Rule::IsrShrink.holds() {
            true => env.plan.config.broker.replica_lag_max,
            false => Span::ZERO,
        };
        let Role::Leader(leader) = &self.role else { return };
        if leader.proposal.is_some() || !Rule::IsrShrinkAtAll.holds() {
            return;
        }
        let behind: NodeSet = leader
            .followers
            .iter()
            .filter(|follower| isr.contains(follower.node) && !follower.is_caught_up(end, now, lag_max))
            .map(|follower| follower.node)
            .collect();
        if !behind.is_empty() {
            self.propose(ctx, env, Kind::Shrink, isr.minus(behind));
            if !Rule::PendingShrink.holds() {
                self.advance_high_watermark(ctx, env);
            }
        }
    }

    #[cold]
    fn propose(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, kind: Kind, isr: NodeSet) {
        let Some(state) = self.state else { return };
        let me = ctx.node;
        let Role::Leader(leader) = &mut self.role else { return };
        let epoch_of = |node: NodeId| match node == me {
            _ if !env.checks_broker_epochs() => None,
            true => Some(env.broker_epoch),
            false => leader.followers.iter().find(|follower| follower.node == node)?.broker_epoch,
        };
        let members: Arc<[_]> = isr.iter().map(epoch_of).collect();
        let request = AlterPartition {
            correlation: env.correlation.advance(),
            origin: self.origin,
            broker_epoch: env.broker_epoch,
            leader_epoch: state.leader_epoch,
            partition_epoch: state.partition_epoch,
            isr,
            members,
        };
        let origin = self.origin;
        ctx.note(|| format!("proposes {} for the in-sync set of {}", env.plan.names(isr), describe(origin)));
        ctx.send(env.plan.layout.controller, Message::AlterPartition(request.clone()));
        env.proposals.at_latest(ctx, Timer::ProposeAgain, ctx.now() + SILENCE);
        leader.proposal = Some(Proposal { kind, isr, request, sent_at: Some(ctx.now()) });
    }

    /// Sends a proposal again that was lost, or that nobody has answered for long.
    ///
    /// Source: `AlterPartitionManager`, server, 4.1: retried without limit.
    #[cold]
    pub(super) fn propose_again(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let now = ctx.now();
        let Role::Leader(Leader { proposal: Some(proposal), .. }) = &mut self.role else { return };
        let due = match proposal.sent_at {
            Some(sent) if now.since(sent) < SILENCE => sent + SILENCE,
            Some(_) | None => {
                ctx.send(env.plan.layout.controller, Message::AlterPartition(proposal.request.clone()));
                proposal.sent_at = Some(now);
                now + SILENCE
            }
        };
        env.proposals.at_latest(ctx, Timer::ProposeAgain, due);
    }

    /// The connection to the controller is gone, and a proposal with it.
    pub(super) fn lose_proposal(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        if let Role::Leader(Leader { proposal: Some(proposal), .. }) = &mut self.role {
            proposal.sent_at = None;
            env.proposals.at_latest(ctx, Timer::ProposeAgain, ctx.now() + CONTROLLER_RETRY);
        }
    }

    /// The controller's answer. On success the set is committed. A refusal because of an ineligible member takes the
    /// proposal back; one because the leader's picture is out of date leaves it pending until the new state comes;
    /// anything else is tried again.
    ///
    /// Source: `Partition.{submitAlterPartition,handleAlterPartitionUpdate,handleAlterPartitionError}`, core, 4.1.
    #[cold]
    pub(super) fn on_altered(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        reply: &PartitionAltered,
    ) -> Result<(), DiskError> {
        let Role::Leader(leader) = &mut self.role else { return Ok(()) };
        let is_answer = |proposal: &&mut Proposal| proposal.request.correlation == reply.correlation;
        let Some(proposal) = leader.proposal.as_mut().filter(is_answer) else { return Ok(()) };
        match reply.result {
            Ok(new) => {
                let Some(state) = &mut self.state else { return Ok(()) };
                if new.leader_epoch == state.leader_epoch && new.partition_epoch >= state.partition_epoch {
                    *state = new;
                    leader.proposal = None;
                    self.advance_high_watermark(ctx, env);
                }
            }
            Err(ErrorCode::IneligibleReplica) => leader.proposal = None,
            Err(
                ErrorCode::UnknownTopicOrPartition
                | ErrorCode::FencedLeaderEpoch
                | ErrorCode::InvalidUpdateVersion
                | ErrorCode::InvalidRequest,
            ) => {}
            Err(_) => {
                proposal.sent_at = None;
                env.proposals.at_latest(ctx, Timer::ProposeAgain, ctx.now() + CONTROLLER_RETRY);
            }
        }
        Ok(())
    }
}

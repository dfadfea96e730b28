//! How a follower cut its log before fetch answers told it where: to its own high watermark, or to where the leader said
//! that an epoch ends. Only an older `inter.broker.protocol.version` or format of messages asks for it; up to 3.9.
//!
//! Here too: what a follower does whose offset its leader does not have.

use ackproof_core::actor::Ctx;
use ackproof_log::EpochEnd;

use super::Env;
use super::follower::{Asked, Follower, State};
use super::replica::{Replica, Role};
use super::timer::Timer;
use crate::config::Truncation;
use crate::error_code::ErrorCode;
use crate::message::{Correlation, Edge, EpochEndIs, EpochEndOf, ListOffsets, Message, OffsetIs};
use crate::model::Kafka;
use crate::transaction::Isolation;

impl Replica {
    /// What a follower does first in a leader epoch.
    ///
    /// Source: `AbstractFetcherThread.{partitionFetchState,maybeTruncate}`, core, 3.9.
    pub(super) fn begin_to_follow(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let Role::Follower(follower) = &mut self.role else { return };
        if follower.leader.is_none() {
            return;
        }
        match (env.plan.config.truncation, self.log.latest_epoch()) {
            (Truncation::OnFetch, _) => self.fetch_from_leader(ctx, env),
            (Truncation::EpochEndOnly | Truncation::EpochEnd, Some(_)) => {
                follower.is_cut = false;
                self.ask_for_epoch_end(ctx, env);
            }
            (Truncation::HighWatermark | Truncation::EpochEndOnly | Truncation::EpochEnd, _) => {
                self.cut_to_high_watermark(ctx);
                self.fetch_from_leader(ctx, env);
            }
        }
    }

    /// After a pause: what was under way when it went wrong.
    pub(super) fn go_on(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let Role::Follower(follower) = &self.role else { return };
        match follower.is_cut {
            true => self.fetch_from_leader(ctx, env),
            false => self.ask_for_epoch_end(ctx, env),
        }
    }

    /// The high watermark is the leader's as of an earlier answer: what was confirmed since is cut off too, and lost
    /// if this replica leads before it has fetched it again.
    ///
    /// Source: `AbstractFetcherThread.truncateToHighWatermark`, core, 3.9; KIP-101, scenario 1.
    fn cut_to_high_watermark(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let to = self.high_watermark;
        self.cut_to(ctx, to, || format!("it begins to follow, and its own high watermark is {to}"));
    }

    /// Source: `AbstractFetcherThread.truncateToEpochEndOffsets`, core, 3.9.
    fn ask_for_epoch_end(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let current_epoch = env.plan.config.fences_fetches.then_some(self.leader_epoch());
        let Some(epoch) = self.log.latest_epoch() else {
            self.cut_is_done(ctx, env);
            return;
        };
        let Role::Follower(follower) = &mut self.role else { return };
        let Some(leader) = follower.leader else { return };
        let correlation = env.correlation.advance();
        ctx.send(leader, Message::EpochEndOf(EpochEndOf { correlation, origin: self.origin, epoch, current_epoch }));
        follower.ask(ctx, Timer::Follow(self.index), correlation, Asked::EpochEnd);
    }

    fn cut_is_done(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let Role::Follower(follower) = &mut self.role else { return };
        follower.is_cut = true;
        self.fetch_from_leader(ctx, env);
    }

    /// What the follower waits for, if this is the answer to it.
    fn is_answer(&self, answer: Correlation) -> Option<Asked> {
        match &self.role {
            Role::Follower(Follower { state: State::Asked { correlation, what, .. }, .. })
                if *correlation == answer =>
            {
                Some(*what)
            }
            Role::Follower(_) | Role::Leader(_) | Role::None => None,
        }
    }

    /// The leader says where its log leaves the follower's latest epoch.
    ///
    /// Source: `AbstractFetcherThread.{maybeTruncateToEpochEndOffsets,getOffsetTruncationState}`, core, 3.9; KIP-279.
    pub(super) fn on_leaders_epoch_end(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, reply: &EpochEndIs) {
        if self.is_answer(reply.correlation) != Some(Asked::EpochEnd) {
            return;
        }
        match reply.result {
            // The leader's log begins with a later epoch, or has none.
            Ok(None) => self.cut_to_high_watermark(ctx),
            Ok(Some(leader)) if env.plan.config.truncation == Truncation::EpochEndOnly => {
                let to = leader.end.min(self.log.end());
                self.cut_to(ctx, to, || format!("the leader says that the epoch ends at {}", leader.end));
            }
            Ok(Some(leader)) => {
                let knows_epoch = self.log.end_of(leader.epoch).is_none_or(|own| own.epoch == leader.epoch);
                self.cut_to(ctx, self.log.cut_for(leader), || {
                    let EpochEnd { epoch, end } = leader;
                    format!("the leader's log leaves epoch {epoch} at {end}")
                });
                if !knows_epoch {
                    return self.ask_for_epoch_end(ctx, env);
                }
            }
            Err(error) => return self.on_refused(ctx, env, error),
        }
        self.cut_is_done(ctx, env);
    }

    /// A leader in a newer epoch, of which the controller will tell; anything else is asked again.
    fn on_refused(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, error: ErrorCode) {
        let Role::Follower(follower) = &mut self.role else { return };
        match error {
            ErrorCode::FencedLeaderEpoch => follower.state = State::Idle,
            _ => follower.pause(ctx, Timer::Follow(self.index), env.plan.config.broker.replica_fetch_backoff),
        }
    }

    /// The leader does not have the offset: where does its log end, and where does it start?
    pub(super) fn ask_for_edge(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, edge: Edge) {
        let current_epoch = env.plan.config.fences_fetches.then_some(self.leader_epoch());
        let Role::Follower(follower) = &mut self.role else { return };
        let Some(leader) = follower.leader else { return };
        let (correlation, origin) = (env.correlation.advance(), self.origin);
        let isolation = Isolation::ReadUncommitted;
        ctx.send(leader, Message::ListOffsets(ListOffsets { correlation, origin, edge, isolation, current_epoch }));
        follower.ask(ctx, Timer::Follow(self.index), correlation, Asked::Edge(edge));
    }

    /// A log that is longer than the leader's is cut to its length, whatever the two have in common. One that ends before
    /// the leader's starts has nothing that the leader has, and begins anew there.
    ///
    /// Source: `AbstractFetcherThread.{handleOutOfRangeError,fetchOffsetAndTruncate}`, core, 4.1.
    pub(super) fn on_leaders_edge(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, reply: &OffsetIs) {
        let Some(Asked::Edge(edge)) = self.is_answer(reply.correlation) else { return };
        match (edge, reply.result) {
            (Edge::LogEnd, Ok(Some(end))) if end < self.log.end() => {
                self.cut_to(ctx, end, || format!("the leader's log ends at {end}"));
            }
            (Edge::LogEnd, Ok(_)) => return self.ask_for_edge(ctx, env, Edge::Earliest),
            (Edge::Earliest, Ok(Some(start))) if start > self.log.end() => self.begin_at_leaders_start(ctx, start),
            (Edge::Earliest | Edge::Latest | Edge::Since(_), Ok(_)) => {}
            (Edge::Earliest | Edge::Latest | Edge::LogEnd | Edge::Since(_), Err(error)) => {
                return self.on_refused(ctx, env, error);
            }
        }
        self.fetch_from_leader(ctx, env);
    }
}

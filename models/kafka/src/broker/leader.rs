//! What exists while a replica leads, and how far its followers have come.

use std::collections::VecDeque;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};
use ackproof_log::Offset;

use super::isr::Proposal;
use super::news::News;
use super::parked::Parked;
use super::producers::Producers;
use super::reading::LastRead;
use super::replica::{Replica, Role};
use super::writing::Backlogged;
use super::{Env, Timer};
use crate::error_code::ErrorCode;
use crate::metadata::BrokerEpoch;
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::topic::describe;

/// What exists only while a replica leads.
#[derive(Debug)]
pub(super) struct Leader {
    /// The end of the log when the epoch began.
    pub(super) epoch_start: Offset,
    /// A change of the in-sync set that the controller has not confirmed.
    pub(super) proposal: Option<Proposal>,
    pub(super) followers: Box<[Progress]>,
    pub(super) parked: Parked,
    /// Writes that wait for the append under way.
    pub(super) backlog: VecDeque<Backlogged>,
    pub(super) last_read: LastRead,
    pub(super) producers: Box<Producers>,
    pub(super) news: Box<News>,
}

/// How far a follower has come, as its fetches tell.
#[derive(Copy, Clone, Debug)]
pub(super) struct Progress {
    pub(super) node: NodeId,
    /// `None` until it has fetched in this leadership.
    pub(super) end: Option<Offset>,
    /// By the wall clock; `None` is longer ago than any lag.
    last_caught_up: Option<Time>,
    last_fetch: Option<Time>,
    leader_end_at_last_fetch: Option<Offset>,
    /// Which process fetched.
    pub(super) broker_epoch: Option<BrokerEpoch>,
}

impl Progress {
    fn unknown(node: NodeId, in_sync_since: Option<Time>) -> Progress {
        Progress {
            node,
            end: None,
            last_caught_up: in_sync_since,
            last_fetch: None,
            leader_end_at_last_fetch: None,
            broker_epoch: None,
        }
    }

    /// Source: `Replica.updateFetchStateOrThrow`, server, 4.1.
    pub(super) fn fetched(&mut self, now: Time, offset: Offset, leader_end: Offset, broker_epoch: BrokerEpoch) {
        if offset >= leader_end {
            self.last_caught_up = self.last_caught_up.max(Some(now));
        } else if self.leader_end_at_last_fetch.is_none_or(|end| offset >= end) {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.end = Some(offset);
        self.last_fetch = Some(now);
        self.leader_end_at_last_fetch = self.leader_end_at_last_fetch.max(Some(leader_end));
        self.broker_epoch = Some(broker_epoch);
    }

    /// Has everything, or had everything not long ago by the leader's wall clock.
    ///
    /// Source: `ReplicaState.isCaughtUp`, server, 4.1.
    pub(super) fn is_caught_up(&self, leader_end: Offset, now: Time, lag_max: Span) -> bool {
        self.end == Some(leader_end) || self.last_caught_up.is_some_and(|last| now.since(last) <= lag_max)
    }
}

impl Leader {
    /// Producers that the last look has taken are gone.
    #[cold]
    pub(super) fn forget_silent(&mut self, ctx: &mut Ctx<'_, Kafka>, origin: Origin) {
        let after = self.producers.silence();
        let forgotten = self.producers.forget_silent(ctx.wall_clock());
        if forgotten > 0 {
            ctx.note(|| {
                let who = if forgotten == 1 { "a producer".to_owned() } else { format!("{forgotten} producers") };
                let known = describe(origin);
                format!("no longer knows {who} of {known}: nothing was appended for {after}, and a retry counts as new")
            });
        }
    }
}

impl Replica {
    /// Leads from the present end of the log on. Nothing is cut: this log is the truth from now on, whatever others
    /// have. What the followers have is not known until they fetch.
    ///
    /// Source: `Partition.makeLeader`, core, 4.1; `Replica.resetReplicaState`, server, 4.1.
    #[cold]
    pub(super) fn become_leader(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, begins_epoch: bool) {
        let now = ctx.wall_clock();
        let (epoch, isr) = (self.leader_epoch(), self.isr());
        if !Rule::NewLeaderKeeps.holds() && !self.leads() {
            self.log.truncate(ctx.disk, self.high_watermark);
        }
        if begins_epoch || !self.leads() {
            self.log.begin_epoch(epoch);
        }
        let end = self.log.end();
        match &mut self.role {
            Role::Leader(leader) => {
                leader.proposal = None;
                if begins_epoch {
                    leader.epoch_start = end;
                    for follower in &mut leader.followers {
                        let in_sync_since = isr.contains(follower.node).then_some(now);
                        follower.last_caught_up = in_sync_since;
                        follower.last_fetch = in_sync_since;
                        follower.leader_end_at_last_fetch = Some(end);
                    }
                    refuse_older_readers(ctx, leader, self.origin, epoch);
                }
            }
            Role::Follower(_) | Role::None => {
                let others = env.plan.layout.replicas(self.index).iter().copied().filter(|&node| node != ctx.node);
                let followers = others.map(|node| Progress::unknown(node, isr.contains(node).then_some(now))).collect();
                let producers = match Rule::ProducerState.holds() {
                    true => {
                        let base = Offset(ctx.disk.start(self.log.file()));
                        Producers::of(base, ctx.disk.tail(self.log.file(), 0), self.expiry)
                    }
                    false => Producers::none(self.expiry),
                };
                self.role = Role::Leader(Leader {
                    epoch_start: end,
                    proposal: None,
                    followers,
                    parked: Parked::default(),
                    backlog: VecDeque::new(),
                    last_read: LastRead::default(),
                    producers: Box::new(producers),
                    news: Box::new(News::upto(end)),
                });
                ctx.cancel_timer(Timer::Follow(self.index).id());
            }
        }
        self.advance_high_watermark(ctx, env);
    }
}

/// Readers that believe in an epoch which is over.
fn refuse_older_readers(
    ctx: &mut Ctx<'_, Kafka>,
    leader: &mut Leader,
    origin: ackproof_core::app::Origin,
    epoch: ackproof_log::Epoch,
) {
    leader.parked.reads.retain(|read| {
        let is_current = read.current_epoch.is_none_or(|theirs| theirs >= epoch);
        if !is_current {
            read.refuse(ctx, origin, ErrorCode::FencedLeaderEpoch);
        }
        is_current
    });
}

//! One partition's copy on one broker, and the role it plays.

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_log::{Epoch, Log, Offset, SegmentLimits};

use super::checkpoint::Checkpoint;
use super::flush::{Appended, Flush};
use super::follower::Follower;
use super::leader::Leader;
use super::producers::{Expiry, Producers};
use super::{Env, Timer};
use crate::config::Forgetting;
use crate::error_code::ErrorCode;
use crate::metadata::{NodeSet, Partition};
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::topic::{Index, Layout, OFFSETS, describe};

/// A copy of a partition.
#[derive(Debug)]
pub struct Replica {
    pub(super) index: Index,
    pub(super) origin: Origin,
    pub(super) log: Log,
    /// Everything below it is on every in-sync replica, as far as this one knows; consumers read no further.
    pub(super) high_watermark: Offset,
    /// As last applied; a leader's own accepted changes included. `None` before the broker has caught up.
    pub(super) state: Option<Partition>,
    pub(super) role: Role,
    pub(super) flush: Flush,
    /// When it forgets silent producers, should it lead.
    pub(super) expiry: Expiry,
    /// A newer state that waits for the append under way to end.
    deferred: Option<Partition>,
}

#[derive(Debug)]
pub(super) enum Role {
    /// No state has been applied yet.
    None,
    Leader(Leader),
    Follower(Follower),
}

impl Replica {
    /// What the disk shows after a start. The high watermark cannot be beyond the end of the log.
    pub(super) fn open(
        ctx: &mut Ctx<'_, Kafka>,
        index: Index,
        origin: Origin,
        checkpoint: Checkpoint,
        limits: SegmentLimits,
        (was_clean, expiry): (bool, Forgetting),
    ) -> Replica {
        let mut log = Log::open(Layout::file(index), ctx.disk, limits, checkpoint.log_start);
        drop_torn_batch(ctx, &mut log, origin);
        let recovery_point = if was_clean { log.end() } else { Offset::ZERO };
        Replica {
            index,
            origin,
            high_watermark: checkpoint.high_watermark.min(log.end()).max(log.start()),
            flush: Flush::new(recovery_point, ctx.now()),
            log,
            state: None,
            role: Role::None,
            expiry: Expiry::new(expiry, ctx.wall_clock(), was_clean),
            deferred: None,
        }
    }

    pub fn end(&self) -> Offset {
        self.log.end()
    }
    pub fn start(&self) -> Offset {
        self.log.start()
    }
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }
    pub fn leads(&self) -> bool {
        match self.role {
            Role::Leader(_) => true,
            Role::Follower(_) | Role::None => false,
        }
    }
    /// How far a reader of what is committed may go: while this one leads, what is stable.
    pub fn last_stable_offset(&self) -> Offset {
        match &self.role {
            Role::Leader(leader) => {
                leader.producers.stable.last_stable_offset(self.high_watermark).max(self.log.start())
            }
            Role::Follower(_) | Role::None => self.high_watermark,
        }
    }
    /// What it knows of producers, while it leads.
    pub(super) fn producers_mut(&mut self) -> Option<&mut Producers> {
        match &mut self.role {
            Role::Leader(leader) => Some(&mut leader.producers),
            Role::Follower(_) | Role::None => None,
        }
    }
    /// Whether it leads and every one of `nodes` has fetched from it.
    pub fn has_heard(&self, nodes: NodeSet) -> bool {
        match &self.role {
            Role::Leader(leader) => leader.followers.iter().all(|f| f.end.is_some() || !nodes.contains(f.node)),
            Role::Follower(_) | Role::None => false,
        }
    }
    /// Up to where its log says anything new: in `__consumer_offsets`, while it leads, not what repeats itself.
    pub fn news(&self) -> Offset {
        match &self.role {
            Role::Leader(leader) if self.origin == OFFSETS => leader.news.end(),
            Role::Leader(_) | Role::Follower(_) | Role::None => self.log.end(),
        }
    }
    /// Where the log ended when it began to lead; the beginning of the log for a replica that does not.
    pub(super) fn epoch_start(&self) -> Offset {
        match &self.role {
            Role::Leader(leader) => leader.epoch_start,
            Role::Follower(_) | Role::None => Offset::ZERO,
        }
    }
    /// The leader epoch it is in; before it has caught up, the oldest.
    pub fn leader_epoch(&self) -> Epoch {
        self.state.map_or(Epoch::default(), |state| state.leader_epoch)
    }
    /// The in-sync set that it knows to be committed.
    pub fn isr(&self) -> NodeSet {
        self.state.map_or(NodeSet::EMPTY, |state| state.isr)
    }

    /// Takes a new state of the partition. While an append waits for its sync the state waits too.
    ///
    /// Source: `Partition.{makeLeader,makeFollower}`, core, 4.1, take the write lock that an append holds for reading.
    #[cold]
    pub(super) fn apply(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        new: Partition,
    ) -> Result<(), DiskError> {
        if self.state.is_some_and(|old| new.partition_epoch <= old.partition_epoch) {
            return Ok(());
        }
        if self.flush.holds_an_append() {
            self.deferred = Some(new);
            return Ok(());
        }
        let begins_epoch = self.state.is_none_or(|old| new.leader_epoch > old.leader_epoch);
        self.state = Some(new);
        match new.leader == Some(ctx.node) {
            true => self.become_leader(ctx, env, begins_epoch),
            false => self.become_follower(ctx, env, new.leader, begins_epoch),
        }
        Ok(())
    }

    /// What waited for an append to end.
    pub(super) fn apply_deferred(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) -> Result<(), DiskError> {
        match self.deferred.take() {
            Some(new) => self.apply(ctx, env, new),
            None => Ok(()),
        }
    }

    /// Follows `leader` from the present end of the log on. Nothing is cut now, except by older protocols: the leader's
    /// first answer says whether the logs part. Whoever waited for this replica as a leader is sent away.
    ///
    /// Source: `Partition.makeFollower`, `ReplicaManager.{applyLocalFollowersDelta,
    /// completeDelayedOperationsWhenNotPartitionLeader}`, core, 4.1; KIP-101, KIP-279, KIP-595 for cutting on fetch.
    #[cold]
    fn become_follower(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        leader: Option<NodeId>,
        begins_epoch: bool,
    ) {
        if let Role::Leader(role) = &mut self.role {
            role.parked.refuse_all(ctx, env.inside, self.origin, ErrorCode::NotLeaderOrFollower);
            role.backlog.drain(..).for_each(|write| write.refuse(ctx, env.inside));
            let (origin, epoch) = (self.origin, self.state.map_or(Epoch::default(), |state| state.leader_epoch));
            ctx.note(|| format!("stops leading {}, epoch {epoch} has begun", describe(origin)));
        } else if !begins_epoch && matches!(self.role, Role::Follower(_)) {
            return;
        }
        let mut follower = Follower::of(leader);
        if let (true, Role::Follower(before)) = (env.plan.config.rules.stale_fetch_answers, &self.role) {
            follower.stale = before.leaves_behind(leader, self.log.end());
        }
        self.role = Role::Follower(follower);
        self.begin_to_follow(ctx, env);
    }

    /// Appends to the page cache, in the present leader epoch or the records' own.
    pub(super) fn observe_appended(&self, ctx: &mut Ctx<'_, Kafka>, offset: Offset, record: crate::message::Record) {
        let crate::message::Payload::Message(msg, _) = record.payload else { return };
        let (origin, offset, epoch) = (self.origin, offset.0, record.epoch.0);
        match self.leads() {
            true => ctx.observe(Probe::Appended, || Observation::Appended { origin, offset, epoch, msg }),
            false => ctx.observe(Probe::Replicated, || Observation::Replicated { origin, offset, epoch, msg }),
        }
    }

    /// The append is done as far as the page cache goes: it is over at once, or after a sync if `flush.messages` wants
    /// one.
    ///
    /// Source: `UnifiedLog.append`, storage, 4.1: the sync is part of the append, so it comes before any answer, and on
    /// a follower before the fetch that confirms.
    pub(super) fn end_append(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        appended: Appended,
    ) -> Result<(), DiskError> {
        let every = match env.plan.topic(self.index).flush_messages {
            _ if !Rule::PageCache.holds() => Some(1),
            Some(_) if !Rule::FlushMessages.holds() => None,
            every => every,
        };
        if every.is_some_and(|every| self.flush.unflushed(self.log.end()) >= every) {
            self.flush.hold(appended);
            self.flush.sync_all(ctx, &self.log);
            return Ok(());
        }
        self.after_append(ctx, env, appended)
    }

    pub(super) fn after_append(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        appended: Appended,
    ) -> Result<(), DiskError> {
        match appended {
            Appended::Led(waiting) => self.after_leader_append(ctx, env, waiting),
            Appended::Copied { high_watermark, log_start } => self.after_copy(ctx, env, high_watermark, log_start),
        }
        Ok(())
    }

    /// The connection with `peer` is gone.
    pub(super) fn on_closed(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, peer: NodeId) {
        if peer == env.plan.layout.controller {
            self.lose_proposal(ctx, env);
            return;
        }
        match &mut self.role {
            Role::Leader(leader) => leader.parked.forget(peer),
            Role::Follower(follower) => {
                let pause = env.plan.config.broker.replica_fetch_backoff;
                follower.on_closed(ctx, Timer::Follow(self.index), peer, pause);
            }
            Role::None => {}
        }
    }
}

/// Of a batch that is not whole recovery keeps nothing.
///
/// Source: `LogSegment.recover`, storage, 4.1: the checksum is the batch's.
fn drop_torn_batch(ctx: &mut Ctx<'_, Kafka>, log: &mut Log, origin: Origin) {
    let records = ctx.disk.tail(log.file(), 0);
    let whole = records.iter().rposition(|record| record.left == 0).map_or(0, |last| last as u64 + 1);
    let whole = ctx.disk.start(log.file()) + whole;
    let from = log.end();
    if log.truncate(ctx.disk, Offset(whole)) > 0 {
        ctx.observe(Probe::Truncated, || {
            let why = "recovery drops the batch that was not written whole".to_owned();
            Observation::Truncated { origin, from: from.0, to: whole, why }
        });
    }
}

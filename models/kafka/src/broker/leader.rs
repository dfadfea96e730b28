//! A leader takes what producers send, serves what replicas and consumers read, and moves the high watermark.

use std::collections::VecDeque;

use ackproof_core::actor::Ctx;
use ackproof_core::app::MsgId;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::{Span, Time};
use ackproof_log::{Log, Offset};

use super::flush::Appended;
use super::isr::Proposal;
use super::parked::{Parked, ParkedRead, ParkedWrite, Writer};
use super::replica::{Replica, Role};
use super::{Env, Timer, refuse_produce};
use crate::config::Acks;
use crate::error_code::ErrorCode;
use crate::message::{Fetch, Fetched, FetchedRecords, FollowerFetch, Message, Payload, Produce, Produced, Record};
use crate::metadata::{BrokerEpoch, NodeSet};
use crate::model::Kafka;

/// What exists only while a replica leads.
#[derive(Debug)]
pub(super) struct Leader {
    /// The end of the log when the epoch began.
    pub(super) epoch_start: Offset,
    /// A change of the in-sync set that the controller has not confirmed.
    pub(super) proposal: Option<Proposal>,
    pub(super) followers: Vec<Progress>,
    pub(super) parked: Parked,
    /// Writes that wait for the append under way.
    backlog: VecDeque<Backlogged>,
}

#[derive(Debug)]
enum Backlogged {
    Produce(NodeId, Produce),
    Commit(NodeId, crate::message::OffsetCommit),
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

/// A batch in the page cache, and who waits for it.
#[derive(Copy, Clone, Debug)]
pub(super) struct Written {
    acks: Acks,
    write: ParkedWrite,
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
    fn fetched(&mut self, now: Time, offset: Offset, leader_end: Offset, broker_epoch: BrokerEpoch) {
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

impl Replica {
    /// Leads from the present end of the log on. Nothing is cut: this log is the truth from now on, whatever others
    /// have. What the followers have is not known until they fetch.
    ///
    /// Source: `Partition.makeLeader`, core, 4.1; `Replica.resetReplicaState`, server, 4.1.
    pub(super) fn become_leader(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, begins_epoch: bool) {
        let now = ctx.wall_clock();
        let (epoch, isr) = (self.leader_epoch(), self.isr());
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
                self.role = Role::Leader(Leader {
                    epoch_start: end,
                    proposal: None,
                    followers,
                    parked: Parked::default(),
                    backlog: VecDeque::new(),
                });
                ctx.cancel_timer(Timer::Follow(self.index).id());
            }
        }
        self.advance_high_watermark(ctx, env);
    }

    // Writing.

    /// Takes a batch from a producer.
    ///
    /// With `acks=all` the committed in-sync set must have `min.insync.replicas` members, else nothing is appended.
    /// With other acks nobody asks.
    ///
    /// Source: `Partition.appendRecordsToLeader`, core, 4.1; `ReplicaManager.appendRecords`.
    pub(super) fn produce(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        from: NodeId,
        request: Produce,
    ) -> Result<(), DiskError> {
        let (acks, correlation) = (request.acks, request.correlation);
        let Role::Leader(leader) = &mut self.role else {
            refuse_produce(ctx, from, acks, correlation, ErrorCode::NotLeaderOrFollower);
            return Ok(());
        };
        if self.flush.holds_an_append() {
            leader.backlog.push_back(Backlogged::Produce(from, request));
            return Ok(());
        }
        if acks == Acks::All && self.isr().len() < env.plan.min_isr(self.index) {
            refuse_produce(ctx, from, acks, correlation, ErrorCode::NotEnoughReplicas);
            return Ok(());
        }
        let deadline = ctx.now() + request.timeout;
        let payloads = request.batch.iter().map(|&msg: &MsgId| Payload::Message(msg));
        self.append(ctx, env, acks, Writer::Producer(from, correlation), deadline, payloads)
    }

    /// Takes progress of the group, with no more asked of the in-sync set than `acks=1` asks; the answer waits for the
    /// high watermark all the same. Up to 3.9 it is a write with `offsets.commit.required.acks`, by default all.
    ///
    /// Source: `CoordinatorPartitionWriter.append`, core, 4.1; `GroupMetadataManager.appendForGroup`, 3.9.
    pub(super) fn commit(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        from: NodeId,
        request: crate::message::OffsetCommit,
    ) -> Result<(), DiskError> {
        let deadline = ctx.now() + env.plan.config.broker.offsets_commit_timeout;
        let writer = Writer::Committer(from, request.correlation);
        let refusal = ParkedWrite { writer, base: self.log.end(), end: self.log.end(), deadline };
        let Role::Leader(leader) = &mut self.role else {
            refusal.answer(ctx, Err(ErrorCode::NotLeaderOrFollower));
            return Ok(());
        };
        if self.flush.holds_an_append() {
            leader.backlog.push_back(Backlogged::Commit(from, request));
            return Ok(());
        }
        if checks_commits(env) && self.isr().len() < env.plan.min_isr(self.index) {
            refusal.answer(ctx, Err(ErrorCode::NotEnoughReplicas));
            return Ok(());
        }
        let payloads = request.commits.iter().map(|&commit| Payload::Commit(commit));
        self.append(ctx, env, Acks::All, writer, deadline, payloads)
    }

    fn append(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        acks: Acks,
        writer: Writer,
        deadline: Time,
        payloads: impl Iterator<Item = Payload>,
    ) -> Result<(), DiskError> {
        let (base, epoch) = (self.log.end(), self.leader_epoch());
        for payload in payloads {
            let record = Record { epoch, payload };
            let offset = self.log.append(ctx.disk, record)?;
            self.observe_appended(ctx, offset, record);
        }
        let write = ParkedWrite { writer, base, end: self.log.end(), deadline };
        self.end_append(ctx, env, Appended::Led(Written { acks, write }))
    }

    /// Goes on with what waited for an append to end, until one has to wait again.
    pub(super) fn append_next(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) -> Result<(), DiskError> {
        while !self.flush.holds_an_append() {
            let Role::Leader(leader) = &mut self.role else { return Ok(()) };
            match leader.backlog.pop_front() {
                Some(Backlogged::Produce(from, request)) => self.produce(ctx, env, from, request)?,
                Some(Backlogged::Commit(from, request)) => self.commit(ctx, env, from, request)?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// The batch is in the log, and on the platter if that was asked for. `acks=1` is answered now, `acks=all` when the
    /// high watermark has passed it.
    pub(super) fn after_leader_append(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, written: Written) {
        let write = written.write;
        match (written.acks, write.writer) {
            (Acks::All, _) => {
                if let Role::Leader(leader) = &mut self.role {
                    leader.parked.alarm.at_latest(ctx, Timer::Parked(self.index), write.deadline);
                    leader.parked.writes.push_back(write);
                }
            }
            (Acks::Leader, Writer::Producer(to, correlation)) => {
                self.observe_confirmed(ctx, &write, NodeSet::EMPTY.with(ctx.node));
                ctx.send(to, Message::Produced(Produced { correlation, result: Ok(write.base) }));
            }
            (Acks::None, _) | (Acks::Leader, Writer::Committer(..)) => {}
        }
        if !self.advance_high_watermark(ctx, env) {
            self.serve_readers(ctx, env);
        }
    }

    // The high watermark.

    /// Members that hold the high watermark back: the committed in-sync set and a member that is being added. One that
    /// is being removed still counts until the controller has confirmed its removal: it might be elected.
    ///
    /// Source: `PendingExpandIsr.maximalIsr`, `PendingShrinkIsr.maximalIsr`, core, 4.1.
    pub(super) fn maximal_isr(&self) -> NodeSet {
        match &self.role {
            Role::Leader(leader) => {
                leader.proposal.as_ref().map_or(self.isr(), |proposal| proposal.maximal(self.isr()))
            }
            Role::Follower(_) | Role::None => self.isr(),
        }
    }

    /// Moves the high watermark to the end of the shortest log that counts, and answers whoever waited for it; whether
    /// it moved. A replica that is about to join counts too, if it has not fallen behind and may join. From 3.7 on
    /// nothing moves while the committed in-sync set is smaller than `min.insync.replicas`.
    ///
    /// Source: `Partition.maybeIncrementLeaderHW`, core, 4.1; KAFKA-15583.
    pub(super) fn advance_high_watermark(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        if env.plan.config.rules.strict_min_isr_hw && self.isr().len() < env.plan.min_isr(self.index) {
            return false;
        }
        let (end, now) = (self.log.end(), ctx.wall_clock());
        let lag_max = env.plan.config.broker.replica_lag_max;
        let maximal = self.maximal_isr();
        let mut lowest = end;
        for follower in &leader.followers {
            let counts = || {
                maximal.contains(follower.node)
                    || follower.is_caught_up(end, now, lag_max) && env.may_join_isr(follower)
            };
            match follower.end {
                Some(end) if end >= lowest => {}
                Some(end) if counts() => lowest = end,
                None if counts() => return false,
                Some(_) | None => {}
            }
        }
        if lowest <= self.high_watermark {
            return false;
        }
        self.high_watermark = lowest;
        self.answer_writers(ctx, env);
        self.serve_readers(ctx, env);
        true
    }

    /// Answers writers whose records the high watermark has passed. The in-sync set must still be large enough; if not
    /// the writer is told so, and the records stay.
    ///
    /// Source: `Partition.checkEnoughReplicasReachOffset`, core, 4.1.
    fn answer_writers(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let maximal = self.maximal_isr();
        let is_large_enough = maximal.len() >= env.plan.min_isr(self.index);
        let high_watermark = self.high_watermark;
        loop {
            let Role::Leader(leader) = &mut self.role else { return };
            let Some(write) = leader.parked.writes.pop_front() else { return };
            if write.end > high_watermark {
                leader.parked.writes.push_front(write);
                return;
            }
            let is_checked = match write.writer {
                Writer::Producer(..) => true,
                Writer::Committer(..) => checks_commits(env),
            };
            let result = match is_large_enough || !is_checked {
                true => Ok(()),
                false => Err(ErrorCode::NotEnoughReplicasAfterAppend),
            };
            if result.is_ok() {
                self.observe_confirmed(ctx, &write, maximal);
            }
            write.answer(ctx, result);
        }
    }

    fn observe_confirmed(&self, ctx: &mut Ctx<'_, Kafka>, write: &ParkedWrite, copies: NodeSet) {
        let probe = match write.writer {
            Writer::Producer(..) => Probe::Confirmed,
            Writer::Committer(..) => Probe::Committed,
        };
        if !ctx.wants(probe) {
            return;
        }
        let count = write.end.since(write.base) as usize;
        let records: Vec<Record> = ctx.disk.tail(self.log.file(), write.base.0)[..count].to_vec();
        for (offset, record) in (write.base.0..).zip(records) {
            ctx.observe(probe, || match record.payload {
                Payload::Message(msg) => {
                    Observation::Confirmed { msg, origin: self.origin, offset, copies: copies.iter().collect() }
                }
                Payload::Commit(commit) => Observation::Committed { origin: commit.origin, upto: commit.upto.0 },
            });
        }
    }

    // Reading.

    /// Serves a follower or a consumer.
    ///
    /// Source: `Partition.{fetchRecords,readRecords}`, core, 4.1; KIP-320 for the epoch check.
    pub(super) fn fetch(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, from: NodeId, request: &Fetch) {
        let high_watermark = self.high_watermark;
        let result = match self.check_leader(request.current_epoch) {
            Err(error) => Err(error),
            Ok(()) => match request.follower {
                Some(follower) => self.fetch_as_follower(ctx, env, from, request, follower),
                None if request.offset > self.log.end() => Err(ErrorCode::OffsetOutOfRange),
                None => Ok(None),
            },
        };
        let (correlation, origin) = (request.correlation, self.origin);
        let reply = |result| Message::Fetched(Fetched { correlation, origin, result });
        match result {
            Err(error) => ctx.send(from, reply(Err(error))),
            Ok(Some(diverging)) => {
                let records = std::sync::Arc::clone(env.nothing);
                let diverging = Some(diverging);
                ctx.send(from, reply(Ok(FetchedRecords { records, high_watermark, diverging })));
            }
            Ok(None) => self.serve_or_park(ctx, env, from, request, high_watermark),
        }
    }

    /// Whether this replica leads in the epoch that the asker believes in.
    pub(super) fn check_leader(&self, current_epoch: Option<ackproof_log::Epoch>) -> Result<(), ErrorCode> {
        let epoch = self.leader_epoch();
        match current_epoch {
            Some(theirs) if theirs < epoch => Err(ErrorCode::FencedLeaderEpoch),
            Some(theirs) if theirs > epoch => Err(ErrorCode::UnknownLeaderEpoch),
            Some(_) | None if self.leads() => Ok(()),
            Some(_) | None => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// Takes a follower's fetch for what it says: everything below its offset is there. Unless its log parts from
    /// this one: then it is told where, and nothing is noted.
    ///
    /// Source: `Partition.{readRecords,updateFollowerFetchState}`, core, 4.1; KIP-903 for the broker epoch.
    fn fetch_as_follower(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        from: NodeId,
        request: &Fetch,
        follower: FollowerFetch,
    ) -> Result<Option<ackproof_log::EpochEnd>, ErrorCode> {
        let end = self.log.end();
        if let Some(epoch) = follower.last_fetched_epoch {
            let ours = self.log.end_of(epoch).ok_or(ErrorCode::OffsetOutOfRange)?;
            if ours.epoch < epoch || ours.end < request.offset {
                return Ok(Some(ours));
            }
        }
        if request.offset > end {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let known = env.view.broker(from).filter(|status| !status.fenced);
        if known.is_some_and(|status| status.epoch > follower.broker_epoch) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let now = ctx.wall_clock();
        let Role::Leader(leader) = &mut self.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        let progress = leader.followers.iter_mut().find(|progress| progress.node == from);
        let progress = progress.ok_or(ErrorCode::UnknownLeaderEpoch)?;
        let moved = progress.end != Some(request.offset);
        progress.fetched(now, request.offset, end, follower.broker_epoch);
        let progress = *progress;
        self.expand_isr(ctx, env, &progress);
        if moved {
            self.advance_high_watermark(ctx, env);
        }
        Ok(None)
    }

    /// `high_watermark` is the one from before this fetch was noted: a follower hears one round trip later.
    fn serve_or_park(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        from: NodeId,
        request: &Fetch,
        high_watermark: Offset,
    ) {
        let read = ParkedRead {
            reader: from,
            correlation: request.correlation,
            offset: request.offset,
            current_epoch: request.current_epoch,
            max_records: request.max_records,
            is_follower: request.follower.is_some(),
            deadline: ctx.now() + request.max_wait,
        };
        let has_records = read.offset < readable_end(&read, &self.log, self.high_watermark);
        if has_records || request.max_wait == Span::ZERO {
            let records = records_for(ctx, env, &read, &self.log, self.high_watermark);
            read.answer(ctx, self.origin, records, high_watermark);
            return;
        }
        let Role::Leader(leader) = &mut self.role else { return };
        leader.parked.reads.retain(|parked| parked.reader != from);
        leader.parked.alarm.at_latest(ctx, Timer::Parked(self.index), read.deadline);
        leader.parked.reads.push(read);
    }

    /// Answers parked readers for whom there are records now.
    fn serve_readers(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let Role::Leader(leader) = &mut self.role else { return };
        let (log, origin, high_watermark) = (&self.log, self.origin, self.high_watermark);
        leader.parked.reads.retain(|read| {
            let waits = read.offset >= readable_end(read, log, high_watermark);
            if !waits {
                let records = records_for(ctx, env, read, log, high_watermark);
                read.answer(ctx, origin, records, high_watermark);
            }
            waits
        });
    }

    /// Sends away whoever has waited long enough: a reader with nothing, a writer with REQUEST_TIMED_OUT although its
    /// records stay.
    ///
    /// Source: `DelayedFetch.onExpiration`, `DelayedProduce`, server, 4.1.
    pub(super) fn expire_parked(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let (now, origin, high_watermark) = (ctx.now(), self.origin, self.high_watermark);
        let Role::Leader(leader) = &mut self.role else { return };
        leader.parked.alarm.fired();
        leader.parked.reads.retain(|read| {
            let waits = read.deadline > now;
            if !waits {
                read.answer(ctx, origin, std::sync::Arc::clone(env.nothing), high_watermark);
            }
            waits
        });
        leader.parked.writes.retain(|write| {
            let waits = write.deadline > now;
            if !waits {
                write.answer(ctx, Err(ErrorCode::RequestTimedOut));
            }
            waits
        });
        if let Some(due) = leader.parked.earliest_deadline() {
            leader.parked.alarm.at_latest(ctx, Timer::Parked(self.index), due);
        }
    }
}

/// Up to 3.9 a commit is refused when the in-sync set is too small.
fn checks_commits(env: &Env<'_>) -> bool {
    env.plan.config.version < crate::config::Version::new(4, 0)
}

fn readable_end(read: &ParkedRead, log: &Log, high_watermark: Offset) -> Offset {
    if read.is_follower { log.end() } else { high_watermark }
}

fn records_for(
    ctx: &Ctx<'_, Kafka>,
    env: &Env<'_>,
    read: &ParkedRead,
    log: &Log,
    high_watermark: Offset,
) -> std::sync::Arc<[Record]> {
    let upto = readable_end(read, log, high_watermark);
    match log.read(ctx.disk, read.offset, upto, read.max_records as usize) {
        [] => std::sync::Arc::clone(env.nothing),
        records => records.into(),
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

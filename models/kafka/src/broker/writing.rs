//! A leader takes what producers, committers and coordinators of transactions send.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use super::flush::Appended;
use super::parked::{ParkedWrite, Writer, commit_error};
use super::producers::{Arrival, Guard};
use super::replica::{Replica, Role};
use super::transactions::{Inside, LogWrite, Loopback};
use super::{Env, Timer, refuse_produce};
use crate::config::{Acks, Version};
use crate::error_code::ErrorCode;
use crate::message::{
    GroupRecord, Message, OffsetCommit, OffsetCommitted, Payload, Produce, Produced, Record, WriteMarker,
};
use crate::metadata::NodeSet;
use crate::model::Kafka;
use crate::mutation::Rule;

/// How long a coordinator waits for the other replicas: a broker's own `request.timeout.ms`.
///
/// Source: `TransactionConfig.requestTimeoutMs`, `ServerConfigs.REQUEST_TIMEOUT_MS_DEFAULT`, 4.1.
const BROKER_REQUEST_TIMEOUT: Span = Span::secs(30);

/// A write that waits for the append under way.
#[derive(Debug)]
pub(super) enum Backlogged {
    /// With the coordinator's word, where there had to be one.
    Produce(NodeId, Produce, Option<Guard>),
    Commit(NodeId, OffsetCommit),
    Marker(NodeId, WriteMarker),
    Transaction(LogWrite, Vec<Payload>),
}

impl Backlogged {
    /// This broker no longer leads: nothing was appended.
    pub(super) fn refuse(self, ctx: &mut Ctx<'_, Kafka>, inside: &mut Loopback) {
        let error = ErrorCode::NotLeaderOrFollower;
        match self {
            Backlogged::Produce(from, request, _) => {
                refuse_produce(ctx, from, request.acks, request.correlation, error);
            }
            Backlogged::Commit(from, request) => {
                let result = Err(commit_error(error));
                let reply = OffsetCommitted { correlation: request.correlation, result };
                ctx.send(from, Message::OffsetCommitted(reply));
            }
            Backlogged::Marker(from, request) => inside.answer_marker(ctx, from, request.correlation, Err(error)),
            Backlogged::Transaction(write, _) => inside.push_back(Inside::Logged(write, Err(error))),
        }
    }
}

/// A batch in the page cache, and who waits for it.
#[derive(Copy, Clone, Debug)]
pub(super) struct Written {
    acks: Acks,
    write: ParkedWrite,
}

impl Replica {
    /// Takes a batch from a producer.
    ///
    /// With `acks=all` the committed in-sync set must have `min.insync.replicas` members, else nothing is appended.
    /// With other acks nobody asks. A batch that is in the log already is not appended again.
    ///
    /// Source: `Partition.appendRecordsToLeader`, core, 4.1; `ReplicaManager.appendRecords`, `UnifiedLog.append`.
    pub(super) fn produce(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        from: NodeId,
        request: Produce,
        guard: Option<Guard>,
    ) -> Result<(), DiskError> {
        let (acks, correlation) = (request.acks, request.correlation);
        let has_too_few = acks == Acks::All && self.isr().len() < env.plan.min_isr(self.index);
        let Role::Leader(leader) = &mut self.role else {
            refuse_produce(ctx, from, acks, correlation, ErrorCode::NotLeaderOrFollower);
            return Ok(());
        };
        if self.flush.holds_an_append() {
            leader.backlog.push_back(Backlogged::Produce(from, request, guard));
            return Ok(());
        }
        if has_too_few && Rule::MinIsrBefore.holds() {
            refuse_produce(ctx, from, acks, correlation, ErrorCode::NotEnoughReplicas);
            return Ok(());
        }
        let count = request.batch.len() as u32;
        let Some(timestamp) = env.plan.topic(self.index).timestamps.stamp(request.timestamp, ctx.wall_clock()) else {
            refuse_produce(ctx, from, acks, correlation, ErrorCode::InvalidTimestamp);
            return Ok(());
        };
        if u64::from(count) > env.plan.topic(self.index).segments.records {
            refuse_produce(ctx, from, acks, correlation, ErrorCode::RecordListTooLarge);
            return Ok(());
        }
        let (deadline, writer) = (ctx.now() + request.timeout, Writer::Producer(from, correlation));
        if leader.producers.may_forget(ctx.wall_clock()) {
            leader.forget_silent(ctx, self.origin);
        }
        let place = (self.log.end(), timestamp);
        match leader.producers.take(request.first, count, place, env.demands(), guard) {
            Ok(Arrival::New) => {
                let number = |at: usize| request.first.map(|first| first.plus(at as u32));
                let payloads = request.batch.iter().enumerate().map(|(at, &msg)| Payload::Message(msg, number(at)));
                self.append(ctx, env, acks, (writer, deadline), timestamp, payloads)?;
            }
            // It waits for what its first attempt waited for, and is told the offset of then.
            Ok(Arrival::Duplicate(base)) => {
                let write = ParkedWrite { writer, base, end: base.plus(u64::from(count)), deadline };
                self.after_leader_append(ctx, env, Written { acks, write });
            }
            Err(error) => refuse_produce(ctx, from, acks, correlation, error),
        }
        Ok(())
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
        request: OffsetCommit,
    ) -> Result<(), DiskError> {
        let deadline = ctx.now() + env.plan.config.broker.offsets_commit_timeout;
        let writer = Writer::Committer(from, request.correlation);
        let refusal = ParkedWrite { writer, base: self.log.end(), end: self.log.end(), deadline };
        let Role::Leader(leader) = &mut self.role else {
            refusal.answer(ctx, env.inside, Err(ErrorCode::NotLeaderOrFollower));
            return Ok(());
        };
        if self.flush.holds_an_append() {
            leader.backlog.push_back(Backlogged::Commit(from, request));
            return Ok(());
        }
        if checks_commits(env) && self.isr().len() < env.plan.min_isr(self.index) {
            refusal.answer(ctx, env.inside, Err(ErrorCode::NotEnoughReplicas));
            return Ok(());
        }
        let Role::Leader(leader) = &mut self.role else { return Ok(()) };
        if let Some(identity) = request.transaction {
            leader.forget_silent(ctx, self.origin);
            if let Err(error) = leader.producers.check_stored(identity) {
                refusal.answer(ctx, env.inside, Err(error));
                return Ok(());
            }
            leader.producers.stored(identity, self.log.end(), ctx.wall_clock());
        }
        let commits = request.commits.iter().map(|&commit| Payload::Commit(commit));
        let end = self.log.end().plus(u64::from(request.transaction.is_some()) + commits.len() as u64);
        match request.transaction {
            Some(_) => leader.news.appended(end),
            None => leader.news.stored(&request.commits, end),
        }
        let payloads: Vec<Payload> = request.transaction.map(Payload::Pending).into_iter().chain(commits).collect();
        self.append(ctx, env, Acks::All, (writer, deadline), ctx.wall_clock(), payloads.into_iter())
    }

    /// Takes what the coordinator writes down of the group. The log must take an append now.
    pub(super) fn append_records_of_group(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        records: &[GroupRecord],
    ) -> Result<(), DiskError> {
        if let Role::Leader(leader) = &mut self.role {
            leader.news.appended(self.log.end().plus(records.len() as u64));
        }
        let payloads = records.iter().map(|&record| Payload::Group(record));
        self.append(ctx, env, Acks::None, (Writer::Coordinator, Time::NEVER), ctx.wall_clock(), payloads)
    }

    /// Ends a transaction here: a control record, for which the in-sync set must be as large as for `acks=all`.
    ///
    /// Source: `KafkaApis.handleWriteTxnMarkersRequest`, core, 4.1.
    pub(super) fn write_marker(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        from: NodeId,
        request: WriteMarker,
    ) -> Result<(), DiskError> {
        let (marker, correlation) = (request.marker, request.correlation);
        let has_too_few = self.isr().len() < env.plan.min_isr(self.index);
        let Role::Leader(leader) = &mut self.role else {
            env.inside.answer_marker(ctx, from, correlation, Err(ErrorCode::NotLeaderOrFollower));
            return Ok(());
        };
        if self.flush.holds_an_append() {
            leader.backlog.push_back(Backlogged::Marker(from, request));
            return Ok(());
        }
        leader.forget_silent(ctx, self.origin);
        let checked = match has_too_few {
            true => Err(ErrorCode::NotEnoughReplicas),
            false => leader.producers.check_marker(&marker, env.has_strict_markers()),
        };
        if let Err(error) = checked {
            env.inside.answer_marker(ctx, from, correlation, Err(error));
            return Ok(());
        }
        leader.producers.stable.forget_ended(self.high_watermark);
        leader.producers.marked(&marker, self.log.end(), ctx.wall_clock());
        leader.news.appended(self.log.end().plus(1));
        let deadline = ctx.now() + BROKER_REQUEST_TIMEOUT;
        let payloads = [Payload::Marker(marker)].into_iter();
        let writer = Writer::Marker(from, correlation);
        self.append(ctx, env, Acks::All, (writer, deadline), ctx.wall_clock(), payloads)
    }

    /// Writes down the state of a transaction, as a coordinator, with `acks=all`.
    ///
    /// Source: `TransactionStateManager.appendTransactionToLog`, core, 4.1.
    pub(super) fn log_transaction(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        write: LogWrite,
        payloads: Vec<Payload>,
    ) -> Result<(), DiskError> {
        let has_too_few = self.isr().len() < env.plan.min_isr(self.index);
        let Role::Leader(leader) = &mut self.role else {
            env.inside.push_back(Inside::Logged(write, Err(ErrorCode::NotLeaderOrFollower)));
            return Ok(());
        };
        if self.flush.holds_an_append() {
            leader.backlog.push_back(Backlogged::Transaction(write, payloads));
            return Ok(());
        }
        if has_too_few {
            env.inside.push_back(Inside::Logged(write, Err(ErrorCode::NotEnoughReplicas)));
            return Ok(());
        }
        let deadline = ctx.now() + BROKER_REQUEST_TIMEOUT;
        let writer = (Writer::Transaction(write), deadline);
        self.append(ctx, env, Acks::All, writer, ctx.wall_clock(), payloads.into_iter())
    }

    fn append(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        acks: Acks,
        (writer, deadline): (Writer, Time),
        timestamp: Time,
        payloads: impl ExactSizeIterator<Item = Payload>,
    ) -> Result<(), DiskError> {
        let (base, epoch) = (self.log.end(), self.leader_epoch());
        let mut left = payloads.len() as u32;
        self.begin_batch(ctx, u64::from(left), timestamp);
        for payload in payloads {
            left -= 1;
            let record = Record { epoch, left, timestamp, payload };
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
                Some(Backlogged::Produce(from, request, guard)) => self.produce(ctx, env, from, request, guard)?,
                Some(Backlogged::Commit(from, request)) => self.commit(ctx, env, from, request)?,
                Some(Backlogged::Marker(from, request)) => self.write_marker(ctx, env, from, request)?,
                Some(Backlogged::Transaction(write, payloads)) => self.log_transaction(ctx, env, write, payloads)?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// The batch is in the log, and on the platter if that was asked for. `acks=1` is answered now, `acks=all` when the
    /// high watermark has passed it. It may have already: followers read what the leader still syncs.
    ///
    /// Source: `UnifiedLog.read`, storage, 4.1, takes no lock; `DelayedOperationPurgatory.tryCompleteElseWatch`.
    pub(super) fn after_leader_append(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, written: Written) {
        let write = written.write;
        let acks = match (written.acks, write.writer) {
            (Acks::All, Writer::Producer(..)) if !Rule::AcksAll.holds() => Acks::Leader,
            (acks, _) => acks,
        };
        match (acks, write.writer) {
            (Acks::All, _) => {
                if let Role::Leader(leader) = &mut self.role {
                    leader.parked.alarm.at_latest(ctx, Timer::Parked(self.index), write.deadline);
                    leader.parked.wait(write);
                }
            }
            (Acks::Leader, Writer::Producer(to, correlation)) => {
                self.observe_confirmed(ctx, &write, NodeSet::EMPTY.with(ctx.node));
                ctx.send(to, Message::Produced(Produced { correlation, result: Ok(write.base) }));
            }
            (Acks::None, _)
            | (
                Acks::Leader,
                Writer::Committer(..) | Writer::Coordinator | Writer::Marker(..) | Writer::Transaction(_),
            ) => {}
        }
        if !self.advance_high_watermark(ctx, env) {
            if write.end <= self.high_watermark {
                self.answer_writers(ctx, env);
            }
            self.serve_readers(ctx, env);
        }
    }
}

/// Up to 3.9 a commit is refused when the in-sync set is too small.
pub(super) fn checks_commits(env: &Env<'_>) -> bool {
    env.plan.config.version < Version::new(4, 0)
}

//! A leader serves what followers and consumers read.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;
use ackproof_log::{Epoch, EpochEnd, Log, Offset};

use super::leader::Leader;
use super::parked::ParkedRead;
use super::replica::{Replica, Role};
use super::stable::Stable;
use super::{Env, Timer};
use crate::error_code::ErrorCode;
use crate::message::{Fetch, Fetched, FetchedRecords, FollowerFetch, Message, Record};
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::transaction::{Committed, Isolation};

impl Replica {
    /// Serves a follower or a consumer.
    ///
    /// Source: `Partition.{fetchRecords,readRecords}`, core, 4.1; KIP-320 for the epoch check.
    pub(super) fn fetch(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, from: NodeId, request: &Fetch) {
        let high_watermark = self.high_watermark;
        let result = match self.check_leader(request.current_epoch) {
            Err(error) => Err(error),
            Ok(()) => match request.follower {
                Some(follower) => self.fetch_as_follower(ctx, env, from, request, follower),
                None if request.offset > self.log.end() || request.offset < self.log.start() => {
                    Err(ErrorCode::OffsetOutOfRange)
                }
                None => Ok(None),
            },
        };
        let (correlation, origin) = (request.correlation, self.origin);
        let reply = |result| Message::Fetched(Fetched { correlation, origin, result });
        match result {
            Err(error) => ctx.send(from, reply(Err(error))),
            Ok(Some(diverging)) => {
                let (records, log_start, diverging) =
                    (Arc::clone(env.nothing), self.log.start(), Some(Box::new(diverging)));
                let committed = None;
                let fetched = FetchedRecords { records, high_watermark, log_start, diverging, committed };
                ctx.send(from, reply(Ok(fetched)));
            }
            Ok(None) => self.serve_or_park(ctx, env, from, request, high_watermark),
        }
    }

    /// Whether this replica leads in the epoch that the asker believes in.
    pub(super) fn check_leader(&self, current_epoch: Option<Epoch>) -> Result<(), ErrorCode> {
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
    ) -> Result<Option<EpochEnd>, ErrorCode> {
        let end = self.log.end();
        if let Some(epoch) = follower.last_fetched_epoch {
            let ours = self.log.end_of(epoch).ok_or(ErrorCode::OffsetOutOfRange)?;
            if request.offset < self.log.start() {
                return Err(ErrorCode::OffsetOutOfRange);
            }
            if ours.epoch < epoch || ours.end < request.offset {
                return Ok(Some(ours));
            }
        }
        if request.offset > end || request.offset < self.log.start() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let known = env.view.broker(from).filter(|status| !status.fenced && env.checks_broker_epochs());
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
            isolation: request.isolation,
            deadline: ctx.now() + request.max_wait,
        };
        let readable = self.readable();
        let Role::Leader(leader) = &mut self.role else { return };
        let has_records = read.offset < readable.end_for(&read);
        if has_records || request.max_wait == Span::ZERO {
            let records = leader.last_read.records(ctx, env, &read, &self.log, readable);
            let committed = leader.producers.stable.told_to(&read, records.len(), readable.stable);
            read.answer(ctx, self.origin, records, high_watermark, self.log.start(), committed);
            return;
        }
        leader.parked.reads.retain(|parked| parked.reader != from);
        leader.parked.alarm.at_latest(ctx, Timer::Parked(self.index), read.deadline);
        leader.parked.reads.push(read);
    }

    /// Answers parked readers for whom there are records now.
    pub(super) fn serve_readers(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let readable = self.readable();
        let Role::Leader(Leader { parked, last_read, producers, .. }) = &mut self.role else { return };
        let (log, origin, high_watermark) = (&self.log, self.origin, self.high_watermark);
        parked.reads.retain(|read| {
            let waits = read.offset >= readable.end_for(read);
            if !waits {
                let records = last_read.records(ctx, env, read, log, readable);
                let committed = producers.stable.told_to(read, records.len(), readable.stable);
                read.answer(ctx, origin, records, high_watermark, log.start(), committed);
            }
            waits
        });
    }

    fn readable(&self) -> Readable {
        let (end, high_watermark) = (self.log.end(), self.high_watermark);
        Readable { end, high_watermark, stable: self.last_stable_offset() }
    }

    /// Sends away whoever has waited long enough: a reader with nothing, a writer with REQUEST_TIMED_OUT although its
    /// records stay.
    ///
    /// Source: `DelayedFetch.onExpiration`, `DelayedProduce`, server, 4.1.
    #[cold]
    pub(super) fn expire_parked(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let (now, origin, high_watermark) = (ctx.now(), self.origin, self.high_watermark);
        let (stable, log_start) = (self.last_stable_offset(), self.log.start());
        let Role::Leader(leader) = &mut self.role else { return };
        leader.parked.alarm.fired();
        leader.parked.reads.retain(|read| {
            let waits = read.deadline > now;
            if !waits {
                let committed = leader.producers.stable.told_to(read, 0, stable);
                read.answer(ctx, origin, Arc::clone(env.nothing), high_watermark, log_start, committed);
            }
            waits
        });
        leader.parked.writes.retain(|write| {
            let waits = write.deadline > now;
            if !waits {
                write.answer(ctx, env.inside, Err(ErrorCode::RequestTimedOut));
            }
            waits
        });
        if let Some(due) = leader.parked.earliest_deadline() {
            leader.parked.alarm.at_latest(ctx, Timer::Parked(self.index), due);
        }
    }
}

/// How far a log may be read.
#[derive(Copy, Clone, Debug)]
struct Readable {
    end: Offset,
    high_watermark: Offset,
    stable: Offset,
}

impl Readable {
    fn end_for(self, read: &ParkedRead) -> Offset {
        match read.isolation {
            _ if read.is_follower => self.end,
            Isolation::ReadUncommitted | Isolation::ReadCommitted if !Rule::ReadCommittedOnly.holds() => self.end,
            Isolation::ReadUncommitted => self.high_watermark,
            Isolation::ReadCommitted => self.stable,
        }
    }
}

impl Stable {
    /// What a reader of what is committed is told besides the records.
    fn told_to(&self, read: &ParkedRead, records: usize, stable: Offset) -> Option<Arc<Committed>> {
        match read.isolation {
            Isolation::ReadUncommitted => None,
            Isolation::ReadCommitted => {
                let aborted = self.aborted_between(read.offset, read.offset.plus(records as u64));
                Some(Arc::new(Committed { last_stable_offset: stable, aborted }))
            }
        }
    }
}

/// The answer given last. Two followers usually read the same records one after the other, and share them then: the
/// log of a leader only grows.
#[derive(Debug, Default)]
pub(super) struct LastRead {
    from: Offset,
    records: Arc<[Record]>,
}

impl LastRead {
    fn records(
        &mut self,
        ctx: &Ctx<'_, Kafka>,
        env: &Env<'_>,
        read: &ParkedRead,
        log: &Log,
        readable: Readable,
    ) -> Arc<[Record]> {
        let upto = readable.end_for(read);
        let mut records = log.read(ctx.disk, read.offset, upto, read.max_records as usize);
        // A log holds whole batches, a follower's too.
        if let (true, Some(last)) = (read.is_follower, records.last().filter(|last| last.left > 0)) {
            records = log.read(ctx.disk, read.offset, upto, records.len() + last.left as usize);
        }
        if records.is_empty() {
            return Arc::clone(env.nothing);
        }
        if self.from != read.offset || self.records.len() != records.len() {
            *self = LastRead { from: read.offset, records: records.into() };
        }
        Arc::clone(&self.records)
    }
}

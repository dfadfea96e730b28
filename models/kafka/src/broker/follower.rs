//! A follower copies its leader's log: it fetches from the end of its own on, which confirms what it has, and cuts its
//! log where the leader says that the two part.
//!
//! Simplified: one fetch loop for each partition, where a real broker fetches all partitions of one leader together.
//! Gives up: one partition's delay holding up another.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::{Span, Time};
use ackproof_log::{EpochEnd, Offset};

use super::flush::Appended;
use super::replica::{Replica, Role};
use super::{Alarm, Env, SILENCE, Timer};
use crate::error_code::ErrorCode;
use crate::message::{Correlation, Edge, Fetch, Fetched, FollowerFetch, ListOffsets, Message, OffsetIs};
use crate::model::Kafka;

/// Records in one answer at most.
///
/// Simplified: stands for `replica.fetch.max.bytes` (1 MiB). Gives up: nothing but the number of round trips.
const MAX_RECORDS: u32 = 1000;

/// What exists only while a replica follows.
#[derive(Debug)]
pub(super) struct Follower {
    /// `None`: there is no leader to follow.
    leader: Option<NodeId>,
    state: State,
    alarm: Alarm,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum State {
    /// Nothing to do before the next state of the cluster: no leader, or one in a newer epoch.
    Idle,
    Asked {
        correlation: Correlation,
        at: Time,
    },
    /// Where the leader's log starts, since it does not have what comes next.
    AskedForStart {
        correlation: Correlation,
        at: Time,
    },
    /// An append waits for its sync.
    Appending,
    /// After an error.
    Pausing {
        until: Time,
    },
}

impl Follower {
    pub(super) fn of(leader: Option<NodeId>) -> Follower {
        Follower { leader, state: State::Idle, alarm: Alarm::default() }
    }

    fn pause(&mut self, ctx: &mut Ctx<'_, Kafka>, timer: Timer, pause: Span) {
        let until = ctx.now() + pause.max(Span(1));
        self.state = State::Pausing { until };
        self.alarm.at_latest(ctx, timer, until);
    }

    pub(super) fn on_closed(&mut self, ctx: &mut Ctx<'_, Kafka>, timer: Timer, peer: NodeId, pause: Span) {
        if self.leader == Some(peer) && matches!(self.state, State::Asked { .. } | State::AskedForStart { .. }) {
            self.pause(ctx, timer, pause);
        }
    }
}

impl Replica {
    /// Asks the leader for what comes after the end of the log.
    pub(super) fn fetch_from_leader(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let epoch = self.leader_epoch();
        let Role::Follower(follower) = &mut self.role else { return };
        let Some(leader) = follower.leader else { return };
        let correlation = env.correlation.advance();
        let fetch = Fetch {
            correlation,
            origin: self.origin,
            offset: self.log.end(),
            current_epoch: Some(epoch),
            max_wait: env.plan.config.broker.replica_fetch_wait_max,
            max_records: MAX_RECORDS,
            follower: Some(FollowerFetch {
                broker_epoch: env.broker_epoch,
                last_fetched_epoch: self.log.latest_epoch(),
            }),
        };
        ctx.send(leader, Message::Fetch(fetch));
        follower.state = State::Asked { correlation, at: ctx.now() };
        follower.alarm.at_latest(ctx, Timer::Follow(self.index), ctx.now() + SILENCE);
    }

    /// A pause is over, or the leader has been silent for too long: then it is returned.
    pub(super) fn follow_timer(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) -> Option<NodeId> {
        let (now, timer) = (ctx.now(), Timer::Follow(self.index));
        let Role::Follower(follower) = &mut self.role else { return None };
        follower.alarm.fired();
        match follower.state {
            State::Pausing { until } if until <= now => self.fetch_from_leader(ctx, env),
            State::Pausing { until } => follower.alarm.at_latest(ctx, timer, until),
            State::Asked { at, .. } | State::AskedForStart { at, .. } if now.since(at) >= SILENCE => {
                return follower.leader;
            }
            State::Asked { at, .. } | State::AskedForStart { at, .. } => {
                follower.alarm.at_latest(ctx, timer, at + SILENCE)
            }
            State::Idle | State::Appending => {}
        }
        None
    }

    /// The leader's answer. One to a fetch that is no longer waited for is dropped, so an answer from an older epoch
    /// never touches the log.
    ///
    /// Source: `AbstractFetcherThread.processFetchRequest`, core, 4.1; KAFKA-18991.
    pub(super) fn on_fetched(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        from: NodeId,
        reply: Fetched,
    ) -> Result<(), DiskError> {
        let timer = Timer::Follow(self.index);
        let Role::Follower(follower) = &mut self.role else { return Ok(()) };
        let is_answer = matches!(follower.state, State::Asked { correlation, .. } if correlation == reply.correlation);
        if !is_answer || follower.leader != Some(from) {
            return Ok(());
        }
        match reply.result {
            Ok(fetched) => match fetched.diverging {
                Some(leader) => self.cut(ctx, env, *leader),
                None => {
                    follower.state = State::Appending;
                    let mut left = 0;
                    for &record in fetched.records.iter() {
                        if left == 0 {
                            self.begin_batch(ctx, u64::from(record.left) + 1, record.timestamp);
                        }
                        left = record.left;
                        let offset = self.log.append(ctx.disk, record)?;
                        self.observe_appended(ctx, offset, record);
                    }
                    let (high_watermark, log_start) = (fetched.high_watermark, fetched.log_start);
                    let appended = Appended::Copied { high_watermark, log_start };
                    match fetched.records.is_empty() {
                        true => self.after_append(ctx, env, appended)?,
                        false => self.end_append(ctx, env, appended)?,
                    }
                }
            },
            // The leader is in a newer epoch, of which the controller will tell.
            Err(ErrorCode::FencedLeaderEpoch) => follower.state = State::Idle,
            Err(ErrorCode::OffsetOutOfRange) => self.ask_for_start(ctx, env),
            Err(_) => follower.pause(ctx, timer, env.plan.config.broker.replica_fetch_backoff),
        }
        Ok(())
    }

    /// What was copied is in the log, and on the platter if that was asked for: the next fetch confirms it. The high
    /// watermark is the leader's as of its answer, so a follower's is a round trip behind.
    ///
    /// Source: `ReplicaFetcherThread.processPartitionData`, core, 4.1.
    /// And it starts no earlier than the leader's log, once its high watermark allows that.
    pub(super) fn after_copy(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        high_watermark: Offset,
        log_start: Offset,
    ) {
        self.high_watermark = high_watermark.min(self.log.end()).max(self.high_watermark);
        if log_start > self.log.start() {
            self.advance_start(ctx, log_start.min(self.high_watermark), "its leader's log starts later");
        }
        self.fetch_from_leader(ctx, env);
    }

    /// The leader does not have what comes after the end of this log.
    fn ask_for_start(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let current_epoch = Some(self.leader_epoch());
        let Role::Follower(follower) = &mut self.role else { return };
        let Some(leader) = follower.leader else { return };
        let (correlation, origin) = (env.correlation.advance(), self.origin);
        ctx.send(
            leader,
            Message::ListOffsets(ListOffsets { correlation, origin, edge: Edge::Earliest, current_epoch }),
        );
        follower.state = State::AskedForStart { correlation, at: ctx.now() };
        follower.alarm.at_latest(ctx, Timer::Follow(self.index), ctx.now() + SILENCE);
    }

    /// Where the leader's log starts. Nothing that this replica has is in it if that is behind the end of its own.
    ///
    /// Simplified: a leader's log that ends before this one is not asked for, since where logs part is said in answer
    /// to a fetch. Gives up: nothing; a leader knows every epoch that a follower may have records of.
    ///
    /// Source: `AbstractFetcherThread.fetchOffsetAndTruncate`, core, 4.1.
    pub(super) fn leader_starts(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        env: &mut Env<'_>,
        from: NodeId,
        reply: &OffsetIs,
    ) {
        let timer = Timer::Follow(self.index);
        let Role::Follower(follower) = &mut self.role else { return };
        let is_answer =
            matches!(follower.state, State::AskedForStart { correlation, .. } if correlation == reply.correlation);
        if !is_answer || follower.leader != Some(from) {
            return;
        }
        match reply.result {
            Ok(start) if start > self.log.end() => {
                self.begin_at_leaders_start(ctx, start);
                self.fetch_from_leader(ctx, env);
            }
            Ok(_) => self.fetch_from_leader(ctx, env),
            Err(ErrorCode::FencedLeaderEpoch) => follower.state = State::Idle,
            Err(_) => follower.pause(ctx, timer, env.plan.config.broker.replica_fetch_backoff),
        }
    }

    /// Cuts the log where it parts from the leader's, even below the own high watermark, and asks again.
    ///
    /// Source: `AbstractFetcherThread.{truncateOnFetchResponse,getOffsetTruncationState}`, core, 4.1; KIP-101, KIP-279.
    fn cut(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, leader: EpochEnd) {
        let (from, to) = (self.log.end(), self.log.cut_for(leader));
        let dropped = self.log.truncate(ctx.disk, to);
        self.flush.truncate(to);
        self.high_watermark = self.high_watermark.min(to);
        if dropped > 0 {
            let origin = self.origin;
            ctx.observe(Probe::Truncated, || {
                let why = format!("the leader's log leaves epoch {} at {}", leader.epoch, leader.end);
                Observation::Truncated { origin, from: from.0, to: to.0, why }
            });
        }
        self.fetch_from_leader(ctx, env);
    }
}

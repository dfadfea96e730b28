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
use crate::config::Truncation;
use crate::error_code::ErrorCode;
use crate::message::{Correlation, Edge, Fetch, Fetched, FollowerFetch, Message};
use crate::model::Kafka;
use crate::transaction::Isolation;

/// Records in one answer at most.
///
/// Simplified: stands for `replica.fetch.max.bytes` (1 MiB). Gives up: nothing but the number of round trips.
const MAX_RECORDS: u32 = 1000;

/// What exists only while a replica follows.
#[derive(Debug)]
pub(super) struct Follower {
    /// `None`: there is no leader to follow.
    pub(super) leader: Option<NodeId>,
    pub(super) state: State,
    alarm: Alarm,
    /// Whether the log has been cut to what the leader has, as older protocols do before they fetch.
    pub(super) is_cut: bool,
    /// A fetch of an older leader epoch whose answer would be taken for one of this epoch.
    pub(super) stale: Option<StaleFetch>,
}

/// A fetch that was under way when a new leader epoch began. Kept only where a bug confuses its answer.
#[derive(Copy, Clone, Debug)]
pub(super) struct StaleFetch {
    leader: NodeId,
    correlation: Correlation,
    offset: Offset,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum State {
    /// Nothing to do before the next state of the cluster: no leader, or one in a newer epoch.
    Idle,
    Asked {
        correlation: Correlation,
        what: Asked,
        at: Time,
    },
    /// Where the leader's log starts, since it does not have what comes next.
    /// An append waits for its sync.
    Appending,
    /// After an error.
    Pausing {
        until: Time,
    },
}

/// What a follower waits for.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Asked {
    Records,
    /// Where the leader's log leaves an epoch; older protocols only.
    EpochEnd,
    /// One of the ends of the leader's log.
    Edge(Edge),
}

impl Follower {
    pub(super) fn of(leader: Option<NodeId>) -> Follower {
        Follower { leader, state: State::Idle, alarm: Alarm::default(), is_cut: true, stale: None }
    }

    /// The fetch whose answer may still come and be taken for one of the next epoch's. Each leader's answers come to a
    /// thread of its own, so one that is led by somebody else meanwhile does not make it forgotten.
    pub(super) fn leaves_behind(&self, next: Option<NodeId>, offset: Offset) -> Option<StaleFetch> {
        let older = self.stale.filter(|stale| Some(stale.leader) == next);
        match (self.state, self.leader) {
            (State::Asked { correlation, what: Asked::Records, .. }, Some(leader)) if older.is_none() => {
                Some(StaleFetch { leader, correlation, offset })
            }
            (State::Asked { .. } | State::Idle | State::Appending | State::Pausing { .. }, _) => older.or(self.stale),
        }
    }

    /// Whether an answer is the one that is waited for, or is taken for it although it belongs to an older epoch: the
    /// fetch then was from the same leader and from the offset that is wanted now.
    ///
    /// Source: `AbstractFetcherThread.processFetchRequest` before KAFKA-18991.
    fn takes(&mut self, from: NodeId, reply: &Fetched, end: Offset) -> bool {
        let stale = self.stale.take_if(|stale| stale.leader == from && stale.correlation == reply.correlation);
        let is_mistaken = stale.is_some_and(|stale| stale.offset == end && reply.result.is_ok());
        let State::Asked { correlation, what: Asked::Records, .. } = self.state else { return false };
        self.leader == Some(from) && (correlation == reply.correlation || is_mistaken)
    }

    /// Notes a question to the leader; its silence is noticed later.
    pub(super) fn ask(&mut self, ctx: &mut Ctx<'_, Kafka>, timer: Timer, correlation: Correlation, what: Asked) {
        self.state = State::Asked { correlation, what, at: ctx.now() };
        self.alarm.at_latest(ctx, timer, ctx.now() + SILENCE);
    }

    pub(super) fn pause(&mut self, ctx: &mut Ctx<'_, Kafka>, timer: Timer, pause: Span) {
        let until = ctx.now() + pause.max(Span(1));
        self.state = State::Pausing { until };
        self.alarm.at_latest(ctx, timer, until);
    }

    pub(super) fn on_closed(&mut self, ctx: &mut Ctx<'_, Kafka>, timer: Timer, peer: NodeId, pause: Span) {
        self.stale.take_if(|stale| stale.leader == peer);
        if self.leader == Some(peer) && matches!(self.state, State::Asked { .. }) {
            self.pause(ctx, timer, pause);
        }
    }
}

impl Replica {
    /// Asks the leader for what comes after the end of the log.
    pub(super) fn fetch_from_leader(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) {
        let epoch = self.leader_epoch();
        let config = &env.plan.config;
        let Role::Follower(follower) = &mut self.role else { return };
        let Some(leader) = follower.leader else { return };
        let correlation = env.correlation.advance();
        let fetch = Fetch {
            correlation,
            origin: self.origin,
            offset: self.log.end(),
            current_epoch: config.fences_fetches.then_some(epoch),
            max_wait: env.plan.config.broker.replica_fetch_wait_max,
            max_records: MAX_RECORDS,
            isolation: Isolation::ReadUncommitted,
            follower: Some(FollowerFetch {
                broker_epoch: env.broker_epoch,
                last_fetched_epoch: match config.truncation {
                    Truncation::OnFetch => self.log.latest_epoch(),
                    Truncation::HighWatermark | Truncation::EpochEndOnly | Truncation::EpochEnd => None,
                },
            }),
        };
        ctx.send(leader, Message::Fetch(fetch));
        follower.ask(ctx, Timer::Follow(self.index), correlation, Asked::Records);
    }

    /// A pause is over, or the leader has been silent for too long: then it is returned.
    #[cold]
    pub(super) fn follow_timer(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>) -> Option<NodeId> {
        let (now, timer) = (ctx.now(), Timer::Follow(self.index));
        let Role::Follower(follower) = &mut self.role else { return None };
        follower.alarm.fired();
        match follower.state {
            State::Pausing { until } if until <= now => self.go_on(ctx, env),
            State::Pausing { until } => follower.alarm.at_latest(ctx, timer, until),
            State::Asked { at, .. } if now.since(at) >= SILENCE => {
                return follower.leader;
            }
            State::Asked { at, .. } => follower.alarm.at_latest(ctx, timer, at + SILENCE),
            State::Idle | State::Appending => {}
        }
        None
    }

    /// The leader's answer. One to a fetch that is no longer waited for is dropped, so an answer from an older epoch
    /// never touches the log, except where a bug lets it.
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
        if !follower.takes(from, &reply, self.log.end()) {
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
            Err(ErrorCode::OffsetOutOfRange) => self.ask_for_edge(ctx, env, Edge::LogEnd),
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

    /// Cuts the log where it parts from the leader's, even below the own high watermark, and asks again.
    ///
    /// Source: `AbstractFetcherThread.{truncateOnFetchResponse,getOffsetTruncationState}`, core, 4.1; KIP-101, KIP-279.
    #[cold]
    fn cut(&mut self, ctx: &mut Ctx<'_, Kafka>, env: &mut Env<'_>, leader: EpochEnd) {
        self.cut_to(ctx, self.log.cut_for(leader), || {
            format!("the leader's log leaves epoch {} at {}", leader.epoch, leader.end)
        });
        self.fetch_from_leader(ctx, env);
    }

    pub(super) fn cut_to(&mut self, ctx: &mut Ctx<'_, Kafka>, to: Offset, why: impl FnOnce() -> String) {
        let (from, origin) = (self.log.end(), self.origin);
        let dropped = self.log.truncate(ctx.disk, to);
        self.flush.truncate(to);
        self.high_watermark = self.high_watermark.min(to);
        if dropped > 0 {
            ctx.observe(Probe::Truncated, || Observation::Truncated { origin, from: from.0, to: to.0, why: why() });
        }
    }
}

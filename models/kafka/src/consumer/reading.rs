//! Reading: finding a position, checking it against a new leader, fetching from it.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::{EpochEnd, Offset};

use super::partition::{At, Position};
use super::{Asked, Consumer};
use crate::config::Reset;
use crate::error_code::ErrorCode;
use crate::message::{Edge, EpochEndOf, Fetch, FetchedRecords, ListOffsets, Message};
use crate::model::Kafka;
use crate::mutation::Rule;

/// Records of 100 bytes that `max.partition.fetch.bytes` lets through by default.
const FETCH_RECORDS: u32 = 10_000;

impl Consumer {
    /// Does what a partition needs next: find a position, check it against a new leader, or fetch.
    pub(super) fn read(&mut self, ctx: &mut Ctx<'_, Kafka>, place: usize, now: Time) {
        let partition = &mut self.partitions[place];
        if partition.is_unreadable() {
            return;
        }
        let (origin, slot) = (partition.origin, partition.slot());
        let Some((leader, epoch)) = self.leaders.of(origin) else { return self.leaders.want() };
        partition.notice_leader(epoch, self.config.checks_positions);
        if !partition.wants_request(leader, now) {
            return;
        }
        if !self.connections.is_open(leader) {
            return self.connections.open(ctx, leader);
        }
        let (current_epoch, isolation) = (Some(epoch), self.isolation);
        if partition.counts_back_from_now() {
            self.count_back_from(now, place);
        }
        let partition = &mut self.partitions[place];
        match partition.position {
            Position::Unknown | Position::Stopped | Position::NothingSince(_) => {}
            Position::Resetting(edge) => {
                partition.asked = true;
                self.connections.ask(ctx, leader, Asked::Reset { slot, edge, at: now }, |correlation| {
                    Message::ListOffsets(ListOffsets { correlation, origin, edge, isolation, current_epoch })
                });
            }
            Position::Validating(At { next: offset, epoch: last, .. }) => {
                let Some(epoch) = last else { unreachable!("only a position with an epoch is validated") };
                partition.asked = true;
                self.connections.ask(ctx, leader, Asked::Validate { slot, offset }, |correlation| {
                    Message::EpochEndOf(EpochEndOf { correlation, origin, epoch, current_epoch })
                });
            }
            Position::Valid(At { next: offset, .. }) => {
                partition.fetching = Some(leader);
                let max_wait = self.config.fetch_max_wait;
                self.connections.ask(ctx, leader, Asked::Fetch { slot, offset }, |correlation| {
                    let max_records = FETCH_RECORDS;
                    Message::Fetch(Fetch {
                        correlation,
                        origin,
                        offset,
                        current_epoch,
                        max_wait,
                        max_records,
                        isolation,
                        follower: None,
                    })
                });
            }
        }
    }

    /// Source: `FetchCollector.initialize`, `handleInitializeErrors` at 4.1.
    pub(super) fn fetched(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        from: NodeId,
        place: usize,
        offset: Offset,
        result: Result<FetchedRecords, ErrorCode>,
    ) {
        let partition = &mut self.partitions[place];
        partition.stop_fetching(from);
        let expected =
            matches!(partition.position, Position::Valid(at) if at.next == offset) && !partition.has_records();
        match result {
            _ if !expected => {}
            Ok(told) => {
                partition.failures = 0;
                let stable = told.committed.as_ref().map(|committed| committed.last_stable_offset);
                partition.high_watermark = Some(stable.unwrap_or(told.high_watermark));
                if partition.keep(told.records, told.committed) {
                    let origin = partition.origin;
                    self.fetched.push_back(origin);
                }
            }
            Err(ErrorCode::OffsetOutOfRange) => self.go_without_position(ctx, place, "its offset is out of range"),
            Err(code) => self.try_again(ctx, place, code),
        }
    }

    /// Where nothing is as late as was asked for at `at`, the partition has no position, and its leader is asked again
    /// when the question would have timed out.
    ///
    /// Source: `OffsetFetcherUtils.{handleListOffsetResponse,resetPositionIfNeeded}`, `OffsetFetcher.resetPositionsAsync`,
    /// `SubscriptionState.maybeSeekUnvalidated` at 4.1.
    #[cold]
    pub(super) fn reset_to(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        place: usize,
        (edge, at): (Edge, Time),
        result: Result<Option<Offset>, ErrorCode>,
    ) {
        let partition = &mut self.partitions[place];
        partition.asked = false;
        match result {
            Ok(_) if partition.position != Position::Resetting(edge) => {}
            Ok(Some(next)) => {
                partition.failures = 0;
                partition.seek(At { next, epoch: None, checked_in: None });
            }
            Ok(None) => {
                if let Edge::Since(time) = edge {
                    partition.position = Position::NothingSince(time);
                }
                partition.failures = 0;
                partition.not_before = at + self.config.request_timeout;
            }
            Err(code) => self.try_again(ctx, place, code),
        }
    }

    /// The leader changed, and told where its log leaves the epoch that was read last. If that is before the
    /// position, what was read has been truncated: the consumer goes back to where the logs part.
    ///
    /// Source: KIP-320; `SubscriptionState.maybeCompleteValidation` at 4.1.
    #[cold]
    pub(super) fn validated(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        place: usize,
        offset: Offset,
        result: Result<Option<EpochEnd>, ErrorCode>,
    ) {
        let has_policy = self.reset_policy(ctx.wall_clock()).is_some();
        let partition = &mut self.partitions[place];
        partition.asked = false;
        let Position::Validating(at) = partition.position else { return };
        if at.next != offset {
            return;
        }
        match result {
            Ok(None) => self.go_without_position(ctx, place, "the leader does not know the epoch it read last"),
            Ok(Some(told)) if told.end >= at.next => partition.position = Position::Valid(at),
            Ok(Some(told)) if has_policy => {
                let origin = partition.origin;
                ctx.note(|| {
                    format!(
                        "goes back in partition {} from {} to {}: the rest was truncated",
                        origin.0, at.next, told.end
                    )
                });
                partition.position = Position::Valid(At { next: told.end, epoch: Some(told.epoch), ..at });
            }
            Ok(Some(_)) => self.go_without_position(ctx, place, "what it had read was truncated"),
            Err(code) => self.try_again(ctx, place, code),
        }
    }

    /// `auto.offset.reset`; the auditor always begins again.
    fn reset_policy(&self, now: Time) -> Option<Edge> {
        let is_switched_off = !Rule::ResetPolicy.holds();
        match (self.commit, self.config.reset) {
            (None, _) => Some(Edge::Earliest),
            (Some(_), Reset::Latest | Reset::ByDuration(_)) if is_switched_off => Some(Edge::Earliest),
            (Some(_), reset) => reset.edge(now),
        }
    }

    /// A duration counts from when the leader is asked, each time.
    fn count_back_from(&mut self, now: Time, place: usize) {
        if let Some(edge) = self.reset_policy(now) {
            self.partitions[place].position = Position::Resetting(edge);
        }
    }

    /// There is no valid position to go on from. Without a policy the application gets an exception from every poll.
    ///
    /// Source: `SubscriptionState.resetInitializingPositions`, `FetchCollector.handleInitializeErrors` at 4.1.
    /// Simplified: an application that gets the exception stops reading that partition and does not die.
    #[cold]
    pub(super) fn go_without_position(&mut self, ctx: &mut Ctx<'_, Kafka>, place: usize, why: &'static str) {
        let policy = self.reset_policy(ctx.wall_clock());
        let partition = &mut self.partitions[place];
        let origin = partition.origin;
        partition.drop_records();
        match policy {
            Some(edge) => {
                ctx.note(|| format!("auto.offset.reset goes to {edge:?} in partition {}: {why}", origin.0));
                partition.position = Position::Resetting(edge);
            }
            None => {
                ctx.note(|| format!("auto.offset.reset=none stops partition {}: {why}", origin.0));
                partition.position = Position::Stopped;
            }
        }
    }

    #[cold]
    fn try_again(&mut self, ctx: &mut Ctx<'_, Kafka>, place: usize, _: ErrorCode) {
        self.leaders.want();
        let partition = &mut self.partitions[place];
        partition.failures += 1;
        partition.not_before = ctx.wall_clock() + self.config.backoff.draw(partition.failures, ctx.random);
    }
}

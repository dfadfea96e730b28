//! What clients ask besides writing and reading.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::Offset;

use super::Broker;
use super::replica::{Replica, Role};
use crate::error_code::ErrorCode;
use crate::message::{
    Edge, EpochEndIs, EpochEndOf, Fetch, Fetched, ListOffsets, Message, MetadataIs, MetadataRequest, OffsetIs,
};
use crate::model::Kafka;
use crate::transaction::Isolation;

impl Broker {
    pub(super) fn on_fetch(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &Fetch) {
        match self.plan.layout.index(request.origin).and_then(|index| self.split(index)) {
            Some((replica, mut env)) => replica.fetch(ctx, &mut env, from, request),
            None => {
                let (correlation, origin) = (request.correlation, request.origin);
                let result = Err(self.unknown());
                ctx.send(from, Message::Fetched(Fetched { correlation, origin, result }));
            }
        }
    }

    /// What whoever asks about a partition without a copy here is told.
    ///
    /// Source: `ReplicaManager.getPartitionOrError`, core, 4.1.
    pub(super) fn unknown(&self) -> ErrorCode {
        match self.view.partitions.is_empty() {
            true => ErrorCode::UnknownTopicOrPartition,
            false => ErrorCode::NotLeaderOrFollower,
        }
    }

    /// Tells the state of the cluster as this broker knows it, up to date or not.
    ///
    /// Source: `KafkaApis.handleTopicMetadataRequest`, core, 4.1, answers from the broker's metadata cache.
    #[cold]
    pub(super) fn on_metadata(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &MetadataRequest) {
        let reply = MetadataIs { correlation: request.correlation, image: Arc::clone(&self.view) };
        ctx.send(from, Message::MetadataIs(reply));
    }

    #[cold]
    pub(super) fn on_list_offsets(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &ListOffsets) {
        let result = match self.plan.layout.index(request.origin).and_then(|index| self.split(index)) {
            Some((replica, _)) => replica.edge(ctx, request),
            None => Err(self.unknown()),
        };
        ctx.send(
            from,
            Message::OffsetIs(OffsetIs { correlation: request.correlation, origin: request.origin, result }),
        );
    }

    #[cold]
    pub(super) fn on_epoch_end(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &EpochEndOf) {
        let result = match self.plan.layout.index(request.origin).and_then(|index| self.split(index)) {
            Some((replica, _)) => {
                replica.check_leader(request.current_epoch).map(|()| replica.log.end_of(request.epoch))
            }
            None => Err(self.unknown()),
        };
        ctx.send(from, Message::EpochEndIs(EpochEndIs { correlation: request.correlation, result }));
    }
}

impl Replica {
    /// A place in what a consumer may read. A new leader does not know the latest ones before its high watermark has
    /// reached the beginning of its epoch.
    ///
    /// Source: `Partition.fetchOffsetForTimestamp`, `ReplicaManager.fetchOffset`, core, 4.1; KIP-207.
    fn edge(&self, ctx: &Ctx<'_, Kafka>, request: &ListOffsets) -> Result<Option<Offset>, ErrorCode> {
        self.check_leader(request.current_epoch)?;
        let Role::Leader(leader) = &self.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        let is_behind = leader.epoch_start > self.high_watermark;
        let readable = match request.isolation {
            Isolation::ReadUncommitted => self.high_watermark,
            Isolation::ReadCommitted => self.last_stable_offset(),
        };
        match request.edge {
            Edge::Earliest => Ok(Some(self.log.start())),
            Edge::Latest if is_behind => Err(ErrorCode::OffsetNotAvailable),
            Edge::Latest => Ok(Some(readable)),
            Edge::LogEnd => Ok(Some(self.log.end())),
            Edge::Since(time) => match self.first_since(ctx, time).filter(|&first| first < readable) {
                None if is_behind => Err(ErrorCode::OffsetNotAvailable),
                found => Ok(found),
            },
        }
    }

    /// Source: `UnifiedLog.fetchOffsetByTimestamp`, `FileRecords.searchForTimestamp` at 4.1.
    fn first_since(&self, ctx: &Ctx<'_, Kafka>, time: Time) -> Option<Offset> {
        let start = self.log.start();
        let records = ctx.disk.tail(self.log.file(), start.0);
        let place = records.iter().position(|record| record.timestamp >= time)?;
        Some(start.plus(place as u64))
    }

    /// The latest timestamp in the log.
    pub fn newest(&self) -> Option<Time> {
        let segments = self.log.segments().iter(self.log.end());
        segments.filter(|(segment, _)| !segment.is_empty()).map(|(segment, _)| segment.newest).max()
    }
}

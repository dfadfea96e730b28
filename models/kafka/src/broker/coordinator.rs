//! The coordinator of the consumer group: the leader of `__consumer_offsets` keeps the group's progress, in records
//! like any others.
//!
//! Simplified: the coordinator loads the group at once. Gives up: COORDINATOR_LOAD_IN_PROGRESS.
//! Simplified: commits are never compacted away and never expire. Gives up: groups that lose their progress by being
//! empty for `offsets.retention.minutes`.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_log::{Epoch, Offset};

use super::parked::commit_error;
use super::{Broker, Env, Replica};
use crate::config::Version;
use crate::error_code::ErrorCode;
use crate::message::{Commit, Message, OffsetCommit, OffsetCommitted, OffsetFetch, OffsetsAre, Payload, Record};
use crate::model::Kafka;

/// The group's progress, as read from the log.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// In which leadership it was loaded.
    loaded_in: Option<Epoch>,
    /// Records below are taken into account.
    upto: Offset,
    /// In order of origin.
    commits: Vec<Commit>,
}

impl Group {
    /// Takes records into account that the high watermark has passed. After a change of leader the log is read from
    /// the beginning; up to 3.9 everything counts then that the new leader had, passed by the high watermark or not.
    ///
    /// Source: `CoordinatorLoaderImpl.doLoad`, core, 4.1; `GroupMetadataManager.doLoadGroupsAndOffsets`, core, 3.9.
    fn catch_up(&mut self, ctx: &Ctx<'_, Kafka>, env: &Env<'_>, replica: &Replica) {
        let epoch = replica.leader_epoch();
        let mut end = replica.high_watermark();
        if self.loaded_in != Some(epoch) {
            *self = Group { loaded_in: Some(epoch), ..Group::default() };
            if env.plan.config.version < Version::new(4, 0) {
                end = end.max(replica.epoch_start());
            }
        }
        let records = replica.log.read(ctx.disk, self.upto, end, usize::MAX);
        self.upto = self.upto.plus(records.len() as u64);
        records.iter().for_each(|record| self.take(record));
    }

    fn take(&mut self, record: &Record) {
        match record.payload {
            Payload::Commit(commit) => match self.commits.binary_search_by_key(&commit.origin, |known| known.origin) {
                Ok(at) => self.commits[at] = commit,
                Err(at) => self.commits.insert(at, commit),
            },
            Payload::Message(msg, _) => unreachable!("{msg} is in __consumer_offsets"),
        }
    }
}

/// The newest progress in each partition, in order of origin, that the first records of a log hold.
pub fn progress_in(records: &[Record]) -> Vec<Commit> {
    let mut group = Group::default();
    records.iter().for_each(|record| group.take(record));
    group.commits
}

impl Broker {
    pub(super) fn on_offset_commit(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        from: NodeId,
        request: &OffsetCommit,
    ) -> Result<(), DiskError> {
        match self.split(self.plan.layout.offsets()) {
            Some((replica, mut env)) => replica.commit(ctx, &mut env, from, request.clone()),
            None => {
                let result = Err(commit_error(ErrorCode::NotLeaderOrFollower));
                let reply = OffsetCommitted { correlation: request.correlation, result };
                ctx.send(from, Message::OffsetCommitted(reply));
                Ok(())
            }
        }
    }

    pub(super) fn on_offset_fetch(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &OffsetFetch) {
        let mut group = std::mem::take(&mut self.group);
        let result = match self.split(self.plan.layout.offsets()) {
            Some((replica, env)) if replica.leads() => {
                group.catch_up(ctx, &env, replica);
                Ok(Arc::from(group.commits.as_slice()))
            }
            Some(_) | None => Err(ErrorCode::NotCoordinator),
        };
        self.group = group;
        ctx.send(from, Message::OffsetsAre(OffsetsAre { correlation: request.correlation, result }));
    }
}

//! The group's progress, as read from the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::{Epoch, Offset};

use crate::broker::parked::commit_error;
use crate::broker::replica::Replica;
use crate::broker::{Broker, Env};
use crate::config::Version;
use crate::error_code::ErrorCode;
use crate::message::{
    Commit, GroupRecord, Message, OffsetCommit, OffsetCommitted, OffsetFetch, OffsetsAre, Payload, Record,
};
use crate::model::Kafka;
use crate::sequence::ProducerId;
use crate::transaction::Ending;

/// The group's progress, as read from the log.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// In which leadership it was loaded.
    loaded_in: Option<Epoch>,
    /// Records below are taken into account.
    upto: Offset,
    /// In order of origin.
    commits: Vec<Commit>,
    /// When each was stored, by the wall clock of who coordinated then.
    stored_at: Vec<Time>,
    /// Progress that counts when the transaction of its producer is committed, in order.
    pending: BTreeMap<ProducerId, Vec<(Commit, Time)>>,
    /// In whose transaction the rest of this batch was stored.
    reading: Option<ProducerId>,
}

impl Progress {
    /// Takes records into account that the high watermark has passed. After a change of leader the log is read from
    /// the beginning; up to 3.9 everything counts then that the new leader had, passed by the high watermark or not.
    ///
    /// Source: `CoordinatorLoaderImpl.doLoad`, core, 4.1; `GroupMetadataManager.doLoadGroupsAndOffsets`, core, 3.9.
    pub(super) fn catch_up(&mut self, ctx: &Ctx<'_, Kafka>, env: &Env<'_>, replica: &Replica) {
        let epoch = replica.leader_epoch();
        let mut end = replica.high_watermark();
        if self.loaded_in != Some(epoch) {
            *self = Progress { loaded_in: Some(epoch), ..Progress::default() };
            if env.plan.config.version < Version::new(4, 0) {
                end = end.max(replica.epoch_start());
            }
        }
        let records = replica.log.read(ctx.disk, self.upto, end, usize::MAX);
        self.upto = self.upto.plus(records.len() as u64);
        records.iter().for_each(|record| self.take(record));
    }

    /// Partitions with progress, and when it was stored.
    pub(super) fn stored(&self) -> impl Iterator<Item = (Origin, Time)> + '_ {
        self.commits.iter().map(|commit| commit.origin).zip(self.stored_at.iter().copied())
    }

    fn place(&self, origin: Origin) -> Result<usize, usize> {
        self.commits.binary_search_by_key(&origin, |known| known.origin)
    }

    fn take(&mut self, record: &Record) {
        let of = self.reading;
        if record.left == 0 {
            self.reading = None;
        }
        match record.payload {
            Payload::Pending(identity) => self.reading = (record.left > 0).then_some(identity.producer),
            Payload::Commit(commit) => match of {
                Some(producer) => self.pending.entry(producer).or_default().push((commit, record.timestamp)),
                None => self.store(commit, record.timestamp),
            },
            Payload::Marker(marker) => {
                let pending = self.pending.remove(&marker.identity.producer).unwrap_or_default();
                if marker.ending == Ending::Commit {
                    pending.into_iter().for_each(|(commit, at)| self.store(commit, at));
                }
            }
            Payload::Group(GroupRecord::Forgotten { origin }) => {
                if let Ok(at) = self.place(origin) {
                    self.commits.remove(at);
                    self.stored_at.remove(at);
                }
            }
            Payload::Group(GroupRecord::Generation { .. } | GroupRecord::Member(_) | GroupRecord::Assigned { .. }) => {}
            Payload::Group(GroupRecord::Released(_)) => {}
            Payload::Message(..) | Payload::Transaction(_) | Payload::Enlisted(_) => {
                unreachable!("{:?} is in __consumer_offsets", record.payload)
            }
        }
    }

    fn store(&mut self, commit: Commit, at: Time) {
        match self.place(commit.origin) {
            Ok(place) => (self.commits[place], self.stored_at[place]) = (commit, at),
            Err(place) => {
                self.commits.insert(place, commit);
                self.stored_at.insert(place, at);
            }
        }
    }

    /// Whether some progress hangs on the end of a transaction, replicated or not.
    ///
    /// Source: `OffsetMetadataManager.{fetchOffsets,hasPendingTransactionalOffsets}`, group-coordinator, 4.1; KIP-447.
    fn is_unstable(&self, ctx: &Ctx<'_, Kafka>, replica: &Replica) -> bool {
        let unseen = replica.log.read(ctx.disk, self.upto, replica.log.end(), usize::MAX);
        let hangs = |record: &Record| matches!(record.payload, Payload::Pending(_) | Payload::Marker(_));
        !self.pending.is_empty() || unseen.iter().any(hangs)
    }
}

/// The newest progress in each partition, in order of origin, that the first records of a log hold.
pub fn progress_in(records: &[Record]) -> Vec<Commit> {
    let mut progress = Progress::default();
    records.iter().for_each(|record| progress.take(record));
    progress.commits
}

impl Broker {
    pub(in crate::broker) fn on_offset_commit(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        from: NodeId,
        request: &OffsetCommit,
    ) -> Result<(), DiskError> {
        let checked = match &mut self.coordinator.group {
            Some(group) => group.check_commit(ctx.now(), &self.plan.config, request.membership),
            None => Err(commit_error(ErrorCode::NotLeaderOrFollower)),
        };
        match (checked, self.split(self.plan.layout.offsets())) {
            (Ok(()), Some((replica, mut env))) => replica.commit(ctx, &mut env, from, request.clone()),
            (Ok(()), None) => unreachable!("who coordinates leads a replica"),
            (Err(code), _) => {
                let (correlation, result) = (request.correlation, Err(code));
                ctx.send(from, Message::OffsetCommitted(OffsetCommitted { correlation, result }));
                Ok(())
            }
        }
    }

    #[cold]
    pub(in crate::broker) fn on_offset_fetch(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &OffsetFetch) {
        let mut progress = std::mem::take(&mut self.coordinator.progress);
        let result = match self.split(self.plan.layout.offsets()) {
            Some((replica, env)) if replica.leads() => {
                progress.catch_up(ctx, &env, replica);
                match request.requires_stable && progress.is_unstable(ctx, replica) {
                    true => Err(ErrorCode::UnstableOffsetCommit),
                    false => Ok(Arc::from(progress.commits.as_slice())),
                }
            }
            Some(_) | None => Err(ErrorCode::NotCoordinator),
        };
        self.coordinator.progress = progress;
        ctx.send(from, Message::OffsetsAre(OffsetsAre { correlation: request.correlation, result }));
    }
}

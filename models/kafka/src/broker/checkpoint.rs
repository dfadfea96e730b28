//! What a broker writes down now and then for its next start: each partition's high watermark, and where logs start
//! whose older records are still on the disk.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_log::Offset;

use super::{Broker, Replica};
use crate::cell::{CLEAN_SHUTDOWN, Cell, HIGH_WATERMARKS, LOG_STARTS};
use crate::metadata::BrokerEpoch;
use crate::model::Kafka;

/// As last written, by partition.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    high_watermarks: Vec<Offset>,
    /// The beginning of the log where there is nothing older on the disk.
    log_starts: Vec<Offset>,
}

/// What was written down of one partition.
#[derive(Copy, Clone, Debug)]
pub(super) struct Checkpoint {
    pub(super) high_watermark: Offset,
    pub(super) log_start: Offset,
}

impl Checkpoints {
    pub(super) fn load(ctx: &Ctx<'_, Kafka>, partitions: usize) -> Checkpoints {
        let mut high_watermarks = match ctx.disk.load(HIGH_WATERMARKS) {
            Some(Cell::HighWatermarks(offsets)) => offsets.clone(),
            Some(Cell::CleanShutdown(_) | Cell::LogStarts(_) | Cell::Cluster(_)) | None => Vec::new(),
        };
        let mut log_starts = match ctx.disk.load(LOG_STARTS) {
            Some(Cell::LogStarts(offsets)) => offsets.clone(),
            Some(Cell::CleanShutdown(_) | Cell::HighWatermarks(_) | Cell::Cluster(_)) | None => Vec::new(),
        };
        high_watermarks.resize(partitions, Offset::ZERO);
        log_starts.resize(partitions, Offset::ZERO);
        Checkpoints { high_watermarks, log_starts }
    }

    pub(super) fn of(&self, partition: usize) -> Checkpoint {
        Checkpoint { high_watermark: self.high_watermarks[partition], log_start: self.log_starts[partition] }
    }
}

/// The broker epoch in the marker that a clean stop has left.
pub(super) fn clean_shutdown(ctx: &Ctx<'_, Kafka>) -> Option<BrokerEpoch> {
    match ctx.disk.load(CLEAN_SHUTDOWN) {
        Some(Cell::CleanShutdown(epoch)) => Some(*epoch),
        Some(Cell::HighWatermarks(_) | Cell::LogStarts(_) | Cell::Cluster(_)) | None => None,
    }
}

impl Broker {
    /// Writes down the high watermarks if any has changed.
    ///
    /// Source: `ReplicaManager.checkpointHighWatermarks`, core, 4.1: an fsynced file, every 5 s.
    #[cold]
    pub(super) fn checkpoint_high_watermarks(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        let current =
            |(replica, old): (&Option<Replica>, &Offset)| replica.as_ref().map_or(*old, Replica::high_watermark);
        let written = &mut self.checkpoints.high_watermarks;
        if self.replicas.iter().zip(&*written).all(|(replica, old)| current((replica, old)) == *old) {
            return Ok(());
        }
        *written = self.replicas.iter().zip(&*written).map(current).collect();
        ctx.disk.store(HIGH_WATERMARKS, Cell::HighWatermarks(written.clone()))?;
        ctx.sync(SyncTarget::Cell(HIGH_WATERMARKS));
        Ok(())
    }

    /// Writes down where logs start that have older records on the disk, if that has changed.
    ///
    /// Source: `LogManager.checkpointLogStartOffsetsInDir`, core, 4.1: an fsynced file.
    pub(super) fn checkpoint_log_starts(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        let hidden = |replica: &Replica| replica.hidden_start(ctx);
        let starts = self.replicas.iter().map(|replica| replica.as_ref().and_then(hidden).unwrap_or_default());
        if starts.clone().eq(self.checkpoints.log_starts.iter().copied()) {
            return Ok(());
        }
        self.checkpoints.log_starts = starts.collect();
        ctx.disk.store(LOG_STARTS, Cell::LogStarts(self.checkpoints.log_starts.clone()))?;
        ctx.sync(SyncTarget::Cell(LOG_STARTS));
        Ok(())
    }
}

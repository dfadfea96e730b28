//! Small state files.

use std::sync::Arc;

use ackproof_core::disk::CellId;
use ackproof_log::Offset;

use crate::controller::Cluster;
use crate::metadata::BrokerEpoch;

/// `replication-offset-checkpoint`: every partition's high watermark.
pub const HIGH_WATERMARKS: CellId = CellId(0);
/// `.kafka_cleanshutdown`.
pub const CLEAN_SHUTDOWN: CellId = CellId(1);
/// The controller's metadata log, as the state that replaying it gives.
pub const CLUSTER: CellId = CellId(2);

/// `log-start-offset-checkpoint`: where logs start that have older records on the disk.
pub const LOG_STARTS: CellId = CellId(3);

/// What a small state file holds.
#[derive(Clone, Debug)]
pub enum Cell {
    /// By partition.
    HighWatermarks(Vec<Offset>),
    LogStarts(Vec<Offset>),
    CleanShutdown(BrokerEpoch),
    Cluster(Arc<Cluster>),
}

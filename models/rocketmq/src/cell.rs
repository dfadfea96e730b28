//! Small files that are replaced as a whole.

use std::collections::BTreeMap;

use ackproof_core::disk::CellId;
use ackproof_log::Epoch;

use crate::broker::Progress;
use crate::topic::Queue;

/// What one of them holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// `consumerOffset.json`
    Progress(Progress),
    /// `delayOffset.json`: how far each delay level was worked off, from level 1 on.
    Delays(Vec<u64>),
    /// `epochFileCheckpoint`: epochs with the position at which each begins.
    Epochs(Vec<(Epoch, u64)>),
    /// A consumer's `offsets.json`, under BROADCASTING.
    Local(BTreeMap<Queue, u64>),
    /// An operator changed this broker's id, 0 for the master.
    Appointed { id: u64 },
    /// Raft: the term, and who was voted for in it.
    Vote(u32, Option<u8>),
}

pub const PROGRESS: CellId = CellId(0);
pub const DELAYS: CellId = CellId(1);
pub const EPOCHS: CellId = CellId(2);
pub const LOCAL: CellId = CellId(3);
pub const VOTE: CellId = CellId(4);
pub const APPOINTED: CellId = CellId(5);

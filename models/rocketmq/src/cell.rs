//! Small files that are replaced as a whole.

use std::collections::BTreeMap;

use ackproof_core::disk::CellId;

use crate::broker::Progress;
use crate::record::Entry;
use crate::topic::Queue;
use ackproof_core::node::NodeId;
use ackproof_log::Epoch;
use ackproof_raft::{Ballot, BallotCell};

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
    /// `brokerIdentity`: the controllers gave this broker its id.
    Identity,
    /// `confirmPhyOffset` of the checkpoint.
    Confirmed(u64),
    /// What stands in the log's file behind its end: cut off, and not overwritten yet. It begins at the position.
    Stale(u64, Vec<Entry>),
}

pub const PROGRESS: CellId = CellId(0);
pub const DELAYS: CellId = CellId(1);
pub const EPOCHS: CellId = CellId(2);
pub const LOCAL: CellId = CellId(3);
pub const VOTE: CellId = CellId(4);
pub const APPOINTED: CellId = CellId(5);
pub const CONFIRMED: CellId = CellId(6);
pub const STALE: CellId = CellId(7);
pub const IDENTITY: CellId = CellId(8);

impl BallotCell for Cell {
    fn of_ballot(ballot: Ballot) -> Cell {
        Cell::Vote(ballot.epoch.0, ballot.voted_for.map(|node| node.0))
    }
    fn ballot(&self) -> Option<Ballot> {
        match self {
            Cell::Vote(epoch, voted_for) => Some(Ballot { epoch: Epoch(*epoch), voted_for: voted_for.map(NodeId) }),
            Cell::Progress(_) | Cell::Delays(_) | Cell::Epochs(_) | Cell::Local(_) => None,
            Cell::Appointed { .. } | Cell::Identity | Cell::Confirmed(_) | Cell::Stale(..) => None,
        }
    }
}

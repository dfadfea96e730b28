//! What controllers decide together of each broker group: who is its master, under which epoch, and who is in its
//! SyncStateSet. Every controller has the same, by applying the same decisions in the same order.

use ackproof_log::Epoch;
use serde::{Deserialize, Serialize};

use crate::topic::Group;

/// Brokers of one group, by their place in it, counted from 0.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Members(u16);

impl Members {
    pub const NONE: Members = Members(0);

    pub fn only(place: u8) -> Members {
        Members(1 << place)
    }
    pub fn with(self, place: u8) -> Members {
        Members(self.0 | 1 << place)
    }
    pub fn without(self, place: u8) -> Members {
        Members(self.0 & !(1 << place))
    }
    pub fn union(self, other: Members) -> Members {
        Members(self.0 | other.0)
    }
    pub fn contains(self, place: u8) -> bool {
        self.0 & 1 << place != 0
    }
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }
    /// Ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..16).filter(move |place| self.contains(*place))
    }
}

/// One group as it was decided last.
///
/// Source: `SyncStateInfo`, controller, 5.3.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Replicas {
    /// By its place; `None` before the first election, and after one that nobody could win.
    pub master: Option<u8>,
    /// Counts elections, also those that nobody won; 0 before the first one.
    pub epoch: Epoch,
    pub set: Members,
    pub set_epoch: u32,
}

/// What is put into the controllers' log.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Decision {
    /// `None`: nobody may lead, and the set stays as it was.
    Elected {
        group: Group,
        master: Option<u8>,
    },
    SetAltered {
        group: Group,
        set: Members,
    },
    /// The broker at this place is another one: the former is gone with its disk, and nobody will ever be it again.
    ///
    /// Simplified: the new one has the former's place; RocketMQ gives it an id of its own and keeps the former's in the set.
    /// Gives up: nothing, as long as the former does not come back.
    ///
    /// Source: `ReplicasManager.register`, broker; `ReplicasInfoManager.applyBrokerId`, controller, 5.3.
    Replaced {
        group: Group,
        place: u8,
    },
}

impl Replicas {
    /// Source: `ReplicasInfoManager.handleElectMaster`, `handleAlterSyncStateSet`, controller, 5.3.
    pub fn apply(&mut self, decision: Decision) {
        match decision {
            Decision::Elected { group: _, master } => {
                self.master = master;
                self.epoch = Epoch(self.epoch.0 + 1);
                if let Some(master) = master {
                    self.set = Members::only(master);
                    self.set_epoch += 1;
                }
            }
            Decision::Replaced { group: _, place } => {
                if self.master == Some(place) {
                    self.master = None;
                    self.epoch = Epoch(self.epoch.0 + 1);
                }
                self.set = self.set.without(place);
                self.set_epoch += 1;
            }
            Decision::SetAltered { group: _, set } => {
                self.set = set;
                self.set_epoch += 1;
            }
        }
    }
}

impl Decision {
    pub fn group(self) -> Group {
        match self {
            Decision::Elected { group, .. } | Decision::SetAltered { group, .. } => group,
            Decision::Replaced { group, .. } => group,
        }
    }
}

//! Between brokers and controllers, among controllers, and on the replication links of controller mode.

use ackproof_core::node::NodeId;
use ackproof_core::time::Span;
use ackproof_log::Epoch;
use serde::{Deserialize, Serialize};

use crate::message::Opaque;
use crate::record::Entry;
use crate::replicas::{Members, Replicas};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ToController {
    /// Among controllers.
    Raft(ackproof_raft::Message<Entry>),
    /// Who leads the controllers?
    FindLeader,
    LeaderIs {
        leader: Option<NodeId>,
    },
    Alive(Alive),
    Ask {
        opaque: Opaque,
        ask: Ask,
    },
    Answer {
        opaque: Opaque,
        /// `None`: refused, for whatever reason.
        known: Option<Replicas>,
    },
    /// To every broker that lives: a master was elected.
    RoleChanged(Replicas),
}

/// A broker's heartbeat, to every controller.
///
/// Source: `ReplicasManager.sendHeartbeatToController`, broker, 5.3.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Alive {
    /// The last one of its epoch file.
    pub epoch: Option<Epoch>,
    /// Where its log ends.
    pub end: u64,
    /// How long it is believed to live without another word.
    pub ttl: Span,
    pub priority: i64,
}

/// What a broker wants of the controller that leads.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// It has begun: who is the master, if he lives? One that has no id yet is given one.
    Register { is_new: bool },
    /// It would be the master.
    Elect,
    /// What is known of its group.
    Replicas,
    /// It is the master, and its slaves in sync are these.
    AlterSet { set: Members, set_epoch: u32, epoch: Epoch },
}

/// A link of controller mode.
///
/// Source: `AutoSwitchHAConnection`, `AutoSwitchHAClient`, store, 5.3.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum AutoHa {
    /// The slave's first word.
    Handshake { learner: bool, from_last_file: bool },
    /// The master's epochs, and where its log ends.
    Epochs { epochs: Vec<(Epoch, u64)>, end: u64 },
    /// The slave's log ends here: the first such word says where to go on.
    Report { end: u64 },
    /// Entries of one epoch of the master's log, and how far everything is confirmed. None is a sign of life.
    Push { from: u64, epoch: Option<(Epoch, u64)>, confirm: u64, entries: Vec<Entry> },
}

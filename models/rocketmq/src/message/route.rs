//! Who serves which queues, as nameservers know it.

use ackproof_core::node::NodeId;
use ackproof_core::time::Span;
use ackproof_log::Epoch;
use serde::{Deserialize, Serialize};

use crate::topic::Group;

/// A broker makes itself known.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Registration {
    pub group: Group,
    /// 0 for a master.
    pub id: u64,
    /// Of two that want the same id the one with the higher version has it: the epoch of a master, 0 outside of
    /// controller mode.
    pub version: Epoch,
    /// How long it is believed to live without another word; the nameserver's own limit where it says none.
    pub ttl: Option<Span>,
    /// `enableSlaveActingMaster`
    pub acts_as_master: bool,
    /// A sign of life alone (`BROKER_HEARTBEAT`): what is known of the broker stays as it is.
    pub is_heartbeat: bool,
}

/// A broker of a group.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Address {
    pub id: u64,
    pub node: NodeId,
}

/// The brokers of a group, by id.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct GroupRoute {
    pub group: Group,
    /// Ascending by id.
    pub addresses: Vec<Address>,
    /// Whether its queues may be written.
    pub is_writable: bool,
}

impl GroupRoute {
    pub fn node(&self, id: u64) -> Option<NodeId> {
        self.addresses.iter().find(|address| address.id == id).map(|address| address.node)
    }
}

/// Of the workload's topic; groups ascend.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Route {
    pub groups: Vec<GroupRoute>,
}

impl Route {
    pub fn group(&self, group: Group) -> Option<&GroupRoute> {
        self.groups.iter().find(|known| known.group == group)
    }
}

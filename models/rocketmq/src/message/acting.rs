//! Of groups with an acting master: who is there, and what a master that returns asks its slaves.

use ackproof_core::node::NodeId;
use serde::{Deserialize, Serialize};

use crate::message::{Address, MasterProgress};
use crate::topic::Group;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum ToGroup {
    /// A broker asks a nameserver who of its group is there.
    GetGroup {
        group: Group,
    },
    /// Ascending by id.
    GroupIs {
        addresses: Vec<Address>,
    },
    /// A master that returns tells a slave where it is.
    MasterIs {
        master: NodeId,
    },
    /// A master that returns asks a slave how far consumers have come meanwhile.
    GetBack,
    Back(MasterProgress),
}

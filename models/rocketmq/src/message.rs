//! What crosses the network.

mod acting;
mod client;
mod consuming;
mod controller;
mod ha;
mod pop;
mod route;
mod transactions;

pub use acting::ToGroup;
pub use client::{
    Code, Heartbeat, Kind, Pull, Pulled, PulledWhat, Refusal, Send, SendMode, SendOk, Sent, Status, Suggestion,
};
pub use consuming::{Again, Consuming, GiveBack};
pub use controller::{Alive, Ask, AutoHa, ToController};
pub use ha::{Ha, MasterProgress};
pub use pop::{Pop, Popping};
pub use route::{Address, GroupRoute, Registration, Route};
pub use transactions::{Check, Decision, EndTransaction};

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::record::Entry;
use crate::topic::{Group, Queue};
use ackproof_core::node::NodeId;

/// Numbers a request of one process, so that its answer is known.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opaque(pub u32);

impl Opaque {
    /// The next number.
    pub fn next(&mut self) -> Opaque {
        self.0 += 1;
        *self
    }
}

/// A request, an answer, or something that needs none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Message {
    /// Opens a connection.
    Connect,
    Connected,

    // To a nameserver, and back.
    Register(Registration),
    Registered {
        /// Who is the master of the group as this nameserver knows it, for slaves.
        master: Option<NodeId>,
    },
    Unregister {
        group: Group,
        id: u64,
    },
    /// Asked again at intervals; `opaque` tells the answers apart.
    GetRoute {
        opaque: Opaque,
    },
    RouteIs {
        opaque: Opaque,
        /// `None`: the topic is not known.
        route: Option<Arc<Route>>,
    },

    // Clients to brokers, and back.
    Heartbeat(Heartbeat),
    /// To every member of the group: somebody came or went.
    MembersChanged,
    GetMembers {
        opaque: Opaque,
    },
    MembersAre {
        opaque: Opaque,
        members: Vec<NodeId>,
    },
    Send(Send),
    Sent(Sent),
    Pull(Pull),
    Pulled(Box<Pulled>),
    QueryOffset {
        opaque: Opaque,
        queue: Queue,
    },
    OffsetIs {
        opaque: Opaque,
        /// `None`: the group has stored none, and the queue's first message is not there any more.
        offset: Result<Option<u64>, Refusal>,
    },
    /// Needs no answer.
    UpdateOffset {
        queue: Queue,
        offset: u64,
    },
    GetMaxOffset {
        opaque: Opaque,
        queue: Queue,
    },
    MaxOffsetIs {
        opaque: Opaque,
        offset: Result<u64, Refusal>,
    },

    /// Needs no answer.
    EndTransaction(EndTransaction),
    /// From a broker to a producer; needs no answer either.
    CheckTransaction(Check),
    Consuming(Box<Consuming>),

    /// Between the members of a DLedger group.
    Raft(Box<ackproof_raft::Message<Entry>>),

    // Slaves to their master, and back.
    Ha(Ha),
    AutoHa(Box<AutoHa>),
    Controller(Box<ToController>),
    Group(Box<ToGroup>),
    GetProgress,
    ProgressIs(Box<MasterProgress>),
}

//! What an actor lets an observer see: the anchors that faults wait for, and the facts from which a lost message
//! gets its autopsy. An observation never feeds back into a model.

use serde::{Deserialize, Serialize};

use crate::app::{MsgId, Origin};
use crate::node::NodeId;

/// The kinds of observation, by the word that `at: {after: ...}` uses.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Probe {
    /// An application handed a message to its client.
    Sent,
    /// A leader appended a message.
    Appended,
    /// A log reached the platter up to some position, by a sync that a broker asked for.
    Synced,
    /// A follower appended a copy.
    Replicated,
    /// An application was told that its message is safe.
    Acked,
    /// A consumer's application was handed a message.
    Delivered,
    /// A consumer's application finished with a message.
    Processed,
    /// Consumer progress was stored.
    Committed,
    LeaderElected,
    IsrShrunk,
    IsrExpanded,
    /// A replica dropped the tail of its log to match its leader.
    Truncated,
    /// A process began.
    Started,
    /// A broker sent the reply that confirms a message.
    Confirmed,
    /// A broker dropped a message by a rule of its own.
    Disposed,
    /// A decision that a person who reads the run wants to know.
    Noted,
}

impl Probe {
    /// Every probe, with its word and what it means.
    pub const ALL: [(&'static str, Probe, &'static str); 16] = [
        ("sent", Probe::Sent, "an application handed a message to its client"),
        ("appended", Probe::Appended, "a leader appended a message"),
        ("synced", Probe::Synced, "a broker's sync of a log finished"),
        ("replicated", Probe::Replicated, "a follower appended a copy"),
        ("acked", Probe::Acked, "an application was told that its message is safe"),
        ("delivered", Probe::Delivered, "a consumer's application was handed a message"),
        ("processed", Probe::Processed, "a consumer's application finished with a message"),
        ("committed", Probe::Committed, "consumer progress was stored"),
        ("leader-elected", Probe::LeaderElected, "a leader was elected"),
        ("isr-shrunk", Probe::IsrShrunk, "a replica left the in-sync set"),
        ("isr-expanded", Probe::IsrExpanded, "a replica joined the in-sync set"),
        ("truncated", Probe::Truncated, "a replica dropped the tail of its log"),
        ("started", Probe::Started, "a process began"),
        ("confirmed", Probe::Confirmed, "a broker sent the reply that confirms a message"),
        ("disposed", Probe::Disposed, "a broker dropped a message by a rule of its own"),
        ("noted", Probe::Noted, "a decision worth reading"),
    ];

    pub fn word(self) -> &'static str {
        Probe::ALL[self as usize].0
    }
    pub fn named(word: &str) -> Option<Probe> {
        Probe::ALL.iter().find(|(name, _, _)| *name == word).map(|(_, probe, _)| *probe)
    }
}

/// Which probes anybody wants; an observation nobody wants is never built.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Probes(u32);

impl Probes {
    pub const NONE: Probes = Probes(0);
    pub const ALL: Probes = Probes(u32::MAX);

    pub fn with(self, probe: Probe) -> Probes {
        Probes(self.0 | 1 << probe as u8)
    }
    pub fn wants(self, probe: Probe) -> bool {
        self.0 & (1 << probe as u8) != 0
    }
}

/// One fact. `epoch` is the leader's term in the broker's own counting; `offset` a position in the log of `origin`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observation {
    Appended {
        origin: Origin,
        offset: u64,
        epoch: u32,
        msg: MsgId,
    },
    Replicated {
        origin: Origin,
        offset: u64,
        epoch: u32,
        msg: MsgId,
    },
    /// Everything below `upto` is on the platter.
    Synced {
        origin: Origin,
        upto: u64,
    },
    /// The broker told the producer that the message is safe because `copies` held it at that moment.
    Confirmed {
        msg: MsgId,
        origin: Origin,
        offset: u64,
        copies: Vec<NodeId>,
    },
    /// Consumer progress of the group passed everything below `upto`.
    Committed {
        origin: Origin,
        upto: u64,
    },
    /// `clean`: the new leader was known to hold everything that had been confirmed.
    LeaderElected {
        origin: Origin,
        leader: Option<NodeId>,
        epoch: u32,
        clean: bool,
    },
    IsrShrunk {
        origin: Origin,
        isr: Vec<NodeId>,
    },
    IsrExpanded {
        origin: Origin,
        isr: Vec<NodeId>,
    },
    /// The node dropped its records from `to` up to `from`.
    Truncated {
        origin: Origin,
        from: u64,
        to: u64,
        why: String,
    },
    Disposed {
        origin: Origin,
        offset: u64,
        msg: MsgId,
        rule: String,
    },
    Noted {
        text: String,
    },
    /// A member is out of its consumer group although its process lives: whoever coordinates removed it, or it left by
    /// itself. Others, or it once more, are handed what it was handed and had not stored.
    LeftGroup {
        member: NodeId,
        /// Behind "since": `its session had run out`.
        why: String,
    },
}

impl Observation {
    pub fn probe(&self) -> Probe {
        match self {
            Observation::Appended { .. } => Probe::Appended,
            Observation::Replicated { .. } => Probe::Replicated,
            Observation::Synced { .. } => Probe::Synced,
            Observation::Confirmed { .. } => Probe::Confirmed,
            Observation::Committed { .. } => Probe::Committed,
            Observation::LeaderElected { .. } => Probe::LeaderElected,
            Observation::IsrShrunk { .. } => Probe::IsrShrunk,
            Observation::IsrExpanded { .. } => Probe::IsrExpanded,
            Observation::Truncated { .. } => Probe::Truncated,
            Observation::Disposed { .. } => Probe::Disposed,
            Observation::Noted { .. } | Observation::LeftGroup { .. } => Probe::Noted,
        }
    }
}

//! The verdict on one run: each message's fate, and each guarantee.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::app::MsgId;
use crate::guarantee::Guarantee;

/// What one guarantee came to in one run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Judgement {
    Holds,
    /// With the messages that show it (the first hundred), or none when the promise is not about single messages.
    Violated {
        messages: Vec<MsgId>,
        why: String,
    },
    /// Nothing can be said, and why. Never green.
    Inconclusive {
        why: String,
    },
}

/// Where an acknowledged message was lost.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Its copies were destroyed.
    Broker,
    /// The broker dropped it by its own rules.
    Disposal,
    /// Consumer progress passed over it, or it was acknowledged before it was processed.
    Consumer,
}

/// How many messages met which fate. `sent` is everything the applications handed over; each of those is exactly one
/// of `acked`, `rejected`, `unknown`, `untold`, `aborted`.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    pub sent: u64,
    pub acked: u64,
    pub rejected: u64,
    pub unknown: u64,
    pub untold: u64,
    /// Told that their transaction was taken back.
    #[serde(default)]
    pub aborted: u64,
    /// Of all messages, those that were consumed at least once.
    pub consumed: u64,
    pub lost: u64,
    pub lost_in: BTreeMap<Stage, u64>,
    pub unreachable: u64,
    pub unreported: u64,
    pub ghost: u64,
    /// Set aside in a dead-letter queue and never consumed; those that were acknowledged are lost in `disposal`.
    pub dead_lettered: u64,
    pub duplicated: u64,
    pub reordered: u64,
    pub vanished: u64,
}

/// The verdict on one run.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Verdict {
    pub tally: Tally,
    pub guarantees: BTreeMap<Guarantee, Judgement>,
    /// The first hundred of each.
    pub lost: Vec<(MsgId, Stage)>,
    pub vanished: Vec<MsgId>,
    /// Latency of each acknowledged message, from hand-over to success, in milliseconds, ascending.
    pub ack_ms: Vec<u32>,
    /// The longest time, in milliseconds, for which a producer that had something to send got no success.
    pub unavailable_ms: u64,
    /// Faults that had an effect.
    pub faults_fired: u64,
    /// Whether enough happened for a green to mean something; `None` when it did.
    pub doubt: Option<String>,
}

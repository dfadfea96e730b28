//! What can be promised about a message, by the word a scenario uses.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// A promise that is judged for each run.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    NoAckedLoss,
    Durable,
    NoUnreportedLoss,
    NoDuplicates,
    InOrder,
    NoGhosts,
    Available,
    Ack,
    ExactlyOnce,
    NoAbortedReads,
}

impl Guarantee {
    /// Every guarantee: word, meaning.
    pub const ALL: [(&'static str, Guarantee, &'static str); 10] = [
        ("no-acked-loss", Guarantee::NoAckedLoss, "every acknowledged message is consumed at least once"),
        (
            "durable",
            Guarantee::Durable,
            "no acknowledged message vanishes from the broker except by its own disposal rules",
        ),
        (
            "no-unreported-loss",
            Guarantee::NoUnreportedLoss,
            "no message is gone without anybody having been told of a failure",
        ),
        ("no-duplicates", Guarantee::NoDuplicates, "no message is consumed twice"),
        (
            "in-order",
            Guarantee::InOrder,
            "each producer's messages are consumed in order, without gaps, per partition or queue",
        ),
        ("no-ghosts", Guarantee::NoGhosts, "no message is consumed that its application was told had failed"),
        (
            "available",
            Guarantee::Available,
            "no producer goes longer than this without a success while it has something to send",
        ),
        ("ack", Guarantee::Ack, "acknowledgements take no longer than this"),
        ("exactly-once", Guarantee::ExactlyOnce, "every acknowledged message is consumed once, and not twice"),
        (
            "no-aborted-reads",
            Guarantee::NoAbortedReads,
            "no message is consumed that its application was told had been taken back with its transaction",
        ),
    ];

    /// What every cell is judged by, whether or not anybody asked for it.
    pub const OF_EVERY_CELL: [Guarantee; 2] = [Guarantee::NoAckedLoss, Guarantee::Durable];

    pub fn word(self) -> &'static str {
        Guarantee::ALL[self as usize].0
    }
    pub fn named(word: &str) -> Option<Guarantee> {
        Guarantee::ALL.iter().find(|(name, _, _)| *name == word).map(|(_, guarantee, _)| *guarantee)
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The limits of guarantees that need one.
#[derive(Copy, Clone, PartialEq, Debug, Default)]
pub struct Limits {
    pub longest_unavailable: Option<Span>,
    pub ack_p99: Option<Span>,
}

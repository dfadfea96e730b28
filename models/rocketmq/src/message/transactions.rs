//! Transactions: what became of the producer's own part of one.

use ackproof_core::app::MsgId;
use serde::{Deserialize, Serialize};

use crate::topic::Group;

/// Source: `LocalTransactionState`, client, 5.3.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Decision {
    Commit,
    Rollback,
    /// The producer does not know yet.
    Unknown,
}

/// A producer says what became of the transaction of a half message.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct EndTransaction {
    pub msg: MsgId,
    pub group: Group,
    /// Offset of the half message.
    pub half: u64,
    pub decision: Decision,
}

/// A broker asks a producer about a half message.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Check {
    pub msg: MsgId,
    pub group: Group,
    pub half: u64,
}

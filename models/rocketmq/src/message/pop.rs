//! POP: the broker hands out messages, each for a time in which it is to be acknowledged.

use ackproof_core::time::Span;
use serde::{Deserialize, Serialize};

use crate::message::{Opaque, Refusal};
use crate::record::{Entry, Handed};

/// Asks a broker for messages of any of its queues, and waits for some if there are none.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Pop {
    pub opaque: Opaque,
    pub limit: u64,
    /// How long they are the asker's.
    pub invisible: Span,
    /// A group that the broker knows nothing of begins with the first message (`ConsumeInitMode.MIN`).
    pub from_first: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Popping {
    Pop(Pop),
    /// Each message with the hand-over that it is part of.
    Popped {
        opaque: Opaque,
        result: Result<Vec<(Handed, Entry)>, Refusal>,
    },
    /// One message is done. Nobody waits for an answer.
    Ack {
        handed: Handed,
        offset: u64,
    },
    /// One message is to come again after another time. Nobody waits for an answer.
    ChangeInvisible {
        handed: Handed,
        offset: u64,
        invisible: Span,
    },
}

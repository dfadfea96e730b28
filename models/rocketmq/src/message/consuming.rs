//! Between consumers and brokers beside pulls and progress: what is given back, locks of queues, and positions by time.

use ackproof_core::app::MsgId;
use ackproof_core::time::Time;
use serde::{Deserialize, Serialize};

use crate::message::{Opaque, Popping, Refusal};
use crate::record::Letter;
use crate::topic::{Queue, Slot};

/// When a message that is given back is to come again.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Again {
    /// After the delay of level three and more, the later the more often it came.
    Later,
    /// After the delay of a level, counted from 1.
    Level(u8),
    /// Not at all: it goes to the dead-letter queue.
    Never,
}

/// A message that the group could not process (`CONSUMER_SEND_MSG_BACK`).
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct GiveBack {
    pub opaque: Opaque,
    /// Where the broker finds it.
    pub slot: Slot,
    pub offset: u64,
    pub msg: MsgId,
    pub again: Again,
    /// After so many times it goes to the dead-letter queue.
    pub max: u32,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Consuming {
    GiveBack(GiveBack),
    /// The same as an ordinary message to the retry topic, for whoever could not reach the message's own broker.
    SendAgain {
        opaque: Opaque,
        letter: Letter,
        max: u32,
    },
    GivenBack {
        opaque: Opaque,
        result: Result<(), Refusal>,
    },
    /// `LOCK_BATCH_MQ`: queues that an orderly listener is to have for itself.
    Lock {
        opaque: Opaque,
        queues: Vec<Queue>,
    },
    /// Those that it has.
    Locked {
        opaque: Opaque,
        queues: Vec<Queue>,
    },
    /// Needs no answer.
    Unlock {
        queue: Queue,
    },
    Popping(Popping),
    /// The first offset that was stored at a time or later; answered like the question for a queue's end.
    SearchOffset {
        opaque: Opaque,
        queue: Queue,
        at: Time,
    },
}

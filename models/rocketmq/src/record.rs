//! What is appended to a commit log.

mod seal;

use ackproof_core::app::{Delivery, MsgId, Origin};
use ackproof_core::time::Time;
use ackproof_log::{Epoch, Stamped};
use serde::{Deserialize, Serialize};

use crate::replicas::Decision;
use crate::topic::Slot;

/// A message of the workload, as one of its copies carries it.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Letter {
    pub msg: MsgId,
    /// Where it stood in the workload's topic, in a copy that stands elsewhere.
    pub first: Option<(Origin, u64)>,
    /// How often the group gave it back (`RECONSUME_TIME`).
    pub reconsumed: u32,
    /// How often the producer was asked about it (`TRANSACTION_CHECK_TIMES`).
    pub checks: u32,
    /// `CHECK_IMMUNITY_TIME_IN_SECONDS`, in milliseconds; 0 for none.
    pub immunity: u64,
    /// When the producer made it, by its clock.
    pub born: Time,
}

/// What an entry is about.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Body {
    Letter(Letter),
    /// In a queue of the schedule topic: to be appended to another queue when its delay is over.
    Delayed {
        letter: Letter,
        to: Slot,
    },
    /// Half of a transaction: to be appended to another queue if it is committed.
    Half(Half),
    /// The half message at this offset was decided.
    Op {
        half: u64,
    },
    /// POP handed out so many messages of a queue from an offset on; they come back after a time unless acknowledged.
    Handed(Handed),
    /// POP: one of those was acknowledged.
    Acked {
        slot: Slot,
        offset: u64,
        handed_at: Time,
    },
    /// In a producer's database, and no broker's log: its own part of a transaction was committed, or rolled back.
    Local {
        msg: MsgId,
        commit: bool,
    },
    /// A leader's first entry of its term.
    Nothing,
    /// In the log of controllers.
    Decided(Decision),
}

/// A message that readers see only when its producer's own part of the transaction is known to have been committed.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Half {
    pub letter: Letter,
    pub to: Slot,
    /// Of a copy that was put back because of its immunity: the offset of the first one, which its producer speaks of
    /// (`TRAN_PREPARED_QUEUE_OFFSET`).
    pub prepared: Option<u64>,
}

/// What one answer of POP handed out.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
pub struct Handed {
    pub slot: Slot,
    pub from: u64,
    pub count: u32,
    pub at: Time,
    /// When it comes back.
    pub revive_at: Time,
}

/// One entry of a commit log, at a position that all brokers of a group count alike.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub slot: Slot,
    /// In its queue.
    pub offset: u64,
    /// The master's epoch, the leader's term, or 0.
    pub epoch: Epoch,
    /// By the clock of the broker that appended it first.
    pub stored: Time,
    pub body: Body,
}

impl Entry {
    /// The message that it holds, if it holds one.
    pub fn letter(&self) -> Option<&Letter> {
        match &self.body {
            Body::Letter(letter) | Body::Delayed { letter, .. } | Body::Half(Half { letter, .. }) => Some(letter),
            Body::Local { .. } => None,
            Body::Op { .. } | Body::Handed(_) | Body::Acked { .. } | Body::Nothing | Body::Decided(_) => None,
        }
    }
}

impl Letter {
    /// The same, for a copy elsewhere: `origin` and `offset` are where it stands now.
    pub fn copied_from(mut self, origin: Origin, offset: u64) -> Letter {
        if self.first.is_none() && !origin.is_internal() {
            self.first = Some((origin, offset));
        }
        self
    }
    /// How an application is handed it: by its place in the workload's topic where it has been there.
    pub fn delivery(&self, origin: Origin, offset: u64) -> Delivery {
        let (origin, offset) = self.first.unwrap_or((origin, offset));
        Delivery { msg: self.msg, origin, offset }
    }
}

impl Stamped for Entry {
    fn epoch(&self) -> Epoch {
        self.epoch
    }
    fn timestamp(&self) -> Time {
        self.stored
    }
    fn left(&self) -> u32 {
        0
    }
}

//! What a transaction is made of: whose it is, how far it has come, and the control record that ends it in a partition.
//!
//! Source: KIP-98; `TransactionState`, `EndTransactionMarker`, `TransactionLogValue` at 4.1.

use ackproof_core::actor::WALL_CLOCK_START;
use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::{Epoch, Offset};
use serde::{Deserialize, Serialize};

use crate::sequence::{Identity, ProducerEpoch, ProducerId};

/// `transactional.id`: what a producer is known by over its restarts. Each has the configured one with the name of its
/// own node, since two producers with one id would fence each other for ever.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransactionalId(pub NodeId);

/// How a transaction ends.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Ending {
    Commit,
    Abort,
}

impl Ending {
    pub fn word(self) -> &'static str {
        match self {
            Ending::Commit => "commit",
            Ending::Abort => "abort",
        }
    }
}

/// How far the transaction of a transactional id has come.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum State {
    Empty,
    Ongoing,
    /// The end is decided, and markers are on their way: PREPARE_COMMIT, PREPARE_ABORT.
    Prepared(Ending),
    /// Every partition has its marker: COMPLETE_COMMIT, COMPLETE_ABORT.
    Completed(Ending),
}

/// What `__transaction_state` says of a transactional id. The partitions of the transaction are the records after it in
/// its batch.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Logged {
    pub id: TransactionalId,
    pub identity: Identity,
    /// The epoch before the last one that its own producer asked for: tells that request, sent again, from a fenced one.
    pub last_epoch: Option<ProducerEpoch>,
    pub state: State,
    pub began: Began,
}

/// Since when a transaction is ongoing, by its coordinator's wall clock. Records are many, and wall clocks of a run lie
/// within 24 days of its beginning: beyond, the nearest time that can be said.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Began(u32);

impl Began {
    const EARLIEST: u64 = WALL_CLOCK_START.0 - (1 << 31);
    const NEVER: u32 = u32::MAX;

    pub fn at(time: Time) -> Began {
        if time == Time::NEVER {
            return Began(Began::NEVER);
        }
        let since = time.0.saturating_sub(Began::EARLIEST);
        Began(u32::try_from(since).unwrap_or(Began::NEVER).min(Began::NEVER - 1))
    }
    pub fn time(self) -> Time {
        if self.0 == Began::NEVER { Time::NEVER } else { Time(Began::EARLIEST + u64::from(self.0)) }
    }
}

/// The control record that ends a transaction in a partition. It takes an offset, and no reader is handed it.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Marker {
    pub identity: Identity,
    pub ending: Ending,
    /// The leader epoch of the coordinator; an older one than the last is a zombie's.
    pub coordinator: Epoch,
}

/// A transaction of this producer that was aborted: what lies between is not for readers of what is committed.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Aborted {
    pub producer: ProducerId,
    pub first: Offset,
    /// Where its marker is.
    pub marker: Offset,
}

/// What a reader of what is committed may know beyond the records.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Committed {
    /// Every transaction that began below it has ended.
    pub last_stable_offset: Offset,
    /// Those with records among the ones sent.
    pub aborted: Vec<Aborted>,
}

impl Committed {
    /// Whether the record of this producer at `offset` is a part of an aborted transaction.
    ///
    /// Source: `CompletedFetch.isBatchAborted` at 4.1.
    pub fn is_aborted(&self, producer: ProducerId, offset: Offset) -> bool {
        let holds = |aborted: &Aborted| aborted.first <= offset && offset <= aborted.marker;
        self.aborted.iter().any(|aborted| aborted.producer == producer && holds(aborted))
    }
}

/// How far a consumer reads, `isolation.level`.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Isolation {
    /// To the high watermark, aborted or not.
    ReadUncommitted,
    /// To the last stable offset, without what was aborted.
    ReadCommitted,
}

/// Partitions that are to be parts of a transaction.
pub type Partitions = std::sync::Arc<[Origin]>;

#[cfg(test)]
mod tests {
    use ackproof_core::app::MsgId;

    use super::*;
    use crate::message::{Commit, GroupRecord, Payload};
    use crate::sequence::Numbered;

    /// What logs hold without transactions.
    #[allow(dead_code)]
    enum Others {
        Message(MsgId, Option<Numbered>),
        Commit(Commit),
        Group(GroupRecord),
    }

    #[test]
    fn what_transactions_write_down_takes_no_more_room_than_what_others_do() {
        assert_eq!(size_of::<Payload>(), size_of::<Others>());
    }

    #[test]
    fn a_beginning_is_found_again_and_none_is_none() {
        for time in [Time::NEVER, WALL_CLOCK_START, Time(WALL_CLOCK_START.0 - 86_400_000), Time(WALL_CLOCK_START.0 + 1)]
        {
            assert_eq!(Began::at(time).time(), time);
        }
        for beyond in [Time::ZERO, Time(WALL_CLOCK_START.0 * 2)] {
            assert!(Began::at(beyond).time() < Time::NEVER);
        }
    }
}

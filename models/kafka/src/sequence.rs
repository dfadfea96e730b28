//! The numbers by which a broker tells a batch that was sent twice from two batches (`enable.idempotence`).
//!
//! Source: KIP-98; `DefaultRecordBatch` (producer id, producer epoch, base sequence), clients, 4.1.

use std::fmt;
use std::num::NonZeroU32;

use ackproof_core::node::{Incarnation, NodeId};
use serde::{Deserialize, Serialize};

/// Tells one producer process from every other one. A process that is started again is another one, so nothing that
/// spans a restart is ever taken for a duplicate.
///
/// Simplified: a process has its id from its start on, where a real one asks any broker for it (InitProducerId), which
/// has a block of them from the controller. Gives up: a round trip before the first batch, and the wait of a producer
/// that starts while no broker has ids left and no controller gives more.
/// Source: `TransactionManager.bumpIdempotentEpochAndResetIdIfNeeded`, `RPCProducerIdManager` at 4.1.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProducerId(NonZeroU32);

impl ProducerId {
    pub fn of(node: NodeId, incarnation: Incarnation) -> ProducerId {
        let process = incarnation.0;
        assert!(process < 1 << 24, "a machine starts its process fewer than 2^24 times");
        let id = NonZeroU32::new(u32::from(node.0) << 24 | process);
        ProducerId(id.expect("incarnations count from 1"))
    }

    /// The next id that a transaction coordinator gives to a transactional id. It keeps it over restarts of the
    /// producer, and its batches are parts of transactions.
    ///
    /// Source: `TransactionCoordinator.handleInitProducerId`, `RPCProducerIdManager` at 4.1.
    pub fn given_by(coordinator: NodeId, incarnation: Incarnation, count: u32) -> ProducerId {
        let process = incarnation.0;
        assert!(process < 1 << 12 && count < 1 << 12, "a coordinator gives fewer than 2^12 ids in a process");
        let id = ProducerId::TRANSACTIONAL | u32::from(coordinator.0) << 24 | process << 12 | count;
        ProducerId(NonZeroU32::new(id).expect("the highest bit is set"))
    }
    /// Above every node's own: a run has at most 64 nodes.
    const TRANSACTIONAL: u32 = 1 << 31;

    /// Whether its batches are parts of transactions; stands for the flag in the header of a batch.
    pub fn is_transactional(self) -> bool {
        self.0.get() & ProducerId::TRANSACTIONAL != 0
    }
}

impl fmt::Debug for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid{}", self.0)
    }
}

/// A producer begins a new one, with sequences from 0 on, when it has lost track of what a broker has of the old one.
///
/// Source: KIP-360.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProducerEpoch(pub u16);

impl ProducerEpoch {
    #[must_use]
    pub fn next(self) -> ProducerEpoch {
        ProducerEpoch(self.0 + 1)
    }
}

/// Which producer, and which of its processes or attempts: a coordinator fences the older ones by a newer epoch.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
pub struct Identity {
    pub producer: ProducerId,
    pub epoch: ProducerEpoch,
}

/// Counts the messages of one producer, in one of its epochs, to one partition; as an end, one past the last.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub u32);

impl Sequence {
    pub const FIRST: Sequence = Sequence(0);

    #[must_use]
    pub fn plus(self, messages: u32) -> Sequence {
        Sequence(self.0 + messages)
    }
}

/// What a message, or a batch by its first message, carries of an idempotent producer. Ordered as its producer numbers.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
pub struct Numbered {
    pub producer: ProducerId,
    pub epoch: ProducerEpoch,
    pub sequence: Sequence,
}

impl Numbered {
    pub fn identity(self) -> Identity {
        Identity { producer: self.producer, epoch: self.epoch }
    }
    /// The number of the message that comes `messages` later.
    #[must_use]
    pub fn plus(self, messages: u32) -> Numbered {
        Numbered { sequence: self.sequence.plus(messages), ..self }
    }
}

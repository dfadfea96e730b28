//! What a transactional producer asks of its coordinator, and the coordinator of those who lead partitions.
//!
//! Simplified: the coordinator is learnt from the metadata, not by FindCoordinator. Gives up: a round trip.

use ackproof_core::app::Origin;
use serde::{Deserialize, Serialize};

use super::Correlation;
use crate::error_code::ErrorCode;
use crate::sequence::Identity;
use crate::transaction::{Ending, Marker, Partitions, TransactionalId};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Transactional {
    // A producer asks the coordinator, the leader of `__transaction_state`.
    InitProducerId(InitProducerId),
    ProducerIdIs(ProducerIdIs),
    /// Also how a partition's leader asks whether a batch is part of a transaction.
    AddPartitions(AddPartitions),
    PartitionsAdded(PartitionsAdded),
    EndTransaction(EndTransaction),
    TransactionEnded(TransactionEnded),

    // The coordinator asks a partition's leader.
    WriteMarker(WriteMarker),
    MarkerWritten(MarkerWritten),
}

/// Makes the sender the only producer with this transactional id, and ends what an earlier one has left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InitProducerId {
    pub correlation: Correlation,
    pub id: TransactionalId,
    /// What the sender has been until now, if it only wants a newer epoch (KIP-360).
    pub expected: Option<Identity>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProducerIdIs {
    pub correlation: Correlation,
    pub result: Result<Identity, ErrorCode>,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Enlisting {
    /// The partitions become parts of the transaction, which begins if there is none.
    Add,
    /// Only asks whether they are (KIP-890, part 1).
    Verify,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddPartitions {
    pub correlation: Correlation,
    /// A partition's leader does not know it and leaves it out; stands for the name in the produce request.
    pub id: Option<TransactionalId>,
    pub identity: Identity,
    pub partitions: Partitions,
    pub enlisting: Enlisting,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartitionsAdded {
    pub correlation: Correlation,
    pub result: Result<(), ErrorCode>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndTransaction {
    pub correlation: Correlation,
    pub id: TransactionalId,
    pub identity: Identity,
    pub ending: Ending,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TransactionEnded {
    pub correlation: Correlation,
    /// What the producer is from now on; `None` if nothing changed.
    pub result: Result<Option<Identity>, ErrorCode>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WriteMarker {
    pub correlation: Correlation,
    pub origin: Origin,
    pub marker: Marker,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MarkerWritten {
    pub correlation: Correlation,
    pub result: Result<(), ErrorCode>,
}

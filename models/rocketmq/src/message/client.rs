//! Between clients and brokers.

use serde::{Deserialize, Serialize};

use crate::message::Opaque;
use crate::record::{Entry, Letter};
use crate::topic::Queue;

/// Response codes that say no. All but some are certain: the broker has not stored the message.
///
/// Source: `ResponseCode`, remoting, 5.3.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Code {
    SystemError,
    SystemBusy,
    ServiceNotAvailable,
    NoPermission,
    TopicNotExist,
    /// Stored, but not by enough replicas in time: may be there later.
    InSyncReplicasNotEnough,
    ConsumerNotOnline,
}

impl Code {
    pub fn word(self) -> &'static str {
        match self {
            Code::SystemError => "SYSTEM_ERROR",
            Code::SystemBusy => "SYSTEM_BUSY",
            Code::ServiceNotAvailable => "SERVICE_NOT_AVAILABLE",
            Code::NoPermission => "NO_PERMISSION",
            Code::TopicNotExist => "TOPIC_NOT_EXIST",
            Code::InSyncReplicasNotEnough => "IN_SYNC_REPLICAS_NOT_ENOUGH",
            Code::ConsumerNotOnline => "CONSUMER_NOT_ONLINE",
        }
    }
}

/// A broker's no.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Refusal {
    pub code: Code,
    /// Whether the message is stored all the same.
    pub may_be_stored: bool,
}

impl Refusal {
    /// Nothing was stored.
    pub const fn certain(code: Code) -> Refusal {
        Refusal { code, may_be_stored: false }
    }
}

/// What a send that was stored is answered.
///
/// Source: `SendStatus`, client, 5.3.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Status {
    Ok,
    FlushDiskTimeout,
    FlushSlaveTimeout,
    SlaveNotAvailable,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "SEND_OK",
            Status::FlushDiskTimeout => "FLUSH_DISK_TIMEOUT",
            Status::FlushSlaveTimeout => "FLUSH_SLAVE_TIMEOUT",
            Status::SlaveNotAvailable => "SLAVE_NOT_AVAILABLE",
        }
    }
}

/// Whether a send is answered.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum SendMode {
    Answered,
    OneWay,
}

/// What is sent.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Kind {
    Plain,
    /// Half of a transaction.
    Half,
}

/// A producer's message for a queue of the workload's topic.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Send {
    pub opaque: Opaque,
    pub queue: Queue,
    pub letter: Letter,
    pub kind: Kind,
    pub mode: SendMode,
    /// `waitStoreMsgOK`
    pub wait_store: bool,
}

/// Where it is stored, and how safely.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct SendOk {
    pub status: Status,
    pub offset: u64,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sent {
    pub opaque: Opaque,
    pub result: Result<SendOk, Refusal>,
}

/// A client shows that it lives; so a broker knows the members of groups.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Of the consumer group; else a producer.
    pub consumes: bool,
}

/// A consumer asks for messages of a queue, and waits for some if there are none.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Pull {
    pub opaque: Opaque,
    pub queue: Queue,
    pub offset: u64,
    pub limit: u64,
    /// Progress of the group to be stored along with it.
    pub commit: Option<u64>,
    /// Whether it may be held until something comes.
    pub may_wait: bool,
    /// The late consumer, which is of no group.
    pub audits: bool,
}

/// From where to pull next: the id of a broker of the group.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Suggestion(pub u64);

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum PulledWhat {
    Found(Vec<Entry>),
    /// Nothing came in time.
    Nothing,
    /// The queue has no such offset; go on at `next`.
    Moved,
    /// Nothing was found for a reason that passes: ask again.
    RetryImmediately,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Pulled {
    pub opaque: Opaque,
    pub queue: Queue,
    pub result: Result<PulledWhat, Refusal>,
    /// Where to go on.
    pub next: u64,
    /// One past the last message that may be read.
    pub max: u64,
    pub min: u64,
    pub suggestion: Suggestion,
}

//! The application: what it asks its client for, and what it is told.
//!
//! What a broker did is not what an application was told; every guarantee is about the latter.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One message of the workload: which producer's, and its number there, counted from 0.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MsgId(u32);

impl MsgId {
    /// A producer sends at most this many messages in a run.
    pub const PER_PRODUCER: u32 = 1 << 24;

    /// `producer` counts producers from 0.
    pub fn new(producer: u8, sequence: u32) -> MsgId {
        assert!(sequence < MsgId::PER_PRODUCER, "a producer sends at most {} messages", MsgId::PER_PRODUCER);
        MsgId(u32::from(producer) << 24 | sequence)
    }
    pub fn producer(self) -> u8 {
        (self.0 >> 24) as u8
    }
    pub fn sequence(self) -> u32 {
        self.0 & (MsgId::PER_PRODUCER - 1)
    }
}

impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}#{}", u32::from(self.producer()) + 1, self.sequence())
    }
}
impl fmt::Debug for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where messages are kept in order: a partition or a queue, numbered by the model. Below [`Origin::OUTPUT`] are those
/// that producers write to, from there those that consumers write their results to, and from [`Origin::INTERNAL`] on a
/// broker's own (stored consumer progress and the like).
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(pub u16);

impl Origin {
    pub const INTERNAL: u16 = 1 << 15;
    /// The first of those that hold the results that consumers wrote, up to [`Origin::INTERNAL`].
    pub const OUTPUT: u16 = 1 << 14;

    pub fn is_output(self) -> bool {
        (Origin::OUTPUT..Origin::INTERNAL).contains(&self.0)
    }
    pub fn is_internal(self) -> bool {
        self.0 >= Origin::INTERNAL
    }
}

/// One hand-over of a message to a consumer's application.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Delivery {
    pub msg: MsgId,
    pub origin: Origin,
    /// Position in the origin; what a broker without positions uses as its delivery number.
    pub offset: u64,
}

/// What an application asks of its client.
#[derive(Clone, PartialEq, Debug)]
pub enum AppCall {
    /// Publish. `attempt` counts from 0 the times the application itself sent it.
    Send { msg: MsgId, attempt: u32 },
    /// The application finished with a delivery; `success` is false when its processing failed for good.
    Finished { delivery: Delivery, success: bool },
    /// End the transaction that all sends since the last end belong to; a transaction begins with its first send.
    /// With `commit` the application wants it to be there as a whole, and taken back as a whole should the client find
    /// that it cannot be committed; without, it wants it taken back. The application sends nothing more until it has
    /// been told of every one of these sends.
    EndTransaction { commit: bool },
}

/// What a client tells its application.
#[derive(Clone, PartialEq, Debug)]
pub enum AppReply {
    Told {
        msg: MsgId,
        outcome: Outcome,
    },
    /// Hands a message over. The application works through what it is handed one at a time, in order, and answers
    /// each with [`AppCall::Finished`]. The late consumer hands over what consumers wrote too: then the origin is one of
    /// [`Origin::OUTPUT`], and the message is the one that it is the result of.
    Deliver(Delivery),
}

/// Why a send failed, in the broker's or the client's own word (`NOT_ENOUGH_REPLICAS`).
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(pub Cow<'static, str>);

impl Reason {
    pub const fn new(word: &'static str) -> Reason {
        Reason(Cow::Borrowed(word))
    }
}
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the application was told about one send.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Success that promises something.
    Acked,
    /// Success that promises nothing (`acks=0`, one-way), or a result that nobody looked at.
    Untold,
    /// A failure that is certain: the broker does not have the message and never will.
    Rejected(Reason),
    /// A failure that may have happened anyway: timeouts, lost replies.
    Unknown(Reason),
    /// The transaction that it belonged to was taken back as a whole, for certain: because the application wanted that,
    /// or because the client could not commit it. A broker may still hold the message; nobody who reads only what was
    /// committed will ever be handed it.
    Aborted,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Acked => f.write_str("acked"),
            Outcome::Untold => f.write_str("untold"),
            Outcome::Rejected(reason) => write!(f, "rejected {reason}"),
            Outcome::Unknown(reason) => write!(f, "unknown {reason}"),
            Outcome::Aborted => f.write_str("aborted"),
        }
    }
}

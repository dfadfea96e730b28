//! What members say to each other.

use ackproof_log::{Epoch, EpochEnd, Offset, Stamped};
use serde::{Deserialize, Serialize};

/// What the members have to know of a record.
pub trait Entry: Stamped + Clone {
    /// The record with which a leader begins its term, where the implementation has one (Ra's noop). With
    /// [`crate::Commits::OwnTerm`] and without such a record, what earlier terms left waits for the next write.
    fn opening(epoch: Epoch, now: ackproof_core::time::Time) -> Option<Self>;

    /// What tells the record from any other one of its term at its position, where its implementation compares contents;
    /// 0 where it compares terms alone.
    ///
    /// Raft needs no more than terms. DLedger does: its leader goes on in the same term after a restart, and after a
    /// power loss it may write something else where it had written before.
    fn seal(&self) -> u64;
}

/// What two logs compare at a position.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Mark {
    pub epoch: Epoch,
    pub seal: u64,
}

impl Mark {
    pub(crate) fn of<R: Entry>(record: &R) -> Mark {
        Mark { epoch: record.epoch(), seal: record.seal() }
    }
}

/// How far a log has come. Ordered as elections compare them: by the last record's term, then by length.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
pub struct LogEnd {
    /// Of the last record; `None` in an empty log.
    pub epoch: Option<Epoch>,
    pub end: Offset,
}

/// One message between two members of a group.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Message<R> {
    /// A member stands, or with `pre` wants to know whether it should.
    Ask {
        epoch: Epoch,
        last: LogEnd,
        pre: bool,
        /// Tells a candidate's rounds apart.
        round: u32,
    },
    Answer {
        epoch: Epoch,
        answer: Answer,
        pre: bool,
        round: u32,
    },
    Beat {
        epoch: Epoch,
        round: u32,
    },
    BeatReply {
        epoch: Epoch,
        reply: BeatReply,
        round: u32,
    },
    Push(Push<R>),
    PushReply {
        epoch: Epoch,
        reply: PushReply,
    },
    /// The leader asks the receiver to stand, which has everything below `end`.
    TakeOver {
        epoch: Epoch,
        end: Offset,
    },
}

/// A leader's records, and how far everything is committed. Without records it asks whether the logs are the same up to `from`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Push<R> {
    pub epoch: Epoch,
    /// Where the records begin.
    pub from: Offset,
    /// Of the leader's record before `from`; `None` at the beginning of the log.
    pub before: Option<Mark>,
    pub records: Vec<R>,
    /// Where the leader's log ends.
    pub end: Offset,
    pub committed: Offset,
}

/// What became of a request for a vote. All but the first are a no.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum Answer {
    Accept,
    /// The voter's log has come further.
    BehindLog,
    /// The voter knows a later term.
    Expired,
    /// The voter's log has records of a later term than the voter knew of.
    BehindLedgerTerm,
    /// The voter has only now heard of the term.
    NotReady,
    AlreadyVoted,
    HasLeader,
    /// The voter is to be leader itself.
    TakingLeadership,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum BeatReply {
    Ok,
    /// The follower knows a later term.
    Expired,
    /// The follower has only now heard of the term.
    NotReady,
    /// The follower has another leader in this term.
    OtherLeader,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum PushReply {
    /// The logs are the same below `upto`; what is below `held` counts.
    Matched { upto: Offset, held: Offset },
    /// They are not the same just before `from`. `own` is where the follower's log leaves the term that was asked for, or
    /// the last one before it.
    Mismatch { from: Offset, own: EpochEnd },
    /// The follower knows a later term.
    Expired,
}

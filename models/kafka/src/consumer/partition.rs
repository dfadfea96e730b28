//! One partition of a consumer's own: where it reads, what it has fetched, what it has stored.

use std::sync::Arc;

use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::{Epoch, Offset};

use crate::message::{Edge, Payload, Record};
use crate::mutation::Rule;
use crate::transaction::Committed;

/// Where a consumer reads next.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct At {
    pub next: Offset,
    /// Epoch of the record before; `None` when it was given a number and has read nothing.
    pub epoch: Option<Epoch>,
    /// The leader epoch against which the position was last checked.
    pub checked_in: Option<Epoch>,
}

impl At {
    pub fn new(next: Offset, epoch: Option<Epoch>) -> At {
        At { next, epoch, checked_in: None }
    }
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Position {
    /// The group's progress has not been looked up.
    Unknown,
    /// On the way to a place in the log that the leader is asked for.
    Resetting(Edge),
    /// No record was as late as this when the leader was asked; it will be asked again.
    NothingSince(Time),
    /// The leader changed since: to be checked against it.
    Validating(At),
    Valid(At),
    /// `auto.offset.reset=none`, and nowhere to go.
    Stopped,
}

#[derive(Debug)]
struct Fetched {
    records: Arc<[Record]>,
    /// What a reader of what is committed was told.
    committed: Option<Arc<Committed>>,
    taken: usize,
}

#[derive(Debug)]
pub struct Partition {
    pub origin: Origin,
    /// Tells it from the same partition as it was assigned at another time.
    pub assignment: u32,
    pub position: Position,
    /// Read, and not handed to the application.
    records: Option<Fetched>,
    /// Whom a fetch is on its way to.
    pub fetching: Option<NodeId>,
    /// A question about the position is on its way.
    pub asked: bool,
    /// After an error, nothing is asked before this.
    pub not_before: Time,
    /// Errors in a row.
    pub failures: u32,
    /// As of the last fetch; for a reader of what is committed, the last stable offset.
    pub high_watermark: Option<Offset>,
    /// Everything up to here was finished by the application.
    pub processed: Option<At>,
    /// Everything up to here was handed to the application.
    pub handed: Option<At>,
    /// The group's progress, as far as the consumer knows.
    pub committed: Option<Offset>,
    /// Leader epoch of the record before.
    pub committed_epoch: Option<Epoch>,
}

/// One assignment of a partition: what was asked for an earlier one is void.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Slot {
    origin: Origin,
    assignment: u32,
}

impl Partition {
    pub fn slot(&self) -> Slot {
        Slot { origin: self.origin, assignment: self.assignment }
    }
    pub fn new(origin: Origin, assignment: u32, position: Position) -> Partition {
        Partition {
            origin,
            assignment,
            position,
            records: None,
            fetching: None,
            asked: false,
            not_before: Time::ZERO,
            failures: 0,
            high_watermark: None,
            processed: None,
            handed: None,
            committed: None,
            committed_epoch: None,
        }
    }

    /// The position, checked or not.
    pub fn at(&self) -> Option<At> {
        match self.position {
            Position::Valid(at) | Position::Validating(at) => Some(at),
            Position::Unknown | Position::Resetting(_) | Position::NothingSince(_) | Position::Stopped => None,
        }
    }
    /// It knows where it begins, or that it cannot.
    pub fn is_placed(&self) -> bool {
        match self.position {
            Position::Valid(_) | Position::Validating(_) | Position::NothingSince(_) | Position::Stopped => true,
            Position::Unknown | Position::Resetting(_) => false,
        }
    }
    pub fn is_stopped(&self) -> bool {
        self.position == Position::Stopped
    }
    /// Nothing can be asked of the leader.
    pub fn is_unreadable(&self) -> bool {
        matches!(self.position, Position::Unknown | Position::Stopped)
    }
    /// Where it begins is a matter of when the leader is asked.
    pub fn counts_back_from_now(&self) -> bool {
        matches!(self.position, Position::Resetting(Edge::Since(_)) | Position::NothingSince(_))
    }
    pub fn has_records(&self) -> bool {
        self.records.is_some()
    }
    /// Whether storing this would take the group's progress further: librdkafka stores nothing else.
    ///
    /// Source: `rd_kafka_topic_partition_list_set_offsets` (`rd_kafka_fetch_pos_cmp`) at librdkafka 2.15.0.
    pub fn is_beyond_committed(&self, at: At) -> bool {
        self.committed.is_none_or(|committed| (at.epoch, at.next) > (self.committed_epoch, committed))
    }
    /// Whether everything up to the high watermark, as last told, was handed over.
    pub fn is_at_end(&self) -> bool {
        let Position::Valid(at) = self.position else { return false };
        self.records.is_none() && self.high_watermark.is_some_and(|high_watermark| at.next >= high_watermark)
    }

    /// Goes elsewhere; what was fetched is forgotten.
    pub fn seek(&mut self, at: At) {
        self.drop_records();
        self.position = Position::Valid(at);
    }
    pub fn drop_records(&mut self) {
        self.records = None;
        self.high_watermark = None;
    }

    /// A leader epoch that the position was not checked against: a position with an epoch of its own is checked, if the
    /// messages of the topic carry epochs at all.
    /// Source: `SubscriptionState.maybeValidatePosition` at 4.1.
    pub fn notice_leader(&mut self, epoch: Epoch, checks: bool) {
        let (Position::Valid(at) | Position::Validating(at)) = &mut self.position else { return };
        if at.checked_in == Some(epoch) {
            return;
        }
        at.checked_in = Some(epoch);
        let at = *at;
        self.asked = false;
        if checks && at.epoch.is_some() && Rule::PositionCheck.holds() {
            self.drop_records();
            self.position = Position::Validating(at);
        }
    }

    /// Whether something is to be asked of this leader now.
    pub fn wants_request(&self, leader: NodeId, now: Time) -> bool {
        if now < self.not_before {
            return false;
        }
        match self.position {
            Position::Unknown | Position::Stopped => false,
            Position::Resetting(_) | Position::NothingSince(_) | Position::Validating(_) => !self.asked,
            Position::Valid(_) => self.records.is_none() && self.fetching != Some(leader),
        }
    }

    pub fn stop_fetching(&mut self, from: NodeId) {
        if self.fetching == Some(from) {
            self.fetching = None;
        }
    }

    /// Keeps what was fetched; whether there is anything.
    pub fn keep(&mut self, records: Arc<[Record]>, committed: Option<Arc<Committed>>) -> bool {
        let any = !records.is_empty();
        self.records = any.then_some(Fetched { records, committed, taken: 0 });
        any
    }

    /// The next fetched record, its offset, and whether it is part of an aborted transaction; the position passes it. Only a checked
    /// position may.
    pub fn take(&mut self) -> Option<(Offset, Record, bool)> {
        let Position::Valid(at) = &mut self.position else { return None };
        let fetched = self.records.as_mut()?;
        let record = fetched.records[fetched.taken];
        let offset = at.next;
        let is_aborted = match (&fetched.committed, record.payload) {
            (Some(_), _) if !Rule::AbortedPassedOver.holds() => false,
            (Some(committed), Payload::Message(_, Some(number))) => committed.is_aborted(number.producer, offset),
            (Some(_) | None, _) => false,
        };
        fetched.taken += 1;
        at.next = offset.plus(1);
        at.epoch = Some(record.epoch);
        self.handed = Some(*at);
        if fetched.taken == fetched.records.len() {
            self.records = None;
        }
        Some((offset, record, is_aborted))
    }
}

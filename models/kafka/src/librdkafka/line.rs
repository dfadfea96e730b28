//! The messages of one partition that wait to be sent, or to be sent again, in the order in which the application
//! handed them over.
//!
//! Nothing is put into batches before it is sent, and a request is never sent again as it was: its messages go back to
//! their places in the line and are batched anew, unless they are numbered.
//!
//! Source: `rd_kafka_toppar_producer_serve`, `rd_kafka_msgq_allow_wakeup_at`, `rd_kafka_retry_msgq`,
//! `rd_kafka_msgset_writer_write_msgq` at 2.15.0.

use std::collections::VecDeque;

use ackproof_core::app::{MsgId, Origin};
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use crate::sequence::Numbered;

/// Counts the messages of one partition in the order in which they were handed over: librdkafka's `msgid`.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default)]
pub struct Place(pub u32);

/// A message that has no outcome yet.
#[derive(Clone, Debug)]
pub struct Queued {
    pub msg: MsgId,
    pub place: Place,
    /// When the application handed it over.
    pub since: Time,
    /// The same by the wall clock: what the message says of itself.
    pub created: Time,
    /// When it is given up.
    pub until: Time,
    pub retries: u32,
    /// It pauses before a retry until then.
    pub not_before: Time,
    /// Some attempt may have reached the log.
    pub may_be_appended: bool,
    /// First of a numbered batch that was tried: it is sent again with the same messages, up to this one.
    pub batch_ends: Option<Place>,
}

/// Messages of one request.
#[derive(Debug)]
pub struct Batch {
    pub origin: Origin,
    /// In order, at least one.
    pub messages: Vec<Queued>,
    /// Of the first one.
    pub number: Option<Numbered>,
}

impl Batch {
    pub fn first(&self) -> &Queued {
        self.messages.first().expect("a batch has messages")
    }
    pub fn last(&self) -> &Queued {
        self.messages.last().expect("a batch has messages")
    }
    /// When its newest message was made, by the wall clock.
    pub fn newest(&self) -> Time {
        self.messages.iter().map(|message| message.created).max().expect("a batch has messages")
    }
    pub fn len(&self) -> u32 {
        self.messages.len() as u32
    }
}

/// What makes a batch, and when it is sent.
#[derive(Copy, Clone, Debug)]
pub struct Batching {
    pub linger: Span,
    /// Messages that fill a batch.
    pub limit: usize,
}

#[derive(Debug, Default)]
pub struct Line {
    waiting: VecDeque<Queued>,
    last: Place,
    /// Messages in requests that were made and have no outcome.
    pub under_way: u32,
    /// Whom the line is served by; `None` before anybody.
    pub leader: Option<NodeId>,
}

impl Line {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
    pub fn first(&self) -> Option<&Queued> {
        self.waiting.front()
    }

    /// Takes a message from the application.
    pub fn push(&mut self, msg: MsgId, since: Time, created: Time, until: Time) {
        self.last = Place(self.last.0 + 1);
        self.waiting.push_back(Queued {
            msg,
            place: self.last,
            since,
            created,
            until,
            retries: 0,
            not_before: Time::ZERO,
            may_be_appended: false,
            batch_ends: None,
        });
    }

    /// Puts messages back, each to its place.
    pub fn put_back(&mut self, messages: impl Iterator<Item = Queued>) {
        for message in messages {
            let at = self.waiting.partition_point(|waiting| waiting.place < message.place);
            self.waiting.insert(at, message);
        }
    }

    /// When the first batch is to be sent: it is full, or its first message has waited long enough, or does not pause
    /// before a retry any more.
    pub fn ready_at(&self, batching: Batching, closing: bool) -> Time {
        let Some(first) = self.waiting.front() else { return Time::NEVER };
        let is_full = self.waiting.len() >= batching.limit;
        match is_full || closing {
            true => first.not_before,
            false => first.not_before.max(first.since + batching.linger),
        }
    }

    /// The messages of the next request: as many as there is room for, up to one that pauses before a retry, or those
    /// that were together in a numbered one before. The caller has found the line ready.
    pub fn take(&mut self, batching: Batching, now: Time) -> Vec<Queued> {
        let ends = self.waiting.front().and_then(|first| first.batch_ends);
        let belongs = |message: &&Queued| message.not_before <= now && ends.is_none_or(|ends| message.place <= ends);
        let count = self.waiting.iter().take(batching.limit).take_while(belongs).count();
        self.waiting.drain(..count).collect()
    }

    /// What has waited for too long.
    pub fn expired(&mut self, now: Time) -> Vec<Queued> {
        let count = self.waiting.iter().take_while(|message| message.until <= now).count();
        self.waiting.drain(..count).collect()
    }

    /// Everything that waits, up to a place.
    pub fn up_to(&mut self, place: Place) -> Vec<Queued> {
        let count = self.waiting.partition_point(|message| message.place <= place);
        self.waiting.drain(..count).collect()
    }

    /// Everything that waits.
    pub fn clear(&mut self) -> Vec<Queued> {
        self.waiting.drain(..).collect()
    }
}

//! The applications: what sends messages, looks at results or does not, and processes what it is handed.
//!
//! An application lives in the process of its client and dies with it. What it would find again outside (how far it has
//! sent) survives.

use std::collections::VecDeque;

use ackproof_core::app::{Delivery, MsgId, Outcome};
use ackproof_core::seed::Stream;
use ackproof_core::setup::{ConsumerApp, OnError, OnFailure, ProducerApp, SendMode};
use ackproof_core::time::{Span, Time};

#[derive(Debug)]
pub(crate) enum App {
    None,
    Producer(Sender),
    Consumer(Box<Worker>),
    Auditor,
}

/// Sends the messages of one producer.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) config: ProducerApp,
    producer: u8,
    share: u32,
    interval: Span,
    /// The next message it has never sent. The source of the messages keeps count, so this survives the process.
    next: u32,
    /// Sends whose result has not come, in this process.
    outstanding: u32,
    /// Resends that wait for their time.
    resending: u32,
    last_sent: Time,
}

impl Sender {
    pub(crate) fn new(config: ProducerApp, producer: u8, share: u32, interval: Span) -> Sender {
        let last_sent = Time::ZERO;
        Sender { config, producer, share, interval, next: 0, outstanding: 0, resending: 0, last_sent }
    }

    pub(crate) fn restart(&mut self) {
        self.outstanding = 0;
        self.resending = 0;
    }

    pub(crate) fn msg(&self, sequence: u32) -> MsgId {
        MsgId::new(self.producer, sequence)
    }

    /// Its alarm rang: the message to send now, if it is time for one.
    pub(crate) fn next(&mut self, now: Time) -> Option<MsgId> {
        let waits = self.config.send == SendMode::Sync && (self.outstanding > 0 || self.resending > 0);
        if waits || self.next == self.share {
            return None;
        }
        let msg = self.msg(self.next);
        self.next += 1;
        self.last_sent = now;
        Some(msg)
    }

    /// When to ring next after something was sent or told; `None` when a result or nothing is waited for.
    pub(crate) fn alarm(&self, now: Time) -> Option<Span> {
        let waits = self.config.send == SendMode::Sync && (self.outstanding > 0 || self.resending > 0);
        (!waits && self.next < self.share).then(|| (self.last_sent + self.interval).since(now))
    }

    pub(crate) fn sent(&mut self) {
        self.outstanding += 1;
    }
    pub(crate) fn resent(&mut self) {
        self.resending -= 1;
        self.outstanding += 1;
    }

    /// A result came; after how long to send the message again, if the application does that.
    pub(crate) fn told(&mut self, outcome: &Outcome, attempt: u32) -> Option<Span> {
        assert!(self.outstanding > 0, "a client told its application of a send that is not outstanding");
        self.outstanding -= 1;
        let failed = match outcome {
            Outcome::Acked | Outcome::Untold => false,
            Outcome::Rejected(_) | Outcome::Unknown(_) | Outcome::Aborted => true,
        };
        match self.config.on_failure {
            OnFailure::Resend { times, backoff } if failed && self.config.is_checked() && attempt < times => {
                self.resending += 1;
                Some(backoff)
            }
            OnFailure::Resend { .. } | OnFailure::Report => None,
        }
    }

    /// Everything was sent and every result came.
    pub(crate) fn is_done(&self) -> bool {
        self.next == self.share && self.outstanding == 0 && self.resending == 0
    }

    /// Sends nothing more: the run is about to end.
    pub(crate) fn stop(&mut self) {
        self.share = self.next;
    }
}

/// Works through what a consumer is handed, one delivery at a time, in order.
#[derive(Debug)]
pub(crate) struct Worker {
    config: ConsumerApp,
    processing: Span,
    queue: VecDeque<Delivery>,
    /// `app/<node>`.
    stream: Stream,
}

/// What became of a processed delivery.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Processed {
    pub(crate) delivery: Delivery,
    pub(crate) success: bool,
    /// It is tried again at once, and the client is not told.
    pub(crate) again: bool,
}

impl Worker {
    pub(crate) fn new(config: ConsumerApp, processing: Span, stream: Stream) -> Worker {
        Worker { config, processing, queue: VecDeque::new(), stream }
    }

    pub(crate) fn restart(&mut self) {
        self.queue.clear();
    }

    /// Takes a delivery; after how long it is processed, if it is the only one.
    pub(crate) fn take(&mut self, delivery: Delivery) -> Option<Span> {
        self.queue.push_back(delivery);
        (self.queue.len() == 1).then_some(self.processing)
    }

    /// The delivery at the head is processed; after how long the next one is.
    pub(crate) fn done(&mut self) -> (Processed, Option<Span>) {
        let delivery = *self.queue.front().expect("a worker finishes only what it was handed");
        let success = self.config.failure_rate == 0.0 || !self.stream.chance(self.config.failure_rate);
        let again = !success && self.config.on_error == OnError::Retry;
        if !again {
            self.queue.pop_front();
        }
        (Processed { delivery, success, again }, (!self.queue.is_empty()).then_some(self.processing))
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }
}

//! The applications: what sends messages, looks at results or does not, and processes what it is handed.
//!
//! An application lives in the process of its client and dies with it. What it would find again outside (how far it has
//! sent) survives.

use std::collections::VecDeque;

use ackproof_core::app::Delivery;
use ackproof_core::seed::Stream;
use ackproof_core::setup::{ConsumerApp, OnError};
use ackproof_core::time::Span;

use crate::sender::Sender;

#[derive(Debug)]
pub(crate) enum App {
    None,
    Producer(Box<Sender>),
    Consumer(Box<Worker>),
    Auditor,
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

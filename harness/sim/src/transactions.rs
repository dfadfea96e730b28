//! How an application groups its sends into transactions: so many sends, the end, and nothing more before it knows how
//! each of them fared.
//!
//! A transaction that the application wanted and did not get is made again as a whole, of the same messages and of no
//! others, before anything new is sent. One that it took back by itself is not. A process that dies forgets its open
//! transaction and what it meant to make again.

use std::collections::VecDeque;

use ackproof_core::app::Outcome;
use ackproof_core::seed::Stream;
use ackproof_core::setup::{OnFailure, Transaction};
use ackproof_core::time::Span;

/// One send: which message of the producer, and how often the application had sent it before.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct Send {
    pub(crate) sequence: u32,
    pub(crate) attempt: u32,
}

#[derive(Debug)]
pub(crate) struct Transactions {
    config: Transaction,
    on_failure: OnFailure,
    /// `app/<node>`; only where the application takes anything back by itself.
    stream: Option<Stream>,
    /// The sends of the open transaction, and whether each is known to have succeeded.
    sends: Vec<(Send, bool)>,
    /// The open transaction was asked to end, with a commit or without.
    ended: Option<bool>,
    untold: u32,
    /// The messages of a transaction that failed: the next transaction, or what is left to send of it.
    again: VecDeque<Send>,
    is_again: bool,
}

impl Transactions {
    /// `stream` is for who takes transactions back by itself.
    pub(crate) fn new(config: Transaction, on_failure: OnFailure, stream: Option<Stream>) -> Transactions {
        Transactions {
            config,
            on_failure,
            stream,
            sends: Vec::new(),
            ended: None,
            untold: 0,
            again: VecDeque::new(),
            is_again: false,
        }
    }

    pub(crate) fn restart(&mut self) {
        self.sends.clear();
        self.ended = None;
        self.untold = 0;
        self.again.clear();
        self.is_again = false;
    }

    /// Whether the application waits for the open transaction to end.
    pub(crate) fn waits(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether there is a message to send again.
    pub(crate) fn has_more(&self) -> bool {
        !self.again.is_empty()
    }

    /// Whether nothing is open and nothing is left to send again.
    pub(crate) fn is_done(&self) -> bool {
        self.sends.is_empty() && self.again.is_empty()
    }

    /// The next message to send again.
    pub(crate) fn next_again(&mut self) -> Option<Send> {
        assert!(!self.waits(), "a send while the application waits for its transaction to end");
        let send = self.again.pop_front()?;
        self.is_again = true;
        Some(send)
    }

    pub(crate) fn sent(&mut self, send: Send) {
        self.sends.push((send, false));
        self.untold += 1;
    }

    /// Ends the transaction if its last message was sent; whether it is to be committed. `is_last`: the application has
    /// no more messages.
    pub(crate) fn end(&mut self, is_last: bool) -> Option<bool> {
        let is_full = match self.is_again {
            true => self.again.is_empty(),
            false => self.sends.len() >= self.config.messages as usize || is_last,
        };
        if self.sends.is_empty() || self.waits() || !is_full {
            return None;
        }
        let commit = self.stream.as_mut().is_none_or(|stream| !stream.chance(self.config.abort_rate));
        self.ended = Some(commit);
        Some(commit)
    }

    pub(crate) fn told(&mut self, sequence: u32, outcome: &Outcome) {
        let open = self.sends.iter_mut().find(|(send, _)| send.sequence == sequence);
        let (_, succeeded) = open.expect("a client tells of the sends of the open transaction");
        self.untold -= 1;
        *succeeded = match outcome {
            Outcome::Acked | Outcome::Untold => true,
            Outcome::Rejected(_) | Outcome::Unknown(_) | Outcome::Aborted => false,
        };
    }

    /// Closes the transaction if it was ended and everything was told of it; after how long the application goes on.
    pub(crate) fn settle(&mut self) -> Option<Span> {
        let wanted = self.ended.filter(|_| self.untold == 0)?;
        self.ended = None;
        self.is_again = false;
        let failed = self.sends.drain(..).filter(|(_, succeeded)| !succeeded).map(|(send, _)| send);
        match self.on_failure {
            OnFailure::Resend { times, backoff } if wanted => {
                let again = failed.filter(|send| send.attempt < times);
                self.again = again.map(|send| Send { attempt: send.attempt + 1, ..send }).collect();
                Some(if self.again.is_empty() { Span::ZERO } else { backoff })
            }
            OnFailure::Resend { .. } | OnFailure::Report => Some(Span::ZERO),
        }
    }

    /// Makes nothing again any more.
    pub(crate) fn stop(&mut self) {
        self.again.clear();
    }
}

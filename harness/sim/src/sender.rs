//! The application around a producer's client: what it sends when, what it waits for, what it sends again.

#[cfg(test)]
mod tests;

use ackproof_core::app::{MsgId, Outcome};
use ackproof_core::seed::Stream;
use ackproof_core::setup::{OnFailure, ProducerApp, SendMode};
use ackproof_core::time::{Span, Time};

use crate::transactions::{Send, Transactions};

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
    transactions: Option<Transactions>,
}

/// What the application does once it was told of a send.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Then {
    /// Its alarm is set, or it waits for another result, or it has nothing left to do.
    Nothing,
    /// It sends the message again after this long.
    Resend(Span),
    /// It goes on after this long.
    GoOn(Span),
}

impl Sender {
    /// `stream` is `app/<node>`, for who takes transactions back by itself.
    pub(crate) fn new(config: ProducerApp, producer: u8, share: u32, interval: Span, stream: Option<Stream>) -> Sender {
        let transactions = config.transaction.map(|each| Transactions::new(each, config.on_failure, stream));
        let last_sent = Time::ZERO;
        Sender { config, producer, share, interval, next: 0, outstanding: 0, resending: 0, last_sent, transactions }
    }

    pub(crate) fn restart(&mut self) {
        self.outstanding = 0;
        self.resending = 0;
        if let Some(transactions) = &mut self.transactions {
            transactions.restart();
        }
    }

    pub(crate) fn msg(&self, sequence: u32) -> MsgId {
        MsgId::new(self.producer, sequence)
    }

    /// Its alarm rang: the message to send now, if it is time for one, and how often it was sent before.
    pub(crate) fn next(&mut self, now: Time) -> Option<(MsgId, u32)> {
        if self.waits() {
            return None;
        }
        let again = self.transactions.as_mut().and_then(Transactions::next_again);
        let send = match again {
            Some(send) => send,
            None if self.next == self.share => return None,
            None => {
                self.next += 1;
                Send { sequence: self.next - 1, attempt: 0 }
            }
        };
        self.last_sent = now;
        self.outstanding += 1;
        if let Some(transactions) = &mut self.transactions {
            transactions.sent(send);
        }
        Some((self.msg(send.sequence), send.attempt))
    }

    /// Whether it must know more before it sends on.
    fn waits(&self) -> bool {
        match &self.transactions {
            Some(transactions) => transactions.waits(),
            None => self.config.send == SendMode::Sync && (self.outstanding > 0 || self.resending > 0),
        }
    }

    /// When to ring next after something was sent or told; `None` when a result or nothing is waited for.
    pub(crate) fn alarm(&self, now: Time) -> Option<Span> {
        let has_more = self.next < self.share || self.transactions.as_ref().is_some_and(Transactions::has_more);
        (!self.waits() && has_more).then(|| (self.last_sent + self.interval).since(now))
    }

    /// Whether its transaction ends here, after a send, and if so whether it is to be committed.
    pub(crate) fn end_transaction(&mut self) -> Option<bool> {
        let is_last = self.next == self.share;
        self.transactions.as_mut()?.end(is_last)
    }

    pub(crate) fn resent(&mut self) {
        self.resending -= 1;
        self.outstanding += 1;
    }

    /// A result came. `attempt` is how often the message was sent before, where messages are sent by themselves.
    pub(crate) fn told(&mut self, msg: MsgId, outcome: &Outcome, attempt: u32, now: Time) -> Then {
        assert!(self.outstanding > 0, "a client told its application of a send that is not outstanding");
        self.outstanding -= 1;
        if let Some(transactions) = &mut self.transactions {
            transactions.told(msg.sequence(), outcome);
            return self.settle(now);
        }
        let failed = match outcome {
            Outcome::Acked | Outcome::Untold => false,
            Outcome::Rejected(_) | Outcome::Unknown(_) | Outcome::Aborted => true,
        };
        match self.config.on_failure {
            OnFailure::Resend { times, backoff } if failed && self.config.is_checked() && attempt < times => {
                self.resending += 1;
                Then::Resend(backoff)
            }
            OnFailure::Resend { .. } | OnFailure::Report if self.config.send == SendMode::Sync => {
                self.alarm(now).map_or(Then::Nothing, Then::GoOn)
            }
            OnFailure::Resend { .. } | OnFailure::Report => Then::Nothing,
        }
    }

    /// Goes on behind a transaction that is over.
    fn settle(&mut self, now: Time) -> Then {
        match self.transactions.as_mut().and_then(Transactions::settle) {
            Some(backoff) => self.alarm(now).map_or(Then::Nothing, |alarm| Then::GoOn(alarm.max(backoff))),
            None => Then::Nothing,
        }
    }

    /// Everything was sent and every result came.
    pub(crate) fn is_done(&self) -> bool {
        let is_settled = self.transactions.as_ref().is_none_or(Transactions::is_done);
        self.next == self.share && self.outstanding == 0 && self.resending == 0 && is_settled
    }

    /// Sends nothing more: the run is about to end.
    pub(crate) fn stop(&mut self) {
        self.share = self.next;
        if let Some(transactions) = &mut self.transactions {
            transactions.stop();
        }
    }
}

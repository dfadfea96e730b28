//! How long a producer that has something to send goes without a success: unavailability as an application sees it.
//!
//! A wait begins with the first send after the last success and ends with the next success, whatever failures come
//! in between. Counterexample to the simpler rule "from a send to its own answer":
//!
//! 1. The leader is gone for a minute. The application sends one message at a time and is told of a failure after
//!    each 2 s.
//! 2. No send waited longer than 2 s, and for a minute nothing was accepted.
//!
//! Healing does not end a wait, since recovering takes the application's time too; the end of the settling does.
//! A producer that is down itself waits for nothing. A success that promises nothing ends a wait like any other,
//! so a producer that asks for no answers is never seen waiting.

use ackproof_core::time::{Span, Time};

#[derive(Copy, Clone, Debug, Default)]
pub struct Wait {
    open: u32,
    since: Option<Time>,
    last_failure: Time,
    pub longest: Span,
}

impl Wait {
    pub fn sent(&mut self, at: Time) {
        self.since.get_or_insert(at);
        self.open += 1;
    }

    pub fn succeeded(&mut self, at: Time) {
        self.close(at);
        self.open = self.open.saturating_sub(1);
        self.since = (self.open > 0).then_some(at);
    }

    pub fn failed(&mut self, at: Time) {
        self.open = self.open.saturating_sub(1);
        self.last_failure = at;
    }

    pub fn died(&mut self, at: Time) {
        self.close(at);
        self.open = 0;
        self.since = None;
    }

    /// The run is over: a wait that is still on lasted until now, or until the last failure when nothing was under
    /// way any more.
    pub fn ended(&mut self, at: Time) {
        self.close(if self.open > 0 { at } else { self.last_failure });
        self.since = None;
    }

    fn close(&mut self, at: Time) {
        if let Some(since) = self.since {
            self.longest = self.longest.max(at.since(since));
        }
    }
}

//! A task that comes round every so often in a process, for whoever asks what it has done rather than being told: when it
//! last looked, and when it will. No timer rings for it.
//!
//! Simplified: its moments lie on the wall clock. Gives up: where they lie after somebody has set it.

use ackproof_core::time::{Span, Time};

#[derive(Copy, Clone, Debug)]
pub(super) struct Looks {
    every: Span,
    /// When the task was started, by the wall clock.
    began: Time,
    /// It looked right then.
    at_once: bool,
}

impl Looks {
    pub(super) fn new(every: Span, began: Time, at_once: bool) -> Looks {
        Looks { every: every.max(Span(1)), began, at_once }
    }

    /// `None` before the first time.
    pub(super) fn last(&self, now: Time) -> Option<Time> {
        let looks = now.since(self.began).0 / self.every.0;
        let has_looked = now >= self.began && (looks > 0 || self.at_once);
        has_looked.then(|| self.began + Span(looks * self.every.0))
    }

    /// The first one after `now`.
    pub(super) fn next(&self, now: Time) -> Time {
        self.last(now).unwrap_or(self.began) + self.every
    }
}

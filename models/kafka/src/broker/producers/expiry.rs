//! When a broker forgets a producer: once nothing of it has been appended for `producer.id.expiration.ms`, at the next
//! look of a task that comes round every `producer.id.expiration.check.interval.ms`. A retry that comes later is a new
//! batch, and so is whatever its producer sends next, with any sequence. A producer whose transaction is open is not
//! forgotten.
//!
//! How long ago that was is the timestamp of its last batch, read against this broker's wall clock. Each replica of a
//! partition has a task of its own, which counts from the start of its process; after a clean stop the start is a look
//! too, and after any other what the log says is known again until the first one.
//!
//! No timer rings for it. Whoever asks for a producer first forgets what the last look has taken.
//!
//! Simplified: what a new leader knows is read from its log as if each batch had come when it was stamped. Gives up: who
//! is forgotten by a follower that copies late what was stamped early.
//!
//! Source: `ProducerStateManager.{removeExpiredProducers,isProducerExpired,loadFromSnapshot}`, storage, 4.1;
//! `UnifiedLog` (PeriodicProducerExpirationCheck). Up to 3.3 `LogManager` passed `transactional.id.expiration.ms`, and
//! looked every ten minutes; KIP-854 gave both settings of their own.

use ackproof_core::time::{Span, Time};

use super::Producers;
use crate::broker::looks::Looks;
use crate::config::Forgetting;
use crate::mutation::Rule;

/// What one replica's task goes by.
#[derive(Copy, Clone, Debug)]
pub(in crate::broker) struct Expiry {
    after: Span,
    looks: Looks,
}

impl Expiry {
    /// Of a log that was opened now, by the wall clock; after a clean stop of the process before that is a look.
    pub(in crate::broker) fn new(config: Forgetting, opened: Time, was_clean: bool) -> Expiry {
        Expiry { after: config.after, looks: Looks::new(config.every, opened, was_clean) }
    }
}

impl Producers {
    /// Whether a look may have taken somebody since the last time that was asked.
    #[inline]
    pub(in crate::broker) fn may_forget(&self, now: Time) -> bool {
        self.forgets_at <= now
    }

    /// How long a producer is silent before it is forgotten.
    pub(in crate::broker) fn silence(&self) -> Span {
        self.expiry.after
    }

    /// Something of a producer was appended with this timestamp: until when nobody need look for it.
    pub(super) fn heard(&mut self, timestamp: Time) {
        self.forgets_at = self.forgets_at.min(timestamp + self.expiry.after);
    }

    /// Forgets who had been silent for so long at the last look, and says how many that were.
    #[cold]
    pub(in crate::broker) fn forget_silent(&mut self, now: Time) -> usize {
        let after = self.expiry.after;
        let before = self.known.len();
        if let Some(look) = self.expiry.looks.last(now).filter(|_| Rule::ProducerExpiry.holds()) {
            self.known.retain(|_, known| known.transaction.is_some() || known.last + after > look);
        }
        let silent = self.known.values().filter(|known| known.transaction.is_none());
        let earliest = silent.map(|known| known.last + after).min().unwrap_or(Time::NEVER);
        self.forgets_at = earliest.max(self.expiry.looks.next(now));
        before - self.known.len()
    }
}

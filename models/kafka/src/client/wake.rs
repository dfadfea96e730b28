//! The client's only timer. It is moved forward when something is due earlier and never back: one that rings too
//! early costs less than setting it anew with every request.

use ackproof_core::actor::{Ctx, TimerId};
use ackproof_core::time::{Span, Time};

use crate::model::Kafka;

pub const WAKE: TimerId = TimerId(0);
/// Of a producer in the process of a consumer.
pub const WAKE_WITHIN: TimerId = TimerId(1);

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Rang {
    OnTime,
    Late,
}

#[derive(Debug)]
pub struct Wake {
    timer: TimerId,
    /// On the monotonic clock; `None` when no timer is set.
    set_for: Option<Time>,
}

impl Default for Wake {
    fn default() -> Wake {
        Wake::of(WAKE)
    }
}

impl Wake {
    /// By another timer than a client that is alone in its process has.
    pub fn of(timer: TimerId) -> Wake {
        Wake { timer, set_for: None }
    }

    /// The timer rang. Whether it did on time: a process that was paused finds its timers and everything that came
    /// meanwhile at once, and a Java client reads what has come before it looks for what has not.
    /// Source: `NetworkClient.poll` at 4.1, which handles received replies before requests that timed out.
    pub fn rang(&mut self, ctx: &Ctx<'_, Kafka>) -> Rang {
        match self.set_for.take() {
            Some(set_for) if set_for < ctx.now() => Rang::Late,
            Some(_) | None => Rang::OnTime,
        }
    }

    /// Rings again as soon as everything that has come is handled.
    pub fn soon(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.now();
        self.by(ctx, now, now, Span::ZERO);
    }

    /// Makes sure that the timer rings by the time that the clock which shows `now` shows `due`, and within `at_most`.
    ///
    /// Source: `NetworkClient.poll` at 4.1, which sleeps no longer than the request timeout.
    pub fn by(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time, due: Time, at_most: Span) {
        let after = due.since(now).min(at_most).max(Span::ms(1));
        let rings = ctx.now() + after;
        if self.set_for.is_none_or(|set_for| rings < set_for) {
            self.set_for = Some(rings);
            ctx.set_timer(self.timer, after);
        }
    }
}

//! Which faults are over before others begin. A column that somebody wrote tells a story: one disk after the other is a
//! restart that is too hasty, and all disks at once are another question, even if both lose the same message.
//!
//! What came in turn at first still does, no less than half as long and half as far apart. Counterexample to asking for
//! the order alone: a restart that takes no time leaves an order, and everything happens at once.

use ackproof_core::schedule::{At, End, Fault};
use ackproof_core::time::Span;

/// The faults of the first candidate, and when they fired, as far as it is known.
pub(super) struct Written<'a> {
    pub faults: &'a [Fault],
    pub fired: &'a [Option<Span>],
}

/// When a fault begins and when it is over; `None` when it lasts until everything is healed.
#[derive(Copy, Clone)]
struct Turn {
    begin: Span,
    end: Option<Span>,
}

impl Written<'_> {
    /// Whether two of the first faults may become one, which happens at once.
    pub fn may_merge(&self, a: usize, b: usize) -> bool {
        !self.are_in_turn(a, b) && !self.are_in_turn(b, a)
    }

    /// Whether what is left of the first faults comes in turn as it did; `places` are theirs among the first.
    pub fn is_kept(&self, faults: &[Fault], places: &[usize]) -> bool {
        let left: Vec<(usize, Option<Turn>)> =
            faults.iter().zip(places).map(|(fault, &place)| (place, self.turn(fault, place))).collect();
        left.iter().all(|a| left.iter().all(|b| !self.are_in_turn(a.0, b.0) || self.are_alike(*a, *b)))
    }

    fn are_in_turn(&self, a: usize, b: usize) -> bool {
        let over = self.first(a).and_then(|turn| turn.end);
        a != b && over.zip(self.first(b)).is_some_and(|(over, b)| over <= b.begin)
    }

    /// Whether `a` still comes before `b`, long enough and far enough.
    fn are_alike(&self, a: (usize, Option<Turn>), b: (usize, Option<Turn>)) -> bool {
        let (Some(first_a), Some(first_b), Some(now_a), Some(now_b)) = (self.first(a.0), self.first(b.0), a.1, b.1)
        else {
            return false;
        };
        let (Some(first_end), Some(now_end)) = (first_a.end, now_a.end) else { return false };
        let is_half = |now: Span, first: Span| now.0.saturating_mul(2) >= first.0;
        now_end <= now_b.begin
            && is_half(now_end - now_a.begin, first_end - first_a.begin)
            && is_half(now_b.begin - now_a.begin, first_b.begin - first_a.begin)
    }

    fn first(&self, place: usize) -> Option<Turn> {
        self.turn(self.faults.get(place)?, place)
    }

    /// `None` when nobody knows when it begins.
    fn turn(&self, fault: &Fault, place: usize) -> Option<Turn> {
        let begin = match fault.at {
            At::Offset(at) => at,
            At::Anchor { .. } => self.fired.get(place).copied().flatten()?,
        };
        let end = match fault.end {
            End::After(span) => Some(begin + span),
            End::Heal | End::Gone => fault.kind.is_instant().then_some(begin),
        };
        Some(Turn { begin, end })
    }
}

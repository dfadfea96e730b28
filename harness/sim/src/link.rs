//! One direction of a link: the messages in flight, first in, first out. Only what has to be sent again may be
//! overtaken, by other connections: TCP keeps the order within one.
//!
//! The world decides from this list alone whether a message arrives. Connections are TCP, so a cut does not lose what
//! was under way: it stalls, and the sender's kernel sends it again after the cut has healed, unless the sender is gone
//! by then. Attempts to open a connection are the sender's own business and never get here.
//! Source: RFC 9293 section 3.8, RFC 6298 (retransmission timer doubles from 200 ms in Linux, at most 120 s).

use std::collections::VecDeque;

use ackproof_core::seed::Stream;
use ackproof_core::time::{Span, Time};

use crate::connection::{ConnId, Fin};

/// First retransmission timeout of Linux TCP, and the longest.
const RTO_MIN: u64 = 200;
const RTO_MAX: u64 = 120_000;

/// What an entry carries.
#[derive(Clone, Debug)]
pub(crate) enum Body<T> {
    /// A message as the actors exchange it.
    Typed(T),
    /// An encoded message; a copy crosses turmoil's network, this one is what the sender's kernel would send again.
    Bytes(std::rc::Rc<[u8]>),
    /// The end of a connection.
    Fin(Fin),
}

#[derive(Clone, Debug)]
pub(crate) struct Entry<T> {
    pub(crate) seq: u32,
    /// [`Time::NEVER`] while it is stalled by a cut or a hold.
    pub(crate) due: Time,
    pub(crate) conn: ConnId,
    /// The first message of its connection.
    pub(crate) opening: bool,
    /// It was lost or met a cut, and its kernel will send it again; or it waits behind one of its connection that did.
    late: bool,
    pub(crate) body: Body<T>,
}

#[derive(Debug)]
pub(crate) struct Link<T> {
    /// `network/<from>-<to>`.
    pub(crate) stream: Stream,
    flight: VecDeque<Entry<T>>,
    /// The latest due time given out.
    last_due: Time,
    /// Something in flight may be overtaken; if not, everything waits for what was sent last.
    has_late: bool,
    /// Since when the link has been cut, if what is stalled met a cut.
    cut_since: Option<Time>,
    blocked: bool,
}

impl<T> Entry<T> {
    /// Whether what is sent on `conn` later may arrive earlier. The end of a connection (no `conn`) never does.
    fn may_be_overtaken_on(&self, conn: ConnId) -> bool {
        self.late && conn != ConnId::NONE && conn != self.conn
    }
}

impl<T> Link<T> {
    pub(crate) fn new(stream: Stream) -> Self {
        Link { stream, flight: VecDeque::new(), last_due: Time::ZERO, has_late: false, cut_since: None, blocked: false }
    }

    /// Puts an entry at the end, `latency` from now and never before those ahead of it that it may not overtake.
    pub(crate) fn push(
        &mut self,
        now: Time,
        latency: Span,
        seq: u32,
        conn: ConnId,
        opening: bool,
        body: Body<T>,
    ) -> Time {
        let is_lost = latency.0 >= RTO_MIN;
        let (behind, late) = match self.has_late {
            true => self.last_ahead(now, conn, is_lost),
            false => (self.last_due, is_lost),
        };
        self.has_late |= late;
        let due = if self.blocked { Time::NEVER } else { behind.max(now + latency) };
        if !self.blocked {
            self.last_due = self.last_due.max(due);
        }
        self.flight.push_back(Entry { seq, due, conn, opening, late, body });
        due
    }

    /// Nothing waits for what is not in flight any more.
    fn forget_if_empty(&mut self) {
        if self.flight.is_empty() {
            (self.last_due, self.has_late) = (Time::ZERO, false);
        }
    }

    /// When the last entry that may not be overtaken on `conn` is due, and whether what follows it is late.
    fn last_ahead(&self, now: Time, conn: ConnId, is_lost: bool) -> (Time, bool) {
        let ahead = self.flight.iter().filter(|entry| !entry.may_be_overtaken_on(conn));
        ahead.fold((Time::ZERO, is_lost), |(due, late), entry| {
            (due.max(entry.due), late || entry.late && entry.due > now)
        })
    }

    /// Where this entry is, if nothing that it may not overtake is ahead of it.
    fn place(&self, seq: u32, due: Time) -> Option<usize> {
        let is_it = |entry: &Entry<T>| entry.seq == seq && entry.due == due;
        // As good as always it is the first.
        if self.flight.front().is_some_and(is_it) {
            return Some(0);
        }
        let place = self.flight.iter().position(is_it)?;
        let conn = self.flight[place].conn;
        self.flight.iter().take(place).all(|ahead| ahead.may_be_overtaken_on(conn)).then_some(place)
    }

    /// Whether it is this entry's turn.
    pub(crate) fn is_next(&self, seq: u32, due: Time) -> bool {
        self.place(seq, due).is_some()
    }

    /// Takes this entry: exactly once, and only when it is its turn.
    pub(crate) fn take(&mut self, seq: u32, due: Time) -> Option<Entry<T>> {
        let place = self.place(seq, due);
        debug_assert!(
            place.is_some() || !self.flight.iter().any(|entry| entry.seq == seq && entry.due == due),
            "a message is due and another one is ahead of it"
        );
        let entry = match place? {
            0 => self.flight.pop_front(),
            place => self.flight.remove(place),
        };
        self.forget_if_empty();
        entry
    }

    /// Brings the link to its new state. What was to arrive from now on stalls when it is cut or held; when it is
    /// neither any more, what had stalled gets new due times, which are returned with the sequence numbers.
    pub(crate) fn set(
        &mut self,
        now: Time,
        cut: bool,
        held: bool,
        latency: impl Fn(&mut Stream) -> Span,
    ) -> Vec<(u32, Time)> {
        if cut && self.cut_since.is_none() {
            self.cut_since = Some(now);
        }
        let blocked = cut || held;
        if blocked && !self.blocked {
            // What was due earlier has arrived and only waits for its process.
            for entry in self.flight.iter_mut().filter(|entry| entry.due >= now) {
                entry.due = Time::NEVER;
            }
        }
        let freed = self.blocked && !blocked;
        self.blocked = blocked;
        if !freed {
            return Vec::new();
        }
        // The retransmission timer has backed off for as long as the cut lasted, so the next attempt comes within
        // about as long again.
        let cut_since = self.cut_since.take();
        let retry = cut_since.map_or(Span::ZERO, |since| Span(self.stream.between(0, now.since(since).0.min(RTO_MAX))));
        let mut last = now + retry;
        let mut released = Vec::new();
        for entry in self.flight.iter_mut().filter(|entry| entry.due == Time::NEVER) {
            last = last.max(now + retry + latency(&mut self.stream));
            entry.due = last;
            entry.late |= cut_since.is_some();
            self.has_late |= entry.late;
            released.push((entry.seq, last));
        }
        // A link on which nothing had stalled makes nobody wait.
        if !released.is_empty() {
            self.last_due = last;
        }
        released
    }

    /// The receiver's process or machine is gone: nothing in flight arrives.
    pub(crate) fn doom_all(&mut self) -> usize {
        let doomed = self.flight.len();
        self.flight.clear();
        self.forget_if_empty();
        doomed
    }

    /// The sender is gone: what it would have to send again is lost, what is on the wire is not, and its machine goes
    /// on saying that connections ended.
    pub(crate) fn doom_stalled(&mut self) {
        self.flight.retain(|entry| entry.due != Time::NEVER || matches!(entry.body, Body::Fin(_)));
        self.forget_if_empty();
    }

    pub(crate) fn entry(&self, seq: u32) -> Option<&Entry<T>> {
        self.flight.iter().find(|entry| entry.seq == seq)
    }

    /// An entry that was due by `now`.
    pub(crate) fn overdue(&self, now: Time) -> Option<&Entry<T>> {
        self.flight.iter().find(|entry| entry.due <= now)
    }
}

/// Time that a lossy link adds to a message: each attempt is lost with probability `loss`, and repeated after a
/// timeout that doubles.
pub(crate) fn retransmission(stream: &mut Stream, loss: f64) -> Span {
    let (mut delay, mut timeout) = (0, RTO_MIN);
    // Linux gives up after 15 attempts; by then this message is minutes late and its request has timed out.
    for _ in 0..15 {
        if !stream.chance(loss) {
            break;
        }
        delay += timeout;
        timeout = (timeout * 2).min(RTO_MAX);
    }
    Span(delay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackproof_core::seed::Seed;

    fn link() -> Link<u8> {
        Link::new(Seed(1).stream("network/a-b"))
    }
    fn push(link: &mut Link<u8>, now: u64, latency: u64, seq: u32) -> Time {
        link.push(Time(now), Span(latency), seq, ConnId(1), false, Body::Typed(0))
    }
    fn one_ms(_: &mut Stream) -> Span {
        Span(1)
    }

    #[test]
    fn a_later_message_never_arrives_before_an_earlier_one() {
        let mut link = link();
        assert_eq!(push(&mut link, 0, 9, 1), Time(9));
        assert_eq!(push(&mut link, 1, 2, 2), Time(9));
    }

    #[test]
    fn a_message_is_taken_once_and_only_at_its_due_time() {
        let mut link = link();
        push(&mut link, 0, 9, 1);
        assert!(link.take(1, Time(8)).is_none());
        assert!(link.take(1, Time(9)).is_some());
        assert!(link.take(1, Time(9)).is_none());
    }

    #[test]
    fn a_cut_stalls_what_is_in_flight_and_healing_sends_it_again_in_order() {
        let mut link = link();
        push(&mut link, 0, 9, 1);
        assert!(link.set(Time(5), true, false, one_ms).is_empty());
        assert_eq!(push(&mut link, 6, 1, 2), Time::NEVER);
        assert!(link.take(1, Time(9)).is_none());
        let released = link.set(Time(1005), false, false, one_ms);
        assert_eq!(released.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 2]);
        let due = released[0].1;
        assert!((Time(1006)..=Time(2006)).contains(&due) && released[1].1 == due);
        assert!(link.take(1, due).is_some() && link.take(2, due).is_some());
    }

    #[test]
    fn a_connection_opened_after_a_cut_does_not_wait_for_what_the_cut_stalled_on_another() {
        let mut link = link();
        link.set(Time(0), true, false, one_ms);
        push(&mut link, 1, 1, 1);
        let fin = Body::Fin(Fin::default());
        link.push(Time(2), Span(1), 2, ConnId::NONE, false, fin);
        let stalled = link.set(Time(60_000), false, false, one_ms)[0].1;
        assert!(stalled > Time(60_003), "the seed draws a long wait");
        assert_eq!(push(&mut link, 60_000, 1, 3), stalled, "the same connection keeps its order");
        let opened = link.push(Time(60_001), Span(1), 4, ConnId(4), true, Body::Typed(0));
        assert_eq!(opened, Time(60_002));
        let second = link.push(Time(60_001), Span(1), 5, ConnId(4), false, Body::Typed(0));
        assert!(link.is_next(4, opened) && !link.is_next(5, second));
        assert!(link.take(4, opened).is_some() && link.take(5, second).is_some());
        assert!(link.take(1, stalled).is_some() && link.is_next(2, stalled));
    }

    #[test]
    fn a_cut_that_stalled_nothing_delays_nothing_once_it_has_healed() {
        let mut link = link();
        link.set(Time(0), true, false, one_ms);
        assert!(link.set(Time(60_000), false, false, one_ms).is_empty());
        assert_eq!(push(&mut link, 60_000, 1, 1), Time(60_001));
    }

    #[test]
    fn a_message_that_is_lost_again_and_again_holds_up_its_own_connection_only() {
        let mut link = link();
        assert_eq!(push(&mut link, 0, 300_000, 1), Time(300_000));
        assert_eq!(link.push(Time(10_000), Span(2), 2, ConnId(4), true, Body::Typed(0)), Time(10_002));
        assert_eq!(push(&mut link, 10_000, 2, 3), Time(300_000));
        assert!(link.take(2, Time(10_002)).is_some());
    }

    #[test]
    fn the_end_of_a_cut_does_not_release_what_a_hold_still_holds() {
        let mut link = link();
        push(&mut link, 0, 9, 1);
        link.set(Time(5), true, true, one_ms);
        assert!(link.set(Time(6), false, true, one_ms).is_empty());
        assert_eq!(link.set(Time(8), false, false, one_ms).len(), 1);
    }

    #[test]
    fn what_has_arrived_and_waits_for_its_process_is_not_touched_by_a_cut() {
        let mut link = link();
        push(&mut link, 0, 3, 1);
        link.set(Time(5), true, false, one_ms);
        assert!(link.take(1, Time(3)).is_some());
    }
}

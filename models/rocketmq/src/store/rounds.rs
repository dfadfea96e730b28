//! The rounds of a thread that wakes at intervals: some of them do its work thoroughly, the others only if there is much
//! of it.

use ackproof_core::time::{Span, Time};

/// When a thread's last round was. Rounds that find nothing to do are not simulated; this counts as if they were.
#[derive(Debug)]
pub struct Rounds {
    last: Time,
    /// Of the last thorough one.
    thorough: Time,
}

impl Rounds {
    /// `first`: when the first round is.
    pub fn new(first: Time) -> Rounds {
        Rounds { last: first, thorough: first }
    }

    /// How long until the next round that nobody wakes it for.
    pub fn until(&self, now: Time, interval: Span) -> Span {
        let interval = interval.0.max(1);
        match now.0.checked_sub(self.last.0) {
            Some(since) => Span(interval - since % interval),
            None => Span(self.last.0 - now.0),
        }
    }

    /// Begins a round, at its time or because somebody woke the thread. Whether it is a thorough one: so much time has
    /// gone by since the last.
    ///
    /// Source: `CommitRealTimeService.run`, `FlushRealTimeService.run`, `CommitLog`, store, 5.3.
    pub fn begin(&mut self, now: Time, interval: Span, thorough: Span) -> bool {
        self.pass(now, interval.0.max(1), thorough.0);
        self.last = self.last.max(now);
        let is_thorough = now >= self.thorough + thorough;
        if is_thorough {
            self.thorough = now;
        }
        is_thorough
    }

    /// Counts the idle rounds before `now`, and which of them were thorough.
    fn pass(&mut self, now: Time, interval: u64, thorough: u64) {
        let idle = now.0.saturating_sub(self.last.0).saturating_sub(1) / interval;
        if idle == 0 {
            return;
        }
        let (first, last) = (self.last.0 + interval, self.last.0 + idle * interval);
        self.last = Time(last);
        let due = (self.thorough.0 + thorough).max(first);
        let earliest = first + (due - first).div_ceil(interval) * interval;
        if earliest <= last {
            let every = thorough.div_ceil(interval).max(1) * interval;
            self.thorough = Time(last - (last - earliest) % every);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the thread does it, round by round: the times of rounds, and which were thorough.
    fn naive(wakes: &[u64], interval: u64, thorough: u64, end: u64) -> Vec<(u64, bool)> {
        let (mut next, mut last_thorough, mut all) = (interval, 0, Vec::new());
        for now in 1..=end {
            if now == next || wakes.contains(&now) {
                let is_thorough = now >= last_thorough + thorough;
                if is_thorough {
                    last_thorough = now;
                }
                all.push((now, is_thorough));
                next = now + interval;
            }
        }
        all
    }

    #[test]
    fn rounds_that_are_left_out_count_as_if_they_had_been() {
        for (interval, thorough) in [(200, 200), (500, 10_000), (10, 25), (200, 50), (300, 1000)] {
            for wakes in
                [vec![], vec![210, 220, 401], vec![37, 999, 1000, 1001, 4321], (1..300).map(|i| i * 7).collect()]
            {
                let expected = naive(&wakes, interval, thorough, 12_000);
                // Simulated are the wakes, and every third of the others.
                let mut rounds = Rounds::new(Time(0));
                for (index, (now, is_thorough)) in expected.into_iter().enumerate() {
                    if wakes.contains(&now) || index % 3 == 0 {
                        assert_eq!(
                            rounds.begin(Time(now), Span(interval), Span(thorough)),
                            is_thorough,
                            "{now} {interval}"
                        );
                        assert_eq!(rounds.until(Time(now), Span(interval)), Span(interval));
                    }
                }
            }
        }
    }
}

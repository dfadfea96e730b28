//! A client's timers: those that every client has, and its own behind them.

use ackproof_core::actor::TimerId;

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Timer {
    /// Time to ask for the route.
    Poll,
    /// The nameserver has not answered.
    Lookup,
    /// Time to show that it lives.
    Heartbeat,
    /// One of the producer's or the consumer's own.
    Own(u64),
}

impl Timer {
    const OWN: u64 = 3;

    pub fn id(self) -> TimerId {
        TimerId(match self {
            Timer::Poll => 0,
            Timer::Lookup => 1,
            Timer::Heartbeat => 2,
            Timer::Own(own) => Timer::OWN + own,
        })
    }
    pub fn of(id: TimerId) -> Timer {
        match id.0 {
            0 => Timer::Poll,
            1 => Timer::Lookup,
            2 => Timer::Heartbeat,
            own => Timer::Own(own - Timer::OWN),
        }
    }
}

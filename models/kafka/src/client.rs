//! What producers and consumers share: connections, knowledge of who leads, and one timer.
//!
//! The Java clients read every timeout off the wall clock: a clock that is set forward expires requests and deliveries
//! at once, one that is set back stretches them. librdkafka's producer, which shares this, reads the monotonic clock.
//! Source: `Utils`, `SystemTime.milliseconds`, `NetworkClient.poll` at 4.1; `rd_clock` at librdkafka 2.15.0.
//!
//! Simplified: every client knows the addresses of all brokers all the time. Gives up: a client that forgets brokers
//! which were fenced when it last asked, and rebootstrapping (KIP-899).

mod connections;
mod leaders;
#[cfg(test)]
pub mod rig;
mod wake;

pub use connections::{Answer, Connections, Lost};
pub use leaders::Leaders;
pub use wake::{Rang, WAKE, WAKE_WITHIN, Wake};

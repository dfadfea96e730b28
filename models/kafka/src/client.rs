//! What the Java producer and consumer share: connections, knowledge of who leads, and one timer.
//!
//! Every timeout here is read off the wall clock, as the Java clients do: a clock that is set forward expires
//! requests and deliveries at once, one that is set back stretches them.
//! Source: `Utils`, `SystemTime.milliseconds`, `NetworkClient.poll` at 4.1.
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
pub use wake::{Rang, WAKE, Wake};

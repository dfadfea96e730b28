//! A group on a small network of the tests' own: latency, drops, cuts, kills, lost power. What must never happen is looked for
//! after every event.

mod election;
mod handing_over;
mod net;
mod replication;
mod solo;
mod storms;

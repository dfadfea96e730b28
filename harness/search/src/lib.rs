//! Which schedules to run, and the smallest one that fails.
//!
//! Nothing here runs anything: whoever searches hands in a function that runs a candidate and says what came out.
//! A sweep and a property test draw from the same generators ([`storm`]) and shrink with the same passes
//! ([`mod@shrink`]), so that a witness means the same wherever it was found.
//!
//! In order of yield: faults aligned to what a fault-free run did ([`aligned`]), faults that belong together
//! ([`template`]), faults aimed at the copies that justified an acknowledgement ([`targeted`]), and many random
//! faults at once ([`storm`]), which shrinking then thins out. [`hunt`] takes turns between them.

pub mod aligned;
pub mod candidate;
pub mod hunt;
mod kinds;
pub mod pinned;
pub mod proposal;
pub mod seeds;
mod selection;
pub mod shrink;
pub mod storm;
pub mod strategy;
pub mod targeted;
pub mod template;
pub mod trace;

pub use candidate::{Candidate, Weight};
pub use pinned::pinned;
pub use proposal::{Proposal, Verbs};
pub use seeds::run_seed;
pub use shrink::{Room, Shrinker, Shrunk, shrink};

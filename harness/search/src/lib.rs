//! Which schedules to run, and the smallest one that fails.
//!
//! Nothing here runs anything: whoever searches hands in a function that runs a candidate and says what came out.
//! A sweep and a property test draw from the same generators ([`storm`]) and shrink with the same passes
//! ([`shrink`]), so that a witness means the same wherever it was found.

pub mod candidate;
mod kinds;
pub mod proposal;
pub mod seeds;
mod selection;
pub mod shrink;
pub mod storm;
pub mod strategy;

pub use candidate::{Candidate, Weight};
pub use proposal::Proposal;
pub use seeds::run_seed;
pub use shrink::{Room, Shrinker, Shrunk, shrink};

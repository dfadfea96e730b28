//! What brokers with a replicated log share: positions, terms, the table of terms by which two replicas find out
//! where their logs part, and the log of one replica as its broker sees it.
//!
//! Durability is not here: [`ackproof_core::disk`] knows what is in the page cache and what is on the platter. Who
//! may lead, what counts as committed and when a producer is answered are each broker's own rules.

mod epochs;
mod log;
mod position;
mod segments;

pub use epochs::{EpochEnd, EpochTable};
pub use log::{Log, Stamped};
pub use position::{Epoch, Offset};
pub use segments::{Segment, SegmentLimits, Segments};

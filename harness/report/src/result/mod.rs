//! The shapes of results: one line a run, one cell, one summary, one manifest.
//!
//! Other programs read these. Each carries its version in `v`; a field may be added, none is renamed or removed
//! without a new version. No field holds a wall clock: the same command writes the same bytes.

mod cell;
mod latency;
mod manifest;
mod messages;
mod run;
mod schema;
mod storm;
mod summary;

pub use cell::{AckMs, Cell, CellPlan, CellVerdict, GuaranteeCell, Loss, MissedInCell, UnavailableMs, Witness};
pub use latency::Latencies;
pub use manifest::{Manifest, ManifestRow, Value};
pub use messages::{LostIn, Messages};
pub use run::{LostMessage, Missed, RunLine, RunVerdict, parse_msg};
pub use schema::{manifest_schema, run_schema, summary_schema};
pub use storm::Storm;
pub use summary::{
    BrokenRun, Expectation, ExpectationOutcome, FaultClass, Mismatch, NotModelled, Note, NoteKind, Summary, Verified,
};

/// Version of every shape in this module.
pub const VERSION: u32 = 1;

pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

//! Replication of plain groups, and what slaves copy from their master beside the log.

use serde::{Deserialize, Serialize};

use crate::broker::Progress;
use crate::record::Entry;

/// The link on which a slave follows its master's commit log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Ha {
    /// The slave's log ends here: first word of a link, answer to what was pushed, and sign of life.
    Report { end: u64, is_first: bool },
    /// Entries of the master's log from a position on; none is a sign of life.
    Push { from: u64, entries: Vec<Entry> },
}

/// `SlaveSynchronize`: what a slave copies from its master at intervals.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MasterProgress {
    pub progress: Progress,
    pub delays: Vec<u64>,
}

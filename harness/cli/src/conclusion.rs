//! From the runs of a sweep to everything that its folder holds beside them: witnesses, exhibits, summary, page.

use ackproof_report::result::Summary;
use ackproof_report::store::{Store, StoreError};

use crate::exhibit::samples;
use crate::plan::Plan;
use crate::summary;
use crate::sweep::Swept;
use crate::witness::{Witnesses, witnesses};

/// Finds witnesses, adds up, writes what belongs beside the runs. Without a store nothing is written. A shard has no
/// witnesses: which run of a cell shrinks best is known when all shards are joined.
///
/// # Errors
/// Results cannot be written; the runs are kept.
pub fn conclude(plan: &Plan, swept: &Swept, store: Option<&Store>, threads: usize) -> Result<Summary, StoreError> {
    let found = match plan.shard {
        Some(_) => Witnesses::default(),
        None => witnesses(plan, swept, store, threads)?,
    };
    if let (None, Some(store)) = (plan.shard, store) {
        samples(plan, swept, store, &found, threads)?;
    }
    let summary = summary::summarize(plan, swept, found);
    if let Some(store) = store {
        store.write_summary(&summary)?;
        store.write_page()?;
    }
    Ok(summary)
}

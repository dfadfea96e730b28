//! `exactly-once`: every acknowledged message is consumed once, and not twice.
//!
//! Where consumers write results in transactions, consumed means that the result is there. Counterexample to
//! "`no-acked-loss` and `no-duplicates`":
//!
//! 1. A commit times out. The application is told that the outcome is unknown, and sends nothing again.
//! 2. The client had retried a message of it under another number, and both copies are consumed.
//! 3. `no-duplicates` is broken. But nobody was promised anything about this message: who is told that the outcome is
//!    unknown has to look before acting.

use ackproof_core::verdict::Judgement;

use super::{messages, no_acked_loss};
use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let (lost, twice) = (findings.lost_any.count, findings.acked_twice.count);
    let acked = findings.tally.acked;
    let why = match (lost, twice) {
        (lost, 0) => format!("{} of {acked} acknowledged never consumed", messages(lost)),
        (0, twice) => format!("{} of {acked} acknowledged consumed more than once", messages(twice)),
        (lost, twice) => {
            format!("{} of {acked} acknowledged never consumed, and {twice} consumed more than once", messages(lost))
        }
    };
    let both = findings.lost_any.with(&findings.acked_twice);
    // What keeps the loss from being ruled out keeps this promise from being green.
    Some(both.violated(why).unwrap_or_else(|| no_acked_loss::doubt(findings).unwrap_or(Judgement::Holds)))
}

//! `no-aborted-reads`: no message is consumed that its application was told had been taken back with its transaction.
//!
//! Counterexample to "no attempt that was taken back is consumed", which is what a broker promises: the application sends
//! the message again in a transaction that is committed, and nobody can say, or needs to, which copy was consumed. That
//! both were is for `no-duplicates` to say.

use ackproof_core::verdict::Judgement;

use super::{inconclusive, messages};
use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let aborted = findings.tally.aborted;
    let why = format!(
        "{} of {aborted} taken back with their transactions were consumed",
        messages(findings.aborted_reads.count)
    );
    Some(findings.aborted_reads.violated(why).unwrap_or_else(|| match findings.tally.consumed {
        0 => inconclusive("nothing was consumed"),
        _ => Judgement::Holds,
    }))
}

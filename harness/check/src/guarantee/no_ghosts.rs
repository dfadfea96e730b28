//! `no-ghosts`: no message is consumed that its application was told had failed.

use ackproof_core::verdict::Judgement;

use super::{inconclusive, messages};
use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let failed = findings.tally.rejected + findings.tally.unknown + findings.tally.aborted;
    let why = format!("{} of {failed} reported as failed were consumed", messages(findings.ghosts.count));
    Some(findings.ghosts.violated(why).unwrap_or_else(|| match findings.tally.consumed {
        0 => inconclusive("nothing was consumed"),
        _ => Judgement::Holds,
    }))
}

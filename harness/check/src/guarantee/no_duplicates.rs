//! `no-duplicates`: no message is consumed twice.

use ackproof_core::verdict::Judgement;

use super::{inconclusive, messages};
use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let consumed = findings.tally.consumed;
    let why = format!("{} of {consumed} consumed more than once", messages(findings.duplicated.count));
    Some(findings.duplicated.violated(why).unwrap_or_else(|| match consumed {
        0 => inconclusive("nothing was consumed"),
        _ => Judgement::Holds,
    }))
}

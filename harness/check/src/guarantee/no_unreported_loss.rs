//! `no-unreported-loss`: no message is gone without anybody having been told of a failure.
//!
//! It is about messages whose fate nobody was told; an acknowledged one that is gone breaks `no-acked-loss`.

use ackproof_core::verdict::Judgement;

use super::{inconclusive, messages};
use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let untold = findings.tally.untold;
    let why = format!("{} of {untold} untold are gone, never consumed", messages(findings.unreported.count));
    Some(findings.unreported.violated(why).unwrap_or_else(|| {
        if findings.perhaps_unreported > 0 {
            let count = messages(findings.perhaps_unreported);
            inconclusive(format!("{count} untold and not found, but not everything was looked at"))
        } else {
            Judgement::Holds
        }
    }))
}

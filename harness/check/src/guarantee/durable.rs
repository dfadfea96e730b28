//! `durable`: no acknowledged message vanishes from the broker except by the broker's own disposal rules.
//!
//! A consumer that keeps up hides such a loss from `no-acked-loss`; one that lags, restarts or joins later meets it.
//! A copy that nobody serves has not vanished.

use ackproof_core::verdict::Judgement;

use super::{inconclusive, messages, nothing_acked};
use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let acked = findings.tally.acked;
    let why = format!("{} of {acked} acknowledged are no longer in the broker", messages(findings.vanished.count));
    Some(findings.vanished.violated(why).unwrap_or_else(|| {
        if acked == 0 {
            nothing_acked(findings)
        } else if findings.perhaps_vanished > 0 {
            let count = messages(findings.perhaps_vanished);
            inconclusive(format!("{count} acknowledged and not found, but not everything was looked at"))
        } else {
            Judgement::Holds
        }
    }))
}

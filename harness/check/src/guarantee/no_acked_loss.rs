//! `no-acked-loss`: every acknowledged message is consumed at least once.
//!
//! Broken by a lost message. Not kept, and not broken, by one that is unreachable or waits for a consumer: it has
//! not been consumed, and it is not lost.

use ackproof_core::verdict::{Judgement, Stage};

use super::{inconclusive, messages, nothing_acked};
use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let tally = &findings.tally;
    let stages = tally.lost_in.iter().filter(|(_, count)| **count > 0).map(|(stage, count)| {
        let how = match stage {
            Stage::Broker => "because every copy was destroyed",
            Stage::Disposal => "because the broker dropped it by a rule of its own",
            Stage::Consumer => "because consumer progress passed over it",
        };
        format!("{count} {how}")
    });
    let how: Vec<String> = stages.collect();
    let why = format!(
        "{} of {} acknowledged never consumed: {}",
        messages(findings.lost_any.count),
        tally.acked,
        how.join(", ")
    );
    Some(findings.lost_any.violated(why).unwrap_or_else(|| doubt(findings).unwrap_or(Judgement::Holds)))
}

/// What keeps "no acknowledged message is lost" from being said of a run in which none was found to be.
pub(super) fn doubt(findings: &Findings) -> Option<Judgement> {
    Some(if findings.tally.acked == 0 {
        nothing_acked(findings)
    } else if findings.perhaps_lost > 0 {
        let count = messages(findings.perhaps_lost);
        inconclusive(format!("{count} acknowledged and not found, but not everything was looked at"))
    } else if findings.waiting.any() {
        let count = messages(findings.waiting.count);
        inconclusive(format!("{count} acknowledged and still there, but nobody has come to consume them"))
    } else if findings.unreachable.any() {
        let count = messages(findings.unreachable.count);
        inconclusive(format!("{count} acknowledged and not lost, but nobody may serve the copies that are left"))
    } else {
        return None;
    })
}

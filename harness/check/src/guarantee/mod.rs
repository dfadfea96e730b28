//! The promises: one file each, one line each in the list.
//!
//! A file says whether its promise was broken, and if not, whether enough happened for that to mean something. What is
//! wrong with the whole run is added here: a promise broken is broken whatever else went wrong, a promise kept in a
//! run that proves nothing is not.

mod ack;
mod available;
mod durable;
mod exactly_once;
mod in_order;
mod no_aborted_reads;
mod no_acked_loss;
mod no_duplicates;
mod no_ghosts;
mod no_unreported_loss;

use std::collections::BTreeMap;

use ackproof_core::guarantee::Guarantee;
use ackproof_core::verdict::Judgement;

use crate::findings::Findings;

/// `None` when the promise needs a limit and none was given.
type Judge = fn(&Findings) -> Option<Judgement>;

const ALL: [(Guarantee, Judge); 10] = [
    (Guarantee::NoAckedLoss, no_acked_loss::judge),
    (Guarantee::Durable, durable::judge),
    (Guarantee::NoUnreportedLoss, no_unreported_loss::judge),
    (Guarantee::NoDuplicates, no_duplicates::judge),
    (Guarantee::InOrder, in_order::judge),
    (Guarantee::NoGhosts, no_ghosts::judge),
    (Guarantee::Available, available::judge),
    (Guarantee::Ack, ack::judge),
    (Guarantee::ExactlyOnce, exactly_once::judge),
    (Guarantee::NoAbortedReads, no_aborted_reads::judge),
];

/// Judges every promise of the list.
pub(crate) fn judge_each(findings: &Findings) -> BTreeMap<Guarantee, Judgement> {
    ALL.iter()
        .filter_map(|(guarantee, judge)| {
            let judgement = match judge(findings)? {
                Judgement::Holds if !findings.doubts.is_empty() => inconclusive(findings.doubts.join("; ")),
                // What is wrong with the run comes first: the rest follows from it.
                Judgement::Inconclusive { why } if !findings.doubts.is_empty() => {
                    inconclusive(format!("{}; {why}", findings.doubts.join("; ")))
                }
                judgement @ (Judgement::Holds | Judgement::Inconclusive { .. } | Judgement::Violated { .. }) => {
                    judgement
                }
            };
            Some((*guarantee, judgement))
        })
        .collect()
}

fn inconclusive(why: impl Into<String>) -> Judgement {
    Judgement::Inconclusive { why: why.into() }
}

/// What to say of a run in which nothing was promised: because nothing can be (`acks=0`), or because every send failed.
fn nothing_acked(findings: &Findings) -> Judgement {
    let reasons: Vec<String> = findings.why_all_failed.iter().map(ToString::to_string).collect();
    inconclusive(match reasons.as_slice() {
        [] => "no message was acknowledged".to_owned(),
        reasons => format!("no send succeeded ({})", reasons.join(", ")),
    })
}

/// `1 message`, `7 messages`.
fn messages(count: u64) -> String {
    format!("{count} message{}", if count == 1 { "" } else { "s" })
}

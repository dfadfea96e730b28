//! `in-order`: each producer's messages are consumed in order, without gaps, per partition or queue.
//!
//! It is what a consumer can check by itself from sequence numbers. A message that its application was told had
//! failed leaves no gap: whoever numbers messages can give the number to another one, or announce that it is void.

use ackproof_core::verdict::Judgement;

use super::{inconclusive, messages};
use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let (late, missing) = (&findings.reordered, &findings.gaps);
    let why = match (late.count, missing.count) {
        (late, 0) => format!("{} consumed after a later one of the same producer", messages(late)),
        (0, missing) => format!("{} missing where consumers went on to later ones", messages(missing)),
        (late, missing) => {
            format!("{} consumed after a later one of the same producer, and {missing} missing", messages(late))
        }
    };
    let broken = if late.any() { late.violated(why) } else { missing.violated(why) };
    Some(broken.unwrap_or_else(|| match findings.tally.consumed {
        0 => inconclusive("nothing was consumed"),
        _ => Judgement::Holds,
    }))
}

//! `ack: {p99}`: of a hundred acknowledgements, ninety-nine take no longer than this.

use ackproof_core::time::Span;
use ackproof_core::verdict::Judgement;

use super::inconclusive;
use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let limit = findings.limits.ack_p99?;
    Some(match p99(&findings.ack_ms) {
        None => inconclusive("no message was acknowledged"),
        Some(p99) if p99 > limit => {
            let why = format!("one acknowledgement in a hundred took {p99} or longer, more than {limit}");
            Judgement::Violated { messages: Vec::new(), why }
        }
        Some(_) => Judgement::Holds,
    })
}

/// The smallest latency that 99 % of them do not exceed.
fn p99(ascending: &[u32]) -> Option<Span> {
    let rank = (ascending.len() * 99).div_ceil(100);
    ascending.get(rank.checked_sub(1)?).map(|ms| Span(u64::from(*ms)))
}

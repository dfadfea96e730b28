//! `available: {longest}`: no producer goes longer than this without a success while it has something to send.

use ackproof_core::verdict::Judgement;

use crate::findings::Findings;

pub(super) fn judge(findings: &Findings) -> Option<Judgement> {
    let longest = findings.limits.longest_unavailable?;
    let waited = findings.longest_wait;
    Some(if waited > longest {
        let why = format!("a producer went {} without a success, {} more than {longest}", waited, waited - longest);
        Judgement::Violated { messages: Vec::new(), why }
    } else {
        Judgement::Holds
    })
}

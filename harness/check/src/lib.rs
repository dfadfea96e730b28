//! What became of each message, which promises were kept, and, for one message, why: a history in, a [`Verdict`]
//! out; a trace in, an [`Autopsy`] out.
//!
//! Nothing here knows a broker or a simulator. A history recorded from a real broker, with a late consumer that
//! read everything at the end, is judged by the same rules.
//!
//! [`Verdict`]: ackproof_core::verdict::Verdict

mod account;
mod autopsy;
mod fate;
mod findings;
mod guarantee;
mod ledger;
mod order;
mod run;
mod survey;
mod wait;

use std::collections::BTreeMap;

use ackproof_core::app::{MsgId, Outcome};
use ackproof_core::guarantee::Limits;
use ackproof_core::history::History;
use ackproof_core::op::Op;
use ackproof_core::time::Time;
use ackproof_core::verdict::Verdict;

pub use autopsy::{Autopsy, CopyEnd, CopyLife, Durability, Event, Justification, Topic, autopsy};
pub use fate::{End, Fate, Told};

use findings::Findings;
use ledger::Ledger;

/// Judges a run: every message's fate is counted and every promise is judged.
///
/// `available` and `ack` are judged only where `limits` says how long is too long.
pub fn judge(history: &History, limits: &Limits) -> Verdict {
    let findings = Findings::of(Ledger::read(history), *limits);
    let guarantees = guarantee::judge_each(&findings);
    findings.into_verdict(guarantees)
}

/// The fate of every message that was sent, by producer and in the order of its sequence.
pub fn fates(history: &History) -> Vec<(MsgId, Fate)> {
    let ledger = Ledger::read(history);
    ledger.messages().map(|(msg, account)| (msg, fate::of(msg, account, &ledger))).collect()
}

/// The message that waited longest for its acknowledgement, or for nothing until the run ended: the one to look at where
/// a promise is about time and not about a message. `None` when nothing was sent.
pub fn slowest(history: &History) -> Option<MsgId> {
    let mut waits: BTreeMap<MsgId, (Time, Option<Time>)> = BTreeMap::new();
    for entry in &history.entries {
        if let Op::Send { msg, .. } = &entry.op {
            waits.entry(*msg).or_insert((entry.at, None));
        } else if let Op::Told { msg, outcome: Outcome::Acked } = &entry.op
            && let Some((_, acked @ None)) = waits.get_mut(msg)
        {
            *acked = Some(entry.at);
        }
    }
    let end = history.entries.last().map_or(Time::ZERO, |entry| entry.at);
    let length = |(sent, acked): &(Time, Option<Time>)| acked.unwrap_or(end).since(*sent);
    // Of several the first.
    waits.iter().rev().max_by_key(|(_, wait)| length(wait)).map(|(msg, _)| *msg)
}

/// The fate of one message, `None` when nobody sent it.
pub fn fate(history: &History, msg: MsgId) -> Option<Fate> {
    let ledger = Ledger::read(history);
    ledger.account(msg).map(|account| fate::of(msg, account, &ledger))
}

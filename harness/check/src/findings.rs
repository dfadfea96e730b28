//! The fates of a run, counted: what each guarantee is judged from.

use std::collections::BTreeMap;

use ackproof_core::app::{MsgId, Reason};
use ackproof_core::guarantee::{Guarantee, Limits};
use ackproof_core::time::Span;
use ackproof_core::verdict::{Judgement, Stage, Tally, Verdict};

use crate::fate::{self, End, Fate, Told};
use crate::ledger::Ledger;

/// A verdict names at most this many messages of each kind.
const NAMED: usize = 100;

/// Messages of one kind: how many, and the first of them.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub count: u64,
    pub first: Vec<MsgId>,
}

impl Found {
    fn add(&mut self, msg: MsgId) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(msg);
        }
    }

    pub fn any(&self) -> bool {
        self.count > 0
    }

    /// These and others, in the order of messages.
    pub fn with(&self, others: &Found) -> Found {
        let mut first = [self.first.as_slice(), &others.first].concat();
        first.sort_unstable();
        first.truncate(NAMED);
        Found { count: self.count + others.count, first }
    }

    /// A judgement of guilt that names these messages.
    pub fn violated(&self, why: String) -> Option<Judgement> {
        self.any().then(|| Judgement::Violated { messages: self.first.clone(), why })
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub tally: Tally,
    pub limits: Limits,
    pub lost: Vec<(MsgId, Stage)>,
    pub lost_any: Found,
    pub vanished: Found,
    pub unreported: Found,
    pub duplicated: Found,
    /// Acked and consumed more than once.
    pub acked_twice: Found,
    /// Taken back with their transactions, and consumed.
    pub aborted_reads: Found,
    pub reordered: Found,
    /// Consumers went past them.
    pub gaps: Found,
    pub ghosts: Found,
    pub unreachable: Found,
    /// Acked and not consumed, and a consumer may still come to them.
    pub waiting: Found,
    /// Acked and not consumed, and perhaps lost.
    pub perhaps_lost: u64,
    /// Acked, and perhaps vanished.
    pub perhaps_vanished: u64,
    /// Untold and not consumed, and perhaps gone.
    pub perhaps_unreported: u64,
    /// Where no send succeeded in any way: the failures that applications were told most often.
    pub why_all_failed: Vec<Reason>,
    pub ack_ms: Vec<u32>,
    pub longest_wait: Span,
    pub faults_fired: u64,
    /// Why nothing in this run may count as a promise kept.
    pub doubts: Vec<String>,
}

impl Findings {
    pub fn of(mut ledger: Ledger, limits: Limits) -> Findings {
        let mut findings = Findings { limits, ..Findings::default() };
        let mut lost_in = [0; 3];
        for (msg, account) in ledger.messages() {
            let fate = fate::of(msg, account, &ledger);
            findings.count(&fate);
            findings.name(msg, &fate);
            if let End::Lost(stage) = fate.end {
                lost_in[stage as usize] += 1;
            }
        }
        findings.tally.lost_in =
            [Stage::Broker, Stage::Disposal, Stage::Consumer].map(|stage| (stage, lost_in[stage as usize])).into();
        findings.why_all_failed = ledger.why_all_failed();
        findings.longest_wait = ledger.longest_wait();
        findings.faults_fired = ledger.run.faults_fired();
        findings.doubts = ledger.run.doubts(findings.tally.sent);
        findings.ack_ms = std::mem::take(&mut ledger.ack_ms);
        findings
    }

    fn count(&mut self, fate: &Fate) {
        let tally = &mut self.tally;
        tally.sent += 1;
        match fate.told {
            Told::Acked => tally.acked += 1,
            Told::Rejected => tally.rejected += 1,
            Told::Unknown => tally.unknown += 1,
            Told::Untold => tally.untold += 1,
            Told::Aborted => tally.aborted += 1,
        }
        tally.consumed += u64::from(fate.consumed > 0);
        tally.dead_lettered += u64::from(fate.dead_lettered);
        self.perhaps_lost += u64::from(fate.end == End::Unproven);
        self.perhaps_vanished += u64::from(fate.told == Told::Acked && fate.unproven);
        self.perhaps_unreported += u64::from(fate.told == Told::Untold && fate.consumed == 0 && fate.unproven);
    }

    fn name(&mut self, msg: MsgId, fate: &Fate) {
        match fate.end {
            End::Consumed | End::Unproven | End::Unowed => {}
            End::Lost(stage) => {
                self.lost_any.add(msg);
                if self.lost.len() < NAMED {
                    self.lost.push((msg, stage));
                }
            }
            End::Unreachable => self.unreachable.add(msg),
            End::Waiting => self.waiting.add(msg),
        }
        for (is, found) in [
            (fate.vanished, &mut self.vanished),
            (fate.unreported, &mut self.unreported),
            (fate.duplicated(), &mut self.duplicated),
            (fate.told == Told::Acked && fate.duplicated(), &mut self.acked_twice),
            (fate.told == Told::Aborted && fate.consumed > 0, &mut self.aborted_reads),
            (fate.reordered, &mut self.reordered),
            (fate.gap, &mut self.gaps),
            (fate.ghost, &mut self.ghosts),
        ] {
            if is {
                found.add(msg);
            }
        }
    }

    /// Everything that keeps some promise of this run from being green, in one sentence.
    fn doubt(&self) -> Option<String> {
        let mut doubts = self.doubts.clone();
        if self.waiting.any() {
            doubts
                .push(format!("nobody has consumed {} acknowledged messages that are still there", self.waiting.count));
        }
        if self.perhaps_vanished + self.perhaps_unreported > 0 {
            let unproven = self.perhaps_vanished + self.perhaps_unreported;
            doubts.push(format!("not everything was looked at, and {unproven} messages were not found"));
        }
        (!doubts.is_empty()).then(|| doubts.join("; "))
    }

    pub fn into_verdict(self, guarantees: BTreeMap<Guarantee, Judgement>) -> Verdict {
        let doubt = self.doubt();
        let tally = Tally {
            lost: self.lost_any.count,
            unreachable: self.unreachable.count,
            unreported: self.unreported.count,
            ghost: self.ghosts.count,
            duplicated: self.duplicated.count,
            reordered: self.reordered.count,
            vanished: self.vanished.count,
            ..self.tally
        };
        Verdict {
            tally,
            guarantees,
            lost: self.lost,
            vanished: self.vanished.first,
            ack_ms: self.ack_ms,
            unavailable_ms: self.longest_wait.0,
            faults_fired: self.faults_fired,
            doubt,
        }
    }
}

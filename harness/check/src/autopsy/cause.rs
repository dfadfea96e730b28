//! The one sentence that says why.

use ackproof_core::app::{MsgId, Outcome};
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_core::verdict::Stage;

use super::application::{Application, Handover};
use super::trace::{Election, Examination};
use super::words::Words;
use super::{CopyEnd, CopyLife, Justification, disorder, repetition};
use crate::fate::{End, Fate, Told};

/// What the sentence is made from.
pub struct Facts<'a> {
    pub msg: MsgId,
    pub fate: Fate,
    pub words: &'a Words,
    pub examination: &'a Examination<'a>,
    pub application: &'a Application,
    pub justified_by: Option<&'a Justification>,
    pub traced: bool,
}

impl Facts<'_> {
    pub fn sentence(&self) -> String {
        let mut clauses = match self.fate.end {
            End::Lost(Stage::Broker) => self.destroyed(),
            End::Lost(Stage::Disposal) => self.disposed(),
            End::Lost(Stage::Consumer) => self.skipped(),
            End::Unreachable => self.unreachable(),
            End::Waiting => self.waiting(),
            End::Unproven => vec!["it was not found at the end, but not everything was looked at".to_owned()],
            End::Consumed => self.consumed(),
            End::Unowed => self.unowed(),
        };
        if !self.traced {
            clauses.push("no trace was recorded, so the lives of its copies are not known".to_owned());
        }
        let mut sentence = clauses.join("; ");
        let first = sentence.split([' ', '#']).next().unwrap_or_default();
        if !self.words.nodes.iter().any(|name| name == first) {
            sentence = capitalised(&sentence);
        }
        sentence.push('.');
        sentence
    }

    /// The moment after which nothing could change what became of it.
    pub fn sealed_at(&self) -> Time {
        let destroyed = self.examination.copies.iter().filter_map(CopyLife::lost_at).max();
        let elected = self.election_without().map(|election| election.at);
        let handed = self.application.handovers.iter().filter_map(|held| held.died.or(held.finished.map(|(at, _)| at)));
        let passed = self.examination.passings.iter().map(|passing| passing.at);
        let sealed = match self.fate.end {
            End::Lost(Stage::Broker) => destroyed.max(elected),
            End::Consumed | End::Unowed if self.fate.vanished || self.fate.unreported => {
                destroyed.max(elected).max(handed.max()).max(self.application.sender_died)
            }
            End::Lost(Stage::Disposal) => self.application.disposed.as_ref().map(|(at, _)| *at).max(destroyed),
            End::Lost(Stage::Consumer) => handed.max().max(passed.max()),
            End::Consumed => handed.max(),
            End::Unreachable | End::Waiting | End::Unproven | End::Unowed => None,
        };
        sealed.unwrap_or(Time::NEVER)
    }

    /// Where it was written, what the acknowledgement rested on, what destroyed each copy, who was elected without it.
    fn destroyed(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        clauses.extend(self.first_copy());
        clauses.extend(self.justification());
        clauses.extend(self.destructions());
        clauses
    }

    pub(super) fn first_copy(&self) -> Option<String> {
        let Some(copy) = self.examination.copies.first() else {
            return self.traced.then(|| format!("no broker ever stored {}", self.msg));
        };
        let place = self.words.place(copy.origin, copy.offset);
        let (node, msg) = (self.words.name(copy.node), self.msg);
        let already = self.replaced_before(copy).map_or(String::new(), |(leader, at)| {
            format!(", although {} had been elected at {at} already", self.words.name(leader))
        });
        Some(format!("{node} appended {msg} at {place} in epoch {} at {}{already}", copy.epoch, copy.written))
    }

    /// Who led, and since when, as a leader wrote this that had been replaced without knowing it.
    fn replaced_before(&self, copy: &CopyLife) -> Option<(NodeId, Time)> {
        let mut before = self.examination.elections.iter().filter(|election| election.origin == copy.origin);
        let last = before.rfind(|election| election.at < copy.written)?;
        last.leader.filter(|leader| *leader != copy.node).map(|leader| (leader, last.at))
    }

    fn justification(&self) -> Option<String> {
        if self.fate.told != Told::Acked || !self.traced {
            return None;
        }
        let Some(justified) = self.justified_by else {
            return Some("the trace does not show what justified the acknowledgement".to_owned());
        };
        let who = match justified.copies.as_slice() {
            [] => "no copy at all".to_owned(),
            [only] => format!("{} alone", self.words.name(*only)),
            several => self.words.names(several),
        };
        Some(format!("{who} justified the acknowledgement at {}", justified.at))
    }

    /// What destroyed each copy and who was elected without it, in order of time.
    fn destructions(&self) -> Vec<String> {
        let lost = self.examination.copies.iter().filter_map(|copy| Some((copy.lost_at()?, copy)));
        let mut clauses: Vec<(Time, bool, String)> =
            lost.filter_map(|(at, copy)| Some((at, true, self.words.destruction(copy)?))).collect();
        if let Some(election) = self.election_without() {
            let leader = election.leader.map_or("nobody", |leader| self.words.name(leader));
            let how = if election.clean { "" } else { "uncleanly " };
            let mut clause = format!("{leader} was elected {how}at {} without it", election.at);
            let holders = self.holders_at(election.at);
            if !holders.is_empty() {
                clause.push_str(&format!(", while {} still held it", self.words.names(&holders)));
            }
            // What others cut off to follow a leader comes after its election.
            clauses.push((election.at, false, clause));
        }
        clauses.sort_by_key(|clause| (clause.0, clause.1));
        clauses.into_iter().map(|(_, _, clause)| clause).collect()
    }

    /// Nodes with a copy that is not lost yet.
    fn holders_at(&self, at: Time) -> Vec<NodeId> {
        let holds = |copy: &&CopyLife| copy.written <= at && copy.lost_at().is_none_or(|lost| lost > at);
        let mut nodes: Vec<NodeId> = self.examination.copies.iter().filter(holds).map(|copy| copy.node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// The election, after the message had been written, of a leader that did not hold it: the one that others cut their
    /// logs to follow, or else the first after every copy was gone.
    fn election_without(&self) -> Option<&Election> {
        let written = self.examination.copies.first()?.written;
        let cut = self.examination.copies.iter().filter_map(|copy| match copy.end {
            CopyEnd::Truncated { at, .. } => Some(at),
            CopyEnd::Remains | CopyEnd::Stranded | CopyEnd::Gone { .. } | CopyEnd::PowerLost { .. } => None,
            CopyEnd::DiskLost { .. } | CopyEnd::Disposed { .. } | CopyEnd::Overwritten { .. } => None,
        });
        let without = |election: &&Election| election.at >= written && election.leader.is_some() && !election.held;
        let mut elections = self.examination.elections.iter().filter(without);
        let decisive = match cut.min() {
            Some(cut) => elections.clone().rfind(|election| election.at <= cut),
            None => {
                let gone = self.examination.copies.iter().filter_map(CopyLife::lost_at).max().unwrap_or(Time::NEVER);
                elections.clone().find(|election| election.at >= gone)
            }
        };
        decisive.or_else(|| elections.next_back())
    }

    fn disposed(&self) -> Vec<String> {
        let rule = match &self.application.disposed {
            Some((at, rule)) => format!("the broker dropped it at {at} by a rule of its own: {rule}"),
            None => "the broker dropped it by a rule of its own".to_owned(),
        };
        let mut clauses: Vec<String> =
            self.first_copy().filter(|_| !self.examination.copies.is_empty()).into_iter().collect();
        clauses.extend(self.justification());
        clauses.push(rule);
        clauses
    }

    fn skipped(&self) -> Vec<String> {
        let mut clauses: Vec<String> =
            self.application.handovers.last().map(|held| self.handover(held)).into_iter().collect();
        if clauses.is_empty() {
            clauses.push(format!("no consumer was ever handed {}", self.msg));
        }
        clauses.extend(self.examination.passings.iter().map(|passing| {
            let place = self.words.place(passing.origin, passing.offset);
            let (upto, at) = (passing.upto, passing.at);
            match passing.already {
                true => format!("the group's progress was at {upto} already when it was written to {place} at {at}"),
                false => format!("the group's progress went to {upto} at {at}, past {place}"),
            }
        }));
        if self.application.writes_results {
            clauses.push("no committed result of it was found".to_owned());
        }
        clauses.push("the broker still has it, and the group will not ask for it again".to_owned());
        clauses
    }

    pub(super) fn handover(&self, held: &Handover) -> String {
        let handed = format!("{} was handed {} at {}", self.words.name(held.node), self.msg, held.at);
        match (held.finished, held.died) {
            (Some((at, true)), _) => format!("{handed} and finished with it at {at}"),
            (Some((at, false)), _) => format!("{handed} and failed to process it at {at}"),
            (None, Some(at)) => format!("{handed} and died at {at} before it had finished with it"),
            (None, None) => format!("{handed} and never finished with it"),
        }
    }

    fn unreachable(&self) -> Vec<String> {
        let results = &self.application.stranded_results;
        if !results.is_empty() {
            let stranded = results.iter().map(|(node, place)| {
                format!("{} holds its result at {place}, and nobody may serve it", self.words.name(*node))
            });
            return stranded.collect();
        }
        let mut clauses = self.destroyed();
        let left = self.examination.copies.iter().filter(|copy| copy.end == CopyEnd::Stranded);
        clauses.extend(left.map(|copy| {
            let place = self.words.place(copy.origin, copy.offset);
            format!("{} still holds it at {place}, and nobody may serve it", self.words.name(copy.node))
        }));
        match self.examination.elections.last() {
            Some(election) if election.leader.is_none() => {
                clauses.push(format!("since {} no leader could be elected", election.at));
            }
            Some(_) | None => {}
        }
        clauses
    }

    fn waiting(&self) -> Vec<String> {
        let progress = match self.application.progress {
            Some(upto) => format!("the group's progress stands at {upto}"),
            None => "the group has stored no progress".to_owned(),
        };
        vec![format!("{} is still there, and nobody has finished with it", self.msg), progress]
    }

    fn consumed(&self) -> Vec<String> {
        let mut clauses = repetition::clauses(self);
        clauses.extend(self.application.results.iter().map(|place| format!("its result was found at {place}")));
        if clauses.is_empty() {
            clauses.push(format!("{} was consumed", self.msg));
        }
        if self.fate.ghost {
            // Nobody was told that it had been written, and it had been.
            clauses.splice(0..0, [Some(self.last_answer()), self.first_copy()].into_iter().flatten());
        }
        if self.fate.vanished {
            clauses.push("the broker has it no more".to_owned());
            clauses.extend(self.destroyed());
        }
        if self.fate.reordered {
            clauses.extend(disorder::clauses(self));
        }
        clauses
    }

    fn unowed(&self) -> Vec<String> {
        let mut clauses = vec![self.last_answer()];
        if self.fate.gap {
            clauses.extend(disorder::gap(self));
        }
        if !self.fate.unreported {
            clauses.push("nothing was promised and nobody consumed it".to_owned());
            return clauses;
        }
        // It may have died in its producer's memory: said already where that is why nobody was told.
        let asked_nothing = !self.application.told.is_empty();
        if let (Some(at), Some(sender)) = (self.application.sender_died, self.application.sender)
            && asked_nothing
            && self.examination.copies.is_empty()
        {
            clauses.push(format!("{} died at {at}", self.words.name(sender)));
        }
        clauses.extend(self.destroyed());
        clauses
    }

    fn last_answer(&self) -> String {
        let told = self.application.told.iter().rev().find(|(_, outcome)| *outcome != Outcome::Untold);
        let sender = self.application.sender.map_or("its application", |sender| self.words.name(sender));
        let asked_nothing = self.application.told.iter().any(|(_, outcome)| *outcome == Outcome::Untold);
        match (told, self.application.sender_died) {
            (Some((at, outcome)), _) => format!("{sender} was told at {at}: {outcome}"),
            (None, Some(at)) if !asked_nothing && self.fate.told == Told::Untold => {
                format!("{sender} died at {at} before it was told anything about {}", self.msg)
            }
            (None, _) if self.fate.told == Told::Unknown => format!("{sender} was never told anything"),
            (None, _) => format!("{sender} asked for no answer about {}, or looked at none", self.msg),
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

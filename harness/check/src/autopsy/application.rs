//! What applications did with the message and saw of it, and what was done to the machines meanwhile: the history's
//! part of an autopsy.

use ackproof_core::app::{MsgId, Origin, Outcome};
use ackproof_core::history::{Entry, History};
use ackproof_core::node::NodeId;
use ackproof_core::op::{Death, Op, Phase};
use ackproof_core::time::Time;

use super::trace::Examination;
use super::words::Words;
use super::{Event, Topic};

/// A message in the hands of one consumer's application.
#[derive(Clone, Debug)]
pub struct Handover {
    pub node: NodeId,
    pub at: Time,
    pub origin: Origin,
    pub offset: u64,
    /// When the application finished, and whether successfully.
    pub finished: Option<(Time, bool)>,
    /// When its process died with it.
    pub died: Option<Time>,
}

/// A later message of the same producer, which somebody was done with first.
#[derive(Copy, Clone, Debug)]
pub struct Overtaker {
    pub msg: MsgId,
    pub at: Time,
    pub node: Option<NodeId>,
    pub offset: u64,
}

/// What the history says about one message.
#[derive(Debug, Default)]
pub struct Application {
    pub sent_at: Time,
    /// When it was sent again, by its application.
    pub sent_again: Vec<Time>,
    pub sender: Option<NodeId>,
    pub told: Vec<(Time, Outcome)>,
    /// When the sender's process died after it had sent the message, for the first time.
    pub sender_died: Option<Time>,
    pub handovers: Vec<Handover>,
    /// The first later message that consumers were done with before this one, or without it.
    pub overtaken_by: Option<Overtaker>,
    /// Every process that ended, with its node.
    pub deaths: Vec<(NodeId, Time)>,
    pub disposed: Option<(Time, String)>,
    /// Whose application was told nothing yet of the message it sent.
    asks: Option<NodeId>,
    /// Whether consumers write results, so that a message is consumed when its result is there.
    pub writes_results: bool,
    /// Where committed results of it were found.
    pub results: Vec<String>,
    /// The same of results that nobody may serve, with the node that has each.
    pub stranded_results: Vec<(NodeId, String)>,
    /// Stored progress at the end of the origin where the message was last seen.
    pub progress: Option<u64>,
    pub events: Vec<Event>,
    /// For each node, since when it has been down; `None` while it is up.
    down: Vec<Option<Time>>,
}

impl Application {
    pub fn of(history: &History, msg: MsgId, examination: &Examination<'_>, words: &Words) -> Application {
        let mut application = Application { down: vec![None; history.nodes.len()], ..Application::default() };
        let mut involved: Vec<NodeId> = examination.copies.iter().map(|copy| copy.node).collect();
        involved.extend(history.entries.iter().filter(|entry| concerns(&entry.op, msg)).filter_map(|entry| entry.node));
        for entry in &history.entries {
            application.physical(entry, &involved);
            application.transaction(entry, msg);
            application.take(entry, msg, words);
        }
        let place = examination.copies.last().map(|copy| copy.origin);
        for entry in &history.entries {
            if let Op::Progress { origin, upto } = &entry.op
                && Some(*origin) == place
            {
                application.progress = Some(*upto);
            }
        }
        let is_of_results = |op: &Op| matches!(op, Op::AuditEnd { origin, .. } if origin.is_output());
        application.writes_results = history.entries.iter().any(|entry| is_of_results(&entry.op));
        application.overtaken_by = overtaker(history, msg, application.writes_results);
        application
    }

    pub fn acked_at(&self) -> Option<Time> {
        self.told.iter().find(|(_, outcome)| *outcome == Outcome::Acked).map(|(at, _)| *at)
    }

    pub fn down_since(&self, node: NodeId) -> Option<Time> {
        *self.down.get(node.index())?
    }

    /// Faults, phases, deaths and starts.
    fn physical(&mut self, entry: &Entry, involved: &[NodeId]) {
        let at = entry.at;
        match &entry.op {
            Op::FaultBegan { fault, text } => {
                self.event(entry, Topic::Fault, format!("fault {} began: {text}", fault + 1))
            }
            Op::FaultEnded { fault } => self.event(entry, Topic::Fault, format!("fault {} ended", fault + 1)),
            Op::Phase(Phase::Settle) => self.event(entry, Topic::Fault, "everything was healed".to_owned()),
            Op::Died(death) => {
                let Some(node) = entry.node else { return };
                self.set_down(node, Some(at));
                self.deaths.push((node, at));
                if self.sender == Some(node) {
                    self.sender_died.get_or_insert(at);
                }
                for held in self.handovers.iter_mut().filter(|held| held.node == node && held.finished.is_none()) {
                    held.died.get_or_insert(at);
                }
                if involved.contains(&node) {
                    let how = match death {
                        Death::Killed => "was killed",
                        Death::PowerLost => "lost power",
                        Death::Exited => "exited",
                    };
                    self.event(entry, Topic::Process, how.to_owned());
                }
            }
            Op::Started => {
                let Some(node) = entry.node else { return };
                self.set_down(node, None);
                if involved.contains(&node) {
                    self.event(entry, Topic::Process, "started".to_owned());
                }
            }
            Op::Phase(Phase::WarmUp | Phase::Chaos | Phase::Drain | Phase::Verdict) => {}
            Op::PhaseLimit(_)
            | Op::AtWork { .. }
            | Op::FaultMissed { .. }
            | Op::EndTransaction { .. }
            | Op::Fingerprint { .. } => {}
            Op::Send { .. } | Op::Told { .. } | Op::Delivered(_) | Op::Processed { .. } | Op::Audited(_) => {}
            Op::Stranded(_) | Op::Disposed { .. } | Op::Progress { .. } | Op::AuditEnd { .. } | Op::Effect(_) => {}
        }
    }

    /// The end of the transaction that the message is part of: one that its application asks for before it is told.
    fn transaction(&mut self, entry: &Entry, of: MsgId) {
        match &entry.op {
            Op::Send { msg, .. } if *msg == of => self.asks = entry.node,
            Op::Told { msg, .. } if *msg == of => self.asks = None,
            Op::EndTransaction { commit } if self.asks.is_some() && self.asks == entry.node => {
                let what = if *commit { "asked to commit its transaction" } else { "took its transaction back" };
                self.event(entry, Topic::Told, what.to_owned());
            }
            Op::Send { .. } | Op::Told { .. } | Op::EndTransaction { .. } | Op::Started | Op::Died(_) => {}
            Op::Phase(_) | Op::PhaseLimit(_) | Op::AtWork { .. } | Op::FaultBegan { .. } | Op::FaultEnded { .. } => {}
            Op::FaultMissed { .. } | Op::Delivered(_) | Op::Processed { .. } | Op::Audited(_) | Op::Effect(_) => {}
            Op::Stranded(_) | Op::Disposed { .. } | Op::Progress { .. } | Op::AuditEnd { .. } => {}
            Op::Fingerprint { .. } => {}
        }
    }

    /// What concerns the message itself.
    fn take(&mut self, entry: &Entry, of: MsgId, words: &Words) {
        if !concerns(&entry.op, of) {
            return;
        }
        let at = entry.at;
        match &entry.op {
            Op::Send { attempt: 0, .. } => {
                self.sent_at = at;
                self.sender = entry.node;
                self.event(entry, Topic::Sent, "handed it to its client".to_owned());
            }
            Op::Send { attempt, .. } => {
                self.sent_again.push(at);
                self.event(entry, Topic::Sent, format!("sent it again (attempt {attempt})"));
            }
            Op::Told { outcome, .. } => {
                self.told.push((at, outcome.clone()));
                self.event(entry, Topic::Told, format!("was told: {outcome}"));
            }
            Op::Delivered(delivery) => {
                if let Some(node) = entry.node {
                    let (origin, offset) = (delivery.origin, delivery.offset);
                    self.handovers.push(Handover { node, at, origin, offset, finished: None, died: None });
                }
                let place = words.place(delivery.origin, delivery.offset);
                self.event(entry, Topic::Delivered, format!("was handed it from {place}"));
            }
            Op::Processed { success, .. } => {
                // An application may fail and try again with what it was handed.
                let open =
                    |held: &&mut Handover| Some(held.node) == entry.node && !matches!(held.finished, Some((_, true)));
                if let Some(held) = self.handovers.iter_mut().rev().find(open) {
                    held.finished = Some((at, *success));
                }
                let text = if *success { "finished with it" } else { "failed to process it" };
                self.event(entry, Topic::Processed, text.to_owned());
            }
            Op::Audited(delivery) => {
                let place = words.place(delivery.origin, delivery.offset);
                self.event(entry, Topic::Audited, format!("found it at {place}"));
            }
            Op::Stranded(result) if result.origin.is_output() => {
                let place = words.place(result.origin, result.offset);
                self.event(entry, Topic::Audited, format!("holds its result at {place}, and may not serve it"));
                self.stranded_results.extend(entry.node.map(|node| (node, place)));
            }
            Op::Stranded(delivery) => {
                let place = words.place(delivery.origin, delivery.offset);
                self.event(entry, Topic::Audited, format!("still holds it at {place}, and may not serve it"));
            }
            Op::Effect(result) => {
                let place = words.place(result.origin, result.offset);
                self.event(entry, Topic::Audited, format!("found its result at {place}"));
                self.results.push(place);
            }
            Op::Disposed { rule, .. } => {
                self.disposed.get_or_insert_with(|| (at, rule.clone()));
            }
            Op::Phase(_) | Op::PhaseLimit(_) | Op::AtWork { .. } | Op::FaultBegan { .. } | Op::FaultEnded { .. } => {}
            Op::FaultMissed { .. } | Op::Started | Op::Died(_) | Op::Progress { .. } => {}
            Op::AuditEnd { .. } | Op::EndTransaction { .. } | Op::Fingerprint { .. } => {}
        }
    }

    fn set_down(&mut self, node: NodeId, since: Option<Time>) {
        if let Some(down) = self.down.get_mut(node.index()) {
            *down = since;
        }
    }

    fn event(&mut self, entry: &Entry, topic: Topic, text: String) {
        self.events.push(Event { at: entry.at, node: entry.node, topic, text });
    }
}

/// The first later message of the producer that was consumed where `of` was met, before it was; where it was never
/// met, in any origin. Where results count, what was consumed is the result.
fn overtaker(history: &History, of: MsgId, results: bool) -> Option<Overtaker> {
    let consumed = |entry: &Entry| {
        if let Op::Processed { delivery, success: true } = &entry.op {
            (!results && !delivery.origin.is_internal()).then_some(*delivery)
        } else if let Op::Effect(result) = &entry.op {
            results.then_some(*result)
        } else {
            None
        }
    };
    let all = || history.entries.iter().filter_map(|entry| Some((entry, consumed(entry)?)));
    let own = all().find(|(_, delivery)| delivery.msg == of);
    let home = own.map(|(_, delivery)| delivery.origin);
    let is_later = |msg: MsgId| msg.producer() == of.producer() && msg.sequence() > of.sequence();
    all()
        .take_while(|(_, delivery)| delivery.msg != of)
        .find(|(_, delivery)| is_later(delivery.msg) && home.is_none_or(|home| delivery.origin == home))
        .map(|(entry, delivery)| Overtaker {
            msg: delivery.msg,
            at: entry.at,
            node: entry.node,
            offset: delivery.offset,
        })
}

/// Whether an entry is about this message.
fn concerns(op: &Op, of: MsgId) -> bool {
    match op {
        Op::Send { msg, .. } | Op::Told { msg, .. } | Op::Disposed { msg, .. } => *msg == of,
        Op::Delivered(delivery) | Op::Audited(delivery) | Op::Stranded(delivery) => delivery.msg == of,
        Op::Effect(result) => result.msg == of,
        Op::Processed { delivery, .. } => delivery.msg == of,
        Op::Phase(_) | Op::PhaseLimit(_) | Op::AtWork { .. } | Op::FaultBegan { .. } | Op::FaultEnded { .. } => false,
        Op::FaultMissed { .. } | Op::Started | Op::Died(_) | Op::Progress { .. } => false,
        Op::AuditEnd { .. } | Op::EndTransaction { .. } | Op::Fingerprint { .. } => false,
    }
}

//! The lives of a message's copies, followed through the trace.
//!
//! A copy is known by node, origin, offset and epoch, and by its place in the story: a follower that cuts its log back
//! and fetches the same record again holds a second copy, with its own durability and its own end.

use std::collections::BTreeMap;

use ackproof_core::app::{MsgId, Origin};
use ackproof_core::history::History;
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::op::Op;
use ackproof_core::recording::{Fact, Recording, Traced};
use ackproof_core::time::Time;

use super::application::Application;
use super::words::Words;
use super::{CopyEnd, CopyLife, Durability, Event, Justification, Topic};

/// An election in a log that ever held the message.
#[derive(Clone, Debug)]
pub struct Election {
    pub at: Time,
    pub origin: Origin,
    pub leader: Option<NodeId>,
    pub clean: bool,
    /// Whether the new leader held a copy at that moment.
    pub held: bool,
}

/// Consumer progress going past a place of the message.
#[derive(Clone, Debug)]
pub struct Passing {
    pub at: Time,
    pub origin: Origin,
    pub offset: u64,
    pub upto: u64,
    /// Progress was there before the message was.
    pub already: bool,
}

/// Consumer progress being stored.
#[derive(Copy, Clone, Debug)]
pub struct Commit {
    pub at: Time,
    pub origin: Origin,
    pub upto: u64,
}

/// A living consumer that is out of its group.
#[derive(Clone, Debug)]
pub struct Departure {
    pub at: Time,
    pub member: NodeId,
    pub why: String,
}

/// What the trace says about one message.
pub struct Examination<'a> {
    msg: MsgId,
    words: &'a Words,
    pub copies: Vec<CopyLife>,
    pub events: Vec<Event>,
    pub elections: Vec<Election>,
    pub passings: Vec<Passing>,
    /// Every time that the group's progress was stored, in any origin.
    pub commits: Vec<Commit>,
    /// Every time that a living consumer was out of its group.
    pub departures: Vec<Departure>,
    confirmations: Vec<Justification>,
    /// Stored progress so far, by origin.
    progress: BTreeMap<Origin, u64>,
}

impl<'a> Examination<'a> {
    pub fn of(recording: &Recording, msg: MsgId, words: &'a Words) -> Examination<'a> {
        let mut examination = Examination {
            msg,
            words,
            copies: Vec::new(),
            events: Vec::new(),
            elections: Vec::new(),
            passings: Vec::new(),
            commits: Vec::new(),
            departures: Vec::new(),
            confirmations: Vec::new(),
            progress: BTreeMap::new(),
        };
        for traced in &recording.trace {
            examination.take(traced);
        }
        let logs = examination.logs();
        examination.elections.retain(|election| logs.contains(&election.origin));
        examination.add_elections();
        examination.add_in_sync(recording, &logs);
        examination
    }

    /// The origins that ever held the message.
    fn logs(&self) -> Vec<Origin> {
        let mut logs: Vec<Origin> = self.copies.iter().map(|copy| copy.origin).collect();
        logs.sort_unstable();
        logs.dedup();
        logs
    }

    fn take(&mut self, traced: &Traced) {
        let (at, node) = (traced.at, traced.node);
        match &traced.fact {
            Fact::Observed(observation) => self.observe(at, node, observation),
            Fact::PowerCut { origin, durable, written, kept } => {
                self.cut(at, node, *origin, (*durable, *written, *kept));
            }
            Fact::DiskLost => self.destroy(at, node, |_| true, |_| CopyEnd::DiskLost { at }),
            Fact::MessageSent { .. } | Fact::MessageTaken { .. } | Fact::MessageLost { .. } => {}
        }
    }

    fn observe(&mut self, at: Time, node: NodeId, observation: &Observation) {
        match observation {
            Observation::Appended { origin, offset, epoch, msg } => {
                self.written(at, node, (*origin, *offset, *epoch), *msg, true);
            }
            Observation::Replicated { origin, offset, epoch, msg } => {
                self.written(at, node, (*origin, *offset, *epoch), *msg, false);
            }
            Observation::Synced { origin, upto } => self.synced(at, node, *origin, *upto),
            Observation::Confirmed { msg, origin, offset, copies } if *msg == self.msg => {
                self.confirmed(Justification {
                    at,
                    by: node,
                    origin: *origin,
                    offset: *offset,
                    copies: copies.clone(),
                });
            }
            Observation::Committed { origin, upto } => self.committed(at, node, *origin, *upto),
            Observation::LeaderElected { origin, leader, epoch: _, clean } => {
                let held = leader.is_some_and(|leader| self.holds(leader, *origin));
                self.elections.push(Election { at, origin: *origin, leader: *leader, clean: *clean, held });
            }
            Observation::Truncated { origin, from: _, to, why } => self.destroy(
                at,
                node,
                |copy| copy.origin == *origin && copy.offset >= *to,
                |_| CopyEnd::Truncated { at, to: *to, why: why.clone() },
            ),
            Observation::Disposed { origin, offset, msg, rule } if *msg == self.msg => self.destroy(
                at,
                node,
                |copy| copy.origin == *origin && copy.offset == *offset,
                |_| CopyEnd::Disposed { at, rule: rule.clone() },
            ),
            Observation::Confirmed { .. } | Observation::Disposed { .. } => {}
            Observation::LeftGroup { member, why } => {
                self.departures.push(Departure { at, member: *member, why: why.clone() });
            }
            Observation::IsrShrunk { .. } | Observation::IsrExpanded { .. } | Observation::Noted { .. } => {}
        }
    }

    fn holds(&self, node: NodeId, origin: Origin) -> bool {
        self.copies.iter().any(|copy| copy.node == node && copy.origin == origin && copy.end == CopyEnd::Remains)
    }

    /// A record was written; whatever stood at its position is gone, should the trace not have said so.
    fn written(&mut self, at: Time, node: NodeId, place: (Origin, u64, u32), msg: MsgId, led: bool) {
        let (origin, offset, epoch) = place;
        self.destroy(
            at,
            node,
            |copy| copy.origin == origin && copy.offset == offset,
            |_| CopyEnd::Overwritten { at, by: msg },
        );
        if msg != self.msg {
            return;
        }
        let verb = if led { "appended it" } else { "copied it" };
        let text = format!("{verb} at {} in epoch {epoch}", self.words.place(origin, offset));
        self.event(at, node, Topic::Written, text);
        if let Some(&upto) = self.progress.get(&origin).filter(|&&upto| upto > offset)
            && !self.passings.iter().any(|passing| (passing.origin, passing.offset) == (origin, offset))
        {
            self.passings.push(Passing { at, origin, offset, upto, already: true });
            let text = format!("has progress {upto} stored already, past {}", self.words.place(origin, offset));
            self.event(at, node, Topic::Progress, text);
        }
        self.copies.push(CopyLife {
            node,
            origin,
            offset,
            epoch,
            led,
            written: at,
            durable: Durability::Never,
            end: CopyEnd::Remains,
        });
    }

    fn synced(&mut self, at: Time, node: NodeId, origin: Origin, upto: u64) {
        let mut reached = false;
        for copy in self.copies.iter_mut().filter(|copy| {
            (copy.node, copy.origin, &copy.end) == (node, origin, &CopyEnd::Remains)
                && copy.offset < upto
                && copy.durable == Durability::Never
        }) {
            copy.durable = Durability::Synced { at };
            reached = true;
        }
        if reached {
            self.event(at, node, Topic::Durable, format!("synced its log up to {upto}: the copy is durable"));
        }
    }

    fn confirmed(&mut self, justification: Justification) {
        let Justification { at, by, origin, ref copies, .. } = justification;
        let missing: Vec<NodeId> = copies.iter().copied().filter(|&node| !self.holds(node, origin)).collect();
        let mut text = match copies.as_slice() {
            [] => "confirmed it without any copy".to_owned(),
            [only] => format!("confirmed it: {} alone held it", self.words.name(*only)),
            several => format!("confirmed it: {} held it", self.words.names(several)),
        };
        if !missing.is_empty() {
            text.push_str(&format!(" (but {} did not at that moment)", self.words.names(&missing)));
        }
        self.event(at, by, Topic::Confirmed, text);
        self.confirmations.push(justification);
    }

    fn committed(&mut self, at: Time, node: NodeId, origin: Origin, upto: u64) {
        self.progress.insert(origin, upto);
        self.commits.push(Commit { at, origin, upto });
        let places: Vec<u64> =
            self.copies.iter().filter(|copy| copy.origin == origin).map(|copy| copy.offset).collect();
        for offset in places {
            let known = self.passings.iter().any(|passing| (passing.origin, passing.offset) == (origin, offset));
            if offset < upto && !known {
                self.passings.push(Passing { at, origin, offset, upto, already: false });
                let text = format!("stored progress {upto}, past {}", self.words.place(origin, offset));
                self.event(at, node, Topic::Progress, text);
            }
        }
    }

    fn cut(&mut self, at: Time, node: NodeId, origin: Origin, cut: (u64, u64, u64)) {
        let (durable, written, kept) = cut;
        let mut spared = None;
        for copy in self
            .copies
            .iter_mut()
            .filter(|copy| (copy.node, copy.origin, &copy.end) == (node, origin, &CopyEnd::Remains))
        {
            copy.durable = match copy.durable {
                Durability::Synced { at: reported } if copy.offset >= durable => Durability::Lied { reported },
                Durability::Never if copy.offset < durable => Durability::WrittenBack { by: at },
                Durability::Never if copy.offset < kept => Durability::Spared { at },
                seen => seen,
            };
            if copy.offset < kept {
                spared = Some(copy.durable);
            }
        }
        if let Some(durability) = spared {
            let text = format!("lost power; its copy survived ({})", Words::durability(durability));
            self.event(at, node, Topic::Durable, text);
        }
        let end = |_: &CopyLife| CopyEnd::PowerLost { at, durable, written, kept };
        self.destroy(at, node, |copy| copy.origin == origin && copy.offset >= kept, end);
    }

    fn destroy(
        &mut self,
        at: Time,
        node: NodeId,
        which: impl Fn(&CopyLife) -> bool,
        end: impl Fn(&CopyLife) -> CopyEnd,
    ) {
        for index in 0..self.copies.len() {
            let copy = &mut self.copies[index];
            if copy.node == node && copy.end == CopyEnd::Remains && which(copy) {
                copy.end = end(copy);
                self.add_loss(index, at);
            }
        }
    }

    fn add_loss(&mut self, index: usize, at: Time) {
        let copy = &self.copies[index];
        if let Some(text) = Words::loss(copy) {
            self.event(at, copy.node, Topic::CopyLost, text);
        }
    }

    fn event(&mut self, at: Time, node: NodeId, topic: Topic, text: String) {
        self.events.push(Event { at, node: Some(node), topic, text });
    }

    fn add_elections(&mut self) {
        let written = self.copies.first().map_or(Time::NEVER, |copy| copy.written);
        for election in &self.elections {
            let text = match election.leader {
                None => "no leader could be elected".to_owned(),
                Some(leader) => {
                    let how = if election.clean { "elected" } else { "elected uncleanly" };
                    let holds = match (election.held, election.at < written) {
                        (true, _) => ", with a copy",
                        (false, false) => ", without a copy",
                        (false, true) => "",
                    };
                    format!("{how}: {}{holds}", self.words.name(leader))
                }
            };
            self.events.push(Event { at: election.at, node: None, topic: Topic::Election, text });
        }
    }

    fn add_in_sync(&mut self, recording: &Recording, logs: &[Origin]) {
        for traced in &recording.trace {
            let Fact::Observed(observation) = &traced.fact else { continue };
            let (verb, origin, isr) = if let Observation::IsrShrunk { origin, isr } = observation {
                ("shrank", origin, isr)
            } else if let Observation::IsrExpanded { origin, isr } = observation {
                ("grew", origin, isr)
            } else {
                continue;
            };
            if logs.contains(origin) {
                let text = format!("the in-sync set {verb} to {}", self.words.names(isr));
                self.events.push(Event { at: traced.at, node: None, topic: Topic::InSync, text });
            }
        }
    }

    /// What only the history knows about the copies that are left: stranded, or gone with a node that never came back.
    pub fn conclude(&mut self, history: &History, application: &Application) {
        for entry in &history.entries {
            if let Op::Stranded(delivery) = &entry.op
                && delivery.msg == self.msg
            {
                let here = |copy: &&mut CopyLife| {
                    Some(copy.node) == entry.node && copy.origin == delivery.origin && copy.offset == delivery.offset
                };
                for copy in self.copies.iter_mut().filter(here).filter(|copy| copy.end == CopyEnd::Remains) {
                    copy.end = CopyEnd::Stranded;
                }
            }
        }
        for index in 0..self.copies.len() {
            let copy = &mut self.copies[index];
            if let (CopyEnd::Remains, Some(at)) = (&copy.end, application.down_since(copy.node)) {
                copy.end = CopyEnd::Gone { at };
                self.add_loss(index, at);
            }
        }
    }

    /// The confirmation that the acknowledgement rested on: the last one before the application was told.
    pub fn justification(&self, acked_at: Option<Time>) -> Option<Justification> {
        let acked_at = acked_at?;
        let before = self.confirmations.iter().rev().find(|confirmation| confirmation.at <= acked_at);
        before.or(self.confirmations.first()).cloned()
    }
}

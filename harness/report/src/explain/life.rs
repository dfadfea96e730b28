//! What the nodes that matter to one message did, in order of time, and where its copies were meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::app::{MsgId, Origin, Outcome};
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::op::{Death, Op};
use ackproof_core::recording::{Fact, Recording};
use ackproof_core::time::Time;

use super::moment::{Deed, Mark, Passed, State, Turn};

/// What a recording says about a message.
pub(super) struct Told {
    pub moments: Vec<Moment>,
    /// What passed from whom to whom, with the moments in which it left and arrived.
    pub passings: Vec<(Passed, Instant, Instant)>,
}

/// A moment at a node.
pub(super) type Instant = (Time, NodeId);

/// Everything that happened in one millisecond and matters.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub(super) struct Moment {
    pub at: Time,
    /// What concerns the whole run.
    pub faults: Vec<Turn>,
    pub deeds: BTreeMap<NodeId, Vec<Deed>>,
    /// Of every node, after this moment.
    pub states: BTreeMap<NodeId, State>,
}

/// Where a copy is.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd)]
struct Spot {
    node: NodeId,
    origin: Origin,
    offset: u64,
}

struct Walk<'a> {
    recording: &'a Recording,
    msg: MsgId,
    /// Where the message was ever kept.
    origins: BTreeSet<Origin>,
    sent_at: Time,
    /// When the last leader before the send was elected.
    context_at: Option<Time>,
    down: BTreeSet<NodeId>,
    /// Each copy, and whether it is on the platter.
    copies: BTreeMap<Spot, bool>,
    passed: BTreeSet<Origin>,
    found: bool,
    /// Whose application was told nothing yet of the message it sent.
    asks: Option<NodeId>,
    /// When and where it was last sent, appended by a leader, and confirmed.
    sent: Option<Instant>,
    appended: Option<Instant>,
    confirmed: Option<Instant>,
    told: Told,
}

/// Reads what matters to `msg`; nothing when nobody sent it.
pub(super) fn read(recording: &Recording, msg: MsgId) -> Told {
    let is_send = |op: &Op| matches!(op, Op::Send { msg: it, .. } if *it == msg);
    let Some(send) = recording.history.entries.iter().find(|entry| is_send(&entry.op)) else {
        return Told { moments: Vec::new(), passings: Vec::new() };
    };
    let mut walk = Walk::new(recording, msg, send.at);
    // Machines first, then what their processes did: a copy must not survive the power loss of its millisecond.
    let history = recording.history.entries.iter().map(|entry| (entry.at, Item::Op(entry.node, &entry.op)));
    let trace = recording.trace.iter().map(|traced| (traced.at, Item::Fact(traced.node, &traced.fact)));
    let mut items: Vec<(Time, Item<'_>)> = trace.chain(history).collect();
    items.sort_by_key(|(at, item)| (*at, item.rank()));
    for (at, item) in items {
        match item {
            Item::Op(node, op) => walk.op(at, node, op),
            Item::Fact(node, fact) => walk.fact(at, node, fact),
        }
    }
    walk.told
}

enum Item<'a> {
    Op(Option<NodeId>, &'a Op),
    Fact(NodeId, &'a Fact),
}

impl Item<'_> {
    fn rank(&self) -> u8 {
        match self {
            Item::Op(None, _) => 0,
            Item::Op(Some(_), Op::Died(_)) => 1,
            Item::Fact(_, Fact::PowerCut { .. } | Fact::DiskLost) => 2,
            Item::Op(Some(_), Op::Started) => 3,
            Item::Fact(..) => 4,
            Item::Op(Some(_), _) => 5,
        }
    }
}

impl<'a> Walk<'a> {
    fn new(recording: &'a Recording, msg: MsgId, sent_at: Time) -> Walk<'a> {
        let mut origins = BTreeSet::new();
        for traced in &recording.trace {
            if let Fact::Observed(
                Observation::Appended { origin, msg: it, .. }
                | Observation::Replicated { origin, msg: it, .. }
                | Observation::Confirmed { origin, msg: it, .. },
            ) = &traced.fact
                && *it == msg
            {
                origins.insert(*origin);
            }
        }
        let elected = |fact: &Fact| matches!(fact, Fact::Observed(Observation::LeaderElected { origin, .. }) if origins.contains(origin));
        let before = recording.trace.iter().filter(|traced| traced.at < sent_at && elected(&traced.fact));
        let context_at = before.map(|traced| traced.at).max();
        Walk {
            recording,
            msg,
            origins,
            sent_at,
            context_at,
            down: BTreeSet::new(),
            copies: BTreeMap::new(),
            passed: BTreeSet::new(),
            found: false,
            asks: None,
            sent: None,
            appended: None,
            confirmed: None,
            told: Told { moments: Vec::new(), passings: Vec::new() },
        }
    }

    fn op(&mut self, at: Time, node: Option<NodeId>, op: &Op) {
        let Some(node) = node else {
            match op {
                Op::FaultBegan { fault, text } => self.fault(at, *fault, Some(text.clone())),
                Op::FaultEnded { fault } => self.fault(at, *fault, None),
                Op::Phase(_)
                | Op::PhaseLimit(_)
                | Op::AtWork { .. }
                | Op::FaultMissed { .. }
                | Op::Started
                | Op::Died(_) => {}
                Op::Send { .. } | Op::Told { .. } | Op::Delivered(_) | Op::Processed { .. } | Op::Audited(_) => {}
                Op::Stranded(_) | Op::Disposed { .. } | Op::Progress { .. } | Op::AuditEnd { .. } => {}
                Op::Effect(_) | Op::EndTransaction { .. } | Op::Fingerprint { .. } => {}
            }
            return;
        };
        let is_it = |msg: MsgId| msg == self.msg;
        match op {
            Op::Started => {
                self.down.remove(&node);
                if at >= self.sent_at {
                    self.deed(at, node, Mark::Started, "starts");
                }
            }
            Op::Died(death) => {
                self.down.insert(node);
                let how = match death {
                    Death::Killed => "KILLED",
                    Death::PowerLost => "POWER LOST",
                    Death::Exited => "stops",
                };
                self.deed(at, node, if *death == Death::Exited { Mark::Noted } else { Mark::Died }, how);
            }
            Op::Send { msg, attempt } if is_it(*msg) => {
                self.asks = Some(node);
                self.sent = Some((at, node));
                self.deed(at, node, Mark::Sent, if *attempt == 0 { "sends it" } else { "sends it again" });
            }
            Op::EndTransaction { commit } if self.asks == Some(node) => {
                self.deed(at, node, Mark::Sent, if *commit { "asks to commit" } else { "takes it back" });
            }
            Op::Told { msg, outcome } if is_it(*msg) => {
                self.asks = None;
                let (mark, text) = told(outcome);
                if let Some(left) = self.confirmed.filter(|_| mark == Mark::Acked) {
                    self.told.passings.push((Passed::Ack, left, (at, node)));
                }
                self.deed(at, node, mark, &text);
            }
            Op::Delivered(it) if is_it(it.msg) => self.deed(at, node, Mark::Read, "gets it"),
            Op::Processed { delivery, success } if is_it(delivery.msg) => {
                self.deed(at, node, Mark::Read, if *success { "is done with it" } else { "fails on it" });
            }
            Op::Audited(it) if is_it(it.msg) => {
                self.found = true;
                self.deed(at, node, Mark::Read, "finds it");
            }
            Op::Effect(it) if is_it(it.msg) => self.deed(at, node, Mark::Read, "finds its result"),
            Op::Stranded(it) if is_it(it.msg) => self.deed(at, node, Mark::Missing, "has it, may not serve it"),
            Op::AuditEnd { origin, complete: true } if self.origins.contains(origin) && !self.found => {
                self.deed(at, node, Mark::Missing, "read to the end: not there");
            }
            Op::Phase(_) | Op::PhaseLimit(_) | Op::AtWork { .. } | Op::FaultBegan { .. } | Op::FaultEnded { .. } => {}
            Op::FaultMissed { .. } | Op::Send { .. } | Op::Told { .. } | Op::Delivered(_) => {}
            Op::Processed { .. } | Op::Audited(_) | Op::Stranded(_) | Op::Disposed { .. } => {}
            Op::Progress { .. } | Op::AuditEnd { .. } | Op::Effect(_) | Op::Fingerprint { .. } => {}
            Op::EndTransaction { .. } => {}
        }
    }

    fn fact(&mut self, at: Time, node: NodeId, fact: &Fact) {
        match fact {
            Fact::Observed(observation) => self.observed(at, node, observation),
            Fact::PowerCut { origin, kept, written, .. } if self.origins.contains(origin) => {
                self.destroy(|spot| spot.node == node && spot.origin == *origin && spot.offset >= *kept);
                // What a power loss left is on the platter.
                self.make_durable(node, *origin, *kept);
                let mark = if kept < written { Mark::Destroyed } else { Mark::Noted };
                self.deed(at, node, mark, &format!("{kept} of {written} records left"));
            }
            Fact::DiskLost => {
                self.destroy(|spot| spot.node == node);
                self.deed(at, node, Mark::Died, "DISK LOST");
            }
            Fact::PowerCut { .. } | Fact::MessageSent { .. } | Fact::MessageTaken { .. } | Fact::MessageLost { .. } => {
            }
        }
    }

    fn observed(&mut self, at: Time, node: NodeId, observation: &Observation) {
        match observation {
            Observation::Appended { origin, offset, msg, .. } => {
                let spot = Spot { node, origin: *origin, offset: *offset };
                self.written(at, spot, *msg, true)
            }
            Observation::Replicated { origin, offset, msg, .. } => {
                let spot = Spot { node, origin: *origin, offset: *offset };
                self.written(at, spot, *msg, false)
            }
            Observation::Synced { origin, upto } => {
                if self.make_durable(node, *origin, *upto) {
                    self.deed(at, node, Mark::Wrote, "has it on disk");
                }
            }
            Observation::Confirmed { msg, copies, .. } if *msg == self.msg => {
                self.confirmed = Some((at, node));
                self.deed(at, node, Mark::Noted, &format!("confirms: on {}", self.names(copies)));
            }
            Observation::LeaderElected { origin, leader, epoch, clean } if self.is_in_time(at, *origin) => match leader
            {
                Some(leader) if *clean => self.deed(at, *leader, Mark::Leads, &format!("LEADER, epoch {epoch}")),
                Some(leader) => self.deed(at, *leader, Mark::Leads, &format!("LEADER (unclean), epoch {epoch}")),
                None => self.deed(at, node, Mark::Noted, "no leader can be elected"),
            },
            Observation::IsrShrunk { origin, isr } | Observation::IsrExpanded { origin, isr }
                if self.origins.contains(origin) && at >= self.sent_at =>
            {
                self.deed(at, node, Mark::Noted, &format!("in sync: {}", self.names(isr)));
            }
            Observation::Truncated { origin, from, to, .. } if self.origins.contains(origin) => {
                let cut = |spot: &Spot| spot.node == node && spot.origin == *origin && spot.offset >= *to;
                if self.copies.keys().any(cut) {
                    self.destroy(cut);
                    self.deed(at, node, Mark::Destroyed, &format!("TRUNCATES {from} to {to}"));
                }
            }
            Observation::Committed { origin, upto } => {
                let passes = self.copies.keys().any(|spot| spot.origin == *origin && spot.offset < *upto);
                if passes && self.passed.insert(*origin) {
                    self.deed(at, node, Mark::Noted, "progress is past it");
                }
            }
            Observation::Disposed { origin, offset, msg, rule } if *msg == self.msg => {
                self.destroy(|spot| *spot == Spot { node, origin: *origin, offset: *offset });
                self.deed(at, node, Mark::Destroyed, &format!("drops it: {rule}"));
            }
            Observation::Confirmed { .. } | Observation::LeaderElected { .. } | Observation::IsrShrunk { .. } => {}
            Observation::IsrExpanded { .. } | Observation::Truncated { .. } | Observation::Disposed { .. } => {}
            Observation::Noted { .. } | Observation::LeftGroup { .. } => {}
        }
    }

    fn is_in_time(&self, at: Time, origin: Origin) -> bool {
        self.origins.contains(&origin) && (at >= self.sent_at || Some(at) == self.context_at)
    }

    fn written(&mut self, at: Time, spot: Spot, msg: MsgId, leads: bool) {
        let Spot { node, offset, .. } = spot;
        if msg == self.msg {
            self.copies.insert(spot, false);
            if let Some(left) = if leads { self.sent } else { self.appended } {
                self.told.passings.push((Passed::Message, left, (at, node)));
            }
            if leads {
                self.appended = Some((at, node));
            }
            let verb = if leads { "appends" } else { "copies" };
            self.deed(at, node, Mark::Wrote, &format!("{verb} it at {offset}"));
        } else if self.copies.remove(&spot).is_some() {
            self.deed(at, node, Mark::Destroyed, &format!("overwrites {offset} with {msg}"));
        }
    }

    fn destroy(&mut self, is_hit: impl Fn(&Spot) -> bool) {
        self.copies.retain(|spot, _| !is_hit(spot));
    }

    /// Whether that made any copy durable that was not.
    fn make_durable(&mut self, node: NodeId, origin: Origin, upto: u64) -> bool {
        let mut any = false;
        for (spot, durable) in &mut self.copies {
            if spot.node == node && spot.origin == origin && spot.offset < upto && !*durable {
                *durable = true;
                any = true;
            }
        }
        any
    }

    fn names(&self, nodes: &[NodeId]) -> String {
        let names = &self.recording.history.nodes;
        let name = |node: &NodeId| names.get(node.index()).map_or("?", String::as_str);
        nodes.iter().map(name).collect::<Vec<_>>().join(" ")
    }

    fn fault(&mut self, at: Time, fault: u16, begins: Option<String>) {
        self.moment(at).faults.push(Turn { fault: u64::from(fault) + 1, begins });
    }

    fn deed(&mut self, at: Time, node: NodeId, mark: Mark, text: &str) {
        let states = self.states();
        let moment = self.moment(at);
        moment.deeds.entry(node).or_default().push(Deed { mark, text: text.to_owned() });
        moment.states = states;
    }

    fn moment(&mut self, at: Time) -> &mut Moment {
        if self.told.moments.last().is_none_or(|last| last.at != at) {
            let states = self.states();
            self.told.moments.push(Moment { at, states, ..Moment::default() });
        }
        self.told.moments.last_mut().expect("one was made where there was none")
    }

    fn states(&self) -> BTreeMap<NodeId, State> {
        let nodes = 0..self.recording.history.nodes.len();
        let state = |node: NodeId| {
            let mut copies = self.copies.iter().filter(|(spot, _)| spot.node == node).peekable();
            if self.down.contains(&node) {
                State::Down
            } else if copies.peek().is_none() {
                State::Up
            } else if copies.any(|(_, durable)| *durable) {
                State::HoldsDurably
            } else {
                State::Holds
            }
        };
        nodes.map(|index| NodeId(index as u8)).map(|node| (node, state(node))).collect()
    }
}

fn told(outcome: &Outcome) -> (Mark, String) {
    match outcome {
        Outcome::Acked => (Mark::Acked, "told: ACKED".to_owned()),
        Outcome::Untold => (Mark::Told, "told nothing".to_owned()),
        Outcome::Rejected(reason) => (Mark::Told, format!("told: rejected, {reason}")),
        Outcome::Unknown(reason) => (Mark::Told, format!("told: unknown, {reason}")),
        Outcome::Aborted => (Mark::Told, "told: aborted".to_owned()),
    }
}

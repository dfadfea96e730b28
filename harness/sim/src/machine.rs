//! What is done to machines in the first moment of a millisecond: power, processes, disks and links follow from the facts
//! that the active faults state.

use ackproof_core::fault::{Command, Facts};
use ackproof_core::model::Model;
use ackproof_core::node::{NodeId, NodeKind};
use ackproof_core::observe::Probe;
use ackproof_core::op::{Death, Op};
use ackproof_core::recording::Fact;
use ackproof_core::seed::Stream;
use ackproof_core::time::{Span, Time};

use crate::app::App;
use crate::connection::{ConnId, End, Fin};
use crate::fault_run::Change;
use crate::link::Body;
use crate::queue::{AppEvent, Kind, What};
use crate::world::{Act, World};

impl<M: Model> World<M> {
    /// Records what the fault schedule did and brings the world to what is true now.
    pub(crate) fn apply_changes(&mut self, changes: Vec<Change>, acts: &mut Vec<Act>) {
        if changes.is_empty() {
            return;
        }
        let mut commands = Vec::new();
        for change in changes {
            let op = match change {
                Change::Began { fault, text, command } => {
                    commands.extend(command);
                    Op::FaultBegan { fault, text }
                }
                Change::Ended { fault } => Op::FaultEnded { fault },
                Change::OutOfPatience { nodes } => {
                    for node in nodes {
                        if self.nodes[node.index()].is_up() {
                            self.die(node, Death::Killed, acts);
                        }
                    }
                    continue;
                }
                Change::Missed { fault, why } => Op::FaultMissed { fault, why },
            };
            self.recorder.world(self.now, op);
        }
        let facts = self.faults.facts();
        let before = std::mem::replace(&mut self.facts, facts);
        for node in self.topology.ids() {
            self.settle_machine(node, &before, acts);
        }
        self.settle_links(&before, acts);
        for node in self.topology.ids() {
            let (was, is) = (before.nodes[node.index()], self.facts.nodes[node.index()]);
            let was_down = was.power_off || was.killed || was.stopped;
            let is_down = is.power_off || is.killed || is.stopped;
            if was_down && !is_down {
                self.restart_if_possible(node, acts);
            }
            if was.paused && !is.paused {
                acts.push(Act::Wake(node));
            }
        }
        for command in commands {
            match command {
                Command::MoveLeader { of, to } => self.command_cluster(What::MoveLeader { of, to }, acts),
            }
        }
    }

    /// Power, process and disk of one machine.
    fn settle_machine(&mut self, id: NodeId, before: &Facts, acts: &mut Vec<Act>) {
        let (was, is) = (before.nodes[id.index()], self.facts.nodes[id.index()]);
        let now = self.now;
        self.nodes[id.index()].disk.settle(now);
        if is.power_off && !was.power_off {
            if self.nodes[id.index()].is_up() {
                self.die(id, Death::PowerLost, acts);
            }
            self.cut_power(id);
        }
        if is.killed && !was.killed && self.nodes[id.index()].is_up() {
            self.die(id, Death::Killed, acts);
        }
        if is.disk_lost && !was.disk_lost {
            self.nodes[id.index()].disk.wipe();
            self.recorder.fact(self.now, id, || Fact::DiskLost);
        }
        if is.stopped && !was.stopped && self.nodes[id.index()].is_up() {
            self.nodes[id.index()].stopping = true;
            self.queue_now(id, Kind::Timer, What::Stop, acts);
        }
        let ran_out_of_patience = was.stopped && !is.stopped && self.nodes[id.index()].stopping;
        if ran_out_of_patience && self.nodes[id.index()].is_up() {
            self.die(id, Death::Killed, acts);
        }
        self.nodes[id.index()].disk.set_faults(is.disk);
    }

    fn cut_power(&mut self, id: NodeId) {
        let mut cuts = self.seed.stream(&format!("cut/{}/{}", self.topology.name(id), self.now.0));
        let disk = &mut self.nodes[id.index()].disk;
        let before = self.recorder.traces().then(|| disk.clone());
        let cuts = disk.lose_power(&mut cuts);
        let Some(before) = before else { return };
        for cut in cuts {
            let unsynced = before.tail(cut.file, cut.durable);
            for (origin, cut) in self.model.cuts(id, cut, unsynced) {
                self.recorder.fact(self.now, id, || Fact::power_cut(origin, cut));
            }
        }
    }

    fn settle_links(&mut self, before: &Facts, acts: &mut Vec<Act>) {
        for from in self.topology.ids() {
            for to in self.topology.ids() {
                let (was, is) = (*before.link(from, to), *self.facts.link(from, to));
                if (was.cut, was.held) == (is.cut, is.held) {
                    continue;
                }
                acts.push(Act::Relink(from, to));
                let now = self.now;
                let base = self.setup.network.latency;
                let latency = move |stream: &mut Stream| {
                    let (low, high) = is.added_ms;
                    Span(stream.between(base.low.0 + low, base.high.0 + high).max(1))
                };
                for (seq, due) in self.link(from, to).set(now, is.cut, is.held, latency) {
                    let item = self.item(due, to, due, Kind::Net, from, seq, What::Net);
                    let is_fin = matches!(self.link(from, to).entry(seq).map(|entry| &entry.body), Some(Body::Fin(_)));
                    acts.push(if is_fin { Act::Queue(item) } else { Act::Resend { from, item } });
                }
                if !self.nodes[from.index()].is_up() {
                    self.link(from, to).doom_stalled();
                }
            }
        }
    }

    /// The process is gone. Its peers learn that, unless its machine went dark.
    pub(crate) fn die(&mut self, id: NodeId, how: Death, acts: &mut Vec<Act>) {
        self.recorder.node(self.now, id, Op::Died(how));
        self.nodes[id.index()].forget();
        acts.push(Act::Crash(id));
        for peer in self.topology.ids().filter(|&peer| peer != id) {
            let undelivered = self.link(peer, id).doom_all() > 0;
            self.link(id, peer).doom_stalled();
            let fin = self.nodes[id.index()].ends[peer.index()].close();
            match how {
                Death::PowerLost => {
                    let end = &mut self.nodes[peer.index()].ends[id.index()];
                    end.unacknowledged |= undelivered && end.is_open();
                }
                Death::Killed | Death::Exited => {
                    if let Some(fin) = fin.filter(|_| self.nodes[peer.index()].is_up()) {
                        self.say_goodbye(id, peer, fin, acts);
                    }
                }
            }
        }
    }

    /// Tells a peer, behind what was already sent, that connections ended.
    fn say_goodbye(&mut self, from: NodeId, to: NodeId, fin: Fin, acts: &mut Vec<Act>) {
        let latency = self.latency(from, to);
        let seq = self.nodes[from.index()].next_seq();
        let now = self.now;
        let due = self.link(from, to).push(now, latency, seq, ConnId::NONE, false, Body::Fin(fin));
        if due != Time::NEVER {
            acts.push(Act::Queue(self.item(due, to, due, Kind::Net, from, seq, What::Net)));
        }
    }

    /// Starts the process unless something keeps it down.
    pub(crate) fn restart_if_possible(&mut self, id: NodeId, acts: &mut Vec<Act>) {
        let is_up = self.nodes[id.index()].is_up();
        if !is_up && !self.is_gone(id) && self.nodes[id.index()].joined {
            self.start(id, acts);
        }
    }

    pub(crate) fn start(&mut self, id: NodeId, acts: &mut Vec<Act>) {
        let node = &mut self.nodes[id.index()];
        node.incarnation += 1;
        node.joined = true;
        node.actor = Some(self.model.process(id));
        self.recorder.node(self.now, id, Op::Started);
        self.observe(id, Probe::Started);
        acts.push(Act::Bounce(id));
        self.queue_now(id, Kind::Start, What::Start, acts);
        for peer in self.topology.ids().filter(|&peer| peer != id) {
            let reset = End::reset_for(&self.nodes[peer.index()].ends[id.index()]);
            if let Some(fin) = reset.filter(|_| self.nodes[peer.index()].is_up()) {
                self.say_goodbye(id, peer, fin, acts);
            }
        }
        if self.phases.workload_is_open()
            && let App::Producer(_) = self.nodes[id.index()].app
        {
            let seq = self.nodes[id.index()].next_seq();
            let due = self.now + Span(1);
            acts.push(Act::Queue(self.item(due, id, due, Kind::App, id, seq, What::App(AppEvent::Tick))));
        }
    }

    fn queue_now(&mut self, id: NodeId, kind: Kind, what: What, acts: &mut Vec<Act>) {
        let seq = self.nodes[id.index()].next_seq();
        acts.push(Act::Queue(self.item(self.now, id, self.now, kind, id, seq, what)));
    }

    /// Controllers do what an operator asks; where there are none, the brokers themselves.
    fn command_cluster(&mut self, what: What, acts: &mut Vec<Act>) {
        let controllers = self.topology.of_kind(NodeKind::Controller);
        let asked = if controllers.is_empty() { self.topology.of_kind(NodeKind::Broker) } else { controllers };
        for node in asked {
            if self.nodes[node.index()].is_up() {
                self.queue_now(node, Kind::Timer, what, acts);
            }
        }
    }

    /// A sender's first alarm.
    pub(crate) fn alarm_sender(&mut self, id: NodeId, after: Span, acts: &mut Vec<Act>) {
        if self.nodes[id.index()].is_up() {
            let seq = self.nodes[id.index()].next_seq();
            let due = self.now + after;
            acts.push(Act::Queue(self.item(due, id, due, Kind::App, id, seq, What::App(AppEvent::Tick))));
        }
    }
}

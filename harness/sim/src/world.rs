//! Everything physical, and the two moments of a millisecond: first what is done to the machines (faults, phases,
//! deaths and starts), then what the nodes do, in any order.
//!
//! While nodes are served, a node may touch only what is its own: its process, disk, streams and counters, the tail of
//! its outgoing links and the head of its incoming ones. Power, processes, cuts and pauses change only in the first
//! moment. That is why the order in which nodes are served leaves no mark.

use std::sync::Arc;

use ackproof_core::disk::Disk;
use ackproof_core::fault::{Command, Facts};
use ackproof_core::model::Model;
use ackproof_core::node::{NodeId, NodeKind, Selector, Topology};
use ackproof_core::observe::{Probe, Probes};
use ackproof_core::op::{Death, Op};
use ackproof_core::recording::{Detail, Fact, Recording};
use ackproof_core::schedule::Schedule;
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::setup::Setup;
use ackproof_core::time::{Span, Time};

use crate::app::{App, Sender, Worker};
use crate::connection::{ConnId, End, Fin};
use crate::fault_run::{Change, FaultRun};
use crate::link::{Body, Link};
use crate::node::Node;
use crate::phases::Phases;
use crate::queue::{AppEvent, Item, Key, Kind, What};
use crate::recorder::Recorder;
use crate::step::Buffers;
use crate::{Bench, Job, Planted, SimError};

/// What the engine has to do because of the first moment of a millisecond.
#[derive(Debug)]
pub(crate) enum Act {
    /// The node's process is gone.
    Crash(NodeId),
    /// The node's process begins.
    Bounce(NodeId),
    /// The node is scheduled again after a pause.
    Wake(NodeId),
    /// The state of the link between two nodes changed.
    Relink(NodeId, NodeId),
    /// Something is due at a node.
    Queue(Item),
    /// A message that had stalled is sent again by the kernel of `from` and is due as `item` says.
    Resend { from: NodeId, item: Item },
}

/// A run that handles more events than this is a bug.
const EVENTS_MAX: u64 = 200_000_000;
/// The most that one node can sensibly do in a millisecond.
const EVENTS_PER_MS_MAX: u32 = 200_000;

pub(crate) struct World<M: Model> {
    pub(crate) model: Arc<M>,
    pub(crate) setup: Setup,
    pub(crate) schedule: Schedule,
    pub(crate) topology: Arc<Topology>,
    pub(crate) seed: Seed,
    pub(crate) now: Time,
    pub(crate) nodes: Vec<Node<M>>,
    links: Vec<Link<M::Message>>,
    pub(crate) facts: Facts,
    pub(crate) faults: FaultRun,
    pub(crate) phases: Phases,
    pub(crate) recorder: Recorder,
    /// Observations that somebody wants to be built.
    pub(crate) probes: Probes,
    /// Observations that an anchor waits for.
    pub(crate) anchors: Probes,
    /// Observed in this millisecond, for anchors.
    pub(crate) observed: Vec<(NodeId, Probe)>,
    /// Processes that asked to exit in this millisecond.
    pub(crate) exits: Vec<NodeId>,
    pub(crate) buffers: Buffers<M>,
    pub(crate) messages: u64,
    events: u64,
    pub(crate) runaway: Option<String>,
    ranks: Vec<[u8; Topology::MAX_NODES]>,
    pub(crate) planted_stream: Option<Stream>,
}

impl<M: Model> World<M> {
    pub(crate) fn new(model: &Arc<M>, job: &Job<'_>, bench: Bench) -> Self {
        let topology = Arc::new(model.topology().clone());
        let count = topology.len();
        let names: Vec<String> = topology.ids().map(|node| topology.name(node).to_owned()).collect();
        let mut producers = 0;
        let mut nodes = Vec::with_capacity(count);
        for node in topology.ids() {
            let stream = |purpose: &str| job.seed.stream(&format!("{purpose}/{}", names[node.index()]));
            let workload = &job.setup.workload;
            let app = match topology.get(node).kind {
                NodeKind::Producer => {
                    producers += 1;
                    let share = workload.share(producers - 1);
                    App::Producer(Sender::new(job.setup.app.producer.clone(), producers - 1, share, workload.interval))
                }
                NodeKind::Consumer => {
                    let config = job.setup.app.consumer.clone();
                    App::Consumer(Box::new(Worker::new(config, workload.processing, stream("app"))))
                }
                NodeKind::Auditor => App::Auditor,
                NodeKind::Broker | NodeKind::Controller | NodeKind::Nameserver => App::None,
            };
            let mut sync_times = stream("disk");
            let wake_phase = Span(sync_times.between(0, ackproof_core::disk::WRITEBACK_WAKE.0 - 1));
            let disk = Disk::new(job.setup.disk.writeback, wake_phase);
            nodes.push(Node::new(disk, app, stream("model"), sync_times, count));
        }
        let mut links = Vec::with_capacity(count * count);
        for from in &names {
            for to in &names {
                links.push(Link::new(job.seed.stream(&format!("network/{from}-{to}"))));
            }
        }
        let faults = FaultRun::new(job.schedule, count);
        let anchors = faults.probes();
        let probes = match job.detail {
            Detail::Trace => Probes::ALL,
            Detail::Verdict => anchors.with(Probe::Disposed),
        };
        World {
            model: Arc::clone(model),
            setup: job.setup.clone(),
            schedule: job.schedule.clone(),
            topology,
            seed: job.seed,
            now: Time::ZERO,
            nodes,
            links,
            facts: Facts::healthy(count),
            faults,
            phases: Phases::new(),
            // Each message is sent, told, delivered, processed and audited.
            recorder: Recorder::new(names, 5 * job.setup.workload.messages as usize + 64, job.detail, bench.planted),
            probes,
            anchors,
            observed: Vec::new(),
            exits: Vec::new(),
            buffers: Buffers::default(),
            messages: 0,
            events: 0,
            runaway: None,
            ranks: ranks(bench.node_order),
            planted_stream: (bench.planted == Some(Planted::SharedStream)).then(|| job.seed.stream("planted")),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of an event's key, each of a type of its own")]
    pub(crate) fn item(
        &self,
        at: Time,
        node: NodeId,
        due: Time,
        kind: Kind,
        sender: NodeId,
        seq: u32,
        what: What,
    ) -> Item {
        let rank = self.rank(at, node);
        let incarnation = self.nodes[node.index()].incarnation;
        Item { key: Key::new(at, rank, due, kind, sender, seq), node, incarnation, what }
    }

    /// The same event, withheld until `at`; its place among the events of the node stays what it was.
    pub(crate) fn withheld_until(&self, at: Time, item: Item) -> Item {
        let (due, sender, seq) = (item.key.due(), item.key.sender(), item.key.seq());
        Item { key: Key::new(at, self.rank(at, item.node), due, item.key.kind(), sender, seq), ..item }
    }

    /// The node's place in the order in which nodes are served at `at`.
    fn rank(&self, at: Time, node: NodeId) -> u8 {
        match self.ranks.len() {
            0 => node.0,
            len => self.ranks[(at.0 % len as u64) as usize][node.index()],
        }
    }

    pub(crate) fn link(&mut self, from: NodeId, to: NodeId) -> &mut Link<M::Message> {
        let count = self.nodes.len();
        &mut self.links[from.index() * count + to.index()]
    }

    pub(crate) fn is_paused(&self, node: NodeId) -> bool {
        self.facts.nodes[node.index()].paused
    }
    pub(crate) fn is_dark(&self, node: NodeId) -> bool {
        self.facts.nodes[node.index()].power_off
    }

    /// A fault that never ends keeps the machine down.
    pub(crate) fn is_gone(&self, node: NodeId) -> bool {
        let facts = &self.facts.nodes[node.index()];
        facts.power_off || facts.killed || facts.stopped
    }

    /// When the first moment of a millisecond has something to do next.
    pub(crate) fn next_instant(&self) -> Time {
        let mut next = self.phases.next_at();
        if let Some(at) = self.faults.next_at() {
            next = next.min(at);
        }
        if !self.exits.is_empty() {
            next = next.min(self.now + Span(1));
        }
        next
    }

    /// The first moment of the millisecond `now`.
    pub(crate) fn begin_ms(&mut self, now: Time, acts: &mut Vec<Act>) {
        self.now = now;
        for node in std::mem::take(&mut self.exits) {
            if self.nodes[node.index()].exiting.is_some() {
                self.die(node, Death::Exited, acts);
            }
        }
        let nodes = &self.nodes;
        self.faults.notice_stops(now, |node| nodes[node.index()].is_up());
        if self.faults.next_at().is_some_and(|at| at <= now) {
            let nodes = &self.nodes;
            let (model, topology) = (&self.model, &self.topology);
            let actors = ackproof_core::model::Actors(nodes.iter().map(|node| node.actor.as_ref()).collect());
            let changes = self.faults.step(now, topology, |selector, pick| {
                resolve(selector, pick, topology, |part, of| model.cast(part, of, &actors))
            });
            self.apply_changes(changes, acts);
            // Of a process that was down already, nothing is to be waited for.
            let nodes = &self.nodes;
            self.faults.notice_stops(now, |node| nodes[node.index()].is_up());
        }
        self.direct(acts);
    }

    /// The end of the millisecond: records are put in order, anchors counted.
    pub(crate) fn end_ms(&mut self) -> Result<(), SimError> {
        self.recorder.flush(self.now);
        if !self.observed.is_empty() {
            let mut observed = std::mem::take(&mut self.observed);
            observed.sort_by_key(|(node, _)| *node);
            if self.phases.is_chaos() {
                let (model, topology) = (&self.model, &self.topology);
                let actors = ackproof_core::model::Actors(self.nodes.iter().map(|node| node.actor.as_ref()).collect());
                for &(node, probe) in &observed {
                    self.faults.observe(self.now, probe, node, |selector, node| {
                        candidates(selector, topology, &|part, of| model.cast(part, of, &actors)).contains(&node)
                    });
                }
            }
            observed.clear();
            self.observed = observed;
        }
        self.exits.sort_unstable();
        match &self.runaway {
            Some(what) => Err(SimError::Livelock(what.clone())),
            None if self.events > EVENTS_MAX => Err(SimError::Livelock(format!("more than {EVENTS_MAX} events"))),
            None => Ok(()),
        }
    }

    pub(crate) fn count_event(&mut self, node: NodeId) {
        self.events += 1;
        let burst = self.nodes[node.index()].events_this_ms;
        if burst > EVENTS_PER_MS_MAX && self.runaway.is_none() {
            self.runaway = Some(format!("{} handled {burst} events at {}", self.topology.name(node), self.now));
        }
    }

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
                Command::MoveLeader { of, to } => self.command_controllers(What::MoveLeader { of, to }, acts),
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
            self.recorder.fact(id, || Fact::DiskLost);
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
        let node = &mut self.nodes[id.index()];
        for cut in node.disk.lose_power(&mut cuts) {
            if let Some(origin) = self.model.origin_of(cut.file) {
                self.recorder.fact(id, || Fact::power_cut(origin, cut));
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
        self.recorder.node(id, Op::Died(how));
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
        self.recorder.node(id, Op::Started);
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

    fn command_controllers(&mut self, what: What, acts: &mut Vec<Act>) {
        for node in self.topology.of_kind(NodeKind::Controller) {
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

    /// Whether this is the message that its link gives out next; one that was given a new due time is not.
    pub(crate) fn awaits(&mut self, item: Item) -> bool {
        self.link(item.key.sender(), item.node).is_head(item.key.seq(), item.key.due())
    }

    /// What the kernel of `from` would have to send again.
    pub(crate) fn stalled_bytes(&mut self, from: NodeId, to: NodeId, seq: u32) -> Option<std::rc::Rc<[u8]>> {
        match &self.link(from, to).entry(seq)?.body {
            Body::Bytes(bytes) => Some(std::rc::Rc::clone(bytes)),
            Body::Typed(_) | Body::Fin(_) => None,
        }
    }

    /// A message that is due at a running, scheduled process and was not taken: the engine lost it.
    pub(crate) fn overdue(&mut self) -> Option<String> {
        let now = self.now;
        for from in self.topology.ids() {
            for to in self.topology.ids() {
                if !self.nodes[to.index()].is_up() || self.is_paused(to) {
                    continue;
                }
                if let Some(entry) = self.link(from, to).overdue(now) {
                    let (seq, due) = (entry.seq, entry.due);
                    let (from, to) = (self.topology.name(from), self.topology.name(to));
                    return Some(format!("message {seq} from {from} to {to} was due at {due} and not taken by {now}"));
                }
            }
        }
        None
    }

    pub(crate) fn into_recording(self) -> Recording {
        Recording {
            events: self.nodes.iter().map(|node| node.events).sum(),
            history: self.recorder.history,
            trace: self.recorder.trace,
            faults: self.faults.reports,
            messages: self.messages,
            chaos_began: self.phases.chaos_began,
            length: self.now.since(Time::ZERO),
        }
    }
}

/// Permutations of the nodes, one for each of a few milliseconds in turn; none for the natural order.
fn ranks(order: Option<u64>) -> Vec<[u8; Topology::MAX_NODES]> {
    let Some(number) = order else { return Vec::new() };
    let mut stream = Seed(number).stream("node-order");
    let permutation = |stream: &mut Stream| {
        let mut ranks: [u8; Topology::MAX_NODES] = std::array::from_fn(|index| index as u8);
        for last in (1..ranks.len()).rev() {
            ranks.swap(last, stream.between(0, last as u64) as usize);
        }
        ranks
    };
    (0..16).map(|_| permutation(&mut stream)).collect()
}

type Cast<'c> = &'c dyn Fn(ackproof_core::node::Part, u16) -> Vec<NodeId>;

/// Every node that a selector could mean right now, in order, each once.
fn candidates(selector: &Selector, topology: &Topology, cast: Cast<'_>) -> Vec<NodeId> {
    let mut nodes = match selector {
        Selector::Name(name) => topology.find(name).into_iter().collect(),
        Selector::Rack(rack) => {
            topology.ids().filter(|&node| topology.get(node).rack.as_deref() == Some(rack.as_str())).collect()
        }
        Selector::Part { part, of } => match part.fixed_kind() {
            Some(kind) => topology.of_kind(kind),
            None => cast(*part, *of),
        },
        Selector::Each(all) => all.iter().flat_map(|one| candidates(one, topology, cast)).collect(),
    };
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// The nodes a fault hits: of a singular part the one that `pick` falls on.
fn resolve(
    selector: &Selector,
    pick: u64,
    topology: &Topology,
    cast: impl Fn(ackproof_core::node::Part, u16) -> Vec<NodeId>,
) -> Vec<NodeId> {
    fn hit(selector: &Selector, pick: u64, topology: &Topology, cast: Cast<'_>) -> Vec<NodeId> {
        match selector {
            Selector::Part { part, .. } if part.is_singular() => {
                let all = candidates(selector, topology, cast);
                match all.len() {
                    0 => Vec::new(),
                    len => vec![all[(pick % len as u64) as usize]],
                }
            }
            Selector::Each(all) => {
                let mut nodes: Vec<NodeId> = all
                    .iter()
                    .enumerate()
                    .flat_map(|(i, one)| hit(one, pick.rotate_right(i as u32), topology, cast))
                    .collect();
                nodes.sort_unstable();
                nodes.dedup();
                nodes
            }
            Selector::Name(_) | Selector::Rack(_) | Selector::Part { .. } => candidates(selector, topology, cast),
        }
    }
    hit(selector, pick, topology, &cast)
}

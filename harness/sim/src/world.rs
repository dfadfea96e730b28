//! Everything physical, and the two moments of a millisecond: first what is done to the machines (faults, phases,
//! deaths and starts), then what the nodes do, in any order.
//!
//! While nodes are served, a node may touch only what is its own: its process, disk, streams and counters, the tail of
//! its outgoing links and the head of its incoming ones. Power, processes, cuts and pauses change only in the first
//! moment. That is why the order in which nodes are served leaves no mark.

use std::sync::Arc;

use ackproof_core::disk::Disk;
use ackproof_core::fault::Facts;
use ackproof_core::model::Model;
use ackproof_core::node::{NodeId, NodeKind, Topology};
use ackproof_core::observe::{Probe, Probes};
use ackproof_core::op::Death;
use ackproof_core::recording::{Detail, Recording};
use ackproof_core::schedule::Schedule;
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::setup::Setup;
use ackproof_core::time::{Span, Time};

use crate::app::{App, Worker};
use crate::cast::{candidates, resolve};
use crate::fault_run::FaultRun;
use crate::link::{Body, Link};
use crate::node::Node;
use crate::phases::Phases;
use crate::queue::{Item, Key, Kind, What};
use crate::recorder::Recorder;
use crate::sender::Sender;
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
pub(crate) const EVENTS_PER_MS_MAX: u32 = 200_000;

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
    /// `None` while an actor runs.
    pub(crate) buffers: Option<Box<Buffers<M>>>,
    pub(crate) messages: u64,
    pub(crate) events: u64,
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
                    let config = job.setup.app.producer.clone();
                    let draws = config.transaction.is_some_and(|each| each.abort_rate > 0.0).then(|| stream("app"));
                    let sender = Sender::new(config, producers - 1, share, workload.interval, draws);
                    App::Producer(Box::new(sender))
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
            buffers: Some(Box::default()),
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
        self.recorder.flush();
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

    #[cold]
    pub(crate) fn run_away(&mut self, node: NodeId) {
        let burst = self.nodes[node.index()].events_this_ms;
        self.runaway = Some(format!("{} handled {burst} events at {}", self.topology.name(node), self.now));
    }

    /// Whether this is the message that its link gives out next; one that was given a new due time is not.
    pub(crate) fn awaits(&mut self, item: Item) -> bool {
        self.link(item.key.sender(), item.node).is_next(item.key.seq(), item.key.due())
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

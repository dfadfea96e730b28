//! The turmoil engine: every node a turmoil host, every message a datagram on turmoil's simulated network, processes
//! crashed and bounced and links cut and held by turmoil.
//!
//! One step of turmoil is one instant of the model, and idle stretches are skipped: a datagram crosses in exactly one
//! step, whatever model time that step stands for, and nothing is ever due sooner than the next millisecond. The world
//! decides every loss; turmoil may deliver earlier or more than the world allows, never less, and after each step
//! nothing that is due may be left.
//!
//! turmoil's own randomness decides nothing: latency is one step, its failure rate is zero.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ackproof_core::model::Model;
use ackproof_core::node::{NodeId, Topology};
use ackproof_core::recording::Recording;
use ackproof_core::time::Time;
use tokio::sync::Notify;
use turmoil::net::UdpSocket;

use crate::queue::{Item, What};
use crate::step::Sink;
use crate::world::{Act, World};
use crate::{Bench, Job, SimError};

const PORT: u16 = 9000;
const STEP: Duration = Duration::from_millis(1);
/// Datagrams a socket holds; more would be dropped silently.
const SOCKET_CAPACITY: usize = 1 << 16;
/// The largest datagram; a longer one would be cut off silently.
const DATAGRAM_MAX: usize = 1 << 20;
/// Sequence number and due time ahead of the message.
const HEADER: usize = 12;

/// What one host keeps outside its task, so that a crash of the task decides nothing by itself.
#[derive(Default)]
struct Desk {
    heap: RefCell<BinaryHeap<Item>>,
    /// Messages that have crossed and wait for their due time, by sender and sequence number.
    parked: RefCell<BTreeMap<(NodeId, u32), Vec<u8>>>,
    /// Messages that the kernel is to send again.
    resend: RefCell<Vec<Item>>,
    notify: Notify,
}

struct Shared<M: Model> {
    world: RefCell<World<M>>,
    desks: Vec<Desk>,
    addresses: RefCell<Vec<IpAddr>>,
    /// The earliest due time of the datagrams sent in this step: they are at no desk yet.
    crossing: Cell<Time>,
    failure: RefCell<Option<String>>,
    /// Where a host receives; hosts run one at a time.
    buffer: RefCell<Vec<u8>>,
}

/// Collects what a node causes while the world is borrowed.
struct Outgoing<'a> {
    desks: &'a [Desk],
    datagrams: Vec<(NodeId, Vec<u8>)>,
    crossing: &'a Cell<Time>,
}

impl Sink for Outgoing<'_> {
    const WIRE: bool = true;

    fn queue(&mut self, item: Item) {
        self.desks[item.node.index()].heap.borrow_mut().push(item);
    }
    fn carry(&mut self, _from: NodeId, to: NodeId, seq: u32, item: Option<Item>, bytes: Option<Rc<[u8]>>) {
        let due = item.map_or(Time::NEVER, |item| item.key.at());
        self.crossing.set(self.crossing.get().min(due));
        let bytes = bytes.expect("messages are encoded for this engine");
        self.datagrams.push((to, datagram(seq, due, &bytes)));
    }
}

fn datagram(seq: u32, due: Time, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + message.len());
    bytes.extend_from_slice(&seq.to_le_bytes());
    bytes.extend_from_slice(&due.0.to_le_bytes());
    bytes.extend_from_slice(message);
    assert!(bytes.len() <= DATAGRAM_MAX, "a message of {} bytes is larger than a datagram", message.len());
    bytes
}

/// The software of one host.
async fn host<M: Model>(shared: Rc<Shared<M>>, id: NodeId) -> turmoil::Result {
    let socket = UdpSocket::bind(("0.0.0.0", PORT)).await?;
    loop {
        shared.receive(id, &socket);
        shared.resend(id, &socket);
        shared.serve(id, &socket);
        tokio::select! {
            biased;
            ready = socket.readable() => ready?,
            () = shared.desks[id.index()].notify.notified() => {}
        }
    }
}

impl<M: Model> Shared<M> {
    /// Drains the socket: also of a paused process, whose kernel goes on receiving.
    fn receive(&self, id: NodeId, socket: &UdpSocket) {
        let mut buffer = self.buffer.borrow_mut();
        while let Ok((length, from)) = socket.try_recv_from(&mut buffer) {
            let sender = self.addresses.borrow().iter().position(|address| *address == from.ip());
            let from = NodeId(sender.expect("only hosts of the run send") as u8);
            let seq = u32::from_le_bytes(buffer[..4].try_into().expect("a header"));
            let due = Time(u64::from_le_bytes(buffer[4..HEADER].try_into().expect("a header")));
            if due == Time::NEVER {
                continue;
            }
            let world = self.world.borrow();
            let desk = &self.desks[id.index()];
            let item = world.item(due, id, due, crate::queue::Kind::Net, from, seq, What::Net);
            desk.heap.borrow_mut().push(item);
            desk.parked.borrow_mut().insert((from, seq), buffer[HEADER..length].to_vec());
        }
    }

    fn resend(&self, id: NodeId, socket: &UdpSocket) {
        for item in self.desks[id.index()].resend.take() {
            let seq = item.key.seq();
            let bytes = self.world.borrow_mut().stalled_bytes(id, item.node, seq);
            if let Some(bytes) = bytes {
                self.crossing.set(self.crossing.get().min(item.key.at()));
                self.transmit(socket, item.node, &datagram(seq, item.key.at(), &bytes));
            }
        }
    }

    fn transmit(&self, socket: &UdpSocket, to: NodeId, bytes: &[u8]) {
        let address = SocketAddr::new(self.addresses.borrow()[to.index()], PORT);
        if let Err(error) = socket.try_send_to(bytes, address) {
            self.failure.borrow_mut().get_or_insert(format!("a datagram could not be sent: {error}"));
        }
    }

    /// Handles everything that is due at the node now.
    fn serve(&self, id: NodeId, socket: &UdpSocket) {
        let mut outgoing = Outgoing { desks: &self.desks, datagrams: Vec::new(), crossing: &self.crossing };
        let desk = &self.desks[id.index()];
        loop {
            let mut world = self.world.borrow_mut();
            let now = world.now;
            if world.is_paused(id) || desk.heap.borrow().peek().is_none_or(|item| item.key.at() > now) {
                break;
            }
            let item = desk.heap.borrow_mut().pop().expect("just seen");
            let wire = match item.what {
                What::Net if world.awaits(item) => {
                    desk.parked.borrow_mut().remove(&(item.key.sender(), item.key.seq()))
                }
                _ => None,
            };
            let message = wire.map(|bytes| postcard::from_bytes(&bytes).expect("what was encoded can be decoded"));
            world.handle(item, message, &mut outgoing);
        }
        for (to, bytes) in outgoing.datagrams {
            self.transmit(socket, to, &bytes);
        }
    }

    /// When something is due next at any node.
    fn next_due(&self, world: &World<M>) -> Time {
        let mut next = self.crossing.get();
        for (index, desk) in self.desks.iter().enumerate() {
            if !world.is_paused(NodeId(index as u8)) {
                next = next.min(desk.heap.borrow().peek().map_or(Time::NEVER, |item| item.key.at()));
            }
        }
        next
    }
}

struct Reference<'s, M: Model> {
    sim: turmoil::Sim<'s>,
    steps: u64,
    shared: Rc<Shared<M>>,
    topology: Arc<Topology>,
}

impl<M: Model> Reference<'_, M> {
    fn new(model: &Arc<M>, job: &Job<'_>, bench: Bench) -> Self {
        let world = World::new(model, job, bench);
        let topology = Arc::clone(&world.topology);
        let mut builder = turmoil::Builder::new();
        builder
            .tick_duration(STEP)
            .min_message_latency(STEP)
            .max_message_latency(STEP)
            .fail_rate(0.0)
            .udp_capacity(SOCKET_CAPACITY)
            .rng_seed(job.seed.0)
            .simulation_duration(Duration::from_secs(u64::from(u32::MAX)));
        if bench.node_order.is_some() {
            builder.enable_random_order();
        }
        let mut sim = builder.build();
        let shared = Rc::new(Shared {
            desks: topology.ids().map(|_| Desk::default()).collect(),
            world: RefCell::new(world),
            addresses: RefCell::new(Vec::new()),
            crossing: Cell::new(Time::NEVER),
            failure: RefCell::new(None),
            buffer: RefCell::new(vec![0; DATAGRAM_MAX]),
        });
        for id in topology.ids() {
            let name = topology.name(id);
            let software = Rc::clone(&shared);
            sim.host(name, move || host(Rc::clone(&software), id));
            let address = sim.lookup(name);
            shared.addresses.borrow_mut().push(address);
            // Nothing runs until the world starts it.
            sim.crash(name);
        }
        Reference { sim, steps: 0, shared, topology }
    }

    fn take(&mut self, act: Act) {
        match act {
            Act::Crash(node) => {
                self.sim.crash(self.topology.name(node));
                let desk = &self.shared.desks[node.index()];
                desk.heap.borrow_mut().clear();
                desk.parked.borrow_mut().clear();
                desk.resend.borrow_mut().clear();
            }
            Act::Bounce(node) => self.sim.bounce(self.topology.name(node)),
            Act::Queue(item) => self.shared.desks[item.node.index()].heap.borrow_mut().push(item),
            Act::Resend { from, item } => {
                let desk = &self.shared.desks[from.index()];
                desk.resend.borrow_mut().push(item);
                desk.notify.notify_one();
            }
            Act::Wake(_) => {}
            Act::Relink(a, b) => self.relink(a, b),
        }
    }

    /// turmoil keeps one state a direction, so both are set anew from the facts. Its hold is for both directions at
    /// once: a hold of one direction is left to the world alone.
    fn relink(&mut self, a: NodeId, b: NodeId) {
        let world = self.shared.world.borrow();
        let (there, back) = (*world.facts.link(a, b), *world.facts.link(b, a));
        drop(world);
        let (a, b) = (self.topology.name(a), self.topology.name(b));
        if there.held && back.held {
            self.sim.hold(a, b);
        } else {
            self.sim.release(a, b);
        }
        if there.cut {
            self.sim.partition_oneway(a, b);
        }
        if back.cut {
            self.sim.partition_oneway(b, a);
        }
    }

    /// One step of turmoil: one instant of the model. Left out when no host has anything to do, nor anything to
    /// receive that is due.
    fn step(&mut self, acted: bool) -> Result<(), SimError> {
        let world = self.shared.world.borrow();
        if !acted && self.shared.next_due(&world) > world.now {
            drop(world);
            return self.shared.world.borrow_mut().end_ms();
        }
        for (index, desk) in self.shared.desks.iter().enumerate() {
            let is_due = desk.heap.borrow().peek().is_some_and(|item| item.key.at() <= world.now);
            if is_due && !world.is_paused(NodeId(index as u8)) {
                desk.notify.notify_one();
            }
        }
        drop(world);
        self.shared.crossing.set(Time::NEVER);
        self.steps += 1;
        self.sim.step().map_err(|error| SimError::Engine(error.to_string()))?;
        if let Some(failure) = self.shared.failure.borrow_mut().take() {
            return Err(SimError::Engine(failure));
        }
        let mut world = self.shared.world.borrow_mut();
        match world.overdue() {
            Some(lost) => Err(SimError::Engine(lost)),
            None => world.end_ms(),
        }
    }
}

/// Runs one job.
///
/// # Errors
/// [`SimError`].
pub fn run<M: Model>(model: &Arc<M>, job: &Job<'_>, bench: Bench) -> Result<Recording, SimError> {
    run_counting(model, job, bench).map(|(recording, _)| recording)
}

/// Runs one job and counts the steps that turmoil took: each costs the same, whatever happens in it.
///
/// # Errors
/// [`SimError`].
pub fn run_counting<M: Model>(model: &Arc<M>, job: &Job<'_>, bench: Bench) -> Result<(Recording, u64), SimError> {
    let mut reference = Reference::new(model, job, bench);
    let mut acts = Vec::new();
    reference.shared.world.borrow_mut().open(&mut acts);
    loop {
        let acted = !acts.is_empty();
        for act in std::mem::take(&mut acts) {
            reference.take(act);
        }
        reference.step(acted)?;
        let mut world = reference.shared.world.borrow_mut();
        let instant = world.next_instant();
        let due = reference.shared.next_due(&world);
        if instant <= due {
            world.begin_ms(instant, &mut acts);
            if world.phases.is_over {
                break;
            }
        } else {
            world.now = due;
        }
    }
    let Reference { sim, shared, steps, .. } = reference;
    drop(sim);
    let shared = Rc::into_inner(shared).expect("every host is gone with its simulation");
    Ok((shared.world.into_inner().into_recording(), steps))
}

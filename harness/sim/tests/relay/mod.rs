//! A small broker for the tests of the simulator: one log, a leader that copies to whoever answers, clients that
//! retry. It promises nothing; it uses everything an actor can use.

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::actor::{Actor, Ctx, Event, Protocol, TimerId};
use ackproof_core::app::{AppCall, AppReply, Delivery, MsgId, Origin, Outcome, Reason};
use ackproof_core::disk::{CellId, Cut, FileId, SyncTarget};
use ackproof_core::model::{Actors, Disks, Inventory, Model};
use ackproof_core::node::{NodeId, NodeKind, Part, Topology};
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::setup::{AckMode, Setup};
use ackproof_core::time::Span;
use serde::{Deserialize, Serialize};

const LOG: FileId = FileId(0);
const TERM: CellId = CellId(0);
const ORIGIN: Origin = Origin(0);
const RESULTS: Origin = Origin(Origin::OUTPUT);
const BEAT: TimerId = TimerId(1);
const POLL: TimerId = TimerId(2);
const RETRY: u64 = 1000;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Message {
    Leader { leader: NodeId, term: u32 },
    Put { msg: MsgId },
    Stored { msg: MsgId },
    Copy { position: u64, msg: MsgId },
    Copied { position: u64 },
    Poll { from: u64 },
    Batch { from: u64, messages: Vec<MsgId> },
    Unknown,
}

#[derive(Debug)]
pub struct Relay {
    topology: Topology,
    transactional: bool,
    /// Whether the late consumer finds a result of every message.
    results: bool,
}

impl Protocol for Relay {
    type Message = Message;
    type Record = MsgId;
    type Cell = u32;
}

impl Relay {
    pub fn new(setup: &Setup) -> Relay {
        let mut topology = Topology::default();
        for broker in 0..setup.cluster.brokers {
            topology.add(format!("b{}", broker + 1), NodeKind::Broker, setup.cluster.rack(broker));
        }
        topology.add("ctl1", NodeKind::Controller, None);
        for producer in 0..setup.workload.producers {
            topology.add(format!("p{}", producer + 1), NodeKind::Producer, None);
        }
        for consumer in 0..setup.workload.consumers {
            topology.add(format!("c{}", consumer + 1), NodeKind::Consumer, None);
        }
        topology.add("audit", NodeKind::Auditor, None);
        let transactional = setup.app.producer.transaction.is_some();
        let results = setup.app.consumer.ack == Some(AckMode::InTransaction);
        Relay { topology, transactional, results }
    }
}

#[derive(Debug)]
pub enum Role {
    Broker { leader: bool, term: u32, peers: Vec<NodeId>, waiting: BTreeMap<u64, (NodeId, MsgId, u32)> },
    Controller { brokers: Vec<NodeId>, all: Vec<NodeId>, leader: usize, term: u32 },
    Producer { leader: Option<NodeId>, waiting: BTreeMap<MsgId, u32>, transaction: Option<Open> },
    Consumer { leader: Option<NodeId>, position: u64, caught_up: bool, seen: BTreeSet<MsgId>, results: bool },
}

/// A transaction as this broker has it: the client keeps outcomes to itself until the end, and puts nothing right.
#[derive(Debug, Default)]
pub struct Open {
    known: BTreeMap<MsgId, Outcome>,
    ended: Option<bool>,
}

impl Open {
    /// Tells the application when everything is known and the end was asked for.
    fn close(&mut self, ctx: &mut Ctx<'_, Relay>) {
        let Some(commit) = self.ended.take() else { return };
        let succeeded = self.known.values().all(|outcome| *outcome == Outcome::Acked);
        for (msg, outcome) in std::mem::take(&mut self.known) {
            let is_unknown = matches!(outcome, Outcome::Unknown(_));
            let outcome = if is_unknown || commit && succeeded { outcome } else { Outcome::Aborted };
            ctx.tell(AppReply::Told { msg, outcome });
        }
    }
}

/// A send came to its end.
fn settle(ctx: &mut Ctx<'_, Relay>, transaction: &mut Option<Open>, is_last: bool, msg: MsgId, outcome: Outcome) {
    match transaction {
        None => ctx.tell(AppReply::Told { msg, outcome }),
        Some(open) => {
            open.known.insert(msg, outcome);
            if is_last {
                open.close(ctx);
            }
        }
    }
}

impl Actor<Relay> for Role {
    fn on(&mut self, ctx: &mut Ctx<'_, Relay>, event: Event<Message>) {
        match self {
            Role::Broker { .. } => self.broker(ctx, event),
            Role::Controller { brokers, all, leader, term } => match event {
                Event::Start | Event::Timer(_) => {
                    if let (Event::Start, Some(old)) = (&event, ctx.disk.load(TERM)) {
                        *term = *old + 1;
                    }
                    ctx.set_timer(BEAT, Span(400));
                    announce(ctx, all, brokers[*leader], *term);
                }
                Event::MoveLeader { to, .. } => {
                    *leader = to.and_then(|to| brokers.iter().position(|b| *b == to)).unwrap_or(0);
                    *term += 1;
                    let _ = ctx.disk.store(TERM, *term);
                    ctx.sync(SyncTarget::Cell(TERM));
                    let (leader, term) = (Some(brokers[*leader]), *term);
                    ctx.observe(Probe::LeaderElected, || Observation::LeaderElected {
                        origin: ORIGIN,
                        leader,
                        epoch: term,
                        clean: false,
                    });
                    announce(ctx, all, leader.expect("just chosen"), term);
                }
                _ => {}
            },
            Role::Producer { leader, waiting, transaction } => match event {
                Event::App(AppCall::EndTransaction { commit }) => {
                    let open = transaction.as_mut().expect("only who uses transactions ends one");
                    assert!(open.ended.is_none(), "a transaction is ended twice");
                    open.ended = Some(commit);
                    if waiting.is_empty() {
                        open.close(ctx);
                    }
                }
                Event::App(AppCall::Send { msg, .. }) => {
                    waiting.insert(msg, 0);
                    attempt(ctx, *leader, msg);
                }
                Event::Timer(TimerId(id)) => {
                    let msg = MsgId::new(((id - RETRY) >> 24) as u8, (id - RETRY) as u32 & 0xff_ffff);
                    let Some(tries) = waiting.get_mut(&msg) else { return };
                    *tries += 1;
                    if *tries > 8 {
                        waiting.remove(&msg);
                        let outcome = Outcome::Unknown(Reason::new("TIMED_OUT"));
                        settle(ctx, transaction, waiting.is_empty(), msg, outcome);
                    } else {
                        if let (Some(peer), true) = (*leader, *tries % 3 == 0) {
                            ctx.close(peer);
                        }
                        attempt(ctx, *leader, msg);
                    }
                }
                Event::Message { body: Message::Stored { msg }, .. } if waiting.remove(&msg).is_some() => {
                    ctx.cancel_timer(timer_of(msg));
                    settle(ctx, transaction, waiting.is_empty(), msg, Outcome::Acked);
                }
                Event::Message { body: Message::Leader { leader: new, .. }, .. } => *leader = Some(new),
                Event::Stop => ctx.exit("stopped"),
                _ => {}
            },
            Role::Consumer { leader, position, caught_up, seen, results } => match event {
                Event::Start | Event::Timer(_) => {
                    let wait = Span(15 + ctx.random.between(0, 10));
                    ctx.set_timer(POLL, wait);
                    if let Some(leader) = *leader {
                        ctx.send(leader, Message::Poll { from: *position });
                    }
                }
                Event::Message { body: Message::Leader { leader: new, .. }, .. } => *leader = Some(new),
                Event::Message { body: Message::Batch { from, messages }, .. } if from == *position => {
                    *caught_up = messages.is_empty();
                    for msg in messages {
                        let offset = *position;
                        *position += 1;
                        if seen.insert(msg) {
                            ctx.tell(AppReply::Deliver(Delivery { msg, origin: ORIGIN, offset }));
                            if *results {
                                ctx.tell(AppReply::Deliver(Delivery { msg, origin: RESULTS, offset }));
                            }
                        }
                    }
                }
                _ => {}
            },
        }
    }
}

impl Role {
    fn broker(&mut self, ctx: &mut Ctx<'_, Relay>, event: Event<Message>) {
        let Role::Broker { leader, term, peers, waiting } = self else { unreachable!("only brokers come here") };
        match event {
            Event::Start => ctx.set_timer(BEAT, Span(1000)),
            Event::Timer(_) => {
                ctx.set_timer(BEAT, Span(1000));
                ctx.sync(SyncTarget::File(LOG));
            }
            Event::Synced { result: Err(_), .. } => ctx.exit("the disk failed"),
            Event::Synced { result: Ok(()), .. } => {
                let upto = ctx.disk.durable(LOG);
                ctx.observe(Probe::Synced, || Observation::Synced { origin: ORIGIN, upto });
            }
            Event::Stop => ctx.exit("stopped"),
            Event::Message { body: Message::Leader { leader: new, term: newer }, .. } if newer >= *term => {
                *term = newer;
                *leader = new == ctx.node;
            }
            Event::Message { from, body: Message::Put { msg } } => {
                if !*leader {
                    ctx.close(from);
                    return;
                }
                let Ok(position) = ctx.disk.append(LOG, msg) else { return ctx.exit("the disk is full") };
                let epoch = *term;
                ctx.observe(Probe::Appended, || Observation::Appended { origin: ORIGIN, offset: position, epoch, msg });
                waiting.insert(position, (from, msg, 0));
                for &peer in peers.iter() {
                    ctx.send(peer, Message::Copy { position, msg });
                }
            }
            Event::Message { from, body: Message::Copy { position, msg } } => {
                ctx.disk.truncate(LOG, position);
                if ctx.disk.len(LOG) < position {
                    return ctx.send(from, Message::Unknown);
                }
                let Ok(position) = ctx.disk.append(LOG, msg) else { return ctx.exit("the disk is full") };
                let epoch = *term;
                ctx.observe(Probe::Replicated, || Observation::Replicated {
                    origin: ORIGIN,
                    offset: position,
                    epoch,
                    msg,
                });
                ctx.send(from, Message::Copied { position });
            }
            Event::Message { body: Message::Copied { position }, .. } => {
                if let Some((from, msg, _)) = waiting.remove(&position) {
                    ctx.send(from, Message::Stored { msg });
                }
            }
            Event::Message { from, body: Message::Poll { from: position } } => {
                let messages = ctx.disk.tail(LOG, position).iter().take(50).copied().collect();
                ctx.send(from, Message::Batch { from: position, messages });
            }
            _ => {}
        }
    }
}

fn announce(ctx: &mut Ctx<'_, Relay>, all: &[NodeId], leader: NodeId, term: u32) {
    for &node in all {
        ctx.send(node, Message::Leader { leader, term });
    }
}

fn timer_of(msg: MsgId) -> TimerId {
    TimerId(RETRY + (u64::from(msg.producer()) << 24 | u64::from(msg.sequence())))
}

fn attempt(ctx: &mut Ctx<'_, Relay>, leader: Option<NodeId>, msg: MsgId) {
    ctx.set_timer(timer_of(msg), Span(150));
    if let Some(leader) = leader {
        ctx.send(leader, Message::Put { msg });
    }
}

impl Model for Relay {
    type Actor = Role;

    fn topology(&self) -> &Topology {
        &self.topology
    }

    fn process(&self, node: NodeId) -> Role {
        let brokers = self.topology.of_kind(NodeKind::Broker);
        match self.topology.get(node).kind {
            NodeKind::Broker | NodeKind::Nameserver => Role::Broker {
                leader: false,
                term: 0,
                peers: brokers.into_iter().filter(|broker| *broker != node).collect(),
                waiting: BTreeMap::new(),
            },
            NodeKind::Controller => Role::Controller {
                brokers,
                all: self.topology.ids().filter(|other| *other != node).collect(),
                leader: 0,
                term: 1,
            },
            NodeKind::Producer => {
                let transaction = self.transactional.then(Open::default);
                Role::Producer { leader: None, waiting: BTreeMap::new(), transaction }
            }
            kind @ (NodeKind::Consumer | NodeKind::Auditor) => {
                let results = self.results && kind == NodeKind::Auditor;
                Role::Consumer { leader: None, position: 0, caught_up: false, seen: BTreeSet::new(), results }
            }
        }
    }

    fn cast(&self, part: Part, _of: u16, actors: &Actors<'_, Self>) -> Vec<NodeId> {
        let brokers = self.topology.of_kind(NodeKind::Broker);
        let controller = actors.iter().find_map(|(_, actor)| match actor {
            Role::Controller { brokers, leader, .. } => Some(brokers[*leader]),
            _ => None,
        });
        match part {
            Part::Leader | Part::Master | Part::Coordinator => controller.into_iter().collect(),
            Part::Isr => brokers,
            Part::OutOfIsr => Vec::new(),
            _ => brokers.into_iter().filter(|broker| Some(*broker) != controller).collect(),
        }
    }

    fn is_ready(&self, actors: &Actors<'_, Self>) -> bool {
        actors.iter().all(|(_, actor)| match actor {
            Role::Producer { leader, .. } => leader.is_some(),
            _ => true,
        })
    }

    fn is_quiet(&self, actors: &Actors<'_, Self>) -> bool {
        actors.iter().all(|(_, actor)| match actor {
            Role::Producer { waiting, .. } => waiting.is_empty(),
            Role::Consumer { caught_up, .. } => *caught_up,
            _ => true,
        })
    }

    fn is_audited(&self, actors: &Actors<'_, Self>) -> bool {
        let audit = self.topology.find("audit").expect("there is one");
        matches!(actors.get(audit), Some(Role::Consumer { caught_up: true, .. }))
    }

    fn inventory(&self, actors: &Actors<'_, Self>, _disks: &Disks<'_, Self>) -> Vec<Inventory> {
        let origins = if self.results { vec![ORIGIN, RESULTS] } else { vec![ORIGIN] };
        let complete = self.is_audited(actors);
        let inventory = |origin| Inventory { origin, complete, progress: 0, stranded: Vec::new() };
        origins.into_iter().map(inventory).collect()
    }

    fn cuts(&self, _: NodeId, cut: Cut, _: &[Self::Record]) -> Vec<(Origin, Cut)> {
        if cut.file == LOG { vec![(ORIGIN, cut)] } else { Vec::new() }
    }
}

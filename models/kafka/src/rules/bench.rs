//! A small deterministic world for the tests of this crate: a clock, a network that takes a millisecond, disks that
//! take two for a sync. Brokers and the controller run; clients are played by the test, which sends what it likes in
//! their name and reads what they are sent.

mod clients;
mod faults;
pub mod members;
pub mod transactions;

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::actor::{Actor, Ctx, Effect, Event, TimerId, WALL_CLOCK_START};
use ackproof_core::app::{AppReply, Origin};
use ackproof_core::disk::{Disk, DiskError, SyncTarget};
use ackproof_core::model::{Actors, Model};
use ackproof_core::node::{Incarnation, NodeId};
use ackproof_core::observe::{Observation, Probes};
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::{Setup, Transaction};
use ackproof_core::time::{Offset as ClockOffset, Span, Time};

use crate::broker::{Broker, Replica};
use crate::cell::Cell;
use crate::config::Config;
use crate::controller::Controller;
use crate::message::{Message, Payload, Record};
use crate::metadata::{BrokerEpoch, Image, NodeSet, Partition};
use crate::model::{Kafka, KafkaActor};
use crate::producer::Producer;
use crate::topic::{Index, Layout};
use crate::transaction::Isolation;

pub const B1: NodeId = NodeId(0);
pub const B2: NodeId = NodeId(1);
pub const B3: NodeId = NodeId(2);
pub const CTL: NodeId = NodeId(3);
pub const P1: NodeId = NodeId(4);
pub const C1: NodeId = NodeId(5);
/// The partition that tests write to: b1 is its preferred leader.
pub const P0: Origin = Origin(0);

pub const ELR_OFF: &str = "broker.eligible.leader.replicas.version=0";

const LATENCY: Span = Span(1);
const SYNC: Span = Span(2);

enum Item {
    Message { from: NodeId, to: NodeId, to_incarnation: Incarnation, body: Message },
    Closed { node: NodeId, incarnation: Incarnation, peer: NodeId },
    Timer { node: NodeId, incarnation: Incarnation, id: TimerId, set: u64 },
    Synced { node: NodeId, incarnation: Incarnation, target: SyncTarget, result: Result<(), DiskError> },
}

pub struct Bench {
    pub kafka: Kafka,
    pub now: Time,
    actors: Vec<Option<KafkaActor>>,
    disks: Vec<Disk<Record, Cell>>,
    incarnations: Vec<Incarnation>,
    clocks: Vec<ClockOffset>,
    streams: Vec<Stream>,
    queue: BTreeMap<(Time, u64), Item>,
    timers: BTreeMap<(NodeId, TimerId), u64>,
    sequence: u64,
    cut: BTreeSet<(NodeId, NodeId)>,
    dark: BTreeSet<NodeId>,
    /// How long a sync takes.
    syncs: Vec<Span>,
    next_correlation: u32,
    /// Of what is read as c1.
    pub isolation: Isolation,
    /// What this node is sent goes to the inbox instead.
    intercept: Option<NodeId>,
    /// What clients were sent, oldest first.
    pub inbox: Vec<(NodeId, Message)>,
    pub closed: Vec<NodeId>,
    /// Who closed a connection, and with whom.
    pub hung_up: Vec<(NodeId, NodeId)>,
    pub seen: Vec<(NodeId, Observation)>,
    /// What a producer that a test has started told its application.
    pub told: Vec<AppReply>,
}

/// Settings of a test, over the defaults of a version: `topic.min.insync.replicas=2`.
fn config(version: &str, settings: &[&str], setup: &Setup) -> Config {
    let versions = crate::release::VERSIONS;
    let mut effective = Effective::defaults(version, "java", versions, &crate::settings::SETTINGS);
    let defaults = ["topic.partitions=1", "topic.replication.factor=3"];
    for setting in defaults.iter().chain(settings) {
        let (name, value) = setting.split_once('=').expect("name=value");
        let (section, key) = name.split_once('.').expect("section.key");
        effective.set(SettingName::new(section, key), value, ValueSource::Matrix);
    }
    Config::from_effective(&effective, setup)
}

impl Bench {
    /// Three brokers that have just been started, with the newest version's defaults and `settings`.
    pub fn new(settings: &[&str]) -> Bench {
        Bench::version("4.1", settings)
    }

    /// Producers with a transactional id send in transactions.
    pub fn version(version: &str, settings: &[&str]) -> Bench {
        let mut setup = Setup::default();
        let has_id = settings.iter().any(|setting| setting.starts_with("producer.transactional.id="));
        setup.app.producer.transaction = has_id.then_some(Transaction::of(1, 0.0));
        Bench::with(version, settings, &setup)
    }

    pub fn with(version: &str, settings: &[&str], setup: &Setup) -> Bench {
        let kafka = Kafka::new(config(version, settings, setup), crate::describe::topology(setup));
        let nodes = kafka.topology().len();
        let mut bench = Bench {
            kafka,
            now: Time::ZERO,
            actors: (0..nodes).map(|_| None).collect(),
            disks: (0..nodes).map(|_| Disk::new(None, Span::ZERO)).collect(),
            incarnations: vec![Incarnation(0); nodes],
            clocks: vec![ClockOffset(0); nodes],
            streams: (0..nodes).map(|node| Seed(7).stream(&format!("model/{node}"))).collect(),
            queue: BTreeMap::new(),
            timers: BTreeMap::new(),
            sequence: 0,
            cut: BTreeSet::new(),
            dark: BTreeSet::new(),
            syncs: vec![SYNC; nodes],
            next_correlation: 0,
            isolation: Isolation::ReadUncommitted,
            intercept: None,
            inbox: Vec::new(),
            closed: Vec::new(),
            hung_up: Vec::new(),
            seen: Vec::new(),
            told: Vec::new(),
        };
        for node in [CTL, B1, B2, B3] {
            bench.start(node);
        }
        bench
    }

    /// Three brokers that lead and follow, with nothing in their logs.
    pub fn formed(settings: &[&str]) -> Bench {
        Bench::formed_in("4.1", settings)
    }

    pub fn formed_in(version: &str, settings: &[&str]) -> Bench {
        let mut bench = Bench::version(version, settings);
        bench.run(Span::secs(1));
        assert_eq!(bench.partition().isr, set(&[B1, B2, B3]), "the cluster has formed");
        assert_eq!(bench.partition().leader, Some(B1));
        bench.seen.clear();
        bench
    }

    // Time.

    pub fn run(&mut self, span: Span) {
        let end = self.now + span;
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= end) {
            let ((at, _), item) = entry.remove_entry();
            self.now = at;
            self.happen(item);
        }
        self.now = end;
    }

    /// Runs until `done`, at most for `limit`.
    pub fn run_until(&mut self, limit: Span, mut done: impl FnMut(&Bench) -> bool) {
        let end = self.now + limit;
        while !done(self) {
            assert!(self.now < end, "not so within {limit}");
            self.run(Span(1));
        }
    }

    fn push(&mut self, after: Span, item: Item) {
        self.sequence += 1;
        self.queue.insert((self.now + after.max(Span(1)), self.sequence), item);
    }

    fn happen(&mut self, item: Item) {
        match item {
            Item::Message { from, to, to_incarnation, body } => {
                if self.incarnations[to.index()] != to_incarnation || self.cut.contains(&(from, to)) {
                    return;
                }
                match self.actors[to.index()] {
                    Some(_) => self.handle(to, Event::Message { from, body }),
                    None if to.0 > CTL.0 => self.inbox.push((to, body)),
                    None if self.dark.contains(&to) => {}
                    None => self.close(from, to),
                }
            }
            Item::Closed { node, incarnation, peer } if self.incarnations[node.index()] == incarnation => {
                match self.actors[node.index()] {
                    None if node.0 > CTL.0 => self.closed.push(node),
                    Some(_) | None => self.handle(node, Event::Closed { peer }),
                }
            }
            Item::Timer { node, incarnation, id, set }
                if self.incarnations[node.index()] == incarnation && self.timers.get(&(node, id)) == Some(&set) =>
            {
                self.handle(node, Event::Timer(id));
            }
            Item::Synced { node, incarnation, target, result } if self.incarnations[node.index()] == incarnation => {
                self.handle(node, Event::Synced { target, result });
            }
            Item::Closed { .. } | Item::Timer { .. } | Item::Synced { .. } => {}
        }
    }

    pub fn handle(&mut self, node: NodeId, event: Event<Message>) {
        let Some(mut actor) = self.actors[node.index()].take() else { return };
        let mut effects = Vec::new();
        let index = node.index();
        self.disks[index].settle(self.now);
        let mut ctx = Ctx::new(
            node,
            self.incarnations[index],
            self.now,
            self.clocks[index],
            Probes::ALL,
            &mut self.disks[index],
            &mut self.streams[index],
            &mut effects,
        );
        actor.on(&mut ctx, event);
        self.actors[index] = Some(actor);
        for effect in effects {
            self.take_effect(node, effect);
        }
    }

    fn take_effect(&mut self, node: NodeId, effect: Effect<Message>) {
        let incarnation = self.incarnations[node.index()];
        match effect {
            Effect::Send { to, body } if self.intercept == Some(to) => self.inbox.push((to, body)),
            Effect::Send { to, body } => {
                let to_incarnation = self.incarnations[to.index()];
                if !self.cut.contains(&(node, to)) {
                    self.push(LATENCY, Item::Message { from: node, to, to_incarnation, body });
                }
            }
            Effect::Close { peer } => {
                self.hung_up.push((node, peer));
                self.close(peer, node);
            }
            Effect::SetTimer { id, after } => {
                self.timers.insert((node, id), self.sequence + 1);
                self.push(after, Item::Timer { node, incarnation, id, set: self.sequence + 1 });
            }
            Effect::CancelTimer { id } => {
                self.timers.remove(&(node, id));
            }
            Effect::Sync { target } => {
                let takes = self.syncs[node.index()];
                let result = self.disks[node.index()].begin_sync(target, self.now + takes);
                self.push(takes, Item::Synced { node, incarnation, target, result });
            }
            Effect::Observe(observation) => self.seen.push((node, observation)),
            Effect::Exit { why: _ } => self.kill(node),
            Effect::App(reply) => self.told.push(reply),
        }
    }

    fn close(&mut self, node: NodeId, peer: NodeId) {
        let incarnation = self.incarnations[node.index()];
        self.push(LATENCY, Item::Closed { node, incarnation, peer });
    }

    // Faults.

    pub fn start(&mut self, node: NodeId) {
        assert!(self.actors[node.index()].is_none());
        self.dark.remove(&node);
        self.incarnations[node.index()].0 += 1;
        self.actors[node.index()] = Some(self.kafka.process(node));
        self.handle(node, Event::Start);
    }
    pub fn is_up(&self, node: NodeId) -> bool {
        self.actors[node.index()].is_some()
    }
    pub fn move_leader(&mut self, to: Option<NodeId>) {
        self.handle(CTL, Event::MoveLeader { origin: P0, to });
    }
    pub fn wall_clock(&self, node: NodeId) -> Time {
        Time((WALL_CLOCK_START.0 + self.now.0).saturating_add_signed(self.clocks[node.index()].0))
    }
    pub fn stop(&mut self, node: NodeId) {
        self.handle(node, Event::Stop);
    }

    // What is so.

    pub fn broker(&self, node: NodeId) -> &Broker {
        match &self.actors[node.index()] {
            Some(KafkaActor::Broker(broker)) => broker,
            _ => panic!("{node:?} runs no broker"),
        }
    }
    pub fn producer(&self) -> &Producer {
        match &self.actors[P1.index()] {
            Some(KafkaActor::Producer(producer)) => producer,
            _ => panic!("p1 is down"),
        }
    }
    pub fn controller(&self) -> &Controller {
        match &self.actors[CTL.index()] {
            Some(KafkaActor::Controller(controller)) => controller,
            _ => panic!("the controller is down"),
        }
    }
    pub fn image(&self) -> &Image {
        self.controller().committed()
    }
    pub fn partition(&self) -> Partition {
        *self.image().partition(P0).expect("the topic exists")
    }
    pub fn replica(&self, node: NodeId) -> &Replica {
        self.broker(node).replica(Index(0)).expect("every broker has a copy")
    }
    pub fn leads(&self, node: NodeId) -> bool {
        self.replica(node).leads()
    }
    /// Of `__consumer_offsets`, broker by broker.
    pub fn log_ends_of_offsets(&self) -> Vec<ackproof_log::Offset> {
        let index = self.kafka.layout().offsets();
        [B1, B2, B3].into_iter().filter_map(|node| Some(self.broker(node).replica(index)?.end())).collect()
    }
    pub fn high_watermark(&self, node: NodeId) -> u64 {
        self.replica(node).high_watermark().0
    }
    /// The numbers of the messages in a broker's log, as its disk shows them, dead or alive.
    pub fn log(&self, node: NodeId) -> Vec<u32> {
        self.disks[node.index()].tail(Layout::file(Index(0)), 0).iter().filter_map(number).collect()
    }
    pub fn durable(&self, node: NodeId) -> u64 {
        let mut disk = self.disks[node.index()].clone();
        disk.settle(self.now);
        disk.durable(Layout::file(Index(0)))
    }
    /// The broker epoch in a broker's clean-shutdown marker.
    pub fn marker(&self, node: NodeId) -> Option<BrokerEpoch> {
        match self.disks[node.index()].load(crate::cell::CLEAN_SHUTDOWN) {
            Some(Cell::CleanShutdown(epoch)) => Some(*epoch),
            _ => None,
        }
    }
    pub fn is_fenced(&self, node: NodeId) -> bool {
        self.image().broker(node).is_none_or(|status| status.fenced)
    }
    pub fn actors(&self) -> Actors<'_, Kafka> {
        Actors(self.actors.iter().map(Option::as_ref).collect())
    }
    pub fn disks(&self) -> ackproof_core::model::Disks<'_, Kafka> {
        ackproof_core::model::Disks(self.disks.iter().map(Some).collect())
    }
    /// Whether a note with this text was made.
    pub fn was_noted(&self, words: &str) -> bool {
        self.seen.iter().any(|(_, seen)| matches!(seen, Observation::Noted { text } if text.contains(words)))
    }
    /// Everybody has heard what the controller decided, and followers have what their leader has.
    pub fn settle(&mut self) {
        self.run_until(Span::secs(120), |bench| {
            let up = || [B1, B2, B3].into_iter().filter(|&node| bench.is_up(node));
            let end = |node| bench.broker(node).replica(Index(0)).map(Replica::end);
            let is_in = |node: NodeId| {
                let status = bench.image().broker(node);
                status.is_some_and(|status| !status.fenced && status.incarnation == bench.incarnations[node.index()].0)
            };
            up().all(|node| is_in(node) && bench.partition().isr.contains(node))
                && up().all(|node| Some(end(node)) == up().next().map(end))
        });
    }
}

fn number(record: &Record) -> Option<u32> {
    match record.payload {
        Payload::Message(msg, _) => Some(msg.sequence()),
        Payload::Commit(_) | Payload::Group(_) | Payload::Marker(_) => None,
        Payload::Pending(_) | Payload::Transaction(_) | Payload::Enlisted(_) => None,
    }
}

pub fn set(nodes: &[NodeId]) -> NodeSet {
    nodes.iter().copied().collect()
}

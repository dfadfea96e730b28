//! One client alone, for tests: brokers are scripted, time passes when the test says so.

use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Effect, Event, WALL_CLOCK_START};
use ackproof_core::app::{AppCall, AppReply};
use ackproof_core::disk::Disk;
use ackproof_core::node::{Incarnation, NodeId, NodeKind};
use ackproof_core::observe::Probes;
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::Setup;
use ackproof_core::time::{Offset as ClockOffset, Span, Time};
use ackproof_log::Epoch;

use crate::config::Config;
use crate::describe::topology;
use crate::message::{Correlation, Message, MetadataIs};
use crate::metadata::{Image, MetadataVersion, NodeSet, Partition};
use crate::model::Kafka;
use crate::plan::Plan;
use crate::release::VERSIONS;
use crate::settings::{LIBRDKAFKA, LIBRDKAFKA_SETTINGS, SETTINGS};
use crate::topic::{Layout, Shape};

pub const B1: NodeId = NodeId(0);
pub const B2: NodeId = NodeId(1);
/// The client itself.
pub const P1: NodeId = NodeId(9);

/// Defaults of 4.1, three copies of one partition, and over them `section.key=value`.
pub fn plan(chosen: &[&str], setup: &Setup) -> Plan {
    plan_from(Effective::defaults("4.1", "java", VERSIONS, &SETTINGS), chosen, setup)
}
/// The same for clients that use librdkafka.
pub fn librdkafka_plan(chosen: &[&str], setup: &Setup) -> Plan {
    plan_from(Effective::defaults("4.1", LIBRDKAFKA, VERSIONS, &LIBRDKAFKA_SETTINGS), chosen, setup)
}

fn plan_from(mut effective: Effective, chosen: &[&str], setup: &Setup) -> Plan {
    effective.set(SettingName::new("topic", "replication.factor"), "3", ValueSource::Matrix);
    for text in chosen {
        let (name, value) = text.split_once('=').expect("section.key=value");
        let (section, key) = name.split_once('.').expect("section.key");
        effective.set(SettingName::new(section, key), value, ValueSource::Matrix);
    }
    let config = Config::from_effective(&effective, setup);
    let topology = topology(setup);
    let brokers = topology.of_kind(NodeKind::Broker);
    let layout = Layout::new(&config, brokers, topology.of_kind(NodeKind::Controller)[0]);
    Plan { config, topology, layout }
}

/// The state of a cluster in which these nodes lead the workload's partitions, and the last one
/// `__consumer_offsets`, in this epoch.
pub fn image(epoch: u32, leaders: &[Option<NodeId>]) -> Arc<Image> {
    let partition = |leader: &Option<NodeId>| Partition {
        leader: *leader,
        leader_epoch: Epoch(epoch),
        partition_epoch: Default::default(),
        isr: NodeSet::EMPTY,
        elr: NodeSet::EMPTY,
        last_known_leader: None,
    };
    let partitions: Vec<Partition> = leaders.iter().map(partition).collect();
    let shape = Shape { partitions: partitions.len() as u16 - 1, outputs: 0, has_transactions: false };
    Arc::new(Image { version: MetadataVersion(u64::from(epoch)), brokers: Vec::new(), shape, partitions })
}

pub struct Rig<A> {
    pub actor: A,
    now: Time,
    pub clock: ClockOffset,
    timer: Option<Time>,
    disk: Disk<crate::message::Record, <Kafka as ackproof_core::actor::Protocol>::Cell>,
    random: Stream,
    /// Sent and not looked at.
    pub sent: Vec<(NodeId, Message)>,
    /// Told to the application and not looked at.
    pub told: Vec<AppReply>,
    pub closed: Vec<NodeId>,
    pub exited: bool,
    /// How often the timer rang.
    pub rings: u32,
}

impl<A: Actor<Kafka>> Rig<A> {
    pub fn new(actor: A) -> Rig<A> {
        Rig {
            actor,
            now: Time(1000),
            clock: ClockOffset(0),
            timer: None,
            disk: Disk::new(None, Span::ZERO),
            random: Seed(1).stream("model/p1"),
            sent: Vec::new(),
            told: Vec::new(),
            closed: Vec::new(),
            exited: false,
            rings: 0,
        }
    }

    pub fn on(&mut self, event: Event<Message>) {
        let mut effects = Vec::new();
        let (now, clock) = (self.now, self.clock);
        let mut ctx =
            Ctx::new(P1, Incarnation(1), now, clock, Probes::NONE, &mut self.disk, &mut self.random, &mut effects);
        self.actor.on(&mut ctx, event);
        for effect in effects {
            match effect {
                Effect::Send { to, body } => self.sent.push((to, body)),
                Effect::Close { peer } => self.closed.push(peer),
                Effect::SetTimer { after, .. } => self.timer = Some(now + after.max(Span::ms(1))),
                Effect::CancelTimer { .. } => self.timer = None,
                Effect::App(reply) => self.told.push(reply),
                Effect::Exit { .. } => self.exited = true,
                Effect::Sync { .. } | Effect::Observe(_) => panic!("a client neither syncs nor observes"),
            }
        }
    }

    pub fn wall_clock(&self) -> Time {
        Time((WALL_CLOCK_START.0 + self.now.0).saturating_add_signed(self.clock.0))
    }

    /// Lets time pass; the timer rings when it is due.
    pub fn pass(&mut self, span: Span) {
        let until = self.now + span;
        while let Some(due) = self.timer.filter(|due| *due <= until) {
            self.now = due;
            self.timer = None;
            self.rings += 1;
            self.on(Event::Timer(super::WAKE));
        }
        self.now = until;
    }

    /// Lets time pass in which the process does nothing, as under SIGSTOP.
    pub fn pause(&mut self, span: Span) {
        self.now += span;
    }

    /// The timer rings, as the first thing after a pause.
    pub fn ring(&mut self) {
        self.timer = None;
        self.on(Event::Timer(super::WAKE));
    }

    pub fn reply(&mut self, from: NodeId, body: Message) {
        self.on(Event::Message { from, body });
    }
    #[cold]
    pub fn close(&mut self, peer: NodeId) {
        self.on(Event::Closed { peer });
    }
    pub fn app(&mut self, call: AppCall) {
        self.on(Event::App(call));
    }
    pub fn told(&mut self) -> Vec<AppReply> {
        std::mem::take(&mut self.told)
    }

    /// Answers every question for metadata that was not looked at, and lets others be.
    pub fn answer_metadata(&mut self, image: &Arc<Image>) {
        while let Some(place) = self.sent.iter().position(|(_, body)| matches!(body, Message::Metadata(_))) {
            let (to, body) = self.sent.remove(place);
            let Message::Metadata(asked) = body else { unreachable!() };
            self.reply(to, metadata(asked.correlation, image));
        }
    }

    /// The only message that was sent and not looked at; metadata apart.
    pub fn only_sent(&mut self) -> (NodeId, Message) {
        assert_eq!(self.others(), 1, "{:?}", self.sent);
        let place = self.sent.iter().position(|(_, body)| !matches!(body, Message::Metadata(_)));
        self.sent.remove(place.expect("counted"))
    }

    /// Whether nothing was sent but questions for metadata.
    pub fn is_silent(&self) -> bool {
        self.others() == 0
    }

    fn others(&self) -> usize {
        self.sent.iter().filter(|(_, body)| !matches!(body, Message::Metadata(_))).count()
    }
}

fn metadata(correlation: Correlation, image: &Arc<Image>) -> Message {
    Message::MetadataIs(MetadataIs { correlation, image: Arc::clone(image) })
}

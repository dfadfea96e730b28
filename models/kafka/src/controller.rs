//! The controller: it alone decides who is alive, who leads and who is in sync.
//!
//! One logical controller stands for the metadata quorum. What it decides is written to its disk and synced before
//! anybody hears of it; brokers hear of it when its message reaches them, and a broker that is cut off lives on in the
//! state it knew.
//!
//! Simplified: the quorum is one node that is never voted out. Gives up: elections of controllers, and clusters in
//! which a broker's machine takes a part of the quorum with it; what is seen is a controller that is there or not.
//! Simplified: the metadata log is one small file that holds the state it leads to. Gives up: nothing that a broker
//! can see, since it applies whole batches of changes too.

mod brokers;
mod cluster;
mod election;
mod eligible;
mod partitions;

use std::collections::VecDeque;
use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event, TimerId};
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_core::node::{Incarnation, NodeId};
use ackproof_core::observe::Observation;
use ackproof_core::time::{Span, Time};

use crate::cell::{CLUSTER, Cell};
use crate::message::Message;
use crate::metadata::{Image, MetadataVersion};
use crate::model::Kafka;
use crate::plan::Plan;

pub use cluster::Cluster;

const FENCE_STALE: TimerId = TimerId(0);
const REBALANCE: TimerId = TimerId(1);
const ELECT_UNCLEAN: TimerId = TimerId(2);

/// What the controller remembers of a broker without writing it down.
#[derive(Copy, Clone, Debug, Default)]
struct Session {
    /// `None`: no heartbeat in this registration, or the session ran out.
    last_contact: Option<Time>,
    /// When the broker last asked for anything, in this registration or before.
    last_heard: Option<Time>,
    /// The newest state the broker said it has applied.
    applied: MetadataVersion,
    /// The state that the others must have applied before the broker may shut down.
    shutdown_after: Option<MetadataVersion>,
}

/// The controller's process.
#[derive(Debug)]
pub struct Controller {
    plan: Arc<Plan>,
    /// As decided; what is on the disk may be older.
    cluster: Cluster,
    /// As published.
    committed: Arc<Image>,
    /// The write that is on its way to the platter.
    writing: Option<Arc<Cluster>>,
    sessions: Vec<Session>,
    /// Answers that wait for the state they speak of to be on the platter.
    held: VecDeque<(MetadataVersion, NodeId, Message)>,
    news: VecDeque<(MetadataVersion, Observation)>,
    stopping: bool,
}

impl Controller {
    pub fn new(plan: Arc<Plan>) -> Controller {
        let nodes = plan.topology.len();
        let cluster = Cluster::empty(nodes);
        Controller {
            committed: Arc::new(cluster.image.clone()),
            cluster,
            plan,
            writing: None,
            sessions: vec![Session::default(); nodes],
            held: VecDeque::new(),
            news: VecDeque::new(),
            stopping: false,
        }
    }

    /// The state as published.
    pub fn committed(&self) -> &Image {
        &self.committed
    }
    /// Who holds copies of a partition, the preferred leader first; empty before the topic exists.
    pub fn replicas(&self, index: crate::topic::Index) -> &[NodeId] {
        self.cluster.replicas.get(index.index()).map_or(&[], Vec::as_slice)
    }
    /// Whether every decision has been published.
    pub fn is_settled(&self) -> bool {
        self.cluster.image.version == self.committed.version
    }

    fn start(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        match ctx.disk.load(CLUSTER) {
            Some(Cell::Cluster(cluster)) => {
                self.cluster = (**cluster).clone();
                self.committed = Arc::new(self.cluster.image.clone());
            }
            Some(Cell::HighWatermarks(_) | Cell::LogStarts(_) | Cell::CleanShutdown(_)) => {
                unreachable!("a broker's file in {CLUSTER:?}")
            }
            None if ctx.incarnation > Incarnation(1) => {
                ctx.note(|| "the metadata log is gone; a controller does not start without one".into());
                ctx.exit("no metadata log");
                return;
            }
            None => self.decide(),
        }
        // A session cannot have survived: every broker that was alive gets a new one.
        // Source: `ClusterControlManager.activate`, metadata, 4.1.
        for (session, broker) in self.sessions.iter_mut().zip(&self.cluster.image.brokers) {
            session.last_contact = broker.filter(|broker| !broker.fenced).map(|_| ctx.now());
        }
        let config = &self.plan.config.broker;
        ctx.set_timer(FENCE_STALE, self.stale_check_interval());
        if let Some(interval) = config.leader_rebalance_interval {
            ctx.set_timer(REBALANCE, interval);
        }
        ctx.set_timer(ELECT_UNCLEAN, config.unclean_election_interval);
    }

    /// Source: `QuorumController.maybeFenceStaleBrokerPeriodNs`, metadata, 4.1.
    fn stale_check_interval(&self) -> Span {
        Span((self.plan.config.broker.session_timeout.0 / 8).max(1))
    }

    fn on_timer(&mut self, ctx: &mut Ctx<'_, Kafka>, id: TimerId) {
        let config = &self.plan.config.broker;
        match id {
            FENCE_STALE => {
                ctx.set_timer(FENCE_STALE, self.stale_check_interval());
                self.fence_stale_brokers(ctx);
            }
            REBALANCE => {
                if let Some(interval) = config.leader_rebalance_interval {
                    ctx.set_timer(REBALANCE, interval);
                }
                self.elect_preferred_leaders();
            }
            ELECT_UNCLEAN => {
                ctx.set_timer(ELECT_UNCLEAN, config.unclean_election_interval);
                self.elect_unclean_leaders();
            }
            TimerId(other) => unreachable!("the controller has no timer {other}"),
        }
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, message: Message) {
        match message {
            Message::Register(request) => self.register(ctx, from, &request),
            Message::Heartbeat(request) => self.heartbeat(ctx, from, &request),
            Message::AlterPartition(request) => self.alter_partition(ctx, from, &request),
            Message::Produce(_) | Message::Produced(_) | Message::Fetch(_) | Message::Fetched(_) => {}
            Message::Metadata(_) | Message::MetadataIs(_) | Message::ListOffsets(_) | Message::OffsetIs(_) => {}
            Message::EpochEndOf(_) | Message::EpochEndIs(_) | Message::OffsetCommit(_) => {}
            Message::OffsetCommitted(_) | Message::OffsetFetch(_) | Message::OffsetsAre(_) => {}
            Message::JoinGroup(_) | Message::GroupJoined(_) | Message::SyncGroup(_) | Message::GroupSynced(_) => {}
            Message::MemberHeartbeat(_) | Message::MemberHeartbeatIs(_) => {}
            Message::LeaveGroup(_) | Message::GroupLeft(_) => {}
            Message::GroupHeartbeat(_) | Message::GroupHeartbeatIs(_) => {}
            Message::Registered(_) | Message::HeartbeatIs(_) | Message::PartitionAltered(_) => {}
            Message::Publish(_) | Message::Transactional(_) => {}
        }
    }

    /// Notes that the state has changed. It counts from now on for every further decision, but nobody hears of it
    /// before it is on the platter.
    fn decide(&mut self) {
        self.cluster.image.version.0 += 1;
    }

    /// Answers once everything that the answer may speak of is on the platter.
    ///
    /// Source: `QuorumController.ControllerWriteEvent`, metadata, 4.1: replies wait in a deferred queue for the commit.
    fn reply(&mut self, ctx: &mut Ctx<'_, Kafka>, to: NodeId, message: Message) {
        match self.is_settled() {
            true => ctx.send(to, message),
            false => self.held.push_back((self.cluster.image.version, to, message)),
        }
    }

    fn tell(&mut self, observation: Observation) {
        self.news.push_back((self.cluster.image.version, observation));
    }

    /// Begins to write what was decided, unless a write is on its way: that one comes first.
    fn write(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.is_settled() || self.writing.is_some() {
            return;
        }
        let cluster = Arc::new(self.cluster.clone());
        match ctx.disk.store(CLUSTER, Cell::Cluster(Arc::clone(&cluster))) {
            Ok(()) => {
                self.writing = Some(cluster);
                ctx.sync(SyncTarget::Cell(CLUSTER));
            }
            Err(error) => Controller::fail(ctx, error),
        }
    }

    /// Source: `KafkaRaftClient` appends under a fatal fault handler: a controller that cannot write its log ends.
    fn fail(ctx: &mut Ctx<'_, Kafka>, error: DiskError) {
        ctx.note(|| format!("the metadata log cannot be written ({error}): the controller ends"));
        ctx.exit("the metadata log cannot be written");
    }

    fn on_written(&mut self, ctx: &mut Ctx<'_, Kafka>, result: Result<(), DiskError>) {
        let Some(cluster) = self.writing.take() else { return };
        if let Err(error) = result {
            return Controller::fail(ctx, error);
        }
        self.committed = Arc::new(cluster.image.clone());
        let version = self.committed.version;
        let told = self.news.partition_point(|(of, _)| *of <= version);
        for (_, observation) in self.news.drain(..told) {
            ctx.observe(observation.probe(), || observation);
        }
        for broker in self.plan.layout.brokers.iter().copied() {
            if self.committed.broker(broker).is_some() && self.hears(ctx.now(), broker) {
                ctx.send(broker, Message::Publish(Arc::clone(&self.committed)));
            }
        }
        let released = self.held.partition_point(|(of, _, _)| *of <= version);
        for (_, to, message) in self.held.drain(..released) {
            ctx.send(to, message);
        }
    }
}

impl Actor<Kafka> for Controller {
    #[cold]
    fn on(&mut self, ctx: &mut Ctx<'_, Kafka>, event: Event<Message>) {
        match event {
            Event::Start => self.start(ctx),
            Event::Timer(id) => self.on_timer(ctx, id),
            Event::Synced { target: _, result } => self.on_written(ctx, result),
            Event::Message { from, body } => self.on_message(ctx, from, body),
            Event::MoveLeader { origin, to } => self.move_leader(ctx, origin, to),
            Event::Stop => self.stopping = true,
            Event::Closed { peer: _ } | Event::App(_) => {}
        }
        self.write(ctx);
        if self.stopping && self.writing.is_none() {
            ctx.exit("stopped");
        }
    }
}

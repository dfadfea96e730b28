//! A broker: it holds replicas of partitions, leads some of them, and follows the others' leaders.
//!
//! What a broker does rests on the state of the cluster that it has applied, which may be older than the controller's:
//! a broker that is cut off goes on leading for whoever still talks to it.
//!
//! Simplified: a broker does one thing at a time and needs no time for it, apart from what disk and network take.
//! Gives up: overload.

mod checkpoint;
mod coordinator;
mod flush;
mod follower;
mod high_watermark;
mod isr;
mod leader;
mod lifecycle;
mod looks;
mod news;
mod parked;
mod producers;
mod reading;
mod replica;
mod requests;
mod retention;
mod stable;
mod timer;
mod transactions;
mod truncation;
mod writing;

use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;
use ackproof_log::Offset;

use crate::cell::CLEAN_SHUTDOWN;
use crate::error_code::ErrorCode;
use crate::message::{Correlation, Message, Produced, Record};
use crate::metadata::{BrokerEpoch, Image};
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::plan::Plan;
use crate::topic::Index;

use checkpoint::Checkpoints;
use coordinator::Coordinator;
pub use coordinator::progress_in;
use lifecycle::{Lifecycle, Stage};
pub use replica::Replica;
use timer::{Alarm, Timer};
use transactions::{Loopback, Transactions};

/// The controller and other brokers are asked again after this long when a connection could not be made or was lost,
/// or after an error that will pass.
/// Source: `AlterPartitionManager` and `NodeToControllerChannelManagerImpl` wait 50 ms, 4.1; here 100 ms.
const CONTROLLER_RETRY: Span = Span(100);

/// Nobody waits longer than this for the answer of a broker or the controller that is silent.
///
/// Simplified: stands for `socket.connection.setup.timeout.ms` (10 s) and for the request timeouts of 30 s. Asking
/// again early does no harm, since the requests in question may be repeated. Gives up: 20 s of waiting in vain on a
/// connection that a dark machine left behind.
const SILENCE: Span = Span::secs(10);

/// Source: `ServerLogConfigs.LOG_INITIAL_TASK_DELAY_MS_DEFAULT`, server-common, 4.1.
const LOG_TASKS_START_AFTER: Span = Span::secs(30);

/// What a replica needs to know of its broker.
pub(crate) struct Env<'a> {
    plan: &'a Plan,
    /// The state of the cluster as applied.
    view: &'a Image,
    broker_epoch: BrokerEpoch,
    correlation: &'a mut Correlation,
    /// For [`Timer::ProposeAgain`].
    proposals: &'a mut Alarm,
    /// No records, shared.
    nothing: &'a Arc<[Record]>,
    /// What this broker tells itself.
    inside: &'a mut Loopback,
}

/// A broker's process.
#[derive(Debug)]
pub struct Broker {
    plan: Arc<Plan>,
    lifecycle: Lifecycle,
    /// The state of the cluster as applied; nothing before the broker has caught up.
    view: Arc<Image>,
    /// By partition; `None` where this broker holds no copy.
    replicas: Vec<Option<Replica>>,
    coordinator: Coordinator,
    correlation: Correlation,
    proposals: Alarm,
    checkpoints: Checkpoints,
    nothing: Arc<[Record]>,
    /// `None` where there are no transactions.
    transactions: Option<Box<Transactions>>,
    loopback: Loopback,
}

impl Broker {
    pub fn new(plan: Arc<Plan>) -> Broker {
        Broker {
            lifecycle: Lifecycle::default(),
            view: Arc::default(),
            replicas: Vec::new(),
            coordinator: Coordinator::default(),
            correlation: Correlation::default(),
            proposals: Alarm::default(),
            checkpoints: Checkpoints::default(),
            nothing: Arc::from([]),
            transactions: plan.layout.transactions().map(|_| Box::new(Transactions::new(&plan))),
            loopback: Loopback::default(),
            plan,
        }
    }

    /// The state of the cluster as this broker has applied it.
    pub fn view(&self) -> &Image {
        &self.view
    }
    /// Its copy of a partition, once the process has started.
    pub fn replica(&self, index: Index) -> Option<&Replica> {
        self.replicas.get(index.index())?.as_ref()
    }

    /// A replica with what it needs to know.
    fn split(&mut self, index: Index) -> Option<(&mut Replica, Env<'_>)> {
        let replica = self.replicas.get_mut(index.index())?.as_mut()?;
        let env = Env {
            plan: &self.plan,
            view: &self.view,
            broker_epoch: self.lifecycle.epoch.unwrap_or_default(),
            correlation: &mut self.correlation,
            proposals: &mut self.proposals,
            nothing: &self.nothing,
            inside: &mut self.loopback,
        };
        Some((replica, env))
    }

    /// Every replica in turn.
    fn each(
        &mut self,
        mut act: impl FnMut(&mut Replica, &mut Env<'_>) -> Result<(), DiskError>,
    ) -> Result<(), DiskError> {
        for index in self.plan.layout.indices() {
            if let Some((replica, mut env)) = self.split(index) {
                act(replica, &mut env)?;
            }
        }
        Ok(())
    }

    /// The process begins: what the disk shows is all that is left. After a kill that is everything that was written;
    /// after a power loss the disk has cut the tails, and terms that have lost all their records are gone with them.
    /// The high watermark is the checkpoint's, and never beyond the end of the log.
    ///
    /// Simplified: recovery takes no time and always reads the whole log. Gives up: what
    /// `log.flush.offset.checkpoint.interval.ms` shortens.
    ///
    /// Source: `LogManager.loadLogs`, `Partition.createLog`, core, 4.1; `LogLoader.recoverLog`, storage, 4.1.
    #[cold]
    fn start(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.correlation = Correlation::start(ctx.incarnation);
        self.lifecycle.previous_epoch = checkpoint::clean_shutdown(ctx);
        if self.lifecycle.previous_epoch.is_some() {
            ctx.disk.remove(CLEAN_SHUTDOWN);
            ctx.sync(SyncTarget::Cell(CLEAN_SHUTDOWN));
        }
        let was_clean = self.lifecycle.previous_epoch.is_some();
        let layout = &self.plan.layout;
        self.checkpoints = Checkpoints::load(ctx, layout.indices().count());
        let node = ctx.node;
        let mut open = |index: Index| {
            let (limits, checkpoint) = (self.plan.topic(index).segments, self.checkpoints.of(index.index()));
            let expiry = self.plan.config.broker.producer_expiry;
            Replica::open(ctx, index, layout.origin(index), checkpoint, limits, (was_clean, expiry))
        };
        self.replicas =
            layout.indices().map(|index| layout.replicas(index).contains(&node).then(|| open(index))).collect();
        let config = &self.plan.config.broker;
        ctx.set_timer(Timer::CheckIsr.id(), Span((config.replica_lag_max.0 / 2).max(1)));
        ctx.set_timer(Timer::Checkpoint.id(), config.high_watermark_checkpoint_interval);
        if self.plan.layout.indices().any(|index| self.plan.topic(index).flush_interval.is_some()) {
            let after = if Rule::FlushMs.holds() { LOG_TASKS_START_AFTER } else { Span(100) };
            ctx.set_timer(Timer::FlushDirty.id(), after);
        }
        ctx.set_timer(Timer::DeleteOldSegments.id(), LOG_TASKS_START_AFTER);
        ctx.set_timer(Timer::CheckpointLogStarts.id(), LOG_TASKS_START_AFTER);
        self.start_transactions(ctx);
        self.communicate(ctx);
    }

    #[cold]
    fn on_timer(&mut self, ctx: &mut Ctx<'_, Kafka>, timer: Timer) -> Result<(), DiskError> {
        match timer {
            Timer::Communicate => {
                if self.lifecycle.waits() {
                    self.hang_up(ctx, self.plan.layout.controller)?;
                }
                self.communicate(ctx);
            }
            Timer::CheckIsr => {
                let interval = Span((self.plan.config.broker.replica_lag_max.0 / 2).max(1));
                ctx.set_timer(Timer::CheckIsr.id(), interval);
                self.each(|replica, env| {
                    replica.shrink_isr(ctx, env);
                    Ok(())
                })?;
            }
            Timer::Checkpoint => {
                ctx.set_timer(Timer::Checkpoint.id(), self.plan.config.broker.high_watermark_checkpoint_interval);
                self.checkpoint_high_watermarks(ctx)?;
            }
            Timer::FlushDirty => {
                let unscheduled = (!Rule::FlushMs.holds()).then_some(Span(100));
                if let Some(interval) = self.plan.config.broker.flush_scheduler_interval.or(unscheduled) {
                    ctx.set_timer(Timer::FlushDirty.id(), interval);
                }
                self.each(|replica, env| {
                    replica.flush_if_old(ctx, env);
                    Ok(())
                })?;
            }
            Timer::DeleteOldSegments => {
                ctx.set_timer(Timer::DeleteOldSegments.id(), self.plan.config.broker.retention_check_interval);
                self.each(|replica, env| {
                    replica.delete_old_segments(ctx, env);
                    Ok(())
                })?;
            }
            Timer::CheckpointLogStarts => {
                ctx.set_timer(Timer::CheckpointLogStarts.id(), self.plan.config.broker.log_start_checkpoint_interval);
                self.checkpoint_log_starts(ctx)?;
            }
            Timer::ProposeAgain => {
                self.proposals.fired();
                self.each(|replica, env| {
                    replica.propose_again(ctx, env);
                    Ok(())
                })?;
            }
            Timer::ExpireOffsets => self.expire_offsets(ctx)?,
            Timer::Group => self.on_group_timer(ctx),
            Timer::Parked(index) => {
                if let Some((replica, mut env)) = self.split(index) {
                    replica.expire_parked(ctx, &mut env);
                }
            }
            Timer::Follow(index) => {
                let silent = self.split(index).and_then(|(replica, mut env)| replica.follow_timer(ctx, &mut env));
                if let Some(leader) = silent {
                    self.hang_up(ctx, leader)?;
                }
            }
            Timer::AbortOld => self.abort_old_transactions(ctx)?,
            Timer::Transactions => self.transactions_timer(ctx)?,
        }
        Ok(())
    }

    fn on_synced(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        target: SyncTarget,
        result: Result<(), DiskError>,
    ) -> Result<(), DiskError> {
        result?;
        match target {
            SyncTarget::File(file) => {
                let Some(index) = self.plan.layout.of_file(file) else { return Ok(()) };
                if let Some((replica, mut env)) = self.split(index) {
                    replica.on_synced(ctx, &mut env)?;
                }
                self.go_on_stopping(ctx)
            }
            SyncTarget::Below(file, upto) => {
                let Some(index) = self.plan.layout.of_file(file) else { return Ok(()) };
                if let Some((replica, _)) = self.split(index) {
                    replica.on_segment_synced(ctx, Offset(upto));
                }
                Ok(())
            }
            SyncTarget::Cell(CLEAN_SHUTDOWN) => {
                self.end_if_marked(ctx);
                Ok(())
            }
            SyncTarget::Cell(_) => Ok(()),
        }
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, message: Message) -> Result<(), DiskError> {
        match message {
            Message::Produce(request) => self.on_produce(ctx, from, request)?,
            Message::Fetch(request) => self.on_fetch(ctx, from, &request),
            Message::Fetched(reply) => {
                if let Some((replica, mut env)) =
                    self.plan.layout.index(reply.origin).and_then(|index| self.split(index))
                {
                    replica.on_fetched(ctx, &mut env, from, reply)?;
                }
            }
            Message::Metadata(request) => self.on_metadata(ctx, from, &request),
            Message::ListOffsets(request) => self.on_list_offsets(ctx, from, &request),
            Message::EpochEndOf(request) => self.on_epoch_end(ctx, from, &request),
            Message::OffsetCommit(request) => self.on_offset_commit(ctx, from, &request)?,
            Message::OffsetFetch(request) => self.on_offset_fetch(ctx, from, &request),
            Message::JoinGroup(request) => self.on_join_group(ctx, from, request),
            Message::SyncGroup(request) => self.on_sync_group(ctx, from, &request),
            Message::MemberHeartbeat(request) => self.on_member_heartbeat(ctx, from, &request),
            Message::LeaveGroup(request) => self.on_leave_group(ctx, from, &request),
            Message::GroupHeartbeat(request) => self.on_group_heartbeat(ctx, from, &request),
            Message::Registered(reply) => self.on_registered(ctx, &reply)?,
            Message::HeartbeatIs(reply) => self.on_heartbeat(ctx, &reply)?,
            Message::PartitionAltered(reply) => {
                if let Some((replica, mut env)) =
                    self.plan.layout.index(reply.origin).and_then(|index| self.split(index))
                {
                    replica.on_altered(ctx, &mut env, &reply)?;
                }
            }
            Message::Transactional(message) => self.on_transactional(ctx, from, *message)?,
            Message::Publish(image) => self.on_publish(ctx, image)?,
            Message::Register(_) | Message::Heartbeat(_) | Message::AlterPartition(_) => {}
            Message::OffsetIs(reply) => {
                if let Some((replica, mut env)) =
                    self.plan.layout.index(reply.origin).and_then(|index| self.split(index))
                {
                    replica.on_leaders_edge(ctx, &mut env, &reply);
                }
            }
            Message::EpochEndIs(reply) => self.each(|replica, env| {
                replica.on_leaders_epoch_end(ctx, env, &reply);
                Ok(())
            })?,
            Message::Produced(_) | Message::MetadataIs(_) => {}
            Message::OffsetCommitted(_) | Message::OffsetsAre(_) => {}
            Message::GroupJoined(_) | Message::GroupSynced(_) => {}
            Message::MemberHeartbeatIs(_) | Message::GroupLeft(_) | Message::GroupHeartbeatIs(_) => {}
        }
        Ok(())
    }

    /// Whoever asked over the connection that is gone no longer hears an answer, and what this broker asked over it is
    /// not answered.
    #[cold]
    fn on_closed(&mut self, ctx: &mut Ctx<'_, Kafka>, peer: NodeId) -> Result<(), DiskError> {
        if peer == self.plan.layout.controller {
            self.lifecycle.on_closed(ctx);
        }
        self.transactions_closed(ctx, peer);
        self.each(|replica, env| {
            replica.on_closed(ctx, env, peer);
            Ok(())
        })
    }

    /// Gives up a peer that has been silent for too long. What is asked again goes over a new connection: the old one
    /// may have met a cut that TCP takes long to get over.
    ///
    /// Source: `NetworkClient.handleTimedOutRequests`, clients, 4.1; `BrokerBlockingSender.sendRequest`, core, 4.1.
    #[cold]
    fn hang_up(&mut self, ctx: &mut Ctx<'_, Kafka>, peer: NodeId) -> Result<(), DiskError> {
        ctx.close(peer);
        self.on_closed(ctx, peer)
    }

    /// With one log directory to a broker, its failure ends the process.
    ///
    /// Source: `LogManager.handleLogDirFailure`, core, 4.1: halts when no directory is left.
    #[cold]
    fn halt(&mut self, ctx: &mut Ctx<'_, Kafka>, error: DiskError) {
        ctx.note(|| format!("halts: its log directory failed ({error})"));
        self.lifecycle.stage = Stage::Ended;
        ctx.exit("log directory failed");
    }
}

/// Tells a producer that its batch was not taken; a producer that wants no answer loses its connection instead.
///
/// Source: `KafkaApis.handleProduceRequest`, core, 4.1.
#[cold]
fn refuse_produce(
    ctx: &mut Ctx<'_, Kafka>,
    to: NodeId,
    acks: crate::config::Acks,
    correlation: Correlation,
    error: ErrorCode,
) {
    match acks {
        crate::config::Acks::None => ctx.close(to),
        crate::config::Acks::Leader | crate::config::Acks::All => {
            ctx.send(to, Message::Produced(Produced { correlation, result: Err(error) }));
        }
    }
}

impl Actor<Kafka> for Broker {
    fn on(&mut self, ctx: &mut Ctx<'_, Kafka>, event: Event<Message>) {
        if self.lifecycle.stage == Stage::Ended {
            return;
        }
        let is_serving = self.lifecycle.stage.is_serving();
        let done = match event {
            Event::Start => {
                self.start(ctx);
                Ok(())
            }
            Event::Synced { target, result } => self.on_synced(ctx, target, result),
            Event::Timer(id) if is_serving => self.on_timer(ctx, Timer::of(id)),
            Event::Message { from, body } if is_serving => self.on_message(ctx, from, body),
            Event::Closed { peer } if is_serving => self.on_closed(ctx, peer),
            Event::Stop => self.stop(ctx),
            Event::Timer(_) | Event::Message { .. } | Event::Closed { .. } => Ok(()),
            Event::App(_) | Event::MoveLeader { .. } => Ok(()),
        };
        let done = done.and_then(|()| if is_serving { self.coordinate(ctx) } else { Ok(()) });
        let done = match done {
            Ok(()) if self.transactions.is_some() && self.lifecycle.stage.is_serving() => self.end_event(ctx),
            Ok(()) | Err(_) => done,
        };
        if let Err(error) = done {
            self.halt(ctx, error);
        }
    }
}

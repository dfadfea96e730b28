//! A broker: the store, its slaves or its master, and what it does for clients.

mod acting;
mod answering;
mod cleaning;
mod controlled;
mod dledger;
mod following;
mod links;
mod locking;
mod members;
mod popping;
mod progress;
mod promotion;
mod pulling;
mod registering;
mod retrying;
mod reviving;
mod schedule;
mod sending;
mod timer;
mod transactions;

pub use progress::Progress;
pub use timer::Timer;

use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::disk::{CellId, DiskError, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::Span;
use ackproof_log::Epoch;
use ackproof_raft as raft;

use crate::broker::acting::{Acting, ActingTimer};
use crate::broker::answering::Answers;
use crate::broker::controlled::{ControlTimer, Controlled};
use crate::broker::dledger::Dledger;
use crate::broker::following::Following;
use crate::broker::links::Links;
use crate::broker::locking::Locks;
use crate::broker::members::Members;
use crate::broker::popping::PopHolds;
use crate::broker::progress::Book;
use crate::broker::pulling::Holds;
use crate::broker::reviving::Pops;
use crate::broker::schedule::Schedule;
use crate::broker::transactions::Transactions;
use crate::cell;
use crate::config::{BrokerConfig, FlushDisk, Mode};
use crate::message::Message;
use crate::model::Rocketmq;
use crate::plan::Plan;
use crate::store::{COMMIT_LOG, Flusher, Store};
use crate::topic::{Group, Topic};

/// Whether it serves, is being stopped, or has ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Stage {
    Serving,
    /// It refuses everything and writes down what it has.
    Stopping,
    Ended,
}

/// What a broker is in its group right now.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Standing {
    Master,
    Slave,
}

/// The process of one broker.
#[derive(Debug)]
pub struct Broker {
    plan: Arc<Plan>,
    node: NodeId,
    group: Group,
    /// Under which it registers: 0 for a master.
    id: u64,
    stage: Stage,
    standing: Standing,
    /// Written into entries: the master's epoch where there is one.
    epoch: Epoch,
    store: Store,
    flusher: Flusher,
    answers: Answers,
    links: Links,
    following: Following,
    holds: Holds,
    members: Members,
    book: Book,
    transactions: Transactions,
    schedule: Schedule,
    locks: Locks,
    controlled: Controlled,
    pops: Pops,
    pop_holds: PopHolds,
    acting: Acting,
    /// In DLedger mode alone.
    dledger: Option<Box<Dledger>>,
}

impl Broker {
    pub fn new(plan: Arc<Plan>, node: NodeId) -> Broker {
        let (group, id) = plan.place(node);
        let slots = plan.queues.count();
        let (id, standing) = match (plan.config.cluster.mode, id) {
            (Mode::Dledger, id) => (u64::from(id) + 1, Standing::Slave),
            (Mode::MasterSlave | Mode::ActingMaster, 0) => (0, Standing::Master),
            (Mode::Controller | Mode::MasterSlave | Mode::ActingMaster, id) => (u64::from(id), Standing::Slave),
        };
        Broker {
            node,
            group,
            id,
            stage: Stage::Serving,
            standing,
            epoch: Epoch(0),
            store: Store::empty(slots),
            flusher: Flusher::new(ackproof_core::time::Time::ZERO),
            answers: Answers::default(),
            links: Links::default(),
            following: Following::default(),
            holds: Holds::default(),
            members: Members::default(),
            book: Book::default(),
            transactions: Transactions::default(),
            schedule: Schedule::default(),
            locks: Locks::default(),
            controlled: Controlled::default(),
            pops: Pops::default(),
            pop_holds: PopHolds::default(),
            acting: Acting::default(),
            dledger: None,
            plan,
        }
    }

    pub fn group(&self) -> Group {
        self.group
    }
    /// Of its mastership: what it writes into entries.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }
    pub fn standing(&self) -> Standing {
        self.standing
    }
    pub fn store(&self) -> &Store {
        &self.store
    }
    pub fn is_serving(&self) -> bool {
        self.stage == Stage::Serving
    }
    fn config(&self) -> &BrokerConfig {
        self.plan.broker(self.node)
    }
    fn is_master(&self) -> bool {
        self.standing == Standing::Master
    }

    /// The process begins with what its disk shows.
    ///
    /// Simplified: recovery takes no time. Gives up: a large log after a crash keeps a broker away for minutes.
    ///
    /// Source: `DefaultMessageStore.load`, store; `BrokerController.start`, broker, 5.3.
    fn start(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let config = self.plan.broker(self.node);
        let interval = config.store.flush_interval.0.max(config.store.commit_interval.0).max(1);
        self.flusher = Flusher::new(ctx.now() + Span(ctx.random.between(0, interval - 1)));
        self.read_promotion(ctx);
        self.find_stale(ctx);
        self.store = Store::open(ctx.disk, self.plan.queues.count(), self.uses_pool());
        self.book = Book::load(ctx.disk);
        self.start_progress(ctx);
        if self.is_controlled() {
            self.start_controlled(ctx);
        }
        self.start_acting(ctx);
        self.start_registering(ctx);
        self.start_checking(ctx);
        self.start_cleaning(ctx);
        self.start_raft(ctx);
        self.store.dispatch(ctx.disk, self.visible(ctx));
        self.recover_progress();
        if self.is_master() {
            self.observe_leadership(ctx, true);
        }
    }

    /// `transientStorePoolEnable`, where it acts.
    ///
    /// Source: `MessageStoreConfig.isTransientStorePoolEnable`, store, 4.9; `DefaultMessageStore.isTransientStorePoolEnable`, 5.x.
    fn uses_pool(&self) -> bool {
        let config = &self.config().store;
        let allowed = config.flush == FlushDisk::Async || self.plan.config.rules.pool_with_sync_flush;
        config.pool && allowed && self.is_master() && self.plan.config.cluster.mode != Mode::Dledger
    }

    fn on_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>, timer: Timer) -> Result<(), DiskError> {
        let store = &self.plan.broker(self.node).store;
        match timer {
            Timer::Flush => self.flusher.on_flush_timer(ctx, &self.store, store),
            Timer::Commit => self.flusher.on_commit_timer(ctx, &mut self.store, store)?,
            Timer::Register => self.register(ctx),
            Timer::Answer => self.expire_answers(ctx),
            Timer::Push => self.push_timer(ctx),
            Timer::Links => self.look_after_links(ctx),
            Timer::Follow => self.follow_timer(ctx),
            Timer::Hold => self.expire_holds(ctx),
            Timer::PersistProgress => self.persist_progress(ctx)?,
            Timer::SyncProgress => self.ask_for_progress(ctx),
            Timer::CheckTransactions => self.check_transactions(ctx)?,
            Timer::WriteOps => self.write_ops(ctx)?,
            Timer::Clean => self.clean(ctx),
            Timer::Delayed => self.delayed_timer(),
            Timer::PersistDelays => self.persist_delays(ctx)?,
            Timer::PopHold => self.expire_pop_holds(ctx),
            Timer::Revive => self.revive(ctx)?,
            Timer::Members => self.forget_silent_members(ctx),
            Timer::RaftElection => self.on_raft(ctx, raft::Event::Timer(raft::Timer::Election)),
            Timer::RaftHeartbeat => self.on_raft(ctx, raft::Event::Timer(raft::Timer::Heartbeat)),
            Timer::RaftPush => self.on_raft(ctx, raft::Event::Timer(raft::Timer::Push)),
            Timer::RaftFlush => self.on_raft(ctx, raft::Event::Timer(raft::Timer::Flush)),
            Timer::Majority => self.give_up_on_majority(ctx),
            Timer::CatchUp => self.look_if_caught_up(ctx),
        }
        Ok(())
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, message: Message) -> Result<(), DiskError> {
        match message {
            Message::Connect => ctx.send(from, Message::Connected),
            Message::Send(send) => self.on_send(ctx, from, &send)?,
            Message::Pull(pull) => self.on_pull(ctx, from, pull),
            Message::Raft(body) => self.on_raft(ctx, raft::Event::Message { from, body: *body }),
            Message::Ha(ha) => self.on_ha(ctx, from, ha)?,
            Message::AutoHa(ha) => self.on_auto_ha(ctx, from, *ha)?,
            Message::Controller(message) => self.on_controller(ctx, from, *message),
            Message::Group(message) => self.on_group(ctx, from, *message)?,
            Message::Registered { master } => self.on_registered(ctx, master),
            Message::Heartbeat(heartbeat) => self.on_heartbeat(ctx, from, heartbeat),
            Message::GetMembers { opaque } => self.on_get_members(ctx, from, opaque),
            Message::QueryOffset { opaque, queue } => self.on_query_offset(ctx, from, opaque, queue),
            Message::UpdateOffset { queue, offset } => self.on_update_offset(ctx, queue.slot, offset),
            Message::GetMaxOffset { opaque, queue } => self.on_get_max(ctx, from, opaque, queue),
            Message::Consuming(consuming) => self.on_consuming(ctx, from, *consuming)?,
            Message::GetProgress => self.on_get_progress(ctx, from),
            Message::ProgressIs(progress) => self.on_masters_progress(ctx, *progress)?,
            Message::EndTransaction(end) => self.on_end_transaction(ctx, &end)?,
            Message::CheckTransaction(_) => {}
            Message::Connected | Message::Register(_) | Message::Unregister { .. } | Message::GetRoute { .. } => {}
            Message::RouteIs { .. } | Message::MembersChanged | Message::MembersAre { .. } => {}
            Message::Sent(_) | Message::Pulled(_) => {}
            Message::OffsetIs { .. } | Message::MaxOffsetIs { .. } => {}
        }
        Ok(())
    }

    fn on_synced(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        target: SyncTarget,
        result: Result<(), DiskError>,
    ) -> Result<(), DiskError> {
        match target {
            SyncTarget::File(COMMIT_LOG) if self.dledger.is_some() => self.on_raft_synced(ctx, target, result),
            SyncTarget::File(COMMIT_LOG) => {
                let counts_failed = !self.plan.config.rules.failed_sync_counts_for_nothing;
                let config = &self.plan.broker(self.node).store;
                let before = self.store.flushed();
                self.flusher.on_synced(ctx, &mut self.store, config, (result, counts_failed));
                if result.is_ok() && self.store.flushed() > before {
                    self.observe_flush(ctx, before);
                }
                self.go_on_stopping(ctx)
            }
            SyncTarget::Cell(CellId(_)) => self.go_on_stopping(ctx),
            SyncTarget::File(_) | SyncTarget::Below(..) => Ok(()),
        }
    }

    /// Whoever was connected is gone: what it waits for is dropped, and a slave or a master is looked for again.
    fn on_closed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
        self.answers.forget(peer);
        self.raft_closed(ctx, peer);
        self.holds.forget(peer);
        self.pop_holds.forget(peer);
        self.link_closed(ctx, peer);
        self.master_closed(ctx, peer);
        self.trail_closed(ctx, peer);
        self.member_left(ctx, peer);
    }

    /// What every event may have made possible: readers see more, delayed messages are delivered, sends are answered,
    /// slaves are served.
    fn end_event(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.stage == Stage::Ended {
            return;
        }
        self.push_if_awake(ctx);
        self.show(ctx);
        self.mind_pops(ctx);
        if self.stage == Stage::Serving && self.work_schedule(ctx).unwrap_or(true) {
            self.show(ctx);
        }
        self.answer(ctx);
        if self.is_controlled() {
            self.store_confirmed(ctx);
        }
        self.answer_majority(ctx);
    }

    /// SIGTERM: takes leave of nameservers, writes down progress and flushes everything.
    ///
    /// Source: `BrokerController.shutdown`, broker; `DefaultMessageStore.shutdown`, store, 5.3.
    fn stop(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<(), DiskError> {
        self.stage = Stage::Stopping;
        self.unregister(ctx);
        self.book.store(ctx.disk)?;
        self.persist_delays(ctx)?;
        ctx.sync(SyncTarget::Cell(cell::PROGRESS));
        self.go_on_stopping(ctx)
    }

    fn go_on_stopping(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<(), DiskError> {
        if self.stage == Stage::Stopping && self.flush_everything(ctx)? {
            self.stage = Stage::Ended;
            ctx.exit("stopped");
        }
        Ok(())
    }

    /// This broker is the master of its group from now on, for whoever watches. `clean`: it was known to hold everything
    /// that had been confirmed.
    fn observe_leadership(&self, ctx: &mut Ctx<'_, Rocketmq>, clean: bool) {
        let (leader, epoch) = (Some(self.node), self.epoch.0);
        for slot in self.plan.queues.of(Topic::Work) {
            let origin = self.plan.origin(self.group, slot);
            ctx.observe(Probe::LeaderElected, || Observation::LeaderElected { origin, leader, epoch, clean });
        }
    }

    /// How far each queue was synced, for whoever watches. Everything `before` had been.
    fn observe_flush(&self, ctx: &mut Ctx<'_, Rocketmq>, before: u64) {
        if !ctx.wants(Probe::Synced) {
            return;
        }
        let mut ends = vec![0; usize::from(self.plan.queues.count())];
        let count = self.store.flushed().saturating_sub(before) as usize;
        for entry in ctx.disk.tail(COMMIT_LOG, before).iter().take(count) {
            ends[entry.slot.index()] = entry.offset + 1;
        }
        for (slot, upto) in self.plan.queues.all().zip(ends).filter(|(_, upto)| *upto > 0) {
            let origin = self.plan.origin(self.group, slot);
            ctx.observe(Probe::Synced, || Observation::Synced { origin, upto });
        }
    }
}

impl Actor<Rocketmq> for Broker {
    fn on(&mut self, ctx: &mut Ctx<'_, Rocketmq>, event: Event<Message>) {
        if self.stage == Stage::Ended {
            return;
        }
        let serving = self.stage == Stage::Serving;
        let done = match event {
            Event::Start => {
                self.start(ctx);
                Ok(())
            }
            Event::Synced { target, result } => self.on_synced(ctx, target, result),
            Event::Timer(id) if serving => match (ControlTimer::of(id), ActingTimer::of(id)) {
                (Some(timer), _) => self.on_control_timer(ctx, timer),
                (None, Some(timer)) => {
                    self.on_acting_timer(ctx, timer);
                    Ok(())
                }
                (None, None) => self.on_timer(ctx, Timer::of(id)),
            },
            Event::Message { from, body } if serving => self.on_message(ctx, from, body),
            Event::Closed { peer } if serving => {
                self.on_closed(ctx, peer);
                Ok(())
            }
            Event::Stop => self.stop(ctx),
            Event::Timer(_) | Event::Message { .. } | Event::Closed { .. } => Ok(()),
            Event::MoveLeader { to, .. } if serving => self.on_promotion(ctx, to),
            Event::App(_) | Event::MoveLeader { .. } => Ok(()),
        };
        if let Err(error) = done {
            // A full disk: nothing was written, and the broker goes on.
            ctx.note(|| format!("could not write: {error}"));
        }
        self.end_event(ctx);
    }
}

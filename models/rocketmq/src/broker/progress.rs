//! The progress of the consumer group, which is not tied to the log: the last word wins, it is written down at
//! intervals, and slaves copy it.

use std::collections::BTreeMap;

use ackproof_core::actor::Ctx;
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::{Span, Time};
use serde::{Deserialize, Serialize};

use crate::broker::{Broker, Timer};
use crate::cell::{self, Cell};
use crate::config::Mode;
use crate::message::{Code, MasterProgress, Message, Opaque, Refusal};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::store::Platter;
use crate::topic::{Queue, Slot, Topic};

/// How far the group has come, queue by queue.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Progress(pub BTreeMap<Slot, u64>);

/// What this broker knows of it.
///
/// Source: `ConsumerOffsetManager`, broker, 5.3.
#[derive(Debug, Default)]
pub struct Book {
    pub progress: Progress,
    /// `delayOffset.json`
    pub delays: Vec<u64>,
    is_dirty: bool,
    /// A slave that has copied its master's topics as 5.3.2 and 5.3.3 do, and knows of none any more (#9879).
    pub lost_topics: bool,
}

impl Book {
    /// What was written down last.
    pub fn load(disk: &Platter) -> Book {
        let progress = match disk.load(cell::PROGRESS) {
            Some(Cell::Progress(progress)) => progress.clone(),
            _ => Progress::default(),
        };
        let delays = match disk.load(cell::DELAYS) {
            Some(Cell::Delays(delays)) => delays.clone(),
            _ => Vec::new(),
        };
        Book { progress, delays, ..Book::default() }
    }
    /// # Errors
    /// [`DiskError::Full`]
    pub fn store(&mut self, disk: &mut Platter) -> Result<(), DiskError> {
        self.is_dirty = false;
        disk.store(cell::PROGRESS, Cell::Progress(self.progress.clone()))
    }
    pub fn of(&self, slot: Slot) -> Option<u64> {
        self.progress.0.get(&slot).copied()
    }
}

impl Broker {
    pub fn book(&self) -> &Book {
        &self.book
    }

    pub(super) fn start_progress(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        // Source: `BrokerController.initializeBrokerScheduledTasks`, broker, 5.3: first after 10 s.
        ctx.set_timer(Timer::PersistProgress.id(), Span::secs(10));
    }

    /// Nobody compares progress with the queues that a log has after a crash.
    pub(super) fn recover_progress(&mut self) {
        if !Rule::OffsetsAhead.holds() {
            self.book.progress.0.iter_mut().for_each(|(slot, upto)| *upto = (*upto).min(self.store.max(*slot)));
        }
    }

    /// Source: `ConsumerOffsetManager.commitOffset`, broker, 5.3: the last word wins, also when it goes back.
    pub(super) fn on_update_offset(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slot: Slot, offset: u64) {
        self.book.is_dirty = true;
        self.book.progress.0.insert(slot, offset);
        let origin = self.plan.origin(self.group, slot);
        ctx.observe(Probe::Committed, || Observation::Committed { origin, upto: offset });
    }

    /// `consumerOffset.json`. Nobody syncs it before 5.4.
    ///
    /// Source: `ConfigManager.persist`, common, 5.3 and develop (#9705).
    pub(super) fn persist_progress(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<(), DiskError> {
        ctx.set_timer(Timer::PersistProgress.id(), self.config().service.flush_offsets);
        if self.book.is_dirty {
            self.book.store(ctx.disk)?;
            if self.plan.config.rules.progress_is_synced {
                ctx.sync(SyncTarget::Cell(cell::PROGRESS));
            }
        }
        Ok(())
    }

    /// Where the group is to begin. Without progress: at 0 where the first message is still at hand, else nobody knows.
    ///
    /// Source: `ConsumerManageProcessor.queryConsumerOffset`, broker, 5.3.
    pub(super) fn on_query_offset(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, opaque: Opaque, queue: Queue) {
        let known = match self.plan.queues.topic(queue.slot) {
            // What the late consumer asks for: it reads what was not delivered yet.
            Topic::Schedule => Some(self.delayed_upto(queue.slot)),
            Topic::PopRetry => self.done_upto(queue.slot),
            _ => self.book.of(queue.slot),
        };
        let offset = known.or_else(|| (self.store.min(queue.slot) == 0).then_some(0));
        ctx.send(from, Message::OffsetIs { opaque, offset: Ok(offset) });
    }

    pub(super) fn on_get_max(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, opaque: Opaque, queue: Queue) {
        let offset = match self.is_master() {
            true => Ok(self.store.max(queue.slot)),
            false => Err(Refusal::certain(Code::ServiceNotAvailable)),
        };
        ctx.send(from, Message::MaxOffsetIs { opaque, offset });
    }

    /// The first offset that was stored at a time or later, for a group that begins there.
    ///
    /// Source: `AdminBrokerProcessor.searchOffsetByTimestamp`, broker, 5.3.
    pub(super) fn on_search(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        from: NodeId,
        opaque: Opaque,
        (queue, at): (Queue, Time),
    ) {
        let offset = Ok(self.store.stored_since(ctx.disk, queue.slot, at));
        ctx.send(from, Message::MaxOffsetIs { opaque, offset });
    }

    /// How often a slave copies what its master knows.
    ///
    /// Source: `BrokerController.handleSlaveSynchronize`, broker, 4.9 and 5.3; `ReplicasManager.handleSlaveSynchronize`.
    fn sync_interval(&self) -> Span {
        match self.plan.config.cluster.mode {
            // Looks every 3 s whether more than 10 s are over. Source: `DLedgerRoleChangeHandler.handleSlaveSynchronize`.
            Mode::Dledger if self.plan.config.rules.rare_slave_sync => Span::secs(12),
            Mode::Controller | Mode::Dledger => Span::secs(10),
            Mode::MasterSlave | Mode::ActingMaster if self.plan.config.rules.rare_slave_sync => Span::secs(60),
            Mode::MasterSlave | Mode::ActingMaster => Span::secs(10),
        }
    }

    pub(super) fn ask_for_progress_soon(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        // Source: as above, first after 10 s.
        ctx.set_timer(Timer::SyncProgress.id(), Span::secs(10));
    }

    pub(super) fn ask_for_progress(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.is_master() {
            return;
        }
        let master = match self.is_controlled() {
            true => self.controlled().master().map(|place| self.plan.member(self.group, place)),
            false => self.following().master(),
        };
        if let Some(master) = master {
            ctx.send(master, Message::GetProgress);
        }
        ctx.set_timer(Timer::SyncProgress.id(), self.sync_interval());
    }

    pub(super) fn on_get_progress(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId) {
        if self.is_master() {
            let known = MasterProgress { progress: self.book.progress.clone(), delays: self.book.delays.clone() };
            ctx.send(from, Message::ProgressIs(Box::new(known)));
        }
    }

    /// The master's word replaces the slave's own, also where it is older.
    ///
    /// Source: `SlaveSynchronize.syncConsumerOffset`, `SlaveSynchronize.syncDelayOffset`, broker, 5.3.
    pub(super) fn on_masters_progress(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        known: MasterProgress,
    ) -> Result<(), DiskError> {
        if !self.is_master() {
            self.book.progress.0.extend(known.progress.0);
            self.book.lost_topics = self.plan.config.rules.slave_loses_topics;
            self.book.delays = known.delays;
            self.book.store(ctx.disk)?;
            ctx.disk.store(cell::DELAYS, Cell::Delays(self.book.delays.clone()))?;
        }
        Ok(())
    }
}

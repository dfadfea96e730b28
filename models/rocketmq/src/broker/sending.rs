//! Sends: which are refused, what is appended, and what each has to wait for.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};

use crate::broker::Broker;
use crate::broker::answering::{Acks, Waiting};
use crate::config::{FlushDisk, Mode, Role};
use crate::message::{Code, Kind, Message, Refusal, Send, SendMode, SendOk, Sent, Status};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::{Body, Half, Letter};
use crate::store::{Draft, Place};
use crate::topic::{Slot, Topic};

impl Broker {
    /// A producer's message.
    ///
    /// Source: `SendMessageProcessor.sendMessage`, broker; `DefaultMessageStore.asyncPutMessage`,
    /// `CommitLog.asyncPutMessage`, store, 5.3.
    pub(super) fn on_send(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, send: &Send) -> Result<(), DiskError> {
        let acks = match self.admit(ctx, send.wait_store) {
            Ok(acks) => acks,
            Err(refusal) => {
                self.refuse(ctx, from, send, refusal);
                return Ok(());
            }
        };
        let (slot, appended) = match send.kind {
            Kind::Plain => (send.queue.slot, self.append_letter(ctx, send.queue.slot, send.letter)),
            Kind::Half => {
                let half = Half { letter: send.letter, to: send.queue.slot, prepared: None };
                (self.plan.queues.slot(Topic::Half, 0), self.append_half(ctx, half))
            }
        };
        let place = match appended {
            Ok(place) => place,
            Err(error) => {
                self.refuse(ctx, from, send, Refusal::certain(Code::ServiceNotAvailable));
                return Err(error);
            }
        };
        let flush = self.flush_wait(ctx, send.wait_store, place);
        let config = self.config();
        let (flush_by, acks_by) = (ctx.now() + config.store.sync_flush_timeout, ctx.now() + config.ha.slave_timeout);
        let acks_status = self.slave_status(ctx, acks);
        let waiting = Waiting {
            to: from,
            opaque: send.opaque,
            one_way: send.mode == SendMode::OneWay,
            msg: send.letter.msg,
            slot,
            place,
            acks,
            flushed: flush,
            copied: acks_status,
            flush_by,
            acks_by,
        };
        if self.member().is_some() {
            self.wait_for_majority(ctx, waiting);
            return Ok(());
        }
        if waiting.copied.is_none() {
            self.links.wake();
        }
        self.answers.wait(waiting);
        self.set_answer_timer(ctx);
        self.after_append(ctx)
    }

    /// Whether a message may be appended, and how many brokers must have it before it is answered.
    ///
    /// Source: `DefaultMessageStore.checkStoreStatus`; `CommitLog.needHandleHA`, `CommitLog.asyncPutMessage`,
    /// `CommitLog.calcNeedAckNums`, store, 5.3; `CommitLog.submitReplicaRequest`, 4.9.
    pub(super) fn admit(&self, ctx: &Ctx<'_, Rocketmq>, wait_store: bool) -> Result<Acks, Refusal> {
        if !self.is_master() {
            return Err(Refusal::certain(Code::ServiceNotAvailable));
        }
        if ctx.disk.faults().full {
            return Err(Refusal::certain(Code::ServiceNotAvailable));
        }
        let waits = wait_store || !Rule::WaitStore.holds();
        let config = self.config();
        match self.plan.config.cluster.mode {
            Mode::MasterSlave if config.role == Role::AsyncMaster || !waits => Ok(Acks::None),
            Mode::MasterSlave if !self.plan.config.rules.counts_replicas => Ok(Acks::Fastest),
            Mode::MasterSlave => Ok(Acks::needing(config.ha.in_sync_replicas)),
            Mode::Controller => self.admit_controlled(waits),
            Mode::ActingMaster => self.admit_acting(ctx, waits),
            Mode::Dledger => Ok(Acks::None),
        }
    }

    /// Appends a message of this broker's own making, or a producer's.
    ///
    /// # Errors
    /// [`DiskError::Full`]
    pub(super) fn append_letter(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        slot: Slot,
        letter: Letter,
    ) -> Result<Place, DiskError> {
        let place = self.append(ctx, slot, Body::Letter(letter))?;
        let (origin, offset, epoch, msg) = (self.plan.origin(self.group, slot), place.offset, self.epoch.0, letter.msg);
        ctx.observe(Probe::Appended, || Observation::Appended { origin, offset, epoch, msg });
        Ok(place)
    }

    /// # Errors
    /// [`DiskError::Full`]
    pub(super) fn append(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slot: Slot, body: Body) -> Result<Place, DiskError> {
        let stored = ctx.wall_clock();
        let draft = Draft { slot, body, epoch: self.epoch, stored };
        match self.member() {
            Some(_) => self.append_as_leader(ctx, draft),
            None => self.store.append(ctx.disk, draft),
        }
    }

    /// Wakes the threads that an append wakes.
    pub(super) fn after_append(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<(), DiskError> {
        // Source: `DLedgerMmapFileStore.FlushDataService`, DLedger: its own thread flushes, whatever is asked.
        if self.member().is_some() {
            return Ok(());
        }
        let config = &self.plan.broker(self.node).store;
        self.flusher.appended(ctx, &mut self.store, config)?;
        self.links_see_entries(ctx);
        Ok(())
    }

    /// What the flush comes to so far: `None` while it is waited for.
    ///
    /// Source: `DefaultFlushManager.handleDiskFlush`, `GroupCommitService.doCommit`, `CommitLog`, store, 5.3; the latter
    /// in 5.1 for a pool that is not committed yet (#7523).
    fn flush_wait(&self, ctx: &Ctx<'_, Rocketmq>, wait_store: bool, place: Place) -> Option<Status> {
        let waits = wait_store || !Rule::WaitStore.holds();
        if self.config().store.flush == FlushDisk::Async || !waits || !Rule::SyncFlush.holds() {
            return Some(Status::Ok);
        }
        let is_committed = place.position < self.store.committed(ctx.disk);
        let gives_up = !is_committed && !self.plan.config.rules.flush_waits_for_commit;
        gives_up.then_some(Status::FlushDiskTimeout)
    }

    fn refuse(&self, ctx: &mut Ctx<'_, Rocketmq>, to: NodeId, send: &Send, refusal: Refusal) {
        if send.mode == SendMode::Answered {
            ctx.send(to, Message::Sent(Sent { opaque: send.opaque, result: Err(refusal) }));
        }
    }

    /// Answers a send that is stored.
    pub(super) fn confirm(&self, ctx: &mut Ctx<'_, Rocketmq>, waiting: &Waiting, status: Status) {
        if waiting.one_way {
            return;
        }
        if status == Status::Ok {
            let (msg, origin, offset) = (waiting.msg, self.plan.origin(self.group, waiting.slot), waiting.place.offset);
            let node = self.node;
            let copies = || std::iter::once(node).chain(self.holders(waiting.place.position + 1)).collect();
            ctx.observe(Probe::Confirmed, || Observation::Confirmed { msg, origin, offset, copies: copies() });
        }
        let result = Ok(SendOk { status, offset: waiting.place.offset });
        ctx.send(waiting.to, Message::Sent(Sent { opaque: waiting.opaque, result }));
    }
}

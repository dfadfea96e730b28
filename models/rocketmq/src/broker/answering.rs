//! Sends that are stored and not answered yet.
//!
//! Stored and answered are two things: whatever the answer, the entry stays and may be read.

use std::collections::VecDeque;

use ackproof_core::actor::Ctx;
use ackproof_core::app::MsgId;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use crate::broker::{Broker, Timer};
use crate::message::{Opaque, Status};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::store::Place;
use crate::topic::Slot;

/// How many brokers must have a message before its send is answered.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Acks {
    /// This one.
    None,
    /// This one and the fastest of its slaves: 4.9.
    Fastest,
    /// So many, this one among them; at least two.
    Count(u32),
    /// Every member of the SyncStateSet.
    All,
}

impl Acks {
    /// What `inSyncReplicas` asks for: with 1, nobody is waited for.
    ///
    /// Source: `CommitLog.handleHA`, store, 5.3: `needAckNums <= 1`.
    pub fn needing(replicas: u32) -> Acks {
        match replicas {
            0 | 1 if Rule::InSyncReplicas.holds() => Acks::None,
            0 | 1 => Acks::Count(2),
            count => Acks::Count(count),
        }
    }
}

/// A send that waits for its flush, or for slaves.
#[derive(Copy, Clone, Debug)]
pub struct Waiting {
    pub to: NodeId,
    pub opaque: Opaque,
    pub one_way: bool,
    pub msg: MsgId,
    pub slot: Slot,
    pub place: Place,
    pub acks: Acks,
    /// What each came to; `None` while it is waited for.
    pub flushed: Option<Status>,
    pub copied: Option<Status>,
    pub flush_by: Time,
    pub acks_by: Time,
}

impl Waiting {
    /// What the producer is told, once both are known: what slaves came to hides what the flush came to.
    ///
    /// Source: `CommitLog.handleDiskFlushAndHA`, store, 5.3.
    fn status(&self) -> Option<Status> {
        match (self.flushed?, self.copied?) {
            (flushed, Status::Ok) => Some(flushed),
            (_, copied) => Some(copied),
        }
    }
    /// When the first of what it waits for is given up.
    fn next(&self) -> Option<Time> {
        let flush = self.flushed.is_none().then_some(self.flush_by);
        let copied = self.copied.is_none().then_some(self.acks_by);
        flush.into_iter().chain(copied).min()
    }
}

/// In the order in which they were stored.
#[derive(Debug, Default)]
pub struct Answers {
    waiting: VecDeque<Waiting>,
    /// When the timer is set for.
    alarm: Option<Time>,
}

impl Answers {
    pub fn wait(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
    }
    /// Nobody hears the answers of a connection that is gone.
    pub fn forget(&mut self, peer: NodeId) {
        self.waiting.retain(|waiting| waiting.to != peer);
    }
}

impl Broker {
    /// Answers what has everything that it waits for.
    pub(super) fn answer(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.answers.waiting.is_empty() {
            return;
        }
        let flushed = self.store.flushed();
        let mut waiting = std::mem::take(&mut self.answers.waiting);
        waiting.retain_mut(|one| {
            if one.flushed.is_none() && flushed > one.place.position {
                one.flushed = Some(Status::Ok);
            }
            if one.copied.is_none() && self.is_copied(one.acks, one.place.position + 1) {
                one.copied = Some(Status::Ok);
            }
            let status = one.status();
            if let Some(status) = status {
                self.confirm(ctx, one, status);
            }
            status.is_none()
        });
        self.answers.waiting = waiting;
    }

    /// Gives up what has waited too long; the answer says so.
    ///
    /// Source: `FlushDiskWatcher.run`, `GroupTransferService.doWaitTransfer`, store, 5.3.
    pub(super) fn expire_answers(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.answers.alarm = None;
        let now = ctx.now();
        for one in &mut self.answers.waiting {
            if one.flushed.is_none() && one.flush_by <= now {
                one.flushed = Some(Status::FlushDiskTimeout);
            }
            if one.copied.is_none() && one.acks_by <= now {
                one.copied = Some(Status::FlushSlaveTimeout);
            }
        }
        self.answer(ctx);
        self.set_answer_timer(ctx);
    }

    pub(super) fn set_answer_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.answers.alarm.is_some() {
            return;
        }
        if let Some(next) = self.answers.waiting.iter().filter_map(Waiting::next).min() {
            self.answers.alarm = Some(next);
            ctx.set_timer(Timer::Answer.id(), next.since(ctx.now()));
        }
    }
}

//! Reading: what is shown to whom, and pulls that wait for something to come.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use crate::broker::{Broker, Standing, Timer};
use crate::config::FlushDisk;
use crate::message::{Code, Message, Pull, Pulled, PulledWhat, Refusal, Suggestion};
use crate::model::Rocketmq;
use crate::mutation::Rule;

/// How long a pull is held.
/// Source: `DefaultMQPushConsumer.brokerSuspendMaxTimeMillis`, client, 5.3.
const HOLD: Span = Span::secs(15);

#[derive(Debug)]
struct Held {
    from: NodeId,
    pull: Pull,
    until: Time,
}

/// Pulls that found nothing and wait, in the order in which they came.
#[derive(Debug, Default)]
pub struct Holds {
    held: Vec<Held>,
    is_set: bool,
}

impl Holds {
    pub fn forget(&mut self, peer: NodeId) {
        self.held.retain(|held| held.from != peer);
    }
}

impl Broker {
    /// One past the last position that readers see.
    ///
    /// Source: `DefaultMessageStore.getReputEndOffset`; `CommitLog.getConfirmOffset`, store, 5.3.0: under SYNC_FLUSH what
    /// is flushed. `DLedgerCommitLog.getConfirmOffset`: what a majority has.
    pub(super) fn visible(&self, ctx: &Ctx<'_, Rocketmq>) -> u64 {
        if let Some(member) = self.member().filter(|_| Rule::CommittedIsVisible.holds()) {
            return member.committed().0;
        }
        let config = &self.config().store;
        let committed = self.store.committed(ctx.disk);
        if self.is_controlled() && !config.read_uncommitted {
            return self.confirmed(ctx);
        }
        let waits = self.plan.config.rules.readers_wait_for_flush && config.flush == FlushDisk::Sync;
        if waits && !config.read_uncommitted { self.store.flushed().min(committed) } else { committed }
    }

    /// Lets queues know what may be read by now, and answers whoever waits for it; without `longPollingEnable` nobody is
    /// answered before the time.
    pub(super) fn show(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let visible = self.visible(ctx);
        if !self.store.dispatch(ctx.disk, visible) {
            return;
        }
        if let Err(error) = self.wake_pops(ctx) {
            ctx.note(|| format!("could not write down what it was to hand out: {error}"));
        }
        if self.holds.held.is_empty() || !self.config().service.long_polling {
            return;
        }
        let held = std::mem::take(&mut self.holds.held);
        for held in held {
            if self.store.max(held.pull.queue.slot) > held.pull.offset {
                self.on_pull(ctx, held.from, held.pull);
            } else {
                self.holds.held.push(held);
            }
        }
    }

    /// Source: `PullMessageProcessor.processRequest`, `PullMessageProcessor.rejectRequest`, broker, 5.3 and 4.9;
    /// `DefaultMessageStore.getMessage`, store, 4.9.3 and 5.3.
    pub(super) fn on_pull(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, pull: Pull) {
        if self.refuses_reads() {
            return self.answer_pull(ctx, from, &pull, Err(Refusal::certain(Code::SystemBusy)), pull.offset);
        }
        if self.standing == Standing::Slave && self.book.lost_topics {
            return self.answer_pull(ctx, from, &pull, Err(Refusal::certain(Code::TopicNotExist)), pull.offset);
        }
        if let Some(commit) = pull.commit.filter(|_| self.is_master()) {
            self.on_update_offset(ctx, pull.queue.slot, commit);
        }
        let slot = pull.queue.slot;
        let (min, max) = (self.store.min(slot), self.store.max(slot));
        let offset = pull.offset;
        let (what, next) = if max == min && max == 0 {
            match (offset, self.standing) {
                (0, _) => (PulledWhat::Nothing, 0),
                (_, Standing::Master) => (PulledWhat::Moved, 0),
                (_, Standing::Slave) => (PulledWhat::RetryImmediately, offset),
            }
        } else if offset < min {
            (PulledWhat::Moved, min)
        } else if offset > max {
            // A slave may simply be behind, and leaves it to the master to say so.
            match self.standing {
                Standing::Master if min == 0 && !self.plan.config.rules.moves_to_the_end => (PulledWhat::Moved, 0),
                Standing::Master => (PulledWhat::Moved, max),
                Standing::Slave => (PulledWhat::RetryImmediately, offset),
            }
        } else if offset == max {
            (PulledWhat::Nothing, offset)
        } else {
            let entries = self.store.read(ctx.disk, slot, offset, pull.limit);
            let next = offset + entries.len() as u64;
            (PulledWhat::Found(entries), next)
        };
        if what == PulledWhat::Nothing && pull.may_wait {
            self.hold(ctx, from, pull);
            return;
        }
        self.answer_pull(ctx, from, &pull, Ok(what), next);
    }

    /// Whether this broker is a slave that is not to be read.
    fn refuses_reads(&self) -> bool {
        let refuses = self.plan.config.rules.slaves_refuse_reads && !self.config().service.slave_reads;
        self.standing == Standing::Slave && refuses
    }

    fn answer_pull(
        &self,
        ctx: &mut Ctx<'_, Rocketmq>,
        to: NodeId,
        pull: &Pull,
        result: Result<PulledWhat, Refusal>,
        next: u64,
    ) {
        let (slot, queue, opaque) = (pull.queue.slot, pull.queue, pull.opaque);
        let (min, max) = (self.store.min(slot), self.store.max(slot));
        let answer = Pulled { opaque, queue, result, next, max, min, suggestion: Suggestion(0) };
        ctx.send(to, Message::Pulled(Box::new(answer)));
    }

    fn hold(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, pull: Pull) {
        let service = &self.config().service;
        let until = ctx.now() + if service.long_polling { HOLD } else { service.short_polling };
        self.holds.held.push(Held { from, pull: Pull { may_wait: false, commit: None, ..pull }, until });
        self.set_hold_timer(ctx);
    }

    fn set_hold_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if let Some(first) = self.holds.held.iter().map(|held| held.until).min()
            && !self.holds.is_set
        {
            self.holds.is_set = true;
            ctx.set_timer(Timer::Hold.id(), first.since(ctx.now()));
        }
    }

    pub(super) fn expire_holds(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.holds.is_set = false;
        let now = ctx.now();
        let (over, held) = std::mem::take(&mut self.holds.held).into_iter().partition(|held| held.until <= now);
        self.holds.held = held;
        for Held { from, pull, .. } in over {
            self.on_pull(ctx, from, pull);
        }
        self.set_hold_timer(ctx);
    }
}

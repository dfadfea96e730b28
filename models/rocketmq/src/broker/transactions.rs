//! Half messages: kept from readers until their producer says that its own part of the transaction was committed, and
//! asked about while it does not.

use std::collections::BTreeSet;

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::Span;

use crate::broker::{Broker, Timer};
use crate::message::{Check, Decision, EndTransaction, Message};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::{Body, Half};
use crate::store::{COMMIT_LOG, Place, Platter};
use crate::topic::{Slot, Topic};

/// How long what was decided stays in memory, and how much of it.
/// Source: `BrokerConfig.transactionOpBatchInterval`, `transactionOpMsgMaxSize`, common, 5.3; an offset counts as seven
/// characters.
const OP_INTERVAL: Span = Span::secs(3);
const OP_BATCH: usize = 4096 / 7;

/// What is known of half messages beside the log.
#[derive(Debug, Default)]
pub struct Transactions {
    /// Offsets of half messages that were decided, not written down yet.
    ops: Vec<u64>,
    is_set: bool,
}

impl Broker {
    fn half_slot(&self) -> Slot {
        self.plan.queues.slot(Topic::Half, 0)
    }
    fn op_slot(&self) -> Slot {
        self.plan.queues.slot(Topic::Op, 0)
    }

    pub(super) fn start_checking(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.plan.config.producer.transactions.is_some() {
            ctx.set_timer(Timer::CheckTransactions.id(), self.config().transactions.check_interval);
        }
    }

    /// # Errors
    /// [`DiskError::Full`]
    pub(super) fn append_half(&mut self, ctx: &mut Ctx<'_, Rocketmq>, half: Half) -> Result<Place, DiskError> {
        let slot = self.half_slot();
        let place = self.append(ctx, slot, Body::Half(half))?;
        let (origin, msg, epoch) = (self.plan.origin(self.group, slot), half.letter.msg, self.epoch.0);
        ctx.observe(Probe::Appended, || Observation::Appended { origin, offset: place.offset, epoch, msg });
        Ok(place)
    }

    /// The half message at an offset, if it is there. It is looked up by its position in the log, so that readers need not
    /// see it yet.
    ///
    /// Source: `DefaultMessageStore.lookMessageByOffset`, store, 5.3.
    fn half(&self, disk: &Platter, offset: u64) -> Option<Half> {
        match self.store.look_up(disk, self.half_slot(), offset)?.body {
            Body::Half(half) => Some(half),
            _ => None,
        }
    }

    /// A committed message is appended to its queue, and waits for nobody; then it is written down that it was decided.
    ///
    /// Source: `EndTransactionProcessor.processRequest`, `TransactionalMessageServiceImpl.deletePrepareMessage`, broker, 5.3.
    pub(super) fn on_end_transaction(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        end: &EndTransaction,
    ) -> Result<(), DiskError> {
        let half = self.half(ctx.disk, end.half).filter(|half| half.letter.msg == end.msg);
        let Some(half) = half.filter(|_| self.is_master()) else { return Ok(()) };
        match end.decision {
            Decision::Unknown => return Ok(()),
            Decision::Commit => {
                self.append_letter(ctx, half.to, half.letter)?;
            }
            Decision::Rollback => {}
        }
        self.transactions.ops.push(end.half);
        if !self.plan.config.rules.batches_ops || self.transactions.ops.len() >= OP_BATCH {
            return self.write_ops(ctx);
        }
        if !self.transactions.is_set {
            self.transactions.is_set = true;
            ctx.set_timer(Timer::WriteOps.id(), OP_INTERVAL);
        }
        self.after_append(ctx)
    }

    /// Source: `TransactionalOpBatchService`, broker, 5.3.
    pub(super) fn write_ops(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<(), DiskError> {
        self.transactions.is_set = false;
        let slot = self.op_slot();
        let ops = std::mem::take(&mut self.transactions.ops);
        // A slave's store takes nothing. Source: `DefaultMessageStore.checkStoreStatus`, store, 5.3.
        let takes = self.is_master();
        for half in ops.into_iter().filter(|_| takes) {
            self.append(ctx, slot, Body::Op { half })?;
        }
        self.after_append(ctx)
    }

    /// Offsets of half messages that were decided, as the log says.
    fn decided(&self, disk: &Platter) -> BTreeSet<u64> {
        let slot = self.op_slot();
        let ops = (self.store.min(slot)..self.store.max(slot)).filter_map(|offset| self.store.get(disk, slot, offset));
        ops.filter_map(|entry| if let Body::Op { half } = entry.body { Some(half) } else { None }).collect()
    }

    /// Looks through the half messages that were not decided: puts each back at the end, one check older, and asks its
    /// producer; gives up on those that were checked too often, or are too old.
    ///
    /// Source: `TransactionalMessageServiceImpl.check`, `needDiscard`, `needSkip`, `checkPrepareQueueOffset`, broker, 5.3.
    pub(super) fn check_transactions(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<(), DiskError> {
        ctx.set_timer(Timer::CheckTransactions.id(), self.config().transactions.check_interval);
        if !self.is_master() {
            return Ok(());
        }
        let (slot, began) = (self.half_slot(), ctx.wall_clock());
        let from = self.book.of(slot).unwrap_or(0);
        let decided = self.decided(ctx.disk);
        let mut at = from.max(self.store.min(slot));
        while at < self.store.max(slot) {
            let stored = self.store.get(ctx.disk, slot, at).map(|entry| entry.stored);
            let (Some(half), Some(stored)) = (self.half(ctx.disk, at), stored) else { break };
            if !decided.contains(&at) {
                if self.is_given_up(ctx, &half) {
                    self.discard(ctx, &half, at)?;
                } else if stored >= began || self.is_young(ctx, &half) {
                    break;
                } else {
                    self.check(ctx, half, (at, &decided))?;
                }
            }
            at += 1;
        }
        if at != from {
            self.on_update_offset(ctx, slot, at);
        }
        self.after_append(ctx)
    }

    fn age(ctx: &Ctx<'_, Rocketmq>, half: &Half) -> Span {
        ctx.wall_clock().since(half.letter.born)
    }

    fn is_given_up(&self, ctx: &Ctx<'_, Rocketmq>, half: &Half) -> bool {
        let config = self.config();
        let often = half.letter.checks >= config.transactions.check_max && Rule::CheckMax.holds();
        often || Broker::age(ctx, half) > config.store.reserved
    }

    /// Without an immunity of its own a message is left alone for `transactionTimeOut`.
    fn is_young(&self, ctx: &Ctx<'_, Rocketmq>, half: &Half) -> bool {
        half.letter.immunity == 0 && Broker::age(ctx, half) <= self.config().transactions.timeout
    }

    /// A message that is still immune is put back, too, and its checks are counted, although nobody is asked.
    fn check(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        half: Half,
        (at, decided): (u64, &BTreeSet<u64>),
    ) -> Result<(), DiskError> {
        let is_immune = half.letter.immunity > 0 && Broker::age(ctx, &half) <= Span(half.letter.immunity);
        if is_immune && half.prepared.is_some_and(|prepared| decided.contains(&prepared)) {
            return Ok(());
        }
        let mut again = half;
        again.letter.checks += 1;
        if is_immune {
            again.prepared = Some(half.prepared.unwrap_or(at));
        }
        let place = self.append_half(ctx, again)?;
        if is_immune {
            return Ok(());
        }
        let msg = half.letter.msg;
        let producer = self.plan.producers.get(usize::from(msg.producer())).copied();
        match producer.filter(|producer| self.members.producers().any(|live| live == *producer)) {
            Some(producer) => {
                let check = Check { msg, group: self.group, half: place.offset };
                ctx.send(producer, Message::CheckTransaction(check));
            }
            None => ctx.note(|| format!("has nobody to ask about the transaction of {msg}")),
        }
        Ok(())
    }

    /// Source: `DefaultTransactionalMessageCheckListener.resolveDiscardMsg`, broker, 5.3.
    fn discard(&mut self, ctx: &mut Ctx<'_, Rocketmq>, half: &Half, at: u64) -> Result<(), DiskError> {
        let slot = self.plan.queues.slot(Topic::Discarded, 0);
        self.append_letter(ctx, slot, half.letter)?;
        let (origin, msg) = (self.plan.origin(self.group, self.half_slot()), half.letter.msg);
        let checks = half.letter.checks;
        let rule = || format!("transactionCheckMax: parked in TRANS_CHECK_MAX_TIME_TOPIC after {checks} checks");
        ctx.observe(Probe::Disposed, || Observation::Disposed { origin, offset: at, msg, rule: rule() });
        Ok(())
    }

    /// Half messages that nobody has decided, as its log says.
    pub fn undecided(&self, disk: &Platter) -> Vec<(u64, Half)> {
        let decided = self.decided(disk);
        let (slot, from) = (self.half_slot(), self.book.of(self.half_slot()).unwrap_or(0));
        let entries = disk.tail(COMMIT_LOG, 0).iter().filter(|entry| entry.slot == slot && entry.offset >= from);
        entries
            .filter_map(|entry| match entry.body {
                Body::Half(half) if !decided.contains(&entry.offset) => Some((entry.offset, half)),
                _ => None,
            })
            .collect()
    }

    /// Whether there may be something to ask producers about.
    pub fn waits_for_producers(&self) -> bool {
        let slot = self.half_slot();
        self.is_master() && self.book.of(slot).unwrap_or(0).max(self.store.min(slot)) < self.store.max(slot)
    }
}

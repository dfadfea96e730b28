//! How an idempotent producer numbers its batches: one line of sequences for each partition, kept over retries, and a
//! new epoch when it has lost track of what a broker has.
//!
//! The order is kept by what is sent when: a batch that is tried again waits until every batch before it is done, and
//! a new one waits while it is open what became of one that was given up.
//!
//! Source: KIP-98, KIP-360; `TransactionManager`, `TxnPartitionEntry`, `RecordAccumulator.{insertInSequenceOrder,
//! shouldStopDrainBatchesForPartition}` at 4.1.

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;

use super::batch::{Batch, Failure};
use super::{Asked, Producer};
use crate::model::Kafka;
use crate::sequence::{Identity, Numbered, ProducerEpoch, ProducerId, Sequence};

#[derive(Debug)]
pub struct Sequences {
    producer: ProducerId,
    epoch: ProducerEpoch,
    /// By partition.
    lines: Vec<Line>,
    /// Some line is lost or unresolved.
    is_unsettled: bool,
}

#[derive(Clone, Debug, Default)]
struct Line {
    /// Of the batches under way; the producer's own may be newer.
    epoch: ProducerEpoch,
    /// Of the next new batch.
    next: Sequence,
    /// One past the last message that a broker has confirmed.
    acked: Sequence,
    /// Batches that have a number and no outcome, on their way or waiting to be sent again.
    under_way: u32,
    /// One past the last message that was given up after an attempt: whether a broker has it is open.
    unresolved: Option<Sequence>,
    /// A broker misses something that will not be sent any more: what is under way is numbered anew.
    is_lost: bool,
}

impl Sequences {
    pub fn new(producer: ProducerId, partitions: u16) -> Sequences {
        let lines = vec![Line::default(); usize::from(partitions)];
        Sequences { producer, epoch: ProducerEpoch::default(), lines, is_unsettled: false }
    }

    /// As a transactional producer from now on.
    pub fn beginning(identity: Identity, partitions: u16) -> Sequences {
        let line = Line { epoch: identity.epoch, ..Line::default() };
        let lines = vec![line; usize::from(partitions)];
        Sequences { producer: identity.producer, epoch: identity.epoch, lines, is_unsettled: false }
    }

    /// Of a transactional producer: a batch that was refused has left no gap if it was the last one.
    ///
    /// Source: `TxnPartitionMap.adjustSequencesDueToFailedBatch` at 4.1.
    /// Simplified: numbers of batches behind it are not lowered. Gives up: nothing, since the abort brings a newer epoch,
    /// unless the transaction was being ended already: then the next one fails too.
    pub fn take_back(&mut self, batch: &Batch) {
        let (Some(number), Some(end)) = (batch.number(), batch.end()) else { return };
        let line = self.line(batch.origin);
        if line.epoch == number.epoch && line.next == end {
            line.next = number.sequence;
        }
    }

    /// Whether a batch that is refused as out of order, of a transactional producer, may still be in order later.
    ///
    /// Source: `TransactionManager.canRetry` at 4.1.
    pub fn may_fall_in_order(&mut self, batch: &Batch) -> bool {
        let Some(number) = batch.number() else { return false };
        let line = self.line(batch.origin);
        line.unresolved.is_none() && number.sequence != line.acked
    }

    fn line(&mut self, origin: Origin) -> &mut Line {
        &mut self.lines[usize::from(origin.0)]
    }

    /// Whether a new batch must wait.
    fn holds_new(&self, index: u16) -> bool {
        let line = &self.lines[usize::from(index)];
        line.unresolved.is_some() || line.under_way > 0 && line.epoch != self.epoch
    }

    /// Numbers a new batch.
    pub fn number(&mut self, origin: Origin, messages: u32) -> Numbered {
        let (producer, epoch) = (self.producer, self.epoch);
        let line = self.line(origin);
        if line.epoch != epoch {
            *line = Line { epoch, ..Line::default() };
        }
        let sequence = line.next;
        line.next = sequence.plus(messages);
        line.under_way += 1;
        Numbered { producer, epoch, sequence }
    }

    /// A broker has confirmed everything before `end`; perhaps of a batch that was given up meanwhile.
    pub fn confirmed(&mut self, origin: Origin, end: Sequence) {
        let line = self.line(origin);
        line.acked = line.acked.max(end);
    }

    /// A batch has its outcome.
    pub fn done(&mut self, origin: Origin) {
        self.line(origin).under_way -= 1;
    }

    /// A broker misses something before this batch. If the batch follows the last one confirmed, or the last one that
    /// was given up, nothing will fill the gap. Otherwise another batch still may.
    ///
    /// Source: `TransactionManager.canRetry` at 4.1.
    pub fn out_of_order(&mut self, batch: &Batch) {
        let Some(number) = batch.number() else { return };
        let line = self.line(batch.origin);
        let nothing_is_missing = match line.unresolved {
            None => !batch.is_renumbered() && number.sequence == line.acked,
            Some(end) => number.sequence == end,
        };
        if nothing_is_missing {
            self.lose(batch.origin);
        }
    }

    /// What is under way to this partition has to be numbered anew.
    pub fn lose(&mut self, origin: Origin) {
        self.line(origin).is_lost = true;
        self.is_unsettled = true;
    }

    /// A batch with messages up to `end` was given up after at least one attempt was made again.
    pub fn leave_unresolved(&mut self, origin: Origin, end: Sequence) {
        let line = self.line(origin);
        line.unresolved = line.unresolved.max(Some(end));
        self.is_unsettled = true;
    }

    /// Looks at what was left open, once nothing is under way to a partition, and begins an epoch if anything is lost.
    /// The partitions whose batches are to be numbered anew.
    ///
    /// Source: `TransactionManager.{maybeResolveSequences,bumpIdempotentProducerEpoch}` at 4.1.
    fn settle(&mut self, begins_epochs: bool) -> Vec<Origin> {
        if !std::mem::take(&mut self.is_unsettled) {
            return Vec::new();
        }
        for line in &mut self.lines {
            if line.under_way == 0 && line.unresolved.take().is_some() {
                line.is_lost |= line.next != line.acked;
            }
            self.is_unsettled |= line.unresolved.is_some();
        }
        let lost: Vec<Origin> =
            (0..).map(Origin).zip(&self.lines).filter(|(_, line)| line.is_lost).map(|(o, _)| o).collect();
        if !lost.is_empty() && begins_epochs {
            self.epoch = self.epoch.next();
        }
        lost
    }

    /// What is lost will begin anew in the epoch that follows the abort.
    fn forget_lost(&mut self) {
        for line in &mut self.lines {
            line.is_lost = false;
        }
    }

    /// Numbers what is under way to a partition from 0 on, in the newest epoch. `batches` are all of it, in order.
    fn renumber(&mut self, origin: Origin, batches: Vec<&mut Batch>) {
        let (producer, epoch) = (self.producer, self.epoch);
        let line = self.line(origin);
        *line = Line { epoch, under_way: line.under_way, ..Line::default() };
        debug_assert_eq!(batches.len(), line.under_way as usize, "batches under way to {origin:?}");
        for batch in batches {
            let sequence = line.next;
            line.next = sequence.plus(batch.messages().len() as u32);
            batch.renumber(Numbered { producer, epoch, sequence });
        }
    }
}

impl Producer {
    /// Whether the head of this line must wait for the sake of the order.
    pub(super) fn is_held(&self, index: u16) -> bool {
        let Some(sequences) = &self.sequences else { return false };
        let Some(head) = self.accumulator.head_number(index) else { return sequences.holds_new(index) };
        let is_before = |batch: &Batch| batch.origin.0 == index && batch.number().is_some_and(|number| number < head);
        self.connections
            .in_flight()
            .any(|asked| matches!(asked, Asked::Produce { batch: Some(batch), .. } if is_before(batch)))
    }

    /// Begins an epoch if a broker misses something that will not be sent any more.
    ///
    /// What is under way keeps its contents and loses its numbers, so that what was appended already is appended again.
    pub(super) fn settle_sequences(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let Some(sequences) = &mut self.sequences else { return };
        if let Some(own) = &mut self.transaction {
            if !sequences.settle(false).is_empty() {
                own.lose_track();
                sequences.forget_lost();
            }
            return;
        }
        for origin in sequences.settle(true) {
            let on_their_way = self.connections.in_flight_mut().filter_map(|asked| match asked {
                Asked::Produce { batch, .. } => batch.as_mut().filter(|batch| batch.origin == origin),
                Asked::Metadata | Asked::Coordinator(_) => None,
            });
            let mut batches: Vec<&mut Batch> = self.accumulator.numbered_mut(origin).chain(on_their_way).collect();
            batches.sort_by_key(|batch| batch.number());
            let epoch = sequences.epoch;
            ctx.note(|| format!("begins producer epoch {}: something is missing in partition {}", epoch.0, origin.0));
            sequences.renumber(origin, batches);
        }
    }

    /// A broker has confirmed everything before `end` in this partition.
    pub(super) fn confirmed(&mut self, origin: Origin, end: Option<Sequence>) {
        if let (Some(sequences), Some(end)) = (&mut self.sequences, end) {
            sequences.confirmed(origin, end);
        }
    }

    /// Whether another attempt may do better.
    pub(super) fn may_pass(&mut self, batch: &Batch, failure: Failure) -> bool {
        match &mut self.sequences {
            Some(sequences) if failure.is_out_of_order && self.transaction.is_some() => {
                sequences.may_fall_in_order(batch)
            }
            Some(sequences) if failure.is_out_of_order => {
                sequences.out_of_order(batch);
                true
            }
            Some(_) | None => failure.is_retriable,
        }
    }
}

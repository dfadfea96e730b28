//! What a leader knows of idempotent producers: for each, its epoch, the last five batches of it in the log, and where
//! its transaction began. By that it knows a batch that it has already, one before which something is missing, and one
//! that may begin a transaction.
//!
//! The log alone decides: whoever begins to lead reads the batches that it holds, copied or its own, and forgets with
//! its tail what was cut off. So a batch is known for one sent before by a leader that has only ever copied it.
//!
//! A producer that has been silent for long is forgotten although its batches are there: see [`expiry`].
//!
//! Source: KIP-98; `ProducerStateManager`, `ProducerStateEntry`, `UnifiedLog.{analyzeAndValidateProducerState,
//! rebuildProducerState,truncateTo}`, storage, 4.1.

mod expiry;

use std::collections::{BTreeMap, VecDeque};

use ackproof_core::time::Time;
use ackproof_log::{Epoch, Offset};

use super::stable::Stable;
use crate::error_code::ErrorCode;
use crate::message::{Payload, Record};
use crate::mutation::Rule;
use crate::sequence::{Identity, Numbered, ProducerEpoch, ProducerId, Sequence};
use crate::transaction::{Ending, Marker};

pub(super) use expiry::Expiry;

/// Batches of a producer that a broker can tell a duplicate of. As many requests may be in flight.
/// Source: `ProducerStateEntry.NUM_BATCHES_TO_RETAIN`, storage, 4.1.
const BATCHES_KEPT: usize = 5;

/// Every producer with a batch in the log.
#[derive(Debug)]
pub(super) struct Producers {
    known: BTreeMap<ProducerId, Known>,
    expiry: Expiry,
    /// Before then, by the wall clock, nobody is forgotten. Never later than the first moment at which somebody is.
    forgets_at: Time,
    /// What the coordinator is asked about: producers whose next batch begins a transaction here.
    verifications: BTreeMap<ProducerId, Verification>,
    guards: u32,
    pub(super) stable: Stable,
}

#[derive(Debug)]
struct Known {
    epoch: ProducerEpoch,
    /// Of that epoch, oldest first; empty when a marker began it.
    batches: VecDeque<Batch>,
    /// Where its transaction began.
    transaction: Option<Offset>,
    /// Who wrote its last marker.
    coordinator: Option<Epoch>,
    /// The timestamp of what was appended of it last.
    last: Time,
}

/// Ties the coordinator's word to the moment at which it was asked for: a marker in between makes it void.
///
/// Source: `VerificationGuard`, storage, 4.1.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) struct Guard(u32);

/// Source: `VerificationStateEntry`, storage, 4.1.
#[derive(Copy, Clone, Debug)]
struct Verification {
    epoch: ProducerEpoch,
    guard: Guard,
    /// A batch that is sent later may not be appended first.
    lowest: Sequence,
}

/// What a leader asks of the first batch of a transaction.
#[derive(Copy, Clone, Debug)]
pub(super) struct Demands {
    /// The coordinator's word.
    pub(super) verification: bool,
    /// With an epoch for each transaction, what is not known begins with sequence 0.
    pub(super) first_sequence: bool,
}

#[derive(Copy, Clone, Debug)]
struct Batch {
    first: Sequence,
    /// One past the last.
    end: Sequence,
    base: Offset,
}

/// What becomes of a batch that a producer sent.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Arrival {
    New,
    /// It is in the log since an earlier attempt, from this offset on.
    Duplicate(Offset),
}

impl Producers {
    /// None at all.
    pub(super) fn none(expiry: Expiry) -> Producers {
        Producers {
            known: BTreeMap::new(),
            expiry,
            forgets_at: Time::NEVER,
            verifications: BTreeMap::new(),
            guards: 0,
            stable: Stable::default(),
        }
    }

    /// What a log that begins at `base` says, and has not been forgotten meanwhile.
    #[cold]
    pub(super) fn of(base: Offset, records: &[Record], expiry: Expiry) -> Producers {
        let mut producers = Producers::none(expiry);
        let mut at = 0;
        while let Some(record) = records.get(at) {
            let (count, offset, timestamp) = (record.left + 1, base.plus(at as u64), record.timestamp);
            if producers.may_forget(timestamp) {
                producers.forget_silent(timestamp);
            }
            match record.payload {
                Payload::Message(_, Some(first)) => producers.appended(first, count, offset, timestamp),
                Payload::Pending(identity) => producers.stored(identity, offset, timestamp),
                Payload::Marker(marker) => producers.marked(&marker, offset, timestamp),
                Payload::Message(_, None) | Payload::Commit(_) | Payload::Group(_) => {}
                Payload::Transaction(_) | Payload::Enlisted(_) => {}
            }
            at += count as usize;
        }
        producers
    }

    /// Takes a batch that goes to `base`, with this timestamp, unless it is there already. One without a number always goes there.
    ///
    /// # Errors
    /// Those of [`Producers::check`]; and of a batch that would begin a transaction and for which the coordinator has
    /// not spoken since the last one ended.
    ///
    /// Source: `UnifiedLog.analyzeAndValidateProducerState`, storage, 4.1.
    pub(super) fn take(
        &mut self,
        first: Option<Numbered>,
        count: u32,
        (base, timestamp): (Offset, Time),
        demands: Demands,
        guard: Option<Guard>,
    ) -> Result<Arrival, ErrorCode> {
        let Some(first) = first else { return Ok(Arrival::New) };
        let arrival = match first.producer.is_transactional() {
            true => self.check_transactional(first, count, demands, guard)?,
            false => self.check(first, count)?,
        };
        if arrival == Arrival::New {
            self.appended(first, count, base, timestamp);
        }
        Ok(arrival)
    }

    #[cold]
    fn check_transactional(
        &self,
        first: Numbered,
        count: u32,
        demands: Demands,
        guard: Option<Guard>,
    ) -> Result<Arrival, ErrorCode> {
        let known = self.known.get(&first.producer);
        if known.is_some_and(|known| first.epoch < known.epoch) {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        let arrival = self.check(first, count);
        if arrival.is_ok_and(|arrival| arrival != Arrival::New) || !self.begins_transaction(first) {
            return arrival;
        }
        let verification = self.verifications.get(&first.producer).filter(|asked| asked.epoch == first.epoch);
        if demands.verification && (guard.is_none() || verification.map(|asked| asked.guard) != guard) {
            return Err(ErrorCode::InvalidTxnState);
        }
        let is_unknown = known.is_none_or(|known| known.batches.is_empty());
        let skips = demands.first_sequence && is_unknown && first.sequence != Sequence::FIRST;
        if skips || verification.is_some_and(|asked| first.sequence > asked.lowest) {
            return Err(ErrorCode::OutOfOrderSequenceNumber);
        }
        arrival
    }

    /// Whether this batch would begin a transaction of its producer here.
    ///
    /// Source: `UnifiedLog.hasOngoingTransaction`, storage, 4.1.
    pub(super) fn begins_transaction(&self, first: Numbered) -> bool {
        let known = self.known.get(&first.producer);
        first.producer.is_transactional()
            && known.is_none_or(|known| known.transaction.is_none() || known.epoch != first.epoch)
    }

    /// The coordinator is about to be asked about a batch. Batches of one producer share its answer.
    ///
    /// Source: `ProducerStateManager.maybeCreateVerificationStateEntry`, storage, 4.1.
    pub(super) fn begin_verification(&mut self, first: Numbered) -> Guard {
        self.guards += 1;
        let new = Verification { epoch: first.epoch, guard: Guard(self.guards), lowest: first.sequence };
        let asked = self.verifications.entry(first.producer).or_insert(new);
        if asked.epoch < first.epoch {
            *asked = new;
        } else if asked.epoch == first.epoch {
            asked.lowest = asked.lowest.min(first.sequence);
        }
        asked.guard
    }

    /// Whether a marker may be written. With `strict` it must have a newer epoch than the batches that it ends; one that
    /// is sent again after it was written is written again.
    ///
    /// # Errors
    /// Its producer has begun a newer epoch here, or a newer coordinator has written.
    ///
    /// Source: `ProducerAppendInfo.{appendEndTxnMarker,checkProducerEpoch,checkCoordinatorEpoch}` at 4.1; KIP-1228 and
    /// KAFKA-19999 for `strict`, at 4.2.
    pub(super) fn check_marker(&self, marker: &Marker, strict: bool) -> Result<(), ErrorCode> {
        let Some(known) = self.known.get(&marker.identity.producer) else { return Ok(()) };
        let epoch = marker.identity.epoch;
        if epoch < known.epoch || strict && epoch == known.epoch && known.transaction.is_some() {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        match known.coordinator.is_some_and(|coordinator| coordinator > marker.coordinator) {
            true => Err(ErrorCode::TransactionCoordinatorFenced),
            false => Ok(()),
        }
    }

    /// Takes note of a marker that was appended at `at`: whatever this producer has written here since the last one is
    /// committed or aborted by it, also what it wrote in an older epoch.
    pub(super) fn marked(&mut self, marker: &Marker, at: Offset, timestamp: Time) {
        let (producer, epoch) = (marker.identity.producer, marker.identity.epoch);
        self.verifications.remove(&producer);
        self.heard(timestamp);
        let known = self.known.entry(producer).or_insert_with(|| Known::new(epoch));
        known.begin(epoch);
        known.last = timestamp;
        known.coordinator = Some(marker.coordinator);
        if let Some(first) = known.transaction.take() {
            self.stable.ended(producer, first, at, marker.ending == Ending::Abort);
        }
    }

    /// Whether a producer may store progress in its transaction.
    ///
    /// # Errors
    /// It has begun a newer epoch.
    pub(super) fn check_stored(&self, identity: Identity) -> Result<(), ErrorCode> {
        match self.known.get(&identity.producer).is_some_and(|known| identity.epoch < known.epoch) {
            true => Err(ErrorCode::InvalidProducerEpoch),
            false => Ok(()),
        }
    }

    /// Takes note of progress that was appended at `base` in a transaction. It carries no sequences.
    pub(super) fn stored(&mut self, identity: Identity, base: Offset, timestamp: Time) {
        self.heard(timestamp);
        let known = self.known.entry(identity.producer).or_insert_with(|| Known::new(identity.epoch));
        known.begin(identity.epoch);
        known.last = timestamp;
        if known.transaction.is_none() {
            known.transaction = Some(base);
            self.stable.began(identity.producer, base);
        }
    }

    /// Whether a batch of `count` messages is the next one of its producer, or one of the last five again.
    ///
    /// # Errors
    /// Nothing is appended when something is missing before it, or when its producer has begun a newer epoch. A batch
    /// older than the last five looks like one before which something is missing. Of a producer that the log does not
    /// have, everything is taken.
    ///
    /// Source: `ProducerStateEntry.findDuplicateBatch`, `ProducerAppendInfo.{checkProducerEpoch,checkSequence}` at 4.1.
    fn check(&self, first: Numbered, count: u32) -> Result<Arrival, ErrorCode> {
        let Some(known) = self.known.get(&first.producer) else { return Ok(Arrival::New) };
        let end = first.sequence.plus(count);
        let is_same = |batch: &&Batch| (batch.first, batch.end) == (first.sequence, end);
        match first.epoch.cmp(&known.epoch) {
            std::cmp::Ordering::Less => Err(ErrorCode::InvalidProducerEpoch),
            std::cmp::Ordering::Equal => match known.batches.iter().find(is_same) {
                Some(_) if !Rule::Dedupe.holds() => Ok(Arrival::New),
                Some(batch) => Ok(Arrival::Duplicate(batch.base)),
                None if known.end() == first.sequence || !Rule::SequenceGap.holds() => Ok(Arrival::New),
                None => Err(ErrorCode::OutOfOrderSequenceNumber),
            },
            std::cmp::Ordering::Greater if first.sequence == Sequence::FIRST => Ok(Arrival::New),
            std::cmp::Ordering::Greater => Err(ErrorCode::OutOfOrderSequenceNumber),
        }
    }

    /// Takes note of a batch that was appended at `base`. A transaction that an older epoch left open goes on.
    fn appended(&mut self, first: Numbered, count: u32, base: Offset, timestamp: Time) {
        self.heard(timestamp);
        let known = self.known.entry(first.producer).or_insert_with(|| Known::new(first.epoch));
        known.begin(first.epoch);
        known.last = timestamp;
        if known.batches.len() == BATCHES_KEPT {
            known.batches.pop_front();
        }
        known.batches.push_back(Batch { first: first.sequence, end: first.sequence.plus(count), base });
        if first.producer.is_transactional() {
            if known.transaction.is_none() {
                known.transaction = Some(base);
                self.stable.began(first.producer, base);
            }
            self.verifications.remove(&first.producer);
        }
    }
}

impl Known {
    fn new(epoch: ProducerEpoch) -> Known {
        let batches = VecDeque::with_capacity(BATCHES_KEPT);
        Known { epoch, batches, transaction: None, coordinator: None, last: Time::ZERO }
    }
    fn begin(&mut self, epoch: ProducerEpoch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
    }
    fn end(&self) -> Sequence {
        self.batches.back().map_or(Sequence::FIRST, |batch| batch.end)
    }
}

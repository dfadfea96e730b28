//! What a leader knows of idempotent producers: for each, its epoch and the last five batches of it in the log. By that
//! it knows a batch that it has already, and one before which something is missing.
//!
//! The log alone decides: whoever begins to lead reads the batches that it holds, copied or its own, and forgets with
//! its tail what was cut off. So a batch is known for one sent before by a leader that has only ever copied it.
//!
//! Simplified: nothing is forgotten while it is in the log, where a producer that is silent for
//! `producer.id.expiration.ms` (a day) is. Gives up: a retry that comes after a day.
//!
//! Source: KIP-98; `ProducerStateManager`, `ProducerStateEntry`, `UnifiedLog.{analyzeAndValidateProducerState,
//! rebuildProducerState,truncateTo}`, storage, 4.1.

use std::collections::{BTreeMap, VecDeque};

use ackproof_log::Offset;

use crate::error_code::ErrorCode;
use crate::message::{Payload, Record};
use crate::sequence::{Numbered, ProducerEpoch, ProducerId, Sequence};

/// Batches of a producer that a broker can tell a duplicate of. As many requests may be in flight.
/// Source: `ProducerStateEntry.NUM_BATCHES_TO_RETAIN`, storage, 4.1.
const BATCHES_KEPT: usize = 5;

/// Every producer with a batch in the log.
#[derive(Debug, Default)]
pub(super) struct Producers {
    known: BTreeMap<ProducerId, Known>,
}

#[derive(Debug)]
struct Known {
    epoch: ProducerEpoch,
    /// Of that epoch, oldest first; never empty.
    batches: VecDeque<Batch>,
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
    /// What a log that begins at `base` says.
    pub(super) fn of(base: Offset, records: &[Record]) -> Producers {
        let mut producers = Producers::default();
        let mut at = 0;
        while let Some(record) = records.get(at) {
            let count = record.left + 1;
            match record.payload {
                Payload::Message(_, Some(first)) => producers.appended(first, count, base.plus(at as u64)),
                Payload::Message(_, None) | Payload::Commit(_) | Payload::Group(_) => {}
            }
            at += count as usize;
        }
        producers
    }

    /// Takes a batch that goes to `base` unless it is there already. One without a number always goes there.
    ///
    /// # Errors
    /// Those of [`Producers::check`].
    pub(super) fn take(&mut self, first: Option<Numbered>, count: u32, base: Offset) -> Result<Arrival, ErrorCode> {
        let Some(first) = first else { return Ok(Arrival::New) };
        let arrival = self.check(first, count)?;
        if arrival == Arrival::New {
            self.appended(first, count, base);
        }
        Ok(arrival)
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
                Some(batch) => Ok(Arrival::Duplicate(batch.base)),
                None if known.end() == first.sequence => Ok(Arrival::New),
                None => Err(ErrorCode::OutOfOrderSequenceNumber),
            },
            std::cmp::Ordering::Greater if first.sequence == Sequence::FIRST => Ok(Arrival::New),
            std::cmp::Ordering::Greater => Err(ErrorCode::OutOfOrderSequenceNumber),
        }
    }

    /// Takes note of a batch that was appended at `base`.
    fn appended(&mut self, first: Numbered, count: u32, base: Offset) {
        let batches = || VecDeque::with_capacity(BATCHES_KEPT);
        let known =
            self.known.entry(first.producer).or_insert_with(|| Known { epoch: first.epoch, batches: batches() });
        if known.epoch != first.epoch {
            known.epoch = first.epoch;
            known.batches.clear();
        }
        if known.batches.len() == BATCHES_KEPT {
            known.batches.pop_front();
        }
        known.batches.push_back(Batch { first: first.sequence, end: first.sequence.plus(count), base });
    }
}

impl Known {
    fn end(&self) -> Sequence {
        self.batches.back().map_or(Sequence::FIRST, |batch| batch.end)
    }
}

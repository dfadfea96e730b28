//! Which transactions of a partition are open, and which were aborted: how far a reader of what is committed may go, and
//! what it leaves out.
//!
//! The last stable offset is where the first transaction begins that has no marker, or whose marker the high watermark has
//! not passed; without one it is the high watermark.
//!
//! Source: `ProducerStateManager.{firstUnstableOffset,completeTxn,onHighWatermarkUpdated}`, `UnifiedLog.{lastStableOffset,
//! collectAbortedTransactions}`, storage, 4.1.

use std::collections::{BTreeMap, VecDeque};

use ackproof_log::Offset;

use crate::mutation::Rule;
use crate::sequence::ProducerId;
use crate::transaction::Aborted;

#[derive(Debug, Default)]
pub(super) struct Stable {
    /// Transactions without a marker, by where they began.
    open: BTreeMap<Offset, ProducerId>,
    /// The newest that have one, in order of markers.
    ended: VecDeque<(Offset, Offset)>,
    /// In order of markers.
    aborted: Vec<Aborted>,
}

impl Stable {
    pub(super) fn began(&mut self, producer: ProducerId, first: Offset) {
        self.open.insert(first, producer);
    }
    pub(super) fn ended(&mut self, producer: ProducerId, first: Offset, marker: Offset, aborted: bool) {
        self.open.remove(&first);
        self.ended.push_back((first, marker));
        if aborted {
            self.aborted.push(Aborted { producer, first, marker });
        }
    }

    /// Below the high watermark, nothing below it is part of a transaction that has not ended.
    pub(super) fn last_stable_offset(&self, high_watermark: Offset) -> Offset {
        if self.open.is_empty() && self.ended.is_empty() || !Rule::LastStableOffset.holds() {
            return high_watermark;
        }
        let open = self.open.first_key_value().map(|(&first, _)| first);
        let unseen = self.ended.iter().filter(|(_, marker)| *marker >= high_watermark).map(|(first, _)| *first).min();
        [open, unseen].into_iter().flatten().fold(high_watermark, Offset::min)
    }
    /// The high watermark will not go back before this.
    pub(super) fn forget_ended(&mut self, high_watermark: Offset) {
        let seen = self.ended.partition_point(|(_, marker)| *marker < high_watermark);
        self.ended.drain(..seen);
    }

    /// Aborted transactions with records between.
    pub(super) fn aborted_between(&self, from: Offset, upto: Offset) -> Vec<Aborted> {
        let after = self.aborted.partition_point(|aborted| aborted.marker < from);
        self.aborted[after..].iter().filter(|aborted| aborted.first < upto).copied().collect()
    }
}

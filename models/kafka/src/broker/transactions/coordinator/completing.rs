//! A transaction whose end is decided is completed: a marker goes to each partition, and that they are written is written
//! down.

use super::{Coordinator, Then, Transaction};
use crate::error_code::ErrorCode;
use crate::message::Correlation;
use crate::transaction::{Marker, State, TransactionalId};

impl Coordinator {
    /// The end of a transaction is decided: a marker goes to each of its partitions.
    pub(super) fn begin_markers(&mut self, id: TransactionalId) {
        let (Some(known), Some(coordinator)) = (self.known.get_mut(&id), self.loaded_in) else { return };
        let State::Prepared(ending) = known.state else { return };
        known.pending = true;
        let marker = Marker { identity: known.identity(), ending, coordinator };
        self.markers.begin(id, marker, &known.partitions);
        self.complete_if_marked(id);
    }

    /// A partition's leader has answered. A marker that it will never take ends the sending: the transaction stays as it is
    /// until another coordinator takes it up.
    ///
    /// Source: `TransactionMarkerRequestCompletionHandler.onComplete`, core, 4.1.
    pub(in crate::broker::transactions) fn marker_written(
        &mut self,
        correlation: Correlation,
        result: Result<(), ErrorCode>,
    ) {
        let Some((id, origin)) = self.markers.answered(correlation, result) else { return };
        match result {
            Ok(()) => {
                if let Some(known) = self.known.get_mut(&id) {
                    known.partitions.remove(&origin);
                }
                self.complete_if_marked(id);
            }
            Err(ErrorCode::InvalidProducerEpoch | ErrorCode::TransactionCoordinatorFenced) => self.markers.cancel(id),
            Err(_) => {}
        }
    }

    fn complete_if_marked(&mut self, id: TransactionalId) {
        let Some(known) = self.known.get(&id).filter(|known| known.partitions.is_empty()) else { return };
        let State::Prepared(ending) = known.state else { return };
        let next =
            Transaction { state: State::Completed(ending), has_failed_fence: false, pending: false, ..known.clone() };
        self.write(id, next, Then::Complete);
    }

    /// Writes down again what could not be.
    pub(in crate::broker::transactions) fn complete_again(&mut self) {
        for id in std::mem::take(&mut self.unwritten) {
            self.complete_if_marked(id);
        }
    }
}

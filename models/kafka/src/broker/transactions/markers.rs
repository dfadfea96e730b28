//! Markers on their way to the leaders of partitions.
//!
//! Source: `TransactionMarkerChannelManager`, `TransactionMarkerRequestCompletionHandler`, core, 4.1.

use std::collections::BTreeSet;

use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use crate::error_code::ErrorCode;
use crate::message::{Correlation, WriteMarker};
use crate::transaction::{Marker, TransactionalId};

/// Markers that nobody has confirmed.
#[derive(Debug, Default)]
pub(super) struct Markers {
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    id: TransactionalId,
    origin: Origin,
    marker: Marker,
    /// Whom it was sent to.
    asked: Option<Asked>,
}

#[derive(Copy, Clone, Debug)]
struct Asked {
    leader: NodeId,
    correlation: Correlation,
    at: Time,
}

impl Markers {
    pub(super) fn begin(&mut self, id: TransactionalId, marker: Marker, partitions: &BTreeSet<Origin>) {
        self.cancel(id);
        let to_send = |&origin: &Origin| Waiting { id, origin, marker, asked: None };
        self.waiting.extend(partitions.iter().map(to_send));
    }
    pub(super) fn cancel(&mut self, id: TransactionalId) {
        self.waiting.retain(|waiting| waiting.id != id);
    }
    pub(super) fn has_unsent(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.asked.is_none())
    }
    /// Leaders that have not answered, and since when.
    pub(super) fn asked(&self) -> impl Iterator<Item = (NodeId, Time)> {
        self.waiting.iter().filter_map(|waiting| waiting.asked).map(|asked| (asked.leader, asked.at))
    }

    /// Requests for the leaders of those that were not sent; one without a leader waits.
    pub(super) fn send(
        &mut self,
        leader: impl Fn(Origin) -> Option<NodeId>,
        correlation: &mut Correlation,
        now: Time,
    ) -> Vec<(NodeId, WriteMarker)> {
        let mut requests = Vec::new();
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.asked.is_none()) {
            let Some(leader) = leader(waiting.origin) else { continue };
            let correlation = correlation.advance();
            waiting.asked = Some(Asked { leader, correlation, at: now });
            let request = WriteMarker { correlation, origin: waiting.origin, marker: waiting.marker };
            requests.push((leader, request));
        }
        requests
    }

    /// Which marker was answered; one that failed stays, to be sent again.
    pub(super) fn answered(
        &mut self,
        correlation: Correlation,
        result: Result<(), ErrorCode>,
    ) -> Option<(TransactionalId, Origin)> {
        let is_it = |waiting: &Waiting| waiting.asked.is_some_and(|asked| asked.correlation == correlation);
        let place = self.waiting.iter().position(is_it)?;
        let waiting = &mut self.waiting[place];
        waiting.asked = None;
        let found = (waiting.id, waiting.origin);
        if result.is_ok() {
            self.waiting.remove(place);
        }
        Some(found)
    }

    /// The connection with this leader is gone.
    pub(super) fn lose(&mut self, peer: NodeId) {
        for waiting in &mut self.waiting {
            waiting.asked = waiting.asked.filter(|asked| asked.leader != peer);
        }
    }
}

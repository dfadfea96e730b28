//! Locks of queues for orderly listeners. They are in memory alone: whoever becomes the master, or comes back, knows of none.

use std::collections::BTreeMap;

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use crate::broker::Broker;
use crate::message::{Consuming, Message, Opaque};
use crate::model::Rocketmq;
use crate::topic::{Queue, Slot};

/// A lock that is not renewed for so long is anybody's.
/// Source: `RebalanceLockManager.REBALANCE_LOCK_MAX_LIVE_TIME`, broker, 5.3.
const EXPIRY: Span = Span::secs(60);

/// Who holds which queue, and when that was last renewed.
#[derive(Debug, Default)]
pub struct Locks(BTreeMap<Slot, (NodeId, Time)>);

impl Locks {
    /// Source: `RebalanceLockManager.tryLockBatch`, broker, 5.3.
    fn take(&mut self, slot: Slot, member: NodeId, now: Time) -> bool {
        let is_taken = self.0.get(&slot).is_some_and(|(holder, at)| *holder != member && now.since(*at) <= EXPIRY);
        if is_taken {
            return false;
        }
        self.0.insert(slot, (member, now));
        true
    }
}

impl Broker {
    pub(super) fn on_lock(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, opaque: Opaque, wanted: &[Queue]) {
        let now = ctx.now();
        let queues = wanted.iter().copied().filter(|queue| self.locks.take(queue.slot, from, now)).collect();
        ctx.send(from, Message::Consuming(Box::new(Consuming::Locked { opaque, queues })));
    }

    /// Source: `RebalanceLockManager.unlockBatch`, broker, 5.3.
    pub(super) fn on_unlock(&mut self, from: NodeId, queue: Queue) {
        if self.locks.0.get(&queue.slot).is_some_and(|(holder, _)| *holder == from) {
            self.locks.0.remove(&queue.slot);
        }
    }
}

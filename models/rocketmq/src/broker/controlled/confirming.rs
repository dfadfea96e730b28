//! How far the log is confirmed: what consumers see.

use ackproof_core::actor::Ctx;

use crate::broker::Broker;
use crate::message::{Code, Refusal};
use crate::model::Rocketmq;
use crate::replicas::Members;

use crate::broker::answering::Acks;

impl Broker {
    /// Those whom a send waits for under `allAckInSyncStateSet`: the set, together with what it is to be.
    ///
    /// Source: `AutoSwitchHAService.getSyncStateSet`, store, 5.1.1 (#5663).
    pub(super) fn counted_set(&self) -> Members {
        self.controlled.proposed.map_or(self.controlled.set, |proposed| proposed.union(self.controlled.set))
    }

    /// Source: `AutoSwitchHAService.inSyncReplicasNums`, store, 5.3.
    fn in_sync_count(&self) -> usize {
        let proposed = self.controlled.proposed.map_or(0, Members::count);
        self.controlled.set.count().max(proposed)
    }

    /// Source: `CommitLog.asyncPutMessage`, store, 5.3: with too few in the set nothing is appended.
    pub(in crate::broker) fn admit_controlled(&self, waits: bool) -> Result<Acks, Refusal> {
        let ha = &self.config().ha;
        if !waits {
            return Ok(Acks::None);
        }
        if self.in_sync_count() < ha.min_in_sync_replicas as usize {
            return Err(Refusal::certain(Code::SystemError));
        }
        Ok(if ha.all_ack { Acks::All } else { Acks::needing(ha.in_sync_replicas) })
    }

    /// Whether every member of the set has the log up to `end`.
    ///
    /// Source: `GroupTransferService.doWaitTransfer`, store, 5.3.
    pub(in crate::broker) fn is_copied_by_all(&self, end: u64) -> bool {
        let set = self.counted_set();
        let holders = self.links.holders(end).filter(|slave| set.contains(self.plan.place(*slave).1)).count();
        set.count() <= 1 || holders + 1 >= set.count()
    }

    /// One past the last position that is confirmed.
    ///
    /// Source: `CommitLog.getConfirmOffset`, store, 5.3; `AutoSwitchHAService.getConfirmOffset`, 5.0.
    pub(in crate::broker) fn confirmed(&self, ctx: &Ctx<'_, Rocketmq>) -> u64 {
        let alone =
            self.controlled.set.count() == 1 || self.plan.config.rules.confirms_alone && !self.config().ha.all_ack;
        let end = self.store.committed(ctx.disk);
        match self.is_master() && alone {
            true => end,
            false => self.controlled.confirmed.min(end),
        }
    }

    /// What the acknowledgements of the set come to.
    ///
    /// Source: `AutoSwitchHAService.computeConfirmOffset`, store, 5.3.
    pub(super) fn computed_confirmed(&self, ctx: &Ctx<'_, Rocketmq>) -> u64 {
        let set = self.counted_set();
        let linked = |place: u8| self.links.iter().any(|link| self.plan.place(link.slave).1 == place);
        let is_whole = set.iter().all(|place| place == self.place() || linked(place));
        let end = self.store.committed(ctx.disk);
        if !is_whole && self.plan.config.rules.confirm_minds_links {
            return if self.controlled.set.count() == 1 { end } else { self.controlled.confirmed.min(end) };
        }
        let of_set = self.links.iter().filter(|link| set.contains(self.plan.place(link.slave).1));
        of_set.map(|link| link.acked).filter(|acked| *acked > 0).fold(end, u64::min)
    }
}

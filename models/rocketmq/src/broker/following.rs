//! The slave's side of replication.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::model::Actors;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::{Span, Time};

use crate::broker::{Broker, Timer};
use crate::message::{Ha, Message};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::Entry;

/// A slave that has no link tries again after this long.
/// Source: `DefaultHAClient.run`, store, 5.3: `waitForRunning(1000 * 5)`.
const TRY_AGAIN: Span = Span::secs(5);

/// The link to the master.
#[derive(Debug, Default)]
pub struct Following {
    master: Option<NodeId>,
    /// Since when there is a link; `None` without one.
    linked: Option<Time>,
    /// When the master was last heard of, and when it was last told something.
    heard: Time,
    told: Time,
}

impl Following {
    pub fn is_linked(&self) -> bool {
        self.linked.is_some()
    }
    pub fn master(&self) -> Option<NodeId> {
        self.master
    }
    /// Whose progress is copied, where the log comes another way.
    pub fn know(&mut self, master: Option<NodeId>) {
        self.master = master;
    }
}

impl Broker {
    pub fn following(&self) -> &Following {
        &self.following
    }

    /// A nameserver says who the master is.
    pub(super) fn learn_master(&mut self, ctx: &mut Ctx<'_, Rocketmq>, master: NodeId) {
        if self.following.master != Some(master) {
            self.following.master = Some(master);
            self.following.linked = None;
            self.link_up(ctx);
            self.ask_for_progress_soon(ctx);
        }
    }

    /// Opens the link: the first word says where the log ends.
    fn link_up(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let Some(master) = self.following.master.filter(|_| !self.is_master()) else { return };
        let now = ctx.now();
        self.following.linked = Some(now);
        self.following.heard = now;
        self.following.told = now;
        let end = self.store.committed(ctx.disk);
        ctx.send(master, Message::Ha(Ha::Report { end, is_first: true }));
        ctx.set_timer(Timer::Follow.id(), Span::secs(1));
    }

    /// Signs of life, an end to a link on which nothing is heard, and another try where there is none.
    ///
    /// Source: `DefaultHAClient.transferFromMaster`, `DefaultHAClient.run`, store, 5.3.
    pub(super) fn follow_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let Some(master) = self.following.master.filter(|_| !self.is_master()) else { return };
        if self.following.linked.is_none() {
            self.link_up(ctx);
            return;
        }
        let ha = &self.plan.broker(self.node).ha;
        if ctx.now().since(self.following.heard) > ha.housekeeping {
            ctx.note(|| "hears nothing from its master and opens another link".to_owned());
            self.unlink(ctx, master);
            return;
        }
        if ctx.now().since(self.following.told) >= ha.heartbeat {
            self.report(ctx, master);
        }
        ctx.set_timer(Timer::Follow.id(), Span::secs(1));
    }

    fn unlink(&mut self, ctx: &mut Ctx<'_, Rocketmq>, master: NodeId) {
        ctx.close(master);
        self.following.linked = None;
        ctx.set_timer(Timer::Follow.id(), TRY_AGAIN);
    }

    fn report(&mut self, ctx: &mut Ctx<'_, Rocketmq>, master: NodeId) {
        self.following.told = ctx.now();
        let end = self.store.committed(ctx.disk);
        let end = if Rule::SlavePageCache.holds() { end } else { end.min(self.store.flushed()) };
        ctx.send(master, Message::Ha(Ha::Report { end, is_first: false }));
    }

    /// The master's entries. They are acknowledged as they are in the page cache; the slave's own flush comes later.
    ///
    /// Source: `DefaultHAClient.dispatchReadRequest`, `DefaultMessageStore.appendToCommitLog`, store, 5.3.
    pub(super) fn on_push(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        from: NodeId,
        at: u64,
        entries: Vec<Entry>,
    ) -> Result<(), DiskError> {
        if self.following.master != Some(from) || self.following.linked.is_none() {
            return Ok(());
        }
        self.following.heard = ctx.now();
        let end = self.store.committed(ctx.disk);
        if end == 0 && at > 0 && !entries.is_empty() {
            self.store.restart(ctx.disk, at);
        } else if end != at && end > 0 {
            // Signs of life say where the master is, too: so a slave that could not write notices.
            ctx.note(|| format!("its log ends at {end} and its master pushes from {at}"));
            self.unlink(ctx, from);
            return Ok(());
        }
        if entries.is_empty() {
            return Ok(());
        }
        for entry in entries {
            self.store.append_copy(ctx.disk, entry)?;
            if let Some(letter) = entry.letter() {
                let (origin, offset) = (self.plan.origin(self.group, entry.slot), entry.offset);
                let (epoch, msg) = (entry.epoch.0, letter.msg);
                ctx.observe(Probe::Replicated, || Observation::Replicated { origin, offset, epoch, msg });
            }
        }
        let config = &self.plan.broker(self.node).store;
        self.flusher.copied(ctx, &self.store, config);
        self.report(ctx, from);
        Ok(())
    }

    pub(super) fn master_closed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
        if !self.is_master() && self.following.master == Some(peer) && self.following.linked.take().is_some() {
            ctx.set_timer(Timer::Follow.id(), TRY_AGAIN);
        }
    }
}

impl Broker {
    /// Whether it is a master, or a slave that has its master's whole log. One without a master has nothing to catch up
    /// with.
    pub fn is_caught_up(&self, actors: &Actors<'_, Rocketmq>, model: &Rocketmq) -> bool {
        let master = model.master(actors, self.group);
        self.is_master()
            || self.controlled().is_stuck()
            || master.is_none_or(|(_, master)| {
                let end = master.store.dispatched();
                master.links().any(|link| link.slave == self.node && link.acked >= end)
            })
    }
}

//! The slave's side of a link of controller mode: it compares epochs with its master, cuts its log back to where the two are
//! the same, and copies from there.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use crate::broker::Broker;
use crate::broker::controlled::ControlTimer;
use crate::message::{AutoHa, Message};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::Entry;

/// Source: `AutoSwitchHAClient.closeMasterAndWait`, `handshakeWithMaster`, store, 5.3.
const TRY_AGAIN: Span = Span::secs(5);
/// Source: `AutoSwitchHAClient.HAClientReader.processReadResult`, store, 5.3: 2 s more after logs could not be matched.
const TRY_AGAIN_UNMATCHED: Span = Span::secs(7);

/// Source: `HAConnectionState`, store, 5.3.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
enum State {
    #[default]
    Ready,
    Handshake(NodeId),
    Transfer(NodeId),
}

impl State {
    fn peer(self) -> Option<NodeId> {
        match self {
            State::Ready => None,
            State::Handshake(peer) | State::Transfer(peer) => Some(peer),
        }
    }
}

/// The link to the master.
#[derive(Debug, Default)]
pub struct Trail {
    /// Where the nameservers say the master is: the controllers do not tell.
    address: Option<NodeId>,
    state: State,
    heard: Time,
    told: Time,
    /// The end that was reported last.
    reported: u64,
    /// The epoch of the last batch.
    received: Option<Epoch>,
    is_stuck: bool,
}

impl Trail {
    pub fn is_linked(&self) -> bool {
        matches!(self.state, State::Transfer(_))
    }
    pub fn is_stuck(&self) -> bool {
        self.is_stuck
    }
}

impl Broker {
    /// A nameserver says where the master of the group is. A link that is there stays as it is.
    ///
    /// Source: `BrokerController.handleRegisterBrokerResult`, broker; `AutoSwitchHAClient.updateHaMasterAddress`, store, 5.3.
    pub(in crate::broker) fn learn_address(&mut self, ctx: &mut Ctx<'_, Rocketmq>, master: NodeId) {
        if self.controlled.trail.address != Some(master) {
            self.controlled.trail.address = Some(master);
            if self.controlled.trail.state == State::Ready {
                self.trail_timer(ctx);
            }
        }
    }

    /// Another master: the link begins anew, as soon as a nameserver tells where to.
    pub(super) fn reopen_trail(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.unlink_trail(ctx);
        self.controlled.trail = Trail { heard: ctx.now(), ..Trail::default() };
        ctx.set_timer(ControlTimer::Trail.id(), TRY_AGAIN);
    }

    /// Closes what is there.
    pub(super) fn unlink_trail(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if let Some(peer) = self.controlled.trail.state.peer() {
            ctx.close(peer);
        }
        self.controlled.trail.state = State::Ready;
    }

    fn drop_trail(&mut self, ctx: &mut Ctx<'_, Rocketmq>, wait: Span) {
        self.unlink_trail(ctx);
        ctx.set_timer(ControlTimer::Trail.id(), wait);
    }

    pub(in crate::broker) fn trail_closed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
        if self.controlled.trail.state.peer() == Some(peer) {
            self.controlled.trail.state = State::Ready;
            ctx.set_timer(ControlTimer::Trail.id(), TRY_AGAIN);
        }
    }

    /// Source: `AutoSwitchHAClient.run`, store, 5.3.
    pub(super) fn trail_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.is_master() {
            return;
        }
        let (now, trail) = (ctx.now(), &self.controlled.trail);
        let ha = &self.plan.broker(self.node).ha;
        let wait = match (trail.state, trail.address) {
            (State::Ready, None) => TRY_AGAIN,
            (State::Ready, Some(master)) => {
                self.shake_hands(ctx, master);
                TRY_AGAIN
            }
            (State::Handshake(peer), Some(master)) if peer != master => {
                self.unlink_trail(ctx);
                self.shake_hands(ctx, master);
                TRY_AGAIN
            }
            (State::Handshake(master), _) => {
                self.send_handshake(ctx, master);
                TRY_AGAIN
            }
            (State::Transfer(_), _) if now.since(trail.heard) > ha.housekeeping => {
                ctx.note(|| "hears nothing from its master and opens another link".to_owned());
                self.unlink_trail(ctx);
                Span::ms(1)
            }
            (State::Transfer(master), _) => {
                if now.since(trail.told) > ha.heartbeat {
                    self.report_auto(ctx, master);
                }
                Span::secs(1)
            }
        };
        ctx.set_timer(ControlTimer::Trail.id(), wait);
    }

    fn shake_hands(&mut self, ctx: &mut Ctx<'_, Rocketmq>, master: NodeId) {
        let end = self.store.committed(ctx.disk);
        let trail = &mut self.controlled.trail;
        trail.state = State::Handshake(master);
        trail.heard = ctx.now();
        trail.reported = end;
        self.send_handshake(ctx, master);
    }

    fn send_handshake(&mut self, ctx: &mut Ctx<'_, Rocketmq>, master: NodeId) {
        self.controlled.trail.told = ctx.now();
        let config = self.config();
        let (learner, from_last_file) = (config.fail_over.learner, config.ha.from_last_file);
        ctx.send(master, Message::AutoHa(Box::new(AutoHa::Handshake { learner, from_last_file })));
    }

    fn report_auto(&mut self, ctx: &mut Ctx<'_, Rocketmq>, master: NodeId) {
        self.controlled.trail.told = ctx.now();
        let end = self.controlled.trail.reported;
        ctx.send(master, Message::AutoHa(Box::new(AutoHa::Report { end })));
    }

    /// Tells the master at once where the log ends, if that is further than it knows. Where it is not, the master hears with
    /// the next sign of life, and nothing is copied before.
    ///
    /// Source: `AutoSwitchHAClient.reportSlaveMaxOffset`, store, 5.3.
    fn report_if_longer(&mut self, ctx: &mut Ctx<'_, Rocketmq>, master: NodeId) {
        let end = self.store.committed(ctx.disk);
        if end > self.controlled.trail.reported {
            self.controlled.trail.reported = end;
            self.report_auto(ctx, master);
        }
    }

    /// The master's epochs. A broker that has none of its own cuts nothing.
    ///
    /// Source: `AutoSwitchHAClient.doTruncate`, store, 5.3.
    pub(super) fn on_epochs(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        from: NodeId,
        masters: &[(Epoch, u64)],
        masters_end: u64,
    ) {
        if self.controlled.trail.state != State::Handshake(from) {
            return;
        }
        self.controlled.trail.heard = ctx.now();
        let end = self.store.committed(ctx.disk);
        let mut reported = 0;
        if !self.controlled.epochs.entries().is_empty() {
            let point = self.controlled.epochs.consistent_point(end, masters, masters_end);
            let Some(point) = point else {
                ctx.note(|| "finds no epoch that its master has too, and cannot follow".to_owned());
                self.controlled.trail.is_stuck = true;
                self.drop_trail(ctx, TRY_AGAIN_UNMATCHED);
                return;
            };
            if point < end && Rule::EpochTruncation.holds() {
                self.cut_back(ctx, point);
            }
            if self.controlled.epochs.truncate(ctx.disk, point).is_err() {
                ctx.note(|| "could not write its epochs down".to_owned());
            }
            reported = point;
        }
        self.controlled.trail.is_stuck = false;
        self.controlled.trail.reported = reported;
        self.controlled.trail.state = State::Transfer(from);
        self.report_if_longer(ctx, from);
        ctx.set_timer(ControlTimer::Trail.id(), Span::secs(1));
    }

    /// Source: `DefaultMessageStore.truncateFiles`, store, 5.3.
    fn cut_back(&mut self, ctx: &mut Ctx<'_, Rocketmq>, point: u64) {
        self.observe_cut(ctx, point);
        self.keep_stale(ctx, point);
        self.store.truncate(ctx.disk, point);
        self.controlled.confirmed = self.controlled.confirmed.min(point);
    }

    fn observe_cut(&self, ctx: &mut Ctx<'_, Rocketmq>, point: u64) {
        if !ctx.wants(Probe::Truncated) {
            return;
        }
        let mut ends: Vec<(u64, u64)> = vec![(u64::MAX, 0); usize::from(self.plan.queues.count())];
        for entry in ctx.disk.tail(crate::store::COMMIT_LOG, point) {
            let (first, end) = &mut ends[entry.slot.index()];
            *first = (*first).min(entry.offset);
            *end = (*end).max(entry.offset + 1);
        }
        for slot in self.plan.queues.all().filter(|slot| ends[slot.index()].1 > 0) {
            let (to, from) = ends[slot.index()];
            let origin = self.plan.origin(self.group, slot);
            ctx.observe(Probe::Truncated, || {
                let why = format!("its master's epochs part from its own there, in epoch {}", self.controlled.epoch);
                Observation::Truncated { origin, from, to, why }
            });
        }
    }

    /// Source: `AutoSwitchHAClient.HAClientReader.processReadResult`, store, 5.3.
    pub(super) fn on_auto_push(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        from: NodeId,
        (at, epoch, confirm): (u64, Option<(Epoch, u64)>, u64),
        entries: &[Entry],
    ) -> Result<(), DiskError> {
        if self.controlled.trail.state != State::Transfer(from) {
            return Ok(());
        }
        self.controlled.trail.heard = ctx.now();
        let end = self.store.committed(ctx.disk);
        if end != 0 && end != at {
            ctx.note(|| format!("its log ends at {end} and its master pushes from {at}"));
            self.drop_trail(ctx, TRY_AGAIN);
            return Ok(());
        }
        if let Some((epoch, start)) = epoch.filter(|(epoch, _)| self.controlled.trail.received != Some(*epoch)) {
            self.controlled.trail.received = Some(epoch);
            self.controlled.epochs.append(ctx.disk, epoch, start)?;
        }
        if end == 0 && at > 0 && !entries.is_empty() {
            self.store.restart(ctx.disk, at);
        }
        for entry in entries {
            self.store.append_copy(ctx.disk, *entry)?;
            if let Some(letter) = entry.letter() {
                let (origin, offset) = (self.plan.origin(self.group, entry.slot), entry.offset);
                let (epoch, msg) = (entry.epoch.0, letter.msg);
                ctx.observe(Probe::Replicated, || Observation::Replicated { origin, offset, epoch, msg });
            }
        }
        let end = self.store.committed(ctx.disk);
        self.controlled.confirmed = confirm.min(end);
        self.flusher.copied(ctx, &self.store, &self.plan.broker(self.node).store);
        self.report_if_longer(ctx, from);
        Ok(())
    }
}

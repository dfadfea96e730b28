//! DLedger mode: the brokers of a group are the members of a Raft group, and its log is their commit log. Election and
//! replication are `ackproof_raft`'s; here is what a broker makes of them: which role it has and tells nameservers,
//! when a send is answered, what queues and readers see.
//!
//! Simplified: what a member cuts from its log is cut from its queues. Nobody tells RocketMQ's consume queues, and a broker
//! that was killed with a tail of its own finds that tail in them again (`DLedgerCommitLog.dledgerRecoverAbnormally`,
//! derived). Gives up: such a broker, once it leads, may serve another message where that tail was, or none.

mod roles;
mod waiting;

use std::collections::{BTreeMap, VecDeque};

use ackproof_core::actor::Ctx;
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_log::Offset;
use ackproof_raft::{Effect, Event, Member, Policy, Refused, Step};

use crate::broker::dledger::waiting::Pending;
use crate::broker::{Broker, Stage, Timer};
use crate::cell;
use crate::config::Mode;
use crate::message::Message;
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::Entry;
use crate::store::{COMMIT_LOG, Draft, Place};
use crate::topic::Slot;

/// What only a broker of this mode has.
#[derive(Debug)]
pub struct Dledger {
    member: Member<Entry>,
    /// What the member wants done; kept for its room.
    effects: Vec<Effect<Entry>>,
    pending: VecDeque<Pending>,
    /// The timer for the first of them is set.
    is_set: bool,
    /// Syncs of the log that are under way.
    syncs: u32,
    /// The last sync before the end was asked for.
    is_flushing: bool,
    /// Whoever watches knows what is synced before this.
    shown: u64,
    /// It registered in a way that tells it who is the master.
    asked_for_master: bool,
}

impl Broker {
    /// The member of its group that this broker is; `None` in other modes.
    pub fn member(&self) -> Option<&Member<Entry>> {
        self.dledger.as_ref().map(|dledger| &dledger.member)
    }

    /// The process begins.
    ///
    /// Source: `DLedgerCommitLog.start`, store, 5.3.
    pub(super) fn start_raft(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.plan.config.cluster.mode != Mode::Dledger {
            return;
        }
        let members: Vec<NodeId> = self.plan.members(self.group).collect();
        let place = ackproof_raft::Place { log: COMMIT_LOG, ballot: cell::VOTE };
        let mut policy = Policy::dledger();
        if !Rule::MajorityInPageCache.holds() {
            policy.counts = ackproof_raft::Horizon::Platter;
        }
        let member = Member::new(self.node, &members, place, policy, ctx.disk);
        self.dledger = Some(Box::new(Dledger {
            member,
            effects: Vec::new(),
            pending: VecDeque::new(),
            is_set: false,
            syncs: 0,
            is_flushing: false,
            shown: 0,
            asked_for_master: false,
        }));
        self.on_raft(ctx, Event::Start);
    }

    /// Something happens to the member.
    pub(super) fn on_raft(&mut self, ctx: &mut Ctx<'_, Rocketmq>, event: Event<Entry>) {
        let Some(dledger) = &mut self.dledger else { return };
        let now = ctx.now();
        let mut step = Step { disk: ctx.disk, random: ctx.random, now, effects: &mut dledger.effects };
        dledger.member.on(&mut step, event);
        self.carry_out(ctx);
    }

    pub(super) fn raft_closed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
        if let Some(dledger) = &mut self.dledger {
            dledger.pending.retain(|pending| !pending.is_for(peer));
            self.on_raft(ctx, Event::Closed { peer });
        }
    }

    /// Appends an entry through the leader that this broker is. That a majority has it is known later.
    ///
    /// # Errors
    /// [`DiskError::Full`]; also from a broker that does not lead, which whoever appends has looked at before.
    pub(super) fn append_as_leader(&mut self, ctx: &mut Ctx<'_, Rocketmq>, draft: Draft) -> Result<Place, DiskError> {
        let Some(dledger) = &mut self.dledger else { return Err(DiskError::Full) };
        let entry = self.store.draft(Draft { epoch: dledger.member.epoch(), ..draft });
        let now = ctx.now();
        let mut step = Step { disk: ctx.disk, random: ctx.random, now, effects: &mut dledger.effects };
        let appended = dledger.member.append(&mut step, [entry]);
        let placed = match appended {
            Ok(position) => {
                self.store.took(&entry);
                Ok(Place { position: position.0, offset: entry.offset })
            }
            Err(Refused::Disk(error)) => Err(error),
            Err(Refused::NotLeader { .. } | Refused::HandingOver) => Err(DiskError::Full),
        };
        self.carry_out(ctx);
        placed
    }

    fn carry_out(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let Some(dledger) = &mut self.dledger else { return };
        let mut effects = std::mem::take(&mut dledger.effects);
        for effect in effects.drain(..) {
            self.on_effect(ctx, effect);
        }
        if let Some(dledger) = &mut self.dledger {
            dledger.effects = effects;
        }
    }

    fn on_effect(&mut self, ctx: &mut Ctx<'_, Rocketmq>, effect: Effect<Entry>) {
        match effect {
            Effect::Send { to, body } => ctx.send(to, Message::Raft(Box::new(body))),
            Effect::SetTimer { timer, after } => ctx.set_timer(Timer::of_raft(timer).id(), after),
            Effect::CancelTimer(timer) => ctx.cancel_timer(Timer::of_raft(timer).id()),
            Effect::Sync(target) => self.sync_log(ctx, target),
            Effect::Leads { .. } => self.begin_to_lead(ctx),
            Effect::Follows { .. } => self.change_to_slave(ctx),
            Effect::Stands { .. } if self.is_master() => self.change_to_slave(ctx),
            Effect::Appended { from, to } => self.take_copies(ctx, from.0, to.0),
            Effect::Truncated { from, .. } => self.take_cut(ctx, from.0),
            Effect::Synced { upto } => {
                self.store.flushed_to(upto.0);
                self.show_synced(ctx, upto.0);
            }
            // What it leads to is found out at the end of the event.
            Effect::Stands { .. } | Effect::Deposed { .. } | Effect::Committed { .. } => {}
            Effect::DiskFailed(error) => ctx.note(|| format!("its disk failed ({error}), and it goes on")),
        }
    }

    fn sync_log(&mut self, ctx: &mut Ctx<'_, Rocketmq>, target: SyncTarget) {
        if let (Some(dledger), SyncTarget::File(_)) = (&mut self.dledger, target) {
            dledger.syncs += 1;
        }
        ctx.sync(target);
    }

    pub(super) fn on_raft_synced(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        target: SyncTarget,
        result: Result<(), DiskError>,
    ) -> Result<(), DiskError> {
        if let Some(dledger) = &mut self.dledger {
            dledger.syncs = dledger.syncs.saturating_sub(1);
        }
        if self.stage == Stage::Serving {
            self.on_raft(ctx, Event::Synced { target, result });
        }
        self.go_on_stopping(ctx)
    }

    /// Everything is to reach the platter, because the process is about to end. Whether it is there.
    ///
    /// Source: `DLedgerMmapFileStore.shutdown`, DLedger 0.3.1.2.
    pub(super) fn flush_everything(&mut self, ctx: &mut Ctx<'_, Rocketmq>) -> Result<bool, DiskError> {
        let Some(dledger) = &mut self.dledger else { return self.flusher.flush_everything(ctx, &mut self.store) };
        if !std::mem::replace(&mut dledger.is_flushing, true) {
            self.sync_log(ctx, SyncTarget::File(COMMIT_LOG));
        }
        Ok(self.dledger.as_ref().is_none_or(|dledger| dledger.syncs == 0))
    }

    /// A follower's log grew.
    fn take_copies(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: u64, to: u64) {
        self.store.note_copies(ctx.disk, from, to);
        if !ctx.wants(Probe::Replicated) {
            return;
        }
        let copies: Vec<Entry> = entries(ctx, from, to).to_vec();
        for entry in copies {
            if let Some(letter) = entry.letter() {
                let (origin, offset) = (self.plan.origin(self.group, entry.slot), entry.offset);
                let (epoch, msg) = (entry.epoch.0, letter.msg);
                ctx.observe(Probe::Replicated, || Observation::Replicated { origin, offset, epoch, msg });
            }
        }
    }

    /// The log was cut to match its leader's; the offsets that were cut are given out again.
    ///
    /// Source: `EntryHandler.handleDoTruncate`, `DLedgerMmapFileStore.truncate`, DLedger 0.3.1.2.
    fn take_cut(&mut self, ctx: &mut Ctx<'_, Rocketmq>, end: u64) {
        let leader = self.member().and_then(Member::leader);
        let words =
            leader.map_or_else(|| "its leader".to_owned(), |leader| format!("{} leads", self.plan.name(leader)));
        if let Some(dledger) = &mut self.dledger {
            dledger.shown = dledger.shown.min(end);
            dledger.pending.retain(|pending| pending.position < end);
        }
        for (slot, from, to) in self.store.was_cut(ctx.disk, end) {
            let origin = self.plan.origin(self.group, slot);
            let why = || format!("{words} and does not have it");
            ctx.observe(Probe::Truncated, || Observation::Truncated { origin, from, to, why: why() });
        }
    }

    /// Each queue's synced end, committed or not.
    fn show_synced(&mut self, ctx: &mut Ctx<'_, Rocketmq>, upto: u64) {
        let Some(dledger) = &mut self.dledger else { return };
        let from = dledger.shown;
        dledger.shown = from.max(upto);
        if !ctx.wants(Probe::Synced) {
            return;
        }
        let mut ends: BTreeMap<Slot, u64> = BTreeMap::new();
        for entry in entries(ctx, from, upto) {
            ends.insert(entry.slot, entry.offset + 1);
        }
        for (slot, upto) in ends {
            let origin = self.plan.origin(self.group, slot);
            ctx.observe(Probe::Synced, || Observation::Synced { origin, upto });
        }
    }

    /// Brokers of the group that hold everything before `end`, as this one knows, beside itself.
    pub(super) fn holders(&self, end: u64) -> Vec<NodeId> {
        match self.member() {
            Some(member) => {
                let has_all = |node: &NodeId| member.counted_of(*node).is_some_and(|held| held >= Offset(end));
                self.plan.members(self.group).filter(has_all).collect()
            }
            None => self.links.holders(end).collect(),
        }
    }

    /// Those whose copies of everything that is committed count: the leader, and who keeps up with it.
    pub fn in_sync(&self) -> Vec<NodeId> {
        let committed = self.member().map_or(0, |member| member.committed().0);
        let mut all = self.holders(committed);
        all.push(self.node);
        all.sort_unstable();
        all
    }
}

/// Entries of the log from a position up to another one, as far as they are there.
fn entries<'a>(ctx: &'a Ctx<'_, Rocketmq>, from: u64, to: u64) -> &'a [Entry] {
    let tail = ctx.disk.tail(COMMIT_LOG, from);
    &tail[..tail.len().min(to.saturating_sub(from) as usize)]
}

//! Controller mode, the broker's part: it asks the controllers who it is, is the master of its group or follows him, and
//! as a master keeps the SyncStateSet.
//!
//! There is no lease: a master that the controllers have replaced goes on serving until it hears of it.

mod changing;
mod confirming;
mod epochs;
mod leading;
mod set;
mod stale;
mod talking;
mod trailing;

use std::collections::{BTreeMap, VecDeque};

use ackproof_core::actor::{Ctx, TimerId};
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use crate::broker::Broker;
use crate::broker::controlled::epochs::EpochFile;
use crate::broker::controlled::talking::{Joining, Talk};
use crate::broker::controlled::trailing::Trail;
use crate::cell::{self, Cell};
use crate::config::Mode;
use crate::message::{AutoHa, ToController};
use crate::model::Rocketmq;
use crate::replicas::Members;

pub use leading::AutoLink;

/// A broker's timers of controller mode, numbered behind its others.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum ControlTimer {
    /// The next step of joining.
    Join,
    /// A heartbeat to the controllers.
    Alive,
    /// Who leads the controllers?
    Find,
    /// Who leads the group?
    Metadata,
    /// Who of the slaves has fallen behind?
    CheckSet,
    /// The controllers have not answered.
    GiveUp,
    /// The link to the master needs something.
    Trail,
}

impl ControlTimer {
    const FIRST: u64 = 1000;
    const ALL: [ControlTimer; 7] = [
        ControlTimer::Join,
        ControlTimer::Alive,
        ControlTimer::Find,
        ControlTimer::Metadata,
        ControlTimer::CheckSet,
        ControlTimer::GiveUp,
        ControlTimer::Trail,
    ];

    pub fn id(self) -> TimerId {
        TimerId(ControlTimer::FIRST + self as u64)
    }
    /// `None` for a timer of another kind.
    pub fn of(id: TimerId) -> Option<ControlTimer> {
        ControlTimer::ALL.get(id.0.checked_sub(ControlTimer::FIRST)? as usize).copied()
    }
}

/// What a broker of controller mode knows. Its epochs and what it knew to be confirmed survive its process.
#[derive(Debug, Default)]
pub struct Controlled {
    talk: Talk,
    /// Who leads the group, and under which epoch; 0 before it was told.
    master: Option<u8>,
    epoch: Epoch,
    /// The SyncStateSet as the controllers confirmed it last, and what it is to be.
    set: Members,
    set_epoch: u32,
    proposed: Option<Members>,
    /// Sets to be proposed, the one under way not among them.
    proposals: VecDeque<Members>,
    /// When each slave was last known to have everything.
    caught_up: BTreeMap<u8, Time>,
    epochs: EpochFile,
    confirmed: u64,
    /// As it was written down last.
    stored_confirmed: u64,
    trail: Trail,
}

impl Controlled {
    pub fn set(&self) -> Members {
        self.set
    }
    /// Epoch of the master that it knows.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }
    pub fn master(&self) -> Option<u8> {
        self.master
    }
    /// Whether it waits for the controllers to take a set.
    pub fn proposes(&self) -> bool {
        !self.proposals.is_empty() || self.talk.alters()
    }
    pub fn has_joined(&self) -> bool {
        self.talk.joining == Joining::Running
    }
    pub fn is_linked(&self) -> bool {
        self.trail.is_linked()
    }
    /// Its epochs and its master's have no common point: it cannot follow, and nothing will change that.
    pub fn is_stuck(&self) -> bool {
        self.trail.is_stuck()
    }
}

impl Broker {
    pub fn controlled(&self) -> &Controlled {
        &self.controlled
    }
    pub(super) fn is_controlled(&self) -> bool {
        self.plan.config.cluster.mode == Mode::Controller
    }
    /// Its place in its group, which is its id with the controllers.
    ///
    /// Simplified: brokers have their ids from the beginning. Gives up: that two which begin together want the same one.
    pub(super) fn place(&self) -> u8 {
        self.plan.place(self.node).1
    }
    /// It is not known to nameservers until it knows who it is.
    ///
    /// Source: `ReplicasManager.setFenced`, broker, 5.3.
    pub(super) fn is_fenced(&self) -> bool {
        self.is_controlled() && !self.controlled.has_joined() || self.acting.is_isolated()
    }

    /// Begins as nobody's master and nobody's slave, and asks.
    pub(super) fn start_controlled(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.controlled.epochs = EpochFile::load(ctx.disk);
        let confirmed = match ctx.disk.load(cell::CONFIRMED) {
            Some(Cell::Confirmed(confirmed)) => *confirmed,
            Some(_) | None => 0,
        };
        self.controlled.stored_confirmed = confirmed;
        self.controlled.confirmed = confirmed.min(self.store.committed(ctx.disk));
        self.start_joining(ctx);
    }

    pub(super) fn on_control_timer(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        timer: ControlTimer,
    ) -> Result<(), DiskError> {
        match timer {
            ControlTimer::Join => self.join(ctx),
            ControlTimer::Alive => self.show_life(ctx),
            ControlTimer::Find => self.find_controller(ctx),
            ControlTimer::Metadata => self.ask_metadata(ctx),
            ControlTimer::CheckSet => self.check_set_timer(ctx),
            ControlTimer::GiveUp => self.give_up_asking(ctx),
            ControlTimer::Trail => self.trail_timer(ctx),
        }
        Ok(())
    }

    pub(super) fn on_auto_ha(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        from: NodeId,
        ha: AutoHa,
    ) -> Result<(), DiskError> {
        match ha {
            AutoHa::Handshake { learner, from_last_file } => self.on_handshake(ctx, from, learner, from_last_file),
            AutoHa::Report { end } => self.on_auto_report(ctx, from, end),
            AutoHa::Epochs { epochs, end } => self.on_epochs(ctx, from, &epochs, end),
            AutoHa::Push { from: at, epoch, confirm, entries } => {
                return self.on_auto_push(ctx, from, (at, epoch, confirm), &entries);
            }
        }
        Ok(())
    }

    pub(super) fn on_controller(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, message: ToController) {
        match message {
            ToController::LeaderIs { leader } => self.on_controller_found(ctx, leader),
            ToController::Answer { opaque, known } => self.on_controllers_answer(ctx, opaque, known),
            ToController::RoleChanged(known) => {
                // Whoever tells of a change leads the controllers.
                self.controlled.talk.controller = Some(from);
                self.change_role(ctx, known);
            }
            ToController::Raft(_) | ToController::FindLeader | ToController::Alive(_) | ToController::Ask { .. } => {}
        }
    }

    /// What is confirmed is written down with the positions of the queues.
    ///
    /// Simplified: as it changes, and synced by nobody; RocketMQ keeps it in its queue files, which it flushes every second,
    /// and in its checkpoint. Gives up: how far back a consumer is sent by a power loss.
    pub(super) fn store_confirmed(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let confirmed = self.confirmed(ctx);
        if confirmed != self.controlled.stored_confirmed
            && ctx.disk.store(cell::CONFIRMED, Cell::Confirmed(confirmed)).is_ok()
        {
            self.controlled.stored_confirmed = confirmed;
        }
    }
}

/// A request to a controller that is not answered is given up.
/// Source: `BrokerOuterAPI`, broker, 5.3: `invokeSync(..., 3000)`.
const REQUEST_TIMEOUT: Span = Span::secs(3);

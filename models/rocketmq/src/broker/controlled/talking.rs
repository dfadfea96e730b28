//! What a broker asks the controllers.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::SyncTarget;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::broker::Broker;
use crate::broker::controlled::{ControlTimer, REQUEST_TIMEOUT};
use crate::cell::{self, Cell};
use crate::message::{Alive, Ask, Message, Opaque, ToController};
use crate::model::Rocketmq;
use crate::replicas::Replicas;

/// Source: `ReplicasManager.RETRY_INTERVAL_SECOND`, broker, 5.3.
const TRY_AGAIN: Span = Span::secs(5);
/// Source: `ReplicasManager.schedulingSyncControllerMetadata`, `startBasicService`, broker, 5.3: a second, and up to one.
const TRY_SOON: Span = Span::secs(1);
/// Source: `BrokerConfig.syncControllerMetadataPeriod`, common, 5.3.
const FIND: Span = Span::secs(10);
/// Source: `ReplicasManager.schedulingSyncBrokerMetadata`, broker, 5.3.
const FIRST_METADATA: Span = Span::secs(3);
/// Brokers that were never told anything are started one after the other, so that the first one is the first master of its
/// group.
const HEAD_START: Span = Span::ms(1200);

/// How far it has come with finding out who it is.
///
/// Source: `ReplicasManager.startBasicService`, broker, 5.3.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Joining {
    /// It looks for the controller that leads.
    #[default]
    Finding,
    Registering,
    Electing,
    Running,
}

/// A request that is not answered yet.
#[derive(Copy, Clone, Debug)]
struct Asked {
    opaque: Opaque,
    ask: Ask,
}

#[derive(Debug, Default)]
pub struct Talk {
    pub joining: Joining,
    /// The controller that leads, as far as is known.
    pub controller: Option<NodeId>,
    opaque: Opaque,
    /// Of joining and of metadata.
    asked: Option<Asked>,
    /// Of a set.
    altering: Option<Asked>,
}

impl Talk {
    pub fn alters(&self) -> bool {
        self.altering.is_some()
    }
}

impl Broker {
    pub(super) fn start_joining(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(ControlTimer::Join.id(), Span::ms(1));
        ctx.set_timer(ControlTimer::Find.id(), FIND);
    }

    /// The next step: what was not answered is asked again.
    pub(super) fn join(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.controlled.talk.asked = None;
        match self.controlled.talk.joining {
            Joining::Finding => {
                self.ask_for_controller(ctx);
                ctx.set_timer(ControlTimer::Join.id(), TRY_SOON);
            }
            Joining::Registering => {
                let is_new = ctx.disk.load(cell::IDENTITY).is_none();
                self.ask(ctx, Ask::Register { is_new });
                ctx.set_timer(ControlTimer::Join.id(), REQUEST_TIMEOUT);
            }
            Joining::Electing => {
                self.send_alive(ctx);
                if self.controlled.master.is_some() {
                    self.joined(ctx);
                } else {
                    self.ask(ctx, Ask::Elect);
                    ctx.set_timer(ControlTimer::Join.id(), TRY_AGAIN);
                }
            }
            Joining::Running => {}
        }
    }

    fn step(&mut self, ctx: &mut Ctx<'_, Rocketmq>, joining: Joining) {
        self.controlled.talk.joining = joining;
        self.join(ctx);
    }

    /// It knows who it is, and makes itself known.
    fn joined(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.controlled.talk.joining = Joining::Running;
        ctx.cancel_timer(ControlTimer::Join.id());
        ctx.set_timer(ControlTimer::Metadata.id(), FIRST_METADATA);
        ctx.set_timer(ControlTimer::Alive.id(), self.config().fail_over.heartbeat);
        self.register_everywhere(ctx, false);
    }

    /// Asks every controller who leads; the first one that knows is believed.
    ///
    /// Simplified: all at once. Gives up: the seconds that one which is dark costs as the list is gone through.
    ///
    /// Source: `ReplicasManager.updateControllerMetadata`, broker, 5.3.
    fn ask_for_controller(&self, ctx: &mut Ctx<'_, Rocketmq>) {
        for controller in &self.plan.controllers {
            ctx.send(*controller, Message::Controller(Box::new(ToController::FindLeader)));
        }
    }
    pub(super) fn find_controller(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(ControlTimer::Find.id(), FIND);
        self.ask_for_controller(ctx);
    }
    pub(super) fn on_controller_found(&mut self, ctx: &mut Ctx<'_, Rocketmq>, leader: Option<NodeId>) {
        let Some(leader) = leader else { return };
        self.controlled.talk.controller = Some(leader);
        let is_new = self.controlled.epochs.entries().is_empty();
        if self.controlled.talk.joining == Joining::Finding && is_new {
            self.controlled.talk.joining = Joining::Registering;
            ctx.set_timer(ControlTimer::Join.id(), Span(HEAD_START.0 * u64::from(self.place()) + 1));
        } else if self.controlled.talk.joining == Joining::Finding {
            self.step(ctx, Joining::Registering);
        }
    }

    /// Source: `BrokerController.scheduleSendHeartbeat`, broker, 5.3.
    pub(super) fn show_life(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(ControlTimer::Alive.id(), self.config().fail_over.heartbeat);
        self.send_alive(ctx);
    }

    fn send_alive(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let fail_over = &self.config().fail_over;
        let alive = Alive {
            epoch: self.controlled.epochs.last().map(|(epoch, _)| epoch),
            end: self.store.committed(ctx.disk),
            ttl: fail_over.controller_timeout,
            priority: fail_over.priority,
        };
        for controller in &self.plan.controllers {
            ctx.send(*controller, Message::Controller(Box::new(ToController::Alive(alive))));
        }
    }

    /// Source: `ReplicasManager.schedulingSyncBrokerMetadata`, broker, 5.3.
    pub(super) fn ask_metadata(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(ControlTimer::Metadata.id(), self.config().fail_over.sync_metadata);
        self.ask(ctx, Ask::Replicas);
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Rocketmq>, ask: Ask) {
        let opaque = self.controlled.talk.opaque.next();
        if let Some(controller) = self.controlled.talk.controller {
            self.controlled.talk.asked = Some(Asked { opaque, ask });
            ctx.send(controller, Message::Controller(Box::new(ToController::Ask { opaque, ask })));
        }
    }

    /// One proposal is under way at a time.
    ///
    /// Source: `ReplicasManager.doReportSyncStateSetChanged`, broker, 5.3.
    pub(super) fn propose_next(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.controlled.talk.altering.is_some() {
            return;
        }
        let Some(controller) = self.controlled.talk.controller else { return };
        let Some(set) = self.controlled.proposals.pop_front() else { return };
        let ask = Ask::AlterSet { set, set_epoch: self.controlled.set_epoch, epoch: self.controlled.epoch };
        let opaque = self.controlled.talk.opaque.next();
        self.controlled.talk.altering = Some(Asked { opaque, ask });
        ctx.send(controller, Message::Controller(Box::new(ToController::Ask { opaque, ask })));
        ctx.set_timer(ControlTimer::GiveUp.id(), REQUEST_TIMEOUT);
    }
    pub(super) fn give_up_asking(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.controlled.talk.altering.take().is_some() {
            ctx.note(|| "no controller answers about its SyncStateSet".to_owned());
        }
        self.propose_next(ctx);
    }

    pub(super) fn on_controllers_answer(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        opaque: Opaque,
        known: Option<Replicas>,
    ) {
        let talk = &mut self.controlled.talk;
        if talk.altering.take_if(|asked| asked.opaque == opaque).is_some() {
            ctx.cancel_timer(ControlTimer::GiveUp.id());
            if let Some(known) = known {
                self.change_set(ctx, known.set, known.set_epoch);
            }
            self.propose_next(ctx);
            return;
        }
        let Some(asked) = talk.asked.take_if(|asked| asked.opaque == opaque) else { return };
        match asked.ask {
            Ask::Register { .. } if self.controlled.talk.joining == Joining::Registering => match known {
                Some(known) => {
                    if ctx.disk.load(cell::IDENTITY).is_none() && ctx.disk.store(cell::IDENTITY, Cell::Identity).is_ok()
                    {
                        ctx.sync(SyncTarget::Cell(cell::IDENTITY));
                    }
                    self.change_role(ctx, known);
                    self.step(ctx, Joining::Electing);
                }
                None => ctx.set_timer(ControlTimer::Join.id(), TRY_SOON),
            },
            Ask::Elect => {
                if let Some(known) = known {
                    self.change_role(ctx, known);
                }
                if self.controlled.talk.joining == Joining::Electing && self.controlled.master.is_some() {
                    self.joined(ctx);
                }
            }
            Ask::Replicas => self.on_metadata(ctx, known),
            Ask::Register { .. } | Ask::AlterSet { .. } => {}
        }
    }

    /// Source: `ReplicasManager.schedulingSyncBrokerMetadata`, broker, 5.3.
    fn on_metadata(&mut self, ctx: &mut Ctx<'_, Rocketmq>, known: Option<Replicas>) {
        let Some(known) = known else { return };
        if known.epoch > self.controlled.epoch && known.master.is_none() {
            self.ask(ctx, Ask::Elect);
        } else if known.epoch > self.controlled.epoch {
            self.change_role(ctx, known);
        } else if known.epoch == self.controlled.epoch && self.is_master() {
            self.change_set(ctx, known.set, known.set_epoch);
        }
    }
}

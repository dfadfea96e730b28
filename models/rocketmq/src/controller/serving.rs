//! What the controller that leads does for brokers: one thing after the other, and a change only once it is committed.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::{Span, Time};
use ackproof_log::{Epoch, Offset};

use crate::controller::electing::Verdict;
use crate::controller::{Controller, GIVE_UP, SCAN_MASTERS};
use crate::message::{Ask, Message, Opaque, ToController};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::record::Body;
use crate::replicas::{Decision, Members, Replicas};
use crate::topic::{Group, Topic};

/// How long a change may take to be committed before whoever asked is left without an answer.
/// Source: `DLedgerController.appendToDLedgerAndWait`, controller, 5.3.
const COMMIT_TIMEOUT: Span = Span::secs(5);

/// Something to be done.
#[derive(Copy, Clone, Debug)]
pub enum Task {
    /// A broker asks.
    Ask { from: NodeId, opaque: Opaque, ask: Ask },
    /// The controller found the master dead.
    Elect(Group),
}

/// A change that is not committed yet, and who asked for it.
#[derive(Copy, Clone, Debug)]
pub struct Busy {
    position: Offset,
    task: Task,
}

/// What a task comes to.
enum Done {
    Answered(Option<Replicas>),
    Decides(Decision),
}

impl Controller {
    pub(super) fn on_message(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, message: ToController) {
        match message {
            ToController::Raft(body) => self.drive(ctx, ackproof_raft::Event::Message { from, body }),
            ToController::FindLeader => {
                let leader = self.raft.as_ref().and_then(ackproof_raft::Member::leader);
                ctx.send(from, Message::Controller(Box::new(ToController::LeaderIs { leader })));
            }
            ToController::Alive(alive) => self.on_alive(ctx, from, alive),
            ToController::Ask { opaque, ask } => {
                let task = Task::Ask { from, opaque, ask };
                if self.serves {
                    self.tasks.push_back(task);
                } else {
                    self.answer(ctx, task, None);
                }
            }
            ToController::LeaderIs { .. } | ToController::Answer { .. } | ToController::RoleChanged(_) => {}
        }
    }

    pub(super) fn elect_soon(&mut self, group: Group) {
        self.tasks.push_back(Task::Elect(group));
    }

    /// Source: `DLedgerController.scanInactiveMasterAndTriggerReelect`, controller, 5.1.1.
    pub(super) fn scan_masters(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(SCAN_MASTERS, self.plan.config.controller.scan_masters);
        for group in self.without_master(ctx.now()) {
            self.elect_soon(group);
        }
    }

    /// Goes through what is to be done until something has to be committed first.
    ///
    /// Source: `DLedgerController.EventScheduler.run`, controller, 5.3.
    pub(super) fn work(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        while self.serves
            && self.busy.is_none()
            && let Some(task) = self.tasks.pop_front()
        {
            let done = match task {
                Task::Ask { from, opaque: _, ask } => self.on_ask(ctx.now(), from, ask),
                Task::Elect(group) => self.election(ctx.now(), group, None),
            };
            let decision = match done {
                Done::Answered(known) => {
                    self.answer(ctx, task, known);
                    continue;
                }
                Done::Decides(decision) => decision,
            };
            if let Some((position, effects)) = self.propose(ctx, Body::Decided(decision)) {
                self.busy = Some(Busy { position, task });
                ctx.set_timer(GIVE_UP, COMMIT_TIMEOUT);
                self.carry_out(ctx, effects);
            } else {
                self.answer(ctx, task, None);
            }
        }
    }

    pub(super) fn give_up(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.busy.take().is_some() {
            ctx.note(|| "the controller could not commit a change in time".to_owned());
        }
    }

    pub(super) fn answer(&self, ctx: &mut Ctx<'_, Rocketmq>, task: Task, known: Option<Replicas>) {
        if let Task::Ask { from, opaque, ask: _ } = task {
            ctx.send(from, Message::Controller(Box::new(ToController::Answer { opaque, known })));
        }
    }

    fn on_ask(&self, now: Time, from: NodeId, ask: Ask) -> Done {
        let (group, place) = self.plan.place(from);
        let known = self.groups[group.index()];
        match ask {
            // Source: `ReplicasInfoManager.registerBroker`: a master that is dead is none.
            Ask::Register { is_new: true } if known.set.contains(place) || known.master == Some(place) => {
                Done::Decides(Decision::Replaced { group, place })
            }
            Ask::Register { is_new: _ } => {
                let lives = |master: &u8| self.living.get(self.plan.member(group, *master), now).is_some();
                Done::Answered(Some(Replicas { master: known.master.filter(lives), ..known }))
            }
            Ask::Replicas => Done::Answered(Some(known)),
            Ask::Elect => self.election(now, group, Some(place)),
            Ask::AlterSet { set, set_epoch, epoch } => self.alter(now, group, place, (set, set_epoch, epoch)),
        }
    }

    fn election(&self, now: Time, group: Group, by: Option<u8>) -> Done {
        match (self.elect(now, group, by), by) {
            (Verdict::Stays, _) => Done::Answered(Some(self.groups[group.index()])),
            (Verdict::Wins(winner), _) => Done::Decides(Decision::Elected { group, master: Some(winner) }),
            // Whoever asked is told; what the controller found out by itself is decided.
            (Verdict::Nobody, Some(_)) => Done::Answered(None),
            (Verdict::Nobody, None) => Done::Decides(Decision::Elected { group, master: None }),
        }
    }

    /// A set is taken from the master alone, in its own epoch, if nobody altered it since and all its members live.
    ///
    /// Source: `ReplicasInfoManager.alterSyncStateSet`, controller, 5.3.
    fn alter(&self, now: Time, group: Group, from: u8, (set, set_epoch, epoch): (Members, u32, Epoch)) -> Done {
        let known = &self.groups[group.index()];
        let is_newest = known.epoch == epoch && known.set_epoch == set_epoch;
        let is_masters = known.master == Some(from) && is_newest || !Rule::MasterEpoch.holds();
        let lives = |place| self.living.get(self.plan.member(group, place), now).is_some();
        let is_taken = set != known.set && is_masters && set.iter().all(lives) && set.contains(from);
        match is_taken {
            true => Done::Decides(Decision::SetAltered { group, set }),
            false => Done::Answered(None),
        }
    }

    /// A decision is committed and applied: whoever asked is told, and of a new master everybody who lives.
    ///
    /// Source: `ControllerManager.notifyBrokerRoleChanged`, controller, 5.3.
    pub(super) fn decided(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        position: Offset,
        decision: Decision,
        before: Replicas,
    ) {
        let known = self.groups[decision.group().index()];
        if let Some(busy) = self.busy.take_if(|busy| busy.position == position) {
            ctx.cancel_timer(GIVE_UP);
            self.answer(ctx, busy.task, Some(known));
        }
        if position <= self.led_from || self.raft.as_ref().is_none_or(|raft| !raft.is_leader()) {
            return;
        }
        let (group, master) = match decision {
            Decision::Elected { group, master } => (group, master),
            Decision::SetAltered { group, .. } | Decision::Replaced { group, .. } => {
                self.observe_set(ctx, group, before.set, known.set);
                return;
            }
        };
        self.observe_election(ctx, group, before);
        if master.is_some() {
            let now = ctx.now();
            for broker in self.plan.members(group).filter(|broker| self.living.get(*broker, now).is_some()) {
                ctx.send(broker, Message::Controller(Box::new(ToController::RoleChanged(known))));
            }
        }
    }

    fn observe_election(&self, ctx: &mut Ctx<'_, Rocketmq>, group: Group, before: Replicas) {
        let known = self.groups[group.index()];
        let leader = known.master.map(|place| self.plan.member(group, place));
        let clean = known.master.is_none_or(|master| before.set.contains(master) || before.epoch.0 == 0);
        for slot in self.plan.queues.of(Topic::Work) {
            let (origin, epoch) = (self.plan.origin(group, slot), known.epoch.0);
            ctx.observe(Probe::LeaderElected, || Observation::LeaderElected { origin, leader, epoch, clean });
        }
    }

    fn observe_set(&self, ctx: &mut Ctx<'_, Rocketmq>, group: Group, before: Members, after: Members) {
        let isr = || after.iter().map(|place| self.plan.member(group, place)).collect::<Vec<_>>();
        for slot in self.plan.queues.of(Topic::Work) {
            let origin = self.plan.origin(group, slot);
            if after.iter().any(|place| !before.contains(place)) {
                ctx.observe(Probe::IsrExpanded, || Observation::IsrExpanded { origin, isr: isr() });
            } else {
                ctx.observe(Probe::IsrShrunk, || Observation::IsrShrunk { origin, isr: isr() });
            }
        }
    }
}

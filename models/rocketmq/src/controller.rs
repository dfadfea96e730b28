//! A controller: it knows who lives, and decides with the other controllers who is the master of each group and who
//! is in its SyncStateSet.
//!
//! Controllers are a DLedger group: what they decide is an entry of a replicated log, and only the one that leads
//! serves brokers. Who lives each finds out for itself.

mod electing;
mod living;
mod serving;

use std::collections::VecDeque;
use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event, TimerId};
use ackproof_core::disk::FileId;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;
use ackproof_log::Offset;
use ackproof_raft::{Effect, Member, Place, Policy, Step};

use crate::cell::VOTE;
use crate::controller::living::Living;
use crate::controller::serving::{Busy, Task};
use crate::message::{Message, ToController};
use crate::model::Rocketmq;
use crate::plan::Plan;
use crate::record::{Body, Entry};
use crate::replicas::Replicas;
use crate::topic::{Group, Slot};

/// Where a controller keeps its log: not where brokers keep theirs, of which a power loss is told queue by queue.
const LOG: FileId = FileId(1);

const SCAN: TimerId = TimerId(4);
const SCAN_MASTERS: TimerId = TimerId(5);
const GIVE_UP: TimerId = TimerId(6);

/// The process of one controller.
#[derive(Debug)]
pub struct Controller {
    plan: Arc<Plan>,
    node: NodeId,
    /// `None` before its process has begun.
    raft: Option<Member<Entry>>,
    /// What was decided, as far as it was applied, by group.
    groups: Vec<Replicas>,
    applied: Offset,
    living: Living,
    /// It leads, and the entry with which it began is committed.
    serves: bool,
    /// Where that entry stands, as long as it is not.
    opening: Option<Offset>,
    /// What stands behind it was decided under this leader.
    led_from: Offset,
    tasks: VecDeque<Task>,
    busy: Option<Busy>,
}

impl Controller {
    pub fn new(plan: Arc<Plan>, node: NodeId) -> Controller {
        let groups = plan.groups().map(|_| Replicas::default()).collect();
        Controller {
            plan,
            node,
            raft: None,
            groups,
            applied: Offset::ZERO,
            living: Living::default(),
            serves: false,
            opening: None,
            led_from: Offset::ZERO,
            tasks: VecDeque::new(),
            busy: None,
        }
    }

    /// Whether it answers brokers.
    pub fn serves(&self) -> bool {
        self.serves
    }
    /// Whether it is about to decide something.
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.busy.is_none()
    }
    pub fn group(&self, group: Group) -> &Replicas {
        &self.groups[group.index()]
    }

    /// Source: `DLedgerController`, controller, 5.3: a DLedger server with the settings of that library.
    fn start(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let place = Place { log: LOG, ballot: VOTE };
        self.raft = Some(Member::new(self.node, &self.plan.controllers, place, Policy::dledger(), ctx.disk));
        ctx.set_timer(SCAN, self.plan.config.controller.scan);
        self.drive(ctx, ackproof_raft::Event::Start);
    }

    /// Gives the member of the DLedger group an event, and does what it wants.
    fn drive(&mut self, ctx: &mut Ctx<'_, Rocketmq>, event: ackproof_raft::Event<Entry>) {
        let Some(mut raft) = self.raft.take() else { return };
        let mut effects = Vec::new();
        let now = ctx.now();
        raft.on(&mut Step { disk: ctx.disk, random: ctx.random, now, effects: &mut effects }, event);
        self.raft = Some(raft);
        self.carry_out(ctx, effects);
    }

    /// Appends an entry of this leader's own. Its position, unless it was not taken.
    fn propose(&mut self, ctx: &mut Ctx<'_, Rocketmq>, body: Body) -> Option<(Offset, Vec<Effect<Entry>>)> {
        let raft = self.raft.as_mut()?;
        let mut effects = Vec::new();
        let now = ctx.now();
        let entry = Entry { slot: Slot(0), offset: raft.log().end().0, epoch: raft.epoch(), stored: now, body };
        let mut step = Step { disk: ctx.disk, random: ctx.random, now, effects: &mut effects };
        let position = raft.append(&mut step, [entry]).ok();
        Some((position?, effects))
    }

    fn carry_out(&mut self, ctx: &mut Ctx<'_, Rocketmq>, effects: Vec<Effect<Entry>>) {
        for effect in effects {
            match effect {
                Effect::Send { to, body } => {
                    ctx.send(to, Message::Controller(Box::new(ToController::Raft(body))));
                }
                Effect::SetTimer { timer, after } => ctx.set_timer(TimerId(timer.index()), after),
                Effect::CancelTimer(timer) => ctx.cancel_timer(TimerId(timer.index())),
                Effect::Sync(target) => ctx.sync(target),
                Effect::Leads { .. } => self.lead(ctx),
                Effect::Deposed { .. } | Effect::Follows { .. } | Effect::Stands { .. } => self.stand_down(ctx),
                Effect::Committed { upto } => self.apply(ctx, upto),
                Effect::Truncated { to: _, from, committed } => self.truncated(ctx, from, committed),
                Effect::Appended { .. } | Effect::Synced { .. } => {}
                Effect::DiskFailed(error) => ctx.note(|| format!("the controller could not write: {error}")),
            }
        }
    }

    /// A leader serves once an entry of its own is committed: then it knows everything that was decided before.
    ///
    /// Source: `DLedgerController.RoleChangeHandler.handle`, controller, 5.3.
    fn lead(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.note(|| "leads the controllers".to_owned());
        if let Some((position, effects)) = self.propose(ctx, Body::Nothing) {
            self.opening = Some(position);
            self.led_from = position;
            self.carry_out(ctx, effects);
        }
    }

    fn stand_down(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.opening = None;
        if std::mem::take(&mut self.serves) {
            ctx.note(|| "leads the controllers no longer".to_owned());
            ctx.cancel_timer(SCAN_MASTERS);
            ctx.cancel_timer(GIVE_UP);
        }
        self.busy = None;
        for task in std::mem::take(&mut self.tasks) {
            self.answer(ctx, task, None);
        }
    }

    /// What is committed is done, in order.
    fn apply(&mut self, ctx: &mut Ctx<'_, Rocketmq>, upto: Offset) {
        while self.applied < upto {
            let position = self.applied;
            let Some(entry) = ctx.disk.get(LOG, position.0) else { break };
            let body = entry.body;
            self.applied = position.plus(1);
            if let Body::Decided(decision) = body {
                let before = self.groups[decision.group().index()];
                self.groups[decision.group().index()].apply(decision);
                self.decided(ctx, position, decision, before);
            }
        }
        if self.opening.is_some_and(|opening| opening < upto) {
            self.opening = None;
            self.serves = true;
            if self.plan.config.controller.scan_masters < Span::MAX {
                ctx.set_timer(SCAN_MASTERS, self.plan.config.controller.scan_masters);
            }
        }
    }

    /// Entries that were committed here are gone, because somebody's copy did not last: what they decided is undone.
    fn truncated(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: Offset, committed: u64) {
        if committed == 0 {
            return;
        }
        ctx.note(|| "the controller takes back what had been decided".to_owned());
        self.groups.iter_mut().for_each(|group| *group = Replicas::default());
        self.applied = from;
        for entry in &ctx.disk.tail(LOG, 0)[..from.0 as usize] {
            if let Body::Decided(decision) = entry.body {
                self.groups[decision.group().index()].apply(decision);
            }
        }
    }
}

impl Actor<Rocketmq> for Controller {
    fn on(&mut self, ctx: &mut Ctx<'_, Rocketmq>, event: Event<Message>) {
        match event {
            Event::Start => self.start(ctx),
            Event::Timer(SCAN) => self.scan(ctx),
            Event::Timer(SCAN_MASTERS) => self.scan_masters(ctx),
            Event::Timer(GIVE_UP) => self.give_up(ctx),
            Event::Timer(TimerId(id)) => {
                let timer = ackproof_raft::Timer::ALL.into_iter().find(|timer| timer.index() == id);
                if let Some(timer) = timer {
                    self.drive(ctx, ackproof_raft::Event::Timer(timer));
                }
            }
            Event::Synced { target, result } => {
                if self.raft.as_ref().is_some_and(|raft| raft.owns(target)) {
                    self.drive(ctx, ackproof_raft::Event::Synced { target, result });
                }
            }
            Event::Message { from, body: Message::Controller(message) } => self.on_message(ctx, from, *message),
            Event::Closed { peer } => {
                self.drive(ctx, ackproof_raft::Event::Closed { peer });
                self.broker_gone(ctx, peer);
            }
            Event::Stop => ctx.exit("stopped"),
            Event::Message { .. } | Event::App(_) | Event::MoveLeader { .. } => {}
        }
        self.work(ctx);
    }
}

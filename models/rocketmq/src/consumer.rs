//! A member of the consumer group: which queues are its own, what it pulls, what its listener works on, and how far it
//! has come.

mod answers;
mod asking;
mod assignment;
mod giving_back;
mod locking;
mod offsets;
mod orderly;
mod popping;
mod process_queue;
mod reading;
mod stopping;
mod timer;
mod working;

pub use popping::DELAYS as POP_DELAYS;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::AppCall;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use crate::client::{self, Client};
use crate::config::Listener;
use crate::consumer::asking::Ask;
use crate::consumer::process_queue::{Life, ProcessQueue};
use crate::consumer::stopping::Stage;
use crate::consumer::timer::Timer;
use crate::consumer::working::{InHand, Job};
use crate::message::{Message, Opaque};
use crate::model::Rocketmq;
use crate::plan::Plan;
use crate::topic::{Group, Queue};

/// The process of one consumer.
#[derive(Debug)]
pub struct Consumer {
    plan: Arc<Plan>,
    node: NodeId,
    client: Client,
    stage: Stage,
    /// Where a group without progress begins under CONSUME_FROM_TIMESTAMP.
    from: Time,
    /// Requests that are under way, and to whom.
    asks: BTreeMap<Opaque, (Ask, NodeId)>,
    queues: BTreeMap<Queue, ProcessQueue>,
    /// Numbers the queues that were begun, so that an answer for one that was given up is known.
    begun: Life,
    /// Progress as this process knows it, which only goes up.
    offsets: BTreeMap<Queue, u64>,
    /// Where brokers suggest to pull from.
    suggested: BTreeMap<Queue, u64>,
    /// What is to be worked on, in order.
    work: VecDeque<Job>,
    /// What the listener is working on.
    in_hand: Option<InHand>,
    /// What could not be given back and is worked on again in a while, each with its number.
    later: BTreeMap<u32, Job>,
    numbered: u32,
    /// The queue that an orderly listener was handed something of last.
    turn: Option<Queue>,
    /// Groups that it pops from.
    pops: BTreeSet<Group>,
    /// It has heard who is in the group.
    has_joined: bool,
}

impl Consumer {
    pub fn new(plan: Arc<Plan>, node: NodeId) -> Consumer {
        let client = Client::new(Arc::clone(&plan), plan.config.consumer.client.clone(), true);
        Consumer {
            plan,
            node,
            client,
            stage: Stage::Running,
            from: Time::ZERO,
            asks: BTreeMap::new(),
            queues: BTreeMap::new(),
            begun: Life::default(),
            offsets: BTreeMap::new(),
            suggested: BTreeMap::new(),
            work: VecDeque::new(),
            in_hand: None,
            later: BTreeMap::new(),
            numbered: 0,
            turn: None,
            pops: BTreeSet::new(),
            has_joined: false,
        }
    }

    pub fn is_ready(&self) -> bool {
        self.has_joined && self.queues.values().all(ProcessQueue::is_reading)
    }

    /// Source: `DefaultMQPushConsumerImpl.start`, `MQClientInstance.startScheduledTask`, client, 5.3.
    fn start(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let config = &self.plan.config.consumer;
        self.from = Time(ctx.wall_clock().0.saturating_sub(config.from_before.0));
        self.load_local(ctx);
        self.client.start(ctx);
        ctx.set_timer(Timer::Persist.id(), Span::secs(10));
        ctx.set_timer(Timer::Rebalance.id(), Span::ms(100));
        match self.plan.config.consumer.listener {
            Listener::Concurrently => ctx.set_timer(Timer::Expire.id(), self.plan.config.consumer.timeout),
            Listener::Orderly => ctx.set_timer(Timer::LockAll.id(), Span::secs(1)),
        }
    }

    fn on_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>, timer: Timer) {
        match timer {
            Timer::Persist => {
                ctx.set_timer(Timer::Persist.id(), self.plan.config.consumer.persist_offsets);
                self.persist(ctx);
            }
            Timer::Rebalance => {
                ctx.set_timer(Timer::Rebalance.id(), self.plan.config.consumer.rebalance);
                self.rebalance(ctx);
            }
            Timer::RebalanceSoon => self.rebalance(ctx),
            Timer::PullAgain(queue) => self.pull(ctx, queue),
            Timer::GiveUp(opaque) => self.on_timeout(ctx, opaque),
            Timer::Correct(queue) => self.corrected(ctx, queue),
            Timer::Expire => self.expire(ctx),
            Timer::Again(number) => self.work_again(ctx, number),
            Timer::LockAll => self.lock_all(ctx),
            Timer::Relock(queue) => self.relock(ctx, queue),
            Timer::Resume(queue) => self.resume(ctx, queue),
            Timer::PopAgain(group) => self.pop(ctx, group),
            Timer::Terminate => self.end(ctx),
        }
    }
}

impl Actor<Rocketmq> for Consumer {
    fn on(&mut self, ctx: &mut Ctx<'_, Rocketmq>, event: Event<Message>) {
        match event {
            Event::Start => self.start(ctx),
            Event::App(AppCall::Finished { delivery, success }) => self.on_finished(ctx, delivery, success),
            Event::App(AppCall::Send { .. } | AppCall::EndTransaction { .. }) => {}
            Event::Timer(id) => match client::Timer::of(id) {
                client::Timer::Own(own) => self.on_timer(ctx, Timer::of(own)),
                timer => {
                    self.client.on_timer(ctx, timer);
                }
            },
            Event::Message { from, body } => self.on_message(ctx, from, body),
            Event::Closed { peer } => {
                self.client.on_closed(ctx, peer);
                self.lost(ctx, peer);
            }
            Event::Stop => self.stop(ctx),
            Event::Synced { .. } | Event::MoveLeader { .. } => {}
        }
    }
}

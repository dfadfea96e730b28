//! A member of the consumer group: which queues are its own, what it pulls, what its listener works on, and how far it
//! has come.

mod assignment;
mod offsets;
mod process_queue;
mod reading;
mod timer;
mod working;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::AppCall;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::client::{self, Client};
use crate::consumer::process_queue::ProcessQueue;
use crate::consumer::timer::Timer;
use crate::consumer::working::Job;
use crate::message::{Message, Opaque};
use crate::model::Rocketmq;
use crate::plan::Plan;
use crate::topic::Queue;

/// A request whose answer is waited for.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Ask {
    /// Who is in the group.
    Members,
    /// Where to begin with a queue, and, where nobody knows, where it ends.
    Offset(Queue),
    End(Queue),
    Pull(Queue),
}

/// The process of one consumer.
#[derive(Debug)]
pub struct Consumer {
    plan: Arc<Plan>,
    node: NodeId,
    client: Client,
    /// Requests that are under way, and to whom.
    asks: BTreeMap<Opaque, (Ask, NodeId)>,
    queues: BTreeMap<Queue, ProcessQueue>,
    /// Progress as this process knows it, which only goes up.
    offsets: BTreeMap<Queue, u64>,
    /// Where brokers suggest to pull from.
    suggested: BTreeMap<Queue, u64>,
    /// What is to be worked on, in order.
    work: VecDeque<Job>,
    /// What the listener is working on.
    in_hand: Option<Job>,
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
            asks: BTreeMap::new(),
            queues: BTreeMap::new(),
            offsets: BTreeMap::new(),
            suggested: BTreeMap::new(),
            work: VecDeque::new(),
            in_hand: None,
            has_joined: false,
        }
    }

    pub fn is_ready(&self) -> bool {
        self.has_joined && self.queues.values().all(ProcessQueue::is_reading)
    }

    /// Source: `DefaultMQPushConsumerImpl.start`, `MQClientInstance.startScheduledTask`, client, 5.3.
    fn start(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.client.start(ctx);
        ctx.set_timer(Timer::Persist.id(), Span::secs(10));
        ctx.set_timer(Timer::Rebalance.id(), Span::ms(100));
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
            Timer::PullAgain(queue) => self.pull(ctx, queue),
            Timer::GiveUp(opaque) => self.on_timeout(ctx, opaque),
            Timer::Correct(queue) => self.corrected(ctx, queue),
        }
    }

    fn on_message(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, message: Message) {
        match message {
            Message::Connected => self.client.connections.on_connected(ctx, from),
            Message::RouteIs { opaque, route } => {
                let was_known = self.client.route().is_some();
                self.client.on_route(ctx, opaque, route);
                if !was_known && self.client.route().is_some() {
                    self.rebalance(ctx);
                }
            }
            Message::MembersChanged => self.rebalance(ctx),
            Message::MembersAre { opaque, members } => {
                if self.answered(ctx, opaque).is_some() {
                    self.on_members(ctx, &members);
                }
            }
            Message::OffsetIs { opaque, offset } => {
                if let Some(Ask::Offset(queue)) = self.answered(ctx, opaque) {
                    self.on_offset(ctx, queue, offset);
                }
            }
            Message::MaxOffsetIs { opaque, offset } => {
                if let Some(Ask::End(queue)) = self.answered(ctx, opaque) {
                    self.on_end(ctx, queue, offset);
                }
            }
            Message::Pulled(pulled) => {
                if let Some(Ask::Pull(queue)) = self.answered(ctx, pulled.opaque) {
                    self.on_pulled(ctx, queue, *pulled);
                }
            }
            _ => {}
        }
    }

    /// Asks a broker, and waits for its answer for so long.
    fn ask(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        (to, ask, patience): (NodeId, Ask, Span),
        request: impl FnOnce(Opaque) -> Message,
    ) {
        let opaque = self.client.connections.number();
        self.asks.insert(opaque, (ask, to));
        self.client.connections.send(ctx, to, opaque, request(opaque));
        ctx.set_timer(Timer::GiveUp(opaque).id(), patience);
    }

    fn answered(&mut self, ctx: &mut Ctx<'_, Rocketmq>, opaque: Opaque) -> Option<Ask> {
        ctx.cancel_timer(Timer::GiveUp(opaque).id());
        self.asks.remove(&opaque).map(|(ask, _)| ask)
    }

    fn on_timeout(&mut self, ctx: &mut Ctx<'_, Rocketmq>, opaque: Opaque) {
        self.client.connections.withdraw(opaque);
        let Some((ask, to)) = self.asks.remove(&opaque) else { return };
        self.failed(ctx, ask);
        // A request that is waited for closes its connection; a pull is not.
        if !matches!(ask, Ask::Pull(_)) {
            self.client.connections.close(ctx, to);
            self.lost(ctx, to);
        }
    }

    /// The connection to a broker is gone, and with it the answers that were waited for.
    fn lost(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
        let under_way: Vec<Opaque> =
            self.asks.iter().filter(|(_, (_, to))| *to == peer).map(|(opaque, _)| *opaque).collect();
        for opaque in under_way {
            if let Some(ask) = self.answered(ctx, opaque) {
                self.failed(ctx, ask);
            }
        }
    }

    fn failed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, ask: Ask) {
        match ask {
            Ask::Members => {}
            Ask::Offset(queue) | Ask::End(queue) => self.could_not_begin(queue),
            Ask::Pull(queue) => self.pull_failed(ctx, queue),
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
            Event::Stop => {
                self.persist(ctx);
                ctx.exit("stopped");
            }
            Event::Synced { .. } | Event::MoveLeader { .. } => {}
        }
    }
}

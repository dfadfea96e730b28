//! A producer: chooses queues, sends, tries again within its time, and tells its application what came of it.

mod faults;
mod outcome;
mod shipment;
mod transaction;

use std::collections::BTreeMap;
use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::{AppCall, AppReply, MsgId, Outcome, Reason};
use ackproof_core::node::NodeId;
use ackproof_core::setup;
use ackproof_core::time::Span;
use ackproof_core::time::Time;

use crate::client::{Client, RouteNews, Timer};
use crate::message::{Code, Kind, Message, Opaque, Send, SendMode, SendOk, Status};
use crate::model::Rocketmq;
use crate::plan::Plan;
use crate::producer::faults::Faults;
use crate::producer::shipment::{Shipment, Way};
use crate::producer::transaction::Local;
use crate::record::Letter;
use crate::topic::{Group, Queue, Topic};

/// The process of one producer.
#[derive(Debug)]
pub struct Producer {
    plan: Arc<Plan>,
    client: Client,
    /// Where the turn through the queues stands (`ThreadLocalIndex`).
    turn: u64,
    /// Sends that were not told yet, by the number of the try that is under way.
    shipments: BTreeMap<Opaque, Shipment>,
    /// Sends that wait for a route.
    unrouted: Vec<Shipment>,
    faults: Faults,
    local: Local,
}

impl Producer {
    pub fn new(plan: Arc<Plan>) -> Producer {
        let client = Client::new(Arc::clone(&plan), plan.config.producer.client.clone(), false);
        Producer {
            client,
            turn: 0,
            shipments: BTreeMap::new(),
            unrouted: Vec::new(),
            faults: Faults::default(),
            local: Local::default(),
            plan,
        }
    }

    pub fn is_ready(&self) -> bool {
        !self.queues().is_empty()
    }
    /// Whether it has told its application everything.
    pub fn is_idle(&self) -> bool {
        self.shipments.is_empty() && self.unrouted.is_empty()
    }

    /// The application's message.
    fn on_send(&mut self, ctx: &mut Ctx<'_, Rocketmq>, msg: MsgId) {
        let config = &self.plan.config.producer;
        let in_transaction = config.transactions.is_some();
        let way = match config.send {
            // There is no other way to send in a transaction.
            _ if in_transaction => Way::Sync,
            setup::SendMode::Sync => Way::Sync,
            setup::SendMode::Async | setup::SendMode::AsyncUnchecked => Way::Async,
            setup::SendMode::OneWay => Way::Unanswered,
        };
        let immunity = config.check_immunity.map_or(0, |span| span.0);
        let letter = Letter { msg, first: None, reconsumed: 0, checks: 0, immunity, born: ctx.wall_clock() };
        let tries = match way {
            Way::Sync => 1 + config.retries,
            Way::Async => 1 + config.async_retries,
            Way::Unanswered => 1,
        };
        self.local.last = Some(msg);
        self.ship(ctx, Shipment::new(letter, way, ctx.now(), tries));
    }

    /// Begins a try, or ends the send where there is no time or no try left.
    ///
    /// Source: `DefaultMQProducerImpl.sendDefaultImpl`, client, 5.3.
    fn ship(&mut self, ctx: &mut Ctx<'_, Rocketmq>, mut shipment: Shipment) {
        let plan = Arc::clone(&self.plan);
        let config = &plan.config.producer;
        let left = shipment.left(ctx.now(), &self.plan);
        if shipment.tries == 0 || (shipment.tried > 0 && left == Span::ZERO) {
            return self.give_up(ctx, shipment);
        }
        if self.queues().is_empty() {
            return self.find_route(ctx, shipment);
        }
        let queue = self.choose(ctx.now(), shipment.last);
        let Some(to) = self.client.master(queue.group) else {
            return self.give_up(ctx, shipment);
        };
        let opaque = self.client.connections.number();
        let mode = if shipment.way == Way::Unanswered { SendMode::OneWay } else { SendMode::Answered };
        let send = Send {
            opaque,
            queue,
            letter: shipment.letter,
            kind: if config.transactions.is_some() { Kind::Half } else { Kind::Plain },
            mode,
            wait_store: config.wait_store,
        };
        self.client.connections.send(ctx, to, opaque, Message::Send(send));
        if shipment.way == Way::Unanswered {
            ctx.tell(AppReply::Told { msg: shipment.letter.msg, outcome: Outcome::Untold });
            return;
        }
        // Source: `DefaultMQProducerImpl.sendDefaultImpl`, client, 5.3.3: the last try has all that is left.
        let limit = config.timeout_per_try.filter(|_| shipment.way == Way::Sync && shipment.tries > 1);
        let patience = limit.map_or(left, |limit| limit.min(left));
        shipment.tries -= 1;
        shipment.tried += 1;
        shipment.last = Some(queue.group);
        shipment.to = to;
        shipment.try_began = ctx.now();
        self.shipments.insert(opaque, shipment);
        ctx.set_timer(Timer::Own(u64::from(opaque.0)).id(), patience);
    }

    /// Without a queue to send to, the nameserver is asked once more; then the send fails.
    ///
    /// Source: `DefaultMQProducerImpl.tryToFindTopicPublishInfo`, client, 5.3.
    fn find_route(&mut self, ctx: &mut Ctx<'_, Rocketmq>, mut shipment: Shipment) {
        if shipment.looked_up {
            return self.give_up(ctx, shipment);
        }
        shipment.looked_up = true;
        self.client.look_up(ctx);
        self.unrouted.push(shipment);
    }

    fn on_news(&mut self, ctx: &mut Ctx<'_, Rocketmq>, news: Option<RouteNews>) {
        if news.is_some() {
            for shipment in std::mem::take(&mut self.unrouted) {
                self.ship(ctx, shipment);
            }
        }
    }

    /// Queues of groups that have a master, in order.
    ///
    /// Source: `MQClientInstance.topicRouteData2TopicPublishInfo`, client, 5.3.
    fn queues(&self) -> Vec<Queue> {
        let Some(route) = self.client.route() else { return Vec::new() };
        let writable = route.groups.iter().filter(|group| group.is_writable && group.node(0).is_some());
        let of = |group: Group| self.plan.queues.of(Topic::Work).map(move |slot| Queue { group, slot });
        writable.flat_map(|known| of(known.group)).collect()
    }

    /// The next queue, of another group than the last try if there is one.
    ///
    /// Source: `MQFaultStrategy.selectOneMessageQueue`, `TopicPublishInfo.selectOneMessageQueue`, client, 5.3.
    fn choose(&mut self, now: Time, last: Option<Group>) -> Queue {
        let queues = self.queues();
        let count = queues.len() as u64;
        let mut pick = |fits: &dyn Fn(Group) -> bool| {
            (0..count).find_map(|_| {
                self.turn += 1;
                let queue = queues[(self.turn % count) as usize];
                fits(queue.group).then_some(queue)
            })
        };
        let is_other = |group: Group| Some(group) != last;
        let avoids = self.plan.config.producer.avoid_faulty;
        let healthy =
            if avoids { pick(&|group| is_other(group) && self.faults.is_available(group, now)) } else { None };
        let found = healthy.or_else(|| if avoids { pick(&|group| self.faults.is_available(group, now)) } else { None });
        found.or_else(|| pick(&is_other)).or_else(|| pick(&|_| true)).expect("there is a queue")
    }

    fn on_sent(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        opaque: Opaque,
        result: Result<SendOk, crate::message::Refusal>,
    ) {
        let Some(mut shipment) = self.take(ctx, opaque) else { return };
        let latency = ctx.now().since(shipment.try_began);
        let group = shipment.last.expect("it was sent to a group");
        match result {
            Ok(SendOk { status, offset }) => {
                self.faults.answered(group, ctx.now(), latency, &self.plan);
                shipment.half = Some(offset);
                self.on_status(ctx, shipment, status);
            }
            Err(refusal) => {
                self.faults.failed(group, ctx.now(), latency, &self.plan);
                shipment.may_be_stored |= refusal.may_be_stored;
                shipment.failure = Reason::new(refusal.code.word());
                if shipment.way == Way::Sync && self.retries(refusal.code) {
                    self.ship(ctx, shipment);
                } else {
                    // An asynchronous send is not tried again when a broker says no.
                    self.give_up(ctx, shipment);
                }
            }
        }
    }

    /// `retryResponseCodes`
    ///
    /// Source: `DefaultMQProducer`, client, 4.9 and 5.3.
    fn retries(&self, code: Code) -> bool {
        match code {
            Code::SystemError | Code::ServiceNotAvailable | Code::NoPermission | Code::TopicNotExist => true,
            Code::InSyncReplicasNotEnough => true,
            // Nobody says these to a producer here.
            Code::SystemBusy | Code::ConsumerNotOnline => false,
        }
    }

    /// Stored, but maybe not as safely as was asked for.
    fn on_status(&mut self, ctx: &mut Ctx<'_, Rocketmq>, mut shipment: Shipment, status: Status) {
        shipment.may_be_stored = true;
        shipment.status = Some(status);
        let again = status != Status::Ok && shipment.way == Way::Sync && self.plan.config.producer.retry_not_ok;
        if again { self.ship(ctx, shipment) } else { self.give_up(ctx, shipment) }
    }

    /// Nobody answered in time.
    fn on_timeout(&mut self, ctx: &mut Ctx<'_, Rocketmq>, opaque: Opaque) {
        let Some(mut shipment) = self.shipments.remove(&opaque) else { return };
        let latency = ctx.now().since(shipment.try_began);
        let group = shipment.last.expect("it was sent to a group");
        self.faults.failed(group, ctx.now(), latency, &self.plan);
        let never_left = self.client.connections.withdraw(opaque);
        shipment.may_be_stored |= !never_left;
        let words = if never_left { "RemotingConnectException" } else { "RemotingTimeoutException" };
        shipment.failure = Reason::new(words);
        // Source: `NettyRemotingClient.invokeSync`, remoting, 5.3: `clientCloseSocketIfTimeout`.
        if shipment.way == Way::Sync {
            let peer = shipment.to;
            let refused = self.client.connections.close(ctx, peer);
            self.lost(ctx, peer, &refused);
        }
        self.ship(ctx, shipment);
    }

    /// The connection to a broker is gone: what was under way over it may have been stored, what never left was not.
    fn lost(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId, refused: &[Opaque]) {
        let under_way: Vec<Opaque> =
            self.shipments.iter().filter(|(_, shipment)| shipment.to == peer).map(|(opaque, _)| *opaque).collect();
        for opaque in under_way {
            let Some(mut shipment) = self.take(ctx, opaque) else { continue };
            let latency = ctx.now().since(shipment.try_began);
            let group = shipment.last.expect("it was sent to a group");
            self.faults.failed(group, ctx.now(), latency, &self.plan);
            let never_left = refused.contains(&opaque);
            shipment.may_be_stored |= !never_left;
            let words = if never_left { "RemotingConnectException" } else { "RemotingSendRequestException" };
            shipment.failure = Reason::new(words);
            if never_left && shipment.way == Way::Async && !self.plan.config.rules.async_retries_connect {
                self.give_up(ctx, shipment);
            } else {
                self.ship(ctx, shipment);
            }
        }
    }

    fn take(&mut self, ctx: &mut Ctx<'_, Rocketmq>, opaque: Opaque) -> Option<Shipment> {
        ctx.cancel_timer(Timer::Own(u64::from(opaque.0)).id());
        self.shipments.remove(&opaque)
    }
}

impl Actor<Rocketmq> for Producer {
    fn on(&mut self, ctx: &mut Ctx<'_, Rocketmq>, event: Event<Message>) {
        match event {
            Event::Start => {
                self.turn = ctx.random.between(0, 1 << 16);
                self.open_database(ctx);
                self.client.start(ctx);
            }
            Event::App(AppCall::Send { msg, .. }) => self.on_send(ctx, msg),
            Event::App(AppCall::EndTransaction { commit }) => self.on_wanted(commit),
            Event::App(AppCall::Finished { .. }) => {}
            Event::Timer(id) => match Timer::of(id) {
                Timer::Own(opaque) => self.on_timeout(ctx, Opaque(opaque as u32)),
                timer @ (Timer::Poll | Timer::Lookup | Timer::Heartbeat) => {
                    let news = self.client.on_timer(ctx, timer);
                    self.on_news(ctx, news);
                }
            },
            Event::Message { from, body } => match body {
                Message::Connected => self.client.connections.on_connected(ctx, from),
                Message::RouteIs { opaque, route } => {
                    let news = self.client.on_route(ctx, opaque, route);
                    self.on_news(ctx, news);
                }
                Message::Sent(sent) => self.on_sent(ctx, sent.opaque, sent.result),
                Message::CheckTransaction(check) => self.on_check(ctx, from, check),
                _ => {}
            },
            Event::Closed { peer } => {
                let (refused, news) = self.client.on_closed(ctx, peer);
                self.lost(ctx, peer, &refused);
                self.on_news(ctx, news);
            }
            Event::Stop => ctx.exit("stopped"),
            Event::Synced { result, .. } => self.on_database(ctx, result),
            Event::MoveLeader { .. } => {}
        }
    }
}

//! The late consumer: reads every queue of the workload's topic from its beginning, outside of every group.

use std::collections::BTreeMap;
use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::AppReply;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::client::{self, Client};
use crate::message::{Message, Opaque, Pull, Pulled, PulledWhat};
use crate::model::Rocketmq;
use crate::plan::Plan;
use crate::topic::Queue;

/// Between two rounds of questions.
const ROUND: Span = Span::ms(500);
/// As many at a time.
const BATCH: u64 = 1024;
/// A broker that has not answered for so long is asked again.
const PATIENCE: Span = Span::secs(5);

#[derive(Copy, Clone, Debug, Default)]
struct Reading {
    next: u64,
    /// One past the last message as the broker said last.
    max: Option<u64>,
    asked: Option<(Opaque, u8)>,
}

/// The process of the auditor.
#[derive(Debug)]
pub struct Auditor {
    plan: Arc<Plan>,
    client: Client,
    queues: BTreeMap<Queue, Reading>,
}

impl Auditor {
    pub fn new(plan: Arc<Plan>) -> Auditor {
        let client = Client::new(Arc::clone(&plan), plan.config.consumer.client.clone(), false);
        let queues = plan.work().map(|queue| (queue, Reading::default())).collect();
        Auditor { plan, client, queues }
    }

    /// How far it has read a queue, if it has come to what the broker said was its end.
    pub fn read(&self, queue: Queue) -> Option<u64> {
        let reading = self.queues.get(&queue)?;
        (reading.max == Some(reading.next)).then_some(reading.next)
    }

    /// Asks for everything that it has not been answered.
    fn round(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(client::Timer::Own(0).id(), ROUND);
        let rounds = (PATIENCE.0 / ROUND.0) as u8;
        let queues: Vec<Queue> = self.queues.keys().copied().collect();
        for queue in queues {
            let Some(reading) = self.queues.get_mut(&queue) else { continue };
            if let Some((_, waited)) = &mut reading.asked
                && *waited < rounds
            {
                *waited += 1;
                continue;
            }
            self.ask(ctx, queue);
        }
    }

    fn ask(&mut self, ctx: &mut Ctx<'_, Rocketmq>, queue: Queue) {
        let Some(broker) = self.client.any(queue.group, 0) else {
            self.client.look_up(ctx);
            return;
        };
        let opaque = self.client.connections.number();
        let Some(reading) = self.queues.get_mut(&queue) else { return };
        reading.asked = Some((opaque, 0));
        let pull =
            Pull { opaque, queue, offset: reading.next, limit: BATCH, commit: None, may_wait: false, audits: true };
        self.client.connections.send(ctx, broker, opaque, Message::Pull(pull));
    }

    fn on_pulled(&mut self, ctx: &mut Ctx<'_, Rocketmq>, pulled: Pulled) {
        let queue = pulled.queue;
        let Some(reading) = self.queues.get_mut(&queue) else { return };
        if reading.asked.is_none_or(|(opaque, _)| opaque != pulled.opaque) {
            return;
        }
        reading.asked = None;
        let Ok(what) = pulled.result else { return };
        reading.next = pulled.next;
        reading.max = Some(pulled.max);
        if let PulledWhat::Found(entries) = what {
            let origin = self.plan.queues.origin(queue);
            for entry in &entries {
                if let Some(letter) = entry.letter() {
                    ctx.tell(AppReply::Deliver(letter.delivery(origin, entry.offset)));
                }
            }
        }
        if self.queues[&queue].next < pulled.max {
            self.ask(ctx, queue);
        }
    }

    fn forget(&mut self, peer: NodeId) {
        let groups: Vec<_> = self.plan.groups().filter(|group| self.client.any(*group, 0) == Some(peer)).collect();
        for (_, reading) in self.queues.iter_mut().filter(|(queue, _)| groups.contains(&queue.group)) {
            reading.asked = None;
        }
    }
}

impl Actor<Rocketmq> for Auditor {
    fn on(&mut self, ctx: &mut Ctx<'_, Rocketmq>, event: Event<Message>) {
        match event {
            Event::Start => {
                self.client.start(ctx);
                ctx.set_timer(client::Timer::Own(0).id(), Span(100));
            }
            Event::Timer(id) => match client::Timer::of(id) {
                client::Timer::Own(_) => self.round(ctx),
                timer => {
                    self.client.on_timer(ctx, timer);
                }
            },
            Event::Message { from, body } => match body {
                Message::Connected => self.client.connections.on_connected(ctx, from),
                Message::RouteIs { opaque, route } => {
                    self.client.on_route(ctx, opaque, route);
                }
                Message::Pulled(pulled) => self.on_pulled(ctx, *pulled),
                _ => {}
            },
            Event::Closed { peer } => {
                self.client.on_closed(ctx, peer);
                self.forget(peer);
            }
            Event::Stop => ctx.exit("stopped"),
            Event::App(_) | Event::Synced { .. } | Event::MoveLeader { .. } => {}
        }
    }
}

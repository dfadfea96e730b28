//! The late consumer: reads every queue of the workload's topic from its beginning, outside of every group, and what the
//! group gave back and is still to be handed from where the group stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::{AppReply, Delivery};
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::client::{self, Client};
use crate::message::{Message, Opaque, Pull, Pulled, PulledWhat, Refusal};
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
    /// Where to read on; `None` while it is not known where the group stands.
    next: Option<u64>,
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
        let from = |next| move |queue| (queue, Reading { next, ..Reading::default() });
        let queues = plan.work().map(from(Some(0))).chain(plan.pending().map(from(None))).collect();
        Auditor { plan, client, queues }
    }

    /// How far it has read a queue, if it has come to what the broker said was its end.
    pub fn read(&self, queue: Queue) -> Option<u64> {
        let reading = self.queues.get(&queue)?;
        reading.next.filter(|_| reading.max == reading.next)
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
        let question = match reading.next {
            Some(offset) => {
                let limit = BATCH;
                Message::Pull(Pull { opaque, queue, offset, limit, commit: None, may_wait: false, audits: true })
            }
            None => Message::QueryOffset { opaque, queue },
        };
        self.client.connections.send(ctx, broker, opaque, question);
    }

    /// Where the group stands.
    fn on_offset(&mut self, ctx: &mut Ctx<'_, Rocketmq>, opaque: Opaque, offset: Result<Option<u64>, Refusal>) {
        let is_asked = |reading: &Reading| reading.asked.is_some_and(|(asked, _)| asked == opaque);
        let Some((queue, reading)) = self.queues.iter_mut().find(|(_, reading)| is_asked(reading)) else { return };
        reading.asked = None;
        if let Ok(offset) = offset {
            reading.next = Some(offset.unwrap_or(0));
            let queue = *queue;
            self.ask(ctx, queue);
        }
    }

    fn on_pulled(&mut self, ctx: &mut Ctx<'_, Rocketmq>, pulled: Pulled) {
        let queue = pulled.queue;
        let Some(reading) = self.queues.get_mut(&queue) else { return };
        if reading.asked.is_none_or(|(opaque, _)| opaque != pulled.opaque) {
            return;
        }
        reading.asked = None;
        let Ok(what) = pulled.result else { return };
        reading.next = Some(pulled.next);
        reading.max = Some(pulled.max);
        if let PulledWhat::Found(entries) = what {
            let origin = self.plan.queues.origin(queue);
            for entry in &entries {
                if let Some(letter) = entry.letter() {
                    // A copy elsewhere is told where it stands: the group has it before it.
                    let place = Delivery { msg: letter.msg, origin, offset: entry.offset };
                    ctx.tell(AppReply::Deliver(place));
                }
            }
        }
        if pulled.next < pulled.max {
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
                Message::OffsetIs { opaque, offset } => self.on_offset(ctx, opaque, offset),
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

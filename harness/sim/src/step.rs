//! The second moment of a millisecond: a node handles one event, and what it does takes effect.

use std::rc::Rc;

use ackproof_core::actor::{Actor, Ctx, Effect, Event};
use ackproof_core::app::{AppCall, AppReply, Delivery, MsgId, Origin, Outcome};
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_core::model::Model;
use ackproof_core::node::{Incarnation, NodeId};
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::op::Op;
use ackproof_core::recording::Fact;
use ackproof_core::time::Span;

use crate::app::App;
use crate::queue::{AppEvent, Item, Kind, What};
use crate::sender::{Sender, Then};
use crate::world::{EVENTS_PER_MS_MAX, World};

/// Where an engine takes what a node causes.
pub(crate) trait Sink {
    /// Whether messages are encoded and cross a network of the engine's own.
    const WIRE: bool;

    /// Something will be due at the node itself, or at another one without crossing the network.
    fn queue(&mut self, item: Item);

    /// A message leaves; `item` is what will be due at its receiver, [`Time::NEVER`] while the link stalls it.
    fn carry(&mut self, from: NodeId, to: NodeId, seq: u32, item: Option<Item>, bytes: Option<Rc<[u8]>>);
}

/// Buffers that are used again for every event.
pub(crate) struct Buffers<M: Model> {
    effects: Vec<Effect<M::Message>>,
    calls: Vec<AppCall>,
}

impl<M: Model> Default for Buffers<M> {
    fn default() -> Self {
        Buffers { effects: Vec::with_capacity(64), calls: Vec::new() }
    }
}

impl<M: Model> World<M> {
    /// Handles one event of a node that is up and scheduled. `wire` is the message that came over the engine's own
    /// network, where there is one.
    pub(crate) fn handle<S: Sink>(&mut self, item: Item, wire: Option<M::Message>, sink: &mut S) {
        let id = item.node;
        let node = &mut self.nodes[id.index()];
        let is_message = item.what == What::Net;
        if node.actor.is_none() || (!is_message && item.incarnation != node.incarnation) {
            return;
        }
        let event = match item.what {
            What::Net => match self.arrive(item, wire, sink) {
                Some(event) => event,
                None => return,
            },
            What::Start => Event::Start,
            What::Timer(timer) => {
                if !node.rings(timer, item.key.seq()) {
                    return;
                }
                Event::Timer(timer)
            }
            What::Synced { target, failed } => {
                Event::Synced { target, result: if failed { Err(DiskError::SyncFailed) } else { Ok(()) } }
            }
            What::Refused { peer } => Event::Closed { peer },
            What::Knock { peer } => match self.knock(id, peer, item.key.seq(), sink) {
                Some(event) => event,
                None => return,
            },
            What::Stop => Event::Stop,
            What::MoveLeader { of, to } => Event::MoveLeader { origin: Origin(of), to },
            // The application ends with the process, so what it would have sent in this millisecond is sent by the next.
            What::App(_) if node.exiting.is_some() => return,
            What::App(alarm) => {
                self.enter(item);
                self.ring(id, alarm, sink);
                return;
            }
        };
        self.enter(item);
        self.act(id, event, sink);
    }

    fn enter(&mut self, item: Item) {
        self.events += 1;
        let node = &mut self.nodes[item.node.index()];
        node.note_event(self.now, item.key);
        if node.events_this_ms > EVENTS_PER_MS_MAX && self.runaway.is_none() {
            self.run_away(item.node);
        }
    }

    /// Runs the actor on one event, and on what its application does in answer at once.
    fn act<S: Sink>(&mut self, id: NodeId, event: Event<M::Message>, sink: &mut S) {
        let mut buffers = self.buffers.take().expect("what an actor does never runs another one");
        let Buffers { effects, calls } = &mut *buffers;
        let mut event = Some(event);
        let mut next_call = 0;
        while let Some(input) = event.take() {
            let wrote = self.run_actor(id, input, effects);
            let write_ms = if wrote { self.setup.disk.write } else { Span::ZERO };
            for effect in effects.drain(..) {
                self.take_effect(id, effect, write_ms, calls, sink);
            }
            if next_call < calls.len() {
                event = Some(Event::App(calls[next_call].clone()));
                next_call += 1;
            }
        }
        calls.clear();
        self.buffers = Some(buffers);
    }

    /// Whether it wrote to its disk.
    fn run_actor(&mut self, id: NodeId, event: Event<M::Message>, effects: &mut Vec<Effect<M::Message>>) -> bool {
        let (now, probes) = (self.now, self.probes);
        let clock = self.facts.nodes[id.index()].clock;
        let node = &mut self.nodes[id.index()];
        let Some(actor) = node.actor.as_mut().filter(|_| node.exiting.is_none()) else { return false };
        node.disk.settle(now);
        let writes = node.disk.writes();
        let incarnation = Incarnation(node.incarnation);
        let mut ctx = Ctx::new(id, incarnation, now, clock, probes, &mut node.disk, &mut node.random, effects);
        actor.on(&mut ctx, event);
        node.disk.writes() != writes
    }

    fn take_effect<S: Sink>(
        &mut self,
        id: NodeId,
        effect: Effect<M::Message>,
        write_ms: Span,
        calls: &mut Vec<AppCall>,
        sink: &mut S,
    ) {
        match effect {
            Effect::Send { to, body } => self.send(id, to, body, write_ms, sink),
            Effect::Close { peer } => {
                self.nodes[id.index()].knocks.retain(|knock| knock.peer != peer);
                if let Some(fin) = self.nodes[id.index()].ends[peer.index()].close() {
                    self.part(id, peer, fin, sink);
                }
            }
            Effect::SetTimer { id: timer, after } => {
                let seq = self.queue_in(id, after, Kind::Timer, What::Timer(timer), sink);
                self.nodes[id.index()].set_timer(timer, seq);
            }
            Effect::CancelTimer { id: timer } => self.nodes[id.index()].cancel_timer(timer),
            Effect::Sync { target } => self.sync(id, target, sink),
            Effect::Observe(observation) => self.note(id, observation),
            Effect::App(reply) => self.reply(id, reply, calls, sink),
            Effect::Exit { why } => {
                if self.nodes[id.index()].exiting.is_none() {
                    self.nodes[id.index()].exiting = Some(why);
                    self.exits.push(id);
                    let text = format!("the process exits: {why}");
                    self.recorder.fact(self.now, id, || Fact::Observed(Observation::Noted { text }));
                }
            }
        }
    }

    pub(crate) fn queue_in<S: Sink>(&mut self, id: NodeId, after: Span, kind: Kind, what: What, sink: &mut S) -> u32 {
        let seq = self.nodes[id.index()].next_seq();
        let due = self.now + Span(after.0.max(1));
        sink.queue(self.item(due, id, due, kind, id, seq, what));
        seq
    }

    fn sync<S: Sink>(&mut self, id: NodeId, target: SyncTarget, sink: &mut S) {
        let range = self.setup.disk.sync;
        let now = self.now;
        let node = &mut self.nodes[id.index()];
        let added = node.disk.faults().slow_sync.map_or((0, 0), |slow| (slow.low.0, slow.high.0));
        let takes = node.sync_times.between(range.low.0 + added.0, range.high.0 + added.1).max(1);
        let due = node.last_sync.max(now + Span(takes));
        node.last_sync = due;
        let failed = node.disk.begin_sync(target, due).is_err();
        let seq = node.next_seq();
        sink.queue(self.item(due, id, due, Kind::Disk, id, seq, What::Synced { target, failed }));
    }

    fn note(&mut self, id: NodeId, observation: Observation) {
        self.observe(id, observation.probe());
        if let Observation::Disposed { msg, rule, .. } = &observation {
            self.recorder.node(self.now, id, Op::Disposed { msg: *msg, rule: rule.clone() });
        }
        self.recorder.fact(self.now, id, || Fact::Observed(observation));
    }

    /// Keeps an observation for the anchors that wait for it.
    pub(crate) fn observe(&mut self, id: NodeId, probe: Probe) {
        if self.anchors.wants(probe) {
            self.observed.push((id, probe));
        }
    }

    /// The client tells its application something.
    fn reply<S: Sink>(&mut self, id: NodeId, reply: AppReply, calls: &mut Vec<AppCall>, sink: &mut S) {
        match reply {
            AppReply::Told { msg, outcome } => self.tell(id, msg, outcome, sink),
            AppReply::Deliver(delivery) => self.deliver(id, delivery, calls, sink),
        }
    }

    fn tell<S: Sink>(&mut self, id: NodeId, msg: MsgId, outcome: Outcome, sink: &mut S) {
        let now = self.now;
        let node = &mut self.nodes[id.index()];
        let attempt = match node.attempts.iter().position(|(again, _)| *again == msg) {
            Some(index) => node.attempts.swap_remove(index).1,
            None => 0,
        };
        let App::Producer(sender) = &mut node.app else { panic!("only a producer's client tells of sends") };
        let then = sender.told(msg, &outcome, attempt, now);
        if sender.config.is_checked() {
            if outcome == Outcome::Acked {
                self.observe(id, Probe::Acked);
            }
            self.recorder.node(self.now, id, Op::Told { msg, outcome });
        }
        match then {
            Then::Resend(backoff) => {
                let again = AppEvent::Resend { sequence: msg.sequence(), attempt: attempt + 1 };
                self.queue_in(id, backoff, Kind::App, What::App(again), sink);
            }
            Then::GoOn(after) => {
                self.queue_in(id, after, Kind::App, What::App(AppEvent::Tick), sink);
            }
            Then::Nothing => {}
        }
    }

    fn deliver<S: Sink>(&mut self, id: NodeId, delivery: Delivery, calls: &mut Vec<AppCall>, sink: &mut S) {
        let zero = self.setup.workload.processing == Span::ZERO;
        match &mut self.nodes[id.index()].app {
            App::Consumer(worker) => {
                let first = worker.take(delivery);
                self.recorder.node(self.now, id, Op::Delivered(delivery));
                self.observe(id, Probe::Delivered);
                match first {
                    Some(_) if zero => self.finish_all(id, calls),
                    Some(processing) => {
                        self.queue_in(id, processing, Kind::App, What::App(AppEvent::Done), sink);
                    }
                    None => {}
                }
            }
            App::Auditor => {
                let found = if delivery.origin.is_output() { Op::Effect(delivery) } else { Op::Audited(delivery) };
                self.recorder.node(self.now, id, found);
                calls.push(AppCall::Finished { delivery, success: true });
            }
            App::None | App::Producer(_) => panic!("only a consumer's client hands over deliveries"),
        }
    }

    /// Processing takes no time: everything in the queue is finished at once.
    fn finish_all(&mut self, id: NodeId, calls: &mut Vec<AppCall>) {
        loop {
            let (call, another) = self.finish_one(id);
            calls.extend(call);
            if !another {
                return;
            }
        }
    }

    /// Finishes the delivery at the head; what to tell the client, and whether another delivery waits.
    fn finish_one(&mut self, id: NodeId) -> (Option<AppCall>, bool) {
        let App::Consumer(worker) = &mut self.nodes[id.index()].app else { panic!("only a consumer processes") };
        let (processed, next) = worker.done();
        let (delivery, success) = (processed.delivery, processed.success);
        self.recorder.node(self.now, id, Op::Processed { delivery, success });
        if success {
            self.observe(id, Probe::Processed);
        }
        ((!processed.again).then_some(AppCall::Finished { delivery, success }), next.is_some())
    }

    /// One of the application's alarms rings.
    fn ring<S: Sink>(&mut self, id: NodeId, alarm: AppEvent, sink: &mut S) {
        match alarm {
            AppEvent::Tick => {
                let now = self.now;
                if let Some((msg, attempt)) = self.sender(id).next(now) {
                    let ends = self.sender(id).end_transaction();
                    let alarm = self.sender(id).alarm(now);
                    self.publish(id, msg, attempt, sink);
                    if let Some(commit) = ends {
                        self.end_transaction(id, commit, sink);
                    }
                    if let Some(after) = alarm {
                        self.queue_in(id, after, Kind::App, What::App(AppEvent::Tick), sink);
                    }
                }
            }
            AppEvent::Resend { sequence, attempt } => {
                let node = &mut self.nodes[id.index()];
                let App::Producer(sender) = &mut node.app else { panic!("only a producer sends") };
                sender.resent();
                let msg = sender.msg(sequence);
                node.attempts.push((msg, attempt));
                self.publish(id, msg, attempt, sink);
            }
            AppEvent::Done => {
                let (call, another) = self.finish_one(id);
                if another {
                    let processing = self.setup.workload.processing;
                    self.queue_in(id, processing, Kind::App, What::App(AppEvent::Done), sink);
                }
                if let Some(call) = call {
                    self.act(id, Event::App(call), sink);
                }
            }
        }
    }

    fn sender(&mut self, id: NodeId) -> &mut Sender {
        match &mut self.nodes[id.index()].app {
            App::Producer(sender) => sender,
            App::None | App::Consumer(_) | App::Auditor => panic!("only a producer sends"),
        }
    }

    fn end_transaction<S: Sink>(&mut self, id: NodeId, commit: bool, sink: &mut S) {
        if self.nodes[id.index()].exiting.is_some() {
            return;
        }
        self.recorder.node(self.now, id, Op::EndTransaction { commit });
        self.act(id, Event::App(AppCall::EndTransaction { commit }), sink);
    }

    fn publish<S: Sink>(&mut self, id: NodeId, msg: MsgId, attempt: u32, sink: &mut S) {
        let App::Producer(sender) = &self.nodes[id.index()].app else { panic!("only a producer sends") };
        let checked = sender.config.is_checked();
        self.recorder.node(self.now, id, Op::Send { msg, attempt });
        self.observe(id, Probe::Sent);
        if !checked {
            self.recorder.node(self.now, id, Op::Told { msg, outcome: Outcome::Untold });
        }
        self.act(id, Event::App(AppCall::Send { msg, attempt }), sink);
    }
}

//! Messages on their way: connections opened and refused, latency drawn, what arrives and what is lost.

use std::rc::Rc;

use ackproof_core::actor::Event;
use ackproof_core::model::Model;
use ackproof_core::node::NodeId;
use ackproof_core::recording::Fact;
use ackproof_core::time::{Span, Time};

use crate::connection::{ConnId, Fin};
use crate::link::{Body, retransmission};
use crate::node::Knock;
use crate::queue::{Item, Kind, What};
use crate::step::Sink;
use crate::world::World;

/// A kernel repeats an unanswered attempt to open a connection after one second, then after twice as long each time, and
/// gives up after the sixth. Source: RFC 6298 section 2; Linux `net.ipv4.tcp_syn_retries`, default 6.
const SYN_RETRY: Span = Span::secs(1);
const SYN_RETRIES: u32 = 6;

impl<M: Model> World<M> {
    /// A message reached the node's kernel and its process is there to take it.
    pub(crate) fn arrive<S: Sink>(
        &mut self,
        item: Item,
        wire: Option<M::Message>,
        sink: &mut S,
    ) -> Option<Event<M::Message>> {
        let (from, to) = (item.key.sender(), item.node);
        let entry = self.link(from, to).take(item.key.seq(), item.key.due())?;
        let end = &mut self.nodes[to.index()].ends[from.index()];
        let body = match entry.body {
            Body::Fin(fin) => return end.hear(fin).then_some(Event::Closed { peer: from }),
            Body::Typed(body) => body,
            Body::Bytes(_) => wire.expect("a message that is due has crossed the engine's network"),
        };
        match end.accept(entry.conn, entry.opening) {
            Ok(()) => {
                self.recorder.fact(self.now, to, || Fact::MessageTaken { from, text: format!("{body:?}") });
                Some(Event::Message { from, body })
            }
            Err(reset) => {
                self.recorder
                    .fact(self.now, to, || Fact::MessageLost { to, why: "its connection was closed".to_owned() });
                self.part(to, from, reset, sink);
                None
            }
        }
    }

    /// Latency of one message, drawn from the link's own stream.
    pub(crate) fn latency(&mut self, from: NodeId, to: NodeId) -> Span {
        let facts = self.facts.link(from, to);
        let (base, loss) = (self.setup.network.latency, facts.loss);
        let (low, high) = (base.low.0 + facts.added_ms.0, base.high.0 + facts.added_ms.1);
        if let Some(stream) = &mut self.planted_stream {
            return Span(stream.between(low, high).max(1));
        }
        let stream = &mut self.link(from, to).stream;
        let late = if loss > 0.0 { retransmission(stream, loss) } else { Span::ZERO };
        Span(stream.between(low, high).max(1)) + late
    }

    pub(crate) fn send<S: Sink>(&mut self, from: NodeId, to: NodeId, body: M::Message, write_ms: Span, sink: &mut S) {
        assert_ne!(from, to, "a node sends no message to itself");
        self.messages += 1;
        let peer_is_up = self.nodes[to.index()].is_up();
        let is_open = self.nodes[from.index()].ends[to.index()].is_open();
        if !is_open {
            if let Some(knock) = self.nodes[from.index()].knocks.iter_mut().find(|knock| knock.peer == to) {
                knock.waiting.push(body);
                return;
            }
            if !self.answers(from, to) {
                let seq = self.queue_in(from, SYN_RETRY, Kind::Net, What::Knock { peer: to }, sink);
                self.nodes[from.index()].knocks.push(Knock { peer: to, waiting: vec![body], retries: 0, seq });
                return;
            }
            if !peer_is_up {
                return self.refuse(from, to, sink);
            }
        } else if self.is_dark(to) {
            self.nodes[from.index()].ends[to.index()].unacknowledged = true;
            return self.lose(from, to, "the machine has no power");
        } else if !peer_is_up {
            return self.lose(from, to, "the process is gone and its goodbye on the way");
        }
        self.transmit(from, to, body, write_ms, sink);
    }

    /// Whether a kernel at `to` can be reached and can answer.
    fn answers(&self, from: NodeId, to: NodeId) -> bool {
        !self.is_dark(to) && !self.facts.link(from, to).cut && !self.facts.link(to, from).cut
    }

    /// The machine answers that nothing listens.
    fn refuse<S: Sink>(&mut self, from: NodeId, to: NodeId, sink: &mut S) {
        let round_trip = self.latency(from, to) + self.latency(from, to);
        self.queue_in(from, round_trip, Kind::Net, What::Refused { peer: to }, sink);
        self.lose(from, to, "nothing listens there");
    }

    /// The kernel tries again to open a connection, half as often each time, and at last gives up.
    pub(crate) fn knock<S: Sink>(
        &mut self,
        id: NodeId,
        peer: NodeId,
        seq: u32,
        sink: &mut S,
    ) -> Option<Event<M::Message>> {
        let index = self.nodes[id.index()].knocks.iter().position(|knock| knock.peer == peer && knock.seq == seq)?;
        if !self.answers(id, peer) {
            let retries = self.nodes[id.index()].knocks[index].retries + 1;
            if retries > SYN_RETRIES {
                self.nodes[id.index()].knocks.swap_remove(index);
                return Some(Event::Closed { peer });
            }
            let again = Span(SYN_RETRY.0 << retries);
            let seq = self.queue_in(id, again, Kind::Net, What::Knock { peer }, sink);
            let knock = &mut self.nodes[id.index()].knocks[index];
            (knock.retries, knock.seq) = (retries, seq);
            return None;
        }
        let knock = self.nodes[id.index()].knocks.swap_remove(index);
        if self.nodes[peer.index()].is_up() {
            knock.waiting.into_iter().for_each(|body| self.transmit(id, peer, body, Span::ZERO, sink));
        } else {
            self.refuse(id, peer, sink);
        }
        None
    }

    /// Puts a message on the wire.
    fn transmit<S: Sink>(&mut self, from: NodeId, to: NodeId, body: M::Message, write_ms: Span, sink: &mut S) {
        let latency = self.latency(from, to) + write_ms;
        let (conn, opening) = self.nodes[from.index()].ends[to.index()].open();
        let seq = self.nodes[from.index()].next_seq();
        let now = self.now;
        if self.recorder.traces() {
            let text = format!("{body:?}");
            self.recorder.fact(self.now, from, || Fact::MessageSent { to, due: now + latency, text });
        }
        let (body, bytes) = if S::WIRE {
            let bytes: Rc<[u8]> = postcard::to_stdvec(&body).expect("every message can be encoded").into();
            (Body::Bytes(bytes.clone()), Some(bytes))
        } else {
            (Body::Typed(body), None)
        };
        let due = self.link(from, to).push(now, latency, seq, conn, opening, body);
        let item = (due != Time::NEVER).then(|| self.item(due, to, due, Kind::Net, from, seq, What::Net));
        sink.carry(from, to, seq, item, bytes);
    }

    fn lose(&mut self, from: NodeId, to: NodeId, why: &'static str) {
        self.recorder.fact(self.now, from, || Fact::MessageLost { to, why: why.to_owned() });
    }

    /// Tells a peer that connections ended, behind what was already sent.
    pub(crate) fn part<S: Sink>(&mut self, from: NodeId, to: NodeId, fin: Fin, sink: &mut S) {
        if !self.nodes[to.index()].is_up() {
            return;
        }
        let latency = self.latency(from, to);
        let seq = self.nodes[from.index()].next_seq();
        let now = self.now;
        let due = self.link(from, to).push(now, latency, seq, ConnId::NONE, false, Body::Fin(fin));
        if due != Time::NEVER {
            sink.queue(self.item(due, to, due, Kind::Net, from, seq, What::Net));
        }
    }
}

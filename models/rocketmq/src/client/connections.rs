//! Connections to brokers and nameservers: what is asked before one is open waits for it, so that it is known of each
//! request whether it ever left.

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;

use crate::message::{Message, Opaque};
use crate::model::Rocketmq;

/// Connections of one process.
#[derive(Debug, Default)]
pub struct Connections {
    opaque: Opaque,
    open: BTreeSet<NodeId>,
    /// What goes to a peer once its connection is open.
    waiting: BTreeMap<NodeId, Vec<(Opaque, Message)>>,
}

impl Connections {
    /// The number of the next request.
    pub fn number(&mut self) -> Opaque {
        self.opaque.next()
    }

    /// Sends over the connection to `to`, which is opened where there is none.
    pub fn send(&mut self, ctx: &mut Ctx<'_, Rocketmq>, to: NodeId, opaque: Opaque, message: Message) {
        if self.open.contains(&to) {
            ctx.send(to, message);
            return;
        }
        let waiting = self.waiting.entry(to).or_default();
        if waiting.is_empty() {
            ctx.send(to, Message::Connect);
        }
        waiting.push((opaque, message));
    }

    /// The peer accepts the connection.
    pub fn on_connected(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
        self.open.insert(peer);
        for (_, message) in self.waiting.remove(&peer).unwrap_or_default() {
            ctx.send(peer, message);
        }
    }

    /// Takes back what has not been sent yet. Whether it was so.
    pub fn withdraw(&mut self, opaque: Opaque) -> bool {
        let mut found = false;
        for waiting in self.waiting.values_mut() {
            let before = waiting.len();
            waiting.retain(|(known, _)| *known != opaque);
            found |= waiting.len() < before;
        }
        self.waiting.retain(|_, waiting| !waiting.is_empty());
        found
    }

    /// Gives a connection up; the next request opens another.
    pub fn close(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) -> Vec<Opaque> {
        ctx.close(peer);
        self.on_closed(peer)
    }

    /// The connection is gone, or was refused: what never left.
    pub fn on_closed(&mut self, peer: NodeId) -> Vec<Opaque> {
        self.open.remove(&peer);
        self.waiting.remove(&peer).unwrap_or_default().into_iter().map(|(opaque, _)| opaque).collect()
    }
}

//! What brokers and nameservers say.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;

use crate::consumer::Consumer;
use crate::consumer::asking::Ask;
use crate::message::{Consuming, Message, Opaque, Popping};
use crate::model::Rocketmq;
use crate::topic::Queue;

impl Consumer {
    pub(super) fn on_message(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, message: Message) {
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
                let asked = self.answered(ctx, opaque);
                if asked.is_some() {
                    self.on_members(ctx, &members);
                }
            }
            Message::OffsetIs { opaque, offset } => {
                if let Some(Ask::Offset(queue, life)) = self.answered(ctx, opaque) {
                    self.on_offset(ctx, (queue, life), offset);
                }
            }
            Message::MaxOffsetIs { opaque, offset } => {
                if let Some(Ask::End(queue, life)) = self.answered(ctx, opaque) {
                    self.on_end(ctx, (queue, life), offset);
                }
            }
            Message::Pulled(pulled) => {
                if let Some(Ask::Pull(queue, life)) = self.answered(ctx, pulled.opaque) {
                    self.on_pulled(ctx, (queue, life), *pulled);
                }
            }
            Message::Consuming(consuming) => self.on_consuming(ctx, *consuming),
            _ => {}
        }
    }

    fn on_consuming(&mut self, ctx: &mut Ctx<'_, Rocketmq>, consuming: Consuming) {
        match consuming {
            Consuming::GivenBack { opaque, result } => match (self.answered(ctx, opaque), result) {
                (Some(Ask::GiveBack(back)), Ok(())) => self.given_back(ctx, back),
                (Some(Ask::SendAgain(resend)), Ok(())) => self.given_back(ctx, resend.back),
                (Some(Ask::GiveBack(back)), Err(_)) => self.send_again(ctx, back),
                (Some(Ask::SendAgain(resend)), Err(_)) => self.try_to_send(ctx, resend),
                (_, _) => {}
            },
            Consuming::Popping(Popping::Popped { opaque, result }) => {
                if let Some(Ask::Pop(group)) = self.answered(ctx, opaque) {
                    self.on_popped(ctx, group, result);
                }
            }
            Consuming::Popping(_) => {}
            Consuming::Locked { opaque, queues } => self.on_locked(ctx, opaque, &queues),
            Consuming::GiveBack(_) | Consuming::SendAgain { .. } | Consuming::Lock { .. } => {}
            Consuming::Unlock { .. } | Consuming::SearchOffset { .. } => {}
        }
    }

    fn on_locked(&mut self, ctx: &mut Ctx<'_, Rocketmq>, opaque: Opaque, queues: &[Queue]) {
        let Some((_, broker)) = self.asks.get(&opaque) else { return };
        let broker = *broker;
        match self.answered(ctx, opaque) {
            Some(Ask::Lock(queue, life)) if queues.contains(&queue) => self.locked(ctx, queue, life),
            Some(Ask::Lock(queue, life)) => self.not_locked(ctx, queue, life),
            Some(Ask::Relock(queue, life)) if queues.contains(&queue) => self.relocked(ctx, queue, life),
            Some(Ask::Relock(queue, life)) => self.not_relocked(ctx, queue, life),
            Some(Ask::LockAll) => self.all_locked(ctx, broker, queues),
            _ => {}
        }
    }
}

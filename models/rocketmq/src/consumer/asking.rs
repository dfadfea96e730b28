//! Requests to brokers: each waits for its answer for a while, and knows what to do without one.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::consumer::Consumer;
use crate::consumer::giving_back::{Resend, Return};
use crate::consumer::process_queue::Life;
use crate::consumer::timer::Timer;
use crate::message::{Message, Opaque};
use crate::model::Rocketmq;
use crate::topic::{Group, Queue};

/// A request whose answer is waited for.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Ask {
    /// Who is in the group.
    Members,
    /// Where to begin with a queue, and, where nobody knows, where it ends or what was stored at a time.
    Offset(Queue, Life),
    End(Queue, Life),
    Pull(Queue, Life),
    /// A message was given back to its broker, or sent to the retry topic.
    GiveBack(Return),
    SendAgain(Resend),
    /// A queue for an orderly listener, before it is begun; one that it has already; all that it has.
    Lock(Queue, Life),
    Relock(Queue, Life),
    LockAll,
    Pop(Group),
}

impl Consumer {
    /// Asks a broker, and waits for its answer for so long.
    pub(super) fn ask(
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

    pub(super) fn answered(&mut self, ctx: &mut Ctx<'_, Rocketmq>, opaque: Opaque) -> Option<Ask> {
        ctx.cancel_timer(Timer::GiveUp(opaque).id());
        self.asks.remove(&opaque).map(|(ask, _)| ask)
    }

    pub(super) fn on_timeout(&mut self, ctx: &mut Ctx<'_, Rocketmq>, opaque: Opaque) {
        self.client.connections.withdraw(opaque);
        let Some((ask, to)) = self.asks.remove(&opaque) else { return };
        self.failed(ctx, ask);
        // A request that is waited for closes its connection; a pull is not.
        if !matches!(ask, Ask::Pull(..) | Ask::Pop(_)) {
            self.client.connections.close(ctx, to);
            self.lost(ctx, to);
        }
    }

    /// The connection to a broker is gone, and with it the answers that were waited for.
    pub(super) fn lost(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
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
            Ask::Members | Ask::LockAll => {}
            Ask::Offset(queue, life) | Ask::End(queue, life) => self.could_not_begin(queue, life),
            Ask::Pull(queue, life) => self.pull_failed(ctx, queue, life),
            Ask::GiveBack(back) => self.send_again(ctx, back),
            Ask::SendAgain(resend) => self.try_to_send(ctx, resend),
            Ask::Pop(group) => self.pop_failed(ctx, group),
            Ask::Lock(queue, life) => self.not_locked(ctx, queue, life),
            Ask::Relock(queue, life) => self.not_relocked(ctx, queue, life),
        }
    }
}

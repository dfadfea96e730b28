//! The master's side of a link of controller mode: epochs first, then entries, each batch of one epoch.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use crate::broker::links::Link;
use crate::broker::{Broker, Timer};
use crate::message::{AutoHa, Message};
use crate::model::Rocketmq;
use crate::store::{COMMIT_LOG, Store};

/// Entries that may be on their way to a slave: what the buffers of a connection hold, as Linux sizes them by default.
///
/// Source: Linux, ip-sysctl: `tcp_wmem` (16 KiB) and `tcp_rmem` (128 KiB).
const IN_FLIGHT: u64 = 144 * 1024 / crate::config::MESSAGE_BYTES;

/// What a link of controller mode has beside others.
#[derive(Copy, Clone, Debug, Default)]
pub struct AutoLink {
    is_learner: bool,
    from_last_file: bool,
    /// Where pushing goes on; `None` until the slave has said where.
    next: Option<u64>,
    /// Where the log ended as something was last pushed, and when that was.
    pushed: Option<(u64, Time)>,
}

impl AutoLink {
    pub fn next(&self) -> Option<u64> {
        self.next
    }
}

impl Broker {
    /// Simplified: a slave serves no slave, as it would for one that was told of a former master. Gives up: slaves that copy from
    /// slaves, and are not in the set for it.
    /// Simplified: one link a slave: a new one replaces the one before. Gives up: a slave that leaves the set because
    /// its former link, half open, ends.
    ///
    /// Source: `AutoSwitchHAConnection.AbstractWriteSocketService.buildHandshakeBuffer`, store, 5.3.
    pub(super) fn on_handshake(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        slave: NodeId,
        is_learner: bool,
        from_last_file: bool,
    ) {
        if !self.is_master() {
            return;
        }
        let auto = AutoLink { is_learner, from_last_file, next: None, pushed: None };
        let known = self.links.links.iter_mut().find(|link| link.slave == slave);
        // Asked once more before it was answered.
        if known.is_some_and(|link| link.auto.next.is_none()) {
            return self.send_epochs(ctx, slave);
        }
        self.links.links.retain(|link| link.slave != slave);
        self.links.links.push(Link::new(slave, ctx.now(), auto));
        self.links.links.sort_by_key(|link| link.slave);
        ctx.set_timer(Timer::Links.id(), Span::secs(1));
        self.send_epochs(ctx, slave);
    }

    fn send_epochs(&self, ctx: &mut Ctx<'_, Rocketmq>, slave: NodeId) {
        let epochs = self.controlled.epochs.entries().to_vec();
        let end = self.store.committed(ctx.disk);
        ctx.send(slave, Message::AutoHa(Box::new(AutoHa::Epochs { epochs, end })));
    }

    /// Source: `AutoSwitchHAConnection.ReadSocketService`, `WriteSocketService.run`, store, 5.3.
    pub(super) fn on_auto_report(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slave: NodeId, end: u64) {
        let (now, own_end) = (ctx.now(), self.store.committed(ctx.disk));
        let file = self.config().store.file_messages.max(1);
        let first = Store::start(ctx.disk);
        let Some(link) = self.links.links.iter_mut().find(|link| link.slave == slave) else { return };
        link.heard = now;
        link.acked = end;
        if link.auto.next.is_none() {
            link.auto.next = Some(match end {
                0 if link.auto.from_last_file => own_end - own_end % file,
                0 => first,
                end => end,
            });
        }
        let AutoLink { is_learner, pushed, .. } = link.auto;
        let place = self.plan.place(slave).1;
        if !is_learner && pushed.is_none_or(|(upto, _)| end >= upto) {
            let at = if end == own_end { now } else { pushed.map_or(Time::ZERO, |(_, at)| at) };
            let known = self.controlled.caught_up.entry(place).or_insert(at);
            *known = (*known).max(at);
            self.maybe_expand(ctx, place, end);
        }
        if self.controlled.set.contains(place) {
            self.controlled.confirmed = self.computed_confirmed(ctx);
        }
        self.push_auto(ctx);
    }

    /// Sends each slave what it does not have. A batch that would reach into the next epoch ends where that begins, and
    /// says already that it is of that one.
    ///
    /// Source: `AutoSwitchHAConnection.AbstractWriteSocketService.transferToSlave`, store, 5.3.
    pub(in crate::broker) fn push_auto(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let (now, end, confirm) = (ctx.now(), self.store.committed(ctx.disk), self.confirmed(ctx));
        let batch = self.config().ha.batch;
        for link in &mut self.links.links {
            while let Some(next) = link.auto.next.filter(|next| *next < end && *next < link.acked + IN_FLIGHT) {
                let Some((epoch, following)) = self.controlled.epochs.around(next) else { break };
                let whole = (end - next).min(batch);
                let (epoch, count) = match following {
                    Some(following) if next + whole > following.1 => (following, following.1 - next),
                    Some(_) | None => (epoch, whole),
                };
                let entries = ctx.disk.tail(COMMIT_LOG, next)[..count as usize].to_vec();
                let push = AutoHa::Push { from: next, epoch: Some(epoch), confirm, entries };
                ctx.send(link.slave, Message::AutoHa(Box::new(push)));
                link.auto.next = Some(next + count);
                link.auto.pushed = Some((end, now));
                link.sent = now;
            }
        }
    }

    /// A sign of life for a slave that was sent nothing. Before it has said where to go on there is nothing to say.
    pub(in crate::broker) fn push_sign_of_life(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slave: NodeId) {
        let confirm = self.confirmed(ctx);
        let Some(link) = self.links.links.iter().find(|link| link.slave == slave) else { return };
        let Some(from) = link.auto.next else { return };
        let epoch = self.controlled.epochs.around(from.saturating_sub(1)).map(|(epoch, _)| epoch);
        ctx.send(slave, Message::AutoHa(Box::new(AutoHa::Push { from, epoch, confirm, entries: Vec::new() })));
    }

    /// It is no master any more, or begins anew as one: nobody is served.
    pub(super) fn close_links(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        for link in std::mem::take(&mut self.links.links) {
            ctx.close(link.slave);
        }
    }
}

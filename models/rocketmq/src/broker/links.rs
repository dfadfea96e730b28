//! The master's side of replication: one link for each slave, on which the log is pushed and the slave reports its end.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use crate::broker::answering::Acks;
use crate::broker::controlled::AutoLink;
use crate::broker::{Broker, Timer};
use crate::message::{Ha, Message, Status};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::store::COMMIT_LOG;

/// How often a link looks for entries when nobody waits for a slave.
/// Source: `WriteSocketService.run`, `DefaultHAConnection`, store, 5.3: `allWaitForRunning(100)`.
const LOOK: Span = Span::ms(100);

/// A slave that is connected.
#[derive(Copy, Clone, Debug)]
pub struct Link {
    pub slave: NodeId,
    /// The slave said that its log ends here.
    pub acked: u64,
    /// Where pushing goes on.
    pub next: u64,
    /// When the slave was last heard of, and when it was last sent something.
    pub(super) heard: Time,
    pub(super) sent: Time,
    /// It reported an end beyond the master's.
    was_longer: bool,
    /// Of controller mode.
    pub(super) auto: AutoLink,
}

impl Link {
    pub(super) fn new(slave: NodeId, now: Time, auto: AutoLink) -> Link {
        Link { slave, acked: 0, next: 0, heard: now, sent: now, was_longer: false, auto }
    }
}

#[derive(Debug, Default)]
pub struct Links {
    pub(super) links: Vec<Link>,
    /// The furthest that any slave ever reported (`push2SlaveMaxOffset`).
    fastest: u64,
    /// Somebody waits for slaves: links look at once.
    awake: bool,
    /// The timer that makes links look is set.
    is_set: bool,
    began: Time,
}

impl Links {
    pub fn wake(&mut self) {
        self.awake = true;
    }
    pub fn iter(&self) -> impl Iterator<Item = &Link> {
        self.links.iter()
    }
    /// Slaves that have said that their log reaches `end`.
    pub fn holders(&self, end: u64) -> impl Iterator<Item = NodeId> + '_ {
        self.links.iter().filter(move |link| link.acked >= end).map(|link| link.slave)
    }
}

impl Broker {
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.iter()
    }

    /// Whether enough brokers have the log up to `end`.
    ///
    /// Source: `GroupTransferService.doWaitTransfer`, store, 5.3 and 4.9.
    pub(super) fn is_copied(&self, acks: Acks, end: u64) -> bool {
        match acks {
            Acks::None => true,
            Acks::Fastest => self.links.fastest >= end,
            Acks::Count(count) => self.links.holders(end).count() + 1 >= count as usize,
            Acks::All => self.is_copied_by_all(end),
        }
    }

    /// What slaves come to as a message is appended: `None` when they are to be waited for.
    ///
    /// Source: `CommitLog.submitReplicaRequest`, `HAService.isSlaveOK`, store, 4.9: without a slave that keeps up there is
    /// nothing to wait for.
    pub(super) fn slave_status(&self, ctx: &Ctx<'_, Rocketmq>, acks: Acks) -> Option<Status> {
        match acks {
            Acks::None => Some(Status::Ok),
            Acks::Fastest => {
                let behind = self.store.wrote(ctx.disk).saturating_sub(self.links.fastest);
                let keeps_up = behind < self.config().ha.fall_behind_max;
                (self.links.links.is_empty() || !keeps_up).then_some(Status::SlaveNotAvailable)
            }
            Acks::Count(_) | Acks::All => None,
        }
    }

    pub(super) fn on_ha(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, ha: Ha) -> Result<(), DiskError> {
        match ha {
            Ha::Report { end, is_first } if self.is_master() => self.on_report(ctx, from, end, is_first),
            Ha::Push { from: at, entries } if !self.is_master() => self.on_push(ctx, from, at, entries)?,
            Ha::Report { .. } | Ha::Push { .. } => {}
        }
        Ok(())
    }

    /// A slave says where its log ends. A blank one begins at the start of the master's last file, any other where it
    /// ended. Nobody compares what is in the logs: one that is longer than the master's is taken at its word.
    ///
    /// Source: `DefaultHAConnection.ReadSocketService.processReadEvent`, `WriteSocketService.run`, store, 5.3;
    /// `HAConnection`, 4.9.8, which closes the link on the second such report (#3016).
    fn on_report(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slave: NodeId, end: u64, is_first: bool) {
        let (now, wrote) = (ctx.now(), self.store.wrote(ctx.disk));
        let end = if end > wrote && !Rule::LongerSlave.holds() { 0 } else { end };
        if is_first {
            let file = self.config().store.file_messages.max(1);
            let next = if end == 0 { wrote - wrote % file } else { end };
            self.links.links.retain(|link| link.slave != slave);
            self.links.links.push(Link { next, ..Link::new(slave, now, AutoLink::default()) });
            self.links.links.sort_by_key(|link| link.slave);
            ctx.set_timer(Timer::Links.id(), Span::secs(1));
        }
        let Some(link) = self.links.links.iter_mut().find(|link| link.slave == slave) else { return };
        link.heard = now;
        link.acked = end;
        self.links.fastest = self.links.fastest.max(end);
        let again = link.was_longer;
        link.was_longer = end > wrote;
        if again && end > wrote && self.plan.config.rules.closes_link_of_longer_slave {
            ctx.note(|| "closes the link of a slave that is longer than its master".to_owned());
            self.close_link(ctx, slave);
            return;
        }
        self.push(ctx);
    }

    /// There is something to push: at once where somebody waits for it, else when the links look next.
    pub(super) fn links_see_entries(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if !self.links.is_set && !self.links.links.is_empty() {
            self.links.is_set = true;
            let since = ctx.now().0 - self.links.began.0.min(ctx.now().0);
            ctx.set_timer(Timer::Push.id(), Span(LOOK.0 - since % LOOK.0));
        }
    }

    pub(super) fn push_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.links.is_set = false;
        self.push(ctx);
    }

    pub(super) fn push_if_awake(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if std::mem::take(&mut self.links.awake) {
            self.push(ctx);
        }
        let end = self.store.committed(ctx.disk);
        let waits = |link: &Link| {
            if self.is_controlled() { link.auto.next().is_some_and(|next| next < end) } else { link.next < end }
        };
        if self.links.links.iter().any(waits) {
            self.links_see_entries(ctx);
        }
    }

    /// Sends each slave what it does not have, as far as it is committed.
    fn push(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.is_controlled() {
            return self.push_auto(ctx);
        }
        let end = self.store.committed(ctx.disk);
        let batch = self.config().ha.batch;
        for link in &mut self.links.links {
            while link.next < end {
                let count = (end - link.next).min(batch) as usize;
                let entries = ctx.disk.tail(COMMIT_LOG, link.next)[..count].to_vec();
                ctx.send(link.slave, Message::Ha(Ha::Push { from: link.next, entries }));
                link.next += count as u64;
                link.sent = ctx.now();
            }
        }
    }

    /// Signs of life for slaves that were sent nothing, and an end to those that say nothing.
    ///
    /// Source: `DefaultHAConnection`, store, 5.3: `haSendHeartbeatInterval`, `haHousekeepingInterval`.
    pub(super) fn look_after_links(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let plan = Arc::clone(&self.plan);
        let ha = &plan.broker(self.node).ha;
        let now = ctx.now();
        let silent: Vec<NodeId> = self
            .links
            .links
            .iter()
            .filter(|link| now.since(link.heard) > ha.housekeeping)
            .map(|link| link.slave)
            .collect();
        silent.into_iter().for_each(|slave| self.close_link(ctx, slave));
        let mut quiet = Vec::new();
        for link in self.links.links.iter_mut().filter(|link| now.since(link.sent) >= ha.heartbeat) {
            link.sent = now;
            quiet.push((link.slave, link.next));
        }
        for (slave, from) in quiet {
            match self.is_controlled() {
                true => self.push_sign_of_life(ctx, slave),
                false => ctx.send(slave, Message::Ha(Ha::Push { from, entries: Vec::new() })),
            }
        }
        if !self.links.links.is_empty() {
            ctx.set_timer(Timer::Links.id(), Span::secs(1));
        }
    }

    fn close_link(&mut self, ctx: &mut Ctx<'_, Rocketmq>, slave: NodeId) {
        ctx.close(slave);
        self.link_closed(ctx, slave);
    }

    pub(super) fn link_closed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, peer: NodeId) {
        let before = self.links.links.len();
        self.links.links.retain(|link| link.slave != peer);
        if self.is_controlled() && self.links.links.len() < before {
            self.slave_gone(ctx, self.plan.place(peer).1);
        }
    }
}

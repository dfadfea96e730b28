//! Groups with an acting master: brokers show nameservers that they live, know who of their group does, and come back only
//! when they have found the others again.
//!
//! Simplified: an acting master is read and keeps consumers' progress, and works off none of a master's services. With
//! `enableRemoteEscape` it would deliver delayed messages, check transactions and revive what was handed out, by way of another
//! group's master. Gives up: messages of that kind wait until the master is back.

use ackproof_core::actor::{Ctx, TimerId};
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use crate::broker::Broker;
use crate::broker::answering::Acks;
use crate::config::{Mode, Role};
use crate::message::{Address, Code, MasterProgress, Message, Refusal, ToGroup};
use crate::model::Rocketmq;
use crate::mutation::Rule;

/// Source: `BrokerPreOnlineService.run`; `BrokerConfig.syncBrokerMemberGroupPeriod`, broker, 5.3.
const EVERY: Span = Span::secs(1);

/// A broker's timers of this mode, numbered behind all others.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum ActingTimer {
    /// Who of the group is there?
    Group,
    /// A sign of life for nameservers.
    Beat,
}

impl ActingTimer {
    const FIRST: u64 = 2000;

    fn id(self) -> TimerId {
        TimerId(ActingTimer::FIRST + self as u64)
    }
    /// `None` for a timer of another kind.
    pub fn of(id: TimerId) -> Option<ActingTimer> {
        match id.0.checked_sub(ActingTimer::FIRST)? {
            0 => Some(ActingTimer::Group),
            1 => Some(ActingTimer::Beat),
            _ => None,
        }
    }
}

/// What a broker of such a group knows of the others.
#[derive(Debug, Default)]
pub struct Acting {
    /// It has begun, and has not found the others yet: nameservers do not know it.
    is_isolated: bool,
    /// Of the slaves that are there, how many a returning master has asked.
    asked: usize,
    /// Brokers of the group that are there, this one among them.
    alive: u32,
    /// It is the slave with the lowest id, and there is no master.
    acts: bool,
    /// The nameserver that is asked, as long as it answers.
    nameserver: usize,
    is_answered: bool,
}

impl Acting {
    pub fn is_isolated(&self) -> bool {
        self.is_isolated
    }
}

impl Broker {
    pub fn acting(&self) -> &Acting {
        &self.acting
    }

    /// With `totalReplicas` of 1 it looks for nobody.
    ///
    /// Source: `BrokerController.start`, broker, 5.3.
    pub(super) fn start_acting(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        if self.plan.config.cluster.mode != Mode::ActingMaster {
            return;
        }
        let total = self.config().ha.total_replicas;
        self.acting = Acting { is_isolated: total > 1, alive: total, is_answered: true, ..Acting::default() };
        if total > 1 {
            ctx.set_timer(ActingTimer::Group.id(), Span::ms(1));
        }
        ctx.set_timer(ActingTimer::Beat.id(), EVERY);
    }

    pub(super) fn on_acting_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>, timer: ActingTimer) {
        match timer {
            ActingTimer::Group => self.ask_for_group(ctx),
            ActingTimer::Beat => {
                ctx.set_timer(ActingTimer::Beat.id(), self.config().fail_over.heartbeat);
                self.register_everywhere(ctx, true);
            }
        }
    }

    /// One nameserver after the other, as long as none answers.
    ///
    /// Source: `BrokerController.syncBrokerMemberGroup`, broker, 5.3.
    fn ask_for_group(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        ctx.set_timer(ActingTimer::Group.id(), EVERY);
        let nameservers = &self.plan.nameservers;
        if !std::mem::take(&mut self.acting.is_answered) {
            self.acting.nameserver += 1;
        }
        let nameserver = nameservers[self.acting.nameserver % nameservers.len()];
        ctx.send(nameserver, Message::Group(Box::new(ToGroup::GetGroup { group: self.group })));
    }

    pub(super) fn on_group(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        from: NodeId,
        message: ToGroup,
    ) -> Result<(), DiskError> {
        match message {
            ToGroup::GroupIs { addresses } => {
                self.acting.is_answered = true;
                match self.acting.is_isolated {
                    true => self.come_online(ctx, &addresses),
                    false => self.count_group(ctx, &addresses),
                }
            }
            ToGroup::MasterIs { master } if !self.is_master() => self.learn_master(ctx, master),
            ToGroup::GetBack => {
                let known = MasterProgress { progress: self.book.progress.clone(), delays: self.book.delays.clone() };
                ctx.send(from, Message::Group(Box::new(ToGroup::Back(known))));
            }
            ToGroup::Back(known) if self.is_master() && self.acting.is_isolated => {
                return self.adopt_progress(ctx, known);
            }
            ToGroup::MasterIs { .. } | ToGroup::Back(_) | ToGroup::GetGroup { .. } => {}
        }
        Ok(())
    }

    /// A master waits until each of its slaves follows it, and takes their word for what consumers did meanwhile; a slave waits
    /// until it follows the master, if there is one.
    ///
    /// Source: `BrokerPreOnlineService.prepareForBrokerOnline`, `prepareForMasterOnline`, `prepareForSlaveOnline`, broker, 5.3.
    fn come_online(&mut self, ctx: &mut Ctx<'_, Rocketmq>, addresses: &[Address]) {
        let others: Vec<Address> = addresses.iter().filter(|other| other.node != self.node).copied().collect();
        if self.is_master() {
            let Some(slave) = others.get(self.acting.asked) else { return self.go_online(ctx) };
            ctx.send(slave.node, Message::Group(Box::new(ToGroup::MasterIs { master: self.node })));
            if self.links().any(|link| link.slave == slave.node) {
                ctx.send(slave.node, Message::Group(Box::new(ToGroup::GetBack)));
            }
            return;
        }
        match others.iter().find(|other| other.id == 0) {
            Some(master) => {
                self.learn_master(ctx, master.node);
                if self.following().is_linked() {
                    self.go_online(ctx);
                }
            }
            None => self.go_online(ctx),
        }
    }

    /// Source: `BrokerController.startService`, broker, 5.3.
    fn go_online(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.acting.is_isolated = false;
        self.register_everywhere(ctx, false);
    }

    /// Simplified: the slave's word always replaces the master's own. Gives up: masters that keep theirs, as its version is
    /// newer, since 500 commits came in after the slave's last copy.
    ///
    /// Source: `BrokerPreOnlineService.syncMetadataReverse`, broker, 5.3.
    fn adopt_progress(&mut self, ctx: &mut Ctx<'_, Rocketmq>, known: MasterProgress) -> Result<(), DiskError> {
        self.acting.asked += 1;
        ctx.note(|| "takes the progress of consumers from its slave before it comes back".to_owned());
        if Rule::ReverseSync.holds() {
            self.book.progress.0.extend(known.progress.0);
            // A slave that never copied any has nothing newer.
            if !known.delays.is_empty() {
                self.book.delays = known.delays;
                self.begin_schedule_anew();
            }
            self.book.store(ctx.disk)?;
        }
        Ok(())
    }

    /// Source: `BrokerController.calcAliveBrokerNumInGroup`, `updateMinBroker`, broker, 5.3.
    fn count_group(&mut self, ctx: &mut Ctx<'_, Rocketmq>, addresses: &[Address]) {
        let others = addresses.iter().filter(|other| other.node != self.node);
        self.acting.alive = others.clone().count() as u32 + 1;
        let acts = !self.is_master() && others.clone().all(|other| other.id > self.id);
        if acts != std::mem::replace(&mut self.acting.acts, acts) {
            ctx.note(|| if acts { "acts as the master" } else { "acts as the master no longer" }.to_owned());
        }
        if let Some(master) = others.clone().find(|other| other.id == 0).filter(|_| !self.is_master()) {
            self.learn_master(ctx, master.node);
        }
    }

    /// Whether a message may be appended, and how many brokers must have it.
    ///
    /// Source: `CommitLog.asyncPutMessage`, `calcNeedAckNums`; `DefaultHAService.inSyncReplicasNums`, store, 5.3.
    pub(super) fn admit_acting(&self, ctx: &Ctx<'_, Rocketmq>, waits: bool) -> Result<Acks, Refusal> {
        let config = self.config();
        if config.role == Role::AsyncMaster || !waits {
            return Ok(Acks::None);
        }
        let (ha, end) = (&config.ha, self.store.wrote(ctx.disk));
        let keeps_up = |acked: u64| end.saturating_sub(acked) * crate::config::MESSAGE_BYTES < ha.max_gap_not_in_sync;
        let in_sync = 1 + self.links().filter(|link| keeps_up(link.acked)).count() as u32;
        let in_sync = in_sync.min(self.acting.alive);
        let needed = match ha.auto_in_sync {
            true => ha.in_sync_replicas.min(in_sync).max(ha.min_in_sync_replicas),
            false => ha.in_sync_replicas,
        };
        if needed > in_sync && Rule::AliveReplicas.holds() {
            return Err(Refusal::certain(Code::SystemError));
        }
        Ok(Acks::needing(needed))
    }
}

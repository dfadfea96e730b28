//! The network, the machines on it, and what is watched. Messages between two members overtake each other, which no
//! connection lets them: what holds here holds there.

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::disk::{CellId, Disk, DiskError, FileId, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::time::{Span, SpanRange, Time};
use ackproof_log::{Epoch, Offset, Stamped};

use crate::{Ballot, BallotCell, Effect, Entry, Event, Member, Message, Place, Policy, Refused, Step, Timer};

/// A record that carries a number. `RA`: leaders open their terms with one, and logs are compared by terms alone.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Rec<const RA: bool> {
    pub epoch: Epoch,
    pub value: u64,
}
impl<const RA: bool> Stamped for Rec<RA> {
    fn epoch(&self) -> Epoch {
        self.epoch
    }
    fn timestamp(&self) -> Time {
        Time::ZERO
    }
    fn left(&self) -> u32 {
        0
    }
}
impl<const RA: bool> Entry for Rec<RA> {
    fn opening(epoch: Epoch, _: Time) -> Option<Self> {
        RA.then_some(Rec { epoch, value: 0 })
    }
    fn seal(&self) -> u64 {
        if RA { 0 } else { self.value }
    }
}
impl BallotCell for Ballot {
    fn of_ballot(ballot: Ballot) -> Ballot {
        ballot
    }
    fn ballot(&self) -> Option<Ballot> {
        Some(*self)
    }
}

pub const LOG: FileId = FileId(0);
pub const PLACE: Place = Place { log: LOG, ballot: CellId(0) };

pub struct Machine<const RA: bool> {
    pub disk: Disk<Rec<RA>, Ballot>,
    pub member: Option<Member<Rec<RA>>>,
    random: Stream,
    timers: BTreeMap<Timer, Time>,
    syncs: Vec<(Time, SyncTarget, Result<(), DiskError>)>,
    /// Whether somebody says that nothing listens there, while nothing does.
    has_power: bool,
    /// Where its log ended when it began to lead.
    led_from: Option<(Epoch, Offset)>,
}

struct Packet<const RA: bool> {
    from: NodeId,
    to: NodeId,
    body: Message<Rec<RA>>,
}

/// A group of members.
pub struct Net<const RA: bool> {
    pub now: Time,
    pub policy: Policy,
    pub machines: Vec<Machine<RA>>,
    packets: BTreeMap<(Time, u64), Packet<RA>>,
    sent: u64,
    random: Stream,
    /// How long a sync takes.
    pub sync: SpanRange,
    /// Pairs between which nothing arrives.
    pub cut: BTreeSet<(NodeId, NodeId)>,
    pub drop_rate: f64,
    next_value: u64,
    /// What anybody ever said is committed, by position.
    pub committed: Vec<Rec<RA>>,
    pub leaders: BTreeMap<Epoch, BTreeSet<NodeId>>,
    /// What was broken, in words.
    pub broken: Vec<String>,
    pub deposed: usize,
    pub truncated: Vec<(NodeId, Offset, Offset, u64)>,
}

impl<const RA: bool> Net<RA> {
    pub fn new(members: u8, policy: Policy, seed: u64) -> Net<RA> {
        let random = Seed(seed).stream("net");
        let machine = |id: u8| Machine {
            disk: Disk::new(None, Span::ZERO),
            member: None,
            random: Seed(seed).stream(&format!("member/{id}")),
            timers: BTreeMap::new(),
            syncs: Vec::new(),
            has_power: true,
            led_from: None,
        };
        Net {
            sync: SpanRange::between(Span::ms(2), Span::ms(8)),
            now: Time::ZERO,
            policy,
            machines: (0..members).map(machine).collect(),
            packets: BTreeMap::new(),
            sent: 0,
            random,
            cut: BTreeSet::new(),
            drop_rate: 0.0,
            next_value: 0,
            committed: Vec::new(),
            leaders: BTreeMap::new(),
            broken: Vec::new(),
            deposed: 0,
            truncated: Vec::new(),
        }
    }
    /// The same with every member started.
    pub fn started(members: u8, policy: Policy, seed: u64) -> Net<RA> {
        let mut net = Net::new(members, policy, seed);
        for id in net.ids() {
            net.start(id);
        }
        net
    }

    pub fn ids(&self) -> Vec<NodeId> {
        (0..self.machines.len() as u8).map(NodeId).collect()
    }
    pub fn member(&self, id: NodeId) -> &Member<Rec<RA>> {
        self.machines[id.index()].member.as_ref().expect("the member runs")
    }
    pub fn records(&self, id: NodeId) -> Vec<Rec<RA>> {
        self.machines[id.index()].disk.tail(LOG, 0).to_vec()
    }
    /// Those that lead as they think; of several the one of the latest term last.
    pub fn leading(&self) -> Vec<NodeId> {
        let runs =
            self.machines.iter().zip(self.ids()).filter_map(|(machine, id)| Some((machine.member.as_ref()?, id)));
        let mut leading: Vec<_> =
            runs.filter(|(member, _)| member.is_leader()).map(|(m, id)| (m.epoch(), id)).collect();
        leading.sort();
        leading.into_iter().map(|(_, id)| id).collect()
    }

    pub fn start(&mut self, id: NodeId) {
        if self.machines[id.index()].member.is_some() {
            return;
        }
        let members = self.ids();
        let machine = &mut self.machines[id.index()];
        machine.disk.settle(self.now);
        machine.has_power = true;
        machine.member = Some(Member::new(id, &members, PLACE, self.policy.clone(), &machine.disk));
        self.handle(id, Event::Start);
    }
    /// The process is gone and its page cache is not. Its peers see the connections close.
    pub fn kill(&mut self, id: NodeId) {
        if self.stop(id) {
            for peer in self.ids() {
                if peer != id && !self.cut.contains(&(id, peer)) && self.machines[peer.index()].member.is_some() {
                    self.handle(peer, Event::Closed { peer: id });
                }
            }
        }
    }
    /// The machine goes dark: of what was not on the platter as much is left as the seed says.
    pub fn lose_power(&mut self, id: NodeId) {
        self.stop(id);
        let machine = &mut self.machines[id.index()];
        machine.disk.settle(self.now);
        machine.has_power = false;
        machine.disk.lose_power(&mut self.random);
    }
    fn stop(&mut self, id: NodeId) -> bool {
        let machine = &mut self.machines[id.index()];
        machine.timers.clear();
        machine.syncs.clear();
        machine.led_from = None;
        self.packets.retain(|_, packet| packet.to != id && packet.from != id);
        self.machines[id.index()].member.take().is_some()
    }
    pub fn isolate(&mut self, id: NodeId) {
        for peer in self.ids() {
            self.cut.extend([(id, peer), (peer, id)]);
        }
    }
    pub fn heal(&mut self) {
        self.cut.clear();
        self.drop_rate = 0.0;
    }

    /// Has `id` append the next number.
    pub fn write(&mut self, id: NodeId) -> Result<Offset, Refused> {
        self.next_value += 1;
        let value = self.next_value;
        let epoch = self.member(id).epoch();
        self.with(id, |member, step| member.append(step, [Rec { epoch, value }]))
    }
    pub fn hand_over(&mut self, id: NodeId, to: NodeId) -> Result<(), Refused> {
        self.with(id, |member, step| member.hand_over(step, to))
    }
    /// Lets as much time pass.
    pub fn run(&mut self, span: Span) {
        let until = self.now + span;
        while let Some(due) = self.next_due().filter(|&due| due <= until) {
            self.now = self.now.max(due);
            self.step();
        }
        self.now = until;
    }
    /// Lets time pass until all that run follow one leader, 60 s at most; who leads then.
    pub fn elect(&mut self) -> NodeId {
        for _ in 0..600 {
            self.run(Span::ms(100));
            let running: Vec<_> = self.machines.iter().filter_map(|machine| machine.member.as_ref()).collect();
            if let Some(leader) = running[0].leader()
                && running.iter().all(|member| member.leader() == Some(leader))
                && self.machines[leader.index()].member.is_some()
            {
                return leader;
            }
        }
        panic!("nobody leads after 60 s; broken: {:?}", self.broken);
    }

    fn next_due(&self) -> Option<Time> {
        let packet = self.packets.keys().next().map(|&(due, _)| due);
        let timers = self.machines.iter().flat_map(|machine| machine.timers.values().copied());
        let syncs = self.machines.iter().flat_map(|machine| machine.syncs.iter().map(|&(due, ..)| due));
        timers.chain(syncs).chain(packet).min()
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some(entry) = self.packets.first_entry()
            && entry.key().0 <= now
        {
            let packet = entry.remove();
            let (from, to) = (packet.from, packet.to);
            let (target, is_cut) = (&self.machines[to.index()], self.cut.contains(&(from, to)));
            if !is_cut && target.member.is_some() {
                self.handle(to, Event::Message { from, body: packet.body });
            } else if !is_cut && target.has_power && !self.cut.contains(&(to, from)) {
                self.handle(from, Event::Closed { peer: to });
            }
        }
        for id in self.ids() {
            let machine = &mut self.machines[id.index()];
            let (due, later) = std::mem::take(&mut machine.syncs).into_iter().partition(|&(due, ..)| due <= now);
            machine.syncs = later;
            let due: Vec<(Time, SyncTarget, Result<(), DiskError>)> = due;
            let timers: Vec<Timer> =
                machine.timers.iter().filter(|&(_, &at)| at <= now).map(|(&timer, _)| timer).collect();
            timers.iter().for_each(|timer| {
                machine.timers.remove(timer);
            });
            for (_, target, result) in due {
                self.handle(id, Event::Synced { target, result });
            }
            for timer in timers {
                self.handle(id, Event::Timer(timer));
            }
        }
    }

    fn handle(&mut self, id: NodeId, event: Event<Rec<RA>>) {
        self.with(id, |member, step| member.on(step, event));
    }

    fn with<T>(
        &mut self,
        id: NodeId,
        act: impl FnOnce(&mut Member<Rec<RA>>, &mut Step<'_, Rec<RA>, Ballot>) -> T,
    ) -> T {
        let machine = &mut self.machines[id.index()];
        machine.disk.settle(self.now);
        let mut effects = Vec::new();
        let mut member = machine.member.take().expect("the member runs");
        let mut step =
            Step { disk: &mut machine.disk, random: &mut machine.random, now: self.now, effects: &mut effects };
        let result = act(&mut member, &mut step);
        machine.member = Some(member);
        let mut has_changed = false;
        for effect in effects {
            has_changed |= self.apply(id, effect);
        }
        if has_changed {
            self.look_at_logs();
        }
        result
    }

    /// Whether logs are to be looked at again.
    fn apply(&mut self, id: NodeId, effect: Effect<Rec<RA>>) -> bool {
        let now = self.now;
        let machine = &mut self.machines[id.index()];
        match effect {
            Effect::Send { to, body } => {
                let due = now + Span(self.random.between(1, 5));
                self.sent += 1;
                if !self.random.chance(self.drop_rate) && !self.cut.contains(&(id, to)) {
                    self.packets.insert((due, self.sent), Packet { from: id, to, body });
                }
            }
            Effect::SetTimer { timer, after } => {
                machine.timers.insert(timer, now + after);
            }
            Effect::CancelTimer(timer) => {
                machine.timers.remove(&timer);
            }
            Effect::Sync(target) => {
                let due = now + Span(self.random.between(self.sync.low.0, self.sync.high.0));
                let result = machine.disk.begin_sync(target, due);
                machine.syncs.push((due, target, result));
            }
            Effect::Leads { epoch } => {
                machine.led_from = Some((epoch, Offset(machine.disk.len(LOG))));
                self.leaders.entry(epoch).or_default().insert(id);
                self.look_at_leader(id, epoch);
            }
            Effect::Deposed { .. } => {
                machine.led_from = None;
                self.deposed += 1;
            }
            Effect::Truncated { from, to, committed } => {
                if machine.led_from.is_some() {
                    self.broken.push(format!("leader {id:?} cut its own log at {from}"));
                }
                self.truncated.push((id, from, to, committed));
            }
            Effect::Committed { upto } => self.take_commit(id, upto),
            Effect::Appended { .. } => return true,
            Effect::Follows { .. } | Effect::Stands { .. } | Effect::Synced { .. } | Effect::DiskFailed(_) => {}
        }
        false
    }

    /// Election safety and leader completeness.
    fn look_at_leader(&mut self, id: NodeId, epoch: Epoch) {
        if self.leaders[&epoch].len() > 1 {
            self.broken.push(format!("{:?} all led in {epoch:?}", self.leaders[&epoch]));
        }
        let records = self.records(id);
        if records.len() < self.committed.len() || records[..self.committed.len()] != self.committed[..] {
            self.broken.push(format!("{id:?} leads in {epoch:?} without everything that was committed"));
        }
    }

    /// State machine safety.
    fn take_commit(&mut self, id: NodeId, upto: Offset) {
        let records = self.records(id);
        for (at, record) in records.iter().enumerate().take(upto.0 as usize) {
            match self.committed.get(at) {
                None => self.committed.push(*record),
                Some(known) if known == record => {}
                Some(known) => {
                    self.broken.push(format!("{id:?} committed {record:?} at {at}, where {known:?} was"));
                    self.committed[at] = *record;
                }
            }
        }
    }

    /// Log matching: up to the last position where two logs have the same term they are the same.
    fn look_at_logs(&mut self) {
        let logs: Vec<_> = self.ids().into_iter().map(|id| self.records(id)).collect();
        for (a, one) in logs.iter().enumerate() {
            for (b, other) in logs.iter().enumerate().skip(a + 1) {
                let same = one.iter().zip(other).rposition(|(x, y)| x.epoch == y.epoch).map_or(0, |at| at + 1);
                if let Some(at) = (0..same).find(|&at| one[at] != other[at]) {
                    self.broken.push(format!("{a} and {b} have {:?} and {:?} at {at}", one[at], other[at]));
                }
            }
        }
    }

    /// Whether as many logs hold everything that was ever said to be committed.
    pub fn keeps_what_was_committed(&self, members: usize) -> bool {
        self.ids().into_iter().filter(|&id| self.records(id).starts_with(&self.committed)).count() >= members
    }
}

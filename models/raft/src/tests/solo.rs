//! One member in the hands of a test that speaks for all others.

use ackproof_core::disk::{Disk, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::time::{Span, Time};
use ackproof_log::{Epoch, Offset};

use super::net::{LOG, PLACE, Rec};
use crate::{Answer, Ballot, Effect, Event, LogEnd, Mark, Member, Message, Policy, Push, PushReply, Step, Timer};

pub const ME: NodeId = NodeId(0);
pub const B: NodeId = NodeId(1);
pub const C: NodeId = NodeId(2);

pub struct Solo<const RA: bool> {
    pub member: Member<Rec<RA>>,
    pub disk: Disk<Rec<RA>, Ballot>,
    members: Vec<NodeId>,
    policy: Policy,
    random: Stream,
    pub now: Time,
}

pub type Effects<const RA: bool> = Vec<Effect<Rec<RA>>>;

impl<const RA: bool> Solo<RA> {
    /// A member of `members` whose disk holds records of these terms, all synced.
    pub fn new(policy: Policy, members: u8, epochs: &[u32]) -> Solo<RA> {
        let mut disk = Disk::new(None, Span::ZERO);
        for (at, &epoch) in epochs.iter().enumerate() {
            disk.append(LOG, Rec { epoch: Epoch(epoch), value: at as u64 + 1 }).unwrap();
        }
        disk.begin_sync(SyncTarget::File(LOG), Time::ZERO).unwrap();
        disk.settle(Time::ZERO);
        let members: Vec<NodeId> = (0..members).map(NodeId).collect();
        let member = Member::new(ME, &members, PLACE, policy.clone(), &disk);
        Solo { member, disk, members, policy, random: Seed(1).stream("solo"), now: Time::ZERO }
    }

    pub fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Member<Rec<RA>>, &mut Step<'_, Rec<RA>, Ballot>) -> T,
    ) -> (T, Effects<RA>) {
        let mut effects = Vec::new();
        self.disk.settle(self.now);
        let mut step = Step { disk: &mut self.disk, random: &mut self.random, now: self.now, effects: &mut effects };
        let result = act(&mut self.member, &mut step);
        (result, effects)
    }
    pub fn on(&mut self, event: Event<Rec<RA>>) -> Effects<RA> {
        self.act(|member, step| member.on(step, event)).1
    }
    pub fn hear(&mut self, from: NodeId, body: Message<Rec<RA>>) -> Effects<RA> {
        self.on(Event::Message { from, body })
    }
    /// Finishes every sync among `effects`, and every one that follows from it.
    pub fn sync(&mut self, effects: &Effects<RA>) -> Effects<RA> {
        let mut all = Vec::new();
        for target in synced(effects) {
            self.disk.begin_sync(target, self.now).unwrap();
            self.disk.settle(self.now);
            let more = self.on(Event::Synced { target, result: Ok(()) });
            let later = self.sync(&more);
            all.extend(more);
            all.extend(later);
        }
        all
    }
    /// Starts it, lets its timers fire until it asks for votes, and has `B` grant them; what came of the last.
    pub fn lead(&mut self) -> Effects<RA> {
        let mut effects = self.on(Event::Start);
        effects.extend(self.sync(&effects.clone()));
        for _ in 0..100 {
            self.now += Span::secs(3);
            effects = self.on(Event::Timer(Timer::Election));
            effects.extend(self.sync(&effects.clone()));
            while let Some((epoch, pre, round)) = asked(&effects) {
                effects = self.hear(B, Message::Answer { epoch, answer: Answer::Accept, pre, round });
                effects.extend(self.sync(&effects.clone()));
            }
            if self.member.is_leader() {
                return effects;
            }
        }
        panic!("it does not lead: {:?}", self.member);
    }
    /// Starts it as a follower of `B` in this term.
    pub fn follow(&mut self, epoch: u32) {
        let effects = self.on(Event::Start);
        self.sync(&effects);
        for round in 0..2 {
            let effects = self.hear(B, Message::Beat { epoch: Epoch(epoch), round });
            self.sync(&effects);
        }
        assert_eq!((self.member.leader(), self.member.epoch()), (Some(B), Epoch(epoch)));
    }
    /// A push of `B`'s, with records of these terms.
    pub fn push(&mut self, epoch: u32, from: u64, before: Option<u32>, epochs: &[u32]) -> Effects<RA> {
        let records = epochs.iter().zip(from..).map(|(&epoch, at)| Rec { epoch: Epoch(epoch), value: at + 1 });
        let before = before.map(|epoch| Mark { epoch: Epoch(epoch), seal: if RA { 0 } else { from } });
        let end = Offset(from + epochs.len() as u64);
        let records: Vec<_> = records.collect();
        let push = Push { epoch: Epoch(epoch), from: Offset(from), before, records, end, committed: Offset::ZERO };
        self.hear(B, Message::Push(push))
    }
    pub fn matched(&mut self, from: NodeId, upto: u64, held: u64) -> Effects<RA> {
        let reply = PushReply::Matched { upto: Offset(upto), held: Offset(held) };
        self.hear(from, Message::PushReply { epoch: self.member.epoch(), reply })
    }
    pub fn write(&mut self) -> Effects<RA> {
        let epoch = self.member.epoch();
        let value = self.disk.len(LOG) + 1;
        let (written, effects) = self.act(|member, step| member.append(step, [Rec { epoch, value }]));
        written.unwrap();
        effects
    }
    pub fn ask(&mut self, from: NodeId, epoch: u32, last: Option<u32>, end: u64) -> Effects<RA> {
        let last = LogEnd { epoch: last.map(Epoch), end: Offset(end) };
        self.hear(from, Message::Ask { epoch: Epoch(epoch), last, pre: false, round: 1 })
    }
    /// The power goes, and of all that may be left the least is; the process starts again.
    pub fn lose_power(&mut self) -> Effects<RA> {
        let after = |seed| {
            let mut disk = self.disk.clone();
            disk.lose_power(&mut Seed(seed).stream("cut"));
            disk
        };
        let left = |disk: &Disk<Rec<RA>, Ballot>| {
            (disk.len(LOG), disk.load(PLACE.ballot).map(|ballot| (ballot.epoch, ballot.voted_for)))
        };
        self.disk = (0..64).map(after).min_by_key(left).expect("there are seeds");
        self.restart()
    }
    pub fn restart(&mut self) -> Effects<RA> {
        self.member = Member::new(ME, &self.members, PLACE, self.policy.clone(), &self.disk);
        self.on(Event::Start)
    }
    pub fn epochs(&self) -> Vec<u32> {
        self.disk.tail(LOG, 0).iter().map(|record| record.epoch.0).collect()
    }
}

pub fn synced<R>(effects: &[Effect<R>]) -> Vec<SyncTarget> {
    effects.iter().filter_map(|effect| if let Effect::Sync(target) = effect { Some(*target) } else { None }).collect()
}
/// What it asks `B`.
pub fn asked<R>(effects: &[Effect<R>]) -> Option<(Epoch, bool, u32)> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Send { to: B, body: Message::Ask { epoch, pre, round, .. } } => Some((*epoch, *pre, *round)),
        _ => None,
    })
}
pub fn answers<R>(effects: &[Effect<R>]) -> Vec<Answer> {
    let answer = |effect: &Effect<R>| match effect {
        Effect::Send { body: Message::Answer { answer, .. }, .. } => Some(*answer),
        _ => None,
    };
    effects.iter().filter_map(answer).collect()
}
pub fn replies<R>(effects: &[Effect<R>]) -> Vec<PushReply> {
    let reply = |effect: &Effect<R>| match effect {
        Effect::Send { body: Message::PushReply { reply, .. }, .. } => Some(*reply),
        _ => None,
    };
    effects.iter().filter_map(reply).collect()
}
/// Where each push to `B` begins, and of which terms its records are.
pub fn pushes<const RA: bool>(effects: &[Effect<Rec<RA>>]) -> Vec<(u64, Vec<u32>)> {
    let push = |effect: &Effect<Rec<RA>>| match effect {
        Effect::Send { to: B, body: Message::Push(push) } => {
            Some((push.from.0, push.records.iter().map(|record| record.epoch.0).collect()))
        }
        _ => None,
    };
    effects.iter().filter_map(push).collect()
}
pub fn sent<R>(effects: &[Effect<R>]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count()
}
pub fn committed<R>(effects: &[Effect<R>]) -> Option<u64> {
    effects.iter().rev().find_map(|effect| if let Effect::Committed { upto } = effect { Some(upto.0) } else { None })
}

//! One member of a group: what it is, and where every event goes.

use ackproof_core::disk::{CellId, Disk, DiskError, FileId, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};
use ackproof_log::{Epoch, Log, Offset, SegmentLimits};

use crate::ballot::{Ballot, BallotCell};
use crate::effect::{Effect, Event, Step, Timer};
use crate::leader::Leader;
use crate::ledger::Ledger;
use crate::message::{Answer, Entry, LogEnd, Mark, Message};
use crate::policy::{Election, Flush, Horizon, Keeping, Policy};

/// Where a member's state is on its node's disk.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Place {
    pub log: FileId,
    pub ballot: CellId,
}

#[derive(Clone, Debug)]
pub(crate) enum Role {
    Follower(Follower),
    Candidate(Candidate),
    Leader(Leader),
}

#[derive(Clone, Default, Debug)]
pub(crate) struct Follower {
    pub leader: Option<NodeId>,
    /// Below it the log is the leader's; `None` until the two were compared.
    pub matched: Option<Offset>,
    /// Its last write failed: nothing of its leader's is answered before another one succeeds.
    pub cannot_write: bool,
}

/// A member that stands.
#[derive(Clone, Default, Debug)]
pub(crate) struct Candidate {
    /// Whether it only asks if it should.
    pub pre: bool,
    /// Whether a round is under way; answers to other ones are void.
    pub asking: bool,
    /// Who answered what, and knew which term; each once. Without an answer: it cannot be reached.
    pub answers: Vec<(NodeId, Option<Answer>, Epoch)>,
}

/// One member of a group, as its process knows it. It owns a log and a ballot on its node's disk and nothing else: no clock,
/// no connection, no task. What it wants done goes to [`Step::effects`].
#[derive(Clone, Debug)]
pub struct Member<R> {
    pub(crate) me: NodeId,
    /// All members but this one.
    pub(crate) peers: Vec<NodeId>,
    pub(crate) place: Place,
    pub(crate) policy: Policy,
    pub(crate) ballot: Ballot,
    pub(crate) log: Log,
    pub(crate) role: Role,
    pub(crate) committed: Offset,
    /// Below it everything is on the platter, as far as the disk told this process.
    pub(crate) synced: Offset,
    /// Where the log ended when the sync that is under way was asked for.
    syncing: Option<Offset>,
    flush_is_set: bool,
    /// Records that still belong to the batch that was appended last.
    left: u32,
    /// Syncs of the ballot that are under way.
    ballot_syncs: u32,
    /// What is said once the ballot is on the platter.
    held: Vec<(NodeId, Message<R>)>,
    /// When the leader was heard last, or the wait for one began, and how long this member waits.
    pub(crate) heard: Time,
    pub(crate) patience: Span,
    pub(crate) round: u32,
    pub(crate) ledger: Ledger,
    /// When a majority last answered this member's heartbeats. An election does not reset it.
    /// Source: `DLedgerLeaderElector.lastSuccHeartBeatTime`.
    pub(crate) last_quorum: Time,
}

const UNLIMITED: SegmentLimits = SegmentLimits { records: u64::MAX, age: Span::MAX };

impl<R: Entry> Member<R> {
    /// A member before [`Event::Start`]. `members` are all of the group, with or without `me`.
    pub fn new<C: Clone>(me: NodeId, members: &[NodeId], place: Place, policy: Policy, disk: &Disk<R, C>) -> Member<R> {
        Member {
            me,
            peers: members.iter().copied().filter(|&member| member != me).collect(),
            place,
            policy,
            ballot: Ballot::default(),
            log: Log::open(place.log, disk, UNLIMITED, Offset::ZERO),
            role: Role::Follower(Follower::default()),
            committed: Offset::ZERO,
            synced: Offset::ZERO,
            syncing: None,
            flush_is_set: false,
            left: 0,
            ballot_syncs: 0,
            held: Vec::new(),
            heard: Time::ZERO,
            patience: Span::ZERO,
            round: 0,
            ledger: Ledger::default(),
            last_quorum: Time::ZERO,
        }
    }

    pub fn epoch(&self) -> Epoch {
        self.ballot.epoch
    }
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }
    /// The leader as this member knows it, which may be itself.
    pub fn leader(&self) -> Option<NodeId> {
        match &self.role {
            Role::Follower(follower) => follower.leader,
            Role::Candidate(_) => None,
            Role::Leader(_) => Some(self.me),
        }
    }
    /// Everything below is committed, as far as this member knows. A member that has just started knows of nothing.
    pub fn committed(&self) -> Offset {
        self.committed
    }
    pub fn log(&self) -> &Log {
        &self.log
    }
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
    /// Whether a sync is this member's, so that its end belongs to it.
    pub fn owns(&self, target: SyncTarget) -> bool {
        match target {
            SyncTarget::File(file) | SyncTarget::Below(file, _) => file == self.place.log,
            SyncTarget::Cell(cell) => cell == self.place.ballot,
        }
    }

    /// Handles one event.
    pub fn on<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, event: Event<R>) {
        match event {
            Event::Start => self.start(step),
            Event::Timer(Timer::Election) => self.election_is_due(step),
            Event::Timer(Timer::Heartbeat) => self.heartbeat_is_due(step),
            Event::Timer(Timer::Push) => self.push_is_due(step),
            Event::Timer(Timer::Flush) => {
                self.flush_is_set = false;
                self.sync(step);
            }
            Event::Synced { target, result } => self.take_sync(step, target, result),
            Event::Message { from, body } => self.take_message(step, from, body),
            Event::Closed { peer } => self.take_close(step, peer),
        }
    }

    fn start<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        self.ballot = step.disk.load(self.place.ballot).and_then(C::ballot).unwrap_or_default();
        self.heard = step.now;
        match self.policy.election {
            Election::Raft { short, .. } => {
                // Only a disk that lied keeps records of a term and not the ballot of it.
                let newest = self.log.latest_epoch().unwrap_or_default();
                if newest > self.ballot.epoch {
                    self.adopt(step, newest);
                }
                self.patience = step.draw(short);
                step.set_timer(Timer::Election, self.patience);
            }
            Election::Ledger { .. } => self.stand_again(step),
        }
        // What survived a kill is in the page cache and not known to be on the platter.
        self.wrote(step);
    }

    fn take_message<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, from: NodeId, body: Message<R>) {
        if !self.peers.contains(&from) {
            return;
        }
        match body {
            Message::Ask { epoch, last, pre, round } => self.take_ask(step, from, epoch, last, pre, round),
            Message::Answer { epoch, answer, pre, round } => self.take_answer(step, from, epoch, answer, pre, round),
            Message::Beat { epoch, round } => self.take_beat(step, from, epoch, round),
            Message::BeatReply { epoch, reply, round } => self.take_beat_reply(step, from, epoch, reply, round),
            Message::Push(push) => self.take_push(step, from, push),
            Message::PushReply { epoch, reply } => self.take_push_reply(step, from, epoch, reply),
            Message::TakeOver { epoch, end } => self.take_over(step, epoch, end),
        }
    }

    fn take_sync<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        target: SyncTarget,
        result: Result<(), DiskError>,
    ) {
        match (target, result) {
            (SyncTarget::Cell(_), Ok(())) => {
                self.ballot_syncs = self.ballot_syncs.saturating_sub(1);
                if self.ballot_syncs == 0 {
                    for (to, body) in self.held.drain(..) {
                        step.put(Effect::Send { to, body });
                    }
                    self.count_votes(step);
                }
            }
            (SyncTarget::Cell(_), Err(error)) => {
                step.put(Effect::DiskFailed(error));
                step.put(Effect::Sync(target));
            }
            (SyncTarget::File(_) | SyncTarget::Below(..), Ok(())) => {
                let upto = self.syncing.take().unwrap_or(self.synced);
                if upto > self.synced {
                    self.synced = upto;
                    step.put(Effect::Synced { upto });
                    self.synced_more(step);
                }
                self.wrote(step);
            }
            (SyncTarget::File(_) | SyncTarget::Below(..), Err(error)) => {
                self.syncing = None;
                step.put(Effect::DiskFailed(error));
                match self.policy.flush {
                    // The next write tries again, should the process go on.
                    Flush::AtOnce => {}
                    Flush::Background(_) => self.wrote(step),
                }
            }
        }
    }

    /// More of the log is on the platter.
    fn synced_more<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        match (&self.role, self.policy.counts) {
            (_, Horizon::PageCache) | (Role::Candidate(_), Horizon::Platter) => {}
            (Role::Leader(_), Horizon::Platter) => self.count_copies(step),
            (Role::Follower(_), Horizon::Platter) => self.tell_matched(step),
        }
    }

    /// Something was written: sees to it that it is synced.
    pub(crate) fn wrote<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        if self.syncing.is_some() || self.log.end() <= self.synced {
            return;
        }
        match self.policy.flush {
            Flush::AtOnce => self.sync(step),
            Flush::Background(after) if !self.flush_is_set => {
                self.flush_is_set = true;
                step.set_timer(Timer::Flush, after);
            }
            Flush::Background(_) => {}
        }
    }

    fn sync<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        if self.syncing.is_none() && self.log.end() > self.synced {
            self.syncing = Some(self.log.end());
            step.put(Effect::Sync(SyncTarget::File(self.place.log)));
        }
    }

    pub(crate) fn is_syncing(&self) -> bool {
        self.syncing.is_some()
    }

    /// Keeps a ballot. With [`Keeping::Synced`] nothing leaves the member until it is on the platter.
    pub(crate) fn keep<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, ballot: Ballot) {
        debug_assert!(ballot.epoch >= self.ballot.epoch, "a member went back from {:?} to {ballot:?}", self.ballot);
        if ballot == self.ballot {
            return;
        }
        self.ballot = ballot;
        let stored = step.disk.store(self.place.ballot, C::of_ballot(ballot));
        match (self.policy.ballot, stored) {
            (Keeping::Written, Ok(())) => {}
            // Source: `MemberState.persistTerm`, DLedger 0.3.1.2: the error is logged.
            (Keeping::Written, Err(error)) => step.put(Effect::DiskFailed(error)),
            (Keeping::Synced, Ok(())) => {
                self.ballot_syncs += 1;
                step.put(Effect::Sync(SyncTarget::Cell(self.place.ballot)));
            }
            (Keeping::Synced, Err(error)) => {
                // Never balanced: the member stays silent.
                self.ballot_syncs += 1;
                step.put(Effect::DiskFailed(error));
            }
        }
    }

    pub(crate) fn ballot_is_kept(&self) -> bool {
        self.ballot_syncs == 0
    }

    pub(crate) fn send<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, to: NodeId, body: Message<R>) {
        if self.ballot_is_kept() {
            step.put(Effect::Send { to, body });
        } else {
            self.held.push((to, body));
        }
    }

    /// Members that make a majority.
    pub(crate) fn is_quorum(&self, count: usize) -> bool {
        2 * count > self.peers.len() + 1
    }

    pub(crate) fn log_end(&self) -> LogEnd {
        LogEnd { epoch: self.log.latest_epoch(), end: self.log.end() }
    }

    /// Of the record before `at`; `None` at the beginning of the log.
    pub(crate) fn mark_before<C: Clone>(&self, disk: &Disk<R, C>, at: Offset) -> Option<Mark> {
        disk.get(self.place.log, at.0.checked_sub(1)?).map(Mark::of)
    }

    pub(crate) fn write<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, record: R) -> Result<(), DiskError> {
        let (left, timestamp) = (record.left(), record.timestamp());
        if self.left == 0 {
            self.log.begin_batch(u64::from(left) + 1, timestamp);
        }
        self.log.append(step.disk, record)?;
        self.left = left;
        Ok(())
    }

    /// Cuts the log at `end`.
    pub(crate) fn cut<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, end: Offset) {
        let to = self.log.end();
        if end >= to {
            return;
        }
        self.log.truncate(step.disk, end);
        self.left = 0;
        self.synced = self.synced.min(end);
        self.syncing = self.syncing.map(|upto| upto.min(end));
        let committed = self.committed.since(end);
        self.committed = self.committed.min(end);
        step.put(Effect::Truncated { from: end, to, committed });
    }

    /// Notes that everything below `upto` is committed, as far as this member has it.
    pub(crate) fn commit<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, upto: Offset) {
        let upto = upto.min(self.log.end());
        if upto > self.committed {
            self.committed = upto;
            step.put(Effect::Committed { upto });
        }
    }
}

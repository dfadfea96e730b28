//! The leading end of replication: writes are taken and pushed, copies are counted.

use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::{Epoch, EpochEnd, Offset};

use crate::ballot::BallotCell;
use crate::beat::Beats;
use crate::effect::{Step, Timer};
use crate::member::{Member, Role};
use crate::message::{Entry, Message, Push, PushReply};
use crate::policy::{Commits, Election, Horizon};

/// Why a write was not taken.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Refused {
    /// It goes to the leader, as far as one is known.
    NotLeader {
        leader: Option<NodeId>,
    },
    /// The leader is about to be another one.
    HandingOver,
    Disk(DiskError),
}

/// What only a leader has.
#[derive(Clone, Debug)]
pub(crate) struct Leader {
    /// In the order of the member's peers.
    peers: Vec<Progress>,
    pub beats: Beats,
    /// Whom it asked to take over, and when.
    transferee: Option<(NodeId, Time)>,
}

/// What a leader knows of a follower.
#[derive(Clone, Debug)]
struct Progress {
    /// What is sent next.
    next: Offset,
    /// The logs are the same below.
    upto: Offset,
    /// Copies below count.
    held: Offset,
    /// Where the logs are being compared; nothing else is sent meanwhile.
    probing: Option<Offset>,
    /// When it last answered or, having nothing to answer, was sent something.
    since: Time,
    /// How far it was told that records are committed, and when.
    told: Offset,
    told_at: Time,
    /// Whether it answered a heartbeat since its connection was lost.
    is_alive: bool,
}

impl Leader {
    pub(crate) fn new(peers: usize, end: Offset, now: Time) -> Leader {
        let progress = Progress {
            next: end,
            upto: Offset::ZERO,
            held: Offset::ZERO,
            probing: None,
            since: now,
            told: Offset::ZERO,
            told_at: now,
            is_alive: false,
        };
        Leader { peers: vec![progress; peers], beats: Beats::default(), transferee: None }
    }

    pub(crate) fn found(&mut self, peer: usize) {
        self.peers[peer].is_alive = true;
    }

    /// What was on its way to the peer is lost; it is sent again when the timer says so. A peer that begins anew knows of no
    /// commit, and is told again.
    pub(crate) fn lose_touch(&mut self, peer: Option<usize>) {
        if let Some(peer) = peer.and_then(|peer| self.peers.get_mut(peer)) {
            peer.is_alive = false;
            peer.told = Offset::ZERO;
            peer.since = Time::ZERO;
        }
    }
}

impl<R: Entry> Member<R> {
    /// Appends records of this term to the leader's log and pushes them; the position of the first one. That they are committed is said by
    /// [`crate::Effect::Committed`].
    ///
    /// # Errors
    /// [`Refused`]. After [`Refused::Disk`] the records before the one that had no room are there.
    pub fn append<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        records: impl IntoIterator<Item = R>,
    ) -> Result<Offset, Refused> {
        if !self.is_leader() {
            return Err(Refused::NotLeader { leader: self.leader() });
        }
        if self.is_handing_over() {
            return Err(Refused::HandingOver);
        }
        let first = self.log.end();
        let mut written = Ok(first);
        for record in records {
            assert_eq!(record.epoch(), self.epoch(), "a leader writes records of its own term");
            if let Err(error) = self.write(step, record) {
                written = Err(Refused::Disk(error));
                break;
            }
        }
        self.wrote(step);
        for peer in 0..self.peers.len() {
            self.flow(step, peer);
        }
        self.count_copies(step);
        written
    }

    /// Asks another member to lead. Nothing is taken until it does, or for [`crate::Policy::push_timeout`] at least.
    ///
    /// # Errors
    /// [`Refused::NotLeader`], and [`Refused::HandingOver`] when another one was asked already.
    pub fn hand_over<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, to: NodeId) -> Result<(), Refused> {
        let known = self.leader();
        let Role::Leader(leader) = &mut self.role else { return Err(Refused::NotLeader { leader: known }) };
        if leader.transferee.is_some() {
            return Err(Refused::HandingOver);
        }
        if self.peers.contains(&to) {
            leader.transferee = Some((to, step.now));
            self.send(step, to, Message::TakeOver { epoch: self.epoch(), end: self.log.end() });
        }
        Ok(())
    }

    pub(crate) fn is_handing_over(&self) -> bool {
        matches!(&self.role, Role::Leader(leader) if leader.transferee.is_some())
    }

    fn progress(&mut self, peer: usize) -> Option<&mut Progress> {
        match &mut self.role {
            Role::Leader(leader) => leader.peers.get_mut(peer),
            Role::Follower(_) | Role::Candidate(_) => None,
        }
    }

    /// Sends what follows `from`, as much as one message holds; one past the last record of it.
    fn push<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, peer: usize, from: Offset) -> Offset {
        let (end, now) = (self.log.end(), step.now);
        let records = self.log.read(step.disk, from, end, self.policy.batch).to_vec();
        let upto = from.plus(records.len() as u64);
        let before = self.mark_before(step.disk, from);
        let push = Push { epoch: self.epoch(), from, before, records, end, committed: self.committed };
        let committed = self.committed;
        if let Some(progress) = self.progress(peer) {
            progress.told = committed.min(upto);
            progress.told_at = now;
        }
        self.send(step, self.peers[peer], Message::Push(push));
        upto
    }

    /// Compares the logs at what is to be sent next.
    pub(crate) fn probe<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, peer: usize) {
        let now = step.now;
        let Some(progress) = self.progress(peer) else { return };
        let from = progress.next;
        progress.probing = Some(from);
        progress.since = now;
        self.push(step, peer, from);
    }

    /// Sends what the peer does not have, as long as the window allows.
    fn flow<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, peer: usize) {
        let (end, window, now) = (self.log.end(), self.policy.window, step.now);
        loop {
            let Some(progress) = self.progress(peer) else { return };
            if progress.probing.is_some() || progress.next >= end || progress.next.since(progress.upto) >= window {
                return;
            }
            if progress.next == progress.upto {
                progress.since = now;
            }
            let from = progress.next;
            let upto = self.push(step, peer, from);
            if let Some(progress) = self.progress(peer) {
                progress.next = upto;
            }
        }
    }

    /// Shows a member that it has a leader.
    pub(crate) fn reassure<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, from: NodeId) {
        if let Some(peer) = self.peers.iter().position(|&peer| peer == from)
            && let Some(progress) = self.progress(peer)
        {
            let at = progress.probing.unwrap_or(progress.next);
            self.push(step, peer, at);
        }
    }

    pub(crate) fn take_push_reply<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        from: NodeId,
        epoch: Epoch,
        reply: PushReply,
    ) {
        let led = self.epoch();
        let Some(peer) = self.peers.iter().position(|&peer| peer == from) else { return };
        match self.policy.election {
            Election::Raft { .. } if epoch > led => {
                self.adopt(step, epoch);
                self.follow(step, led, None);
            }
            Election::Raft { .. } | Election::Ledger { .. } if epoch != led => {}
            Election::Raft { .. } | Election::Ledger { .. } => match reply {
                PushReply::Matched { upto, held } => self.take_match(step, peer, upto, held),
                PushReply::Mismatch { from, own } => self.back_off(step, peer, from, own),
                PushReply::Expired => {}
            },
        }
    }

    fn take_match<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, peer: usize, upto: Offset, held: Offset) {
        let now = step.now;
        let Some(progress) = self.progress(peer) else { return };
        progress.since = now;
        progress.upto = progress.upto.max(upto);
        if progress.probing.take().is_some() || progress.next < progress.upto {
            progress.next = progress.upto;
        }
        let counts_more = held > progress.held;
        progress.held = progress.held.max(held);
        self.flow(step, peer);
        if counts_more {
            self.count_copies(step);
        }
    }

    /// The logs are not the same at `at`: tries where both have left the term in which they were.
    #[cold]
    fn back_off<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, peer: usize, at: Offset, own: EpochEnd) {
        let uncounts = self.policy.uncounts;
        let end = self.log.end_of(own.epoch).map_or(own.end, |ours| ours.end.min(own.end));
        let back = end.min(Offset(at.0.saturating_sub(1)));
        let Some(progress) = self.progress(peer) else { return };
        if progress.probing.is_some_and(|probing| probing != at) {
            return;
        }
        progress.next = back;
        progress.upto = progress.upto.min(back);
        if uncounts {
            progress.held = progress.held.min(back);
        }
        self.probe(step, peer);
    }

    /// Commits what enough members have.
    pub(crate) fn count_copies<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let own = match self.policy.counts {
            Horizon::PageCache => self.log.end(),
            Horizon::Platter => self.synced,
        };
        let Role::Leader(leader) = &self.role else { return };
        let mut ends: Vec<Offset> = leader.peers.iter().map(|progress| progress.held).chain([own]).collect();
        ends.sort_unstable();
        let agreed = ends[(ends.len() - 1) / 2].min(self.log.end());
        let may_count = match self.policy.commits {
            Commits::AnyTerm => true,
            Commits::OwnTerm => self.mark_before(step.disk, agreed).is_some_and(|mark| mark.epoch == self.epoch()),
        };
        if may_count && agreed > self.committed {
            self.commit(step, agreed);
            if self.policy.tells_commits {
                self.tell_commits(step);
            }
        }
    }

    /// Tells those that have everything how far it is committed.
    fn tell_commits<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let (end, committed) = (self.log.end(), self.committed);
        for peer in 0..self.peers.len() {
            let Some(progress) = self.progress(peer) else { return };
            if progress.probing.is_none() && progress.next == end && progress.told < committed {
                self.push(step, peer, end);
            }
        }
    }

    pub(crate) fn push_is_due<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let (timeout, probe_timeout, now) = (self.policy.push_timeout, self.policy.probe_timeout, step.now);
        let tells_at_once = self.policy.tells_commits;
        for peer in 0..self.peers.len() {
            let Some(progress) = self.progress(peer) else { return };
            let patience = if progress.probing.is_some() { probe_timeout } else { timeout };
            let is_waiting = progress.probing.is_some() || progress.next > progress.upto;
            if is_waiting && now.since(progress.since) >= patience {
                progress.next = progress.probing.unwrap_or(progress.upto);
                self.probe(step, peer);
            } else if !tells_at_once && now.since(progress.told_at) >= timeout {
                // Again and again, for it may have begun anew, or not have known its leader.
                // Source: `EntryDispatcher.doCommit`, DLedger 0.3.1.2.
                progress.told = Offset::ZERO;
            }
        }
        self.tell_commits(step);
        if let Role::Leader(leader) = &mut self.role
            && leader.transferee.is_some_and(|(_, asked)| now.since(asked) >= timeout)
        {
            leader.transferee = None;
        }
        step.set_timer(Timer::Push, probe_timeout.min(timeout));
        self.prefer_another(step);
    }

    /// Hands over to the preferred leader that is behind least. Source: `DLedgerServer.checkPreferredLeader`, 0.3.1.2.
    fn prefer_another<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let Role::Leader(leader) = &self.role else { return };
        if self.policy.preferred.is_empty() || self.policy.preferred.contains(&self.me) {
            return;
        }
        let end = self.log.end();
        let best = self
            .peers
            .iter()
            .zip(&leader.peers)
            .filter(|(node, progress)| progress.is_alive && self.policy.preferred.contains(node))
            .map(|(&node, progress)| (end.since(progress.held), node))
            .min();
        if let Some((lag, node)) = best
            && lag < self.policy.handover_lag
            && leader.transferee.is_none()
        {
            let _ = self.hand_over(step, node);
        }
    }

    /// How far a peer's copies count on this leader; `None` on a member that does not lead, and of a stranger.
    pub fn counted_of(&self, peer: NodeId) -> Option<Offset> {
        let index = self.peers.iter().position(|&node| node == peer)?;
        match &self.role {
            Role::Leader(leader) => Some(leader.peers[index].held),
            Role::Follower(_) | Role::Candidate(_) => None,
        }
    }

    /// Whether it leads, has committed everything, and every other member has everything.
    pub fn is_at_rest(&self) -> bool {
        let end = self.log.end();
        match &self.role {
            Role::Leader(leader) => self.committed == end && leader.peers.iter().all(|peer| peer.held == end),
            Role::Follower(_) | Role::Candidate(_) => false,
        }
    }
}

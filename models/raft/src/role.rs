//! How a member becomes what it is: follower, candidate, leader. What both kinds of election have in common.

use ackproof_core::node::NodeId;
use ackproof_log::{Epoch, Offset};

use crate::ballot::{Ballot, BallotCell};
use crate::effect::{Effect, Step, Timer};
use crate::leader::Leader;
use crate::member::{Candidate, Follower, Member, Role};
use crate::message::{Answer, Entry, LogEnd};
use crate::policy::Election;

impl<R: Entry> Member<R> {
    /// Takes up a later term, in which this member has voted for nobody.
    pub(crate) fn adopt<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, epoch: Epoch) {
        self.keep(step, Ballot { epoch, voted_for: None });
        if let Role::Follower(follower) = &mut self.role {
            follower.matched = None;
        }
    }

    /// Says that it leads no longer, if it did. The caller says what it is instead.
    fn depose<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, epoch: Epoch) {
        if self.is_leader() {
            step.put(Effect::CancelTimer(Timer::Heartbeat));
            step.put(Effect::CancelTimer(Timer::Push));
            step.put(Effect::Deposed { epoch });
        }
    }

    /// Becomes a follower, of nobody as long as no leader is known. `led` is the term it led in, if it did.
    #[cold]
    pub(crate) fn follow<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, led: Epoch, leader: Option<NodeId>) {
        self.depose(step, led);
        self.role = Role::Follower(Follower { leader, matched: None, cannot_write: false });
        self.heard = step.now;
        self.ledger.begin_to_follow();
        self.wait_for_leader(step);
        step.put(match leader {
            Some(leader) => Effect::Follows { epoch: self.epoch(), leader },
            None => Effect::Stands { epoch: self.epoch() },
        });
    }

    /// Draws how long it waits for a word of its leader, from now on.
    pub(crate) fn wait_for_leader<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        self.patience = match self.policy.election {
            Election::Raft { long, .. } => self.policy.silence + step.draw(long),
            Election::Ledger { poll, .. } => self.policy.silence + poll,
        };
        step.set_timer(Timer::Election, self.patience);
    }

    /// Becomes a candidate, with no round under way, and in another term if there is a ballot of one.
    #[cold]
    pub(crate) fn stand<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, ballot: Option<Ballot>) {
        self.depose(step, self.epoch());
        if let Some(ballot) = ballot {
            self.keep(step, ballot);
        }
        let was_candidate = matches!(self.role, Role::Candidate(_));
        self.role = Role::Candidate(Candidate::default());
        if !was_candidate {
            step.put(Effect::Stands { epoch: self.epoch() });
        }
    }

    /// Becomes the leader of its term.
    #[cold]
    pub(crate) fn lead<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let epoch = self.epoch();
        let end = self.log.end();
        self.role = Role::Leader(Leader::new(self.peers.len(), end, step.now));
        self.ledger.begin_to_lead();
        match self.policy.election {
            Election::Raft { .. } => self.last_quorum = step.now,
            // A first round without a majority ends what has just begun.
            Election::Ledger { .. } => {}
        }
        step.put(Effect::CancelTimer(Timer::Election));
        step.put(Effect::Leads { epoch });
        if let Some(record) = R::opening(epoch, step.now) {
            match self.write(step, record) {
                Ok(()) => self.wrote(step),
                Err(error) => step.put(Effect::DiskFailed(error)),
            }
        }
        for peer in 0..self.peers.len() {
            self.probe(step, peer);
        }
        step.set_timer(Timer::Push, self.policy.probe_timeout.min(self.policy.push_timeout));
        self.beat(step);
        self.count_copies(step);
    }

    pub(crate) fn election_is_due<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let waited = step.now.since(self.heard);
        match (&self.role, self.policy.election) {
            (Role::Leader(_), _) => {}
            (Role::Follower(_), _) if waited < self.patience => {
                step.set_timer(Timer::Election, self.patience - waited);
            }
            (Role::Follower(_), Election::Ledger { .. }) => self.stand_again(step),
            (Role::Candidate(_), Election::Ledger { .. }) => self.ledger_round_is_due(step),
            (Role::Follower(_), Election::Raft { pre_vote, .. }) => self.campaign(step, pre_vote),
            (Role::Candidate(candidate), Election::Raft { .. }) => {
                let pre = candidate.pre;
                self.campaign(step, pre);
            }
        }
    }

    pub(crate) fn take_ask<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        from: NodeId,
        epoch: Epoch,
        last: LogEnd,
        pre: bool,
        round: u32,
    ) {
        match self.policy.election {
            Election::Raft { .. } => self.take_raft_ask(step, from, epoch, last, pre, round),
            Election::Ledger { .. } => self.take_ledger_ask(step, from, epoch, last, round),
        }
    }

    pub(crate) fn take_answer<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        from: NodeId,
        epoch: Epoch,
        answer: Answer,
        pre: bool,
        round: u32,
    ) {
        match self.policy.election {
            Election::Raft { .. } if epoch > self.epoch() => {
                let led = self.epoch();
                self.adopt(step, epoch);
                self.follow(step, led, None);
            }
            Election::Raft { .. } | Election::Ledger { .. } => {
                let is_of_this_round = round == self.round;
                if let Role::Candidate(candidate) = &mut self.role
                    && candidate.asking
                    && is_of_this_round
                    && candidate.pre == pre
                    && (answer != Answer::Accept || epoch == self.ballot.epoch)
                    && candidate.answers.iter().all(|&(node, ..)| node != from)
                {
                    candidate.answers.push((from, Some(answer), epoch));
                    self.count_votes(step);
                }
            }
        }
    }

    /// Looks whether the round under way is decided.
    pub(crate) fn count_votes<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let is_asking = matches!(&self.role, Role::Candidate(candidate) if candidate.asking);
        if is_asking && self.ballot_is_kept() {
            match self.policy.election {
                Election::Raft { .. } => self.count_raft_votes(step),
                Election::Ledger { .. } => self.count_ledger_votes(step),
            }
        }
    }

    /// Votes that this round has got.
    pub(crate) fn votes(&self, wanted: Answer) -> usize {
        match &self.role {
            Role::Candidate(candidate) => {
                candidate.answers.iter().filter(|(_, answer, _)| *answer == Some(wanted)).count()
            }
            Role::Follower(_) | Role::Leader(_) => 0,
        }
    }

    pub(crate) fn take_over<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, epoch: Epoch, end: Offset) {
        if epoch != self.epoch() || self.is_leader() || self.log.end() < end {
            return;
        }
        match self.policy.election {
            Election::Raft { pre_vote, .. } => self.campaign(step, pre_vote),
            Election::Ledger { .. } => self.take_leadership(step),
        }
    }

    pub(crate) fn take_close<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, peer: NodeId) {
        match (&mut self.role, self.policy.election) {
            (Role::Follower(follower), Election::Raft { closed: Some(closed), .. })
                if follower.leader == Some(peer) =>
            {
                self.patience = step.draw(closed);
                self.heard = step.now;
                step.set_timer(Timer::Election, self.patience);
            }
            (Role::Candidate(candidate), Election::Ledger { .. })
                if candidate.asking && candidate.answers.iter().all(|&(node, ..)| node != peer) =>
            {
                candidate.answers.push((peer, None, Epoch::default()));
                self.count_votes(step);
            }
            (Role::Leader(leader), _) => {
                let index = self.peers.iter().position(|&node| node == peer);
                leader.lose_touch(index);
            }
            (Role::Follower(_) | Role::Candidate(_), _) => {}
        }
    }
}

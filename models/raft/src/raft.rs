//! Elections as Raft has them, with Ra's pre-votes.
//!
//! Source: `ra_server:{call_for_election, process_pre_vote, handle_follower, handle_candidate, handle_leader}`, v3.1.10. There a
//! pre-vote names the present term and not the next one, and nobody refuses one because it has a leader.

use ackproof_core::node::NodeId;
use ackproof_log::Epoch;

use crate::ballot::{Ballot, BallotCell};
use crate::effect::{Step, Timer};
use crate::member::{Candidate, Member, Role};
use crate::message::{Answer, Entry, LogEnd, Message};
use crate::policy::Election;

impl<R: Entry> Member<R> {
    /// Asks for votes in the next term or, with `pre`, whether it would get them.
    #[cold]
    pub(crate) fn campaign<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, pre: bool) {
        let Election::Raft { short, long, .. } = self.policy.election else { return };
        let ballot = Ballot { epoch: self.epoch().next(), voted_for: Some(self.me) };
        self.stand(step, (!pre).then_some(ballot));
        self.round += 1;
        let answers = vec![(self.me, Some(Answer::Accept), self.epoch())];
        self.role = Role::Candidate(Candidate { pre, asking: true, answers });
        let ask = Message::Ask { epoch: self.epoch(), last: self.log_end(), pre, round: self.round };
        for peer in self.peers.clone() {
            self.send(step, peer, ask.clone());
        }
        self.heard = step.now;
        self.patience = step.draw(if pre { long } else { short });
        step.set_timer(Timer::Election, self.patience);
        self.count_votes(step);
    }

    pub(crate) fn count_raft_votes<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let Role::Candidate(candidate) = &self.role else { return };
        let pre = candidate.pre;
        if self.is_quorum(self.votes(Answer::Accept)) {
            if pre { self.campaign(step, false) } else { self.lead(step) }
        }
    }

    pub(crate) fn take_raft_ask<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        from: NodeId,
        epoch: Epoch,
        last: LogEnd,
        pre: bool,
        round: u32,
    ) {
        if epoch > self.epoch() {
            let led = self.epoch();
            self.adopt(step, epoch);
            match &self.role {
                // A follower keeps to its leader until that one is heard of no more or another one is.
                Role::Follower(_) => {}
                Role::Candidate(candidate) if candidate.pre && pre => {}
                Role::Candidate(_) | Role::Leader(_) => self.follow(step, led, None),
            }
        }
        if pre && self.is_leader() && !self.is_handing_over() {
            // Somebody does not hear its leader: it may hear this.
            self.reassure(step, from);
            return;
        }
        let answer = if pre { self.pre_vote(epoch, last) } else { self.raft_vote(step, from, epoch, last) };
        self.send(step, from, Message::Answer { epoch: self.epoch(), answer, pre, round });
    }

    fn pre_vote(&self, epoch: Epoch, last: LogEnd) -> Answer {
        if epoch < self.epoch() {
            Answer::Expired
        } else if last < self.log_end() {
            Answer::BehindLog
        } else {
            Answer::Accept
        }
    }

    fn raft_vote<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        from: NodeId,
        epoch: Epoch,
        last: LogEnd,
    ) -> Answer {
        let voted_for = self.ballot.voted_for;
        if epoch < self.epoch() {
            Answer::Expired
        } else if !matches!(self.role, Role::Follower(_)) || voted_for.is_some_and(|node| node != from) {
            Answer::AlreadyVoted
        } else if last < self.log_end() {
            Answer::BehindLog
        } else {
            self.keep(step, Ballot { epoch, voted_for: Some(from) });
            self.heard = step.now;
            self.wait_for_leader(step);
            Answer::Accept
        }
    }
}

//! Elections as DLedger has them.
//!
//! Source: `DLedgerLeaderElector.{handleVote, maintainAsCandidate, maintainAsFollower, handleTakeLeadership}`, `MemberState.{nextTerm,
//! changeToCandidate}`, DLedger 0.3.1.2. Two things are unlike Raft: a candidate first asks in the term it has, so that a leader that
//! was restarted leads on in its old term where nobody's log is longer; and a voter looks at the log before it looks at the term.
//!
//! Simplified: what the state maintainer's thread does at its next look, every 10 ms, is done at once where only the
//! member itself could tell. Gives up: up to 10 ms.

use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use crate::ballot::{Ballot, BallotCell};
use crate::effect::{Step, Timer};
use crate::member::{Candidate, Member, Role};
use crate::message::{Answer, Entry, LogEnd, Message};
use crate::policy::Election;

/// What steers a member's rounds, in whatever role it is.
#[derive(Clone, Default, Debug)]
pub(crate) struct Ledger {
    /// No round begins before. Source: `nextTimeToRequestVote`.
    retry_at: Time,
    /// The next round is in another term. Source: `ParseResult.WAIT_TO_VOTE_NEXT`.
    needs_next_term: bool,
    /// The latest term it has heard of. Source: `knownMaxTermInGroup`.
    known: Epoch,
    /// The term in which it is to lead. Source: `termToTakeLeadership`.
    taking: Option<Epoch>,
}

impl Ledger {
    pub(crate) fn begin_to_follow(&mut self) {
        self.needs_next_term = false;
        self.taking = None;
    }
    pub(crate) fn begin_to_lead(&mut self) {
        self.begin_to_follow();
    }
}

impl<R: Entry> Member<R> {
    /// Stands, in the term that it has.
    #[cold]
    pub(crate) fn stand_again<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        self.stand(step, None);
        self.wait_for_round(step);
    }

    /// Stands in another term: the latest one it has heard of, or the next one.
    #[cold]
    pub(crate) fn raise<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, heard: Epoch) {
        self.ledger.known = self.ledger.known.max(heard);
        self.ledger.needs_next_term = false;
        let epoch = self.next_term();
        self.stand(step, Some(Ballot { epoch, voted_for: None }));
        self.ledger.retry_at = step.now + self.interval(step);
        self.wait_for_round(step);
    }

    pub(crate) fn hear_of(&mut self, epoch: Epoch) {
        self.ledger.known = self.ledger.known.max(epoch);
    }

    /// Source: `MemberState.nextTerm`.
    fn next_term(&self) -> Epoch {
        if self.ledger.known > self.epoch() { self.ledger.known } else { self.epoch().next() }
    }

    #[cold]
    pub(crate) fn take_leadership<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let target = self.epoch().next();
        self.ledger.taking = Some(target);
        self.raise(step, target);
    }

    fn is_taking_leadership(&self) -> bool {
        self.policy.preferred.contains(&self.me) && self.ledger.taking == Some(self.epoch())
    }

    fn interval<C>(&self, step: &mut Step<'_, R, C>) -> Span {
        match self.policy.election {
            Election::Ledger { taking, .. } if self.is_taking_leadership() => step.draw(taking),
            Election::Ledger { interval, .. } => step.draw(interval),
            Election::Raft { .. } => Span::ZERO,
        }
    }

    fn wait_for_round<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        if let Election::Ledger { poll, .. } = self.policy.election {
            step.set_timer(Timer::Election, self.ledger.retry_at.since(step.now).max(poll));
        }
    }

    /// A candidate's timer: a round begins, or has waited for long enough.
    pub(crate) fn ledger_round_is_due<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        match &self.role {
            Role::Candidate(candidate) if candidate.asking => self.end_round(step),
            Role::Candidate(_) => self.begin_round(step),
            Role::Follower(_) | Role::Leader(_) => {}
        }
    }

    #[cold]
    fn begin_round<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let Election::Ledger { round: patience, .. } = self.policy.election else { return };
        if std::mem::take(&mut self.ledger.needs_next_term) {
            let epoch = self.next_term();
            self.adopt(step, epoch);
        }
        self.round += 1;
        let (epoch, last, round) = (self.epoch(), self.log_end(), self.round);
        let (answer, said) = self.ledger_vote(step, self.me, epoch, last);
        let answers = vec![(self.me, Some(answer), said)];
        self.role = Role::Candidate(Candidate { pre: false, asking: true, answers });
        for peer in self.peers.clone() {
            self.send(step, peer, Message::Ask { epoch, last, pre: false, round });
        }
        let patience = step.draw(patience);
        step.set_timer(Timer::Election, patience);
        self.count_votes(step);
    }

    pub(crate) fn count_ledger_votes<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let Role::Candidate(candidate) = &self.role else { return };
        let has_all = candidate.answers.len() > self.peers.len();
        let ready = self.votes(Answer::Accept);
        if has_all || self.votes(Answer::HasLeader) > 0 || self.is_quorum(ready + self.votes(Answer::NotReady)) {
            self.end_round(step);
        }
    }

    /// Draws the conclusion of a round. Source: `DLedgerLeaderElector.maintainAsCandidate`, from `parseResult` on.
    #[cold]
    fn end_round<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let Role::Candidate(candidate) = &mut self.role else { return };
        let Election::Ledger { interval, .. } = self.policy.election else { return };
        candidate.asking = false;
        let expired = |&&(_, answer, _): &&(NodeId, Option<Answer>, Epoch)| {
            matches!(answer, Some(Answer::Expired | Answer::BehindLedgerTerm))
        };
        let newest = candidate.answers.iter().filter(expired).map(|&(.., epoch)| epoch).max().unwrap_or_default();
        let valid = candidate.answers.iter().filter(|(_, answer, _)| answer.is_some()).count();
        let behind = self.votes(Answer::BehindLog);
        let accepted = self.votes(Answer::Accept);
        let mut wait = self.interval(step);
        if newest > self.epoch() {
            self.ledger.known = self.ledger.known.max(newest);
            self.ledger.needs_next_term = true;
        } else if self.votes(Answer::HasLeader) > 0 {
            wait = wait + self.policy.silence;
        } else if !self.is_quorum(valid) {
            // Too few can be reached: the same again.
        } else if !self.is_quorum(valid - behind) {
            wait = wait + interval.high;
        } else if self.is_quorum(accepted) {
            return self.lead(step);
        } else if self.is_quorum(accepted + self.votes(Answer::NotReady)) {
            wait = Span::ZERO;
        } else {
            self.ledger.needs_next_term = true;
        }
        self.ledger.retry_at = step.now + wait;
        self.wait_for_round(step);
    }

    pub(crate) fn take_ledger_ask<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        from: NodeId,
        epoch: Epoch,
        last: LogEnd,
        round: u32,
    ) {
        let (answer, said) = self.ledger_vote(step, from, epoch, last);
        self.send(step, from, Message::Answer { epoch: said, answer, pre: false, round });
    }

    /// What it answers `candidate`, which may be itself, and the term that it names. Source: `DLedgerLeaderElector.handleVote`.
    fn ledger_vote<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        candidate: NodeId,
        epoch: Epoch,
        last: LogEnd,
    ) -> (Answer, Epoch) {
        let (own, own_last, voted_for) = (self.epoch(), self.log_end(), self.ballot.voted_for);
        if last < own_last {
            return (Answer::BehindLog, own);
        }
        if epoch < own {
            return (Answer::Expired, own);
        }
        if epoch > own {
            self.raise(step, epoch);
            return (Answer::NotReady, own);
        }
        if voted_for.is_some_and(|node| node != candidate) {
            let answer = if self.leader().is_some() { Answer::HasLeader } else { Answer::AlreadyVoted };
            return (answer, own);
        }
        if let Some(newest) = own_last.epoch.filter(|&newest| epoch < newest) {
            return (Answer::BehindLedgerTerm, newest);
        }
        if candidate != self.me && self.is_taking_leadership() && last == own_last {
            return (Answer::TakingLeadership, own);
        }
        self.keep(step, Ballot { epoch, voted_for: Some(candidate) });
        (Answer::Accept, own)
    }
}

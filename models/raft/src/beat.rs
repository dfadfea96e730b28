//! Heartbeats: by them followers know of their leader, and a leader knows whether it still has a majority.
//!
//! Source: `DLedgerLeaderElector.{sendHeartbeats, maintainAsLeader, handleHeartBeat}`, DLedger 0.3.1.2.

use ackproof_core::node::NodeId;
use ackproof_log::Epoch;

use crate::ballot::BallotCell;
use crate::effect::{Step, Timer};
use crate::member::{Member, Role};
use crate::message::{BeatReply, Entry, Message};
use crate::policy::Election;

/// What a leader was answered in the present round.
#[derive(Clone, Default, Debug)]
pub(crate) struct Beats {
    round: u32,
    answered: Vec<NodeId>,
    ok: usize,
    not_ready: usize,
    newest: Epoch,
    has_rival: bool,
    /// Whether nothing more is to be concluded.
    is_over: bool,
}

impl<R: Entry> Member<R> {
    /// Begins a round.
    pub(crate) fn beat<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let epoch = self.epoch();
        let Role::Leader(leader) = &mut self.role else { return };
        let round = leader.beats.round + 1;
        leader.beats.answered.clear();
        leader.beats = Beats { round, answered: std::mem::take(&mut leader.beats.answered), ok: 1, ..Beats::default() };
        for at in 0..self.peers.len() {
            self.send(step, self.peers[at], Message::Beat { epoch, round });
        }
        step.set_timer(Timer::Heartbeat, self.policy.heartbeat);
        self.count_beats(step);
    }

    pub(crate) fn heartbeat_is_due<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let Role::Leader(leader) = &self.role else { return };
        if !leader.beats.is_over {
            self.end_beats(step);
        }
        if self.is_leader() {
            self.beat(step);
        }
    }

    pub(crate) fn take_beat_reply<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        from: NodeId,
        epoch: Epoch,
        reply: BeatReply,
        round: u32,
    ) {
        let own = self.epoch();
        let Some(index) = self.peers.iter().position(|&peer| peer == from) else { return };
        let Role::Leader(leader) = &mut self.role else { return };
        leader.found(index);
        let beats = &mut leader.beats;
        if beats.round != round || beats.answered.contains(&from) {
            return;
        }
        beats.answered.push(from);
        match reply {
            BeatReply::Ok if epoch == own => beats.ok += 1,
            BeatReply::Ok => {}
            BeatReply::NotReady => beats.not_ready += 1,
            BeatReply::Expired => beats.newest = beats.newest.max(epoch),
            BeatReply::OtherLeader => beats.has_rival = true,
        }
        match self.policy.election {
            Election::Raft { .. } if epoch > own => {
                self.adopt(step, epoch);
                self.follow(step, own, None);
            }
            Election::Raft { .. } | Election::Ledger { .. } => self.count_beats(step),
        }
    }

    fn count_beats<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let Role::Leader(leader) = &self.role else { return };
        let (ok, answered, is_over) = (leader.beats.ok, leader.beats.answered.len(), leader.beats.is_over);
        if is_over {
            return;
        }
        if self.is_quorum(ok) {
            self.last_quorum = step.now;
            self.close_beats();
        } else if answered == self.peers.len() {
            self.end_beats(step);
        }
    }

    fn close_beats(&mut self) {
        if let Role::Leader(leader) = &mut self.role {
            leader.beats.is_over = true;
        }
    }

    /// Draws the conclusion of a round in which no majority said yes.
    #[cold]
    fn end_beats<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        self.close_beats();
        let Role::Leader(leader) = &self.role else { return };
        let (ok, not_ready) = (leader.beats.ok, leader.beats.not_ready);
        let (newest, has_rival) = (leader.beats.newest, leader.beats.has_rival);
        let is_isolated = self.policy.isolated.is_some_and(|limit| step.now.since(self.last_quorum) > limit);
        match self.policy.election {
            Election::Raft { .. } if is_isolated => self.follow(step, self.epoch(), None),
            Election::Raft { .. } => {}
            Election::Ledger { poll, .. } if self.is_quorum(ok + not_ready) => step.set_timer(Timer::Heartbeat, poll),
            Election::Ledger { .. } if newest > self.epoch() => {
                self.hear_of(newest);
                self.stand_again(step);
            }
            Election::Ledger { .. } if has_rival || is_isolated => self.stand_again(step),
            Election::Ledger { .. } => {}
        }
    }

    pub(crate) fn take_beat<C: BallotCell>(
        &mut self,
        step: &mut Step<'_, R, C>,
        from: NodeId,
        epoch: Epoch,
        round: u32,
    ) {
        let reply = if epoch < self.epoch() {
            BeatReply::Expired
        } else if epoch > self.epoch() {
            self.take_later_beat(step, from, epoch)
        } else if self.leader() == Some(from) {
            self.heard = step.now;
            BeatReply::Ok
        } else if self.accepts_leader() {
            self.follow(step, epoch, Some(from));
            BeatReply::Ok
        } else {
            BeatReply::OtherLeader
        };
        self.send(step, from, Message::BeatReply { epoch: self.epoch(), reply, round });
    }

    #[cold]
    fn take_later_beat<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, from: NodeId, epoch: Epoch) -> BeatReply {
        match self.policy.election {
            Election::Raft { .. } => {
                let led = self.epoch();
                self.adopt(step, epoch);
                self.follow(step, led, Some(from));
                BeatReply::Ok
            }
            Election::Ledger { .. } => {
                self.raise(step, epoch);
                BeatReply::NotReady
            }
        }
    }

    /// Whether somebody else may come and say that it leads in this term.
    pub(crate) fn accepts_leader(&self) -> bool {
        match (&self.role, self.policy.election) {
            (Role::Leader(_), _) => false,
            (Role::Follower(follower), Election::Ledger { .. }) => follower.leader.is_none(),
            // The leader that a follower of Raft still has may be that of an earlier term.
            (Role::Follower(_), Election::Raft { .. }) | (Role::Candidate(_), _) => true,
        }
    }
}

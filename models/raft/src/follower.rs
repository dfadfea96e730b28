//! The following end of replication: a follower finds out where its log and its leader's part, cuts what is not the leader's,
//! and takes the rest.

use ackproof_core::node::NodeId;
use ackproof_log::{EpochEnd, Offset};

use crate::ballot::BallotCell;
use crate::effect::{Effect, Step};
use crate::member::{Member, Role};
use crate::message::{Entry, Mark, Message, Push, PushReply};
use crate::policy::{Election, Horizon};

impl<R: Entry> Member<R> {
    pub(crate) fn take_push<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, from: NodeId, push: Push<R>) {
        if !self.heeds(step, from, push.epoch) {
            return;
        }
        let at = push.from;
        if at > self.log.end() && self.cannot_write() {
            // Nothing would come of another comparison before there is room.
            return;
        }
        if at > self.log.end() || self.mark_before(step.disk, at) != push.before {
            let own = self.where_it_parts(at, push.before);
            let reply = PushReply::Mismatch { from: at, own };
            self.send(step, from, Message::PushReply { epoch: self.epoch(), reply });
            return;
        }
        let (end, committed) = (push.end, push.committed);
        let wanted = at.plus(push.records.len() as u64);
        let took = self.take_records(step, at, push.records);
        let Role::Follower(follower) = &mut self.role else { return };
        follower.cannot_write = took < wanted;
        let is_first = follower.matched.is_none();
        let matched = follower.matched.map_or(took, |matched| matched.max(took));
        follower.matched = Some(matched);
        if is_first {
            // What its leader does not have is nobody's, and goes at once. Later on it could be the leader's own, which
            // another message brought before this one.
            // Source: `DLedgerEntryPusher.doTruncate`; `ra_server:handle_follower`, set_last_index.
            self.cut(step, took.max(end));
        }
        self.commit(step, committed.min(took));
        self.wrote(step);
        // A write that failed is not answered, and its leader tries again after a while.
        // Simplified: `EntryHandler.handleDoAppend`, 0.3.1.2, answers INCONSISTENT_STATE, and its leader compares anew at once.
        // Gives up: nothing but the load of it, since nothing comes of it before there is room.
        if !self.a_sync_will_answer(matched) && !self.cannot_write() {
            self.tell_matched(step);
        }
    }

    /// Whether its last write failed.
    fn cannot_write(&self) -> bool {
        matches!(&self.role, Role::Follower(follower) if follower.cannot_write)
    }

    /// Whether it listens to `from` as its leader in `epoch`; becomes its follower where that is due.
    fn heeds<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, from: NodeId, epoch: ackproof_log::Epoch) -> bool {
        match self.policy.election {
            // Only a heartbeat makes a follower. Source: `DLedgerMmapFileStore.appendAsFollower`, its preconditions.
            Election::Ledger { .. } => {
                epoch == self.epoch() && matches!(&self.role, Role::Follower(follower) if follower.leader == Some(from))
            }
            Election::Raft { .. } => {
                if epoch < self.epoch() {
                    let reply = PushReply::Expired;
                    self.send(step, from, Message::PushReply { epoch: self.epoch(), reply });
                    return false;
                }
                if epoch > self.epoch() {
                    let led = self.epoch();
                    self.adopt(step, epoch);
                    self.follow(step, led, Some(from));
                } else if self.leader() != Some(from) {
                    if !self.accepts_leader() {
                        return false;
                    }
                    self.follow(step, epoch, Some(from));
                }
                self.heard = step.now;
                true
            }
        }
    }

    /// Where its log leaves the term of the leader's record before `at`, or the last term before that one.
    fn where_it_parts(&self, at: Offset, before: Option<Mark>) -> EpochEnd {
        let end = self.log.end();
        let last = EpochEnd { epoch: self.log.latest_epoch().unwrap_or_default(), end };
        let own = before.and_then(|mark| self.log.end_of(mark.epoch)).unwrap_or(last);
        EpochEnd { epoch: own.epoch, end: own.end.min(Offset(at.0.saturating_sub(1))) }
    }

    /// Takes what it does not have, cutting what is there instead; one past the last of the records that it has now.
    fn take_records<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>, at: Offset, records: Vec<R>) -> Offset {
        let mut upto = at;
        let mut from = None;
        for record in records {
            if upto < self.log.end() {
                let known = step.disk.get(self.place.log, upto.0).map(Mark::of);
                if known == Some(Mark::of(&record)) {
                    upto = upto.plus(1);
                    continue;
                }
                self.cut(step, upto);
            }
            if let Err(error) = self.write(step, record) {
                step.put(Effect::DiskFailed(error));
                break;
            }
            from.get_or_insert(upto);
            upto = upto.plus(1);
        }
        if let Some(from) = from {
            step.put(Effect::Appended { from, to: upto });
        }
        upto
    }

    /// Whether the end of the sync that is under way says that it matched, so that one answer is enough.
    fn a_sync_will_answer(&self, matched: Offset) -> bool {
        match self.policy.counts {
            Horizon::PageCache => false,
            Horizon::Platter => matched > self.synced && self.is_syncing(),
        }
    }

    /// Tells its leader how far the logs are the same, and how far that counts.
    pub(crate) fn tell_matched<C: BallotCell>(&mut self, step: &mut Step<'_, R, C>) {
        let Role::Follower(follower) = &self.role else { return };
        let (Some(leader), Some(upto)) = (follower.leader, follower.matched) else { return };
        let held = match self.policy.counts {
            Horizon::PageCache => upto,
            Horizon::Platter => upto.min(self.synced),
        };
        let reply = PushReply::Matched { upto, held };
        self.send(step, leader, Message::PushReply { epoch: self.epoch(), reply });
    }
}

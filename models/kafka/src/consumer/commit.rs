//! Storing progress: a request to the group's coordinator, tried again until it is answered or the application's
//! patience ends.
//!
//! Source: `ConsumerCoordinator.commitOffsetsSync`, `OffsetCommitResponseHandler` at 4.1.

use std::collections::VecDeque;
use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::time::Time;

use super::membership::{Member, Refusal};
use super::partition::{At, Partition};
use super::poll::Thread;
use super::{Asked, Consumer};
use crate::config;
use crate::error_code::ErrorCode;
use crate::message::{Commit, Membership, Message, OffsetCommit};
use crate::model::Kafka;

/// At most one commit is tried at a time; while it is, what a later one would store is remembered only as a wish.
#[derive(Debug, Default)]
pub struct Committer {
    job: Option<Job>,
    /// Progress was made since that nobody waits for.
    again: bool,
    /// `commitAsync()` that the coordinator cannot be sent yet, and when each is given up.
    unsent: VecDeque<(Arc<[Commit]>, Time)>,
    /// `commitAsync()` on its way.
    under_way: u32,
    /// A commit was refused because of a rebalance: it is made again after it, for what the member has kept.
    after_rebalance: bool,
}

#[derive(Debug)]
struct Job {
    commits: Arc<[Commit]>,
    /// When the application's patience ends.
    by: Time,
    /// `None`: on its way.
    not_before: Option<Time>,
    failures: u32,
}

impl Committer {
    pub fn is_free(&self) -> bool {
        self.job.is_none() && !self.again
    }

    /// Whether nothing is on its way, and nothing is to be tried again.
    pub fn is_over(&self) -> bool {
        self.is_free() && !self.after_rebalance && self.unsent.is_empty() && self.under_way == 0
    }

    /// When a commit is to be sent.
    pub fn due(&self) -> Time {
        if !self.unsent.is_empty() {
            return Time::ZERO;
        }
        self.job.as_ref().and_then(|job| job.not_before).unwrap_or(Time::NEVER)
    }

    /// When the commit is given up.
    pub fn deadline(&self) -> Time {
        let unsent = self.unsent.front().map_or(Time::NEVER, |(_, by)| *by);
        self.job.as_ref().filter(|job| job.not_before.is_some()).map_or(Time::NEVER, |job| job.by).min(unsent)
    }
}

impl Consumer {
    /// What is to be stored of a partition by now; `None` for nothing yet.
    pub(super) fn to_store(&self, partition: &Partition) -> Option<At> {
        match self.commit? {
            config::Commit::Auto { .. } => partition.at(),
            config::Commit::BeforeProcessing => partition.handed,
            config::Commit::Background { stores: config::Stores::OnDelivery, .. } => partition.handed,
            config::Commit::Background { stores: config::Stores::AfterProcessing, .. } => partition.processed,
            config::Commit::AfterProcessing | config::Commit::AfterBatch | config::Commit::InTransaction => {
                partition.processed
            }
        }
    }

    /// Begins to store the progress made so far.
    pub(super) fn begin_commit(&mut self, now: Time) {
        if self.committer.job.is_some() {
            self.committer.again = true;
            return;
        }
        let commits = self.progress();
        if commits.is_empty() {
            return;
        }
        let patience = if self.prepares() { self.config.max_poll_interval } else { self.config.api_timeout };
        let by = now + patience;
        self.committer.job = Some(Job { commits, by, not_before: Some(now), failures: 0 });
    }

    pub(super) fn progress(&self) -> Arc<[Commit]> {
        let only_beyond = matches!(self.commit, Some(config::Commit::Background { .. }));
        let of = |partition: &Partition| {
            let at = self.to_store(partition).filter(|at| !only_beyond || partition.is_beyond_committed(*at))?;
            Some(Commit { origin: partition.origin, upto: at.next, leader_epoch: at.epoch })
        };
        self.partitions.iter().filter_map(of).collect()
    }

    /// `commitAsync()`: the progress made so far is sent once, and nobody waits for the answer or tries again.
    ///
    /// Source: `ConsumerCoordinator.commitOffsetsAsync` at 4.1.
    pub(super) fn commit_async(&mut self, now: Time) {
        let commits = self.progress();
        if !commits.is_empty() {
            self.committer.unsent.push_back((commits, now + self.config.request_timeout));
        }
    }

    /// Sends what nobody waits for, as soon as there is a connection.
    pub(super) fn send_async_commits(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        self.committer.unsent.retain(|(_, by)| *by > now);
        if self.committer.unsent.is_empty() {
            return;
        }
        let Some(coordinator) = self.leaders.coordinator() else { return self.leaders.want() };
        if !self.connections.is_open(coordinator) {
            return self.connections.open(ctx, coordinator);
        }
        for (commits, _) in std::mem::take(&mut self.committer.unsent) {
            let Some(Ok(claim)) = self.member.as_deref().map(Member::may_commit) else {
                ctx.note(|| "cannot store its progress: it is not in its group".to_owned());
                continue;
            };
            self.committer.under_way += 1;
            let (membership, asked) = (Some(claim), Asked::CommitAsync(claim, Arc::clone(&commits)));
            self.connections.ask(ctx, coordinator, asked, |correlation| {
                Message::OffsetCommit(OffsetCommit { correlation, membership, transaction: None, commits })
            });
        }
    }

    /// What nobody waits for was answered; `None` if the answer is not going to come.
    #[cold]
    pub(super) fn async_commit_is(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        claim: Membership,
        commits: &[Commit],
        result: Option<Result<(), ErrorCode>>,
    ) {
        self.committer.under_way -= 1;
        match result {
            Some(Ok(())) => self.learn_committed(commits),
            Some(Err(code)) => {
                ctx.note(|| format!("has not stored its progress: {code}"));
                self.heed_refusal(ctx, Some(claim), code);
            }
            None => {}
        }
    }

    pub(super) fn learn_committed(&mut self, commits: &[Commit]) {
        for commit in commits {
            if let Some(partition) = self.partitions.iter_mut().find(|own| own.origin == commit.origin) {
                if let Some(member) = self.member.as_mut().filter(|_| Some(commit.upto) > partition.committed) {
                    member.absences = 0;
                }
                partition.committed = Some(commit.upto);
                partition.committed_epoch = commit.leader_epoch;
            }
        }
    }

    /// What the refusal of a commit says about the member's place in its group; why trying again is of no use, if so.
    ///
    /// Source: `ConsumerCoordinator.OffsetCommitResponseHandler` at 4.1.
    fn heed_refusal(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        claim: Option<Membership>,
        code: ErrorCode,
    ) -> Option<Refusal> {
        match code {
            ErrorCode::RebalanceInProgress => {
                if let Some(member) = &mut self.member {
                    member.join_again();
                }
                Some(Refusal::Rebalances)
            }
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedInstanceId => {
                // With `group.protocol=consumer` a heartbeat has to say so.
                // Source: `CommitRequestManager.OffsetCommitRequestState.onResponse` at 4.1.
                let is_told = !self.config.is_reconciling;
                if let Some(member) = self.member.as_mut().filter(|member| is_told && member.membership() == claim) {
                    member.refused(ctx, code);
                }
                Some(Refusal::NoMember)
            }
            _ => {
                self.leaders.want();
                None
            }
        }
    }

    /// Sends the commit when it is time, or gives it up.
    pub(super) fn send_commit(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let Some(job) = &self.committer.job else { return };
        let Some(not_before) = job.not_before else { return };
        if job.by <= now {
            ctx.note(|| "gives up storing its progress: TimeoutException".to_owned());
            return self.commit_ended(ctx, now);
        }
        if now < not_before {
            return;
        }
        let Some(coordinator) = self.leaders.coordinator() else { return self.leaders.want() };
        if !self.connections.is_open(coordinator) {
            return self.connections.open(ctx, coordinator);
        }
        let commits = Arc::clone(&job.commits);
        let membership = match self.member.as_deref().map(Member::may_commit).transpose() {
            Ok(membership) => membership,
            Err(refusal) => return self.commit_refused(ctx, now, refusal),
        };
        self.connections.ask(ctx, coordinator, Asked::Commit(membership), |correlation| {
            Message::OffsetCommit(OffsetCommit { correlation, membership, transaction: None, commits })
        });
        if let Some(job) = &mut self.committer.job {
            job.not_before = None;
        }
    }

    /// The commit was refused, or the connection went while the answer was waited for. Whatever the reason, it is as
    /// good the next time.
    #[cold]
    pub(super) fn commit_failed(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        self.leaders.want();
        let is_automatic = matches!(self.commit, Some(config::Commit::Auto { .. }));
        let is_awaited = self.closing || self.prepares();
        let Some(job) = &mut self.committer.job else { return };
        if is_automatic && !is_awaited {
            // What was wished meanwhile comes with the next one.
            (self.committer.job, self.committer.again) = (None, false);
            return self.poll.retry_auto_commit(now, self.config.backoff.first);
        }
        job.failures += 1;
        job.not_before = Some(now + self.config.backoff.draw(job.failures, ctx.random));
    }

    /// Trying again is of no use now: the application gets an exception from `commitSync()`.
    ///
    /// Source: `ConsumerCoordinator.{sendOffsetCommitRequest,OffsetCommitResponseHandler}` at 4.1;
    /// `RebalanceInProgressException` for trying again after the rebalance.
    fn commit_refused(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time, refusal: Refusal) {
        match refusal {
            Refusal::Rebalances => {
                ctx.note(|| "cannot store its progress: RebalanceInProgressException".to_owned());
                self.committer.after_rebalance = true;
            }
            Refusal::NoMember => ctx.note(|| "cannot store its progress: CommitFailedException".to_owned()),
        }
        self.commit_ended(ctx, now);
    }

    /// The member reads again, and stores what a rebalance kept it from storing.
    pub(super) fn commit_after_rebalance(&mut self, now: Time) {
        if std::mem::take(&mut self.committer.after_rebalance) {
            self.begin_commit(now);
        }
    }

    fn prepares(&self) -> bool {
        self.member.as_deref().is_some_and(Member::prepares)
    }

    /// The coordinator answered.
    pub(super) fn committed_is(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        claim: Option<Membership>,
        result: Result<(), ErrorCode>,
    ) {
        let now = ctx.wall_clock();
        let Some(job) = &self.committer.job else { return };
        match result {
            Ok(()) => {
                let commits = Arc::clone(&job.commits);
                self.learn_committed(&commits);
                self.commit_ended(ctx, now);
            }
            Err(code) => match self.heed_refusal(ctx, claim, code) {
                Some(refusal) => self.commit_refused(ctx, now, refusal),
                None => self.commit_failed(ctx, now),
            },
        }
    }

    fn commit_ended(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        self.committer.job = None;
        if std::mem::take(&mut self.committer.again) {
            self.begin_commit(now);
        }
        if self.poll.thread == Thread::Committing {
            self.poll.thread = Thread::Running;
            self.poll(ctx, now);
        }
    }
}

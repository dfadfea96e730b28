//! The application's poll loop: what is handed over when, and when progress is stored.
//!
//! Records are handed over one by one where the application works on them in the polling thread, so that what it does
//! with a failure, or a blocking commit, comes before the next record as it does in its loop.

use std::collections::VecDeque;

use ackproof_core::actor::Ctx;
use ackproof_core::app::{AppReply, Delivery};
use ackproof_core::setup::{CommitCall, OnError, Processing};
use ackproof_core::time::{Span, Time};
use ackproof_log::{Epoch, Offset};

use super::Consumer;
use super::membership::Member;
use super::partition::{At, Partition};
use crate::config::{Commit, ConsumerConfig};
use crate::message::{Commit as Stored, Membership, Payload};
use crate::model::Kafka;
use crate::mutation::Rule;

/// What the polling thread does.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Thread {
    /// In `poll()`, or about to hand over what it returned.
    Running,
    /// In the application's code, with one record.
    Processing,
    /// In `commitSync()`.
    Committing,
}

/// One record that a poll returned.
#[derive(Copy, Clone, Debug)]
pub(super) struct Polled {
    pub(super) delivery: Delivery,
    pub(super) epoch: Epoch,
    /// The last one of its poll.
    is_last: bool,
}

#[derive(Debug)]
pub struct PollLoop {
    pub thread: Thread,
    /// Another thread works on what was polled.
    in_background: bool,
    /// Returned by a poll and not handed over.
    pub(super) polled: VecDeque<Polled>,
    /// Handed over and not finished, in order.
    pub(super) handed: VecDeque<Polled>,
    /// When the next automatic commit is due; `NEVER` without.
    auto_commit_at: Time,
    /// The last automatic commit, on the way out.
    closing_commit_begun: bool,
    /// Automatic commits do not wait for a poll.
    has_committing_thread: bool,
    /// As whom the last poll was made, and how far its messages are finished, where both go into a transaction.
    pub(super) claim: Option<Membership>,
    pub(super) finished: Vec<Stored>,
    /// The transaction of the results has failed before its end.
    pub(super) is_doomed: bool,
}

impl PollLoop {
    pub fn new(config: &ConsumerConfig, commit: Option<Commit>) -> PollLoop {
        PollLoop {
            thread: Thread::Running,
            // The auditor has nothing to do between two polls.
            in_background: config.processing == Processing::Background || commit.is_none(),
            polled: VecDeque::new(),
            handed: VecDeque::new(),
            auto_commit_at: match commit {
                Some(Commit::Auto { interval } | Commit::Background { interval: Some(interval), .. }) => {
                    Time::ZERO + interval
                }
                Some(Commit::Background { interval: None, .. }) => Time::NEVER,
                Some(Commit::BeforeProcessing | Commit::AfterProcessing | Commit::AfterBatch) => Time::NEVER,
                Some(Commit::InTransaction) | None => Time::NEVER,
            },
            closing_commit_begun: false,
            has_committing_thread: matches!(commit, Some(Commit::Background { .. })),
            claim: None,
            finished: Vec::new(),
            is_doomed: false,
        }
    }

    /// The process began: from now on the interval counts.
    pub fn begin(&mut self, now: Time) {
        if self.auto_commit_at != Time::NEVER {
            self.auto_commit_at = Time(now.0.saturating_add(self.auto_commit_at.0));
        }
    }

    /// Whether the application has finished everything that was polled.
    pub fn is_done(&self) -> bool {
        self.polled.is_empty() && self.handed.is_empty() && self.thread == Thread::Running
    }

    /// An automatic commit failed: a poll after `pause` tries again, with the positions of that time.
    /// Source: `ConsumerCoordinator.autoCommitOffsetsAsync` at 4.1.
    pub fn retry_auto_commit(&mut self, now: Time, pause: Span) {
        self.auto_commit_at = now + pause;
    }

    /// When a poll, or a thread for it, has to look again for an automatic commit.
    pub fn auto_commit_due(&self) -> Time {
        match self.thread {
            Thread::Running => self.auto_commit_at,
            Thread::Processing | Thread::Committing if self.has_committing_thread => self.auto_commit_at,
            Thread::Processing | Thread::Committing => Time::NEVER,
        }
    }
}

impl Consumer {
    /// Lets the polling thread go on until it has to wait for records, for the application or for a commit.
    pub(super) fn poll(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        while self.poll.thread == Thread::Running {
            if !self.poll.polled.is_empty() {
                self.hand_over(ctx);
                continue;
            }
            if self.closing {
                return self.close(now);
            }
            let may_commit =
                if self.config.is_reconciling { self.reconcile(ctx, now) } else { self.take_part(ctx, now) };
            let commits_ahead = may_commit && (self.commits_ahead(ctx, now) || !Rule::EarlierPolls.holds());
            if may_commit && !commits_ahead {
                self.commit_automatically(now);
            }
            let has_collected = self.collect();
            if commits_ahead {
                self.commit_automatically(now);
            }
            if !has_collected {
                return;
            }
            match self.commit {
                Some(Commit::BeforeProcessing) => self.commit_by_itself(now),
                Some(Commit::InTransaction) => {
                    self.poll.claim = self.membership();
                    self.poll.finished.clear();
                }
                Some(Commit::Auto { .. } | Commit::Background { .. }) => {}
                Some(Commit::AfterProcessing | Commit::AfterBatch) | None => {}
            }
        }
    }

    /// Inside a poll, before it returns anything new: the positions are those that earlier polls left.
    ///
    /// Source: `ConsumerCoordinator.maybeAutoCommitOffsetsAsync` at 4.1.
    fn commit_automatically(&mut self, now: Time) {
        let Some(Commit::Auto { interval }) = self.commit else { return };
        self.commit_if_due(now, interval);
    }

    /// librdkafka's commits do not wait for a poll, so that a message may be committed while the application works on it.
    ///
    /// Source: `rd_kafka_cgrp_offset_commit_tmr_cb` at librdkafka 2.15.0.
    pub(super) fn commit_in_background(&mut self, now: Time) {
        let Some(Commit::Background { interval: Some(interval), .. }) = self.commit else { return };
        if !self.is_settled() {
            return;
        }
        self.commit_if_due(now, interval);
    }

    fn commit_if_due(&mut self, now: Time, interval: Span) {
        if now < self.poll.auto_commit_at {
            return;
        }
        self.poll.auto_commit_at = now + interval;
        if self.committer.is_free() {
            self.begin_commit(now);
        }
    }

    /// Nothing is returned of partitions that are about to be given up.
    ///
    /// Source: `ConsumerCoordinator.maybeMarkPartitionsPendingRevocation` at 4.1.
    fn gives_up_partitions(&self) -> bool {
        (!self.config.is_cooperative || self.config.is_reconciling)
            && self.member.as_deref().is_some_and(Member::prepares)
    }

    /// What a poll returns: up to `max.poll.records` of what was fetched, in the order in which it came. Whether it
    /// is anything.
    ///
    /// Source: `FetchCollector.collectFetch` at 4.1.
    fn collect(&mut self) -> bool {
        let limit = self.config.max_poll_records as usize;
        if self.gives_up_partitions() {
            return false;
        }
        while self.poll.polled.len() < limit
            && let Some(&origin) = self.fetched.front()
        {
            let own = self.partitions.iter_mut().find(|own| own.origin == origin);
            let Some((offset, record, is_aborted)) = own.and_then(Partition::take) else {
                self.fetched.pop_front();
                continue;
            };
            let Payload::Message(msg, _) = record.payload else { continue };
            if is_aborted {
                continue;
            }
            let delivery = Delivery { msg, origin, offset: offset.0 };
            self.poll.polled.push_back(Polled { delivery, epoch: record.epoch, is_last: false });
        }
        if let Some(last) = self.poll.polled.back_mut() {
            last.is_last = true;
        }
        !self.poll.polled.is_empty()
    }

    /// Gives the application the next record, or all of them where another thread works on them.
    fn hand_over(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        while let Some(polled) = self.poll.polled.pop_front() {
            ctx.tell(AppReply::Deliver(polled.delivery));
            // Nobody waits for the auditor's application.
            if self.commit.is_some() {
                self.poll.handed.push_back(polled);
            }
            if !self.poll.in_background {
                self.poll.thread = Thread::Processing;
                return;
            }
        }
    }

    /// The application finished with a record; one that it failed is given back or given up. Whether anybody waited
    /// for that.
    pub(super) fn finished(&mut self, ctx: &mut Ctx<'_, Kafka>, delivery: Delivery, success: bool) -> bool {
        let handed = self.poll.handed.iter().position(|polled| polled.delivery == delivery);
        let Some(polled) = handed.and_then(|place| self.poll.handed.remove(place)) else { return false };
        let given_back = !success
            && match self.config.on_error {
                OnError::Requeue => true,
                OnError::Retry | OnError::Reject => false,
            };
        if given_back {
            self.seek_back(polled);
        } else if let Some(partition) = self.partitions.iter_mut().find(|own| own.origin == delivery.origin) {
            partition.processed = Some(At::new(Offset(delivery.offset).plus(1), Some(polled.epoch)));
        }
        if !self.poll.in_background {
            self.poll.thread = Thread::Running;
        }
        let now = ctx.wall_clock();
        let commits = match self.commit {
            Some(Commit::AfterProcessing) => !given_back,
            Some(Commit::AfterBatch) if self.poll.in_background => polled.is_last,
            Some(Commit::AfterBatch) => self.poll.polled.is_empty(),
            Some(Commit::Auto { .. } | Commit::Background { .. } | Commit::BeforeProcessing) | None => false,
            Some(Commit::InTransaction) => {
                self.finished_in_transaction(ctx, polled, success, given_back);
                false
            }
        };
        if commits {
            self.commit_by_itself(now);
        }
        true
    }

    /// Goes back to a record that failed, unless the partition is behind it already; what was polled behind it in its
    /// partition is not worked on now.
    #[cold]
    fn seek_back(&mut self, failed: Polled) {
        let Some(partition) = self.partitions.iter_mut().find(|own| own.origin == failed.delivery.origin) else {
            return;
        };
        let offset = Offset(failed.delivery.offset);
        if partition.at().is_some_and(|at| at.next <= offset) {
            return;
        }
        partition.seek(At::new(offset, None));
        // What librdkafka has marked stays marked. Source: `rd_kafka_seek` at librdkafka 2.15.0.
        if !self.poll.has_committing_thread {
            partition.handed = partition.at();
        }
        self.poll.polled.retain(|polled| polled.delivery.origin != failed.delivery.origin);
    }

    /// The application commits: with `commitSync()` the thread that calls it waits.
    fn commit_by_itself(&mut self, now: Time) {
        match self.config.commit_call {
            CommitCall::Async => return self.commit_async(now),
            CommitCall::Sync => self.begin_commit(now),
        }
        let polls = !self.poll.in_background || self.commit == Some(Commit::BeforeProcessing);
        if polls && !self.committer.is_free() {
            self.poll.thread = Thread::Committing;
        }
    }

    /// `close()`: automatic commits store the progress once more. An application that does not wait for its commits
    /// waits for a last one before it closes.
    ///
    /// Source: `ConsumerCoordinator.close`, `maybeAutoCommitOffsetsSync` at 4.1; `KafkaConsumer.commitAsync` is commonly
    /// followed by a last `commitSync`.
    #[cold]
    fn close(&mut self, now: Time) {
        if self.closes_with_a_commit() && self.poll.handed.is_empty() && !self.poll.closing_commit_begun {
            self.poll.closing_commit_begun = true;
            self.begin_commit(now);
        }
    }

    pub(super) fn commits_by_itself(&self) -> bool {
        match self.commit {
            Some(Commit::Auto { .. } | Commit::Background { .. }) => true,
            Some(Commit::BeforeProcessing | Commit::AfterProcessing | Commit::AfterBatch) => false,
            Some(Commit::InTransaction) | None => false,
        }
    }

    /// Whether nothing is left to store on the way out.
    pub(super) fn is_closed(&self) -> bool {
        self.committer.is_free() && (!self.closes_with_a_commit() || self.poll.closing_commit_begun)
    }

    fn closes_with_a_commit(&self) -> bool {
        match self.commit {
            Some(Commit::Auto { .. } | Commit::Background { .. }) => true,
            Some(Commit::BeforeProcessing | Commit::AfterProcessing | Commit::AfterBatch) => {
                self.config.commit_call == CommitCall::Async
            }
            Some(Commit::InTransaction) | None => false,
        }
    }
}

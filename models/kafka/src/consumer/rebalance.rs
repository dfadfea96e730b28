//! What a poll does for the group: it gives partitions up before joining, and takes up what was assigned.
//!
//! Simplified: an application has no rebalance listener. Gives up: what its worker, or a commit that is not automatic,
//! would still store of partitions that are being given up; and the application forgets what it has stored of them.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::time::Time;

use super::Consumer;
use super::lookup::Lookup;
use super::partition::{Partition, Position};
use super::poll::Thread;
use crate::config::Commit;
use crate::model::Kafka;

impl Consumer {
    /// Whether the group leaves the poll alone. Where it does not, nothing is committed automatically.
    ///
    /// Source: `ConsumerCoordinator.poll`, `AbstractCoordinator.joinGroupIfNeeded` at 4.1.
    pub(super) fn take_part(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) -> bool {
        let Some(member) = &mut self.member else { return true };
        member.polled(now, &self.config);
        self.follow_group(ctx, now)
    }

    /// librdkafka gives partitions up and takes them whatever the application does.
    ///
    /// Source: `rd_kafka_cgrp_serve` at librdkafka 2.15.0, for applications without a rebalance callback.
    pub(super) fn take_part_in_background(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        if self.config.joins_in_background && self.poll.thread != Thread::Running && !self.closing {
            self.follow_group(ctx, now);
        }
    }

    fn follow_group(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) -> bool {
        let Some(member) = &mut self.member else { return true };
        if let Some(origins) = member.take_assigned() {
            self.take_up(ctx, now, &origins);
        }
        let Some(member) = &mut self.member else { return true };
        if member.is_settled() {
            return true;
        }
        if member.is_prepared() || self.prepare_join(ctx, now) {
            self.send_join(ctx, now);
        }
        false
    }

    /// Before joining, automatic commits store what earlier polls returned. Then a member gives up all its partitions,
    /// unless it is cooperative; one that was thrown out has lost them already, and what it would store is refused.
    /// Whether it is done.
    ///
    /// Source: `ConsumerCoordinator.onJoinPrepare` at 4.1.
    #[cold]
    fn prepare_join(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) -> bool {
        let is_auto = self.commits_by_itself();
        let until = now + self.config.max_poll_interval;
        let Some(member) = &mut self.member else { return true };
        let is_thrown_out = member.is_thrown_out();
        if is_auto && !is_thrown_out {
            if !member.prepares() {
                member.prepare_until(until);
                self.begin_commit(now);
                self.send_commit(ctx, now);
            }
            let is_over = self.member.as_ref().is_none_or(|member| member.has_prepared_for_long(now));
            if !self.committer.is_free() && !is_over {
                return false;
            }
        }
        if let Some(member) = &mut self.member {
            member.is_ready_to_join();
        }
        if is_thrown_out || !self.config.is_cooperative {
            if !self.partitions.is_empty() {
                ctx.note(|| {
                    if is_thrown_out { "has lost its partitions" } else { "gives up its partitions" }.to_owned()
                });
            }
            self.partitions.clear();
            self.fetched.clear();
        }
        true
    }

    /// Reads what was assigned from now on. A cooperative member that finds something gone gives it up now and joins
    /// once more, so that somebody else can have it.
    ///
    /// Source: `ConsumerCoordinator.onJoinComplete` at 4.1; KIP-429.
    #[cold]
    pub(super) fn take_up(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time, origins: &Arc<[Origin]>) {
        let before = self.partitions.len();
        self.partitions.retain(|partition| origins.contains(&partition.origin));
        self.fetched.retain(|origin| origins.contains(origin));
        let gives_up = self.partitions.len() < before && !self.config.is_reconciling;
        for &origin in origins.iter() {
            if self.own(origin).is_none() {
                self.assignments += 1;
                self.partitions.push(Partition::new(origin, self.assignments, Position::Unknown));
                self.lookup = Lookup::ToAsk { from: now, failures: 0 };
            }
        }
        self.partitions.sort_by_key(|partition| partition.origin);
        if let Some(member) = &mut self.member {
            member.took_up(Arc::clone(origins), gives_up);
        }
        if let Some(Commit::Auto { interval }) = self.commit {
            self.poll.retry_auto_commit(now, interval);
        }
        self.commit_after_rebalance(now);
        ctx.note(|| {
            let list: Vec<String> = origins.iter().map(|origin| origin.0.to_string()).collect();
            format!("reads partitions [{}]", list.join(", "))
        });
    }
}

//! Traps of settings that say how consumers stay in their group.

use ackproof_core::setting::Trap;
use ackproof_core::setup::Processing;
use ackproof_core::time::Span;

use super::{Row, trap};
use crate::assignor::Strategy;
use crate::config::Commit;

impl Row<'_> {
    pub(super) fn slow_handler(&self) -> Option<Trap> {
        let (consumer, processing) = (&self.config.consumer, self.setup.workload.processing);
        let longest = Span(processing.0.saturating_mul(u64::from(consumer.max_poll_records)));
        let in_background = self.setup.app.consumer.processing == Processing::Background;
        if !self.has_group() || in_background || longest < consumer.max_poll_interval {
            return None;
        }
        let message = format!(
            "{processing} for each of max.poll.records={} messages is {longest}, and max.poll.interval.ms is {}: behind \
             a backlog the member leaves its group while it works, others do the same work again, and its commits fail.",
            consumer.max_poll_records, consumer.max_poll_interval
        );
        trap("kafka-slow-handler", message, "KIP-62; KafkaConsumer on detecting consumer failures")
    }

    pub(super) fn cooperative_beside_eager(&self) -> Option<Trap> {
        let key = "partition.assignment.strategy";
        let list = Strategy::read(self.effective.text("consumer", key));
        let has_cooperative = list.iter().any(|strategy| strategy.is_cooperative());
        if !self.has_group() || !has_cooperative || self.config.consumer.is_cooperative {
            return None;
        }
        if !self.effective.is_set("consumer", key) {
            return None;
        }
        let message = "partition.assignment.strategy names CooperativeStickyAssignor beside a strategy that is not \
                       cooperative: members still give up all their partitions in every rebalance.";
        trap("kafka-cooperative-beside-eager", message.to_owned(), "KIP-429; ConsumerCoordinator at 4.1")
    }

    pub(super) fn commits_ahead(&self) -> Option<Trap> {
        let is_auto = matches!(self.config.consumer.commit, Commit::Auto { .. });
        if !self.has_group() || !self.config.consumer.may_commit_ahead || !is_auto {
            return None;
        }
        let message = "group.protocol=consumer before 4.0: an automatic commit may store what the same poll() is about to \
                       return, and a crash then passes over it. Commit after processing, or take 4.0.";
        trap("kafka-bug-18641", message.to_owned(), "KAFKA-18641")
    }

    /// Members hear of a rebalance with a heartbeat, and it does not wait for them for longer than a poll may take.
    pub(super) fn rebalances_shorter_than_a_heartbeat(&self) -> Option<Trap> {
        let consumer = &self.config.consumer;
        let (poll, heartbeat) = (consumer.max_poll_interval, consumer.heartbeat_interval);
        if !self.has_group() || consumer.is_reconciling || poll > heartbeat {
            return None;
        }
        let message = format!(
            "max.poll.interval.ms is {poll}, and a rebalance waits no longer than that for a member, which hears of it with \
             its next heartbeat, up to heartbeat.interval.ms ({heartbeat}) later: members are removed before they have \
             joined again, come back as new ones, and set off the next rebalance."
        );
        trap("kafka-rebalance-shorter-than-a-heartbeat", message, "GroupCoordinator.prepareRebalance at 3.9; KIP-62")
    }

    pub(super) fn one_instance_id_for_all(&self) -> Option<Trap> {
        let id = self.effective.text("consumer", "group.instance.id")?;
        let consumers = self.setup.workload.consumers;
        if consumers < 2 {
            return None;
        }
        let message = format!(
            "group.instance.id={id} must be another one for each consumer: {consumers} that share it shut each other out \
             (FENCED_INSTANCE_ID, UNRELEASED_INSTANCE_ID). Here each has it with the name of its machine."
        );
        trap("kafka-instance-id-for-all", message, "KIP-345; ConsumerConfig on group.instance.id")
    }

    pub(super) fn closed_static_members_are_waited_for(&self) -> Option<Trap> {
        if !self.has_group() || !self.config.consumer.is_static {
            return None;
        }
        let (session, key) = (self.config.session_timeout(), self.session_key());
        let message = format!(
            "a consumer with a group.instance.id that is closed does not leave its group: until it is back, or its session \
             has ended ({key}, {session}), nobody reads its partitions, also where it was stopped for good."
        );
        trap(
            "kafka-static-member-is-waited-for",
            message,
            "KIP-345; AbstractCoordinator.shouldSendLeaveGroupRequest at 4.1",
        )
    }

    pub(super) fn killed_static_members_keep_their_successors_out(&self) -> Option<Trap> {
        let consumer = &self.config.consumer;
        if !self.has_group() || !consumer.is_static || !consumer.is_reconciling {
            return None;
        }
        let (session, key) = (self.config.session_timeout(), self.session_key());
        let message = format!(
            "with group.protocol=consumer a group.instance.id is free again only when its consumer was closed: one that is \
             started again after a crash is refused (UnreleasedInstanceIdException) until the session of the dead one has \
             ended ({key}, {session}). The classic protocol gives it its place at once."
        );
        trap(
            "kafka-static-member-unreleased",
            message,
            "KIP-848; GroupMetadataManager.throwIfInstanceIdIsUnreleased at 4.1",
        )
    }

    fn session_key(&self) -> &'static str {
        match self.config.consumer.is_reconciling {
            true => "group.consumer.session.timeout.ms",
            false => "session.timeout.ms",
        }
    }
}

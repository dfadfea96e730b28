//! Valid settings that do not do what a reader would think.

mod failover;
mod groups;
mod retention;

use ackproof_core::setting::{Effective, Trap};
use ackproof_core::setup::{OnFailure, Processing, Setup};

use super::expiry;
use super::idempotence::{Idempotence, idempotence};
use super::librdkafka;
use super::transactions;
use crate::bugs::{Bug, Bystanders, at_large};
use crate::config::{Acks, Client, Commit, Config, Reset, Truncation};

/// Every trap of a row, in the order in which a message meets them.
pub fn traps(effective: &Effective, setup: &Setup) -> Vec<Trap> {
    let row = Row { effective, setup, config: Config::from_effective(effective, setup) };
    [
        row.acks_0(),
        row.idempotence_silently_off(),
        row.retries_reorder(),
        row.resends_are_new_messages(),
        expiry::forgotten_while_it_retries(effective, &row.config),
        row.nobody_looks_at_results(),
        row.first_error_is_final(),
        row.gives_up_before_a_failover(),
        row.gives_up_before_a_follower_leaves(),
        row.one_copy(),
        row.min_isr_of_one(),
        row.min_isr_in_a_brokers_file(),
        row.min_isr_above_replication_factor(),
        row.min_isr_equals_replication_factor(),
        row.acks_beside_min_isr(),
        row.acks_1_and_planned_moves(),
        row.unclean_election(),
        row.followers_leave_soon(),
        row.two_racks(),
        row.stops_without_handover(),
        row.flush_interval_without_scheduler(),
        row.offsets_in_one_copy(),
        row.offsets_min_isr(),
        row.auto_commit_in_background(),
        row.commit_before_background(),
        row.reset_to_latest(),
        row.reset_by_short_duration(),
        row.commits_ahead(),
        row.slow_handler(),
        row.rebalances_shorter_than_a_heartbeat(),
        row.cooperative_beside_eager(),
        row.one_instance_id_for_all(),
        row.closed_static_members_are_waited_for(),
        row.killed_static_members_keep_their_successors_out(),
        row.retention_by_whole_segments(),
        row.retention_of_each_partition(),
        row.progress_before_messages(),
        row.brokers_that_are_controllers(),
        row.old_truncation(),
    ]
    .into_iter()
    .chain(transactions::traps(effective, setup, &row.config))
    .flatten()
    .chain(row.bugs())
    .chain(librdkafka::traps(effective, setup, &row.config))
    .collect()
}

struct Row<'a> {
    effective: &'a Effective,
    setup: &'a Setup,
    config: Config,
}

pub(super) fn trap(id: &'static str, message: String, source: &'static str) -> Option<Trap> {
    Some(Trap { id, message, source })
}

impl Row<'_> {
    /// Known bugs of this release that could matter.
    fn bugs(&self) -> Vec<Trap> {
        let idempotence = idempotence(self.effective);
        let beside = Bystanders { config: &self.config, setup: self.setup, idempotence };
        let said = |bug: &'static Bug| {
            let modelled = if bug.modelled { "" } else { ", which is not modelled: runs do not show it" };
            let message =
                format!("{} has {}{modelled}: {}; {}.", self.config.release, bug.ticket, bug.does, bug.remedy());
            Trap { id: bug.id, message, source: bug.ticket }
        };
        at_large(&beside).map(said).collect()
    }

    fn old_truncation(&self) -> Option<Trap> {
        let why = match self.config.truncation {
            Truncation::OnFetch | Truncation::EpochEnd => return None,
            Truncation::HighWatermark => {
                "followers cut their logs to their own high watermark, which lags behind what was confirmed: a second \
                 fail-over soon after a first one loses messages that acks=all had confirmed"
            }
            Truncation::EpochEndOnly => {
                "followers are told where an epoch ends but not which: after fail-overs in quick succession their logs \
                 may differ for good"
            }
        };
        let message = format!(
            "with inter.broker.protocol.version={} and the format of messages that goes with it, {why}. Raise both.",
            self.effective.text("broker", "inter.broker.protocol.version").unwrap_or_default()
        );
        trap("kafka-old-truncation", message, "KIP-101; KIP-279")
    }

    fn is_all(&self) -> bool {
        self.config.producer.acks == Acks::All
    }
    fn has_group(&self) -> bool {
        self.setup.workload.consumers > 0
    }

    fn idempotence_silently_off(&self) -> Option<Trap> {
        let Idempotence::SilentlyOff { key, value } = idempotence(self.effective) else { return None };
        let message = format!(
            "{key}={value} turns enable.idempotence off without an error: a retry can now duplicate and reorder. Set \
             enable.idempotence=true and the client refuses to start instead."
        );
        trap("kafka-idempotence-silently-off", message, "ProducerConfig.postProcessAndValidateIdempotenceConfigs")
    }

    fn retries_reorder(&self) -> Option<Trap> {
        let producer = &self.config.producer;
        let off = idempotence(self.effective) == Idempotence::Off;
        // Of librdkafka's default there is a word of its own.
        let is_chosen = self.config.client == Client::Java || self.effective.is_set("producer", "enable.idempotence");
        if !off || !is_chosen || producer.acks == Acks::None || producer.retries == 0 {
            return None;
        }
        let message = match producer.max_in_flight {
            1 => "with enable.idempotence=false a batch whose reply was lost is sent again and lands twice.".to_owned(),
            many => format!(
                "with enable.idempotence=false and {many} requests in flight, a batch that fails and is sent again \
                 lands behind its successors, and one whose reply was lost lands twice."
            ),
        };
        trap("kafka-retries-reorder", message, "ProducerConfig on max.in.flight.requests.per.connection")
    }

    fn resends_are_new_messages(&self) -> Option<Trap> {
        let OnFailure::Resend { .. } = self.setup.app.producer.on_failure else { return None };
        if !self.config.producer.is_idempotent {
            return None;
        }
        let message = "enable.idempotence knows the client's own retries only: a message that the application sends \
                       again after a failure is another message, and lands twice if the first one had landed.";
        trap("kafka-resend-is-a-new-message", message.to_owned(), "KafkaProducer, on idempotence and retries")
    }

    fn nobody_looks_at_results(&self) -> Option<Trap> {
        if self.setup.app.producer.send.is_checked() || self.config.producer.acks == Acks::None {
            return None;
        }
        let message = "the application does not look at the result of a send, so whatever acks waits for, a failure \
                       reaches nobody and no message counts as acknowledged.";
        trap("kafka-result-ignored", message.to_owned(), "KafkaProducer.send")
    }

    fn one_copy(&self) -> Option<Trap> {
        if self.config.topic.replication_factor != 1 {
            return None;
        }
        let message = "the topic has a single copy: acks=all waits for no more than acks=1, and the loss of one disk \
                       is the loss of its messages.";
        trap("kafka-single-replica", message.to_owned(), "docs/design: replication")
    }

    fn min_isr_of_one(&self) -> Option<Trap> {
        let topic = &self.config.topic;
        if !self.is_all() || topic.min_insync_replicas != 1 || topic.replication_factor < 2 {
            return None;
        }
        let always = "acks=all means all replicas in sync. With min.insync.replicas=1 that is the leader alone once the \
                      others have fallen out of the in-sync set.";
        let message = match self.config.broker.eligible_leader_replicas {
            true => format!(
                "{always} Eligible leader replicas do not help: the others qualify only while nothing is confirmed \
                 without them."
            ),
            false => always.to_owned(),
        };
        trap("kafka-acks-all-min-isr-one", message, "docs/design: availability and durability guarantees; KIP-966")
    }

    fn min_isr_in_a_brokers_file(&self) -> Option<Trap> {
        let key = "min.insync.replicas";
        if !self.config.broker.eligible_leader_replicas || !self.effective.is_set("broker", key) {
            return None;
        }
        let message = format!(
            "with eligible leader replicas a cluster-wide {key} is made when the cluster is, with the value that its \
             controllers have, and goes before {} in a broker's server.properties: set it in the controllers' files \
             too, or cluster-wide, or on the topic.",
            self.effective.text("broker", key).unwrap_or_default()
        );
        trap(
            "kafka-min-isr-of-the-controllers",
            message,
            "docs/operations/eligible-leader-replicas at 4.4; ActivationRecordsGenerator at 4.1",
        )
    }

    fn min_isr_above_replication_factor(&self) -> Option<Trap> {
        let topic = &self.config.topic;
        let (wanted, copies) = (topic.min_insync_replicas, topic.replication_factor);
        if wanted <= u32::from(copies) {
            return None;
        }
        let message = match self.config.rules.min_isr_capped_at_rf {
            true => format!(
                "min.insync.replicas={wanted} is above the replication factor: since 3.7 it counts as {copies}."
            ),
            false => format!(
                "min.insync.replicas={wanted} is above the replication factor {copies}: before 3.7 every write with \
                 acks=all is refused."
            ),
        };
        trap("kafka-min-isr-above-replication-factor", message, "Partition.effectiveMinIsr at 4.1; the 3.6 branch")
    }

    fn min_isr_equals_replication_factor(&self) -> Option<Trap> {
        let topic = &self.config.topic;
        let copies = topic.replication_factor;
        if !self.is_all() || copies < 2 || topic.min_insync_replicas != u32::from(copies) {
            return None;
        }
        let message = format!(
            "min.insync.replicas equals the replication factor ({copies}): while any one of the replicas restarts, \
             every write with acks=all is refused."
        );
        trap("kafka-min-isr-equals-replication-factor", message, "docs/design: availability and durability guarantees")
    }

    fn acks_beside_min_isr(&self) -> Option<Trap> {
        if self.is_all() || self.config.topic.effective_min_isr(self.config.rules) < 2 {
            return None;
        }
        let message = match self.config.rules.strict_min_isr_hw {
            true => {
                "min.insync.replicas refuses no write unless acks=all; since 3.7 it only holds back what consumers \
                 may read, so messages can be acknowledged and invisible."
            }
            false => "min.insync.replicas does nothing unless acks=all.",
        };
        trap("kafka-min-isr-without-acks-all", message.to_owned(), "Partition.appendRecordsToLeader; KAFKA-15583")
    }

    fn acks_1_and_planned_moves(&self) -> Option<Trap> {
        if self.config.producer.acks != Acks::Leader || self.config.topic.replication_factor < 2 {
            return None;
        }
        let message = "acks=1: whatever the leader has confirmed and nobody has copied yet is lost whenever leadership \
                       moves, not only with crashes: a rolling restart and a preferred leader election move it too.";
        trap("kafka-acks-1-and-planned-moves", message.to_owned(), "KAFKA-20554; ReplicationControlManager.electLeader")
    }

    fn unclean_election(&self) -> Option<Trap> {
        let topic = &self.config.topic;
        if !topic.unclean_leader_election || !self.is_all() || topic.replication_factor < 2 {
            return None;
        }
        let message = "unclean.leader.election.enable=true lets a replica that lacks acknowledged messages lead once \
                       nobody in sync is left, whatever acks and min.insync.replicas are.";
        trap("kafka-unclean-election", message.to_owned(), "KIP-106; docs/design: unclean leader election")
    }

    fn flush_interval_without_scheduler(&self) -> Option<Trap> {
        let key = [("topic", "flush.ms"), ("broker", "log.flush.interval.ms")]
            .into_iter()
            .find(|(section, key)| self.effective.is_set(section, key))?
            .1;
        if self.config.broker.flush_scheduler_interval.is_some() {
            return None;
        }
        let message = format!(
            "{key} does next to nothing on its own: the task that compares it runs 30 s after a broker's start and then \
             every log.flush.scheduler.interval.ms, which is never unless it is set."
        );
        trap("kafka-flush-interval-without-scheduler", message, "LogManager.startupWithConfigOverrides, flushDirtyLogs")
    }

    fn offsets_in_one_copy(&self) -> Option<Trap> {
        let (offsets, topic) = (self.config.offsets.replication_factor, self.config.topic.replication_factor);
        if !self.has_group() || offsets != 1 || topic < 2 {
            return None;
        }
        let message = format!(
            "offsets.topic.replication.factor=1, as the shipped server.properties has it, beside a topic with {topic} \
             copies: while that one broker is down no group can start or commit, and with its disk the group's \
             progress is gone and auto.offset.reset={} applies.",
            self.effective.text("consumer", "auto.offset.reset").unwrap_or_default()
        );
        trap("kafka-offsets-replication-factor-one", message, "config/server.properties at 4.4")
    }

    fn offsets_min_isr(&self) -> Option<Trap> {
        let (offsets, topic) = (&self.config.offsets, &self.config.topic);
        let weaker = offsets.min_insync_replicas < topic.min_insync_replicas;
        if !self.has_group() || offsets.replication_factor < 2 || !weaker {
            return None;
        }
        let message = format!(
            "the topic's min.insync.replicas={} does not reach __consumer_offsets, which has the brokers' {}: the \
             group's progress is kept less safely than the messages.",
            topic.min_insync_replicas, offsets.min_insync_replicas
        );
        trap("kafka-offsets-min-isr", message, "GroupCoordinatorService.groupMetadataTopicConfigs at 4.1")
    }

    fn auto_commit_in_background(&self) -> Option<Trap> {
        let in_background = self.setup.app.consumer.processing == Processing::Background;
        if !self.has_group() || !in_background || !matches!(self.config.consumer.commit, Commit::Auto { .. }) {
            return None;
        }
        let message = "enable.auto.commit stores the progress of earlier polls, and the next poll comes while \
                       another thread still works on their messages: a crash then passes over them.";
        trap(
            "kafka-auto-commit-with-background-processing",
            message.to_owned(),
            "KafkaConsumer, automatic offset committing",
        )
    }

    fn commit_before_background(&self) -> Option<Trap> {
        if !self.has_group() || self.config.consumer.commit != Commit::BeforeProcessing {
            return None;
        }
        let message = "progress is committed before the messages are processed: a crash in between passes over them.";
        trap("kafka-commit-before-processing", message.to_owned(), "KafkaConsumer, manual offset control")
    }

    fn reset_to_latest(&self) -> Option<Trap> {
        if !self.has_group() || self.config.consumer.reset != Reset::Latest {
            return None;
        }
        let message = "auto.offset.reset=latest: a group that has not committed yet starts at the end. What was sent \
                       before it came, or while it was away before its first commit, is passed over.";
        trap("kafka-reset-to-latest", message.to_owned(), "OffsetFetcher.resetPositionsIfNeeded; KAFKA-20539")
    }

    /// A consumer that found nothing in a partition asks again when its question would have timed out.
    fn reset_by_short_duration(&self) -> Option<Trap> {
        let (Reset::ByDuration(duration), patience) =
            (self.config.consumer.reset, self.config.consumer.request_timeout)
        else {
            return None;
        };
        if !self.has_group() || duration > patience {
            return None;
        }
        let message = format!(
            "auto.offset.reset=by_duration of {duration} is no longer than request.timeout.ms ({patience}): where nothing \
             is as young, a consumer asks again only after that, and then what came first is too old: it is passed over."
        );
        trap("kafka-reset-by-short-duration", message, "OffsetFetcher.resetPositionsAsync at 4.1; KIP-1106")
    }

    fn brokers_that_are_controllers(&self) -> Option<Trap> {
        let roles = self.effective.text("broker", "process.roles")?;
        let has = |role: &str| roles.split(',').any(|one| one.trim() == role);
        if !has("broker") || !has("controller") {
            return None;
        }
        let message = "process.roles makes these brokers controllers too: where more than half of those are down, \
                       nothing is elected and no in-sync set changes. Here the controller is a machine of its own, so \
                       outages after the death of brokers are understated.";
        trap("kafka-combined-roles", message.to_owned(), "KafkaRaftServer; docs/operations/kraft, process roles")
    }
}

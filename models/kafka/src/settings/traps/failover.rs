//! Traps of settings that say who takes over when, and how long a producer waits for that.

use std::collections::BTreeSet;

use ackproof_core::setting::Trap;
use ackproof_core::time::Span;

use super::super::is_librdkafka;
use super::{Row, trap};
use crate::config::{Acks, Client};

/// Below this, followers are taken for lost in pauses that brokers have now and then.
///
/// Source: KIP-537, which went from this to three times as long.
const SHORT_LAG: Span = Span::secs(10);

impl Row<'_> {
    fn has_copies(&self) -> bool {
        self.config.topic.replication_factor > 1
    }

    pub(super) fn acks_0(&self) -> Option<Trap> {
        if self.config.producer.acks != Acks::None {
            return None;
        }
        let message = "acks=0: a message counts as sent once it is written to a connection. Nothing is ever acknowledged, so \
                       that no acknowledged message can be lost; ask for no-unreported-loss to see what is.";
        trap("kafka-acks-0", message.to_owned(), "ProducerConfig on acks")
    }

    /// Of librdkafka's there is a word of its own, and where it turns idempotence off that says it.
    pub(super) fn first_error_is_final(&self) -> Option<Trap> {
        let producer = &self.config.producer;
        let is_said = self.config.client != Client::Java || producer.acks == Acks::None;
        if producer.retries > 0 || is_said {
            return None;
        }
        let message = "retries=0: the first error is final, also those that pass by themselves. Every change of a leader, \
                       planned or not, is a failure that the application has to deal with.";
        trap("kafka-retries-zero", message.to_owned(), "Sender.canRetry at 4.1; ProducerConfig on retries")
    }

    fn delivery_timeout_key(&self) -> &'static str {
        if is_librdkafka(self.effective) { "message.timeout.ms" } else { "delivery.timeout.ms" }
    }

    pub(super) fn gives_up_before_a_failover(&self) -> Option<Trap> {
        let (tries, session) = (self.config.producer.delivery_timeout, self.config.broker.session_timeout);
        if !self.has_copies() || self.config.producer.acks == Acks::None || tries >= session {
            return None;
        }
        let session_key = match self.config.broker.with_zookeeper {
            true => "zookeeper.session.timeout.ms",
            false => "broker.session.timeout.ms",
        };
        let message = format!(
            "{} ({tries}) is shorter than {session_key} ({session}), after which a leader that died is replaced: what is \
             sent meanwhile is given up before anybody can take it.",
            self.delivery_timeout_key()
        );
        trap("kafka-gives-up-before-a-failover", message, "KIP-91; ReplicationControlManager.maybeFenceOneStaleBroker")
    }

    /// A follower that hangs is waited for until it has left the in-sync set, and the request may time out before.
    pub(super) fn gives_up_before_a_follower_leaves(&self) -> Option<Trap> {
        let (producer, lag) = (&self.config.producer, self.config.broker.replica_lag_max);
        let repeats = producer.acks == Acks::All && producer.retries > 0 && !producer.is_idempotent;
        if !self.has_copies() || !repeats || producer.request_timeout >= lag {
            return None;
        }
        let message = format!(
            "request.timeout.ms ({}) is shorter than replica.lag.time.max.ms ({lag}), for which a follower that hangs is \
             waited for: every batch meanwhile is sent again although it is in the log, and without idempotence it lands twice.",
            producer.request_timeout
        );
        trap("kafka-request-timeout-below-lag", message, "ProducerConfig on request.timeout.ms")
    }

    pub(super) fn followers_leave_soon(&self) -> Option<Trap> {
        let (topic, lag) = (&self.config.topic, self.config.broker.replica_lag_max);
        if !self.is_all() || !self.has_copies() || topic.min_insync_replicas > 1 || lag >= SHORT_LAG {
            return None;
        }
        let message = format!(
            "replica.lag.time.max.ms={}: followers leave the in-sync set in a short pause, and with min.insync.replicas=1 \
             the leader alone then confirms what nobody else has.",
            lag.0
        );
        trap("kafka-short-lag", message, "KIP-537; docs/design: replicated logs")
    }

    pub(super) fn two_racks(&self) -> Option<Trap> {
        let racks: BTreeSet<&String> = self.setup.cluster.racks.iter().collect();
        let topic = &self.config.topic;
        let copies = u32::from(topic.replication_factor);
        let (fewer, more) = (copies / 2, copies.div_ceil(2));
        let required = topic.effective_min_isr(self.config.rules);
        if racks.len() != 2 || copies < 3 || !self.is_all() || required > more {
            return None;
        }
        let message = format!(
            "{copies} copies in two racks: one rack has at least {more} of them, enough for \
             min.insync.replicas={required}: while the other rack cannot be reached they confirm what is then in one rack \
             only, and is lost with it. The other rack has {fewer} at most."
        );
        trap("kafka-two-racks", message, "KIP-36; KIP-966, motivation")
    }

    pub(super) fn stops_without_handover(&self) -> Option<Trap> {
        if self.config.broker.controlled_shutdown || !self.has_copies() {
            return None;
        }
        let message = format!(
            "controlled.shutdown.enable=false: a broker that is stopped hands nothing over, and its partitions have no \
             leader that answers until its session has ended ({}).",
            self.config.broker.session_timeout
        );
        trap("kafka-stop-without-handover", message, "docs/operations: graceful shutdown")
    }
}

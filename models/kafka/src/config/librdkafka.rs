//! The settings of librdkafka's clients as the actors read them.

use ackproof_core::setup::{AckMode, Setup};
use ackproof_core::time::Span;

use super::reader::Reader;
use super::{
    Acks, Backoff, Client, Clock, Commit, ConnectionConfig, ConsumerConfig, Librdkafka, MESSAGE_BYTES, ProducerConfig,
    Reset, Stores,
};
use crate::assignor::Strategy;
use crate::settings::{Idempotence, idempotence, is_librdkafka};

/// Requests in flight that an idempotent producer is limited to where nobody says.
/// Source: `rd_kafka_conf_finalize` (`RD_KAFKA_IDEMP_MAX_INFLIGHT`) at 2.15.0.
const IDEMPOTENT_IN_FLIGHT: u32 = 5;

/// A strategy by librdkafka's name for it. It has its own sticky one only in the cooperative form.
pub fn librdkafka_strategy(name: &str) -> Option<Strategy> {
    match name.trim() {
        "range" => Some(Strategy::Range),
        "roundrobin" => Some(Strategy::RoundRobin),
        "cooperative-sticky" => Some(Strategy::CooperativeSticky),
        _ => None,
    }
}

impl Reader<'_> {
    pub(super) fn client(self) -> Client {
        if !is_librdkafka(self.effective) {
            return Client::Java;
        }
        Client::Librdkafka(Librdkafka {
            batch_messages: self.count("producer", "batch.num.messages"),
            max_messages: Some(self.count("producer", "queue.buffering.max.messages")).filter(|most| *most > 0),
            backpressure: self.count("producer", "queue.buffering.backpressure.threshold"),
            is_gapless: self.effective.bool("producer", "enable.gapless.guarantee"),
        })
    }

    /// Source: `rd_kafka_conf_finalize`, `rd_kafka_topic_conf_finalize` at 2.15.0.
    pub(super) fn librdkafka_producer(self) -> ProducerConfig {
        let key = "max.in.flight.requests.per.connection";
        let in_flight = self.count("producer", key);
        let is_idempotent = idempotence(self.effective) == Idempotence::On;
        let delivery_timeout = match self.span("producer", "message.timeout.ms") {
            Span::ZERO => Span::MAX,
            timeout => timeout,
        };
        let linger = self.fractional("producer", "linger.ms");
        ProducerConfig {
            acks: if is_idempotent { Acks::All } else { self.acks() },
            retries: self.count("producer", "retries"),
            delivery_timeout,
            request_timeout: self.span("producer", "request.timeout.ms"),
            // A linger that nobody set gives way to a shorter message timeout.
            linger: linger.min(Span(delivery_timeout.0.saturating_sub(1))),
            batch_size_bytes: self.count("producer", "batch.size"),
            max_in_flight: match is_idempotent && !self.effective.is_set("producer", key) {
                true => in_flight.min(IDEMPOTENT_IN_FLIGHT),
                false => in_flight,
            },
            is_idempotent,
            backoff: self.pause("producer", "retry.backoff.ms"),
            connection: self.librdkafka_connection("producer"),
            // What does not fit is refused at once.
            max_block: Span::ZERO,
            transaction_timeout: None,
            buffer_memory_bytes: (self.number("producer", "queue.buffering.max.kbytes") * 1024).max(MESSAGE_BYTES),
        }
    }

    pub(super) fn librdkafka_consumer(self, setup: &Setup) -> ConsumerConfig {
        let app = &setup.app.consumer;
        let strategies: Vec<Strategy> = self
            .effective
            .text("consumer", "partition.assignment.strategy")
            .unwrap_or_default()
            .split(',')
            .filter_map(librdkafka_strategy)
            .collect();
        let after_error = self.span("consumer", "fetch.error.backoff.ms");
        ConsumerConfig {
            commit: self.librdkafka_commit(app.ack),
            processing: app.processing,
            on_error: app.on_error,
            reset: match self.effective.text("consumer", "auto.offset.reset") {
                Some("smallest" | "earliest" | "beginning") => Reset::Earliest,
                Some("largest" | "latest" | "end") => Reset::Latest,
                Some("error") => Reset::None,
                other => panic!("consumer.auto.offset.reset is no word of librdkafka's: {other:?}"),
            },
            // rd_kafka_consumer_poll() returns a single message.
            max_poll_records: 1,
            isolation: self.isolation(),
            commit_call: app.commit,
            // librdkafka does since 2.1.0 (KIP-320).
            checks_positions: self.checks_positions(),
            max_poll_interval: self.span("consumer", "max.poll.interval.ms"),
            session_timeout: self.span("consumer", "session.timeout.ms"),
            heartbeat_interval: self.span("consumer", "heartbeat.interval.ms"),
            is_reconciling: false,
            is_static: self.is_static(),
            leaves_on_close: true,
            group_heartbeat_interval: self.span_since("group.consumer.heartbeat.interval.ms", Span::secs(5)),
            may_commit_ahead: false,
            strategy: strategies.first().copied().unwrap_or(Strategy::Range),
            is_cooperative: !strategies.is_empty() && strategies.iter().all(|strategy| strategy.is_cooperative()),
            joins_in_background: true,
            fetch_max_wait: self.span("consumer", "fetch.wait.max.ms"),
            request_timeout: self.span("consumer", "socket.timeout.ms"),
            // A commit waits so long for a coordinator. Source: `rd_kafka_cgrp_defer_offset_commit` at 2.15.0.
            api_timeout: self.span("consumer", "session.timeout.ms"),
            backoff: Backoff { first: after_error, most: after_error, doubles: false },
            connection: ConnectionConfig { clock: Clock::Wall, ..self.librdkafka_connection("consumer") },
        }
    }

    /// What the application does wins where librdkafka leaves it the choice. One that says that it commits has turned
    /// automatic commits off, unless it has turned off that delivery alone marks a message for them: then it marks
    /// messages itself, and the client commits what is marked.
    ///
    /// Source: INTRODUCTION.md, at-least-once processing, at 2.15.0.
    fn librdkafka_commit(self, ack: Option<AckMode>) -> Commit {
        let flag = |key| self.effective.bool("consumer", key);
        let is_auto = flag("enable.auto.commit");
        let marks_itself = is_auto && !flag("enable.auto.offset.store");
        let interval = Some(self.span("consumer", "auto.commit.interval.ms")).filter(|span| *span > Span::ZERO);
        let background = |stores| Commit::Background { interval, stores };
        match ack {
            Some(AckMode::AfterProcessing | AckMode::AfterBatch) | None if marks_itself => {
                background(Stores::AfterProcessing)
            }
            Some(AckMode::BeforeProcessing) if marks_itself => background(Stores::OnDelivery),
            Some(AckMode::Auto) => background(Stores::OnDelivery),
            None if is_auto => background(Stores::OnDelivery),
            Some(AckMode::BeforeProcessing) => Commit::BeforeProcessing,
            // A poll returns one message: every one is a batch.
            Some(AckMode::AfterProcessing | AckMode::AfterBatch | AckMode::InTransaction) | None => {
                Commit::AfterProcessing
            }
        }
    }

    fn librdkafka_connection(self, section: &str) -> ConnectionConfig {
        let setup = self.span(section, "socket.connection.setup.timeout.ms");
        let fast = match self.effective.is_set(section, "topic.metadata.refresh.fast.interval.ms") {
            true => "topic.metadata.refresh.fast.interval.ms",
            false => "retry.backoff.ms",
        };
        ConnectionConfig {
            clock: Clock::Monotonic,
            reconnect: Backoff {
                first: self.span(section, "reconnect.backoff.ms"),
                most: self.span(section, "reconnect.backoff.max.ms"),
                doubles: true,
            },
            setup_timeout: Backoff { first: setup, most: setup, doubles: false },
            request_timeout: self.span(section, "socket.timeout.ms"),
            backoff: self.pause(section, fast),
            metadata_max_age: match self.effective.int(section, "topic.metadata.refresh.interval.ms") {
                ..=0 => Span::MAX,
                interval => Span(interval as u64),
            },
        }
    }

    /// Source: KIP-580; `rd_kafka_retry_msgq` at 2.15.0.
    fn pause(self, section: &str, key: &str) -> Backoff {
        Backoff { first: self.span(section, key), most: self.span(section, "retry.backoff.max.ms"), doubles: true }
    }

    /// Milliseconds with a fraction; what is left of one counts as a whole.
    fn fractional(self, section: &str, key: &str) -> Span {
        let text = self.effective.text(section, key).unwrap_or_default();
        let ms: f64 = text.parse().unwrap_or_else(|_| panic!("{section}.{key} is no number: {text}"));
        Span(ms.ceil() as u64)
    }
}

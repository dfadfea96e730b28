//! From the text of a row to typed values, and from a broker's values to a topic's.

use ackproof_core::setting::Effective;
use ackproof_core::setup::{AckMode, Setup};
use ackproof_core::time::Span;

use super::{
    Acks, Backoff, BrokerConfig, Clock, Commit, ConnectionConfig, ConsumerConfig, Forgetting, ProducerConfig, Protocol,
    Reset, Retention, Rules, Speech, TimestampLimits, TopicConfig, TransactionsConfig, Version,
};
use crate::assignor::Strategy;
use crate::mutation::Rule;
use crate::settings::{Idempotence, idempotence};
use crate::transaction::Isolation;

/// Kafka's own word for "never" in settings of type long: `Long.MAX_VALUE`.
const LONG_MAX: i64 = i64::MAX;

/// Picks values out of a row by section and type.
#[derive(Copy, Clone)]
pub(super) struct Reader<'a> {
    pub(super) effective: &'a Effective,
}

impl<'a> Reader<'a> {
    pub(super) fn number(self, section: &str, key: &str) -> u64 {
        self.effective.int(section, key).max(0) as u64
    }
    pub(super) fn count(self, section: &str, key: &str) -> u32 {
        self.number(section, key).min(u64::from(u32::MAX)) as u32
    }
    pub(super) fn span(self, section: &str, key: &str) -> Span {
        Span(self.number(section, key)).min(Span::MAX)
    }
    /// The same for a setting that came with a later version: `before` is for those that do not have it, where nothing
    /// asks for it.
    pub(super) fn span_since(self, key: &str, before: Span) -> Span {
        match self.effective.text("broker", key) {
            Some(_) => self.span("broker", key),
            None => before,
        }
    }
    /// `None` when the value is Kafka's "never", or nobody set one.
    pub(super) fn finite(self, section: &str, key: &str) -> Option<u64> {
        self.effective.text(section, key)?;
        (self.effective.int(section, key) != LONG_MAX).then(|| self.number(section, key))
    }
    /// A topic's own value, else the broker's default for topics.
    pub(super) fn inherited(self, key: &str, broker_key: &str) -> u64 {
        match self.effective.text("topic", key) {
            Some(_) => self.number("topic", key),
            None => self.number("broker", broker_key),
        }
    }

    /// How brokers talk and write; `None` from 4.0 on, where nobody can choose. Values that a broker does not start with
    /// were refused before.
    ///
    /// A topic's own format is passed over when it is newer than the protocol. Source:
    /// `TopicConfigHandler.excludedConfigs` on 2.8 and 3.9.
    pub(super) fn speech(self, version: Version) -> Option<Speech> {
        let parse = |section, key| Protocol::parse(self.effective.text(section, key)?, version);
        let protocol = parse("broker", "inter.broker.protocol.version")?;
        let of_brokers = parse("broker", "log.message.format.version").unwrap_or(protocol);
        let of_topic = parse("topic", "message.format.version").filter(|format| *format <= protocol);
        let format = match protocol.ignores_formats(version) {
            true => protocol,
            false => of_topic.unwrap_or(of_brokers),
        };
        Some(Speech { protocol, format })
    }

    /// Whether the brokers' own settings say that they run with ZooKeeper, which they may up to 3.9.
    fn runs_with_zookeeper(self, version: Version) -> bool {
        let is_set = |key| self.effective.text("broker", key).is_some();
        super::default_protocol(version).is_some() && is_set("zookeeper.connect") && !is_set("process.roles")
    }

    pub(super) fn broker(self, rules: Rules, version: Version) -> BrokerConfig {
        let span = |key| self.span("broker", key);
        let with_zookeeper = self.runs_with_zookeeper(version);
        // A ZooKeeper client that has nothing to say pings three times a session.
        let (session_timeout, heartbeat_interval) = match with_zookeeper.then(|| span("zookeeper.session.timeout.ms")) {
            Some(session) => (session, Span((session.0 / 3).max(1))),
            None => (span("broker.session.timeout.ms"), span("broker.heartbeat.interval.ms")),
        };
        BrokerConfig {
            with_zookeeper,
            session_timeout,
            heartbeat_interval,
            replica_lag_max: span("replica.lag.time.max.ms"),
            replica_fetch_wait_max: span("replica.fetch.wait.max.ms"),
            replica_fetch_backoff: span("replica.fetch.backoff.ms"),
            flush_scheduler_interval: self.finite("broker", "log.flush.scheduler.interval.ms").map(Span),
            high_watermark_checkpoint_interval: span("replica.high.watermark.checkpoint.interval.ms"),
            offsets_retention: Span(60_000 * self.number("broker", "offsets.retention.minutes")),
            offsets_retention_check_interval: span("offsets.retention.check.interval.ms"),
            retention_check_interval: span("log.retention.check.interval.ms"),
            log_start_checkpoint_interval: span("log.flush.start.offset.checkpoint.interval.ms"),
            controlled_shutdown: self.effective.bool("broker", "controlled.shutdown.enable"),
            leader_rebalance_interval: self
                .effective
                .bool("broker", "auto.leader.rebalance.enable")
                .then(|| Span::secs(self.number("broker", "leader.imbalance.check.interval.seconds")).min(Span::MAX)),
            unclean_election_interval: self.span_since("unclean.leader.election.interval.ms", Span::secs(300)),
            eligible_leader_replicas: self.finite("broker", "eligible.leader.replicas.version") == Some(1),
            offsets_commit_timeout: span("offsets.commit.timeout.ms"),
            group_session_timeout: self.span_since("group.consumer.session.timeout.ms", Span::secs(45)),
            initial_rebalance_delay: span("group.initial.rebalance.delay.ms"),
            transactions: TransactionsConfig {
                epoch_each: self.finite("broker", "transaction.version") == Some(2),
                verifies: rules.verifies_transactions
                    && self.effective.bool("broker", "transaction.partition.verification.enable"),
                cleanup_interval: span("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
                id_expiry: Forgetting {
                    after: span("transactional.id.expiration.ms"),
                    every: span("transaction.remove.expired.transaction.cleanup.interval.ms"),
                },
            },
            producer_expiry: self.producer_expiry(version),
        }
    }

    /// Source: `LogManager.apply`, core, 3.3 and 3.4; KIP-854.
    fn producer_expiry(self, version: Version) -> Forgetting {
        let span = |key| self.span("broker", key);
        match version < Version::new(3, 4) {
            true => Forgetting { after: span("transactional.id.expiration.ms"), every: Span::secs(600) },
            false => Forgetting {
                after: span("producer.id.expiration.ms"),
                every: span("producer.id.expiration.check.interval.ms"),
            },
        }
    }

    /// Whether anybody sends in transactions.
    pub(super) fn has_transactions(self) -> bool {
        self.effective.text("producer", "transactional.id").is_some()
    }

    /// The topic of transactions sets these three, whatever the cluster's defaults. Its segments are as large as those of
    /// committed offsets by default.
    /// Source: `TransactionStateManager.transactionTopicConfigs`, 4.1.
    pub(super) fn transaction_state(self) -> TopicConfig {
        let replication_factor = self.number("broker", "transaction.state.log.replication.factor");
        TopicConfig {
            partitions: 1,
            replication_factor: replication_factor.min(u64::from(u8::MAX)) as u8,
            min_insync_replicas: self.count("broker", "transaction.state.log.min.isr"),
            unclean_leader_election: false,
            flush_messages: self.finite("broker", "log.flush.interval.messages"),
            flush_interval: self.broker_flush_interval(),
            segments: self.offsets_segments(),
            retention: Retention::NEVER,
            timestamps: TimestampLimits::NONE,
        }
    }

    pub(super) fn topic(self, version: Version) -> TopicConfig {
        let key = "unclean.leader.election.enable";
        let unclean_section = if self.effective.text("topic", key).is_some() { "topic" } else { "broker" };
        TopicConfig {
            partitions: self.inherited("partitions", "num.partitions").min(u64::from(u16::MAX)) as u16,
            replication_factor: self
                .inherited("replication.factor", "default.replication.factor")
                .min(u64::from(u8::MAX)) as u8,
            min_insync_replicas: self.inherited("min.insync.replicas", "min.insync.replicas").min(u64::from(u32::MAX))
                as u32,
            unclean_leader_election: self.effective.bool(unclean_section, key),
            flush_messages: match self.effective.text("topic", "flush.messages") {
                Some(_) => self.finite("topic", "flush.messages"),
                None => self.finite("broker", "log.flush.interval.messages"),
            },
            flush_interval: match self.effective.text("topic", "flush.ms") {
                Some(_) => self.finite("topic", "flush.ms").map(Span),
                None => self.broker_flush_interval(),
            },
            segments: self.segments(),
            retention: self.retention(),
            timestamps: self.timestamps(version),
        }
    }

    /// Source: `KafkaConfig.logFlushIntervalMs`, core, 4.1: the scheduler's interval stands in for a missing one.
    fn broker_flush_interval(self) -> Option<Span> {
        match self.effective.text("broker", "log.flush.interval.ms") {
            Some(_) => self.finite("broker", "log.flush.interval.ms").map(Span),
            None => self.finite("broker", "log.flush.scheduler.interval.ms").map(Span),
        }
    }

    /// The topic of committed offsets lives by the cluster's defaults in everything but its replication factor.
    /// Source: `GroupCoordinatorService.groupMetadataTopicConfigs`, 4.1.
    pub(super) fn offsets(self, brokers: u8) -> TopicConfig {
        let replication_factor = self.number("broker", "offsets.topic.replication.factor").min(u64::from(brokers));
        TopicConfig {
            partitions: 1,
            replication_factor: replication_factor as u8,
            min_insync_replicas: self.count("broker", "min.insync.replicas"),
            unclean_leader_election: self.effective.bool("broker", "unclean.leader.election.enable"),
            flush_messages: self.finite("broker", "log.flush.interval.messages"),
            flush_interval: self.broker_flush_interval(),
            segments: self.offsets_segments(),
            retention: Retention::NEVER,
            timestamps: TimestampLimits::NONE,
        }
    }

    fn backoff(self, section: &str, rules: Rules) -> Backoff {
        let first = self.span(section, "retry.backoff.ms");
        match rules.exponential_client_backoff {
            true => Backoff { first, most: self.span(section, "retry.backoff.max.ms"), doubles: true },
            false => Backoff { first, most: first, doubles: false },
        }
    }

    fn connection(self, section: &str, rules: Rules) -> ConnectionConfig {
        let growing =
            |first, most| Backoff { first: self.span(section, first), most: self.span(section, most), doubles: true };
        ConnectionConfig {
            clock: Clock::Wall,
            reconnect: growing("reconnect.backoff.ms", "reconnect.backoff.max.ms"),
            setup_timeout: growing("socket.connection.setup.timeout.ms", "socket.connection.setup.timeout.max.ms"),
            request_timeout: self.span(section, "request.timeout.ms"),
            backoff: self.backoff(section, rules),
            metadata_max_age: self.span(section, "metadata.max.age.ms"),
        }
    }

    pub(super) fn producer(self, rules: Rules) -> ProducerConfig {
        let span = |key| self.span("producer", key);
        let linger = span("linger.ms");
        let request_timeout = span("request.timeout.ms");
        ProducerConfig {
            acks: self.acks(),
            retries: self.count("producer", "retries"),
            delivery_timeout: self.delivery_timeout(linger, request_timeout),
            request_timeout,
            linger,
            batch_size_bytes: self.count("producer", "batch.size"),
            max_in_flight: self.count("producer", "max.in.flight.requests.per.connection"),
            is_idempotent: match idempotence(self.effective) {
                Idempotence::On => true,
                Idempotence::SilentlyOff { .. } => !Rule::SilentlyOff.holds(),
                Idempotence::Off | Idempotence::WithoutEffect | Idempotence::Refused { .. } => false,
            },
            backoff: self.backoff("producer", rules),
            connection: self.connection("producer", rules),
            max_block: span("max.block.ms"),
            transaction_timeout: self.has_transactions().then(|| span("transaction.timeout.ms")),
            buffer_memory_bytes: self.number("producer", "buffer.memory"),
        }
    }

    /// Before 3.0, choosing idempotence alone raised the default of 1 to all.
    /// Source: `KafkaProducer.configureAcks` on 2.8.
    pub(super) fn acks(self) -> Acks {
        let chosen = |key| self.effective.is_set("producer", key);
        let idempotence = match chosen("enable.idempotence") {
            true => self.effective.bool("producer", "enable.idempotence"),
            // Up to 2.8 a transactional.id chose it too.
            false => self.has_transactions(),
        };
        if idempotence && !chosen("acks") {
            return Acks::All;
        }
        match self.effective.text("producer", "acks") {
            Some("0") => Acks::None,
            Some("1") => Acks::Leader,
            Some("all" | "-1") => Acks::All,
            other => panic!("producer.acks is none of 0, 1, all: {other:?}"),
        }
    }

    /// A delivery timeout that nobody set is raised to what linger and request timeout need.
    /// Source: `KafkaProducer.configureDeliveryTimeout`, 4.1.
    fn delivery_timeout(self, linger: Span, request_timeout: Span) -> Span {
        let configured = self.span("producer", "delivery.timeout.ms");
        match self.effective.is_set("producer", "delivery.timeout.ms") {
            true => configured,
            false => configured.max(linger + request_timeout),
        }
    }

    pub(super) fn isolation(self) -> Isolation {
        match self.effective.text("consumer", "isolation.level") {
            Some("read_committed") => Isolation::ReadCommitted,
            Some("read_uncommitted") => Isolation::ReadUncommitted,
            other => panic!("consumer.isolation.level is none of read_committed, read_uncommitted: {other:?}"),
        }
    }

    fn reset(self) -> Reset {
        let text = self.effective.text("consumer", "auto.offset.reset").unwrap_or_default();
        Reset::parse(text).unwrap_or_else(|problem| panic!("consumer.auto.offset.reset={text}: {problem}"))
    }

    pub(super) fn checks_positions(self) -> bool {
        Version::parse(&self.effective.version)
            .is_none_or(|version| super::messages_have_epochs(self.effective, version))
    }

    pub(super) fn is_static(self) -> bool {
        let id = self.effective.text("consumer", "group.instance.id").unwrap_or_default();
        !id.is_empty() && Rule::StaticMembers.holds()
    }

    pub(super) fn consumer(self, rules: Rules, setup: &Setup) -> ConsumerConfig {
        let span = |key| self.span("consumer", key);
        let app = &setup.app.consumer;
        let is_reconciling = self.effective.text("consumer", "group.protocol") == Some("consumer");
        let version = Version::parse(&self.effective.version);
        let strategies = Strategy::read(self.effective.text("consumer", "partition.assignment.strategy"));
        ConsumerConfig {
            commit: self.commit(app.ack),
            commit_call: app.commit,
            processing: app.processing,
            on_error: app.on_error,
            reset: self.reset(),
            isolation: self.isolation(),
            max_poll_records: self.count("consumer", "max.poll.records"),
            checks_positions: self.checks_positions(),
            max_poll_interval: span("max.poll.interval.ms"),
            session_timeout: span("session.timeout.ms"),
            heartbeat_interval: span("heartbeat.interval.ms"),
            is_reconciling,
            is_static: self.is_static(),
            leaves_on_close: is_reconciling || self.effective.bool("consumer", "internal.leave.group.on.close"),
            group_heartbeat_interval: self.span_since("group.consumer.heartbeat.interval.ms", Span::secs(5)),
            may_commit_ahead: is_reconciling && version.is_some_and(|version| version < Version::new(4, 0)),
            strategy: strategies.first().copied().unwrap_or(Strategy::Range),
            is_cooperative: is_reconciling
                || !strategies.is_empty() && strategies.iter().all(|strategy| strategy.is_cooperative()),
            joins_in_background: false,
            fetch_max_wait: span("fetch.max.wait.ms"),
            request_timeout: span("request.timeout.ms"),
            api_timeout: span("default.api.timeout.ms"),
            backoff: self.backoff("consumer", rules),
            connection: self.connection("consumer", rules),
        }
    }

    /// What the application does wins where Kafka leaves it the choice: an application that says when it commits
    /// has turned automatic commits off, whatever the default.
    fn commit(self, ack: Option<AckMode>) -> Commit {
        let interval = self.span("consumer", "auto.commit.interval.ms");
        let is_auto = self.effective.bool("consumer", "enable.auto.commit");
        match ack {
            None if is_auto => Commit::Auto { interval },
            // Automatic commits are off and nobody said what happens instead: the usual loop.
            None => Commit::AfterBatch,
            Some(AckMode::Auto) => Commit::Auto { interval },
            Some(AckMode::BeforeProcessing) => Commit::BeforeProcessing,
            Some(AckMode::AfterProcessing) => Commit::AfterProcessing,
            Some(AckMode::AfterBatch) => Commit::AfterBatch,
            Some(AckMode::InTransaction) => Commit::InTransaction,
        }
    }
}

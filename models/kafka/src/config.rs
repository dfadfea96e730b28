//! The settings of one row as the actors read them: typed, with a broker's values standing in for a topic's, and the
//! rules that this version of Kafka plays by.

mod librdkafka;
mod reader;
mod retention;
mod truncation;

use ackproof_core::seed::Stream;
use ackproof_core::setting::Effective;
use ackproof_core::setup::{AckMode, CommitCall, OnError, Processing, Setup};
use ackproof_core::time::{Span, Time};
use ackproof_log::SegmentLimits;

/// What a message counts as, whatever counts bytes.
pub const MESSAGE_BYTES: u64 = 100;

use crate::assignor::Strategy;
use crate::bugs;
use crate::release::Release;
pub use crate::release::Version;
use crate::settings;
use crate::transaction::Isolation;
pub use librdkafka::librdkafka_strategy;
pub use truncation::{Protocol, Speech, Truncation, default_protocol};

/// Rules that came with a release.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Rules {
    /// `min.insync.replicas` counts as the replication factor when it is larger. Before, such a topic refused every
    /// write with `acks=all`. Source: `Partition.effectiveMinIsr`, 3.7; absent on the 3.6 branch.
    pub min_isr_capped_at_rf: bool,
    /// The high watermark stands still while the in-sync set is smaller than `min.insync.replicas`, whatever the
    /// acks. Source: KAFKA-15583, `Partition.maybeIncrementLeaderHW`, 3.7.
    pub strict_min_isr_hw: bool,
    /// The last known leader is elected even while it is fenced. See [`bugs::FENCED_LAST_KNOWN_LEADER`].
    pub fenced_last_known_leader: bool,
    /// A follower takes answers of an older leader epoch for present ones. See [`bugs::STALE_FETCH_ANSWER`].
    pub stale_fetch_answers: bool,
    /// A leader believes a fetch of whichever process. See [`bugs::BLANK_DISK_IN_SYNC`].
    pub mistakes_processes: bool,
    /// Client retries back off exponentially. Source: KIP-580, 3.7.
    pub exponential_client_backoff: bool,
    /// A producer that learns of a new leader sends again at once. Source: KIP-951, 3.7.
    pub new_leader_ends_backoff: bool,
    /// A leader asks the coordinator before it appends the first batch of a transaction, unless that is turned off.
    /// Source: KIP-890, KAFKA-14402; `ReplicaManager.appendRecords`, 3.6.
    pub verifies_transactions: bool,
    /// What it answers when the batch is part of none: TRANSACTION_ABORTABLE, before it INVALID_TXN_STATE.
    /// Source: `TransactionCoordinator.handleVerifyPartitionsInTransaction`, 3.8 and 3.7.
    pub knows_abortable: bool,
    /// With `transaction.version=2` the marker of a transaction has a newer epoch than its batches. Source: KIP-1228,
    /// `ProducerAppendInfo.checkProducerEpoch`, 4.2; absent at 4.1.
    pub strict_markers: bool,
}

impl Rules {
    pub fn of(release: Release) -> Rules {
        let version = release.version;
        Rules {
            min_isr_capped_at_rf: version >= Version::new(3, 7),
            strict_min_isr_hw: version >= Version::new(3, 7),
            fenced_last_known_leader: bugs::FENCED_LAST_KNOWN_LEADER.is_in(release),
            stale_fetch_answers: bugs::STALE_FETCH_ANSWER.is_in(release),
            mistakes_processes: bugs::BLANK_DISK_IN_SYNC.is_in(release),
            exponential_client_backoff: version >= Version::new(3, 7),
            new_leader_ends_backoff: version >= Version::new(3, 7),
            verifies_transactions: version >= Version::new(3, 6),
            knows_abortable: version >= Version::new(3, 8),
            strict_markers: version >= Version::new(4, 2),
        }
    }
}

/// One row, ready to run.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    pub version: Version,
    pub release: Release,
    pub rules: Rules,
    /// Broker machines, producers and consumers of the run.
    pub brokers: u8,
    pub producers: u8,
    pub consumers: u8,
    pub broker: BrokerConfig,
    /// How followers cut their logs.
    pub truncation: Truncation,
    /// Whether a follower's fetch names the leader epoch that it believes in.
    pub fences_fetches: bool,
    /// Whether it names the process that it comes from.
    pub names_processes: bool,
    /// The topic of the workload.
    pub topic: TopicConfig,
    /// `__consumer_offsets`, of which one partition is modelled: the only group's.
    pub offsets: TopicConfig,
    /// `__transaction_state`, of which one partition is modelled; `None` where nobody has transactions.
    pub transaction_state: Option<TopicConfig>,
    /// The library that producers and consumers use.
    pub client: Client,
    /// The producers of the workload send in transactions.
    pub sends_in_transactions: bool,
    /// The consumers write results in transactions, to a topic like that of the workload.
    pub results_in_transactions: bool,
    pub producer: ProducerConfig,
    pub consumer: ConsumerConfig,
}

/// A client library.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Client {
    Java,
    Librdkafka(Librdkafka),
}

/// What librdkafka's producer alone can be told.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Librdkafka {
    /// `batch.num.messages`.
    pub batch_messages: u32,
    /// `queue.buffering.max.messages`; `None` for no limit.
    pub max_messages: Option<u32>,
    /// `queue.buffering.backpressure.threshold`: requests that may be made for a broker before they can be sent.
    pub backpressure: u32,
    /// `enable.gapless.guarantee`.
    pub is_gapless: bool,
}

/// The clock that a client reads timeouts off.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Clock {
    Wall,
    Monotonic,
}

#[derive(Clone, PartialEq, Debug)]
pub struct BrokerConfig {
    /// The settings name a ZooKeeper, and the version still runs with one. Only its session timeout is modelled.
    pub with_zookeeper: bool,
    /// `broker.session.timeout.ms`, or `zookeeper.session.timeout.ms`: the controller fences a broker it has not heard from for so long.
    pub session_timeout: Span,
    pub heartbeat_interval: Span,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_max: Span,
    /// `replica.fetch.wait.max.ms`: how long a leader holds a follower's fetch that finds nothing.
    pub replica_fetch_wait_max: Span,
    /// `replica.fetch.backoff.ms`: a follower's pause after an error.
    pub replica_fetch_backoff: Span,
    /// `log.flush.scheduler.interval.ms`; `None` for never. Without it an interval of time is looked at once, 30 s after a start.
    pub flush_scheduler_interval: Option<Span>,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub high_watermark_checkpoint_interval: Span,
    /// `offsets.retention.minutes`: how long a group that nobody is in keeps its progress.
    pub offsets_retention: Span,
    pub offsets_retention_check_interval: Span,
    /// `log.retention.check.interval.ms`.
    pub retention_check_interval: Span,
    /// `log.flush.start.offset.checkpoint.interval.ms`.
    pub log_start_checkpoint_interval: Span,
    pub controlled_shutdown: bool,
    /// `leader.imbalance.check.interval.seconds`; `None` when `auto.leader.rebalance.enable` is off.
    pub leader_rebalance_interval: Option<Span>,
    /// `unclean.leader.election.interval.ms`.
    pub unclean_election_interval: Span,
    /// `eligible.leader.replicas.version` is 1.
    pub eligible_leader_replicas: bool,
    /// `offsets.commit.timeout.ms`: how long a coordinator waits for a commit to be replicated.
    pub offsets_commit_timeout: Span,
    /// `group.consumer.session.timeout.ms`.
    pub group_session_timeout: Span,
    /// `group.initial.rebalance.delay.ms`: how long an empty group waits for more members.
    pub initial_rebalance_delay: Span,
    pub transactions: TransactionsConfig,
}

/// How a cluster treats transactions.
#[derive(Clone, PartialEq, Debug)]
pub struct TransactionsConfig {
    /// `transaction.version` is 2: each transaction has a producer epoch, and producing to a partition adds it.
    pub epoch_each: bool,
    /// `transaction.partition.verification.enable`.
    pub verifies: bool,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`.
    pub cleanup_interval: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TopicConfig {
    pub partitions: u16,
    pub replication_factor: u8,
    /// As configured; see [`TopicConfig::effective_min_isr`].
    pub min_insync_replicas: u32,
    pub unclean_leader_election: bool,
    /// `flush.messages`; `None` for never.
    pub flush_messages: Option<u64>,
    /// `flush.ms`; `None` for never. Looked at when the flush scheduler runs.
    pub flush_interval: Option<Span>,
    /// `segment.bytes` and `segment.ms`.
    pub segments: SegmentLimits,
    pub retention: Retention,
    pub timestamps: TimestampLimits,
}

/// When segments are deleted; `None` for never.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Retention {
    /// `retention.ms`, counted from the latest timestamp in the segment.
    pub age: Option<Span>,
    /// `retention.bytes`: as long as what is left is no smaller.
    pub bytes: Option<u64>,
}

impl Retention {
    pub const NEVER: Retention = Retention { age: None, bytes: None };
}

/// Whose clock says how old a message is, and how far a producer's may be from the leader's.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct TimestampLimits {
    /// `message.timestamp.type` is LogAppendTime: the leader's clock alone, and there are no limits.
    pub by_leader: bool,
    /// `message.timestamp.before.max.ms`; `None` for no limit.
    pub before: Option<Span>,
    /// `message.timestamp.after.max.ms`; `None` for no limit.
    pub after: Option<Span>,
}

impl TimestampLimits {
    pub const NONE: TimestampLimits = TimestampLimits { by_leader: false, before: None, after: None };

    /// The timestamp that a batch gets; `None` when the leader does not take the one that it has.
    ///
    /// Source: `LogValidator.{validateTimestamp,recordHasInvalidTimestamp}`, storage, 4.1.
    pub fn stamp(&self, theirs: Time, ours: Time) -> Option<Time> {
        let is_beyond = |age: Span, limit: Option<Span>| limit.is_some_and(|limit| age > limit);
        if self.by_leader {
            return Some(ours);
        }
        (!is_beyond(ours.since(theirs), self.before) && !is_beyond(theirs.since(ours), self.after)).then_some(theirs)
    }
}

impl TopicConfig {
    /// The in-sync replicas that a write with `acks=all` needs.
    pub fn effective_min_isr(&self, rules: Rules) -> u32 {
        match rules.min_isr_capped_at_rf && crate::mutation::Rule::MinIsrCap.holds() {
            true => self.min_insync_replicas.min(u32::from(self.replication_factor)),
            false => self.min_insync_replicas,
        }
    }
}

/// `acks`: what a producer waits for.
#[derive(Copy, Clone, Eq, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Acks {
    None,
    Leader,
    All,
}

/// How a client gets a connection.
#[derive(Clone, PartialEq, Debug)]
pub struct ConnectionConfig {
    pub clock: Clock,
    /// `reconnect.backoff.ms` to `reconnect.backoff.max.ms`.
    pub reconnect: Backoff,
    /// `socket.connection.setup.timeout.ms` to `socket.connection.setup.timeout.max.ms`.
    pub setup_timeout: Backoff,
    pub request_timeout: Span,
    /// `retry.backoff.ms`: between two questions who leads.
    pub backoff: Backoff,
    pub metadata_max_age: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ProducerConfig {
    pub acks: Acks,
    pub retries: u32,
    pub delivery_timeout: Span,
    pub request_timeout: Span,
    pub linger: Span,
    pub batch_size_bytes: u32,
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: u32,
    /// `enable.idempotence`, unless other settings turn it off.
    pub is_idempotent: bool,
    pub backoff: Backoff,
    pub connection: ConnectionConfig,
    /// `max.block.ms`: how long `send()` waits for metadata or memory.
    pub max_block: Span,
    /// `transaction.timeout.ms`; `None` without a `transactional.id`.
    pub transaction_timeout: Option<Span>,
    pub buffer_memory_bytes: u64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ConsumerConfig {
    pub commit: Commit,
    /// `commitSync()` or `commitAsync()`, where the application commits by itself.
    pub commit_call: CommitCall,
    pub processing: Processing,
    pub on_error: OnError,
    pub reset: Reset,
    pub isolation: Isolation,
    pub max_poll_records: u32,
    /// Messages carry the leader epoch in which they were written, so that a position can be checked against a new leader.
    pub checks_positions: bool,
    /// `max.poll.interval.ms`: also how long a rebalance waits for a member.
    pub max_poll_interval: Span,
    pub session_timeout: Span,
    pub heartbeat_interval: Span,
    /// `group.protocol=consumer`.
    pub is_reconciling: bool,
    /// `group.consumer.heartbeat.interval.ms`, which the coordinator tells members.
    pub group_heartbeat_interval: Span,
    /// Before 4.0 `group.protocol=consumer` may store what a poll is about to return. Source: KAFKA-18641.
    pub may_commit_ahead: bool,
    /// `partition.assignment.strategy`, of which the group uses the first: every member has the same.
    pub strategy: Strategy,
    /// Members keep their partitions while they join again. One strategy that cannot is enough to give them up.
    pub is_cooperative: bool,
    /// A thread of the client gives partitions up and takes them while the application works, not only inside `poll()`.
    pub joins_in_background: bool,
    pub fetch_max_wait: Span,
    pub request_timeout: Span,
    /// `default.api.timeout.ms`: how long a blocking commit is tried.
    pub api_timeout: Span,
    pub backoff: Backoff,
    pub connection: ConnectionConfig,
}

/// When the group's progress is stored.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Commit {
    /// `enable.auto.commit`: inside `poll()`, once the interval has passed.
    Auto { interval: Span },
    /// librdkafka's `enable.auto.commit`: a thread of its own commits what is marked for it whenever the interval has
    /// passed; `None` for only when the consumer closes.
    Background { interval: Option<Span>, stores: Stores },
    /// `commitSync()` before the records that a poll returned are processed.
    BeforeProcessing,
    /// `commitSync()` after each record.
    AfterProcessing,
    /// `commitSync()` after all records of a poll.
    AfterBatch,
    /// `sendOffsetsToTransaction()` after all records of a poll, in the transaction of their results.
    InTransaction,
}

/// When librdkafka marks a message as one to commit.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Stores {
    /// `enable.auto.offset.store`: when the application is handed it.
    OnDelivery,
    /// The application does it (`rd_kafka_offsets_store()`) when it has finished with it.
    AfterProcessing,
}

/// `auto.offset.reset`: where to read from when there is no position to go on from.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Reset {
    Earliest,
    Latest,
    None,
}

/// A pause before trying again: `retry.backoff.ms` and, where it grows, `retry.backoff.max.ms`.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Backoff {
    pub first: Span,
    pub most: Span,
    pub doubles: bool,
}

impl Backoff {
    /// The pause after `failures` failures in a row, counted from 1: up to a fifth more or less, where it grows.
    ///
    /// Source: KIP-580; `ExponentialBackoff.backoff` at 4.1.
    pub fn draw(&self, failures: u32, random: &mut Stream) -> Span {
        let first = self.first.min(self.most);
        if !self.doubles || self.most <= self.first {
            return first;
        }
        let doublings = failures.saturating_sub(1).min(30);
        let term = first.0.saturating_mul(1 << doublings).min(self.most.0);
        let scattered = (term as f64 * (0.8 + 0.4 * random.unit())) as u64;
        Span(scattered).min(self.most)
    }
}

impl Config {
    /// After how long a member of the group that is not heard of is removed.
    pub fn session_timeout(&self) -> Span {
        match self.consumer.is_reconciling {
            true => self.broker.group_session_timeout,
            false => self.consumer.session_timeout,
        }
    }

    /// Types the values in force. Values that are not valid together were refused before.
    ///
    /// # Panics
    /// When a setting that the table promises a value for has none.
    pub fn from_effective(effective: &Effective, setup: &Setup) -> Config {
        let release = Release::parse(&effective.version)
            .unwrap_or_else(|| panic!("{} is no version of Kafka", effective.version));
        let (version, rules) = (release.version, Rules::of(release));
        let read = reader::Reader { effective };
        let speech = read.speech(version);
        let is_librdkafka = settings::is_librdkafka(effective);
        Config {
            version,
            release,
            rules,
            truncation: speech.map_or(Truncation::OnFetch, Speech::truncation),
            fences_fetches: speech.is_none_or(|speech| speech.protocol.fences_fetches()),
            names_processes: !rules.mistakes_processes && speech.is_none_or(|speech| speech.protocol.names_processes()),
            brokers: setup.cluster.brokers,
            producers: setup.workload.producers,
            consumers: setup.workload.consumers,
            broker: read.broker(rules, version),
            topic: read.topic(version),
            offsets: read.offsets(setup.cluster.brokers),
            transaction_state: read.has_transactions().then(|| read.transaction_state()),
            sends_in_transactions: read.has_transactions() && setup.app.producer.transaction.is_some(),
            results_in_transactions: read.has_transactions()
                && setup.app.consumer.ack == Some(AckMode::InTransaction)
                && setup.workload.consumers > 0,
            client: read.client(),
            producer: match is_librdkafka {
                true => read.librdkafka_producer(),
                false => read.producer(rules),
            },
            consumer: match is_librdkafka {
                true => read.librdkafka_consumer(setup),
                false => read.consumer(rules, setup),
            },
        }
    }
}

/// Whether the topic's messages carry leader epochs, before everything else of a row is known to be valid.
pub fn messages_have_epochs(effective: &Effective, version: Version) -> bool {
    reader::Reader { effective }.speech(version).is_none_or(Speech::has_epochs)
}

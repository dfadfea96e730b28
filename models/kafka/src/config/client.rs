//! What a producer and a consumer were told, typed, whichever library they use.

use ackproof_core::seed::Stream;
use ackproof_core::setup::{CommitCall, OnError, Processing};
use ackproof_core::time::Span;

use super::reset::Reset;
use crate::assignor::Strategy;
use crate::transaction::Isolation;

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
    /// It has a `group.instance.id`: that of the settings with the name of its machine.
    pub is_static: bool,
    /// `internal.leave.group.on.close`, which the consumer of the newer protocol does not heed.
    pub leaves_on_close: bool,
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

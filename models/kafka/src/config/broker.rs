//! What the brokers of a cluster were told, typed.

use ackproof_core::time::Span;

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
    /// `producer.id.expiration.ms` and `producer.id.expiration.check.interval.ms`, and up to 3.3
    /// `transactional.id.expiration.ms`, looked at every ten minutes.
    pub producer_expiry: Forgetting,
}

/// How long brokers know somebody of whom nothing is heard.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Forgetting {
    pub after: Span,
    /// How often they look.
    pub every: Span,
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
    /// `transactional.id.expiration.ms` and `transaction.remove.expired.transaction.cleanup.interval.ms`.
    pub id_expiry: Forgetting,
}

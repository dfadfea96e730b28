//! Broker settings that act, and two that are known and do not.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, NEVER, int, long};

const BROKER: Setting = Setting { section: "broker", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "min.insync.replicas",
        kind: int(1),
        defaults: &[("2.8", "1")],
        unit: "replicas",
        effect: "What a topic has that sets none of its own; always that of __consumer_offsets.",
        source: "ServerLogConfigs at 4.4; GroupCoordinatorService.groupMetadataTopicConfigs at 4.1",
        ..BROKER
    },
    Setting {
        key: "unclean.leader.election.enable",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "false")],
        effect: "When nobody in sync is left, a replica that lacks confirmed messages may lead, and they are gone.",
        source: "KIP-106; ReplicationConfigs at 4.4",
        ..BROKER
    },
    Setting {
        key: "eligible.leader.replicas.version",
        kind: ValueKind::Int { min: 0, max: 1 },
        defaults: &[("4.0", "0"), ("4.1", "1")],
        effect: "The cluster feature of this name, which kafka-storage format and kafka-features set, in no file: 1 lets replicas lead cleanly that left the in-sync set once it was smaller than min.insync.replicas.",
        source: "KIP-966; EligibleLeaderReplicasVersion at 4.1; docs/operations/eligible-leader-replicas at 4.4 (clusters made before 4.1 stay at 0)",
        ..BROKER
    },
    Setting {
        key: "default.replication.factor",
        kind: int(1),
        defaults: &[("2.8", "1")],
        unit: "replicas",
        effect: "Copies of a topic that sets no replication.factor.",
        source: "ReplicationConfigs at 4.4",
        ..BROKER
    },
    Setting {
        key: "num.partitions",
        kind: ValueKind::Int { min: 1, max: 1000 },
        defaults: &[("2.8", "1")],
        unit: "partitions",
        effect: "Partitions of a topic that sets none; at most 1000 are simulated.",
        source: "ServerLogConfigs at 4.4",
        ..BROKER
    },
    Setting {
        key: "replica.lag.time.max.ms",
        kind: long(0),
        defaults: &[("2.8", "30000")],
        unit: "ms",
        effect: "A follower behind for so long (up to half as much again) leaves the in-sync set; longer stalls acks=all, shorter leaves fewer copies.",
        source: "KIP-537; ReplicaManager.maybeShrinkIsr, Partition.getOutOfSyncReplicas at 4.1",
        ..BROKER
    },
    Setting {
        key: "replica.fetch.wait.max.ms",
        kind: int(0),
        defaults: &[("2.8", "500")],
        unit: "ms",
        effect: "How long a leader holds the fetch of a follower that has everything.",
        source: "ReplicationConfigs at 4.4",
        ..BROKER
    },
    Setting {
        key: "replica.fetch.backoff.ms",
        kind: int(0),
        defaults: &[("2.8", "1000")],
        unit: "ms",
        effect: "A follower's pause after a failed fetch.",
        source: "AbstractFetcherThread.partitionsWithError at 4.1",
        ..BROKER
    },
    Setting {
        key: "inter.broker.protocol.version",
        kind: ValueKind::Text,
        defaults: &[
            ("2.8", "2.8-IV1"),
            ("3.0", "3.0-IV1"),
            ("3.1", "3.1-IV0"),
            ("3.2", "3.2-IV0"),
            ("3.3", "3.3-IV3"),
            ("3.4", "3.4-IV0"),
            ("3.5", "3.5-IV2"),
            ("3.6", "3.6-IV2"),
            ("3.7", "3.7-IV4"),
            ("3.8", "3.8-IV0"),
            ("3.9", "3.9-IV0"),
            ("4.0", ""),
        ],
        effect: "How followers find where their logs part from their leader's: below 0.11.0-IV2 by their own high watermark, which loses; below 2.0-IV0 by the end of an epoch, which diverges after quick fail-overs; below 2.7-IV1 by epoch and end, before they fetch. Removed in 4.0.",
        source: "KIP-101, KIP-279, KIP-595; ApiVersion on 2.8, MetadataVersion on 3.9",
        ..BROKER
    },
    Setting {
        key: "log.message.format.version",
        kind: ValueKind::Text,
        defaults: &[("2.8", "2.8-IV1"), ("3.0", "3.0-IV1"), ("4.0", "")],
        effect: "Below 0.11.0 messages carry no leader epoch, so followers cut to their own high watermark and idempotent producers are refused. From 3.0 on without effect unless inter.broker.protocol.version is older than 3.0. Removed in 4.0.",
        source: "Log.initializeLeaderEpochCache on 2.8, LogConfig.shouldIgnoreMessageFormatVersion on 3.9",
        ..BROKER
    },
    Setting {
        key: "log.flush.interval.messages",
        kind: long(1),
        defaults: &[("2.8", NEVER)],
        unit: "messages",
        effect: "Every log is synced to disk when it has so many unsynced messages, before they are confirmed; 1 is every batch.",
        source: "UnifiedLog.append at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.flush.interval.ms",
        kind: long(0),
        unit: "ms",
        effect: "Age at which the flush scheduler syncs a log; without log.flush.scheduler.interval.ms it looks once, 30 s after a start.",
        source: "LogManager.flushDirtyLogs at 4.1",
        ..BROKER
    },
    Setting {
        key: "log.flush.scheduler.interval.ms",
        kind: long(1),
        defaults: &[("2.8", NEVER)],
        unit: "ms",
        effect: "How often the broker looks for logs that are due for a sync.",
        source: "LogManager.startupWithConfigOverrides at 4.1",
        ..BROKER
    },
    Setting {
        key: "replica.high.watermark.checkpoint.interval.ms",
        kind: long(1),
        defaults: &[("2.8", "5000")],
        unit: "ms",
        effect: "How often the high watermark is stored for the next start.",
        source: "ReplicaManager.checkpointHighWatermarks at 4.1",
        ..BROKER
    },
    Setting {
        key: "broker.heartbeat.interval.ms",
        kind: int(1),
        defaults: &[("2.8", "2000")],
        unit: "ms",
        effect: "How often a broker tells the controller that it lives.",
        source: "KRaftConfigs at 4.4",
        ..BROKER
    },
    Setting {
        key: "broker.session.timeout.ms",
        kind: int(1),
        defaults: &[("2.8", "9000")],
        unit: "ms",
        effect: "Silence after which the controller fences a broker: until then a cut-off leader confirms acks=0 and acks=1.",
        source: "KRaftConfigs, BrokerHeartbeatManager at 4.4",
        ..BROKER
    },
    Setting {
        key: "zookeeper.session.timeout.ms",
        kind: int(1),
        defaults: &[("2.8", "18000"), ("4.0", "")],
        unit: "ms",
        effect: "Takes the place of broker.session.timeout.ms where zookeeper.connect is set and process.roles is not: how long a dead or cut-off leader goes unnoticed. Removed in 4.0.",
        source: "KafkaConfig on 2.8, ZkConfigs on 3.9",
        ..BROKER
    },
    Setting {
        key: "controlled.shutdown.enable",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "true")],
        effect: "A clean stop hands leadership over first; off, it is noticed as a crash is.",
        source: "ServerConfigs, BrokerLifecycleManager at 4.4",
        ..BROKER
    },
    Setting {
        key: "auto.leader.rebalance.enable",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "true")],
        effect: "Leadership returns to the first replica by itself; every move loses what acks=1 confirmed and nobody copied.",
        source: "KAFKA-20554; ReplicationControlManager.maybeBalancePartitionLeaders at 4.1",
        ..BROKER
    },
    Setting {
        key: "leader.imbalance.check.interval.seconds",
        kind: long(1),
        defaults: &[("2.8", "300")],
        unit: "s",
        effect: "How often leadership returns to the first replicas.",
        source: "ReplicationConfigs at 4.4",
        ..BROKER
    },
    Setting {
        key: "unclean.leader.election.interval.ms",
        kind: long(1),
        defaults: &[("3.9", "300000")],
        unit: "ms",
        effect: "How often the controller looks for partitions that only an unclean election can bring back.",
        source: "KAFKA-12670; ReplicationConfigs at 4.4 (3.9 was the first to have it)",
        ..BROKER
    },
    Setting {
        key: "offsets.topic.replication.factor",
        kind: int(1),
        defaults: &[("2.8", "3")],
        unit: "replicas",
        effect: "Copies of the group's progress; with 1, a lost disk sends consumers back to auto.offset.reset.",
        source: "GroupCoordinatorConfig at 4.4; the shipped server.properties sets 1",
        ..BROKER
    },
    Setting {
        key: "offsets.commit.timeout.ms",
        kind: int(1),
        defaults: &[("2.8", "5000")],
        unit: "ms",
        effect: "How long a commit waits for the other replicas.",
        source: "GroupCoordinatorConfig at 4.4",
        ..BROKER
    },
    Setting {
        key: "group.initial.rebalance.delay.ms",
        kind: int(0),
        defaults: &[("2.8", "3000")],
        unit: "ms",
        effect: "How long an empty group waits for more members before it divides the partitions; each that comes prolongs it.",
        source: "KIP-134; GroupCoordinatorConfig at 4.4; InitialDelayedJoin at 3.9",
        ..BROKER
    },
    Setting {
        key: "group.consumer.session.timeout.ms",
        kind: int(1),
        defaults: &[("3.7", "45000")],
        unit: "ms",
        effect: "With group.protocol=consumer: how long a member that died keeps its partitions.",
        source: "KIP-848; GroupCoordinatorConfig at 4.4 (3.7 was the first to have it)",
        ..BROKER
    },
    Setting {
        key: "group.consumer.heartbeat.interval.ms",
        kind: int(1),
        defaults: &[("3.7", "5000")],
        unit: "ms",
        effect: "With group.protocol=consumer: how often a member is heard of, and so how soon it hears what it is to read.",
        source: "KIP-848; GroupCoordinatorConfig at 4.4 (3.7 was the first to have it)",
        ..BROKER
    },
    Setting {
        key: "group.min.session.timeout.ms",
        kind: int(0),
        defaults: &[("2.8", "6000")],
        unit: "ms",
        effect: "Members with a shorter session.timeout.ms cannot join.",
        source: "GroupCoordinatorConfig at 4.4; GroupCoordinator.handleJoinGroup at 3.9",
        ..BROKER
    },
    Setting {
        key: "group.max.session.timeout.ms",
        kind: int(0),
        defaults: &[("2.8", "1800000")],
        unit: "ms",
        effect: "Members with a longer session.timeout.ms cannot join.",
        source: "GroupCoordinatorConfig at 4.4; GroupCoordinator.handleJoinGroup at 3.9",
        ..BROKER
    },
    Setting {
        key: "transaction.version",
        kind: ValueKind::Int { min: 0, max: 2 },
        defaults: &[("4.0", "2")],
        effect: "The cluster feature of this name, in no file: with 2 every transaction has a producer epoch of its own, so that what comes late belongs to none. 1 does as 0 does.",
        source: "KIP-890; TransactionVersion at 4.1 (clusters made before 4.0 stay at 0 until somebody raises it)",
        ..BROKER
    },
    Setting {
        key: "transaction.partition.verification.enable",
        kind: ValueKind::Bool,
        defaults: &[("3.6", "true")],
        effect: "A leader asks the coordinator before it appends the first batch of a transaction. With transaction.version=2 it always does.",
        source: "KIP-890; ReplicaManager.maybeSendPartitionsToTransactionCoordinator, UnifiedLog at 4.1",
        ..BROKER
    },
    Setting {
        key: "transaction.state.log.replication.factor",
        kind: int(1),
        defaults: &[("2.8", "3")],
        unit: "replicas",
        effect: "Copies of what coordinators know of transactions.",
        source: "TransactionLogConfig at 4.4; the shipped server.properties sets 1",
        ..BROKER
    },
    Setting {
        key: "transaction.state.log.min.isr",
        kind: int(1),
        defaults: &[("2.8", "2")],
        unit: "replicas",
        effect: "min.insync.replicas of __transaction_state: with fewer, no transaction begins or ends.",
        source: "TransactionLogConfig at 4.4; TransactionStateManager.transactionTopicConfigs at 4.1",
        ..BROKER
    },
    Setting {
        key: "transaction.max.timeout.ms",
        kind: int(1),
        defaults: &[("2.8", "900000")],
        unit: "ms",
        effect: "A producer with a longer transaction.timeout.ms is refused.",
        source: "TransactionStateManagerConfig at 4.4; TransactionCoordinator.handleInitProducerId at 4.1",
        ..BROKER
    },
    Setting {
        key: "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        kind: int(1),
        defaults: &[("2.8", "10000")],
        unit: "ms",
        effect: "How often a coordinator looks for transactions that have taken too long, and aborts them.",
        source: "TransactionStateManagerConfig at 4.4; TransactionCoordinator.abortTimedOutTransactions at 4.1",
        ..BROKER
    },
    Setting {
        key: "replica.socket.timeout.ms",
        kind: int(1),
        defaults: &[("2.8", "30000")],
        unit: "ms",
        effect: "Must be no less than replica.fetch.wait.max.ms; brokers here ask again after 10 s of silence.",
        source: "KafkaConfig.validateValues at 4.1",
        modelled: false,
        ..BROKER
    },
    Setting {
        key: "log.flush.offset.checkpoint.interval.ms",
        kind: int(0),
        defaults: &[("2.8", "60000")],
        unit: "ms",
        effect: "How much of a log a restart checks: a matter of time, not of what is found.",
        source: "LogManager.checkpointLogRecoveryOffsets at 4.1",
        modelled: false,
        ..BROKER
    },
];

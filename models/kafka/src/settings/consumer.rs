//! Consumer settings that act.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, int, long};

const CONSUMER: Setting = Setting { section: "consumer", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "enable.auto.commit",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "true")],
        effect: "poll() itself stores the progress of earlier polls; messages still being worked on elsewhere are passed over.",
        source: "ConsumerCoordinator.maybeAutoCommitOffsetsAsync at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "auto.commit.interval.ms",
        kind: int(0),
        defaults: &[("2.8", "5000")],
        unit: "ms",
        effect: "How long a poll waits before it stores progress again: what is read again after a crash.",
        source: "ConsumerCoordinator.maybeAutoCommitOffsetsAsync at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "auto.offset.reset",
        kind: ValueKind::Text,
        defaults: &[("2.8", "latest")],
        effect: "Where to go without a valid position: latest passes over messages, earliest reads again, none stops; by_duration:PnDTnHnMn.nS (4.0) passes over what is older.",
        source: "OffsetFetcher.resetPositionsIfNeeded, FetchCollector.handleInitializeErrors, AutoOffsetResetStrategy at 4.1; KIP-1106",
        ..CONSUMER
    },
    Setting {
        key: "isolation.level",
        kind: ValueKind::OneOf(&["read_uncommitted", "read_committed"]),
        defaults: &[("2.8", "read_uncommitted")],
        effect: "read_committed leaves out what was aborted, and waits behind every open transaction; read_uncommitted hands over both.",
        source: "KIP-98; ConsumerConfig at 4.4",
        ..CONSUMER
    },
    Setting {
        key: "max.poll.records",
        kind: int(1),
        defaults: &[("2.8", "500")],
        unit: "messages",
        effect: "How many messages one poll() hands over at most.",
        source: "FetchCollector.collectFetch at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "max.poll.interval.ms",
        kind: int(1),
        defaults: &[("2.8", "300000")],
        unit: "ms",
        effect: "An application that takes longer between two polls leaves the group, and others repeat its work; a rebalance waits as long for a member that is busy.",
        source: "KIP-62; AbstractCoordinator.HeartbeatThread at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "session.timeout.ms",
        kind: int(0),
        defaults: &[("2.8", "10000"), ("3.0", "45000")],
        unit: "ms",
        effect: "How long a member that died keeps its partitions before others read them.",
        source: "KIP-735; ConsumerConfig at 2.8 and 4.4; GroupCoordinator.onExpireHeartbeat at 3.9",
        ..CONSUMER
    },
    Setting {
        key: "heartbeat.interval.ms",
        kind: int(0),
        defaults: &[("2.8", "3000")],
        unit: "ms",
        effect: "How often a member tells the coordinator that it lives, and so how soon it hears of a rebalance.",
        source: "Heartbeat at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "partition.assignment.strategy",
        kind: ValueKind::Text,
        defaults: &[
            ("2.8", "org.apache.kafka.clients.consumer.RangeAssignor"),
            (
                "3.0",
                "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
            ),
        ],
        effect: "The first divides the partitions. Only where CooperativeStickyAssignor stands alone do members keep theirs during a rebalance; else they give up all of them.",
        source: "KIP-429; ConsumerConfig at 2.8 and 4.4; ConsumerCoordinator at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "group.protocol",
        kind: ValueKind::OneOf(&["classic", "consumer"]),
        defaults: &[("3.7", "classic")],
        effect: "Who divides the partitions: a member of the group (classic) or the coordinator (consumer).",
        source: "KIP-848; ConsumerConfig at 4.4 (3.7 was the first to have it)",
        ..CONSUMER
    },
    Setting {
        key: "group.instance.id",
        kind: ValueKind::Text,
        effect: "A static member, of this name and its machine's: one that is started again within its session has its partitions back without a rebalance, and until then nobody reads them. It says no goodbye when it is closed.",
        source: "KIP-345; AbstractCoordinator.shouldSendLeaveGroupRequest, GroupMetadataManager.updateStaticMemberThenRebalanceOrCompleteJoin at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "internal.leave.group.on.close",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "true")],
        effect: "Off, a consumer that is closed says no goodbye, and the group waits for it until its session ends.",
        source: "ConsumerConfig, AbstractCoordinator.maybeLeaveGroup at 4.1 (internal; Kafka Streams turns it off)",
        ..CONSUMER
    },
    Setting {
        key: "fetch.max.wait.ms",
        kind: int(0),
        defaults: &[("2.8", "500")],
        unit: "ms",
        effect: "How long a leader holds a fetch that finds nothing.",
        source: "ConsumerConfig at 4.4",
        ..CONSUMER
    },
    Setting {
        key: "request.timeout.ms",
        kind: int(0),
        defaults: &[("2.8", "30000")],
        unit: "ms",
        effect: "How long the consumer waits for an answer before it closes the connection and asks again.",
        source: "NetworkClient.handleTimedOutRequests at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "default.api.timeout.ms",
        kind: int(0),
        defaults: &[("2.8", "60000")],
        unit: "ms",
        effect: "How long commitSync() tries before it fails and the application goes on without.",
        source: "KIP-266; ConsumerCoordinator.commitOffsetsSync at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "retry.backoff.ms",
        kind: long(0),
        defaults: &[("2.8", "100")],
        unit: "ms",
        effect: "Pause before a retry.",
        source: "KIP-580; CommonClientConfigs at 4.4",
        ..CONSUMER
    },
    Setting {
        key: "retry.backoff.max.ms",
        kind: long(0),
        defaults: &[("3.7", "1000")],
        unit: "ms",
        effect: "What the pause, doubling with every failure, grows to.",
        source: "KIP-580; CommonClientConfigs at 4.4",
        ..CONSUMER
    },
    Setting {
        key: "metadata.max.age.ms",
        kind: long(0),
        defaults: &[("2.8", "300000")],
        unit: "ms",
        effect: "How often the consumer asks who leads although nothing failed.",
        source: "Metadata.timeToNextUpdate at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "reconnect.backoff.ms",
        kind: long(0),
        defaults: &[("2.8", "50")],
        unit: "ms",
        effect: "Pause before a lost connection is tried again.",
        source: "ClusterConnectionStates at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "reconnect.backoff.max.ms",
        kind: long(0),
        defaults: &[("2.8", "1000")],
        unit: "ms",
        effect: "What that pause, doubling with every failure, grows to.",
        source: "ClusterConnectionStates at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "socket.connection.setup.timeout.ms",
        kind: long(1),
        defaults: &[("2.8", "10000")],
        unit: "ms",
        effect: "How long a machine that does not answer is waited for.",
        source: "KIP-601; ClusterConnectionStates at 4.1",
        ..CONSUMER
    },
    Setting {
        key: "socket.connection.setup.timeout.max.ms",
        kind: long(1),
        defaults: &[("2.8", "30000")],
        unit: "ms",
        effect: "What that wait, doubling with every failure, grows to.",
        source: "KIP-601; ClusterConnectionStates at 4.1",
        ..CONSUMER
    },
];

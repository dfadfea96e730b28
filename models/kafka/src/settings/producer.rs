//! Producer settings that act.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, int, long};

const PRODUCER: Setting = Setting { section: "producer", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "acks",
        kind: ValueKind::OneOf(&["0", "1", "all", "-1"]),
        defaults: &[("2.8", "1"), ("3.0", "all")],
        effect: "What the producer waits for: nothing, the leader, or every replica that is in sync. -1 is all.",
        source: "KIP-679; ProducerConfig at 4.4",
        ..PRODUCER
    },
    Setting {
        key: "enable.idempotence",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "false"), ("3.0", "true")],
        effect: "Batches are numbered: the leader appends one that is sent again only once, and in order.",
        source: "KIP-98, KIP-679; ProducerConfig.postProcessAndValidateIdempotenceConfigs at 4.4",
        ..PRODUCER
    },
    Setting {
        key: "retries",
        kind: int(0),
        defaults: &[("2.8", "2147483647")],
        unit: "times",
        effect: "How often a failed batch is sent again; 0 makes every passing trouble a failure.",
        source: "Sender.canRetry at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "delivery.timeout.ms",
        kind: int(0),
        defaults: &[("2.8", "120000")],
        unit: "ms",
        effect: "Age of a batch at which the application is told a failure, although the broker may have it or get it yet.",
        source: "KIP-91; Sender.sendProducerData, RecordAccumulator.expiredBatches at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "request.timeout.ms",
        kind: int(0),
        defaults: &[("2.8", "30000")],
        unit: "ms",
        effect: "How long the leader waits for the other replicas, and the producer for the leader before it closes the connection and tries again.",
        source: "NetworkClient.handleTimedOutRequests, Sender at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "linger.ms",
        kind: long(0),
        defaults: &[("2.8", "0"), ("4.0", "5")],
        unit: "ms",
        effect: "How long a batch waits for company: what sits there dies with the producer's process.",
        source: "RecordAccumulator.ready at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "batch.size",
        kind: int(0),
        defaults: &[("2.8", "16384")],
        unit: "bytes",
        effect: "A batch is full at this size; a message counts as 100 bytes here.",
        source: "RecordAccumulator.append at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "max.in.flight.requests.per.connection",
        kind: int(1),
        defaults: &[("2.8", "5")],
        unit: "requests",
        effect: "Requests on the way to one broker; more than 1 reorders when one fails and is sent again.",
        source: "InFlightRequests.canSendMore at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "retry.backoff.ms",
        kind: long(0),
        defaults: &[("2.8", "100")],
        unit: "ms",
        effect: "Pause before a retry.",
        source: "KIP-580; CommonClientConfigs at 4.4",
        ..PRODUCER
    },
    Setting {
        key: "retry.backoff.max.ms",
        kind: long(0),
        defaults: &[("3.7", "1000")],
        unit: "ms",
        effect: "What the pause, doubling with every failure, grows to.",
        source: "KIP-580; CommonClientConfigs at 4.4",
        ..PRODUCER
    },
    Setting {
        key: "metadata.max.age.ms",
        kind: long(0),
        defaults: &[("2.8", "300000")],
        unit: "ms",
        effect: "How often the producer asks who leads although nothing failed.",
        source: "Metadata.timeToNextUpdate at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "max.block.ms",
        kind: long(0),
        defaults: &[("2.8", "60000")],
        unit: "ms",
        effect: "How long send() waits for metadata or for memory before it fails.",
        source: "KafkaProducer.waitOnMetadata, BufferPool.allocate at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "buffer.memory",
        kind: long(0),
        defaults: &[("2.8", "33554432")],
        unit: "bytes",
        effect: "What unsent batches may take, batch.size each; when it is full, send() waits.",
        source: "BufferPool.allocate at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "transactional.id",
        effect: "The producer sends in transactions, and no other producer with this id goes on after it has begun. Each producer here adds the name of its machine.",
        source: "KIP-98; KafkaProducer.initTransactions, TransactionManager at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "transaction.timeout.ms",
        kind: int(0),
        defaults: &[("2.8", "60000")],
        unit: "ms",
        effect: "A transaction that is older than this is aborted by the coordinator, and its producer shut out.",
        source: "TransactionCoordinator.abortTimedOutTransactions at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "reconnect.backoff.ms",
        kind: long(0),
        defaults: &[("2.8", "50")],
        unit: "ms",
        effect: "Pause before a lost connection is tried again.",
        source: "ClusterConnectionStates at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "reconnect.backoff.max.ms",
        kind: long(0),
        defaults: &[("2.8", "1000")],
        unit: "ms",
        effect: "What that pause, doubling with every failure, grows to.",
        source: "ClusterConnectionStates at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "socket.connection.setup.timeout.ms",
        kind: long(1),
        defaults: &[("2.8", "10000")],
        unit: "ms",
        effect: "How long a machine that does not answer is waited for.",
        source: "KIP-601; ClusterConnectionStates at 4.1",
        ..PRODUCER
    },
    Setting {
        key: "socket.connection.setup.timeout.max.ms",
        kind: long(1),
        defaults: &[("2.8", "30000")],
        unit: "ms",
        effect: "What that wait, doubling with every failure, grows to.",
        source: "KIP-601; ClusterConnectionStates at 4.1",
        ..PRODUCER
    },
];

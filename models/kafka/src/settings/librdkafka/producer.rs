//! Settings of librdkafka's producer that act.

use ackproof_core::setting::{Setting, ValueKind};

use super::super::ACTING;
use super::{INT_MAX, whole};

const PRODUCER: Setting = Setting { section: "producer", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "acks",
        aliases: &["request.required.acks"],
        kind: ValueKind::OneOf(&["0", "1", "all", "-1"]),
        defaults: &[("2.8", "-1")],
        effect: "What the producer waits for: nothing, the leader, or every replica that is in sync. all is -1; no broker takes another number.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "enable.idempotence",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "false")],
        effect: "Batches are numbered: the leader appends one that is sent again only once, and in order. Off by default.",
        source: "KIP-98; rd_kafka_conf_finalize at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "enable.gapless.guarantee",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "false")],
        effect: "With idempotence, a message that fails for good stops the producer; one that times out does not.",
        source: "rd_kafka_handle_Produce_error at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "retries",
        aliases: &["message.send.max.retries"],
        kind: whole(0, INT_MAX),
        defaults: &[("2.8", "2147483647")],
        unit: "times",
        effect: "How often a failed message is sent again; refusals that ask for another leader do not count.",
        source: "rd_kafka_retry_msgq at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "message.timeout.ms",
        aliases: &["delivery.timeout.ms"],
        kind: whole(0, INT_MAX),
        defaults: &[("2.8", "300000")],
        unit: "ms",
        effect: "Age of a message at which the application is told a failure, although the broker may have it or get it yet; 0 is never.",
        source: "rd_kafka_msgq_age_scan, rd_kafka_ProduceRequest at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "request.timeout.ms",
        kind: whole(1, 900_000),
        defaults: &[("2.8", "30000")],
        unit: "ms",
        effect: "How long the leader waits for the other replicas; how long the producer waits for the leader is socket.timeout.ms.",
        source: "rd_kafka_msgset_writer_write_Produce_header at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "linger.ms",
        aliases: &["queue.buffering.max.ms"],
        kind: ValueKind::Float { min: 0.0, max: 900_000.0 },
        defaults: &[("2.8", "5")],
        unit: "ms",
        effect: "How long the first message in line waits for company: what sits there dies with the producer's process.",
        source: "rd_kafka_msgq_allow_wakeup_at at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "batch.num.messages",
        kind: whole(1, 1_000_000),
        defaults: &[("2.8", "10000")],
        unit: "messages",
        effect: "So many messages fill a batch.",
        source: "rd_kafka_msgset_writer_write_msgq at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "batch.size",
        kind: whole(1, INT_MAX),
        defaults: &[("2.8", "1000000")],
        unit: "bytes",
        effect: "A batch is full at this size; a message counts as 100 bytes here.",
        source: "rd_kafka_msgset_writer_write_msgq at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "max.in.flight.requests.per.connection",
        aliases: &["max.in.flight"],
        kind: whole(1, 1_000_000),
        defaults: &[("2.8", "1000000")],
        unit: "requests",
        effect: "Requests on the way to one broker: 5 at most with idempotence. Without it, even 1 does not keep the order.",
        source: "rd_kafka_send, rd_kafka_broker_outbufs_space at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "queue.buffering.max.messages",
        kind: whole(0, INT_MAX),
        defaults: &[("2.8", "100000")],
        unit: "messages",
        effect: "So many messages without an outcome fill the producer: the next one is refused at once. 0 is no limit.",
        source: "rd_kafka_curr_msgs_add at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "queue.buffering.max.kbytes",
        kind: whole(1, INT_MAX),
        defaults: &[("2.8", "1048576")],
        unit: "KiB",
        effect: "The same in size; a message counts as 100 bytes here.",
        source: "rd_kafka_curr_msgs_add at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "transactional.id",
        effect: "Turns transactions on, and idempotence with them. Transactions of this client are not simulated: it is refused.",
        source: "KIP-98; rd_kafka_conf_finalize at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "transaction.timeout.ms",
        kind: whole(1000, INT_MAX),
        defaults: &[("2.8", "60000")],
        unit: "ms",
        effect: "Age at which the coordinator aborts a transaction.",
        source: "KIP-98; CONFIGURATION.md at librdkafka 2.15.0",
        ..PRODUCER
    },
    Setting {
        key: "queue.buffering.backpressure.threshold",
        kind: whole(1, 1_000_000),
        defaults: &[("2.8", "1")],
        unit: "requests",
        effect: "Requests that are made for a broker while max.in.flight does not let them go: those are not held back by a retry.",
        source: "rd_kafka_broker_outbufs_space at librdkafka 2.15.0",
        ..PRODUCER
    },
];

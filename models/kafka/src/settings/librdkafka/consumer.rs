//! Settings of librdkafka's consumer that act.

use ackproof_core::setting::{Setting, ValueKind};

use super::super::ACTING;
use super::whole;

const CONSUMER: Setting = Setting { section: "consumer", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "enable.auto.commit",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "true")],
        effect: "A thread of the client stores the progress that is marked for it, whatever the application does meanwhile.",
        source: "rd_kafka_cgrp_offset_commit_tmr_cb at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "auto.commit.interval.ms",
        kind: whole(0, 86_400_000),
        defaults: &[("2.8", "5000")],
        unit: "ms",
        effect: "How often that thread does; 0 is only when the consumer closes.",
        source: "rd_kafka_cgrp_new at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "enable.auto.offset.store",
        kind: ValueKind::Bool,
        defaults: &[("2.8", "true")],
        effect: "A message is marked for the next automatic commit when the application is handed it, not when it has finished.",
        source: "INTRODUCTION.md, at-least-once processing; rd_kafka_update_app_pos at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "auto.offset.reset",
        kind: ValueKind::OneOf(&["smallest", "earliest", "beginning", "largest", "latest", "end", "error"]),
        defaults: &[("2.8", "largest")],
        effect: "Where to go without a valid position: largest, latest and end pass over messages, smallest, earliest and beginning read again, error stops.",
        source: "rd_kafka_offset_reset at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "isolation.level",
        kind: ValueKind::OneOf(&["read_uncommitted", "read_committed"]),
        defaults: &[("2.8", "read_committed")],
        effect: "Whether messages of transactions that are open or were aborted are handed over; not by default, otherwise than by the Java client's.",
        source: "KIP-98; CONFIGURATION.md at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "group.instance.id",
        kind: ValueKind::Text,
        effect: "A static member, of this name and its machine's: one that is started again within its session has its partitions back without a rebalance, and until then nobody reads them. It says no goodbye when it is closed.",
        source: "KIP-345; rd_kafka_cgrp_leave_maybe at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "session.timeout.ms",
        kind: whole(1, 3_600_000),
        defaults: &[("2.8", "45000")],
        unit: "ms",
        effect: "Silence after which the coordinator gives a member's partitions to others, and how long a commit waits for one.",
        source: "rd_kafka_cgrp_serve, rd_kafka_cgrp_defer_offset_commit at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "heartbeat.interval.ms",
        kind: whole(1, 3_600_000),
        defaults: &[("2.8", "3000")],
        unit: "ms",
        effect: "How often a member says that it lives, and learns that the group divides its partitions anew.",
        source: "rd_kafka_cgrp_serve at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "max.poll.interval.ms",
        kind: whole(1, 86_400_000),
        defaults: &[("2.8", "300000")],
        unit: "ms",
        effect: "An application that does not poll for so long loses its partitions, and what it works on is handed to others as well.",
        source: "rd_kafka_cgrp_max_poll_interval_check_tmr_cb at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "partition.assignment.strategy",
        kind: ValueKind::Text,
        defaults: &[("2.8", "range,roundrobin")],
        effect: "How the leader divides the partitions: range, roundrobin or cooperative-sticky, which lets members keep what they keep.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "group.protocol",
        kind: ValueKind::OneOf(&["classic", "consumer"]),
        defaults: &[("2.8", "classic")],
        effect: "Who divides the partitions: the group's leader, or (consumer) the coordinator, which is not modelled.",
        source: "KIP-848; CONFIGURATION.md at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "fetch.wait.max.ms",
        kind: whole(0, 300_000),
        defaults: &[("2.8", "500")],
        unit: "ms",
        effect: "How long a leader holds a fetch that finds nothing.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        ..CONSUMER
    },
    Setting {
        key: "fetch.error.backoff.ms",
        kind: whole(0, 300_000),
        defaults: &[("2.8", "500")],
        unit: "ms",
        effect: "Pause before a partition is read again after an error.",
        source: "rd_kafka_fetch_backoff at librdkafka 2.15.0",
        ..CONSUMER
    },
];

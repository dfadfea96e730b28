//! The settings of librdkafka's clients: its own keys, aliases and defaults, of 2.15.0.
//!
//! A key is shown in the spelling that most programs use; the other ones mean the same. A property of a topic (`acks`,
//! `message.timeout.ms`, `auto.offset.reset`) is one of its producer or consumer here. Not known are the properties that
//! only a function can set (`dr_msg_cb` and the like): librdkafka refuses them in a configuration, too.
//!
//! Source: `CONFIGURATION.md`, `rd_kafka_properties` in `rdkafka_conf.c` at librdkafka 2.15.0.

mod accepted;
mod consumer;
mod contradictions;
mod producer;
mod traps;

use std::sync::LazyLock;

use ackproof_core::setting::{Effective, Setting, ValueKind};

use super::idempotence::Idempotence;
use super::{ACTING, of_the_cluster};
use contradictions::demands;

pub(super) use contradictions::refuse;
pub(super) use traps::traps;

/// As a scenario names it.
pub const LIBRDKAFKA: &str = "librdkafka";

/// Whether producers and consumers use librdkafka.
pub fn is_librdkafka(effective: &Effective) -> bool {
    effective.client == LIBRDKAFKA
}

/// Every setting of a cluster and its librdkafka clients, by section.
pub static LIBRDKAFKA_SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let mut settings = of_the_cluster();
    settings.extend_from_slice(producer::SETTINGS);
    settings.extend(connecting("producer"));
    settings.extend(accepted::producer());
    settings.extend_from_slice(consumer::SETTINGS);
    settings.extend(connecting("consumer"));
    settings.extend(accepted::consumer());
    settings
});

/// Settings that act the same in producers and consumers.
fn connecting(section: &'static str) -> impl Iterator<Item = Setting> {
    CONNECTING.iter().map(move |setting| Setting { section, ..setting.clone() })
}

/// librdkafka's integers.
const fn whole(min: i64, max: i64) -> ValueKind {
    ValueKind::Int { min, max }
}
const INT_MAX: i64 = i32::MAX as i64;

const CONNECTING: &[Setting] = &[
    Setting {
        key: "socket.timeout.ms",
        kind: whole(10, 300_000),
        defaults: &[("2.8", "60000")],
        unit: "ms",
        effect: "How long an answer is waited for before the connection is closed and what was on it tried again.",
        source: "rd_kafka_buf_calc_timeout, rd_kafka_broker_timeout_scan at librdkafka 2.15.0",
        ..ACTING
    },
    Setting {
        key: "retry.backoff.ms",
        kind: whole(1, 300_000),
        defaults: &[("2.8", "100")],
        unit: "ms",
        effect: "Pause before a retry; it grows since librdkafka 2.3.0.",
        source: "KIP-580; rd_kafka_retry_msgq at librdkafka 2.15.0",
        ..ACTING
    },
    Setting {
        key: "retry.backoff.max.ms",
        kind: whole(1, 300_000),
        defaults: &[("2.8", "1000")],
        unit: "ms",
        effect: "What that pause, doubling with every failure, grows to.",
        source: "KIP-580; rd_kafka_retry_msgq at librdkafka 2.15.0",
        ..ACTING
    },
    Setting {
        key: "topic.metadata.refresh.interval.ms",
        kind: whole(-1, 3_600_000),
        defaults: &[("2.8", "300000")],
        unit: "ms",
        effect: "How often the client asks who leads although nothing failed; -1 is never.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        ..ACTING
    },
    Setting {
        key: "topic.metadata.refresh.fast.interval.ms",
        kind: whole(1, 60_000),
        defaults: &[("2.8", "100")],
        unit: "ms",
        effect: "Pause before it is asked again who leads, doubling up to retry.backoff.max.ms; retry.backoff.ms where nobody sets it.",
        source: "rd_kafka_conf_finalize at librdkafka 2.15.0",
        ..ACTING
    },
    Setting {
        key: "reconnect.backoff.ms",
        kind: whole(0, 3_600_000),
        defaults: &[("2.8", "100")],
        unit: "ms",
        effect: "Pause before a lost connection is tried again.",
        source: "rd_kafka_broker_update_reconnect_backoff at librdkafka 2.15.0",
        ..ACTING
    },
    Setting {
        key: "reconnect.backoff.max.ms",
        kind: whole(0, 3_600_000),
        defaults: &[("2.8", "10000")],
        unit: "ms",
        effect: "What that pause, doubling with every attempt, grows to.",
        source: "rd_kafka_broker_update_reconnect_backoff at librdkafka 2.15.0",
        ..ACTING
    },
    Setting {
        key: "socket.connection.setup.timeout.ms",
        kind: whole(1000, INT_MAX),
        defaults: &[("2.8", "30000")],
        unit: "ms",
        effect: "How long a machine that does not answer is waited for.",
        source: "rd_kafka_broker_serve at librdkafka 2.15.0",
        ..ACTING
    },
];

/// Whether a producer of librdkafka's is idempotent: never by default. Where it is, defaults that do not go with it give
/// way, and values that somebody chose are refused.
///
/// Source: `rd_kafka_conf_finalize`, `rd_kafka_topic_conf_finalize` at librdkafka 2.15.0.
pub(super) fn idempotence(effective: &Effective) -> Idempotence {
    if effective.text("producer", "enable.idempotence") != Some("true") {
        return Idempotence::Off;
    }
    match demands(effective) {
        Some((key, needs)) => Idempotence::Refused { key, needs },
        None => Idempotence::On,
    }
}

#[cfg(test)]
mod tests;

//! The table of settings: every key that Kafka itself knows, with what it does here.
//!
//! Those that act are declared one by one, with default, unit, effect and source. Those that do not are accepted by
//! name, or by the beginning of it where Kafka hands a family of keys on (`listener.name.*`, plugins' own), so that a
//! real file loads whole and a misspelt key is an error.

mod broker;
mod consumer;
mod contradictions;
mod expiry;
mod idempotence;
mod inert;
mod librdkafka;
mod producer;
mod protocol;
mod retention;
mod topic;
mod transactions;
mod traps;
mod unmodelled;

use std::sync::LazyLock;

use ackproof_core::setting::{Setting, ValueKind};

pub use contradictions::refuse;
pub use idempotence::{Idempotence, idempotence};
pub use inert::inert;
pub use librdkafka::{LIBRDKAFKA, LIBRDKAFKA_SETTINGS, is_librdkafka};
pub use traps::traps;

/// Sections of `config`, in the order they are shown.
pub const SECTIONS: &[&str] = &["broker", "topic", "producer", "consumer"];

/// Every setting of a cluster and its Java clients, by section; those without effect here come last.
pub static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let mut settings = of_the_cluster();
    settings.extend_from_slice(producer::SETTINGS);
    settings.extend(unmodelled::producer());
    settings.extend_from_slice(consumer::SETTINGS);
    settings.extend(unmodelled::consumer());
    settings
});

/// The settings of brokers and topics, whatever the clients.
fn of_the_cluster() -> Vec<Setting> {
    let mut settings = Vec::new();
    settings.extend_from_slice(broker::SETTINGS);
    settings.extend_from_slice(retention::OF_BROKERS);
    settings.extend_from_slice(expiry::SETTINGS);
    settings.extend(unmodelled::broker());
    settings.extend_from_slice(topic::SETTINGS);
    settings.extend_from_slice(retention::OF_TOPICS);
    settings.extend(unmodelled::topic());
    settings
}

/// What most entries have in common.
const ACTING: Setting = Setting {
    section: "",
    key: "",
    aliases: &[],
    kind: ValueKind::Text,
    defaults: &[],
    unit: "",
    effect: "",
    source: "",
    modelled: true,
};

/// Kafka's type `int`, from `min`.
const fn int(min: i64) -> ValueKind {
    ValueKind::Int { min, max: i32::MAX as i64 }
}
/// Kafka's type `long`, from `min`.
const fn long(min: i64) -> ValueKind {
    ValueKind::Int { min, max: i64::MAX }
}

/// `Long.MAX_VALUE`, Kafka's "never".
const NEVER: &str = "9223372036854775807";

#[cfg(test)]
mod defaults;
#[cfg(test)]
mod tests;

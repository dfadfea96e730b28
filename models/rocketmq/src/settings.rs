//! The table of settings: every key that RocketMQ itself knows, with what it does here.
//!
//! Sections are who reads them: nameservers, controllers, brokers, what slaves have otherwise than brokers, the topic as it
//! was created, producers with their messages, consumers with their group. Those that act are declared one by one, with
//! default by release, unit, effect and source; those that do not are accepted by name, so that a real file loads whole and
//! a misspelt key is an error.

mod consumer;
mod contradictions;
mod failover;
mod inert;
mod producer;
mod replication;
mod servers;
mod service;
mod store;
mod topic;
mod traps;
mod unmodelled;

use std::sync::LazyLock;

use ackproof_core::setting::{Setting, ValueKind};

pub use contradictions::{HEEDED, refuse};
pub use inert::inert;
pub use traps::traps;

/// Sections of `config`, in the order they are shown.
pub const SECTIONS: &[&str] = &["namesrv", "controller", "broker", "slave", "topic", "producer", "consumer"];

/// Every setting, by section; those without effect here come last.
pub static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let brokers = [store::SETTINGS, replication::SETTINGS, failover::SETTINGS, service::SETTINGS].concat();
    let mut settings = [servers::OF_NAMESERVERS, servers::OF_CONTROLLERS].concat();
    settings.extend_from_slice(&brokers);
    settings.extend(brokers.iter().filter_map(of_slave));
    settings.extend_from_slice(topic::SETTINGS);
    settings.extend_from_slice(producer::SETTINGS);
    settings.extend_from_slice(consumer::SETTINGS);
    settings.extend(unmodelled::settings());
    settings
});

/// What one broker cannot have otherwise than the others of its group: who it is, and what the group as a whole is.
const OF_ALL: [&str; 3] = ["brokerRole", "totalReplicas", "autoCreateTopicEnable"];

/// The setting of slaves: without a value they have that of `broker`.
fn of_slave(setting: &Setting) -> Option<Setting> {
    let defaults: &'static [(&'static str, &'static str)] = match setting.defaults.first().map(|(since, _)| *since) {
        Some("5.0") => &[("5.0", "")],
        Some("5.1") => &[("5.1", "")],
        Some("5.3") => &[("5.3", "")],
        Some(_) | None => &[],
    };
    (!OF_ALL.contains(&setting.key)).then(|| Setting { section: "slave", defaults, ..setting.clone() })
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

/// Java's `int`, from `min`.
const fn int(min: i64) -> ValueKind {
    ValueKind::Int { min, max: i32::MAX as i64 }
}
/// Java's `long`, from `min`.
const fn long(min: i64) -> ValueKind {
    ValueKind::Int { min, max: i64::MAX }
}

#[cfg(test)]
mod bench;
#[cfg(test)]
mod defaults;
#[cfg(test)]
mod tests;

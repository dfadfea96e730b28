//! Settings that Kafka has and that have no effect here: accepted, listed, and grouped by the reason.
//!
//! Names and types are those of Kafka's own tables of settings on the branches 2.8, 3.5, 3.9, 4.0 and 4.4.

mod broker;
mod client;
mod consumer;
mod producer;
mod topic;

use ackproof_core::setting::{Setting, ValueKind};

use super::ACTING;

/// Settings without effect for the same reason, by the type of their value.
pub(super) struct Unmodelled {
    pub(super) why: &'static str,
    pub(super) source: &'static str,
    pub(super) flags: &'static [&'static str],
    pub(super) numbers: &'static [&'static str],
    pub(super) texts: &'static [&'static str],
}

/// Kafka's own lowest numbers are -2 and -1, for "as elsewhere" and "no limit".
const NUMBER: ValueKind = ValueKind::Int { min: -2, max: i64::MAX };

impl Unmodelled {
    pub(super) fn settings(&'static self, section: &'static str) -> impl Iterator<Item = Setting> {
        let of_kind = move |keys: &'static [&'static str], kind| {
            keys.iter().map(move |key| Setting {
                section,
                key,
                kind,
                effect: self.why,
                source: self.source,
                modelled: false,
                ..ACTING
            })
        };
        of_kind(self.flags, ValueKind::Bool)
            .chain(of_kind(self.numbers, NUMBER))
            .chain(of_kind(self.texts, ValueKind::Text))
    }
}

pub(super) fn broker() -> impl Iterator<Item = Setting> {
    broker::GROUPS.iter().flat_map(|group| group.settings("broker"))
}
pub(super) fn topic() -> impl Iterator<Item = Setting> {
    topic::GROUPS.iter().flat_map(|group| group.settings("topic"))
}
pub(super) fn producer() -> impl Iterator<Item = Setting> {
    client::GROUPS.iter().chain(producer::GROUPS).flat_map(|group| group.settings("producer"))
}
pub(super) fn consumer() -> impl Iterator<Item = Setting> {
    client::GROUPS.iter().chain(consumer::GROUPS).flat_map(|group| group.settings("consumer"))
}

//! Settings that RocketMQ has and that have no effect here: accepted, listed, and grouped by the reason. RocketMQ itself
//! passes over keys that it does not have (MixAll.properties2Object); here they are errors, because they are mistakes.

mod broker;
mod clients;
mod servers;

use ackproof_core::setting::{Setting, ValueKind};

use super::ACTING;

/// Settings without effect for the same reason, by the type of their value.
struct Unmodelled {
    why: &'static str,
    source: &'static str,
    flags: &'static [&'static str],
    numbers: &'static [&'static str],
    texts: &'static [&'static str],
}

const MODE: &str = "Follows from cluster.mode; a value that contradicts it is an error.";
const IDENTITY: &str = "Names, addresses and folders: which machines there are is the scenario's `cluster`.";
const ACCESS: &str = "Everybody is allowed in.";
const MEASURING: &str = "What is measured, traced and logged changes nothing.";
const THREADS: &str = "Threads, queues and locks of a process decide its speed; no broker is too busy here, and none answers SYSTEM_BUSY to a send.";
const NETWORK: &str =
    "Bytes and sockets are not modelled: a connection opens with one question and answer and closes with its process.";
const STORES: &str = "Queues and indexes are rebuilt from the log at a start and hold no message of their own; other stores, timers, compaction and cold data are not modelled.";
const DISKS: &str = "Disks have no size here; the fault full_disk makes one full. Expired files go at once.";
const POP: &str = "POP is modelled with its checkpoints, acknowledgements and retries, without these refinements.";
const ESCAPING: &str = "An acting master does nothing for the master that is away, and hands nothing to another group's either: what is delayed or undecided waits for its own master.";
const SAID_BY_CLIENTS: &str = "The Java client says its maxReconsumeTimes with every message that it gives back.";
const FAIL_OVER: &str = "Fail-over is modelled without this refinement.";
const OTHERS: &str = "Filters, permissions, batches and limits beside these are left out of the model.";

const NUMBER: ValueKind = ValueKind::Int { min: i64::MIN, max: i64::MAX };

impl Unmodelled {
    fn settings(&'static self, section: &'static str) -> impl Iterator<Item = Setting> {
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

/// All of them, in the order of the sections.
pub(super) fn settings() -> impl Iterator<Item = Setting> {
    let sections = [
        ("namesrv", servers::NAMESRV),
        ("controller", servers::CONTROLLER),
        ("broker", broker::GROUPS),
        ("topic", clients::TOPIC),
        ("producer", clients::PRODUCER),
        ("consumer", clients::CONSUMER),
    ];
    sections.into_iter().flat_map(|(section, groups)| groups.iter().flat_map(move |group| group.settings(section)))
}

//! The sections that are not the broker's own: `cluster`, `app`, `workload`, `network`, `disk`. One line of the table
//! a key; scenarios, matrix axes, `--set`, replay files, the plan and the schema all go by it.

use ackproof_core::model::Broker;
use ackproof_core::setting::ValueSource;
use ackproof_core::setup::{ConsumerStart, OnFailure, Setup};
use ackproof_core::time::{Span, SpanRange};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

use crate::application;
use crate::deployment;
use crate::diagnostics::{Diagnostics, Place};
use crate::node::{Key, Node, unknown_key};
use crate::typed;

/// One key of these sections.
pub(crate) struct SetupKey {
    /// `app.producer.send`.
    pub path: &'static str,
    pub about: &'static str,
    pub schema: fn() -> Json,
    pub read: fn(&SetupKey, &Node, &mut Setup, &mut Diagnostics),
    /// The value as a scenario writes it.
    pub show: fn(&Setup) -> Json,
    /// Whether a broker whose setup this is has such a key.
    pub exists: fn(&Setup) -> bool,
}

/// What every broker has.
pub(crate) fn everywhere(_: &Setup) -> bool {
    true
}

pub(crate) const SECTIONS: [&str; 5] = ["cluster", "app", "workload", "network", "disk"];

pub(crate) static KEYS: [SetupKey; 26] = [
    SetupKey {
        path: "cluster.brokers",
        about: "Number of brokers: b1, b2, ...",
        schema: || whole_schema(1, 9),
        read: |key, node, setup, out| key.whole(node, 1, 9, out, |n| setup.cluster.brokers = n as u8),
        show: |setup| json!(setup.cluster.brokers),
        exists: |setup| setup.cluster.deployment.is_none(),
    },
    deployment::MODE,
    deployment::GROUPS,
    deployment::SLAVES,
    deployment::NAMESERVERS,
    deployment::CONTROLLERS,
    SetupKey {
        path: "cluster.racks",
        about: "Racks that the brokers are dealt out to, in turn.",
        schema: || json!({"type": "array", "items": {"type": "string"}, "maxItems": 9}),
        read: read_racks,
        show: |setup| json!(setup.cluster.racks),
        exists: everywhere,
    },
    SetupKey {
        path: "app.producer.send",
        about: "How the application sends, and whether it looks at the result.",
        schema: || json!({"enum": ["sync", "async", "async-unchecked", "one-way"]}),
        read: |_, node, setup, out| assign(node, &mut setup.app.producer.send, out),
        show: |setup| json!(setup.app.producer.send),
        exists: everywhere,
    },
    SetupKey {
        path: "app.producer.on_failure",
        about: "What the application does when it is told of a failure: `report`, or `{resend: {times: 3, backoff: 100ms}}`.",
        schema: on_failure_schema,
        read: read_on_failure,
        show: |setup| json!(Failure::from(setup.app.producer.on_failure)),
        exists: everywhere,
    },
    deployment::ACCEPT,
    SetupKey {
        path: "app.producer.transaction",
        about: "Sends that are committed together, `{messages: 10}`, of which the application takes some back by itself, `{messages: 10, abort_rate: 0.1}`; or `none`.",
        schema: application::transaction_schema,
        read: |_, node, setup, out| {
            if let Some(transaction) = application::read_transaction(node, out) {
                setup.app.producer.transaction = transaction;
            }
        },
        show: |setup| application::show_transaction(setup.app.producer.transaction),
        exists: everywhere,
    },
    SetupKey {
        path: "app.consumer.ack",
        about: "When the application acknowledges, relative to processing; without it, what the broker's own settings say. in-transaction: together with one result for each message.",
        schema: || json!({"enum": ["auto", "before-processing", "after-processing", "after-batch", "in-transaction", null]}),
        read: |_, node, setup, out| assign(node, &mut setup.app.consumer.ack, out),
        show: |setup| json!(setup.app.consumer.ack),
        exists: everywhere,
    },
    SetupKey {
        path: "app.consumer.commit",
        about: "Whether the application waits for the answer when it acknowledges by itself.",
        schema: || json!({"enum": ["sync", "async"]}),
        read: |_, node, setup, out| assign(node, &mut setup.app.consumer.commit, out),
        show: |setup| json!(setup.app.consumer.commit),
        exists: everywhere,
    },
    SetupKey {
        path: "app.consumer.processing",
        about: "In the receiving thread, or in the background while it goes on receiving.",
        schema: || json!({"enum": ["inline", "background"]}),
        read: |_, node, setup, out| assign(node, &mut setup.app.consumer.processing, out),
        show: |setup| json!(setup.app.consumer.processing),
        exists: everywhere,
    },
    SetupKey {
        path: "app.consumer.failure_rate",
        about: "Probability that processing a delivery fails.",
        schema: || json!({"type": "number", "minimum": 0, "maximum": 1}),
        read: read_failure_rate,
        show: |setup| json!(setup.app.consumer.failure_rate),
        exists: everywhere,
    },
    SetupKey {
        path: "app.consumer.on_error",
        about: "What the application does with a delivery whose processing failed.",
        schema: || json!({"enum": ["retry", "requeue", "reject"]}),
        read: |_, node, setup, out| assign(node, &mut setup.app.consumer.on_error, out),
        show: |setup| json!(setup.app.consumer.on_error),
        exists: everywhere,
    },
    SetupKey {
        path: "workload.producers",
        about: "Number of producers: p1, p2, ...",
        schema: || whole_schema(1, CLIENTS_MAX),
        read: |key, node, setup, out| key.whole(node, 1, CLIENTS_MAX, out, |n| setup.workload.producers = n as u8),
        show: |setup| json!(setup.workload.producers),
        exists: everywhere,
    },
    SetupKey {
        path: "workload.consumers",
        about: "Number of consumers, all in one group: c1, c2, ...",
        schema: || whole_schema(1, CLIENTS_MAX),
        read: |key, node, setup, out| key.whole(node, 1, CLIENTS_MAX, out, |n| setup.workload.consumers = n as u8),
        show: |setup| json!(setup.workload.consumers),
        exists: everywhere,
    },
    SetupKey {
        path: "workload.messages",
        about: "Messages of all producers together.",
        schema: || whole_schema(1, MESSAGES_MAX),
        read: |key, node, setup, out| key.whole(node, 1, MESSAGES_MAX, out, |n| setup.workload.messages = n as u32),
        show: |setup| json!(setup.workload.messages),
        exists: everywhere,
    },
    SetupKey {
        path: "workload.interval",
        about: "Between two sends of one producer.",
        schema: span_schema,
        read: |key, node, setup, out| key.span(node, Span::secs(3600), out, |span| setup.workload.interval = span),
        show: |setup| json!(setup.workload.interval),
        exists: everywhere,
    },
    SetupKey {
        path: "workload.processing",
        about: "How long a consumer's application works on one message.",
        schema: span_schema,
        read: |key, node, setup, out| key.span(node, Span::secs(3600), out, |span| setup.workload.processing = span),
        show: |setup| json!(setup.workload.processing),
        exists: everywhere,
    },
    SetupKey {
        path: "workload.consumer_start",
        about: "When consumers start: a time (0s), a range (5s..20s), or `heal` (after every fault).",
        schema: || json!({"anyOf": [{"const": "heal"}, range_schema()]}),
        read: read_consumer_start,
        show: |setup| match setup.workload.consumer_start {
            ConsumerStart::After(range) => json!(range),
            ConsumerStart::Heal => json!("heal"),
        },
        exists: everywhere,
    },
    SetupKey {
        path: "network.latency",
        about: "Of one message, one way; at least 1ms.",
        schema: range_schema,
        read: |key, node, setup, out| {
            key.range(node, Span(1), Span::secs(60), out, |range| setup.network.latency = range)
        },
        show: |setup| json!(setup.network.latency),
        exists: everywhere,
    },
    SetupKey {
        path: "disk.write",
        about: "How long a write into the page cache takes.",
        schema: span_schema,
        read: |key, node, setup, out| key.span(node, Span::secs(600), out, |span| setup.disk.write = span),
        show: |setup| json!(setup.disk.write),
        exists: everywhere,
    },
    SetupKey {
        path: "disk.sync",
        about: "How long a sync takes.",
        schema: range_schema,
        read: |key, node, setup, out| {
            key.range(node, Span::ZERO, Span::secs(600), out, |range| setup.disk.sync = range)
        },
        show: |setup| json!(setup.disk.sync),
        exists: everywhere,
    },
    SetupKey {
        path: "disk.writeback",
        about: "Age at which the kernel writes a dirty page back by itself, or `never`.",
        schema: || json!({"anyOf": [{"const": "never"}, span_schema()]}),
        read: read_writeback,
        show: |setup| setup.disk.writeback.map_or(json!("never"), |span| json!(span)),
        exists: everywhere,
    },
];

/// One more than a run needs; nine brokers and two groups of these leave room for a broker's own machines.
const CLIENTS_MAX: u64 = 16;
const MESSAGES_MAX: u64 = 1_000_000;

/// Where each key that somebody set was set.
pub(crate) type SetupPlaces = BTreeMap<&'static str, (ValueSource, Place)>;

pub(crate) fn key_at(path: &str) -> Option<&'static SetupKey> {
    KEYS.iter().find(|key| key.path == path)
}

/// What scenarios say beside the broker's own settings, as it is read.
pub(crate) struct Sections<'r> {
    pub setup: Setup,
    pub places: SetupPlaces,
    /// `None` where the scenario names none that is known; that is an error by itself.
    pub broker: Option<&'r dyn Broker>,
}

impl<'r> Sections<'r> {
    pub fn of(broker: Option<&'r dyn Broker>) -> Sections<'r> {
        let setup = broker.map_or_else(Setup::default, Broker::setup);
        Sections { setup, places: SetupPlaces::new(), broker }
    }

    /// Reads one of [`SECTIONS`].
    pub fn read(&mut self, section: &Key, node: &Node, out: &mut Diagnostics) {
        self.read_under(&section.text, node, out);
    }

    fn read_under(&mut self, path: &str, node: &Node, out: &mut Diagnostics) {
        let Some(entries) = node.map(&format!("`{path}`"), out) else { return };
        for (key, node) in entries {
            let inner = format!("{path}.{}", key.text);
            if let Some(known) = key_at(&inner) {
                if self.broker.is_none_or(|broker| known.is_of(broker, key.place, out)) {
                    known.read_for(self.broker, node, &mut self.setup, out);
                }
                let line = out.line(node.place);
                self.places.insert(known.path, (ValueSource::Scenario { line }, node.place));
            } else if KEYS.iter().any(|known| known.path.starts_with(&format!("{inner}."))) {
                self.read_under(&inner, node, out);
            } else {
                unknown_key(key, &format!("`{path}`"), names_under(path), out);
            }
        }
    }
}

/// The next segment of each path below `path`, once each.
pub(crate) fn names_under(path: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for key in &KEYS {
        if let Some(rest) = key.path.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')) {
            let name = rest.split('.').next().unwrap_or(rest);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

impl SetupKey {
    /// Sets the value, or reports why it cannot be.
    pub fn apply(&self, node: &Node, setup: &mut Setup, out: &mut Diagnostics) {
        (self.read)(self, node, setup, out);
    }
    /// The same, with the broker's own words looked at.
    pub fn read_for(&self, broker: Option<&dyn Broker>, node: &Node, setup: &mut Setup, out: &mut Diagnostics) {
        let errors = out.error_count();
        self.apply(node, setup, out);
        if let (Some(broker), true) = (broker, out.error_count() == errors) {
            deployment::check_words(self.path, node, broker, out);
        }
    }
    /// Whether a broker has such a key; reports it where it has not.
    pub fn is_of(&self, broker: &dyn Broker, place: Place, out: &mut Diagnostics) -> bool {
        let setup = broker.setup();
        let is_there = (self.exists)(&setup);
        if !is_there {
            let section = self.path.split_once('.').map_or(self.path, |(section, _)| section);
            let known = KEYS.iter().filter(|key| key.path.starts_with(section) && (key.exists)(&setup));
            let known: Vec<&str> = known.map(|key| key.path).collect();
            out.error(place, format!("{} has no `{}`", broker.name(), self.path))
                .help(format!("it has {}", known.join(", ")));
        }
        is_there
    }
    /// The value in a line.
    pub fn text(&self, setup: &Setup) -> String {
        match (self.show)(setup) {
            // Nothing is as long in any unit, and people write seconds.
            Json::String(text) if text == "0ms" => "0s".to_owned(),
            Json::String(text) => text,
            Json::Null => "unset".to_owned(),
            other => other.to_string(),
        }
    }
    pub(crate) fn what(&self) -> String {
        format!("`{}`", self.path)
    }
    pub(crate) fn whole(&self, node: &Node, min: u64, max: u64, out: &mut Diagnostics, set: impl FnOnce(u64)) {
        if let Some(value) = node.whole(&self.what(), min, max, out) {
            set(value);
        }
    }
    fn span(&self, node: &Node, max: Span, out: &mut Diagnostics, set: impl FnOnce(Span)) {
        if let Some(span) = typed::read::<Span>(node, out) {
            if span > max {
                out.error(node.place, format!("{} is at most {max}", self.what()));
            } else {
                set(span);
            }
        }
    }
    fn range(&self, node: &Node, min: Span, max: Span, out: &mut Diagnostics, set: impl FnOnce(SpanRange)) {
        if let Some(range) = typed::read::<SpanRange>(node, out) {
            if range.low < min || range.high > max {
                out.error(node.place, format!("{} is from {min} to {max}", self.what()));
            } else {
                set(range);
            }
        }
    }
}

fn assign<T: DeserializeOwned>(node: &Node, slot: &mut T, out: &mut Diagnostics) {
    if let Some(value) = typed::read(node, out) {
        *slot = value;
    }
}

fn read_racks(_: &SetupKey, node: &Node, setup: &mut Setup, out: &mut Diagnostics) {
    let Some(items) = node.list("`cluster.racks`", out) else { return };
    let mut racks: Vec<String> = Vec::new();
    for item in items {
        let Some(rack) = item.word("a rack", out) else { continue };
        if rack.is_empty() || racks.contains(&rack) {
            out.error(item.place, format!("rack `{rack}` is named twice or has no name"));
        }
        racks.push(rack);
    }
    if racks.len() > 9 {
        out.error(node.place, "more racks than brokers can stand in");
    }
    setup.cluster.racks = racks;
}

fn read_failure_rate(key: &SetupKey, node: &Node, setup: &mut Setup, out: &mut Diagnostics) {
    if let Some(rate) = application::read_rate(&key.what(), node, out) {
        setup.app.consumer.failure_rate = rate;
    }
}

fn read_consumer_start(key: &SetupKey, node: &Node, setup: &mut Setup, out: &mut Diagnostics) {
    if node.scalar().as_deref() == Some("heal") {
        setup.workload.consumer_start = ConsumerStart::Heal;
    } else {
        let set = |range| setup.workload.consumer_start = ConsumerStart::After(range);
        key.range(node, Span::ZERO, Span::secs(7 * 86_400), out, set);
    }
}

fn read_writeback(key: &SetupKey, node: &Node, setup: &mut Setup, out: &mut Diagnostics) {
    if node.scalar().as_deref() == Some("never") {
        setup.disk.writeback = None;
    } else {
        key.span(node, Span::MAX, out, |span| setup.disk.writeback = Some(span));
    }
}

/// `on_failure` as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Failure {
    Report,
    Resend { times: u32, backoff: Span },
}

impl From<OnFailure> for Failure {
    fn from(on_failure: OnFailure) -> Failure {
        match on_failure {
            OnFailure::Report => Failure::Report,
            OnFailure::Resend { times, backoff } => Failure::Resend { times, backoff },
        }
    }
}

fn read_on_failure(key: &SetupKey, node: &Node, setup: &mut Setup, out: &mut Diagnostics) {
    match typed::read::<Failure>(node, out) {
        None => {}
        Some(Failure::Report) => setup.app.producer.on_failure = OnFailure::Report,
        Some(Failure::Resend { times, backoff }) if (1..=1000).contains(&times) && backoff <= Span::secs(3600) => {
            setup.app.producer.on_failure = OnFailure::Resend { times, backoff };
        }
        Some(Failure::Resend { .. }) => {
            out.error(node.place, format!("{}: 1 to 1000 times, with a backoff of at most 1h", key.what()));
        }
    }
}

fn on_failure_schema() -> Json {
    json!({"anyOf": [{"const": "report"}, {
        "type": "object", "additionalProperties": false, "required": ["resend"],
        "properties": {"resend": {
            "type": "object", "additionalProperties": false, "required": ["times", "backoff"],
            "properties": {"times": whole_schema(1, 1000), "backoff": span_schema()},
        }},
    }]})
}

pub(crate) fn whole_schema(min: u64, max: u64) -> Json {
    json!({"type": "integer", "minimum": min, "maximum": max})
}

const NUMBER: &str = r"[0-9]+(\.[0-9]+)?(ms|s|m|min|h|d)|0";

pub(crate) fn span_schema() -> Json {
    json!({"anyOf": [{"type": "string", "pattern": format!("^({NUMBER})$")}, {"const": 0}]})
}
pub(crate) fn range_schema() -> Json {
    let pattern = format!(r"^({NUMBER})(\.\.({NUMBER}))?$");
    json!({"anyOf": [{"type": "string", "pattern": pattern}, {"const": 0}]})
}

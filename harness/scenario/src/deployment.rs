//! Keys that only some brokers have: groups of brokers instead of brokers that are all alike, and answers to a send that
//! are neither plain success nor failure. Which broker has them, and with which words, is the broker's to say.

use ackproof_core::model::Broker;
use ackproof_core::setting::{Problem, SettingName};
use ackproof_core::setup::{Deployment, Setup};
use serde_json::{Value as Json, json};

use crate::diagnostics::Diagnostics;
use crate::node::{Content, Node};
use crate::setup::{SetupKey, whole_schema};

/// Of a run: with clients and servers, fewer than a topology holds.
const BROKERS_MAX: u32 = 16;

pub(crate) const MODE: SetupKey = SetupKey {
    path: "cluster.mode",
    about: "How the brokers of a group are kept alike, where brokers form groups; `ackproof list brokers` names the modes.",
    schema: || json!({"type": "string"}),
    read: |key, node, setup, out| {
        if let (Some(word), Some(deployment)) = (node.word(&key.what(), out), &mut setup.cluster.deployment) {
            deployment.mode = word;
        }
    },
    show: |setup| setup.cluster.deployment.as_ref().map_or(Json::Null, |deployment| json!(deployment.mode)),
    exists: has_groups,
};

pub(crate) const GROUPS: SetupKey = SetupKey {
    path: "cluster.groups",
    about: "Groups of brokers, called a, b, ...; the topic has queues in each.",
    schema: || whole_schema(1, 9),
    read: |key, node, setup, out| read_count(key, node, (1, 9), setup, out, |deployment| &mut deployment.groups),
    show: |setup| show_count(setup, |deployment| deployment.groups),
    exists: has_groups,
};

pub(crate) const SLAVES: SetupKey = SetupKey {
    path: "cluster.slaves",
    about: "Brokers of each group beside the first: a0 has the slaves a1, a2, ...",
    schema: || whole_schema(0, 8),
    read: |key, node, setup, out| read_count(key, node, (0, 8), setup, out, |deployment| &mut deployment.slaves),
    show: |setup| show_count(setup, |deployment| deployment.slaves),
    exists: has_groups,
};

pub(crate) const NAMESERVERS: SetupKey = SetupKey {
    path: "cluster.nameservers",
    about: "Nameservers: ns1, ns2, ...",
    schema: || whole_schema(1, 5),
    read: |key, node, setup, out| read_count(key, node, (1, 5), setup, out, |deployment| &mut deployment.nameservers),
    show: |setup| show_count(setup, |deployment| deployment.nameservers),
    exists: has_groups,
};

pub(crate) const CONTROLLERS: SetupKey = SetupKey {
    path: "cluster.controllers",
    about: "Controllers, in the mode that has any: ctl1, ctl2, ...",
    schema: || whole_schema(1, 7),
    read: |key, node, setup, out| read_count(key, node, (1, 7), setup, out, |deployment| &mut deployment.controllers),
    show: |setup| show_count(setup, |deployment| deployment.controllers),
    exists: has_groups,
};

/// Stands for every status.
const ANY: &str = ackproof_core::setup::ProducerApp::ANY_STATUS;

pub(crate) const ACCEPT: SetupKey = SetupKey {
    path: "app.producer.accept",
    about: "Statuses of an answered send that the application takes for success, where there are several (`ackproof list brokers` names them); without it, or with `any`, all that come without an exception.",
    schema: || json!({"anyOf": [{"const": ANY}, {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string"}}]}),
    read: read_accepted,
    show: |setup| match setup.app.producer.accept.as_deref() {
        None => Json::Null,
        Some([only]) if only == ANY => json!(ANY),
        Some(accepted) => json!(accepted),
    },
    exists: |setup| setup.app.producer.accept.is_some(),
};

fn has_groups(setup: &Setup) -> bool {
    setup.cluster.deployment.is_some()
}

fn read_count(
    key: &SetupKey,
    node: &Node,
    (min, max): (u64, u64),
    setup: &mut Setup,
    out: &mut Diagnostics,
    slot: fn(&mut Deployment) -> &mut u8,
) {
    if let Some(deployment) = &mut setup.cluster.deployment {
        key.whole(node, min, max, out, |number| *slot(deployment) = number as u8);
    }
}

fn show_count(setup: &Setup, count: fn(&Deployment) -> u8) -> Json {
    setup.cluster.deployment.as_ref().map_or(Json::Null, |deployment| json!(count(deployment)))
}

fn read_accepted(key: &SetupKey, node: &Node, setup: &mut Setup, out: &mut Diagnostics) {
    if node.scalar().as_deref() == Some(ANY) {
        setup.app.producer.accept = Some(vec![ANY.to_owned()]);
        return;
    }
    let Some(items) = node.list(&key.what(), out) else { return };
    let mut accepted: Vec<String> = Vec::new();
    for item in items {
        let Some(status) = item.word("a status", out) else { continue };
        if accepted.contains(&status) {
            out.error(item.place, format!("`{status}` is listed twice"));
        }
        accepted.push(status);
    }
    if items.is_empty() {
        out.error(node.place, format!("{} lists at least one status", key.what()));
    }
    setup.app.producer.accept = Some(accepted);
}

/// Reports words of these keys that the broker does not know.
pub(crate) fn check_words(path: &str, node: &Node, broker: &dyn Broker, out: &mut Diagnostics) {
    if path == MODE.path {
        check_word("mode", node, broker.modes(), broker, out);
    } else if path == ACCEPT.path
        && let Content::List(items) = &node.content
    {
        let known = broker.setup().app.producer.accept.unwrap_or_default();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for item in items {
            check_word("status of a send", item, &known, broker, out);
        }
    }
}

fn check_word(what: &str, node: &Node, known: &[&str], broker: &dyn Broker, out: &mut Diagnostics) {
    let Some(word) = node.scalar() else { return };
    if !known.contains(&word.as_str()) {
        out.error(node.place, format!("{} has no {what} `{word}`", broker.name()))
            .suggest(&word, known.iter().copied());
    }
}

/// Clusters that no run has room for.
pub(crate) fn problems(setup: &Setup) -> Option<Problem> {
    let deployment = setup.cluster.deployment.as_ref().filter(|deployment| deployment.brokers() > BROKERS_MAX)?;
    let Deployment { groups, slaves, .. } = deployment;
    let message = format!(
        "{groups} groups of {} brokers are {}: a run has at most {BROKERS_MAX}",
        slaves + 1,
        deployment.brokers()
    );
    Some(Problem { name: SettingName::new("cluster", "groups"), message, source: "" })
}

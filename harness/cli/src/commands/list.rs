//! `list`: what can be written in a scenario.

use ackproof_core::fault::FaultKind;
use ackproof_core::guarantee::Guarantee;
use ackproof_core::model::Broker;
use ackproof_core::observe::Probe;
use serde_json::{Value, json};

use super::print;
use crate::args::{Format, ListArgs, Listed};
use crate::exit::{Exit, Failure};
use crate::registry;

/// A row of a list: a name, and what to know about it.
struct Line {
    name: String,
    words: String,
    more: Vec<(&'static str, String)>,
}

pub(super) fn list(args: &ListArgs) -> anyhow::Result<Exit> {
    let lines = match args.what {
        Listed::Brokers => registry::brokers().iter().map(|broker| broker_line(*broker)).collect(),
        Listed::Settings => settings(args)?,
        Listed::Faults => FaultKind::ALL
            .iter()
            .map(|(verb, meaning, example)| Line {
                name: (*verb).to_owned(),
                words: (*meaning).to_owned(),
                more: vec![("example", (*example).to_owned())],
            })
            .collect(),
        Listed::Guarantees => Guarantee::ALL.iter().map(|(word, _, meaning)| line(word, meaning)).collect(),
        Listed::Probes => Probe::ALL.iter().map(|(word, _, meaning)| line(word, meaning)).collect(),
    };
    print(&match args.format {
        Format::Json => format!("{:#}\n", Value::Array(lines.iter().map(as_json).collect())),
        Format::Text | Format::Markdown => lines.iter().map(as_text).collect(),
    })?;
    Ok(Exit::AsExpected)
}

fn line(name: &str, words: &str) -> Line {
    Line { name: name.to_owned(), words: words.to_owned(), more: Vec::new() }
}

fn broker_line(broker: &dyn Broker) -> Line {
    let releases = broker.versions().iter().flat_map(|version| broker.releases(version)).copied().collect::<Vec<_>>();
    let mut more = vec![
        ("versions", broker.versions().join(", ")),
        ("releases", releases.join(", ")),
        ("clients", broker.clients().join(", ")),
    ];
    if !broker.modes().is_empty() {
        more.push(("modes", broker.modes().join(", ")));
    }
    if let Some(statuses) = broker.setup().app.producer.accept {
        more.push(("statuses of a send", statuses.join(", ")));
    }
    let modelled = broker.settings().iter().filter(|setting| setting.modelled).count();
    let words = format!("{modelled} settings act, {} are known", broker.settings().len());
    Line { name: broker.name().to_owned(), words, more }
}

fn settings(args: &ListArgs) -> Result<Vec<Line>, Failure> {
    let names: Vec<&str> = registry::brokers().iter().map(|broker| broker.name()).collect();
    let unknown = |what: String| Failure::input(format!("error: {what}; brokers: {}", names.join(", ")));
    let name = args.broker.as_deref().ok_or_else(|| unknown("whose settings? name a broker".to_owned()))?;
    let broker = registry::brokers()
        .into_iter()
        .find(|broker| broker.name() == name)
        .ok_or_else(|| unknown(format!("no broker `{name}`")))?;
    let versions = broker.versions();
    let version = match args.version.as_deref() {
        None => broker.default_version(),
        Some(version) => broker.version(version).ok_or_else(|| {
            Failure::input(format!("error: no version `{version}` of {name}; known: {}", versions.join(", ")))
        })?,
    };
    let clients = broker.clients();
    let client = match args.client.as_deref() {
        None => clients.first().copied().unwrap_or_default(),
        Some(client) => clients.iter().copied().find(|known| *known == client).ok_or_else(|| {
            Failure::input(format!("error: no client `{client}` of {name}; known: {}", clients.join(", ")))
        })?,
    };
    let setting_line = |setting: &ackproof_core::setting::Setting| Line {
        name: format!("{}.{}", setting.section, setting.key),
        words: setting.effect.to_owned(),
        more: vec![
            ("default", setting.default_in(version, versions).unwrap_or("none").to_owned()),
            ("unit", setting.unit.to_owned()),
            ("also", setting.aliases.join(", ")),
            ("modelled", if setting.modelled { "yes" } else { "no" }.to_owned()),
            ("source", setting.source.to_owned()),
        ],
    };
    Ok(broker.settings_of(client).iter().map(setting_line).collect())
}

fn as_json(line: &Line) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("name".to_owned(), json!(line.name));
    object.insert("meaning".to_owned(), json!(line.words));
    for (key, value) in &line.more {
        object.insert((*key).to_owned(), json!(value));
    }
    Value::Object(object)
}

fn as_text(line: &Line) -> String {
    let mut text = format!("{}\n    {}\n", line.name, line.words);
    let more: Vec<String> =
        line.more.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| format!("{key}: {value}")).collect();
    if !more.is_empty() {
        text.push_str(&format!("    {}\n", more.join("; ")));
    }
    text
}

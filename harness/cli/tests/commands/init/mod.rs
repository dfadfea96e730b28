//! `init`, and `config.from`, on the files that people have: from each kind to a scenario, to a plan with exact values and
//! sources, to a run.

mod containers;
mod hostile;
mod properties;
mod rocketmq;
mod spring;
mod writing;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::workplace::Workplace;

/// A folder with some of the files beside this one.
fn place(names: &[&str]) -> Workplace {
    let place = Workplace::with(&[]);
    for name in names {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/init/files/").to_owned() + name;
        place.write(name, std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")));
    }
    place
}

/// What `plan` says of the first row: every value that somebody chose, with where.
fn chosen(place: &Workplace, scenario: &str) -> BTreeMap<String, (String, String)> {
    let json = place.run(&["plan", scenario, "--format", "json"]).ended(0).json();
    let mut all = BTreeMap::new();
    for part in ["settings", "setup"] {
        for (name, entry) in json["rows"][0][part].as_object().expect("a map of settings") {
            let word = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            if word("source") != "default" {
                all.insert(name.clone(), (word("value"), word("source")));
            }
        }
    }
    all
}

/// The values that stand in files.
fn from_files(place: &Workplace, scenario: &str) -> Vec<(String, String, String)> {
    let is_of_file = |source: &str| !source.starts_with("scenario line") && source != "matrix";
    let all = chosen(place, scenario).into_iter().filter(|(_, (_, source))| is_of_file(source));
    all.map(|(name, (value, source))| (name, value, source)).collect()
}

#[track_caller]
fn assert_from_files(place: &Workplace, scenario: &str, expected: &[(&str, &str, &str)]) {
    let own = |text: &str| text.to_owned();
    let expected: Vec<_> = expected.iter().map(|(name, value, source)| (own(name), own(value), own(source))).collect();
    assert_eq!(from_files(place, scenario), expected);
}

/// The scenario as data.
fn axes(plan: &Value) -> Vec<String> {
    plan["rows"][0]["row"].as_object().map(|row| row.keys().cloned().collect()).unwrap_or_default()
}

/// A scenario around some `from`, for what `config.from` reads by itself.
fn naming(from: &str, config: &str) -> String {
    format!("broker: kafka@3.6\nconfig:\n  from: {from}\n{config}faults: {{ none: [] }}\nruns: 1\n")
}

//! What a results folder was made from.

use std::collections::BTreeMap;

use ackproof_core::setting::{Effective, ValueSource, is_secret};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CellPlan, VERSION, schema};

/// Written before the first run; a folder is resumed only by the same plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    pub v: u32,
    /// Version of this program.
    pub ackproof: String,
    /// The scenario's short name.
    pub scenario: String,
    /// The scenario's file, from the folder where the command was run; `None` when it lies elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(default)]
    pub title: String,
    /// Model and version, `kafka@4.1`.
    pub broker: String,
    pub engine: String,
    /// Hexadecimal digest of everything that decides a run: scenario, effective settings, seeds, versions of program
    /// and model. At least 12 digits.
    pub plan: String,
    /// The part of the runs that belongs here, `2/5`; `None` for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// What the command line fixed, `key=value`; secrets are replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    pub seed: u64,
    /// Seeds per cell.
    pub runs: u64,
    /// The scenario with everything that it names resolved and secrets hidden: what it takes to plan the same runs again
    /// without its files. For this program; its shape may change with the program's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<serde_json::Value>,
    pub rows: Vec<ManifestRow>,
    pub cells: Vec<CellPlan>,
}

/// One row of the matrix with every value in force.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ManifestRow {
    /// As in [`CellPlan::settings`].
    #[schemars(with = "BTreeMap<String, String>")]
    pub settings: IndexMap<String, String>,
    /// By full name, in the alphabet's order.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub effective: IndexMap<String, Value>,
    /// What is no setting of the broker's: cluster, application, workload, network, disk, by path (`app.producer.send`).
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub setup: IndexMap<String, Value>,
}

/// A value and where it came from.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Value {
    pub value: String,
    #[schemars(schema_with = "schema::value_source")]
    pub source: ValueSource,
}

impl Manifest {
    /// The file format version that this program writes.
    pub const VERSION: u32 = VERSION;
}

impl ManifestRow {
    /// Secrets are replaced: results are made to be shared.
    pub fn new(settings: IndexMap<String, String>, effective: &Effective) -> ManifestRow {
        let value = |key: &str, value: &str| if is_secret(key) { "(hidden)".to_owned() } else { value.to_owned() };
        let effective = effective
            .iter()
            .map(|(name, text, source)| {
                (name.to_string(), Value { value: value(&name.key, text), source: source.clone() })
            })
            .collect();
        ManifestRow { settings, effective, setup: IndexMap::new() }
    }

    /// With what holds beside the broker's settings: path, value, source.
    pub fn with_setup(self, setup: Vec<(&'static str, String, ValueSource)>) -> ManifestRow {
        let value = |(path, value, source): (&str, String, ValueSource)| (path.to_owned(), Value { value, source });
        ManifestRow { setup: setup.into_iter().map(value).collect(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackproof_core::setting::SettingName;

    #[test]
    fn a_secret_never_reaches_the_manifest() {
        let mut effective = Effective::new("4.1", "java");
        effective.set(SettingName::new("broker", "ssl.Keystore.PASSWORD"), "hunter2", ValueSource::CommandLine);
        effective.set(SettingName::new("producer", "acks"), "all", ValueSource::Matrix);
        let row = ManifestRow::new(IndexMap::new(), &effective);
        let json = serde_json::to_string(&row).unwrap();
        assert!(!json.contains("hunter2") && json.contains("(hidden)") && json.contains("\"all\""), "{json}");
    }
}

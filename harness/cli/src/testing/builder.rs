//! A scenario put together in Rust. It is written out in the words of a scenario file and read like one, so that it
//! means the same, and mistakes are reported in the same words.

use serde_yaml::{Mapping, Value};

use super::{Expect, Step};

/// A scenario without a file. What is not said has the default of a file that does not say it.
#[derive(Clone, Debug)]
pub struct Scenario {
    name: String,
    document: Mapping,
}

impl Scenario {
    /// `model@version`, as `kafka@4.1`; without a version the newest that is known and released.
    pub fn of(broker: impl Into<String>) -> Scenario {
        let mut document = Mapping::new();
        document.insert("broker".into(), broker.into().into());
        Scenario { name: "built".to_owned(), document }
    }

    /// The question, as an operator would ask it. Its words also name the folder of the results.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Scenario {
        let title = title.into();
        let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
        if !name.is_empty() {
            self.name = name;
        }
        self.document.insert("title".into(), title.into());
        self
    }

    /// A setting of the broker or of a client, spelled and valued as the broker does:
    /// `config("topic", "min.insync.replicas", 2)`.
    #[must_use]
    pub fn config(mut self, section: &str, key: &str, value: impl Into<Value>) -> Scenario {
        entry(entry(&mut self.document, "config"), section).insert(key.into(), value.into());
        self
    }

    /// The user's own configuration files, relative to the folder in which the test runs.
    #[must_use]
    pub fn config_files<T: Into<String>>(mut self, files: impl IntoIterator<Item = T>) -> Scenario {
        let files: Vec<Value> = files.into_iter().map(|file| file.into().into()).collect();
        entry(&mut self.document, "config").insert("from".into(), files.into());
        self
    }

    /// Any other part of the scenario by its path: `set("workload.messages", 500)`,
    /// `set("app.consumer.ack", "before-processing")`, `set("client", "librdkafka")`.
    #[must_use]
    pub fn set(mut self, path: &str, value: impl Into<Value>) -> Scenario {
        let mut place = &mut self.document;
        let (folders, last) = path.rsplit_once('.').map_or((None, path), |(folders, last)| (Some(folders), last));
        for folder in folders.into_iter().flat_map(|folders| folders.split('.')) {
            place = entry(place, folder);
        }
        place.insert(last.into(), value.into());
        self
    }

    /// An axis of the matrix: rows are made for every combination of the axes' values.
    #[must_use]
    pub fn axis<T: Into<Value>>(mut self, key: &str, values: impl IntoIterator<Item = T>) -> Scenario {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        entry(&mut self.document, "matrix").insert(key.into(), values.into());
        self
    }

    /// A column of the matrix: what happens, one step after the other or at the same time. Without steps, nothing.
    #[must_use]
    pub fn fault(mut self, name: &str, steps: impl IntoIterator<Item = Step>) -> Scenario {
        let steps: Vec<Value> = steps.into_iter().map(Step::into_value).collect();
        entry(&mut self.document, "faults").insert(name.into(), steps.into());
        self
    }

    /// What the result must show. A scenario that expects nothing fails [`super::Check::assert`].
    #[must_use]
    pub fn expect(mut self, expected: Expect) -> Scenario {
        let list = self.document.entry("expect".into()).or_insert_with(|| Value::Sequence(Vec::new()));
        if let Value::Sequence(list) = list {
            list.push(expected.into_value());
        }
        self
    }

    /// Seeds a cell.
    #[must_use]
    pub fn runs(self, runs: u32) -> Scenario {
        self.set("runs", runs)
    }

    /// What the runs' seeds are derived from.
    #[must_use]
    pub fn seed(self, seed: u64) -> Scenario {
        self.set("seed", seed)
    }

    /// The same as a scenario file.
    pub fn yaml(&self) -> String {
        serde_yaml::to_string(&self.document).expect("a scenario has only text, numbers, lists and mappings")
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// The mapping at `key`; a value that stood there gives way.
fn entry<'m>(mapping: &'m mut Mapping, key: &str) -> &'m mut Mapping {
    let value = mapping.entry(key.into()).or_insert_with(|| Value::Mapping(Mapping::new()));
    if !value.is_mapping() {
        *value = Value::Mapping(Mapping::new());
    }
    value.as_mapping_mut().expect("it has just been made one")
}

//! A broker's settings: the table that a model publishes, and the values in force in one row of a matrix.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One setting of a real broker.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Section of `config` it belongs to.
    pub section: &'static str,
    /// As the broker spells it.
    pub key: &'static str,
    /// Other spellings that mean the same in this section.
    pub aliases: &'static [&'static str],
    pub kind: ValueKind,
    /// The value when nobody sets it, by the first version or release that has it, oldest first. Empty: none. An empty value: the
    /// broker has no such setting any more.
    pub defaults: &'static [(&'static str, &'static str)],
    pub unit: &'static str,
    /// What it changes, in a line; for a setting that is not modelled, why it cannot change a verdict here.
    pub effect: &'static str,
    pub source: &'static str,
    /// False: accepted, listed as not modelled, and without effect on a run; see [`crate::model::Broker::heeds`].
    pub modelled: bool,
}

/// What a value may look like. Ranges include both ends.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum ValueKind {
    Bool,
    Int {
        min: i64,
        max: i64,
    },
    Float {
        min: f64,
        max: f64,
    },
    /// In any case of letters.
    OneOf(&'static [&'static str]),
    /// As they are written.
    Exactly(&'static [&'static str]),
    Text,
}

impl ValueKind {
    /// The value in the form the model reads (`true`, not `TRUE`).
    ///
    /// # Errors
    /// What is allowed, in words.
    pub fn normalise(self, value: &str) -> Result<String, String> {
        let value = value.trim();
        match self {
            ValueKind::Bool => match value.to_ascii_lowercase().as_str() {
                word @ ("true" | "false") => Ok(word.to_owned()),
                _ => Err("true or false".to_owned()),
            },
            ValueKind::Int { min, max } => match value.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(number.to_string()),
                Ok(_) | Err(_) if max == i64::MAX => Err(format!("a whole number, {min} or more")),
                Ok(_) | Err(_) => Err(format!("a whole number from {min} to {max}")),
            },
            ValueKind::Float { min, max } => match value.parse::<f64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(value.to_owned()),
                Ok(_) | Err(_) => Err(format!("a number from {min} to {max}")),
            },
            ValueKind::OneOf(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(value)) {
                Some(word) => Ok((*word).to_owned()),
                None => Err(format!("one of {}", words.join(", "))),
            },
            ValueKind::Exactly(words) if words.contains(&value) => Ok(value.to_owned()),
            ValueKind::Exactly(words) => Err(format!("one of {}, in these letters", words.join(", "))),
            ValueKind::Text => Ok(value.to_owned()),
        }
    }
}

/// Where a version, or a release of it (`3.9.1`), stands among the known ones. A version alone is its last release where
/// it is what runs, and its first one where it is since when something holds.
fn age(version: &str, versions: &[&str], alone: u32) -> Option<(usize, u32)> {
    let releases = versions.iter().enumerate().filter_map(|(index, known)| Some((index, version.strip_prefix(known)?)));
    let mut found = releases.filter(|(_, rest)| rest.is_empty() || rest.starts_with('.'));
    let (index, rest) = found.next()?;
    let patch = rest.strip_prefix('.').map_or(Some(alone), |patch| patch.parse().ok());
    Some((index, patch.unwrap_or(alone)))
}

/// What runs under a version's name.
fn age_of(version: &str, versions: &[&str]) -> Option<(usize, u32)> {
    age(version, versions, u32::MAX)
}
/// Since when something holds.
fn since(version: &str, versions: &[&str]) -> Option<(usize, u32)> {
    age(version, versions, 0)
}

impl Setting {
    /// The default in `version`, or in a release of it, given the broker's versions, oldest first.
    pub fn default_in(&self, version: &str, versions: &[&str]) -> Option<&'static str> {
        let now = age_of(version, versions)?;
        let found =
            self.defaults.iter().rev().find(|(first, _)| since(first, versions).is_none_or(|first| first <= now));
        found.map(|(_, value)| *value).filter(|value| !value.is_empty())
    }

    /// The version that it came with, if that is later than `version`.
    pub fn comes_after(&self, version: &str, versions: &[&str]) -> Option<&'static str> {
        let (first, _) = *self.defaults.first()?;
        (age_of(version, versions)? < since(first, versions)?).then_some(first)
    }
}

/// Words that mark a key whose value nobody but its owner may see.
pub const SECRET_WORDS: [&str; 8] =
    ["password", "jaas", "secret", "credential", "token", "keystore.key", "basic.auth", "license"];

/// Whether the value of a key is a secret: it is neither kept nor shown.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// A section and a key: the full name of a setting, written `producer.acks`.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Serialize, Deserialize)]
pub struct SettingName {
    pub section: String,
    pub key: String,
}

impl SettingName {
    pub fn new(section: &str, key: &str) -> SettingName {
        SettingName { section: section.to_owned(), key: key.to_owned() }
    }
}
impl fmt::Display for SettingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.section, self.key)
    }
}

/// Where a value came from; the later one wins.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueSource {
    /// The broker's default in this version.
    Default,
    /// A file of the user's, with the line.
    File { file: String, line: u32 },
    /// The scenario's `config` (or `app`), with the line.
    Scenario { line: u32 },
    /// The row of the matrix.
    Matrix,
    /// Given on the command line.
    CommandLine,
}

impl fmt::Display for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueSource::Default => f.write_str("default"),
            ValueSource::File { file, line } => write!(f, "{file}:{line}"),
            ValueSource::Scenario { line } => write!(f, "scenario line {line}"),
            ValueSource::Matrix => f.write_str("matrix"),
            ValueSource::CommandLine => f.write_str("command line"),
        }
    }
}

/// The values in force in one row: defaults included, normalised and valid one by one.
#[derive(Clone, PartialEq, Debug)]
pub struct Effective {
    pub version: String,
    pub client: String,
    values: BTreeMap<SettingName, (String, ValueSource)>,
}

impl Effective {
    pub fn new(version: &str, client: &str) -> Effective {
        Effective { version: version.to_owned(), client: client.to_owned(), values: BTreeMap::new() }
    }

    /// Every default of `version`.
    pub fn defaults(version: &str, client: &str, versions: &[&str], settings: &[Setting]) -> Effective {
        let mut effective = Effective::new(version, client);
        for setting in settings {
            if let Some(value) = setting.default_in(version, versions) {
                effective.set(SettingName::new(setting.section, setting.key), value, ValueSource::Default);
            }
        }
        effective
    }

    pub fn set(&mut self, name: SettingName, value: impl Into<String>, source: ValueSource) {
        self.values.insert(name, (value.into(), source));
    }
    pub fn text(&self, section: &str, key: &str) -> Option<&str> {
        self.values.get(&SettingName::new(section, key)).map(|(value, _)| value.as_str())
    }
    pub fn source(&self, section: &str, key: &str) -> Option<&ValueSource> {
        self.values.get(&SettingName::new(section, key)).map(|(_, source)| source)
    }
    /// Whether anybody chose the value, as opposed to the version's default.
    pub fn is_set(&self, section: &str, key: &str) -> bool {
        self.source(section, key).is_some_and(|source| *source != ValueSource::Default)
    }
    /// # Panics
    /// When the value is missing or no whole number: the table of settings promises both.
    pub fn int(&self, section: &str, key: &str) -> i64 {
        let text =
            self.text(section, key).unwrap_or_else(|| panic!("{section}.{key} has neither a value nor a default"));
        text.parse().unwrap_or_else(|_| panic!("{section}.{key} is no whole number: {text}"))
    }
    /// # Panics
    /// When the value is missing or neither true nor false.
    pub fn bool(&self, section: &str, key: &str) -> bool {
        match self.text(section, key) {
            Some("true") => true,
            Some("false") => false,
            other => panic!("{section}.{key} is neither true nor false: {other:?}"),
        }
    }
    pub fn iter(&self) -> impl Iterator<Item = (&SettingName, &str, &ValueSource)> {
        self.values.iter().map(|(name, (value, source))| (name, value.as_str(), source))
    }
}

/// Settings that cannot be used together, or not with this cluster.
#[derive(Clone, PartialEq, Debug)]
pub struct Problem {
    /// The setting to point at.
    pub name: SettingName,
    /// In the broker's terms, with the values.
    pub message: String,
    pub source: &'static str,
}

/// A valid setting that does not do what a reader would think.
#[derive(Clone, PartialEq, Debug)]
pub struct Trap {
    /// Stable, e.g. `kafka-flush-interval-without-scheduler`.
    pub id: &'static str,
    pub message: String,
    pub source: &'static str,
}

/// A setting without effect in a row, and why.
#[derive(Clone, PartialEq, Debug)]
pub struct Inert {
    pub name: SettingName,
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSIONS: &[&str] = &["3.1", "3.10", "4.0", "4.1"];

    fn with(defaults: &'static [(&'static str, &'static str)]) -> Setting {
        Setting {
            section: "broker",
            key: "grace",
            aliases: &[],
            kind: ValueKind::Text,
            defaults,
            unit: "",
            effect: "",
            source: "",
            modelled: true,
        }
    }

    #[test]
    fn a_release_has_the_defaults_of_its_version() {
        let setting = with(&[("3.1", "a"), ("3.10", "b")]);
        let default = |version| setting.default_in(version, VERSIONS);
        assert_eq!(["3.1", "3.1.2", "3.10.0", "4.1.7"].map(default), [Some("a"), Some("a"), Some("b"), Some("b")]);
        assert_eq!(["3", "3.11", "3.1x", ""].map(default), [None; 4]);
    }

    #[test]
    fn words_are_read_in_any_case_only_where_the_broker_does() {
        let words: &[&str] = &["ASYNC_FLUSH", "SYNC_FLUSH"];
        assert_eq!(ValueKind::OneOf(words).normalise("sync_flush").as_deref(), Ok("SYNC_FLUSH"));
        assert_eq!(ValueKind::Exactly(words).normalise(" SYNC_FLUSH ").as_deref(), Ok("SYNC_FLUSH"));
        let refused = ValueKind::Exactly(words).normalise("sync_flush");
        assert_eq!(refused, Err("one of ASYNC_FLUSH, SYNC_FLUSH, in these letters".to_owned()));
    }

    #[test]
    fn a_default_can_change_in_a_bug_fix_release() {
        let setting = with(&[("3.10", "a"), ("3.10.2", "b")]);
        let default = |version| setting.default_in(version, VERSIONS);
        assert_eq!(["3.10.0", "3.10.1", "3.10.2"].map(default), [Some("a"), Some("a"), Some("b")]);
        assert_eq!(["3.10", "4.0.0", "3.1.2"].map(default), [Some("b"), Some("b"), None]);
        let late = with(&[("3.10.2", "b")]);
        assert_eq!(late.comes_after("3.10.1", VERSIONS), Some("3.10.2"));
        assert_eq!(late.comes_after("3.10", VERSIONS), None);
    }

    #[test]
    fn a_setting_that_was_removed_has_no_default_and_did_not_come_later() {
        let setting = with(&[("3.10", "b"), ("4.1", "")]);
        assert_eq!(
            ["3.1", "4.0", "4.1.2"].map(|version| setting.default_in(version, VERSIONS)),
            [None, Some("b"), None]
        );
        let since = ["3.1.9", "3.10.0", "4.1"].map(|version| setting.comes_after(version, VERSIONS));
        assert_eq!(since, [Some("3.10"), None, None]);
    }
}

//! The `config` section: the user's own files, then what the scenario says; each key checked against the broker's.

use std::collections::BTreeMap;
use std::path::Path;

use ackproof_core::model::Broker;
use ackproof_core::setting::{Effective, Setting, SettingName, ValueSource};

use crate::catalogue::{Catalogue, name_of};
use crate::diagnostics::{Diagnostics, Place};
use crate::files::{self, Folder};
use crate::node::{Content, Fields, Key, Node};
use crate::notes::Note;
use crate::properties;
use crate::secret;

/// The values that somebody chose, with where; later ones replace earlier ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    pub values: BTreeMap<SettingName, (String, ValueSource, Place)>,
    pub notes: Vec<Note>,
}

impl Chosen {
    /// Notes what is not modelled, and puts into force what the broker looks at all the same. The rest of a user's file,
    /// addresses and names included, goes no further: results are made to be shared.
    pub fn set(
        &mut self,
        setting: &Setting,
        key: &str,
        value: String,
        source: ValueSource,
        place: Place,
        broker: &dyn Broker,
    ) {
        if !setting.modelled {
            let name = SettingName::new(setting.section, key).to_string();
            let (source, why) = (source.clone(), setting.effect.to_owned());
            self.notes.push(Note::NotModelled { name, source, why });
        }
        if broker.heeds(setting) {
            self.values.insert(name_of(setting), (value, source, place));
        }
    }
    /// Puts the values over what is there already.
    pub fn apply(&self, effective: &mut Effective) {
        for (name, (value, source, _)) in &self.values {
            effective.set(name.clone(), value.clone(), source.clone());
        }
    }
    pub fn place(&self, name: &str) -> Option<Place> {
        self.values.iter().find(|(known, _)| known.to_string() == name).map(|(_, (_, _, place))| *place)
    }
}

/// One of the user's own files, read by itself.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// The section of `config` that it belongs to; `None` for a file that sets nothing.
    pub section: Option<&'static str>,
    /// What it sets and makes a difference.
    pub values: Vec<(SettingName, String, ValueSource)>,
    /// What it sets and is not modelled.
    pub notes: Vec<Note>,
    pub warnings: Diagnostics,
}

/// Reads a configuration file by itself, for a broker's newest version. `section` where the file does not tell.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_config(path: &Path, section: Option<&str>, broker: &dyn Broker) -> Result<ConfigFile, Diagnostics> {
    let mut out = Diagnostics::default();
    let shown = path.display().to_string();
    let (Some(version), Some(client)) = (broker.versions().last(), broker.clients().first()) else {
        out.error_without_place(format!("{} has no version that is known", broker.name()));
        return Err(out);
    };
    let section = section.map(|word| (word, broker.sections().iter().copied().find(|known| *known == word)));
    if let Some((word, None)) = section {
        out.error_without_place(format!("{} has no section `{word}`", broker.name()))
            .suggest(word, broker.sections().iter().copied());
        return Err(out);
    }
    let text = match files::read(path) {
        Ok(text) => text,
        Err(why) => {
            out.error_without_place(format!("`{shown}` {why}"));
            return Err(out);
        }
    };
    let whole = out.add_source(&shown, &text);
    let mut chosen = Chosen::default();
    let ask = |message: String, out: &mut Diagnostics| {
        out.error_without_place(message).help(format!("say which section it is: {}", broker.sections().join(", ")));
    };
    let section = section.and_then(|(_, section)| section);
    let section = read_file(
        UserFile { name: &shown, text: &text, whole },
        section,
        Catalogue { broker, version, client },
        &mut chosen,
        ask,
        &mut out,
    );
    if out.has_errors() {
        return Err(out);
    }
    let Chosen { values, notes } = chosen;
    let values = values.into_iter().map(|(name, (value, source, _))| (name, value, source)).collect();
    Ok(ConfigFile { section, values, notes, warnings: out })
}

/// Reads `config`.
pub(crate) fn read(node: &Node, catalogue: Catalogue<'_>, folder: &Folder, out: &mut Diagnostics) -> Chosen {
    let mut chosen = Chosen::default();
    let Some(mut fields) = Fields::of(node, "`config`", out) else { return chosen };
    if let Some(from) = fields.take("from") {
        for item in from.list("`from`", out).unwrap_or_default() {
            read_from(item, catalogue, folder, &mut chosen, out);
        }
    }
    for section in catalogue.broker.sections() {
        if let Some(node) = fields.take(section) {
            read_section(section, node, catalogue, &mut chosen, out);
        }
    }
    fields.finish(out);
    chosen
}

fn read_section(
    section: &'static str,
    node: &Node,
    catalogue: Catalogue<'_>,
    chosen: &mut Chosen,
    out: &mut Diagnostics,
) {
    let Some(entries) = node.map(&format!("`{section}`"), out) else { return };
    let mut seen: BTreeMap<&str, &Key> = BTreeMap::new();
    for (key, node) in entries {
        let Some(setting) = catalogue.find(section, &key.text) else {
            if let Content::Map(_) = node.content {
                out.error(key.place, format!("`{}` is a map: a setting has one value", key.text))
                    .help("write the broker's key whole, as in `enable.auto.commit: false`");
            } else {
                catalogue.report_unknown(section, &key.text, key.place, out);
            }
            continue;
        };
        if !setting.key.ends_with('*')
            && let Some(first) = seen.insert(setting.key, key)
        {
            let message = format!("`{}` and `{}` are the same setting", first.text, key.text);
            out.error(key.place, message).also(first.place, "first here");
        }
        if let Some(value) = read_value(setting, &key.text, node, catalogue, out) {
            let line = out.line(key.place);
            chosen.set(setting, &key.text, value, ValueSource::Scenario { line }, node.place, catalogue.broker);
        }
    }
}

/// One setting's value, checked.
pub(crate) fn read_value(
    setting: &Setting,
    key: &str,
    node: &Node,
    catalogue: Catalogue<'_>,
    out: &mut Diagnostics,
) -> Option<String> {
    if ackproof_core::setting::is_secret(key) {
        return Some(secret::HIDDEN.to_owned());
    }
    let text = node.word(&format!("`{key}`"), out)?;
    catalogue.check(setting, &text, node.place, out)
}

/// One item of `from`: a file name, or `{file, section}`.
fn read_from(item: &Node, catalogue: Catalogue<'_>, folder: &Folder, chosen: &mut Chosen, out: &mut Diagnostics) {
    let sections = catalogue.broker.sections();
    let (file, section) = match &item.content {
        Content::Map(_) => {
            let Some(mut fields) = Fields::of(item, "an item of `from`", out) else { return };
            let (file, section) = (fields.take("file"), fields.take("section"));
            fields.finish(out);
            let Some(file) = file else {
                out.error(item.place, "`file` is missing").help("write {file: name.properties, section: producer}");
                return;
            };
            let mut named = None;
            if let Some(node) = section {
                let Some(word) = node.word("`section`", out) else { return };
                named = sections.iter().copied().find(|known| **known == word);
                if named.is_none() {
                    let message = format!("{} has no section `{word}`", catalogue.broker.name());
                    out.error(node.place, message).suggest(&word, sections.iter().copied());
                    return;
                }
            }
            (file, named)
        }
        Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::List(_) => (item, None),
    };
    let Some(name) = file.word("a file of `from`", out) else { return };
    match folder.read(&name) {
        Err(why) => {
            out.error(file.place, format!("`{name}` {why}"));
        }
        Ok(text) => {
            let whole = out.add_source(&name, &text);
            let ask = |message: String, out: &mut Diagnostics| {
                out.error(file.place, message)
                    .help(format!("say which: {{file: {name}, section: {}}}", sections.join(" | ")));
            };
            read_file(UserFile { name: &name, text: &text, whole }, section, catalogue, chosen, ask, out);
        }
    }
}

/// The text of one of the user's files.
struct UserFile<'f> {
    name: &'f str,
    text: &'f str,
    whole: Place,
}

/// Reads one configuration file. `ask` reports that its section cannot be told.
fn read_file(
    file: UserFile<'_>,
    section: Option<&'static str>,
    catalogue: Catalogue<'_>,
    chosen: &mut Chosen,
    ask: impl FnOnce(String, &mut Diagnostics),
    out: &mut Diagnostics,
) -> Option<&'static str> {
    let UserFile { name, text, whole } = file;
    let found = properties::parse(text, whole, out);
    if found.is_empty() {
        out.warning(Some(whole.within(0, 0)), format!("`{name}` sets nothing"));
        return None;
    }
    let keys: Vec<&str> = found.iter().map(|property| property.key.as_str()).collect();
    let section = match section.map_or_else(|| section_of(name, &keys, catalogue), Ok) {
        Ok(section) => section,
        Err(message) => {
            ask(message, out);
            return None;
        }
    };
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    for property in &found {
        if let Some(first) = seen.insert(&property.key, property.key_place) {
            let message = format!("`{}` is set twice: the last one counts, as for the broker", property.key);
            out.warning(Some(property.key_place), message).also(first, "this one has no effect");
        }
        let Some(setting) = catalogue.find(section, &property.key) else {
            let whose = format!("`{name}` is read as {section} settings");
            catalogue.report_unknown(section, &property.key, property.key_place, out).note(whose);
            continue;
        };
        let place = property.value_place;
        let checked = if ackproof_core::setting::is_secret(&property.key) {
            Some(secret::HIDDEN.to_owned())
        } else {
            catalogue.check(setting, &property.value, place, out)
        };
        if let Some(value) = checked {
            let source = ValueSource::File { file: name.to_owned(), line: out.line(property.key_place) };
            chosen.set(setting, &property.key, value, source, place, catalogue.broker);
        }
    }
    Some(section)
}

/// The section that a file is about: the one its name speaks of, else the one that knows most of its keys.
///
/// # Errors
/// Neither tells.
fn section_of(name: &str, keys: &[&str], catalogue: Catalogue<'_>) -> Result<&'static str, String> {
    let sections = catalogue.broker.sections();
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
    let words: Vec<&str> = file.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let speaks_of = |section: &str| words.contains(&section) || (section == "broker" && words.contains(&"server"));
    let named: Vec<&'static str> = sections.iter().copied().filter(|section| speaks_of(section)).collect();
    if let [only] = named[..] {
        return Ok(only);
    }
    let count = |section: &str| keys.iter().filter(|key| catalogue.find(section, key).is_some()).count();
    let counts: Vec<(usize, &'static str)> = sections.iter().map(|section| (count(section), *section)).collect();
    let most = counts.iter().map(|(count, _)| *count).max().unwrap_or(0);
    let best: Vec<&'static str> = counts.iter().filter(|(n, _)| *n == most).map(|(_, section)| *section).collect();
    match best[..] {
        _ if most == 0 => Err(format!("`{name}`: no section of {} has any of its keys", catalogue.broker.name())),
        [only] => Ok(only),
        _ => Err(format!("`{name}` could be about {}", best.join(" or "))),
    }
}

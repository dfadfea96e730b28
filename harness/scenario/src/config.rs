//! The `config` section: the user's own files, then what the scenario says; each key checked against the broker's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ackproof_core::model::Broker;
use ackproof_core::setting::{Effective, Setting, SettingName, ValueSource};

use crate::catalogue::{Catalogue, name_of};
use crate::diagnostics::{Diagnostics, Place};
use crate::files::Folder;
use crate::import::{self, Hints, Item, Told, Unsettled};
use crate::node::{Content, Fields, Key, Node};
use crate::notes::Note;
use crate::secret;

/// The values that somebody chose, with where; later ones replace earlier ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    pub values: BTreeMap<SettingName, (String, ValueSource, Place)>,
    pub notes: Vec<Note>,
    /// What files speak of without saying it.
    pub unsettled: Vec<Unsettled>,
    /// What follows from files for the scenario's own sections.
    pub told: Vec<Told>,
    /// Brokers that files describe.
    pub machines: Vec<Machine>,
    /// Images that they run.
    pub images: Vec<SeenImage>,
    /// Sections that files are about.
    pub sections: Vec<&'static str>,
    /// Keys that no setting answers to, where they are no error.
    pub unknown: Vec<(ValueSource, String)>,
    /// The file of `from` that a value is owed to: the value may stand in another, which that one names.
    pub owners: BTreeMap<SettingName, String>,
    /// Files that a run would not take as they are.
    pub spoiled: BTreeSet<String>,
}

/// A machine, or several alike, that one of the user's files starts as a broker.
#[derive(Clone, Debug)]
pub struct Machine {
    /// As the file calls it.
    pub name: String,
    pub file: String,
    pub line: u32,
    /// How many are started.
    pub count: u32,
    pub rack: Option<String>,
}

/// A container image that runs a broker.
#[derive(Clone, Debug)]
pub struct SeenImage {
    /// With its tag.
    pub name: String,
    /// The broker's version, where the tag tells.
    pub version: Option<String>,
    pub file: String,
    pub line: u32,
    pub(crate) place: Place,
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

/// Reads a configuration file by itself, for a broker's default version. `section` where the file does not tell.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_config(path: &Path, section: Option<&str>, broker: &dyn Broker) -> Result<ConfigFile, Diagnostics> {
    let mut out = Diagnostics::default();
    let shown = path.display().to_string();
    let (Some(client), version) = (broker.clients().first(), broker.default_version()) else {
        out.error_without_place(format!("{} has no client that is known", broker.name()));
        return Err(out);
    };
    let section = section.map(|word| (word, broker.sections().iter().copied().find(|known| *known == word)));
    if let Some((word, None)) = section {
        out.error_without_place(format!("{} has no section `{word}`", broker.name()))
            .suggest(word, broker.sections().iter().copied());
        return Err(out);
    }
    let section = section.and_then(|(_, section)| section);
    let mut chosen = Chosen::default();
    let item = Item { name: shown, place: None, hints: Hints { section, ..Hints::default() } };
    let catalogue = Catalogue { broker, version, client };
    import::read(&[item], catalogue, &Folder::At(Path::new("").to_owned()), false, &mut chosen, &mut out);
    import::require_settled(&chosen, &[], &mut out);
    if out.has_errors() {
        return Err(out);
    }
    let Chosen { values, notes, sections, .. } = chosen;
    let values = values.into_iter().map(|(name, (value, source, _))| (name, value, source)).collect();
    Ok(ConfigFile { section: sections.first().copied(), values, notes, warnings: out })
}

/// Reads `config`.
pub(crate) fn read(node: &Node, catalogue: Catalogue<'_>, folder: &Folder, out: &mut Diagnostics) -> Chosen {
    let mut chosen = Chosen::default();
    let Some(mut fields) = Fields::of(node, "`config`", out) else { return chosen };
    if let Some(from) = fields.take("from") {
        let items = from.list("`from`", out).unwrap_or_default();
        let items: Vec<Item> = items.iter().filter_map(|item| read_from(item, catalogue, out)).collect();
        import::read(&items, catalogue, folder, false, &mut chosen, out);
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

/// One item of `from`: a file name, or `{file, section, image, profile}`.
fn read_from(item: &Node, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<Item> {
    let mut hints = Hints::default();
    let file = match &item.content {
        Content::Map(_) => {
            let mut fields = Fields::of(item, "an item of `from`", out)?;
            let (file, section) = (fields.take("file"), fields.take("section"));
            let (image, profile) = (fields.take("image"), fields.take("profile"));
            fields.finish(out);
            if let Some(node) = section {
                hints.section = Some(named_section(node, catalogue, out)?);
            }
            if let Some(node) = image {
                hints.image = Some(named_image(node, catalogue, out)?);
            }
            if let Some(node) = profile {
                hints.profiles = match &node.content {
                    Content::List(items) => items.iter().filter_map(|item| item.word("`profile`", out)).collect(),
                    Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::Map(_) => {
                        vec![node.word("`profile`", out)?]
                    }
                };
            }
            let Some(file) = file else {
                out.error(item.place, "`file` is missing").help("write {file: name.properties, section: producer}");
                return None;
            };
            file
        }
        Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::List(_) => item,
    };
    let name = file.word("a file of `from`", out)?;
    Some(Item { name, place: Some(file.place), hints })
}

fn named_section(node: &Node, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<&'static str> {
    let sections = catalogue.broker.sections();
    let word = node.word("`section`", out)?;
    let named = sections.iter().copied().find(|known| **known == word);
    if named.is_none() {
        out.error(node.place, format!("{} has no section `{word}`", catalogue.broker.name()))
            .suggest(&word, sections.iter().copied());
    }
    named
}

fn named_image(node: &Node, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<String> {
    let word = node.word("`image`", out)?;
    let surroundings = catalogue.broker.surroundings();
    if surroundings.image(&word).is_none() {
        let known = surroundings.images.iter().flat_map(|image| image.repositories.iter().copied());
        let known: Vec<&str> = known.collect();
        out.error(node.place, format!("`{word}` is no image whose variables are understood"))
            .help(format!("known: {}", known.join(", ")));
        return None;
    }
    Some(word)
}

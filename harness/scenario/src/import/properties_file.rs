//! The broker's own properties files, each about one section.

use std::collections::BTreeMap;

use super::{File, Session, Written};
use crate::catalogue::Catalogue;
use crate::diagnostics::Place;
use crate::properties::Property;

impl Session<'_> {
    pub(super) fn read_properties(&mut self, file: File<'_>, found: &[Property]) {
        let File { name, whole, .. } = file;
        if found.is_empty() {
            self.out.warning(Some(whole.within(0, 0)), format!("`{name}` sets nothing"));
            return;
        }
        let keys: Vec<&str> = found.iter().map(|property| property.key.as_str()).collect();
        let told = file.hints.section.map_or_else(|| section_of(name, &keys, self.catalogue), Ok);
        let section = match told {
            Ok(section) => section,
            Err(message) => {
                let sections = self.catalogue.broker.sections().join(" | ");
                let place = file.named_at.unwrap_or(whole.within(0, 0));
                let help = match file.named_at {
                    Some(_) => format!("say which: {{file: {name}, section: {sections}}}"),
                    None => format!("say which section it is: {}", self.catalogue.broker.sections().join(", ")),
                };
                self.out.error(place, message).help(help);
                return;
            }
        };
        self.chosen.sections.push(section);
        let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
        for property in found {
            if let Some(first) = seen.insert(&property.key, property.key_place) {
                let message = format!("`{}` is set twice: the last one counts, as for the broker", property.key);
                self.out.warning(Some(property.key_place), message).also(first, "this one has no effect");
            }
            let Some(setting) = self.catalogue.find(section, &property.key) else {
                let whose = format!("`{name}` is read as {section} settings");
                self.unknown(name, section, &property.key, property.key_place, Some(whose));
                continue;
            };
            let (key, value) = (property.key.as_str(), property.value.as_str());
            let (key_place, value_place) = (property.key_place, property.value_place);
            self.put(name, &Written { key, value, key_place, value_place }, setting);
        }
    }
}

/// The section that a file is about: the one its name speaks of, else the one that knows most of its keys.
///
/// # Errors
/// Neither tells.
fn section_of(name: &str, keys: &[&str], catalogue: Catalogue<'_>) -> Result<&'static str, String> {
    let sections = catalogue.broker.sections();
    let also = catalogue.broker.surroundings().file_words;
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
    let words: Vec<&str> = file.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let speaks_of = |section: &str| {
        words.contains(&section) || also.iter().any(|(word, of)| *of == section && words.contains(word))
    };
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

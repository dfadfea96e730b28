//! The broker's own properties files, each about one section.

use std::collections::BTreeMap;

use ackproof_core::setting::{Setting, ValueKind};
use ackproof_core::surroundings::Fleet;

use super::fleet::{BrokerFile, Entry};
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
        let found = &without_xml_comments(found);
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
        let fleet = self.catalogue.broker.surroundings().fleet;
        let speaks_of_itself = |fleet: &Fleet| found.iter().any(|one| fleet.own.contains(&one.key.as_str()));
        let is_broker = fleet
            .is_some_and(|fleet| section == fleet.section || (section == fleet.of_slaves && speaks_of_itself(fleet)));
        let section = fleet.filter(|_| is_broker).map_or(section, |fleet| fleet.section);
        self.chosen.sections.push(section);
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
        for property in found {
            if let Some(first) = seen.insert(&property.key, property.key_place) {
                let message = format!("`{}` is set twice: the last one counts, as for the broker", property.key);
                self.out.warning(Some(property.key_place), message).also(first, "this one has no effect");
            }
            let settings = self.settings_of(section, &property.key, found);
            if settings.is_empty() {
                let whose = format!("`{name}` is read as {section} settings");
                self.unknown(name, section, &property.key, property.key_place, Some(whose));
                continue;
            }
            let (key, value) = (property.key.as_str(), property.value.as_str());
            let (key_place, value_place) = (property.key_place, property.value_place);
            let entry = Entry { value: value.to_owned(), key_place, value_place };
            self.refuse_padding(property, &settings);
            for setting in &settings {
                self.count_addresses(setting.section, key, &entry);
            }
            if is_broker {
                entries.insert(key.to_owned(), entry);
                continue;
            }
            for setting in settings {
                self.put(name, &Written { key, value, key_place, value_place }, setting);
            }
        }
        if is_broker {
            let is_part = file.named_at.is_some() || self.lenient;
            self.brokers.push(BrokerFile { name: name.to_owned(), whole, entries, is_part });
        }
    }

    /// Blanks behind a value can be seen nowhere and make it another one.
    fn refuse_padding(&mut self, property: &Property, settings: &[&'static Setting]) {
        let Some(fleet) = self.catalogue.broker.surroundings().fleet.filter(|fleet| !fleet.padding.is_empty()) else {
            return;
        };
        let trips = settings.iter().any(|setting| match setting.kind {
            ValueKind::Bool | ValueKind::Int { .. } | ValueKind::Float { .. } => true,
            ValueKind::OneOf(_) | ValueKind::Exactly(_) | ValueKind::Text => false,
        });
        if property.is_padded && trips {
            let message = format!("blanks follow the value of `{}`", property.key);
            self.out.error(property.value_place, message).note(fleet.padding).help("remove them");
        }
    }

    /// What a key of a file sets: a setting of its section, of a section that the file carries as well, or both.
    fn settings_of(&self, section: &str, key: &str, found: &[&Property]) -> Vec<&'static Setting> {
        let mut settings = Vec::from_iter(self.catalogue.find(section, key));
        for guest in self.catalogue.broker.surroundings().guests.iter().filter(|guest| guest.host == section) {
            let is_there = found.iter().any(|one| (one.key.as_str(), one.value.as_str()) == guest.mark);
            if settings.is_empty() || is_there {
                settings.extend(self.catalogue.find(guest.guest, key));
            }
        }
        settings
    }
}

/// Some files that RocketMQ ships begin with a licence in an XML comment: to a reader of properties each line of it is a
/// key, and no program has such keys.
fn without_xml_comments(found: &[Property]) -> Vec<&Property> {
    let mut is_inside = false;
    let mut kept = Vec::new();
    for property in found {
        is_inside |= property.key.starts_with("<!--");
        if !is_inside {
            kept.push(property);
        }
        is_inside &= !(property.key.ends_with("-->") || property.value.ends_with("-->"));
    }
    kept
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
    let mut best: Vec<&'static str> = counts.iter().filter(|(n, _)| *n == most).map(|(_, section)| *section).collect();
    if let Some(fleet) = catalogue.broker.surroundings().fleet.filter(|fleet| best.contains(&fleet.section)) {
        best.retain(|section| *section != fleet.of_slaves);
    }
    match best[..] {
        _ if most == 0 => Err(format!("`{name}`: no section of {} has any of its keys", catalogue.broker.name())),
        [only] => Ok(only),
        _ => Err(format!("`{name}` could be about {}", best.join(" or "))),
    }
}

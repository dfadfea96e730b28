//! Spring Boot's `application.yml` and `application.properties`, and variables that stand for their keys: relaxed names,
//! several documents, profiles and placeholders.

use ackproof_core::surroundings::{Form, Spring, SpringApp, SpringKey};

use super::environment::Variable;
use super::placeholder::{Style, fill};
use super::spring_name::{matches_other, path_of_variable, relaxed, segments, strip};
use super::{File, Session, Told, Written, spring_value};
use crate::diagnostics::{Place, nearest};
use crate::node::{Content, Node};
use crate::properties::Property;
use crate::setup;

/// One property with its whole name, as it is written.
struct Entry {
    path: Vec<String>,
    value: String,
    place: Place,
    value_place: Place,
}

/// One document of a file.
#[derive(Default)]
struct Document {
    entries: Vec<Entry>,
    /// The profiles under which it holds; `None` for always.
    on_profile: Option<(String, Place)>,
}

fn flatten(node: &Node, path: &mut Vec<String>, place: Place, into: &mut Vec<Entry>) {
    match &node.content {
        Content::Map(entries) => {
            for (key, node) in entries {
                let before = path.len();
                path.extend(segments(&key.text));
                flatten(node, path, key.place, into);
                path.truncate(before);
            }
        }
        Content::List(items) => {
            let words: Vec<String> = items.iter().filter_map(Node::scalar).collect();
            into.push(Entry { path: path.clone(), value: words.join(","), place, value_place: node.place });
        }
        Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) => {
            let value = node.scalar().unwrap_or_default();
            into.push(Entry { path: path.clone(), value, place, value_place: node.place });
        }
    }
}

/// Takes out the property that says when a document holds.
fn settle_profile(mut entries: Vec<Entry>) -> Document {
    let is_condition = |entry: &Entry| {
        ["spring.config.activate.on-profile", "spring.profiles"]
            .iter()
            .any(|name| strip(&entry.path, name).is_some_and(<[String]>::is_empty))
    };
    let on_profile =
        entries.iter().find(|entry| is_condition(entry)).map(|entry| (entry.value.clone(), entry.value_place));
    entries.retain(|entry| !is_condition(entry));
    Document { entries, on_profile }
}

impl Session<'_> {
    fn spring(&self) -> Option<&'static Spring> {
        self.catalogue.broker.surroundings().spring
    }

    pub(super) fn is_spring<'k>(&self, mut keys: impl Iterator<Item = &'k str>) -> bool {
        self.spring().is_some() && keys.any(|key| key.split('.').next() == Some("spring"))
    }

    pub(super) fn is_spring_yaml(&self, documents: &[Node]) -> bool {
        let keys = documents.iter().flat_map(|root| match &root.content {
            Content::Map(entries) => entries.iter().map(|(key, _)| key.text.as_str()).collect::<Vec<_>>(),
            Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::List(_) => {
                Vec::new()
            }
        });
        self.is_spring(keys)
    }

    pub(super) fn read_spring_yaml(&mut self, file: File<'_>, documents: &[Node]) {
        let documents = documents.iter().map(|root| {
            let mut entries = Vec::new();
            flatten(root, &mut Vec::new(), root.place, &mut entries);
            settle_profile(entries)
        });
        self.read_documents(file, documents.collect());
    }

    /// Documents in a properties file are parted by `#---` or `!---`.
    pub(super) fn read_spring_properties(&mut self, file: File<'_>, found: Vec<Property>) {
        let mut parts: Vec<u32> = Vec::new();
        for (number, line) in file.text.lines().enumerate() {
            if matches!(line.trim_end(), "#---" | "!---") {
                parts.push(number as u32 + 1);
            }
        }
        let mut documents: Vec<Vec<Entry>> = (0..=parts.len()).map(|_| Vec::new()).collect();
        for property in found {
            let line = self.out.line(property.key_place);
            let index = parts.iter().filter(|part| **part < line).count();
            documents[index].push(Entry {
                path: segments(&property.key),
                value: property.value,
                place: property.key_place,
                value_place: property.value_place,
            });
        }
        self.read_documents(file, documents.into_iter().map(settle_profile).collect());
    }

    /// Variables of a container that stand for properties: `SPRING_KAFKA_PRODUCER_ACKS`.
    pub(super) fn read_spring_variables(&mut self, file: File<'_>, variables: &[Variable]) {
        let Some(spring) = self.spring() else { return };
        let prefix = format!("{}_", spring.prefix.to_ascii_uppercase().replace('.', "_"));
        let mut entries = Vec::new();
        for variable in variables {
            let Some(rest) = variable.name.strip_prefix(&prefix) else { continue };
            let Some(path) = path_of_variable(rest, spring) else {
                let message = format!("{} is no property of {} that is known", variable.name, spring.prefix);
                self.out.warning(Some(variable.place), message);
                continue;
            };
            let path = spring.prefix.split('.').map(str::to_owned).chain(path).collect();
            let value = match &variable.value {
                Some(value) => fill(value, Style::Compose, &self.variables).map(|filled| filled.text),
                None => Err(variable.name.clone()),
            };
            // What nothing defines stays a placeholder, and is reported as one.
            let value = value.unwrap_or_else(|name| format!("${{{name}}}"));
            entries.push(Entry { path, value, place: variable.place, value_place: variable.value_place });
        }
        if !entries.is_empty() {
            self.read_entries(file, spring, &entries);
        }
    }

    fn read_documents(&mut self, file: File<'_>, documents: Vec<Document>) {
        let Some(spring) = self.spring() else { return };
        let named = |document: &Document| {
            let always = document.on_profile.is_none();
            let active =
                |entry: &&Entry| strip(&entry.path, "spring.profiles.active").is_some_and(<[String]>::is_empty);
            document.entries.iter().rev().find(active).filter(|_| always).map(|entry| entry.value.clone())
        };
        let active: Vec<String> = if file.hints.profiles.is_empty() {
            let value = documents.iter().rev().find_map(named).unwrap_or_default();
            let filled = fill(&value, Style::Spring, &self.variables).map(|filled| filled.text).unwrap_or_default();
            filled.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
        } else {
            file.hints.profiles.clone()
        };
        let mut entries: Vec<Entry> = Vec::new();
        let mut known: Vec<String> = Vec::new();
        for document in documents {
            let speaks = document.entries.iter().any(|entry| strip(&entry.path, spring.prefix).is_some());
            match &document.on_profile {
                None => entries.extend(document.entries),
                Some((profile, place)) => {
                    known.extend(profile.split([',', '&', '|']).map(|one| one.trim().to_owned()));
                    if profile.split(',').any(|one| active.iter().any(|active| active == one.trim())) {
                        entries.extend(document.entries);
                    } else if speaks {
                        let message = format!("holds for the profile `{profile}` only, which is not active: not read");
                        self.remark(*place, message);
                    }
                }
            }
        }
        for profile in file.hints.profiles.iter().filter(|profile| !known.contains(profile) && !known.is_empty()) {
            let place = file.named_at.unwrap_or(file.whole.within(0, 0));
            let message = format!("`{}` has no document for the profile `{profile}`", file.name);
            self.out.warning(Some(place), message).help(format!("profiles: {}", known.join(", ")));
        }
        entries.retain(|entry| strip(&entry.path, spring.prefix).is_some());
        if entries.is_empty() {
            let message = format!("`{}` sets nothing under `{}`", file.name, spring.prefix);
            self.out.warning(Some(file.whole.within(0, 0)), message);
            return;
        }
        self.read_entries(file, spring, &entries);
    }

    fn read_entries(&mut self, file: File<'_>, spring: &'static Spring, entries: &[Entry]) {
        // Of two that set one thing the later wins, and a client's own map everything else.
        let mut ranked: Vec<(u8, &Entry, Found)> = Vec::new();
        for entry in entries {
            let Some(path) = strip(&entry.path, spring.prefix) else { continue };
            if let Some(found) = self.find(file, spring, path, entry) {
                ranked.push((found.rank(), entry, found));
            }
        }
        ranked.sort_by_key(|(rank, ..)| *rank);
        self.read_given(file, spring, entries, &ranked);
        for (_, entry, found) in &ranked {
            let filled = fill(&entry.value, Style::Spring, &self.variables);
            if let Ok(filled) = &filled
                && let Some(name) = filled.by_default.first()
            {
                let message = format!("nothing defines `{name}`, so its default is in force");
                self.remark(entry.place, message);
            }
            let value = filled.map(|filled| filled.text);
            match found {
                Found::Typed(key) => self.put_spring(file, entry, key.section, key.key, key.form, &value),
                Found::Mapped { key, sections } => {
                    for section in *sections {
                        self.put_spring(file, entry, section, key, Form::Plain, &value);
                    }
                }
            }
        }
        if let Some(app) = spring.app {
            self.read_app(file, spring, app, entries);
        }
    }

    /// What Spring sets by itself, where the file is about that side at all.
    fn read_given(
        &mut self,
        file: File<'_>,
        spring: &'static Spring,
        entries: &[Entry],
        found: &[(u8, &Entry, Found)],
    ) {
        let Some(place) = consumes(spring, entries) else { return };
        for (section, key, value, why) in spring.given {
            let Some(setting) = self.catalogue.find(section, key) else { continue };
            if found.iter().any(|(_, _, found)| found.sets(section, key)) {
                continue;
            }
            self.remark(place, format!("{section}.{key}={value}: {why} [{}]", spring.source));
            let written = Written { key, value, key_place: place, value_place: place };
            self.put(file.name, &written, setting);
        }
    }

    fn put_spring(
        &mut self,
        file: File<'_>,
        entry: &Entry,
        section: &'static str,
        key: &str,
        form: Form,
        value: &Result<String, String>,
    ) {
        let Some(setting) = self.catalogue.find(section, key) else { return };
        if !self.chosen.sections.contains(&section) {
            self.chosen.sections.push(section);
        }
        let value = match value {
            Ok(value) => value,
            Err(unknown) => {
                let why = format!("`{}` depends on `{unknown}`, which nothing here defines", entry.path.join("."));
                self.leave_open(file.name, setting, entry.place, why);
                return;
            }
        };
        match spring_value::read(value, form) {
            Ok(value) => {
                let written = Written { key, value: &value, key_place: entry.place, value_place: entry.value_place };
                self.put(file.name, &written, setting);
            }
            Err(allowed) => {
                self.out.error(entry.value_place, format!("`{value}` is no value of `{key}`")).label(allowed);
            }
        }
    }

    /// What a property below the prefix stands for; reports it when that is not known.
    fn find(&mut self, file: File<'_>, spring: &'static Spring, path: &[String], entry: &Entry) -> Option<Found> {
        let is_app = spring.app.is_some_and(|app| strip(path, app.path).is_some_and(<[String]>::is_empty));
        if let Some(key) = spring.keys.iter().find(|key| strip(path, key.path).is_some_and(<[String]>::is_empty)) {
            return Some(Found::Typed(key));
        }
        for (map, sections) in spring.maps {
            let Some(rest) = strip(path, map).filter(|rest| !rest.is_empty()) else { continue };
            let key = rest.join(".");
            if sections.iter().any(|section| self.catalogue.find(section, &key).is_some()) {
                return Some(Found::Mapped { key, sections });
            }
            let section = sections.first().copied().unwrap_or_default();
            self.unknown(file.name, section, &key, entry.place, None);
            return None;
        }
        if is_app || spring.others.iter().any(|other| matches_other(path, other)) {
            return None;
        }
        self.unknown_property(file, spring, path, entry);
        None
    }

    fn unknown_property(&mut self, file: File<'_>, spring: &'static Spring, path: &[String], entry: &Entry) {
        let written = path.join(".");
        let others = spring.others.iter().map(|other| other.trim_end_matches('*'));
        let near = nearest(&written, spring.keys.iter().map(|key| key.path).chain(others));
        let message = format!("`{}.{written}` is no property that is known", spring.prefix);
        let error = self.out.error(entry.place, message);
        if let Some(near) = near {
            error.help(format!("did you mean `{near}`?"));
        }
        self.spoil(file.name, entry.place);
    }

    /// What the file says about when the application acknowledges.
    fn read_app(&mut self, file: File<'_>, spring: &'static Spring, app: &'static SpringApp, entries: &[Entry]) {
        let Some(at) = consumes(spring, entries) else { return };
        let (section, key, off) = app.unless;
        let is_off =
            self.chosen.values.iter().any(|(name, (value, ..))| {
                (name.section.as_str(), name.key.as_str()) == (section, key) && value == off
            });
        let is_it = |entry: &&Entry| {
            strip(&entry.path, spring.prefix).and_then(|path| strip(path, app.path)).is_some_and(<[String]>::is_empty)
        };
        let written = entries.iter().rev().find(is_it);
        if is_off {
            if let Some(entry) = written {
                let message = format!("{} has no effect: {section}.{key}={off}", app.path);
                self.remark(entry.place, message);
            }
            return;
        }
        let place = written.map_or(at, |entry| entry.place);
        let value = written.map_or(Ok(app.default.to_owned()), |entry| {
            fill(&entry.value, Style::Spring, &self.variables).map(|filled| filled.text)
        });
        let path = app.values.first().map_or("", |(_, path, ..)| path);
        let value = match value {
            Ok(value) => value,
            Err(unknown) => {
                let why = format!("{} depends on `{unknown}`, which nothing here defines", app.path);
                self.open(file.name, path.to_owned(), place, why);
                return;
            }
        };
        let Some((_, path, meant, differs)) = app.values.iter().find(|(word, ..)| *word == relaxed(&value)) else {
            let words: Vec<&str> = app.values.iter().map(|(word, ..)| *word).collect();
            let place = written.map_or(at, |entry| entry.value_place);
            self.out.error(place, format!("`{value}` is no value of `{}`", app.path)).suggest(&value, words);
            return;
        };
        if meant.is_empty() {
            let why = format!("with {}: {value} the listener's code decides when progress is stored", app.path);
            self.open(file.name, (*path).to_owned(), place, why);
            return;
        }
        let default = if written.is_some() { "" } else { ", Spring's default" };
        let differs = if differs.is_empty() { String::new() } else { format!("; {differs}") };
        self.remark(place, format!("{}: {value}{default}, is {path}: {meant}{differs}", app.path));
        let source = self.source_at(place);
        let node = Node { place, content: Content::Text((*meant).to_owned()) };
        if let Some(key) = setup::key_at(path) {
            self.chosen.told.retain(|told| told.path != key.path);
            self.chosen.told.push(Told { path: key.path, node, source, is_whole: false });
        }
    }
}

/// Where a file begins to speak of consuming.
fn consumes(spring: &Spring, entries: &[Entry]) -> Option<Place> {
    let about = |entry: &&Entry| {
        let path = strip(&entry.path, spring.prefix);
        path.and_then(<[String]>::first).is_some_and(|first| matches!(relaxed(first).as_str(), "consumer" | "listener"))
    };
    entries.iter().find(about).map(|entry| entry.place)
}

/// What one property sets.
enum Found {
    Typed(&'static SpringKey),
    Mapped { key: String, sections: &'static [&'static str] },
}

impl Found {
    fn sets(&self, section: &str, key: &str) -> bool {
        match self {
            Found::Typed(one) => one.section == section && one.key == key,
            Found::Mapped { key: mapped, sections } => mapped == key && sections.contains(&section),
        }
    }

    /// A client's own map goes over its properties, and those over the map that all clients share.
    fn rank(&self) -> u8 {
        match self {
            Found::Mapped { sections, .. } if sections.len() > 1 => 0,
            Found::Typed(_) => 1,
            Found::Mapped { .. } => 2,
        }
    }
}

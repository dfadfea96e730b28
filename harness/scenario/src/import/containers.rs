//! Containers that run a broker: what their variables set, taken together. One cluster has one value of a setting; where
//! its containers differ, nobody here decides which is meant.

use std::collections::BTreeMap;

use ackproof_core::setting::Setting;
use ackproof_core::surroundings::Image;

use super::environment::{Meaning, Variable, meaning};
use super::placeholder::{Style, fill};
use super::{File, Session, Written};
use crate::config::{Machine, SeenImage};
use crate::diagnostics::Place;

/// A container as a file describes it.
pub(crate) struct Container {
    pub name: String,
    /// Empty for a file that names none.
    pub image: String,
    pub place: Place,
    pub variables: Vec<Variable>,
    /// How many of it are started.
    pub count: u32,
    /// Whether it runs a command of its own.
    pub is_tool: bool,
}

/// One setting in one container.
struct Said {
    container: usize,
    variable: String,
    key: String,
    /// What the placeholders of the value come to, or what is unknown of it.
    value: Result<String, String>,
    place: Place,
    value_place: Place,
}

impl Session<'_> {
    pub(super) fn read_containers(&mut self, file: File<'_>, containers: Vec<Container>) {
        let surroundings = self.catalogue.broker.surroundings();
        let mut said: Vec<Said> = Vec::new();
        let mut members: Vec<usize> = Vec::new();
        for (index, container) in containers.iter().enumerate() {
            let written = self.filled(&container.image, container.place);
            let hint = file.hints.image.as_deref().filter(|_| surroundings.image(&written).is_none());
            match surroundings.image(hint.unwrap_or(&written)) {
                Some((image, tag)) => {
                    let found = self.read_variables(file, index, container, image, tag);
                    if self.is_member(container, &found, image) {
                        self.see_image(file, container, hint.unwrap_or(&written), image, tag);
                        members.push(index);
                        said.extend(found);
                    }
                }
                None => self.refuse_unknown_image(file, container, &written),
            }
        }
        let is_broker = |index: &&usize| {
            !said.iter().any(|one| {
                let other = surroundings.not_a_broker;
                one.container == **index
                    && other.is_some_and(|(key, value)| one.key == key && one.value.as_deref() == Ok(value))
            })
        };
        let brokers: Vec<usize> = members.iter().filter(is_broker).copied().collect();
        for index in &brokers {
            let container = &containers[*index];
            let rack = said.iter().find(|one| one.container == *index && Some(one.key.as_str()) == surroundings.rack);
            self.chosen.machines.push(Machine {
                name: container.name.clone(),
                file: file.name.to_owned(),
                line: self.out.line(container.place),
                count: container.count,
                rack: rack.and_then(|one| one.value.clone().ok()),
            });
        }
        said.retain(|one| brokers.contains(&one.container));
        if !brokers.is_empty() {
            self.chosen.sections.push(surroundings.section);
        }
        self.join(file, &containers, &brokers, said);
    }

    /// An image's name with its placeholders filled in; as it is where that cannot be done.
    fn filled(&mut self, image: &str, place: Place) -> String {
        match fill(image, Style::Compose, &self.variables) {
            Ok(filled) => filled.text,
            Err(unknown) => {
                let message = format!("`{image}` depends on `{unknown}`, which nothing here defines");
                self.remark(place, message);
                image.to_owned()
            }
        }
    }

    fn read_variables(
        &mut self,
        file: File<'_>,
        index: usize,
        container: &Container,
        image: &Image,
        tag: &str,
    ) -> Vec<Said> {
        let mut found = Vec::new();
        for variable in &container.variables {
            let key = match meaning(&variable.name, image, tag) {
                Meaning::Nothing => continue,
                Meaning::Key(key) => key,
                Meaning::Either(keys) => {
                    self.leave_name_open(file, variable, &keys, image);
                    continue;
                }
            };
            if let Some(remark) = (image.remark)(&variable.name, tag) {
                self.remark(variable.place, format!("{} is `{key}`: {remark}", variable.name));
            }
            let value = match &variable.value {
                None => Err(variable.name.clone()),
                Some(value) => fill(value, Style::Compose, &self.variables).map(|filled| {
                    if let Some(name) = filled.by_default.first() {
                        let message =
                            format!("{}: nothing defines `{name}`, so its default is in force", variable.name);
                        self.remark(variable.place, message);
                    }
                    filled.text
                }),
            };
            let (place, value_place) = (variable.place, variable.value_place);
            found.push(Said { container: index, variable: variable.name.clone(), key, value, place, value_place });
        }
        found
    }

    /// Whether a container is part of the cluster, and no tool that shares its image.
    fn is_member(&self, container: &Container, found: &[Said], image: &Image) -> bool {
        let marks = self.catalogue.broker.surroundings().marks;
        let is_marked = found.iter().any(|one| marks.contains(&one.key.as_str()));
        let is_told = image.runs_by_itself || !found.is_empty();
        is_marked || container.image.is_empty() || (is_told && !container.is_tool)
    }

    fn see_image(&mut self, file: File<'_>, container: &Container, name: &str, image: &Image, tag: &str) {
        let place = container.place;
        let first = image.repositories.first().copied().unwrap_or_default();
        self.remark(place, format!("read as {first}: {} [{}]", image.rule, image.source));
        if !image.base.is_empty() {
            self.remark(place, format!("{first}: {}", image.base));
        }
        let seen = SeenImage {
            name: name.to_owned(),
            version: (image.version)(tag),
            file: file.name.to_owned(),
            line: self.out.line(place),
            place,
        };
        if !self.chosen.images.iter().any(|known| known.name == seen.name) {
            self.chosen.images.push(seen);
        }
    }

    fn leave_name_open(&mut self, file: File<'_>, variable: &Variable, keys: &[String], image: &Image) {
        let name = &variable.name;
        let first = image.repositories.first().copied().unwrap_or_default();
        let message = format!("{name} is `{}`, depending on the release of {first}", keys.join("` or `"));
        self.remark(variable.place, message.clone());
        let settings: Vec<&Setting> = keys.iter().filter_map(|key| self.container_setting(key)).collect();
        for setting in settings {
            self.leave_open(file.name, setting, variable.place, message.clone());
        }
    }

    /// A container whose image nobody knows and whose variables look like settings.
    fn refuse_unknown_image(&mut self, file: File<'_>, container: &Container, image: &str) {
        let surroundings = self.catalogue.broker.surroundings();
        let is_ours = |name: &str| surroundings.prefixes.iter().any(|prefix| name.starts_with(prefix));
        let readings = |variable: &Variable| -> Vec<String> {
            let mut all: Vec<String> = Vec::new();
            for known in surroundings.images {
                let keys = match meaning(&variable.name, known, "") {
                    Meaning::Nothing => continue,
                    Meaning::Key(key) => vec![key],
                    Meaning::Either(keys) => keys,
                };
                all.extend(keys.into_iter().filter(|key| self.container_setting(key).is_some()));
            }
            all.sort();
            all.dedup();
            all
        };
        let ours: Vec<(&Variable, Vec<String>)> = container
            .variables
            .iter()
            .filter(|variable| is_ours(&variable.name))
            .map(|variable| (variable, readings(variable)))
            .filter(|(_, keys)| !keys.is_empty())
            .collect();
        let is_marked = ours.iter().any(|(_, keys)| keys.iter().any(|key| surroundings.marks.contains(&key.as_str())));
        if ours.is_empty() || !(is_marked || container.image.is_empty()) {
            return;
        }
        let who =
            if image.is_empty() { "no image is named".to_owned() } else { format!("the image `{image}` is unknown") };
        let known: Vec<&str> = surroundings.images.iter().filter_map(|one| one.repositories.first().copied()).collect();
        for (variable, keys) in &ours {
            let settings: Vec<&Setting> = keys.iter().filter_map(|key| self.container_setting(key)).collect();
            for setting in settings {
                let why = format!(
                    "{who}: {} is `{}` with some images and nothing with others",
                    variable.name,
                    keys.join("` or `")
                );
                self.leave_open(file.name, setting, variable.place, why);
            }
        }
        let names: Vec<&str> = ours.iter().map(|(variable, _)| variable.name.as_str()).collect();
        let list = names.join(", ");
        let message = format!("{}: {who}, and images differ in what they make of {list}", container.name);
        let example = known.first().copied().unwrap_or_default();
        let help = format!(
            "say what it is built from: {{file: {}, image: {example}:TAG}} in `from`, --image for init (known: {})",
            file.name,
            known.join(", ")
        );
        self.out.error(container.place, message).help(help);
        self.spoil(file.name, container.place);
    }

    /// Puts what all brokers say into force, key by key in the order of the file.
    fn join(&mut self, file: File<'_>, containers: &[Container], brokers: &[usize], said: Vec<Said>) {
        let mut keys: Vec<String> = Vec::new();
        let mut by_key: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for one in said {
            if !keys.contains(&one.key) {
                keys.push(one.key.clone());
            }
            by_key.entry(one.key.clone()).or_default().push(one);
        }
        for key in keys {
            let Some(all) = by_key.remove(&key) else { continue };
            let Some(first) = all.first() else { continue };
            let Some(setting) = self.container_setting(&key) else {
                self.report_unknown_variable(first);
                continue;
            };
            if !setting.modelled && !self.catalogue.broker.heeds(setting) {
                self.put_first(file, first, setting);
                continue;
            }
            match self.common_value(setting, &all, containers, brokers) {
                Ok(()) => self.put_first(file, first, setting),
                Err(why) => self.leave_open(file.name, setting, first.place, why),
            }
        }
    }

    fn put_first(&mut self, file: File<'_>, said: &Said, setting: &'static Setting) {
        let value = said.value.as_deref().unwrap_or_default();
        let (key, key_place, value_place) = (said.key.as_str(), said.place, said.value_place);
        if setting.modelled || said.value.is_ok() {
            self.put(file.name, &Written { key, value, key_place, value_place }, setting);
        }
    }

    /// Whether every broker has the same value.
    ///
    /// # Errors
    /// Why there is no such value.
    fn common_value(
        &self,
        setting: &Setting,
        all: &[Said],
        containers: &[Container],
        brokers: &[usize],
    ) -> Result<(), String> {
        let default = setting.default_in(self.catalogue.version, self.catalogue.broker.versions());
        let mut values: Vec<(String, &str)> = Vec::new();
        for broker in brokers {
            let name = containers[*broker].name.as_str();
            // A variable that is given twice has its last value.
            match all.iter().rev().find(|one| one.container == *broker) {
                Some(Said { value: Ok(value), .. }) => {
                    values.push((setting.kind.normalise(value).unwrap_or_else(|_| value.clone()), name));
                }
                Some(Said { value: Err(unknown), variable, .. }) => {
                    return Err(format!("{variable} depends on `{unknown}`, which nothing here defines"));
                }
                None => values.push((default.unwrap_or("nothing").to_owned(), name)),
            }
        }
        let (first, who) = values.first().cloned().unwrap_or_default();
        match values.iter().find(|(value, _)| *value != first) {
            None => Ok(()),
            Some((other, whose)) => Err(format!("{who} has {first}, {whose} has {other}")),
        }
    }

    fn report_unknown_variable(&mut self, said: &Said) {
        let section = self.catalogue.broker.surroundings().section;
        let name = self.catalogue.broker.name();
        let message =
            format!("{} is read as `{}`, which {name} does not have: it does nothing", said.variable, said.key);
        let near = self.catalogue.nearest(section, &said.key);
        let warning = self.out.warning(Some(said.place), message);
        if let Some(near) = near {
            warning.help(format!("did you mean `{near}`?"));
        }
        if self.lenient {
            self.retell(said.place);
        }
    }
}

//! The user's own files: the broker's properties, container environments, Spring Boot's. What a file says becomes settings
//! with the line they stand on; what it leaves open is kept apart and never guessed.
//!
//! What a name means is the broker's to say ([`ackproof_core::surroundings`]); this folder knows formats only. Not read:
//! `extends` and `include` of compose files, Spring's imports and SpEL, and whatever else needs another program to be run.

mod compose;
mod containers;
mod environment;
mod fleet;
mod placeholder;
mod properties_file;
mod spring;
mod spring_name;
mod spring_value;
mod survey;

use std::collections::BTreeMap;

use ackproof_core::setting::{Setting, ValueSource, is_secret};
use ackproof_core::setup::Setup;

use crate::catalogue::{Catalogue, name_of};
use crate::config::Chosen;
use crate::diagnostics::{Diagnostics, Place};
use crate::files::Folder;
use crate::node::Node;
use crate::notes::Note;
use crate::{properties, secret, yaml};

pub use survey::{Survey, SurveyHints, SurveyedFile, SurveyedValue, familiar_keys, survey};

/// What somebody said about a file beside its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hints {
    /// Section that a properties file is about.
    pub section: Option<&'static str>,
    /// Image by whose rule variables are read where the file names an unknown one or none.
    pub image: Option<String>,
    /// Spring profiles that are active.
    pub profiles: Vec<String>,
}

/// One file to read, and where it was named.
pub(crate) struct Item {
    pub name: String,
    /// `None` for a file named on the command line.
    pub place: Option<Place>,
    pub hints: Hints,
}

/// Something that a file speaks of without saying its value: somebody else has to.
#[derive(Clone, Debug)]
pub(crate) struct Unsettled {
    /// `broker.min.insync.replicas`, `app.consumer.ack`.
    pub name: String,
    pub source: ValueSource,
    pub place: Place,
    pub why: String,
}

/// A key of the scenario's own sections that follows from a file.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub path: &'static str,
    pub node: Node,
    pub source: ValueSource,
    /// A scenario that says otherwise is about other machines than the files.
    pub is_whole: bool,
}

/// What is read together, and for whom.
pub(crate) struct Session<'s> {
    pub catalogue: Catalogue<'s>,
    /// Whether a key that the broker does not have is only reported, because the files are looked through and not run.
    pub lenient: bool,
    /// What `.env` files among the items define.
    variables: BTreeMap<String, String>,
    /// Whether there are files beside environment files.
    is_beside_others: bool,
    /// Variables of containers that stand for Spring's properties: they go over every file.
    spring_variables: Vec<(String, Vec<environment::Variable>)>,
    /// Files of which each is about one broker.
    brokers: Vec<fleet::BrokerFile>,
    pub chosen: &'s mut Chosen,
    pub out: &'s mut Diagnostics,
}

/// The text of one of the user's files.
#[derive(Copy, Clone)]
struct File<'f> {
    name: &'f str,
    text: &'f str,
    whole: Place,
    hints: &'f Hints,
    /// Where it was named.
    named_at: Option<Place>,
}

/// One value in a file, as it is written.
struct Written<'w> {
    key: &'w str,
    value: &'w str,
    key_place: Place,
    value_place: Place,
}

/// Reads files in their order; of a setting in several, the last one counts.
pub(crate) fn read(
    items: &[Item],
    catalogue: Catalogue<'_>,
    folder: &Folder,
    lenient: bool,
    chosen: &mut Chosen,
    out: &mut Diagnostics,
) {
    let is_beside_others = items.iter().any(|item| !environment::is_one(&item.name));
    let mut session = Session {
        catalogue,
        lenient,
        variables: BTreeMap::new(),
        is_beside_others,
        spring_variables: Vec::new(),
        brokers: Vec::new(),
        chosen,
        out,
    };
    let mut texts: Vec<(usize, String, Place)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match folder.read(&item.name) {
            Ok(text) => {
                let whole = session.out.add_source(&item.name, &text);
                texts.push((index, text, whole));
            }
            Err(why) => {
                let message = format!("`{}` {why}", item.name);
                match item.place {
                    Some(place) => session.out.error(place, message),
                    None => session.out.error_without_place(message),
                };
            }
        }
    }
    let files: Vec<File<'_>> = texts
        .iter()
        .map(|(index, text, whole)| {
            let item = &items[*index];
            File { name: &item.name, text, whole: *whole, hints: &item.hints, named_at: item.place }
        })
        .collect();
    for file in files.iter().filter(|file| environment::is_one(file.name)) {
        session.learn_variables(*file);
    }
    for file in &files {
        session.read_file(*file, folder);
    }
    session.muster();
    for (name, variables) in std::mem::take(&mut session.spring_variables) {
        if let Some(file) = files.iter().find(|file| file.name == name) {
            session.read_spring_variables(*file, &variables);
        }
    }
}

/// Reports what the files leave open and nobody else says: `said` are names that a scenario gives values to elsewhere.
pub(crate) fn require_settled(chosen: &Chosen, said: &[String], out: &mut Diagnostics) {
    for open in &chosen.unsettled {
        let is_said = said.contains(&open.name) || chosen.values.keys().any(|name| name.to_string() == open.name);
        if !is_said {
            let message = format!("the value of `{}` cannot be told from this file", open.name);
            out.error(open.place, message)
                .note(open.why.clone())
                .help(format!("say it in the scenario, as in `{}`, or vary it in `matrix`", example(&open.name)));
        }
    }
}

/// Warns where a scenario is about another cluster than the files that it names.
pub(crate) fn compare_cluster(chosen: &Chosen, catalogue: Catalogue<'_>, setup: &Setup, out: &mut Diagnostics) {
    let broker = catalogue.broker.name();
    let about = minor(catalogue.version);
    for image in &chosen.images {
        if let Some(version) = image.version.as_deref().filter(|version| minor(version) != about) {
            let message = format!("{} is {broker} {version}, and the scenario is about {broker}@{about}", image.name);
            out.warning(Some(image.place), message);
        }
    }
    let machines: u32 = chosen.machines.iter().map(|machine| machine.count).sum();
    if let Some(first) = chosen.images.first()
        && machines != 0
        && machines != setup.cluster.broker_count()
    {
        let (key, count) = match &setup.cluster.deployment {
            None => ("cluster.brokers is", setup.cluster.broker_count()),
            Some(deployment) => ("cluster.groups and cluster.slaves make", deployment.brokers()),
        };
        let message = format!("the file starts {machines} brokers, and {key} {count}");
        out.warning(Some(first.place), message);
    }
}

/// `3.9` of `3.9.1`.
fn minor(version: &str) -> &str {
    version.match_indices('.').nth(1).map_or(version, |(at, _)| &version[..at])
}

/// How a scenario sets a name.
fn example(name: &str) -> String {
    match name.split_once('.') {
        Some(("app", rest)) => format!("app: {{ {} }}", rest.replace('.', ": { ") + ": ... }"),
        Some((section, key)) => format!("config: {{ {section}: {{ {key}: ... }} }}"),
        None => format!("{name}: ..."),
    }
}

/// `compose.yaml`, `application.yml`.
fn is_yaml(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.ends_with(".yaml") || lower.ends_with(".yml")
}

impl Session<'_> {
    fn read_file(&mut self, file: File<'_>, folder: &Folder) {
        if environment::is_one(file.name) {
            self.read_environment(file);
        } else if is_yaml(file.name) {
            self.read_yaml(file, folder);
        } else {
            let found = properties::parse(file.text, file.whole, self.out);
            if self.is_spring(found.iter().map(|property| property.key.as_str())) {
                self.read_spring_properties(file, found);
            } else {
                self.read_properties(file, &found);
            }
        }
    }

    fn read_yaml(&mut self, file: File<'_>, folder: &Folder) {
        let Some(documents) = yaml::parse_documents(file.text, file.whole, self.out) else { return };
        if let Some(services) = documents.first().and_then(|root| root.get("services")) {
            self.read_compose(file, services, folder);
        } else if self.is_spring_yaml(&documents) {
            self.read_spring_yaml(file, &documents);
        } else if documents.iter().any(|root| root.get("broker").is_some() && root.get("faults").is_some()) {
            self.out.error(file.whole.within(0, 0), format!("`{}` is a scenario, not a configuration", file.name));
        } else {
            let formats = match self.catalogue.broker.surroundings().spring {
                Some(spring) => format!("a compose file (`services:`) or Spring Boot's (`{}`)", spring.prefix),
                None => "a compose file (`services:`)".to_owned(),
            };
            self.out.error(file.whole.within(0, 0), format!("`{}` is neither {formats}", file.name));
        }
    }

    /// Checks one value and puts it into force.
    fn put(&mut self, file: &str, written: &Written<'_>, setting: &'static Setting) {
        let Written { key, value, key_place, value_place, .. } = *written;
        let checked = if is_secret(key) || is_secret(setting.key) {
            Some(secret::HIDDEN.to_owned())
        } else {
            self.catalogue.check(setting, value, value_place, self.out)
        };
        if let Some(value) = checked {
            let source = self.source_at(key_place);
            self.chosen.set(setting, key, value, source, value_place, self.catalogue.broker);
            self.chosen.unsettled.retain(|open| open.name != name_of(setting).to_string());
            self.chosen.owners.insert(name_of(setting), file.to_owned());
        }
    }

    /// Reports a key that a section does not have: an error for a run, a remark for whoever only looks.
    fn unknown(&mut self, file: &str, section: &str, key: &str, place: Place, note: Option<String>) {
        let error = self.catalogue.report_unknown(section, key, place, self.out);
        if let Some(note) = note {
            error.note(note);
        }
        self.spoil(file, place);
    }

    /// A run would not take the file with what was reported last; whoever only looks is told of it.
    fn spoil(&mut self, file: &str, place: Place) {
        self.chosen.spoiled.insert(file.to_owned());
        if self.lenient {
            self.retell(place);
        }
    }

    /// What was reported last is nothing that a run stops at, but nobody knows what it means.
    fn retell(&mut self, place: Place) {
        if let Some(message) = self.out.retract() {
            let source = self.source_at(place);
            self.chosen.unknown.push((source, message));
        }
    }

    /// Notes what a file leaves open, if it makes a difference.
    fn leave_open(&mut self, file: &str, setting: &Setting, place: Place, why: String) {
        if self.catalogue.broker.heeds(setting) {
            let name = name_of(setting);
            self.chosen.values.remove(&name);
            self.open(file, name.to_string(), place, why);
        }
    }

    fn open(&mut self, file: &str, name: String, place: Place, why: String) {
        let source = self.source_at(place);
        self.chosen.spoiled.insert(file.to_owned());
        self.chosen.unsettled.retain(|open| open.name != name);
        self.chosen.unsettled.push(Unsettled { name, source, place, why });
    }

    fn source_at(&self, place: Place) -> ValueSource {
        ValueSource::File { file: self.out.source_name(place), line: self.out.line(place) }
    }

    /// Notes something that a reader of the result should know of a file.
    fn remark(&mut self, place: Place, message: String) {
        let source = self.source_at(place);
        let note = Note::FromFile { source, message };
        if !self.chosen.notes.contains(&note) {
            self.chosen.notes.push(note);
        }
    }
}

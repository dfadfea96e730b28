//! Puts together what the files say and what is to be asked.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use ackproof_core::model::Broker;
use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_scenario::{Diagnostics, Survey, SurveyHints, SurveyedFile, survey};

use super::inquiry::{Ground, Inquiry};
use super::{INQUIRIES, paper};

/// More brokers than a scenario can have are cut down to these.
const BROKERS_MAX: u32 = 9;

/// What somebody wants a scenario for.
pub struct Wish<'w> {
    pub broker: &'static dyn Broker,
    /// Files, as they were named.
    pub from: &'w [SurveyedFile],
    pub hints: SurveyHints,
    /// Where the scenario will stand.
    pub place: &'w Path,
    /// What to call it when it is to be run.
    pub shown: &'w str,
}

/// A scenario, written but not yet put anywhere.
pub struct Draft {
    pub text: String,
    /// How each file was read, in a line each.
    pub read: Vec<String>,
    /// What nobody knows or the files leave open.
    pub unknown: Vec<String>,
    /// What was decided for the user.
    pub assumed: Vec<String>,
    /// Whether files were named and none of them says anything about the broker.
    pub is_silent: bool,
}

/// Writes a scenario; `None` when there is nothing to ask of the broker yet.
///
/// # Errors
/// Files that cannot be read, or that say nothing about the broker.
pub fn draft(wish: &Wish<'_>) -> Result<Option<Draft>, Diagnostics> {
    let Some((_, inquire)) = INQUIRIES.iter().find(|(name, _)| *name == wish.broker.name()) else { return Ok(None) };
    let broker = wish.broker;
    let newest = broker.default_version();
    let found = survey_with(wish, newest)?;
    let version = VersionFound::of(&found, broker, newest);
    // Another version may lack a key, and have other defaults to compare brokers by.
    let (client, found) = if version.name == newest { found } else { survey_with(wish, version.name)? };
    let mut effective = Effective::defaults(version.name, client, broker.versions(), broker.settings_of(client));
    for one in &found.values {
        effective.set(one.name.clone(), one.value.clone(), one.source.clone());
    }
    let brokers: u32 = found.machines.iter().map(|machine| machine.count).sum();
    let count = if brokers == 0 { 3 } else { brokers.min(BROKERS_MAX) };
    let told: BTreeMap<String, String> =
        found.told.iter().map(|(path, value, _)| ((*path).to_owned(), value.clone())).collect();
    let open: Vec<String> = found.open.iter().map(|(name, ..)| name.clone()).collect();
    let ground = Ground {
        effective: &effective,
        brokers: count as u8,
        speaks_of: &|section| found.sections.contains(section),
        told: &told,
        open: &open,
    };
    let inquiry = inquire(&ground);
    let sheet =
        Sheet { wish, version: &version, client, survey: &found, inquiry: &inquiry, brokers: count, machines: brokers };
    Ok(Some(paper::write(&sheet)))
}

/// Everything that a scenario is written from.
pub(super) struct Sheet<'s> {
    pub wish: &'s Wish<'s>,
    pub version: &'s VersionFound,
    pub client: &'static str,
    pub survey: &'s Survey,
    pub inquiry: &'s Inquiry,
    pub brokers: u32,
    /// How many the files start; 0 when they do not say.
    pub machines: u32,
}

impl Sheet<'_> {
    /// Values of files that a scenario cannot name as they are, by section.
    pub fn written_out(&self) -> Vec<(&SettingName, &str, &ValueSource)> {
        let values = self.survey.values.iter().filter(|one| self.survey.spoiled.contains(&one.owner));
        values.map(|one| (&one.name, one.value.as_str(), &one.source)).collect()
    }

    /// Files that a scenario names, relative to it.
    pub fn named(&self) -> Vec<NamedFile> {
        let good = self.wish.from.iter().filter(|file| !self.survey.spoiled.contains(&file.name));
        let starts = |name: &str| self.survey.machines.iter().any(|machine| machine.file == name);
        let named = good.map(|file| NamedFile {
            path: relative(Path::new(&file.name), self.wish.place),
            section: file.section,
            image: self.wish.hints.image.clone().filter(|_| starts(&file.name)),
        });
        named.collect()
    }
}

/// A file that a scenario names, with what has to be said of it.
pub(super) struct NamedFile {
    /// As seen from the scenario.
    pub path: String,
    pub section: Option<&'static str>,
    pub image: Option<String>,
}

/// With the client whose settings fit: the first that knows every key, else the first of all.
fn survey_with(wish: &Wish<'_>, version: &'static str) -> Result<(&'static str, Survey), Diagnostics> {
    let mut first: Option<(&'static str, Survey)> = None;
    for client in wish.broker.clients() {
        match survey(wish.from, &wish.hints, wish.broker, version, client) {
            Ok(found) if found.unknown.is_empty() => return Ok((client, found)),
            Ok(found) => first = first.or(Some((client, found))),
            Err(diagnostics) if first.is_none() => return Err(diagnostics),
            Err(_) => {}
        }
    }
    first.ok_or_else(Diagnostics::default)
}

/// The version that a scenario is about, and how it is known.
pub(super) struct VersionFound {
    pub name: &'static str,
    pub comment: String,
    /// Whether the user's own version is another, or nobody knows.
    pub is_assumed: bool,
}

impl VersionFound {
    fn of(found: &(&'static str, Survey), broker: &dyn Broker, newest: &'static str) -> VersionFound {
        let images = &found.1.images;
        let Some((image, version)) = images.iter().find_map(|image| Some((image, image.version.clone()?))) else {
            let why = match images.first() {
                Some(image) => {
                    format!("the newest: {} ({}:{}) does not tell its version", image.name, image.file, image.line)
                }
                None => "the newest: nothing tells yours".to_owned(),
            };
            return VersionFound { name: newest, comment: why, is_assumed: true };
        };
        let place = format!("{} ({}:{})", image.name, image.file, image.line);
        let minor = version.match_indices('.').nth(1).map_or(version.as_str(), |(at, _)| &version[..at]);
        match broker.version(&version).or_else(|| broker.version(minor)) {
            Some(name) => VersionFound { name, comment: place, is_assumed: false },
            None => {
                let oldest = broker.versions().first().copied().unwrap_or(newest);
                let latest = broker.versions().last().copied().unwrap_or(newest);
                let name = if is_older(minor, oldest) { oldest } else { latest };
                let comment = format!("the nearest known one: {place} is {version}");
                VersionFound { name, comment, is_assumed: true }
            }
        }
    }
}

fn is_older(version: &str, than: &str) -> bool {
    let numbers = |text: &str| text.split('.').filter_map(|part| part.parse::<u32>().ok()).collect::<Vec<_>>();
    numbers(version) < numbers(than)
}

/// The path of a file as seen from the folder of another.
pub(super) fn relative(file: &Path, from: &Path) -> String {
    let folder = from.parent().unwrap_or(Path::new(""));
    let (file, folder) = (absolute(file), absolute(folder));
    let shared = file.iter().zip(folder.iter()).take_while(|(a, b)| a == b).count();
    let up = folder.iter().skip(shared).map(|_| Component::ParentDir.as_os_str());
    let path: PathBuf = up.chain(file.iter().skip(shared)).collect();
    path.to_string_lossy().replace('\\', "/")
}

/// Without `.` and `..`, and without following links.
fn absolute(path: &Path) -> PathBuf {
    // An empty path is the folder that we are in.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_seen_from_the_scenario() {
        for (file, from, expected) in [
            ("a.properties", "s.yaml", "a.properties"),
            ("a.properties", "scenarios/s.yaml", "../a.properties"),
            ("deploy/a.properties", "deploy/s.yaml", "a.properties"),
            ("./x/../a.properties", "s.yaml", "a.properties"),
            ("conf/a.properties", "tests/loss/s.yaml", "../../conf/a.properties"),
        ] {
            assert_eq!(relative(Path::new(file), Path::new(from)), expected, "{file} from {from}");
        }
    }
}

//! The user's files looked through, without a scenario that names them yet.

use std::collections::BTreeSet;
use std::path::Path;

use ackproof_core::model::Broker;
use ackproof_core::setting::{SettingName, ValueSource};

use super::{Hints, Item};
use crate::catalogue::Catalogue;
use crate::config::{Chosen, Machine, SeenImage};
use crate::diagnostics::Diagnostics;
use crate::files::Folder;
use crate::notes::Note;

/// What to read files by, where they do not tell themselves.
#[derive(Clone, Debug, Default)]
pub struct SurveyHints {
    /// Image that an unknown one is built from.
    pub image: Option<String>,
    /// Spring profiles that are active.
    pub profiles: Vec<String>,
}

/// One file to look through.
#[derive(Clone, Debug)]
pub struct SurveyedFile {
    pub name: String,
    /// Section that a properties file is about, where neither its name nor its keys tell.
    pub section: Option<&'static str>,
}

/// What a set of files comes to.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Everything that makes a difference, with the file that it is owed to.
    pub values: Vec<SurveyedValue>,
    /// Keys of the scenario's own sections that follow: path, value, where it stands.
    pub told: Vec<(&'static str, String, ValueSource)>,
    /// What the files speak of without saying it: name, where, why.
    pub open: Vec<(String, ValueSource, String)>,
    /// What nobody knows: where, and what.
    pub unknown: Vec<(ValueSource, String)>,
    pub notes: Vec<Note>,
    pub machines: Vec<Machine>,
    pub images: Vec<SeenImage>,
    /// Sections that the files are about.
    pub sections: BTreeSet<&'static str>,
    /// Files that a scenario cannot name in `config.from` as they are.
    pub spoiled: BTreeSet<String>,
    pub warnings: Diagnostics,
}

/// One value and where it stands.
#[derive(Clone, Debug)]
pub struct SurveyedValue {
    pub name: SettingName,
    pub value: String,
    pub source: ValueSource,
    /// The file that was named; the value may stand in another, which that one names.
    pub owner: String,
}

/// How many keys of properties files a broker has, whatever else is wrong with them.
pub fn familiar_keys(files: &[SurveyedFile], broker: &dyn Broker) -> usize {
    let has = |key: &str| broker.settings().iter().any(|setting| setting.key == key);
    let count = |file: &SurveyedFile| {
        let mut aside = Diagnostics::default();
        let text = crate::files::read(Path::new(&file.name)).unwrap_or_default();
        let whole = aside.add_source(&file.name, &text);
        crate::properties::parse(&text, whole, &mut aside).iter().filter(|one| has(&one.key)).count()
    };
    files.iter().map(count).sum()
}

/// Reads files as `config.from` does, but keeps what a run would refuse: unknown keys and values that are left open.
///
/// # Errors
/// Files that cannot be read, texts that are not what they should be, and values that no setting has.
pub fn survey(
    files: &[SurveyedFile],
    hints: &SurveyHints,
    broker: &dyn Broker,
    version: &'static str,
    client: &'static str,
) -> Result<Survey, Diagnostics> {
    let mut out = Diagnostics::default();
    if let Some(image) = &hints.image
        && broker.surroundings().image(image).is_none()
    {
        let known = broker.surroundings().images.iter().flat_map(|image| image.repositories.iter().copied());
        let known: Vec<&str> = known.collect();
        out.error_without_place(format!("`{image}` is no image whose variables are understood"))
            .help(format!("known: {}", known.join(", ")));
        return Err(out);
    }
    let item = |file: &SurveyedFile| {
        let hints = Hints { section: file.section, image: hints.image.clone(), profiles: hints.profiles.clone() };
        Item { name: file.name.clone(), place: None, hints }
    };
    let items: Vec<Item> = files.iter().map(item).collect();
    let mut chosen = Chosen::default();
    let folder = Folder::At(Path::new("").to_owned());
    super::read(&items, Catalogue { broker, version, client }, &folder, true, &mut chosen, &mut out);
    if out.has_errors() {
        return Err(out);
    }
    let owner = |name: &SettingName| chosen.owners.get(name).cloned().unwrap_or_default();
    let values = chosen.values.iter().map(|(name, (value, source, _))| SurveyedValue {
        name: name.clone(),
        value: value.clone(),
        source: source.clone(),
        owner: owner(name),
    });
    Ok(Survey {
        values: values.collect(),
        told: chosen
            .told
            .iter()
            .map(|told| (told.path, told.node.scalar().unwrap_or_default(), told.source.clone()))
            .collect(),
        open: chosen.unsettled.iter().map(|open| (open.name.clone(), open.source.clone(), open.why.clone())).collect(),
        unknown: chosen.unknown,
        notes: chosen.notes,
        machines: chosen.machines,
        images: chosen.images,
        sections: chosen.sections.iter().copied().collect(),
        spoiled: chosen.spoiled,
        warnings: out,
    })
}

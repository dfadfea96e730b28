//! YAML scenarios and the brokers' own configuration files in, matrix cells out.
//!
//! Nothing is simulated here. A scenario is read whole and checked whole: either there is a [`Scenario`] that can be
//! run as it stands, or there are [`Diagnostics`] that name everything wrong with it, each with file, line, column
//! and the nearest thing that would have been right.

mod application;
mod axis;
mod catalogue;
mod config;
mod deployment;
mod diagnostics;
mod expect;
mod faults;
mod files;
mod import;
mod matrix;
mod node;
mod notes;
mod properties;
mod reader;
mod refusal;
mod replay;
mod resolved;
mod row;
mod scenario;
mod schema;
mod secret;
mod select;
mod setup;
mod typed;
mod yaml;

use std::path::Path;

use ackproof_core::model::Broker;

pub use config::{ConfigFile, Machine, SeenImage, read_config};
pub use diagnostics::{Diagnostic, Diagnostics, Located, Severity};
pub use expect::{Condition, Demand, Expectation, Matcher, Often, Promise};
pub use faults::FaultClass;
pub use import::{Survey, SurveyHints, SurveyedFile, SurveyedValue, familiar_keys, survey};
pub use notes::Note;
pub use replay::{Finding, Origin, REPLAY_VERSION, Replay};
pub use row::{ANY, Cell, Row};
pub use scenario::Scenario;
pub use schema::schema;
pub use select::Unselected;

/// Reads a scenario file and the configuration files that it names.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load(path: &Path, brokers: &[&dyn Broker]) -> Result<Scenario, Diagnostics> {
    load_with(path, brokers, &[])
}

/// As [`load`], with values (`key=value`) that win over everything else, in every row.
///
/// # Errors
/// As for [`load`], and a value that cannot be set.
pub fn load_with(path: &Path, brokers: &[&dyn Broker], set: &[String]) -> Result<Scenario, Diagnostics> {
    let read = reader::read_path(path, brokers, set)?;
    match read.origin {
        None => Ok(read.scenario),
        Some(_) => Err(replay::not_a_scenario(&path.display().to_string())),
    }
}

/// Reads a scenario that is built in; it can name no files.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(name: &str, text: &str, brokers: &[&dyn Broker], set: &[String]) -> Result<Scenario, Diagnostics> {
    scenario_of(name, text, &files::Folder::Nowhere, brokers, set)
}

/// Reads the text of a scenario whose configuration files are relative to `folder`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_in(
    folder: &Path,
    name: &str,
    text: &str,
    brokers: &[&dyn Broker],
    set: &[String],
) -> Result<Scenario, Diagnostics> {
    scenario_of(name, text, &files::Folder::At(folder.to_owned()), brokers, set)
}

fn scenario_of(
    name: &str,
    text: &str,
    folder: &files::Folder,
    brokers: &[&dyn Broker],
    set: &[String],
) -> Result<Scenario, Diagnostics> {
    let read = reader::read_text(name, name, text, folder, brokers, set)?;
    match read.origin {
        None => Ok(read.scenario),
        Some(_) => Err(replay::not_a_scenario(name)),
    }
}

/// Reads a scenario that is not written yet, as it would be read at `path`.
///
/// # Errors
/// As for [`load`].
pub fn parse_beside(path: &Path, text: &str, brokers: &[&dyn Broker]) -> Result<Scenario, Diagnostics> {
    let shown = path.display().to_string();
    let read = reader::read_text(&shown, &shown, text, &files::Folder::of(path), brokers, &[])?;
    match read.origin {
        None => Ok(read.scenario),
        Some(_) => Err(replay::not_a_scenario(&shown)),
    }
}

/// Reads a replay file.
///
/// # Errors
/// Everything that is wrong with it, and a scenario that is none.
pub fn load_replay(path: &Path, brokers: &[&dyn Broker], set: &[String]) -> Result<Replay, Diagnostics> {
    let read = reader::read_path(path, brokers, set)?;
    replay::whole(read, &path.display().to_string())
}

/// Reads the text of a replay file.
///
/// # Errors
/// As for [`load_replay`].
pub fn parse_replay(name: &str, text: &str, brokers: &[&dyn Broker], set: &[String]) -> Result<Replay, Diagnostics> {
    let read = reader::read_text(name, name, text, &files::Folder::Nowhere, brokers, set)?;
    replay::whole(read, name)
}

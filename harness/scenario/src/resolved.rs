//! A scenario in a form that stands alone: what was read of its file and of the files that it names, with nothing left to
//! look up but the broker's own tables. A results folder carries it, so that whoever joins shards on another machine
//! plans the same runs and says the same of them.
//!
//! Values that nobody chose are left out: they are the version's defaults. Secrets were hidden when the files were read,
//! before anything ran with them, so what is here runs as the files do.

use std::collections::BTreeMap;

use ackproof_core::model::Broker;
use ackproof_core::seed::Seed;
use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::Setup;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::catalogue::Catalogue;
use crate::diagnostics::Diagnostics;
use crate::expect::Expectation;
use crate::faults::FaultClass;
use crate::notes::Note;
use crate::row::{Cell, Row};
use crate::scenario::Scenario;
use crate::setup;

#[derive(Serialize, Deserialize)]
struct Resolved {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    title: String,
    /// `kafka@4.1`.
    broker: String,
    client: String,
    runs: u32,
    seed: Seed,
    setup: Setup,
    rows: Vec<ResolvedRow>,
    faults: Vec<FaultClass>,
    expectations: Vec<Expectation>,
    notes: Vec<Note>,
}

#[derive(Serialize, Deserialize)]
struct ResolvedRow {
    id: String,
    cells: Vec<Cell>,
    /// What somebody chose.
    chosen: Vec<Chosen>,
    /// Where it differs from the scenario's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    setup: Option<Setup>,
    setup_sources: BTreeMap<String, ValueSource>,
}

#[derive(Serialize, Deserialize)]
struct Chosen {
    #[serde(flatten)]
    name: SettingName,
    value: String,
    source: ValueSource,
}

impl Scenario {
    /// The scenario as it stands, files resolved and secrets hidden, for [`Scenario::from_resolved`].
    pub fn resolved(&self) -> Json {
        let resolved = Resolved {
            name: self.name.clone(),
            file: self.file.clone(),
            title: self.title.clone(),
            broker: self.broker_version(),
            client: self.client.to_owned(),
            runs: self.runs,
            seed: self.seed,
            setup: self.setup.clone(),
            rows: self.rows.iter().map(|row| ResolvedRow::of(row, &self.setup)).collect(),
            faults: self.classes.clone(),
            expectations: self.expectations.clone(),
            notes: self.notes.clone(),
        };
        serde_json::to_value(resolved).expect("a scenario has only text keys and finite numbers")
    }

    /// The scenario that [`Scenario::resolved`] was called on, without its warnings, which have places in its files.
    ///
    /// Values are not checked again: whoever cannot trust them compares the digest of their plan.
    ///
    /// # Errors
    /// It is no such scenario, or one for a broker, a version or a client that is not among `brokers`.
    pub fn from_resolved(json: &Json, brokers: &[&dyn Broker]) -> Result<Scenario, String> {
        let read: Resolved = Resolved::deserialize(json).map_err(|error| error.to_string())?;
        let catalogue = catalogue(&read, brokers)?;
        let rows = read.rows.into_iter().map(|row| row.into_row(&read.setup, catalogue));
        Ok(Scenario {
            name: read.name,
            file: read.file,
            title: read.title,
            broker: catalogue.broker.name(),
            version: catalogue.version,
            client: catalogue.client,
            rows: rows.collect::<Result<_, _>>()?,
            setup: read.setup,
            classes: read.faults,
            runs: read.runs,
            seed: read.seed,
            expectations: read.expectations,
            notes: read.notes,
            warnings: Diagnostics::default(),
        })
    }
}

fn catalogue<'b>(read: &Resolved, brokers: &[&'b dyn Broker]) -> Result<Catalogue<'b>, String> {
    let unknown = || format!("`{}` with the client `{}` is not known here", read.broker, read.client);
    let (name, version) = read.broker.split_once('@').ok_or_else(unknown)?;
    let broker = brokers.iter().copied().find(|broker| broker.name() == name).ok_or_else(unknown)?;
    let client = broker.clients().iter().copied().find(|known| *known == read.client).ok_or_else(unknown)?;
    Ok(Catalogue { broker, version: broker.version(version).ok_or_else(unknown)?, client })
}

impl ResolvedRow {
    fn of(row: &Row, setup: &Setup) -> ResolvedRow {
        let chosen = row.effective.iter().filter(|(_, _, source)| **source != ValueSource::Default);
        let chosen = chosen.map(|(name, value, source)| Chosen {
            name: name.clone(),
            value: value.to_owned(),
            source: source.clone(),
        });
        ResolvedRow {
            id: row.id.clone(),
            cells: row.cells.clone(),
            chosen: chosen.collect(),
            setup: (row.setup != *setup).then(|| row.setup.clone()),
            setup_sources: row
                .setup_sources
                .iter()
                .map(|(path, source)| ((*path).to_owned(), source.clone()))
                .collect(),
        }
    }

    fn into_row(self, setup: &Setup, catalogue: Catalogue<'_>) -> Result<Row, String> {
        let mut effective: Effective = catalogue.defaults();
        for Chosen { name, value, source } in self.chosen {
            effective.set(name, value, source);
        }
        let known = |(path, source): (String, ValueSource)| match setup::key_at(&path) {
            Some(key) => Ok((key.path, source)),
            None => Err(format!("`{path}` is no key of a scenario")),
        };
        Ok(Row {
            id: self.id,
            cells: self.cells,
            effective,
            setup: self.setup.unwrap_or_else(|| setup.clone()),
            setup_sources: self.setup_sources.into_iter().map(known).collect::<Result<_, _>>()?,
        })
    }
}

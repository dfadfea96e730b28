//! The committed form of a result.
//!
//! The storms of a column are the same in every row, so they are written once for each fault class; a cell whose storms are
//! others (a row with another number of brokers) has its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ackproof_core::guarantee::Guarantee;
use ackproof_core::seed::Seed;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Baseline, Cost, Judged, Seeds, Settings, Standing, layout};
use crate::result::{Storm, VERSION};
use crate::store::{StoreError, read_json, write_whole};

/// Tells a baseline from the other files of this program.
const KIND: &str = "baseline";

#[derive(Serialize, Deserialize)]
struct File {
    v: u32,
    kind: String,
    scenario: String,
    title: String,
    broker: String,
    engine: String,
    ackproof: String,
    file: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    set: Vec<String>,
    seed: u64,
    runs: u64,
    config: Settings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    setup: Option<Settings>,
    storms: IndexMap<String, Storms>,
    cells: Vec<FileCell>,
}

#[derive(Serialize, Deserialize)]
struct FileCell {
    id: String,
    settings: Settings,
    fault: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    asked: Vec<Guarantee>,
    /// `None` where they are those of the fault class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    storms: Option<Storms>,
    /// By the guarantee's word.
    guarantees: BTreeMap<Guarantee, Judged>,
    cost: Cost,
}

/// Which seeds ran, and which storm each met: one digest a seed in their order, or a single one that all met; `?` where it
/// is not known.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Storms {
    seeds: Seeds,
    digests: Vec<String>,
}

/// Digests on one line of a file.
const ON_A_LINE: usize = 12;
const UNKNOWN: &str = "?";

impl Storms {
    fn of(runs: &BTreeMap<Seed, Option<Storm>>) -> Storms {
        let word = |storm: &Option<Storm>| storm.as_ref().map_or(UNKNOWN.to_owned(), |storm| storm.0.clone());
        let words: Vec<String> = runs.values().map(word).collect();
        let different: BTreeSet<&String> = words.iter().collect();
        let digests = match (different.len(), words.first()) {
            (1, Some(word)) => vec![word.clone()],
            (_, Some(_) | None) => words.chunks(ON_A_LINE).map(|line| line.join(" ")).collect(),
        };
        Storms { seeds: runs.keys().copied().collect(), digests }
    }

    /// `None` when there is not one digest for each seed.
    fn runs(&self) -> Option<BTreeMap<Seed, Option<Storm>>> {
        let words: Vec<&str> = self.digests.iter().flat_map(|line| line.split_whitespace()).collect();
        let storm = |word: &str| (word != UNKNOWN).then(|| Storm(word.to_owned()));
        match (words.as_slice(), self.seeds.0.len()) {
            ([one], _) => Some(self.seeds.0.iter().map(|&seed| (seed, storm(one))).collect()),
            (words, count) if words.len() == count => {
                Some(self.seeds.0.iter().copied().zip(words.iter().map(|word| storm(word))).collect())
            }
            (_, _) => None,
        }
    }
}

/// Whether a file calls itself a baseline; it may be a bad one.
pub fn is_baseline(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|value| value["kind"] == KIND)
}

/// Reads a committed baseline.
///
/// # Errors
/// The file is missing, cut short, of another version, or no baseline.
pub fn read(path: &Path) -> Result<Baseline, StoreError> {
    let bad = |why: String| StoreError::BadLine { path: path.to_owned(), line: 1, why };
    let file: File = read_json(path)?;
    if file.kind != KIND {
        return Err(bad(format!("its kind is `{}`, expected `{KIND}`", file.kind)));
    }
    let mut cells = Vec::new();
    for cell in file.cells {
        let name = cell.id.clone();
        let storms = cell.storms.as_ref().or_else(|| file.storms.get(&cell.fault));
        let storms = storms.ok_or_else(|| bad(format!("cell {name}: no storms for `{}`", cell.fault)))?;
        let runs = storms.runs().ok_or_else(|| bad(format!("cell {name}: not one digest of a storm for each seed")))?;
        let judged_seeds = cell.guarantees.values().flat_map(|judged| judged.broke.0.iter().chain(&judged.undecided.0));
        if let Some(seed) = judged_seeds.copied().find(|seed| !runs.contains_key(seed)) {
            return Err(bad(format!("cell {name}: a verdict for seed {}, which was not run", seed.0)));
        }
        let FileCell { id, settings, fault, asked, storms: _, guarantees: judged, cost } = cell;
        cells.push(Standing { id, settings, fault, asked, runs, judged, cost });
    }
    let File { ackproof, scenario, title, broker, engine, file, set, seed, runs, config, setup, .. } = file;
    Ok(Baseline { ackproof, scenario, title, broker, engine, file, set, seed, runs, config, setup, cells })
}

/// Writes a baseline; the same result gives the same bytes.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, baseline: &Baseline) -> Result<(), StoreError> {
    write_whole(path, &text(baseline))
}

pub(super) fn text(baseline: &Baseline) -> String {
    let mut storms: IndexMap<String, Storms> = IndexMap::new();
    let cells = baseline.cells.iter().map(|cell| {
        let own = Storms::of(&cell.runs);
        let of_class = storms.entry(cell.fault.clone()).or_insert_with(|| own.clone());
        FileCell {
            id: cell.id.clone(),
            settings: cell.settings.clone(),
            fault: cell.fault.clone(),
            asked: cell.asked.clone(),
            storms: (own != *of_class).then_some(own),
            guarantees: cell.judged.clone(),
            cost: cell.cost.clone(),
        }
    });
    let cells = cells.collect();
    let file = File {
        v: VERSION,
        kind: KIND.to_owned(),
        scenario: baseline.scenario.clone(),
        title: baseline.title.clone(),
        broker: baseline.broker.clone(),
        engine: baseline.engine.clone(),
        ackproof: baseline.ackproof.clone(),
        file: baseline.file.clone(),
        set: baseline.set.clone(),
        seed: baseline.seed,
        runs: baseline.runs,
        config: baseline.config.clone(),
        setup: baseline.setup.clone(),
        storms,
        cells,
    };
    layout::lines(&serde_json::to_value(file).expect("a baseline has text keys and finite numbers"))
}

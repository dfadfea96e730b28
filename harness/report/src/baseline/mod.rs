//! What a comparison needs to know of a result: small enough to be committed, and written so that a diff can be read.
//!
//! `results/baseline/<scenario>.json` holds for each cell the verdicts, which seeds broke which promise, a digest of the
//! storm that each seed met, and what it cost. Messages, histories and replay files are left out: the same seed gives them
//! again.

mod file;
mod layout;
mod seeds;

use std::collections::BTreeMap;

use ackproof_core::guarantee::Guarantee;
use ackproof_core::seed::Seed;
use ackproof_core::setting::ValueSource;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use file::{is_baseline, read, write};
pub use seeds::Seeds;

use crate::result::{Cell, CellVerdict, Manifest, RunLine, RunVerdict, Storm, UnavailableMs};

/// Values by full name.
pub type Settings = IndexMap<String, String>;

/// One result, ready to be compared with another.
#[derive(Clone, PartialEq, Debug)]
pub struct Baseline {
    /// Version of the program that ran it.
    pub ackproof: String,
    /// The scenario's short name.
    pub scenario: String,
    pub title: String,
    /// Model and version, `kafka@4.1`.
    pub broker: String,
    pub engine: String,
    /// The scenario's file as it was named on the command line; empty for one that is built in.
    pub file: String,
    /// What the command line fixed.
    pub set: Vec<String>,
    /// First seed, and seeds per cell.
    pub seed: u64,
    pub runs: u64,
    /// What somebody chose for every row, by full name in the alphabet's order; axes of the matrix and defaults are not here.
    pub config: Settings,
    /// Cluster, application, workload, network and disk, by path (`workload.messages`); `None` in results that do not say.
    pub setup: Option<Settings>,
    /// Row by row.
    pub cells: Vec<Standing>,
}

/// What one cell came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Standing {
    /// As in [`crate::result::CellPlan::id`].
    pub id: String,
    pub settings: Settings,
    pub fault: String,
    /// What expectations ask, beside what every cell is judged by.
    pub asked: Vec<Guarantee>,
    /// Runs that ended, with the storm that each met; `None` where that was not written down. Runs that broke are not here.
    pub runs: BTreeMap<Seed, Option<Storm>>,
    pub judged: BTreeMap<Guarantee, Judged>,
    pub cost: Cost,
}

/// What the runs of a cell say about one guarantee. A seed that neither broke it nor is undecided kept it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Judged {
    pub verdict: CellVerdict,
    #[serde(default, skip_serializing_if = "Seeds::is_empty")]
    pub broke: Seeds,
    #[serde(default, skip_serializing_if = "Seeds::is_empty")]
    pub undecided: Seeds,
}

/// What a cell cost, over all its runs.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// `None` when nothing was acknowledged.
    pub ack_p99_ms: Option<u64>,
    pub unavailable_ms: UnavailableMs,
    /// Messages.
    pub sent: u64,
    pub acked: u64,
    pub rejected: u64,
    pub unknown: u64,
    pub duplicated: u64,
}

impl Baseline {
    /// From what was planned and the runs that ended, by cell id.
    pub fn of(manifest: &Manifest, runs: &BTreeMap<String, Vec<RunLine>>) -> Baseline {
        let none = Vec::new();
        let cells = manifest.cells.iter().map(|plan| {
            let lines = runs.get(&plan.id).unwrap_or(&none);
            let whole: Vec<RunLine> = lines.iter().filter(|run| run.broken.is_none()).cloned().collect();
            let cell = Cell::of(plan, &whole, None);
            Standing {
                id: plan.id.clone(),
                settings: plan.settings.clone(),
                fault: plan.fault.clone(),
                asked: plan.asked.clone(),
                runs: whole.iter().map(|run| (run.seed, run.storm.clone())).collect(),
                judged: judged(&cell, &whole),
                cost: Cost {
                    ack_p99_ms: cell.ack_ms.map(|ack| ack.p99),
                    unavailable_ms: cell.unavailable_ms,
                    sent: cell.messages.sent,
                    acked: cell.messages.acked,
                    rejected: cell.messages.rejected,
                    unknown: cell.messages.unknown,
                    duplicated: cell.messages.duplicated,
                },
            }
        });
        Baseline {
            ackproof: manifest.ackproof.clone(),
            scenario: manifest.scenario.clone(),
            title: manifest.title.clone(),
            broker: manifest.broker.clone(),
            engine: manifest.engine.clone(),
            file: manifest.file.clone().unwrap_or_default(),
            set: manifest.set.clone(),
            seed: manifest.seed,
            runs: manifest.runs,
            config: config(manifest),
            setup: manifest.resolved.as_ref().and_then(|resolved| resolved.get("setup")).map(leaves),
            cells: cells.collect(),
        }
    }
}

fn judged(cell: &Cell, runs: &[RunLine]) -> BTreeMap<Guarantee, Judged> {
    let of = |guarantee, verdict| {
        let (mut broke, mut undecided) = (Seeds::default(), Seeds::default());
        for run in runs {
            match run.verdict(guarantee) {
                Some(RunVerdict::Holds) => {}
                Some(RunVerdict::Violated(_)) => {
                    broke.0.insert(run.seed);
                }
                Some(RunVerdict::Undecided(_)) | None => {
                    undecided.0.insert(run.seed);
                }
            }
        }
        Judged { verdict, broke, undecided }
    };
    cell.guarantees.iter().map(|(&guarantee, it)| (guarantee, of(guarantee, it.verdict))).collect()
}

/// What somebody chose and is the same in every row.
fn config(manifest: &Manifest) -> Settings {
    let Some((first, rest)) = manifest.rows.split_first() else { return Settings::new() };
    let is_chosen = |value: &crate::result::Value| match value.source {
        ValueSource::Default | ValueSource::Matrix => false,
        ValueSource::File { .. } | ValueSource::Scenario { .. } | ValueSource::CommandLine => true,
    };
    let is_everywhere = |name: &String, value: &str| {
        rest.iter().all(|row| row.effective.get(name).is_some_and(|other| other.value == value))
    };
    let chosen = first.effective.iter().filter(|(name, value)| is_chosen(value) && is_everywhere(name, &value.value));
    chosen.map(|(name, value)| (name.clone(), value.value.clone())).collect()
}

/// Every value below `tree`, by its path.
fn leaves(tree: &serde_json::Value) -> Settings {
    fn collect(path: &str, value: &serde_json::Value, leaves: &mut Settings) {
        let serde_json::Value::Object(fields) = value else {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            leaves.insert(path.to_owned(), text);
            return;
        };
        for (key, value) in fields {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            collect(&path, value, leaves);
        }
    }
    let mut all = Settings::new();
    collect("", tree, &mut all);
    all
}

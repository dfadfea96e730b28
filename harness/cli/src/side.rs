//! The two sides of a comparison, from whatever the reader named: a folder of results, a committed baseline, a scenario that is
//! run for it, or a folder of any of these.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use ackproof_core::seed::Seed;
use ackproof_report::baseline::{self, Baseline};
use ackproof_report::store::{self, Recorded, StoreError};
use ackproof_sim::Engine;

use crate::exit::{Exit, Failure};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::registry;
use crate::sweep::{INTERRUPTED, sweep};
use crate::verify::Sample;

/// One result of one scenario.
pub struct Loaded {
    pub result: Baseline,
    /// Where it came from, as the reader would name it.
    pub path: String,
    pub origin: Origin,
    /// What is wrong with it without making it useless, a sentence each.
    pub notes: Vec<String>,
    /// Runs that hit a bug of ours.
    pub broken: u64,
    /// What was run, where that is known and this program would run the same.
    pub plan: Option<Plan>,
}

/// What a result was read from.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Origin {
    /// The folder of a run.
    Results(PathBuf),
    /// A committed file.
    Baseline(PathBuf),
    /// A scenario's file; it was run just now.
    Scenario(PathBuf),
}

/// How scenarios are run that are named in place of results.
#[derive(Clone, Default)]
pub struct Running<'a> {
    /// The baselines whose seeds are run again, so that runs can be paired.
    pub like: &'a [Loaded],
    pub runs: Option<u32>,
    pub set: &'a [String],
    pub threads: usize,
}

/// Reads one side. Scenarios are in the order of their names, and no two have the same.
///
/// # Errors
/// Something cannot be found or read, or two results are of one scenario.
pub fn read(paths: &[PathBuf], running: &Running<'_>) -> Result<Vec<Loaded>, Failure> {
    let mut side: BTreeMap<String, Loaded> = BTreeMap::new();
    let mut origins = Vec::new();
    for path in paths {
        origins.extend(origins_at(path)?);
    }
    for origin in origins {
        let loaded = load(origin, running)?;
        let name = loaded.result.scenario.clone();
        if let Some(other) = side.insert(name.clone(), loaded) {
            let text = format!(
                "error: two results of the scenario {name} on one side: {} and {}; name one of them",
                other.path, side[&name].path
            );
            return Err(Failure::input(text));
        }
        if INTERRUPTED.load(Ordering::Relaxed) {
            return Err(Failure { exit: Exit::Interrupted, text: "interrupted".to_owned() });
        }
    }
    Ok(side.into_values().collect())
}

/// What a path stands for.
fn origins_at(path: &Path) -> Result<Vec<Origin>, Failure> {
    let ends_in = |path: &Path, endings: &[&str]| {
        path.extension().is_some_and(|it| endings.iter().any(|ending| it.eq_ignore_ascii_case(ending)))
    };
    if path.is_file() {
        return Ok(vec![match path.parent() {
            _ if ends_in(path, &["yaml", "yml"]) => Origin::Scenario(path.to_owned()),
            // Whoever names a file of a run's folder means the run.
            Some(folder) if !baseline::is_baseline(path) && folder.join("manifest.json").is_file() => {
                Origin::Results(folder.to_owned())
            }
            Some(_) | None => Origin::Baseline(path.to_owned()),
        }]);
    }
    let entries = std::fs::read_dir(path)
        .map_err(|why| Failure::input(format!("error: cannot read {}: {why}", path.display())))?;
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let is_result = |path: &Path| path.join("manifest.json").is_file() || path.join("latest").is_file();
    if is_result(path) {
        return Ok(vec![Origin::Results(store::find(path).map_err(unreadable)?)]);
    }
    let files = |endings: &[&str]| -> Vec<PathBuf> {
        entries.iter().filter(|it| it.is_file() && ends_in(it, endings)).cloned().collect()
    };
    let (scenarios, baselines) = (files(&["yaml", "yml"]), files(&["json"]));
    if !scenarios.is_empty() {
        return Ok(scenarios.into_iter().map(Origin::Scenario).collect());
    }
    if !baselines.is_empty() {
        return Ok(baselines.into_iter().map(Origin::Baseline).collect());
    }
    let results: Result<Vec<Origin>, StoreError> =
        entries.iter().filter(|it| is_result(it)).map(|it| store::find(it).map(Origin::Results)).collect();
    match results.map_err(unreadable)? {
        none if none.is_empty() => Err(Failure::input(format!(
            "error: nothing to compare in {}; expected a folder of results (manifest.json, or a file named `latest`), \
             baselines (*.json) or scenarios (*.yaml)",
            path.display()
        ))),
        some => Ok(some),
    }
}

fn load(origin: Origin, running: &Running<'_>) -> Result<Loaded, Failure> {
    match &origin {
        Origin::Results(folder) => results(folder.clone()),
        Origin::Baseline(path) => {
            let result = baseline::read(path).map_err(unreadable)?;
            Ok(Loaded { result, path: path.display().to_string(), origin, notes: Vec::new(), broken: 0, plan: None })
        }
        Origin::Scenario(path) => run(path.clone(), running),
    }
}

fn results(folder: PathBuf) -> Result<Loaded, Failure> {
    let manifest = store::read_manifest(&folder).map_err(unreadable)?;
    let path = folder.display().to_string();
    if let Some(shard) = &manifest.shard {
        let text = format!("error: {path} is shard {shard} and not a whole result; join the shards with `merge` first");
        return Err(Failure { exit: Exit::Inconclusive, text });
    }
    let Recorded { runs, dropped, .. } = store::read_runs(&folder).map_err(unreadable)?;
    let broken = runs.values().flatten().filter(|run| run.broken.is_some()).count() as u64;
    let mut notes: Vec<String> = dropped
        .iter()
        .map(|dropped| format!("{}:{}: a line that was cut short is left out", dropped.path.display(), dropped.line))
        .collect();
    let planned: u64 = manifest.cells.iter().map(|cell| cell.runs).sum();
    let ended: u64 = manifest.cells.iter().filter_map(|cell| runs.get(&cell.id)).map(|runs| runs.len() as u64).sum();
    if ended < planned {
        notes.push(format!("{path}: {ended} of {planned} runs ended; the same `run` goes on where it stopped"));
    }
    if broken > 0 {
        notes.push(format!("{path}: {broken} runs hit a bug of ours and are left out"));
    }
    let result = Baseline::of(&manifest, &runs);
    Ok(Loaded { result, path, origin: Origin::Results(folder), notes, broken, plan: Plan::again(&manifest).ok() })
}

/// Runs a scenario on the fast engine, with the seeds of the result that it is compared with. Nothing is written.
fn run(path: PathBuf, running: &Running<'_>) -> Result<Loaded, Failure> {
    let mut scenario = ackproof_scenario::load_with(&path, &registry::brokers(), running.set)
        .map_err(|diagnostics| Failure::input(diagnostics.render(false)))?;
    let like = running.like.iter().find(|it| it.result.scenario == scenario.name);
    // Of a single base the seeds are meant, whatever it is called.
    let like = like.or(match running.like {
        [one] => Some(one),
        _ => None,
    });
    if let Some(like) = like {
        scenario.seed = Seed(like.result.seed);
        scenario.runs = u32::try_from(like.result.runs).unwrap_or(scenario.runs);
    }
    scenario.runs = running.runs.unwrap_or(scenario.runs);
    let plan = Plan::of(scenario, Engine::Event).fixing(running.set);
    let swept = sweep(&plan, None, Recorded::default(), Sample::NONE, running.threads, &mut Progress::new())
        .map_err(unreadable)?;
    let broken: Vec<_> = swept.runs.values().flatten().filter(|run| run.broken.is_some()).collect();
    let path_text = path.display().to_string();
    let notes = broken.iter().filter_map(|run| {
        Some(format!("{path_text}: seed {} hit a bug of ours: {}", run.seed.0, run.broken.as_ref()?))
    });
    let (notes, broken) = (notes.take(5).collect(), broken.len() as u64);
    let result = Baseline::of(&plan.manifest(), &swept.runs);
    Ok(Loaded { result, path: path_text, origin: Origin::Scenario(path), notes, broken, plan: Some(plan) })
}

fn unreadable(error: StoreError) -> Failure {
    Failure::input(format!("error: {error}"))
}

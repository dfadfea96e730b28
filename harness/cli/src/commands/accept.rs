//! `accept`: moves the baseline on purpose, and prints what moved.

use std::path::PathBuf;

use ackproof_report::baseline;
use ackproof_report::compare::{Compared, Comparison, FailOn, Matched, Options};
use ackproof_report::store::file_name;
use clap::Args;
use serde_json::json;

use super::compare::pairs;
use super::print;
use super::run::{cores, listen_for_interrupt};
use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::side::{self, Loaded, Origin, Running};

pub(crate) const EXAMPLES: &str = "Examples:\n  \
    ackproof accept results/orders\n  \
    ackproof accept orders.yaml payments.yaml --runs 200\n\n\
    Commit results/baseline: `ackproof compare results/baseline HEAD` holds later results against it.";

#[derive(Args, Debug)]
pub struct AcceptArgs {
    /// Folders of results, or scenarios, which are run with the seeds of the baseline they have.
    #[arg(required = true, value_name = "DIR|FILE")]
    pub what: Vec<PathBuf>,
    /// Where baselines are kept.
    #[arg(long, value_name = "DIR", default_value = "results/baseline")]
    pub to: PathBuf,
    /// Seeds per cell of scenarios that are run, in place of the baseline's or the scenario's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub runs: Option<u32>,
    /// Threads; all cores unless given.
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// What became of one baseline.
struct Accepted {
    scenario: String,
    path: PathBuf,
    is_new: bool,
    /// Whether the file is another now.
    is_changed: bool,
    moved: Vec<String>,
}

pub(super) fn accept(args: &AcceptArgs) -> anyhow::Result<Exit> {
    listen_for_interrupt();
    let before = if args.to.is_dir() { known(&args.to)? } else { Vec::new() };
    let threads = args.jobs.map_or_else(cores, usize::from);
    let now = side::read(&args.what, &Running { like: &before, runs: args.runs, set: &[], threads })?;
    // All are looked at before the first is written.
    now.iter().try_for_each(refuse_what_is_not_whole)?;
    std::fs::create_dir_all(&args.to)
        .map_err(|why| Failure::input(format!("error: cannot make the folder {}: {why}", args.to.display())))?;
    let mut accepted = Vec::new();
    for it in &now {
        let old = before.iter().find(|old| old.result.scenario == it.result.scenario);
        let path = args.to.join(format!("{}.json", file_name(&it.result.scenario)));
        let is_changed = old.is_none_or(|old| old.result != it.result);
        baseline::write(&path, &it.result).map_err(|error| Failure::input(format!("error: {error}")))?;
        let moved = old.map_or(Vec::new(), |old| moved(old, it));
        let scenario = it.result.scenario.clone();
        accepted.push(Accepted { scenario, path, is_new: old.is_none(), is_changed, moved });
    }
    print(&match args.format {
        Format::Json => as_json(&accepted),
        Format::Text | Format::Markdown => as_text(&accepted),
    })?;
    Ok(Exit::AsExpected)
}

/// The baselines that are there; a folder without any is none.
fn known(folder: &std::path::Path) -> Result<Vec<Loaded>, Failure> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|it| it == "json")).collect();
    side::read(&files, &Running::default()).map_err(|failure| Failure {
        text: format!("{}\nmove the file away to begin a new baseline", failure.text),
        ..failure
    })
}

/// A baseline with holes would let through whatever falls into them.
fn refuse_what_is_not_whole(it: &Loaded) -> Result<(), Failure> {
    if let Origin::Baseline(_) = it.origin {
        return Ok(());
    }
    let missing = it.result.cells.iter().any(|cell| (cell.runs.len() as u64) < it.result.runs);
    let why = match (it.broken, missing) {
        (0, false) => return Ok(()),
        (0, true) => "not every run ended",
        (_, _) => "some of its runs hit a bug of ours",
    };
    let notes = it.notes.join("\n");
    let text = format!("error: {} is no baseline: {why}\n{notes}", it.path);
    Err(Failure { exit: Exit::Inconclusive, text: text.trim_end().to_owned() })
}

/// Everything that moved, a sentence each.
fn moved(old: &Loaded, new: &Loaded) -> Vec<String> {
    let both = pairs(std::slice::from_ref(old), std::slice::from_ref(new)).both;
    let compared: Vec<Compared<'_>> = both
        .iter()
        .map(|(old, new)| Compared {
            matched: Matched::by_settings(&old.result, &new.result),
            paths: [old.path.clone(), new.path.clone()],
        })
        .collect();
    let options = Options { fail_on: vec![FailOn::Change], ..Options::default() };
    let comparison = Comparison::of(&compared, Vec::new(), Vec::new(), &options);
    let differs = comparison.scenarios.iter().flat_map(|it| it.differs.iter().cloned());
    differs.chain(comparison.why.iter().filter(|_| comparison.exit == 1).cloned()).collect()
}

fn as_text(accepted: &[Accepted]) -> String {
    let mut text = String::new();
    for it in accepted {
        let what = match (it.is_new, it.is_changed, it.moved.len()) {
            (true, _, _) => "a new baseline".to_owned(),
            (false, false, _) => "nothing moved".to_owned(),
            (false, true, 0) => "no verdict moved, counts, costs or settings did".to_owned(),
            (false, true, _) => "moved".to_owned(),
        };
        text.push_str(&format!("{}: {what} ({})\n", it.scenario, it.path.display()));
        for line in &it.moved {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

fn as_json(accepted: &[Accepted]) -> String {
    let all: Vec<_> = accepted
        .iter()
        .map(|it| {
            json!({
                "scenario": it.scenario, "path": it.path.display().to_string(), "new": it.is_new,
                "changed": it.is_changed, "moved": it.moved,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "v": 1, "accepted": all }))
}

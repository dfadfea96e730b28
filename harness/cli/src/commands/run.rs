//! `run`: sweep, print the matrix, write results, keep witnesses.

use std::path::Path;
use std::sync::atomic::Ordering;

use ackproof_report::store::{Recorded, Store};
use ackproof_report::words::number_of;
use ackproof_scenario::{Scenario, Unselected};
use ackproof_sim::Engine;

use super::bad_input;
use super::ending::{end, kept};
use crate::aloud::say;
use crate::args::{Format, RunArgs};
use crate::exit::{Exit, Failure};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::scheduler::{self, Wanted};
use crate::shard::Asked;
use crate::sweep::{INTERRUPTED, sweep};
use crate::verify::Sample;
use crate::{quickstart, registry};

pub(super) fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    // Everything is read before anything runs: a mistake in the last file must not cost the sweep of the first.
    let mut scenarios = Vec::new();
    let mut wrong: Option<Failure> = None;
    for file in &args.files {
        match read(file, args) {
            Ok(scenario) => scenarios.push(scenario),
            Err(failure) => {
                wrong = Some(match wrong {
                    None => failure,
                    Some(before) => Failure {
                        exit: before.exit.worse(failure.exit),
                        text: format!("{}\n\n{}", before.text, failure.text),
                    },
                });
            }
        }
    }
    if let Some(failure) = wrong {
        return Err(failure.into());
    }
    let wanted = wanted(args)?;
    listen_for_interrupt();
    let mut exit = Exit::AsExpected;
    for scenario in scenarios {
        let mut plan = Plan::of(scenario, args.engine.into()).fixing(&args.set);
        if let Some(Wanted { shard, source }) = wanted {
            let all = number_of(plan.units().count() as u64, "run");
            plan.shard = Some(shard);
            let (name, count) = (&plan.scenario.name, plan.units().count());
            say(format_args!("{name}: shard {shard}, from {source}: {count} of {all}"));
        }
        let (store, recorded) = open_store(&plan, &args.out)?;
        exit = exit.worse(run_plan(&plan, args, Some(&store), recorded)?);
        if INTERRUPTED.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(exit)
}

/// The built-in scenario; its results are written like any other's, where that is possible.
pub(super) fn quickstart() -> anyhow::Result<Exit> {
    let scenario = ackproof_scenario::parse(quickstart::NAME, quickstart::TEXT, &registry::brokers(), &[])
        .map_err(|diagnostics| bad_input(&diagnostics))?;
    listen_for_interrupt();
    let plan = Plan::of(scenario, Engine::Event);
    let args = RunArgs {
        files: Vec::new(),
        runs: None,
        seed: None,
        only: Vec::new(),
        fault: Vec::new(),
        set: Vec::new(),
        jobs: None,
        engine: crate::args::EngineArg::Event,
        verify: Sample::DEFAULT,
        shard: None,
        out: "results".into(),
        format: Format::Text,
    };
    match open_store(&plan, &args.out) {
        Ok((store, recorded)) => run_plan(&plan, &args, Some(&store), recorded),
        // Whoever tries the program out in a folder that cannot be written gets an answer all the same.
        Err(failure) => {
            say(format_args!("{failure}; nothing is kept"));
            run_plan(&plan, &args, None, Recorded::default())
        }
    }
}

/// The shard that the user asks for, or else the scheduler of this machine.
fn wanted(args: &RunArgs) -> Result<Option<Wanted>, Failure> {
    match args.shard {
        Some(Asked(shard)) => Ok(shard.map(|shard| Wanted { shard, source: "--shard" })),
        None => scheduler::wanted(|name| std::env::var(name).ok())
            .map_err(|error| Failure::input(format!("error: {error}"))),
    }
}

fn read(file: &Path, args: &RunArgs) -> Result<Scenario, Failure> {
    let mut scenario = ackproof_scenario::load_with(file, &registry::brokers(), &args.set)
        .map_err(|diagnostics| bad_input(&diagnostics))?;
    if let Some(runs) = args.runs {
        scenario.runs = runs;
    }
    if let Some(seed) = args.seed {
        scenario.seed = ackproof_core::seed::Seed(seed);
    }
    scenario.select(&args.only, &args.fault).map_err(|unselected| match unselected {
        Unselected::Bad(diagnostics) => bad_input(&diagnostics),
        Unselected::Nothing(words) => {
            Failure { exit: Exit::NothingMatched, text: format!("error: {}: {words}", file.display()) }
        }
    })?;
    Ok(scenario)
}

fn run_plan(plan: &Plan, args: &RunArgs, store: Option<&Store>, recorded: Recorded) -> anyhow::Result<Exit> {
    for dropped in &recorded.dropped {
        let (path, line) = (dropped.path.display(), dropped.line);
        say(format_args!("{path}:{line}: a line that was cut short is dropped and its run repeated"));
    }
    let threads = args.jobs.map_or_else(cores, usize::from);
    let mut progress = Progress::new();
    let swept = sweep(plan, store, recorded, args.verify, threads, &mut progress).map_err(kept)?;
    let exit = end(plan, &swept, store, threads, args.format)?;
    if swept.interrupted {
        say(format_args!("interrupted; what is finished is kept. Go on with: {}", resume_command()));
    }
    Ok(exit)
}

fn open_store(plan: &Plan, out: &Path) -> Result<(Store, Recorded), Failure> {
    Store::open(out, &plan.manifest()).map_err(Failure::from)
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The command line as it was typed: running it again resumes.
fn resume_command() -> String {
    std::env::args().map(|word| shell_word(&word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it for one.
pub(super) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The first interrupt ends the sweep in order, the second one at once.
pub(super) fn listen_for_interrupt() {
    let heard = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
    if let Err(error) = heard {
        tracing::warn!("interrupts end the sweep at once: {error}");
    }
}

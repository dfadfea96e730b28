//! Runs a plan: every seed of every cell, on all threads, resumable.
//!
//! The work list goes seed by seed through all cells, so that a sweep that is interrupted has seen every cell alike.
//! Lines are written in the order of the list, whichever thread was first: results do not depend on the number of
//! threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use ackproof_core::recording::Detail;
use ackproof_core::seed::Seed;
use ackproof_report::result::{Mismatch, RunLine, Verified};
use ackproof_report::store::{Recorded, Store, StoreError};

use crate::plan::Plan;
use crate::progress::Progress;
use crate::storm::storm_of;
use crate::verify::{self, Sample};

/// Set when the user wants to stop.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Everything a sweep came to, from this command and from what was recorded before.
#[derive(Debug, Default)]
pub struct Swept {
    /// Runs of each cell, by cell id, in the order of their seeds.
    pub runs: BTreeMap<String, Vec<RunLine>>,
    pub verified: Verified,
    pub interrupted: bool,
    /// Not every run was vouched for that should have been: a shard did not get to its end.
    pub is_short: bool,
}

/// One run that is still to be done: the cell's index in the plan, and the seed.
#[derive(Copy, Clone)]
struct Unit {
    cell: usize,
    seed: Seed,
    /// It has been recorded before and is repeated for the sample alone: a sweep that is resumed vouches for all its
    /// runs, as one that was never interrupted does.
    recorded: bool,
}

/// What a worker hands to the writer.
struct Done {
    line: RunLine,
    /// `None` when the run was not repeated on turmoil; otherwise the difference, if there was one.
    verified: Option<Option<String>>,
}

/// Runs whatever `recorded` does not have yet. Without a store nothing is written.
///
/// # Errors
/// Results cannot be written; what was written before is kept.
pub fn sweep(
    plan: &Plan,
    store: Option<&Store>,
    recorded: Recorded,
    sample: Sample,
    threads: usize,
    progress: &mut Progress,
) -> Result<Swept, StoreError> {
    let units = work_list(plan, &recorded, sample);
    let mut swept = Swept { runs: recorded.runs, ..Swept::default() };
    let left = units.iter().filter(|unit| !unit.recorded).count();
    progress.begin(left, plan.units().count());
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let (sender, receiver) = mpsc::channel();
    let mut failure = None;
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, units.len().max(1)) {
            let (sender, units, next, stop) = (sender.clone(), &units, &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) && !INTERRUPTED.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(unit) = units.get(index) else { return };
                    if sender.send((index, run_unit(plan, *unit, sample))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut written = 0;
        for (index, done) in receiver {
            waiting.insert(index, done);
            while let Some(done) = waiting.remove(&written) {
                let unit = units[written];
                let cell = &plan.cells[unit.cell].plan.id;
                if !unit.recorded
                    && failure.is_none()
                    && let Err(error) = store.map_or(Ok(()), |store| store.append(cell, &done.line))
                {
                    failure = Some(error);
                    stop.store(true, Ordering::Relaxed);
                }
                if !unit.recorded {
                    progress.tick(done.line.is_lossy());
                }
                swept.take(cell, done);
                written += 1;
            }
        }
        swept.interrupted = written < units.len() && failure.is_none();
    });
    progress.end();
    for runs in swept.runs.values_mut() {
        runs.sort_by_key(|run| run.seed);
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(swept),
    }
}

impl Swept {
    fn take(&mut self, cell: &str, done: Done) {
        if let Some(verdict) = done.verified {
            self.verified.runs += 1;
            if let Some(what) = verdict {
                self.verified.mismatches += 1;
                self.verified.differing.push(Mismatch { cell: cell.to_owned(), seed: done.line.seed.0, what });
            }
        }
        let runs = self.runs.entry(cell.to_owned()).or_default();
        let before = runs.iter().find(|run| run.seed == done.line.seed && run.broken.is_none());
        if let Some(before) = before.filter(|before| before.digest != done.line.digest) {
            let what =
                format!("the run that was recorded has the digest {}, now it is {}", before.digest, done.line.digest);
            self.verified.mismatches += 1;
            self.verified.differing.push(Mismatch { cell: cell.to_owned(), seed: done.line.seed.0, what });
        }
        runs.retain(|run| run.seed != done.line.seed);
        runs.push(done.line);
    }
}

fn work_list(plan: &Plan, recorded: &Recorded, sample: Sample) -> Vec<Unit> {
    let done: Vec<_> = plan.cells.iter().map(|cell| recorded.done(&cell.plan.id)).collect();
    let units = plan.units().map(|(index, cell)| {
        let seed = plan.seed(index);
        Unit { cell, seed, recorded: done[cell].contains(&seed) }
    });
    units.filter(|unit| !unit.recorded || is_sampled(plan, sample, &plan.cells[unit.cell].plan.id, unit.seed)).collect()
}

/// Whether a run is to be repeated on the reference engine.
fn is_sampled(plan: &Plan, sample: Sample, cell: &str, seed: Seed) -> bool {
    plan.engine == ackproof_sim::Engine::Event && sample.takes(cell, seed)
}

fn run_unit(plan: &Plan, unit: Unit, sample: Sample) -> Done {
    let cell = &plan.cells[unit.cell];
    let bed = plan.bed(cell);
    let schedule = bed.schedule(unit.seed);
    let trial = match bed.run_schedule(&schedule, unit.seed, plan.engine, Detail::Verdict) {
        Ok(trial) => trial,
        Err(broken) => return Done { line: RunLine::broken(unit.seed, broken.0), verified: None },
    };
    let history = &trial.recording.history;
    let mut line = RunLine::new(unit.seed, history.digest(), &trial.recording, &trial.verdict);
    line.storm = Some(storm_of(&schedule));
    let verified = is_sampled(plan, sample, &cell.plan.id, unit.seed).then(|| {
        verify::difference(&bed, &schedule, unit.seed, history)
            .unwrap_or_else(|broken| Some(format!("the reference engine failed: {}", broken.0)))
    });
    Done { line, verified }
}

//! The smallest failing run of a cell: chosen, shrunk, checked on the reference engine, explained, written down.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ackproof_core::fault::FaultKind;
use ackproof_core::recording::Detail;
use ackproof_core::schedule::Schedule;
use ackproof_core::seed::Seed;
use ackproof_core::setup::Setup;
use ackproof_report::exhibit::{Case, Exhibit, Strip};
use ackproof_report::result::{Mismatch, RunLine, RunVerdict, Verified, Witness};
use ackproof_report::store::{Store, StoreError};
use ackproof_report::words;
use ackproof_scenario::{Finding, Replay};
use ackproof_search::shrink::Pass;
use ackproof_search::{Candidate, Room, shrink};
use ackproof_sim::Engine;

use crate::exhibit;
use crate::failing::{Failing, Shown};
use crate::plan::{Plan, PlannedCell};
use crate::registry::{self, Prepared};
use crate::sweep::{INTERRUPTED, Swept};
use crate::token;
use crate::trial::{Bed, Trial};
use crate::verify;

/// Runs that shrinking one witness may take.
const SHRINK_BUDGET: u32 = 200;

/// The smallest failing run of each cell that has one, by cell id.
#[derive(Debug, Default)]
pub struct Witnesses {
    pub by_cell: BTreeMap<String, Witness>,
    pub verified: Verified,
}

/// Finds, shrinks and writes down a witness for each cell that needs one.
///
/// # Errors
/// A replay file cannot be written.
pub fn witnesses(plan: &Plan, swept: &Swept, store: Option<&Store>, threads: usize) -> Result<Witnesses, StoreError> {
    let wanted: Vec<(&PlannedCell, Seed)> = plan
        .cells
        .iter()
        .filter_map(|cell| Some((cell, choose(plan, cell, swept.runs.get(&cell.plan.id)?)?)))
        .collect();
    let found = Mutex::new(Ok(Witnesses::default()));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, wanted.len().max(1)) {
            scope.spawn(|| {
                while let Some(&(cell, seed)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if INTERRUPTED.load(Ordering::Relaxed) {
                        return;
                    }
                    let Some(kept) = Hunt { plan, cell, seed }.run() else { continue };
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    let Ok(witnesses) = &mut *found else { return };
                    if let Err(error) = witnesses.keep(plan, cell, kept, store) {
                        *found = Err(error);
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    found.verified.differing.sort_by(|a, b| (&a.cell, a.seed).cmp(&(&b.cell, b.seed)));
    Ok(found)
}

impl Witnesses {
    fn keep(&mut self, plan: &Plan, cell: &PlannedCell, kept: Kept, store: Option<&Store>) -> Result<(), StoreError> {
        self.verified.runs += 1;
        if let Some(what) = kept.difference {
            self.verified.mismatches += 1;
            self.verified.differing.push(Mismatch { cell: cell.plan.id.clone(), seed: kept.witness.seed.0, what });
        }
        let mut witness = kept.witness;
        witness.token = token::of(registry::entry(plan.scenario.broker).token, &kept.replay);
        let name = format!("{}-{}.replay.yaml", cell.plan.id, witness.seed.0);
        if let Some(store) = store {
            witness.file = store.write_failure(&name, &kept.replay)?;
            let (file, token) = (witness.file.clone(), witness.token.clone());
            let exhibit = Exhibit::new(&cell.plan.id, witness.seed, kept.strip);
            store.write_exhibit(&Exhibit { file, token, case: kept.case, ..exhibit })?;
        }
        self.by_cell.insert(cell.plan.id.clone(), witness);
        Ok(())
    }
}

/// The run that breaks the worst of the promises that somebody asked for, and of several the one that is likely to
/// shrink best: the fewest faults that fired, the lowest seed.
fn choose(plan: &Plan, cell: &PlannedCell, runs: &[RunLine]) -> Option<Seed> {
    let asked = plan.asked(cell);
    let breaks = |run: &RunLine, guarantee| matches!(run.verdict(guarantee), Some(RunVerdict::Violated(_)));
    let worst = |run: &RunLine| asked.iter().position(|guarantee| breaks(run, *guarantee));
    let ranked = runs.iter().filter_map(|run| Some((worst(run)?, run.faults_fired, run.events, run.seed)));
    ranked.min().map(|(_, _, _, seed)| seed)
}

/// The search for one witness.
struct Hunt<'a> {
    plan: &'a Plan,
    cell: &'a PlannedCell,
    seed: Seed,
}

struct Kept {
    witness: Witness,
    replay: String,
    difference: Option<String>,
    /// Of the run before it was shrunk.
    strip: Strip,
    case: Option<Case>,
}

impl Hunt<'_> {
    fn run(&self) -> Option<Kept> {
        let bed = self.plan.bed(self.cell);
        let schedule = bed.schedule(self.seed);
        let first = bed.run_schedule(&schedule, self.seed, self.plan.engine, Detail::Verdict).ok()?;
        let failing = Failing::of(&first, &self.plan.asked(self.cell))?;
        let smallest = self.shrink(&bed, &schedule, &first, &failing);
        self.write_down(&bed, smallest, &failing, exhibit::strip(&first, &schedule))
    }

    fn shrink(&self, bed: &Bed<'_>, schedule: &Schedule, first: &Trial, failing: &Failing) -> Candidate {
        let topology = bed.prepared.topology();
        let pinned = ackproof_search::pinned(schedule, &first.recording.faults, topology);
        let whole = Candidate { schedule: pinned, workload: bed.setup.workload.clone() };
        if !self.fails(bed, &whole, failing) {
            return Candidate { schedule: schedule.clone(), workload: bed.setup.workload.clone() };
        }
        // A gentler kind of fault would answer a question that this column does not ask.
        let passes = Pass::ALL.into_iter().filter(|pass| *pass != Pass::Kinds).collect();
        // A storm was drawn, and tells no story that could be kept.
        let in_turn = !bed.steps.iter().any(|step| matches!(step.kind, FaultKind::Random(_)));
        let room = Room { passes, in_turn, ..Room::new(topology.clone()).with_times_of(&first.recording) };
        shrink(whole, room, SHRINK_BUDGET, |candidate| self.fails(bed, candidate, failing)).candidate
    }

    /// Whether the candidate fails in the same way.
    fn fails(&self, bed: &Bed<'_>, candidate: &Candidate, failing: &Failing) -> bool {
        let trial = self.with_workload(bed, candidate, |bed| {
            bed.run_schedule(&candidate.schedule, self.seed, self.plan.engine, Detail::Verdict)
        });
        trial.is_ok_and(|trial| Failing::of(&trial, &[failing.guarantee]).as_ref() == Some(failing))
    }

    /// The bed with the candidate's workload in place of the scenario's.
    fn with_workload<T>(&self, bed: &Bed<'_>, candidate: &Candidate, work: impl FnOnce(&Bed<'_>) -> T) -> T {
        if candidate.workload == bed.setup.workload {
            return work(bed);
        }
        let setup = Setup { workload: candidate.workload.clone(), ..bed.setup.clone() };
        let prepared = prepare(self.plan, self.cell, &setup);
        work(&Bed { prepared: &*prepared, setup: &setup, ..*bed })
    }

    /// Everything that is kept of the smallest candidate. It is run from the steps as they are written, so that what a
    /// reader replays is what was found.
    fn write_down(&self, bed: &Bed<'_>, smallest: Candidate, failing: &Failing, strip: Strip) -> Option<Kept> {
        let steps = smallest.schedule.steps();
        let setup = Setup { workload: smallest.workload.clone(), ..bed.setup.clone() };
        let (trial, schedule, difference) = self.with_workload(bed, &smallest, |bed| {
            let bed = Bed { steps: &steps, ..*bed };
            let schedule = bed.schedule(self.seed);
            let trial = bed.run_schedule(&schedule, self.seed, Engine::Event, Detail::Trace).ok()?;
            let difference = verify::difference(&bed, &schedule, self.seed, &trial.recording.history)
                .unwrap_or_else(|broken| Some(format!("the reference engine failed: {}", broken.0)));
            Some((trial, schedule, difference))
        })?;
        let shown = Shown::of(&trial, &[failing.guarantee]);
        let finding = Finding {
            class: bed.class.to_owned(),
            seed: self.seed,
            setup,
            steps,
            digest: trial.recording.history.digest().0,
            shows: shown.as_ref().map(Shown::to_string).unwrap_or_default(),
            breaks: Some(failing.promise(&bed.limits)),
        };
        let replay = Replay::of(&self.plan.scenario, self.plan.row(self.cell), finding);
        let case = shown.as_ref().and_then(|shown| exhibit::case(&trial, shown));
        let witness = Witness {
            seed: self.seed,
            faults: schedule.faults.len() as u64,
            file: String::new(),
            token: String::new(),
            story: words::story_as_run(&schedule.faults, &trial.recording.faults),
            guarantee: failing.guarantee,
            outcome: shown.map(|shown| shown.sentence),
        };
        Some(Kept { witness, replay: replay.to_yaml(), difference, strip, case })
    }
}

fn prepare(plan: &Plan, cell: &PlannedCell, setup: &Setup) -> Box<dyn Prepared> {
    (registry::entry(plan.scenario.broker).prepare)(&plan.row(cell).effective, setup)
}

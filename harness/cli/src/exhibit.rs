//! What the page shows of a run, taken from its recording while that is at hand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ackproof_check::{End, Fate, Told, autopsy, fates};
use ackproof_core::app::MsgId;
use ackproof_core::op::Op;
use ackproof_core::recording::Detail;
use ackproof_core::schedule::Schedule;
use ackproof_core::seed::Seed;
use ackproof_core::time::Time;
use ackproof_report::exhibit::{Case, Exhibit, FaultSpan, Kind, Sent, Strip, shortened};
use ackproof_report::explain::Life;
use ackproof_report::result::RunLine;
use ackproof_report::store::{Store, StoreError};
use ackproof_report::words;
use ackproof_scenario::{Finding, Replay};

use crate::failing::Shown;
use crate::plan::{Plan, PlannedCell};
use crate::sweep::{INTERRUPTED, Swept};
use crate::trial::Trial;
use crate::witness::Witnesses;
use crate::{registry, token};

/// How each message of a run fared, and which faults were in force meanwhile.
pub fn strip(trial: &Trial, schedule: &Schedule) -> Strip {
    let history = &trial.recording.history;
    let mut sent: std::collections::BTreeMap<MsgId, Time> = std::collections::BTreeMap::new();
    for entry in &history.entries {
        if let Op::Send { msg, .. } = &entry.op {
            sent.entry(*msg).or_insert(entry.at);
        }
    }
    let kinds = fates(history).into_iter().filter_map(|(msg, fate)| {
        let at = *sent.get(&msg)?;
        Some(Sent { at, msg, kind: kind(&fate) })
    });
    Strip::of(trial.recording.chaos_began, kinds.collect(), faults(trial, schedule))
}

fn faults(trial: &Trial, schedule: &Schedule) -> Vec<FaultSpan> {
    let story = words::story_as_run(&schedule.faults, &trial.recording.faults);
    let numbered = |(text, fault): (String, u64)| FaultSpan { fault, text, began: None, ended: None, messages: [0, 0] };
    let mut faults: Vec<FaultSpan> = story.into_iter().zip(1..).map(numbered).collect();
    for entry in &trial.recording.history.entries {
        match &entry.op {
            Op::FaultBegan { fault, .. } => {
                if let Some(span) = faults.get_mut(usize::from(*fault)) {
                    span.began.get_or_insert(entry.at);
                }
            }
            Op::FaultEnded { fault } => {
                if let Some(span) = faults.get_mut(usize::from(*fault)) {
                    span.ended = Some(entry.at);
                }
            }
            Op::Phase(_) | Op::PhaseLimit(_) | Op::AtWork { .. } | Op::FaultMissed { .. } => {}
            Op::Started | Op::Died(_) => {}
            Op::Send { .. } | Op::Told { .. } | Op::Delivered(_) | Op::Processed { .. } | Op::Audited(_) => {}
            Op::Stranded(_) | Op::Disposed { .. } | Op::Progress { .. } | Op::AuditEnd { .. } => {}
            Op::Effect(_) | Op::EndTransaction { .. } | Op::Fingerprint { .. } => {}
        }
    }
    faults
}

fn kind(fate: &Fate) -> Kind {
    let end = match fate.end {
        End::Lost(_) => Some(Kind::Lost),
        End::Unreachable => Some(Kind::Unreachable),
        End::Waiting | End::Unproven => Some(Kind::Undecided),
        End::Consumed | End::Unowed => None,
    };
    let told = match fate.told {
        Told::Acked => Kind::Fine,
        Told::Rejected => Kind::Rejected,
        Told::Unknown => Kind::Unknown,
        Told::Untold => Kind::Untold,
        Told::Aborted => Kind::Aborted,
    };
    let flags = [
        (fate.vanished, Kind::Vanished),
        (fate.unreported, Kind::Unreported),
        (fate.ghost, Kind::Ghost),
        (fate.duplicated(), Kind::Duplicated),
        (fate.reordered, Kind::Reordered),
    ];
    let flags = flags.into_iter().filter(|(is_so, _)| *is_so).map(|(_, kind)| kind);
    // The worst comes first in the order of kinds.
    flags.chain(end).fold(told, Kind::min)
}

/// The message that shows what is broken, and its life; `None` where no message shows it. The trial needs its trace.
pub fn case(trial: &Trial, shown: &Shown) -> Option<Case> {
    let msg = shown.msg?;
    let told = autopsy(&trial.recording, msg)?;
    Some(Case {
        shows: format!("{} is violated: {}", shown.guarantee, shown.why),
        message: msg.to_string(),
        autopsy: shortened(&told.to_string()),
        began: trial.recording.chaos_began,
        life: Life::of(&trial.recording, msg),
    })
}

/// Writes an exhibit for each cell that has runs and no witness: one of its runs, with a file that runs it again.
///
/// # Errors
/// A file cannot be written.
pub fn samples(
    plan: &Plan,
    swept: &Swept,
    store: &Store,
    witnesses: &Witnesses,
    threads: usize,
) -> Result<(), StoreError> {
    let wanted: Vec<(&PlannedCell, &RunLine)> = plan
        .cells
        .iter()
        .filter(|cell| !witnesses.by_cell.contains_key(&cell.plan.id))
        .filter_map(|cell| Some((cell, typical(swept.runs.get(&cell.plan.id)?)?)))
        .collect();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Ok(()));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, wanted.len().max(1)) {
            scope.spawn(|| {
                while let Some(&(cell, run)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if INTERRUPTED.load(Ordering::Relaxed) {
                        return;
                    }
                    if let Err(error) = sample(plan, cell, run, store) {
                        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
                        return;
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The run to show of a cell that breaks nothing: one of those with the most faults, since it kept its promises in them.
fn typical(runs: &[RunLine]) -> Option<&RunLine> {
    let whole = runs.iter().filter(|run| run.broken.is_none());
    whole.min_by_key(|run| (std::cmp::Reverse(run.faults_fired), run.seed))
}

fn sample(plan: &Plan, cell: &PlannedCell, run: &RunLine, store: &Store) -> Result<(), StoreError> {
    let bed = plan.bed(cell);
    let schedule = bed.schedule(run.seed);
    let Ok(trial) = bed.run_schedule(&schedule, run.seed, plan.engine, Detail::Verdict) else { return Ok(()) };
    let mut exhibit = Exhibit::new(&cell.plan.id, run.seed, strip(&trial, &schedule));
    if let Some(text) = sample_replay(plan, cell, run.seed, &trial) {
        exhibit.token = token::of(registry::entry(plan.scenario.broker).token, &text);
        exhibit.file = store.write_sample(&cell.plan.id, &text)?;
    }
    store.write_exhibit(&exhibit)
}

/// The very run, as a replay file: its schedule is drawn again from the scenario's own steps. `None` where the length of
/// the workload, which the schedule is drawn over, is the row's own and not the scenario's.
fn sample_replay(plan: &Plan, cell: &PlannedCell, seed: Seed, trial: &Trial) -> Option<String> {
    let (row, class) = (plan.row(cell), plan.class(cell));
    if row.setup.workload.nominal() != plan.chaos() {
        return None;
    }
    let finding = Finding {
        class: class.name.clone(),
        seed,
        setup: row.setup.clone(),
        steps: class.steps.clone(),
        digest: trial.recording.history.digest().0,
        shows: String::new(),
        breaks: None,
    };
    Some(Replay::of(&plan.scenario, row, finding).to_yaml())
}

//! From the runs of a sweep to the one object that is written, printed and compared.

use ackproof_report::result::{
    BrokenRun, Cell, CellPlan, FaultClass, NotModelled, Note as Reported, NoteKind, Summary, Verified,
};
use ackproof_report::words;
use ackproof_scenario::Note;

use crate::exit::Exit;
use crate::expectation;
use crate::plan::Plan;
use crate::registry;
use crate::sweep::Swept;
use crate::witness::Witnesses;

/// Adds everything up.
pub fn summarize(plan: &Plan, swept: &Swept, mut witnesses: Witnesses) -> Summary {
    let scenario = &plan.scenario;
    let mut summary = Summary::new(&scenario.name, scenario.broker_version(), plan.engine.to_string());
    summary.title = scenario.title.clone();
    summary.plan = plan.digest.clone();
    summary.seed = scenario.seed.0;
    summary.axes = scenario.rows.first().map_or(Vec::new(), |row| row.settings().into_keys().collect());
    summary.faults = fault_classes(plan);
    for (index, cell) in plan.cells.iter().enumerate() {
        let runs = swept.runs.get(&cell.plan.id).map_or(&[][..], Vec::as_slice);
        let here = CellPlan { runs: plan.runs_here(index), ..cell.plan.clone() };
        summary.cells.push(Cell::of(&here, runs, witnesses.by_cell.remove(&cell.plan.id)));
        for run in runs {
            if let Some(message) = &run.broken {
                let (cell, seed, message) = (cell.plan.id.clone(), run.seed.0, message.clone());
                summary.broken.push(BrokenRun { cell, seed, message });
            }
        }
    }
    summary.complete =
        !swept.interrupted && !swept.is_short && summary.cells.iter().all(|cell| cell.runs == cell.planned_runs);
    summary.shard = plan.shard.map(|shard| shard.to_string());
    summary.verified = joined(&swept.verified, witnesses.verified);
    // A canary need not bite in a part of the runs.
    if plan.shard.is_none() {
        summary.expectations = expectation::judge(plan, &summary.cells);
    }
    add_notes(&mut summary, &scenario.notes);
    let broker = registry::entry(scenario.broker).broker;
    summary.assumptions = broker.simplifications().iter().map(|text| (*text).to_owned()).collect();
    let exit = exit(plan, &summary, swept);
    summary.exit_with(exit.code());
    summary
}

/// How a command ends that came to this.
fn exit(plan: &Plan, summary: &Summary, swept: &Swept) -> Exit {
    let mut exit = match (plan.shard, summary.complete) {
        (Some(_), true) => Exit::AsExpected,
        (_, false) => Exit::Inconclusive,
        (None, true) => expectation::exit(&summary.expectations, &summary.cells),
    };
    if swept.interrupted {
        exit = exit.worse(Exit::Interrupted);
    }
    if !summary.broken.is_empty() {
        exit = exit.worse(Exit::OurBug);
    }
    if summary.verified.mismatches > 0 {
        exit = exit.worse(Exit::Differs);
    }
    exit
}

fn fault_classes(plan: &Plan) -> Vec<FaultClass> {
    let class = |class: &ackproof_scenario::FaultClass| FaultClass {
        name: class.name.clone(),
        words: words::class(&class.steps),
        steps: class.steps.len() as u64,
    };
    plan.scenario.classes.iter().map(class).collect()
}

fn joined(sample: &Verified, witnesses: Verified) -> Verified {
    let mut all = sample.clone();
    all.runs += witnesses.runs;
    all.mismatches += witnesses.mismatches;
    all.differing.extend(witnesses.differing);
    all
}

fn add_notes(summary: &mut Summary, notes: &[Note]) {
    for note in notes {
        let (kind, source) = match note {
            Note::NotModelled { name, source, why } => {
                summary.not_modelled.push(NotModelled {
                    key: name.clone(),
                    place: source.to_string(),
                    why: why.clone(),
                });
                continue;
            }
            Note::Collapsed { .. } => (NoteKind::Collapsed, String::new()),
            Note::Trap { source, .. } => (NoteKind::Trap, source.clone()),
            Note::FromFile { .. } | Note::Fixed { .. } => (NoteKind::Remark, String::new()),
        };
        let text = match note {
            Note::Trap { id, message, rows, .. } if rows.is_empty() => format!("{message} ({id})"),
            Note::Trap { id, message, rows, .. } => format!("{message} ({id}; {})", rows.join("; ")),
            Note::NotModelled { .. } | Note::Collapsed { .. } | Note::FromFile { .. } | Note::Fixed { .. } => {
                note.to_string()
            }
        };
        summary.notes.push(Reported { kind, text, source });
    }
}

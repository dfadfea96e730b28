//! What the scenario expects, held against what came out.

use ackproof_core::guarantee::Guarantee;
use ackproof_report::result::{Cell, CellVerdict, Expectation as Reported, ExpectationOutcome};
use ackproof_scenario::{Demand, Expectation, Matcher, Often};

use crate::exit::Exit;
use crate::plan::Plan;

/// Every expectation with its outcome, in the scenario's order.
pub fn judge(plan: &Plan, cells: &[Cell]) -> Vec<Reported> {
    let mut reported = Vec::new();
    for expectation in &plan.scenario.expectations {
        let covered: Vec<&Cell> = plan
            .cells
            .iter()
            .zip(cells)
            .filter(|(planned, _)| expectation.covers(plan.row(planned), &planned.plan.fault))
            .map(|(_, cell)| cell)
            .collect();
        // A filter on the command line can leave nothing of what an expectation speaks of.
        if covered.is_empty() {
            continue;
        }
        match &expectation.demand {
            Demand::Canary(breaks) => {
                let judged = judge_cells(&covered, |cell| sometimes(cell, *breaks));
                // A canary that does not bite says that the harness saw too little, not that a promise is broken.
                let outcome = match judged.0 {
                    ExpectationOutcome::Met => ExpectationOutcome::Met,
                    ExpectationOutcome::Violated | ExpectationOutcome::Inconclusive => ExpectationOutcome::Inconclusive,
                };
                let text = match breaks {
                    Guarantee::NoAckedLoss => "some acknowledged message is lost".to_owned(),
                    other => format!("{other} is violated"),
                };
                reported.push(report(expectation, &text, true, (outcome, judged.1)));
            }
            Demand::Promises(promises) => {
                for promise in promises {
                    let (text, judged) = match promise.often {
                        Often::Always => (
                            format!("{} always holds", promise.guarantee),
                            judge_cells(&covered, |cell| always(cell, promise.guarantee)),
                        ),
                        Often::SometimesViolated => (
                            format!("{} is sometimes violated", promise.guarantee),
                            judge_cells(&covered, |cell| sometimes(cell, promise.guarantee)),
                        ),
                        Often::Within(limit) => (
                            format!("{} stays within {limit}", promise.guarantee),
                            judge_cells(&covered, |cell| always(cell, promise.guarantee)),
                        ),
                        Often::SometimesBeyond(limit) => (
                            format!("{} sometimes goes beyond {limit}", promise.guarantee),
                            judge_cells(&covered, |cell| sometimes(cell, promise.guarantee)),
                        ),
                    };
                    reported.push(report(expectation, &text, false, judged));
                }
            }
        }
    }
    reported
}

/// What the expectations say about how the command ends.
pub fn exit(expectations: &[Reported], cells: &[Cell]) -> Exit {
    let mut exit = Exit::AsExpected;
    for expectation in expectations {
        exit = exit.worse(match expectation.outcome {
            ExpectationOutcome::Met => Exit::AsExpected,
            ExpectationOutcome::Violated => Exit::Violated,
            ExpectationOutcome::Inconclusive => Exit::Inconclusive,
        });
    }
    let decided = |cell: &Cell| cell.verdict != CellVerdict::Inconclusive || cell.promises_nothing();
    let met = |expectation: &Reported| expectation.outcome == ExpectationOutcome::Met;
    match cells.iter().any(decided) || expectations.iter().any(met) {
        true => exit,
        false => exit.worse(Exit::Inconclusive),
    }
}

type Judged = (ExpectationOutcome, String);

fn report(expectation: &Expectation, text: &str, canary: bool, (outcome, why): Judged) -> Reported {
    let mut text = text.to_owned();
    let when = matcher_words(&expectation.when);
    if !when.is_empty() {
        text.push_str(&format!(" when {when}"));
    }
    for except in &expectation.except {
        text.push_str(&format!(", except when {}", matcher_words(except)));
    }
    Reported { text, line: Some(u64::from(expectation.line)), canary, outcome, why }
}

fn matcher_words(matcher: &Matcher) -> String {
    let mut parts: Vec<String> = matcher
        .conditions
        .iter()
        .map(|condition| format!("{}={}", condition.name, condition.values.join("|")))
        .collect();
    parts.extend(matcher.faults.as_ref().map(|faults| format!("fault={}", faults.join("|"))));
    parts.join(", ")
}

/// The worst cell decides; the reason names up to three of the cells that are like it.
fn judge_cells(cells: &[&Cell], judge: impl Fn(&Cell) -> Judged) -> Judged {
    let judged: Vec<Judged> = cells.iter().map(|cell| judge(cell)).collect();
    let rank = |outcome: ExpectationOutcome| match outcome {
        ExpectationOutcome::Violated => 0,
        ExpectationOutcome::Inconclusive => 1,
        ExpectationOutcome::Met => 2,
    };
    let worst = judged.iter().map(|(outcome, _)| *outcome).min_by_key(|outcome| rank(*outcome));
    let worst = worst.unwrap_or(ExpectationOutcome::Inconclusive);
    let like_it: Vec<String> = cells
        .iter()
        .zip(&judged)
        .filter(|(_, (outcome, _))| *outcome == worst)
        .map(|(cell, (_, why))| format!("{}: {why}", cell_words(cell)))
        .collect();
    let more = like_it.len().saturating_sub(3);
    let mut why = like_it.into_iter().take(3).collect::<Vec<_>>().join("; ");
    if more > 0 {
        why.push_str(&format!("; and {more} more"));
    }
    (worst, why)
}

fn cell_words(cell: &Cell) -> String {
    let settings: Vec<String> = cell.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if settings.is_empty() { cell.fault.clone() } else { format!("{} under {}", settings.join(", "), cell.fault) }
}

fn always(cell: &Cell, guarantee: Guarantee) -> Judged {
    match cell.guarantees.get(&guarantee) {
        None => (ExpectationOutcome::Inconclusive, "not judged".to_owned()),
        Some(judged) => match judged.verdict {
            CellVerdict::Holds => {
                let doubt = judged.doubt.as_ref().map_or(String::new(), |doubt| format!(", {doubt}"));
                (ExpectationOutcome::Met, format!("0 of {} runs{doubt}", judged.of))
            }
            CellVerdict::Violated => {
                (ExpectationOutcome::Violated, format!("violated in {} of {} runs", judged.runs, judged.of))
            }
            CellVerdict::Inconclusive => {
                (ExpectationOutcome::Inconclusive, judged.why.clone().unwrap_or_else(|| "undecided".to_owned()))
            }
        },
    }
}

fn sometimes(cell: &Cell, guarantee: Guarantee) -> Judged {
    match always(cell, guarantee) {
        (ExpectationOutcome::Violated, why) => (ExpectationOutcome::Met, why),
        (ExpectationOutcome::Met, why) => (ExpectationOutcome::Violated, why),
        doubt @ (ExpectationOutcome::Inconclusive, _) => doubt,
    }
}

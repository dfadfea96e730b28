//! JUnit XML, for CI systems that list tests: a suite a scenario, with a test for each expectation and for each cell.
//!
//! An expectation passes, fails, or is an error where nothing can be said. A cell that loses messages is no failure by
//! itself, because a scenario shows losses on purpose: it fails through the expectation that speaks of it. A cell is an
//! error when a run of it hit a bug of ours or the engines differ, and is skipped when it decided nothing.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::headline;
use crate::matrix::Matrix;
use crate::result::{Cell, CellVerdict, Expectation, ExpectationOutcome, Summary};

/// The whole document. `folder` is where replay files are, as in [`crate::text::Look::folder`].
pub fn render(summary: &Summary, folder: &str) -> String {
    let mut suite = TestSuite::new(&summary.scenario);
    for (name, value) in [
        ("title", summary.title.clone()),
        ("broker", summary.broker.clone()),
        ("engine", summary.engine.clone()),
        ("seed", summary.seed.to_string()),
        ("plan", summary.plan.clone()),
        ("complete", summary.complete.to_string()),
    ] {
        suite.add_property((name, value.as_str()));
    }
    suite.add_test_cases(summary.expectations.iter().map(|expected| expectation(summary, expected)));
    let matrix = Matrix::of(summary);
    for row in &matrix.rows {
        let cells = row.cells.iter().flatten();
        suite.add_test_cases(cells.map(|cell| test_of(summary, &row.label, cell, folder)));
    }
    let mut report = Report::new("ackproof");
    report.add_test_suite(suite);
    report.to_string().expect("a report without bytes of its own can be written")
}

fn expectation(summary: &Summary, expected: &Expectation) -> TestCase {
    let status = match expected.outcome {
        ExpectationOutcome::Met => TestCaseStatus::success(),
        ExpectationOutcome::Violated => unmet(NonSuccessKind::Failure, "violated", &expected.why),
        ExpectationOutcome::Inconclusive => unmet(NonSuccessKind::Error, "inconclusive", &expected.why),
    };
    let line = expected.line.map_or(String::new(), |line| format!("line {line}: "));
    let canary = if expected.canary { "canary: " } else { "" };
    case(summary, "expect", &format!("{line}{canary}{}", expected.text), status)
}

fn test_of(summary: &Summary, label: &str, cell: &Cell, folder: &str) -> TestCase {
    let bug = summary.broken.iter().find(|broken| broken.cell == cell.id);
    let difference = summary.verified.differing.iter().find(|mismatch| mismatch.cell == cell.id);
    let status = match (bug, difference) {
        (Some(bug), _) => {
            unmet(NonSuccessKind::Error, "bug", &format!("seed {} hit a bug of ours: {}", bug.seed, bug.message))
        }
        (None, Some(mismatch)) => {
            unmet(NonSuccessKind::Error, "engines differ", &format!("seed {}: {}", mismatch.seed, mismatch.what))
        }
        (None, None) if cell.keeps() == CellVerdict::Inconclusive => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(cell.why.as_deref().or(cell.doubt()).unwrap_or("nothing was decided"));
            status
        }
        (None, None) => TestCaseStatus::success(),
    };
    let row = if label.is_empty() { "the only row" } else { label };
    let mut case = case(summary, "cell", &format!("{row} under {}", cell.fault), status);
    case.set_system_out(findings(cell, folder));
    case
}

/// What the cell found, for whoever opens the test.
fn findings(cell: &Cell, folder: &str) -> String {
    let mut text = format!("{}\n", headline::often(cell));
    if let Some(witness) = &cell.witness {
        for sentence in witness.story.iter().chain(&witness.outcome) {
            text.push_str(&format!("{sentence}\n"));
        }
        if !witness.file.is_empty() {
            let slash = if folder.is_empty() || folder.ends_with('/') { "" } else { "/" };
            text.push_str(&format!("ackproof explain {folder}{slash}{}\n", witness.file));
        }
    }
    text
}

fn unmet(kind: NonSuccessKind, what: &str, why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(what).set_message(why);
    status
}

fn case(summary: &Summary, kind: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("{}.{kind}", summary.scenario));
    case
}

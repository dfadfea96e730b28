//! The form for CI systems that list tests.

use crate::fixture;
use ackproof_report::junit;
use ackproof_report::result::{BrokenRun, Expectation, ExpectationOutcome, Mismatch};

fn expected(outcome: ExpectationOutcome, canary: bool) -> Expectation {
    Expectation { text: "a <promise> & more".into(), line: Some(7), canary, outcome, why: "3 of 200 runs".into() }
}

#[test]
fn an_expectation_passes_fails_or_is_an_error_and_a_loss_alone_is_no_failure() {
    let mut summary = fixture::summary();
    summary.expectations = vec![
        expected(ExpectationOutcome::Met, true),
        expected(ExpectationOutcome::Violated, false),
        expected(ExpectationOutcome::Inconclusive, false),
    ];
    let xml = junit::render(&summary, "results/orders/1a2b");
    assert!(summary.cells.iter().any(|cell| cell.lossy_runs > 0), "the fixture has losses");
    assert!(xml.contains(r#"failures="1""#) && xml.contains(r#"errors="1""#), "{xml}");
    assert!(xml.contains(r#"<failure message="3 of 200 runs" type="violated"/>"#), "{xml}");
    assert!(xml.contains(r#"<error message="3 of 200 runs" type="inconclusive"/>"#), "{xml}");
    assert!(xml.contains("line 7: canary: a &lt;promise&gt; &amp; more"), "{xml}");
    assert!(xml.contains("ackproof explain results/orders/1a2b/failures/"), "{xml}");
    assert_eq!(xml.matches("<testcase").count(), 3 + summary.cells.len());
}

#[test]
fn a_bug_of_ours_and_a_difference_of_engines_are_errors_of_their_cell() {
    let mut summary = fixture::summary();
    summary.expectations.clear();
    let clean = junit::render(&summary, "");
    assert!(clean.contains(r#"errors="0""#), "{clean}");
    let (first, second) = (summary.cells[0].id.clone(), summary.cells[1].id.clone());
    summary.broken.push(BrokenRun { cell: first, seed: 4, message: "a rule in words".into() });
    summary.verified.differing.push(Mismatch { cell: second, seed: 5, what: "line 9 differs".into() });
    let xml = junit::render(&summary, "");
    assert!(xml.contains(r#"errors="2""#), "{xml}");
    assert!(
        xml.contains("seed 4 hit a bug of ours: a rule in words") && xml.contains("seed 5: line 9 differs"),
        "{xml}"
    );
}

#[test]
fn what_decided_nothing_is_skipped_with_its_reason() {
    let mut summary = fixture::summary();
    let undecided =
        |cell: &&mut ackproof_report::result::Cell| cell.keeps() == ackproof_report::result::CellVerdict::Inconclusive;
    let count = summary.cells.iter_mut().filter(undecided).count();
    assert!(count > 0, "the fixture has cells that decided nothing");
    let xml = junit::render(&summary, "");
    assert_eq!(xml.matches("<skipped message=").count(), count, "{xml}");
}

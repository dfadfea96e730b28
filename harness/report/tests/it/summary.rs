//! The one JSON object that other programs read.

use crate::fixture::{self, Outcome, run};
use ackproof_core::guarantee::Guarantee;
use ackproof_core::seed::Seed;
use ackproof_report::result::{Cell, CellPlan, CellVerdict, RunLine, Summary};
use proptest::prelude::*;
use serde_json::Value;
use snapbox::{assert_data_eq, file};

fn plan(runs: u64) -> CellPlan {
    let settings = [("producer.acks".to_owned(), "all".to_owned())].into();
    CellPlan { id: "r1-f1-kill".into(), settings, fault: "kill".into(), runs, asked: Vec::new() }
}

#[test]
fn one_cell_is_written_as_promised() {
    let mut summary = fixture::summary();
    summary.cells.retain(|cell| cell.fault == "all-power" && cell.settings["topic.min.insync.replicas"] == "1");
    assert_data_eq!(summary.json(), file!["golden/summary.json"].raw());
}

/// Every key of the published example, by path, is there and has the published type.
#[test]
fn every_published_key_is_there() {
    let published = r#"{"v": 1, "scenario": "orders", "broker": "kafka@4.1", "engine": "event",
      "verified": {"runs": 240, "mismatches": 0}, "ok": true, "exit": 0, "cells": [{
        "settings": {"producer.acks": "all", "topic.min.insync.replicas": "1"}, "fault": "all-power",
        "verdict": "violated", "runs": 200, "lossy_runs": 62, "loss": {"p": 0.31, "ci95": [0.247, 0.379]},
        "messages": {"sent": 1, "acked": 1, "lost": 1, "lost_in": {"broker": 1, "disposal": 0, "consumer": 0},
          "unreachable": 0, "rejected": 0, "unknown": 1, "untold": 0, "unreported": 0, "ghost": 1, "dead_lettered": 0,
          "duplicated": 1, "reordered": 0, "consumed": 1, "vanished": 1},
        "guarantees": {"no-acked-loss": {"verdict": "violated", "runs": 62}, "durable": {"verdict": "violated", "runs": 81}},
        "ack_ms": {"p50": 4, "p99": 11, "max": 31}, "unavailable_ms": {"median": 0, "longest": 9120},
        "faults_fired": 200,
        "witness": {"seed": 17, "faults": 1, "file": "failures/all-power-17.replay.yaml", "token": "kfk1-9T4M-ZQ2C"}}]}"#;
    let published: Value = serde_json::from_str(published).unwrap();
    let mut summary = fixture::summary();
    summary.cells.retain(|cell| cell.fault == "all-power" && cell.settings["topic.min.insync.replicas"] == "1");
    assert_covers(&serde_json::from_str(&summary.json()).unwrap(), &published, "summary");
}

fn assert_covers(found: &Value, wanted: &Value, path: &str) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            for (key, wanted) in wanted {
                let found = found.get(key).unwrap_or_else(|| panic!("{path} lacks {key}"));
                assert_covers(found, wanted, &format!("{path}.{key}"));
            }
        }
        (Value::Array(found), Value::Array(wanted)) => {
            assert_eq!(found.len(), wanted.len(), "{path}");
            found.iter().zip(wanted).for_each(|(found, wanted)| assert_covers(found, wanted, path));
        }
        (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_))
        | (Value::Bool(_), Value::Bool(_)) => {}
        (found, wanted) => panic!("{path} is {found}, not like {wanted}"),
    }
}

#[test]
fn the_order_of_runs_does_not_matter() {
    let outcome = Outcome { lossy: 3, vanished: 5, doubtful: 9, ack_ms: 7, missed: 2, ..Outcome::default() };
    let mut runs: Vec<RunLine> = (0..40).map(|seed| run(seed, "all", outcome)).collect();
    let forwards = Cell::of(&plan(40), &runs, None);
    runs.reverse();
    assert_eq!(Cell::of(&plan(40), &runs, None), forwards);
}

#[test]
fn doubtful_runs_count_neither_for_nor_against() {
    let outcome = Outcome { doubtful: 30, ..Outcome::default() };
    let runs: Vec<RunLine> = (0..100).map(|seed| run(seed, "all", outcome)).collect();
    let cell = Cell::of(&plan(100), &runs, None);
    assert_eq!(
        (cell.verdict, cell.runs, cell.inconclusive_runs, cell.decided_runs()),
        (CellVerdict::Holds, 100, 30, 70)
    );
    assert_eq!(cell.loss.ci95[1], ackproof_report::stats::share(0, 70).high);
}

#[test]
fn a_cell_whose_runs_are_mostly_doubtful_is_inconclusive_and_says_why() {
    let outcome = Outcome { doubtful: 51, ..Outcome::default() };
    let runs: Vec<RunLine> = (0..100).map(|seed| run(seed, "all", outcome)).collect();
    let cell = Cell::of(&plan(100), &runs, None);
    assert_eq!(cell.verdict, CellVerdict::Inconclusive);
    assert_eq!(cell.why.as_deref(), Some("51 of 100 runs decided nothing: no fault fired"));
}

#[test]
fn a_loss_in_a_mostly_doubtful_cell_is_still_a_loss() {
    let outcome = Outcome { doubtful: 100, lossy: 1, ..Outcome::default() };
    let runs: Vec<RunLine> = (0..100).map(|seed| run(seed, "all", outcome)).collect();
    assert_eq!(Cell::of(&plan(100), &runs, None).verdict, CellVerdict::Violated);
}

#[test]
fn a_bug_of_ours_is_never_green() {
    let mut runs: Vec<RunLine> = (0..99).map(|seed| run(seed, "all", Outcome::default())).collect();
    runs.push(RunLine::broken(Seed(99), "index out of bounds"));
    let cell = Cell::of(&plan(100), &runs, None);
    assert_eq!((cell.verdict, cell.broken_runs, cell.inconclusive_runs), (CellVerdict::Inconclusive, 1, 0));
    assert_eq!(cell.guarantees[&Guarantee::Durable].verdict, CellVerdict::Inconclusive);
    assert_eq!(cell.why.as_deref(), Some("1 of 100 runs hit a bug of ours"));
}

#[test]
fn where_nothing_was_acknowledged_nothing_holds() {
    let runs: Vec<RunLine> = (0..10).map(|seed| run(seed, "0", Outcome::default())).collect();
    let cell = Cell::of(&plan(10), &runs, None);
    assert_eq!((cell.verdict, cell.ack_ms), (CellVerdict::Inconclusive, None));
}

#[test]
fn a_cell_without_runs_is_inconclusive() {
    let cell = Cell::of(&plan(10), &[], None);
    assert_eq!((cell.verdict, cell.why.as_deref()), (CellVerdict::Inconclusive, Some("no run ended")));
    assert_eq!(cell.loss.ci95, [0.0, 1.0]);
}

#[test]
fn fields_of_a_later_program_and_missing_additions_are_read() {
    let text = r#"{"v": 1, "scenario": "orders", "broker": "kafka@4.1", "engine": "event",
      "verified": {"runs": 0, "mismatches": 0}, "ok": true, "exit": 0, "cells": [], "not_yet_invented": [1, 2]}"#;
    let summary: Summary = serde_json::from_str(text).unwrap();
    assert_eq!(summary.scenario, "orders");
}

prop_compose! {
    fn outcomes()(lossy in 0u64..20, vanished in 0u64..20, doubtful in 0u64..40, ack_ms in 0u32..100_000, missed in 0u64..40)
        -> Outcome {
        Outcome { lossy, vanished, doubtful, ack_ms, missed, unavailable_ms: u64::from(ack_ms) }
    }
}

proptest! {
    #[test]
    fn a_summary_is_read_back_as_it_was_written(outcomes in prop::collection::vec(outcomes(), 0..6), runs in 0u64..40, exit: u8) {
        let mut summary = fixture::summary();
        summary.exit_with(exit);
        summary.cells = outcomes
            .iter()
            .map(|outcome| Cell::of(&plan(40), &(0..runs).map(|seed| run(seed, "all", *outcome)).collect::<Vec<_>>(), None))
            .collect();
        let read: Summary = serde_json::from_str(&summary.json()).unwrap();
        prop_assert_eq!(&read, &summary);
        prop_assert_eq!(read.json(), summary.json());
    }

    #[test]
    fn a_run_is_read_back_as_it_was_written(outcome in outcomes(), seed: u64) {
        let line = run(seed % 50, "all", outcome);
        let text = serde_json::to_string(&line).unwrap();
        prop_assert_eq!(serde_json::from_str::<RunLine>(&text).unwrap(), line);
        prop_assert!(!text.contains('\n'));
    }
}

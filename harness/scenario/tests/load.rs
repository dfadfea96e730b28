//! Whole scenario files: what they come to.

mod toy;

use std::fs;

use ackproof_core::fault::FaultKind;
use ackproof_core::guarantee::Guarantee;
use ackproof_core::setting::ValueSource;
use ackproof_core::setup::SendMode;
use ackproof_core::time::Span;
use ackproof_scenario::{Demand, Note, Often, Scenario, Unselected, load, load_with, parse};
use toy::Toy;

const ORDERS: &str = include_str!("orders.yaml");

fn orders(set: &[&str]) -> Scenario {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("orders.yaml"), ORDERS).expect("written");
    fs::write(folder.path().join("server.properties"), "num.io.threads=8\nunclean.leader.election.enable=true\n")
        .expect("written");
    fs::write(folder.path().join("mine.properties"), "linger.ms=7\nsasl.jaas.config=password=hunter2;\n")
        .expect("written");
    let set: Vec<String> = set.iter().map(|s| s.to_string()).collect();
    load_with(&folder.path().join("orders.yaml"), &[&Toy], &set).unwrap_or_else(|errors| panic!("{errors}"))
}

fn labels(scenario: &Scenario) -> Vec<String> {
    scenario.rows.iter().map(|row| row.label()).collect()
}

#[test]
fn the_example_of_the_format_is_read_whole() {
    let scenario = orders(&[]);
    assert_eq!((scenario.name.as_str(), scenario.broker_version().as_str()), ("orders", "toy@4.0"));
    assert_eq!(scenario.runs, 200);
    assert_eq!(scenario.setup.app.producer.send, SendMode::Sync);
    assert_eq!(scenario.setup.cluster.racks, ["r1", "r2", "r3"]);
    assert_eq!(scenario.setup.disk.writeback, Some(Span::secs(30)));
    let steps: Vec<usize> = scenario.classes.iter().map(|class| class.steps.len()).collect();
    assert_eq!(steps, [0, 1, 1, 2, 1]);
    assert_eq!(scenario.expectations.len(), 4);
    assert_eq!(scenario.cells().count(), scenario.rows.len() * 5);
}

#[test]
fn rows_that_differ_only_in_what_has_no_effect_are_one_row_and_a_note_says_so() {
    let scenario = orders(&[]);
    let expected = [
        "acks=0, min.insync.replicas=any",
        "acks=1, min.insync.replicas=1",
        "acks=all, min.insync.replicas=1",
        "acks=all, min.insync.replicas=2",
        "acks=all, min.insync.replicas=3",
    ];
    assert_eq!(labels(&scenario), expected);
    let collapsed: Vec<String> = scenario
        .notes
        .iter()
        .filter(|note| matches!(note, Note::Collapsed { .. }))
        .map(|note| note.to_string())
        .collect();
    assert_eq!(
        collapsed,
        ["topic.min.insync.replicas has no effect with acks=0: 1, 2 are one row (only acks=all waits for replicas)"]
    );
}

#[test]
fn a_later_source_wins_over_an_earlier_one() {
    let scenario = orders(&[]);
    let effective = &scenario.rows[0].effective;
    assert_eq!(effective.text("broker", "unclean.leader.election.enable"), Some("false"));
    assert!(matches!(effective.source("broker", "unclean.leader.election.enable"), Some(ValueSource::Scenario { .. })));
    assert_eq!(effective.text("producer", "linger.ms"), Some("7"));
    let file = ValueSource::File { file: "mine.properties".into(), line: 1 };
    assert_eq!(effective.source("producer", "linger.ms"), Some(&file));
    assert_eq!(effective.source("producer", "acks"), Some(&ValueSource::Matrix));
    assert_eq!(effective.text("producer", "batch.grace"), Some("true"));
    assert_eq!(effective.source("producer", "batch.grace"), Some(&ValueSource::Default));
}

#[test]
fn what_the_command_line_sets_wins_and_takes_an_axis_away() {
    let scenario = orders(&["acks=all", "workload.messages=10", "queue.buffering.max.ms=9"]);
    assert_eq!(
        labels(&scenario),
        ["acks=all, min.insync.replicas=1", "acks=all, min.insync.replicas=2", "acks=all, min.insync.replicas=3"]
    );
    let row = &scenario.rows[0];
    assert_eq!(row.effective.source("producer", "acks"), Some(&ValueSource::CommandLine));
    assert_eq!((row.setup.workload.messages, row.effective.text("producer", "linger.ms")), (10, Some("9")));
    assert!(row.setup_values().contains(&("workload.messages", "10".to_owned(), ValueSource::CommandLine)));
}

#[test]
fn a_secret_is_neither_kept_nor_shown() {
    let scenario = orders(&[]);
    assert!(!format!("{scenario:?}").contains("hunter2"), "sources are kept for diagnostics, secrets in them are not");
    assert!(scenario.notes.iter().any(|note| note.to_string().contains("producer.sasl.jaas.config")));
}

#[test]
fn an_expectation_speaks_of_the_cells_it_names() {
    let scenario = orders(&[]);
    let covered = |index: usize| -> Vec<String> {
        let expectation = &scenario.expectations[index];
        let cells = scenario.cells().filter(|(row, class)| expectation.covers(row, &class.name));
        cells.map(|(row, class)| format!("{} {}", row.cells[0].shown, class.name)).collect()
    };
    assert_eq!(scenario.expectations[0].demand, Demand::Canary(Guarantee::NoAckedLoss));
    assert_eq!(covered(0), ["1 leader-killed"]);
    assert_eq!(covered(1), ["all none", "all leader-killed", "all cut-then-kill", "all storm"]);
    assert_eq!(covered(2).len(), 3);
    let Demand::Promises(promises) = &scenario.expectations[3].demand else { panic!("a promise") };
    assert_eq!(promises[0].often, Often::Within(Span::secs(30)));
    assert_eq!(promises[1].often, Often::Within(Span(25)));
}

#[test]
fn a_canary_names_what_must_break_and_a_limit_how_often_it_is_kept() {
    let text = "broker: toy\nmatrix: { acks: [1, all] }\nfaults: { none: [] }\nexpect:
  - canary: { breaks: no-duplicates, acks: 1 }
  - available: { longest: 10s, often: sometimes-violated }
  - ack: { p99: 25ms, often: always }\n";
    let scenario = parse("t", text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(scenario.expectations[0].demand, Demand::Canary(Guarantee::NoDuplicates));
    let covered = scenario.cells().filter(|(row, class)| scenario.expectations[0].covers(row, &class.name));
    assert_eq!(covered.count(), 1, "what breaks is no condition");
    let often = |index: usize| match &scenario.expectations[index].demand {
        Demand::Promises(promises) => promises[0].often,
        Demand::Canary(_) => panic!("a promise"),
    };
    assert_eq!((often(1), often(2)), (Often::SometimesBeyond(Span::secs(10)), Often::Within(Span(25))));
    let limits = scenario.limits(&scenario.rows[0], "none");
    assert_eq!((limits.longest_unavailable, limits.ack_p99), (Some(Span::secs(10)), Some(Span(25))));
}

#[test]
fn what_is_not_modelled_is_noted_and_in_force_where_the_broker_looks_at_it() {
    let text = "broker: toy\nconfig: { producer: { compression.type: lz4 }, broker: { num.io.threads: 8 } }\n\
        matrix: { acks: [1, all] }\nfaults: { none: [] }\n";
    let scenario = parse("t", text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    for row in &scenario.rows {
        assert_eq!(row.effective.text("producer", "compression.type"), Some("lz4"));
        assert_eq!(row.effective.source("producer", "compression.type"), Some(&ValueSource::Scenario { line: 2 }));
        assert_eq!(row.effective.text("broker", "num.io.threads"), None, "the broker never looks at it");
    }
    for name in ["producer.compression.type", "broker.num.io.threads"] {
        let is_it = |note: &&Note| matches!(note, Note::NotModelled { name: noted, .. } if noted == name);
        assert_eq!(scenario.notes.iter().filter(is_it).count(), 1, "{name}");
    }
}

#[test]
fn no_time_at_all_is_written_in_seconds() {
    let text = "broker: toy\nmatrix: { workload.consumer_start: [0s, heal] }\nfaults: { none: [] }\n";
    let mut scenario = parse("t", text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(labels(&scenario), ["workload.consumer_start=0s", "workload.consumer_start=heal"]);
    scenario.select(&["workload.consumer_start=0s".into()], &[]).expect("as it is shown");
}

#[test]
fn a_trap_is_a_warning_that_names_the_file() {
    let text = "broker: toy\nfaults: { none: [] }\n";
    let scenario = parse("t.yaml", text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let expected = "\
warning: one copy is no copy
--> t.yaml
 = note: source: toy manual";
    assert_eq!(scenario.warnings.to_string(), expected);
    let wrong = text.replace("[]", "[ { kill: b9 } ]");
    let errors = parse("t.yaml", &wrong, &[&Toy], &[]).expect_err("no such node");
    assert_eq!(errors.len(), 1, "what is wrong comes first: {errors}");
}

#[test]
fn the_limits_of_a_cell_are_those_that_expectations_set_for_it() {
    let scenario = orders(&[]);
    let limits = scenario.limits(&scenario.rows[0], "none");
    assert_eq!((limits.longest_unavailable, limits.ack_p99), (Some(Span::secs(30)), Some(Span(25))));
}

#[test]
fn a_condition_on_a_merged_row_holds_for_each_value_it_stands_for() {
    let mut scenario = orders(&[]);
    scenario.select(&["acks=0,min.insync.replicas=2".into()], &[]).expect("the merged row");
    assert_eq!(scenario.rows.len(), 1);
}

#[test]
fn a_selection_of_nothing_is_told_from_one_that_cannot_be_understood() {
    let mut scenario = orders(&[]);
    let said = |result: Result<(), Unselected>| result.unwrap_err().to_string();
    assert!(said(scenario.select(&["acks=2".into()], &[])).starts_with("no row has acks=2; values of acks: "));
    let both = said(scenario.select(&["acks=all,acks=0".into()], &[]));
    assert!(both.starts_with("no row with acks=all has acks=0"), "{both}");
    assert!(
        matches!(scenario.select(&[], &["leader-kiled".into()]), Err(Unselected::Nothing(words)) if words.contains("did you mean `leader-killed`"))
    );
    assert!(matches!(scenario.select(&["ack=all".into()], &[]), Err(Unselected::Bad(_))));
    assert_eq!(scenario.rows.len(), 5, "a selection that fails changes nothing");
    scenario.select(&["producer.acks=ALL".into()], &["storm".into(), "none".into()]).expect("three rows");
    assert_eq!((scenario.rows.len(), scenario.classes.len()), (3, 2));
}

#[test]
fn an_identifier_of_a_row_does_not_depend_on_other_rows() {
    let scenario = orders(&[]);
    let alone = parse(
        "one",
        "broker: toy\nconfig: { topic: { replication.factor: 3 } }\nmatrix: { acks: [all], min.insync.replicas: [2] }\nfaults: { none: [] }\n",
        &[&Toy],
        &[],
    )
    .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(alone.rows[0].id, scenario.rows[3].id);
    let ids: std::collections::BTreeSet<&str> = scenario.rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids.len(), scenario.rows.len());
    assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))), "{ids:?}");
}

#[test]
fn application_and_workload_can_be_axes_too() {
    let text = "broker: toy\nmatrix:\n  app.producer.send: [sync, one-way]\n  workload.consumer_start: [0s, heal]\nfaults: { none: [] }\n";
    let scenario = parse("axes", text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(scenario.rows.len(), 4);
    assert_eq!(scenario.rows[3].label(), "app.producer.send=one-way, workload.consumer_start=heal");
    assert_eq!(scenario.rows[3].setup.app.producer.send, SendMode::OneWay);
    assert_eq!(scenario.setup.app.producer.send, SendMode::Async, "the default holds outside the rows");
}

#[test]
fn every_kind_of_fault_is_read_as_its_example_writes_it() {
    for (verb, _, example) in FaultKind::ALL {
        let text = format!("broker: toy\nfaults: {{ one: [ {example} ] }}\n");
        let scenario = parse("t", &text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(scenario.classes[0].steps[0].kind.verb(), *verb);
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error_that_names_it() {
    let errors = load(std::path::Path::new("no/such.yaml"), &[&Toy]).expect_err("no such file").to_string();
    assert!(errors.contains("no/such.yaml") && errors.contains("no such file"), "{errors}");
}

#[test]
fn a_trap_is_a_warning_and_a_note() {
    let scenario = parse("one", "broker: toy\nfaults: { none: [] }\n", &[&Toy], &[]).expect("valid");
    assert!(scenario.warnings.to_string().contains("one copy is no copy"));
    assert!(scenario.notes.iter().any(|note| matches!(note, Note::Trap { id, .. } if id == "toy-one-copy")));
}

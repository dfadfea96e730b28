//! What GitHub draws and shows: every line of it means to GitHub what it says.

use ackproof_core::op::Op;
use ackproof_core::time::Time;
use ackproof_report::annotations;
use ackproof_report::explain::Life;
use ackproof_report::mermaid::sequence;
use ackproof_report::result::{Expectation, ExpectationOutcome, Mismatch};
use ackproof_report::store::Results;
use proptest::prelude::*;
use snapbox::assert_data_eq;

use crate::{explain, fixture, store};

#[test]
fn a_message_s_life_is_a_sequence_of_arrows_and_notes() {
    let life = Life::of(&explain::recording(), explain::msg());
    assert_data_eq!(sequence(&life).expect("a diagram"), snapbox::file!["golden/sequence.mmd"].raw());
}

#[test]
fn of_a_message_that_nobody_sent_there_is_no_diagram() {
    assert_eq!(sequence(&Life::default()), None);
}

#[test]
fn a_long_life_is_cut_in_the_middle_and_says_so() {
    let mut recording = explain::recording();
    for n in 0..200 {
        recording.history.push(Time(31_000 + n), Some(ackproof_core::node::NodeId(0)), Op::Started);
    }
    let text = sequence(&Life::of(&recording, explain::msg())).expect("a diagram");
    assert!(text.lines().count() < 100, "{text}");
    assert!(text.contains("more moments are left out here"), "{text}");
}

/// A statement of the diagram, told by its beginning.
fn is_statement(line: &str) -> bool {
    let lane = |text: &str| text.strip_prefix('n').is_some_and(|rest| rest.parse::<usize>().is_ok());
    let Some(line) = line.strip_prefix("  ") else { return line == "sequenceDiagram" };
    let (head, text) = line.split_once(": ").unwrap_or((line, "x"));
    // A semicolon ends a statement, except behind the number of a character.
    let rest = text.split('#').skip(1).fold(text.to_owned(), |rest, number| {
        let end = number.find(';').unwrap_or(0);
        rest.replacen(&format!("#{};", &number[..end]), "", 1)
    });
    if rest.replace("<br/>", "").contains(['#', ';', '<', '>', '%']) || text.split(' ').any(|word| word == "end") {
        return false;
    }
    let nodes = head.strip_prefix("Note over ").map(|nodes| nodes.split(',').all(lane));
    let arrow = ["-->>", "->>"].iter().find_map(|arrow| head.split_once(arrow)).map(|(a, b)| lane(a) && lane(b));
    nodes.or(arrow).unwrap_or_else(|| head.starts_with("participant n"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_out_of_its_statement(name in "\\PC{0,12}", what in "(end|;|#|\\PC| ){0,30}") {
        let mut recording = explain::recording();
        recording.history.nodes[0] = name;
        for entry in &mut recording.history.entries {
            if let Op::FaultBegan { text, .. } = &mut entry.op {
                *text = what.clone();
            }
        }
        let text = sequence(&Life::of(&recording, explain::msg())).expect("a diagram");
        for line in text.lines() {
            prop_assert!(is_statement(line), "`{line}` in\n{text}");
        }
    }
}

fn results(change: impl FnOnce(&mut Results)) -> String {
    let mut results = Results {
        manifest: store::manifest("0123456789abcdef"),
        summary: fixture::summary(),
        exhibits: Default::default(),
    };
    change(&mut results);
    annotations::render(&results)
}

fn expectation(outcome: ExpectationOutcome, line: u64) -> Expectation {
    let (text, why) = ("no-acked-loss always holds when acks=1, 2".to_owned(), "violated in 100% of\nruns".to_owned());
    Expectation { text, line: Some(line), canary: false, outcome, why }
}

#[test]
fn what_is_not_as_expected_stands_at_its_line_of_the_scenario() {
    let text = results(|results| {
        let outcomes = [ExpectationOutcome::Met, ExpectationOutcome::Violated, ExpectationOutcome::Inconclusive];
        results.summary.expectations = outcomes.into_iter().zip(7..).map(|(it, line)| expectation(it, line)).collect();
    });
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "::error file=scenarios/orders.yaml,line=8,title=orders%3A not as expected::no-acked-loss always holds when \
         acks=1, 2: violated in 100%25 of%0Aruns"
    );
    assert!(lines[1].starts_with("::warning file=scenarios/orders.yaml,line=9,title=orders%3A nobody can say::"));
    assert!(lines[2].starts_with("::notice title=orders::Only acks=all, min.insync.replicas=2 keeps every"), "{text}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_scenario_that_lies_elsewhere_is_not_pointed_at() {
    let text = results(|results| {
        results.manifest.file = None;
        results.summary.expectations = vec![expectation(ExpectationOutcome::Violated, 8)];
    });
    assert!(text.starts_with("::error title=orders%3A not as expected::"), "{text}");
}

#[test]
fn github_takes_ten_of_each_level_and_the_last_says_how_many_there_are() {
    let text = results(|results| {
        results.summary.complete = false;
        results.summary.expectations = (0..30).map(|line| expectation(ExpectationOutcome::Violated, line)).collect();
        let (cell, what) = ("r1-f1-none".to_owned(), "another digest".to_owned());
        results.summary.verified.differing = vec![Mismatch { cell, seed: 3, what }];
    });
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(errors.len(), 10, "{text}");
    assert!(errors[0].contains("two runs that should be the same differ::cell r1-f1-none, seed 3"), "{text}");
    assert!(errors[9].ends_with("::and 22 more, in the summary of the job"), "{text}");
    assert!(text.contains("::warning title=orders%3A not every run::Incomplete: "), "{text}");
}

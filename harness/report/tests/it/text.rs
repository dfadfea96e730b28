//! What a reader sees in a terminal.

use crate::fixture;
use ackproof_core::guarantee::Guarantee;
use ackproof_report::markdown;
use ackproof_report::result::CellVerdict;
use ackproof_report::text::{Look, render};
use snapbox::{assert_data_eq, file};

fn look(columns: usize) -> Look {
    Look { columns, folder: "results/orders/0123456789ab".into(), ..Look::default() }
}

#[test]
fn the_answer_comes_first_and_everything_behind_it_follows() {
    assert_data_eq!(render(&fixture::summary(), &look(100)), file!["golden/wide.txt"].raw());
}

#[test]
fn a_narrow_terminal_without_unicode_gets_blocks() {
    let look = Look { unicode: false, ..look(60) };
    let text = render(&fixture::summary(), &look);
    assert!(text.is_ascii());
    assert_data_eq!(text, file!["golden/narrow.txt"].raw());
}

#[test]
fn what_was_taken_back_has_a_column_where_there_is_any() {
    let mut summary = fixture::summary();
    let header = |text: &str, word: &str| text.lines().any(|line| line.contains("unknown") && line.contains(word));
    assert!(!header(&render(&summary, &look(120)), "aborted") && !header(&markdown::render(&summary, ""), "aborted"));
    summary.cells[0].messages.aborted = summary.cells[0].messages.sent / 10;
    let (text, page) = (render(&summary, &look(120)), markdown::render(&summary, ""));
    assert!(header(&text, "aborted") && header(&page, "aborted"), "{text}\n{page}");
    let columns: Vec<usize> = page.lines().skip_while(|line| !line.contains("aborted")).map_while(bars).collect();
    assert!(columns.len() > 2 && columns.iter().all(|bars| *bars == columns[0]), "{page}");
}

/// Bars of a line of a Markdown table.
fn bars(line: &str) -> Option<usize> {
    line.starts_with('|').then(|| line.matches('|').count())
}

#[test]
fn colour_changes_nothing_but_colour() {
    let plain = render(&fixture::summary(), &look(100));
    let colored = render(&fixture::summary(), &Look { color: true, ..look(100) });
    assert!(colored.contains("\u{1b}[1m\u{1b}[31mloses 83%\u{1b}[0m"), "{colored}");
    assert!(colored.contains("\u{1b}[32mholds\u{1b}[0m"), "{colored}");
    assert_eq!(strip(&colored), plain);
}

fn strip(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').expect("every escape ends in m").1)
}

#[test]
fn no_line_of_prose_is_wider_than_the_terminal() {
    for columns in [50, 60, 80, 120] {
        for line in render(&fixture::summary(), &look(columns)).lines().filter(|line| !line.contains("ackproof ")) {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
}

#[test]
fn long_names_and_values_are_folded_into_the_width() {
    let mut summary = fixture::summary();
    for cell in &mut summary.cells {
        let strategy = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
        cell.settings.insert("consumer.partition.assignment.strategy".into(), strategy.into());
        cell.fault = format!("{}-{}", cell.fault, "while-the-controller-is-cut-off");
    }
    for columns in [1, 50, 80] {
        let text = render(&summary, &look(columns));
        let table = text.lines().filter(|line| line.contains('│') || line.contains('┼'));
        assert!(table.clone().count() > 10, "{text}");
        for line in table {
            assert!(line.chars().count() <= columns.max(40), "{columns}: {line}");
        }
    }
}

#[test]
fn a_name_that_is_longer_than_its_column_stands_above_its_text() {
    let mut summary = fixture::summary();
    let name = "left-alone-then-without-power-for-good";
    summary.faults[1].name = name.to_owned();
    summary.cells.iter_mut().filter(|cell| cell.fault == "leader-killed").for_each(|cell| cell.fault = name.to_owned());
    let text = render(&summary, &look(100));
    let section: Vec<&str> = text.lines().skip_while(|line| *line != "Faults").skip(1).collect();
    let at = section.iter().position(|line| line.trim() == name).expect("a line of its own");
    let begins = |line: &str| line.len() - line.trim_start().len();
    assert_eq!(begins(section[at + 1]), 28, "{text}");
    assert!(section[at - 1].starts_with("  none") || section[at + 2].starts_with("  all-power"), "{text}");
}

#[test]
fn other_promises_that_are_broken_are_shown_with_a_command_each_its_smallest_run() {
    let mut summary = fixture::summary();
    assert!(!render(&summary, &look(100)).contains("How other promises are broken"));
    for cell in &mut summary.cells {
        if let Some(witness) = &mut cell.witness {
            witness.guarantee = Guarantee::NoDuplicates;
        }
        cell.verdict = CellVerdict::Holds;
        cell.guarantees.clear();
    }
    let (text, page) = (render(&summary, &look(100)), markdown::render(&summary, ""));
    for shown in [&text, &page] {
        assert!(
            shown.contains("How other promises are broken") && shown.contains("no-duplicates is violated"),
            "{shown}"
        );
        assert!(shown.contains("is on no disk afterwards") && shown.contains("explain "), "{shown}");
        assert!(!shown.contains("How messages are lost"), "{shown}");
    }
}

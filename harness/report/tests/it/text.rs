//! What a reader sees in a terminal.

use crate::fixture;
use ackproof_report::markdown;
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

//! The tables of documented cases, one for each broker, and the scenarios beside them are in step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the scenarios of a broker and their table are.
fn folder(broker: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(broker).join("cases")
}

/// A row of the table, or what it should be.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    case: String,
    title: String,
}

/// The case that the name of a file begins with.
fn case_of(file: &str) -> String {
    let case = file.split('-').next().unwrap_or_default();
    if case == "a4" { "A.4".to_owned() } else { case.to_owned() }
}

/// By scenario without `.yaml`: what the file says.
fn files(broker: &str) -> BTreeMap<String, Row> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder(broker)).expect("the folder can be read").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(file) = name.strip_suffix(".yaml") else { continue };
        let text = std::fs::read_to_string(entry.path()).expect("a scenario can be read");
        let title = text.lines().find_map(|line| line.strip_prefix("title: ")).expect("a scenario has a title");
        files.insert(file.to_owned(), Row { case: case_of(file), title: title.trim_matches('"').to_owned() });
    }
    files
}

/// By scenario without `.yaml`: what the table says. A row without an outcome or a source, or one whose link leads
/// elsewhere than it says, is a failure.
fn rows(table: &str) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for line in table.lines().filter(|line| line.contains("](")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [case, title, outcome, link, source] = cells[..] else { panic!("five cells, not {cells:?}") };
        assert!(outcome.len() > 2 && source.len() > 2, "no outcome or no source: {line}");
        let file = link.split_once("](").and_then(|(name, _)| name.strip_prefix('[')).expect("a link");
        assert_eq!(link, format!("[{file}]({file}.yaml)"));
        let row = Row { case: case.to_owned(), title: title.to_owned() };
        assert!(rows.insert(file.to_owned(), row).is_none(), "{file} has two rows");
    }
    rows
}

/// A table without a row for each file, or with a row that says something else than its file, is a failure.
fn hold_together(broker: &str, at_least: usize) {
    let table = std::fs::read_to_string(folder(broker).join("README.md")).expect("there is a table");
    let (files, rows) = (files(broker), rows(&table));
    assert!(files.len() >= at_least, "only {} scenarios were found", files.len());
    let rowless = files.iter().filter(|(file, _)| !rows.contains_key(*file));
    let wanted: Vec<String> = rowless
        .map(|(file, Row { case, title })| format!("| {case} | {title} | OUTCOME | [{file}]({file}.yaml) | SOURCE |"))
        .collect();
    assert!(wanted.is_empty(), "{broker}: README.md has no row for these:\n{}", wanted.join("\n"));
    for (file, row) in &rows {
        assert_eq!(Some(row), files.get(file), "{broker}: README.md says of {file} what the scenario does not");
    }
}

#[test]
fn every_documented_case_of_kafka_has_a_row_and_every_row_a_scenario() {
    hold_together("kafka", 90);
}

#[test]
fn every_documented_case_of_rocketmq_has_a_row_and_every_row_a_scenario() {
    hold_together("rocketmq", 30);
}

#[test]
fn a_row_that_leads_nowhere_or_says_nothing_is_noticed() {
    let read = |row: &str| rows(&format!("| case | q |\n|---|---|\n{row}\n"));
    let good = read("| 1 | Who? | lost | [01-a](01-a.yaml) | docs |");
    assert_eq!(good.get("01-a"), Some(&Row { case: "1".to_owned(), title: "Who?".to_owned() }));
    let refused = |row: &'static str| std::panic::catch_unwind(|| rows(row)).is_err();
    assert!(refused("| 1 | Who? | lost | [01-a](01-b.yaml) | docs |"));
    assert!(refused("| 1 | Who? |  | [01-a](01-a.yaml) | docs |"));
    assert!(refused("| 1 | Who? | lost | [01-a](01-a.yaml) |"));
}

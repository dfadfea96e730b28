//! The form for spreadsheets.

use crate::fixture;
use ackproof_report::csv;

#[test]
fn every_cell_is_a_line_under_named_columns() {
    let summary = fixture::summary();
    let text = csv::render(&summary);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 1 + summary.cells.len());
    let column = |name: &str| lines[0].iter().position(|known| *known == name).unwrap_or_else(|| panic!("{name}"));
    let (acks, fault, lossy) = (column("producer.acks"), column("fault"), column("lossy_runs"));
    for (line, cell) in lines[1..].iter().zip(&summary.cells) {
        assert_eq!(line[acks], cell.settings["producer.acks"]);
        assert_eq!((line[fault], line[lossy]), (cell.fault.as_str(), cell.lossy_runs.to_string().as_str()));
    }
}

#[test]
fn values_with_commas_quotes_and_lines_stay_one_field() {
    let mut summary = fixture::summary();
    summary.cells.truncate(1);
    summary.cells[0].fault = "a, \"b\"\nc".to_owned();
    let text = csv::render(&summary);
    assert!(text.contains("\"a, \"\"b\"\"\nc\""), "{text}");
}

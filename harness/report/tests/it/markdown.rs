//! What a reader sees in the summary of a CI step.

use crate::fixture;
use ackproof_report::markdown::render;
use snapbox::{assert_data_eq, file};

#[test]
fn the_summary_is_one_markdown_page() {
    assert_data_eq!(render(&fixture::summary(), "results/orders/0123456789ab"), file!["golden/summary.md"].raw());
}

#[test]
fn a_value_cannot_break_out_of_its_cell() {
    let mut summary = fixture::summary();
    for cell in &mut summary.cells {
        cell.settings.insert("producer.acks".into(), "1 | <b>*x*\n| 2".into());
    }
    let page = render(&summary, "");
    let rows: Vec<&str> = page.lines().filter(|line| line.contains("\\<b\\>")).collect();
    assert!(!rows.is_empty());
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    for row in rows.iter().filter(|row| row.starts_with('|')) {
        assert!([7, 9].contains(&bars(row)), "{row}");
    }
}

//! What stands below everything: what was expected, what to know before believing the matrix, what is left out.

use ackproof_core::guarantee::Guarantee;
use serde::Serialize;

use crate::matrix::{ANY, Matrix};
use crate::remarks;
use crate::result::{BrokenRun, Mismatch, NotModelled, NoteKind, Summary};

#[derive(Serialize)]
pub(super) struct Remarks<'a> {
    notes: Vec<Note<'a>>,
    never_fired: Vec<String>,
    not_modelled: &'a [NotModelled],
    assumptions: &'a [String],
    differing: &'a [Mismatch],
    broken: &'a [BrokenRun],
    /// Why this is not the whole result, a word each.
    part: Vec<(&'static str, String)>,
    costs: Table,
    /// Those that were judged anywhere.
    promises: Vec<Promise>,
}

#[derive(Serialize)]
struct Promise {
    word: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct Note<'a> {
    kind: &'static str,
    text: &'a str,
    source: &'a str,
    is_link: bool,
}

/// What each row costs.
#[derive(Serialize)]
struct Table {
    /// How many columns name the row.
    keys: usize,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl<'a> Remarks<'a> {
    pub(super) fn of(summary: &'a Summary, matrix: &Matrix<'_>) -> Remarks<'a> {
        let notes = summary.notes.iter().map(|note| Note {
            kind: match note.kind {
                NoteKind::Trap => "trap",
                NoteKind::Collapsed => "no effect",
                NoteKind::Remark => "note",
            },
            text: &note.text,
            source: &note.source,
            is_link: note.source.starts_with("https://"),
        });
        let judged = Guarantee::ALL
            .iter()
            .filter(|(_, guarantee, _)| summary.cells.iter().any(|cell| cell.guarantees.contains_key(guarantee)));
        Remarks {
            notes: notes.collect(),
            never_fired: remarks::never_fired(matrix),
            not_modelled: &summary.not_modelled,
            assumptions: &summary.assumptions,
            differing: &summary.verified.differing,
            broken: &summary.broken,
            part: remarks::of_the_part(summary),
            costs: costs(matrix),
            promises: judged.map(|&(word, _, meaning)| Promise { word, meaning }).collect(),
        }
    }
}

fn costs(matrix: &Matrix<'_>) -> Table {
    let mut header = vec!["#".to_owned()];
    header.extend(matrix.axes.iter().map(|axis| axis.short.to_owned()));
    let keys = header.len();
    let calm = matrix.columns.iter().position(|column| column.is_calm);
    header.extend(calm.map(|_| "ack p99, no fault".to_owned()));
    let has_aborted = remarks::has_aborted(matrix);
    header.extend(["ack p99, worst fault", "outage, median", "outage, longest"].map(str::to_owned));
    header.extend(remarks::shares(has_aborted));
    let rows = matrix.rows.iter().zip(1..).map(|(row, number)| {
        let mut cells = vec![number.to_string()];
        cells.extend(matrix.axes.iter().map(|axis| row.settings.get(axis.name).map_or(ANY, String::as_str).to_owned()));
        cells.extend(calm.map(|calm| remarks::p99(row.cells[calm].into_iter())));
        cells.extend(remarks::cost(row, has_aborted));
        cells
    });
    Table { keys, header, rows: rows.collect() }
}

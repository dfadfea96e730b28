//! The matrix as a heat map.

use serde::Serialize;

use super::verdict;
use crate::matrix::{ANY, Axis, Column, Matrix, Row};
use crate::result::Cell;

/// With more columns than this there is no room for anything beside the matrix.
const COLUMNS_BESIDE: usize = 8;

#[derive(Serialize)]
pub(super) struct Heat<'a> {
    axes: Vec<Head<'a>>,
    columns: Vec<Head<'a>>,
    rows: Vec<HeatRow<'a>>,
    /// Whether it needs the whole width of a page.
    is_wide: bool,
    /// Which shades and signs occur, for the legend.
    has: Has,
}

#[derive(Serialize)]
struct Head<'a> {
    /// Its name in the pieces between which a line may be broken.
    name: Vec<&'a str>,
    words: &'a str,
}

#[derive(Serialize)]
struct HeatRow<'a> {
    /// From 1; points of the scatter bear it.
    number: usize,
    values: Vec<&'a str>,
    cells: Vec<Option<HeatCell<'a>>>,
}

#[derive(Serialize)]
struct HeatCell<'a> {
    id: &'a str,
    shade: &'static str,
    /// Whether it breaks another promise that was asked for.
    is_breach: bool,
    main: String,
    sub: String,
    more: Option<String>,
    /// What it is the cell of, for those who do not see its place.
    place: String,
    tip: Vec<String>,
}

#[derive(Serialize)]
struct Has {
    loss: bool,
    holds: bool,
    doubt: bool,
    vanish: bool,
    no_acks: bool,
    all_fail: bool,
    broken: bool,
}

impl<'a> Heat<'a> {
    pub(super) fn of(matrix: &Matrix<'a>) -> Heat<'a> {
        let axis = |axis: &Axis<'a>| Head { name: pieces(axis.short), words: axis.name };
        let column = |column: &Column<'a>| Head { name: pieces(column.name), words: column.words };
        let rows: Vec<HeatRow<'a>> =
            matrix.rows.iter().zip(1..).map(|(row, number)| heat_row(matrix, row, number)).collect();
        let cells = || matrix.rows.iter().flat_map(|row| row.cells.iter().flatten().copied());
        let shades = || cells().map(verdict::shade);
        let more = |starts: &str, is_so: bool| {
            cells().filter_map(|cell| verdict::short(cell).more).any(|more| more.starts_with(starts) == is_so)
        };
        let has = Has {
            loss: shades().any(|shade| !matches!(shade, "s0" | "doubt")),
            holds: shades().any(|shade| shade == "s0"),
            doubt: shades().any(|shade| shade == "doubt"),
            vanish: more("vanish", true),
            no_acks: cells().any(Cell::promises_nothing),
            all_fail: cells().any(Cell::fails_every_send),
            broken: more("vanish", false),
        };
        let is_wide = matrix.axes.len() + matrix.columns.len() > COLUMNS_BESIDE;
        Heat {
            is_wide,
            axes: matrix.axes.iter().map(axis).collect(),
            columns: matrix.columns.iter().map(column).collect(),
            rows,
            has,
        }
    }
}

fn pieces(name: &str) -> Vec<&str> {
    name.split_inclusive(['.', '-', '_']).collect()
}

fn heat_row<'a>(matrix: &Matrix<'a>, row: &Row<'a>, number: usize) -> HeatRow<'a> {
    let value = |axis: &Axis<'a>| row.settings.get(axis.name).map_or(ANY, String::as_str);
    let cells = row.cells.iter().zip(&matrix.columns);
    let cells = cells.map(|(cell, column)| cell.map(|cell| heat_cell(cell, row, column))).collect();
    HeatRow { number, values: matrix.axes.iter().map(value).collect(), cells }
}

fn heat_cell<'a>(cell: &'a Cell, row: &Row<'a>, column: &Column<'a>) -> HeatCell<'a> {
    let short = verdict::short(cell);
    let label = if row.label.is_empty() { "the only row" } else { row.label.as_str() };
    HeatCell {
        id: &cell.id,
        shade: verdict::shade(cell),
        is_breach: verdict::broken_promise(cell).is_some(),
        main: short.main,
        sub: short.sub,
        more: short.more,
        place: format!("{label}, {}", column.name),
        tip: verdict::sentences(cell),
    }
}

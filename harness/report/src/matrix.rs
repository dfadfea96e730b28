//! The summary as rows of settings and columns of faults, and the question asked of it: which row prevents a loss,
//! and at what cost.

use indexmap::IndexMap;

use crate::result::{Cell, CellVerdict, Summary};

/// What stands for the value of an axis that makes no difference in a row.
pub const ANY: &str = "any";

/// The cells of a summary in their places.
#[derive(Debug)]
pub struct Matrix<'a> {
    pub axes: Vec<Axis<'a>>,
    pub columns: Vec<Column<'a>>,
    pub rows: Vec<Row<'a>>,
}

/// A setting that the matrix varies.
#[derive(Debug)]
pub struct Axis<'a> {
    /// Full name, `producer.acks`.
    pub name: &'a str,
    /// Without its section where that is not needed to tell two axes apart, `acks`.
    pub short: &'a str,
}

/// A fault class.
#[derive(Debug)]
pub struct Column<'a> {
    pub name: &'a str,
    /// What happens, in plain words; empty when nobody said.
    pub words: &'a str,
    /// The class without faults, which shows that nothing is lost by itself.
    pub is_calm: bool,
}

/// One combination of settings.
#[derive(Debug)]
pub struct Row<'a> {
    pub settings: &'a IndexMap<String, String>,
    /// `acks=all, min.insync.replicas=2`.
    pub label: String,
    /// One for each column; `None` where nothing was planned or has ended.
    pub cells: Vec<Option<&'a Cell>>,
}

/// A row that keeps what another one loses under the same faults.
#[derive(Debug)]
pub struct Prevention<'a> {
    /// What differs: the axis, its value where messages are lost, and its value where they are kept.
    pub changes: Vec<Change<'a>>,
    /// The cell that holds.
    pub cell: &'a Cell,
}

#[derive(Debug)]
pub struct Change<'a> {
    /// Full name.
    pub name: &'a str,
    /// Short name.
    pub short: &'a str,
    /// `None` where the setting has no effect.
    pub from: Option<&'a str>,
    pub to: &'a str,
}

impl<'a> Matrix<'a> {
    pub fn of(summary: &'a Summary) -> Matrix<'a> {
        let axes = axes(summary);
        let columns = columns(summary);
        let mut rows: Vec<Row<'a>> = Vec::new();
        for cell in &summary.cells {
            let at = rows.iter().position(|row| *row.settings == cell.settings).unwrap_or_else(|| {
                let label = label(&axes, &cell.settings);
                rows.push(Row { settings: &cell.settings, label, cells: vec![None; columns.len()] });
                rows.len() - 1
            });
            let column = columns.iter().position(|column| column.name == cell.fault);
            rows[at].cells[column.expect("a column was made for each cell")] = Some(cell);
        }
        Matrix { axes, columns, rows }
    }

    /// The nearest row that keeps under `column` what `row` loses: of the rows whose cell holds, the one with the
    /// fewest settings that differ, then the one with the fastest acknowledgements, then the first.
    pub fn prevention(&self, row: usize, column: usize) -> Option<Prevention<'a>> {
        let holding = self.rows.iter().filter_map(|other| {
            let cell = other.cells[column].filter(|cell| cell.keeps() == CellVerdict::Holds)?;
            let changes = self.changes(self.rows[row].settings, other.settings);
            (!changes.is_empty()).then_some(Prevention { changes, cell })
        });
        holding.min_by_key(|it| (it.changes.len(), it.cell.ack_ms.map_or(u64::MAX, |ack| ack.p99)))
    }

    /// The settings that take effect with another value in `to`.
    ///
    /// A value may stand for several that make no difference in its row: [`ANY`], or `1|2`.
    fn changes(&self, from: &'a IndexMap<String, String>, to: &'a IndexMap<String, String>) -> Vec<Change<'a>> {
        let change = |axis: &Axis<'a>| {
            let to = to.get(axis.name).filter(|to| *to != ANY)?;
            let from = from.get(axis.name).filter(|from| *from != ANY).map(String::as_str);
            let is_same = from.is_some_and(|from| from.split('|').any(|from| to.split('|').any(|to| to == from)));
            let to = to.split('|').next().unwrap_or(to);
            (!is_same).then_some(Change { name: axis.name, short: axis.short, from, to })
        };
        self.axes.iter().filter_map(change).collect()
    }
}

impl Change<'_> {
    /// `acks=all instead of 1`.
    pub fn words(&self) -> String {
        match self.from {
            Some(from) => format!("{}={} instead of {from}", self.short, self.to),
            None => format!("{}={}", self.short, self.to),
        }
    }
}

/// The axes that the summary names, then any other setting of a cell.
fn axes(summary: &Summary) -> Vec<Axis<'_>> {
    let mut names: Vec<&str> = summary.axes.iter().map(String::as_str).collect();
    for name in summary.cells.iter().flat_map(|cell| cell.settings.keys()) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let is_alone = |short: &str| names.iter().filter(|name| without_section(name) == short).count() == 1;
    let short = |name| Some(without_section(name)).filter(|short| is_alone(short)).unwrap_or(name);
    names.iter().map(|&name| Axis { name, short: short(name) }).collect()
}

fn without_section(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, key)| key)
}

fn columns(summary: &Summary) -> Vec<Column<'_>> {
    let mut columns: Vec<Column<'_>> = Vec::new();
    let has_cell = |name: &str| summary.cells.iter().any(|cell| cell.fault == name);
    for class in summary.faults.iter().filter(|class| has_cell(&class.name)) {
        columns.push(Column { name: &class.name, words: &class.words, is_calm: class.steps == 0 });
    }
    for cell in &summary.cells {
        if columns.iter().all(|column| column.name != cell.fault) {
            columns.push(Column { name: &cell.fault, words: "", is_calm: false });
        }
    }
    columns
}

fn label(axes: &[Axis<'_>], settings: &IndexMap<String, String>) -> String {
    let value = |axis: &Axis<'_>| settings.get(axis.name).filter(|value| *value != ANY);
    let parts = axes.iter().filter_map(|axis| Some(format!("{}={}", axis.short, value(axis)?)));
    parts.collect::<Vec<_>>().join(", ")
}

//! The rows of a matrix: what each shows, and everything that is in force in it.

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::Setup;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::axis::{Fixed, Target};
use crate::catalogue::Catalogue;
use crate::matrix::Matrix;
use crate::notes::Note;
use crate::setup;

/// What stands for the value of an axis that makes no difference in a row.
pub const ANY: &str = "any";

/// One configuration: a row of the matrix.
#[derive(Clone, Debug)]
pub struct Row {
    /// Fixed by the settings shown, whatever other rows there are; fit for a file name.
    pub id: String,
    /// One for each axis, in the order of the scenario.
    pub cells: Vec<Cell>,
    pub effective: Effective,
    pub setup: Setup,
    /// Where each key of `setup` that somebody set was set; the others have their defaults.
    pub setup_sources: BTreeMap<&'static str, ValueSource>,
}

/// The value of one axis in one row.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// `producer.acks`, or `app.producer.send`.
    pub axis: String,
    /// `None` for an axis that is no setting of the broker's.
    pub setting: Option<SettingName>,
    /// The value; [`ANY`] where several make no difference.
    pub shown: String,
    /// Every value that the row stands for; the first is the one that runs.
    pub values: Vec<String>,
}

impl Row {
    /// Axis to value shown, in the order of the scenario.
    pub fn settings(&self) -> IndexMap<String, String> {
        self.cells.iter().map(|cell| (cell.axis.clone(), cell.shown.clone())).collect()
    }
    /// `acks=all, min.insync.replicas=2`; empty for the only row of a scenario without a matrix. A section is named
    /// where a key alone would not tell two axes apart.
    pub fn label(&self) -> String {
        let name = |cell: &Cell| match &cell.setting {
            Some(setting) => {
                let same = |other: &&Cell| other.setting.as_ref().is_some_and(|s| s.key == setting.key);
                if self.cells.iter().filter(same).count() > 1 { cell.axis.clone() } else { setting.key.clone() }
            }
            None => cell.axis.clone(),
        };
        let parts: Vec<String> = self.cells.iter().map(|cell| format!("{}={}", name(cell), cell.shown)).collect();
        parts.join(", ")
    }
    /// Every key of the setup with its value and who chose it, in a fixed order.
    pub fn setup_values(&self) -> Vec<(&'static str, String, ValueSource)> {
        let source = |path| self.setup_sources.get(path).cloned().unwrap_or(ValueSource::Default);
        let keys = setup::KEYS.iter().filter(|key| (key.exists)(&self.setup));
        keys.map(|key| (key.path, key.text(&self.setup), source(key.path))).collect()
    }
}

/// A row before rows without a difference are merged.
pub(crate) struct Draft {
    pub texts: Vec<String>,
    pub effective: Effective,
    pub setup: Setup,
    pub setup_sources: BTreeMap<&'static str, ValueSource>,
}

/// Puts each combination, and then what the command line fixed, over what holds in every row.
pub(crate) fn draft(matrix: &Matrix, base: &Draft, fixed: &[Fixed]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    // Combinations that differ only in what the command line fixed have become one.
    let mut seen: BTreeSet<Vec<String>> = BTreeSet::new();
    for combination in &matrix.rows {
        let (mut effective, mut setup) = (base.effective.clone(), base.setup.clone());
        let mut sources = base.setup_sources.clone();
        for (axis, choice) in matrix.axes.iter().zip(&combination.0) {
            axis.target.apply(choice, ValueSource::Matrix, &mut effective, &mut setup);
            note_source(axis.target, ValueSource::Matrix, &mut sources);
        }
        for Fixed { target, choice } in fixed {
            target.apply(choice, ValueSource::CommandLine, &mut effective, &mut setup);
            note_source(*target, ValueSource::CommandLine, &mut sources);
        }
        let texts: Vec<String> =
            matrix.axes.iter().map(|axis| axis.target.text(&effective, &setup).unwrap_or_default()).collect();
        if seen.insert(texts.clone()) {
            drafts.push(Draft { texts, effective, setup, setup_sources: sources });
        }
    }
    drafts
}

fn note_source(target: Target, source: ValueSource, sources: &mut BTreeMap<&'static str, ValueSource>) {
    match target {
        Target::Setup(key) => {
            sources.insert(key.path, source);
        }
        Target::Setting(_) => {}
    }
}

/// Merges rows that differ only in what has no effect there, and says so in a note each.
pub(crate) fn collapse(
    matrix: &Matrix,
    drafts: Vec<Draft>,
    catalogue: Catalogue<'_>,
    notes: &mut Vec<Note>,
) -> Vec<Row> {
    // What tells a row from the others, `None` where an axis has no effect; and the drafts that share it.
    let mut groups: IndexMap<Vec<Option<String>>, Vec<Draft>> = IndexMap::new();
    let mut reasons: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for draft in drafts {
        let inert = catalogue.broker.inert(&draft.effective, &draft.setup);
        let why = |axis: usize| {
            let name = &matrix.axes[axis].name;
            inert.iter().find(|inert| inert.name.to_string() == *name).map(|inert| inert.why.clone())
        };
        let whys: Vec<Option<String>> = (0..matrix.axes.len()).map(why).collect();
        let key: Vec<Option<String>> = draft
            .texts
            .iter()
            .zip(&whys)
            .map(|(text, why)| if why.is_some() { None } else { Some(text.clone()) })
            .collect();
        let group = groups.entry(key);
        let index = group.index();
        for (axis, why) in whys.into_iter().enumerate() {
            if let Some(why) = why {
                reasons.entry((index, axis)).or_insert(why);
            }
        }
        group.or_default().push(draft);
    }
    let mut rows = Vec::new();
    for (group, drafts) in groups.into_values().enumerate() {
        let values = (0..matrix.axes.len()).map(|axis| distinct(&drafts, axis)).collect();
        let Some(first) = drafts.into_iter().next() else { continue };
        let row = row_of(matrix, first, values);
        for (axis, cell) in row.cells.iter().enumerate().filter(|(_, cell)| cell.values.len() > 1) {
            let mut others = row.clone();
            others.cells.remove(axis);
            let why = reasons.get(&(group, axis)).cloned().unwrap_or_default();
            let (axis, values) = (cell.axis.clone(), cell.values.clone());
            notes.push(Note::Collapsed { axis, row: others.label(), values, why });
        }
        rows.push(row);
    }
    rows
}

/// The values that some drafts have on an axis, once each, in order.
fn distinct(drafts: &[Draft], axis: usize) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for draft in drafts {
        if !values.contains(&draft.texts[axis]) {
            values.push(draft.texts[axis].clone());
        }
    }
    values
}

fn row_of(matrix: &Matrix, draft: Draft, values: Vec<Vec<String>>) -> Row {
    let cells: Vec<Cell> = matrix
        .axes
        .iter()
        .zip(values)
        .map(|(axis, values)| {
            let shown = match &values[..] {
                [only] => only.clone(),
                _ => ANY.to_owned(),
            };
            Cell { axis: axis.name.clone(), setting: axis.target.setting_name(), shown, values }
        })
        .collect();
    let Draft { effective, setup, setup_sources, .. } = draft;
    Row { id: id_of(&cells), cells, effective, setup, setup_sources }
}

/// Readable as far as a file name allows, and unique by the digest of the whole.
fn id_of(cells: &[Cell]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut words: Vec<String> = Vec::new();
    for cell in cells {
        hasher.update(cell.axis.as_bytes());
        hasher.update(b"=");
        hasher.update(cell.shown.as_bytes());
        hasher.update(b"\n");
        words.push(cell.shown.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(16).collect());
    }
    let mut readable = if words.is_empty() { "row".to_owned() } else { words.join("-") };
    readable.truncate(48);
    format!("{readable}-{}", &hasher.finalize().to_hex()[..8])
}

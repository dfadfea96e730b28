//! Which values were in force, and where each comes from.

use std::collections::BTreeSet;

use ackproof_core::setting::ValueSource;
use serde::Serialize;

use crate::matrix::Matrix;
use crate::result::{ManifestRow, Summary, Value};
use crate::store::Results;

/// One value.
#[derive(Serialize)]
pub(super) struct Setting<'a> {
    pub name: &'a str,
    pub value: &'a str,
    pub source: String,
    pub is_varied: bool,
    pub is_modelled: bool,
}

/// What somebody chose in a row, what the matrix varies first.
pub(super) fn chosen<'a>(row: &'a ManifestRow, summary: &Summary) -> Vec<Setting<'a>> {
    let is_chosen = |(_, value): &(&String, &Value)| value.source != ValueSource::Default;
    let all = row.effective.iter().chain(&row.setup).filter(is_chosen);
    let mut settings: Vec<Setting<'a>> = all
        .map(|(name, value)| Setting {
            name,
            value: &value.value,
            source: value.source.to_string(),
            is_varied: value.source == ValueSource::Matrix,
            is_modelled: summary.not_modelled.iter().all(|it| it.key != *name),
        })
        .collect();
    settings.sort_by_key(|setting| !setting.is_varied);
    settings
}

/// Everything in force, once for all rows.
#[derive(Serialize)]
pub(super) struct Settings {
    chosen: Vec<Line>,
    defaults: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: String,
    is_modelled: bool,
    /// Each value with its source, and the numbers of its rows where rows differ.
    values: Vec<Held>,
}

#[derive(Serialize)]
struct Held {
    value: String,
    source: String,
    rows: Vec<usize>,
}

impl Settings {
    pub(super) fn of(results: &Results, matrix: &Matrix<'_>) -> Settings {
        let rows: Vec<Option<&ManifestRow>> = matrix.rows.iter().map(|row| row_of(results, row.settings)).collect();
        let mut names: Vec<&str> = Vec::new();
        let mut known = BTreeSet::new();
        for row in rows.iter().flatten() {
            let all = row.effective.keys().chain(row.setup.keys());
            names.extend(all.map(String::as_str).filter(|name| known.insert(*name)));
        }
        let (mut chosen, mut defaults) = (Vec::new(), Vec::new());
        for name in names {
            let (line, is_default) = line(name, &rows, &results.summary);
            if is_default { defaults.push(line) } else { chosen.push(line) }
        }
        Settings { chosen, defaults }
    }
}

/// The row of the manifest with these values.
pub(super) fn row_of<'a>(
    results: &'a Results,
    settings: &indexmap::IndexMap<String, String>,
) -> Option<&'a ManifestRow> {
    results.manifest.rows.iter().find(|row| row.settings == *settings)
}

/// A name with its values, and whether all are defaults.
fn line(name: &str, rows: &[Option<&ManifestRow>], summary: &Summary) -> (Line, bool) {
    let mut values: Vec<Held> = Vec::new();
    let mut is_default = true;
    for (row, number) in rows.iter().zip(1..) {
        let Some(held) = row.and_then(|row| row.effective.get(name).or_else(|| row.setup.get(name))) else { continue };
        is_default &= held.source == ValueSource::Default;
        let source = held.source.to_string();
        match values.iter_mut().find(|it| it.value == held.value && it.source == source) {
            Some(known) => known.rows.push(number),
            None => values.push(Held { value: held.value.clone(), source, rows: vec![number] }),
        }
    }
    if let [one] = values.as_mut_slice() {
        one.rows.clear();
    }
    let is_modelled = summary.not_modelled.iter().all(|it| it.key != name);
    (Line { name: name.to_owned(), is_modelled, values }, is_default)
}

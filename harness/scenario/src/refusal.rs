//! What is wrong with a row as a whole: an application that asks for what cannot be, settings that the broker would
//! refuse to start with, and settings that it accepts and that do not do what a reader would think.

use ackproof_core::model::Broker;
use ackproof_core::setting::Problem;
use indexmap::IndexMap;

use crate::application;
use crate::diagnostics::{Diagnostics, Place};
use crate::matrix::Matrix;
use crate::notes::Note;
use crate::reader::Parts;
use crate::row::{Draft, Row};

/// What the broker itself would refuse, pointed at where the value came from; once for all rows that share it.
pub(crate) fn report_problems(parts: &Parts<'_>, matrix: &Matrix, drafts: &[Draft], out: &mut Diagnostics) {
    let broker = parts.catalogue.broker;
    let mut rows_of: IndexMap<(String, String), (Problem, Vec<usize>)> = IndexMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        let problems = application::problems(&draft.setup, broker);
        for problem in problems.into_iter().chain(broker.refuse(&draft.effective, &draft.setup)) {
            let key = (problem.name.to_string(), problem.message.clone());
            rows_of.entry(key).or_insert_with(|| (problem, Vec::new())).1.push(index);
        }
    }
    for ((name, message), (problem, rows)) in rows_of {
        let draft = &drafts[rows[0]];
        let place = place_of(&name, parts, matrix, &draft.texts).unwrap_or(parts.broker_place);
        let is_default = place == parts.broker_place;
        let error = out.error(place, message);
        if is_default {
            error.label(format!("`{name}` has its default"));
        }
        if !problem.source.is_empty() {
            error.note(format!("source: {}", problem.source));
        }
        if rows.len() < drafts.len() {
            let pairs: Vec<String> =
                matrix.axes.iter().zip(&draft.texts).map(|(axis, text)| format!("{}: {text}", axis.name)).collect();
            let pairs = pairs.join(", ");
            let more = if rows.len() > 1 { format!(", and in {} more rows", rows.len() - 1) } else { String::new() };
            error.note(format!("in the row {pairs}{more}"));
            error.help(format!("exclude such rows: `exclude: [{{{pairs}}}]`"));
        }
    }
}

/// Where the value in force was written.
fn place_of(name: &str, parts: &Parts<'_>, matrix: &Matrix, texts: &[String]) -> Option<Place> {
    if let Some(fixed) = parts.fixed.iter().rev().find(|fixed| fixed.target.name() == name) {
        return Some(fixed.choice.node.place);
    }
    let axis = matrix.axes.iter().zip(texts).find(|(axis, _)| axis.name == name);
    if let Some((axis, text)) = axis {
        return axis.values.iter().find(|choice| choice.text == *text).map(|choice| choice.node.place);
    }
    parts.chosen.place(name).or_else(|| parts.setup_places.get(name).map(|(_, place)| *place))
}

/// One note and one warning a trap, with the rows it is in.
pub(crate) fn add_traps(rows: &[Row], broker: &dyn Broker, notes: &mut Vec<Note>, out: &mut Diagnostics) {
    let mut traps: IndexMap<(&'static str, String), (&'static str, Vec<String>)> = IndexMap::new();
    for row in rows {
        for trap in broker.traps(&row.effective, &row.setup) {
            traps.entry((trap.id, trap.message)).or_insert((trap.source, Vec::new())).1.push(row.label());
        }
    }
    for ((id, message), (source, labels)) in traps {
        let in_all = labels.len() == rows.len();
        let warning = out.warning(None, message.clone());
        warning.note(format!("source: {source}"));
        let rows = if in_all { Vec::new() } else { labels };
        if !rows.is_empty() {
            warning.note(format!("in {}", rows.join("; ")));
        }
        notes.push(Note::Trap { id: id.to_owned(), message, source: source.to_owned(), rows });
    }
}

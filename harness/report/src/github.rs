//! The summary of a step on GitHub: the Markdown report, and the smallest failure as a sequence that GitHub draws.

use std::fmt::Write as _;

use crate::breaches::breaches;
use crate::exhibit::{Case, Exhibit};
use crate::headline;
use crate::markdown;
use crate::matrix::Matrix;
use crate::mermaid;
use crate::store::Results;

/// The whole report, ending in a newline. `folder` is what witnesses' files are relative to.
pub fn render(results: &Results, folder: &str) -> String {
    let matrix = Matrix::of(&results.summary);
    let mut out = markdown::render(&results.summary, folder);
    if let Some(Smallest { column, label, exhibit, case }) = smallest(results, &matrix)
        && let Some(diagram) = mermaid::sequence(&case.life)
    {
        let with = if label.is_empty() { String::new() } else { format!(", {}", markdown::escape(label)) };
        let (column, message) = (markdown::escape(column), markdown::escape(&case.message));
        let seed = exhibit.seed.0;
        let _ = writeln!(out, "\n### The smallest failure\n\n**{column}**{with}, seed {seed}: the life of {message}\n");
        let _ = write!(out, "```mermaid\n{diagram}```\n");
    }
    out
}

/// The failure that is drawn.
struct Smallest<'a> {
    column: &'a str,
    /// Of its row; empty where there is only one.
    label: &'a str,
    exhibit: &'a Exhibit,
    case: &'a Case,
}

/// What the first lines of the report speak of; where nothing is lost, the smallest run that breaks another promise.
fn smallest<'a>(results: &'a Results, matrix: &'a Matrix<'a>) -> Option<Smallest<'a>> {
    let of = |id: &str, column, label| {
        let exhibit = results.exhibits.get(id)?;
        Some(Smallest { column, label, exhibit, case: exhibit.case.as_ref()? })
    };
    let lost = headline::example(matrix)
        .and_then(|it| of(&it.cell.id, matrix.columns[it.column].name, matrix.rows[it.row].label.as_str()));
    lost.or_else(|| {
        let breach = breaches(matrix).into_iter().min_by_key(|breach| breach.witness.faults)?;
        of(breach.id(), breach.column, breach.label)
    })
}

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
    let mut out = markdown::render(&results.summary, folder);
    if let Some((exhibit, case)) = smallest(results)
        && let Some(diagram) = mermaid::sequence(&case.life)
    {
        let (cell, message) = (markdown::escape(&exhibit.cell), markdown::escape(&case.message));
        let _ = writeln!(out, "\n### The smallest failure\n\n{message} in {cell}, seed {}\n", exhibit.seed.0);
        let _ = write!(out, "```mermaid\n{diagram}```\n");
    }
    out
}

/// What the first lines of the report speak of; where nothing is lost, the smallest run that breaks another promise.
fn smallest(results: &Results) -> Option<(&Exhibit, &Case)> {
    let matrix = Matrix::of(&results.summary);
    let example = headline::example(&matrix).map(|example| example.cell.id.as_str());
    let of_cell = |id: &str| {
        let exhibit = results.exhibits.get(id)?;
        Some((exhibit, exhibit.case.as_ref()?))
    };
    let broken = breaches(&matrix).into_iter().min_by_key(|breach| breach.witness.faults);
    example.and_then(of_cell).or_else(|| broken.and_then(|breach| of_cell(breach.id())))
}

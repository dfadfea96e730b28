//! What CI on GitHub shows at the lines of a scenario: a workflow command for each expectation that is not met, and for
//! everything that makes the result worth less than it looks.
//!
//! Source: GitHub, "Workflow commands for GitHub Actions" and its toolkit's `packages/core/src/command.ts`. A step may set
//! ten errors, ten warnings and ten notices; GitHub drops the rest without a word, so a last one says how many there are.

use crate::headline;
use crate::matrix::Matrix;
use crate::remarks;
use crate::result::{ExpectationOutcome, Manifest, Summary};
use crate::store::Results;

/// Of each level.
const SHOWN: usize = 10;

#[derive(Copy, Clone, Eq, PartialEq)]
enum Level {
    Error,
    Warning,
    Notice,
}

struct Annotation {
    level: Level,
    title: String,
    /// In the scenario.
    line: Option<u64>,
    text: String,
}

/// The commands, a line each; at least the answer in one sentence.
pub fn render(results: &Results) -> String {
    let (summary, manifest) = (&results.summary, &results.manifest);
    let all = annotations(summary);
    let mut out = String::new();
    for level in [Level::Error, Level::Warning, Level::Notice] {
        let of_level: Vec<&Annotation> = all.iter().filter(|annotation| annotation.level == level).collect();
        let shown = if of_level.len() > SHOWN { SHOWN - 1 } else { of_level.len() };
        of_level.iter().take(shown).for_each(|annotation| out.push_str(&command(annotation, manifest)));
        if of_level.len() > shown {
            let text = format!("and {} more, in the summary of the job", of_level.len() - shown);
            let rest = Annotation { level, title: summary.scenario.clone(), line: None, text };
            out.push_str(&command(&rest, manifest));
        }
    }
    out
}

/// The most important first within a level.
fn annotations(summary: &Summary) -> Vec<Annotation> {
    let scenario = &summary.scenario;
    let of = |level, title: String, text: String| Annotation { level, title, line: None, text };
    let mut all = Vec::new();
    for broken in &summary.broken {
        let text = format!("cell {}, seed {}: {}", broken.cell, broken.seed, broken.message);
        all.push(of(Level::Error, format!("{scenario}: a bug of ackproof's"), text));
    }
    for differing in &summary.verified.differing {
        let text = format!("cell {}, seed {}: {}", differing.cell, differing.seed, differing.what);
        all.push(of(Level::Error, format!("{scenario}: two runs that should be the same differ"), text));
    }
    for it in &summary.expectations {
        let level = match it.outcome {
            ExpectationOutcome::Met => continue,
            ExpectationOutcome::Violated => Level::Error,
            ExpectationOutcome::Inconclusive => Level::Warning,
        };
        let title = match (it.outcome, it.canary) {
            (ExpectationOutcome::Violated, _) => format!("{scenario}: not as expected"),
            (_, true) => format!("{scenario}: the canary did not fail as it must, so green proves nothing"),
            (_, false) => format!("{scenario}: nobody can say"),
        };
        let why = if it.why.is_empty() { String::new() } else { format!(": {}", it.why) };
        all.push(Annotation { level, title, line: it.line, text: format!("{}{why}", it.text) });
    }
    if let Some(part) = remarks::part(summary) {
        let level = if summary.complete { Level::Notice } else { Level::Warning };
        all.push(of(level, format!("{scenario}: not every run"), part));
    }
    let matrix = Matrix::of(summary);
    all.push(of(Level::Notice, scenario.clone(), headline::answer(summary, &matrix)));
    all
}

/// `::error file=orders.yaml,line=15,title=...::text`.
fn command(annotation: &Annotation, manifest: &Manifest) -> String {
    let level = match annotation.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    let mut properties = Vec::new();
    if let (Some(file), Some(line)) = (&manifest.file, annotation.line) {
        properties.push(format!("file={},line={line}", property(file)));
    }
    properties.push(format!("title={}", property(&annotation.title)));
    format!("::{level} {}::{}\n", properties.join(","), data(&annotation.text))
}

/// Text that ends neither the command nor its line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As [`data`], and ends no property either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

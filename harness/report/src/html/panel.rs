//! Everything about one cell: what it came to, one of its runs message by message, the smallest run that fails, the
//! settings, and what to type.

use ackproof_core::guarantee::Guarantee;
use serde::Serialize;

use super::diagram::Drawing;
use super::settings::{self, Setting};
use super::strip::Strip;
use super::verdict;
use crate::exhibit::{Case, Exhibit};
use crate::figures;
use crate::headline::{self, Example};
use crate::matrix::{Matrix, Prevention};
use crate::remarks::quote;
use crate::result::{Cell, CellVerdict, GuaranteeCell, Witness};
use crate::store::Results;

#[derive(Serialize)]
pub(super) struct Panel<'a> {
    id: &'a str,
    number: usize,
    label: String,
    column: &'a str,
    is_calm: bool,
    /// What happens in its fault class.
    words: &'a str,
    shade: &'static str,
    sentences: Vec<String>,
    /// Of the smallest failing run.
    story: &'a [String],
    outcome: Option<&'a str>,
    prevention: Option<String>,
    counts: Vec<Count>,
    promises: Vec<Promise<'a>>,
    missed: Vec<String>,
    strip: Option<Strip<'a>>,
    case: Option<CaseView<'a>>,
    settings: Vec<Setting<'a>>,
    commands: Vec<Command>,
    /// Where the replay file is, from the folder of the page.
    file: &'a str,
}

#[derive(Serialize)]
struct Count {
    what: &'static str,
    number: String,
    is_bad: bool,
}

#[derive(Serialize)]
struct Promise<'a> {
    word: &'static str,
    kind: &'static str,
    said: String,
    why: Option<&'a str>,
}

#[derive(Serialize)]
struct CaseView<'a> {
    shows: &'a str,
    message: &'a str,
    /// What became of the message, and why.
    head: Vec<&'a str>,
    /// The particulars, line by line as they are.
    rest: &'a str,
    began: String,
    drawing: Option<Drawing>,
}

#[derive(Serialize)]
struct Command {
    text: String,
    what: &'static str,
}

/// A panel for each cell, in the order of the matrix.
pub(super) fn panels<'a>(results: &'a Results, matrix: &Matrix<'a>) -> Vec<Panel<'a>> {
    let mut panels = Vec::new();
    for row in 0..matrix.rows.len() {
        for column in 0..matrix.columns.len() {
            if let Some(cell) = matrix.rows[row].cells[column] {
                panels.push(panel(results, matrix, row, column, cell));
            }
        }
    }
    panels
}

fn panel<'a>(results: &'a Results, matrix: &Matrix<'a>, row: usize, column: usize, cell: &'a Cell) -> Panel<'a> {
    let exhibit = results.exhibits.get(&cell.id);
    let witness = cell.witness.as_ref();
    let is_lossy = cell.keeps() == CellVerdict::Violated;
    let example = is_lossy.then(|| Example { cell, row, column, prevention: matrix.prevention(row, column) });
    let settings = settings::row_of(results, &cell.settings);
    Panel {
        id: &cell.id,
        number: row + 1,
        label: matrix.rows[row].label.clone(),
        column: matrix.columns[column].name,
        is_calm: matrix.columns[column].is_calm,
        words: matrix.columns[column].words,
        shade: verdict::shade(cell),
        sentences: verdict::sentences(cell),
        story: witness.map_or(&[], |witness| witness.story.as_slice()),
        outcome: witness.and_then(|witness| witness.outcome.as_deref()).map(|outcome| outcome.trim_end_matches('.')),
        prevention: example.as_ref().map(headline::prevention),
        counts: counts(cell),
        promises: promises(cell),
        missed: missed(cell),
        strip: exhibit.and_then(Strip::of),
        case: exhibit.and_then(|exhibit| exhibit.case.as_ref()).map(case),
        settings: settings.map_or(Vec::new(), |row| settings::chosen(row, &results.summary)),
        commands: commands(witness, exhibit, example.and_then(|example| example.prevention)),
        file: file(witness, exhibit),
    }
}

fn file<'a>(witness: Option<&'a Witness>, exhibit: Option<&'a Exhibit>) -> &'a str {
    witness.map(|witness| witness.file.as_str()).or(exhibit.map(|exhibit| exhibit.file.as_str())).unwrap_or("")
}

fn commands(witness: Option<&Witness>, exhibit: Option<&Exhibit>, prevention: Option<Prevention<'_>>) -> Vec<Command> {
    let token = witness.map(|it| it.token.as_str()).or(exhibit.map(|it| it.token.as_str())).unwrap_or("");
    let name = if token.is_empty() { file(witness, exhibit) } else { token };
    if name.is_empty() {
        return Vec::new();
    }
    let name = quote(name);
    let command = |text: String, what| Command { text, what };
    if witness.is_none() {
        return vec![
            command(format!("ackproof replay {name}"), "the run shown above again, byte for byte"),
            command(format!("ackproof replay {name} -v"), "the same, entry by entry"),
        ];
    }
    let mut commands = vec![
        command(format!("ackproof replay {name}"), "the smallest failing run again, byte for byte"),
        command(format!("ackproof explain {name}"), "the life of the message, copy by copy"),
    ];
    if let Some(prevention) = prevention {
        let set = prevention.changes.iter().map(|it| format!(" --set {}", quote(&format!("{}={}", it.name, it.to))));
        let set: String = set.collect();
        commands.push(command(format!("ackproof replay {name}{set}"), "the same faults, where they do no harm"));
    }
    commands
}

fn case(case: &Case) -> CaseView<'_> {
    let (head, rest) = case.autopsy.split_once("\n\n").unwrap_or((&case.autopsy, ""));
    CaseView {
        shows: &case.shows,
        message: &case.message,
        head: head.lines().collect(),
        rest: rest.trim_end(),
        began: case.began.to_string(),
        drawing: Drawing::of(&case.life),
    }
}

/// Messages of all runs; what is bad and did not occur is left out.
fn counts(cell: &Cell) -> Vec<Count> {
    let m = &cell.messages;
    let always = [("sent", m.sent), ("acknowledged", m.acked), ("consumed", m.consumed)];
    let sometimes = [
        ("lost", m.lost, true),
        ("lost: copies destroyed", m.lost_in.broker, true),
        ("lost: dropped by a rule", m.lost_in.disposal, true),
        ("lost: passed over", m.lost_in.consumer, true),
        ("vanished", m.vanished, true),
        ("unreachable", m.unreachable, true),
        ("gone unreported", m.unreported, true),
        ("consumed though told failed", m.ghost, true),
        ("duplicated", m.duplicated, true),
        ("reordered", m.reordered, true),
        ("rejected", m.rejected, false),
        ("unknown outcome", m.unknown, false),
        ("aborted", m.aborted, false),
        ("dead-lettered", m.dead_lettered, false),
        ("never told", m.untold, false),
    ];
    let count = |what, number: u64, is_bad| Count { what, number: figures::count(number), is_bad };
    let always = always.into_iter().map(|(what, number)| count(what, number, false));
    let sometimes = sometimes.into_iter().filter(|(_, number, _)| *number > 0);
    let mut counts: Vec<Count> = always.chain(sometimes.map(|(what, number, bad)| count(what, number, bad))).collect();
    if let Some(ack) = cell.ack_ms {
        for (what, ms) in [("ack p50", ack.p50), ("ack p99", ack.p99), ("ack slowest", ack.max)] {
            counts.push(Count { what, number: figures::ms(ms), is_bad: false });
        }
    }
    for (what, ms) in [("outage, median", cell.unavailable_ms.median), ("outage, longest", cell.unavailable_ms.longest)]
    {
        counts.push(Count { what, number: figures::ms(ms), is_bad: false });
    }
    counts
}

fn promises(cell: &Cell) -> Vec<Promise<'_>> {
    let promise = |&(word, guarantee, _): &(&'static str, Guarantee, &'static str)| {
        let judged = cell.guarantees.get(&guarantee)?;
        let (kind, said) = said(judged);
        Some(Promise { word, kind, said, why: judged.why.as_deref() })
    };
    Guarantee::ALL.iter().filter_map(promise).collect()
}

fn said(judged: &GuaranteeCell) -> (&'static str, String) {
    let (runs, of) = (figures::count(judged.runs), figures::count(judged.of));
    let [low, high] = judged.ci95;
    match judged.verdict {
        CellVerdict::Violated => {
            let (p, interval) = (figures::percent(judged.p), figures::interval(low, high, "–"));
            ("loss", format!("violated in {p} ({runs} of {of}; {interval})"))
        }
        CellVerdict::Holds => ("holds", format!("holds ({runs} of {of}; ≤{})", figures::percent(high))),
        CellVerdict::Inconclusive => ("doubt", format!("inconclusive ({runs} of {of})")),
    }
}

fn missed(cell: &Cell) -> Vec<String> {
    let line = |it: &crate::result::MissedInCell| {
        let why = if it.why.is_empty() { String::new() } else { format!(": {}", it.why) };
        let (runs, of) = (figures::count(it.runs), figures::number_of(cell.runs, "run"));
        format!("fault {} did not fire in {runs} of {of}{why}", it.fault)
    };
    cell.missed.iter().map(line).collect()
}

//! The parts of the report below its first lines.

use ackproof_core::guarantee::Guarantee;

use super::grid::Grid;
use super::{Look, Page, Tone};
use crate::breaches;
use crate::figures;
use crate::headline;
use crate::matrix::{ANY, Matrix, Row};
use crate::remarks;
use crate::result::{Cell, CellVerdict, ExpectationOutcome, GuaranteeCell, NoteKind, Summary, Witness};

/// Rows of settings, columns of faults.
pub(super) fn table(page: &mut Page<'_>, summary: &Summary, matrix: &Matrix<'_>) {
    if matrix.rows.is_empty() {
        return;
    }
    let look = page.look;
    let mut doubts = Vec::new();
    let mut header: Vec<String> = matrix.axes.iter().map(|axis| fold(axis.short, '.')).collect();
    header.extend(matrix.columns.iter().map(|column| fold(column.name, '-')));
    let rows = matrix.rows.iter().map(|row| {
        let mut cells = settings(matrix, row);
        cells.extend(row.cells.iter().map(|cell| {
            let missing = cell.and_then(remarks::runs_missing).map_or(String::new(), |runs| format!("\n{runs}"));
            format!("{}{missing}", cell_text(*cell, &mut doubts, look))
        }));
        cells
    });
    let rows = rows.collect();
    page.gap();
    let grid = Grid { keys: matrix.axes.len(), header, rows, ruled: true, tone };
    grid.lines(look).into_iter().for_each(|line| page.line(line));
    legend(page, summary);
    for (why, number) in doubts.iter().zip(1..) {
        page.entry(&format!("  ? ({number})"), why, 9, Some(Tone::Doubt));
    }
}

/// Each axis's value in a row.
fn settings(matrix: &Matrix<'_>, row: &Row<'_>) -> Vec<String> {
    let value = |name: &str| row.settings.get(name).cloned().unwrap_or_else(|| ANY.to_owned());
    matrix.axes.iter().map(|axis| value(axis.name)).collect()
}

/// A long name in two lines or more, broken behind `at`.
fn fold(name: &str, at: char) -> String {
    const LINE: usize = 14;
    let mut text = String::new();
    let mut length = 0;
    for part in name.split_inclusive(at) {
        let part_length = part.chars().count();
        if length > 0 && length + part_length > LINE {
            text.push('\n');
            length = 0;
        }
        text.push_str(part);
        length += part_length;
    }
    text
}

fn cell_text(cell: Option<&Cell>, doubts: &mut Vec<String>, look: &Look) -> String {
    let Some(cell) = cell else { return "not run".to_owned() };
    if cell.promises_nothing() {
        let gone = figures::part(cell.messages.unreported, cell.messages.sent);
        return format!("no acks\n{gone} gone");
    }
    if cell.fails_every_send() {
        let number = note(cell.why.clone().unwrap_or_default(), doubts);
        return format!("all fail ({number})\n{}", figures::failed(&cell.messages));
    }
    let share = GuaranteeCell {
        verdict: cell.verdict,
        runs: cell.lossy_runs,
        of: cell.decided_runs(),
        p: cell.loss.p,
        ci95: cell.loss.ci95,
        why: cell.why.clone(),
        doubt: cell.doubt().map(str::to_owned),
    };
    let doubt = share.doubt.clone().map_or(String::new(), |doubt| format!(" ? ({})", note(doubt, doubts)));
    let mut text = match share.verdict {
        CellVerdict::Violated => {
            let [low, high] = share.ci95;
            let interval = figures::interval(low, high, look.dash());
            let lost = figures::count(cell.messages.lost);
            format!("loses {}{doubt}\n{} {interval}\n{lost} lost", figures::percent(share.p), counts(&share))
        }
        CellVerdict::Holds => format!("holds{doubt}\n{} {}", counts(&share), bound(&share, look)),
        CellVerdict::Inconclusive => {
            format!("? ({})\n{}", note(share.why.clone().unwrap_or_default(), doubts), counts(&share))
        }
    };
    if let Some(durable) = cell.guarantees.get(&Guarantee::Durable)
        && (durable.verdict, durable.runs) != (share.verdict, share.runs)
    {
        text.push('\n');
        text.push_str(&vanished(durable, doubts));
        if durable.verdict == CellVerdict::Violated && share.verdict != CellVerdict::Violated {
            text.push_str(&format!("\n{} gone", figures::count(cell.messages.vanished)));
        }
    }
    text
}

fn vanished(durable: &GuaranteeCell, doubts: &mut Vec<String>) -> String {
    match durable.verdict {
        CellVerdict::Violated => format!("vanish {} {}", figures::percent(durable.p), counts(durable)),
        CellVerdict::Holds => format!("vanish {}", counts(durable)),
        CellVerdict::Inconclusive => format!("vanish ? ({})", note(durable.why.clone().unwrap_or_default(), doubts)),
    }
}

fn counts(share: &GuaranteeCell) -> String {
    format!("{}/{}", share.runs, share.of)
}

fn bound(share: &GuaranteeCell, look: &Look) -> String {
    format!("{}{}", look.at_most(), figures::percent(share.ci95[1]))
}

/// The number of a reason in the list below the table.
fn note(why: String, doubts: &mut Vec<String>) -> usize {
    let known = doubts.iter().position(|doubt| *doubt == why);
    1 + known.unwrap_or_else(|| {
        doubts.push(why);
        doubts.len() - 1
    })
}

fn tone(text: &str) -> Option<Tone> {
    if text.starts_with("loses") || text.starts_with("vanish") && !text.starts_with("vanish 0") {
        Some(if text.starts_with("vanish ?") { Tone::Doubt } else { Tone::Loss })
    } else if text == "holds" {
        Some(Tone::Holds)
    } else if text.starts_with('?') || text.starts_with("holds ?") || text == "no acks" || text.starts_with("all fail")
    {
        Some(Tone::Doubt)
    } else {
        None
    }
}

/// What the words in the table mean; only those that occur.
fn legend(page: &mut Page<'_>, summary: &Summary) {
    let cells = || summary.cells.iter().filter(|cell| !cell.promises_nothing() && !cell.fails_every_send());
    let any = |verdict| cells().any(|cell| cell.verdict == verdict);
    let differs = |cell: &Cell| {
        cell.guarantees
            .get(&Guarantee::Durable)
            .is_some_and(|it| (it.verdict, it.runs) != (cell.verdict, cell.lossy_runs))
    };
    let at_most = page.look.at_most();
    page.gap();
    let mut parts = Vec::new();
    if any(CellVerdict::Violated) {
        parts.push(
            "loses: runs in which an acknowledged message was never consumed, with the 95% interval; lost: how many \
             messages, in all runs"
                .to_owned(),
        );
    }
    if any(CellVerdict::Holds) {
        parts.push(format!("holds: in no run; {at_most} is what the runs cannot rule out (95%)"));
    }
    if cells().any(differs) {
        parts.push("vanish: runs in which the broker lost an acknowledged message, read in time or not".to_owned());
    }
    if summary.cells.iter().any(Cell::promises_nothing) {
        parts.push(
            "no acks: success promises nothing; gone: of the messages sent, those that are gone and nobody was told"
                .to_owned(),
        );
    }
    if summary.cells.iter().any(Cell::fails_every_send) {
        parts.push("all fail: no send succeeded, so nothing was promised that could be lost".to_owned());
    }
    for part in parts {
        page.paragraph(&part, 2, Some(Tone::Quiet));
    }
}

/// What happens in each fault class.
pub(super) fn columns(page: &mut Page<'_>, matrix: &Matrix<'_>) {
    let told: Vec<_> = matrix.columns.iter().filter(|column| !column.words.is_empty()).collect();
    let Some(widest) = told.iter().map(|column| column.name.chars().count()).max() else { return };
    page.title("Faults");
    for column in told {
        page.entry(&format!("  {}", column.name), column.words, widest.min(24) + 4, None);
    }
}

/// What each row costs: latency, availability, refused and repeated messages.
pub(super) fn costs(page: &mut Page<'_>, matrix: &Matrix<'_>) {
    if matrix.rows.is_empty() {
        return;
    }
    page.title("What each row costs");
    let calm = matrix.columns.iter().position(|column| column.is_calm);
    let mut header: Vec<String> = matrix.axes.iter().map(|axis| fold(axis.short, '.')).collect();
    if calm.is_some() {
        header.push("ack p99,\nno fault".to_owned());
    }
    let has_aborted = remarks::has_aborted(matrix);
    header.extend(["ack p99,\nfaults", "outage,\nmedian", "outage,\nlongest"].map(str::to_owned));
    header.extend(remarks::shares(has_aborted));
    let rows = matrix.rows.iter().map(|row| {
        let mut cells = settings(matrix, row);
        cells.extend(calm.map(|calm| remarks::p99(row.cells[calm].into_iter())));
        cells.extend(remarks::cost(row, has_aborted));
        cells
    });
    let grid = Grid { keys: matrix.axes.len(), header, rows: rows.collect(), ruled: false, tone: |_| None };
    grid.lines(page.look).into_iter().for_each(|line| page.line(line));
    let aborted = if has_aborted { ", aborted (taken back with a transaction)" } else { "" };
    let words = format!(
        "outage: of each run, the longest time in which a producer with something to send got no success; ack p99 and \
         outage are those of the worst fault. rejected, unknown (a failure that may have happened anyway){aborted} and \
         repeated are shares of the messages sent."
    );
    page.paragraph(&words, 2, Some(Tone::Quiet));
}

/// For each fault class that loses something: the smallest sequence, what becomes of the message, what prevents it.
pub(super) fn losses(page: &mut Page<'_>, matrix: &Matrix<'_>) {
    let examples: Vec<_> =
        (0..matrix.columns.len()).filter_map(|column| headline::example_of(matrix, column)).collect();
    if examples.is_empty() {
        return;
    }
    page.title("How messages are lost, and what prevents it");
    for example in examples {
        let label = &matrix.rows[example.row].label;
        let with = if label.is_empty() { String::new() } else { format!(", {label}") };
        page.paragraph(&format!("{}{with}", matrix.columns[example.column].name), 2, None);
        example.cell.witness.iter().for_each(|witness| shown(page, witness));
        page.entry("    prevented:", &headline::prevention(&example), 15, None);
    }
}

/// What a witness shows: the faults, and what became of the message.
fn shown(page: &mut Page<'_>, witness: &Witness) {
    for (step, number) in witness.story.iter().zip(1..) {
        page.entry(&format!("    {number}."), step, 7, None);
    }
    witness.outcome.iter().for_each(|outcome| page.entry("    so:", outcome, 15, None));
}

/// For each fault class and each other promise that is broken: the smallest sequence, and what it comes to.
pub(super) fn breaches(page: &mut Page<'_>, matrix: &Matrix<'_>) {
    let breaches = breaches::breaches(matrix);
    if breaches.is_empty() {
        return;
    }
    page.title("How other promises are broken");
    for breach in breaches {
        let with = if breach.label.is_empty() { String::new() } else { format!(", {}", breach.label) };
        page.paragraph(&format!("{}{with}: {}", breach.column, breach.often()), 2, None);
        shown(page, breach.witness);
    }
}

/// Each expectation with its outcome.
pub(super) fn expectations(page: &mut Page<'_>, summary: &Summary) {
    if summary.expectations.is_empty() {
        return;
    }
    page.title("Expected");
    for it in &summary.expectations {
        let (word, tone) = match it.outcome {
            ExpectationOutcome::Met => ("ok", Tone::Holds),
            ExpectationOutcome::Violated => ("NOT SO", Tone::Loss),
            ExpectationOutcome::Inconclusive => ("?", Tone::Doubt),
        };
        let canary = if it.canary { "canary: " } else { "" };
        let line = it.line.map_or(String::new(), |line| format!(" (line {line})"));
        let why = if it.why.is_empty() { String::new() } else { format!(": {}", it.why) };
        page.entry(&format!("  {word}"), &format!("{canary}{}{line}{why}", it.text), 9, Some(tone));
    }
}

/// What a reader should know before believing the matrix.
pub(super) fn notes(page: &mut Page<'_>, summary: &Summary, matrix: &Matrix<'_>) {
    let mut notes: Vec<(&str, String, Tone)> = Vec::new();
    let source = |source: &str| if source.is_empty() { String::new() } else { format!(" [{source}]") };
    for note in &summary.notes {
        let (word, tone) = match note.kind {
            NoteKind::Trap => ("trap", Tone::Doubt),
            NoteKind::Collapsed => ("no effect", Tone::Quiet),
            NoteKind::Remark => ("note", Tone::Quiet),
        };
        notes.push((word, format!("{}{}", note.text, source(&note.source)), tone));
    }
    notes.extend(remarks::of_the_part(summary).into_iter().map(|(word, text)| (word, text, Tone::Doubt)));
    notes.extend(remarks::never_fired(matrix).into_iter().map(|text| ("never", text, Tone::Doubt)));
    notes.extend(remarks::not_modelled(summary).map(|text| ("not modelled", text, Tone::Quiet)));
    notes.extend(summary.assumptions.iter().map(|text| ("assumed", text.clone(), Tone::Quiet)));
    notes.extend(
        summary
            .verified
            .differing
            .iter()
            .map(|it| ("differs", format!("cell {}, seed {}: {}", it.cell, it.seed, it.what), Tone::Loss)),
    );
    notes.extend(
        summary
            .broken
            .iter()
            .map(|it| ("our bug", format!("cell {}, seed {}: {}", it.cell, it.seed, it.message), Tone::Loss)),
    );
    if notes.is_empty() {
        return;
    }
    page.title("Notes");
    for (word, text, tone) in notes {
        page.entry(&format!("  {word}"), &text, 17, Some(tone));
    }
}

/// What to type next.
pub(super) fn next(page: &mut Page<'_>, matrix: &Matrix<'_>) {
    let commands = remarks::commands(matrix, &page.look.folder, &page.look.program);
    if commands.is_empty() {
        return;
    }
    page.title("Next");
    for (command, what) in commands {
        page.command(&command, what);
    }
    if !page.look.folder.is_empty() {
        page.command(&format!("{}/report.html", page.look.folder), "all of this in a browser, cell by cell");
    }
}

//! The summary as GitHub-flavoured Markdown, for a pull request or the summary of a CI step.

use std::fmt::Write as _;

use ackproof_core::guarantee::Guarantee;

use crate::breaches;
use crate::figures;
use crate::headline;
use crate::matrix::{ANY, Matrix, Row};
use crate::remarks;
use crate::result::{Cell, CellVerdict, ExpectationOutcome, Summary, Witness};

/// The whole report, ending in a newline. `folder` is what witnesses' files are relative to.
pub fn render(summary: &Summary, folder: &str) -> String {
    let matrix = Matrix::of(summary);
    let mut out = String::new();
    head(&mut out, summary, &matrix);
    if !matrix.rows.is_empty() {
        table(&mut out, &matrix);
        costs(&mut out, &matrix);
    }
    losses(&mut out, &matrix);
    breaches(&mut out, &matrix);
    expectations(&mut out, summary);
    notes(&mut out, summary, &matrix);
    next(&mut out, &matrix, folder);
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn head(out: &mut String, summary: &Summary, matrix: &Matrix<'_>) {
    let title = if summary.title.is_empty() { &summary.scenario } else { &summary.title };
    let _ = writeln!(out, "## {}\n", escape(title));
    let _ = writeln!(out, "**{}**\n", escape(&headline::answer(summary, matrix)));
    if let Some(example) = headline::example(matrix) {
        let _ = writeln!(out, "{}\n", escape(&headline::how(&example, matrix)));
        let _ = writeln!(out, "{}\n", escape(&headline::prevention(&example)));
    }
    let _ = writeln!(out, "{}\n", escape(&remarks::about(summary)));
}

fn table(out: &mut String, matrix: &Matrix<'_>) {
    let mut header: Vec<String> = matrix.axes.iter().map(|axis| escape(axis.short)).collect();
    header.extend(matrix.columns.iter().map(|column| escape(column.name)));
    let rows = matrix.rows.iter().map(|row| {
        let mut cells = settings(matrix, row);
        cells.extend(row.cells.iter().map(|cell| {
            let missing = cell.and_then(remarks::runs_missing).map_or(String::new(), |runs| format!("<br>{runs}"));
            format!("{}{missing}", cell_text(*cell))
        }));
        cells
    });
    write_table(out, &header, rows);
    let told = matrix.columns.iter().filter(|column| !column.words.is_empty());
    for column in told {
        let _ = writeln!(out, "- **{}**: {}", escape(column.name), escape(column.words));
    }
    out.push('\n');
}

fn settings(matrix: &Matrix<'_>, row: &Row<'_>) -> Vec<String> {
    let value = |name: &str| row.settings.get(name).map_or(ANY, String::as_str);
    matrix.axes.iter().map(|axis| escape(value(axis.name))).collect()
}

fn write_table(out: &mut String, header: &[String], rows: impl Iterator<Item = Vec<String>>) {
    let _ = writeln!(out, "| {} |", header.join(" | "));
    let _ = writeln!(out, "|{}", " --- |".repeat(header.len()));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push('\n');
}

fn cell_text(cell: Option<&Cell>) -> String {
    let Some(cell) = cell else { return "not run".to_owned() };
    if cell.promises_nothing() {
        return format!("no acks, {} gone", figures::part(cell.messages.unreported, cell.messages.sent));
    }
    if cell.fails_every_send() {
        let why = escape(cell.why.as_deref().unwrap_or("no send succeeded"));
        return format!("all fail, {}<br>{why}", figures::failed(&cell.messages));
    }
    let counts = format!("{}/{}", cell.lossy_runs, cell.decided_runs());
    let [low, high] = cell.loss.ci95;
    let mut text = match cell.verdict {
        CellVerdict::Violated => {
            let interval = figures::interval(low, high, "–");
            let lost = figures::count(cell.messages.lost);
            format!("**loses {}**<br>{counts}, {interval}<br>{lost} lost", figures::percent(cell.loss.p))
        }
        CellVerdict::Holds => format!("holds<br>{counts}, ≤{}", figures::percent(high)),
        CellVerdict::Inconclusive => format!("?<br>{}", escape(cell.why.as_deref().unwrap_or(&counts))),
    };
    if let Some(durable) = cell.guarantees.get(&Guarantee::Durable)
        && (durable.verdict, durable.runs) != (cell.verdict, cell.lossy_runs)
    {
        let counts = format!("{}/{}", durable.runs, durable.of);
        let _ = match durable.verdict {
            CellVerdict::Violated if cell.verdict == CellVerdict::Violated => {
                write!(text, "<br>**vanish {}** {counts}", figures::percent(durable.p))
            }
            CellVerdict::Violated => {
                let vanished = figures::count(cell.messages.vanished);
                write!(text, "<br>**vanish {}** {counts}<br>{vanished} gone", figures::percent(durable.p))
            }
            CellVerdict::Holds => write!(text, "<br>vanish {counts}"),
            CellVerdict::Inconclusive => write!(text, "<br>vanish ?"),
        };
    }
    if let Some(doubt) = cell.doubt() {
        let _ = write!(text, "<br>? {}", escape(doubt));
    }
    text
}

fn costs(out: &mut String, matrix: &Matrix<'_>) {
    let _ = writeln!(out, "<details><summary>What each row costs</summary>\n");
    let mut header: Vec<String> = matrix.axes.iter().map(|axis| escape(axis.short)).collect();
    let has_aborted = remarks::has_aborted(matrix);
    header.extend(["ack p99, worst fault", "outage, median", "outage, longest"].map(str::to_owned));
    header.extend(remarks::shares(has_aborted));
    let rows = matrix.rows.iter().map(|row| [settings(matrix, row), remarks::cost(row, has_aborted)].concat());
    write_table(out, &header, rows);
    let _ = writeln!(out, "</details>\n");
}

fn losses(out: &mut String, matrix: &Matrix<'_>) {
    let examples: Vec<_> =
        (0..matrix.columns.len()).filter_map(|column| headline::example_of(matrix, column)).collect();
    if examples.is_empty() {
        return;
    }
    let _ = writeln!(out, "### How messages are lost, and what prevents it\n");
    for example in examples {
        let label = &matrix.rows[example.row].label;
        let with = if label.is_empty() { String::new() } else { format!(", {}", escape(label)) };
        let _ = writeln!(out, "**{}**{with}\n", escape(matrix.columns[example.column].name));
        example.cell.witness.iter().for_each(|witness| shown(out, witness));
        let _ = writeln!(out, "{}\n", escape(&headline::prevention(&example)));
    }
}

fn shown(out: &mut String, witness: &Witness) {
    for (step, number) in witness.story.iter().zip(1..) {
        let _ = writeln!(out, "{number}. {}", escape(step));
    }
    let _ = writeln!(out);
    if let Some(outcome) = &witness.outcome {
        let _ = writeln!(out, "So {}.\n", escape(outcome.trim_end_matches('.')));
    }
}

fn breaches(out: &mut String, matrix: &Matrix<'_>) {
    let breaches = breaches::breaches(matrix);
    if breaches.is_empty() {
        return;
    }
    let _ = writeln!(out, "### How other promises are broken\n");
    for breach in breaches {
        let with = if breach.label.is_empty() { String::new() } else { format!(", {}", escape(breach.label)) };
        let _ = writeln!(out, "**{}**{with}: {}\n", escape(breach.column), escape(&breach.often()));
        shown(out, breach.witness);
    }
}

fn expectations(out: &mut String, summary: &Summary) {
    if summary.expectations.is_empty() {
        return;
    }
    let _ = writeln!(out, "### Expected\n");
    for it in &summary.expectations {
        let word = match it.outcome {
            ExpectationOutcome::Met => "ok",
            ExpectationOutcome::Violated => "**not so**",
            ExpectationOutcome::Inconclusive => "?",
        };
        let canary = if it.canary { "canary: " } else { "" };
        let line = it.line.map_or(String::new(), |line| format!(" (line {line})"));
        let why = if it.why.is_empty() { String::new() } else { format!(": {}", escape(&it.why)) };
        let _ = writeln!(out, "- {word}: {canary}{}{line}{why}", escape(&it.text));
    }
    out.push('\n');
}

fn notes(out: &mut String, summary: &Summary, matrix: &Matrix<'_>) {
    let mut notes: Vec<String> = Vec::new();
    for note in &summary.notes {
        let source = if note.source.is_empty() { String::new() } else { format!(" ({})", note.source) };
        notes.push(format!("{}{source}", note.text));
    }
    notes.extend(remarks::of_the_part(summary).into_iter().map(|(word, text)| format!("{word}: {text}")));
    notes.extend(remarks::never_fired(matrix));
    notes.extend(remarks::not_modelled(summary));
    notes.extend(summary.assumptions.iter().map(|text| format!("assumed: {text}")));
    let differing = summary.verified.differing.iter();
    notes.extend(differing.map(|it| format!("the engines differ: cell {}, seed {}: {}", it.cell, it.seed, it.what)));
    notes
        .extend(summary.broken.iter().map(|it| format!("our bug: cell {}, seed {}: {}", it.cell, it.seed, it.message)));
    if notes.is_empty() {
        return;
    }
    let _ = writeln!(out, "### Notes\n");
    for note in notes {
        let _ = writeln!(out, "- {}", escape(&note));
    }
    out.push('\n');
}

fn next(out: &mut String, matrix: &Matrix<'_>, folder: &str) {
    let commands = remarks::commands(matrix, folder, "ackproof");
    if commands.is_empty() {
        return;
    }
    let _ = writeln!(out, "### Next\n\n```console");
    for (command, what) in commands {
        let _ = writeln!(out, "# {what}\n{command}");
    }
    let _ = writeln!(out, "```");
}

/// Text that means itself: nothing in it starts a table cell, an emphasis, a tag or a new line.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '#' => escaped.extend(['\\', c]),
            '\n' | '\r' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

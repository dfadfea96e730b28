//! The answer in the first lines: what keeps its messages, how the others lose them, and what that costs to prevent.

use ackproof_core::guarantee::Guarantee;

use crate::figures;
use crate::matrix::{Matrix, Prevention, Row};
use crate::remarks;
use crate::result::{Cell, CellVerdict, ExpectationOutcome, Summary};
use crate::words;

/// The one loss that a reader is shown first.
pub(crate) struct Example<'a> {
    pub cell: &'a Cell,
    pub row: usize,
    pub column: usize,
    pub prevention: Option<Prevention<'a>>,
}

/// The answer to the scenario's question, in one sentence; before it, if it is not of every run, that it is not.
pub(crate) fn answer(summary: &Summary, matrix: &Matrix<'_>) -> String {
    let answer = of_these_runs(summary, matrix);
    remarks::part(summary).map_or(answer.clone(), |part| format!("{part} {answer}"))
}

fn of_these_runs(summary: &Summary, matrix: &Matrix<'_>) -> String {
    if let Some(canary) = summary.expectations.iter().find(|it| it.canary && it.outcome != ExpectationOutcome::Met) {
        let why = if canary.why.is_empty() { String::new() } else { format!(" ({})", canary.why) };
        return format!(
            "Inconclusive: the canary did not fail as it must, so a green cell proves nothing: {}{why}.",
            canary.text
        );
    }
    if summary.cells.is_empty() {
        return "Inconclusive: no run ended.".to_owned();
    }
    let (promising, others): (Vec<&Row<'_>>, Vec<&Row<'_>>) = matrix.rows.iter().partition(|row| is_acknowledged(row));
    let (failing, silent): (Vec<&Row<'_>>, Vec<&Row<'_>>) = others.into_iter().partition(|row| fails(row));
    if promising.is_empty() {
        return nothing_acknowledged(&failing);
    }
    let mut sentences = vec![verdict(matrix, &promising)];
    match silent.as_slice() {
        [] => {}
        [one] => sentences.push(format!("{} acknowledges nothing, so it promises nothing.", one.label)),
        many => sentences.push(format!("{} rows acknowledge nothing, so they promise nothing.", many.len())),
    }
    match failing.as_slice() {
        [] => {}
        [one] => sentences.push(format!("With {} no send succeeds, so nothing is promised.", one.label)),
        many => sentences.push(format!("In {} rows no send succeeds, so nothing is promised.", many.len())),
    }
    sentences.extend(undecided(&promising));
    sentences.join(" ")
}

/// Whether any message of a row was acknowledged; true where it is not known.
fn is_acknowledged(row: &Row<'_>) -> bool {
    !row.cells.iter().flatten().all(|cell| cell.promises_nothing() || cell.fails_every_send())
}

fn fails(row: &Row<'_>) -> bool {
    row.cells.iter().flatten().any(|cell| cell.fails_every_send())
}

fn nothing_acknowledged(failing: &[&Row<'_>]) -> String {
    match failing.iter().flat_map(|row| row.cells.iter().flatten()).find_map(|cell| cell.why.as_deref()) {
        Some(why) => format!("Inconclusive: nothing was acknowledged: {why}."),
        None => "Inconclusive: nothing was acknowledged, so nothing was promised.".to_owned(),
    }
}

/// What the cells that hold do not tell: runs that decided nothing.
fn undecided(rows: &[&Row<'_>]) -> Option<String> {
    let cells = || rows.iter().flat_map(|row| row.cells.iter().flatten());
    let doubtful = || cells().filter(|cell| cell.keeps() == CellVerdict::Holds && cell.doubt().is_some());
    let (undecided, runs) =
        (doubtful().map(|cell| cell.undecided_runs()).sum::<u64>(), doubtful().map(|cell| cell.runs).sum::<u64>());
    let cells = match doubtful().count() {
        0 => return None,
        1 => "one cell that holds".to_owned(),
        many => format!("{many} cells that hold"),
    };
    Some(format!(
        "{} of the {} in {cells} decided nothing.",
        figures::count(undecided),
        figures::number_of(runs, "run")
    ))
}

fn verdict(matrix: &Matrix<'_>, rows: &[&Row<'_>]) -> String {
    let is_held = |cell: &Option<&Cell>| cell.is_some_and(|cell| cell.keeps() == CellVerdict::Holds);
    let holds = |row: &&&Row<'_>| row.cells.iter().all(is_held);
    let loses = |row: &&&Row<'_>| row.cells.iter().flatten().any(|cell| cell.keeps() == CellVerdict::Violated);
    let safe: Vec<&Row<'_>> = rows.iter().filter(holds).copied().collect();
    let lossy = rows.iter().filter(loses).count();
    if lossy == 0 {
        return nothing_lost(matrix, rows);
    }
    match (rows.len(), safe.as_slice()) {
        (1, _) => one_row(matrix, rows[0]),
        (_, []) => none_is_safe(matrix, rows),
        (count, [one]) if lossy == count - 1 => format!(
            "Only {} keeps every acknowledged message under {}; {} {} some.",
            one.label,
            faults(matrix),
            the_others(count - 1),
            if count == 2 { "loses" } else { "lose" },
        ),
        (count, safe) => format!(
            "{} of {count} settings {} every acknowledged message under {}: {}.",
            safe.len(),
            if safe.len() == 1 { "keeps" } else { "keep" },
            faults(matrix),
            labels(safe),
        ),
    }
}

fn the_others(others: usize) -> String {
    if others == 1 { "the other setting".to_owned() } else { format!("the other {others} settings") }
}

fn labels(rows: &[&Row<'_>]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = rows.iter().take(SHOWN).map(|row| row.label.as_str()).collect();
    let more = rows.len() - shown.len();
    if more == 0 { shown.join("; ") } else { format!("{}; and {more} more", shown.join("; ")) }
}

/// `all 4 fault classes`; the class without faults does not count.
fn faults(matrix: &Matrix<'_>) -> String {
    let stormy: Vec<&str> = matrix.columns.iter().filter(|it| !it.is_calm).map(|it| it.name).collect();
    match stormy.as_slice() {
        [] => "no fault at all".to_owned(),
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} and {other}"),
        many => format!("all {} fault classes", many.len()),
    }
}

fn nothing_lost(matrix: &Matrix<'_>, rows: &[&Row<'_>]) -> String {
    let cells: Vec<&Cell> = rows.iter().flat_map(|row| row.cells.iter().flatten().copied()).collect();
    let total = rows.iter().map(|row| row.cells.len()).sum::<usize>();
    let undecided = total - cells.iter().filter(|cell| cell.keeps() == CellVerdict::Holds).count();
    if undecided == total {
        let why = cells.iter().find_map(|cell| cell.why.as_deref()).unwrap_or("no run decided anything");
        return format!("Inconclusive: {why}.");
    }
    if undecided > 0 {
        return format!("No acknowledged message was seen lost, but {undecided} of {total} cells are inconclusive.");
    }
    let runs = figures::number_of(cells.iter().map(|cell| cell.decided_runs()).sum(), "run");
    let settings = figures::number_of(rows.len() as u64, "setting");
    format!("No acknowledged message was lost: {settings} under {}, {runs}.", faults(matrix))
}

fn one_row(matrix: &Matrix<'_>, row: &Row<'_>) -> String {
    let (lost, kept) = split(matrix, row);
    let subject = if row.label.is_empty() { "This configuration" } else { row.label.as_str() };
    let kept = if kept.is_empty() { String::new() } else { format!(", not under {}", words::list(&kept)) };
    format!("{subject} loses acknowledged messages under {}{kept}.", words::list(&lost))
}

/// The fault classes under which a row loses, with how often, and those under which it does not.
fn split(matrix: &Matrix<'_>, row: &Row<'_>) -> (Vec<String>, Vec<String>) {
    let (mut lost, mut kept) = (Vec::new(), Vec::new());
    for (cell, column) in row.cells.iter().zip(&matrix.columns) {
        match cell.map(|cell| (cell.keeps(), figures::percent(harm(cell)))) {
            Some((CellVerdict::Violated, share)) => lost.push(format!("{} ({share} of runs)", column.name)),
            Some((CellVerdict::Holds, _)) if !column.is_calm => kept.push(column.name.to_owned()),
            Some((CellVerdict::Holds | CellVerdict::Inconclusive, _)) | None => {}
        }
    }
    (lost, kept)
}

fn none_is_safe(matrix: &Matrix<'_>, rows: &[&Row<'_>]) -> String {
    let violated =
        |row: &Row<'_>| row.cells.iter().flatten().filter(|cell| cell.keeps() == CellVerdict::Violated).count();
    let total = |row: &Row<'_>| row.cells.iter().flatten().map(|cell| (harm(cell) * 1e5) as u64).sum::<u64>();
    let best = rows.iter().min_by_key(|row| (violated(row), total(row))).expect("a lossy row is among them");
    if violated(best) == 0 {
        return format!(
            "No setting is known to keep every acknowledged message; {} lost none, but some of its cells are inconclusive.",
            best.label
        );
    }
    let (lost, _) = split(matrix, best);
    let under = faults(matrix);
    format!(
        "No setting keeps every acknowledged message under {under}; {} comes closest and loses under {}.",
        best.label,
        words::list(&lost)
    )
}

/// The share of runs in which an acknowledged message was lost or vanished, whichever is larger.
pub(crate) fn harm(cell: &Cell) -> f64 {
    cell.guarantees.get(&Guarantee::Durable).map_or(cell.loss.p, |durable| durable.p.max(cell.loss.p))
}

/// The 95 % interval of [`harm`].
pub(crate) fn harm_interval(cell: &Cell) -> [f64; 2] {
    let durable = cell.guarantees.get(&Guarantee::Durable).filter(|durable| durable.p > cell.loss.p);
    durable.map_or(cell.loss.ci95, |durable| durable.ci95)
}

/// The loss to show first: one with a witness, and with a row that prevents it by as few changes as possible.
pub(crate) fn example<'a>(matrix: &Matrix<'a>) -> Option<Example<'a>> {
    let columns = 0..matrix.columns.len();
    let examples = columns.filter_map(|column| example_of(matrix, column));
    examples.min_by_key(rank)
}

/// The loss to show for one fault class.
pub(crate) fn example_of<'a>(matrix: &Matrix<'a>, column: usize) -> Option<Example<'a>> {
    let of_row = |(row, it): (usize, &Row<'a>)| {
        let cell = it.cells[column].filter(|cell| cell.keeps() == CellVerdict::Violated)?;
        Some(Example { cell, row, column, prevention: matrix.prevention(row, column) })
    };
    matrix.rows.iter().enumerate().filter_map(of_row).min_by_key(rank)
}

fn rank(example: &Example<'_>) -> (bool, usize, u64, std::cmp::Reverse<u64>) {
    let faults = example.cell.witness.as_ref().map_or(0, |witness| witness.faults);
    let changes = example.prevention.as_ref().map_or(usize::MAX, |prevention| prevention.changes.len());
    let harm = (harm(example.cell) * 1e5) as u64;
    (example.cell.witness.is_none(), changes, faults, std::cmp::Reverse(harm))
}

/// How it is lost: the row, how often, and the smallest sequence.
pub(crate) fn how(example: &Example<'_>, matrix: &Matrix<'_>) -> String {
    let column = &matrix.columns[example.column];
    let under = if column.is_calm { "Without any fault".to_owned() } else { format!("Under {}", column.name) };
    let label = matrix.rows[example.row].label.as_str();
    let subject = if label.is_empty() { "this configuration" } else { label };
    let lost = format!("{under}, {subject} {}", often(example.cell));
    match example.cell.witness.as_ref().map(|witness| witness.story.as_slice()) {
        None | Some([]) => format!("{lost}."),
        Some([one]) => format!("{lost}; one fault is enough: {one}."),
        Some(many) => {
            let steps: Vec<String> = many.iter().zip(1..).map(|(step, n)| format!("({n}) {step}")).collect();
            format!("{lost}; {} faults are enough: {}.", many.len(), steps.join(". "))
        }
    }
}

/// `loses acknowledged messages in 31% of runs (62 of 200)`.
pub(crate) fn often(cell: &Cell) -> String {
    let of = |verb: &str, p: f64, runs: u64, of: u64| {
        let (runs, of) = (figures::count(runs), figures::count(of));
        format!("{verb} acknowledged messages in {} of runs ({runs} of {of})", figures::percent(p))
    };
    match cell.guarantees.get(&Guarantee::Durable) {
        Some(durable) if cell.lossy_runs == 0 => {
            of("leaves a late consumer without", durable.p, durable.runs, durable.of)
        }
        Some(_) | None => of("loses", cell.loss.p, cell.lossy_runs, cell.decided_runs()),
    }
}

/// What prevents it and what that costs, in a sentence or two.
pub(crate) fn prevention(example: &Example<'_>) -> String {
    let Some(prevention) = &example.prevention else {
        return "No row of this matrix prevents it.".to_owned();
    };
    let changes: Vec<String> = prevention.changes.iter().map(|change| change.words()).collect();
    let changes = match changes.as_slice() {
        [one, rest @ ..] if !rest.is_empty() => format!("{one}, with {},", words::list(rest)),
        one => words::list(one),
    };
    let cell = prevention.cell;
    let bound = figures::percent(cell.loss.ci95[1]);
    let undecided = match cell.undecided_runs() {
        0 => String::new(),
        some => format!("; {} more decided nothing", figures::count(some)),
    };
    let held = format!("0 of {} runs, at most {bound}{undecided}", figures::count(cell.decided_runs()));
    let cost = cost(example.cell, cell);
    format!("{changes} prevents it ({held}). {cost}")
}

/// `p99 stays 4 ms`, `p99 goes from 4 ms to 6 ms`, as it is printed.
fn change(what: &str, before_ms: u64, after_ms: u64) -> String {
    let (before, after) = (figures::ms(before_ms), figures::ms(after_ms));
    if before == after { format!("{what} stays {after}") } else { format!("{what} goes from {before} to {after}") }
}

/// What a row that holds costs compared with one that loses, under the same faults.
fn cost(loses: &Cell, holds: &Cell) -> String {
    let mut costs = Vec::new();
    match (loses.ack_ms, holds.ack_ms) {
        (Some(before), Some(after)) => costs.push(change("p99 of acknowledgements", before.p99, after.p99)),
        (None, Some(after)) => costs.push(format!("p99 of acknowledgements is {}", figures::ms(after.p99))),
        (Some(_) | None, None) => {}
    }
    let (before, after) = (loses.unavailable_ms.median, holds.unavailable_ms.median);
    if before != after {
        costs.push(format!("{} (median)", change("the longest wait for service", before, after)));
    }
    let refused = |cell: &Cell| figures::part(cell.messages.rejected + cell.messages.unknown, cell.messages.sent);
    let (before, after) = (refused(loses), refused(holds));
    if before != after {
        costs.push(format!("the share of sends that fail goes from {before} to {after}"));
    }
    if costs.is_empty() {
        "It costs nothing that was measured.".to_owned()
    } else {
        format!("Cost: {}.", costs.join(", "))
    }
}

//! What every form of the report says in the same words: what was run, what it costs, what to know, what to type.

use crate::breaches::breaches;
use crate::figures;
use crate::headline;
use crate::matrix::{Matrix, Row};
use crate::result::{Cell, Summary, Verified, Witness};

/// Exit code of a command that the user ended.
const INTERRUPTED: u8 = 130;

/// What a reader must know before anything else of a result that is not of every run, in a sentence.
pub(crate) fn part(summary: &Summary) -> Option<String> {
    let (ended, planned) = ended_of_planned(summary);
    match (&summary.shard, summary.complete) {
        (None, true) => None,
        (Some(shard), true) => Some(format!("Only shard {shard} of the runs.")),
        (None, false) => Some(format!("Incomplete: {ended} of {planned} runs.")),
        (Some(shard), false) => Some(format!("Only shard {shard} of the runs, and {ended} of its {planned}.")),
    }
}

/// The same as notes: a word each, and what to do about it.
pub(crate) fn of_the_part(summary: &Summary) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    if !summary.complete {
        notes.push(if summary.exit == INTERRUPTED {
            ("interrupted", "not every run ended; the same command goes on where this one stopped".to_owned())
        } else {
            ("incomplete", "some runs are missing, and every figure is of the rest".to_owned())
        });
    }
    if summary.shard.is_some() {
        let text = "`ackproof merge` joins the shards, judges what is expected and finds the smallest failures";
        notes.push(("shard", text.to_owned()));
    }
    notes
}

/// `5 of 8 runs`, of a cell that lacks some.
pub(crate) fn runs_missing(cell: &Cell) -> Option<String> {
    let (runs, planned) = (figures::count(cell.runs), figures::number_of(cell.planned_runs, "run"));
    (cell.runs < cell.planned_runs).then(|| format!("{runs} of {planned}"))
}

fn ended_of_planned(summary: &Summary) -> (String, String) {
    let ended: u64 = summary.cells.iter().map(|cell| cell.runs).sum();
    let planned: u64 = summary.cells.iter().map(|cell| cell.planned_runs).sum();
    (figures::count(ended), figures::count(planned))
}

/// What was run: broker, engine, runs, seed, and whether the reference engine agreed.
pub(crate) fn about(summary: &Summary) -> String {
    let runs = summary.cells.iter().map(|cell| cell.runs).sum();
    let (ended, planned) = ended_of_planned(summary);
    let mut parts = vec![summary.broker.clone(), figures::number_of(summary.cells.len() as u64, "cell")];
    parts.push(match (summary.complete || ended == planned, summary.exit) {
        (true, _) => figures::number_of(runs, "run"),
        (false, INTERRUPTED) => format!("interrupted after {ended} of {planned} runs"),
        (false, _) => format!("only {ended} of {planned} runs"),
    });
    parts.extend(summary.shard.as_ref().map(|shard| format!("shard {shard}")));
    parts.push(format!("seed {}", summary.seed));
    parts.push(format!("{} engine", summary.engine));
    parts.extend(verified(&summary.verified));
    parts.join(", ")
}

fn verified(verified: &Verified) -> Option<String> {
    match (verified.runs, verified.mismatches) {
        (0, _) => None,
        (runs, 0) => Some(format!("{} repeated on turmoil with the same history", figures::number_of(runs, "run"))),
        (runs, differ) => {
            Some(format!("{differ} of {} repeated on turmoil had ANOTHER HISTORY", figures::number_of(runs, "run")))
        }
    }
}

/// The slowest 99th percentile of some cells.
pub(crate) fn p99<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    cells.filter_map(|cell| Some(cell.ack_ms?.p99)).max().map_or("-".to_owned(), figures::ms)
}

/// Whether any message was taken back with its transaction.
pub(crate) fn has_aborted(matrix: &Matrix<'_>) -> bool {
    matrix.rows.iter().flat_map(|row| row.cells.iter().flatten()).any(|cell| cell.messages.aborted > 0)
}

/// The shares of messages sent that a row's cost ends with.
pub(crate) fn shares(has_aborted: bool) -> Vec<String> {
    let words = ["rejected", "unknown", "aborted", "repeated"];
    words.into_iter().filter(|word| has_aborted || *word != "aborted").map(str::to_owned).collect()
}

/// Of a row: p99 of acknowledgements, median and longest outage, and the [`shares`].
pub(crate) fn cost(row: &Row<'_>, has_aborted: bool) -> Vec<String> {
    let cells = || row.cells.iter().flatten().copied();
    let sum = |count: fn(&Cell) -> u64| cells().map(count).sum::<u64>();
    let sent = sum(|cell| cell.messages.sent);
    let unavailable = |of: fn(&Cell) -> u64| {
        if cells().all(Cell::promises_nothing) {
            "-".to_owned()
        } else {
            figures::ms(cells().map(of).max().unwrap_or(0))
        }
    };
    let mut cost = vec![
        p99(cells()),
        unavailable(|cell| cell.unavailable_ms.median),
        unavailable(|cell| cell.unavailable_ms.longest),
        figures::part(sum(|cell| cell.messages.rejected), sent),
        figures::part(sum(|cell| cell.messages.unknown), sent),
    ];
    cost.extend(has_aborted.then(|| figures::part(sum(|cell| cell.messages.aborted), sent)));
    cost.push(figures::part(sum(|cell| cell.messages.duplicated), sent));
    cost
}

/// Faults that never fired, a line for each fault class and fault.
pub(crate) fn never_fired(matrix: &Matrix<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, column) in matrix.columns.iter().enumerate() {
        let cells = || matrix.rows.iter().filter_map(|row| row.cells[index]);
        let total: u64 = cells().map(|cell| cell.runs).sum();
        let mut faults: Vec<u64> = cells().flat_map(|cell| &cell.missed).map(|missed| missed.fault).collect();
        faults.sort_unstable();
        faults.dedup();
        for fault in faults {
            let missed = || cells().flat_map(|cell| &cell.missed).filter(move |missed| missed.fault == fault);
            let runs: u64 = missed().map(|missed| missed.runs).sum();
            let why = missed().map(|missed| missed.why.as_str()).find(|why| !why.is_empty());
            let why = why.map_or(String::new(), |why| format!(": {why}"));
            let (runs, total) = (figures::count(runs), figures::number_of(total, "run"));
            lines.push(format!("fault {fault} of {} did not fire in {runs} of {total}{why}", column.name));
        }
    }
    lines
}

/// The settings that are accepted and do nothing; those that might matter are named.
pub(crate) fn not_modelled(summary: &Summary) -> Option<String> {
    const SHOWN: usize = 6;
    let all = &summary.not_modelled;
    if all.is_empty() {
        return None;
    }
    let shown: Vec<&str> = all.iter().take(SHOWN).map(|it| it.key.as_str()).collect();
    let more =
        if all.len() > SHOWN { format!(" and {} more (in summary.json)", all.len() - SHOWN) } else { String::new() };
    let verb = if all.len() == 1 { "is" } else { "are" };
    Some(format!(
        "{} {verb} accepted but not modelled, and without effect here: {}{more}",
        figures::number_of(all.len() as u64, "setting"),
        shown.join(", ")
    ))
}

/// Commands worth typing, each with what it does.
pub(crate) fn commands(matrix: &Matrix<'_>, folder: &str, program: &str) -> Vec<(String, &'static str)> {
    let mut commands = Vec::new();
    let path = |witness: &Witness| {
        quote(&if folder.is_empty() { witness.file.clone() } else { format!("{folder}/{}", witness.file) })
    };
    if let Some(example) = headline::example(matrix)
        && let Some(witness) = example.cell.witness.as_ref().filter(|witness| !witness.file.is_empty())
    {
        let file = path(witness);
        commands.push((format!("{program} explain {file}"), "the life of the lost message, copy by copy"));
        commands.push((format!("{program} replay {file}"), "the same run again, byte for byte"));
        if let Some(prevention) = &example.prevention {
            let set =
                prevention.changes.iter().map(|it| format!(" --set {}", quote(&format!("{}={}", it.name, it.to))));
            let set: String = set.collect();
            commands.push((format!("{program} replay {file}{set}"), "the same faults, where they do no harm"));
        }
    } else if let Some(breach) = breaches(matrix).into_iter().find(|breach| !breach.witness.file.is_empty()) {
        let file = path(breach.witness);
        commands.push((format!("{program} explain {file}"), "the life of the message that shows it, copy by copy"));
        commands.push((format!("{program} replay {file}"), "the same run again, byte for byte"));
    }
    commands
}

/// A word that a shell takes as one.
pub(crate) fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

//! What a cell says: a word, a number, an interval, a shade, a sentence.

use ackproof_core::guarantee::Guarantee;

use crate::result::{Cell, CellVerdict, GuaranteeCell};
use crate::{figures, headline};

/// A cell in three short lines.
pub(super) struct Short {
    pub main: String,
    pub sub: String,
    /// Of another promise, where that says something else.
    pub more: Option<String>,
}

pub(super) fn short(cell: &Cell) -> Short {
    if cell.promises_nothing() {
        let gone = figures::part(cell.messages.unreported, cell.messages.sent);
        return Short { main: "no acks".to_owned(), sub: format!("{gone} gone"), more: None };
    }
    if cell.fails_every_send() {
        return Short { main: "all fail".to_owned(), sub: figures::failed(&cell.messages), more: None };
    }
    let [low, high] = cell.loss.ci95;
    let (main, sub) = match cell.verdict {
        CellVerdict::Violated => (figures::percent(cell.loss.p), figures::interval(low, high, "–")),
        CellVerdict::Holds => {
            let doubt = if cell.doubt().is_some() { " ?" } else { "" };
            (format!("holds{doubt}"), format!("≤{}", figures::percent(high)))
        }
        CellVerdict::Inconclusive => ("?".to_owned(), format!("{}/{}", cell.lossy_runs, cell.decided_runs())),
    };
    Short { main, sub, more: vanish(cell).or_else(|| other(cell)) }
}

fn vanish(cell: &Cell) -> Option<String> {
    let durable = cell.guarantees.get(&Guarantee::Durable)?;
    if (durable.verdict, durable.runs) == (cell.verdict, cell.lossy_runs) {
        return None;
    }
    Some(match durable.verdict {
        CellVerdict::Violated => format!("vanish {}", figures::percent(durable.p)),
        CellVerdict::Holds => "vanish 0%".to_owned(),
        CellVerdict::Inconclusive => "vanish ?".to_owned(),
    })
}

fn other(cell: &Cell) -> Option<String> {
    let (guarantee, judged) = broken_promise(cell)?;
    Some(format!("{guarantee} {}", figures::percent(judged.p)))
}

/// A promise beside that of keeping messages that somebody asked for and that is broken.
pub(super) fn broken_promise(cell: &Cell) -> Option<(Guarantee, &GuaranteeCell)> {
    let guarantee = cell.witness.as_ref()?.guarantee;
    let is_of_keeping = matches!(guarantee, Guarantee::NoAckedLoss | Guarantee::Durable);
    Some((guarantee, cell.guarantees.get(&guarantee)?)).filter(|_| !is_of_keeping)
}

/// The class that gives a cell its shade: `s0` (nothing) to `s5` (nearly always), or `doubt`.
pub(super) fn shade(cell: &Cell) -> &'static str {
    let keeps =
        if cell.promises_nothing() || cell.fails_every_send() { CellVerdict::Inconclusive } else { cell.keeps() };
    match keeps {
        CellVerdict::Holds => "s0",
        CellVerdict::Inconclusive => "doubt",
        CellVerdict::Violated => match headline::harm(cell) {
            harm if harm <= 0.05 => "s1",
            harm if harm <= 0.2 => "s2",
            harm if harm <= 0.5 => "s3",
            harm if harm <= 0.9 => "s4",
            _ => "s5",
        },
    }
}

/// What the cell came to, a sentence each.
pub(super) fn sentences(cell: &Cell) -> Vec<String> {
    let mut told = Vec::new();
    if cell.promises_nothing() {
        let gone = figures::part(cell.messages.unreported, cell.messages.sent);
        told.push(format!("Success promises nothing here; {gone} of the messages sent are gone, and nobody was told."));
    } else if cell.fails_every_send() {
        told.push(format!("Nothing is promised: {}.", cell.why.as_deref().unwrap_or("no send succeeded")));
    } else {
        told.push(keeping(cell));
    }
    if let Some((guarantee, judged)) = broken_promise(cell) {
        let (runs, of) = (figures::count(judged.runs), figures::number_of(judged.of, "run"));
        let [low, high] = judged.ci95;
        let interval = figures::interval(low, high, "–");
        told.push(format!("{guarantee} is violated in {runs} of {of} (95% interval {interval})."));
    }
    told.extend(cell.doubt().map(|doubt| format!("In doubt: {doubt}.")));
    if cell.runs < cell.planned_runs {
        let (runs, planned) = (figures::count(cell.runs), figures::count(cell.planned_runs));
        told.push(format!("Only {runs} of {planned} runs have ended."));
    }
    if cell.broken_runs > 0 {
        told.push(format!("{} hit a bug of ours.", figures::number_of(cell.broken_runs, "run")));
    }
    told
}

fn keeping(cell: &Cell) -> String {
    let durable = cell.guarantees.get(&Guarantee::Durable).filter(|_| cell.lossy_runs == 0);
    match cell.keeps() {
        CellVerdict::Violated => {
            let [low, high] = durable.map_or(cell.loss.ci95, |durable| durable.ci95);
            let often = capital(&headline::often(cell));
            let (interval, lost) = (figures::interval(low, high, "–"), lost(cell));
            format!("{often}; 95% interval {interval}. {lost}")
        }
        CellVerdict::Holds => format!(
            "No acknowledged message was lost in {}; with 95% confidence at most {} of runs lose one.",
            figures::number_of(cell.decided_runs(), "run"),
            figures::percent(cell.loss.ci95[1]),
        ),
        CellVerdict::Inconclusive => {
            let why = cell.why.as_deref().or(durable.and_then(|durable| durable.why.as_deref()));
            format!("Inconclusive: {}.", why.unwrap_or("too few runs decided anything"))
        }
    }
}

fn lost(cell: &Cell) -> String {
    let messages = &cell.messages;
    let acked = figures::count(messages.acked);
    if messages.lost > 0 {
        format!("{} of {acked} acknowledged messages were never consumed.", figures::count(messages.lost))
    } else {
        format!("{} of {acked} acknowledged messages vanished.", figures::count(messages.vanished))
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

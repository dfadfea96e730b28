//! Loss against cost: a point for each row, and which rows are safe and cheapest.

use serde::Serialize;

use super::plot::{self, Ground, Scale, Tick, round};
use crate::headline;
use crate::matrix::{Matrix, Row};
use crate::result::{Cell, CellVerdict};
use crate::{figures, words};

/// Points nearer than this are drawn as one.
const NEAR: f64 = 13.0;

#[derive(Serialize)]
pub(super) struct Scatter {
    costs: Vec<Choice>,
    /// All faults together, then each class.
    storms: Vec<Choice>,
    plots: Vec<Plot>,
    width: i64,
    height: i64,
}

#[derive(Serialize)]
struct Choice {
    label: String,
}

/// One of the pictures to choose from.
#[derive(Serialize)]
struct Plot {
    cost: usize,
    storm: usize,
    axis: &'static str,
    xs: Vec<Tick>,
    ys: Vec<Tick>,
    points: Vec<Point>,
    /// What to read from it, in a sentence or two.
    note: String,
}

#[derive(Serialize)]
struct Point {
    x: i64,
    y: i64,
    /// The ends of the 95 % interval.
    low: i64,
    high: i64,
    /// `safe`, `loss` or `doubt`.
    kind: &'static str,
    is_best: bool,
    /// Numbers of its rows.
    name: String,
    title: String,
}

/// What a row costs.
#[derive(Copy, Clone)]
struct Cost {
    label: &'static str,
    axis: &'static str,
    scale: Scale,
    /// `None` where it has none: nothing was acknowledged.
    of: fn(&[&Cell]) -> Option<f64>,
}

const COSTS: [Cost; 4] = [
    Cost {
        label: "ack p99",
        axis: "p99 of acknowledgements",
        scale: Scale::Length,
        of: |cells| cells.iter().filter_map(|cell| Some(cell.ack_ms?.p99)).max().map(|ms| ms as f64),
    },
    Cost {
        label: "outage",
        axis: "longest time without a success",
        scale: Scale::Length,
        of: |cells| Some(cells.iter().map(|cell| cell.unavailable_ms.longest).max()? as f64),
    },
    Cost {
        label: "rejected",
        axis: "messages rejected, of those sent",
        scale: Scale::Share,
        of: |cells| share(cells, |cell| cell.messages.rejected),
    },
    Cost {
        label: "duplicates",
        axis: "messages consumed more than once, of those sent",
        scale: Scale::Share,
        of: |cells| share(cells, |cell| cell.messages.duplicated),
    },
];

fn share(cells: &[&Cell], count: fn(&Cell) -> u64) -> Option<f64> {
    let sent: u64 = cells.iter().map(|cell| cell.messages.sent).sum();
    (sent > 0).then(|| cells.iter().map(|cell| count(cell)).sum::<u64>() as f64 / sent as f64)
}

/// A row under some faults.
struct Standing {
    number: usize,
    label: String,
    kind: &'static str,
    loss: f64,
    interval: [f64; 2],
    cost: Option<f64>,
}

impl Scatter {
    pub(super) fn of(matrix: &Matrix<'_>) -> Scatter {
        let choice = |label: &str| Choice { label: label.to_owned() };
        let is_many = matrix.columns.len() > 1;
        let mut storms = vec![choice("all")];
        storms.extend(matrix.columns.iter().filter(|_| is_many).map(|column| choice(column.name)));
        let mut plots = Vec::new();
        for (number, cost) in COSTS.iter().enumerate() {
            for storm in 0..storms.len() {
                plots.push(plot(matrix, number, *cost, storm));
            }
        }
        let costs = COSTS.iter().map(|cost| choice(cost.label)).collect();
        Scatter { costs, storms, plots, width: round(plot::WIDTH), height: round(plot::HEIGHT) }
    }
}

fn plot(matrix: &Matrix<'_>, number: usize, cost: Cost, storm: usize) -> Plot {
    let rows = matrix.rows.iter().zip(1..);
    let standings: Vec<Standing> = rows.filter_map(|(row, number)| standing(row, number, cost, storm)).collect();
    let shown = || standings.iter().filter_map(|it| Some((it, it.cost?)));
    let ground = Ground::of(cost.scale, shown().map(|(_, cost)| cost));
    let best = shown().filter(|(it, _)| it.kind == "safe").map(|(_, cost)| cost).min_by(f64::total_cmp);
    let mut points: Vec<(f64, f64, bool, Vec<&Standing>)> = Vec::new();
    for (it, cost) in shown() {
        let (x, y) = (ground.x(cost), plot::y(it.loss));
        let is_best = it.kind == "safe" && Some(cost) == best;
        let near = points.iter_mut().find(|(px, py, best, others)| {
            others[0].kind == it.kind && *best == is_best && (px - x).abs() < NEAR && (py - y).abs() < NEAR
        });
        match near {
            Some((.., others)) => others.push(it),
            None => points.push((x, y, is_best, vec![it])),
        }
    }
    let points = points.into_iter().map(|(x, y, is_best, rows)| point(x, y, is_best, &rows, cost)).collect();
    let under = match storm.checked_sub(1) {
        None => "every fault class".to_owned(),
        Some(column) => matrix.columns[column].name.to_owned(),
    };
    let note = note(&standings, best, cost, &under, storm == 0 && matrix.columns.len() > 1);
    Plot { cost: number, storm, axis: cost.axis, xs: ground.ticks(), ys: plot::shares(), points, note }
}

fn standing(row: &Row<'_>, number: usize, cost: Cost, storm: usize) -> Option<Standing> {
    let cells: Vec<&Cell> = match storm.checked_sub(1) {
        None => row.cells.iter().flatten().copied().collect(),
        Some(column) => row.cells[column].into_iter().collect(),
    };
    let worst = cells.iter().max_by(|a, b| headline::harm(a).total_cmp(&headline::harm(b)))?;
    let is_silent = |cell: &&Cell| cell.promises_nothing() || cell.fails_every_send();
    // A planned cell that has not run leaves the row undecided.
    let is_whole = storm > 0 || row.cells.iter().all(Option::is_some);
    let kind = if cells.iter().any(|cell| cell.keeps() == CellVerdict::Violated) {
        "loss"
    } else if is_whole && cells.iter().all(|cell| cell.keeps() == CellVerdict::Holds) {
        "safe"
    } else {
        "doubt"
    };
    Some(Standing {
        number,
        label: if row.label.is_empty() { "the only row".to_owned() } else { row.label.clone() },
        kind,
        loss: headline::harm(worst),
        interval: headline::harm_interval(worst),
        cost: if cells.iter().all(is_silent) { None } else { (cost.of)(&cells) },
    })
}

fn point(x: f64, y: f64, is_best: bool, rows: &[&Standing], cost: Cost) -> Point {
    let first = rows[0];
    let title = rows.iter().map(|it| {
        let (loss, [low, high]) = (figures::percent(it.loss), it.interval);
        let interval = figures::interval(low, high, "–");
        let price = it.cost.map_or(String::new(), |price| format!("; {} {}", cost.label, printed(cost.scale, price)));
        format!("row {}: {}: loses in {loss} of runs ({interval}){price}", it.number, it.label)
    });
    Point {
        x: round(x),
        y: round(y),
        low: round(plot::y(first.interval[0])),
        high: round(plot::y(first.interval[1])),
        kind: first.kind,
        is_best,
        name: numbers(rows.iter().map(|it| it.number)),
        title: title.collect::<Vec<_>>().join("\n"),
    }
}

fn note(standings: &[Standing], best: Option<f64>, cost: Cost, under: &str, is_all: bool) -> String {
    let mut told = match best {
        Some(best) if standings.len() == 1 => {
            format!("It loses nothing under {under}; {} {}.", cost.label, printed(cost.scale, best))
        }
        Some(best) => {
            let is_best = |it: &&Standing| it.kind == "safe" && it.cost == Some(best);
            let (rows, price) = (cheapest(standings.iter().filter(is_best)), printed(cost.scale, best));
            format!("Cheapest of those that lose nothing under {under}: {rows}, {} {price}.", cost.label)
        }
        None if is_all => format!("No row is known to lose nothing under {under}; one class may be chosen above."),
        None => format!("No row is known to lose nothing under {under}."),
    };
    let silent: Vec<usize> = standings.iter().filter(|it| it.cost.is_none()).map(|it| it.number).collect();
    if !silent.is_empty() {
        let (rows, do_not) = if silent.len() == 1 { ("Row", "does not") } else { ("Rows", "do not") };
        told.push_str(&format!(" {rows} {} {do_not} acknowledge anything.", numbers(silent.into_iter())));
    }
    told
}

/// Rows by name, the first few of many.
fn cheapest<'s>(rows: impl Iterator<Item = &'s Standing>) -> String {
    const SHOWN: usize = 3;
    let mut labels: Vec<String> = rows.map(|it| format!("{} (row {})", it.label, it.number)).collect();
    if labels.len() > SHOWN + 1 {
        let more = labels.len() - SHOWN;
        labels.truncate(SHOWN);
        labels.push(format!("{more} more rows"));
    }
    words::list(&labels)
}

fn printed(scale: Scale, cost: f64) -> String {
    match scale {
        Scale::Length => figures::ms(cost as u64),
        Scale::Share => figures::percent(cost),
    }
}

/// Ascending numbers with their stretches: `1, 3–5`.
fn numbers(numbers: impl Iterator<Item = usize>) -> String {
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match stretches.last_mut().filter(|(_, last)| *last + 1 == number) {
            Some((_, last)) => *last = number,
            None => stretches.push((number, number)),
        }
    }
    let one = |(first, last): &(usize, usize)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}–{last}"),
    };
    stretches.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_numbers_are_drawn_together() {
        assert_eq!(numbers([1, 2, 4, 6, 7, 8].into_iter()), "1, 2, 4, 6–8");
        assert_eq!(numbers([3].into_iter()), "3");
    }
}

//! A comparison for a terminal: the answer, what differs, each cell, what it costs, and the storms that ended differently.

use super::columns::Columns;
use super::phrases;
use super::{CellChange, Change, Comparison, GuaranteeChange, ScenarioChange};
use crate::figures;
use crate::text::{Look, Page, Tone};

/// Costs are shown of at most so many cells of a scenario, storms of so many cells in all.
const COSTS: usize = 12;
const STORMS: usize = 6;
/// So many reasons for an exit code are printed.
const REASONS: usize = 12;

/// The whole comparison, ending in a newline.
pub fn render(comparison: &Comparison, look: &Look) -> String {
    let mut page = Page::new(look);
    let tone = match comparison.exit {
        0 => Tone::Holds,
        1 => Tone::Loss,
        _ => Tone::Doubt,
    };
    page.paragraph(&phrases::headline(comparison), 0, Some(tone));
    for why in comparison.why.iter().take(REASONS) {
        page.paragraph(why, 2, None);
    }
    if comparison.why.len() > REASONS {
        page.paragraph(
            &format!("and {} more (in --format json)", comparison.why.len() - REASONS),
            2,
            Some(Tone::Quiet),
        );
    }
    let is_one = comparison.scenarios.len() == 1;
    let (quiet, telling): (Vec<&ScenarioChange>, Vec<&ScenarioChange>) =
        comparison.scenarios.iter().partition(|it| !is_one && is_quiet(it));
    for it in telling {
        scenario(&mut page, it, is_one);
    }
    page.gap();
    if !quiet.is_empty() {
        let names: Vec<&str> = quiet.iter().map(|it| it.scenario.as_str()).collect();
        page.entry("The same in every cell:", &names.join(", "), 24, None);
    }
    for (label, names) in [("Only in the base:", &comparison.only_base), ("Only in the head:", &comparison.only_head)] {
        if !names.is_empty() {
            page.entry(label, &names.join(", "), 24, Some(Tone::Doubt));
        }
    }
    storms(&mut page, comparison);
    page.gap();
    page.paragraph(&legend(comparison), 0, Some(Tone::Quiet));
    page.finish()
}

/// Whether there is nothing to say of a scenario but that it is the same.
fn is_quiet(scenario: &ScenarioChange) -> bool {
    let is_same = |cell: &CellChange| cell.change == Change::Same && !cell.guarantees.iter().any(phrases::is_moved);
    scenario.differs.is_empty() && scenario.cells.iter().all(is_same)
}

fn scenario(page: &mut Page<'_>, it: &ScenarioChange, every: bool) {
    page.title(&it.scenario);
    for (label, side) in [("  base", &it.base), ("  head", &it.head)] {
        let row = side.row.as_ref().map_or(String::new(), |row| format!(", {row}"));
        let runs = figures::number_of(side.runs, "run");
        page.entry(
            label,
            &format!("{}{row}: {}, {runs} per cell from seed {}", side.path, side.broker, side.seed),
            11,
            None,
        );
    }
    for differs in &it.differs {
        page.entry("  differs", differs, 11, Some(Tone::Doubt));
    }
    if let Some(pairing) = phrases::pairing(it) {
        page.entry("  runs", &pairing, 11, None);
    }
    table(page, it, every);
    costs(page, it);
}

fn table(page: &mut Page<'_>, scenario: &ScenarioChange, every: bool) {
    let header = vec!["under", "promise", "base", "head", "difference", ""];
    let mut columns = Columns { header, groups: Vec::new(), tone };
    let mut whys: Vec<String> = Vec::new();
    let mut has_others = false;
    for cell in &scenario.cells {
        for (names, it) in lines(cell, every) {
            has_others |= !it.asked;
            let asked = if it.asked { "" } else { " *" };
            let mut change = phrases::change(it.change).to_owned();
            if let Some(why) = &it.why {
                let known = whys.iter().position(|known| known == why).unwrap_or_else(|| {
                    whys.push(why.clone());
                    whys.len() - 1
                });
                change.push_str(&format!(" ({})", known + 1));
            }
            let names = fold(&format!("{names}{asked}"));
            let [base, head] = [&it.base, &it.head].map(phrases::broken);
            columns
                .add(phrases::row(cell), vec![cell.fault.clone(), names, base, head, phrases::difference(it), change]);
        }
        if let Change::New | Change::Gone = cell.change {
            let nothing = || "-".to_owned();
            let change = phrases::change(cell.change).to_owned();
            columns
                .add(phrases::row(cell), vec![cell.fault.clone(), nothing(), nothing(), nothing(), nothing(), change]);
        }
    }
    columns.put(page);
    for (why, n) in whys.iter().zip(1..) {
        page.entry(&format!("  ({n})"), why, 6, Some(Tone::Quiet));
    }
    if has_others {
        page.entry(
            "  *",
            "nobody asked for this promise, so it does not count; --guarantee makes it count",
            6,
            Some(Tone::Quiet),
        );
    }
}

/// A list in lines of a column's width.
fn fold(list: &str) -> String {
    const LINE: usize = 24;
    let mut text = String::new();
    let mut length = 0;
    for item in list.split_inclusive(", ") {
        if length > 0 && length + item.trim_end().len() > LINE {
            text.truncate(text.trim_end().len());
            text.push('\n');
            length = 0;
        }
        text.push_str(item);
        length += item.len();
    }
    text
}

/// The promises of a cell that are shown: those that count, and others that moved.
fn lines(cell: &CellChange, every: bool) -> Vec<(String, &GuaranteeChange)> {
    let shown = |asked: bool| {
        cell.guarantees.iter().filter(move |it| it.asked == asked && (every && asked || phrases::is_moved(it)))
    };
    [phrases::grouped(shown(true)), phrases::grouped(shown(false))].concat()
}

fn tone(text: &str) -> Option<Tone> {
    match text.split(' ').next() {
        Some("worse") => Some(Tone::Loss),
        Some("better") => Some(Tone::Holds),
        Some("undecided" | "gone" | "new") => Some(Tone::Doubt),
        Some(_) | None => None,
    }
}

fn costs(page: &mut Page<'_>, scenario: &ScenarioChange) {
    let changed: Vec<(&CellChange, Vec<String>)> =
        scenario.cells.iter().filter_map(|cell| Some((cell, phrases::costs(cell)?))).collect();
    let header = ["cost under"].into_iter().chain(phrases::FIGURES.iter().map(|(_, name)| *name)).collect();
    let mut columns = Columns { header, groups: Vec::new(), tone: |_| None };
    let more = changed.len().saturating_sub(COSTS);
    for (cell, costs) in changed.into_iter().take(COSTS) {
        columns.add(phrases::row(cell), [vec![cell.fault.clone()], costs].concat());
    }
    columns.put(page);
    if more > 0 {
        let more = figures::number_of(more as u64, "cell");
        page.paragraph(&format!("and {more} more (in --format json)"), 2, Some(Tone::Quiet));
    }
}

fn storms(page: &mut Page<'_>, comparison: &Comparison) {
    let told: Vec<(&ScenarioChange, &CellChange, String, &GuaranteeChange)> = comparison
        .cells()
        .flat_map(|(scenario, cell)| {
            let told = phrases::grouped(cell.guarantees.iter().filter(|it| !it.storms.is_empty()));
            told.into_iter().map(move |(names, it)| (scenario, cell, names, it))
        })
        .collect();
    if told.is_empty() {
        return;
    }
    page.title("Storms that ended differently");
    for (scenario, cell, names, it) in told.iter().take(STORMS) {
        page.paragraph(&format!("{}, {names}: {}", phrases::place(scenario, cell), phrases::flips(it)), 2, None);
        for storm in &it.storms {
            let which = phrases::side(storm);
            let story = phrases::story(&storm.story);
            let colon = if story.is_empty() { "" } else { ": " };
            page.paragraph(&format!("seed {}, {which}{colon}{story}", storm.seed.0), 4, None);
            for command in &storm.commands {
                page.line(format!("      {command}"));
            }
        }
        let rest = it.now_broken.count() + it.now_kept.count() - it.storms.len() as u64;
        if rest > 0 {
            page.paragraph(&format!("and {} more", figures::count(rest)), 4, Some(Tone::Quiet));
        }
    }
    if told.len() > STORMS {
        page.paragraph(&format!("and {} more cells (in --format json)", told.len() - STORMS), 2, Some(Tone::Quiet));
    }
}

fn legend(comparison: &Comparison) -> String {
    format!(
        "difference: percentage points of runs that break the promise, head minus base, with the 95% interval of that line \
         alone. worse, better: beyond chance; the chance of a single false one among the promises that count is at most {}. \
         same: the runs cannot tell the two apart.",
        figures::percent(comparison.alpha),
    )
}

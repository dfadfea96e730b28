//! A comparison as GitHub-flavoured Markdown, for a pull request or the summary of a CI step.

use std::fmt::Write as _;

use super::phrases;
use super::{Change, Comparison, ScenarioChange};
use crate::figures::number_of;

/// So many storms are told in all: a pull request is read by people.
const STORMS: usize = 10;
const REASONS: usize = 20;

/// The whole comparison, ending in a newline.
pub fn render(comparison: &Comparison) -> String {
    let mut text = format!("**{}**\n", phrases::headline(comparison));
    if !comparison.why.is_empty() {
        text.push('\n');
    }
    for why in comparison.why.iter().take(REASONS) {
        let _ = writeln!(text, "* {}", safe(why));
    }
    if comparison.why.len() > REASONS {
        let _ = writeln!(text, "* and {} more", comparison.why.len() - REASONS);
    }
    for (what, names) in [("base", &comparison.only_base), ("head", &comparison.only_head)] {
        if !names.is_empty() {
            let _ = writeln!(text, "\nOnly in the {what}: {}.", safe(&names.join(", ")));
        }
    }
    for it in &comparison.scenarios {
        scenario(&mut text, it);
    }
    storms(&mut text, comparison);
    text
}

fn scenario(text: &mut String, it: &ScenarioChange) {
    let mut rows = Vec::new();
    for cell in &it.cells {
        let shown = cell.guarantees.iter().filter(|it| phrases::is_moved(it));
        for (names, line) in phrases::grouped(shown) {
            let asked = if line.asked { "" } else { " (not asked for)" };
            rows.push([
                phrases::row(cell),
                cell.fault.clone(),
                format!("{names}{asked}"),
                phrases::broken(&line.base),
                phrases::broken(&line.head),
                phrases::difference(line),
                phrases::change(line.change).to_owned(),
            ]);
        }
        if let Change::New | Change::Gone = cell.change {
            let [a, b, c, d] = [const { String::new() }; 4];
            rows.push([phrases::row(cell), cell.fault.clone(), a, b, c, d, phrases::change(cell.change).to_owned()]);
        }
    }
    if rows.is_empty() && it.differs.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n#### {}\n", safe(&it.scenario));
    for differs in &it.differs {
        let _ = writeln!(text, "* {}", safe(differs));
    }
    if let Some(pairing) = phrases::pairing(it) {
        let _ = writeln!(text, "* {pairing}");
    }
    if rows.is_empty() {
        return;
    }
    text.push_str(
        "\n| row | fault | promise | base | head | difference in points | change |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let _ = writeln!(text, "| {} |", row.map(|cell| safe(&cell)).join(" | "));
    }
}

fn storms(text: &mut String, comparison: &Comparison) {
    let told = comparison.cells().flat_map(|(scenario, cell)| {
        let told = phrases::grouped(cell.guarantees.iter().filter(|it| !it.storms.is_empty()));
        told.into_iter().flat_map(move |(names, it)| {
            let place = format!("{}, {names}", phrases::place(scenario, cell));
            it.storms.iter().map(move |storm| (place.clone(), storm))
        })
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        return;
    }
    text.push_str("\n<details><summary>Storms that ended differently</summary>\n");
    for (place, storm) in told.iter().take(STORMS) {
        let which = phrases::side(storm);
        let _ = writeln!(
            text,
            "\n{}: seed {}, {which}. {}\n",
            safe(place),
            storm.seed.0,
            safe(&phrases::story(&storm.story))
        );
        let _ = writeln!(
            text,
            "```console\n{}\n```",
            storm.commands.iter().map(|it| format!("$ {it}")).collect::<Vec<_>>().join("\n")
        );
    }
    if told.len() > STORMS {
        let _ = writeln!(text, "\nand {} more", number_of((told.len() - STORMS) as u64, "storm"));
    }
    text.push_str("\n</details>\n");
}

/// What Markdown and HTML would take for signs of their own.
fn safe(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

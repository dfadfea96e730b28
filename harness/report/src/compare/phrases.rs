//! What every form of a comparison says in the same words.

use indexmap::IndexMap;

use super::{Broken, CellChange, Change, Comparison, Figure, GuaranteeChange, Method, Pairing, ScenarioChange, Told};
use crate::baseline::Cost;
use crate::figures::{self, number_of};
use crate::matrix::ANY;
use crate::result::CellVerdict;
use crate::words;

/// `acks=all, min.insync.replicas=2`; a section is named only where a key alone would not tell two axes apart.
pub(super) fn label(settings: &IndexMap<String, String>) -> String {
    let parts = settings.iter().filter(|(_, value)| *value != ANY);
    parts.map(|(name, value)| format!("{}={value}", short(name, settings))).collect::<Vec<_>>().join(", ")
}

fn short<'n>(name: &'n str, settings: &IndexMap<String, String>) -> &'n str {
    fn bare(name: &str) -> &str {
        name.split_once('.').map_or(name, |(_, key)| key)
    }
    let is_alone = settings.keys().filter(|other| bare(other) == bare(name)).count() == 1;
    if is_alone { bare(name) } else { name }
}

/// `acks=all instead of 1, min.insync.replicas=2` where two rows are compared.
pub(super) fn row(cell: &CellChange) -> String {
    let Some(base) = &cell.base_settings else { return label(&cell.settings) };
    let mut parts = Vec::new();
    for (name, value) in &cell.settings {
        let before = base.get(name).map_or(ANY, String::as_str);
        let short = short(name, &cell.settings);
        match (before, value.as_str()) {
            (ANY, ANY) => {}
            (before, after) if before == after || before == ANY => parts.push(format!("{short}={after}")),
            (before, ANY) => parts.push(format!("{short} of no effect instead of {before}")),
            (before, after) => parts.push(format!("{short}={after} instead of {before}")),
        }
    }
    parts.join(", ")
}

/// `orders: acks=1 under all-power`.
pub(super) fn place(scenario: &ScenarioChange, cell: &CellChange) -> String {
    let row = row(cell);
    let row = if row.is_empty() { String::new() } else { format!("{row} ") };
    format!("{}: {row}under {}", scenario.scenario, cell.fault)
}

pub(super) fn worse(scenario: &ScenarioChange, cell: &CellChange) -> Vec<String> {
    let worse = grouped(cell.guarantees.iter().filter(|it| it.asked && it.change == Change::Worse));
    let told =
        |(names, it): (String, &GuaranteeChange)| format!("{}: {names} worse, {}", place(scenario, cell), shares(it));
    worse.into_iter().map(told).collect()
}

/// What moved in a cell without being worse in what was asked for.
pub(super) fn moved(scenario: &ScenarioChange, cell: &CellChange) -> Vec<String> {
    let place = place(scenario, cell);
    match cell.change {
        Change::New => return vec![format!("{place}: the base does not have this cell")],
        Change::Gone => return vec![format!("{place}: only the base has this cell")],
        Change::Worse | Change::Better | Change::Same | Change::Undecided => {}
    }
    let mut moved = Vec::new();
    if cell.pairing.is_some_and(|pairing| pairing.method == Method::Unpaired) {
        moved.push(format!("{place}: the storms are others"));
    }
    for it in &cell.guarantees {
        match it.change {
            Change::Worse if it.asked => {}
            Change::Worse => moved.push(format!("{place}: {} worse, {}", it.guarantee, shares(it))),
            Change::Better => moved.push(format!("{place}: {} better, {}", it.guarantee, shares(it))),
            Change::Same | Change::Undecided | Change::New | Change::Gone if it.base.verdict != it.head.verdict => {
                let (before, after) = (verdict(it.base.verdict), verdict(it.head.verdict));
                moved.push(format!("{place}: {} was {before} and is {after}, {}", it.guarantee, shares(it)));
            }
            Change::Same | Change::Undecided | Change::New | Change::Gone => {}
        }
    }
    moved
}

pub(super) fn rise(scenario: &ScenarioChange, cell: &CellChange, figure: Figure, base: &Cost, head: &Cost) -> String {
    format!("{}: {} rose from {} to {}", place(scenario, cell), figure.words(), figure.text(base), figure.text(head))
}

pub(super) fn too_little(all: u64, undecided: u64, example: Option<&str>) -> String {
    if all == 0 {
        return "Nothing could be compared: no cell and no promise is judged on both sides.".to_owned();
    }
    let example = example.map_or(String::new(), |why| format!(", for one: {why}"));
    format!("Too little could be compared: {undecided} of {} are undecided{example}.", number_of(all, "verdict"))
}

/// The answer, in one or two sentences.
pub(super) fn headline(comparison: &Comparison) -> String {
    let count = comparison.count;
    let compared = count.worse + count.better + count.same + count.undecided;
    let cells = number_of(compared, "cell");
    let mut parts = Vec::new();
    for (n, word) in [(count.better, "better in"), (count.same, "the same in"), (count.undecided, "undecided in")] {
        if n > 0 {
            parts.push(format!("{word} {}", figures::count(n)));
        }
    }
    for (n, word) in [(count.new, "new"), (count.gone, "gone")] {
        if n > 0 {
            parts.push(format!(
                "{} {}",
                number_of(n, "cell"),
                if n == 1 { format!("is {word}") } else { format!("are {word}") }
            ));
        }
    }
    if count.worse + count.better + count.undecided == 0 {
        let rest = if parts.is_empty() { String::new() } else { format!(", {}", parts[1..].join(", ")) };
        let rest = rest.trim_end_matches(", ");
        return format!("Nothing is worse or better beyond chance in {cells}{rest}.");
    }
    let first = match count.worse {
        0 => format!("Nothing is worse beyond chance in {cells}"),
        worse => format!("Worse in {} of {cells}", figures::count(worse)),
    };
    format!("{}.", [vec![first], parts].concat().join(", "))
}

/// `broken in 2/50 runs, now in 10/50`.
fn shares(it: &GuaranteeChange) -> String {
    let share = |runs: u64, of: u64| format!("{}/{}", figures::count(runs), figures::count(of));
    format!("broken in {} runs, now in {}", share(it.base.runs, it.base.of), share(it.head.runs, it.head.of))
}

/// Percentage points with their sign: `+16 (+5 to +28)`.
pub(super) fn difference(it: &GuaranteeChange) -> String {
    if it.base.of == 0 || it.head.of == 0 {
        return "-".to_owned();
    }
    let [low, high] = it.ci95;
    format!("{} ({} to {})", points(it.difference), points(low), points(high))
}

fn points(difference: f64) -> String {
    let size = difference.abs() * 100.0;
    let digits = if size >= 10.0 || size.fract() < 0.05 || size.fract() > 0.95 { 0 } else { 1 };
    let text = format!("{size:.digits$}");
    if text.chars().all(|c| matches!(c, '0' | '.')) {
        return "0".to_owned();
    }
    format!("{}{text}", if difference > 0.0 { "+" } else { "-" })
}

/// `12/50`, and `0/9 ?` of a cell that is inconclusive.
pub(super) fn broken(it: &Broken) -> String {
    let doubt = if it.verdict == CellVerdict::Inconclusive { " ?" } else { "" };
    format!("{}/{}{doubt}", figures::count(it.runs), figures::count(it.of))
}

fn verdict(verdict: CellVerdict) -> &'static str {
    match verdict {
        CellVerdict::Holds => "holds",
        CellVerdict::Violated => "violated",
        CellVerdict::Inconclusive => "inconclusive",
    }
}

pub(super) fn change(it: Change) -> &'static str {
    match it {
        Change::Worse => "worse",
        Change::Better => "better",
        Change::Same => "same",
        Change::Undecided => "undecided",
        Change::New => "new",
        Change::Gone => "gone",
    }
}

/// How the runs were brought together, for a scenario: the cells added up.
pub(super) fn pairing(scenario: &ScenarioChange) -> Option<String> {
    let all: Vec<Pairing> = scenario.cells.iter().filter_map(|cell| cell.pairing).collect();
    if all.is_empty() {
        return None;
    }
    let sum = |of: fn(&Pairing) -> u64| all.iter().map(of).sum::<u64>();
    let pairs = sum(|it| it.pairs);
    let mut parts = vec![format!("{} of runs met the same storm", number_of(pairs, "pair"))];
    let others = [
        (sum(|it| it.other_storm), "with the same seed met different storms"),
        (sum(|it| it.unknown_storm), "are of results in which storms are not written down"),
        (sum(|it| it.only_base), "have a seed that only the base ran"),
        (sum(|it| it.only_head), "have a seed that only the head ran"),
    ];
    parts.extend(others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", figures::count(*n))));
    let unpaired = all.iter().filter(|it| it.method == Method::Unpaired).count() as u64;
    let method = match unpaired {
        0 => "McNemar's exact test".to_owned(),
        _ if unpaired == all.len() as u64 => {
            "not compared as pairs, but as samples with Fisher's exact test".to_owned()
        }
        some => format!("{} not compared as pairs, but as samples with Fisher's exact test", number_of(some, "cell")),
    };
    parts.push(method);
    Some(parts.join("; "))
}

/// The costs that a reader compares.
pub(super) const FIGURES: [(Figure, &str); 4] = [
    (Figure::P99, "p99 of acks"),
    (Figure::Unavailable, "longest wait"),
    (Figure::Rejected, "rejected"),
    (Figure::Duplicated, "consumed twice"),
];

/// Each cost as `6 ms to 21.6 s`, or as it stays; `None` where all stay.
pub(super) fn costs(cell: &CellChange) -> Option<Vec<String>> {
    let (base, head) = (cell.base_cost.as_ref()?, cell.head_cost.as_ref()?);
    let mut any = false;
    let texts = FIGURES.iter().map(|(figure, _)| {
        let (before, after) = (figure.text(base), figure.text(head));
        any |= before != after;
        if before == after { after } else { format!("{before} to {after}") }
    });
    let texts = texts.collect();
    any.then_some(texts)
}

/// `12 storms break it in the head alone, 1 in the base alone`.
pub(super) fn flips(it: &GuaranteeChange) -> String {
    let of =
        |n: u64| if n == 1 { "1 storm breaks it".to_owned() } else { format!("{} storms break it", figures::count(n)) };
    match (it.now_broken.count(), it.now_kept.count()) {
        (head, 0) => format!("{} in the head alone", of(head)),
        (0, base) => format!("{} in the base alone", of(base)),
        (head, base) => format!("{} in the head alone, {} in the base alone", of(head), figures::count(base)),
    }
}

/// Which side broke the promise in a storm.
pub(super) fn side(storm: &Told) -> &'static str {
    if storm.now_broken { "broken in the head" } else { "broken in the base" }
}

/// Promises of a cell that came to the same numbers are told together.
pub(super) fn grouped<'a>(guarantees: impl Iterator<Item = &'a GuaranteeChange>) -> Vec<(String, &'a GuaranteeChange)> {
    let mut groups: Vec<(Vec<String>, &GuaranteeChange)> = Vec::new();
    for it in guarantees {
        let alike = |other: &GuaranteeChange| {
            (other.change, other.base, other.head, &other.now_broken, &other.now_kept, &other.why)
                == (it.change, it.base, it.head, &it.now_broken, &it.now_kept, &it.why)
        };
        match groups.iter_mut().find(|(_, first)| alike(first)) {
            Some((names, _)) => names.push(it.guarantee.to_string()),
            None => groups.push((vec![it.guarantee.to_string()], it)),
        }
    }
    groups.into_iter().map(|(names, it)| (names.join(", "), it)).collect()
}

/// Whether a promise is worth a line where only what moved is shown.
pub(super) fn is_moved(it: &GuaranteeChange) -> bool {
    matches!(it.change, Change::Worse | Change::Better) || it.base.verdict != it.head.verdict
}

/// The story of a storm as one sentence.
pub(super) fn story(steps: &[String]) -> String {
    match steps {
        [] => String::new(),
        [one] => words::capital(one),
        many => many.iter().zip(1..).map(|(step, n)| format!("({n}) {step}")).collect::<Vec<_>>().join(". "),
    }
}

//! What is missing of a plan, in words: which shards, and of them which cells and seeds.

use std::collections::BTreeMap;

use ackproof_report::words::{count, number_of};

use super::parts::Part;
use crate::plan::Plan;
use crate::shard::Shard;

/// Cells that are listed one by one.
const CELLS_SHOWN: usize = 12;
/// Stretches of seeds that are listed of a cell.
const STRETCHES_SHOWN: usize = 8;

/// What is missing, a line each; empty when nothing is. `units` are runs that are nowhere, by number of the run and of the
/// cell; `unended` are parts that have their runs and did not get to their end.
pub fn told(plan: &Plan, parts: &[Part], units: &[(u32, usize)], unended: &[&Part]) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(total) = parts.first().map(|part| part.shard.total()) else { return lines };
    if !units.is_empty() {
        let (missing, all) = (count(units.len() as u64), number_of(plan.units().count() as u64, "run"));
        lines.push(format!("{}: {missing} of {all} are missing", plan.scenario.name));
    }
    for shard in (1..=total).filter_map(|number| Shard::new(number, total).ok().flatten()) {
        let missing = units.iter().filter(|(index, cell)| shard.holds(*index, *cell)).count() as u64;
        let folders: Vec<String> =
            parts.iter().filter(|part| part.shard == shard).map(|part| part.folder.display().to_string()).collect();
        let is_unended = unended.iter().any(|part| part.shard == shard);
        let all: u64 = (0..plan.cells.len()).map(|cell| u64::from(shard.runs_of(cell, plan.scenario.runs))).sum();
        if folders.is_empty() && all > 0 {
            lines.push(format!("  shard {shard} is nowhere: run it with --shard {shard}"));
        } else if missing > 0 {
            let (missing, all, folders) = (count(missing), number_of(all, "run"), folders.join(", "));
            lines.push(format!("  shard {shard} lacks {missing} of {all} ({folders}): run it again, it goes on"));
        } else if is_unended {
            let folders = folders.join(", ");
            lines.push(format!("  shard {shard} has its runs but did not end ({folders}): run it again, it goes on"));
        }
    }
    lines.extend(cells(plan, units));
    lines
}

fn cells(plan: &Plan, units: &[(u32, usize)]) -> Vec<String> {
    let mut of_cells: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (index, cell) in units {
        of_cells.entry(*cell).or_default().push(*index);
    }
    let shown = of_cells.iter().take(CELLS_SHOWN);
    let mut lines: Vec<String> = shown
        .map(|(cell, indices)| format!("  {}: seeds {}", plan.cells[*cell].plan.id, seeds(plan, indices)))
        .collect();
    if of_cells.len() > CELLS_SHOWN {
        lines.push(format!("  and runs of {} more cells", of_cells.len() - CELLS_SHOWN));
    }
    lines
}

/// `1, 3-7, 9`, and no end of it.
fn seeds(plan: &Plan, indices: &[u32]) -> String {
    let mut stretches: Vec<(u32, u32)> = Vec::new();
    for &index in indices {
        match stretches.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            Some(_) | None => stretches.push((index, index)),
        }
    }
    let seed = |index| plan.seed(index).0;
    let mut words: Vec<String> = stretches
        .iter()
        .take(STRETCHES_SHOWN)
        .map(|&(first, last)| match first == last {
            true => seed(first).to_string(),
            false => format!("{}-{}", seed(first), seed(last)),
        })
        .collect();
    if stretches.len() > STRETCHES_SHOWN {
        words.push("...".to_owned());
    }
    words.join(", ")
}

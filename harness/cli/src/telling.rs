//! Storms that ended differently on the two sides, told: what happens in them, and what to type to see it again.

use std::path::Path;

use ackproof_core::seed::Seed;
use ackproof_report::baseline::{Baseline, Settings, Standing};
use ackproof_report::compare::{CellChange, Change, Comparison, GuaranteeChange, Told};
use ackproof_report::matrix::ANY;
use ackproof_report::words;
use ackproof_sim::Engine;

use crate::plan::Plan;
use crate::registry;
use crate::side::{Loaded, Origin};
use crate::storm::storm_of;

/// Tells up to `most` storms of each promise that moved.
pub fn tell(comparison: &mut Comparison, sides: &[(&Loaded, &Loaded)], most: usize, program: &str) {
    for (scenario, (base, head)) in comparison.scenarios.iter_mut().zip(sides) {
        let read = if head.plan.is_none() { plan_of(&head.result) } else { None };
        let teller = Teller { base, head, plan: head.plan.as_ref().or(read.as_ref()), program };
        for cell in &mut scenario.cells {
            // What nobody asked for is told only where nothing else moved.
            let asked = cell.guarantees.iter().any(|it| it.asked && is_moved(it));
            let tell = |it: &GuaranteeChange| it.asked == asked && is_moved(it);
            let of = |it| if tell(it) { teller.storms(cell, it, most) } else { Vec::new() };
            let told: Vec<Vec<Told>> = cell.guarantees.iter().map(of).collect();
            for (guarantee, storms) in cell.guarantees.iter_mut().zip(told) {
                guarantee.storms = storms;
            }
        }
    }
}

fn is_moved(it: &GuaranteeChange) -> bool {
    match it.change {
        Change::Worse | Change::Better => true,
        Change::Same | Change::Undecided => it.base.verdict != it.head.verdict,
        Change::New | Change::Gone => false,
    }
}

struct Teller<'a> {
    base: &'a Loaded,
    head: &'a Loaded,
    /// The head's, where it or the scenario's file is at hand.
    plan: Option<&'a Plan>,
    program: &'a str,
}

/// The plan that the file of a result describes now; `None` where there is no such file.
fn plan_of(result: &Baseline) -> Option<Plan> {
    let path = Path::new(&result.file);
    if result.file.is_empty() || result.set.iter().any(|pair| pair.ends_with("=(hidden)")) {
        return None;
    }
    let scenario = ackproof_scenario::load_with(path, &registry::brokers(), &result.set).ok()?;
    Some(Plan::of(scenario, Engine::Event))
}

impl Teller<'_> {
    /// What is told of a promise: storms that got worse before those that got better, and of each kind those first of which
    /// a replay file is kept, then by seed.
    fn storms(&self, cell: &CellChange, it: &GuaranteeChange, most: usize) -> Vec<Told> {
        let flipped = it.now_broken.0.iter().map(|seed| (true, *seed));
        let mut flipped: Vec<(bool, Seed)> = flipped.chain(it.now_kept.0.iter().map(|seed| (false, *seed))).collect();
        flipped.sort_by_key(|&(now_broken, seed)| (!now_broken, self.kept(cell, now_broken, seed).is_none(), seed));
        let tell = |(now_broken, seed)| Told {
            seed,
            now_broken,
            story: self.story(cell, seed).unwrap_or_default(),
            commands: self.commands(cell, now_broken, seed),
        };
        flipped.into_iter().take(most).map(tell).collect()
    }

    /// The replay file of the side that broke the promise, if it kept one of this run.
    fn kept(&self, cell: &CellChange, now_broken: bool, seed: Seed) -> Option<String> {
        let (side, id) = if now_broken { (self.head, &cell.ids[1]) } else { (self.base, &cell.ids[0]) };
        let Origin::Results(folder) = &side.origin else { return None };
        let file = folder.join("failures").join(format!("{}-{}.replay.yaml", id.as_ref()?, seed.0));
        file.is_file().then(|| file.display().to_string())
    }

    /// The faults in words, when the scenario at hand still draws the storm that the run met.
    fn story(&self, cell: &CellChange, seed: Seed) -> Option<Vec<String>> {
        let plan = self.plan?;
        let standing = self.standing(self.head, cell.ids[1].as_ref()?)?;
        let planned =
            plan.cells.iter().find(|it| it.plan.settings == standing.settings && it.plan.fault == cell.fault)?;
        let schedule = plan.bed(planned).schedule(seed);
        let is_the_same = standing.runs.get(&seed)?.as_ref() == Some(&storm_of(&schedule));
        is_the_same.then(|| words::story(&schedule.faults))
    }

    fn standing<'s>(&self, side: &'s Loaded, id: &str) -> Option<&'s Standing> {
        side.result.cells.iter().find(|it| it.id == id)
    }

    /// What to type: the replay that is kept, and the same faults with the other side's settings; else the run itself.
    fn commands(&self, cell: &CellChange, now_broken: bool, seed: Seed) -> Vec<String> {
        let mut commands = Vec::new();
        if let Some(file) = self.kept(cell, now_broken, seed) {
            let replay = format!("{} replay {}", self.program, word(&file));
            let set = self.other_settings(cell, now_broken);
            commands.push(replay.clone());
            if !set.is_empty() && self.base.result.broker == self.head.result.broker {
                commands.push(format!("{replay}{set}"));
            }
            return commands;
        }
        // Of two results the base's was run by other rules or other files: only the head can be run as it is. Of two rows the
        // one that broke the promise can.
        let is_head = now_broken || cell.base_settings.is_none();
        let (side, id) = if is_head { (self.head, &cell.ids[1]) } else { (self.base, &cell.ids[0]) };
        commands.extend(self.run(side, id, seed));
        commands
    }

    /// ` --set key=value` for whatever the side that kept the promise has otherwise.
    fn other_settings(&self, cell: &CellChange, now_broken: bool) -> String {
        let rows = (cell.base_settings.as_ref().unwrap_or(&cell.settings), &cell.settings);
        let configs = (&self.base.result.config, &self.head.result.config);
        let (rows, configs) = if now_broken { ((rows.1, rows.0), (configs.1, configs.0)) } else { (rows, configs) };
        let other = |(broke, kept): (&Settings, &Settings)| {
            let is_writable = |value: &str| value != ANY && value != "(hidden)";
            let differs = kept.iter().filter(|(key, value)| broke.get(*key) != Some(*value) && is_writable(value));
            differs.map(|(key, value)| format!(" --set {}", word(&format!("{key}={value}")))).collect::<String>()
        };
        other(configs) + &other(rows)
    }

    /// The command that runs exactly this run; `None` where the scenario's file is not known.
    fn run(&self, side: &Loaded, id: &Option<String>, seed: Seed) -> Option<String> {
        let standing = self.standing(side, id.as_ref()?)?;
        if side.result.file.is_empty() {
            return None;
        }
        let values = standing.settings.iter().filter(|(_, value)| *value != ANY);
        let only: Vec<String> = values.map(|(axis, value)| format!("{axis}={value}")).collect();
        let only = if only.is_empty() { String::new() } else { format!(" --only {}", word(&only.join(","))) };
        let set: String = side.result.set.iter().map(|pair| format!(" --set {}", word(pair))).collect();
        let (file, fault) = (word(&side.result.file), word(&standing.fault));
        Some(format!("{} run {file}{only} --fault {fault}{set} --seed {} --runs 1", self.program, seed.0))
    }
}

/// A word as a shell takes it for one.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/=:,@+%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

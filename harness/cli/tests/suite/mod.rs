//! A scenario as a set of tests: its cells, each simulated when the first test looks at it and never twice, and what
//! the scenario expects of them.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use ackproof::expectation;
use ackproof::plan::Plan;
use ackproof::progress::Progress;
use ackproof::registry;
use ackproof::sweep::{Swept, sweep};
use ackproof::verify::Sample;
use ackproof_core::guarantee::Guarantee;
use ackproof_core::verdict::Judgement;
use ackproof_report::result::{Cell, Expectation as Reported, ExpectationOutcome, RunLine, RunVerdict};
use ackproof_report::store::Recorded;
use ackproof_scenario::{Demand, Diagnostics, Expectation, Scenario};
use ackproof_sim::Engine;

/// One scenario.
pub struct Suite {
    /// What the names of its tests begin with: `kafka/power-loss`.
    pub name: String,
    /// How a command names it.
    file: String,
    plan: Plan,
    ran: Vec<OnceLock<Ran>>,
    simulated: AtomicUsize,
}

/// What one cell came to.
struct Ran {
    cell: Cell,
    swept: Swept,
}

/// What was promised, what was seen, and how to see it again.
pub type Shortfall = String;

impl Suite {
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn load(name: &str, path: &Path, file: &str) -> Result<Suite, Diagnostics> {
        Ok(Suite::of(name, file, ackproof_scenario::load(path, &registry::brokers())?))
    }

    /// # Errors
    /// Everything that is wrong with the text.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Suite, Diagnostics> {
        Ok(Suite::of(name, file, ackproof_scenario::parse(name, text, &registry::brokers(), &[])?))
    }

    fn of(name: &str, file: &str, scenario: Scenario) -> Suite {
        let plan = Plan::of(scenario, Engine::Event);
        let ran = plan.cells.iter().map(|_| OnceLock::new()).collect();
        Suite { name: name.to_owned(), file: file.to_owned(), plan, ran, simulated: AtomicUsize::new(0) }
    }

    /// Names of the cells' tests, in the plan's order.
    pub fn cell_names(&self) -> Vec<String> {
        let name = |cell| {
            let label = self.plan.row(cell).label();
            let row = if label.is_empty() { "the only row".to_owned() } else { label };
            format!("{}::{row}::{}", self.name, cell.plan.fault)
        };
        self.plan.cells.iter().map(name).collect()
    }

    /// The lines that expect something, each once.
    pub fn expectation_lines(&self) -> Vec<u32> {
        let mut lines: Vec<u32> = self.plan.scenario.expectations.iter().map(|expected| expected.line).collect();
        lines.dedup();
        lines
    }

    /// How many cells have been simulated.
    pub fn simulated(&self) -> usize {
        self.simulated.load(Ordering::Relaxed)
    }

    /// Looks at one cell: nothing broke, both engines agree on the sample, and every promise about it is kept. Whether
    /// a canary bites is a question about the whole result, and asked in a test of its own.
    ///
    /// # Errors
    /// [`Shortfall`], of everything that is wrong.
    pub fn check_cell(&self, index: usize) -> Result<(), Shortfall> {
        let ran = self.ran(index);
        let command = |seed| self.command(index, seed);
        let mut wrong = Vec::new();
        for run in &ran.swept.runs[&self.plan.cells[index].plan.id] {
            if let Some(message) = &run.broken {
                wrong.push(shortfall(
                    "no run breaks",
                    &format!("a bug of ours: {message}"),
                    &command(Some(run.seed.0)),
                ));
            }
        }
        for mismatch in &ran.swept.verified.differing {
            let promised = "both engines give the same history";
            wrong.push(shortfall(promised, &mismatch.what, &format!("{} --verify 100%", command(Some(mismatch.seed)))));
        }
        for reported in self.judge(&[index]).iter().filter(|reported| !reported.canary) {
            wrong.extend(self.unmet(reported, &[index]));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    /// Looks at everything that a line of the scenario expects, over all cells that it speaks of.
    ///
    /// # Errors
    /// [`Shortfall`].
    pub fn check_line(&self, line: u32) -> Result<(), Shortfall> {
        let expected: Vec<&Expectation> = self.expected(line).collect();
        let covers = |index: &usize| {
            let cell = &self.plan.cells[*index];
            expected.iter().any(|expected| expected.covers(self.plan.row(cell), &cell.plan.fault))
        };
        let covered: Vec<usize> = (0..self.plan.cells.len()).filter(covers).collect();
        let reported = self.judge(&covered);
        let of_line = reported.iter().filter(|reported| reported.line == Some(u64::from(line)));
        let wrong: Vec<Shortfall> = of_line.filter_map(|reported| self.unmet(reported, &covered)).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    fn expected(&self, line: u32) -> impl Iterator<Item = &Expectation> {
        self.plan.scenario.expectations.iter().filter(move |expected| expected.line == line)
    }

    /// The outcome of every expectation, as `run` would report it if it had run these cells and no other.
    fn judge(&self, indices: &[usize]) -> Vec<Reported> {
        let cells: Vec<Cell> = indices.iter().map(|&index| self.ran(index).cell.clone()).collect();
        expectation::judge(&self.part(indices), &cells)
    }

    /// The plan without the other cells.
    fn part(&self, indices: &[usize]) -> Plan {
        let mut part = Plan::of(self.plan.scenario.clone(), Engine::Event);
        let mut index = 0..;
        part.cells.retain(|_| index.next().is_some_and(|index| indices.contains(&index)));
        part
    }

    fn ran(&self, index: usize) -> &Ran {
        self.ran[index].get_or_init(|| {
            self.simulated.fetch_add(1, Ordering::Relaxed);
            let part = self.part(&[index]);
            let swept = sweep(&part, None, Recorded::default(), Sample::DEFAULT, 1, &mut Progress::Quiet)
                .expect("nothing is written, so nothing fails to be");
            let plan = &part.cells[0].plan;
            Ran { cell: Cell::of(plan, &swept.runs[&plan.id], None), swept }
        })
    }

    /// What there is to say about an expectation that is not met.
    fn unmet(&self, reported: &Reported, covered: &[usize]) -> Option<Shortfall> {
        let verdict = match reported.outcome {
            ExpectationOutcome::Met => return None,
            ExpectationOutcome::Violated => "violated",
            ExpectationOutcome::Inconclusive => "inconclusive",
        };
        let line = reported.line.unwrap_or_default() as u32;
        let because = self.expected(line).find_map(|expected| expected.reason.clone());
        let because = because.map_or(String::new(), |reason| format!(", because {reason}"));
        let promised = format!("{} ({}:{line}){because}", reported.text, self.file);
        let (index, run) = self.exhibit(line, covered);
        let example = run.map_or(String::new(), |run| self.example(line, run));
        let seen = format!("{verdict}: {}{example}", reported.why);
        Some(shortfall(&promised, &seen, &self.command(index, run.map(|run| run.seed.0))))
    }

    /// The cell, and if possible the run of it, that shows best what is wrong: one that breaks what the line promises.
    fn exhibit(&self, line: u32, covered: &[usize]) -> (usize, Option<&RunLine>) {
        let promised = self.promised(line);
        let breaks = |index: usize| {
            let runs = self.ran(index).swept.runs.values().flatten();
            let mut broken = runs.filter(|run| {
                let mut verdicts = promised.iter().map(|&guarantee| run.verdict(guarantee));
                verdicts.any(|verdict| matches!(verdict, Some(RunVerdict::Violated(_))))
            });
            broken.next().map(|run| (index, Some(run)))
        };
        let first = covered.first().copied().unwrap_or_default();
        covered.iter().find_map(|&index| breaks(index)).unwrap_or((first, None))
    }

    fn promised(&self, line: u32) -> Vec<Guarantee> {
        let demands = self.expected(line).map(|expected| &expected.demand);
        let promises =
            demands.filter_map(|demand| if let Demand::Promises(promises) = demand { Some(promises) } else { None });
        promises.flatten().map(|promise| promise.guarantee).collect()
    }

    /// How a run breaks what the line promises, and the messages that show it.
    fn example(&self, line: u32, run: &RunLine) -> String {
        let shown = self.promised(line).into_iter().find_map(|guarantee| match run.guarantees.get(&guarantee)? {
            Judgement::Violated { messages, why } => Some((messages, why)),
            Judgement::Holds | Judgement::Inconclusive { .. } => None,
        });
        let Some((messages, why)) = shown else { return String::new() };
        let messages: Vec<String> = messages.iter().map(ToString::to_string).collect();
        let messages = if messages.is_empty() { String::new() } else { format!(" ({})", messages.join(", ")) };
        format!("\nfor one:  {why}{messages}")
    }

    /// The command that runs a cell again, or one run of it; its output names a replay file for whatever fails.
    fn command(&self, index: usize, seed: Option<u64>) -> String {
        let cell = &self.plan.cells[index];
        let row = self.plan.row(cell);
        let words: Vec<String> = row.cells.iter().map(|cell| format!("{}={}", cell.axis, cell.values[0])).collect();
        let only = if words.is_empty() { String::new() } else { format!(" --only '{}'", words.join(",")) };
        let seed = seed.map_or(String::new(), |seed| format!(" --seed {seed} --runs 1"));
        format!("ackproof run {}{only} --fault {}{seed}", self.file, cell.plan.fault)
    }
}

fn shortfall(promised: &str, seen: &str, command: &str) -> Shortfall {
    format!("promised: {promised}\nseen:     {seen}\nagain:    {command}")
}

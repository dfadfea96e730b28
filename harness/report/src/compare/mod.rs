//! Two results held against each other: for each cell and promise better, worse or the same, as far as the runs can tell.
//!
//! Runs of one seed that met the same storm are compared as pairs, see [`crate::significance`]. Where fewer than half of the
//! runs have such a partner the two are compared as samples, and every form of the report says so. What decides between
//! cells is the whole family of tests, so that the chance of calling anything better or worse while nothing differs stays
//! below `alpha`, however large the matrix is.
//!
//! Nothing is judged anew and nothing is simulated: a run broke a promise, kept it or is undecided as its result says.

mod cells;
mod columns;
mod differs;
mod limits;
pub mod markdown;
mod matching;
mod phrases;
pub mod text;

use ackproof_core::guarantee::Guarantee;
use ackproof_core::seed::Seed;
use indexmap::IndexMap;
use serde::Serialize;

pub use limits::{FailOn, Figure, Limit};
pub use matching::{Match, Matched, Unmatched};

use crate::baseline::{Baseline, Cost, Seeds};
use crate::result::{CellVerdict, VERSION};

/// How to compare.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// The chance of a false alarm in the whole comparison that is accepted, above 0 and below 1.
    pub alpha: f64,
    /// Promises that decide the exit code, beside no-acked-loss, durable and what expectations ask for.
    pub guarantees: Vec<Guarantee>,
    pub fail_on: Vec<FailOn>,
}

impl Default for Options {
    fn default() -> Options {
        Options { alpha: 0.05, guarantees: Vec::new(), fail_on: Vec::new() }
    }
}

/// What a comparison came to; `compare --format json` prints it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    pub v: u32,
    pub alpha: f64,
    /// 0 nothing is worse, 1 something is or `--fail-on` says so, 3 too little could be compared.
    pub exit: u8,
    /// Why the exit code is not 0, a sentence each.
    pub why: Vec<String>,
    pub count: Count,
    pub scenarios: Vec<ScenarioChange>,
    /// Scenarios that only one side has.
    pub only_base: Vec<String>,
    pub only_head: Vec<String>,
}

/// How many cells changed in which way.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize)]
pub struct Count {
    pub worse: u64,
    pub better: u64,
    pub same: u64,
    pub undecided: u64,
    pub new: u64,
    pub gone: u64,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ScenarioChange {
    pub scenario: String,
    pub base: Side,
    pub head: Side,
    /// What differs between the two beside what they came to, a sentence each.
    pub differs: Vec<String>,
    pub cells: Vec<CellChange>,
}

/// Where one of the two results comes from.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Side {
    /// As the reader named it.
    pub path: String,
    pub broker: String,
    pub engine: String,
    pub ackproof: String,
    pub seed: u64,
    /// Seeds per cell.
    pub runs: u64,
    /// The rows that were picked; `None` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
}

/// One cell.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CellChange {
    /// Of the head, or of the base where the cell is gone.
    pub settings: IndexMap<String, String>,
    /// Of the base, where two rows are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_settings: Option<IndexMap<String, String>>,
    pub fault: String,
    /// Names the cell's files in the base and in the head.
    pub ids: [Option<String>; 2],
    /// The worst of the promises that count.
    pub change: Change,
    /// `None` for a cell that only one side has.
    pub pairing: Option<Pairing>,
    pub guarantees: Vec<GuaranteeChange>,
    pub base_cost: Option<Cost>,
    pub head_cost: Option<Cost>,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Beyond chance.
    Worse,
    Better,
    /// Not beyond chance; the interval says what cannot be ruled out.
    Same,
    /// Too few runs decided the promise on both sides, or too few for as many tests.
    Undecided,
    New,
    Gone,
}

/// How the runs of a cell were brought together.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize)]
pub struct Pairing {
    pub method: Method,
    /// Runs of one seed that met the same storm.
    pub pairs: u64,
    /// Runs of one seed that met different storms.
    pub other_storm: u64,
    /// Runs of one seed of which a storm is not written down.
    pub unknown_storm: u64,
    /// Runs whose seed the other side did not run.
    pub only_base: u64,
    pub only_head: u64,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// McNemar's test.
    Paired,
    /// Fisher's test.
    Unpaired,
}

/// One promise in one cell.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GuaranteeChange {
    pub guarantee: Guarantee,
    /// Whether it counts for the exit code.
    pub asked: bool,
    pub change: Change,
    /// Why, where it is undecided or where nothing was tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub base: Broken,
    pub head: Broken,
    /// The share that broke it in the head minus that in the base, with the 95 % interval of this cell alone.
    pub difference: f64,
    pub ci95: [f64; 2],
    pub p: f64,
    /// Corrected for the number of cells and promises.
    pub p_corrected: f64,
    /// Seeds of pairs that kept it in the base and break it in the head, and the other way round.
    pub now_broken: Seeds,
    pub now_kept: Seeds,
    /// Some of those, told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub storms: Vec<Told>,
}

/// Runs that broke a promise, of those that were compared; and the verdict of the whole cell.
#[derive(Copy, Clone, PartialEq, Debug, Serialize)]
pub struct Broken {
    pub runs: u64,
    pub of: u64,
    pub verdict: CellVerdict,
}

/// A storm that ended differently.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Told {
    pub seed: Seed,
    /// Whether the promise is broken in the head.
    pub now_broken: bool,
    /// The faults in plain words; empty where the scenario is not at hand.
    pub story: Vec<String>,
    /// Commands that run it again.
    pub commands: Vec<String>,
}

/// One scenario to compare, with how the reader named the two sides.
pub struct Compared<'a> {
    pub matched: Matched<'a>,
    pub paths: [String; 2],
}

impl Comparison {
    /// Compares. `only_base` and `only_head` name the scenarios that only one side has.
    pub fn of(all: &[Compared<'_>], only_base: Vec<String>, only_head: Vec<String>, options: &Options) -> Comparison {
        let mut drafts: Vec<Vec<cells::Draft<'_>>> =
            all.iter().map(|it| it.matched.cells.iter().map(|cell| cells::draft(*cell, options)).collect()).collect();
        cells::correct(drafts.iter_mut().flatten(), options.alpha);
        let mut scenarios = Vec::new();
        for (it, drafts) in all.iter().zip(drafts) {
            let Matched { base, head, rows, .. } = &it.matched;
            let [base_row, head_row] = rows.clone().map_or([None, None], |rows| rows.map(Some));
            let is_rows = rows.is_some();
            scenarios.push(ScenarioChange {
                scenario: head.scenario.clone(),
                base: side(base, &it.paths[0], base_row),
                head: side(head, &it.paths[1], head_row),
                differs: differs::differs(base, head),
                cells: drafts.into_iter().map(|draft| draft.finish(is_rows, options.alpha)).collect(),
            });
        }
        let mut comparison = Comparison {
            v: VERSION,
            alpha: options.alpha,
            exit: 0,
            why: Vec::new(),
            count: count(&scenarios),
            scenarios,
            only_base,
            only_head,
        };
        comparison.conclude(options);
        comparison
    }

    /// What is wrong, and how a command ends that came to this.
    fn conclude(&mut self, options: &Options) {
        let mut why = Vec::new();
        for (scenario, cell) in self.cells() {
            why.extend(phrases::worse(scenario, cell));
        }
        for fail_on in &options.fail_on {
            match *fail_on {
                FailOn::Change => why.extend(self.moved()),
                FailOn::Rise(figure, limit) => {
                    let risen = self.cells().filter_map(|(scenario, cell)| {
                        let (base, head) = (cell.base_cost.as_ref()?, cell.head_cost.as_ref()?);
                        figure.rose(base, head, limit).then(|| phrases::rise(scenario, cell, figure, base, head))
                    });
                    why.extend(risen);
                }
            }
        }
        if !why.is_empty() {
            (self.exit, self.why) = (1, why);
        } else if let Some(too_little) = self.too_little() {
            (self.exit, self.why) = (3, vec![too_little]);
        }
    }

    fn cells(&self) -> impl Iterator<Item = (&ScenarioChange, &CellChange)> {
        self.scenarios.iter().flat_map(|scenario| scenario.cells.iter().map(move |cell| (scenario, cell)))
    }

    /// Everything that moved and is not said to be worse.
    fn moved(&self) -> Vec<String> {
        let mut moved = Vec::new();
        moved.extend(self.only_base.iter().map(|name| format!("{name}: only the base has this scenario")));
        moved.extend(self.only_head.iter().map(|name| format!("{name}: the base does not have this scenario")));
        for (scenario, cell) in self.cells() {
            moved.extend(phrases::moved(scenario, cell));
        }
        moved
    }

    /// Too little was compared when fewer than half of the promises that count could be.
    fn too_little(&self) -> Option<String> {
        let asked = || self.cells().flat_map(|(_, cell)| cell.guarantees.iter().filter(|it| it.asked));
        let undecided = || asked().filter(|it| it.change == Change::Undecided);
        let (all, count) = (asked().count(), undecided().count());
        let example = undecided().find_map(|it| it.why.as_deref());
        (2 * count > all || all == 0).then(|| phrases::too_little(all as u64, count as u64, example))
    }

    /// The summary as one object, ending in a newline.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a comparison has text keys and finite numbers");
        text.push('\n');
        text
    }
}

fn side(result: &Baseline, path: &str, row: Option<String>) -> Side {
    Side {
        path: path.to_owned(),
        broker: result.broker.clone(),
        engine: result.engine.clone(),
        ackproof: result.ackproof.clone(),
        seed: result.seed,
        runs: result.runs,
        row,
    }
}

fn count(scenarios: &[ScenarioChange]) -> Count {
    let mut count = Count::default();
    for cell in scenarios.iter().flat_map(|scenario| &scenario.cells) {
        *match cell.change {
            Change::Worse => &mut count.worse,
            Change::Better => &mut count.better,
            Change::Same => &mut count.same,
            Change::Undecided => &mut count.undecided,
            Change::New => &mut count.new,
            Change::Gone => &mut count.gone,
        } += 1;
    }
    count
}

//! Scenarios in tests of your own: `#[test] fn ours_is_durable()`.
//!
//! A scenario is a file, or is put together here by the same words. It is read, swept and judged as `ackproof run` does
//! it, on the fast engine with a sample and every failure repeated on turmoil. A test fails with the whole report: which
//! setting loses under which fault, the smallest failing sequence of faults, and the command that replays it.
//!
//! ```no_run
//! use ackproof::testing::Check;
//!
//! #[test]
//! fn ours_is_durable() {
//!     Check::file("scenarios/orders.yaml").assert();
//! }
//! ```
//!
//! Without a file:
//!
//! ```
//! use ackproof::testing::{Check, Expect, Guarantee, Scenario, Step};
//!
//! let scenario = Scenario::of("kafka@4.1")
//!     .title("May the leader be killed?")
//!     .config("topic", "replication.factor", 3)
//!     .config("topic", "min.insync.replicas", 2)
//!     .config("consumer", "auto.offset.reset", "earliest")
//!     .set("workload.messages", 50)
//!     .axis("acks", ["1", "all"])
//!     .fault("leader-cut-off", [Step::cut("leader", ["brokers", "controller"]).at("100ms").lasts("30s")])
//!     .expect(Expect::canary().when("acks", "1").under("leader-cut-off"))
//!     .expect(Expect::always(Guarantee::NoAckedLoss).when("acks", "all"))
//!     .runs(5);
//! let outcome = Check::of(scenario).run().unwrap();
//! let cell = outcome.cell(&[("acks", "1")], "leader-cut-off").unwrap();
//! assert_eq!(cell.lossy_runs, 5);
//! outcome.assert();
//! ```

mod builder;
mod expect;
mod outcome;
mod step;

use std::path::{Path, PathBuf};

use ackproof_report::store::{Recorded, Store, StoreError};
use ackproof_scenario::Unselected;

pub use ackproof_core::guarantee::Guarantee;
pub use ackproof_report::result::{Cell, CellVerdict, Summary};
pub use ackproof_sim::Engine;

pub use builder::Scenario;
pub use expect::Expect;
pub use outcome::Outcome;
pub use step::Step;

use crate::conclusion::conclude;
use crate::exit::{Exit, Failure};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::registry;
use crate::sweep::sweep;
use crate::verify::Sample;

/// A scenario to be run by a test, and how.
#[derive(Clone, Debug)]
pub struct Check {
    source: Source,
    runs: Option<u32>,
    seed: Option<u64>,
    only: Vec<String>,
    faults: Vec<String>,
    values: Vec<String>,
    engine: Engine,
    keep: Keep,
}

#[derive(Clone, Debug)]
enum Source {
    File(PathBuf),
    Built(Scenario),
}

/// Where results and replay files go.
#[derive(Clone, Debug)]
enum Keep {
    /// Beside what cargo builds, if that can be found and written.
    BesideTheTest,
    At(PathBuf),
    Nowhere,
}

impl Check {
    /// The scenario in this file; relative to the package's folder, where cargo runs its tests. Read by
    /// [`Check::run`].
    pub fn file(path: impl AsRef<Path>) -> Check {
        Check::new(Source::File(path.as_ref().to_owned()))
    }

    /// A scenario that was put together here.
    pub fn of(scenario: Scenario) -> Check {
        Check::new(Source::Built(scenario))
    }

    fn new(source: Source) -> Check {
        let (only, faults, values) = (Vec::new(), Vec::new(), Vec::new());
        let (engine, keep) = (Engine::Event, Keep::BesideTheTest);
        Check { source, runs: None, seed: None, only, faults, values, engine, keep }
    }

    /// Seeds a cell, in place of the scenario's.
    #[must_use]
    pub fn runs(mut self, runs: u32) -> Check {
        self.runs = Some(runs);
        self
    }

    /// The first seed, in place of the scenario's.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Check {
        self.seed = Some(seed);
        self
    }

    /// Keeps only rows with these values, as `--only`: `acks=all,min.insync.replicas=2`.
    #[must_use]
    pub fn only(mut self, values: impl Into<String>) -> Check {
        self.only.push(values.into());
        self
    }

    /// Keeps only this fault class; may be called again.
    #[must_use]
    pub fn fault(mut self, name: impl Into<String>) -> Check {
        self.faults.push(name.into());
        self
    }

    /// A value that wins over everything else in every row, as `--set`.
    #[must_use]
    pub fn set(mut self, key: impl std::fmt::Display, value: impl std::fmt::Display) -> Check {
        self.values.push(format!("{key}={value}"));
        self
    }

    /// What simulates; the fast engine unless told.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Check {
        self.engine = engine;
        self
    }

    /// Keeps results and replay files under `folder`, like `--out`. Unless told, they go to `ackproof/` beside what
    /// cargo builds (`target/ackproof`). Runs that are there already, of the same plan by the same rules, are taken up and
    /// not made again, but for the sample that is repeated on turmoil.
    #[must_use]
    pub fn keep(mut self, folder: impl Into<PathBuf>) -> Check {
        self.keep = Keep::At(folder.into());
        self
    }

    /// Writes nothing; failures come without a file to replay.
    #[must_use]
    pub fn keep_nothing(mut self) -> Check {
        self.keep = Keep::Nowhere;
        self
    }

    /// Reads, sweeps on all cores, judges.
    ///
    /// # Errors
    /// The scenario or what was asked of it is wrong, with every mistake in words; or results cannot be kept where
    /// [`Check::keep`] says.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let plan = Plan::of(self.scenario()?, self.engine);
        let (store, recorded) = self.store(&plan)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let swept = sweep(&plan, store.as_ref(), recorded, Sample::DEFAULT, threads, &mut Progress::Quiet);
        let swept = swept.map_err(unkept)?;
        let summary = conclude(&plan, &swept, store.as_ref(), threads).map_err(unkept)?;
        let folder = store.map_or_else(String::new, |store| store.folder().display().to_string());
        Ok(Outcome::new(summary, folder))
    }

    /// Runs, and fails the test unless everything came out as the scenario expects.
    ///
    /// # Panics
    /// With the report, when an expectation is violated or undecided, when the scenario expects nothing, when the two
    /// engines differ, and when the scenario cannot be read.
    #[track_caller]
    pub fn assert(&self) {
        match self.run() {
            Ok(outcome) => outcome.assert(),
            Err(failure) => panic!("{failure}"),
        }
    }

    fn scenario(&self) -> Result<ackproof_scenario::Scenario, Failure> {
        let brokers = registry::brokers();
        let read = match &self.source {
            Source::File(path) => ackproof_scenario::load_with(path, &brokers, &self.values),
            Source::Built(scenario) => {
                let folder = Path::new("");
                ackproof_scenario::parse_in(folder, scenario.name(), &scenario.yaml(), &brokers, &self.values)
            }
        };
        let mut scenario = read.map_err(|diagnostics| Failure::input(diagnostics.render(false)))?;
        scenario.runs = self.runs.unwrap_or(scenario.runs);
        scenario.seed = self.seed.map_or(scenario.seed, ackproof_core::seed::Seed);
        match scenario.select(&self.only, &self.faults) {
            Ok(()) => Ok(scenario),
            Err(Unselected::Bad(diagnostics)) => Err(Failure::input(diagnostics.render(false))),
            Err(Unselected::Nothing(text)) => {
                Err(Failure { exit: Exit::NothingMatched, text: format!("error: {text}") })
            }
        }
    }

    /// Where nobody asked for a folder, one that cannot be had is no reason to fail.
    fn store(&self, plan: &Plan) -> Result<(Option<Store>, Recorded), Failure> {
        let open = |folder: &Path| Store::open(folder, &plan.manifest());
        match &self.keep {
            Keep::Nowhere => Ok((None, Recorded::default())),
            Keep::At(folder) => open(folder).map(|(store, recorded)| (Some(store), recorded)).map_err(unkept),
            Keep::BesideTheTest => Ok(match beside_the_test().map(|folder| open(&folder)) {
                Some(Ok((store, recorded))) => (Some(store), recorded),
                Some(Err(_)) | None => (None, Recorded::default()),
            }),
        }
    }
}

fn unkept(error: StoreError) -> Failure {
    Failure::input(format!("error: {error}"))
}

/// `target/ackproof`, found from the test's own binary, `target/<profile>/deps/<test>`.
fn beside_the_test() -> Option<PathBuf> {
    let binary = std::env::current_exe().ok()?;
    let deps = binary.ancestors().find(|folder| folder.ends_with("deps"))?;
    Some(deps.parent()?.parent()?.join("ackproof"))
}

//! One row of settings, run under whatever is drawn; and a property of its runs, shrunk and written down when it fails.

use std::cell::Cell;
use std::path::PathBuf;

use ackproof::failing::Shown;
use ackproof::plan::Plan;
use ackproof::registry;
use ackproof::trial::{Bed, Trial};
use ackproof_core::fault::Count;
use ackproof_core::recording::Detail;
use ackproof_core::seed::Seed;
use ackproof_core::setup::Setup;
use ackproof_core::time::{Span, SpanRange};
use ackproof_scenario::{Finding, Replay};
use ackproof_search::Candidate;
use ackproof_search::storm::Storm;
use ackproof_search::strategy::{Loads, candidates};
use ackproof_sim::Engine;
use proptest::strategy::Strategy;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner,
};

/// Settings that keep an acknowledged message whatever process dies: the ground on which one thing at a time is changed.
pub const SAFE: [(&str, &str); 6] = [
    ("acks", "all"),
    ("topic.min.insync.replicas", "2"),
    ("topic.unclean.leader.election.enable", "false"),
    ("enable.auto.commit", "false"),
    ("auto.offset.reset", "earliest"),
    ("app.consumer.ack", "after-batch"),
];

/// Everything that stops, delays or confuses, and destroys nothing that was written.
pub const HARMLESS: [&str; 13] = [
    "kill",
    "pause",
    "partition",
    "shutdown",
    "hold",
    "drop",
    "latency",
    "clock",
    "slow_disk",
    "full_disk",
    "fail_sync",
    "lying_sync",
    "move_leader",
];

/// The most clients that any run has; a workload that is drawn may have fewer.
const TEXT: &str = "title: Does it keep what it acknowledged?
broker: kafka
config: { topic: { replication.factor: 3, partitions: 2 } }
workload: { producers: 2, consumers: 2, messages: 60, interval: 15ms }
faults: { storm: [] }
";

/// One row of settings.
pub struct Stand {
    plan: Plan,
}

impl Stand {
    /// [`SAFE`] with these values in place of its own, or beside them.
    pub fn with(changed: &[(&str, &str)]) -> Stand {
        Stand::on("kafka", changed)
    }

    /// The same on a version of Kafka.
    pub fn on(broker: &str, changed: &[(&str, &str)]) -> Stand {
        let mut values = SAFE.to_vec();
        values.retain(|(key, _)| changed.iter().all(|(other, _)| other != key));
        values.extend(changed);
        let set: Vec<String> = values.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let text = TEXT.replace("broker: kafka", &format!("broker: {broker}"));
        let scenario = ackproof_scenario::parse("property", &text, &registry::brokers(), &set)
            .unwrap_or_else(|errors| panic!("{errors}"));
        Stand { plan: Plan::of(scenario, Engine::Event) }
    }

    pub fn bed(&self) -> Bed<'_> {
        self.plan.bed(&self.plan.cells[0])
    }

    /// Up to eight faults of these kinds, on any node, at any time and at any anchor.
    pub fn storm(&self, verbs: &[&str]) -> Storm {
        Storm::new(self.bed().prepared.topology().clone(), Span::secs(20)).only(verbs)
    }

    /// Such storms, with the workloads that meet them.
    pub fn candidates(&self, verbs: &[&str]) -> impl Strategy<Value = (Candidate, u64)> {
        let loads = Loads {
            messages: Count { low: 1, high: 100 },
            interval: SpanRange::between(Span(1), Span(400)),
            producers: Count { low: 1, high: 2 },
            consumers: Count { low: 1, high: 2 },
            processing: SpanRange::between(Span::ZERO, Span(10)),
        };
        // A smaller seed is not a simpler one.
        (candidates(self.storm(verbs), loads), proptest::num::u64::ANY.no_shrink())
    }

    pub fn run(&self, candidate: &Candidate, seed: Seed, engine: Engine, detail: Detail) -> Trial {
        let (row, bed) = (self.plan.row(&self.plan.cells[0]), self.bed());
        let setup = Setup { workload: candidate.workload.clone(), ..row.setup.clone() };
        let prepared = (registry::entry(self.plan.scenario.broker).prepare)(&row.effective, &setup);
        let bed = Bed { prepared: &*prepared, setup: &setup, ..bed };
        let trial = bed.run_schedule(&candidate.schedule, seed, engine, detail);
        trial.unwrap_or_else(|broken| panic!("a bug of ours: {}\n{candidate:?}\nseed {}", broken.0, seed.0))
    }

    /// A replay file of a run.
    fn replay(&self, candidate: &Candidate, seed: Seed) -> String {
        let first = self.run(candidate, seed, Engine::Event, Detail::Verdict);
        let topology = self.bed().prepared.topology().clone();
        let schedule = ackproof_search::pinned(&candidate.schedule, &first.recording.faults, &topology);
        let pinned = Candidate { schedule, workload: candidate.workload.clone() };
        let trial = self.run(&pinned, seed, Engine::Event, Detail::Trace);
        let row = self.plan.row(&self.plan.cells[0]);
        let finding = Finding {
            class: "storm".to_owned(),
            seed,
            setup: Setup { workload: pinned.workload, ..row.setup.clone() },
            steps: pinned.schedule.steps(),
            digest: trial.recording.history.digest().0,
            shows: Shown::of(&trial, &self.plan.asked(&self.plan.cells[0]))
                .map_or_else(String::new, |it| it.to_string()),
            breaks: None,
        };
        Replay::of(&self.plan.scenario, row, finding).to_yaml()
    }
}

/// A run that breaks a property, as small as it could be made.
pub struct Counterexample {
    pub seen: String,
    pub candidate: Candidate,
    pub seed: Seed,
    /// The text of a replay file.
    pub replay: String,
}

/// Draws `cases` runs and asks of each whether `property` holds. The draws are the same every time;
/// `PROPTEST_CASES` asks for more of them and `ACKPROOF_PROPERTY_SEED` for others. A failure is shrunk, written down as
/// a replay file, and its draw is kept beside these tests, where every later run tries it first.
pub fn holds(
    stand: &Stand,
    verbs: &[&str],
    cases: u32,
    detail: Detail,
    property: impl Fn(&Trial) -> Result<(), String>,
) {
    let kept = FileFailurePersistence::Direct(KEPT);
    let cases = number("PROPTEST_CASES").map_or(cases, |cases| cases as u32);
    let Some(found) = counterexample(stand, verbs, cases, detail, Some(kept), property) else { return };
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("property-{:x}.replay.yaml", found.seed.0));
    std::fs::write(&path, &found.replay).expect("a replay file can be written");
    let steps = serde_json::to_string(&found.candidate.schedule.steps()).expect("steps can be written");
    let (seen, load, path) = (found.seen, found.candidate.workload, path.display());
    panic!("seen:   {seen}\nfaults: {steps}\nload:   {load:?}\nagain:  ackproof replay {path}");
}

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/properties.proptest-regressions");

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// The smallest run found that breaks `property`.
///
/// # Panics
/// When none is found and hardly anything happened in the runs: then nothing is proven.
pub fn counterexample(
    stand: &Stand,
    verbs: &[&str],
    cases: u32,
    detail: Detail,
    kept: Option<FileFailurePersistence>,
    property: impl Fn(&Trial) -> Result<(), String>,
) -> Option<Counterexample> {
    let config = Config {
        cases,
        failure_persistence: kept.map(|kept| Box::new(kept) as _),
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number("ACKPROOF_PROPERTY_SEED").unwrap_or(1).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let (tried, eventful) = (Cell::new(0u32), Cell::new(0u32));
    let result = runner.run(&stand.candidates(verbs), |(candidate, seed)| {
        let trial = stand.run(&candidate, Seed(seed), Engine::Event, detail);
        let happened = trial.verdict.faults_fired > 0 && trial.verdict.tally.consumed > 0;
        tried.set(tried.get() + 1);
        eventful.set(eventful.get() + u32::from(happened));
        property(&trial).map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => {
            let (tried, eventful) = (tried.get(), eventful.get());
            assert!(eventful * 2 > tried, "in {eventful} of {tried} runs a fault fired and a message was consumed");
            None
        }
        Err(TestError::Abort(why)) => panic!("the property was not tried: {why}"),
        Err(TestError::Fail(seen, (candidate, seed))) => {
            let seed = Seed(seed);
            let replay = stand.replay(&candidate, seed);
            Some(Counterexample { seen: seen.to_string(), candidate, seed, replay })
        }
    }
}

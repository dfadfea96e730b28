//! The gate as a change to a model meets it: a rule is switched off, and the comparison with what was before says so.
//!
//! And the committed baselines are of the scenarios as they are now. What comes out of them is held against the baselines
//! where there is a release build; here nothing of it is simulated.

mod mutant;

use std::path::{Path, PathBuf};

use ackproof::plan::Plan;
use ackproof::progress::Progress;
use ackproof::registry;
use ackproof::storm::storm_of;
use ackproof::sweep::sweep;
use ackproof::verify::Sample;
use ackproof_core::seed::Seed;
use ackproof_kafka::Rule::AcksAll;
use ackproof_report::baseline::{self, Baseline};
use ackproof_report::compare::{Change, Compared, Comparison, FailOn, Matched, Options};
use ackproof_report::store::Recorded;
use ackproof_sim::Engine;
use mutant::Rule;

const SCENARIO: &str =
    concat!(include_str!("orders.yaml"), "runs: 12\nexpect:\n  - { canary: { acks: 1, fault: leader-cut-off } }\n");

fn result(seed: u64, rule: Option<Rule>) -> Baseline {
    let mut scenario = ackproof_scenario::parse("orders", SCENARIO, &registry::brokers(), &[]).expect("it can be read");
    scenario.seed = Seed(seed);
    let plan = mutant::plan(scenario, rule);
    let swept = sweep(&plan, None, Recorded::default(), Sample::NONE, 2, &mut Progress::Quiet).expect("nothing fails");
    Baseline::of(&plan.manifest(), &swept.runs)
}

fn compared(base: &Baseline, head: &Baseline, fail_on: Vec<FailOn>) -> Comparison {
    let compared =
        Compared { matched: Matched::by_settings(base, head), paths: ["base".to_owned(), "head".to_owned()] };
    Comparison::of(&[compared], Vec::new(), Vec::new(), &Options { fail_on, ..Options::default() })
}

#[test]
fn a_rule_that_is_missing_fails_the_gate_and_names_the_storms_that_turned() {
    let comparison = compared(&result(1, None), &result(1, Some(Rule::Kafka(AcksAll))), Vec::new());
    assert_eq!((comparison.exit, comparison.count.worse), (1, 1), "{:?}", comparison.why);
    let cells = &comparison.scenarios[0].cells;
    let worse = cells.iter().find(|cell| cell.change == Change::Worse).expect("one is worse");
    assert_eq!((worse.settings["producer.acks"].as_str(), worse.fault.as_str()), ("all", "leader-cut-off"));
    let loss = &worse.guarantees[0];
    assert!(loss.now_broken.count() >= 7 && loss.now_kept.is_empty(), "{} of 12 storms", loss.now_broken.count());
    assert!(comparison.why[0].contains("orders: acks=all under leader-cut-off: no-acked-loss"));
}

#[test]
fn what_did_not_change_passes_the_strictest_gate() {
    let comparison = compared(&result(1, None), &result(1, None), vec![FailOn::Change]);
    assert_eq!((comparison.exit, comparison.count.same), (0, 4), "{:?}", comparison.why);
}

#[test]
fn other_seeds_of_the_same_settings_are_the_same() {
    let comparison = compared(&result(1, None), &result(1000, None), Vec::new());
    assert_eq!((comparison.exit, comparison.count.same), (0, 4), "{:?}", comparison.why);
}

/// The committed baselines and the scenarios they are of.
fn committed() -> Vec<(Baseline, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = std::fs::read_dir(root.join("results/baseline")).expect("the project has baselines");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let read = |file: &PathBuf| {
        let baseline = baseline::read(file).unwrap_or_else(|error| panic!("{error}"));
        let scenario = root.join(&baseline.file);
        (baseline, scenario)
    };
    files.iter().map(read).collect()
}

#[test]
fn committed_baselines_are_of_the_scenarios_as_they_are_now() {
    let committed = committed();
    assert!(committed.len() >= 31, "{} baselines", committed.len());
    for (baseline, path) in committed {
        let again = format!("after a change of {0}: ackproof accept {0}", baseline.file);
        let mut scenario = ackproof_scenario::load(&path, &registry::brokers())
            .unwrap_or_else(|_| panic!("{} cannot be read; remove its baseline if it is gone", baseline.file));
        (scenario.seed, scenario.runs) = (Seed(baseline.seed), baseline.runs as u32);
        let plan = Plan::of(scenario, Engine::Event);
        let cells = |cells: &mut dyn Iterator<Item = String>| cells.collect::<Vec<_>>();
        let planned = cells(&mut plan.cells.iter().map(|cell| format!("{:?} {}", cell.plan.settings, cell.plan.fault)));
        let kept = cells(&mut baseline.cells.iter().map(|cell| format!("{:?} {}", cell.settings, cell.fault)));
        assert_eq!(planned, kept, "{again}");
        for (planned, kept) in plan.cells.iter().zip(&baseline.cells) {
            for (seed, storm) in &kept.runs {
                assert_eq!(storm.as_ref(), Some(&storm_of(&plan.bed(planned).schedule(*seed))), "{again}");
            }
        }
    }
}

#[test]
fn committed_baselines_stay_small() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/baseline");
    let size: u64 = committed_sizes(&folder);
    assert!(size < 1_000_000, "{size} bytes");
}

fn committed_sizes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("the project has baselines");
    files.map(|file| file.and_then(|file| file.metadata()).map_or(0, |about| about.len())).sum()
}

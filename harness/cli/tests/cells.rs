//! Every cell of every scenario is a test, named `scenario::row::fault`; what a scenario expects of several cells is a
//! test of its own, `scenario::expect::line N`. Committed regressions come first.
//!
//! A cell runs all its seeds on the event engine and a sample of them on turmoil. It is simulated when a test that was
//! asked for looks at it, and once.

mod suite;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use ackproof::failing::{Failing, Shown, asked};
use ackproof::plan::Plan;
use ackproof::{quickstart, registry};
use ackproof_core::recording::Detail;
use ackproof_scenario::{Finding, Replay};
use ackproof_sim::Engine;
use libtest_mimic::{Arguments, Failed, Trial};
use suite::Suite;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = regressions();
    for (path, file) in files("scenarios", ".yaml").into_iter().filter(|(_, file)| !file.ends_with(".replay.yaml")) {
        let name = file.trim_start_matches("scenarios/").trim_end_matches(".yaml");
        trials.extend(tests_of(name, Suite::load(name, &path, &file).map_err(|errors| errors.to_string())));
    }
    let file = "harness/cli/quickstart.yaml";
    let suite = Suite::parse(quickstart::NAME, file, quickstart::TEXT).map_err(|errors| errors.to_string());
    trials.extend(tests_of(quickstart::NAME, suite));
    trials.extend(self_tests());
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Every file below `folder` whose name ends so, with its path from the root of the project, in order.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::from(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).into_iter().flatten().flatten() {
            let relative = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(relative);
            } else if relative.to_string_lossy().ends_with(ending) {
                found.push((entry.path(), relative.to_string_lossy().into_owned()));
            }
        }
    }
    found.sort();
    found
}

/// The tests of a scenario; of one that cannot be read, a test that says why.
fn tests_of(name: &str, suite: Result<Suite, String>) -> Vec<Trial> {
    let suite = match suite {
        Ok(suite) => Arc::new(suite),
        Err(errors) => return vec![Trial::test(format!("{name}::can be read"), || Err(Failed::from(errors)))],
    };
    let mut trials = Vec::new();
    for (index, name) in suite.cell_names().into_iter().enumerate() {
        let suite = Arc::clone(&suite);
        trials.push(Trial::test(name, move || suite.check_cell(index).map_err(Failed::from)));
    }
    for line in suite.expectation_lines() {
        let (name, suite) = (format!("{}::expect::line {line}", suite.name), Arc::clone(&suite));
        trials.push(Trial::test(name, move || suite.check_line(line).map_err(Failed::from)));
    }
    trials
}

fn regressions() -> Vec<Trial> {
    let trial = |(path, file): (PathBuf, String)| {
        Trial::test(file.clone(), move || {
            let replay = ackproof_scenario::load_replay(&path, &registry::brokers(), &[]);
            replay_again(replay.map_err(|errors| errors.to_string())?, &file).map_err(Failed::from)
        })
    };
    files("scenarios/regressions", ".replay.yaml").into_iter().map(trial).collect()
}

/// Runs a replay on both engines: each gives the digest that the file says, and shows what it says.
fn replay_again(replay: Replay, file: &str) -> Result<(), String> {
    let asked = asked(&replay);
    let (origin, seed) = (replay.origin, replay.scenario.seed);
    let plan = Plan::of(replay.scenario, Engine::Event);
    for engine in [Engine::Event, Engine::Turmoil] {
        let again = format!("again:    ackproof replay {file} --engine {engine}");
        let bed = plan.bed(&plan.cells[0]);
        let trial = bed.run(seed, engine, Detail::Trace).map_err(|broken| format!("{}\n{again}", broken.0))?;
        let digest = trial.recording.history.digest().0;
        if digest != origin.digest {
            let promised = format!("promised: a history with the digest {}", origin.digest);
            return Err(format!("{promised}\nseen:     {digest}, on the {engine} engine\n{again}"));
        }
        let shown = Shown::of(&trial, &asked).map_or_else(String::new, |shown| shown.to_string());
        if shown != origin.shows {
            return Err(format!("promised: {}\nseen:     {shown}, on the {engine} engine\n{again}", origin.shows));
        }
    }
    Ok(())
}

/// A row that loses under its fault, and one that does not; the expectations are filled in.
const SCENARIO: &str = concat!(include_str!("orders.yaml"), "runs: 6\nexpect:\n");

fn scenario(expected: &str) -> Suite {
    let text = format!("{SCENARIO}  - {expected}\n");
    Suite::parse("self-test", "self-test.yaml", &text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Index of the cell of acks=1 in which the leader is cut off.
const LOSSY: usize = 1;

fn self_tests() -> Vec<Trial> {
    let test = |name: &str, check: fn()| {
        Trial::test(format!("self-test::{name}"), move || {
            check();
            Ok(())
        })
    };
    vec![
        test("a_promise_that_is_broken_fails_with_what_was_seen_and_a_command", a_broken_promise_fails),
        test("a_loss_that_is_expected_and_does_not_come_fails", a_loss_that_does_not_come_fails),
        test("a_canary_that_does_not_bite_fails", a_canary_that_does_not_bite_fails),
        test("a_limit_that_is_exceeded_fails", a_limit_that_is_exceeded_fails),
        test("a_cell_is_simulated_once_however_many_tests_look_at_it", a_cell_is_simulated_once),
        test("a_replay_with_another_digest_or_another_end_fails", an_altered_replay_fails),
        test("listing_and_filtering_name_cells_and_nothing_else", listing_names_cells),
    ]
}

fn a_broken_promise_fails() {
    let suite = scenario("{ when: { acks: 1 }, no-acked-loss: always, reason: it was said so }");
    for shortfall in [suite.check_cell(LOSSY).unwrap_err(), suite.check_line(14).unwrap_err()] {
        let says = |words: &str| assert!(shortfall.contains(words), "`{words}` is missing in\n{shortfall}");
        says("promised: no-acked-loss always holds when producer.acks=1 (self-test.yaml:14), because it was said so");
        says("seen:     violated: ");
        says("in 6 of 6 runs");
        says("for one:  ");
        says("acknowledged never consumed: ");
        says("because every copy was destroyed (p1#");
        says("ackproof run self-test.yaml --only 'producer.acks=1' --fault leader-cut-off --seed 1 --runs 1");
    }
    for other in [0, 2, 3] {
        assert_eq!(suite.check_cell(other), Ok(()), "the promise is kept, or not about this cell");
    }
}

fn a_loss_that_does_not_come_fails() {
    let suite = scenario("{ when: { acks: all, fault: leader-cut-off }, no-acked-loss: sometimes-violated }");
    let shortfall = suite.check_cell(3).unwrap_err();
    assert!(shortfall.contains("no-acked-loss is sometimes violated") && shortfall.contains("0 of 6 runs"));
    assert_eq!(suite.check_cell(LOSSY), Ok(()));
}

fn a_canary_that_does_not_bite_fails() {
    let suite = scenario("{ canary: { fault: leader-cut-off } }");
    let shortfall = suite.check_line(14).unwrap_err();
    assert!(shortfall.contains("inconclusive: producer.acks=all under leader-cut-off: 0 of 6 runs"), "{shortfall}");
    assert_eq!(suite.check_cell(3), Ok(()), "a canary is about the whole result, not about a cell");
    assert_eq!(scenario("{ canary: { acks: 1, fault: leader-cut-off } }").check_line(14), Ok(()));
}

fn a_limit_that_is_exceeded_fails() {
    let suite = scenario("{ when: { acks: all }, available: { longest: 5s } }");
    let shortfall = suite.check_cell(3).unwrap_err();
    assert!(shortfall.contains("available stays within 5s") && shortfall.contains("violated"), "{shortfall}");
    assert_eq!(suite.check_cell(2), Ok(()));
}

fn a_cell_is_simulated_once() {
    let suite = scenario("{ when: { acks: all }, no-acked-loss: always }");
    assert_eq!((suite.cell_names().len(), suite.simulated()), (4, 0));
    suite.check_cell(2).unwrap();
    assert_eq!(suite.simulated(), 1, "nobody looked at the other cells");
    suite.check_line(14).unwrap();
    suite.check_cell(3).unwrap();
    assert_eq!(suite.simulated(), 2, "the line speaks of two cells");
}

fn an_altered_replay_fails() {
    let text = format!("{SCENARIO}  - {{ canary: {{ acks: 1, fault: leader-cut-off }} }}\n");
    let scenario = ackproof_scenario::parse("self-test", &text, &registry::brokers(), &[]).expect("it can be read");
    let plan = Plan::of(scenario, Engine::Event);
    let (cell, seed) = (&plan.cells[LOSSY], plan.seed(0));
    let trial = plan.bed(cell).run(seed, Engine::Event, Detail::Trace).expect("nothing breaks");
    let failing = Failing::of(&trial, &plan.asked(cell)).expect("a loss");
    let shown = Shown::of(&trial, &[failing.guarantee]).expect("the same");
    let (shows, digest) = (shown.to_string(), trial.recording.history.digest().0);
    let finding = Finding {
        class: cell.plan.fault.clone(),
        seed,
        setup: plan.row(cell).setup.clone(),
        steps: plan.bed(cell).schedule(seed).steps(),
        digest: digest.clone(),
        shows: shows.clone(),
        breaks: Some(failing.promise(&cell.limits)),
    };
    let good = Replay::of(&plan.scenario, plan.row(cell), finding);
    let check = |replay: &Replay| replay_again(replay.clone(), "x.replay.yaml");
    assert_eq!(check(&good), Ok(()));
    let mut bad = good.clone();
    bad.origin.digest = "0".repeat(32);
    let error = check(&bad).unwrap_err();
    assert!(error.contains(&digest) && error.contains("ackproof replay x.replay.yaml --engine event"), "{error}");
    let mut bad = good.clone();
    bad.origin.shows = "another end".to_owned();
    assert!(check(&bad).unwrap_err().contains(&shows));
    let mut bad = good;
    bad.scenario.seed = plan.seed(1);
    check(&bad).expect_err("another seed is another history");
}

fn listing_names_cells() {
    let listed = |words: &[&str]| -> Vec<String> {
        let this = std::env::current_exe().expect("a test has a path");
        let output = Command::new(this).args(words).arg("--list").output().expect("a test binary can be run again");
        let text = String::from_utf8(output.stdout).expect("names are text");
        text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
    };
    let wanted = "quickstart::acks=all, min.insync.replicas=2::all-power";
    assert!(listed(&[]).iter().any(|name| name == wanted));
    assert!(listed(&["kafka/"]).len() > 20, "the scenarios of the project are found");
    assert_eq!(listed(&[wanted, "--exact"]), [wanted]);
    let of_quickstart = listed(&["quickstart::expect"]);
    assert!(of_quickstart.len() > 1 && of_quickstart.iter().all(|name| name.contains("::expect::line ")));
}

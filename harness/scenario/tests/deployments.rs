//! Keys that only some brokers have: groups of brokers, statuses of a send, check-backs.

mod toy;

use ackproof_core::model::Broker;
use ackproof_core::node::{NodeKind, Topology};
use ackproof_core::setting::{Effective, Inert, Problem, Setting, SettingName, Trap};
use ackproof_core::setup::{CheckBack, Deployment, Feature, Setup};
use ackproof_scenario::{Finding, Replay, Scenario, Severity, parse, parse_replay};
use toy::Toy;

/// A toy whose brokers form groups.
struct Flock;

impl Broker for Flock {
    fn name(&self) -> &'static str {
        "flock"
    }
    fn versions(&self) -> &'static [&'static str] {
        Toy.versions()
    }
    fn clients(&self) -> &'static [&'static str] {
        Toy.clients()
    }
    fn sections(&self) -> &'static [&'static str] {
        Toy.sections()
    }
    fn settings(&self) -> &'static [Setting] {
        Toy.settings()
    }
    fn setup(&self) -> Setup {
        let mut setup = Setup::default();
        let mode = "herd".to_owned();
        setup.cluster.deployment = Some(Deployment { mode, groups: 1, slaves: 1, nameservers: 2, controllers: 3 });
        setup.app.producer.accept = Some(vec!["FINE".to_owned(), "LATE".to_owned()]);
        setup
    }
    fn modes(&self) -> &'static [&'static str] {
        &["herd", "pack"]
    }
    fn refuse(&self, _: &Effective, _: &Setup) -> Vec<Problem> {
        Vec::new()
    }
    fn traps(&self, _: &Effective, _: &Setup) -> Vec<Trap> {
        Vec::new()
    }
    fn inert(&self, _: &Effective, setup: &Setup) -> Vec<Inert> {
        let is_herd = setup.cluster.deployment.as_ref().is_some_and(|deployment| deployment.mode == "herd");
        let name = SettingName::new("cluster", "controllers");
        is_herd.then(|| Inert { name, why: "a herd has none".into() }).into_iter().collect()
    }
    fn topology(&self, _: &Effective, setup: &Setup) -> Topology {
        let mut topology = Topology::default();
        for broker in 0..setup.cluster.broker_count() {
            topology.add(format!("x{broker}"), NodeKind::Broker, None);
        }
        topology.add("p1", NodeKind::Producer, None);
        topology
    }
    fn offers(&self, feature: Feature) -> bool {
        match feature {
            Feature::Transactions | Feature::CheckBacks => true,
            Feature::AsyncCommits | Feature::ResultsInTransaction => false,
        }
    }
    fn simplifications(&self) -> &'static [&'static str] {
        &[]
    }
}

fn read(broker: &str, lines: &str) -> Result<Scenario, Vec<String>> {
    let text = format!("broker: {broker}\nfaults: {{ none: [] }}\n{lines}\n");
    parse("t.yaml", &text, &[&Toy, &Flock], &[]).map_err(|found| {
        let errors = found.located().into_iter().filter(|one| one.severity == Severity::Error);
        errors.map(|one| format!("{} | {}", one.message, one.help.join(" | "))).collect()
    })
}

#[track_caller]
fn flock(lines: &str) -> Scenario {
    read("flock", lines).unwrap_or_else(|errors| panic!("{errors:?}"))
}

#[track_caller]
fn refused(broker: &str, lines: &str, wanted: &str) {
    let errors = read(broker, lines).expect_err("it is wrong");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with(wanted), "wanted `{wanted}`, found `{}`", errors[0]);
}

#[test]
fn groups_are_read_and_what_is_left_out_is_the_brokers() {
    let setup = flock("cluster: { mode: pack, groups: 2, slaves: 2 }").rows.remove(0).setup;
    let mode = "pack".to_owned();
    let wanted = Deployment { mode, groups: 2, slaves: 2, nameservers: 2, controllers: 3 };
    assert_eq!(setup.cluster.deployment, Some(wanted));
    assert_eq!(setup.cluster.broker_count(), 6);
    assert_eq!(flock("").rows[0].setup, Flock.setup());
}

#[test]
fn a_broker_is_not_asked_for_what_it_does_not_have() {
    refused(
        "flock",
        "cluster: { brokers: 3 }",
        "flock has no `cluster.brokers` | it has cluster.mode, cluster.groups,",
    );
    refused("toy", "cluster: { groups: 2 }", "toy has no `cluster.groups` | it has cluster.brokers, cluster.racks");
    refused("toy", "app: { producer: { accept: [FINE] } }", "toy has no `app.producer.accept`");
    refused("toy", "matrix: { cluster.slaves: [1, 2] }", "toy has no `cluster.slaves`");
    refused("flock", "matrix: { cluster.brokers: [1, 2] }", "flock has no `cluster.brokers`");
    let asks = "app: { producer: { transaction: { messages: 1, unknown_rate: 0.1 } } }";
    refused("toy", asks, "the model of toy has no check-back");
    let asks = "app: { producer: { transaction: { messages: 1, check: unknown } } }";
    refused("toy", asks, "the model of toy has no check-back");
}

#[test]
fn words_that_a_broker_does_not_know_are_errors_with_the_nearest_one() {
    refused("flock", "cluster: { mode: heard }", "flock has no mode `heard` | did you mean `herd`?");
    refused("flock", "matrix: { cluster.mode: [herd, master-slave] }", "flock has no mode `master-slave`");
    let accept = |words: &str| format!("app: {{ producer: {{ accept: {words} }} }}");
    refused("flock", &accept("[FINE, LATER]"), "flock has no status of a send `LATER` | did you mean `LATE`?");
    refused("flock", &accept("[FINE, FINE]"), "`FINE` is listed twice");
    refused("flock", &accept("[]"), "`app.producer.accept` lists at least one status");
    refused("flock", &accept("FINE"), "`app.producer.accept` is a list, not text | write `[FINE]`");
    refused("flock", "cluster: { groups: 0 }", "`cluster.groups` is a whole number, from 1 to 9, not `0`");
    refused("flock", "cluster: { groups: 9, slaves: 8 }", "9 groups of 9 brokers are 81: a run has at most 16");
}

#[test]
fn groups_and_statuses_can_be_axes_and_one_without_effect_collapses() {
    let scenario = flock("matrix: { cluster.mode: [herd, pack], cluster.controllers: [1, 3] }");
    let labels: Vec<String> = scenario.rows.iter().map(|row| row.label()).collect();
    assert_eq!(
        labels,
        [
            "cluster.mode=herd, cluster.controllers=any",
            "cluster.mode=pack, cluster.controllers=1",
            "cluster.mode=pack, cluster.controllers=3"
        ]
    );
    let scenario = flock("matrix: { app.producer.accept: [[FINE], [FINE, LATE], any] }");
    let accepted: Vec<usize> =
        scenario.rows.iter().map(|row| row.setup.app.producer.accept.as_ref().map_or(0, Vec::len)).collect();
    assert_eq!(accepted, [1, 2, 1]);
}

#[test]
fn every_broker_is_shown_its_own_keys_alone() {
    let keys = |scenario: Scenario| -> Vec<&'static str> {
        scenario.rows[0].setup_values().into_iter().map(|(path, ..)| path).collect()
    };
    let (toy, flock) = (keys(read("toy", "").expect("it is right")), keys(flock("")));
    let only = |keys: &[&'static str], others: &[&'static str]| -> Vec<&'static str> {
        keys.iter().copied().filter(|key| !others.contains(key)).collect()
    };
    assert_eq!(only(&toy, &flock), ["cluster.brokers"]);
    let of_flock = ["mode", "groups", "slaves", "nameservers", "controllers"].map(|key| format!("cluster.{key}"));
    let of_flock: Vec<&str> = of_flock.iter().map(String::as_str).chain(["app.producer.accept"]).collect();
    assert_eq!(only(&flock, &toy), of_flock);
}

fn replay_of(scenario: &Scenario) -> Replay {
    let row = scenario.rows.last().expect("rows").clone();
    let finding = Finding {
        class: "none".into(),
        seed: ackproof_core::seed::Seed(7),
        setup: row.setup.clone(),
        steps: Vec::new(),
        digest: "0123456789abcdef".into(),
        shows: "nothing".into(),
        breaks: None,
    };
    Replay::of(scenario, &row, finding)
}

#[test]
fn a_replay_carries_what_its_broker_has_and_nothing_else() {
    let scenario = flock(
        "cluster: { mode: pack, groups: 2 }\napp: { producer: { accept: [FINE], \
         transaction: { messages: 1, unknown_rate: 0.5, check: unknown } } }",
    );
    let replay = replay_of(&scenario);
    let text = replay.to_yaml();
    let again =
        parse_replay("x.replay.yaml", &text, &[&Flock], &[]).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    assert_eq!(again.row().setup, replay.row().setup);
    let transaction = again.row().setup.app.producer.transaction.expect("it has one");
    assert!(transaction.unknown_rate == 0.5 && transaction.check == CheckBack::Unknown);
    assert_eq!(again.to_yaml(), text);
    let toy = read("toy", "app: { producer: { transaction: { messages: 2 } } }").expect("it is right");
    let text = replay_of(&toy).to_yaml();
    for key in ["mode", "groups", "slaves", "nameservers", "controllers", "accept", "unknown_rate", "check"] {
        assert!(!text.contains(&format!("{key}:")), "{key} in\n{text}");
    }
}

#[test]
fn a_scenario_that_stands_alone_keeps_its_groups() {
    let scenario = flock("cluster: { mode: pack }\nmatrix: { cluster.slaves: [0, 2] }");
    let again = Scenario::from_resolved(&scenario.resolved(), &[&Flock]).unwrap_or_else(|why| panic!("{why}"));
    let setups = |scenario: &Scenario| -> Vec<Setup> { scenario.rows.iter().map(|row| row.setup.clone()).collect() };
    assert_eq!(setups(&again), setups(&scenario));
    let toy = read("toy", "").expect("it is right").resolved().to_string();
    assert!(!toy.contains("deployment") && !toy.contains("accept"), "{toy}");
}

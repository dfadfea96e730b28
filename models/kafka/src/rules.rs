//! A minimal test for each rule of `RULES.md`, named after it.

mod bench;
mod coordinator;
mod elections;
mod eligible;
mod expiry;
mod groups;
mod idempotence;
mod in_sync;
mod instances;
mod model;
mod offsets_expiry;
mod producing;
mod replication;
mod retention;
mod sessions;
mod storage;
mod storm;
mod transactions;
mod transforming;
mod truncation;
mod versions;

const RULES: &str = include_str!("../RULES.md");

/// Every file with tests that `RULES.md` may name.
const FILES: [(&str, &str); 21] = [
    ("controller/election.rs", include_str!("controller/election.rs")),
    ("controller/eligible.rs", include_str!("controller/eligible.rs")),
    ("rules/coordinator.rs", include_str!("rules/coordinator.rs")),
    ("rules/elections.rs", include_str!("rules/elections.rs")),
    ("rules/eligible.rs", include_str!("rules/eligible.rs")),
    ("rules/expiry.rs", include_str!("rules/expiry.rs")),
    ("rules/groups.rs", include_str!("rules/groups.rs")),
    ("rules/idempotence.rs", include_str!("rules/idempotence.rs")),
    ("rules/in_sync.rs", include_str!("rules/in_sync.rs")),
    ("rules/instances.rs", include_str!("rules/instances.rs")),
    ("rules/offsets_expiry.rs", include_str!("rules/offsets_expiry.rs")),
    ("rules/producing.rs", include_str!("rules/producing.rs")),
    ("rules/replication.rs", include_str!("rules/replication.rs")),
    ("rules/retention.rs", include_str!("rules/retention.rs")),
    ("rules/sessions.rs", include_str!("rules/sessions.rs")),
    ("rules/storage.rs", include_str!("rules/storage.rs")),
    ("rules/storm.rs", include_str!("rules/storm.rs")),
    ("rules/transactions.rs", include_str!("rules/transactions.rs")),
    ("rules/transforming.rs", include_str!("rules/transforming.rs")),
    ("rules/truncation.rs", include_str!("rules/truncation.rs")),
    ("rules/versions.rs", include_str!("rules/versions.rs")),
];

/// The rows of the tables of `RULES.md` about brokers and the controller: rules, then simplifications.
fn rows() -> (Vec<Vec<&'static str>>, Vec<Vec<&'static str>>) {
    let (_, rest) = RULES.split_once("\n## Broker and controller\n").expect("the heading is there");
    let (ours, _) = rest.split_once("\n## Clients\n").expect("the next heading is there");
    let (rules, simplified) = ours.split_once("\n### Simplified").expect("something is simplified");
    let cells = |line: &'static str| line.trim_matches('|').split(" | ").map(str::trim).collect();
    let table = |text: &'static str| text.lines().filter(|line| line.starts_with("| **")).map(cells).collect();
    (table(rules), table(simplified))
}

#[test]
fn every_rule_names_its_source_and_a_test_that_exists() {
    let (rules, simplifications) = rows();
    assert!(rules.len() > 40 && simplifications.len() > 10);
    for rule in rules {
        let [statement, source, tests] = rule[..] else { panic!("not three columns: {rule:?}") };
        assert!(!source.is_empty(), "{statement}");
        for test in tests.split(", ").map(|test| test.trim_matches('`')) {
            let exists = FILES.iter().any(|(_, text)| text.contains(&format!("fn {test}() {{")));
            assert!(exists, "no test is called {test}");
        }
    }
    assert!(simplifications.iter().all(|row| row.len() == 2 && !row[1].is_empty()));
}

#[test]
fn every_test_of_a_rule_is_named_by_a_rule() {
    let about_all_rules =
        ["the_same_storm_has_the_same_outcome", "acks_all_survives_the_kill_of_every_replica_at_once"];
    for (path, text) in FILES {
        for test in text.split("#[test]\n").filter_map(|rest| rest.trim_start().strip_prefix("fn ")?.split_once("()")) {
            let is_named = RULES.contains(&format!("`{}`", test.0)) || about_all_rules.contains(&test.0);
            assert!(is_named, "{path}: {}", test.0);
        }
    }
}

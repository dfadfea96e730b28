//! The commands that only read: `check`, `plan`, `list`, `schema`, and help.

use ackproof_core::fault::FaultKind;
use ackproof_core::guarantee::Guarantee;
use ackproof_core::observe::Probe;

use snapbox::IntoData;

use crate::workplace::Workplace;

#[test]
fn check_says_what_a_good_file_comes_to_and_runs_nothing() {
    let place = Workplace::orders();
    place
        .run(&["check", "orders.yaml"])
        .ended(0)
        .says("orders.yaml: ok, kafka@")
        .says("2 rows x 2 fault classes x 8 runs");
    place.run(&["check", "orders.yaml", "--format", "markdown"]).ended(0).says("orders.yaml: ok");
    let json = place.run(&["check", "orders.yaml", "--format", "json"]).ended(0).json();
    assert_eq!(
        (json[0]["ok"].as_bool(), json[0]["rows"].as_u64(), json[0]["runs"].as_u64()),
        (Some(true), Some(2), Some(8))
    );
    assert!(place.files("results").is_empty());
}

#[test]
fn check_looks_at_every_file_even_when_one_is_wrong() {
    let place = Workplace::orders();
    place.write("wrong.yaml", "broker: kafka\nfaults: { none: [] }\nrun: 5\n");
    place
        .run(&["check", "wrong.yaml", "orders.yaml"])
        .ended(2)
        .says("orders.yaml: ok")
        .says("wrong.yaml:3:1")
        .says("did you mean `runs`?");
    let json = place.run(&["check", "wrong.yaml", "orders.yaml", "--format", "json"]).ended(2).json();
    assert_eq!((json[0]["ok"].as_bool(), json[1]["ok"].as_bool()), (Some(false), Some(true)));
    assert_eq!(
        (json[0]["diagnostics"][0]["line"].as_u64(), json[0]["diagnostics"][0]["column"].as_u64()),
        (Some(3), Some(1))
    );
}

#[test]
fn plan_shows_rows_columns_and_where_each_value_comes_from_and_runs_nothing() {
    let place = Workplace::orders();
    place
        .run(&["plan", "orders.yaml"])
        .ended(0)
        .says("2 rows x 2 fault classes x 8 seeds (from 1) = 32 runs")
        .says("leader-cut-off: The leader is cut off")
        .says("acks=all")
        .says("topic.min.insync.replicas 2 (scenario line 4)")
        .says("producer.acks 1 (matrix)");
    place.run(&["plan", "orders.yaml", "--format", "markdown"]).ended(0).says("2 rows");
    let json = place.run(&["plan", "orders.yaml", "--set", "linger.ms=7", "--format", "json"]).ended(0).json();
    assert_eq!(json["rows"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["rows"][1]["settings"]["producer.linger.ms"]["value"], "7");
    assert_eq!(json["rows"][1]["settings"]["producer.linger.ms"]["source"], "command line");
    assert!(place.files("results").is_empty());
}

#[test]
fn list_covers_every_word_that_a_scenario_may_use() {
    let place = Workplace::with(&[]);
    let listed = |what: &str| {
        let text = place.run(&["list", what]).ended(0).out;
        let json = place.run(&["list", what, "--format", "json"]).ended(0).json();
        let names: Vec<String> = json.as_array().expect("a list").iter().map(|line| line["name"].to_string()).collect();
        for line in json.as_array().expect("a list") {
            assert!(line["meaning"].as_str().is_some_and(|words| !words.is_empty()), "{line}");
            assert!(text.contains(line["name"].as_str().expect("a name")), "{line} is in json and not in text");
        }
        names
    };
    let covers = |what: &str, words: &mut dyn Iterator<Item = &'static str>| {
        let (names, mut count) = (listed(what), 0);
        for word in words {
            assert!(names.contains(&format!("\"{word}\"")), "{what}: {word} is missing");
            count += 1;
        }
        assert_eq!(names.len(), count, "{what}: {names:?}");
    };
    covers("faults", &mut FaultKind::ALL.iter().map(|(verb, _, _)| *verb));
    covers("guarantees", &mut Guarantee::ALL.iter().map(|(word, _, _)| *word));
    covers("probes", &mut Probe::ALL.iter().map(|(word, _, _)| *word));
    assert!(listed("brokers").contains(&"\"kafka\"".to_owned()));
}

#[test]
fn list_settings_knows_defaults_by_version_and_refuses_what_it_does_not_know() {
    let place = Workplace::with(&[]);
    let default = |version: &str, key: &str| {
        let arguments = ["list", "settings", "kafka", "--version", version, "--format", "json"];
        let json = place.run(&arguments).ended(0).json();
        let line = json.as_array().and_then(|all| all.iter().find(|line| line["name"] == key)).expect("a setting");
        assert!(!line["source"].as_str().unwrap_or_default().is_empty(), "{line}");
        line["default"].as_str().map(str::to_owned)
    };
    assert_eq!(default("2.8", "producer.acks").as_deref(), Some("1"));
    assert_eq!(default("3.0", "producer.acks").as_deref(), Some("all"));
    let protocol = "broker.inter.broker.protocol.version";
    assert_eq!(default("3.9.0", protocol).as_deref(), Some("3.9-IV0"));
    assert_eq!(default("4.0", protocol).as_deref(), Some("none"), "removed");
    place.run(&["list", "settings", "kafka"]).ended(0).says("topic.min.insync.replicas");
    place.run(&["list", "settings"]).ended(2).says("whose settings? name a broker; brokers: kafka");
    place.run(&["list", "settings", "kafak"]).ended(2).says("no broker `kafak`");
    place.run(&["list", "settings", "kafka", "--version", "0.1"]).ended(2).says("no version `0.1`");
    let librdkafka = ["list", "settings", "kafka", "--client", "librdkafka"];
    place.run(&librdkafka).ended(0).says("also: delivery.timeout.ms");
    place
        .run(&["list", "settings", "kafka", "--client", "jawa"])
        .ended(2)
        .says("no client `jawa` of kafka; known: java");
    place.run(&["list", "nothing"]).ended(2).says("possible values");
}

#[test]
fn the_committed_schema_is_what_the_command_prints() {
    let printed = Workplace::with(&[]).run(&["schema"]).ended(0).out;
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/schema.json");
    let committed = std::fs::read_to_string(committed).expect("scenarios/schema.json is committed");
    snapbox::assert_data_eq!(printed, committed.raw());
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let place = Workplace::with(&[]);
    place.run(&["--help"]).ended(0).says("Exit codes: 0 as expected").says("replay");
    for command in ["run", "plan", "check", "replay", "explain", "list", "schema"] {
        let help = place.run(&[command, "--help"]).ended(0).out;
        let examples = help.split("Examples:").nth(1).unwrap_or_else(|| panic!("{command} --help has no examples"));
        assert!(examples.matches(&format!("ackproof {command}")).count() >= 2, "{command}: {examples}");
    }
    place.run(&["--version"]).ended(0).says(env!("CARGO_PKG_VERSION"));
}

#[test]
fn wrong_usage_is_exit_2_and_names_what_is_wrong() {
    let place = Workplace::orders();
    for (arguments, words) in [
        (&["rum", "orders.yaml"][..], "unrecognized subcommand 'rum'"),
        (&["run"], "required arguments were not provided"),
        (&["run", "orders.yaml", "--runs", "0"], "0 is not in 1..=1000000"),
        (&["run", "orders.yaml", "--verify", "101%"], "no share of the runs"),
        (&["run", "orders.yaml", "--engine", "warp"], "possible values: event, turmoil"),
        (&["run", "orders.yaml", "-j", "0"], "0 is not in 1..=1024"),
        (&["run", "orders.yaml", "--format", "xml"], "possible values: text, json, markdown"),
        (&["run", "orders.yaml", "--set", "ackz=1"], "did you mean `acks`?"),
        (&["run", "orders.yaml", "--set", "acks"], "key=value"),
        (&["run", "orders.yaml", "--only", "acks"], "expected key=value"),
        (&["run", "orders.yaml", "--only", "ackz=1"], "did you mean `acks`?"),
        (&["replay", "nowhere.replay.yaml"], "nowhere.replay.yaml"),
        (&["explain", "orders.yaml"], "is a scenario, not a replay"),
        (&["plan", "nowhere.yaml"], "no such file"),
    ] {
        place.run(arguments).ended(2).says(words);
    }
    assert!(place.files("results").is_empty(), "nothing was run");
}

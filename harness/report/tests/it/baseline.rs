//! The committed form of a result: read as it was written, and refused when it is not what it says.

use std::collections::BTreeMap;

use ackproof_core::guarantee::Guarantee;
use ackproof_core::seed::Seed;
use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_report::baseline::{self, Baseline};
use ackproof_report::result::{CellPlan, Manifest, ManifestRow, RunLine, Storm};
use snapbox::{assert_data_eq, file};

use crate::fixture::{Outcome, run};

fn manifest() -> Manifest {
    let mut effective = Effective::new("4.1", "java");
    effective.set(SettingName::new("topic", "partitions"), "1", ValueSource::Scenario { line: 3 });
    effective.set(SettingName::new("producer", "linger.ms"), "5", ValueSource::Default);
    effective.set(SettingName::new("producer", "sasl.jaas.config"), "hunter2", ValueSource::CommandLine);
    let rows = ["1", "all"].map(|acks| {
        let mut effective = effective.clone();
        effective.set(SettingName::new("producer", "acks"), acks, ValueSource::Matrix);
        ManifestRow::new([("producer.acks".to_owned(), acks.to_owned())].into(), &effective)
    });
    let cells = ["1", "all"].iter().zip(1..).map(|(acks, row)| CellPlan {
        id: format!("r{row}-f1-kill"),
        settings: [("producer.acks".to_owned(), (*acks).to_owned())].into(),
        fault: "kill".into(),
        runs: 30,
        asked: vec![Guarantee::NoDuplicates],
    });
    Manifest {
        v: Manifest::VERSION,
        ackproof: "0.1.0".into(),
        scenario: "orders".into(),
        title: "Which settings keep orders?".into(),
        broker: "kafka@4.1".into(),
        engine: "event".into(),
        plan: "0123456789abcdef".into(),
        shard: None,
        file: Some("orders.yaml".into()),
        set: Vec::new(),
        seed: 1,
        runs: 30,
        resolved: Some(
            serde_json::json!({ "setup": { "workload": { "messages": 200, "producers": 1 } }, "title": "not of interest" }),
        ),
        cells: cells.collect(),
        rows: rows.into(),
    }
}

fn runs() -> BTreeMap<String, Vec<RunLine>> {
    let outcome = |lossy| Outcome { lossy, doubtful: 6, ack_ms: 7, ..Outcome::default() };
    let lines = |lossy, shift: u64| -> Vec<RunLine> {
        let line =
            |seed| RunLine { storm: Some(Storm(format!("{:08x}", seed + shift))), ..run(seed, "all", outcome(lossy)) };
        (1..=30).map(line).collect()
    };
    let mut second = lines(0, 0);
    second[29] = RunLine::broken(Seed(30), "a panic");
    [("r1-f1-kill".to_owned(), lines(4, 0)), ("r2-f1-kill".to_owned(), second)].into()
}

#[test]
fn a_result_is_written_small_and_in_lines_that_can_be_compared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.json");
    let whole = Baseline::of(&manifest(), &runs());
    baseline::write(&path, &whole).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_data_eq!(&text, file!["golden/baseline.json"].raw());
    assert!(!text.contains("hunter2"));
    assert_eq!(baseline::read(&path).unwrap(), whole);
    assert!(baseline::is_baseline(&path));
}

#[test]
fn what_a_run_came_to_is_kept_and_a_broken_run_is_not() {
    let whole = Baseline::of(&manifest(), &runs());
    let [first, second] = &whole.cells[..] else { panic!("two cells") };
    let loss = &first.judged[&Guarantee::NoAckedLoss];
    assert_eq!((loss.broke.to_string(), loss.undecided.to_string()), ("1-3".to_owned(), "4-5".to_owned()));
    assert_eq!((first.runs.len(), second.runs.len()), (30, 29));
    assert_eq!(
        whole.config.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        ["producer.sasl.jaas.config", "topic.partitions"]
    );
}

#[test]
fn a_file_that_was_cut_or_is_of_another_version_or_kind_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.json");
    baseline::write(&path, &Baseline::of(&manifest(), &runs())).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let refused = |text: &str, words: &str| {
        std::fs::write(&path, text).unwrap();
        let error = baseline::read(&path).unwrap_err().to_string();
        assert!(error.contains("orders.json") && error.contains(words), "{error}");
    };
    for cut in (0..text.len() - 2).step_by(97) {
        refused(&text[..cut], "not a result of this program");
    }
    refused(&text.replace("\"v\": 1", "\"v\": 2"), "version 2");
    refused(&text.replace("\"kind\": \"baseline\"", "\"kind\": \"summary\""), "its kind is `summary`");
    refused(&text.replace("\"seeds\": \"1-30\"", "\"seeds\": \"1-31\""), "not one digest of a storm for each seed");
    refused(&text.replacen("\"broke\":\"1-3\"", "\"broke\":\"1-99\"", 1), "a verdict for seed 31");
    refused(&text.replacen("\"broke\":\"1-3\"", "\"broke\":\"3-1\"", 1), "`3-1` is no set of seeds");
    refused("[]", "not a result");
}

//! The schema that editors use is the one that the reader goes by, and the committed copy is current.

use std::fs;
use std::path::Path;

use ackproof_core::fault::FaultKind;
use ackproof_core::guarantee::Guarantee;
use ackproof_core::observe::Probe;
use ackproof_scenario::schema;
use serde_json::Value;

#[test]
fn the_committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/schema.json");
    let current = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &current).expect("scenarios/schema.json can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "scenarios/schema.json is not current; run: UPDATE_SCHEMA=1 cargo test -p ackproof-scenario --test schema"
    );
}

#[test]
fn every_word_of_the_field_is_in_the_schema() {
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let step = &schema["properties"]["faults"]["additionalProperties"]["items"];
    for (verb, meaning, _) in FaultKind::ALL {
        let about = step["properties"][verb]["description"].as_str().unwrap_or_default();
        assert!(about.starts_with(meaning), "{verb}: {about}");
    }
    let text = schema.to_string();
    let probes = Probe::ALL.iter().map(|(word, _, _)| *word);
    for word in probes.chain(Guarantee::ALL.iter().map(|(word, _, _)| *word)) {
        assert!(text.contains(&format!("\"{word}\"")), "{word}");
    }
}

#[test]
fn the_schema_closes_what_the_reader_closes() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    for section in ["cluster", "app", "workload", "network", "disk"] {
        assert_eq!(schema["properties"][section]["additionalProperties"], Value::Bool(false), "{section}");
    }
    assert_eq!(schema["required"], serde_json::json!(["broker", "faults"]));
}

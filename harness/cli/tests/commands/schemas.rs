//! What other programs read is as its schema says, and the published schemas are current.

use std::path::Path;

use serde_json::Value;

use crate::workplace::Workplace;

const PUBLISHED: [&str; 3] = ["summary", "run", "manifest"];

fn schema(place: &Workplace, of: &str) -> Value {
    serde_json::from_str(&place.run(&["schema", of]).ended(0).out).expect("a schema is JSON")
}

#[test]
fn the_published_schemas_are_current() {
    let place = Workplace::orders();
    for of in PUBLISHED {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../results/schema/{of}.json"));
        let current = place.run(&["schema", of]).ended(0).out;
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &current).expect("the schema can be written");
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        let again = "UPDATE_SCHEMA=1 cargo test -p ackproof --test commands schemas";
        assert!(published == current, "results/schema/{of}.json is not current; run: {again}");
    }
}

#[test]
fn what_a_sweep_writes_is_valid_by_its_schema() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let folder = place.newest("orders");
    let validator = |of| jsonschema::draft7::new(&schema(&place, of)).expect("a schema is one");
    for (of, file) in [("summary", "summary.json"), ("manifest", "manifest.json")] {
        let text = place.read(&format!("{folder}/{file}"));
        let document = serde_json::from_str(&text).expect("it is JSON");
        let wrong: Vec<String> = validator(of).iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{file}: {wrong:#?}");
    }
    let (run, mut lines) = (validator("run"), 0);
    for file in place.files("results").iter().filter(|file| file.ends_with(".jsonl")) {
        for line in place.read(file).lines() {
            let wrong: Vec<String> =
                run.iter_errors(&serde_json::from_str(line).expect("it is JSON")).map(|e| e.to_string()).collect();
            assert!(wrong.is_empty(), "{file}: {wrong:#?}");
            lines += 1;
        }
    }
    assert_eq!(lines, 32);
}

/// A schema that everything is valid by would not help anybody.
#[test]
fn a_result_with_a_field_missing_or_of_another_type_is_not_valid() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let text = place.read(&format!("{}/summary.json", place.newest("orders")));
    let summary: Value = serde_json::from_str(&text).expect("it is JSON");
    let validator = jsonschema::draft7::new(&schema(&place, "summary")).expect("a schema is one");
    assert!(validator.is_valid(&summary));
    for (path, wrong) in [
        ("/v", Value::Null),
        ("/cells/0/runs", "8".into()),
        ("/cells/0/verdict", "maybe".into()),
        ("/cells/0/guarantees/no-acked-loss/of", Value::Null),
        ("/cells/0/messages/lost_in", 3.into()),
    ] {
        let mut spoilt = summary.clone();
        *spoilt.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = wrong;
        assert!(!validator.is_valid(&spoilt), "{path}");
    }
}

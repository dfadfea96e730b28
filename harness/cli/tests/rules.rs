//! Whatever the `RULES.md` of a model says in a table of rules, a test of that name stands for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Models with the number of rules that their tables have at least.
const MODELS: [(&str, usize); 3] = [("kafka", 150), ("raft", 15), ("rocketmq", 40)];

fn folder_of(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(model)
}

fn rules_of(model: &str) -> String {
    fs::read_to_string(folder_of(model).join("RULES.md")).expect("every model has its rules")
}

/// The names of the tests in all sources below a folder.
fn tests_below(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("it can be read");
            let parts = text.split("#[test]").skip(1);
            let names = parts.filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
            found.extend(names.map(|(name, _)| name.to_owned()));
        }
    }
}

/// The rows of every table whose last column is called `test`, with that column.
fn rows(rules: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut is_of_rules = false;
    rules.lines().filter_map(move |line| {
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            is_of_rules = is_of_rules && line.starts_with("|---");
            return None;
        };
        let (_, last) = cells.rsplit_once(" | ")?;
        if last == "test" {
            is_of_rules = true;
            return None;
        }
        is_of_rules.then_some((cells, last))
    })
}

#[test]
fn every_row_of_every_table_of_rules_names_tests_that_exist() {
    for (model, least) in MODELS {
        let mut tests = BTreeSet::new();
        for folder in ["src", "tests"] {
            tests_below(&folder_of(model).join(folder), &mut tests);
        }
        // Rules about a user's files are tested where files are read.
        tests_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut tests);
        let rules = rules_of(model);
        let mut missing = Vec::new();
        let mut all = 0;
        for (row, names) in rows(&rules) {
            let is_whole = row.split(" | ").all(|cell| !cell.trim().is_empty()) && names.starts_with('`');
            assert!(is_whole, "{model}: a statement, a source and tests: {row}");
            all += 1;
            let unknown = |name: &&str| !tests.contains(name.trim_matches('`'));
            missing.extend(names.split(", ").filter(unknown));
        }
        assert!(all >= least, "{model}: {all} rows");
        assert!(missing.is_empty(), "{model}: no test is called {}", missing.join(", "));
    }
}

//! Whatever `RULES.md` says in a table of rules, of brokers or of clients or of settings, a test of that name stands for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::RULES;

/// The names of the tests in all sources of this crate.
fn tests_below(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("it can be read");
            let names = text.split("#[test]").filter_map(|rest| rest.trim_start().strip_prefix("fn ")?.split_once('('));
            found.extend(names.map(|(name, _)| name.to_owned()));
        }
    }
}

/// The rows of every table whose last column is called `test`, with that column.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut is_of_rules = false;
    RULES.lines().filter_map(move |line| {
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
    let mut tests = BTreeSet::new();
    tests_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut tests);
    let mut missing = Vec::new();
    let mut all = 0;
    for (row, names) in rows() {
        assert!(row.split(" | ").count() == 3 && names.starts_with('`'), "a statement, a source and tests: {row}");
        all += 1;
        let unknown = |name: &&str| !tests.contains(name.trim_matches('`'));
        missing.extend(names.split(", ").filter(unknown));
    }
    assert!(all > 150, "{all} rows");
    assert!(missing.is_empty(), "no test is called {}", missing.join(", "));
}

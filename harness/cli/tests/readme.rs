//! The README shows what the quickstart prints.

use std::process::Command;

/// The first line of the quickstart's output that the README leaves out: what comes before is the answer, the matrix
/// and how to read it.
const REST: &str = "Faults";

#[test]
fn the_readme_shows_how_the_quickstart_begins() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ackproof")).current_dir(&folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let (shown, _) = printed.split_once(&format!("\n{REST}\n")).expect("the answer is followed by the faults");
    let shown: Vec<&str> = shown.trim_end().lines().map(str::trim_end).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once("<!-- quickstart -->\n```text\n").expect("the README marks the place");
    let (_, after) = rest.split_once("```\n").expect("the block ends");
    let right = format!("{before}<!-- quickstart -->\n```text\n{}\n```\n{after}", shown.join("\n"));
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, &right).unwrap();
    }
    assert_eq!(readme, right, "run again with UPDATE_README=1 to bring the README up to date");
}

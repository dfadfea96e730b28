//! A sweep that the user ends, and takes up again.
#![cfg(unix)]

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use snapbox::IntoData;

use crate::workplace::{Ran, Workplace};

/// Long enough to be interrupted on any machine, short enough to be finished in a test.
const RUNS: &str = "1500";

fn recorded(place: &Workplace) -> usize {
    let cells = place.files("results").into_iter().filter(|file| file.ends_with(".jsonl"));
    cells.map(|file| place.read(&file).lines().count()).sum()
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill can be run");
    assert!(sent.success());
}

#[test]
fn an_interrupted_sweep_keeps_its_runs_and_goes_on_to_the_same_summary() {
    let place = Workplace::orders();
    let arguments = ["run", "orders.yaml", "--runs", RUNS, "--only", "acks=1", "-j", "1"];
    let mut child = place.start(&arguments);
    // Another process has no other way to tell how far it is.
    while recorded(&place) < 100 {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt(&child);
    let ran = Ran::of(child.wait_with_output().expect("it ends")).ended(130);
    let command = format!("run orders.yaml --runs {RUNS} --only acks=1 -j 1");
    let ran = ran.says("interrupted; what is finished is kept. Go on with: ").says(&command);
    let resume = ran.err.lines().find_map(|line| line.split("Go on with: ").nth(1)).expect("a command");
    let kept = recorded(&place);
    assert!((100..3000).contains(&kept), "{kept} runs were kept");
    let part: serde_json::Value =
        serde_json::from_str(&place.read(&format!("{}/summary.json", place.newest("orders")))).expect("json");
    assert_eq!((part["complete"].as_bool(), part["exit"].as_u64()), (Some(false), Some(130)));

    let folder = Path::new(env!("CARGO_BIN_EXE_ackproof")).parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = Command::new("bash");
    bash.args(["-c", resume]).current_dir(place.path(".")).env("PATH", path).env("CI", "1").env_remove("CARGO");
    let resumed = bash.output();
    Ran::of(resumed.expect("bash can be started"))
        .ended(0)
        .says(&format!("{kept} of 3000 runs were recorded before; going on"));
    let uninterrupted = Workplace::orders();
    uninterrupted.run(&arguments).ended(0);
    let summary = |place: &Workplace| place.read(&format!("{}/summary.json", place.newest("orders")));
    snapbox::assert_data_eq!(summary(&place), summary(&uninterrupted).raw());
    for file in uninterrupted.files("results") {
        snapbox::assert_data_eq!(place.read(&file), uninterrupted.read(&file).raw());
    }
}

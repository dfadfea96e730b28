//! What a sweep leaves behind, what it takes up again, and what it says when it cannot write.

use snapbox::IntoData;

use crate::workplace::{Ran, Workplace};

#[test]
fn a_finished_sweep_is_taken_up_as_it_is() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let folder = place.newest("orders");
    let files = place.files("results");
    let text: Vec<String> = files.iter().map(|file| place.read(file)).collect();
    let cells = files.iter().filter(|file| file.contains("/cells/")).count();
    assert_eq!((cells, files.contains(&format!("{folder}/manifest.json"))), (4, true));
    place.run(&["run", "orders.yaml"]).ended(0).says("32 of 32 runs were recorded before");
    assert_eq!(place.files("results"), files);
    for (file, text) in files.iter().zip(text) {
        snapbox::assert_data_eq!(place.read(file), text.raw());
    }
}

#[test]
fn another_plan_has_another_folder() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let first = place.newest("orders");
    place.run(&["run", "orders.yaml", "--set", "linger.ms=9"]).ended(0);
    assert_ne!(place.newest("orders"), first);
    place.run(&["run", "orders.yaml"]).ended(0);
    assert_eq!(place.newest("orders"), first, "the newest is the one that was run last");
}

#[test]
fn a_last_line_that_was_cut_short_is_run_again() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let summary = format!("{}/summary.json", place.newest("orders"));
    let whole = place.read(&summary);
    let cell = place.files("results").into_iter().find(|file| file.ends_with(".jsonl")).expect("a cell");
    let text = place.read(&cell);
    place.write(&cell, &text[..text.len() - 40]);
    place
        .run(&["run", "orders.yaml"])
        .ended(0)
        .says(&format!("{cell}:8: a line that was cut short is dropped and its run repeated"))
        .says("31 of 32 runs were recorded before");
    assert_eq!(place.read(&cell), text);
    snapbox::assert_data_eq!(place.read(&summary), whole.raw());
}

#[test]
fn a_line_in_the_middle_that_is_no_result_is_an_error_that_names_it() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let cell = place.files("results").into_iter().find(|file| file.ends_with(".jsonl")).expect("a cell");
    let text = place.read(&cell).replacen("\"seed\":3", "\"sead\":3", 1);
    place.write(&cell, text);
    place.run(&["run", "orders.yaml"]).ended(2).says(&format!("{cell}:3: not a result of this program"));
}

/// A recorded run that is not what the plan gives now, as after a change to a model, is a difference between two runs.
#[test]
fn a_recorded_run_that_now_goes_otherwise_is_exit_5() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let cell = place.files("results").into_iter().find(|file| file.ends_with(".jsonl")).expect("a cell");
    let mut line: serde_json::Value =
        serde_json::from_str(place.read(&cell).lines().next().expect("a line")).expect("json");
    let digest = line["digest"].as_str().expect("a digest").to_owned();
    line["digest"] = serde_json::json!("0".repeat(32));
    let rest = place.read(&cell).lines().skip(1).map(|line| format!("{line}\n")).collect::<String>();
    place.write(&cell, format!("{line}\n{rest}"));
    place.run(&["run", "orders.yaml", "--verify", "100%"]).ended(5).says(&digest);
}

#[test]
fn a_results_folder_that_cannot_be_made_is_named() {
    let place = Workplace::orders();
    place.write("taken", "a file, where a folder should be");
    place.run(&["run", "orders.yaml", "--out", "taken"]).ended(2).says("cannot make the folder taken/orders");
    place.run(&["run", "orders.yaml", "--out", "/proc/nowhere"]).ended(2).says("/proc/nowhere/orders");
}

/// A limit on the size of files is to a program what a full disk is, and can be had without being root.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_ends_the_sweep_with_the_path_and_keeps_what_was_written() {
    let place = Workplace::orders();
    let limited = |kibibytes: u32, arguments: &str| {
        let script = format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" {arguments}");
        let mut bash = std::process::Command::new("bash");
        bash.current_dir(place.path(".")).args(["-c", &script, env!("CARGO_BIN_EXE_ackproof")]).env("CI", "1");
        Ran::of(bash.output().expect("bash can be started"))
    };
    let ran = limited(40, "run orders.yaml --runs 200 -j 1").ended(2);
    let ran = ran.says("cannot write results/orders/").says("the runs that were written before are kept");
    assert!(ran.out.is_empty(), "half a result is no result: {}", ran.out);
    let lines = |place: &Workplace| -> usize {
        let cells = place.files("results").into_iter().filter(|file| file.ends_with(".jsonl"));
        cells.map(|file| place.read(&file).lines().count()).sum()
    };
    let kept = lines(&place);
    assert!(kept > 4, "{kept} runs were kept");
    place
        .run(&["run", "orders.yaml", "--runs", "200"])
        .ended(0)
        .says(&format!("{kept} of 800 runs were recorded before"));
    assert_eq!(lines(&place), 800);
}

#[cfg(unix)]
#[test]
fn two_sweeps_never_write_to_one_folder_at_once() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml", "--runs", "1"]).ended(0);
    let manifest =
        std::fs::File::open(place.path(&format!("{}/manifest.json", place.newest("orders")))).expect("a file");
    manifest.try_lock().expect("nobody else holds it");
    place.run(&["run", "orders.yaml", "--runs", "1"]).ended(2).says("another process is writing results here");
}

//! Results that somebody cut, mixed up, overwrote or made up: an error that names file and line, and on request the rest.

use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use snapbox::IntoData;

use crate::shards::run_shards;
use crate::workplace::{Ran, Workplace};

/// The scenario in two shards, both done.
fn place() -> Workplace {
    let place = Workplace::orders();
    run_shards(&place, 2, &["--runs", "4", "--verify", "0%"]);
    place
}

/// A file of a shard by the end of its name.
fn file(place: &Workplace, shard: u32, end: &str) -> String {
    let files = place.files(&format!("shards/{shard}"));
    files.into_iter().find(|file| file.ends_with(end)).unwrap_or_else(|| panic!("no {end}"))
}

const CELL: &str = "r1-f2-leader-cut-off.jsonl";

/// Joining is refused with `code`, and nothing is written; on request the rest is reported, and ends with `rest`.
#[track_caller]
fn refused(place: &Workplace, code: i32, rest: i32, says: &[&str]) -> Ran {
    let began = Instant::now();
    let ran = says.iter().fold(place.run(&["merge", "shards"]).ended(code), |ran, words| ran.says(words));
    assert!(ran.out.is_empty() && place.files("results").is_empty(), "{}", ran.out);
    let ran = place.run(&["merge", "shards", "--allow-missing"]).ended(rest);
    let ran = says.iter().filter(|words| !words.starts_with("error")).fold(ran, |ran, words| ran.says(words));
    assert!(began.elapsed() < Duration::from_secs(30), "it took {:?}", began.elapsed());
    let summary = place.read(&format!("{}/summary.json", place.newest("orders")));
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("json");
    assert_eq!(summary["complete"].as_bool(), Some(rest == 0), "{}", ran.err);
    assert!(rest == 0 || ran.out.starts_with("Incomplete: "), "{}", ran.out);
    ran
}

#[test]
fn a_last_line_that_was_cut_is_missing_and_one_in_the_middle_is_an_error() {
    let place = place();
    let (cell, text) = (file(&place, 1, CELL), place.read(&file(&place, 1, CELL)));
    place.write(&cell, &text[..text.len() - 30]);
    refused(&place, 3, 3, &[&format!("{cell}:2: a line that was cut short"), "1 of 16 runs are missing", "seeds 4"]);
    std::fs::remove_dir_all(place.path("results")).expect("it was there");
    let (first, second) = text.split_once('\n').expect("two lines");
    place.write(&cell, format!("{}\n{second}", &first[..first.len() / 2]));
    refused(&place, 2, 3, &[&format!("{cell}:1: not a result of this program"), "seeds 2", "shard 1/2 lacks 1 of 8"]);
}

#[test]
fn another_version_of_the_format_is_named_in_lines_and_in_manifests() {
    let place = place();
    let cell = file(&place, 2, CELL);
    place.write(&cell, place.read(&cell).replacen("{\"v\":1", "{\"v\":2", 1));
    let version = "written in version 2 of the format; this program reads version 1";
    refused(&place, 2, 3, &[&format!("{cell}: {version}"), "1 of 16 runs are missing"]);
    place.write(&cell, "{\"v\":7,\"shape\":\"of the future\"}\n");
    std::fs::remove_dir_all(place.path("results")).expect("it was there");
    refused(&place, 2, 3, &["written in version 7 of the format", "2 of 16 runs are missing"]);
    std::fs::remove_dir_all(place.path("results")).expect("it was there");
    let manifest = file(&place, 2, "manifest.json");
    place.write(&manifest, place.read(&manifest).replacen("\"v\": 1", "\"v\": 2", 1));
    refused(&place, 2, 3, &[&format!("{manifest}: {version}"), "shard 2/2 is nowhere"]);
}

#[test]
fn another_program_or_a_manifest_changed_by_hand_cannot_be_planned_again() {
    let place = place();
    for (from, to, says) in [
        ("\"ackproof\": \"", "\"ackproof\": \"9.", "recorded by ackproof 9."),
        ("\"replication.factor\"", "\"replication.faktor\"", "with other rules, or changed by hand since"),
        ("\"messages\": 30", "\"messages\": \"many\"", "the scenario in the field `resolved` cannot be read"),
        ("\"resolved\"", "\"unresolved\"", "lacks the scenario in its field `resolved`"),
        ("\"engine\": \"event\"", "\"engine\": \"steam\"", "no engine `steam`"),
        ("\"client\": \"java\"", "\"client\": \"cobol\"", "with the client `cobol` is not known here"),
    ] {
        let before: Vec<(String, String)> = [1, 2]
            .map(|shard| file(&place, shard, "manifest.json"))
            .map(|manifest| (manifest.clone(), place.read(&manifest)))
            .into();
        for (manifest, text) in &before {
            assert!(text.contains(from), "{from}");
            place.write(manifest, text.replacen(from, to, 1));
        }
        for arguments in [&["merge", "shards"][..], &["merge", "shards", "--allow-missing"]] {
            place.run(arguments).ended(2).says(says).says("manifest.json: ");
        }
        assert!(place.files("results").is_empty());
        before.iter().for_each(|(manifest, text)| place.write(manifest, text));
    }
}

#[test]
fn shards_of_another_plan_or_of_another_cut_are_named_and_left_out() {
    let place = place();
    place.run(&["run", "orders.yaml", "--runs", "5", "--shard", "2/2", "--out", "shards/other"]).ended(0);
    let ran = refused(&place, 2, 0, &["of another plan (", "shards/other/orders/"]);
    assert!(ran.err.contains("left out: "), "{}", ran.err);
    std::fs::remove_dir_all(place.path("shards/other")).expect("it was there");
    std::fs::remove_dir_all(place.path("results")).expect("it was there");
    place.run(&["run", "orders.yaml", "--runs", "4", "--shard", "3/4", "--out", "shards/other"]).ended(0);
    refused(&place, 2, 0, &["shard 3/4, where shards/1/orders/", "is shard 1/2", "do not fit together"]);
}

#[test]
fn runs_that_are_there_twice_are_counted_once_and_two_results_of_one_run_are_exit_5() {
    let place = place();
    let whole = place.run(&["merge", "shards", "-o", "once"]).ended(0);
    let mut cp = std::process::Command::new("cp");
    assert!(cp.args(["-r", "shards/2", "shards/3"]).current_dir(place.path(".")).status().expect("it runs").success());
    let ran = place.run(&["merge", "shards", "-o", "once"]).ended(0);
    let ran = ran.says("8 runs of shard 2/2 are there twice with the same result, and counted once");
    snapbox::assert_data_eq!(ran.out, whole.out.raw());

    let (cell, copy) = (file(&place, 2, CELL), file(&place, 3, CELL));
    place.write(&copy, place.read(&copy).replacen("\"events\":", "\"events\":1", 1));
    let says = format!("{copy}:1: seed 1 has another result in {cell}:1: two runs that should be the same differ");
    let ran = refused(&place, 5, 5, &[&says, "1 of 16 runs are missing"]);
    assert!(ran.out.contains("differs"), "{}", ran.out);
}

#[test]
fn runs_that_belong_elsewhere_are_errors() {
    let place = place();
    let (cell, other) = (file(&place, 1, CELL), file(&place, 2, CELL));
    let text = place.read(&cell);
    place.write(&cell, format!("{text}{}", place.read(&other)));
    refused(&place, 2, 0, &[&format!("{cell}:3: seed 1 of this cell belongs to another shard than 1/2")]);
    std::fs::remove_dir_all(place.path("results")).expect("it was there");
    place.write(&cell, text.replacen("\"seed\":2", "\"seed\":22", 1));
    refused(&place, 2, 3, &[&format!("{cell}:1: seed 22 is none of this plan"), "seeds 2"]);
    std::fs::remove_dir_all(place.path("results")).expect("it was there");
    place.write(&cell, &text);
    place.write(&cell.replace("r1-f2", "r9-f9"), &text);
    refused(&place, 2, 0, &["the plan has no cell `r9-f9-leader-cut-off`"]);
}

#[test]
fn binary_junk_is_told_in_a_few_lines_and_the_rest_is_read() {
    let place = place();
    let cell = file(&place, 1, CELL);
    let junk: Vec<u8> = (0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).chain([b'\n']).collect();
    let lines = junk.iter().filter(|&&byte| byte == b'\n').count();
    assert!(lines > 10, "{lines}");
    place.write(&cell, [&junk[..], place.read(&cell).as_bytes()].concat());
    let ran =
        refused(&place, 2, 0, &[&format!("{cell}:1: not a result"), &format!("{} more lines like these", lines - 3)]);
    assert!(ran.err.lines().count() < 10, "{}", ran.err);
    let manifest = file(&place, 1, "manifest.json");
    std::fs::remove_dir_all(place.path("results")).expect("it was there");
    place.write(&manifest, &junk);
    refused(&place, 2, 3, &["manifest.json", "shard 1/2 is nowhere"]);
}

/// Memory is limited to a fraction of the file, so that whoever reads the whole file, or a whole line of it, is killed.
#[cfg(unix)]
#[test]
fn files_of_a_gigabyte_are_read_line_by_line() {
    const GIGABYTE: u64 = 1 << 30;
    let place = place();
    let limited = |arguments: &str| {
        let script = format!("ulimit -v 400000; exec \"$0\" {arguments}");
        let mut bash = std::process::Command::new("bash");
        bash.current_dir(place.path(".")).args(["-c", &script, env!("CARGO_BIN_EXE_ackproof")]).env("CI", "1");
        Ran::of(bash.output().expect("bash can be started"))
    };
    let cell = file(&place, 1, CELL);
    let text = place.read(&cell);
    // One line without an end, as a disk that fills a hole with zeros leaves it.
    let lengthen = |name: &str| {
        let mut file = std::fs::OpenOptions::new().write(true).open(place.path(name)).expect("it is there");
        file.seek(SeekFrom::Start(GIGABYTE)).and_then(|_| file.write_all(b"\n")).expect("a hole costs no room");
    };
    lengthen(&cell);
    let ran = limited("merge shards").ended(2);
    let _ =
        ran.says(&format!("{cell}:3: not a result of this program: longer than 1048576 bytes, which no run's line is"));
    limited("merge shards --allow-missing").ended(0).says("left out: ");
    // Many lines, each the same run.
    let mut file = std::io::BufWriter::new(std::fs::File::create(place.path(&cell)).expect("it can be written"));
    let line = format!("{}\n", text.lines().next().expect("a line"));
    let times = (GIGABYTE / 8) / line.len() as u64;
    (0..times).for_each(|_| file.write_all(line.as_bytes()).expect("there is room"));
    drop(file);
    let ran = limited("merge shards").ended(3);
    let _ = ran.says(&format!("{} runs of shard 1/2 are there twice", times - 1)).says("seeds 4");
    place.write(&cell, &text);
    let manifest =
        place.files("shards/1").into_iter().find(|file| file.ends_with("manifest.json")).expect("it is there");
    lengthen(&manifest);
    limited("merge shards").ended(2).says(&format!("{manifest}: larger than 268435456 bytes"));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_or_cannot_be_read_is_named_and_never_waited_for() {
    use std::os::unix::fs::symlink;
    let place = place();
    let cell = file(&place, 1, CELL);
    let text = place.read(&cell);
    let expected = |make: &dyn Fn(&std::path::Path), says: &str| {
        let path = place.path(&cell);
        std::fs::remove_file(&path).expect("it was there");
        make(&path);
        refused(&place, 2, 3, &[&format!("cannot read {cell}: {says}"), "seeds 2, 4"]);
        std::fs::remove_dir_all(place.path("results")).expect("it was there");
        if path.is_dir() { std::fs::remove_dir(&path) } else { std::fs::remove_file(&path) }.expect("it was made");
        std::fs::write(&path, &text).expect("it can be written");
    };
    expected(&|path| std::fs::create_dir(path).expect("a folder"), "it is a folder, not a file");
    expected(&|path| symlink(path.file_name().expect("a name"), path).expect("a link"), "Too many levels of symbolic");
    expected(&|path| symlink("/dev/zero", path).expect("a link"), "it is no ordinary file");
    expected(&|path| symlink("nowhere", path).expect("a link"), "No such file");
    let fifo = |path: &std::path::Path| {
        assert!(std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo can be run").success());
    };
    expected(&fifo, "it is no ordinary file");
    // Even root is told no by these.
    if std::fs::read("/proc/self/mem").is_err_and(|error| error.raw_os_error() == Some(5)) {
        expected(&|path| symlink("/proc/self/mem", path).expect("a link"), "Input/output error");
    }
    let forbid = |path: &std::path::Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(path, &text).expect("it can be written");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).expect("it is ours");
    };
    let probe = place.path("probe");
    forbid(&probe);
    // Nothing is forbidden to root.
    if std::fs::read(&probe).is_err() {
        expected(&forbid, "Permission denied");
    }
    // Links between folders in circles are not followed, and cost nothing.
    symlink("..", place.path("shards/1/circle")).expect("a link");
    symlink("circle2", place.path("shards/circle2")).expect("a link");
    place.run(&["merge", "shards"]).ended(0);
}

#[test]
fn folders_without_shards_are_errors_that_say_what_is_expected() {
    let place = place();
    place.run(&["merge", "nowhere"]).ended(2).says("cannot read nowhere: No such file");
    std::fs::create_dir(place.path("empty")).expect("a folder");
    place.run(&["merge", "shards", "empty"]).ended(2).says("empty: no results of shards here");
    place.write("file", "");
    place.run(&["merge", "file"]).ended(2).says("cannot read file: Not a directory");
    place.run(&["run", "orders.yaml", "--runs", "4"]).ended(0);
    place.run(&["merge", "results"]).ended(2).says("results: no results of shards here");
    let whole = place.newest("orders");
    place.run(&["merge", &whole]).ended(2).says("the results of a whole sweep, not of a shard");
    let manifest = file(&place, 1, "manifest.json");
    place.write(&manifest, place.read(&manifest).replace("\"shard\": \"1/2\"", "\"shard\": \"1/1\""));
    place.run(&["merge", "shards"]).ended(2).says("`1/1` is no part of several").says("shard 1/2 is nowhere");
}

#[test]
fn an_earlier_result_is_replaced_only_by_one_that_has_all_of_its_runs() {
    let place = place();
    place.run(&["run", "orders.yaml", "--runs", "4"]).ended(0);
    let before = place.read(&format!("{}/summary.json", place.newest("orders")));
    std::fs::rename(place.path("shards/2"), place.path("later")).expect("it can be moved");
    place.run(&["merge", "shards", "--allow-missing"]).ended(2).says("is there, but in none of the shards");
    assert_eq!(place.read(&format!("{}/summary.json", place.newest("orders"))), before);
    place.run(&["merge", "shards", "later"]).ended(0);
}

#[test]
fn a_summary_that_is_missing_or_of_something_else_leaves_its_shard_unended() {
    let place = place();
    let summary = file(&place, 2, "summary.json");
    let text = place.read(&summary);
    std::fs::remove_file(place.path(&summary)).expect("it was there");
    refused(&place, 3, 3, &["shard 2/2 has its runs but did not end", "run it again"]);
    std::fs::remove_dir_all(place.path("results")).expect("it was there");
    place.write(&summary, text.replacen("\"shard\": \"2/2\"", "\"shard\": \"1/2\"", 1));
    refused(&place, 2, 3, &["summary.json: of another plan or shard than its manifest", "did not end"]);
    std::fs::remove_dir_all(place.path("results")).expect("it was there");
    place.write(&summary, &text[..text.len() / 2]);
    refused(&place, 2, 3, &["summary.json:", "not a result of this program"]);
}

#[test]
fn a_sweep_does_not_go_on_over_two_results_of_one_run() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml", "--runs", "2"]).ended(0);
    let cell = place.files("results").into_iter().find(|file| file.ends_with(CELL)).expect("a cell");
    let text = place.read(&cell);
    place.write(&cell, format!("{text}{text}"));
    place.run(&["run", "orders.yaml", "--runs", "2"]).ended(0).says("8 of 8 runs were recorded before");
    place.write(&cell, format!("{text}{}", text.replacen("\"events\":", "\"events\":1", 1)));
    let says = format!("{cell}:3: seed 1 has another result in {cell}:1");
    place.run(&["run", "orders.yaml", "--runs", "2"]).ended(5).says(&says);
    place.write(&cell, format!("{text}not a result\n"));
    place.run(&["run", "orders.yaml", "--runs", "2"]).ended(2).says(&format!("{cell}:3: not a result"));
}

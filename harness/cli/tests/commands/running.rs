//! `run`: its forms, its exit codes, and that neither threads nor engines change what comes out.

use std::io::Read;

use snapbox::IntoData;

use crate::workplace::{ALL_KEEPS, CANARY, Ran, Workplace, expecting};

#[test]
fn run_prints_a_matrix_for_people_an_object_for_programs_and_markdown_for_reviews() {
    let place = Workplace::orders();
    place
        .run(&["run", "orders.yaml"])
        .ended(0)
        .says("Does acks=all keep what it acknowledged?")
        .says("8/8")
        .says("0/8")
        .says("the leader (b1) is cut off from b2")
        .says("ackproof replay results/orders/");
    let json = place.run(&["run", "orders.yaml", "--format", "json"]).ended(0).json();
    assert_eq!((json["v"].as_u64(), json["exit"].as_u64(), json["ok"].as_bool()), (Some(1), Some(0), Some(true)));
    assert_eq!(json["scenario"], "orders");
    let cells = json["cells"].as_array().expect("cells");
    let lossy: Vec<u64> = cells.iter().map(|cell| cell["lossy_runs"].as_u64().expect("a number")).collect();
    assert_eq!(lossy, [0, 8, 0, 0]);
    assert_eq!(cells[1]["verdict"], "violated");
    assert_eq!(cells[1]["settings"]["producer.acks"], "1");
    assert!(cells[1]["witness"]["token"].as_str().is_some_and(|token| token.starts_with("kfk1-")));
    assert!(json["verified"]["runs"].as_u64() > Some(0) && json["verified"]["mismatches"] == 0, "{}", json["verified"]);
    let stored = place.read(&format!("{}/summary.json", place.newest("orders")));
    assert_eq!(place.run(&["run", "orders.yaml", "--format", "json"]).ended(0).out, stored);
    place
        .run(&["run", "orders.yaml", "--format", "markdown"])
        .ended(0)
        .says("| none | leader-cut-off |")
        .says("| --- |");
}

#[test]
fn the_exit_code_says_what_came_of_what_was_expected_whatever_the_format() {
    let place = Workplace::with(&[
        ("kept.yaml", &expecting(&[CANARY, ALL_KEEPS])),
        ("broken.yaml", &expecting(&["{ when: { acks: 1 }, no-acked-loss: always }"])),
        ("blind.yaml", &expecting(&["{ canary: { acks: all, fault: leader-cut-off } }"])),
        ("never.yaml", &expecting(&["{ when: { acks: all }, no-acked-loss: sometimes-violated }"])),
    ]);
    for (file, code, words) in [
        ("kept.yaml", 0, "canary"),
        ("broken.yaml", 1, "violated in 8 of 8 runs"),
        ("blind.yaml", 3, "0 of 8 runs"),
        ("never.yaml", 1, "no-acked-loss is sometimes violated"),
    ] {
        for format in ["text", "json", "markdown"] {
            let ran = place.run(&["run", file, "--format", format]).ended(code).says(words);
            assert!(format != "json" || ran.json()["exit"].as_i64() == Some(i64::from(code)));
        }
    }
    place.run(&["run", "kept.yaml", "blind.yaml", "broken.yaml"]).ended(1);
    place.run(&["run", "kept.yaml", "blind.yaml"]).ended(3);
}

#[test]
fn nothing_that_matches_is_exit_4() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml", "--only", "acks=0"]).ended(4).says("values of acks: 1, all");
    place.run(&["run", "orders.yaml", "--fault", "leader-cut"]).ended(4).says("did you mean `leader-cut-off`?");
    place.run(&["replay", "kfk1-0000-0000"]).ended(4).says("no replay with the token kfk1-0000-0000");
    assert!(place.files("results").is_empty(), "nothing was run");
}

#[test]
fn a_mistake_in_the_last_file_costs_no_run_of_the_first() {
    let place = Workplace::orders();
    place.write("wrong.yaml", "broker: kafka\nfaults: { none: [ { kil: leader } ] }\n");
    place.run(&["run", "orders.yaml", "wrong.yaml"]).ended(2).says("wrong.yaml:2:").says("did you mean `kill`?");
    assert!(place.files("results").is_empty());
}

#[test]
fn filters_keep_some_cells_and_the_rest_is_as_before() {
    let place = Workplace::orders();
    let whole = place.run(&["run", "orders.yaml", "--format", "json"]).ended(0).json();
    let arguments = ["run", "orders.yaml", "--only", "acks=1", "--fault", "leader-cut-off", "--format", "json"];
    let part = place.run(&arguments).ended(0).json();
    assert_eq!(part["cells"].as_array().map(Vec::len), Some(1));
    for key in ["settings", "messages", "lossy_runs", "loss", "ack_ms"] {
        assert_eq!(part["cells"][0][key], whole["cells"][1][key], "{key}");
    }
    let one = place.run(&["run", "orders.yaml", "--seed", "5", "--runs", "1", "--format", "json"]).ended(0).json();
    assert_eq!((one["seed"].as_u64(), one["cells"][0]["runs"].as_u64()), (Some(5), Some(1)));
}

#[test]
fn one_thread_two_threads_and_the_other_engine_give_the_same_result() {
    let summary = |arguments: &[&str]| {
        let place = Workplace::orders();
        let mut all = vec!["run", "orders.yaml"];
        all.extend(arguments);
        place.run(&all).ended(0);
        let lines = place.files("results").into_iter().filter(|file| file.ends_with(".jsonl"));
        let cells: Vec<String> = lines.map(|file| place.read(&file)).collect();
        (place.read(&format!("{}/summary.json", place.newest("orders"))), cells)
    };
    let (one, two) = (summary(&["-j", "1"]), summary(&["-j", "2"]));
    snapbox::assert_data_eq!(two.0.clone(), one.0.clone().raw());
    assert_eq!(one, two);
    let (_, turmoil) = summary(&["--engine", "turmoil", "--runs", "3"]);
    let (_, event) = summary(&["--verify", "100%", "--runs", "3"]);
    assert_eq!(turmoil, event, "line for line, digests included");
}

#[test]
fn without_a_command_the_quickstart_runs_and_says_what_to_type_next() {
    let place = Workplace::with(&[]);
    let ran = place.run(&[]).ended(0).says("holds").says("loses").says("ackproof explain results/quickstart/");
    let next = ran.out.lines().map(str::trim).filter(|line| line.starts_with("ackproof "));
    let next: Vec<Vec<&str>> = next.map(|line| line.split(' ').skip(1).collect()).collect();
    assert!(next.len() >= 2, "{}", ran.out);
    for command in next {
        assert_eq!(place.run(&command).code, 0, "{command:?} was proposed");
    }
}

#[test]
fn what_is_proposed_can_be_typed_as_the_program_was_called() {
    let place = Workplace::orders();
    let ran = |command: &mut std::process::Command| Ran::of(command.output().expect("it can be started")).ended(0);
    ran(place.command(&["run", "orders.yaml"]).env("CARGO", "cargo"))
        .says("cargo run --release -- replay results/orders/");
    ran(&mut place.command(&["run", "orders.yaml"])).says("\n  ackproof replay results/orders/");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Workplace::orders();
    for arguments in [&["list", "settings", "kafka"][..], &["schema"], &["run", "orders.yaml", "--runs", "2"]] {
        let mut child = place.start(arguments);
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut err).expect("text");
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{arguments:?}: {err}");
        assert!(!err.contains("panicked"), "{err}");
    }
}

#[test]
fn output_that_nobody_sees_on_a_terminal_has_no_colour_and_no_bar() {
    let place = Workplace::orders();
    let ran = place.run(&["run", "orders.yaml"]).ended(0);
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'));
    assert!(ran.err.is_empty(), "a short run has no progress to report: {}", ran.err);
}

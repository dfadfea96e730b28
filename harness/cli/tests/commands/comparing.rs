//! `compare` and `accept` as a user meets them.

use crate::workplace::{Ran, Workplace};

/// One row, so that what is compared is what the command line changes.
const ONE: &str = "title: Do our settings keep an order?
broker: kafka
config:
  topic: { replication.factor: 3, min.insync.replicas: 2 }
  producer: { acks: all }
  consumer: { enable.auto.commit: false, auto.offset.reset: earliest }
app: { consumer: { ack: after-batch } }
workload: { messages: 30, interval: 20ms, consumer_start: heal }
faults:
  none: []
  leader-cut-off:
    - { partition: { isolate: leader, from: [brokers, controller] }, at: 100ms..200ms, for: 30s }
runs: 10
";

fn one() -> Workplace {
    let place = Workplace::with(&[("ours.yaml", ONE)]);
    place.run(&["accept", "ours.yaml"]).ended(0).says("ours: a new baseline (results/baseline/ours.json)");
    place
}

/// Commands that were proposed, without the name of the program.
fn proposed(ran: &Ran, verb: &str) -> Vec<Vec<String>> {
    let start = format!("ackproof {verb} ");
    let lines = ran.out.lines().filter_map(|line| line.trim().strip_prefix(&start));
    lines
        .map(|line| [verb].into_iter().chain(line.split(' ')).map(|word| word.trim_matches('\'').to_owned()).collect())
        .collect()
}

fn rerun(place: &Workplace, words: &[String]) -> Ran {
    place.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_did_not_change_is_exit_0_even_for_the_strictest_gate() {
    let place = one();
    let ran = place.run(&["compare", "results/baseline", "ours.yaml", "--fail-on", "change"]).ended(0);
    ran.says("Nothing is worse or better beyond chance in 2 cells.").says("20 pairs of runs met the same storm");
}

#[test]
fn a_setting_that_loses_is_exit_1_with_storms_in_words_and_commands_that_show_them() {
    let place = one();
    let ran = place.run(&["compare", "results/baseline", "ours.yaml", "--set", "acks=1"]).ended(1);
    let ran = ran
        .says("Worse in 1 of 2 cells, the same in 1.")
        .says("ours: under leader-cut-off: no-acked-loss, durable worse, broken in 0/10 runs, now in 10/10")
        .says("producer.acks: all, now 1")
        .says("10 storms break it in the head alone")
        .says("seed 1, broken in the head: The leader is cut off from the brokers and the controller, at 1")
        .says("and 7 more");
    let commands = proposed(&ran, "run");
    assert_eq!(commands.len(), 3, "{}", ran.out);
    let again = rerun(&place, &commands[0]).ended(0);
    again.says("loses 100%").says("1 run, seed 1,");
}

#[test]
fn results_are_compared_before_and_after_and_the_replay_that_was_kept_is_named() {
    let place = Workplace::with(&[("ours.yaml", ONE)]);
    place.run(&["run", "ours.yaml"]).ended(0);
    let before = place.newest("ours");
    place.run(&["run", "ours.yaml", "--set", "producer.acks=1"]).ended(0);
    let ran = place.run(&["compare", &before, "results/ours"]).ended(1);
    let replays = proposed(&ran, "replay");
    assert_eq!(replays.len(), 2, "{}", ran.out);
    rerun(&place, &replays[0]).ended(0).says("identical").says("no-acked-loss: violated");
    rerun(&place, &replays[1]).ended(0).says("the same faults with producer.acks=all").says("no-acked-loss: holds");
    let ran = place.run(&["compare", "results/ours", &before]).ended(0);
    ran.says("Nothing is worse beyond chance in 2 cells, better in 1, the same in 1.");
}

#[test]
fn two_rows_of_one_result_say_which_setting_prevents_it_and_what_it_costs() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let ran = place.run(&["compare", "results/orders", "--row", "acks=1", "--with", "acks=all"]).ended(0);
    let ran = ran.says("acks=all instead of 1").says("better in 1").says("p99 of acks").says(" ms to ");
    assert!(
        proposed(&ran, "replay").iter().any(|words| words.ends_with(&["--set".into(), "producer.acks=all".into()]))
    );
    place
        .run(&["compare", "results/orders", "--row", "acks=all", "--with", "acks=1"])
        .ended(1)
        .says("Worse in 1 of 2 cells");
}

#[test]
fn costs_fail_only_when_a_limit_is_given() {
    let place = one();
    let arguments = ["compare", "results/baseline", "ours.yaml", "--set", "linger.ms=500"];
    place.run(&arguments).ended(0);
    let limited = [&arguments[..], &["--fail-on", "p99=20%"]].concat();
    place.run(&limited).ended(1).says("p99 of acknowledgements rose from");
}

#[test]
fn every_format_ends_alike_and_json_says_why() {
    let place = one();
    for format in ["text", "markdown", "json"] {
        let arguments = ["compare", "results/baseline/ours.json", "ours.yaml", "--set", "acks=1", "--format", format];
        let ran = place.run(&arguments).ended(1);
        if format == "json" {
            let json = ran.json();
            assert_eq!((&json["exit"], &json["count"]["worse"]), (&1.into(), &1.into()));
            let cell = &json["scenarios"][0]["cells"][1];
            assert_eq!((&cell["change"], &cell["pairing"]["method"]), (&"worse".into(), &"paired".into()));
            assert_eq!(cell["guarantees"][0]["now_broken"], "1-10");
        }
    }
}

#[test]
fn accepting_moves_the_baseline_and_says_what_moved() {
    let place = one();
    let before = place.read("results/baseline/ours.json");
    place.run(&["accept", "ours.yaml"]).ended(0).says("ours: nothing moved");
    assert_eq!(place.read("results/baseline/ours.json"), before, "the same result is the same bytes");
    place.run(&["run", "ours.yaml", "--set", "acks=1"]).ended(0);
    let ran = place.run(&["accept", "results/ours"]).ended(0);
    ran.says("ours: moved").says("no-acked-loss, durable worse, broken in 0/10 runs, now in 10/10");
    assert_ne!(place.read("results/baseline/ours.json"), before);
    // The present is the measure now, so what was good is better.
    place.run(&["compare", "results/baseline", "ours.yaml"]).ended(0).says("better in 1");
    place.run(&["compare", "results/baseline", "ours.yaml", "--fail-on", "change"]).ended(1);
}

#[test]
fn a_sweep_with_holes_is_compared_as_far_as_it_goes_and_is_no_baseline() {
    let place = one();
    place.run(&["run", "ours.yaml"]).ended(0);
    let cell = place.files("results/ours").into_iter().find(|file| file.ends_with(".jsonl")).expect("a cell");
    let text = place.read(&cell);
    let lines: Vec<&str> = text.lines().collect();
    place.write(&cell, format!("{}\n{}", lines[..8].join("\n"), &lines[8][..40]));
    let ran = place.run(&["compare", "results/baseline", "results/ours"]).ended(0);
    ran.says(":9: a line that was cut short is left out")
        .says("18 of 20 runs ended")
        .says("2 have a seed that only the base ran");
    place.run(&["accept", "results/ours"]).ended(3).says("is no baseline: not every run ended");
}

#[test]
fn too_few_runs_to_see_anything_are_exit_3() {
    let place = Workplace::with(&[("ours.yaml", ONE)]);
    place.run(&["accept", "ours.yaml", "--runs", "4"]).ended(0);
    let ran = place.run(&["compare", "results/baseline", "ours.yaml"]).ended(3);
    ran.says("Too little could be compared").says("4 runs that decided it on both sides could not show any difference");
}

#[test]
fn storms_that_are_others_are_said_to_be_and_compared_as_samples() {
    let place = one();
    place.write("ours.yaml", ONE.replace("100ms..200ms", "300ms..400ms"));
    let ran = place.run(&["compare", "results/baseline", "ours.yaml"]).ended(0);
    ran.says("with the same seed met different storms").says("1 cell not compared as pairs, but as samples");
    let ran = place.run(&["compare", "results/baseline", "ours.yaml", "--fail-on", "change"]).ended(1);
    ran.says("under leader-cut-off: the storms are others");
}

#[test]
fn what_cannot_be_compared_is_exit_2_and_says_why() {
    let place = one();
    place.run(&["run", "ours.yaml"]).ended(0);
    let refused =
        |arguments: &[&str], words: &str| drop(place.run(&[&["compare"], arguments].concat()).ended(2).says(words));
    refused(
        &["results/ours"],
        "name a HEAD to compare it with, or two rows of it with --row KEY=VALUE --with KEY=VALUE",
    );
    refused(&["results/ours", "results/ours"], "BASE and HEAD are both results/ours/");
    refused(&["results/baseline", "results/baseline/ours.json"], "BASE and HEAD are both");
    refused(&["results/nowhere", "results/ours"], "cannot read results/nowhere");
    refused(&["results/baseline", "results/ours", "--alpha", "0"], "no chance of a false alarm");
    refused(&["results/baseline", "results/ours", "--fail-on", "p98=1%"], "`p98` is no cost; write change, p99=20%");
    refused(
        &["results/baseline", "results/ours", "--guarantee", "no-loss"],
        "no promise `no-loss`: all, no-acked-loss",
    );
    refused(&["results/baseline", "ours.yaml", "ours.yaml"], "two results of the scenario ours on one side");
    refused(&["results/ours", "--row", "acks=1"], "--with");
    std::fs::create_dir(place.path("empty")).expect("a folder");
    refused(&["empty", "results/ours"], "nothing to compare in empty");

    let baseline = place.read("results/baseline/ours.json");
    place.write("cut.json", &baseline[..baseline.len() / 2]);
    refused(&["cut.json", "ours.yaml"], "cut.json:");
    place.write("newer.json", baseline.replace("\"v\": 1", "\"v\": 2"));
    refused(
        &["newer.json", "ours.yaml"],
        "newer.json: written in version 2 of the format; this program reads version 1",
    );
    place.write("other.yaml", ONE.replace("leader-cut-off", "cut").replace("none:", "calm:"));
    refused(&["results/baseline", "other.yaml"], "the two have no cell in common");
    place.write("bad.yaml", "broker: kafak\n");
    refused(&["results/baseline", "bad.yaml"], "kafka");
}

#[test]
fn rows_that_are_not_there_are_exit_4_with_those_that_are() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let ran = |row| place.run(&["compare", "results/orders", "--row", row, "--with", "acks=all"]);
    ran("acks=2").ended(4).says("no row has acks=2; known: 1, all");
    ran("linger.ms=2").ended(4).says("no row has linger.ms=2; known: producer.acks");
    ran("acks").ended(2).says("`acks` picks no row: write key=value");
}

#[test]
fn a_folder_of_baselines_is_compared_with_scenarios_one_by_one() {
    let place = one();
    place.write("second.yaml", ONE.replace("runs: 10", "runs: 8"));
    place.run(&["accept", "second.yaml"]).ended(0);
    let ran = place.run(&["compare", "results/baseline", "ours.yaml", "second.yaml"]).ended(0);
    ran.says("The same in every cell: ours, second");
    place.write("third.yaml", ONE);
    let ran = place.run(&["compare", "results/baseline", "ours.yaml", "third.yaml", "--fail-on", "change"]).ended(1);
    ran.says("second: only the base has this scenario").says("third: the base does not have this scenario");
}

//! `replay` and `explain`: one run again, and why it lost what it lost.

use crate::workplace::{Workplace, expecting};

/// A place with one failure, its file and its token.
fn failed() -> (Workplace, String, String) {
    let place = Workplace::orders();
    let json = place.run(&["run", "orders.yaml", "--format", "json"]).ended(0).json();
    let token = json["cells"][1]["witness"]["token"].as_str().expect("a token").to_owned();
    let file = place.replay_file();
    (place, file, token)
}

#[test]
fn a_file_and_a_token_replay_to_the_same_digest_on_both_engines() {
    let (place, file, token) = failed();
    for what in [&file, &token, &token.to_ascii_lowercase()] {
        for engine in ["event", "turmoil"] {
            place
                .run(&["replay", what, "--engine", engine])
                .ended(0)
                .says("identical: the history has the digest")
                .says("no-acked-loss: violated");
        }
    }
    let json = place.run(&["replay", &token, "--format", "json"]).ended(0).json();
    assert_eq!((json["identical"].as_bool(), json["exit"].as_u64()), (Some(true), Some(0)));
    assert_eq!(json["digest"], json["expected"]);
    place.run(&["replay", &file, "--format", "markdown"]).ended(0).says("identical");
}

#[test]
fn a_replay_with_another_digest_is_exit_5() {
    let (place, file, _) = failed();
    let text = place.read(&file);
    let digest = text.split("digest: ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a digest");
    place.write("altered.replay.yaml", text.replace(digest, &"0".repeat(32)));
    place.run(&["replay", "altered.replay.yaml"]).ended(5).says("different: the history has the digest").says(digest);
    let json = place.run(&["replay", "altered.replay.yaml", "--format", "json"]).ended(5).json();
    assert_eq!((json["identical"].as_bool(), json["exit"].as_u64()), (Some(false), Some(5)));
    place.run(&["explain", "altered.replay.yaml"]).ended(0).says("This is not the run that the file describes");
}

#[test]
fn the_same_faults_can_be_met_by_another_setting() {
    let (place, file, _) = failed();
    place
        .run(&["replay", &file, "--set", "acks=all"])
        .ended(0)
        .says("the same faults with acks=all")
        .says("no-acked-loss: holds");
    place.run(&["replay", &file, "--set", "ackz=all"]).ended(2).says("did you mean `acks`?");
    let json = place.run(&["replay", &file, "--set", "acks=all", "--format", "json"]).ended(0).json();
    assert_eq!((json["identical"].as_bool(), json["set"][0].as_str()), (Some(false), Some("acks=all")));
}

#[test]
fn more_verbose_is_more_to_read() {
    let (place, file, _) = failed();
    let lines = |flags: &[&str]| {
        let mut arguments = vec!["replay", &file];
        arguments.extend(flags);
        let ran = place.run(&arguments).ended(0);
        (ran.out.lines().count(), ran.out)
    };
    let ((quiet, _), (some, transcript), (all, messages)) = (lines(&[]), lines(&["-v"]), lines(&["-vv"]));
    assert!(quiet < 20 && some > 3 * quiet && all > some, "{quiet}, {some}, {all} lines");
    assert!(transcript.contains("phase chaos") && transcript.contains("fault 1 began") && !transcript.contains("-> "));
    assert!(messages.contains("-> ") && messages.contains("<- "));
}

#[test]
fn explain_tells_the_life_of_the_lost_message() {
    let (place, file, token) = failed();
    let text = place.run(&["explain", &file]).ended(0).says("p1#").says("epoch").says("ackproof replay").out;
    assert_eq!(place.run(&["explain", &token]).ended(0).out.replace(&token, &file), text);
    place.run(&["explain", &file, "--format", "markdown"]).ended(0).says("p1#");
    let json = place.run(&["explain", &file, "--format", "json"]).ended(0).json();
    assert!(json["message"].as_str().is_some_and(|msg| text.contains(msg)), "{json}");
    assert!(json["autopsy"].is_object());
    place.run(&["explain", &file, "--message", "p1#0"]).ended(0).says("p1#0");
    place.run(&["explain", &file, "--message", "p1#77777"]).ended(2).says("nobody sent p1#77777");
    place.run(&["explain", &file, "--message", "seven"]).ended(2).says("`seven` is no message");
}

#[test]
fn a_run_that_lost_nothing_has_nothing_to_explain() {
    let (place, file, _) = failed();
    let text = place.read(&file).replace("acks: 1", "acks: all");
    place.write("kept.replay.yaml", text);
    place.run(&["explain", "kept.replay.yaml"]).ended(4).says("this run does not violate no-acked-loss");
}

/// Who commits after processing does some of it again after a crash; only the second row is asked about that.
const REPEATS: &str = "broker: kafka
config: { consumer: { enable.auto.commit: false, auto.offset.reset: earliest, session.timeout.ms: 6000 } }
app: { consumer: { ack: after-batch } }
workload: { messages: 60, interval: 30ms, processing: 70ms }
matrix: { linger.ms: [0, 5] }
faults: { consumer-killed: [ { kill: c1, at: 1s..2s, restart_after: 3s } ] }
runs: 12
expect:
  - when: { linger.ms: 5 }
    no-duplicates: sometimes-violated
";

#[test]
fn a_promise_that_somebody_asked_for_has_a_witness_that_replays_and_is_explained() {
    let place = Workplace::with(&[("repeats.yaml", REPEATS)]);
    let ran = place.run(&["run", "repeats.yaml"]).ended(0);
    ran.says("How other promises are broken").says("no-duplicates is violated in").says("ackproof explain results/");
    let json = place.run(&["run", "repeats.yaml", "--format", "json"]).ended(0).json();
    assert!(json["cells"][0]["messages"]["duplicated"].as_u64() > Some(0) && json["cells"][0]["witness"].is_null());
    let witness = &json["cells"][1]["witness"];
    assert_eq!((witness["guarantee"].as_str(), witness["faults"].as_u64()), (Some("no-duplicates"), Some(1)));
    let file = place.replay_file();
    let text = place.read(&file);
    assert!(text.contains("breaks: no-duplicates") && text.contains("no-duplicates: p1#"), "{text}");
    for engine in ["event", "turmoil"] {
        let ran = place.run(&["replay", &file, "--engine", engine]).ended(0).says("identical:");
        ran.says("it shows no-duplicates: p1#").says("was consumed twice; c1 was handed").says("c1 died at");
    }
    let told = place.run(&["explain", &file]).ended(0).says("no-duplicates is violated: ");
    told.says("acknowledged and consumed more than once").says("progress").says("stored");
    let json = place.run(&["explain", &file, "--format", "json"]).ended(0).json();
    assert!(json["shows"].as_str().is_some_and(|shows| shows.starts_with("no-duplicates: p1#")), "{json}");
    place.run(&["explain", witness["token"].as_str().expect("a token"), "--message", "p1#0"]).ended(0).says("p1#0: ");
}

#[test]
fn a_limit_that_is_exceeded_is_written_into_its_witness() {
    let expected =
        "{ when: { acks: all, fault: leader-cut-off }, available: { longest: 5s, often: sometimes-violated } }";
    let place = Workplace::with(&[("waits.yaml", &expecting(&[expected]))]);
    let arguments = ["run", "waits.yaml", "--only", "acks=all", "--fault", "leader-cut-off"];
    place.run(&arguments).ended(0).says("available is violated in 8 of 8 runs");
    let file = place.replay_file();
    let text = place.read(&file);
    assert!(text.contains("breaks: available") && text.contains("limit: 5s"), "{text}");
    place.run(&["replay", &file]).ended(0).says("it shows available: a producer went").says("more than 5s");
    place.run(&["explain", &file]).ended(0).says("available is violated: a producer went").says("p1#");
}

/// A consumer that is away for longer than its progress is kept skips what came meanwhile. One that never stored any
/// progress skips the beginning, which is another failure and takes less.
#[test]
fn a_skip_on_the_way_is_not_shrunk_to_one_at_the_beginning() {
    let place = Workplace::with(&[]);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/kafka/cases/60-offsets-retention.yaml");
    let json = place.run(&["run", file, "--only", "auto.offset.reset=latest", "--format", "json"]).json();
    assert_eq!(json["cells"][0]["witness"]["guarantee"], "no-acked-loss");
    let explained = place.run(&["explain", &place.replay_file(), "--format", "json"]).ended(0).json();
    assert_ne!(explained["message"], "p1#0", "something was consumed before: {explained}");
}

#[test]
fn a_replay_that_no_longer_shows_what_it_says_is_exit_5() {
    let (place, file, _) = failed();
    let text = place.read(&file);
    assert!(text.contains("breaks: no-acked-loss") && text.contains("no-acked-loss: b1 appended"), "{text}");
    place.write("other.replay.yaml", text.replace("breaks: no-acked-loss", "breaks: no-duplicates"));
    place.run(&["replay", "other.replay.yaml"]).ended(5).says("identical:").says("it no longer shows no-acked-loss: ");
    place.run(&["explain", "other.replay.yaml"]).ended(4).says("this run does not violate no-duplicates");
    place.run(&["replay", &file, "--format", "json"]).ended(0).says("\"shows\": \"no-acked-loss: b1 appended");
}

#[test]
fn a_replay_is_a_scenario_that_can_be_checked_and_not_run() {
    let (place, file, _) = failed();
    place.run(&["check", &file]).ended(0).says("ok, kafka@");
    place.run(&["run", &file]).ended(2).says("run it with `ackproof replay`");
    place.run(&["replay", "orders.yaml"]).ended(2).says("is a scenario, not a replay");
}

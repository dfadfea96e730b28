//! Whatever a user hands over: an error that says where and what, exit 2, nothing run, never a panic.

use std::time::{Duration, Instant};

use crate::workplace::{SCENARIO, Workplace};

/// Each command that reads a scenario refuses the file, and says each of these.
#[track_caller]
fn refused(place: &Workplace, file: &str, says: &[&str]) {
    let began = Instant::now();
    for command in ["run", "plan", "check"] {
        let ran = says.iter().fold(place.run(&[command, file]).ended(2), |ran, words| ran.says(words));
        assert!(ran.out.is_empty(), "{command} {file} prints to standard output: {}", ran.out);
    }
    assert!(began.elapsed() < Duration::from_secs(15), "{file} took {:?}", began.elapsed());
    assert!(place.files("results").is_empty(), "{file} was run");
}

/// [`SCENARIO`] with one thing changed, as `t.yaml`.
#[track_caller]
fn changed(from: &str, to: &str, says: &[&str]) {
    assert!(SCENARIO.contains(from), "{from}");
    refused(&Workplace::with(&[("t.yaml", &SCENARIO.replacen(from, to, 1))]), "t.yaml", says);
}

#[test]
fn unknown_keys_are_named_with_the_nearest_known_one() {
    changed("runs: 8", "rums: 8", &["t.yaml:13:1", "rums", "did you mean `runs`?", "^^^^"]);
    changed("min.insync.replicas: 2", "min.insync.replica: 2", &["t.yaml:4:35", "did you mean `min.insync.replicas`?"]);
    changed("messages: 30", "mesages: 30", &["t.yaml:7:13", "did you mean `messages`?"]);
    changed("isolate:", "isolat:", &["t.yaml:12:", "did you mean `isolate`?"]);
    changed("broker: kafka", "broker: kafak", &["t.yaml:2:9", "did you mean `kafka`?"]);
    changed("broker: kafka", "broker: kafka@9.9", &["t.yaml:2:9", "9.9"]);
}

#[test]
fn wrong_types_and_impossible_values_say_what_is_possible() {
    changed("messages: 30", "messages: many", &["t.yaml:7:23", "many"]);
    changed("interval: 20ms", "interval: [20]", &["t.yaml:7:"]);
    changed("interval: 20ms", "interval: 20 parsecs", &["t.yaml:7:", "20 parsecs"]);
    changed("faults:\n  none: []", "faults:\n  none: 5", &["t.yaml:10:9"]);
    changed("runs: 8", "runs: 0", &["t.yaml:13:7", "0"]);
    changed("runs: 8", "runs: -1", &["t.yaml:13:7"]);
    changed(
        "replication.factor: 3",
        "replication.factor: 4",
        &["t.yaml:4:", "INVALID_REPLICATION_FACTOR", "3 brokers"],
    );
    changed("min.insync.replicas: 2", "min.insync.replicas: 0", &["t.yaml:4:56", "a whole number from 1"]);
    changed("acks: [1, all]", "acks: [1, most]", &["t.yaml:8:", "most"]);
    changed("acks: [1, all]", "acks: []", &["t.yaml:8:"]);
    changed("acks: [1, all]", "acks: [1, all], exclude: [ { acks: 0 } ]", &["t.yaml:8:", "producer.acks", "`0`"]);
    changed(
        "acks: [1, all]",
        "acks: [1, all], linger.ms: [0, 5], exclude: [ { acks: 1, linger.ms: 0 }, { acks: 1, linger.ms: 0 } ]",
        &["t.yaml:8:", "matches no row"],
    );
}

#[test]
fn faults_aim_at_what_exists() {
    changed("isolate: leader", "isolate: b7", &["t.yaml:12:", "no node `b7`", "b1, b2, b3"]);
    changed("isolate: leader", "isolate: master", &["t.yaml:12:", "no node of kafka is ever `master`"]);
    changed("at: 100ms", "at: { after: akced, nth: 3 }", &["t.yaml:12:", "akced", "did you mean `acked`?"]);
    changed("for: 30s", "restart_after: 30s", &["t.yaml:12:", "stops no process"]);
    changed("for: 30s", "for: 30s..3s", &["t.yaml:12:", "backwards"]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let text = SCENARIO
        .replace("runs: 8", "rums: 8")
        .replace("messages: 30", "mesages: 30")
        .replace("isolate: leader", "isolat: leader");
    refused(&Workplace::with(&[("t.yaml", &text)]), "t.yaml", &["t.yaml:7:13", "t.yaml:12:", "t.yaml:13:1"]);
}

#[test]
fn the_users_own_files_are_named_with_their_lines() {
    let text = SCENARIO.replace("config:\n", "config:\n  from: [producer.properties]\n");
    let place = Workplace::with(&[("t.yaml", &text)]);
    refused(&place, "t.yaml", &["t.yaml:4:10", "producer.properties", "no such file"]);
    place.write("producer.properties", "linger.ms=5\nacks=\\u12\n");
    refused(&place, "t.yaml", &["producer.properties:2:1"]);
    place.write("producer.properties", "linger.ms=five\n");
    refused(&place, "t.yaml", &["producer.properties:1:11", "five"]);
    place.write("producer.properties", "linger.ms=5\nacks=al\u{e9}\n".replace('\u{e9}', "\u{0}").into_bytes());
    refused(&place, "t.yaml", &["producer.properties:2:"]);
    place.write("producer.properties", b"linger.ms=5\nacks=\xe9\n");
    refused(&place, "t.yaml", &["producer.properties", "is not UTF-8 text: byte 0xe9 in line 2"]);
}

#[test]
fn files_that_are_no_scenario_at_all_are_refused_quickly() {
    let place = Workplace::with(&[("empty.yaml", ""), ("blank.yaml", "\n\n# nothing\n"), ("list.yaml", "- a\n- b\n")]);
    refused(&place, "empty.yaml", &["empty.yaml", "empty"]);
    refused(&place, "blank.yaml", &["blank.yaml"]);
    refused(&place, "list.yaml", &["list.yaml:1:"]);
    place.write("latin.yaml", b"title: caf\xe9\nbroker: kafka\n");
    refused(&place, "latin.yaml", &["latin.yaml", "is not UTF-8 text: byte 0xe9 in line 1"]);
    place.write("half.yaml", "broker: kafka\nfaults: { none: [\n");
    refused(&place, "half.yaml", &["half.yaml:", "not valid YAML"]);
    std::fs::create_dir(place.path("folder.yaml")).expect("a folder can be made");
    refused(&place, "folder.yaml", &["folder.yaml", "folder"]);
    refused(&place, "gone.yaml", &["gone.yaml", "no such file"]);
}

#[test]
fn a_file_of_fifty_mebibytes_is_refused_without_being_read() {
    let place = Workplace::with(&[]);
    place.write("huge.yaml", "# filler, and more of it\n".repeat(50 * (1 << 20) / 25));
    refused(&place, "huge.yaml", &["huge.yaml", "larger than 1 MiB"]);
    std::fs::rename(place.path("huge.yaml"), place.path("producer.properties")).expect("it can be renamed");
    place.write("t.yaml", SCENARIO.replace("config:\n", "config:\n  from: [producer.properties]\n"));
    refused(&place, "t.yaml", &["producer.properties", "larger than 1 MiB"]);
}

#[test]
fn bombs_do_not_go_off() {
    let mut aliases = String::from("broker: kafka\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        aliases.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    let place = Workplace::with(&[("aliases.yaml", &aliases)]);
    refused(&place, "aliases.yaml", &["aliases.yaml", "grows to more than 100000 nodes"]);
    place.write("deep.yaml", "[".repeat(500_000));
    refused(&place, "deep.yaml", &["deep.yaml", "not valid YAML"]);
    let nested: String = (0..900).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    place.write("nested.yaml", nested);
    refused(&place, "nested.yaml", &["nested.yaml", "not valid YAML"]);
    place.write("braces.yaml", format!("broker: kafka\nfaults: {}", "{a: ".repeat(100_000)));
    refused(&place, "braces.yaml", &["braces.yaml", "not valid YAML"]);
    place.write("itself.yaml", "a: &a [*a]\n");
    refused(&place, "itself.yaml", &["itself.yaml", "an alias inside what it stands for"]);
    let axis: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let axis = axis.join(", ");
    place.write(
        "wide.yaml",
        SCENARIO.replace("acks: [1, all]", &format!("acks: [1, all], linger.ms: [{axis}], retries: [{axis}]")),
    );
    refused(&place, "wide.yaml", &["wide.yaml:8:", "at most 10000 are possible"]);
}

#[test]
fn a_bad_replay_is_refused_like_a_bad_scenario() {
    let place = Workplace::orders();
    for (text, words) in [
        ("", "x.replay.yaml"),
        ("replay: { v: 99, digest: abc }\nbroker: kafka\nseed: 1\nfaults: { none: [] }\n", "this replay has form 99"),
        ("replay: { v: 1 }\nbroker: kafka\nseed: 1\nfaults: { none: [] }\n", "needs the `digest`"),
        ("replay: { v: 1, digest: abc }\nbroker: kafka\nseed: 1\nfaults: { a: [], b: [] }\n", "one fault class, not 2"),
    ] {
        place.write("x.replay.yaml", text);
        for command in ["replay", "explain", "check"] {
            place.run(&[command, "x.replay.yaml"]).ended(2).says(words).says("x.replay.yaml");
        }
    }
}

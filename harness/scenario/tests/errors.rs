//! What is wrong with a scenario is said with file, line, column and the nearest thing that would have been right.

mod toy;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ackproof_scenario::{Severity, load, parse, read_config};
use toy::Toy;

/// The diagnostics of a text, one line each: `line:column message | help`.
fn errors_of(text: &str) -> String {
    match parse("t.yaml", text, &[&Toy], &[]) {
        Ok(_) => "none".to_owned(),
        Err(found) => {
            let mut lines = String::new();
            for one in found.located().iter().filter(|one| one.severity == Severity::Error) {
                let at = one.line.zip(one.column).map_or("?".to_owned(), |(line, column)| format!("{line}:{column}"));
                let _ = writeln!(lines, "{at} {} | {}", one.message, one.help.join(" | "));
            }
            lines
        }
    }
}

/// A valid scenario with some lines added.
fn with(lines: &str) -> String {
    format!("broker: toy\nfaults: {{ none: [] }}\n{lines}\n")
}
/// A valid scenario with one fault step.
fn step(step: &str) -> String {
    format!("broker: toy\nfaults:\n  one:\n    - {step}\n")
}

#[track_caller]
fn expect(text: &str, wanted: &[&str]) {
    let found = errors_of(text);
    for words in wanted {
        assert!(found.contains(words), "wanted `{words}` in\n{found}\nof\n{text}");
    }
    assert_eq!(found.lines().count(), wanted.len(), "one error each in\n{found}\nof\n{text}");
}

#[test]
fn the_texts_that_other_tests_spoil_are_valid() {
    assert_eq!(errors_of(&with("")), "none");
    assert_eq!(errors_of(&step("{ kill: leader, restart_after: 10s }")), "none");
}

#[test]
fn a_setting_of_another_client_is_said_to_be_one() {
    expect(
        &with("client: librdkafka\nconfig: { producer: { batch.grace: true } }"),
        &[
            "toy has no producer setting `batch.grace` | `batch.grace` is a setting of the client java, not of librdkafka",
        ],
    );
    expect(
        &with("config: { producer: { message.timeout.ms: 5 } }"),
        &["`message.timeout.ms` is a setting of the client librdkafka, not of java"],
    );
    expect(
        &with("matrix: { message.timeout.ms: [5, 6] }"),
        &[
            "toy has no setting `message.timeout.ms` | `message.timeout.ms` is a setting of the client librdkafka, not of java",
        ],
    );
    expect(
        &with("client: librdkafka\nconfig: { producer: { message.timeot.ms: 5 } }"),
        &["did you mean `message.timeout.ms`?"],
    );
}

#[test]
fn a_client_has_defaults_of_its_own() {
    let linger = |client: &str| {
        let read = parse("t.yaml", &with(&format!("client: {client}")), &[&Toy], &[]).expect("valid");
        read.rows[0].effective.text("producer", "linger.ms").map(str::to_owned)
    };
    assert_eq!((linger("java").as_deref(), linger("librdkafka").as_deref()), (Some("5"), Some("7")));
}

#[test]
fn a_node_that_is_not_there_is_reported_beside_errors_that_have_nothing_to_do_with_the_cluster() {
    let text = format!("titel: x\n{}", step("{ kill: b7, restart_after: 10s }"));
    expect(&text, &["1:1 unknown key `titel`", "no node `b7`"]);
    // With the cluster unknown nothing can be said about its nodes.
    let text = format!("cluster: {{ brokers: many }}\n{}", step("{ kill: b7, restart_after: 10s }"));
    expect(&text, &["`cluster.brokers`"]);
}

#[test]
fn all_errors_of_a_file_are_reported_at_once() {
    let text = "titel: x\nbroker: toy\ncluster: { brokers: 0 }\nconfig: { producer: { ack: all }, topics: {} }\nmatrix: { acks: [al] }\nfaults: { a b: [], one: [ { kil: leader } ] }\nruns: many\n";
    expect(
        text,
        &[
            "1:1 unknown key `titel` in a scenario | did you mean `title`?",
            "3:21 `cluster.brokers` is a whole number, from 1 to 9, not `0`",
            "4:23 toy has no producer setting `ack` | did you mean `acks`?",
            "4:35 unknown key `topics` in `config` | did you mean `topic`?",
            "5:18 `al` is no value of `acks`",
            "6:11 `a b` is no name for a fault class",
            "6:29 unknown fault or key `kil` in a fault step | did you mean `kill`?",
            "7:7 `runs` is a whole number, from 1 to 1000000, not `many`",
        ],
    );
}

#[test]
fn an_error_looks_like_one_of_rustc() {
    let found =
        parse("orders.yaml", &with("matrix: { acsk: [all] }"), &[&Toy], &[]).expect_err("a wrong axis").to_string();
    let expected = "\
error: toy has no setting `acsk`
 --> orders.yaml:3:11
  |
3 | matrix: { acsk: [all] }
  |           ^^^^
  |
  = help: did you mean `acks`?";
    assert_eq!(found, expected);
}

#[test]
fn texts_that_are_no_scenario_are_refused() {
    expect("", &["1:1 the file is empty"]);
    expect("# nothing\n", &["the file is empty"]);
    expect("42", &["1:1 a scenario is a map of keys and values, not a number"]);
    expect("- a\n", &["a scenario is a map of keys and values, not a list"]);
    expect("a: [1\n", &["not valid YAML"]);
    expect(
        "title: acks: what is it worth?\n",
        &["not valid YAML: mapping values are not allowed in this context | quote a"],
    );
    expect("a: 1\n---\nb: 2\n", &["a second document"]);
    expect("broker: toy\nbroker: toy\nfaults: {none: []}\n", &["2:1 `broker` is written twice"]);
    expect("broker: !secret toy\nfaults: {none: []}\n", &["tags such as `!secret` are not used here"]);
    expect("broker: toy\n? [a]\n: 1\nfaults: {none: []}\n", &["a key is a single word here"]);
    expect("faults: {none: []}\n", &["1:1 a scenario needs `broker` | one of toy"]);
    expect("broker: toy\n", &["a scenario needs `faults`"]);
    expect(&with("<<: { a: 1 }"), &["unknown key `<<` in a scenario | merge keys are not supported"]);
}

#[test]
fn a_broker_is_one_that_is_known_in_a_version_that_is_known() {
    expect("broker: tory\nfaults: {none: []}\n", &["1:9 no broker `tory` | did you mean `toy`?"]);
    expect(
        "broker: toy@3.8\nfaults: {none: []}\n",
        &["no version `3.8` of toy | did you mean `toy@3.0`? known: 3.0, 3.7, 4.0"],
    );
    expect(
        "broker: toy@3.7.2\nfaults: {none: []}\n",
        &["no version `3.7.2` of toy | did you mean `toy@3.7`? known: 3.0, 3.7, 4.0; of 3.7: 3.7.0, 3.7.1"],
    );
    expect(&with("client: jawa"), &["3:9 no client `jawa` of toy | did you mean `java`?"]);
}

#[test]
fn sections_beside_the_brokers_own_are_strict() {
    expect(&with("cluster: { broker: 3 }"), &["3:12 unknown key `broker` in `cluster` | did you mean `brokers`?"]);
    expect(&with("cluster: { brokers: 10 }"), &["from 1 to 9, not `10`"]);
    expect(&with("cluster: { brokers: '3' }"), &["a whole number"]);
    expect(&with("cluster: { racks: r1 }"), &["`cluster.racks` is a list, not text | write `[r1]`"]);
    expect(&with("cluster: { racks: [r1, r1] }"), &["3:24 rack `r1` is named twice"]);
    expect(&with("app: { producer: { send: snyc } }"), &["3:26 `snyc` is not known here | did you mean `sync`?"]);
    expect(&with("app: { producer: { on_failure: { resend: { times: 3 } } } }"), &["`backoff` is missing"]);
    expect(&with("app: { producer: { on_failure: { resend: { times: 0, backoff: 1s } } } }"), &["1 to 1000 times"]);
    expect(&with("app: { consumer: { failure_rate: 1.5 } }"), &["a probability, from 0 to 1"]);
    expect(&with("app: { consumer: { failure_rate: .nan } }"), &["a probability, from 0 to 1"]);
    expect(&with("workload: { messages: 1000001 }"), &["from 1 to 1000000"]);
    expect(&with("workload: { producers: 17 }"), &["from 1 to 16"]);
    expect(&with("workload: { interval: 10 }"), &["3:23 `10` has no unit: write `10ms` or `10s`"]);
    expect(&with("workload: { consumer_start: later }"), &["`later` is not a duration"]);
    expect(&with("network: { latency: 0ms..3ms }"), &["`network.latency` is from 1ms to 1m"]);
    expect(&with("network: { latency: 3ms..1ms }"), &["runs backwards"]);
    expect(&with("disk: { writeback: sometimes }"), &["is not a duration"]);
    expect(&with("disk:"), &["`disk` has nothing in it"]);
    expect(&with("runs: 0"), &["from 1 to 1000000, not `0`"]);
    expect(&with("seed: -1"), &["`seed` is a whole number, 0 or more, not `-1`"]);
    assert_eq!(errors_of(&with("seed: 18446744073709551615")), "none");
}

#[test]
fn the_brokers_own_settings_are_strict() {
    expect(&with("config: { producer: { retention.hours: 1 } }"), &["toy has no producer setting `retention.hours`"]);
    expect(
        &with("config: { consumer: { acks: all } }"),
        &["3:23 toy has no consumer setting `acks` | `acks` belongs to `producer`"],
    );
    expect(&with("config: { producer: { acks: 2 } }"), &["3:29 `2` is no value of `acks`"]);
    expect(&with("config: { producer: { acks: [all] } }"), &["`acks` is a single value, not a list"]);
    expect(&with("config: { producer: { acks: } }"), &["`acks` is a single value, not nothing"]);
    expect(&with("config: { consumer: { enable: { auto: { commit: true } } } }"), &["a setting has one value"]);
    expect(&with("config: { topic: { min.insync.replicas: 0 } }"), &["`0` is no value of `min.insync.replicas`"]);
    expect(
        &with("config: { producer: { linger.ms: 1, queue.buffering.max.ms: 2 } }"),
        &["`linger.ms` and `queue.buffering.max.ms` are the same setting"],
    );
    expect(
        "broker: toy@3.7\nconfig: { producer: { batch.grace: true } }\nfaults: {none: []}\n",
        &["toy 3.7 does not have `batch.grace` yet | it came with 4.0"],
    );
}

#[test]
fn what_the_broker_refuses_is_pointed_at_where_the_value_came_from() {
    expect(
        &with("config: { topic: { replication.factor: 4 } }"),
        &["3:40 replication factor 4 is larger than the number of brokers, 3"],
    );
    expect(
        &with("config: { producer: { compression.type: zstd, linger.ms: 0 } }"),
        &["3:41 zstd needs batches to linger"],
    );
    expect(
        &with("matrix: { replication.factor: [3, 4], acks: [1, all] }"),
        &["3:35 replication factor 4 is larger than the number of brokers, 3 | exclude such rows"],
    );
    expect(
        &with("app: { consumer: { ack: after-processing } }"),
        &["3:25 the application acknowledges by itself while `enable.auto.commit` is true"],
    );
    let set = ["replication.factor=9".to_owned()];
    let found = parse("t.yaml", &with(""), &[&Toy], &set).expect_err("nine copies").located();
    assert_eq!((found[0].file.as_deref(), found[0].column), (Some("--set"), Some(20)));
}

#[test]
fn a_matrix_is_made_of_axes_that_act() {
    expect(&with("matrix: { acsk: [1] }"), &["3:11 toy has no setting `acsk` | did you mean `acks`?"]);
    expect(&with("matrix: { producer.acsk: [1] }"), &["did you mean `producer.acks`?"]);
    expect(&with("matrix: { app.producer.sned: [sync] }"), &["did you mean `app.producer.send`?"]);
    expect(&with("matrix: { acks: all }"), &["the axis `acks` is a list, not text | write `[all]`"]);
    expect(&with("matrix: { acks: [] }"), &["3:17 the axis `acks` has no values"]);
    expect(&with("matrix: { acks: [all, ALL] }"), &["3:23 `all` is listed twice"]);
    expect(&with("matrix: { acks: [1], producer.acks: [all] }"), &["`producer.acks` is the same axis"]);
    expect(&with("matrix: { num.io.threads: [1, 2] }"), &["`num.io.threads` is not modelled"]);
    expect(
        &with("matrix: { bootstrap.servers: [a] }"),
        &["in several sections | write `producer.bootstrap.servers` or `consumer.bootstrap.servers`"],
    );
    expect(&with("matrix: {}"), &["no row is left"]);
    expect(&with("matrix: { acks: [1], exclude: [ { acks: 1 } ] }"), &["no row is left"]);
    expect(
        &with("matrix: { acks: [1, all], exclude: [ { acks: 0 } ] }"),
        &["3:46 the axis producer.acks has no value `0`"],
    );
    expect(&with("matrix: { acks: [1, all], exclude: [ { linger.ms: 0 } ] }"), &["the matrix has no axis `linger.ms`"]);
    expect(
        &with("matrix: { acks: [1, all], partitions: [1, 2], exclude: [ { acks: 1 }, { acks: 1, partitions: 2 } ] }"),
        &["this `exclude` matches no row"],
    );
    expect(
        &with("matrix: { acks: [1, all], partitions: [1, 2], include: [ { acks: 0 } ] }"),
        &["an included row is complete: topic.partitions is missing"],
    );
    expect(&with("matrix: { acks: [1, all], include: [ { acks: all } ] }"), &["this row is in the matrix already"]);
}

#[test]
fn a_matrix_has_a_limit() {
    let values: Vec<String> = (1..=100).map(|n| n.to_string()).collect();
    let values = values.join(", ");
    expect(
        &with(&format!(
            "matrix: {{ partitions: [{values}], topic.min.insync.replicas: [{values}], linger.ms: [1, 2] }}"
        )),
        &["100 x 100 x 2 rows: at most 10000 are possible"],
    );
}

#[test]
fn rows_may_be_given_one_by_one() {
    let text = with("matrix: { include: [ { acks: 1, partitions: 1 }, { acks: all, partitions: 2 } ] }");
    let scenario = parse("t", &text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(scenario.rows.len(), 2);
    expect(
        &with("matrix: { include: [ { acks: 1 }, { acks: all, partitions: 2 } ] }"),
        &["the matrix has no axis `partitions`"],
    );
}

#[test]
fn a_fault_step_is_one_fault_that_can_happen() {
    expect(&step("{ at: 5s }"), &["a fault step without a fault"]);
    expect(&step("{ kill: b1, pause: b2 }"), &["4:19 one fault a step: `kill` and `pause`"]);
    expect(&step("{ kill: }"), &["`kill` of what? | as in { kill: leader, restart_after: 10s }"]);
    expect(&step("{ kill: leader, for: 5s }"), &["4:23 `kill` ends with a start | write `restart_after`"]);
    expect(&step("{ pause: leader, restart_after: 5s }"), &["`pause` stops no process | write `for`"]);
    expect(&step("{ kill: leader, gone: true, restart_after: 5s }"), &["what is gone never returns"]);
    expect(&step("{ move_leader: { to: b1 }, for: 5s }"), &["happens at once"]);
    expect(&step("{ kill: leader, at: 5 }"), &["`5` has no unit"]);
    expect(&step("{ kill: leader, at: 5s, restart_after: 5x }"), &["4:46 `5x` is not a duration"]);
    expect(&step("{ partition: { isolate: leader }, for: 5s }"), &["a partition is written"]);
    expect(&step("{ partition: { between: [b1] }, for: 5s }"), &["as in { partition"]);
    expect(&step("{ partition: { between: [b1, b2, b3] }, for: 5s }"), &["one too many in this list"]);
    expect(
        &step("{ drop: { between: [b1, b2], rate: 1 }, for: 5s }"),
        &["4:42 a rate is a probability, from 0 to below 1"],
    );
    expect(&step("{ drop: { between: [b1, b2] }, for: 5s }"), &["`rate` is missing"]);
    expect(
        &step("{ drop: { betwen: [b1, b2], rate: 0.5 } }"),
        &["4:17 unknown key `betwen` | did you mean `between`?"],
    );
    expect(
        &step("{ random: { kinds: [kil, drop], count: 1..8 } }"),
        &["4:27 `kil` is no fault | did you mean `kill`?", "`drop` cannot be drawn"],
    );
    expect(&step("{ random: { kinds: [kill], count: 0 } }"), &["a storm of no faults"]);
    expect(&step("{ random: { kinds: [kill], count: 8..1 } }"), &["runs backwards"]);
    expect(&step("{ random: { kinds: [kill], count: 1 }, at: 5s }"), &["draws when its faults fire"]);
    expect(&step("{ roll: { nodes: followers, pause: 1s } }"), &["`followers` changes during a run"]);
    expect(&step("{ roll: { nodes: brokers, pause: 1s }, gone: true }"), &["starts every node again"]);
    expect(&step("kill"), &["a fault step is a map"]);
}

#[test]
fn a_fault_aims_at_nodes_that_exist() {
    expect(&step("{ kill: b4 }"), &["4:15 no node `b4` | nodes: b1, b2, b3, ctl1, p1, c1"]);
    expect(&step("{ kill: audit }"), &["4:15 `audit` reads everything once all faults are over: none can reach it"]);
    expect(&step("{ kill: b1, at: { after: delivered, of: audit } }"), &["`audit` reads everything once"]);
    expect(&step("{ kill: audti }"), &["no node `audti` | nodes: b1"]);
    expect(&step("{ kill: leadr }"), &["no node `leadr` | did you mean `leader`?"]);
    expect(&step("{ kill: [b1, 'rack:r1'] }"), &["no machine stands in rack `r1`"]);
    expect(&step("{ kill: master }"), &["no node of toy is ever `master` | parts: leader"]);
    expect(&step("{ kill: leader/1 }"), &["4:15 no partition or queue 1: there is one, number 0"]);
    expect(&step("{ move_leader: { to: b1, of: 1 } }"), &["4:36 no partition or queue 1: there is one"]);
    let two = |step: &str| format!("config: {{ topic: {{ partitions: 2 }} }}\n{step}");
    assert_eq!(errors_of(&two(&step("{ kill: [leader/1, followers/0, coordinator/7] }"))), "none");
    expect(
        &two(&step("{ kill: b1, at: { after: synced, of: isr/4 } }")),
        &["5:44 no partition or queue 4: there are 2, numbered from 0"],
    );
    expect(&step("{ kill: leader/x }"), &["`x` is no partition number"]);
    expect(&step("{ kill: [] }"), &["an empty list names no node"]);
    expect(
        &step("{ kill: leader, at: { after: ackd, nth: 5 } }"),
        &["4:36 `ackd` is not known here | did you mean `acked`?"],
    );
    expect(&step("{ kill: leader, at: { after: acked, nth: 0 } }"), &["`nth` counts from 1"]);
    expect(&step("{ kill: leader, at: { after: synced, of: b9 } }"), &["4:48 no node `b9`"]);
    expect(&step("{ kill: leader, at: { nth: 5 } }"), &["`after` is missing"]);
}

#[test]
fn an_expectation_speaks_of_cells_that_exist() {
    let expecting = |expect: &str| with(&format!("matrix: {{ acks: [1, all] }}\nexpect:\n  - {expect}"));
    expect(&expecting("{ canary: { acks: 1, fault: non } }"), &["5:33 no fault class `non` | did you mean `none`?"]);
    expect(&expecting("{ canary: { acks: 0 } }"), &["5:23 the axis producer.acks has no value `0`"]);
    expect(&expecting("{ canary: { linger.ms: 77 } }"), &["5:5 this canary matches no cell"]);
    expect(
        &expecting("{ when: { acks: all }, except: { acks: all }, no-acked-loss: always }"),
        &["this expectation matches no cell"],
    );
    expect(&expecting("{ when: { acks: all } }"), &["an expectation of nothing"]);
    expect(
        &expecting("{ no-acked-lost: always }"),
        &["unknown key `no-acked-lost` in an expectation | did you mean `no-acked-loss`?"],
    );
    expect(&expecting("{ no-acked-loss: sometimes }"), &["`sometimes` is not how often `no-acked-loss` holds"]);
    expect(&expecting("{ available: always }"), &["this guarantee needs a limit | write {longest: 30s}"]);
    expect(&expecting("{ ack: { p95: 5ms } }"), &["unknown key `p95` | did you mean `p99`?"]);
    expect(
        &expecting("{ available: { longest: 5s, often: sometimes } }"),
        &["5:40 `sometimes` is not known here | known: always, sometimes-violated"],
    );
    expect(
        &expecting(
            "{ available: { longest: 9s } }\n  - { when: { acks: 1 }, available: { longest: 5s, often: sometimes-violated } }",
        ),
        &["`available` cannot both always hold and be violated: acks=1 under none | the runs of a cell are judged"],
    );
    expect(
        &expecting("{ canary: { acks: 1, breaks: no-duplicate } }"),
        &["5:34 `no-duplicate` is no guarantee | did you mean `no-duplicates`?"],
    );
    expect(
        &expecting("{ canary: { acks: 1, breaks: available } }"),
        &["`available` is a limit, and a canary has none"],
    );
    expect(&expecting("{ when: { acks: 1, breaks: in-order }, durable: always }"), &["no setting `breaks`"]);
    expect(
        &expecting("{ canary: { acks: 1 }, no-acked-loss: always }"),
        &["a canary says which cells must break a promise"],
    );
    expect(
        &expecting("{ no-acked-loss: always }\n  - { canary: { acks: 1 } }"),
        &["`no-acked-loss` cannot both always hold and be violated: acks=1 under none"],
    );
}

fn folder_with(files: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("written");
    }
    let path = folder.path().join("t.yaml");
    (folder, path)
}

#[test]
fn errors_in_the_users_own_files_name_the_file_and_the_line() {
    let from = |list: &str| format!("broker: toy\nconfig:\n  from: [{list}]\nfaults: {{ none: [] }}\n");
    let check = |list: &str, properties: &[u8], wanted: &str| {
        let (_folder, path) = folder_with(&[
            ("t.yaml", from(list).as_bytes()),
            ("producer.properties", properties),
            ("x.conf", properties),
        ]);
        let found = load(&path, &[&Toy]).expect_err("something is wrong").to_string();
        assert!(found.contains(wanted), "wanted `{wanted}` in\n{found}");
        found
    };
    check("gone.properties", b"", "`gone.properties` cannot be read: no such file or directory");
    check("producer.properties", b"acks=all\n\nacsk=1\n", "producer.properties:3:1");
    check("producer.properties", b"acks=maybe\n", "producer.properties:1:6");
    check("producer.properties", b"acks=\\u12\n", "producer.properties:1:1");
    check("producer.properties", b"acks=\xff\n", "is not UTF-8 text: byte 0xff in line 1");
    check("producer.properties", b"enable.auto.commit=true\n", "`enable.auto.commit` belongs to `consumer`");
    check("x.conf", b"bootstrap.servers=a\n", "{file: x.conf, section: broker | topic | producer | consumer}");
    check("x.conf", b"who.knows=a\n", "no section of toy has any of its keys");
    check("{ file: x.conf, section: produce }", b"acks=1\n", "did you mean `producer`?");
    let shown = check(
        "producer.properties",
        b"sasl.jaas.config=hunter2\nssl.truststore.password=hunter3\n",
        "producer.properties:2:1",
    );
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn a_setting_that_is_given_twice_in_a_file_is_a_warning() {
    let (_folder, path) = folder_with(&[("producer.properties", b"acks=1\nacks=all\n")]);
    let read = read_config(&path.with_file_name("producer.properties"), None, &Toy).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((read.section, read.values.len()), (Some("producer"), 1));
    assert_eq!(read.values[0].1, "all");
    assert!(read.warnings.to_string().contains("`acks` is set twice"), "{}", read.warnings);
}

#[test]
fn files_that_cannot_be_scenarios_are_refused_quickly() {
    let started = Instant::now();
    let (folder, path) = folder_with(&[("t.yaml", b"broker: \xfftoy"), ("nul.yaml", b"broker: \0")]);
    assert!(load(&path, &[&Toy]).expect_err("no text").to_string().contains("is not UTF-8 text"));
    assert!(load(&folder.path().join("nul.yaml"), &[&Toy]).is_err());
    assert!(load(folder.path(), &[&Toy]).expect_err("a folder").to_string().contains("folder"));
    let huge = folder.path().join("huge.yaml");
    fs::File::create(&huge).and_then(|file| file.set_len(50 << 20)).expect("50 MiB of nothing");
    assert!(load(&huge, &[&Toy]).expect_err("too large").to_string().contains("larger than 1 MiB"));
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn deep_nesting_and_aliases_of_aliases_are_refused_quickly() {
    let started = Instant::now();
    let deep = "[".repeat(500_000);
    assert!(errors_of(&deep).contains("not valid YAML"), "{}", errors_of(&deep));
    let deep_block: String = (0..900).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(errors_of(&deep_block).contains("not valid YAML"), "{}", errors_of(&deep_block));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    expect(&bomb, &["this grows to more than 100000 nodes"]);
    let wide = format!("a: &a [{}]\nb: &b [{}]\n", "x,".repeat(50_000), "*a,".repeat(50_000));
    expect(&wide, &["this grows to more than 100000 nodes"]);
    expect("a: &a [*a]\n", &["an alias inside what it stands for"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn an_alias_is_read_as_what_it_stands_for() {
    let text = "broker: toy\nfaults:\n  a: &kill\n    - { kill: leader, restart_after: 1s }\n  b: *kill\n";
    let scenario = parse("t", text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(scenario.classes[0].steps, scenario.classes[1].steps);
}

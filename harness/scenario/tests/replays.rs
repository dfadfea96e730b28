//! Replay files: written, read, edited.

mod toy;

use ackproof_core::fault::{
    Clock, Count, Drop, Ends, FaultKind, Kill, Latency, MoveLeader, Partition, Pause, PowerLoss, Random, Roll, SlowDisk,
};
use ackproof_core::guarantee::Guarantee;
use ackproof_core::node::{Part, Selector};
use ackproof_core::observe::Probe;
use ackproof_core::schedule::{Anchor, Step, When};
use ackproof_core::seed::Seed;
use ackproof_core::setup::{CommitCall, OnFailure, Transaction};
use ackproof_core::time::{Offset, Span, SpanRange};
use ackproof_scenario::{Finding, Replay, Scenario, load_replay, parse, parse_replay};
use proptest::prelude::*;
use toy::Toy;

const SCENARIO: &str = "\
title: 'Two copies: \"enough\"? # yes'
broker: toy@3.7
cluster: { brokers: 3, racks: [r1, r2] }
config: { topic: { replication.factor: 3, partitions: 3 }, producer: { linger.ms: 7, sasl.jaas.config: hunter2 }, broker: { num.io.threads: 8 } }
matrix: { acks: [1, all], min.insync.replicas: [1, 2] }
faults: { all-power: [{ power_loss: all-brokers }] }
";

fn scenario() -> Scenario {
    parse("orders", SCENARIO, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

fn found(steps: Vec<Step>, seed: u64) -> Replay {
    replay_of(&scenario(), steps, seed)
}

fn replay_of(scenario: &Scenario, steps: Vec<Step>, seed: u64) -> Replay {
    let row = scenario.rows.last().expect("rows").clone();
    let mut setup = row.setup.clone();
    setup.workload.messages = 3;
    setup.app.producer.on_failure = OnFailure::Resend { times: 2, backoff: Span(100) };
    setup.app.producer.transaction = Some(Transaction::of(2, 0.25));
    setup.app.consumer.commit = CommitCall::Async;
    let finding = Finding {
        class: "all-power".into(),
        seed: Seed(seed),
        setup,
        steps,
        digest: "0123456789abcdef".into(),
        shows: "message p1#0 was acknowledged and is gone".into(),
        breaks: None,
    };
    Replay::of(scenario, &row, finding)
}

fn kill() -> Step {
    let at = Some(When::Offset(SpanRange::exactly(Span(120))));
    let kind = FaultKind::Kill(Kill(Selector::Name("b1".into())));
    Step { kind, at, lasts: None, restart_after: Some(SpanRange::exactly(Span::secs(1))), gone: false }
}

#[track_caller]
fn read(text: &str) -> Replay {
    parse_replay("x.replay.yaml", text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

#[track_caller]
fn assert_round_trip(replay: &Replay) {
    let again = read(&replay.to_yaml());
    assert_eq!(again.origin, replay.origin);
    assert_eq!(again.class().steps, replay.class().steps);
    assert_eq!(again.row().setup, replay.row().setup);
    assert_eq!(again.scenario.seed, replay.scenario.seed);
    assert_eq!(again.scenario.title, replay.scenario.title);
    let values = |replay: &Replay| -> Vec<(String, String)> {
        replay.row().effective.iter().map(|(name, value, _)| (name.to_string(), value.to_owned())).collect()
    };
    assert_eq!(values(&again), values(replay), "the same settings are in force");
    assert_eq!(again.to_yaml(), replay.to_yaml());
}

#[test]
fn a_replay_stands_alone_and_reads_well() {
    let expected = "\
# One run, found by ackproof; run it again with: ackproof replay THIS_FILE
title: 'Two copies: \"enough\"? # yes'
replay:
  v: 1
  scenario: orders
  row: acks=all, min.insync.replicas=2
  ackproof: 0.1.0
  digest: 0123456789abcdef
  shows: message p1#0 was acknowledged and is gone
broker: toy@3.7
client: java
config:
  producer:
    acks: all
    linger.ms: 7
  topic:
    min.insync.replicas: 2
    partitions: 3
    replication.factor: 3
cluster:
  brokers: 3
  racks:
  - r1
  - r2
app:
  producer:
    send: async
    on_failure:
      resend:
        times: 2
        backoff: 100ms
    transaction:
      messages: 2
      abort_rate: 0.25
  consumer:
    commit: async
    processing: inline
    failure_rate: 0.0
    on_error: retry
workload:
  producers: 1
  consumers: 1
  messages: 3
  interval: 10ms
  processing: 2ms
  consumer_start: 0ms
network:
  latency: 1ms..3ms
disk:
  write: 0ms
  sync: 2ms..8ms
  writeback: 30s
seed: 17
faults:
  all-power:
  - kill: b1
    at: 120ms
    restart_after: 1s
";
    let replay = found(vec![kill()], 17);
    assert_eq!(replay.to_yaml(), expected);
    assert_round_trip(&replay);
}

#[test]
fn a_replay_can_be_run_under_another_setting() {
    let text = found(vec![kill()], 17).to_yaml();
    let set = ["min.insync.replicas=1".to_owned(), "disk.writeback=never".to_owned()];
    let replay = parse_replay("x", &text, &[&Toy], &set).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(replay.row().effective.text("topic", "min.insync.replicas"), Some("1"));
    assert_eq!(replay.row().setup.disk.writeback, None);
}

#[test]
fn a_replay_keeps_what_the_broker_would_refuse_beside_another_setting() {
    let text = SCENARIO.replace("linger.ms: 7", "linger.ms: 7, compression.type: zstd");
    let scenario = parse("orders", &text, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let replay = replay_of(&scenario, vec![kill()], 17);
    assert!(replay.to_yaml().contains("compression.type: zstd") && !replay.to_yaml().contains("num.io.threads"));
    assert_round_trip(&replay);
    let set = ["linger.ms=0".to_owned()];
    let errors = parse_replay("x", &replay.to_yaml(), &[&Toy], &set).expect_err("as in the scenario").to_string();
    assert!(errors.contains("zstd needs batches to linger"), "{errors}");
}

#[test]
fn a_replay_that_was_edited_badly_is_an_error_like_any_other() {
    let good = found(vec![kill()], 17).to_yaml();
    let check = |from: &str, to: &str, wanted: &str| {
        assert!(good.contains(from), "{from}");
        let errors = parse_replay("x", &good.replacen(from, to, 1), &[&Toy], &[]).expect_err(wanted).to_string();
        assert!(errors.contains(wanted), "wanted `{wanted}` in\n{errors}");
    };
    check("kill: b1", "kill: b7", "no node `b7`");
    check("v: 1", "v: 2", "this replay has form 2; this ackproof knows 1");
    check("seed: 17", "", "a replay needs its `seed`");
    check("  digest: 0123456789abcdef\n", "", "a replay needs the `digest`");
    check("faults:\n", "faults:\n  none: []\n", "a replay has one fault class, not 2");
    check("  digest", "  breaks: no-duplicate\n  digest", "did you mean `no-duplicates`?");
    check("  digest", "  breaks: available\n  digest", "`available` needs the `limit` that the run goes beyond");
    check("  digest", "  breaks: durable\n  limit: 5s\n  digest", "`durable` has no limit");
    check("  digest", "  limit: 5s\n  digest", "a limit of no promise");
    check("seed: 17", "seed: 17\nmatrix: { acks: [1] }", "it has neither `matrix` nor `expect`");
}

#[test]
fn a_replay_says_which_promise_its_run_breaks_and_is_judged_by_it() {
    let good = found(vec![kill()], 17).to_yaml();
    for (written, guarantee, limit) in [
        ("breaks: no-duplicates", Guarantee::NoDuplicates, None),
        ("breaks: available\n  limit: 5s", Guarantee::Available, Some(Span::secs(5))),
    ] {
        let replay = read(&good.replacen("  digest", &format!("  {written}\n  digest"), 1));
        assert_round_trip(&replay);
        let (row, class) = (replay.row(), replay.class());
        assert_eq!(replay.scenario.expected(row, &class.name), [guarantee]);
        assert_eq!(replay.scenario.limits(row, &class.name).longest_unavailable, limit);
    }
    let silent = read(&good);
    assert!(silent.scenario.expected(silent.row(), "all-power").is_empty());
}

#[test]
fn a_scenario_is_no_replay_and_a_replay_is_no_scenario() {
    let errors = parse_replay("x", SCENARIO, &[&Toy], &[]).expect_err("a scenario").to_string();
    assert!(errors.contains("is a scenario, not a replay"), "{errors}");
    let errors = parse("x", &found(vec![kill()], 1).to_yaml(), &[&Toy], &[]).expect_err("a replay").to_string();
    assert!(errors.contains("is a replay of one run"), "{errors}");
}

#[test]
fn a_replay_file_is_named_after_its_scenario() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("all-power-17.replay.yaml");
    std::fs::write(&path, found(vec![kill()], 17).to_yaml()).expect("written");
    let replay = load_replay(&path, &[&Toy], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(replay.scenario.name, "all-power-17");
}

fn selector() -> impl Strategy<Value = Selector> + Clone {
    let one = prop_oneof![
        Just(Selector::Name("b2".into())),
        Just(Selector::Rack("r1".into())),
        (0u16..3).prop_map(|of| Selector::Part { part: Part::Leader, of }),
        Just(Selector::part(Part::IsrFollower)),
    ];
    prop_oneof![one.clone(), proptest::collection::vec(one, 1..3).prop_map(Selector::Each)]
}

fn range() -> impl Strategy<Value = SpanRange> {
    (0u64..100_000, 0u64..100_000).prop_map(|(low, more)| SpanRange::between(Span(low), Span(low + more)))
}

fn when() -> impl Strategy<Value = When> {
    let probe = (0..Probe::ALL.len()).prop_map(|index| Probe::ALL[index].1);
    let anchor = (probe, 1u32..1000, proptest::option::of(selector()), range())
        .prop_map(|(after, nth, of, plus)| When::Anchor(Anchor { after, nth, of, plus }));
    prop_oneof![range().prop_map(When::Offset), anchor]
}

/// Steps of every shape that a schedule can be written as.
fn step() -> impl Strategy<Value = Step> {
    let ends = (selector(), selector()).prop_map(|(a, b)| Ends([a, b]));
    let kind = prop_oneof![
        selector().prop_map(|s| FaultKind::Kill(Kill(s))),
        selector().prop_map(|s| FaultKind::PowerLoss(PowerLoss(s))),
        selector().prop_map(|s| FaultKind::Pause(Pause(s))),
        (selector(), selector(), any::<bool>(), any::<bool>()).prop_map(|(a, b, one_way, isolate)| {
            let build = if isolate { Partition::isolate } else { Partition::between };
            FaultKind::Partition(build(a, b, one_way))
        }),
        (ends.clone(), 0.0..0.99f64, any::<bool>()).prop_map(|(between, rate, one_way)| FaultKind::Drop(Drop {
            between,
            rate,
            one_way
        })),
        (ends, range(), any::<bool>()).prop_map(|(between, add, one_way)| FaultKind::Latency(Latency {
            between,
            add,
            one_way
        })),
        (selector(), 1i64..1_000_000, any::<bool>()).prop_map(|(node, ms, behind)| {
            FaultKind::Clock(Clock { node, offset: Offset(if behind { -ms } else { ms }) })
        }),
        (selector(), range()).prop_map(|(node, sync)| FaultKind::SlowDisk(SlowDisk { node, sync })),
        (selector(), 0u16..3).prop_map(|(to, of)| FaultKind::MoveLeader(MoveLeader { to, of })),
        (0u64..9_999).prop_map(|ms| FaultKind::Roll(Roll { nodes: Selector::part(Part::Brokers), pause: Span(ms) })),
        (1u32..5, 0u32..5).prop_map(|(low, more)| {
            let count = Count { low, high: low + more };
            FaultKind::Random(Random { kinds: vec!["kill".into(), "pause".into()], count })
        }),
    ];
    (kind, proptest::option::of(when()), proptest::option::of(range()), any::<bool>()).prop_map(
        |(kind, at, length, gone)| {
            let mut step = Step { kind, at, lasts: None, restart_after: None, gone: false };
            if let FaultKind::Random(_) = step.kind {
                step.at = None;
            } else if step.kind.ends_with_start() {
                step.restart_after = length;
            } else if !step.kind.is_instant() {
                step.lasts = length;
            }
            let can_be_gone =
                !step.kind.is_instant() && !matches!(step.kind, FaultKind::Random(_) | FaultKind::Roll(_));
            step.gone = gone && length.is_none() && can_be_gone;
            step
        },
    )
}

proptest! {
    #[test]
    fn a_replay_that_is_written_and_read_is_the_same_replay(
        steps in proptest::collection::vec(step(), 0..6),
        seed in any::<u64>(),
    ) {
        assert_round_trip(&found(steps, seed));
    }
}

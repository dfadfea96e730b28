//! Both engines give the same history, byte for byte; and a bug that would break that is noticed.

mod relay;

use std::sync::Arc;

use ackproof_core::app::Outcome;
use ackproof_core::fault::{Count, FaultKind, Random};
use ackproof_core::history::History;
use ackproof_core::node::Topology;
use ackproof_core::op::Op;
use ackproof_core::recording::{Detail, Recording};
use ackproof_core::schedule::{Schedule, Step};
use ackproof_core::seed::Seed;
use ackproof_core::setup::{AckMode, OnFailure, SendMode, Setup, Transaction};
use ackproof_core::time::Span;
use ackproof_sim::{Bench, Engine, Job, Planted, run_on_bench};
use relay::Relay;

/// Faults that `random` does not draw, in every way that they can overlap.
const HAND_WRITTEN: &str = r#"[
  {"kill": "leader", "at": {"after": "acked", "nth": 5, "plus": "1ms"}, "restart_after": "300ms"},
  {"power_loss": "all-brokers", "at": "150ms..900ms", "restart_after": "10ms..900ms"},
  {"lose_disk": "any-broker", "restart_after": "1ms..50ms"},
  {"partition": {"isolate": "leader", "from": ["brokers", "controller"], "one_way": true}, "for": "10ms..2s"},
  {"partition": {"between": ["producer", "leader"]}, "for": "0s..500ms"},
  {"hold": {"between": ["producer", "brokers"]}, "for": "1ms..700ms"},
  {"hold": {"between": ["leader", "followers"], "one_way": true}, "for": "1ms..700ms"},
  {"drop": {"between": ["leader", "followers"], "rate": 0.4}, "for": "1s"},
  {"latency": {"between": ["leader", "followers"], "add": "5ms..50ms"}, "for": "1s"},
  {"pause": "leader", "for": "1ms..800ms"}, {"pause": "producer", "for": "1ms..800ms"},
  {"kill": "producer", "restart_after": "1ms..400ms"}, {"kill": "consumer", "restart_after": "1ms..400ms"},
  {"kill": "controller", "restart_after": "1ms..400ms"}, {"shutdown": "any-broker", "restart_after": "20ms..400ms"},
  {"clock": {"node": "any-broker", "offset": "-30s"}, "for": "500ms"},
  {"slow_disk": {"node": "any-broker", "sync": "50ms..300ms"}, "for": "800ms"},
  {"full_disk": "any-broker", "for": "100ms..600ms"}, {"fail_sync": "any-broker", "for": "100ms..1s"},
  {"lying_sync": "all-brokers", "for": "500ms"}, {"move_leader": {"to": "follower"}},
  {"roll": {"nodes": "brokers", "pause": "20ms"}, "restart_after": "30ms"},
  {"kill": "any-broker", "at": {"after": "replicated", "nth": 3, "of": "b2"}, "gone": true}
]"#;

fn setup(seed: u64) -> Setup {
    let mut setup = Setup::default();
    setup.cluster.racks = vec!["r1".into(), "r2".into()];
    setup.workload.messages = 40 + (seed % 7) as u32 * 10;
    setup.workload.interval = Span(10 + seed % 30);
    setup.workload.producers = 1 + (seed % 2) as u8;
    setup.app.producer.send =
        [SendMode::Sync, SendMode::Async, SendMode::AsyncUnchecked, SendMode::OneWay][(seed % 4) as usize];
    if seed.is_multiple_of(3) {
        setup.app.producer.on_failure = OnFailure::Resend { times: 2, backoff: Span(20) };
    }
    if seed % 5 < 2 {
        let abort_rate = if seed.is_multiple_of(5) { 0.3 } else { 0.0 };
        setup.app.producer.transaction = Some(Transaction::of(1 + (seed % 8) as u32, abort_rate));
    }
    if seed % 5 > 2 {
        setup.app.consumer.ack = Some(AckMode::InTransaction);
    }
    setup
}

/// A storm of its own for each seed: drawn faults and some of those written above.
fn schedule(seed: u64, setup: &Setup, topology: &Topology) -> Schedule {
    let written: Vec<Step> = serde_json::from_str(HAND_WRITTEN).expect("the steps can be read");
    let kinds = Random::KINDS.iter().map(|kind| (*kind).to_owned()).collect();
    let random = FaultKind::Random(Random { kinds, count: Count { low: 1, high: 6 } });
    let mut steps = vec![Step { kind: random, at: None, lasts: None, restart_after: None, gone: false }];
    let mut draw = Seed(seed).stream("storm");
    for step in written {
        if draw.chance(0.3) {
            steps.push(step);
        }
    }
    Schedule::plan(&steps, Seed(seed), "storm", setup.workload.nominal(), topology)
}

fn record(seed: u64, engine: Engine, bench: Bench, detail: Detail) -> Recording {
    let setup = setup(seed);
    let model = Arc::new(Relay::new(&setup));
    let schedule = schedule(seed, &setup, ackproof_core::model::Model::topology(&*model));
    let job = Job { seed: Seed(seed), setup: &setup, schedule: &schedule, detail };
    run_on_bench(&model, &job, engine, bench).unwrap_or_else(|error| panic!("seed {seed}: {error}"))
}

fn history(seed: u64, engine: Engine, bench: Bench) -> History {
    record(seed, engine, bench, Detail::Verdict).history
}

fn assert_same(seed: u64, a: &History, b: &History) {
    if a == b {
        assert_eq!(a.digest(), b.digest());
        return;
    }
    let (a, b) = (a.text(), b.text());
    let line = a.lines().zip(b.lines()).position(|(a, b)| a != b).unwrap_or(a.lines().count().min(b.lines().count()));
    let around = |text: &str| text.lines().skip(line.saturating_sub(3)).take(8).collect::<Vec<_>>().join("\n");
    panic!("seed {seed} differs at line {line}:\n{}\n--- and ---\n{}", around(&a), around(&b));
}

#[test]
fn both_engines_give_the_same_history_for_three_hundred_storms_one_after_another() {
    let mut began = std::collections::BTreeSet::new();
    let mut done = [0; 4];
    for seed in 0..320 {
        let event = history(seed, Engine::Event, Bench::default());
        let turmoil = history(seed, Engine::Turmoil, Bench::default());
        assert_same(seed, &event, &turmoil);
        for entry in &event.entries {
            if let Op::FaultBegan { text, .. } = &entry.op {
                began.extend(text.split(' ').next().map(str::to_owned));
            }
        }
        let count = |is: &dyn Fn(&Op) -> bool| event.entries.iter().filter(|entry| is(&entry.op)).count();
        done[0] += count(&|op| *op == Op::EndTransaction { commit: true });
        done[1] += count(&|op| *op == Op::EndTransaction { commit: false });
        done[2] += count(&|op| matches!(op, Op::Told { outcome: Outcome::Aborted, .. }));
        done[3] += count(&|op| matches!(op, Op::Effect(_)));
    }
    assert!(done.iter().all(|count| *count > 100), "commits, aborts, messages aborted, results: {done:?}");
    // `roll` and `random` unfold into the others before a run.
    let all = FaultKind::ALL.iter().map(|(verb, _, _)| *verb).filter(|verb| !["roll", "random"].contains(verb));
    let missing: Vec<&str> = all.filter(|verb| !began.contains(*verb)).collect();
    assert!(missing.is_empty(), "these faults never began: {missing:?}");
}

#[test]
fn the_order_in_which_nodes_are_served_leaves_no_mark() {
    for seed in 0..60 {
        let plain = history(seed, Engine::Event, Bench::default());
        for order in 1..4 {
            let bench = Bench { node_order: Some(order), planted: None };
            assert_same(seed, &plain, &history(seed, Engine::Event, bench));
        }
        let bench = Bench { node_order: Some(seed), planted: None };
        assert_same(seed, &plain, &history(seed, Engine::Turmoil, bench));
    }
}

#[test]
fn a_random_stream_that_nodes_share_is_noticed() {
    assert!(differs_under_permutation(Planted::SharedStream) > 20);
}

#[test]
fn records_in_the_order_of_service_are_noticed() {
    assert!(differs_under_permutation(Planted::UnsortedRecords) > 20);
}

/// In how many of forty storms the planted bug makes the order of service visible.
fn differs_under_permutation(bug: Planted) -> usize {
    let run = |seed, node_order| history(seed, Engine::Event, Bench { node_order, planted: Some(bug) }).digest();
    (0..40).filter(|&seed| run(seed, None) != run(seed, Some(1))).count()
}

#[test]
fn tracing_a_run_does_not_change_it() {
    for seed in 0..40 {
        let plain = history(seed, Engine::Event, Bench::default());
        let traced = record(seed, Engine::Event, Bench::default(), Detail::Trace);
        assert_same(seed, &plain, &traced.history);
        assert!(!traced.trace.is_empty());
        let reference = record(seed, Engine::Turmoil, Bench::default(), Detail::Trace);
        assert_eq!(traced.trace, reference.trace, "seed {seed}: the traces differ");
    }
}

#[test]
fn threads_do_not_change_a_history() {
    let digests = |threads: u64| {
        let work = (0..threads).map(|thread| {
            std::thread::spawn(move || {
                (0..40)
                    .filter(|seed| seed % threads == thread)
                    .map(|seed| (seed, history(seed, Engine::Event, Bench::default()).digest()))
                    .collect::<Vec<_>>()
            })
        });
        let mut all: Vec<_> = work.collect::<Vec<_>>().into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        all.sort();
        all
    };
    assert_eq!(digests(1), digests(2));
}

/// Prints digests when this test binary is run as a child of the next test.
const CHILD: &str = "ACKPROOF_PRINT_DIGESTS";

#[test]
fn another_process_gives_the_same_digests() {
    let lines: String = (0..20)
        .map(|seed| format!("digest {seed} {}\n", history(seed, Engine::Event, Bench::default()).digest()))
        .collect();
    if std::env::var_os(CHILD).is_some() {
        print!("{lines}");
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["another_process_gives_the_same_digests", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let printed: String = String::from_utf8_lossy(&child.stdout)
        .lines()
        .filter_map(|line| line.find("digest ").map(|at| format!("{}\n", &line[at..])))
        .collect();
    assert_eq!(printed, lines);
}

//! Whatever the plan, however many shards of it, on however many threads, and wherever each was interrupted: joined they
//! are the sweep that was run at once.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use snapbox::IntoData;

use crate::shards::same_files;
use crate::workplace::Workplace;

#[derive(Clone, Debug)]
struct Case {
    acks: Vec<&'static str>,
    faults: Vec<&'static str>,
    runs: u32,
    seed: u64,
    verify: &'static str,
    shards: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    threads: u8,
    /// Which share of each file is there when it is taken up again, in percent of its bytes; `None`: never interrupted.
    interrupted: Option<usize>,
}

const FAULTS: [&str; 4] = [
    "none: []",
    "cut: [ { partition: { isolate: leader, from: [brokers, controller] }, at: 100ms, for: 30s } ]",
    "power: [ { power_loss: all-brokers, at: { after: acked, nth: 5, plus: 1ms }, restart_after: 15s } ]",
    "storm: [ { random: { kinds: [kill, partition, power_loss], count: 1..3 } } ]",
];

fn case() -> impl Strategy<Value = Case> {
    let part = (1u8..4, prop::option::weighted(0.4, 0usize..100))
        .prop_map(|(threads, interrupted)| Part { threads, interrupted });
    (
        prop::sample::subsequence(vec!["0", "1", "all"], 1..=3),
        prop::sample::subsequence(FAULTS.to_vec(), 1..=3),
        1u32..7,
        prop_oneof![0u64..1000, Just(u64::MAX - 1)],
        prop::sample::select(vec!["0%", "30%", "100%"]),
        prop::collection::vec(part, 2..6),
    )
        .prop_map(|(acks, faults, runs, seed, verify, shards)| Case { acks, faults, runs, seed, verify, shards })
}

fn place(case: &Case) -> Workplace {
    let text = format!(
        "title: Any plan\nbroker: kafka\nconfig: {{ topic: {{ replication.factor: 3 }} }}\n\
         app: {{ consumer: {{ ack: after-batch, failure_rate: 0.1234567890123456789 }} }}\n\
         workload: {{ messages: 12, interval: 20ms, consumer_start: heal }}\n\
         matrix: {{ acks: [{}], min.insync.replicas: [1, 2] }}\nfaults:\n  {}\nruns: {}\nseed: {}\n",
        case.acks.join(", "),
        case.faults.join("\n  "),
        case.runs,
        case.seed,
    );
    Workplace::with(&[("orders.yaml", &text)])
}

/// Leaves of each file of runs what was there when the machine died, half a line included.
fn interrupt(place: &Workplace, folder: &str, percent: usize) {
    for file in place.files(folder) {
        if file.ends_with(".jsonl") {
            let bytes = place.read(&file).into_bytes();
            place.write(&file, &bytes[..bytes.len() * percent / 100]);
        } else if file.ends_with("summary.json") {
            std::fs::remove_file(place.path(&file)).expect("it was there");
        }
    }
}

fn check(case: &Case) {
    let (sharded, whole) = (place(case), place(case));
    let total = case.shards.len();
    for (part, number) in case.shards.iter().zip(1..) {
        let (shard, out, threads) = (format!("{number}/{total}"), format!("shards/{number}"), part.threads.to_string());
        let command = ["run", "orders.yaml", "--verify", case.verify, "--shard", &shard, "--out", &out, "-j", &threads];
        sharded.run(&command).ended(0);
        if let Some(percent) = part.interrupted {
            interrupt(&sharded, &out, percent);
            sharded.run(&["merge", "shards"]).ended(3);
            sharded.run(&command).ended(0);
        }
    }
    let merged = sharded.run(&["merge", "shards", "-j", "2"]);
    let run = whole.run(&["run", "orders.yaml", "--verify", case.verify]);
    assert_eq!(merged.code, run.code, "{}\n{}", merged.err, run.err);
    snapbox::assert_data_eq!(merged.out, run.out.raw());
    same_files(&sharded, &whole, "results");
}

#[test]
fn shards_of_any_plan_interrupted_anywhere_join_to_the_sweep_that_was_run_at_once() {
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config.clone(), proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm))
        .run(&case(), |case| {
            check(&case);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

//! Each broker on both engines: the same history, byte for byte, whatever the settings, the seed and the faults; and a bug
//! that would break that is noticed.

mod triple;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use ackproof::verify::first_difference;
use ackproof_core::fault::FaultKind;
use ackproof_core::history::Digest;
use ackproof_core::op::Op;
use ackproof_core::recording::{Detail, Recording};
use ackproof_core::time::Span;
use ackproof_sim::{Bench, Engine, Planted};
use triple::Triple;

const TRIPLES: u64 = 300;
const ROCKETMQ_TRIPLES: u64 = 160;

fn event(triple: &Triple) -> Recording {
    triple.record(Engine::Event, Bench::default(), Detail::Verdict)
}

fn digest(number: u64, engine: Engine, bench: Bench) -> Digest {
    Triple::of(number).record(engine, bench, Detail::Verdict).history.digest()
}

fn assert_same(triple: &Triple, a: &Recording, b: &Recording, what: &str) {
    if let Some(difference) = first_difference(&a.history, &b.history) {
        panic!("{what}: {difference}\n{triple}");
    }
    assert_eq!(a.history.digest(), b.history.digest());
}

/// Verbs of the faults that began, and how many began while another lasted.
fn began(recording: &Recording) -> (BTreeSet<String>, u32) {
    let (mut verbs, mut active, mut overlaps) = (BTreeSet::new(), BTreeSet::new(), 0);
    for entry in &recording.history.entries {
        if let Op::FaultBegan { fault, text } = &entry.op {
            overlaps += u32::from(!active.is_empty());
            active.insert(*fault);
            verbs.extend(text.split(' ').next().map(str::to_owned));
        }
        if let Op::FaultEnded { fault } = &entry.op {
            active.remove(fault);
        }
    }
    (verbs, overlaps)
}

/// What has been seen, so that three hundred quiet runs cannot pass for a proof.
#[derive(Default)]
struct Seen {
    verbs: BTreeSet<String>,
    overlaps: u32,
    restarts: usize,
    acked: usize,
    consumed: usize,
}

impl Seen {
    fn add(&mut self, recording: &Recording) {
        let (verbs, overlaps) = began(recording);
        self.verbs.extend(verbs);
        self.overlaps += overlaps;
        let count = |is: &dyn Fn(&Op) -> bool| recording.history.entries.iter().filter(|entry| is(&entry.op)).count();
        self.restarts += restarts(recording);
        self.acked += count(&|op| matches!(op, Op::Told { outcome: ackproof_core::app::Outcome::Acked, .. }));
        self.consumed += count(&|op| matches!(op, Op::Processed { success: true, .. }));
    }
}

/// Starts of processes beyond the first of each node.
fn restarts(recording: &Recording) -> usize {
    let starts = recording.history.entries.iter().filter(|entry| matches!(entry.op, Op::Started));
    let nodes: Vec<_> = starts.map(|entry| entry.node).collect();
    nodes.len() - nodes.iter().collect::<BTreeSet<_>>().len()
}

/// Runs the triples of numbers below `count` on both engines, on two threads, and looks at what was the same; what was
/// seen on each thread.
fn on_both_engines(count: u64, of: fn(u64) -> Triple, look: fn(u64, &Triple, &Recording)) -> Vec<Seen> {
    let next = AtomicU64::new(0);
    let work = || {
        let mut seen = Seen::default();
        // On each thread one run after another, of both engines in turn.
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return seen;
            }
            let triple = of(number);
            let found = event(&triple);
            let reference = triple.record(Engine::Turmoil, Bench::default(), Detail::Verdict);
            assert_same(&triple, &found, &reference, &format!("number {number} differs"));
            assert_eq!(found.events, reference.events, "number {number}: another number of events");
            look(number, &triple, &found);
            seen.add(&found);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

#[test]
fn both_engines_give_the_same_history_for_three_hundred_scenarios_seeds_and_schedules() {
    let seen = on_both_engines(TRIPLES, Triple::of, |_, _, _| {});
    let verbs: BTreeSet<String> = seen.iter().flat_map(|seen| seen.verbs.clone()).collect();
    // `roll` and `random` unfold into the others before a run.
    let all = FaultKind::ALL.iter().map(|(verb, _, _)| *verb).filter(|verb| !["roll", "random"].contains(verb));
    let missing: Vec<&str> = all.filter(|verb| !verbs.contains(*verb)).collect();
    assert!(missing.is_empty(), "these faults never began: {missing:?}");
    let sum = |count: &dyn Fn(&Seen) -> usize| seen.iter().map(count).sum::<usize>();
    assert!(sum(&|seen| seen.overlaps as usize) > 200, "hardly any faults overlapped");
    assert!(sum(&|seen| seen.restarts) > 200, "hardly any process was started again");
    assert!(sum(&|seen| seen.acked) > 1000 && sum(&|seen| seen.consumed) > 3000, "hardly anything happened");
}

#[test]
fn both_engines_give_the_same_history_of_rocketmq() {
    let seen = on_both_engines(ROCKETMQ_TRIPLES, Triple::of_rocketmq, |number, triple, found| {
        let bench = Bench { node_order: Some(number), planted: None };
        let permuted = triple.record(Engine::Event, bench, Detail::Verdict);
        assert_same(triple, found, &permuted, &format!("number {number} of RocketMQ, nodes in another order"));
    });
    let sum = |count: &dyn Fn(&Seen) -> usize| seen.iter().map(count).sum::<usize>();
    assert!(sum(&|seen| seen.overlaps as usize) > 50, "hardly any faults overlapped");
    assert!(sum(&|seen| seen.restarts) > 50, "hardly any process was started again");
    assert!(sum(&|seen| seen.acked) > 500 && sum(&|seen| seen.consumed) > 500, "hardly anything happened");
}

/// A master that returned took over that its slave knew of no delayed messages, and could not find its place among them.
#[test]
fn scenarios_of_rocketmq_that_once_could_not_be_run() {
    for number in [1466, 1753] {
        let triple = Triple::of_rocketmq(number);
        assert!(triple.text.contains("acting-master"), "the generator has changed: these are other scenarios");
        assert!(event(&triple).events > 1000);
    }
}

#[test]
fn the_triples_have_every_way_of_sending_and_committing() {
    let texts: Vec<String> = (0..TRIPLES).map(|number| Triple::of(number).text).collect();
    let words = [
        "acks: 0",
        "acks: 1,",
        "acks: all",
        "send: sync",
        "send: async,",
        "send: async-unchecked",
        "send: one-way",
        "enable.auto.commit: true",
        "before-processing",
        "after-processing",
        "after-batch",
        "background",
        "partitions: 3",
        "producers: 3",
        "consumers: 4",
        "commit: async",
        "in-transaction",
        "abort_rate: 0.5",
        "transaction.version: ",
        "client: librdkafka",
        "group.protocol: consumer",
        "CooperativeStickyAssignor",
        "session.timeout.ms: 400",
        "max.poll.interval.ms: 700",
        "retention.ms: 900",
        "segment.ms: 150",
        "offsets.retention.minutes",
        "eligible.leader.replicas.version: 1",
        "kafka@3.9.0",
        "inter.broker.protocol.version",
        "consumer_start: heal",
        "writeback: never",
    ];
    for word in words {
        assert!(texts.iter().filter(|text| text.contains(word)).count() > 10, "hardly any triple has `{word}`");
    }
}

#[test]
fn the_order_in_which_nodes_are_served_leaves_no_mark() {
    for number in 0..60 {
        let triple = Triple::of(number);
        let plain = event(&triple);
        for order in 1..4 {
            let bench = Bench { node_order: Some(order), planted: None };
            let permuted = triple.record(Engine::Event, bench, Detail::Verdict);
            assert_same(&triple, &plain, &permuted, &format!("number {number}, nodes in order {order}"));
        }
    }
    for number in 0..20 {
        let triple = Triple::of(number);
        let bench = Bench { node_order: Some(number), planted: None };
        let permuted = triple.record(Engine::Turmoil, bench, Detail::Verdict);
        assert_same(&triple, &event(&triple), &permuted, &format!("number {number}, turmoil's hosts in another order"));
    }
}

#[test]
fn a_random_stream_that_nodes_share_is_noticed() {
    let differing = differing_under_permutation(Planted::SharedStream);
    assert!(differing > 20, "only {differing} of 40 runs showed it");
}

#[test]
fn records_in_the_order_of_service_are_noticed() {
    let differing = differing_under_permutation(Planted::UnsortedRecords);
    assert!(differing > 10, "only {differing} of 40 runs showed it");
}

/// In how many of forty runs the planted bug makes the order of service visible.
fn differing_under_permutation(bug: Planted) -> usize {
    let run = |number, node_order| digest(number, Engine::Event, Bench { node_order, planted: Some(bug) });
    (0..40).filter(|&number| run(number, None) != run(number, Some(1))).count()
}

#[test]
fn a_planted_bug_shows_as_a_difference_between_the_engines() {
    let bench = Bench { node_order: Some(1), planted: Some(Planted::SharedStream) };
    let differs = |number: &u64| digest(*number, Engine::Event, bench) != digest(*number, Engine::Turmoil, bench);
    let differing = (0..24).filter(differs).count();
    assert!(differing > 8, "only {differing} of 24 runs showed it");
}

#[test]
fn tracing_a_run_does_not_change_it_and_both_engines_trace_the_same() {
    for number in 0..15 {
        let triple = Triple::of(number);
        let traced = triple.record(Engine::Event, Bench::default(), Detail::Trace);
        assert_same(&triple, &event(&triple), &traced, &format!("number {number}, traced"));
        let reference = triple.record(Engine::Turmoil, Bench::default(), Detail::Trace);
        assert!(!traced.trace.is_empty());
        assert_eq!(traced.trace, reference.trace, "number {number}: the traces differ\n{triple}");
    }
}

#[test]
fn one_thread_and_two_give_the_same_digests() {
    let digests = |threads: u64, engine: Engine, count: u64| {
        let work = (0..threads).map(|thread| {
            let mine = (0..count).filter(move |number| number % threads == thread);
            std::thread::spawn(move || {
                mine.map(|number| (number, digest(number, engine, Bench::default()))).collect::<Vec<_>>()
            })
        });
        let work: Vec<_> = work.collect();
        let mut all: Vec<_> = work.into_iter().flat_map(|thread| thread.join().expect("no run panics")).collect();
        all.sort();
        all
    };
    assert_eq!(digests(1, Engine::Event, 60), digests(2, Engine::Event, 60));
    assert_eq!(digests(1, Engine::Turmoil, 10), digests(2, Engine::Turmoil, 10));
}

/// Eight hosts: three brokers, the controller, two producers, a consumer, and the late consumer.
const QUIET: &str = "broker: kafka
config: { topic: { replication.factor: 3 } }
workload: { producers: 2, consumers: 1, messages: 2, interval: 60s }
faults: { none: [] }
";

#[test]
fn a_quiet_minute_of_eight_hosts_is_few_events_and_the_same_on_both_engines() {
    let triple = Triple::read(QUIET, 1);
    let found = event(&triple);
    assert_eq!(found.history.nodes.len(), 8);
    assert!(found.length >= Span::secs(60), "{}", found.length);
    // Heartbeats and empty fetches only. Both engines leave out the milliseconds without an event, so this bounds what
    // idling costs; how long that takes is the benchmark's to say.
    assert!(found.events < 6_000, "{} events in a quiet minute", found.events);
    let reference = triple.record(Engine::Turmoil, Bench::default(), Detail::Verdict);
    assert_same(&triple, &found, &reference, "a quiet minute");
    assert_eq!(found.events, reference.events);
}

/// Set when this test binary is run as a child of the next test: it then prints what it would compare.
const CHILD: &str = "ACKPROOF_PRINT_DIGESTS";

#[test]
fn another_process_gives_the_same_digests() {
    let line =
        |engine: Engine, number: u64| format!("digest {engine} {number} {}", digest(number, engine, Bench::default()));
    let mut lines: Vec<String> = (0..40).map(|number| line(Engine::Event, number)).collect();
    lines.extend((0..8).map(|number| line(Engine::Turmoil, number)));
    if std::env::var_os(CHILD).is_some() {
        println!("{}", lines.join("\n"));
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().expect("a test has a path"))
        .args(["another_process_gives_the_same_digests", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("a test binary can be run again");
    let text = String::from_utf8_lossy(&child.stdout);
    let printed: Vec<&str> = text.lines().filter_map(|line| line.find("digest ").map(|at| &line[at..])).collect();
    assert_eq!(printed, lines);
}

//! What brokers and producers make of transactions.

use ackproof_core::app::Outcome;
use ackproof_core::node::NodeId;
use ackproof_core::seed::Seed;
use ackproof_core::time::Span;

use super::bench::transactions::ID;
use super::bench::{B1, B2, B3, Bench, CTL, P1};
use super::storm::{BROKERS, Death, disturb};
use crate::error_code::ErrorCode;
use crate::sequence::{Identity, ProducerEpoch};
use crate::transaction::{Ending, Marker};

const OLD: &str = "broker.transaction.version=0";

fn formed(version: &str, settings: &[&str]) -> Bench {
    let settings: Vec<&str> = [ID].into_iter().chain(settings.iter().copied()).collect();
    let mut bench = Bench::version(version, &settings);
    bench.run(Span::secs(1));
    bench
}

fn all(numbers: std::ops::Range<u32>, outcome: &Outcome) -> Vec<(u32, Outcome)> {
    numbers.map(|n| (n, outcome.clone())).collect()
}

/// Sends these messages in a transaction of p1's application and ends it.
fn transact(bench: &mut Bench, numbers: std::ops::Range<u32>, commit: bool) -> Vec<(u32, Outcome)> {
    bench.send_messages(numbers);
    bench.end_transaction(commit);
    bench.run(Span::secs(2));
    bench.outcomes()
}

/// A transaction with message 0 that a producer without a process has begun, with whatever that takes.
fn begin(bench: &mut Bench) -> Identity {
    let identity = bench.init_transactions();
    let _ = bench.add_partition(identity);
    assert_eq!(bench.write_in(identity, 0, 0), Ok(0));
    identity
}

const VERSIONS: [&str; 5] = ["2.8", "3.5", "3.6", "3.9", "4.4"];

#[test]
fn what_is_committed_is_read_and_what_was_aborted_is_not() {
    for version in VERSIONS {
        let mut bench = formed(version, &[]);
        bench.start_producer();
        assert_eq!(transact(&mut bench, 0..3, true), all(0..3, &Outcome::Acked), "{version}");
        assert_eq!(transact(&mut bench, 3..6, false), all(3..6, &Outcome::Aborted), "{version}");
        assert_eq!(transact(&mut bench, 6..9, true), all(6..9, &Outcome::Acked), "{version}");
        // Three messages and a marker each.
        assert_eq!(bench.read_committed(B1), (12, vec![0, 1, 2, 6, 7, 8]), "{version}");
        assert_eq!(bench.read(B1), (0..9).collect::<Vec<_>>(), "{version}");
    }
}

#[test]
fn readers_of_what_is_committed_wait_behind_an_open_transaction() {
    let mut bench = formed("4.1", &[]);
    let identity = begin(&mut bench);
    bench.acked(B1, 7);
    assert_eq!(bench.read_committed(B1), (0, vec![]));
    assert_eq!(bench.read(B1), [0, 7]);
    bench.end_of(identity, Ending::Commit);
    assert_eq!(bench.read_committed(B1), (3, vec![0, 7]));
}

#[test]
fn a_transaction_is_open_for_readers_until_its_marker_is_replicated() {
    let mut bench = formed("4.1", &[]);
    let identity = begin(&mut bench);
    assert_eq!(bench.coordinator(), B2, "another broker than the leader");
    bench.cut(B1, &[B3]);
    bench.ask_to_end(identity, Ending::Commit).expect("decided");
    bench.run(Span::secs(2));
    assert_eq!((bench.read_committed(B1), bench.replica(B1).end().0), ((0, vec![]), 2));
    bench.heal();
    bench.run(Span::secs(15));
    assert_eq!(bench.read_committed(B1).1, [0]);
}

#[test]
fn a_new_leader_finds_the_open_and_the_aborted_transactions_in_its_log() {
    let mut bench = formed("4.1", &[]);
    let identity = begin(&mut bench);
    let identity = bench.end_of(identity, Ending::Abort);
    assert_eq!(bench.write_in(identity, 0, 1), Ok(2));
    bench.move_leader(Some(B3));
    bench.run(Span::secs(2));
    assert!(bench.leads(B3));
    assert_eq!(bench.read_committed(B3), (2, vec![]));
    bench.end_of(identity, Ending::Commit);
    assert_eq!(bench.read_committed(B3), (4, vec![1]));
}

#[test]
fn a_producer_that_begins_ends_what_an_earlier_one_left_and_shuts_it_out() {
    for (version, settings) in [("3.5", &[][..]), ("4.1", &[OLD]), ("4.1", &[])] {
        let mut bench = formed(version, settings);
        let first = begin(&mut bench);
        assert_eq!(bench.ask_for_id(None), Err(ErrorCode::ConcurrentTransactions), "{version}");
        let second = bench.init_transactions();
        assert!(second.producer == first.producer && second.epoch > first.epoch, "{version}");
        assert_eq!(bench.read_committed(B1), (2, vec![]), "{version}");
        assert_eq!(bench.add_partition(first), Err(ErrorCode::ProducerFenced), "{version}");
        assert_eq!(bench.ask_to_end(first, Ending::Commit), Err(ErrorCode::ProducerFenced), "{version}");
        assert_eq!(bench.write_in(first, 1, 1), Err(ErrorCode::InvalidProducerEpoch), "{version}");
    }
}

#[test]
fn a_process_that_is_started_again_ends_what_it_had_left() {
    let mut bench = formed("4.1", &[]);
    bench.start_producer();
    bench.send_messages(0..2);
    bench.run(Span(100));
    bench.kill(P1);
    bench.start_producer();
    assert_eq!(transact(&mut bench, 2..3, true), all(2..3, &Outcome::Acked));
    assert_eq!(bench.read_committed(B1), (5, vec![2]));
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted_and_its_producer_shut_out() {
    for (version, settings) in [("3.5", &[][..]), ("4.1", &[])] {
        let mut bench = formed(version, settings);
        bench.start_producer();
        bench.send_messages(0..2);
        bench.run(Span::secs(59));
        assert_eq!(bench.read_committed(B1).0, 0, "{version}");
        bench.run(Span::secs(12));
        assert_eq!((bench.read_committed(B1), bench.outcomes()), ((3, vec![]), vec![]), "{version}");
        bench.end_transaction(true);
        bench.run(Span::secs(1));
        assert_eq!(bench.outcomes(), all(0..2, &Outcome::Aborted), "{version}");
        // Its application has made another one.
        assert_eq!(transact(&mut bench, 2..4, true), all(2..4, &Outcome::Acked), "{version}");
        assert_eq!(bench.read_committed(B1), (6, vec![2, 3]), "{version}");
    }
}

#[test]
fn a_new_coordinator_aborts_what_takes_too_long() {
    for version in ["3.5", "4.1"] {
        let mut bench = formed(version, &[]);
        bench.start_producer();
        bench.send_messages(0..2);
        bench.run(Span::secs(1));
        bench.kill(bench.coordinator());
        bench.run(Span::secs(30));
        assert_eq!(bench.read_committed(B1).0, 0, "{version}");
        bench.run(Span::secs(50));
        assert_eq!(bench.read_committed(B1), (3, vec![]), "{version}");
    }
}

/// Where three in-sync replicas are asked for, and b3 is down: the end of a transaction is decided, and no marker taken.
fn decided(ending: Ending) -> (Bench, Identity) {
    let mut bench = formed("4.1", &["topic.min.insync.replicas=3"]);
    let identity = begin(&mut bench);
    assert_eq!(bench.coordinator(), B2);
    bench.kill(B3);
    bench.run(Span::secs(15));
    let next = bench.ask_to_end(identity, ending).expect("decided").expect("another epoch");
    bench.run(Span::secs(5));
    assert!(!bench.has_no_transaction() && bench.replica(B1).end().0 == 1);
    (bench, next)
}

#[test]
fn a_new_coordinator_does_what_the_last_one_had_decided() {
    for ending in [Ending::Commit, Ending::Abort] {
        let (mut bench, _) = decided(ending);
        bench.kill(B2);
        bench.run(Span::secs(15));
        assert_eq!(bench.coordinator(), B1, "{ending:?}");
        bench.start(B2);
        bench.start(B3);
        bench.run(Span::secs(40));
        let read = if ending == Ending::Commit { vec![0] } else { vec![] };
        assert_eq!((bench.read_committed(B1).1, bench.coordinator()), (read, B1), "{ending:?}");
        assert!(bench.has_no_transaction(), "{ending:?}");
    }
}

#[test]
fn markers_are_sent_until_the_partitions_leader_takes_them() {
    let (mut bench, next) = decided(Ending::Commit);
    assert_eq!(bench.add_partition(next), CONCURRENT);
    assert_eq!(bench.ask_for_id(None), CONCURRENT);
    bench.start(B3);
    bench.run(Span::secs(30));
    assert_eq!((bench.read_committed(B1), bench.add_partition(next)), ((2, vec![0]), Ok(None)));
}

const CONCURRENT: Result<Option<Identity>, ErrorCode> = Err(ErrorCode::ConcurrentTransactions);

#[test]
fn with_too_few_in_sync_replicas_no_transaction_ends() {
    let mut bench = formed("4.1", &["topic.min.insync.replicas=1"]);
    let identity = begin(&mut bench);
    let others: Vec<NodeId> = [B1, B2, B3].into_iter().filter(|&node| node != bench.coordinator()).collect();
    others.iter().for_each(|&node| bench.kill(node));
    bench.run(Span::secs(40));
    assert_eq!(bench.ask_to_end(identity, Ending::Commit), Err(ErrorCode::CoordinatorNotAvailable));
}

#[test]
fn a_marker_of_an_older_coordinator_is_refused() {
    let mut bench = formed("4.1", &[]);
    let identity = begin(&mut bench);
    let marker = |epoch: u32| Marker {
        identity: Identity { epoch: ProducerEpoch(identity.epoch.0 + 1), ..identity },
        ending: Ending::Abort,
        coordinator: ackproof_log::Epoch(epoch),
    };
    assert_eq!(bench.write_marker(B1, marker(5)), Ok(None));
    assert_eq!(bench.write_marker(B1, marker(4)), Err(ErrorCode::TransactionCoordinatorFenced));
}

#[test]
fn from_4_2_a_marker_must_have_a_newer_epoch_than_what_it_ends() {
    for (version, settings, answer) in
        [("4.1", &[][..], Ok(None)), ("4.2", &[], Err(ErrorCode::InvalidProducerEpoch)), ("4.2", &[OLD], Ok(None))]
    {
        let mut bench = formed(version, settings);
        let identity = begin(&mut bench);
        let marker = Marker { identity, ending: Ending::Abort, coordinator: ackproof_log::Epoch(0) };
        assert_eq!(bench.write_marker(B1, marker), answer, "{version} {settings:?}");
    }
}

#[test]
fn before_3_6_a_write_that_comes_after_the_abort_leaves_a_transaction_that_nothing_ends() {
    let late = |version: &str, settings: &[&str]| {
        let mut bench = formed(version, settings);
        let identity = begin(&mut bench);
        bench.end_of(identity, Ending::Abort);
        let answer = bench.write_in(identity, 1, 1);
        bench.run(Span::secs(100));
        (answer, bench.read_committed(B1).0, bench.high_watermark(B1))
    };
    assert_eq!(late("3.5", &[]), (Ok(2), 2, 3));
    assert_eq!(late("3.9", &["broker.transaction.partition.verification.enable=false"]), (Ok(2), 2, 3));
    assert_eq!(late("3.6", &[]), (Err(ErrorCode::InvalidTxnState), 2, 2));
    assert_eq!(late("3.9", &[]), (Err(ErrorCode::TransactionAbortable), 2, 2));
    assert_eq!(late("4.1", &[OLD]), (Err(ErrorCode::TransactionAbortable), 2, 2));
    assert_eq!(late("4.1", &[]), (Err(ErrorCode::InvalidProducerEpoch), 2, 2));
}

#[test]
fn before_transaction_version_2_a_write_that_comes_after_the_abort_may_become_part_of_the_next_transaction() {
    let late = |version: &str, settings: &[&str]| {
        let mut bench = formed(version, settings);
        let identity = begin(&mut bench);
        let next = bench.end_of(identity, Ending::Abort);
        bench.add_partition(next).expect("begun");
        let answer = bench.write_in(identity, 1, 1);
        bench.end_of(next, Ending::Commit);
        (answer, bench.read_committed(B1).1)
    };
    assert_eq!(late("3.5", &[]), (Ok(2), vec![1]));
    assert_eq!(late("3.9", &[]), (Ok(2), vec![1]));
    assert_eq!(late("4.1", &[OLD]), (Ok(2), vec![1]));
    assert_eq!(late("4.1", &[]), (Err(ErrorCode::InvalidProducerEpoch), vec![]));
}

#[test]
fn a_batch_that_fails_takes_its_transaction_back() {
    for (version, settings) in [("3.9", &[][..]), ("4.1", &[])] {
        let settings: Vec<&str> = settings
            .iter()
            .copied()
            .chain(["producer.delivery.timeout.ms=5000", "producer.request.timeout.ms=3000"])
            .collect();
        let mut bench = formed(version, &settings);
        bench.start_producer();
        bench.send_messages(0..1);
        bench.run(Span(500));
        bench.cut(P1, &[B1]);
        bench.send_messages(1..2);
        bench.run(Span::secs(10));
        bench.end_transaction(true);
        bench.run(Span::secs(5));
        assert_eq!(bench.outcomes(), all(0..2, &Outcome::Aborted), "{version}");
        bench.heal();
        bench.run(Span::secs(10));
        assert_eq!(transact(&mut bench, 2..4, true), all(2..4, &Outcome::Acked), "{version}");
        assert_eq!(bench.read_committed(B1).1, [2, 3], "{version}");
    }
}

#[test]
fn a_commit_that_takes_too_long_is_in_doubt() {
    let mut bench = formed("4.1", &["producer.max.block.ms=20000"]);
    bench.start_producer();
    bench.send_messages(0..1);
    bench.run(Span(500));
    bench.cut(P1, &[B1, B2, B3]);
    bench.end_transaction(true);
    bench.run(Span::secs(19));
    assert_eq!(bench.outcomes(), []);
    bench.run(Span::secs(2));
    let timed_out = Outcome::Unknown(ackproof_core::app::Reason::new("TimeoutException"));
    assert_eq!(bench.outcomes(), all(0..1, &timed_out));
    bench.heal();
    bench.run(Span::secs(60));
    assert_eq!(transact(&mut bench, 1..2, true), all(1..2, &Outcome::Acked));
}

fn start_all(bench: &mut Bench) {
    let dead: Vec<NodeId> = [CTL, B1, B2, B3].into_iter().filter(|&node| !bench.is_up(node)).collect();
    dead.into_iter().for_each(|node| bench.start(node));
}

/// Transactions of three messages, of which the application takes some back, while brokers die and come back and cables are
/// cut. What its application was told, and what a reader of what is committed finds in the end.
fn transactions_in_a_storm(seed: u64, version: &str) -> (Vec<(u32, Outcome)>, Vec<u32>) {
    let mut random = Seed(seed).stream("storm");
    let patient = [
        "topic.min.insync.replicas=2",
        "producer.request.timeout.ms=3000",
        "producer.transaction.timeout.ms=30000",
        "producer.max.block.ms=200000",
    ];
    let mut bench = formed(version, &patient);
    bench.start_producer();
    let mut told = Vec::new();
    for transaction in 0..12 {
        match random.between(0, 3) {
            0 => bench.cut(P1, &[BROKERS[random.between(0, 2) as usize]]),
            _ => disturb(&mut bench, &mut random, Death::Kill),
        }
        bench.send_messages(3 * transaction..3 * transaction + 3);
        bench.run(Span(random.between(1, 300)));
        bench.end_transaction(random.between(0, 3) > 0);
        bench.run(Span(random.between(1, 5000)));
        bench.heal();
        for node in [CTL, B1, B2, B3].into_iter().filter(|_| random.between(0, 1) == 0) {
            if !bench.is_up(node) {
                bench.start(node);
            }
        }
        for _ in 0..400 {
            told.append(&mut bench.outcomes());
            if told.len() as u32 >= 3 * transaction + 3 {
                break;
            }
            bench.run(Span::secs(1));
            start_all(&mut bench);
        }
    }
    bench.heal();
    start_all(&mut bench);
    bench.run(Span::secs(100));
    assert!(bench.has_no_transaction(), "seed {seed}: every transaction has ended");
    let leader = bench.partition().leader.expect("somebody leads");
    let (stable, read) = bench.read_committed(leader);
    assert_eq!(stable, bench.high_watermark(leader), "seed {seed}: no reader is held up");
    (told, read)
}

#[test]
fn under_kills_and_cuts_a_transaction_is_there_as_a_whole_or_not_at_all() {
    let (mut committed, mut aborted) = (0, 0);
    for (seed, version) in (0..40).zip(["3.9", "4.1", "4.4"].into_iter().cycle()) {
        let (told, read) = transactions_in_a_storm(seed, version);
        assert!(read.is_sorted_by(|a, b| a < b), "seed {seed}: {read:?}");
        for (n, outcome) in told {
            match outcome {
                Outcome::Acked => assert!(read.contains(&n), "seed {seed}, {version}: {n} is lost: {read:?}"),
                Outcome::Aborted => assert!(!read.contains(&n), "seed {seed}, {version}: {n} was taken back: {read:?}"),
                Outcome::Unknown(_) | Outcome::Untold | Outcome::Rejected(_) => {}
            }
            committed += u32::from(outcome == Outcome::Acked);
            aborted += u32::from(outcome == Outcome::Aborted);
        }
        for whole in (0..36).step_by(3) {
            let there = (whole..whole + 3).filter(|n| read.contains(n)).count();
            assert!(there == 0 || there == 3, "seed {seed}: {whole} and its two are there in part: {read:?}");
        }
    }
    assert!(committed > 400 && aborted > 100, "{committed} and {aborted}");
}

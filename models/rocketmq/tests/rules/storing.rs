//! What is committed, flushed, kept and deleted.

use ackproof_core::observe::Observation;
use ackproof_core::setup::{ConsumerStart, SendMode};
use ackproof_core::time::{Span, SpanRange};

use crate::scene::Scene;

const POWER: &str = "{power_loss: a0, at: 800ms, restart_after: 2s}";
const KILL: &str = "{kill: a0, at: 800ms, restart_after: 2s}";

/// One broker, whose kernel writes nothing back by itself, and consumers that come late.
fn alone(version: &str, settings: &[&str]) -> Scene {
    Scene::of(version).set(settings).cluster(|cluster| cluster.slaves = 0).setup(|setup| {
        setup.disk.writeback = None;
        setup.workload.consumer_start = ConsumerStart::Heal;
    })
}

#[test]
fn asynchronous_flushing_loses_its_tail_with_the_power_and_nothing_with_the_process() {
    let lost: Vec<usize> =
        (0..8).map(|seed| alone("5.3", &[]).seed(seed).fault(POWER).run().vanished().len()).collect();
    assert!(lost.iter().sum::<usize>() > 40, "{lost:?}");
    for seed in 0..8 {
        assert_eq!(alone("5.3", &[]).seed(seed).fault(KILL).run().vanished(), []);
    }
}

/// 16 KiB are 64 messages: fewer wait for the thorough round, every ten seconds.
#[test]
fn less_than_four_dirty_pages_wait_for_the_thorough_round() {
    let slow = |setup: &mut ackproof_core::setup::Setup| {
        setup.workload.interval = Span(200);
        setup.workload.messages = 150;
    };
    let story = alone("5.3", &[]).setup(slow).run();
    let synced: Vec<_> = story.seen().filter(|(_, _, seen)| matches!(seen, Observation::Synced { .. })).collect();
    let mut rounds: Vec<_> = synced.iter().map(|(at, ..)| *at).collect();
    rounds.dedup();
    assert!((3..=4).contains(&rounds.len()), "one every ten seconds: {rounds:?}");
    let every = alone("5.3", &["broker.flushCommitLogLeastPages=0"]).setup(slow).run();
    let synced: std::collections::BTreeSet<_> =
        every.seen().filter(|(_, _, seen)| matches!(seen, Observation::Synced { .. })).map(|(at, ..)| at).collect();
    assert!(synced.len() > 40, "one every half second: {}", synced.len());
}

#[test]
fn synchronous_flushing_answers_when_the_entry_is_on_the_platter() {
    let story = alone("5.3", &["broker.flushDiskType=SYNC_FLUSH"]).fault(POWER).run();
    assert!(story.acked().len() > 50);
    assert_eq!(story.vanished(), []);
}

#[test]
fn a_message_that_does_not_wait_is_answered_before_it_is_flushed() {
    let settings = ["broker.flushDiskType=SYNC_FLUSH", "producer.waitStoreMsgOK=false"];
    let slow = |setup: &mut ackproof_core::setup::Setup| setup.disk.sync = SpanRange::exactly(Span(400));
    let story = alone("5.3", &settings).setup(slow).fault(POWER).run();
    let slow = story.latencies().iter().filter(|latency| **latency >= Span(20)).count();
    assert!(slow <= 1, "only the send that the loss of power interrupts: {slow}");
    assert!(!story.vanished().is_empty());
}

#[test]
fn a_flush_that_failed_counts_as_done_before_5_4() {
    let failing = ["broker.flushDiskType=SYNC_FLUSH", "producer.sendMsgTimeout=8000"];
    let run = |version| {
        alone(version, &failing)
            .setup(|setup| setup.app.producer.accept = Some(vec!["SEND_OK".to_owned()]))
            .fault("{fail_sync: a0, at: 300ms, for: 400ms}")
            .fault("{power_loss: a0, at: 690ms, restart_after: 2s}")
            .run()
    };
    assert!(run("5.3").vanished().len() > 5, "{:?}", run("5.3").failures());
    assert_eq!(run("5.4").vanished(), []);
}

#[test]
fn the_pool_loses_acknowledged_messages_with_the_process() {
    let pool = ["broker.transientStorePoolEnable=true"];
    let lost: Vec<usize> =
        (0..8).map(|seed| alone("5.3", &pool).seed(seed).fault(KILL).run().vanished().len()).collect();
    assert!(lost.iter().sum::<usize>() > 20 && lost.iter().all(|lost| *lost <= 40), "{lost:?}");
}

#[test]
fn the_pool_beside_synchronous_flushing_depends_on_the_release() {
    let settings = ["broker.transientStorePoolEnable=true", "broker.flushDiskType=SYNC_FLUSH"];
    let run = |version| {
        let accept = |setup: &mut ackproof_core::setup::Setup| {
            setup.app.producer.accept = Some(vec!["SEND_OK".to_owned()]);
        };
        alone(version, &settings).setup(accept).run()
    };
    let off = run("4.9");
    assert!(off.latencies().iter().all(|latency| *latency < Span(50)), "it is silently off");
    let failing = run("5.1");
    assert_eq!(failing.failures(), [("unknown FLUSH_DISK_TIMEOUT".to_owned(), 100)]);
    assert_eq!(failing.audited().len(), 100, "everything is stored all the same");
    let waiting = run("5.2");
    assert_eq!(waiting.acked().len(), 100);
    assert!(waiting.latencies().iter().any(|latency| *latency > Span(50)), "it waits for the pool to be committed");
}

/// The producer's own three seconds end before the broker's five: an exception, and the message is stored.
#[test]
fn a_slow_flush_is_an_exception_for_the_producer_and_the_message_is_stored() {
    let story = alone("5.3", &["broker.flushDiskType=SYNC_FLUSH"])
        .fault("{slow_disk: {node: a0, sync: 4s}, at: 300ms, for: 2s}")
        .run();
    let failures = story.failures();
    assert!(failures.iter().any(|(words, _)| words == "unknown RemotingTimeoutException"), "{failures:?}");
    assert_eq!(story.audited().len(), 100, "each is there");
    let patient = alone("5.3", &["broker.flushDiskType=SYNC_FLUSH", "producer.sendMsgTimeout=10000"])
        .setup(|setup| setup.app.producer.accept = Some(vec!["SEND_OK".to_owned()]))
        .fault("{slow_disk: {node: a0, sync: 9s}, at: 300ms, for: 2s}")
        .run();
    assert_eq!(patient.failures(), [("unknown FLUSH_DISK_TIMEOUT".to_owned(), 1)]);
}

#[test]
fn from_5_3_consumers_read_only_what_is_flushed() {
    let lag = |version| {
        let story = Scene::of(version)
            .set(&["broker.flushDiskType=SYNC_FLUSH", "producer.waitStoreMsgOK=false"])
            .cluster(|cluster| cluster.slaves = 0)
            .setup(|setup| setup.disk.sync = SpanRange::exactly(Span(100)))
            .run();
        let synced = |origin, offset| {
            story.seen().find(|(_, _, seen)| matches!(seen, Observation::Synced { origin: of, upto } if *of == origin && *upto > offset)).map(|(at, ..)| at)
        };
        let early = story
            .delivered()
            .into_iter()
            .filter(|(at, _, delivery)| synced(delivery.origin, delivery.offset).is_none_or(|synced| synced > *at));
        early.count()
    };
    assert_eq!(lag("5.3.0"), 0);
    assert!(lag("5.2") > 50);
}

#[test]
fn old_files_go_whether_or_not_anybody_has_read_them_and_the_last_one_stays() {
    let settings = [
        "broker.mappedFileSizeCommitLog=10240",
        "broker.fileReservedTime=1",
        "consumer.consumeFromWhere=CONSUME_FROM_FIRST_OFFSET",
    ];
    let story = alone("5.3", &settings)
        .setup(|setup| {
            setup.workload.consumer_start = ConsumerStart::After(SpanRange::exactly(Span::secs(6 * 3600)));
        })
        // Nothing that matters, so that the run is that long.
        .fault("{kill: ns2, at: 25200s, restart_after: 1s}")
        .run();
    let left = story.audited().len();
    assert!((1..=40).contains(&left), "{left}");
    assert_eq!(story.disposed().len(), 100 - left);
    assert_eq!(story.processed().len(), left);
}

#[test]
fn a_full_disk_refuses_and_nothing_is_stored() {
    let story = alone("5.3", &[])
        .setup(|setup| setup.app.producer.send = SendMode::Async)
        .fault("{full_disk: a0, at: 300ms, for: 300ms}")
        .run();
    let failures = story.failures();
    assert!(failures.iter().all(|(words, _)| words == "rejected SERVICE_NOT_AVAILABLE"), "{failures:?}");
    assert_eq!(story.audited().len(), story.acked().len());
    assert!(story.acked().len() < 90);
}

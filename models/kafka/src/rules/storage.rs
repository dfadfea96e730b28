//! What survives on a disk, and when it is synced.

use ackproof_core::disk::DiskFaults;
use ackproof_core::time::Span;
use ackproof_log::Offset;

use super::bench::{B1, B2, B3, Bench, P1};
use crate::config::Acks;
use crate::error_code::ErrorCode;

#[test]
fn a_kill_loses_no_record() {
    let mut bench = Bench::formed(&[]);
    bench.acked(B1, 0);
    bench.kill(B1);
    assert_eq!((bench.durable(B1), bench.log(B1)), (0, vec![0]));
    bench.start(B1);
    bench.settle();
    assert_eq!(bench.log(B1), vec![0]);
}

#[test]
fn a_power_loss_cuts_the_log_and_the_followers_of_the_next_leader_fill_it_again() {
    let mut bench = Bench::formed(&[]);
    bench.acked(B1, 0);
    bench.lose_power(B1);
    assert_eq!(bench.log(B1), vec![]);
    bench.run(Span::secs(12));
    bench.start(B1);
    bench.settle();
    assert_eq!((bench.partition().leader, bench.log(B1)), (Some(B2), vec![0]));
}

#[test]
fn by_default_nothing_is_synced() {
    let mut bench = Bench::formed(&[]);
    bench.acked(B1, 0);
    bench.run(Span::secs(300));
    assert_eq!(bench.durable(B1), 0);
}

#[test]
fn flush_messages_syncs_inside_the_append_on_the_leader_and_on_followers() {
    let mut bench = Bench::formed(&["topic.flush.messages=1"]);
    let leader_only = bench.produce(B1, Acks::Leader, 0);
    bench.run(Span(1));
    assert_eq!((bench.log(B1), bench.durable(B1)), (vec![0], 0));
    bench.run(Span(1));
    assert_eq!(bench.produced(leader_only), None, "not before the sync is over");
    bench.run(Span(2));
    assert_eq!((bench.produced(leader_only), bench.durable(B1)), (Some(Ok(Offset(0))), 1));
    bench.acked(B1, 1);
    assert_eq!([B1, B2, B3].map(|broker| bench.durable(broker)), [2, 2, 2]);
}

#[test]
fn flush_messages_counts_the_messages_since_the_last_sync() {
    let mut bench = Bench::formed(&["topic.flush.messages=3"]);
    for (n, durable) in [(0, 0), (1, 0), (2, 3), (3, 3)] {
        bench.acked(B1, n);
        assert_eq!(bench.durable(B1), durable, "after message {n}");
    }
}

#[test]
fn batches_that_arrive_during_a_sync_wait_for_it() {
    let mut bench = Bench::formed(&["topic.flush.messages=1"]);
    let sent: Vec<_> = (0..3).map(|n| bench.produce(B1, Acks::Leader, n)).collect();
    bench.run(Span(1));
    assert_eq!(bench.log(B1), vec![0]);
    bench.run(Span(20));
    assert_eq!((bench.log(B1), bench.durable(B1)), (vec![0, 1, 2], 3));
    assert!(sent.iter().all(|&sent| bench.produced(sent).is_some()));
}

#[test]
fn a_write_that_the_high_watermark_passed_during_its_sync_is_answered_after_it() {
    let mut bench = Bench::formed(&["topic.flush.messages=1"]);
    bench.slow_syncs(B1, Span(600));
    let sent = bench.produce(B1, Acks::All, 0);
    // The followers' fetches find nothing for 500 ms at most; their next ones find the record and confirm it.
    bench.run(Span(600));
    assert_eq!((bench.high_watermark(B1), bench.durable(B1)), (1, 0));
    assert_eq!(bench.produced(sent), None, "not before the leader's own sync is over");
    bench.run(Span(2));
    assert_eq!(bench.produced(sent), Some(Ok(Offset(0))));
}

#[test]
fn a_change_of_leader_waits_for_the_append_under_way() {
    let mut bench = Bench::formed(&["topic.flush.messages=1"]);
    bench.move_leader(Some(B2));
    bench.run(Span(1));
    let sent = bench.produce(B1, Acks::All, 0);
    bench.run(Span(2));
    assert_eq!((bench.log(B1), bench.durable(B1)), (vec![0], 0));
    assert!(bench.leads(B1), "it has heard that b2 leads, in the middle of its sync");
    bench.run(Span(1));
    assert_eq!((bench.leads(B1), bench.durable(B1)), (false, 1));
    bench.run(Span(1));
    assert_eq!(bench.produced(sent), Some(Err(ErrorCode::NotLeaderOrFollower)));
}

#[test]
fn whoever_waits_behind_an_append_is_told_when_the_leader_steps_down() {
    let mut bench = Bench::formed(&["topic.flush.messages=1"]);
    bench.move_leader(Some(B2));
    bench.run(Span(1));
    bench.produce(B1, Acks::All, 0);
    let behind = [Acks::All, Acks::Leader].map(|acks| bench.produce(B1, acks, 1));
    bench.produce(B1, Acks::None, 2);
    bench.run(Span(10));
    assert_eq!((bench.leads(B1), bench.log(B2)), (false, vec![]));
    assert_eq!(behind.map(|sent| bench.produced(sent)), [Some(Err(ErrorCode::NotLeaderOrFollower)); 2]);
    assert_eq!(bench.closed, vec![P1], "with acks=0 a closed connection is all there is to tell");
}

#[test]
fn after_a_kill_nothing_counts_as_synced_and_after_a_clean_stop_everything() {
    let visits = &["topic.flush.ms=1000", "broker.log.flush.scheduler.interval.ms=1000"];
    let mut bench = Bench::formed(visits);
    bench.acked(B1, 0);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.start(B3);
    bench.settle();
    assert_eq!(bench.durable(B3), 0);
    bench.run(Span::secs(32));
    assert_eq!(bench.durable(B3), 1, "the flusher syncs what it cannot know to be synced");

    let mut bench = Bench::formed(&["topic.flush.messages=3"]);
    bench.acked(B1, 0);
    bench.acked(B1, 1);
    bench.stop(B3);
    bench.run_until(Span::secs(10), |bench| !bench.is_up(B3));
    bench.run(Span::secs(12));
    bench.start(B3);
    bench.settle();
    bench.acked(B1, 2);
    assert_eq!((bench.durable(B1), bench.durable(B3)), (3, 2), "only the leader has three to sync");
}

#[test]
fn flush_ms_without_the_flushers_interval_is_looked_at_once() {
    let mut bench = Bench::formed(&["topic.flush.ms=1000"]);
    bench.acked(B1, 0);
    bench.run(Span::secs(28));
    assert_eq!(bench.durable(B1), 0);
    bench.run(Span::secs(3));
    assert_eq!(bench.durable(B1), 1, "the one visit, 30 s after the start");
    bench.acked(B1, 1);
    bench.run(Span::secs(300));
    assert_eq!(bench.durable(B1), 1);
}

#[test]
fn with_the_flushers_interval_flush_ms_bounds_what_is_unsynced() {
    let mut bench = Bench::formed(&["topic.flush.ms=1000", "broker.log.flush.scheduler.interval.ms=500"]);
    bench.run(Span::secs(31));
    bench.acked(B1, 0);
    bench.run(Span(1600));
    assert_eq!(bench.durable(B1), 1);
}

#[test]
fn a_failed_append_or_sync_halts_the_broker() {
    let full = DiskFaults { full: true, ..DiskFaults::default() };
    let failing = DiskFaults { failing_sync: true, ..DiskFaults::default() };
    for (settings, faults) in [(&[][..], full), (&["topic.flush.messages=1"][..], failing)] {
        let mut bench = Bench::formed(settings);
        bench.set_disk_faults(B1, faults);
        let sent = bench.produce(B1, Acks::Leader, 0);
        bench.run(Span(10));
        assert!(!bench.is_up(B1) && bench.was_noted("halts"));
        assert_eq!(bench.produced(sent), None);
    }
}

#[test]
fn the_high_watermark_is_written_down_every_five_seconds_and_found_again() {
    let mut bench = Bench::formed(&["broker.broker.session.timeout.ms=60000"]);
    bench.acked(B1, 0);
    bench.run(Span::secs(6));
    bench.acked(B1, 1);
    assert_eq!(bench.high_watermark(B1), 2);
    bench.kill(B1);
    bench.start(B1);
    assert_eq!(bench.high_watermark(B1), 1);
}

#[test]
fn the_high_watermark_is_never_beyond_a_log_that_was_cut() {
    let mut bench = Bench::formed(&["broker.broker.session.timeout.ms=60000"]);
    bench.acked(B1, 0);
    bench.run(Span::secs(6));
    bench.lose_power(B1);
    bench.start(B1);
    assert_eq!((bench.log(B1), bench.high_watermark(B1)), (vec![], 0));
}

#[test]
fn a_clean_stop_leaves_a_marker_with_the_broker_epoch_and_the_next_start_takes_it_away() {
    let mut bench = Bench::formed(&[]);
    let epoch = bench.image().broker(B2).map(|status| status.epoch);
    bench.stop(B2);
    bench.run_until(Span::secs(10), |bench| !bench.is_up(B2));
    assert_eq!(bench.marker(B2), epoch);
    bench.start(B2);
    assert_eq!(bench.marker(B2), None);
    bench.kill(B2);
    assert_eq!(bench.marker(B2), None);
}

#[test]
fn the_last_in_sync_replica_that_returns_with_a_blank_disk_empties_the_others() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.acked(B1, 0);
    bench.kill(B2);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.lose_disk(B1);
    bench.run(Span::secs(12));
    for broker in [B1, B2, B3] {
        bench.start(broker);
    }
    bench.settle();
    assert_eq!((bench.log(B1), bench.log(B2), bench.log(B3)), (vec![], vec![], vec![]));
}

//! Who is in sync, and what that does to the high watermark.

use ackproof_core::time::Span;

use super::bench::{B1, B2, B3, Bench, CTL, set};
use crate::config::Acks;
use crate::error_code::ErrorCode;

#[test]
fn a_member_that_lags_leaves_after_one_to_one_and_a_half_times_the_lag() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B3, &[B1]);
    let sent = bench.produce(B1, Acks::All, 0);
    let began = bench.now;
    bench.run_until(Span::secs(60), |bench| bench.partition().isr == set(&[B1, B2]));
    let took = bench.now.since(began);
    assert!((Span::secs(29)..=Span(45_100)).contains(&took), "{took}");
    // It was alive all the while: its heartbeats arrive.
    assert!(!bench.is_fenced(B3));
    bench.run(Span(10));
    assert!(bench.produced(sent).is_some());
}

#[test]
fn a_member_that_has_everything_does_not_lag_however_long_ago_it_fetched() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B3, &[B1]);
    bench.run(Span::secs(120));
    assert_eq!(bench.partition().isr, set(&[B1, B2, B3]));
}

#[test]
fn lag_is_measured_by_the_wall_clock() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B3, &[B1]);
    bench.produce(B1, Acks::Leader, 0);
    bench.run(Span(20));
    bench.set_clock(B1, 31_000);
    bench.run(Span(15_010));
    assert_eq!(bench.partition().isr, set(&[B1, B2]), "half a minute of lag, of which 15 s passed");
}

#[test]
fn a_pending_shrink_does_not_move_the_high_watermark() {
    let mut bench = Bench::formed(&["broker.broker.session.timeout.ms=600000"]);
    // The leader can neither replicate nor reach the controller.
    bench.cut(B1, &[B2, B3, CTL]);
    let sent = bench.produce(B1, Acks::All, 0);
    bench.run(Span::secs(29));
    assert!(bench.produced(sent).is_none());
    bench.run(Span::secs(60));
    assert!(bench.was_noted("proposes b1 for the in-sync set"));
    assert_eq!(bench.high_watermark(B1), 0);
    bench.heal();
    bench.run(Span::secs(15));
    // Either the followers have it, or the controller has confirmed the shrink: now it may move.
    assert_eq!(bench.high_watermark(B1), 1);
}

#[test]
fn a_pending_expand_holds_the_high_watermark_back() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1", "broker.broker.session.timeout.ms=600000"]);
    bench.cut(B3, &[B1]);
    let first = bench.produce(B1, Acks::All, 0);
    bench.run_until(Span::secs(60), |bench| bench.partition().isr == set(&[B1, B2]));
    bench.run(Span(20));
    assert!(bench.produced(first).is_some());
    // b3 catches up; the controller cannot be asked to let it in, and then b3 goes silent again.
    bench.cut(B1, &[CTL]);
    bench.heal_link(B1, B3);
    bench.run_until(Span::secs(30), |bench| bench.was_noted("proposes b1, b2, b3 for the in-sync set"));
    bench.cut(B3, &[B1]);
    // By now it has not caught up for longer than the lag allowed; it counts all the same.
    bench.run(Span::secs(40));
    let sent = bench.produce(B1, Acks::All, 1);
    bench.run(Span::secs(5));
    assert_eq!((bench.log(B2), bench.produced(sent)), (vec![0, 1], None));
    assert_eq!(bench.partition().isr, set(&[B1, B2]), "the committed set has not changed");
    assert_eq!(bench.high_watermark(B1), 1);
}

#[test]
fn a_replica_that_is_about_to_join_holds_the_high_watermark_back_too() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1", "broker.broker.session.timeout.ms=600000"]);
    bench.cut(B1, &[B2, B3]);
    bench.produce(B1, Acks::All, 0);
    bench.run_until(Span::secs(60), |bench| bench.partition().isr == set(&[B1]));
    bench.run(Span(20));
    // Both catch up, and only one can be proposed at a time.
    bench.cut(B1, &[CTL]);
    bench.heal_link(B1, B2);
    bench.heal_link(B1, B3);
    bench.run_until(Span::secs(30), |bench| bench.was_noted("proposes b1, b"));
    bench.run(Span::secs(2));
    let proposed = if bench.was_noted("proposes b1, b2 ") { B2 } else { B3 };
    let other = if proposed == B2 { B3 } else { B2 };
    bench.cut(other, &[B1]);
    let sent = bench.produce(B1, Acks::All, 1);
    bench.run(Span::secs(5));
    assert_eq!((bench.log(proposed), bench.produced(sent)), (vec![0, 1], None));
    // When it has lagged for too long it no longer counts.
    bench.run(Span::secs(30));
    bench.acked(B1, 2);
}

#[test]
fn a_follower_that_has_not_reached_the_beginning_of_the_epoch_does_not_join() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1", "broker.broker.session.timeout.ms=600000"]);
    bench.cut(B3, &[B1, B2]);
    bench.produce(B1, Acks::Leader, 0);
    bench.run_until(Span::secs(60), |bench| bench.partition().isr == set(&[B1, B2]));
    bench.run(Span(20));
    bench.cut(B2, &[B1]);
    bench.produce(B1, Acks::Leader, 1);
    bench.run(Span(5));
    // b2 leads from 1 on with its high watermark at 1 or below, and b1 in sync but silent.
    bench.move_leader(Some(B2));
    bench.run(Span(10));
    assert!(bench.leads(B2) && bench.high_watermark(B2) == 0);
    bench.heal_link(B3, B2);
    bench.run_until(Span::secs(30), |bench| bench.replica(B2).has_heard(set(&[B3])));
    assert!(!bench.was_noted("proposes b1, b2, b3"), "it has 0 records, as many as the high watermark, of 1");
    bench.run(Span(5));
    assert!(bench.was_noted("proposes b1, b2, b3"));
}

#[test]
fn a_follower_joins_when_it_has_reached_the_high_watermark_and_the_beginning_of_the_epoch() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.kill(B3);
    bench.run(Span::secs(12));
    assert_eq!(bench.partition().isr, set(&[B1, B2]));
    for n in 0..5 {
        bench.acked(B1, n);
    }
    bench.start(B3);
    bench.settle();
    assert_eq!((bench.log(B3), bench.partition().isr), (vec![0, 1, 2, 3, 4], set(&[B1, B2, B3])));
}

#[test]
fn from_3_7_the_high_watermark_stands_still_below_min_insync_replicas() {
    for (version, expected) in [("3.6", 1), ("3.7", 0)] {
        let mut bench = Bench::version(version, &["topic.min.insync.replicas=2"]);
        bench.run(Span::secs(1));
        bench.kill(B2);
        bench.kill(B3);
        bench.run(Span::secs(12));
        bench.produce(B1, Acks::Leader, 0);
        bench.run(Span(20));
        assert_eq!((bench.log(B1), bench.high_watermark(B1)), (vec![0], expected), "{version}");
    }
}

#[test]
fn a_restarted_process_is_not_taken_for_the_one_before_it() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.acked(B1, 0);
    bench.lose_disk(B3);
    bench.start(B3);
    // Its registration is refused while the old session lasts, so the leader hears nothing from it.
    bench.run(Span::secs(5));
    assert!(bench.was_noted("refuses to register b3"));
    assert_eq!(bench.log(B3), vec![]);
    bench.settle();
    assert_eq!(bench.log(B3), vec![0]);
}

#[test]
fn a_leader_that_has_not_heard_of_a_new_process_does_not_propose_it() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.cut(B3, &[B1]);
    bench.produce(B1, Acks::Leader, 0);
    bench.run_until(Span::secs(60), |bench| bench.partition().isr == set(&[B1, B2]));
    bench.run(Span(20));
    bench.deafen(B1, CTL);
    let old = bench.image().broker(B3).map(|status| status.epoch);
    bench.kill(B3);
    bench.start(B3);
    bench.run_until(Span::secs(30), |bench| !bench.is_fenced(B3) && bench.image().broker(B3).map(|s| s.epoch) > old);
    bench.heal_link(B3, B1);
    bench.run(Span::secs(15));
    assert_eq!(bench.log(B3), vec![0]);
    assert!(!bench.was_noted("proposes b1, b2, b3 for the in-sync set of partition 0"));
    bench.heal_link(B1, CTL);
    bench.settle();
}

#[test]
fn from_3_5_a_fetch_of_an_earlier_process_confirms_nothing() {
    let outcome = |version| {
        let mut bench = Bench::version(version, &["topic.min.insync.replicas=1"]);
        bench.run(Span::secs(1));
        bench.acked(B1, 0);
        let old = bench.image().broker(B3).expect("registered").epoch;
        bench.lose_disk(B3);
        bench.start(B3);
        bench.cut(B3, &[B1]);
        bench.run_until(Span::secs(30), |bench| bench.image().broker(B3).is_some_and(|s| s.epoch > old && !s.fenced));
        bench.run(Span(20));
        // What the process with the full disk sent arrives late.
        let fetched = bench.fetch_as(B3, B1, 1, old).result.map(|_| ());
        bench.run(Span(20));
        (fetched, bench.partition().isr.contains(B3), bench.log(B3))
    };
    assert_eq!(outcome("3.5"), (Err(ErrorCode::NotLeaderOrFollower), false, vec![]));
    // A member of the in-sync set that has nothing.
    assert_eq!(outcome("3.4"), (Ok(()), true, vec![]));
}

#[test]
fn the_controller_refuses_a_set_that_was_made_from_an_older_picture() {
    let mut bench = Bench::formed(&[]);
    let (partition, old_epoch) = (bench.partition(), bench.image().broker(B3).map(|status| status.epoch));
    bench.kill(B3);
    bench.start(B3);
    bench.settle();
    let now = bench.partition();
    assert!(now.partition_epoch > partition.partition_epoch);
    bench.alter_partition(B1, now.leader_epoch, partition.partition_epoch, set(&[B1]), &[None]);
    bench.run(Span(5));
    assert!(bench.was_noted("INVALID_UPDATE_VERSION"));
    bench.alter_partition(B1, now.leader_epoch, now.partition_epoch, set(&[B1, B2, B3]), &[None, None, old_epoch]);
    bench.run(Span(5));
    assert!(bench.was_noted("INELIGIBLE_REPLICA"), "b3 is there, but not the process that was meant");
    bench.alter_partition(B2, now.leader_epoch, now.partition_epoch, set(&[B2]), &[None]);
    bench.run(Span(5));
    assert!(bench.was_noted("refuses an in-sync set that b2 proposes: INVALID_REQUEST"));
    bench.move_leader(Some(B2));
    bench.run(Span(5));
    bench.alter_partition(B1, now.leader_epoch, now.partition_epoch, set(&[B1]), &[None]);
    bench.run(Span(5));
    assert!(bench.was_noted("refuses an in-sync set that b1 proposes: FENCED_LEADER_EPOCH"));
    assert_eq!(bench.partition().isr, set(&[B1, B2, B3]));
}

#[test]
fn a_leader_counts_a_change_as_committed_only_when_the_controller_has_it_on_the_platter() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B3, &[B1]);
    bench.produce(B1, Acks::All, 0);
    bench.run_until(Span::secs(60), |bench| bench.was_noted("proposes b1, b2 "));
    // One millisecond to the controller, two for its sync, one back.
    bench.run(Span(2));
    assert_eq!((bench.replica(B1).isr(), bench.high_watermark(B1)), (set(&[B1, B2, B3]), 0));
    bench.run(Span(3));
    assert_eq!((bench.replica(B1).isr(), bench.high_watermark(B1)), (set(&[B1, B2]), 1));
}

#[test]
fn the_controller_refuses_a_set_with_a_fenced_member_and_the_leader_takes_it_back() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    // b1 does not hear that b3 is fenced, and proposes it when it fetches.
    bench.cut(B3, &[B1]);
    bench.produce(B1, Acks::Leader, 0);
    bench.run_until(Span::secs(60), |bench| bench.partition().isr == set(&[B1, B2]));
    bench.run(Span(10));
    bench.deafen(B1, CTL);
    bench.cut(B3, &[CTL]);
    bench.run(Span::secs(12));
    assert!(bench.is_fenced(B3));
    bench.heal_link(B1, B3);
    bench.run_until(Span::secs(30), |bench| {
        bench.was_noted("refuses an in-sync set that b1 proposes: INELIGIBLE_REPLICA")
    });
    bench.heal_link(B1, CTL);
    bench.acked(B1, 1);
    assert_eq!(bench.partition().isr, set(&[B1, B2]));
}

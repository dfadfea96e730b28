//! What a producer is answered, and when.

use ackproof_core::observe::Observation;
use ackproof_core::time::Span;

use super::bench::{B1, B2, B3, Bench, CTL, P1, set};
use crate::config::Acks;
use crate::error_code::ErrorCode;
use ackproof_log::Offset;

#[test]
fn acks_all_is_answered_when_the_high_watermark_has_passed_the_record() {
    let mut bench = Bench::formed(&[]);
    let sent = bench.produce(B1, Acks::All, 0);
    bench.run(Span(2));
    // Appended, and on its way to the followers: nobody has confirmed it yet.
    assert_eq!((bench.log(B1), bench.log(B2)), (vec![0], vec![0]));
    assert_eq!((bench.high_watermark(B1), bench.produced(sent)), (0, None));
    bench.run(Span(2));
    assert_eq!((bench.high_watermark(B1), bench.produced(sent)), (1, Some(Ok(Offset(0)))));
    let copies = bench.seen.iter().find_map(|(node, seen)| match seen {
        Observation::Confirmed { copies, .. } => Some((*node, copies.clone())),
        _ => None,
    });
    assert_eq!(copies, Some((B1, vec![B1, B2, B3])));
}

#[test]
fn acks_1_is_answered_as_soon_as_the_leader_has_written_the_record() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B1, &[B2, B3]);
    let sent = bench.produce(B1, Acks::Leader, 0);
    bench.run(Span(2));
    assert_eq!(bench.produced(sent), Some(Ok(Offset(0))));
    assert_eq!((bench.log(B2), bench.log(B3)), (vec![], vec![]));
    let copies = bench.seen.iter().find_map(|(_, seen)| match seen {
        Observation::Confirmed { copies, .. } => Some(copies.clone()),
        _ => None,
    });
    assert_eq!(copies, Some(vec![B1]));
}

#[test]
fn acks_0_is_never_answered_and_an_error_closes_the_connection() {
    let mut bench = Bench::formed(&[]);
    let to_leader = bench.produce(B1, Acks::None, 0);
    bench.run(Span(10));
    assert_eq!((bench.produced(to_leader), bench.log(B1)), (None, vec![0]));
    assert!(bench.closed.is_empty());
    let to_follower = bench.produce(B2, Acks::None, 1);
    bench.run(Span(10));
    assert_eq!((bench.produced(to_follower), bench.closed.as_slice()), (None, &[P1][..]));
}

#[test]
fn only_the_leader_takes_a_batch() {
    let mut bench = Bench::formed(&[]);
    let sent = bench.produce(B2, Acks::All, 0);
    bench.run(Span(10));
    assert_eq!(bench.produced(sent), Some(Err(ErrorCode::NotLeaderOrFollower)));
    assert_eq!(bench.log(B2), vec![]);
}

#[test]
fn with_too_few_in_sync_replicas_acks_all_is_refused_before_anything_is_appended_and_acks_1_is_not() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=2"]);
    bench.kill(B2);
    bench.kill(B3);
    bench.run(Span::secs(12));
    assert_eq!(bench.partition().isr, set(&[B1]));
    let all = bench.produce(B1, Acks::All, 0);
    bench.run(Span(10));
    assert_eq!(bench.produced(all), Some(Err(ErrorCode::NotEnoughReplicas)));
    assert_eq!(bench.log(B1), vec![]);
    let leader = bench.produce(B1, Acks::Leader, 1);
    bench.run(Span(10));
    assert_eq!((bench.produced(leader), bench.log(B1)), (Some(Ok(Offset(0))), vec![1]));
}

#[test]
fn with_too_few_in_sync_replicas_after_the_append_acks_all_is_told_so_and_the_record_stays() {
    // Before 3.7 the high watermark moves on although the set has become too small.
    let mut bench = Bench::version("3.6", &["topic.min.insync.replicas=2"]);
    bench.run(Span::secs(1));
    bench.cut(B2, &[B1, B3, CTL]);
    bench.cut(B3, &[B1, B2, CTL]);
    let sent = bench.produce(B1, Acks::All, 0);
    bench.run_until(Span::secs(20), |bench| bench.produced(sent).is_some());
    assert_eq!(bench.produced(sent), Some(Err(ErrorCode::NotEnoughReplicasAfterAppend)));
    assert_eq!(bench.log(B1), vec![0]);
}

#[test]
fn from_3_7_min_insync_replicas_counts_at_most_as_the_replication_factor() {
    let settings = ["topic.replication.factor=1", "topic.min.insync.replicas=2"];
    for (version, expected) in [("3.6", Err(ErrorCode::NotEnoughReplicas)), ("3.7", Ok(Offset(0)))] {
        let mut bench = Bench::version(version, &settings);
        bench.run(Span::secs(1));
        let sent = bench.produce(B1, Acks::All, 0);
        bench.run(Span(10));
        assert_eq!(bench.produced(sent), Some(expected), "{version}");
    }
}

#[test]
fn a_parked_write_times_out_and_its_record_stays() {
    let mut bench = Bench::formed(&["broker.broker.session.timeout.ms=60000"]);
    bench.cut(B2, &[B1]);
    let sent = bench.produce(B1, Acks::All, 0);
    bench.run(Span(29_990));
    assert_eq!(bench.produced(sent), None);
    bench.run(Span(20));
    assert_eq!(bench.produced(sent), Some(Err(ErrorCode::RequestTimedOut)));
    assert_eq!(bench.log(B1), vec![0]);
}

#[test]
fn whoever_waits_for_a_leader_that_steps_down_is_told_so() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B1, &[B2, B3]);
    let sent = bench.produce(B1, Acks::All, 0);
    bench.run(Span(10));
    assert_eq!(bench.produced(sent), None);
    bench.move_leader(Some(B2));
    bench.run(Span(10));
    assert_eq!(bench.produced(sent), Some(Err(ErrorCode::NotLeaderOrFollower)));
}

#[test]
fn consumers_read_below_the_high_watermark_only() {
    let mut bench = Bench::formed(&[]);
    bench.acked(B1, 0);
    bench.cut(B1, &[B2, B3]);
    bench.produce(B1, Acks::Leader, 1);
    bench.run(Span(5));
    assert_eq!(bench.log(B1), vec![0, 1]);
    assert_eq!(bench.read(B1), vec![0]);
    // Between the high watermark and the end there is nothing to read, beyond the end is an error.
    assert_eq!(bench.fetch(B1, 2, None).result.map(|fetched| fetched.records.len()), Ok(0));
    assert_eq!(bench.fetch(B1, 3, None).result.map(|_| ()), Err(ErrorCode::OffsetOutOfRange));
}

#[test]
fn a_reader_in_another_epoch_is_refused() {
    let mut bench = Bench::formed(&[]);
    bench.move_leader(Some(B2));
    bench.run(Span(20));
    let now = bench.partition().leader_epoch;
    let old = ackproof_log::Epoch(now.0 - 1);
    assert_eq!(bench.fetch(B2, 0, Some(now)).result.map(|_| ()), Ok(()));
    assert_eq!(bench.fetch(B2, 0, Some(old)).result.map(|_| ()), Err(ErrorCode::FencedLeaderEpoch));
    assert_eq!(bench.fetch(B2, 0, Some(now.next())).result.map(|_| ()), Err(ErrorCode::UnknownLeaderEpoch));
}

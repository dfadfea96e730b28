//! Segments, and what is deleted with them.

use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::time::{Span, Time};
use ackproof_log::Offset;

use super::bench::{B1, B2, B3, Bench, P1};
use crate::config::Acks;
use crate::error_code::ErrorCode;

/// Two messages to a segment.
const SMALL: &str = "topic.segment.bytes=200";
const OFTEN: &str = "broker.log.retention.check.interval.ms=1000";

/// A cluster whose brokers delete every second; the first time was just now.
fn formed(settings: &[&str]) -> Bench {
    let mut bench = Bench::formed_in("3.9", &[&[OFTEN], settings].concat());
    bench.run(Span::secs(30));
    bench
}
fn write(bench: &mut Bench, numbers: std::ops::Range<u32>) {
    numbers.for_each(|n| {
        bench.acked(B1, n);
    });
}
/// What was disposed of at a broker, and by which rule.
fn disposed(bench: &Bench, node: NodeId) -> Vec<(u64, String)> {
    let of = |observation: &Observation| match observation {
        Observation::Disposed { offset, rule, .. } => Some((*offset, rule.clone())),
        _ => None,
    };
    bench.seen.iter().filter(|(by, _)| *by == node).filter_map(|(_, seen)| of(seen)).collect()
}
#[test]
fn a_segment_is_deleted_when_its_newest_message_is_older_than_retention_ms() {
    let mut bench = formed(&[SMALL, "topic.retention.ms=10000"]);
    write(&mut bench, 0..1);
    bench.run(Span::secs(6));
    write(&mut bench, 1..3);
    bench.run(Span::secs(8));
    assert_eq!(bench.log(B1), [0, 1, 2], "the first is older than ten seconds, but not the second");
    bench.run(Span::secs(4));
    assert_eq!(bench.log(B1), []);
    assert_eq!((bench.replica(B1).start(), bench.replica(B1).end()), (Offset(3), Offset(3)));
    let rule = "retention.ms=10000".to_owned();
    assert_eq!(disposed(&bench, B1), [(0, rule.clone()), (1, rule.clone()), (2, rule)]);
    assert_eq!(bench.acked(B1, 3), Offset(3));
}

#[test]
fn the_active_segment_goes_too_once_all_of_it_is_old() {
    let mut bench = formed(&["topic.retention.ms=10000"]);
    write(&mut bench, 0..3);
    bench.run(Span::secs(9));
    assert_eq!(bench.log(B1), [0, 1, 2]);
    bench.run(Span::secs(3));
    assert_eq!((bench.log(B1), bench.acked(B1, 3)), (vec![], Offset(3)));
}

#[test]
fn by_size_the_oldest_segments_go_as_long_as_enough_is_left() {
    let mut bench = formed(&[SMALL, "topic.retention.bytes=300"]);
    write(&mut bench, 0..5);
    bench.run(Span::secs(2));
    assert_eq!(bench.log(B1), [2, 3, 4], "500 bytes less a segment is no less than 300");
    bench.acked(B1, 5);
    bench.run(Span::secs(2));
    assert_eq!(bench.log(B1), [2, 3, 4, 5], "400 bytes less a segment is less");
    assert_eq!(disposed(&bench, B1)[0], (0, "retention.bytes=300".to_owned()));
}

#[test]
fn nothing_is_deleted_that_the_high_watermark_has_not_passed() {
    let mut bench = formed(&[SMALL, "topic.retention.ms=10000", "topic.min.insync.replicas=2"]);
    write(&mut bench, 0..3);
    bench.cut(B2, &[B1]);
    bench.cut(B3, &[B1]);
    bench.produce(B1, Acks::Leader, 3);
    bench.produce(B1, Acks::Leader, 4);
    bench.run(Span::secs(15));
    assert_eq!((bench.high_watermark(B1), bench.log(B1)), (3, vec![2, 3, 4]));
}

#[test]
fn age_is_what_the_producers_clock_says_or_with_log_append_time_the_leaders() {
    let mut bench = formed(&["topic.retention.ms=20000"]);
    bench.set_clock(P1, -25_000);
    write(&mut bench, 0..1);
    bench.run(Span::secs(2));
    assert_eq!(bench.log(B1), [], "it was old when it came");

    let mut bench = formed(&["topic.retention.ms=20000", "topic.message.timestamp.type=LogAppendTime"]);
    bench.set_clock(P1, -25_000);
    write(&mut bench, 0..1);
    bench.run(Span::secs(2));
    assert_eq!(bench.log(B1), [0]);
}

#[test]
fn each_replica_deletes_by_its_own_clock_and_a_follower_starts_no_earlier_than_its_leader() {
    let mut bench = formed(&[SMALL, "topic.retention.ms=60000"]);
    write(&mut bench, 0..3);
    bench.set_clock(B3, 100_000);
    bench.run(Span::secs(2));
    assert_eq!([B1, B2, B3].map(|broker| bench.log(broker)), [vec![0, 1, 2], vec![0, 1, 2], vec![]]);
    assert_eq!(bench.earliest(B1), Ok(Offset(0)), "the leader has them");
    bench.set_clock(B3, 0);
    bench.set_clock(B1, 100_000);
    bench.run(Span(1600));
    assert_eq!([B1, B2, B3].map(|broker| bench.replica(broker).start()), [Offset(3); 3]);
    bench.run(Span::secs(1));
    assert_eq!(bench.log(B2), [2], "whole segments only");
    assert_eq!(disposed(&bench, B2)[0].1, "its leader's log starts later");
}

#[test]
fn a_new_leader_serves_from_where_its_own_log_starts() {
    let mut bench = formed(&["topic.retention.ms=60000"]);
    write(&mut bench, 0..3);
    bench.set_clock(B2, 100_000);
    bench.run(Span::secs(2));
    bench.move_leader(Some(B2));
    bench.run(Span::secs(1));
    assert_eq!(bench.earliest(B2), Ok(Offset(3)));
    bench.run(Span::secs(1));
    assert_eq!([B1, B2, B3].map(|broker| bench.replica(broker).start()), [Offset(3); 3]);
}

#[test]
fn a_consumer_before_the_start_of_the_log_is_out_of_range() {
    let mut bench = formed(&["topic.retention.ms=10000"]);
    write(&mut bench, 0..3);
    bench.run(Span::secs(12));
    assert_eq!(bench.fetch(B1, 2, None).result.err(), Some(ErrorCode::OffsetOutOfRange));
    assert_eq!(bench.earliest(B1), Ok(Offset(3)));
    bench.acked(B1, 3);
    assert!(bench.fetch(B1, 3, None).result.is_ok_and(|told| told.records.len() == 1));
}

#[test]
fn a_leader_finds_the_first_message_that_is_no_older_and_that_may_be_read() {
    let mut bench = formed(&["topic.min.insync.replicas=2"]);
    write(&mut bench, 0..1);
    bench.run(Span::secs(5));
    let between = bench.wall_clock(P1);
    bench.run(Span::secs(5));
    write(&mut bench, 1..3);
    let later = Time(bench.wall_clock(P1).0 + 1);
    assert_eq!(bench.first_since(B1, Time::ZERO), Ok(Some(Offset(0))));
    assert_eq!(bench.first_since(B1, between), Ok(Some(Offset(1))));
    assert_eq!(bench.first_since(B1, later), Ok(None));
    bench.cut(B2, &[B1]);
    bench.cut(B3, &[B1]);
    bench.run(Span(1));
    bench.produce(B1, Acks::Leader, 3);
    assert_eq!((bench.high_watermark(B1), bench.first_since(B1, later)), (3, Ok(None)), "nobody may read it yet");
}

#[test]
fn a_follower_whose_leader_has_nothing_that_follows_begins_where_the_leader_starts() {
    let mut bench = formed(&[SMALL, "topic.retention.ms=10000"]);
    write(&mut bench, 0..3);
    bench.kill(B3);
    bench.run(Span::secs(12));
    write(&mut bench, 3..8);
    bench.run(Span::secs(12));
    write(&mut bench, 8..9);
    assert_eq!(bench.log(B1), [8]);
    bench.start(B3);
    assert_eq!(bench.log(B3), [0, 1, 2]);
    bench.settle();
    assert_eq!((bench.log(B3), bench.replica(B3).start()), (vec![8], Offset(8)));
    assert!(bench.seen.iter().any(|(node, seen)| *node == B3
        && matches!(seen, Observation::Truncated { from: 3, to: 0, why, .. } if why.contains("starts at 8"))));
}

#[test]
fn where_a_log_starts_is_found_again_from_its_segments_and_from_what_was_written_down() {
    let mut bench =
        formed(&[SMALL, "topic.retention.ms=10000", "broker.log.flush.start.offset.checkpoint.interval.ms=500"]);
    write(&mut bench, 0..3);
    bench.run(Span::secs(15));
    bench.kill(B1);
    bench.start(B1);
    assert_eq!(
        (bench.replica(B1).start(), bench.replica(B1).end(), bench.high_watermark(B1)),
        (Offset(3), Offset(3), 3)
    );

    for (interval, start) in [("500", 3), ("600000", 2)] {
        let interval = format!("broker.log.flush.start.offset.checkpoint.interval.ms={interval}");
        let mut bench = formed(&[SMALL, "topic.retention.ms=60000", &interval]);
        write(&mut bench, 0..3);
        bench.set_clock(B1, 100_000);
        bench.run(Span::secs(4));
        assert_eq!((bench.replica(B2).start(), bench.log(B2)), (Offset(3), vec![2]));
        bench.kill(B2);
        bench.start(B2);
        assert_eq!(bench.replica(B2).start(), Offset(start), "{interval}");
    }
}

#[test]
fn a_topic_that_is_only_compacted_loses_nothing_by_age_or_size() {
    let mut bench =
        formed(&[SMALL, "topic.retention.ms=10000", "topic.retention.bytes=100", "topic.cleanup.policy=compact"]);
    write(&mut bench, 0..5);
    bench.run(Span::secs(30));
    assert_eq!(bench.log(B1), [0, 1, 2, 3, 4]);
}

#[test]
fn a_segment_that_is_complete_is_synced_and_the_next_one_is_not() {
    let mut bench = formed(&[SMALL]);
    write(&mut bench, 0..2);
    assert_eq!(bench.durable(B1), 0);
    write(&mut bench, 2..4);
    bench.run(Span(5));
    assert_eq!([B1, B2, B3].map(|broker| bench.durable(broker)), [2; 3]);
    bench.lose_power(B1);
    assert_eq!(bench.log(B1), [0, 1]);
}

#[test]
fn a_message_that_comes_late_enough_begins_a_segment() {
    let mut bench = formed(&["topic.segment.ms=5000"]);
    write(&mut bench, 0..2);
    bench.run(Span::secs(6));
    assert_eq!(bench.durable(B1), 0, "only a message looks at how old the segment is");
    write(&mut bench, 2..3);
    bench.run(Span(5));
    assert_eq!(bench.durable(B1), 2);
}

#[test]
fn a_producer_whose_clock_is_too_far_off_is_refused() {
    let mut bench = Bench::formed(&[]);
    bench.set_clock(P1, 3_700_000);
    let ahead = bench.produce(B1, Acks::All, 0);
    bench.set_clock(P1, 3_500_000);
    let less_so = bench.produce(B1, Acks::All, 1);
    bench.run(Span::secs(1));
    assert_eq!(bench.produced(ahead), Some(Err(ErrorCode::InvalidTimestamp)));
    assert_eq!(bench.produced(less_so), Some(Ok(Offset(0))));

    let mut bench = formed(&["topic.retention.ms=10000", "topic.message.timestamp.before.max.ms=5000"]);
    bench.set_clock(P1, 3_700_000);
    write(&mut bench, 0..1);
    bench.run(Span::secs(60));
    assert_eq!(bench.log(B1), [0], "until 3.9 it is taken, and does not grow old for an hour");
    bench.set_clock(P1, -6000);
    let behind = bench.produce(B1, Acks::All, 1);
    bench.run(Span::secs(1));
    assert_eq!(bench.produced(behind), Some(Err(ErrorCode::InvalidTimestamp)));
}

#[test]
fn a_batch_that_is_larger_than_a_segment_is_refused() {
    let mut bench = formed(&[SMALL]);
    let large = bench.produce_batch(B1, Acks::All, 0..3);
    let fitting = bench.produce_batch(B1, Acks::All, 3..5);
    bench.run(Span::secs(1));
    assert_eq!(bench.produced(large), Some(Err(ErrorCode::RecordListTooLarge)));
    assert_eq!((bench.produced(fitting), bench.log(B1)), (Some(Ok(Offset(0))), vec![3, 4]));
}

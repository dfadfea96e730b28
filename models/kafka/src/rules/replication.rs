//! How copies are made, and what happens when two logs disagree.

use ackproof_core::app::MsgId;
use ackproof_core::observe::Observation;
use ackproof_core::time::{Span, Time};
use ackproof_log::{Epoch, Offset};

use super::bench::{B1, B2, B3, Bench, CTL, P0, set};
use crate::config::Acks;
use crate::error_code::ErrorCode;
use crate::message::{Correlation, Fetched, FetchedRecords, Message, Payload, Record};

#[test]
fn a_followers_high_watermark_is_a_round_trip_behind() {
    let mut bench = Bench::formed(&[]);
    bench.acked(B1, 0);
    assert_eq!((bench.high_watermark(B1), bench.high_watermark(B2)), (1, 0));
    bench.acked(B1, 1);
    assert_eq!((bench.high_watermark(B1), bench.high_watermark(B2)), (2, 1));
    // Without another record it hears of it when its fetch has waited for long enough.
    bench.run(Span(510));
    assert_eq!(bench.high_watermark(B2), 2);
}

#[test]
fn a_leader_never_cuts_its_log_and_a_follower_cuts_where_the_leaders_epoch_ends() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.acked(B1, 0);
    // b1 goes on alone with acks=1, cut off from everybody, while the others elect b2.
    bench.cut(B1, &[B2, B3, CTL]);
    for n in [10, 11, 12] {
        bench.produce(B1, Acks::Leader, n);
    }
    bench.run(Span::secs(12));
    assert_eq!(bench.partition().leader, Some(B2));
    bench.acked(B2, 1);
    assert_eq!((bench.log(B1), bench.log(B2)), (vec![0, 10, 11, 12], vec![0, 1]));
    bench.heal();
    bench.settle();
    assert_eq!((bench.log(B1), bench.log(B2), bench.log(B3)), (vec![0, 1], vec![0, 1], vec![0, 1]));
    let cut = bench.seen.iter().find_map(|(node, seen)| match seen {
        Observation::Truncated { from, to, .. } => Some((*node, *from, *to)),
        _ => None,
    });
    assert_eq!(cut, Some((B1, 4, 1)));
}

#[test]
fn a_new_leader_keeps_what_it_has_beyond_its_high_watermark() {
    let mut bench = Bench::formed(&[]);
    let sent = bench.produce(B1, Acks::All, 0);
    bench.run(Span(2));
    assert_eq!((bench.log(B2), bench.high_watermark(B2), bench.produced(sent)), (vec![0], 0, None));
    bench.kill(B1);
    bench.run(Span::secs(12));
    assert_eq!(bench.partition().leader, Some(B2));
    assert_eq!(bench.read(B2), vec![0]);
}

#[test]
fn a_replica_that_was_away_for_several_epochs_aligns_in_as_many_steps_as_it_needs() {
    let mut bench = Bench::formed(&["broker.unclean.leader.election.enable=true", "topic.min.insync.replicas=1"]);
    bench.acked(B1, 0);
    // Each leader writes something that nobody else has, then the next one is elected uncleanly.
    for (leader, n) in [(B1, 1), (B2, 2), (B3, 3)] {
        let others: Vec<_> = [B1, B2, B3].into_iter().filter(|&node| node != leader).collect();
        for node in others {
            if bench.is_up(node) {
                bench.kill(node);
            }
        }
        bench.run(Span::secs(12));
        if !bench.is_up(leader) {
            bench.start(leader);
            bench.run(Span::secs(5));
        }
        assert_eq!(bench.partition().leader, Some(leader), "{n}");
        bench.acked(leader, n);
        if leader != B3 {
            bench.kill(leader);
            bench.run(Span::secs(12));
        }
    }
    bench.start(B1);
    bench.start(B2);
    bench.settle();
    let all = vec![0, 3];
    assert_eq!((bench.log(B1), bench.log(B2), bench.log(B3)), (all.clone(), all.clone(), all));
}

#[test]
fn an_answer_from_an_older_epoch_does_not_touch_the_log() {
    let mut bench = Bench::formed(&[]);
    // b3's fetch waits at b1 when b2 becomes the leader; b1's late answer must not count.
    bench.cut(B1, &[CTL]);
    bench.move_leader(Some(B2));
    bench.run(Span(5));
    assert_eq!(bench.partition().leader, Some(B2));
    bench.produce(B1, Acks::Leader, 9);
    bench.run(Span(20));
    assert_eq!((bench.log(B1), bench.log(B3)), (vec![9], vec![]));
}

#[test]
fn an_answer_that_nobody_waits_for_does_not_touch_the_log() {
    let mut bench = Bench::formed(&[]);
    let record =
        Record { epoch: Epoch(0), left: 0, timestamp: Time::ZERO, payload: Payload::Message(MsgId::new(0, 9), None) };
    let records = FetchedRecords {
        records: [record].into(),
        high_watermark: Offset(1),
        log_start: Offset::ZERO,
        diverging: None,
        committed: None,
    };
    let late = Fetched { correlation: Correlation(0), origin: P0, result: Ok(records) };
    bench.send(B1, B3, Message::Fetched(late));
    bench.run(Span(1));
    assert_eq!((bench.log(B3), bench.high_watermark(B3)), (vec![], 0));
}

#[test]
fn a_followers_high_watermark_is_never_beyond_its_log() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.kill(B3);
    bench.run(Span::secs(12));
    for batch in 0..5 {
        let sent = bench.produce_batch(B1, Acks::All, batch * 500..(batch + 1) * 500);
        bench.run(Span(20));
        assert!(bench.produced(sent).is_some_and(|result| result.is_ok()));
    }
    bench.start(B3);
    let mut partly = false;
    bench.run_until(Span::secs(30), |bench| {
        let (copied, high_watermark) = (bench.log(B3).len() as u64, bench.high_watermark(B3));
        assert!(high_watermark <= copied);
        partly |= high_watermark > 0 && copied < 2500;
        copied == 2500
    });
    assert!(partly, "it was copied in several parts");
}

#[test]
fn a_zombie_leader_is_confirmed_by_nobody() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B1, &[CTL]);
    bench.run(Span::secs(12));
    assert_eq!(bench.partition().leader, Some(B2));
    assert!(bench.replica(B1).leads(), "it has not heard of it");
    let sent = bench.produce(B1, Acks::All, 0);
    bench.run(Span::secs(5));
    assert_eq!((bench.log(B1), bench.produced(sent)), (vec![0], None));
    assert_eq!((bench.log(B2), bench.log(B3)), (vec![], vec![]));
    // With acks=1 it goes on taking messages that will be cut away.
    let lost = bench.produce(B1, Acks::Leader, 1);
    bench.run(Span(10));
    assert_eq!(bench.produced(lost), Some(Ok(Offset(1))));
    bench.heal();
    bench.settle();
    assert_eq!(bench.log(B1), vec![]);
    assert_eq!(bench.produced(sent), Some(Err(ErrorCode::NotLeaderOrFollower)));
}

#[test]
fn a_leader_epoch_begins_with_each_change_of_leader_and_records_carry_it() {
    let mut bench = Bench::formed(&[]);
    bench.acked(B1, 0);
    bench.move_leader(Some(B2));
    bench.run(Span(20));
    bench.acked(B2, 1);
    let records = bench.fetch(B2, 0, None).result.unwrap().records;
    assert_eq!(records.iter().map(|record| record.epoch).collect::<Vec<_>>(), [Epoch(0), Epoch(1)]);
}

#[test]
fn a_follower_that_loses_its_leaders_connection_asks_again_after_a_pause() {
    let mut bench = Bench::formed(&[]);
    bench.kill(B1);
    bench.start(B1);
    // Refused while the session lasts, fenced, let in again: b2 leads by then.
    bench.settle();
    assert_eq!(bench.partition().leader, Some(B2));
    bench.acked(B2, 0);
    assert_eq!(bench.log(B1), vec![0]);
    assert_eq!(bench.partition().isr, set(&[B1, B2, B3]));
}

#[test]
fn a_new_leader_knows_no_latest_offset_before_its_high_watermark_reaches_its_epoch() {
    let mut bench = Bench::formed(&["broker.broker.session.timeout.ms=60000"]);
    bench.acked(B1, 0);
    assert_eq!(bench.latest(B1), Ok(Offset(1)));
    bench.cut(B2, &[B1, B3]);
    bench.move_leader(Some(B2));
    bench.run(Span(10));
    assert_eq!(bench.high_watermark(B2), 0);
    assert_eq!(bench.latest(B2), Err(ErrorCode::OffsetNotAvailable));
    bench.heal();
    bench.run(Span::secs(15));
    assert_eq!(bench.latest(B2), Ok(Offset(1)));
}

//! How followers cut their logs under older protocols: what `inter.broker.protocol.version` and
//! `log.message.format.version` bring back.

use ackproof_core::observe::Observation;
use ackproof_core::time::Span;

use super::bench::{B1, B2, B3, Bench, set};
use crate::config::Acks;
use crate::message::Message;

fn speaking(protocol: &str, more: &[&str]) -> Bench {
    let protocol_key = format!("broker.inter.broker.protocol.version={protocol}");
    let format_key = format!("broker.log.message.format.version={protocol}");
    let mut bench = Bench::version("3.9", &[&[protocol_key.as_str(), format_key.as_str()], more].concat());
    bench.run(Span::secs(1));
    assert_eq!((bench.partition().leader, bench.partition().isr), (Some(B1), set(&[B1, B2, B3])));
    bench.seen.clear();
    bench
}

/// The leader dies just after it has confirmed a message, its successor just after the last replica has heard of it. What
/// is left once all are back.
fn two_leaders_die(protocol: &str) -> Vec<u32> {
    let mut bench = speaking(protocol, &["topic.min.insync.replicas=1"]);
    bench.acked(B1, 0);
    assert_eq!((bench.high_watermark(B1), bench.high_watermark(B3), bench.log(B3)), (1, 0, vec![0]));
    bench.kill(B1);
    bench.run_until(Span::secs(20), |bench| {
        bench.partition().leader == Some(B2) && bench.replica(B3).leader_epoch() == bench.partition().leader_epoch
    });
    bench.kill(B2);
    bench.run(Span::secs(15));
    assert_eq!(bench.partition().leader, Some(B3), "the only one that is left");
    bench.start(B1);
    bench.start(B2);
    bench.settle();
    bench.log(B1)
}

#[test]
fn below_0_11_a_follower_cuts_to_its_own_high_watermark_and_what_was_confirmed_since_is_lost() {
    assert_eq!(two_leaders_die("0.10.2"), [0; 0]);
    for protocol in ["0.11.0", "2.0", "2.7-IV0", "3.9"] {
        assert_eq!(two_leaders_die(protocol), [0], "{protocol}");
    }
}

/// The leader dies, the only other replica loses its tail with its power, leads without it and goes on; then the old
/// leader returns. Both logs at the end.
fn the_successor_lost_its_tail(protocol: &str) -> (Vec<u32>, Vec<u32>) {
    let mut bench = speaking(protocol, &["topic.min.insync.replicas=1"]);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.acked(B1, 0);
    // Long enough for b1 to write its high watermark down.
    bench.run(Span::secs(6));
    bench.kill(B1);
    bench.run(Span::secs(2));
    bench.lose_power(B2);
    bench.run(Span::secs(15));
    bench.start(B2);
    bench.run_until(Span::secs(20), |bench| bench.leads(B2));
    assert_eq!(bench.log(B2), [0; 0], "it has lost what it had");
    bench.acked(B2, 1);
    bench.start(B1);
    bench.run_until(Span::secs(20), |bench| bench.partition().isr == set(&[B1, B2]));
    (bench.log(B1), bench.log(B2))
}

#[test]
fn below_0_11_a_log_may_differ_from_its_leaders_below_the_high_watermark() {
    assert_eq!(the_successor_lost_its_tail("0.10.2"), (vec![0], vec![1]));
    for protocol in ["0.11.0", "2.0", "2.7-IV0", "3.9"] {
        assert_eq!(the_successor_lost_its_tail(protocol), (vec![1], vec![1]), "{protocol}");
    }
}

/// Leadership goes from b1 to b2 and back, and both write in between what the other one does not get.
fn there_and_back(protocol: &str) -> (Vec<u32>, Vec<u32>) {
    let mut bench = speaking(protocol, &["topic.min.insync.replicas=1"]);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.acked(B1, 0);
    bench.run(Span(600));
    bench.cut(B1, &[B2]);
    bench.produce(B1, Acks::All, 1);
    bench.run(Span(10));
    bench.move_leader(Some(B2));
    bench.run(Span(10));
    bench.produce(B2, Acks::All, 2);
    bench.run(Span(10));
    bench.move_leader(Some(B1));
    bench.run(Span(10));
    assert_eq!((bench.log(B1), bench.log(B2)), (vec![0, 1], vec![0, 2]));
    bench.heal();
    // What was asked over the cut is asked again.
    bench.run(Span::secs(15));
    bench.acked(B1, 3);
    bench.run(Span(10));
    (bench.log(B1), bench.log(B2))
}

#[test]
fn below_2_0_logs_may_differ_after_leadership_went_there_and_back_quickly() {
    assert_eq!(there_and_back("0.11.0"), (vec![0, 1, 3], vec![0, 2, 3]));
    assert_eq!(there_and_back("1.1"), (vec![0, 1, 3], vec![0, 2, 3]));
    for protocol in ["2.0", "2.7-IV0", "2.7-IV1", "3.9"] {
        assert_eq!(there_and_back(protocol), (vec![0, 1, 3], vec![0, 1, 3]), "{protocol}");
    }
}

#[test]
fn after_a_restart_the_high_watermark_that_was_written_down_is_where_it_cuts() {
    let mut bench = speaking("0.10.2", &[]);
    bench.acked(B1, 0);
    bench.kill(B3);
    bench.start(B3);
    bench.settle();
    assert_eq!(bench.log(B3), [0], "it has copied it again");
    let cuts = bench.seen.iter().filter_map(|(node, seen)| match seen {
        Observation::Truncated { from, to, .. } => Some((*node, *from, *to)),
        _ => None,
    });
    assert_eq!(cuts.collect::<Vec<_>>(), [(B3, 1, 0)]);
}

#[test]
fn a_log_that_is_longer_than_the_leaders_is_cut_to_its_length() {
    let mut bench = speaking("0.10.2", &["topic.min.insync.replicas=1"]);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.acked(B1, 0);
    bench.acked(B1, 1);
    bench.run(Span::secs(6));
    bench.kill(B1);
    bench.run(Span::secs(2));
    bench.lose_power(B2);
    bench.run(Span::secs(15));
    bench.start(B2);
    bench.start(B1);
    bench.run_until(Span::secs(40), |bench| bench.partition().isr == set(&[B1, B2]));
    assert_eq!((bench.log(B1), bench.log(B2)), (vec![], vec![]));
}

#[test]
fn fetches_name_the_leader_epoch_from_2_1_iv1_on() {
    for (protocol, names_it) in [("2.1-IV0", false), ("2.1-IV1", true), ("3.9", true)] {
        let mut bench = speaking(protocol, &[]);
        bench.intercept(B1);
        bench.run(Span(600));
        let fetch = bench.inbox.iter().find_map(|(to, message)| match message {
            Message::Fetch(fetch) if *to == B1 => Some(fetch.clone()),
            _ => None,
        });
        assert_eq!(fetch.map(|fetch| fetch.current_epoch.is_some()), Some(names_it), "{protocol}");
    }
}

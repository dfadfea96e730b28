//! Who leads after somebody is gone.

use ackproof_core::observe::Observation;
use ackproof_core::time::Span;

use super::bench::{B1, B2, B3, Bench, CTL, ELR_OFF, set};
use crate::config::Acks;
use crate::error_code::ErrorCode;

#[test]
fn a_clean_election_follows_replica_order_among_the_in_sync() {
    let mut bench = Bench::formed(&[]);
    bench.kill(B1);
    bench.run(Span::secs(12));
    assert_eq!((bench.partition().leader, bench.partition().isr), (Some(B2), set(&[B2, B3])));
    let elected = bench.seen.iter().rev().find_map(|(node, seen)| match seen {
        Observation::LeaderElected { origin, leader, clean, .. } if !origin.is_internal() => {
            Some((*node, *leader, *clean))
        }
        _ => None,
    });
    assert_eq!(elected, Some((CTL, Some(B2), true)));
}

#[test]
fn the_last_in_sync_replica_stays_and_the_partition_waits_for_it() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1", ELR_OFF]);
    bench.kill(B2);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.acked(B1, 0);
    bench.kill(B1);
    bench.run(Span::secs(12));
    assert_eq!((bench.partition().leader, bench.partition().isr), (None, set(&[B1])));
    bench.start(B2);
    bench.start(B3);
    bench.run(Span::secs(30));
    assert_eq!(bench.partition().leader, None, "nobody else may lead, although two are there");
    let sent = bench.produce(B2, Acks::All, 1);
    bench.run(Span(10));
    assert_eq!(bench.produced(sent), Some(Err(ErrorCode::NotLeaderOrFollower)));
    bench.start(B1);
    bench.settle();
    assert_eq!((bench.partition().leader, bench.log(B2)), (Some(B1), vec![0]));
}

#[test]
fn an_unclean_election_loses_what_only_the_last_in_sync_replica_had() {
    let unclean = ["topic.min.insync.replicas=1", "broker.unclean.leader.election.enable=true"];
    let mut bench = Bench::formed(&unclean);
    bench.kill(B2);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.acked(B1, 0);
    bench.kill(B1);
    bench.run(Span::secs(12));
    bench.start(B3);
    bench.run(Span::secs(10));
    assert_eq!((bench.partition().leader, bench.partition().isr), (Some(B3), set(&[B3])));
    let is_unclean = |(_, seen): &(_, Observation)| matches!(seen, Observation::LeaderElected { clean: false, .. });
    assert!(bench.seen.iter().any(is_unclean));
    bench.start(B1);
    bench.settle();
    assert_eq!(bench.log(B1), vec![], "the log that was longer is cut: nobody compared");
}

#[test]
fn replicas_that_lose_power_together_are_fenced_one_after_the_other_and_the_last_one_waits() {
    let mut bench = Bench::formed(&[ELR_OFF]);
    bench.acked(B1, 0);
    for broker in [B1, B2, B3] {
        bench.lose_power(broker);
    }
    bench.run(Span::secs(15));
    let partition = bench.partition();
    assert_eq!((partition.leader, partition.isr.len()), (None, 1), "the last one fenced is the sole candidate");
    for broker in [B1, B2, B3] {
        bench.start(broker);
    }
    bench.settle();
    assert_eq!(bench.log(B1), vec![], "nothing had been synced anywhere");
}

#[test]
fn acks_all_survives_the_kill_of_every_replica_at_once() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.acked(B1, 0);
    for broker in [B1, B2, B3] {
        bench.kill(broker);
    }
    bench.run(Span::secs(3));
    for broker in [B3, B2, B1] {
        bench.start(broker);
    }
    bench.settle();
    assert_eq!(bench.log(B1), vec![0]);
}

#[test]
fn the_last_replica_standing_may_lose_a_tail_that_two_had_confirmed() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=2", ELR_OFF]);
    bench.kill(B1);
    bench.run(Span::secs(12));
    bench.acked(B2, 0);
    bench.kill(B3);
    bench.run(Span::secs(12));
    assert_eq!((bench.partition().leader, bench.partition().isr), (Some(B2), set(&[B2])));
    // b3 has the record on its disk; b2 is the last in-sync replica and loses its own.
    bench.lose_power(B2);
    bench.run(Span::secs(12));
    for broker in [B1, B2, B3] {
        bench.start(broker);
    }
    bench.settle();
    assert_eq!((bench.log(B2), bench.log(B3)), (vec![], vec![]));
}

#[test]
fn an_operator_moves_a_leader_only_into_the_in_sync_set() {
    let mut bench = Bench::formed(&[]);
    bench.move_leader(Some(B3));
    bench.run(Span(20));
    assert_eq!(bench.partition().leader, Some(B3));
    bench.move_leader(None);
    bench.run(Span(20));
    assert_eq!(bench.partition().leader, Some(B1));
    bench.kill(B2);
    bench.run(Span::secs(12));
    bench.move_leader(Some(B2));
    bench.run(Span(20));
    assert_eq!(bench.partition().leader, Some(B1));
    assert!(bench.was_noted("no leader is moved"));
}

#[test]
fn moving_a_leader_loses_the_acks_1_tail_that_was_not_copied() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B1, &[B2, B3]);
    let sent = bench.produce(B1, Acks::Leader, 0);
    bench.run(Span(5));
    assert!(bench.produced(sent).is_some_and(|result| result.is_ok()));
    bench.move_leader(Some(B2));
    bench.heal();
    bench.settle();
    bench.run(Span::secs(5));
    assert_eq!((bench.log(B1), bench.log(B2)), (vec![], vec![]));
}

#[test]
fn leaders_go_back_to_the_preferred_replicas_every_so_often() {
    let mut bench = Bench::formed(&[]);
    bench.kill(B1);
    bench.run(Span::secs(12));
    bench.start(B1);
    bench.settle();
    assert_eq!(bench.partition().leader, Some(B2));
    bench.run(Span::secs(300));
    assert_eq!(bench.partition().leader, Some(B1));
    let mut bench = Bench::formed(&["broker.auto.leader.rebalance.enable=false"]);
    bench.kill(B1);
    bench.run(Span::secs(12));
    bench.start(B1);
    bench.settle();
    bench.run(Span::secs(700));
    assert_eq!(bench.partition().leader, Some(B2));
}

#[test]
fn the_controllers_state_survives_its_own_death() {
    for power in [false, true] {
        let mut bench = Bench::formed(&[]);
        bench.kill(B1);
        bench.run(Span::secs(12));
        let before = bench.image().clone();
        match power {
            true => bench.lose_power(CTL),
            false => bench.kill(CTL),
        }
        bench.run(Span::secs(20));
        bench.acked(B2, 0);
        bench.start(CTL);
        assert_eq!(bench.image().partitions, before.partitions);
        // Sessions begin anew: nobody is fenced for what happened while the controller was away.
        bench.run(Span::secs(8));
        assert!(!bench.is_fenced(B2) && !bench.is_fenced(B3));
        bench.start(B1);
        bench.settle();
        assert_eq!(bench.log(B1), vec![0]);
    }
}

#[test]
fn without_a_controller_the_in_sync_set_is_frozen_and_acks_all_waits() {
    let mut bench = Bench::formed(&[]);
    bench.kill(CTL);
    bench.kill(B3);
    let sent = bench.produce(B1, Acks::All, 0);
    bench.run(Span(29_000));
    assert_eq!((bench.log(B2), bench.produced(sent)), (vec![0], None));
    bench.start(CTL);
    bench.run(Span::secs(12));
    let again = bench.produce(B1, Acks::All, 1);
    bench.run(Span(20));
    assert!(bench.produced(again).is_some_and(|result| result.is_ok()));
}

#[test]
fn a_controller_without_its_metadata_does_not_start() {
    let mut bench = Bench::formed(&[]);
    bench.lose_disk(CTL);
    bench.run(Span(10));
    bench.start(CTL);
    assert!(!bench.is_up(CTL));
    bench.acked(B1, 0);
}

#[test]
fn nobody_hears_of_a_decision_before_it_is_on_the_platter() {
    let mut bench = Bench::formed(&[]);
    bench.move_leader(Some(B2));
    bench.run(Span(1));
    assert_eq!(bench.partition().leader, Some(B1), "decided, and on its way to the platter");
    bench.lose_power(CTL);
    bench.run(Span(5));
    bench.start(CTL);
    bench.run(Span::secs(3));
    assert!(bench.replica(B1).leads() && !bench.replica(B2).leads());
}

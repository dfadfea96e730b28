//! Who may lead when nobody is in sync: eligible leader replicas.

use ackproof_core::model::Model;
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::seed::Seed;
use ackproof_core::time::Span;

use super::bench::{B1, B2, B3, Bench, CTL, ELR_OFF, set};

const ELR_ON: &str = "broker.eligible.leader.replicas.version=1";
const M1: &str = "topic.min.insync.replicas=1";
const M2: &str = "topic.min.insync.replicas=2";

/// b3 and then b2 are cut off; b1 and b2 have confirmed record 0, and b1 is alone.
fn one_left(version: &str, settings: &[&str]) -> Bench {
    let mut bench = Bench::version(version, settings);
    bench.run(Span::secs(1));
    bench.cut(B3, &[B1, B2, CTL]);
    bench.run(Span::secs(12));
    bench.acked(B1, 0);
    bench.cut(B2, &[B1, B3, CTL]);
    bench.run(Span::secs(12));
    assert_eq!((bench.partition().leader, bench.partition().isr), (Some(B1), set(&[B1])));
    bench
}

/// The last leader of the workload's partition, by the election's own word clean or not.
fn last_election(bench: &Bench) -> (Option<NodeId>, bool) {
    let elected = bench.seen.iter().rev().find_map(|(_, seen)| match seen {
        Observation::LeaderElected { origin, leader: Some(leader), clean, .. } if !origin.is_internal() => {
            Some((Some(*leader), *clean))
        }
        _ => None,
    });
    elected.expect("there was an election")
}

#[test]
fn an_eligible_replica_leads_cleanly_when_the_last_one_in_sync_loses_its_tail() {
    for (settings, kept) in [([M2, ELR_ON], vec![0]), ([M2, ELR_OFF], vec![]), ([M1, ELR_ON], vec![])] {
        let mut bench = one_left("4.1", &settings);
        bench.lose_power(B1);
        bench.run(Span::secs(12));
        bench.heal();
        bench.start(B1);
        bench.settle();
        assert_eq!((bench.log(B1), bench.log(B2)), (kept.clone(), kept.clone()), "{settings:?}");
        assert!(bench.partition().elr.is_empty() && bench.partition().last_known_leader.is_none());
        let expected = if settings == [M2, ELR_ON] { (Some(B2), true) } else { (Some(B1), settings[1] == ELR_OFF) };
        assert_eq!(last_election(&bench), expected, "{settings:?}");
        let told =
            ["partition 0: elects b2, an eligible leader replica", "partition 0: elects b1, the last known leader"];
        let told = told.map(|words| bench.was_noted(words));
        assert_eq!(told, [settings == [M2, ELR_ON], settings == [M1, ELR_ON]], "{settings:?}");
    }
}

#[test]
fn replicas_that_lose_power_together_leave_nobody_eligible_and_the_last_leader_leads() {
    let mut bench = Bench::formed(&[M2]);
    bench.acked(B1, 0);
    for broker in [B1, B2, B3] {
        bench.lose_power(broker);
    }
    bench.run(Span::secs(15));
    let partition = bench.partition();
    assert_eq!((partition.leader, partition.isr.len(), partition.elr.len()), (None, 0, 2));
    let last = partition.last_known_leader;
    for broker in [B1, B2, B3] {
        bench.start(broker);
    }
    bench.settle();
    assert_eq!((bench.log(B1), last_election(&bench)), (vec![], (last, false)), "nothing had been synced anywhere");
}

#[test]
fn a_partition_waits_for_the_eligible_replica_that_is_away() {
    let mut bench = one_left("4.1", &[M2]);
    bench.lose_power(B1);
    bench.run(Span::secs(12));
    bench.start(B1);
    bench.heal_link(B3, B1);
    bench.heal_link(B3, CTL);
    bench.run(Span::secs(30));
    assert!(!bench.is_fenced(B1) && !bench.is_fenced(B3));
    assert_eq!((bench.partition().leader, bench.partition().elr), (None, set(&[B2])), "two are there, and may not");
    bench.heal();
    bench.settle();
    assert_eq!((last_election(&bench), bench.log(B1)), ((Some(B2), true), vec![0]));
}

#[test]
fn only_a_clean_stop_keeps_a_replica_eligible() {
    for clean in [true, false] {
        let mut bench = Bench::formed(&[M2]);
        bench.cut(B3, &[B1, B2, CTL]);
        bench.run(Span::secs(12));
        bench.acked(B1, 0);
        match clean {
            true => bench.stop(B2),
            false => bench.kill(B2),
        }
        bench.run(Span::secs(12));
        bench.kill(B1);
        bench.run(Span::secs(12));
        assert_eq!((bench.partition().leader, bench.partition().elr), (None, set(&[B1, B2])));
        bench.start(B2);
        bench.run(Span::secs(12));
        let (leader, elr) = if clean { (Some(B2), set(&[B1])) } else { (None, set(&[B1])) };
        assert_eq!((bench.partition().leader, bench.partition().elr), (leader, elr), "clean: {clean}");
        assert_eq!(bench.was_noted("b2 is no eligible leader replica any more"), !clean);
        bench.start(B1);
        bench.heal();
        bench.settle();
        assert_eq!(bench.log(B2), vec![0], "a kill loses nothing");
    }
}

#[test]
fn up_to_4_0_the_last_known_leader_leads_before_it_is_let_in() {
    for (version, fenced) in [("4.0", true), ("4.1", false)] {
        let mut bench = one_left(version, &[M1, ELR_ON]);
        bench.kill(B1);
        bench.run(Span::secs(12));
        assert_eq!(bench.partition().leader, None);
        bench.start(B1);
        bench.run_until(Span::secs(10), |bench| bench.partition().leader.is_some());
        assert_eq!((bench.partition().leader, bench.is_fenced(B1)), (Some(B1), fenced), "{version}");
        bench.heal();
        bench.settle();
        assert_eq!(bench.log(B2), vec![0]);
    }
}

#[test]
fn it_is_quiet_while_those_who_may_lead_are_away() {
    for (setting, version) in [(M1, "4.1"), (M2, "4.1"), (M1, "4.0")] {
        let mut bench = one_left(version, &[setting, ELR_ON]);
        bench.kill(B2);
        bench.heal();
        bench.kill(B1);
        bench.run(Span::secs(30));
        assert_eq!(bench.partition().leader, None, "b3 lacks what was confirmed");
        assert!(bench.kafka.is_quiet(&bench.actors()), "{setting} {version}");
        bench.start(B1);
        assert!(!bench.kafka.is_quiet(&bench.actors()));
        bench.start(B2);
        bench.settle();
        bench.run(Span::secs(30));
        assert!(bench.kafka.is_quiet(&bench.actors()), "{setting} {version}");
        assert_eq!(bench.log(B3), vec![0]);
    }
}

/// Whether a message that two confirmed is lost when b1 loses its power around the time when the others are cut off.
fn loses_a_tail(seed: u64, setting: &str) -> bool {
    let mut random = Seed(seed).stream("tail");
    let mut bench = Bench::formed(&[M2, setting]);
    let (first, second) = if random.between(0, 1) == 0 { (B2, B3) } else { (B3, B2) };
    bench.cut(first, &[B1, second, CTL]);
    bench.run(Span(random.between(12_000, 15_000)));
    for n in 0..3 {
        bench.acked(B1, n);
    }
    bench.cut(second, &[B1, first, CTL]);
    bench.run(Span(random.between(0, 15_000)));
    bench.lose_power(B1);
    bench.run(Span(random.between(0, 15_000)));
    bench.heal();
    bench.run(Span(random.between(0, 3_000)));
    bench.start(B1);
    bench.settle();
    bench.log(B1) != vec![0, 1, 2]
}

#[test]
fn where_two_confirm_one_machine_may_fail_and_without_eligible_leader_replicas_that_sometimes_loses() {
    let losses = |setting: &str| (0..60).filter(|&seed| loses_a_tail(seed, setting)).count();
    assert_eq!(losses(ELR_ON), 0);
    assert!(losses(ELR_OFF) > 0);
}

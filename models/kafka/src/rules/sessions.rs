//! Brokers come, stay and go.

use ackproof_core::time::Span;

use super::bench::{B1, B2, B3, Bench, CTL, ELR_OFF, set};
use crate::config::Acks;

#[test]
fn a_broker_is_fenced_when_its_session_has_run_out_and_leaves_every_in_sync_set_at_once() {
    let mut bench = Bench::formed(&[]);
    let killed = bench.now;
    bench.kill(B3);
    bench.run(Span::secs(6));
    assert!(!bench.is_fenced(B3));
    bench.run_until(Span::secs(10), |bench| bench.is_fenced(B3));
    let took = bench.now.since(killed);
    assert!((Span::secs(7)..=Span(10_200)).contains(&took), "9 s after its last heartbeat, looked at 8 times: {took}");
    assert_eq!(bench.partition().isr, set(&[B1, B2]));
}

#[test]
fn a_registration_is_refused_while_the_last_process_has_a_session() {
    let mut bench = Bench::formed(&[]);
    let before = bench.image().broker(B2).map(|status| status.epoch);
    bench.kill(B2);
    bench.start(B2);
    bench.run(Span::secs(3));
    assert!(bench.was_noted("refuses to register b2"));
    assert_eq!(bench.image().broker(B2).map(|status| status.epoch), before);
    assert!(bench.partition().isr.contains(B2), "nobody has noticed yet");
    bench.settle();
    assert!(bench.image().broker(B2).map(|status| status.epoch) > before);
    assert!(bench.was_noted("fences b2"));
}

#[test]
fn from_4_0_even_a_clean_stop_leaves_a_session_behind() {
    for (version, refused) in [("3.9", false), ("4.0", true)] {
        let mut bench = Bench::version(version, &[]);
        bench.run(Span::secs(1));
        bench.stop(B2);
        bench.run_until(Span::secs(10), |bench| !bench.is_up(B2));
        bench.start(B2);
        bench.run(Span::secs(1));
        assert_eq!(bench.was_noted("refuses to register b2"), refused, "{version}");
        bench.settle();
    }
}

#[test]
fn a_broker_is_unfenced_when_it_has_applied_its_own_registration() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B3, &[CTL]);
    bench.run(Span::secs(12));
    assert!(bench.is_fenced(B3));
    bench.heal();
    bench.run(Span::secs(10));
    assert!(!bench.is_fenced(B3));
    bench.settle();
}

#[test]
fn a_controlled_shutdown_hands_leaderships_over_before_the_process_ends() {
    let mut bench = Bench::formed(&[]);
    bench.acked(B1, 0);
    bench.stop(B1);
    bench.run_until(Span::secs(10), |bench| !bench.is_up(B1));
    let partition = bench.partition();
    assert_eq!((partition.leader, partition.isr), (Some(B2), set(&[B2, B3])));
    assert_eq!(bench.durable(B1), 1, "its log was synced");
    assert!(!bench.was_noted("fences b1: not heard from"));
}

#[test]
fn a_controlled_shutdown_waits_until_every_active_broker_knows_the_new_leaders() {
    let mut bench = Bench::formed(&[]);
    bench.deafen(B3, CTL);
    bench.stop(B1);
    bench.run(Span::secs(20));
    assert!(bench.is_up(B1) && !bench.is_fenced(B3), "b3 is heard and does not hear");
    assert_eq!(bench.partition().leader, Some(B2));
    bench.heal();
    bench.run_until(Span::secs(15), |bench| !bench.is_up(B1));
}

#[test]
fn a_controlled_shutdown_of_the_last_in_sync_replica_leaves_no_leader() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1", ELR_OFF]);
    bench.kill(B2);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.stop(B1);
    bench.run(Span::secs(3));
    assert_eq!(bench.partition().leader, None);
    // Nothing is led any more, so it may go; the partition waits for it.
    bench.run(Span::secs(10));
    assert_eq!((bench.is_up(B1), bench.partition().isr), (false, set(&[B1])));
}

#[test]
fn with_controlled_shutdown_off_a_stop_is_like_a_failure_that_syncs() {
    let mut bench = Bench::formed(&["broker.controlled.shutdown.enable=false"]);
    bench.acked(B1, 0);
    bench.stop(B1);
    bench.run(Span(20));
    assert_eq!((bench.is_up(B1), bench.durable(B1)), (false, 1));
    assert_eq!(bench.partition().leader, Some(B1), "the session has to run out first");
    bench.run(Span::secs(12));
    assert_eq!(bench.partition().leader, Some(B2));
}

#[test]
fn each_broker_acts_on_the_state_that_has_reached_it() {
    let mut bench = Bench::formed(&[]);
    bench.deafen(B1, CTL);
    bench.move_leader(Some(B2));
    bench.run(Span(20));
    assert!(bench.replica(B1).leads() && bench.replica(B2).leads(), "two leaders, in different epochs");
    let sent = bench.produce(B1, Acks::Leader, 0);
    bench.run(Span(5));
    assert!(bench.produced(sent).is_some_and(|result| result.is_ok()));
    bench.heal();
    bench.run(Span::secs(20));
    assert!(!bench.replica(B1).leads());
    assert_eq!(bench.log(B1), vec![]);
}

#[test]
fn a_broker_that_the_controller_does_not_hear_is_not_told_anything() {
    let mut bench = Bench::formed(&[]);
    bench.deafen(CTL, B1);
    bench.run(Span::secs(12));
    assert!(bench.is_fenced(B1) && bench.leads(B2));
    assert!(bench.leads(B1), "nothing it is sent tells it, although that would arrive");
    let sent = bench.produce(B1, Acks::Leader, 0);
    bench.run(Span(5));
    assert!(bench.produced(sent).is_some_and(|result| result.is_ok()));
    bench.heal();
    bench.settle();
    assert_eq!((bench.leads(B1), bench.log(B1)), (false, vec![]));
}

#[test]
fn a_silent_controller_or_leader_is_asked_again_over_a_new_connection() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B1, &[CTL]);
    bench.run(Span::secs(7));
    assert_eq!(bench.hung_up, vec![(B1, CTL)], "a heartbeat is given up after half a session");

    let mut bench = Bench::formed(&[]);
    bench.cut(B1, &[B3]);
    bench.run(Span::secs(9));
    assert_eq!(bench.hung_up, vec![]);
    bench.run(Span::secs(3));
    assert!(bench.hung_up.contains(&(B3, B1)), "a fetch is given up after ten seconds");
    assert!(!bench.hung_up.iter().any(|&(node, peer)| peer == CTL || (node, peer) == (B2, B1)));
}

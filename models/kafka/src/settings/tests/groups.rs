//! Settings of consumer groups.

use super::*;
use crate::config::Reset;

const STRATEGY: &str = "consumer.partition.assignment.strategy";
const RANGE: &str = "org.apache.kafka.clients.consumer.RangeAssignor";
const COOPERATIVE: &str = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";

#[test]
fn a_member_must_be_heard_of_within_its_session_and_its_coordinator_must_take_it() {
    let setup = Setup::default();
    let heartbeat = "consumer.heartbeat.interval.ms";
    assert_eq!(refused("4.1", &["consumer.heartbeat.interval.ms=45000"], &setup), [heartbeat]);
    assert_eq!(refused("4.1", &["consumer.heartbeat.interval.ms=44999"], &setup), [""; 0]);
    assert_eq!(refused("2.8", &["consumer.heartbeat.interval.ms=10000"], &setup), [heartbeat], "10 s up to 2.8");
    let session = "consumer.session.timeout.ms";
    assert_eq!(refused("4.1", &["consumer.session.timeout.ms=5999"], &setup), [session]);
    assert_eq!(refused("4.1", &["consumer.session.timeout.ms=1800001"], &setup), [session]);
    let lowered = ["consumer.session.timeout.ms=5999", "broker.group.min.session.timeout.ms=1000"];
    assert_eq!(refused("4.1", &lowered, &setup), [""; 0]);
}

#[test]
fn the_strategies_are_those_that_kafka_brings_along() {
    let setup = Setup::default();
    let (unknown, known) = (format!("{STRATEGY}=RangeAssignor"), format!("{STRATEGY}={RANGE}, {COOPERATIVE}"));
    assert_eq!(refused("4.1", &[&unknown], &setup), [STRATEGY]);
    assert_eq!(refused("4.1", &[&known], &setup), [""; 0]);
}

#[test]
fn members_are_cooperative_where_every_strategy_is() {
    let is_cooperative = |version, chosen: &[&str]| {
        Config::from_effective(&row(version, chosen), &Setup::default()).consumer.is_cooperative
    };
    assert!(!is_cooperative("2.8", &[]) && !is_cooperative("4.1", &[]));
    assert!(is_cooperative("4.1", &[&format!("{STRATEGY}={COOPERATIVE}")]));
    assert!(!is_cooperative("4.1", &[&format!("{STRATEGY}={COOPERATIVE},{RANGE}")]));
}

#[test]
fn a_cooperative_strategy_beside_another_one_is_said_not_to_act() {
    let setup = Setup::default();
    let id = "kafka-cooperative-beside-eager";
    assert!(trap_ids("4.1", &[&format!("{STRATEGY}={COOPERATIVE},{RANGE}")], &setup).contains(&id));
    assert!(!trap_ids("4.1", &[&format!("{STRATEGY}={COOPERATIVE}")], &setup).contains(&id));
    assert!(!trap_ids("4.1", &[], &setup).contains(&id), "nobody asked for it");
}

#[test]
fn a_poll_that_brings_more_than_can_be_done_before_the_next_is_warned_of() {
    let id = "kafka-slow-handler";
    let mut setup = Setup::default();
    setup.workload.processing = Span::secs(1);
    assert!(trap_ids("4.1", &[], &setup).contains(&id), "500 messages of 1 s each, and 300 s");
    assert!(!trap_ids("4.1", &["consumer.max.poll.records=299"], &setup).contains(&id));
    assert!(!trap_ids("4.1", &["consumer.max.poll.interval.ms=501000"], &setup).contains(&id));
    setup.app.consumer.processing = Processing::Background;
    assert!(!trap_ids("4.1", &[], &setup).contains(&id), "the thread that polls does not wait");
}

#[test]
fn the_newer_protocol_must_be_on_and_knows_no_settings_of_the_older_one() {
    let (setup, protocol) = (Setup::default(), "consumer.group.protocol=consumer");
    let on = "broker.group.coordinator.rebalance.protocols=classic,consumer";
    assert_eq!(refused("3.6", &[protocol, on], &setup), ["consumer.group.protocol"]);
    assert_eq!(refused("3.9", &[protocol], &setup), ["consumer.group.protocol"]);
    assert_eq!(refused("3.9", &[protocol, on], &setup), [""; 0]);
    assert_eq!(refused("4.1", &[protocol], &setup), [""; 0]);
    let session = "consumer.session.timeout.ms";
    assert_eq!(refused("4.1", &[protocol, "consumer.session.timeout.ms=30000"], &setup), [session]);
}

#[test]
fn the_coordinators_own_session_and_heartbeat_lie_within_its_limits() {
    let setup = Setup::default();
    let (session, heartbeat) =
        ("broker.group.consumer.session.timeout.ms", "broker.group.consumer.heartbeat.interval.ms");
    let refused_with = |chosen: &[&str]| refused("4.1", chosen, &setup);
    assert_eq!(refused_with(&[&format!("{session}=44999")]), [session]);
    assert_eq!(refused_with(&[&format!("{session}=60001")]), [session]);
    assert_eq!(refused_with(&[&format!("{heartbeat}=4999")]), [heartbeat]);
    assert_eq!(refused_with(&[&format!("{heartbeat}=15001")]), [heartbeat]);
    let lower = "broker.group.consumer.min.session.timeout.ms=6000";
    assert_eq!(refused_with(&[&format!("{session}=6000"), lower]), [""; 0]);
    assert_eq!(refused_with(&[&format!("{session}=6000"), lower, &format!("{heartbeat}=6000")]), [heartbeat]);
    // The classic members' limits are not the newer protocol's.
    let limit = "broker.group.max.session.timeout.ms=30000";
    assert_eq!(refused_with(&[limit]), ["consumer.session.timeout.ms"]);
    assert_eq!(refused_with(&[limit, "consumer.group.protocol=consumer"]), [""; 0]);
}

#[test]
fn auto_offset_reset_takes_a_duration_since_4_0() {
    let reset = |version: &str, value: &str| {
        refused(version, &[&format!("consumer.auto.offset.reset={value}")], &Setup::default())
    };
    let refusal = ["consumer.auto.offset.reset"];
    assert_eq!(reset("4.0", "by_duration:PT1H"), [""; 0]);
    assert_eq!(reset("3.9", "by_duration:PT1H"), refusal);
    for value in ["newest", "by_duration", "by_duration:1h", "by_duration:-PT1H", "to_earliest", "LATEST"] {
        assert_eq!(reset("4.1", value), refusal, "{value}");
    }
    let config =
        Config::from_effective(&row("4.1", &["consumer.auto.offset.reset=by_duration:PT1H"]), &Setup::default());
    assert_eq!(config.consumer.reset, Reset::ByDuration(Span::secs(3600)));
}

#[test]
fn a_group_instance_id_makes_members_static_and_an_empty_one_is_refused() {
    let (setup, id) = (Setup::default(), "consumer.group.instance.id=reader");
    let of = |chosen: &[&str]| Config::from_effective(&row("4.1", chosen), &setup).consumer;
    assert!(of(&[id]).is_static && !of(&[]).is_static && of(&[id]).leaves_on_close);
    assert_eq!(refused("4.1", &["consumer.group.instance.id="], &setup), ["consumer.group.instance.id"]);
    assert_eq!(refused("4.1", &[id], &setup), [""; 0]);
    let leaves = ["consumer.internal.leave.group.on.close"];
    let off = "consumer.internal.leave.group.on.close=false";
    assert!(!of(&[off]).leaves_on_close && of(&[off, "consumer.group.protocol=consumer"]).leaves_on_close);
    assert_eq!(inert_names("4.1", &[off]), [""; 0]);
    assert_eq!(inert_names("4.1", &[off, id]), leaves);
    assert_eq!(inert_names("4.1", &[off, "consumer.group.protocol=consumer"]), leaves);
}

#[test]
fn what_static_members_do_otherwise_than_others_is_said() {
    let mut two = Setup::default();
    two.workload.consumers = 2;
    let (id, newer) = ("consumer.group.instance.id=reader", "consumer.group.protocol=consumer");
    let (waits, shared, out) =
        ("kafka-static-member-is-waited-for", "kafka-instance-id-for-all", "kafka-static-member-unreleased");
    let said = |chosen: &[&str], setup: &Setup| {
        let ids = trap_ids("4.1", chosen, setup);
        [waits, shared, out].map(|id| ids.contains(&id))
    };
    assert_eq!(said(&[], &two), [false, false, false]);
    assert_eq!(said(&[id], &Setup::default()), [true, false, false]);
    assert_eq!(said(&[id], &two), [true, true, false]);
    assert_eq!(said(&[id, newer], &two), [true, true, true]);
}

#[test]
fn a_rebalance_that_ends_before_members_hear_of_it_is_warned_of() {
    let id = "kafka-rebalance-shorter-than-a-heartbeat";
    let said = |chosen: &[&str]| trap_ids("4.1", chosen, &Setup::default()).contains(&id);
    assert!(said(&["consumer.max.poll.interval.ms=3000"]));
    assert!(!said(&["consumer.max.poll.interval.ms=3001"]) && !said(&[]));
    assert!(!said(&["consumer.max.poll.interval.ms=3000", "consumer.group.protocol=consumer"]));
}

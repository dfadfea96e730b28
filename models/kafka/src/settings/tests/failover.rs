use super::*;

const NOT_IDEMPOTENT: &str = "producer.enable.idempotence=false";

/// Whether the trap is set off by some settings, one after the other, and not by others.
fn springs(id: &str, setup: &Setup, on: &[&[&str]], off: &[&[&str]]) {
    for chosen in on {
        assert!(trap_ids("4.1", chosen, setup).contains(&id), "{id} is set off by {chosen:?}");
    }
    for chosen in off {
        assert!(!trap_ids("4.1", chosen, setup).contains(&id), "{id} is not set off by {chosen:?}");
    }
}

#[test]
fn what_a_producer_is_never_told_or_told_too_soon_is_said() {
    let plain = Setup::default();
    springs("kafka-acks-0", &plain, &[&["producer.acks=0"]], &[&["producer.acks=1"], &[]]);
    let no_retries = "producer.retries=0";
    springs(
        "kafka-retries-zero",
        &plain,
        &[&[no_retries]],
        &[&["producer.retries=1"], &[no_retries, "producer.acks=0"]],
    );
}

#[test]
fn a_producer_that_gives_up_before_somebody_else_leads_is_warned_of() {
    let timeouts = ["producer.request.timeout.ms=2000", "producer.delivery.timeout.ms=8999"];
    let [request, short] = timeouts;
    let exact = "producer.delivery.timeout.ms=9000";
    let one = "topic.replication.factor=1";
    springs(
        "kafka-gives-up-before-a-failover",
        &Setup::default(),
        &[&[request, short]],
        &[&[request, exact], &[request, short, one], &[request, short, "producer.acks=0"]],
    );
    // With ZooKeeper it is its session that counts.
    let zookeeper = [request, "producer.delivery.timeout.ms=17999", "broker.zookeeper.connect=zk1"];
    assert!(trap_ids("3.9", &zookeeper, &Setup::default()).contains(&"kafka-gives-up-before-a-failover"));
    assert!(!trap_ids("3.9", &zookeeper[..2], &Setup::default()).contains(&"kafka-gives-up-before-a-failover"));
}

#[test]
fn a_request_that_times_out_before_a_hanging_follower_leaves_is_warned_of_without_idempotence() {
    let short = "producer.request.timeout.ms=29999";
    springs(
        "kafka-request-timeout-below-lag",
        &Setup::default(),
        &[&[short, NOT_IDEMPOTENT]],
        &[&[short], &[NOT_IDEMPOTENT], &[short, NOT_IDEMPOTENT, "producer.acks=1"]],
    );
}

#[test]
fn followers_that_leave_soon_and_brokers_that_stop_without_handing_over_are_warned_of() {
    let (plain, short) = (Setup::default(), "broker.replica.lag.time.max.ms=9999");
    let two = "topic.min.insync.replicas=2";
    let enough = "broker.replica.lag.time.max.ms=10000";
    springs("kafka-short-lag", &plain, &[&[short]], &[&[enough], &[short, two], &[short, "producer.acks=1"]]);
    let off = "broker.controlled.shutdown.enable=false";
    springs("kafka-stop-without-handover", &plain, &[&[off]], &[&[], &[off, "topic.replication.factor=1"]]);
}

#[test]
fn copies_in_two_racks_of_which_one_is_enough_are_warned_of() {
    let racks = |names: &[&str]| {
        let mut setup = Setup::default();
        setup.cluster.racks = names.iter().map(|&name| name.to_owned()).collect();
        setup
    };
    let (two, three) = ("topic.min.insync.replicas=2", "topic.min.insync.replicas=3");
    springs("kafka-two-racks", &racks(&["a", "b"]), &[&[], &[two]], &[&[three], &[two, "producer.acks=1"]]);
    springs("kafka-two-racks", &racks(&["a", "b", "c"]), &[], &[&[two]]);
    springs("kafka-two-racks", &racks(&[]), &[], &[&[two]]);
}

#[test]
fn the_newer_protocols_early_commits_are_warned_of_before_4_0() {
    let id = "kafka-bug-18641";
    let on = ["consumer.group.protocol=consumer", "broker.group.coordinator.rebalance.protocols=classic,consumer"];
    assert!(trap_ids("3.9", &on, &Setup::default()).contains(&id));
    assert!(
        !trap_ids("4.0", &on, &Setup::default()).contains(&id)
            && !trap_ids("3.9", &[], &Setup::default()).contains(&id)
    );
    let by_hand = [on[0], on[1], "consumer.enable.auto.commit=false"];
    assert!(!trap_ids("3.9", &by_hand, &Setup::default()).contains(&id));
}

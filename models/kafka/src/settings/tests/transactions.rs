use ackproof_core::setup::Transaction;

use super::*;
use crate::transaction::Isolation;

const ID: &str = "producer.transactional.id=orders";
const V0: &str = "broker.transaction.version=0";

fn in_transactions() -> Setup {
    let mut setup = Setup::default();
    setup.app.producer.transaction = Some(Transaction::of(10, 0.1));
    setup
}

#[test]
fn transactions_are_configured_as_the_brokers_and_clients_say() {
    let setup = in_transactions();
    for (version, epoch_each, verifies) in [("3.5", false, false), ("3.6", false, true), ("4.0", true, true)] {
        let config = Config::from_effective(&row(version, &[ID, "broker.min.insync.replicas=1"]), &setup);
        let transactions = &config.broker.transactions;
        assert_eq!((transactions.epoch_each, transactions.verifies), (epoch_each, verifies), "{version}");
        let topic = config.transaction_state.as_ref().expect("it exists");
        assert_eq!((topic.replication_factor, topic.min_insync_replicas), (3, 2));
        assert!(!topic.unclean_leader_election && config.producer.is_idempotent && config.producer.acks == Acks::All);
        assert_eq!(config.producer.transaction_timeout, Some(Span::secs(60)));
    }
    let chosen = [ID, "consumer.isolation.level=read_committed", "broker.unclean.leader.election.enable=true", V0];
    let config = Config::from_effective(&row("4.1", &chosen), &setup);
    assert!(config.consumer.isolation == Isolation::ReadCommitted && !config.broker.transactions.epoch_each);
    assert!(config.transaction_state.is_some_and(|topic| !topic.unclean_leader_election));
    // Up to 2.8 the id alone turns idempotence on, and acks to all.
    let config = Config::from_effective(&row("2.8", &[ID]), &setup);
    assert!(config.producer.is_idempotent && config.producer.acks == Acks::All);
    assert!(Config::from_effective(&row("4.1", &[]), &Setup::default()).transaction_state.is_none());
}

#[test]
fn what_transactions_cannot_go_with_is_refused() {
    let setup = in_transactions();
    assert_eq!(refused("4.1", &[ID], &setup), [""; 0]);
    let id = "producer.transactional.id";
    assert_eq!(refused("4.1", &[], &setup), [id], "no id");
    assert_eq!(refused("4.1", &["producer.transactional.id="], &setup), [id], "an empty id");
    assert_eq!(refused("4.1", &[ID], &Setup::default()), [id], "no transactions");
    let mut results = Setup::default();
    results.app.consumer.ack = Some(AckMode::InTransaction);
    assert_eq!(refused("4.1", &[], &results), [id], "results in transactions, and no id");
    for (chosen, key) in [
        ("producer.enable.idempotence=false", "producer.enable.idempotence"),
        ("producer.acks=1", "producer.acks"),
        ("producer.transaction.timeout.ms=900001", "producer.transaction.timeout.ms"),
        ("broker.transaction.max.timeout.ms=59999", "producer.transaction.timeout.ms"),
        ("broker.transaction.state.log.replication.factor=4", "broker.transaction.state.log.replication.factor"),
    ] {
        assert_eq!(refused("4.1", &[ID, chosen], &setup), [key], "{chosen}");
    }
    assert_eq!(refused("3.9", &[ID, V0], &setup), ["broker.transaction.version"]);
}

#[test]
fn what_is_about_transactions_is_inert_without_them() {
    let isolation = "consumer.isolation.level=read_committed";
    let verification = "broker.transaction.partition.verification.enable=false";
    assert_eq!(
        inert_names("4.1", &[V0, verification, isolation, "producer.transaction.timeout.ms=1000"]),
        [
            "broker.transaction.version",
            "broker.transaction.partition.verification.enable",
            "producer.transaction.timeout.ms",
            "consumer.isolation.level"
        ]
    );
    assert_eq!(inert_names("4.1", &[ID, isolation, V0, verification]), [""; 0]);
    let verification_name = ["broker.transaction.partition.verification.enable"];
    assert_eq!(inert_names("4.1", &[ID, verification]), verification_name);
    assert_eq!(inert_names("3.5", &[ID, verification]), verification_name);
}

#[test]
fn each_trap_of_transactions_is_set_off_by_its_settings_and_by_nothing_less() {
    let setup = in_transactions();
    let committed = "consumer.isolation.level=read_committed";
    for (id, springs, spares) in [
        ("kafka-reads-uncommitted", &[ID][..], &[ID, committed][..]),
        ("kafka-late-writes-in-transactions", &[ID, V0], &[ID]),
        (
            "kafka-transaction-log-replication-factor-one",
            &[ID, "broker.transaction.state.log.replication.factor=1"],
            &[ID],
        ),
    ] {
        assert!(trap_ids("4.1", springs, &setup).contains(&id), "{id} is set off by {springs:?}");
        assert!(!trap_ids("4.1", spares, &setup).contains(&id), "{id} is not set off by {spares:?}");
        assert!(!trap_ids("4.1", &springs[1..], &Setup::default()).contains(&id), "{id} needs transactions");
    }
    assert!(trap_ids("3.5", &[ID], &setup).contains(&"kafka-late-writes-in-transactions"));
}

#[test]
fn a_poll_that_brings_more_than_a_transaction_has_time_for_is_warned_of() {
    let id = "kafka-transaction-outlived";
    let mut setup = Setup::default();
    setup.app.consumer.ack = Some(AckMode::InTransaction);
    setup.workload.processing = Span(200);
    assert!(trap_ids("4.1", &[ID], &setup).contains(&id), "500 messages of 200 ms each, and 60 s");
    assert!(!trap_ids("4.1", &[ID, "consumer.max.poll.records=300"], &setup).contains(&id));
    let patient = [ID, "producer.transaction.timeout.ms=120000"];
    assert!(!trap_ids("4.1", &patient, &setup).contains(&id));
    setup.app.consumer.ack = None;
    assert!(!trap_ids("4.1", &[ID], &setup).contains(&id), "nothing is in a transaction for so long");
}

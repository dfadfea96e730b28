use std::collections::BTreeSet;

use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::{AckMode, Setup};
use ackproof_core::time::Span;

use super::super::{SECTIONS, refuse, traps};
use super::*;
use crate::assignor::Strategy;
use crate::config::{Acks, Client, Commit, Config, Reset, Stores};
use crate::release::VERSIONS;
use crate::transaction::Isolation;

fn row(chosen: &[&str]) -> Effective {
    let mut effective = Effective::defaults("4.1", LIBRDKAFKA, VERSIONS, &LIBRDKAFKA_SETTINGS);
    effective.set(SettingName::new("topic", "replication.factor"), "3", ValueSource::Matrix);
    for text in chosen {
        let (name, value) = text.split_once('=').expect("section.key=value");
        let (section, key) = name.split_once('.').expect("section.key");
        let setting = find(section, key).unwrap_or_else(|| panic!("{name} is not in the table"));
        let value = setting.kind.normalise(value).unwrap_or_else(|allowed| panic!("{text}: {allowed}"));
        effective.set(SettingName::new(section, setting.key), value, ValueSource::Matrix);
    }
    effective
}

fn find(section: &str, key: &str) -> Option<&'static Setting> {
    let is_meant =
        |setting: &&Setting| setting.section == section && (setting.key == key || setting.aliases.contains(&key));
    LIBRDKAFKA_SETTINGS.iter().find(is_meant)
}

fn config(chosen: &[&str]) -> Config {
    Config::from_effective(&row(chosen), &Setup::default())
}
fn refused(chosen: &[&str], setup: &Setup) -> Vec<String> {
    refuse(&row(chosen), setup).into_iter().map(|problem| problem.name.to_string()).collect()
}
fn trap_ids(chosen: &[&str]) -> Vec<&'static str> {
    traps(&row(chosen), &Setup::default()).into_iter().map(|trap| trap.id).collect()
}
fn acking(ack: AckMode) -> Setup {
    let mut setup = Setup::default();
    setup.app.consumer.ack = Some(ack);
    setup
}

const IDEMPOTENT: &str = "producer.enable.idempotence=true";

#[test]
fn a_setting_of_librdkafka_is_declared_once_and_its_defaults_are_valid() {
    let mut names = BTreeSet::new();
    for setting in LIBRDKAFKA_SETTINGS.iter() {
        for spelling in [setting.key].iter().chain(setting.aliases) {
            assert!(names.insert((setting.section, *spelling)), "{}.{spelling} twice", setting.section);
        }
        assert!(SECTIONS.contains(&setting.section) && !setting.effect.is_empty() && !setting.source.is_empty());
        let is_own = ["producer", "consumer"].contains(&setting.section);
        for (since, value) in setting.defaults.iter().filter(|_| is_own) {
            assert_eq!(*since, VERSIONS[0], "{}", setting.key);
            assert_eq!(setting.kind.normalise(value).as_deref(), Ok(*value), "{}", setting.key);
        }
    }
}

#[test]
fn every_key_that_librdkafka_takes_from_a_text_is_known() {
    // Names of CONFIGURATION.md at 2.15.0 that programs set most, each where it is heeded.
    let keys = [
        (
            "producer",
            "acks request.required.acks message.timeout.ms delivery.timeout.ms linger.ms queue.buffering.max.ms retries \
             message.send.max.retries max.in.flight max.in.flight.requests.per.connection batch.num.messages \
             queue.buffering.max.kbytes compression.codec compression.type partitioner sticky.partitioning.linger.ms \
             transactional.id transaction.timeout.ms delivery.report.only.error queuing.strategy",
        ),
        (
            "consumer",
            "group.id enable.auto.commit auto.commit.interval.ms enable.auto.offset.store auto.offset.reset \
             isolation.level session.timeout.ms heartbeat.interval.ms max.poll.interval.ms \
             partition.assignment.strategy group.instance.id group.protocol enable.partition.eof fetch.wait.max.ms \
             fetch.message.max.bytes queued.min.messages offset.store.method auto.commit.enable max.poll.records",
        ),
    ];
    let both = "bootstrap.servers metadata.broker.list client.id security.protocol sasl.mechanisms sasl.mechanism \
                sasl.username sasl.password ssl.ca.location debug statistics.interval.ms socket.keepalive.enable \
                log.connection.close api.version.request broker.address.family metadata.max.age.ms \
                socket.timeout.ms retry.backoff.max.ms connections.max.idle.ms";
    for (section, own) in keys {
        for key in own.split_whitespace().chain(both.split_whitespace()) {
            assert!(find(section, key).is_some(), "{section}.{key}");
        }
    }
}

#[test]
fn keys_of_the_java_client_alone_are_not_librdkafkas() {
    for (section, key) in [
        ("producer", "buffer.memory"),
        ("producer", "max.block.ms"),
        ("producer", "key.serializer"),
        ("consumer", "default.api.timeout.ms"),
        ("consumer", "fetch.max.wait.ms"),
        ("consumer", "sasl.jaas.config"),
    ] {
        assert!(find(section, key).is_none(), "{section}.{key}");
    }
    assert!(find("producer", "dr_msg_cb").is_none(), "only a function can set it");
}

#[test]
fn the_defaults_are_librdkafkas() {
    let config = config(&[]);
    let producer = &config.producer;
    assert_eq!((producer.acks, producer.is_idempotent, producer.retries), (Acks::All, false, 2_147_483_647));
    assert_eq!(
        (producer.max_in_flight, producer.linger, producer.delivery_timeout),
        (1_000_000, Span(5), Span::secs(300))
    );
    assert_eq!((producer.connection.request_timeout, producer.request_timeout), (Span::secs(60), Span::secs(30)));
    let Client::Librdkafka(own) = config.client else { panic!("librdkafka's row") };
    assert_eq!((own.batch_messages, own.max_messages, own.backpressure), (10_000, Some(100_000), 1));
    let consumer = &config.consumer;
    let background = Commit::Background { interval: Some(Span::secs(5)), stores: Stores::OnDelivery };
    assert_eq!((consumer.commit, consumer.reset, consumer.max_poll_records), (background, Reset::Latest, 1));
}

#[test]
fn aliases_mean_the_same() {
    for (alias, key) in [
        ("producer.request.required.acks=1", "producer.acks=1"),
        ("producer.delivery.timeout.ms=9000", "producer.message.timeout.ms=9000"),
        ("producer.queue.buffering.max.ms=0.5", "producer.linger.ms=0.5"),
        ("producer.message.send.max.retries=2", "producer.retries=2"),
        ("producer.max.in.flight=3", "producer.max.in.flight.requests.per.connection=3"),
    ] {
        assert_eq!(config(&[alias]), config(&[key]), "{alias}");
        assert_ne!(config(&[alias]), config(&[]), "{alias}");
    }
}

#[test]
fn every_word_for_the_reset_policy_is_known() {
    for (words, reset) in [
        (["smallest", "earliest", "beginning"].as_slice(), Reset::Earliest),
        (&["largest", "latest", "end"], Reset::Latest),
        (&["error"], Reset::None),
    ] {
        for word in words {
            assert_eq!(config(&[&format!("consumer.auto.offset.reset={word}")]).consumer.reset, reset, "{word}");
        }
    }
    let setting = find("consumer", "auto.offset.reset").expect("known");
    assert!(setting.kind.normalise("none").is_err(), "that is the Java client's word");
}

#[test]
fn idempotence_adjusts_what_nobody_set_and_refuses_what_somebody_did() {
    let producer = config(&[IDEMPOTENT]).producer;
    assert_eq!((producer.is_idempotent, producer.acks, producer.max_in_flight), (true, Acks::All, 5));
    let plain = Setup::default();
    for (chosen, key) in [
        ("producer.acks=1", "producer.acks"),
        ("producer.retries=0", "producer.retries"),
        ("producer.max.in.flight=6", "producer.max.in.flight.requests.per.connection"),
        ("producer.queue.buffering.backpressure.threshold=2", "producer.queue.buffering.backpressure.threshold"),
    ] {
        assert_eq!(refused(&[IDEMPOTENT, chosen], &plain), [key]);
        assert_eq!(refused(&[chosen], &plain), [""; 0], "{chosen} alone");
    }
    assert_eq!(refused(&[IDEMPOTENT], &plain), [""; 0]);
}

#[test]
fn the_gapless_guarantee_needs_idempotence() {
    let gapless = "producer.enable.gapless.guarantee=true";
    assert_eq!(refused(&[gapless], &Setup::default()), ["producer.enable.gapless.guarantee"]);
    assert_eq!(refused(&[gapless, IDEMPOTENT], &Setup::default()), [""; 0]);
}

#[test]
fn a_message_timeout_must_exceed_a_linger_that_somebody_set_and_a_default_gives_way() {
    let (timeout, plain) = ("producer.message.timeout.ms=4", Setup::default());
    assert_eq!(refused(&[timeout, "producer.linger.ms=4"], &plain), ["producer.message.timeout.ms"]);
    assert_eq!(refused(&[timeout, "producer.linger.ms=3.5"], &plain), [""; 0]);
    assert_eq!(refused(&[timeout], &plain), [""; 0]);
    assert_eq!(config(&[timeout]).producer.linger, Span(3));
    let never = ["producer.message.timeout.ms=0", "producer.linger.ms=1000"];
    assert_eq!(refused(&never, &plain), [""; 0]);
    assert_eq!(config(&never).producer.delivery_timeout, Span::MAX);
}

#[test]
fn the_longest_pause_before_connecting_may_not_be_shorter_than_the_first() {
    let chosen = ["consumer.reconnect.backoff.max.ms=50"];
    assert_eq!(refused(&chosen, &Setup::default()), ["consumer.reconnect.backoff.max.ms"]);
}

#[test]
fn who_commits_and_who_marks_follows_from_the_application_and_both_switches() {
    let commit = |chosen: &[&str], ack: Option<AckMode>| {
        let mut setup = Setup::default();
        setup.app.consumer.ack = ack;
        assert_eq!(refused(chosen, &setup), [""; 0], "{chosen:?} {ack:?}");
        Config::from_effective(&row(chosen), &setup).consumer.commit
    };
    let (no_auto, no_store) = ("consumer.enable.auto.commit=false", "consumer.enable.auto.offset.store=false");
    let interval = Some(Span::secs(5));
    let on_delivery = Commit::Background { interval, stores: Stores::OnDelivery };
    let after = Commit::Background { interval, stores: Stores::AfterProcessing };
    assert_eq!(commit(&[], None), on_delivery);
    assert_eq!(commit(&[], Some(AckMode::Auto)), on_delivery);
    assert_eq!(commit(&[no_store], None), after);
    assert_eq!(commit(&[no_store], Some(AckMode::AfterProcessing)), after);
    assert_eq!(commit(&[no_store], Some(AckMode::BeforeProcessing)), on_delivery);
    assert_eq!(commit(&[], Some(AckMode::AfterProcessing)), Commit::AfterProcessing);
    assert_eq!(commit(&[no_auto], Some(AckMode::AfterBatch)), Commit::AfterProcessing);
    assert_eq!(commit(&[no_auto], Some(AckMode::BeforeProcessing)), Commit::BeforeProcessing);
    assert_eq!(commit(&[no_auto], None), Commit::AfterProcessing);
    let never = Commit::Background { interval: None, stores: Stores::OnDelivery };
    assert_eq!(commit(&["consumer.auto.commit.interval.ms=0"], None), never);
}

#[test]
fn an_application_and_switches_that_contradict_each_other_are_refused() {
    let (auto, no_auto) = ("consumer.enable.auto.commit=true", "consumer.enable.auto.commit=false");
    let no_store = "consumer.enable.auto.offset.store=false";
    assert_eq!(refused(&[no_auto], &acking(AckMode::Auto)), ["consumer.enable.auto.commit"]);
    assert_eq!(refused(&[no_store], &acking(AckMode::Auto)), ["consumer.enable.auto.offset.store"]);
    assert_eq!(refused(&[auto], &acking(AckMode::AfterProcessing)), ["consumer.enable.auto.commit"]);
    assert_eq!(refused(&[auto, no_store], &acking(AckMode::AfterProcessing)), [""; 0]);
}

#[test]
fn each_trap_of_librdkafka_is_set_off_by_its_settings_and_by_nothing_less() {
    let not_idempotent = "producer.enable.idempotence=false";
    let one = "producer.max.in.flight=1";
    let gapless = "producer.enable.gapless.guarantee=true";
    let cases: [(&str, &[&str], &[&str]); 7] = [
        ("kafka-librdkafka-not-idempotent", &[], &[IDEMPOTENT]),
        ("kafka-retries-reorder", &[not_idempotent], &[]),
        ("kafka-librdkafka-max-in-flight-one", &[one], &[one, IDEMPOTENT]),
        ("kafka-librdkafka-gapless-without-timeouts", &[gapless, IDEMPOTENT], &[IDEMPOTENT]),
        ("kafka-librdkafka-retries-zero", &["producer.retries=0"], &["producer.retries=1"]),
        ("kafka-librdkafka-auto-offset-store", &[], &["consumer.enable.auto.offset.store=false"]),
        ("kafka-librdkafka-auto-commit-interval-zero", &["consumer.auto.commit.interval.ms=0"], &[]),
    ];
    for (id, springs, spares) in cases {
        assert!(trap_ids(springs).contains(&id), "{id} is set off by {springs:?}");
        assert!(!trap_ids(spares).contains(&id), "{id} is not set off by {spares:?}");
    }
    assert!(!trap_ids(&[]).contains(&"kafka-retries-reorder"), "the default has a trap of its own");
}

#[test]
fn strategies_have_names_of_their_own_and_do_not_mix_with_cooperation() {
    let strategy = |list: &str| format!("consumer.partition.assignment.strategy={list}");
    let plain = Setup::default();
    for list in ["range", "roundrobin,range", "cooperative-sticky"] {
        assert_eq!(refused(&[&strategy(list)], &plain), [""; 0], "{list}");
    }
    for list in ["sticky", "org.apache.kafka.clients.consumer.RangeAssignor", "range,cooperative-sticky"] {
        assert_eq!(refused(&[&strategy(list)], &plain), ["consumer.partition.assignment.strategy"], "{list}");
    }
    let consumer = config(&[&strategy("cooperative-sticky")]).consumer;
    assert_eq!((consumer.strategy, consumer.is_cooperative), (Strategy::CooperativeSticky, true));
    let consumer = config(&[]).consumer;
    assert_eq!((consumer.strategy, consumer.is_cooperative), (Strategy::Range, false));
}

#[test]
fn an_application_may_be_away_for_at_least_a_session() {
    let chosen = ["consumer.max.poll.interval.ms=40000"];
    assert_eq!(refused(&chosen, &Setup::default()), ["consumer.max.poll.interval.ms"]);
}

#[test]
fn transactions_are_refused_because_they_are_not_simulated() {
    let id = ["producer.transactional.id=orders"];
    assert_eq!(refused(&id, &Setup::default()), ["producer.transactional.id"]);
    assert_eq!(refused(&[], &acking(AckMode::InTransaction)), ["producer.transactional.id"]);
}

#[test]
fn consumers_read_what_is_committed_unless_they_are_told_otherwise() {
    assert_eq!(config(&[]).consumer.isolation, Isolation::ReadCommitted);
    let consumer = config(&["consumer.isolation.level=read_uncommitted"]).consumer;
    assert_eq!(consumer.isolation, Isolation::ReadUncommitted);
}

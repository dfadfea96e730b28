mod expiry;
mod failover;
mod groups;
mod retention;

use std::collections::BTreeSet;

use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::{AckMode, OnFailure, Processing, SendMode, Setup};
use ackproof_core::time::Span;

use super::*;
use crate::config::{Acks, Commit, Config};
use crate::release::VERSIONS;

mod transactions;

const ELR: &str = "eligible.leader.replicas.version";
const ELR_OFF: &str = "broker.eligible.leader.replicas.version=0";
const ELR_ON: &str = "broker.eligible.leader.replicas.version=1";

/// A row: `version`'s defaults and, over them, `section.key=value` as somebody chose.
pub(super) fn row(version: &str, chosen: &[&str]) -> Effective {
    let mut effective = Effective::defaults(version, "java", VERSIONS, &SETTINGS);
    effective.set(SettingName::new("topic", "replication.factor"), "3", ValueSource::Matrix);
    for text in chosen {
        let (name, value) = text.split_once('=').expect("section.key=value");
        let (section, key) = name.split_once('.').expect("section.key");
        let setting = SETTINGS
            .iter()
            .find(|setting| setting.section == section && setting.key == key)
            .unwrap_or_else(|| panic!("{name} is not in the table"));
        let value = setting.kind.normalise(value).unwrap_or_else(|allowed| panic!("{text}: {allowed}"));
        effective.set(SettingName::new(section, key), value, ValueSource::Matrix);
    }
    effective
}

fn trap_ids(version: &str, chosen: &[&str], setup: &Setup) -> Vec<&'static str> {
    traps(&row(version, chosen), setup).into_iter().map(|trap| trap.id).collect()
}

pub(super) fn refused(version: &str, chosen: &[&str], setup: &Setup) -> Vec<String> {
    refuse(&row(version, chosen), setup).into_iter().map(|problem| problem.name.to_string()).collect()
}

fn inert_names(version: &str, chosen: &[&str]) -> Vec<String> {
    inert(&row(version, chosen), &Setup::default()).into_iter().map(|inert| inert.name.to_string()).collect()
}

fn known(section: &str, key: &str) -> bool {
    let is_meant = |of: &str| of == key || of.strip_suffix('*').is_some_and(|start| key.starts_with(start));
    SETTINGS.iter().any(|setting| setting.section == section && is_meant(setting.key))
}

#[test]
fn every_key_of_the_shipped_files_is_known() {
    // Key names only, active and commented, of config/{server,producer,consumer}.properties at 4.4.
    let shipped = [
        (
            "broker",
            "process.roles node.id controller.quorum.bootstrap.servers listeners inter.broker.listener.name \
             advertised.listeners controller.listener.names listener.security.protocol.map num.network.threads \
             num.io.threads socket.send.buffer.bytes socket.receive.buffer.bytes socket.request.max.bytes log.dirs \
             num.partitions num.recovery.threads.per.data.dir offsets.topic.replication.factor \
             share.coordinator.state.topic.replication.factor share.coordinator.state.topic.min.isr \
             transaction.state.log.replication.factor transaction.state.log.min.isr log.flush.interval.messages \
             log.flush.interval.ms log.retention.hours log.retention.bytes log.segment.bytes \
             log.retention.check.interval.ms",
        ),
        (
            "producer",
            "bootstrap.servers compression.type partitioner.class request.timeout.ms max.block.ms linger.ms \
             max.request.size batch.size buffer.memory",
        ),
        ("consumer", "bootstrap.servers group.id auto.offset.reset"),
    ];
    for (section, keys) in shipped {
        for key in keys.split_whitespace() {
            assert!(known(section, key), "{section}.{key}");
        }
    }
}

#[test]
fn keys_of_older_releases_and_of_secured_clusters_are_known() {
    for key in [
        "zookeeper.connect",
        "zookeeper.session.timeout.ms",
        "broker.id",
        "broker.rack",
        "ssl.keystore.location",
        "sasl.jaas.config",
        "authorizer.class.name",
        "inter.broker.protocol.version",
        "log.message.format.version",
        "offsets.commit.required.acks",
        "log.cleaner.enable",
        "group.initial.rebalance.delay.ms",
        "message.max.bytes",
        "controller.quorum.voters",
        "listener.name.internal.plain.sasl.jaas.config",
        "super.users",
        "allow.everyone.if.no.acl.found",
        "cruise.control.metrics.topic",
        "confluent.metrics.reporter.bootstrap.servers",
    ] {
        assert!(known("broker", key), "{key}");
    }
    assert!(known("producer", "ssl.truststore.password") && known("consumer", "sasl.mechanism"));
    assert!(known("producer", "schema.registry.url") && !known("broker", "schema.registry.url"));
    assert!(!known("broker", "listener.names.internal.ssl"), "a misspelt family is not in the table");
    assert!(!known("broker", "min.insync.replica"), "a misspelt key is not in the table");
    assert!(!known("producer", "group.id"), "a consumer's key is not a producer's");
}

#[test]
fn a_setting_is_declared_once_and_its_defaults_are_valid() {
    let mut names = BTreeSet::new();
    for setting in SETTINGS.iter() {
        assert!(names.insert((setting.section, setting.key)), "{}.{} twice", setting.section, setting.key);
        assert!(SECTIONS.contains(&setting.section) && !setting.effect.is_empty() && !setting.source.is_empty());
        for (since, value) in setting.defaults {
            assert!(VERSIONS.contains(since), "{}: {since}", setting.key);
            // An empty one: removed.
            assert!(value.is_empty() || setting.kind.normalise(value).as_deref() == Ok(*value), "{}", setting.key);
        }
    }
    assert!(names.len() > 500, "{} settings", names.len());
}

#[test]
fn defaults_are_those_of_the_version() {
    let value = |version: &str, section: &str, key: &str| {
        Effective::defaults(version, "java", VERSIONS, &SETTINGS).text(section, key).map(str::to_owned)
    };
    let table = [
        ("producer", "acks", ["1", "all", "all"]),
        ("producer", "enable.idempotence", ["false", "true", "true"]),
        ("producer", "linger.ms", ["0", "0", "5"]),
        ("producer", "delivery.timeout.ms", ["120000", "120000", "120000"]),
        ("broker", "replica.lag.time.max.ms", ["30000", "30000", "30000"]),
        ("broker", "min.insync.replicas", ["1", "1", "1"]),
        ("broker", "unclean.leader.election.enable", ["false", "false", "false"]),
        ("consumer", "auto.offset.reset", ["latest", "latest", "latest"]),
        ("consumer", "enable.auto.commit", ["true", "true", "true"]),
    ];
    for (section, key, values) in table {
        for (version, expected) in ["2.8", "3.9", "4.1"].into_iter().zip(values) {
            assert_eq!(value(version, section, key).as_deref(), Some(expected), "{key} in {version}");
        }
    }
    let elr = ["3.7", "3.9", "4.0", "4.1", "4.4"].map(|version| value(version, "broker", ELR));
    assert_eq!(elr.each_ref().map(Option::as_deref), [None, None, Some("0"), Some("1"), Some("1")]);
    assert_eq!(value("3.6", "producer", "retry.backoff.max.ms"), None);
    assert_eq!(value("3.7", "producer", "retry.backoff.max.ms").as_deref(), Some("1000"));
}

#[test]
fn every_version_has_a_value_for_everything_that_acts() {
    for version in VERSIONS {
        let config = Config::from_effective(&row(version, &[]), &Setup::default());
        assert_eq!(refused(version, &[], &Setup::default()), [""; 0], "{version}");
        assert!(config.producer.backoff.most >= config.producer.backoff.first, "{version}");
    }
}

#[test]
fn values_that_kafka_refuses_are_refused() {
    for (section, key, value) in [
        ("producer", "acks", "2"),
        ("topic", "min.insync.replicas", "0"),
        ("topic", "flush.messages", "0"),
        ("producer", "retries", "-1"),
        ("producer", "max.in.flight.requests.per.connection", "0"),
        ("broker", "unclean.leader.election.enable", "maybe"),
        ("broker", ELR, "2"),
    ] {
        let setting = SETTINGS.iter().find(|s| s.section == section && s.key == key).expect("known");
        assert!(setting.kind.normalise(value).is_err(), "{key}={value}");
    }
}

#[test]
fn a_topic_without_a_value_takes_the_brokers() {
    let chosen = ["broker.min.insync.replicas=2", "broker.log.flush.interval.messages=1"];
    let config = Config::from_effective(&row("4.1", &chosen), &Setup::default());
    assert_eq!((config.topic.min_insync_replicas, config.topic.flush_messages), (2, Some(1)));
    assert_eq!((config.offsets.min_insync_replicas, config.offsets.flush_messages), (2, Some(1)));

    let chosen = ["broker.min.insync.replicas=2", "topic.min.insync.replicas=1", "topic.flush.messages=5"];
    let config = Config::from_effective(&row("4.1", &chosen), &Setup::default());
    assert_eq!((config.topic.min_insync_replicas, config.topic.flush_messages), (1, Some(5)));
    assert_eq!((config.offsets.min_insync_replicas, config.offsets.flush_messages), (2, None));
}

#[test]
fn min_insync_replicas_is_capped_at_the_replication_factor_since_3_7() {
    let effective_min = |version: &str| {
        let config = Config::from_effective(&row(version, &["topic.min.insync.replicas=5"]), &Setup::default());
        config.topic.effective_min_isr(config.rules)
    };
    assert_eq!((effective_min("3.6"), effective_min("3.7")), (5, 3));
}

#[test]
fn minus_one_is_another_word_for_all() {
    for (word, acks) in [("0", Acks::None), ("1", Acks::Leader), ("all", Acks::All), ("-1", Acks::All)] {
        let config = Config::from_effective(&row("4.1", &[&format!("producer.acks={word}")]), &Setup::default());
        assert_eq!(config.producer.acks, acks, "{word}");
    }
}

#[test]
fn choosing_idempotence_alone_raised_acks_before_3_0() {
    let acks = |chosen: &[&str]| Config::from_effective(&row("2.8", chosen), &Setup::default()).producer.acks;
    assert_eq!(acks(&[]), Acks::Leader);
    assert_eq!(acks(&["producer.enable.idempotence=true"]), Acks::All);
}

#[test]
fn a_delivery_timeout_that_nobody_set_is_raised_and_one_that_somebody_set_is_refused() {
    let timeout = "producer.request.timeout.ms=150000";
    let config = Config::from_effective(&row("4.1", &[timeout]), &Setup::default());
    assert_eq!(config.producer.delivery_timeout, Span(150_005));
    let chosen = [timeout, "producer.delivery.timeout.ms=120000"];
    assert_eq!(refused("4.1", &chosen, &Setup::default()), ["producer.delivery.timeout.ms"]);
    assert_eq!(refused("4.1", &[timeout], &Setup::default()), [""; 0]);
}

#[test]
fn more_copies_than_brokers_are_refused() {
    let mut setup = Setup::default();
    assert_eq!(refused("4.1", &["topic.replication.factor=4"], &setup), ["topic.replication.factor"]);
    setup.cluster.brokers = 1;
    let chosen = ["topic.replication.factor=1"];
    assert_eq!(refused("4.1", &chosen, &setup), ["broker.offsets.topic.replication.factor"]);
    let chosen = ["topic.replication.factor=1", "broker.offsets.topic.replication.factor=1"];
    assert_eq!(refused("4.1", &chosen, &setup), [""; 0]);
}

#[test]
fn eligible_leader_replicas_are_refused_before_4_0_and_on_from_4_1() {
    let setup = Setup::default();
    for (version, chosen, expected) in [
        ("3.9", None, false),
        ("4.0", None, false),
        ("4.0", Some(ELR_ON), true),
        ("4.1", None, true),
        ("4.1", Some(ELR_OFF), false),
    ] {
        let config = Config::from_effective(&row(version, chosen.as_slice()), &setup);
        assert_eq!(config.broker.eligible_leader_replicas, expected, "{version} {chosen:?}");
        assert_eq!(refused(version, chosen.as_slice(), &setup), [""; 0]);
    }
    for chosen in [ELR_ON, ELR_OFF] {
        assert_eq!(refused("3.9", &[chosen], &setup), ["broker.eligible.leader.replicas.version"]);
    }
}

#[test]
fn eligible_leader_replicas_are_inert_where_everything_has_one_copy() {
    let one = "topic.replication.factor=1";
    let offsets_one = "broker.offsets.topic.replication.factor=1";
    assert_eq!(inert_names("4.1", &[ELR_OFF, one, offsets_one]), ["broker.eligible.leader.replicas.version"]);
    assert_eq!(inert_names("4.1", &[ELR_OFF, one]), [""; 0], "the group's progress has copies");
    assert_eq!(inert_names("4.1", &[ELR_OFF]), [""; 0]);
}

#[test]
fn with_min_insync_replicas_1_eligible_leader_replicas_are_said_not_to_help() {
    let message = |chosen: &[&str]| {
        let found = traps(&row("4.1", chosen), &Setup::default());
        found.into_iter().find(|trap| trap.id == "kafka-acks-all-min-isr-one").expect("set off").message
    };
    assert!(message(&[]).contains("Eligible leader replicas do not help"));
    assert!(!message(&[ELR_OFF]).contains("ligible"));
}

#[test]
fn idempotence_that_somebody_chose_refuses_what_it_cannot_go_with() {
    let setup = Setup::default();
    let on = "producer.enable.idempotence=true";
    assert_eq!(refused("4.1", &[on, "producer.acks=1"], &setup), ["producer.acks"]);
    assert_eq!(refused("4.1", &[on, "producer.retries=0"], &setup), ["producer.retries"]);
    assert_eq!(refused("4.1", &[on], &setup), [""; 0]);
    let many = "producer.max.in.flight.requests.per.connection=6";
    assert_eq!(refused("4.1", &[many], &setup), ["producer.max.in.flight.requests.per.connection"]);
    assert_eq!(refused("3.9", &[many], &setup), [""; 0], "until 3.9 the default gave way");
}

#[test]
fn idempotence_by_default_gives_way_without_a_word() {
    let setup = Setup::default();
    let id = "kafka-idempotence-silently-off";
    assert!(trap_ids("4.1", &["producer.acks=1"], &setup).contains(&id));
    assert!(trap_ids("3.9", &["producer.max.in.flight.requests.per.connection=6"], &setup).contains(&id));
    assert!(!trap_ids("4.1", &[], &setup).contains(&id));
    assert!(!trap_ids("2.8", &["producer.acks=1"], &setup).contains(&id), "it was off anyway");
}

#[test]
fn a_producer_is_idempotent_by_default_since_3_0_unless_something_turns_it_off() {
    let setup = Setup::default();
    let is_idempotent =
        |version, chosen: &[&str]| Config::from_effective(&row(version, chosen), &setup).producer.is_idempotent;
    let releases =
        [("2.8", false), ("3.0.0", false), ("3.0.1", true), ("3.0", true), ("3.1.0", false), ("3.1.1", true)];
    for (version, expected) in releases.into_iter().chain([("3.2.0", true), ("3.9", true), ("4.1", true)]) {
        assert_eq!(is_idempotent(version, &[]), expected, "{version}");
    }
    assert!(is_idempotent("2.8", &["producer.enable.idempotence=true"]));
    for off in ["producer.enable.idempotence=false", "producer.acks=1", "producer.acks=0", "producer.retries=0"] {
        assert!(!is_idempotent("4.1", &[off]), "{off}");
    }
    assert!(!is_idempotent("3.9", &["producer.max.in.flight.requests.per.connection=6"]));
}

#[test]
fn an_application_that_commits_contradicts_automatic_commits() {
    let mut setup = Setup::default();
    setup.app.consumer.ack = Some(AckMode::AfterProcessing);
    assert_eq!(refused("4.1", &["consumer.enable.auto.commit=true"], &setup), ["consumer.enable.auto.commit"]);
    assert_eq!(refused("4.1", &["consumer.enable.auto.commit=false"], &setup), [""; 0]);
    let config = Config::from_effective(&row("4.1", &[]), &setup);
    assert_eq!(config.consumer.commit, Commit::AfterProcessing, "saying when it commits turns the default off");
    setup.app.consumer.ack = Some(AckMode::Auto);
    assert_eq!(refused("4.1", &["consumer.enable.auto.commit=false"], &setup), ["consumer.enable.auto.commit"]);
}

#[test]
fn a_flush_interval_needs_the_scheduler() {
    let interval = "broker.log.flush.interval.ms=1000";
    let scheduler = "broker.log.flush.scheduler.interval.ms=500";
    let id = "kafka-flush-interval-without-scheduler";
    assert!(trap_ids("4.1", &[interval], &Setup::default()).contains(&id));
    assert!(!trap_ids("4.1", &[interval, scheduler], &Setup::default()).contains(&id));
    assert_eq!(inert_names("4.1", &[interval]), [""; 0], "it is looked at once, 30 s after a start");
}

#[test]
fn min_insync_replicas_is_inert_without_acks_all_only_before_3_7() {
    let chosen = ["producer.acks=1", "topic.min.insync.replicas=2"];
    assert_eq!(inert_names("3.6", &chosen), ["topic.min.insync.replicas"]);
    assert_eq!(inert_names("3.7", &chosen), [""; 0], "it holds the high watermark back whatever the acks");
    assert_eq!(inert_names("3.6", &["producer.acks=all", "topic.min.insync.replicas=2"]), [""; 0]);
}

#[test]
fn each_trap_is_set_off_by_its_settings_and_by_nothing_less() {
    let plain = Setup::default();
    let with = |change: fn(&mut Setup)| {
        let mut setup = Setup::default();
        change(&mut setup);
        setup
    };
    let background = with(|setup| setup.app.consumer.processing = Processing::Background);
    let before = with(|setup| setup.app.consumer.ack = Some(AckMode::BeforeProcessing));
    let unchecked = with(|setup| setup.app.producer.send = SendMode::AsyncUnchecked);
    let two = "topic.min.insync.replicas=2";
    let brokers_two = "broker.min.insync.replicas=2";
    let resends = with(|setup| setup.app.producer.on_failure = OnFailure::Resend { times: 1, backoff: Span(100) });
    let cases: [(&str, &[&str], &[&str], &Setup); 18] = [
        ("kafka-acks-1-and-planned-moves", &["producer.acks=1"], &[], &plain),
        ("kafka-min-isr-of-the-controllers", &[brokers_two], &[brokers_two, ELR_OFF], &plain),
        ("kafka-acks-all-min-isr-one", &[], &[two], &plain),
        ("kafka-min-isr-above-replication-factor", &["topic.min.insync.replicas=4"], &[two], &plain),
        ("kafka-min-isr-equals-replication-factor", &["topic.min.insync.replicas=3"], &[two], &plain),
        ("kafka-min-isr-without-acks-all", &[two, "producer.acks=1"], &[two], &plain),
        ("kafka-unclean-election", &["topic.unclean.leader.election.enable=true"], &[], &plain),
        ("kafka-single-replica", &["topic.replication.factor=1"], &[], &plain),
        ("kafka-offsets-replication-factor-one", &["broker.offsets.topic.replication.factor=1"], &[], &plain),
        ("kafka-offsets-min-isr", &[two], &[two, "broker.min.insync.replicas=2"], &plain),
        ("kafka-retries-reorder", &["producer.enable.idempotence=false"], &[], &plain),
        ("kafka-resend-is-a-new-message", &[], &["producer.enable.idempotence=false"], &resends),
        ("kafka-auto-commit-with-background-processing", &[], &["consumer.enable.auto.commit=false"], &background),
        ("kafka-commit-before-processing", &[], &[], &before),
        ("kafka-result-ignored", &[], &["producer.acks=0"], &unchecked),
        ("kafka-reset-to-latest", &[], &["consumer.auto.offset.reset=earliest"], &plain),
        (
            "kafka-reset-by-short-duration",
            &["consumer.auto.offset.reset=by_duration:PT30S"],
            &["consumer.auto.offset.reset=by_duration:PT31S"],
            &plain,
        ),
        (
            "kafka-combined-roles",
            &["broker.process.roles=broker, controller"],
            &["broker.process.roles=broker"],
            &plain,
        ),
    ];
    for (id, springs, spares, setup) in cases {
        assert!(trap_ids("4.1", springs, setup).contains(&id), "{id} is set off by {springs:?}");
        let setup = if springs == spares { &plain } else { setup };
        assert!(!trap_ids("4.1", spares, setup).contains(&id), "{id} is not set off by {spares:?}");
    }
}

#[test]
fn a_followers_wait_may_not_exceed_its_leaders_patience() {
    let chosen = ["broker.replica.lag.time.max.ms=400"];
    assert_eq!(refused("4.1", &chosen, &Setup::default()), ["broker.replica.lag.time.max.ms"]);
}

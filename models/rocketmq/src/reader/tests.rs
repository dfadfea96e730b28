//! What becomes of the text of a row.

use ackproof_core::model::Broker;
use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::{CheckBack, OnError, Setup, Transaction};
use ackproof_core::time::Span;

use super::{delays, hours};
use crate::config::{Config, FlushDisk, Mode, Role};
use crate::describe::ROCKETMQ;
use crate::release::VERSIONS;

fn row(version: &str, values: &[(&str, &str, &str)]) -> Effective {
    let mut effective = Effective::defaults(version, "java", VERSIONS, ROCKETMQ.settings());
    for (section, key, value) in values {
        effective.set(SettingName::new(section, key), *value, ValueSource::Matrix);
    }
    effective
}

fn in_mode(mode: &str) -> Setup {
    let mut setup = ROCKETMQ.setup();
    setup.cluster.deployment.as_mut().expect("it has groups").mode = mode.to_owned();
    setup
}

fn config(version: &str, values: &[(&str, &str, &str)]) -> Config {
    Config::from_effective(&row(version, values), &ROCKETMQ.setup())
}

#[test]
fn every_release_has_a_configuration_in_every_mode() {
    let releases = VERSIONS.iter().flat_map(|version| ROCKETMQ.releases(version).iter().chain([version]));
    for version in releases {
        for mode in ROCKETMQ.modes() {
            let config = Config::from_effective(&row(version, &[]), &in_mode(mode));
            assert_eq!(config.cluster.controllers > 0, config.cluster.mode == Mode::Controller, "{version} {mode}");
            assert_eq!(config.master, config.slave, "slaves that set nothing are like their master: {version}");
        }
    }
}

#[test]
fn a_slave_has_the_brokers_values_but_for_its_own() {
    let both = [("broker", "flushDiskType", "SYNC_FLUSH"), ("broker", "fileReservedTime", "48")];
    let config = config("5.3", &[both[0], both[1], ("slave", "flushDiskType", "ASYNC_FLUSH")]);
    assert_eq!((config.master.store.flush, config.slave.store.flush), (FlushDisk::Sync, FlushDisk::Async));
    assert_eq!(config.slave.store.reserved, Span::secs(48 * 3600));
}

#[test]
fn whoever_a_controller_makes_a_master_is_a_sync_master() {
    let role = |mode: &str| Config::from_effective(&row("5.3", &[]), &in_mode(mode)).master.role;
    assert_eq!((role("controller"), role("master-slave")), (Role::SyncMaster, Role::AsyncMaster));
    let sync = row("5.3", &[("broker", "brokerRole", "SYNC_MASTER")]);
    assert_eq!(Config::from_effective(&sync, &ROCKETMQ.setup()).master.role, Role::SyncMaster);
}

#[test]
fn before_4_9_3_a_slave_has_as_long_as_the_disk() {
    let timeouts = [("broker", "syncFlushTimeout", "700")];
    assert_eq!(config("4.9.2", &timeouts).master.ha.slave_timeout, Span(700));
    assert_eq!(config("4.9.3", &timeouts).master.ha.slave_timeout, Span(3000));
}

#[test]
fn an_application_takes_what_it_names_for_success_and_everything_by_default() {
    let all = config("5.3", &[]).producer.accepts;
    assert!(all.ok && all.flush_disk_timeout && all.flush_slave_timeout && all.slave_not_available);
    let mut setup = ROCKETMQ.setup();
    setup.app.producer.accept = Some(vec!["SEND_OK".to_owned(), "FLUSH_DISK_TIMEOUT".to_owned()]);
    let some = Config::from_effective(&row("5.3", &[]), &setup).producer.accepts;
    assert!(some.ok && some.flush_disk_timeout && !some.flush_slave_timeout && !some.slave_not_available);
}

#[test]
fn what_the_application_does_reaches_its_clients() {
    let mut setup = ROCKETMQ.setup();
    setup.app.consumer.on_error = OnError::Requeue;
    setup.app.producer.transaction =
        Some(Transaction { unknown_rate: 0.5, check: CheckBack::Unknown, ..Transaction::of(1, 0.0) });
    let config = Config::from_effective(&row("5.3", &[("consumer", "clientRebalance", "false")]), &setup);
    assert!(!config.consumer.rejects && config.consumer.pop);
    let transactions = config.producer.transactions.expect("it sends in transactions");
    assert!(transactions.unknown_rate == 0.5 && !transactions.answers_checks);
}

#[test]
fn delays_and_hours_are_read_as_the_broker_reads_them() {
    assert_eq!(delays("1s 5m 2h 1d"), Some(vec![Span::secs(1), Span::secs(300), Span::secs(7200), Span::secs(86_400)]));
    for wrong in ["", "1s  5s", "5", "s", "1x", "é", "1s,5s"] {
        assert_eq!(delays(wrong), None, "{wrong}");
    }
    assert_eq!((hours("04"), hours("04;16")), (Some(vec![4]), Some(vec![4, 16])));
    assert_eq!((hours("24"), hours("4h"), hours("-1")), (None, None, None));
}

#[test]
fn a_period_of_registration_is_held_within_bounds() {
    let period =
        |text: &str| config("5.3", &[("broker", "registerNameServerPeriod", text)]).master.service.register_period;
    assert_eq!(["1", "30000", "999999"].map(period), [Span::secs(10), Span::secs(30), Span::secs(60)]);
}

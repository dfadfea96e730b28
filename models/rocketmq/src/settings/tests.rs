//! What is refused, and what is not.

use ackproof_core::setup::{AckMode, Transaction};

use super::bench::Bench;
use crate::deployment::MODES;
use crate::release::VERSIONS;

#[track_caller]
fn refuses(bench: &Bench, wanted: &str) {
    let found = bench.refused();
    assert!(found.len() == 1 && found[0].contains(wanted), "wanted `{wanted}`, found {found:?}");
}

#[track_caller]
fn takes(bench: &Bench) {
    assert_eq!(bench.refused(), [""; 0]);
}

#[test]
fn every_release_starts_in_every_mode_that_it_has() {
    for version in VERSIONS {
        for mode in MODES {
            let bench = Bench::of(version).in_mode(mode, 2);
            match (*version, *mode) {
                ("4.9", "controller" | "acting-master") => refuses(&bench, "cluster.mode: RocketMQ 4.9 has no mode"),
                _ => takes(&bench),
            }
        }
    }
}

#[test]
fn a_mode_that_the_brokers_own_keys_deny_is_refused() {
    let keys = [
        ("enableControllerMode", "controller"),
        ("enableDLegerCommitLog", "dledger"),
        ("enableSlaveActingMaster", "acting-master"),
    ];
    for (key, of) in keys {
        for mode in MODES {
            let says = |value: &str| Bench::of("5.3").in_mode(mode, 2).with(&format!("broker.{key}={value}"));
            match *mode == of {
                true => {
                    takes(&says("true"));
                    refuses(&says("false"), &format!("cluster.mode: {mode} needs `{key}=true`"));
                }
                false => {
                    refuses(&says("true"), &format!("`{key}=true` is cluster.mode: {of}, and the scenario has {mode}"));
                    takes(&says("false"));
                }
            }
        }
    }
    let both = Bench::of("5.3").in_mode("controller", 1);
    let found = both.with("broker.enableControllerMode=true broker.enableDLegerCommitLog=true").refused();
    assert!(found.iter().any(|found| found.contains("cannot both be true")), "{found:?}");
}

#[test]
fn a_master_is_no_slave_but_where_somebody_is_elected() {
    let slave = |mode: &str| Bench::of("5.3").in_mode(mode, 2).with("broker.brokerRole=SLAVE");
    refuses(&slave("master-slave"), "broker.brokerRole: `broker` is about the masters");
    refuses(&slave("acting-master"), "broker.brokerRole");
    takes(&slave("controller"));
    takes(&slave("dledger"));
}

#[test]
fn controllers_are_spoken_of_where_there_are_any() {
    let unclean = |mode: &str, value: &str| {
        Bench::of("5.3").in_mode(mode, 1).with(&format!("controller.enableElectUncleanMaster={value}"))
    };
    refuses(&unclean("master-slave", "true"), "controller.enableElectUncleanMaster: no controller is there");
    takes(&unclean("master-slave", "false"));
    takes(&unclean("controller", "true"));
    refuses(&Bench::of("5.3").with("namesrv.enableControllerInNamesrv=true"), "belong to cluster.mode: controller");
    takes(&Bench::of("5.3").in_mode("controller", 1).with("namesrv.enableControllerInNamesrv=true"));
}

#[test]
fn a_listener_acknowledges_by_returning() {
    let with = |ack| Bench::of("5.3").setting(|setup| setup.app.consumer.ack = ack);
    takes(&with(None));
    takes(&with(Some(AckMode::AfterProcessing)));
    refuses(&with(Some(AckMode::BeforeProcessing)), "`app.consumer.processing: background`");
    refuses(&with(Some(AckMode::Auto)), "leave it out or write after-processing");
    refuses(&with(Some(AckMode::AfterBatch)), "a RocketMQ listener acknowledges by returning");
}

#[test]
fn a_transaction_is_of_one_message() {
    let of = |messages| {
        Bench::of("5.3").setting(|setup| setup.app.producer.transaction = Some(Transaction::of(messages, 0.1)))
    };
    takes(&of(1));
    refuses(&of(2), "app.producer.transaction: a transaction of RocketMQ is of one message, not 2");
}

#[test]
fn texts_that_a_broker_cannot_read_are_refused() {
    let mut bench = Bench::of("5.3");
    let name = |section: &str, key: &str| ackproof_core::setting::SettingName::new(section, key);
    bench.effective.set(name("broker", "messageDelayLevel"), "1s, 5s", ackproof_core::setting::ValueSource::Matrix);
    refuses(&bench, "`1s, 5s` is no list of delays");
    refuses(&Bench::of("5.3").with("broker.deleteWhen=4am"), "`4am` is no hour from 00 to 23");
    refuses(&Bench::of("5.3").with("slave.deleteWhen=24"), "slave.deleteWhen: `24` is no hour");
    takes(&Bench::of("5.3").with("broker.deleteWhen=02;14"));
}

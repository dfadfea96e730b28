//! What makes no difference, and the row nearby in which it does.

use ackproof_core::setup::{SendMode, Transaction};

use crate::deployment::MODES;
use crate::release::VERSIONS;
use crate::settings::SETTINGS;
use crate::settings::bench::Bench;

/// A setting acts in one row and not in another.
#[track_caller]
fn acts(name: &str, in_row: &Bench, not_in: &Bench) {
    assert_eq!(in_row.why(name), None, "{name} acts");
    assert!(not_in.why(name).is_some(), "{name} does not act");
}

fn plain(values: &str) -> Bench {
    Bench::of("5.3").with(values)
}
fn mode(mode: &str) -> Bench {
    Bench::of("5.3").in_mode(mode, 2)
}
fn sync() -> Bench {
    plain("broker.brokerRole=SYNC_MASTER broker.inSyncReplicas=2 broker.totalReplicas=2")
}

#[test]
fn in_sync_replicas_are_for_a_sync_master() {
    acts("broker.inSyncReplicas", &sync(), &plain("broker.inSyncReplicas=2"));
    acts("broker.inSyncReplicas", &mode("controller"), &mode("controller").with("broker.allAckInSyncStateSet=true"));
    acts("broker.inSyncReplicas", &sync(), &sync().with("producer.waitStoreMsgOK=false"));
    acts("broker.inSyncReplicas", &sync(), &mode("dledger"));
    acts("broker.slaveTimeout", &sync(), &plain("broker.brokerRole=SYNC_MASTER"));
    acts("broker.slaveTimeout", &Bench::of("4.9").with("broker.brokerRole=SYNC_MASTER"), &Bench::of("4.9"));
    acts("broker.haSlaveFallbehindMax", &Bench::of("4.9").with("broker.brokerRole=SYNC_MASTER"), &Bench::of("4.9"));
}

#[test]
fn who_is_a_sync_master_matters_where_nobody_is_elected() {
    acts("broker.brokerRole", &Bench::of("5.3"), &mode("controller"));
    acts("broker.brokerRole", &mode("acting-master"), &mode("dledger"));
}

#[test]
fn what_belongs_to_one_mode_does_nothing_in_the_others() {
    let of_controller =
        ["broker.allAckInSyncStateSet", "broker.haMaxTimeSlaveNotCatchup", "broker.brokerElectionPriority"];
    for name in of_controller.into_iter().chain(["controller.enableElectUncleanMaster", "cluster.controllers"]) {
        for other in MODES.iter().filter(|other| **other != "controller") {
            acts(name, &mode("controller"), &mode(other));
        }
    }
    for name in ["broker.totalReplicas", "namesrv.supportActingMaster", "broker.brokerNotActiveTimeoutMillis"] {
        for other in MODES.iter().filter(|other| **other != "acting-master") {
            acts(name, &mode("acting-master"), &mode(other));
        }
    }
    let auto = mode("acting-master").with("broker.brokerRole=SYNC_MASTER broker.enableAutoInSyncReplicas=true");
    acts("broker.minInSyncReplicas", &mode("controller"), &sync());
    acts("broker.minInSyncReplicas", &auto, &mode("acting-master").with("broker.brokerRole=SYNC_MASTER"));
    acts("broker.haTransferBatchSize", &mode("controller"), &mode("dledger"));
    acts("broker.flushDiskType", &mode("controller"), &mode("dledger"));
}

#[test]
fn timers_of_a_flush_are_for_the_flush_that_has_them() {
    let flush = plain("broker.flushDiskType=SYNC_FLUSH");
    acts("broker.flushIntervalCommitLog", &Bench::of("5.3"), &flush);
    acts("broker.syncFlushTimeout", &flush, &Bench::of("5.3"));
    acts("broker.wakeFlushWhenPutMessage", &plain("broker.flushCommitLogTimed=false"), &Bench::of("5.3"));
    acts("broker.commitIntervalCommitLog", &plain("broker.transientStorePoolEnable=true"), &Bench::of("5.3"));
    acts("broker.readUnCommitted", &flush, &Bench::of("5.3"));
    let pool = "broker.flushDiskType=SYNC_FLUSH broker.transientStorePoolEnable=true";
    acts("broker.transientStorePoolEnable", &Bench::of("5.0").with(pool), &Bench::of("4.9").with(pool));
    // Before 4.9.3 the same time is for slaves.
    let old = Bench::of("4.9.2").with("broker.brokerRole=SYNC_MASTER");
    acts("broker.syncFlushTimeout", &old, &Bench::of("4.9.2"));
}

#[test]
fn a_brokers_setting_acts_as_long_as_any_broker_has_it() {
    // The master syncs by request; its slave, which flushes by timer, has the timers from it.
    let timed = plain("broker.flushDiskType=SYNC_FLUSH slave.flushDiskType=ASYNC_FLUSH");
    acts("broker.flushIntervalCommitLog", &timed, &timed.clone().with("slave.flushIntervalCommitLog=100"));
    assert_eq!(timed.with("slave.flushIntervalCommitLog=100").why("slave.flushIntervalCommitLog"), None);
}

#[test]
fn a_slaves_setting_acts_where_there_are_slaves_that_heed_it() {
    let own = "slave.flushDiskType=SYNC_FLUSH slave.inSyncReplicas=2 slave.slaveReadEnable=true";
    let (one, none) = (plain(own), plain(own).in_mode("master-slave", 0));
    acts("slave.flushDiskType", &one, &none);
    acts("slave.slaveReadEnable", &one, &none);
    acts("slave.inSyncReplicas", &plain(own).in_mode("controller", 1), &one);
    acts("slave.slaveReadEnable", &one, &Bench::of("4.9").with("slave.slaveReadEnable=true"));
}

#[test]
fn what_producers_do_decides_what_is_for_them() {
    let sends = |send| Bench::of("5.3").setting(|setup| setup.app.producer.send = send);
    let transaction = Bench::of("5.3")
        .setting(|setup| setup.app.producer.transaction = Some(Transaction::of(1, 0.0)))
        .with("producer.CHECK_IMMUNITY_TIME_IN_SECONDS=7");
    acts("producer.retryTimesWhenSendFailed", &sends(SendMode::Sync), &sends(SendMode::Async));
    acts("producer.retryTimesWhenSendFailed", &transaction, &sends(SendMode::OneWay));
    acts("producer.retryTimesWhenSendAsyncFailed", &sends(SendMode::Async), &transaction);
    acts("app.producer.accept", &sends(SendMode::Async), &sends(SendMode::AsyncUnchecked));
    acts("app.producer.send", &sends(SendMode::Async), &transaction);
    acts("broker.transactionCheckMax", &transaction, &Bench::of("5.3"));
    let alone = plain("producer.CHECK_IMMUNITY_TIME_IN_SECONDS=7");
    acts("producer.CHECK_IMMUNITY_TIME_IN_SECONDS", &transaction, &alone);
}

#[test]
fn what_consumers_do_decides_what_is_for_them() {
    let (pop, orderly) = (plain("consumer.clientRebalance=false"), plain("consumer.messageListener=orderly"));
    let broadcasting = plain("consumer.messageModel=BROADCASTING");
    acts("consumer.popInvisibleTime", &pop, &pop.clone().with("consumer.messageListener=orderly"));
    acts("consumer.clientRebalance", &pop, &broadcasting);
    acts("consumer.pullBatchSize", &Bench::of("5.3"), &pop);
    acts("consumer.consumeTimeout", &Bench::of("5.3"), &orderly);
    acts("consumer.suspendCurrentQueueTimeMillis", &orderly, &Bench::of("5.3"));
    acts("consumer.retryQueueNums", &Bench::of("5.3"), &broadcasting);
    acts("consumer.consumeTimestamp", &plain("consumer.consumeFromWhere=CONSUME_FROM_TIMESTAMP"), &Bench::of("5.3"));
    acts("broker.enablePopBufferMerge", &pop, &Bench::of("5.3"));
}

#[test]
fn only_settings_that_are_there_are_said_to_do_nothing() {
    for version in VERSIONS {
        for mode in MODES {
            let bench = Bench::of(version).in_mode(mode, 1);
            let known = |name: &str| {
                let is_it = |setting: &&ackproof_core::setting::Setting| {
                    name == format!("{}.{}", setting.section, setting.key) && setting.modelled
                };
                SETTINGS.iter().any(|setting| is_it(&setting))
                    || name.starts_with("cluster.")
                    || name.starts_with("app.")
            };
            let inert = super::inert(&bench.effective, &bench.setup);
            assert!(inert.iter().all(|inert| known(&inert.name.to_string())), "{inert:?}");
            // Without anything chosen no slave has a value of its own.
            assert!(inert.iter().all(|inert| inert.name.section != "slave"), "{inert:?}");
        }
    }
}

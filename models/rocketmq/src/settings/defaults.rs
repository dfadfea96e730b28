//! Defaults of six releases, read in the source at their tags, against the table.

use ackproof_core::setting::Effective;

use super::SETTINGS;
use crate::release::VERSIONS;

/// Section, key, and the defaults of 4.9.8, 5.0.0, 5.1.4, 5.2.0, 5.3.3 and develop 8fc57f1; empty where there is none.
const TABLE: &[(&str, &str, [&str; 6])] = &[
    (
        "broker",
        "flushDiskType",
        ["ASYNC_FLUSH", "ASYNC_FLUSH", "ASYNC_FLUSH", "ASYNC_FLUSH", "ASYNC_FLUSH", "ASYNC_FLUSH"],
    ),
    ("broker", "flushIntervalCommitLog", ["500", "500", "500", "500", "500", "500"]),
    ("broker", "flushCommitLogLeastPages", ["4", "4", "4", "4", "4", "4"]),
    ("broker", "flushCommitLogThoroughInterval", ["10000", "10000", "10000", "10000", "10000", "10000"]),
    ("broker", "flushCommitLogTimed", ["true", "true", "true", "true", "true", "true"]),
    ("broker", "wakeFlushWhenPutMessage", ["", "false", "false", "false", "false", "false"]),
    ("broker", "syncFlushTimeout", ["5000", "5000", "5000", "5000", "5000", "5000"]),
    ("broker", "transientStorePoolEnable", ["false", "false", "false", "false", "false", "false"]),
    ("broker", "commitIntervalCommitLog", ["200", "200", "200", "200", "200", "200"]),
    ("broker", "commitCommitLogLeastPages", ["4", "4", "4", "4", "4", "4"]),
    ("broker", "commitCommitLogThoroughInterval", ["200", "200", "200", "200", "200", "200"]),
    ("broker", "wakeCommitWhenPutMessage", ["", "true", "true", "true", "true", "true"]),
    (
        "broker",
        "mappedFileSizeCommitLog",
        ["1073741824", "1073741824", "1073741824", "1073741824", "1073741824", "1073741824"],
    ),
    ("broker", "fileReservedTime", ["72", "72", "72", "72", "72", "72"]),
    ("broker", "deleteWhen", ["04", "04", "04", "04", "04", "04"]),
    ("broker", "cleanResourceInterval", ["10000", "10000", "10000", "10000", "10000", "10000"]),
    ("broker", "readUnCommitted", ["", "", "", "", "false", "false"]),
    (
        "broker",
        "brokerRole",
        ["ASYNC_MASTER", "ASYNC_MASTER", "ASYNC_MASTER", "ASYNC_MASTER", "ASYNC_MASTER", "ASYNC_MASTER"],
    ),
    ("broker", "slaveTimeout", ["3000", "3000", "3000", "3000", "3000", "3000"]),
    ("broker", "haSlaveFallbehindMax", ["268435456", "", "", "", "", ""]),
    ("broker", "haMaxGapNotInSync", ["", "268435456", "268435456", "268435456", "268435456", "268435456"]),
    ("broker", "totalReplicas", ["", "1", "1", "1", "1", "1"]),
    ("broker", "inSyncReplicas", ["", "1", "1", "1", "1", "1"]),
    ("broker", "minInSyncReplicas", ["", "1", "1", "1", "1", "1"]),
    ("broker", "enableAutoInSyncReplicas", ["", "false", "false", "false", "false", "false"]),
    ("broker", "allAckInSyncStateSet", ["", "false", "false", "false", "false", "false"]),
    ("broker", "haHousekeepingInterval", ["20000", "20000", "20000", "20000", "20000", "20000"]),
    ("broker", "haSendHeartbeatInterval", ["5000", "5000", "5000", "5000", "5000", "5000"]),
    ("broker", "haTransferBatchSize", ["32768", "32768", "32768", "32768", "32768", "32768"]),
    ("broker", "syncFromLastFile", ["", "false", "false", "false", "false", "false"]),
    ("broker", "haMaxTimeSlaveNotCatchup", ["", "15000", "15000", "15000", "15000", "15000"]),
    ("broker", "syncBrokerMetadataPeriod", ["", "5000", "5000", "5000", "5000", "5000"]),
    ("broker", "checkSyncStateSetPeriod", ["", "5000", "5000", "5000", "5000", "5000"]),
    ("broker", "controllerHeartBeatTimeoutMills", ["", "", "10000", "10000", "10000", "10000"]),
    ("broker", "brokerHeartbeatInterval", ["", "1000", "1000", "1000", "1000", "1000"]),
    ("broker", "brokerNotActiveTimeoutMillis", ["", "10000", "10000", "10000", "10000", "10000"]),
    ("broker", "brokerElectionPriority", ["", "", "2147483647", "2147483647", "2147483647", "2147483647"]),
    ("broker", "asyncLearner", ["", "false", "false", "false", "false", "false"]),
    ("broker", "slaveReadEnable", ["false", "false", "false", "false", "false", "false"]),
    ("broker", "registerNameServerPeriod", ["30000", "30000", "30000", "30000", "30000", "30000"]),
    ("broker", "autoCreateTopicEnable", ["true", "true", "true", "true", "true", "true"]),
    ("broker", "flushConsumerOffsetInterval", ["5000", "5000", "5000", "5000", "5000", "5000"]),
    ("broker", "flushDelayOffsetInterval", ["10000", "10000", "10000", "10000", "10000", "10000"]),
    (
        "broker",
        "messageDelayLevel",
        [
            "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
            "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
            "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
            "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
            "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
            "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
        ],
    ),
    ("broker", "longPollingEnable", ["true", "true", "true", "true", "true", "true"]),
    ("broker", "shortPollingTimeMills", ["1000", "1000", "1000", "1000", "1000", "1000"]),
    ("broker", "enablePopBufferMerge", ["", "false", "false", "false", "false", "false"]),
    ("broker", "transactionTimeOut", ["6000", "6000", "6000", "6000", "6000", "6000"]),
    ("broker", "transactionCheckMax", ["15", "15", "15", "15", "15", "15"]),
    ("broker", "transactionCheckInterval", ["60000", "60000", "30000", "30000", "30000", "30000"]),
    ("namesrv", "scanNotActiveBrokerInterval", ["", "5000", "5000", "5000", "5000", "5000"]),
    ("namesrv", "supportActingMaster", ["", "false", "false", "false", "false", "false"]),
    ("controller", "enableElectUncleanMaster", ["", "false", "false", "false", "false", "false"]),
    ("controller", "scanNotActiveBrokerInterval", ["", "5000", "5000", "5000", "5000", "5000"]),
    ("controller", "scanInactiveMasterInterval", ["", "", "5000", "5000", "5000", "5000"]),
    ("topic", "writeQueueNums", ["8", "8", "8", "8", "8", "8"]),
    ("topic", "readQueueNums", ["8", "8", "8", "8", "8", "8"]),
    ("producer", "sendMsgTimeout", ["3000", "3000", "3000", "3000", "3000", "3000"]),
    ("producer", "sendMsgMaxTimeoutPerRequest", ["", "", "", "", "-1", "-1"]),
    ("producer", "retryTimesWhenSendFailed", ["2", "2", "2", "2", "2", "2"]),
    ("producer", "retryTimesWhenSendAsyncFailed", ["2", "2", "2", "2", "2", "2"]),
    ("producer", "retryAnotherBrokerWhenNotStoreOK", ["false", "false", "false", "false", "false", "false"]),
    ("producer", "sendLatencyFaultEnable", ["false", "false", "false", "false", "false", "false"]),
    ("producer", "waitStoreMsgOK", ["true", "true", "true", "true", "true", "true"]),
    ("producer", "CHECK_IMMUNITY_TIME_IN_SECONDS", ["", "", "", "", "", ""]),
    ("producer", "pollNameServerInterval", ["30000", "30000", "30000", "30000", "30000", "30000"]),
    ("producer", "heartbeatBrokerInterval", ["30000", "30000", "30000", "30000", "30000", "30000"]),
    (
        "consumer",
        "messageListener",
        ["concurrently", "concurrently", "concurrently", "concurrently", "concurrently", "concurrently"],
    ),
    ("consumer", "messageModel", ["CLUSTERING", "CLUSTERING", "CLUSTERING", "CLUSTERING", "CLUSTERING", "CLUSTERING"]),
    ("consumer", "clientRebalance", ["", "true", "true", "true", "true", "true"]),
    (
        "consumer",
        "consumeFromWhere",
        [
            "CONSUME_FROM_LAST_OFFSET",
            "CONSUME_FROM_LAST_OFFSET",
            "CONSUME_FROM_LAST_OFFSET",
            "CONSUME_FROM_LAST_OFFSET",
            "CONSUME_FROM_LAST_OFFSET",
            "CONSUME_FROM_LAST_OFFSET",
        ],
    ),
    ("consumer", "consumeTimestamp", ["1800", "1800", "1800", "1800", "1800", "1800"]),
    ("consumer", "persistConsumerOffsetInterval", ["5000", "5000", "5000", "5000", "5000", "5000"]),
    ("consumer", "maxReconsumeTimes", ["-1", "-1", "-1", "-1", "-1", "-1"]),
    ("consumer", "consumeTimeout", ["15", "15", "15", "15", "15", "15"]),
    ("consumer", "pullBatchSize", ["32", "32", "32", "32", "32", "32"]),
    ("consumer", "pullThresholdForQueue", ["1000", "1000", "1000", "1000", "1000", "1000"]),
    ("consumer", "suspendCurrentQueueTimeMillis", ["1000", "1000", "1000", "1000", "1000", "1000"]),
    ("consumer", "popInvisibleTime", ["", "60000", "60000", "60000", "60000", "60000"]),
    ("consumer", "popBatchNums", ["", "32", "32", "32", "32", "32"]),
    ("consumer", "awaitTerminationMillisWhenShutdown", ["0", "0", "0", "0", "0", "0"]),
    ("consumer", "rocketmq.client.rebalance.waitInterval", ["20000", "20000", "20000", "20000", "20000", "20000"]),
    ("consumer", "retryQueueNums", ["1", "1", "1", "1", "1", "1"]),
    ("consumer", "pollNameServerInterval", ["30000", "30000", "30000", "30000", "30000", "30000"]),
    ("consumer", "heartbeatBrokerInterval", ["30000", "30000", "30000", "30000", "30000", "30000"]),
];

#[test]
fn the_defaults_of_six_releases_are_those_of_their_tags() {
    for (column, version) in ["4.9.8", "5.0.0", "5.1.4", "5.2.0", "5.3.3", "5.4"].into_iter().enumerate() {
        let effective = Effective::defaults(version, "java", VERSIONS, &SETTINGS);
        for (section, key, values) in TABLE {
            assert_eq!(
                effective.text(section, key).unwrap_or_default(),
                values[column],
                "{section}.{key} in {version}"
            );
        }
    }
    for setting in SETTINGS.iter().filter(|setting| setting.modelled && setting.section != "slave") {
        let is_there = TABLE.iter().any(|(section, key, _)| (*section, *key) == (setting.section, setting.key));
        assert!(is_there, "{}.{}", setting.section, setting.key);
    }
}

#[test]
fn a_default_that_changed_between_two_bug_fix_releases_is_that_of_the_release() {
    let default = |version: &str, section: &str, key: &str| {
        let effective = Effective::defaults(version, "java", VERSIONS, &SETTINGS);
        effective.text(section, key).map(str::to_owned)
    };
    let interval = |version| default(version, "broker", "transactionCheckInterval");
    assert_eq!(["5.1.0", "5.1.1"].map(interval), [Some("60000".to_owned()), Some("30000".to_owned())]);
    assert_eq!(default("4.9.0", "broker", "flushCommitLogTimed").as_deref(), Some("false"));
    assert_eq!(default("4.9.1", "broker", "flushCommitLogTimed").as_deref(), Some("true"));
    assert_eq!(default("4.9.2", "broker", "slaveTimeout"), None);
    assert_eq!(default("5.3.2", "producer", "sendMsgMaxTimeoutPerRequest"), None);
}

#[test]
fn what_slaves_do_not_set_is_that_of_brokers_and_no_key_is_there_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for setting in SETTINGS.iter() {
        assert!(seen.insert((setting.section, setting.key)), "{}.{} is there twice", setting.section, setting.key);
        assert!(!setting.effect.is_empty() && !setting.source.is_empty(), "{}.{}", setting.section, setting.key);
    }
    let of_slaves = |version: &str| {
        let effective = Effective::defaults(version, "java", VERSIONS, &SETTINGS);
        effective.iter().filter(|(name, ..)| name.section == "slave").count()
    };
    assert_eq!(VERSIONS.iter().map(|version| of_slaves(version)).sum::<usize>(), 0);
    let since = |key: &str, version: &str| {
        let setting = SETTINGS.iter().find(|setting| (setting.section, setting.key) == ("slave", key));
        setting.and_then(|setting| setting.comes_after(version, VERSIONS))
    };
    assert_eq!((since("inSyncReplicas", "4.9"), since("inSyncReplicas", "5.0")), (Some("5.0"), None));
    for broker in SETTINGS.iter().filter(|setting| setting.section == "broker" && setting.modelled) {
        let slave = SETTINGS.iter().find(|setting| (setting.section, setting.key) == ("slave", broker.key));
        let first = |setting: &ackproof_core::setting::Setting| {
            setting.defaults.first().map(|(since, _)| *since).filter(|since| !since.starts_with("4.9"))
        };
        if let Some(slave) = slave {
            assert_eq!(first(slave), first(broker), "{}", broker.key);
        }
    }
}

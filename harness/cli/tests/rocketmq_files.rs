//! RocketMQ's own files, as it ships them: what they say of the cluster, and what is wrong with several that do not fit.

use std::path::Path;

use ackproof::registry;
use ackproof_scenario::{Scenario, Severity, parse_in};

const MASTER: &str = "brokerClusterName=DefaultCluster\nbrokerName=broker-a\nbrokerId=0\ndeleteWhen=04\n\
                      fileReservedTime=48\nbrokerRole=SYNC_MASTER\nflushDiskType=ASYNC_FLUSH\n";
const SLAVE: &str = "brokerClusterName=DefaultCluster\nbrokerName=broker-a\nbrokerId=1\ndeleteWhen=04\n\
                     fileReservedTime=48\nbrokerRole=SLAVE\nflushDiskType=ASYNC_FLUSH\n";
const CONTROLLER: &str = "brokerName = broker-a\nbrokerId = -1\nbrokerRole = SLAVE\nenableControllerMode = true\n\
                          controllerAddr = 127.0.0.1:9878\nnamesrvAddr = 127.0.0.1:9876\nallAckInSyncStateSet=true\n";
const NAMESRV: &str = "<!--\n  Licensed to the Apache Software Foundation (ASF)\n  the License.\n  -->\n\n\
                       listenPort = 9876\nenableControllerInNamesrv = true\ncontrollerDLegerGroup = group1\n\
                       controllerDLegerPeers = n0-127.0.0.1:9878;n1-127.0.0.1:9868;n2-127.0.0.1:9858\n\
                       controllerDLegerSelfId = n0\nscanNotActiveBrokerInterval = 3000\n";
const DLEDGER: &str = "brokerClusterName = RaftCluster\nbrokerName=RaftNode00\nlistenPort=30911\n\
                       enableDLegerCommitLog=true\ndLegerGroup=RaftNode00\n\
                       dLegerPeers=n0-127.0.0.1:40911;n1-127.0.0.1:40912;n2-127.0.0.1:40913\n\
                       dLegerSelfId=n0\nsendMessageThreadPoolNums=16\n";

/// Reads a scenario that names files, with `lines` of its own.
fn read(files: &[(&str, &str)], lines: &str) -> Result<Scenario, Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file can be written");
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let from = names.join(", ");
    let text = format!("broker: rocketmq@5.3\nconfig: {{ from: [{from}] }}\nfaults: {{ none: [] }}\n{lines}\n");
    parse_in(folder.path(), "s.yaml", &text, &registry::brokers(), &[]).map_err(|found| {
        let errors = found.located().into_iter().filter(|one| one.severity == Severity::Error);
        errors
            .map(|one| format!("{}:{} {}", one.file.unwrap_or_default(), one.line.unwrap_or(0), one.message))
            .collect()
    })
}

#[track_caller]
fn whole(files: &[(&str, &str)], lines: &str) -> Scenario {
    read(files, lines).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

#[track_caller]
fn refused(files: &[(&str, &str)], lines: &str, wanted: &[&str]) {
    let errors = read(files, lines).expect_err("they do not fit");
    assert_eq!(errors.len(), wanted.len(), "{errors:#?}");
    for (error, wanted) in errors.iter().zip(wanted) {
        assert!(error.starts_with(wanted), "wanted `{wanted}`, found `{error}`");
    }
}

/// Mode, groups and slaves of the only row.
fn cluster(scenario: &Scenario) -> (String, u8, u8) {
    let deployment = scenario.rows[0].setup.cluster.deployment.clone().expect("it has groups");
    (deployment.mode, deployment.groups, deployment.slaves)
}

fn value(scenario: &Scenario, section: &str, key: &str) -> Option<String> {
    scenario.rows[0].effective.text(section, key).map(str::to_owned)
}

fn of_b(text: &str) -> String {
    text.replace("broker-a", "broker-b")
}

#[test]
fn two_masters_and_two_slaves_are_two_groups_and_their_trap_is_said() {
    let (master, slave) = (of_b(MASTER), of_b(SLAVE));
    let files = [
        ("broker-a.properties", MASTER),
        ("broker-a-s.properties", SLAVE),
        ("broker-b.properties", &master),
        ("broker-b-s.properties", &slave),
    ];
    let scenario = whole(&files, "");
    assert_eq!(cluster(&scenario), ("master-slave".to_owned(), 2, 1));
    assert_eq!(value(&scenario, "broker", "brokerRole").as_deref(), Some("SYNC_MASTER"));
    assert_eq!(value(&scenario, "broker", "fileReservedTime").as_deref(), Some("48"));
    assert!(scenario.rows[0].effective.iter().all(|(name, ..)| name.section != "slave"), "slaves are as their masters");
    let said = scenario.warnings.to_string();
    assert!(said.contains("brokerRole=SYNC_MASTER with inSyncReplicas=1"), "{said}");
}

#[test]
fn what_a_slave_has_otherwise_is_its_own_even_where_it_says_nothing() {
    let slave = SLAVE.replace("ASYNC_FLUSH", "SYNC_FLUSH").replace("fileReservedTime=48\n", "");
    let scenario = whole(&[("a.properties", MASTER), ("slave.properties", &slave)], "");
    assert_eq!(value(&scenario, "slave", "flushDiskType").as_deref(), Some("SYNC_FLUSH"));
    assert_eq!(value(&scenario, "broker", "flushDiskType").as_deref(), Some("ASYNC_FLUSH"));
    assert_eq!(value(&scenario, "slave", "fileReservedTime").as_deref(), Some("72"), "it left it at its default");
    assert_eq!(value(&scenario, "slave", "deleteWhen"), None, "both say 04");
}

#[test]
fn controllers_and_nameservers_are_counted_and_one_process_can_be_both() {
    let other = CONTROLLER.to_owned() + "listenPort=30921\nstorePathRootDir=/tmp/rmqstore/node01\n";
    let files = [("broker-n0.conf", CONTROLLER), ("broker-n1.conf", &other), ("namesrv.conf", NAMESRV)];
    let scenario = whole(&files, "");
    assert_eq!(cluster(&scenario), ("controller".to_owned(), 1, 1));
    let deployment = scenario.rows[0].setup.cluster.deployment.clone().expect("it has groups");
    assert_eq!((deployment.nameservers, deployment.controllers), (1, 3));
    assert_eq!(value(&scenario, "broker", "allAckInSyncStateSet").as_deref(), Some("true"));
    for section in ["namesrv", "controller"] {
        assert_eq!(value(&scenario, section, "scanNotActiveBrokerInterval").as_deref(), Some("3000"), "{section}");
    }
}

#[test]
fn one_file_of_dledger_names_its_whole_group() {
    let scenario = whole(&[("broker-n0.conf", DLEDGER)], "");
    assert_eq!(cluster(&scenario), ("dledger".to_owned(), 1, 2));
    let n1 = DLEDGER.replace("SelfId=n0", "SelfId=n1").replace("30911", "30921");
    assert_eq!(cluster(&whole(&[("broker-n0.conf", DLEDGER), ("broker-n1.conf", &n1)], "")).2, 2);
    refused(
        &[("broker-n0.conf", DLEDGER), ("broker-n1.conf", DLEDGER)],
        "",
        &["broker-n1.conf:7 `RaftNode00` has two brokers with the id n0: here and in broker-n0.conf:7"],
    );
    let stranger = DLEDGER.replace("SelfId=n0", "SelfId=n7");
    refused(&[("broker.conf", &stranger)], "", &["broker.conf:7 `dLegerSelfId=n7` is none of dLegerPeers, n0, n1, n2"]);
}

#[test]
fn one_masters_file_alone_leaves_the_rest_to_the_scenario() {
    assert_eq!(cluster(&whole(&[("broker.conf", MASTER)], "")), ("master-slave".to_owned(), 1, 0));
    let said = "cluster: { mode: acting-master, groups: 2, slaves: 2 }";
    assert_eq!(cluster(&whole(&[("broker.conf", MASTER)], said)), ("acting-master".to_owned(), 2, 2));
}

#[test]
fn a_scenario_that_says_otherwise_than_its_files_is_wrong() {
    let files = [("broker-a.properties", MASTER), ("broker-a-s.properties", SLAVE)];
    let wanted = "s.yaml:4 `cluster.slaves` is 2, and the files describe 1 (broker-a-s.properties:2)";
    refused(&files, "cluster: { slaves: 2 }", &[wanted]);
    let wanted = "s.yaml:4 `cluster.mode` is dledger, and the files describe master-slave";
    refused(&files, "cluster: { mode: dledger }", &[wanted]);
    let same = "cluster: { slaves: 1, mode: master-slave }";
    assert_eq!(cluster(&whole(&files, same)).2, 1);
    let varied = whole(&files, "matrix: { cluster.slaves: [1, 2] }");
    assert_eq!(varied.rows.len(), 2, "an axis asks what another number would do");
}

#[test]
fn a_slave_without_its_master_is_refused() {
    let wanted = "broker-a-s.properties:6 a slave of `broker-a`, and none of the files is its master's";
    refused(&[("broker-a-s.properties", SLAVE)], "", &[wanted]);
    let other = of_b(MASTER);
    refused(&[("broker-b.properties", &other), ("broker-a-s.properties", SLAVE)], "", &[wanted]);
    let no_id = SLAVE.replace("brokerId=1", "brokerId=0");
    let wanted = "broker-a-s.properties:3 the brokerId of a slave is larger than 0, not 0";
    refused(&[("broker-a.properties", MASTER), ("broker-a-s.properties", &no_id)], "", &[wanted]);
}

#[test]
fn ids_that_clash_are_refused_with_both_places() {
    let files = [("m.conf", MASTER), ("broker-1.conf", SLAVE), ("broker-2.conf", SLAVE)];
    refused(&files, "", &["broker-2.conf:3 `broker-a` has two brokers with the id 1: here and in broker-1.conf:3"]);
    let files = [("m.conf", MASTER), ("n.conf", MASTER)];
    refused(&files, "", &["n.conf:3 `broker-a` has two masters: here and in m.conf:3"]);
}

#[test]
fn brokers_of_one_role_that_differ_are_refused_with_both_places() {
    let other = of_b(MASTER).replace("48", "72");
    let wanted =
        "broker-b.properties:5 `fileReservedTime` is `72` in broker-b.properties:5 and `48` in broker-a.properties:5";
    refused(&[("broker-a.properties", MASTER), ("broker-b.properties", &other)], "", &[wanted]);
    // The default is a value like any other.
    let silent = of_b(MASTER).replace("fileReservedTime=48\n", "");
    let wanted =
        "broker-b.properties:1 `fileReservedTime` is left at its default `72` in broker-b.properties:1 and `48`";
    refused(&[("broker-a.properties", MASTER), ("broker-b.properties", &silent)], "", &[wanted]);
    let alike = silent + "fileReservedTime=48\n";
    whole(&[("broker-a.properties", MASTER), ("broker-b.properties", &alike)], "");
}

#[test]
fn groups_and_modes_that_differ_are_refused() {
    let other = of_b(MASTER);
    let files = [("m.conf", MASTER), ("s.conf", SLAVE), ("n.conf", &other)];
    refused(&files, "", &["n.conf:2 `broker-b` has 1 and `broker-a` 2 brokers: in a run all groups are alike"]);
    let wanted = "c.conf:1 `c.conf` is a broker of cluster.mode: controller, and `m.conf` of master-slave";
    refused(&[("m.conf", &other), ("c.conf", CONTROLLER)], "", &[wanted]);
}

#[test]
fn what_the_broker_would_silently_read_as_something_else_is_an_error() {
    let padded =
        MASTER.replace("fileReservedTime=48", "fileReservedTime=48 ").replace("deleteWhen=04", "deleteWhen=04 ");
    refused(&[("broker.conf", &padded)], "", &["broker.conf:5 blanks follow the value of `fileReservedTime`"]);
    let padded = MASTER.to_owned() + "slaveReadEnable=true\t\n";
    refused(&[("broker.conf", &padded)], "", &["broker.conf:8 blanks follow the value of `slaveReadEnable`"]);
    let small = MASTER.replace("ASYNC_FLUSH", "sync_flush");
    refused(&[("broker.conf", &small)], "", &["broker.conf:7 `sync_flush` is no value of `flushDiskType`"]);
}

#[test]
fn a_misspelt_key_in_a_brokers_file_is_an_error() {
    let misspelt = MASTER.to_owned() + "inSyncReplica=2\n";
    refused(
        &[("broker-a.properties", &misspelt)],
        "",
        &["broker-a.properties:8 rocketmq has no broker setting `inSyncReplica`"],
    );
    let wrong = MASTER.replace("SYNC_MASTER", "SYNCMASTER");
    refused(
        &[("broker-a.properties", &wrong)],
        "",
        &["broker-a.properties:6 `SYNCMASTER` is no value of `brokerRole`"],
    );
}

#[test]
fn a_slaves_file_can_be_looked_at_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broker-a-s.properties");
    std::fs::write(&path, SLAVE).expect("a file can be written");
    let broker = registry::brokers().into_iter().find(|broker| broker.name() == "rocketmq").expect("it is registered");
    let read = ackproof_scenario::read_config(Path::new(&path), None, broker);
    let read = read.unwrap_or_else(|errors| panic!("{errors}"));
    let kept: Vec<String> = read.values.iter().map(|(name, value, _)| format!("{name}={value}")).collect();
    assert_eq!(kept, ["slave.fileReservedTime=48"]);
}

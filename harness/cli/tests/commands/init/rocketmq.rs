//! RocketMQ's own files, one for each broker.

use super::{axes, chosen, place};

const MASTER: &str = "brokerClusterName=DefaultCluster\nbrokerName=broker-a\nbrokerId=0\ndeleteWhen=04\n\
                      fileReservedTime=48\nbrokerRole=SYNC_MASTER\nflushDiskType=ASYNC_FLUSH\n";
const SLAVE: &str = "brokerClusterName=DefaultCluster\nbrokerName=broker-a\nbrokerId=1\ndeleteWhen=04\n\
                     fileReservedTime=48\nbrokerRole=SLAVE\nflushDiskType=ASYNC_FLUSH\n";
const CONTROLLER: &str = "brokerName = broker-a\nbrokerId = -1\nbrokerRole = SLAVE\nenableControllerMode = true\n\
                          controllerAddr = 127.0.0.1:9878\nnamesrvAddr = 127.0.0.1:9876\nallAckInSyncStateSet=true\n";
const DLEDGER: &str = "brokerName=RaftNode00\nenableDLegerCommitLog=true\ndLegerGroup=RaftNode00\ndLegerSelfId=n0\n\
                       dLegerPeers=n0-127.0.0.1:40911;n1-127.0.0.1:40912;n2-127.0.0.1:40913\n";

#[test]
fn a_master_and_its_slave_become_a_scenario_that_runs() {
    let place = place(&[]);
    place.write("broker-a.properties", MASTER);
    place.write("broker-a-s.properties", SLAVE);
    place
        .run(&["init", "--from", "broker-a.properties", "broker-a-s.properties", "-o", "s.yaml"])
        .ended(0)
        .says("s.yaml: rocketmq@")
        .says("broker-a-s.properties:2: `broker-a` is group a, and this a slave");
    let chosen = chosen(&place, "s.yaml");
    let at = |name: &str| chosen.get(name).map(|(value, source)| (value.as_str(), source.as_str()));
    assert_eq!(at("broker.fileReservedTime"), Some(("48", "broker-a.properties:5")));
    assert_eq!(at("cluster.slaves").map(|(value, _)| value), Some("1"));
    let plan = place.run(&["plan", "s.yaml", "--format", "json"]).ended(0).json();
    assert_eq!(axes(&plan), ["broker.flushDiskType", "broker.brokerRole", "broker.inSyncReplicas"]);
    // The user's own row comes first, and it waits for nobody.
    assert_eq!(plan["rows"][0]["row"]["broker.brokerRole"], "SYNC_MASTER");
    place.run(&["check", "s.yaml"]).ended(0).says("waits for no slave");
    place.run(&["run", "s.yaml", "--runs", "10"]).ended(0);
}

#[test]
fn a_master_alone_is_asked_about_its_disk() {
    let place = place(&[]);
    place.write("broker.conf", MASTER);
    place.run(&["init", "--from", "broker.conf", "-o", "s.yaml"]).ended(0).says("2 rows x 5 fault classes");
    place.run(&["run", "s.yaml", "--runs", "10"]).ended(0);
}

#[test]
fn controllers_and_dledger_are_asked_about_what_they_have() {
    let place = place(&[]);
    place.write("broker-n0.conf", CONTROLLER);
    place.write("broker-n1.conf", CONTROLLER);
    place.write("dledger.conf", DLEDGER);
    place.run(&["init", "--from", "broker-n0.conf", "broker-n1.conf", "-o", "c.yaml"]).ended(0);
    let plan = place.run(&["plan", "c.yaml", "--format", "json"]).ended(0).json();
    assert_eq!(axes(&plan), ["broker.flushDiskType", "broker.allAckInSyncStateSet", "broker.minInSyncReplicas"]);
    assert_eq!(plan["rows"][0]["setup"]["cluster.controllers"]["value"], "1");
    place.run(&["init", "--from", "dledger.conf", "-o", "d.yaml"]).ended(0).says("1 row x 8 fault classes");
    let plan = place.run(&["plan", "d.yaml", "--format", "json"]).ended(0).json();
    assert_eq!(plan["rows"][0]["setup"]["cluster.slaves"]["value"], "2");
    assert_eq!(plan["rows"][0]["setup"]["cluster.mode"]["value"], "dledger");
}

#[test]
fn files_tell_whose_they_are_and_what_does_not_fit() {
    let place = place(&[]);
    place.write("broker-a-s.properties", SLAVE);
    place.write("server.properties", "num.partitions=1\nlog.retention.hours=168\n");
    place
        .run(&["init", "--from", "broker-a-s.properties", "-o", "s.yaml"])
        .ended(2)
        .says("a slave of `broker-a`, and none of the files is its master's");
    place.run(&["init", "--from", "server.properties", "-o", "k.yaml"]).ended(0).says("k.yaml: kafka@");
    place.run(&["init", "-o", "n.yaml"]).ended(0).says("n.yaml: kafka@");
    place.run(&["init", "--broker", "rocketmq", "-o", "r.yaml"]).ended(0).says("r.yaml: rocketmq@");
}

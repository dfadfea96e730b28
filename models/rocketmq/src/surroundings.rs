//! How files around RocketMQ are read: which of them is for whom, and what they say of the cluster.
//!
//! Every broker has a file of its own. Its name is its group; masters and slaves are told by their role and id, members
//! of a DLedger group by the peers that all of them name, and in controller mode each file is one more broker.

use std::collections::BTreeMap;

use ackproof_core::surroundings::{Fleet, Guest, Misfit, Seat, Standing, Surroundings};

pub static ROCKETMQ: Surroundings = Surroundings {
    file_words: &[("nameserver", "namesrv")],
    section: "broker",
    fleet: Some(&FLEET),
    guests: &[Guest { host: "namesrv", guest: "controller", mark: ("enableControllerInNamesrv", "true") }],
    addresses: &[
        ("broker", "namesrvAddr", "cluster.nameservers"),
        ("broker", "controllerAddr", "cluster.controllers"),
        ("controller", "controllerDLegerPeers", "cluster.controllers"),
    ],
    ..Surroundings::NONE
};

static FLEET: Fleet = Fleet {
    section: "broker",
    of_slaves: "slave",
    own: &[
        "brokerClusterName",
        "brokerName",
        "brokerId",
        "brokerIP1",
        "brokerIP2",
        "listenPort",
        "haListenPort",
        "haMasterAddress",
        "namesrvAddr",
        "controllerAddr",
        "bindAddress",
        "rocketmqHome",
        "storePathRootDir",
        "storePathCommitLog",
        "storePathDLedgerCommitLog",
        "storePathEpochFile",
        "storePathBrokerIdentity",
        "dLegerGroup",
        "dLegerPeers",
        "dLegerSelfId",
        "preferredLeaderId",
        "enableControllerMode",
        "enableDLegerCommitLog",
        "enableSlaveActingMaster",
    ],
    role: "brokerRole",
    standing,
    padding: "RocketMQ cannot read a number with blanks behind it and silently keeps the default, and takes such a truth value for false (MixAll.properties2Object)",
    source: "BrokerStartup.buildBrokerController, BrokerIdentity, DLedgerCommitLog at develop 8fc57f1",
};

/// Group of a broker that gives itself no name. Source: BrokerIdentity.DEFAULT_BROKER_NAME.
const NAMELESS: &str = "DEFAULT_BROKER";

fn misfit(key: &'static str, message: impl Into<String>) -> Misfit {
    Misfit { key, message: message.into() }
}

fn standing(file: &BTreeMap<&str, &str>) -> Result<Standing, Misfit> {
    let value = |key: &str| file.get(key).map(|text| text.trim());
    let is_on = |key: &str| value(key).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let group = value("brokerName").unwrap_or(NAMELESS).to_owned();
    if is_on("enableDLegerCommitLog") {
        if is_on("enableControllerMode") {
            let message = "`enableControllerMode` and `enableDLegerCommitLog` cannot both be true: the broker exits";
            return Err(misfit("enableControllerMode", message));
        }
        return of_dledger(file, group);
    }
    let elected = |mode| Standing { group: group.clone(), id: None, mode, seat: Seat::Any, members: None };
    if is_on("enableControllerMode") {
        return Ok(elected("controller"));
    }
    let mode = if is_on("enableSlaveActingMaster") { "acting-master" } else { "master-slave" };
    let is_slave = value("brokerRole") == Some("SLAVE");
    let id = value("brokerId").unwrap_or("0");
    match (is_slave, id.parse::<i64>()) {
        (true, Ok(number)) if number > 0 => {
            Ok(Standing { group, id: Some(number.to_string()), mode, seat: Seat::Slave, members: None })
        }
        (true, _) => {
            Err(misfit("brokerId", format!("the brokerId of a slave is larger than 0, not {id}: the broker exits")))
        }
        // A broker that is no slave takes the id 0, whatever its file says.
        (false, _) => Ok(Standing { group, id: Some("0".to_owned()), mode, seat: Seat::Master, members: None }),
    }
}

/// The peers name the whole group: `n0-127.0.0.1:40911;n1-127.0.0.1:40912`.
fn of_dledger(file: &BTreeMap<&str, &str>, group: String) -> Result<Standing, Misfit> {
    let text = file.get("dLegerPeers").map_or("", |text| text.trim());
    let peers: Vec<&str> = text.split(';').filter(|peer| !peer.is_empty()).collect();
    let ids: Vec<&str> = peers.iter().map(|peer| peer.split_once('-').map_or(*peer, |(id, _)| id)).collect();
    let me = file.get("dLegerSelfId").map_or("", |text| text.trim());
    if peers.is_empty() {
        return Err(misfit("enableDLegerCommitLog", "`enableDLegerCommitLog=true` needs `dLegerPeers`"));
    }
    if !ids.contains(&me) {
        let message = match me {
            "" => "`enableDLegerCommitLog=true` needs `dLegerSelfId`".to_owned(),
            _ => format!("`dLegerSelfId={me}` is none of dLegerPeers, {}", ids.join(", ")),
        };
        return Err(misfit("dLegerSelfId", message));
    }
    let members = u8::try_from(peers.len()).ok();
    Ok(Standing { group, id: Some(me.to_owned()), mode: "dledger", seat: Seat::Any, members })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SETTINGS;

    fn read(text: &str) -> Result<Standing, Misfit> {
        standing(&text.split(' ').filter_map(|pair| pair.split_once('=')).collect())
    }

    #[test]
    fn masters_and_slaves_are_told_by_role_and_id() {
        let master = read("brokerName=broker-a brokerId=0 brokerRole=SYNC_MASTER").expect("it is right");
        assert_eq!((master.group.as_str(), master.seat, master.mode), ("broker-a", Seat::Master, "master-slave"));
        let slave = read("brokerName=broker-a brokerId=1 brokerRole=SLAVE enableSlaveActingMaster=true");
        let slave = slave.expect("it is right");
        assert_eq!((slave.id.as_deref(), slave.seat, slave.mode), (Some("1"), Seat::Slave, "acting-master"));
        // A master takes the id 0, whatever its file says.
        assert_eq!(read("brokerId=7").expect("it is right").id.as_deref(), Some("0"));
        assert_eq!(read("brokerRole=SLAVE").expect_err("a slave has an id").key, "brokerId");
        assert!(read("brokerRole=SLAVE brokerId=0").is_err() && read("brokerRole=SLAVE brokerId=x").is_err());
    }

    #[test]
    fn whoever_is_elected_has_no_seat_of_its_own() {
        let controller = read("brokerId=-1 brokerRole=SLAVE enableControllerMode=true").expect("it is right");
        assert_eq!((controller.seat, controller.mode, controller.members), (Seat::Any, "controller", None));
        let peers = "enableDLegerCommitLog=true dLegerPeers=n0-127.0.0.1:40911;n1-127.0.0.1:40912;n2-127.0.0.1:40913";
        let dledger = read(&format!("{peers} dLegerSelfId=n2")).expect("it is right");
        assert_eq!((dledger.seat, dledger.mode, dledger.members), (Seat::Any, "dledger", Some(3)));
        assert_eq!(dledger.id.as_deref(), Some("n2"));
        let stranger = read(&format!("{peers} dLegerSelfId=n9")).expect_err("it is no peer");
        assert_eq!(stranger.message, "`dLegerSelfId=n9` is none of dLegerPeers, n0, n1, n2");
        assert!(read(peers).is_err() && read("enableDLegerCommitLog=true").is_err());
        assert!(read(&format!("{peers} dLegerSelfId=n0 enableControllerMode=true")).is_err());
    }

    #[test]
    fn every_setting_that_is_named_exists() {
        let knows = |section: &str, key: &str| SETTINGS.iter().any(|s| (s.section, s.key) == (section, key));
        for key in FLEET.own.iter().chain([&FLEET.role]) {
            assert!(knows(FLEET.section, key), "{key}");
        }
        for (section, key, _) in ROCKETMQ.addresses {
            assert!(knows(section, key), "{section}.{key}");
        }
        for guest in ROCKETMQ.guests {
            assert!(knows(guest.host, guest.mark.0), "{}", guest.mark.0);
        }
    }
}

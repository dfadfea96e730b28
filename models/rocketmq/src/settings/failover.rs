//! Broker settings that decide who takes part in a fail-over, and how fast it is.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, int, long};

const BROKER: Setting = Setting { section: "broker", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "haMaxTimeSlaveNotCatchup",
        kind: long(1),
        defaults: &[("5.0", "15000")],
        unit: "ms",
        effect: "A slave may be behind for so long and still be in the SyncStateSet, and be elected.",
        source: "MessageStoreConfig.haMaxTimeSlaveNotCatchup; AutoSwitchHAService.maybeShrinkSyncStateSet",
        ..BROKER
    },
    Setting {
        key: "syncBrokerMetadataPeriod",
        kind: long(1),
        defaults: &[("5.0", "5000")],
        unit: "ms",
        effect: "How often a broker asks the controller who leads its group.",
        source: "BrokerConfig.syncBrokerMetadataPeriod; ReplicasManager.startBasicService",
        ..BROKER
    },
    Setting {
        key: "checkSyncStateSetPeriod",
        kind: long(1),
        defaults: &[("5.0", "5000")],
        unit: "ms",
        effect: "How often a master looks who has fallen behind.",
        source: "BrokerConfig.checkSyncStateSetPeriod; ReplicasManager.schedulingCheckSyncStateSet",
        ..BROKER
    },
    Setting {
        key: "controllerHeartBeatTimeoutMills",
        kind: long(1),
        defaults: &[("5.1", "10000")],
        unit: "ms",
        effect: "The controller takes a broker for dead that it has not heard of for so long.",
        source: "BrokerConfig.controllerHeartBeatTimeoutMills; DefaultBrokerHeartbeatManager; in 5.0 always 10 s",
        ..BROKER
    },
    Setting {
        key: "brokerHeartbeatInterval",
        kind: int(1),
        defaults: &[("5.0", "1000")],
        unit: "ms",
        effect: "How often a broker reports to controllers, and as an acting master to nameservers.",
        source: "BrokerConfig.brokerHeartbeatInterval; BrokerController.start",
        ..BROKER
    },
    Setting {
        key: "brokerNotActiveTimeoutMillis",
        kind: long(1),
        defaults: &[("5.0", "10000")],
        unit: "ms",
        effect: "In acting-master mode nameservers forget a broker that they have not heard of for so long; without, after 120 s.",
        source: "BrokerConfig.brokerNotActiveTimeoutMillis; BrokerController.doRegisterBrokerAll",
        ..BROKER
    },
    Setting {
        key: "brokerElectionPriority",
        kind: int(0),
        defaults: &[("5.1", "2147483647")],
        effect: "Of equal candidates the one with the lowest number is elected.",
        source: "BrokerConfig.brokerElectionPriority; DefaultElectPolicy; 5.1",
        ..BROKER
    },
    Setting {
        key: "asyncLearner",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "false")],
        effect: "The broker copies and is never in the SyncStateSet: it cannot be elected, and nobody waits for it.",
        source: "MessageStoreConfig.asyncLearner; AutoSwitchHAService, AutoSwitchHAClient",
        ..BROKER
    },
];

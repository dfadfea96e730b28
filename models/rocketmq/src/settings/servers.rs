//! Settings of nameservers and controllers.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, long};

const NAMESRV: Setting = Setting { section: "namesrv", ..ACTING };

pub(super) const OF_NAMESERVERS: &[Setting] = &[
    Setting {
        key: "scanNotActiveBrokerInterval",
        kind: long(1),
        defaults: &[("5.0", "5000")],
        unit: "ms",
        effect: "How often a nameserver forgets brokers that have gone silent: after 120 s, in acting-master mode brokerNotActiveTimeoutMillis. Fixed at 10 s in 4.9.",
        source: "NamesrvConfig.scanNotActiveBrokerInterval; NamesrvController.startScheduleService",
        ..NAMESRV
    },
    Setting {
        key: "supportActingMaster",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "false")],
        effect: "A group without its master is known to consumers by the slave with the lowest id. Needed for acting-master mode.",
        source: "NamesrvConfig.supportActingMaster; RouteInfoManager.pickupTopicRouteData",
        ..NAMESRV
    },
];

const CONTROLLER: Setting = Setting { section: "controller", ..ACTING };

pub(super) const OF_CONTROLLERS: &[Setting] = &[
    Setting {
        key: "enableElectUncleanMaster",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "false")],
        effect: "When nobody of the SyncStateSet is left, a replica that lacks acknowledged messages may be elected, and they are gone.",
        source: "ControllerConfig.enableElectUncleanMaster; ReplicasInfoManager.electMaster, DefaultElectPolicy",
        ..CONTROLLER
    },
    Setting {
        key: "scanNotActiveBrokerInterval",
        kind: long(1),
        defaults: &[("5.0", "5000")],
        unit: "ms",
        effect: "How often the controller looks for brokers that have gone silent.",
        source: "ControllerConfig.scanNotActiveBrokerInterval; DefaultBrokerHeartbeatManager.scanNotActiveBroker",
        ..CONTROLLER
    },
    Setting {
        key: "scanInactiveMasterInterval",
        kind: long(1),
        defaults: &[("5.1.1", "5000")],
        unit: "ms",
        effect: "How often the controller tries again to elect a master for a group without one; before 5.1.1 never.",
        source: "ControllerConfig.scanInactiveMasterInterval; DLedgerController.scanInactiveMasterAndTriggerReelect",
        ..CONTROLLER
    },
];

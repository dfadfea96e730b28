//! Broker settings of replication between the brokers of a group.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, int};

const BROKER: Setting = Setting { section: "broker", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "brokerRole",
        kind: ValueKind::Exactly(&["ASYNC_MASTER", "SYNC_MASTER", "SLAVE"]),
        defaults: &[("4.9", "ASYNC_MASTER")],
        effect: "SYNC_MASTER waits for slaves before it answers: before 5.0 for one, from 5.0 on for inSyncReplicas - 1 of them, which by default is none. Slaves are the scenario's cluster.slaves.",
        source: "MessageStoreConfig.brokerRole; CommitLog.handleHA, CommitLog.needHandleHA",
        ..BROKER
    },
    Setting {
        key: "slaveTimeout",
        kind: int(0),
        defaults: &[("4.9.3", "3000")],
        unit: "ms",
        effect: "A master waits so long for its slaves, then answers FLUSH_SLAVE_TIMEOUT; the message stays stored.",
        source: "MessageStoreConfig.slaveTimeout; GroupTransferService.doWaitTransfer; before 4.9.3 syncFlushTimeout counts for slaves too",
        ..BROKER
    },
    Setting {
        key: "haSlaveFallbehindMax",
        kind: int(0),
        defaults: &[("4.9", "268435456"), ("5.0", "")],
        unit: "bytes",
        effect: "A SYNC_MASTER of 4.9 answers SLAVE_NOT_AVAILABLE when no slave is nearer than this.",
        source: "MessageStoreConfig.haSlaveFallbehindMax; HAService.isSlaveOK at 4.9.8; removed in 5.0",
        ..BROKER
    },
    Setting {
        key: "haMaxGapNotInSync",
        kind: int(0),
        defaults: &[("5.0", "268435456")],
        unit: "bytes",
        effect: "In acting-master mode a slave further behind is not in sync.",
        source: "MessageStoreConfig.haMaxGapNotInSync; DefaultHAService.inSyncReplicasNums",
        ..BROKER
    },
    Setting {
        key: "totalReplicas",
        kind: int(1),
        defaults: &[("5.0", "1")],
        unit: "brokers",
        effect: "How many brokers the group is meant to have; with 1 an acting-master group never counts who is there.",
        source: "MessageStoreConfig.totalReplicas; DefaultMessageStore.setAliveReplicaNumInGroup, BrokerController.start",
        ..BROKER
    },
    Setting {
        key: "inSyncReplicas",
        kind: int(1),
        defaults: &[("5.0", "1")],
        unit: "brokers",
        effect: "Copies that a SYNC_MASTER waits for, its own included: with 1 it waits for nobody.",
        source: "MessageStoreConfig.inSyncReplicas; CommitLog.handleHA, calcNeedAckNums",
        ..BROKER
    },
    Setting {
        key: "minInSyncReplicas",
        kind: int(1),
        defaults: &[("5.0", "1")],
        unit: "brokers",
        effect: "In acting-master and controller mode fewer copies in sync than this refuse a send.",
        source: "MessageStoreConfig.minInSyncReplicas; CommitLog.asyncPutMessage, calcNeedAckNums",
        ..BROKER
    },
    Setting {
        key: "enableAutoInSyncReplicas",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "false")],
        effect: "In acting-master mode a master waits for fewer copies when fewer are in sync, down to minInSyncReplicas.",
        source: "MessageStoreConfig.enableAutoInSyncReplicas; CommitLog.calcNeedAckNums",
        ..BROKER
    },
    Setting {
        key: "allAckInSyncStateSet",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "false")],
        effect: "In controller mode every member of the SyncStateSet has to have a message before it is answered, whatever inSyncReplicas says.",
        source: "MessageStoreConfig.allAckInSyncStateSet; CommitLog.asyncPutMessage",
        ..BROKER
    },
    Setting {
        key: "haHousekeepingInterval",
        kind: int(1),
        defaults: &[("4.9", "20000")],
        unit: "ms",
        effect: "A replication link without a word for so long is closed.",
        source: "MessageStoreConfig.haHousekeepingInterval; DefaultHAConnection.ReadSocketService, DefaultHAClient",
        ..BROKER
    },
    Setting {
        key: "haSendHeartbeatInterval",
        kind: int(1),
        defaults: &[("4.9", "5000")],
        unit: "ms",
        effect: "A quiet replication link says so often that it is alive.",
        source: "MessageStoreConfig.haSendHeartbeatInterval; DefaultHAConnection.WriteSocketService, DefaultHAClient.isTimeToReportOffset",
        ..BROKER
    },
    Setting {
        key: "haTransferBatchSize",
        kind: int(1),
        defaults: &[("4.9", "32768")],
        unit: "bytes",
        effect: "How much a master sends a slave at once.",
        source: "MessageStoreConfig.haTransferBatchSize; DefaultHAConnection.WriteSocketService",
        ..BROKER
    },
    Setting {
        key: "syncFromLastFile",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "false")],
        effect: "In controller mode an empty slave begins with the master's last file: older messages are never copied to it.",
        source: "MessageStoreConfig.syncFromLastFile; AutoSwitchHAConnection",
        ..BROKER
    },
];

//! What a master waits for before it answers, and what it only seems to wait for.

use ackproof_core::setting::Trap;

use super::{Row, trap};
use crate::config::{FlushDisk, Mode};

pub(super) fn traps(row: &Row<'_>) -> Vec<Trap> {
    let all = [
        sync_master_alone(row),
        answers_alone(row),
        all_of_one(row),
        falls_to_one(row),
        more_than_there_are(row),
        more_than_total(row),
        fewer_than_the_floor(row),
        status_after_timeout(row),
        dledger_without_disk(row),
        told_at_once(row),
    ];
    all.into_iter().flatten().collect()
}

/// Copies that a send waits for while every broker is in sync; `None` for every member of the SyncStateSet.
fn copies(row: &Row<'_>) -> Option<u32> {
    let ha = &row.master().ha;
    match row.config.cluster.mode {
        Mode::Controller if ha.all_ack => None,
        Mode::ActingMaster if ha.auto_in_sync => Some(ha.in_sync_replicas.max(ha.min_in_sync_replicas)),
        Mode::MasterSlave | Mode::ActingMaster | Mode::Controller | Mode::Dledger => Some(ha.in_sync_replicas),
    }
}

fn is_plain(row: &Row<'_>) -> bool {
    match row.config.cluster.mode {
        Mode::MasterSlave | Mode::ActingMaster => true,
        Mode::Controller | Mode::Dledger => false,
    }
}

fn sync_master_alone(row: &Row<'_>) -> Option<Trap> {
    let counts = row.config.rules.counts_replicas;
    if !counts || !is_plain(row) || !row.is_sync_master() || copies(row)? > 1 {
        return None;
    }
    trap(
        "rocketmq-sync-master-waits-for-nobody",
        "brokerRole=SYNC_MASTER with inSyncReplicas=1, the default since 5.0, waits for no slave: it answers as ASYNC_MASTER does. inSyncReplicas=2 (and totalReplicas=2) waits for one",
        "CommitLog.handleHA, calcNeedAckNums at 5.0.0 to develop 8fc57f1; docs/en/QuorumACK.md",
    )
}

fn answers_alone(row: &Row<'_>) -> Option<Trap> {
    if !row.is_in(Mode::Controller) || copies(row)? > 1 {
        return None;
    }
    trap(
        "rocketmq-controller-mode-answers-alone",
        "controller mode with allAckInSyncStateSet=false and inSyncReplicas=1, the defaults, answers when only the master has a message; a slave that lacks it may be elected, and the message is cut off",
        "CommitLog.asyncPutMessage, AutoSwitchHAService.maybeShrinkSyncStateSet at develop 8fc57f1; docs/en/controller/deploy.md",
    )
}

fn all_of_one(row: &Row<'_>) -> Option<Trap> {
    let ha = &row.master().ha;
    if !row.is_in(Mode::Controller) || !ha.all_ack || ha.min_in_sync_replicas > 1 {
        return None;
    }
    trap(
        "rocketmq-all-of-a-set-of-one",
        "allAckInSyncStateSet=true with minInSyncReplicas=1 is content with a set of the master alone, which every election leaves behind: what it acknowledges then is in one place. minInSyncReplicas=2 refuses it",
        "ReplicasInfoManager.handleElectMaster, CommitLog.asyncPutMessage at develop 8fc57f1",
    )
}

fn falls_to_one(row: &Row<'_>) -> Option<Trap> {
    let ha = &row.master().ha;
    let falls = ha.auto_in_sync && ha.in_sync_replicas > 1 && ha.min_in_sync_replicas <= 1;
    if !row.is_in(Mode::ActingMaster) || !row.is_sync_master() || !falls {
        return None;
    }
    trap(
        "rocketmq-acks-fall-to-the-master-alone",
        format!(
            "enableAutoInSyncReplicas=true with minInSyncReplicas=1 waits for inSyncReplicas={} only while so many are in sync: without its slaves the master answers SEND_OK alone. minInSyncReplicas=2 refuses it",
            ha.in_sync_replicas
        ),
        "CommitLog.calcNeedAckNums at develop 8fc57f1",
    )
}

fn more_than_there_are(row: &Row<'_>) -> Option<Trap> {
    let (members, ha) = (row.members(), &row.master().ha);
    let asks = row.is_sync_master() && row.config.rules.counts_replicas && !row.is_in(Mode::Dledger);
    let (key, wanted, then) = match row.config.cluster.mode {
        Mode::Controller if ha.min_in_sync_replicas > members => {
            ("minInSyncReplicas", ha.min_in_sync_replicas, "every send is refused")
        }
        Mode::ActingMaster if ha.auto_in_sync && ha.min_in_sync_replicas > members => {
            ("minInSyncReplicas", ha.min_in_sync_replicas, "every send is refused")
        }
        Mode::ActingMaster if !ha.auto_in_sync && ha.in_sync_replicas > members => {
            ("inSyncReplicas", ha.in_sync_replicas, "every send is refused")
        }
        Mode::MasterSlave | Mode::Controller if copies(row)? > members => {
            ("inSyncReplicas", copies(row)?, "every send is stored and answered FLUSH_SLAVE_TIMEOUT after slaveTimeout")
        }
        Mode::MasterSlave | Mode::ActingMaster | Mode::Controller | Mode::Dledger => return None,
    };
    if !asks {
        return None;
    }
    trap(
        "rocketmq-more-replicas-than-brokers",
        format!("{key}={wanted}, and a group has {members} brokers: {then}"),
        "CommitLog.asyncPutMessage, GroupTransferService.doWaitTransfer at develop 8fc57f1",
    )
}

fn more_than_total(row: &Row<'_>) -> Option<Trap> {
    let ha = &row.master().ha;
    let wanted = ha.in_sync_replicas.max(ha.min_in_sync_replicas);
    if !is_plain(row) || !row.is_sync_master() || !row.config.rules.counts_replicas || wanted <= ha.total_replicas {
        return None;
    }
    let then = match row.config.cluster.mode {
        Mode::ActingMaster => "a master that counts one broker refuses every send",
        Mode::MasterSlave | Mode::Controller | Mode::Dledger => {
            "a broker container does not start with it, and a broker by itself does not look"
        }
    };
    trap(
        "rocketmq-more-replicas-than-total",
        format!("inSyncReplicas or minInSyncReplicas is {wanted} and totalReplicas {}: {then}", ha.total_replicas),
        "BrokerContainerStartup, BrokerController.start, DefaultMessageStore.setAliveReplicaNumInGroup at develop 8fc57f1",
    )
}

fn fewer_than_the_floor(row: &Row<'_>) -> Option<Trap> {
    let ha = &row.master().ha;
    if !row.is_in(Mode::MasterSlave) || ha.min_in_sync_replicas <= 1 {
        return None;
    }
    trap(
        "rocketmq-floor-that-nobody-keeps",
        "minInSyncReplicas is looked at in controller mode, and with enableAutoInSyncReplicas in acting-master mode; plain groups take messages without it",
        "CommitLog.asyncPutMessage, calcNeedAckNums at develop 8fc57f1",
    )
}

fn status_after_timeout(row: &Row<'_>) -> Option<Trap> {
    let (store, ha, client) = (&row.master().store, &row.master().ha, row.config.producer.timeout);
    let waits_for_slaves = row.is_sync_master()
        && !row.is_in(Mode::Dledger)
        && row.config.producer.wait_store
        && (!row.config.rules.counts_replicas || copies(row).is_none_or(|copies| copies > 1));
    let late = [
        (row.waits_for_disk() && store.sync_flush_timeout >= client, "syncFlushTimeout", store.sync_flush_timeout),
        (waits_for_slaves && ha.slave_timeout >= client, "slaveTimeout", ha.slave_timeout),
    ];
    let late: Vec<String> =
        late.into_iter().filter(|(is_late, ..)| *is_late).map(|(_, key, span)| format!("{key}={}", span.0)).collect();
    if late.is_empty() {
        return None;
    }
    trap(
        "rocketmq-status-comes-after-the-client-gave-up",
        format!(
            "{} is not below sendMsgTimeout={}: before the broker answers FLUSH_DISK_TIMEOUT or FLUSH_SLAVE_TIMEOUT the client throws, and the message is stored",
            late.join(" and "),
            client.0
        ),
        "DefaultMQProducer.sendMsgTimeout, MessageStoreConfig.syncFlushTimeout and slaveTimeout; apache/rocketmq#5657",
    )
}

fn dledger_without_disk(row: &Row<'_>) -> Option<Trap> {
    let asks = match row.master().store.flush {
        FlushDisk::Sync => true,
        FlushDisk::Async => false,
    };
    if !asks || !row.is_in(Mode::Dledger) {
        return None;
    }
    trap(
        "rocketmq-dledger-does-not-sync",
        "flushDiskType=SYNC_FLUSH has no effect with DLedger: a message is acknowledged when a majority has it in memory, and synced about 10 ms later",
        "DLedgerEntryPusher.QuorumAckChecker, DLedgerMmapFileStore.FlushDataService at dledger d054548",
    )
}

fn told_at_once(row: &Row<'_>) -> Option<Trap> {
    if row.config.producer.wait_store || row.is_in(Mode::Dledger) {
        return None;
    }
    trap(
        "rocketmq-message-that-waits-for-nothing",
        "waitStoreMsgOK=false answers SEND_OK as soon as the master has the message in memory, whatever flushDiskType and brokerRole say",
        "CommitLog.needHandleHA, handleDiskFlush at develop 8fc57f1",
    )
}

//! Valid settings that do not do what a reader would think.

mod clients;
mod waiting;

use ackproof_core::setting::{Effective, Trap};
use ackproof_core::setup::Setup;

use crate::config::{BrokerConfig, Config, FlushDisk, Mode, Role};

/// Every trap of a row.
pub fn traps(effective: &Effective, setup: &Setup) -> Vec<Trap> {
    let row = Row { effective, setup, config: Config::from_effective(effective, setup) };
    [waiting::traps(&row), row.stores(), row.clusters(), clients::traps(&row)].concat()
}

/// A row, and what its settings come to.
struct Row<'r> {
    effective: &'r Effective,
    setup: &'r Setup,
    config: Config,
}

fn trap(id: &'static str, message: impl Into<String>, source: &'static str) -> Option<Trap> {
    Some(Trap { id, message: message.into(), source })
}

impl Row<'_> {
    fn master(&self) -> &BrokerConfig {
        &self.config.master
    }
    fn is_in(&self, mode: Mode) -> bool {
        self.config.cluster.mode == mode
    }
    fn is_sync_master(&self) -> bool {
        match self.master().role {
            Role::SyncMaster => true,
            Role::AsyncMaster => false,
        }
    }
    /// Whether a master answers after its own disk has a message. DLedger never asks.
    fn waits_for_disk(&self) -> bool {
        let is_sync = match self.master().store.flush {
            FlushDisk::Sync => true,
            FlushDisk::Async => false,
        };
        is_sync && !self.is_in(Mode::Dledger) && self.config.producer.wait_store
    }
    /// Brokers of one group.
    fn members(&self) -> u32 {
        u32::from(self.config.cluster.members())
    }

    /// What is on a disk, and when.
    fn stores(&self) -> Vec<Trap> {
        [
            self.failed_sync(),
            self.pool_with_sync_flush(),
            self.pool_in_process(),
            self.slave_that_syncs(),
            self.retention(),
            self.duplication(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn failed_sync(&self) -> Option<Trap> {
        if !self.waits_for_disk() || self.config.rules.failed_sync_counts_for_nothing {
            return None;
        }
        trap(
            "rocketmq-failed-sync-is-answered-ok",
            "flushDiskType=SYNC_FLUSH up to 5.3.3 takes a sync that failed for done: the answer is SEND_OK, and the message is on no disk",
            "MappedFile.flush at 4.9.8, DefaultMappedFile.flush at 5.3.3; apache/rocketmq#9713",
        )
    }

    fn pool_with_sync_flush(&self) -> Option<Trap> {
        if !self.waits_for_disk() || !self.master().store.pool || self.config.rules.flush_waits_for_commit {
            return None;
        }
        match self.config.rules.pool_with_sync_flush {
            false => trap(
                "rocketmq-pool-is-off-with-sync-flush",
                "transientStorePoolEnable=true with flushDiskType=SYNC_FLUSH is silently off before 5.0",
                "MessageStoreConfig.isTransientStorePoolEnable at 4.9.8",
            ),
            true => trap(
                "rocketmq-pool-times-out-with-sync-flush",
                "transientStorePoolEnable=true with flushDiskType=SYNC_FLUSH before 5.2 answers nearly every send with FLUSH_DISK_TIMEOUT: the flush gives up before the pool is committed",
                "CommitLog.GroupCommitService.doCommit at 5.1.4; apache/rocketmq#7523",
            ),
        }
    }

    fn pool_in_process(&self) -> Option<Trap> {
        let is_async = match self.master().store.flush {
            FlushDisk::Async => true,
            FlushDisk::Sync => false,
        };
        if !self.master().store.pool || !is_async || self.is_in(Mode::Dledger) {
            return None;
        }
        trap(
            "rocketmq-pool-is-lost-with-its-process",
            "transientStorePoolEnable=true keeps the newest messages in the process: a kill, which loses nothing otherwise, loses up to commitIntervalCommitLog of what was acknowledged",
            "CommitLog.CommitRealTimeService, TransientStorePool at develop 8fc57f1",
        )
    }

    fn slave_that_syncs(&self) -> Option<Trap> {
        let is_chosen = self.effective.text("slave", "flushDiskType") == Some("SYNC_FLUSH");
        if !is_chosen || self.is_in(Mode::Dledger) {
            return None;
        }
        trap(
            "rocketmq-slave-answers-from-memory",
            "flushDiskType=SYNC_FLUSH on a slave makes it sync more often, but it tells the master what is in its memory: a power loss of both machines can lose what both had confirmed",
            "DefaultHAClient.dispatchReadRequest, CommitLog.appendData at develop 8fc57f1",
        )
    }

    fn retention(&self) -> Option<Trap> {
        let hours = self.master().store.reserved.0 / 3_600_000;
        if !self.effective.is_set("broker", "fileReservedTime") || hours >= 72 {
            return None;
        }
        trap(
            "rocketmq-retention-deletes-unconsumed",
            format!(
                "fileReservedTime={hours} deletes files after {hours} hours, whether or not every group has consumed what is in them"
            ),
            "DefaultMessageStore.CleanCommitLogService at develop 8fc57f1",
        )
    }

    fn duplication(&self) -> Option<Trap> {
        if self.effective.text("broker", "duplicationEnable") != Some("true") {
            return None;
        }
        trap(
            "rocketmq-duplication-never-waits",
            "duplicationEnable=true switches off every wait for slaves and the check of minInSyncReplicas; it is not modelled: this row waits as without it",
            "CommitLog.needHandleHA at develop 8fc57f1",
        )
    }

    /// What a group of brokers can and cannot do.
    fn clusters(&self) -> Vec<Trap> {
        [self.two_of_dledger(), self.unknown_acting_master(), self.unread_acting_master(), self.created_by_send()]
            .into_iter()
            .flatten()
            .collect()
    }

    fn two_of_dledger(&self) -> Option<Trap> {
        if !self.is_in(Mode::Dledger) || self.members() != 2 {
            return None;
        }
        trap(
            "rocketmq-dledger-of-two",
            "two nodes of DLedger need each other: when either is gone the group takes no message, and nobody is elected",
            "DLedgerLeaderElector.maintainAsCandidate at dledger d054548; docs/en/dledger/deploy_guide.md",
        )
    }

    fn unknown_acting_master(&self) -> Option<Trap> {
        if !self.is_in(Mode::ActingMaster) || self.config.nameserver.acting_master {
            return None;
        }
        trap(
            "rocketmq-acting-master-is-not-announced",
            "cluster.mode: acting-master needs namesrv.supportActingMaster=true: without it nameservers name no acting master to anybody",
            "RouteInfoManager.pickupTopicRouteData at develop 8fc57f1; docs/cn/SlaveActingMasterMode.md",
        )
    }

    fn unread_acting_master(&self) -> Option<Trap> {
        let has_slaves = self.config.cluster.slaves > 0;
        if !self.is_in(Mode::ActingMaster) || !has_slaves || self.config.slave.service.slave_reads {
            return None;
        }
        trap(
            "rocketmq-acting-master-refuses-readers",
            "an acting master is still a SLAVE: without slaveReadEnable=true it refuses every pull",
            "PullMessageProcessor.rejectRequest at develop 8fc57f1",
        )
    }

    fn created_by_send(&self) -> Option<Trap> {
        if self.config.topic.groups == self.config.cluster.groups {
            return None;
        }
        trap(
            "rocketmq-topic-of-one-group",
            "autoCreateTopicEnable=true creates the topic in the group that got the first send, and in no other: when that group is gone there is nowhere else to send to. A topic that mqadmin creates is meant where topic.writeQueueNums is set",
            "TopicConfigManager.createTopicInSendMessageMethod at develop 8fc57f1",
        )
    }
}

#[cfg(test)]
mod tests;

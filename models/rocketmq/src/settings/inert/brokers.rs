//! Of brokers: judged for masters and for slaves apart, because a broker's setting is a slave's too unless that has its own.

use ackproof_core::setting::{Effective, Inert};

use super::{Why, inert_of};
use crate::config::{BrokerConfig, Config, FlushDisk, Mode, Role};
use crate::reader::is_created_by_send;
use crate::settings::SETTINGS;

pub(super) fn inert(effective: &Effective, config: &Config) -> Vec<Inert> {
    let (master, slave) = (Standing::of(config, &config.master, true), Standing::of(config, &config.slave, false));
    let has_slaves = config.cluster.slaves > 0;
    let mut found = Vec::new();
    for setting in SETTINGS.iter().filter(|setting| setting.modelled) {
        let key = setting.key;
        let why = match setting.section {
            "slave" if !has_slaves => Some("the groups have no slaves"),
            "slave" => slave.why(key),
            "broker" => {
                let acts_on_slaves = has_slaves && effective.text("slave", key).is_none() && slave.why(key).is_none();
                master.why(key).filter(|_| !acts_on_slaves)
            }
            _ => None,
        };
        found.extend(why.map(|why| inert_of(setting.section, key, why)));
    }
    if !is_created_by_send(effective) {
        found.push(inert_of("broker", "autoCreateTopicEnable", "the topic is there before the first send"));
    }
    if config.cluster.mode != Mode::ActingMaster {
        found.push(inert_of("namesrv", "supportActingMaster", NOT_ACTING));
    }
    found
}

const DLEDGER: Why = "DLedger stores and copies in its own way";
const NOT_ACTING: Why = "only in acting-master mode";
const NOT_CONTROLLER: Why = "only in controller mode";
const NO_MASTER: Why = "a slave of this mode never becomes a master";
const NOT_SYNC: Why = "only a SYNC_MASTER asks what slaves have";
const WAITS_FOR_NOTHING: Why = "messages with waitStoreMsgOK=false wait for nothing";
const WAITS_FOR_NO_SLAVE: Why = "the master waits for no slave";

/// One broker as it begins, and what it can become.
struct Standing<'c> {
    config: &'c Config,
    broker: &'c BrokerConfig,
    /// Whether it ever answers producers.
    can_lead: bool,
}

impl<'c> Standing<'c> {
    fn of(config: &'c Config, broker: &'c BrokerConfig, is_master: bool) -> Standing<'c> {
        let can_lead = match config.cluster.mode {
            Mode::MasterSlave | Mode::ActingMaster => is_master,
            Mode::Controller | Mode::Dledger => true,
        };
        Standing { config, broker, can_lead }
    }

    fn is_in(&self, mode: Mode) -> bool {
        self.config.cluster.mode == mode
    }
    fn is_sync_flush(&self) -> bool {
        match self.broker.store.flush {
            FlushDisk::Sync => true,
            FlushDisk::Async => false,
        }
    }
    fn is_sync_master(&self) -> bool {
        match self.broker.role {
            Role::SyncMaster => true,
            Role::AsyncMaster => false,
        }
    }

    /// Why a key of `broker` makes no difference to it; `None` where it does.
    fn why(&self, key: &str) -> Option<Why> {
        self.of_store(key)
            .or_else(|| self.of_replication(key))
            .or_else(|| self.of_fail_over(key))
            .or_else(|| self.of_service(key))
    }

    fn of_store(&self, key: &str) -> Option<Why> {
        let store = &self.broker.store;
        let is_dledger = self.is_in(Mode::Dledger);
        match key {
            "flushDiskType" => is_dledger.then_some(DLEDGER),
            "flushIntervalCommitLog"
            | "flushCommitLogLeastPages"
            | "flushCommitLogThoroughInterval"
            | "flushCommitLogTimed"
            | "wakeFlushWhenPutMessage" => match () {
                () if is_dledger => Some(DLEDGER),
                () if self.is_sync_flush() => Some("SYNC_FLUSH syncs when it is asked to"),
                () if key == "wakeFlushWhenPutMessage" && store.flush_timed => {
                    Some("with flushCommitLogTimed=true the flusher sleeps its whole interval")
                }
                () => None,
            },
            "syncFlushTimeout" => self.no_wait().or_else(|| {
                let is_for_slaves = !self.config.rules.counts_replicas && self.is_sync_master();
                (!self.is_sync_flush() && !is_for_slaves).then_some("only SYNC_FLUSH waits for the disk")
            }),
            "transientStorePoolEnable" => match () {
                () if is_dledger => Some(DLEDGER),
                () if !self.can_lead => Some("a slave of this mode does not use the pool"),
                () if self.is_sync_flush() && !self.config.rules.pool_with_sync_flush => {
                    Some("before 5.0 SYNC_FLUSH switches it off")
                }
                () => None,
            },
            "commitIntervalCommitLog"
            | "commitCommitLogLeastPages"
            | "commitCommitLogThoroughInterval"
            | "wakeCommitWhenPutMessage" => self
                .of_store("transientStorePoolEnable")
                .or_else(|| (!store.pool).then_some("there is no pool (transientStorePoolEnable=false)")),
            "readUnCommitted" => {
                let hides = self.config.rules.readers_wait_for_flush && self.is_sync_flush();
                let shows_all = !hides && !self.is_in(Mode::Controller);
                (is_dledger || shows_all)
                    .then_some("consumers see everything that is appended, or all that DLedger confirms")
            }
            _ => None,
        }
    }

    /// Why nobody waits for this broker's disk or slaves.
    fn no_wait(&self) -> Option<Why> {
        match () {
            () if self.is_in(Mode::Dledger) => Some(DLEDGER),
            () if !self.can_lead => Some(NO_MASTER),
            () if !self.config.producer.wait_store => Some(WAITS_FOR_NOTHING),
            () => None,
        }
    }

    /// Why nobody waits for its slaves.
    fn no_wait_for_slaves(&self) -> Option<Why> {
        self.no_wait().or_else(|| (!self.is_sync_master()).then_some(NOT_SYNC))
    }

    fn of_replication(&self, key: &str) -> Option<Why> {
        let ha = &self.broker.ha;
        let is_acting = self.is_in(Mode::ActingMaster);
        match key {
            "brokerRole" if self.is_in(Mode::Controller) => Some("whoever the controller elects is a SYNC_MASTER"),
            "brokerRole" if self.is_in(Mode::Dledger) => Some(DLEDGER),
            "slaveTimeout" => self.no_wait_for_slaves().or_else(|| {
                let asks_all = self.is_in(Mode::Controller) && ha.all_ack;
                let asks_floor = is_acting && ha.auto_in_sync && ha.min_in_sync_replicas > 1;
                let waits = !self.config.rules.counts_replicas || ha.in_sync_replicas > 1 || asks_all || asks_floor;
                (!waits).then_some(WAITS_FOR_NO_SLAVE)
            }),
            "haSlaveFallbehindMax" => match self.config.rules.counts_replicas {
                true => Some("it was removed in 5.0"),
                false => self.no_wait_for_slaves(),
            },
            "haMaxGapNotInSync" | "enableAutoInSyncReplicas" => {
                (!is_acting).then_some(NOT_ACTING).or_else(|| self.no_wait_for_slaves())
            }
            "totalReplicas" => (!is_acting).then_some(NOT_ACTING),
            "inSyncReplicas" => self.no_wait_for_slaves().or_else(|| {
                let all = self.is_in(Mode::Controller) && ha.all_ack;
                all.then_some("with allAckInSyncStateSet=true every member counts")
            }),
            "minInSyncReplicas" => match self.config.cluster.mode {
                Mode::MasterSlave => Some("only in controller mode, and in acting-master mode"),
                Mode::ActingMaster if !ha.auto_in_sync => {
                    Some("acting-master mode asks for it with enableAutoInSyncReplicas")
                }
                Mode::ActingMaster | Mode::Controller | Mode::Dledger => self.no_wait_for_slaves(),
            },
            "allAckInSyncStateSet" => (!self.is_in(Mode::Controller)).then_some(NOT_CONTROLLER),
            "haHousekeepingInterval" | "haSendHeartbeatInterval" | "haTransferBatchSize" => match () {
                () if self.is_in(Mode::Dledger) => Some(DLEDGER),
                () if self.config.cluster.slaves == 0 => Some("the groups have no slaves"),
                () => None,
            },
            "syncFromLastFile" => (!self.is_in(Mode::Controller)).then_some(NOT_CONTROLLER),
            _ => None,
        }
    }

    fn of_fail_over(&self, key: &str) -> Option<Why> {
        let is_acting = self.is_in(Mode::ActingMaster);
        match key {
            "haMaxTimeSlaveNotCatchup"
            | "syncBrokerMetadataPeriod"
            | "checkSyncStateSetPeriod"
            | "controllerHeartBeatTimeoutMills"
            | "brokerElectionPriority"
            | "asyncLearner" => (!self.is_in(Mode::Controller)).then_some(NOT_CONTROLLER),
            "brokerHeartbeatInterval" => (!is_acting && !self.is_in(Mode::Controller))
                .then_some("only in controller mode and acting-master mode"),
            "brokerNotActiveTimeoutMillis" => (!is_acting).then_some(NOT_ACTING),
            _ => None,
        }
    }

    fn of_service(&self, key: &str) -> Option<Why> {
        let service = &self.broker.service;
        match key {
            "slaveReadEnable" if self.config.cluster.slaves == 0 => Some("the groups have no slaves"),
            "slaveReadEnable" if !self.config.rules.slaves_refuse_reads => {
                Some("before 5.0 a slave answers consumers whatever it says")
            }
            "transactionTimeOut" | "transactionCheckMax" | "transactionCheckInterval" => match () {
                () if self.config.producer.transactions.is_none() => Some("nobody sends in transactions"),
                () if !self.can_lead && self.is_in(Mode::MasterSlave) => Some(NO_MASTER),
                () => None,
            },
            "enablePopBufferMerge" => (!self.config.consumer.pop).then_some("no consumer uses POP"),
            "shortPollingTimeMills" => service.long_polling.then_some("longPollingEnable is true"),
            _ => None,
        }
    }
}

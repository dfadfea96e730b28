//! The settings of one row as the actors read them: typed, and with the rules of the release.

use ackproof_core::time::Span;

use crate::release::{Release, Rules};

/// What a message counts as, whatever counts bytes: a body of about 100 bytes with its header, topic and the properties
/// that the client adds.
pub const MESSAGE_BYTES: u64 = 256;
/// The operating system's page, by which the least dirty amounts are counted.
pub const PAGE_BYTES: u64 = 4096;

/// One row, ready to run.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    pub release: Release,
    pub rules: Rules,
    pub cluster: ClusterConfig,
    /// Of brokers that begin as masters: id 0.
    pub master: BrokerConfig,
    /// Of brokers that begin as slaves: the same, with what `slave` sets otherwise.
    pub slave: BrokerConfig,
    pub nameserver: NameserverConfig,
    pub controller: ControllerConfig,
    pub topic: TopicConfig,
    pub producer: ProducerConfig,
    pub consumer: ConsumerConfig,
}

/// How the brokers of a group are kept alike.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Mode {
    MasterSlave,
    ActingMaster,
    Controller,
    Dledger,
}

/// The machines, apart from clients.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct ClusterConfig {
    pub mode: Mode,
    /// Broker groups, at least 1.
    pub groups: u8,
    /// Of each group, beside the broker with id 0.
    pub slaves: u8,
    pub nameservers: u8,
    /// 0 outside of controller mode.
    pub controllers: u8,
    pub producers: u8,
    pub consumers: u8,
}

impl ClusterConfig {
    /// Brokers of one group.
    pub fn members(self) -> u8 {
        self.slaves + 1
    }
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum FlushDisk {
    Async,
    Sync,
}

/// What a master does before it answers; a slave ignores it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Role {
    AsyncMaster,
    SyncMaster,
}

/// One broker's settings.
#[derive(Clone, PartialEq, Debug)]
pub struct BrokerConfig {
    pub role: Role,
    pub store: StoreConfig,
    pub ha: HaConfig,
    pub fail_over: FailOverConfig,
    pub service: ServiceConfig,
    pub transactions: TransactionsConfig,
}

/// When what was appended is committed, flushed and deleted.
#[derive(Clone, PartialEq, Debug)]
pub struct StoreConfig {
    /// `flushDiskType`
    pub flush: FlushDisk,
    /// `flushIntervalCommitLog`
    pub flush_interval: Span,
    /// `flushCommitLogLeastPages`
    pub flush_least_pages: u64,
    /// `flushCommitLogThoroughInterval`
    pub flush_thorough: Span,
    /// `flushCommitLogTimed`: appends do not wake the flusher.
    pub flush_timed: bool,
    /// `wakeFlushWhenPutMessage`; always so in 4.9.
    pub wake_flush: bool,
    /// `syncFlushTimeout`
    pub sync_flush_timeout: Span,
    /// `transientStorePoolEnable`
    pub pool: bool,
    /// `commitIntervalCommitLog`
    pub commit_interval: Span,
    /// `commitCommitLogLeastPages`
    pub commit_least_pages: u64,
    /// `commitCommitLogThoroughInterval`
    pub commit_thorough: Span,
    /// `wakeCommitWhenPutMessage`; always so in 4.9.
    pub wake_commit: bool,
    /// Messages in a file of `mappedFileSizeCommitLog` bytes.
    pub file_messages: u64,
    /// `fileReservedTime`
    pub reserved: Span,
    /// Hours of the day, `deleteWhen`.
    pub delete_when: Vec<u8>,
    /// `cleanResourceInterval`
    pub clean_interval: Span,
    /// `readUnCommitted`
    pub read_uncommitted: bool,
}

/// Replication between the brokers of one group.
#[derive(Clone, PartialEq, Debug)]
pub struct HaConfig {
    /// `slaveTimeout`
    pub slave_timeout: Span,
    /// `haSlaveFallbehindMax`, 4.9.
    pub fall_behind_max: u64,
    /// `haMaxGapNotInSync`
    pub max_gap_not_in_sync: u64,
    /// `totalReplicas`
    pub total_replicas: u32,
    /// `inSyncReplicas`
    pub in_sync_replicas: u32,
    /// `minInSyncReplicas`
    pub min_in_sync_replicas: u32,
    /// `enableAutoInSyncReplicas`
    pub auto_in_sync: bool,
    /// `allAckInSyncStateSet`
    pub all_ack: bool,
    /// `haHousekeepingInterval`
    pub housekeeping: Span,
    /// `haSendHeartbeatInterval`
    pub heartbeat: Span,
    /// Messages in `haTransferBatchSize` bytes, at least 1.
    pub batch: u64,
    /// `syncFromLastFile`
    pub from_last_file: bool,
}

/// Who takes part in a fail-over, and how fast.
#[derive(Clone, PartialEq, Debug)]
pub struct FailOverConfig {
    /// `haMaxTimeSlaveNotCatchup`
    pub not_caught_up: Span,
    /// `syncBrokerMetadataPeriod`
    pub sync_metadata: Span,
    /// `checkSyncStateSetPeriod`
    pub check_set: Span,
    /// `controllerHeartBeatTimeoutMills`
    pub controller_timeout: Span,
    /// `brokerHeartbeatInterval`
    pub heartbeat: Span,
    /// `brokerNotActiveTimeoutMillis`
    pub not_active: Span,
    /// `brokerElectionPriority`
    pub priority: i64,
    /// `asyncLearner`
    pub learner: bool,
}

/// What a broker does for clients.
#[derive(Clone, PartialEq, Debug)]
pub struct ServiceConfig {
    /// `slaveReadEnable`
    pub slave_reads: bool,
    /// `registerNameServerPeriod`, from 10 s to 60 s.
    pub register_period: Span,
    /// `flushConsumerOffsetInterval`
    pub flush_offsets: Span,
    /// `flushDelayOffsetInterval`
    pub flush_delay_offsets: Span,
    /// `messageDelayLevel`, from level 1 on.
    pub delay_levels: Vec<Span>,
    /// `retryQueueNums` of the group; 0 drops what is given back.
    pub retry_queues: u32,
    /// `longPollingEnable`
    pub long_polling: bool,
    /// `shortPollingTimeMills`
    pub short_polling: Span,
    /// `enablePopBufferMerge`
    pub pop_buffer_merge: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TransactionsConfig {
    /// `transactionTimeOut`
    pub timeout: Span,
    /// `transactionCheckMax`
    pub check_max: u32,
    /// `transactionCheckInterval`
    pub check_interval: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct NameserverConfig {
    /// `scanNotActiveBrokerInterval`
    pub scan: Span,
    /// `supportActingMaster`
    pub acting_master: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ControllerConfig {
    /// `enableElectUncleanMaster`
    pub unclean: bool,
    /// `scanNotActiveBrokerInterval`
    pub scan: Span,
    /// `scanInactiveMasterInterval`
    pub scan_masters: Span,
}

/// The topic of the workload.
#[derive(Clone, PartialEq, Debug)]
pub struct TopicConfig {
    /// `writeQueueNums` in each group.
    pub queues: u16,
    /// `readQueueNums` in each group: consumers look into no other queue.
    pub read_queues: u16,
    /// Groups that have the topic: all, or the first one where it was created by a send.
    pub groups: u8,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ProducerConfig {
    /// `sendMsgTimeout`, of all tries together.
    pub timeout: Span,
    /// `sendMsgMaxTimeoutPerRequest`
    pub timeout_per_try: Option<Span>,
    /// `retryTimesWhenSendFailed`
    pub retries: u32,
    /// `retryTimesWhenSendAsyncFailed`
    pub async_retries: u32,
    /// `retryAnotherBrokerWhenNotStoreOK`
    pub retry_not_ok: bool,
    /// `sendLatencyFaultEnable`
    pub avoid_faulty: bool,
    /// `waitStoreMsgOK`, of each message.
    pub wait_store: bool,
    pub client: ClientConfig,
    /// `CHECK_IMMUNITY_TIME_IN_SECONDS`, of each message.
    pub check_immunity: Option<Span>,
    /// How the application sends.
    pub send: ackproof_core::setup::SendMode,
    /// Statuses that the application takes for success.
    pub accepts: Statuses,
    /// `None` where nobody sends in transactions.
    pub transactions: Option<LocalTransactions>,
}

/// What the application says of its own part of a transaction.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct LocalTransactions {
    /// How likely it returns UNKNOW, from 0 to 1: it does not know yet whether it wants a commit.
    pub unknown_rate: f64,
    /// Asked later, it says what it wanted; otherwise UNKNOW again.
    pub answers_checks: bool,
}

/// A set of the four statuses of a send that was answered.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Statuses {
    pub ok: bool,
    pub flush_disk_timeout: bool,
    pub flush_slave_timeout: bool,
    pub slave_not_available: bool,
}

/// What every client has.
#[derive(Clone, PartialEq, Debug)]
pub struct ClientConfig {
    /// `pollNameServerInterval`
    pub poll_nameserver: Span,
    /// `heartbeatBrokerInterval`
    pub heartbeat: Span,
}

/// How a consumer's listener is called.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Listener {
    Concurrently,
    Orderly,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum FromWhere {
    LastOffset,
    FirstOffset,
    Timestamp,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ConsumerConfig {
    pub client: ClientConfig,
    pub listener: Listener,
    /// `messageModel=BROADCASTING`
    pub broadcasting: bool,
    /// `clientRebalance=false`: the broker hands out messages, and each has a time in which it is to be acknowledged.
    pub pop: bool,
    /// `consumeFromWhere`
    pub from_where: FromWhere,
    /// How long before the start `consumeTimestamp` is.
    pub from_before: Span,
    /// `persistConsumerOffsetInterval`
    pub persist_offsets: Span,
    /// `maxReconsumeTimes`; -1 is 16 for concurrent listeners and no limit for orderly ones.
    pub max_reconsume: i64,
    /// `consumeTimeout`
    pub timeout: Span,
    /// `pullBatchSize`
    pub pull_batch: u64,
    /// `pullThresholdForQueue`
    pub pull_threshold: u64,
    /// `suspendCurrentQueueTimeMillis`
    pub suspend: Span,
    /// `popInvisibleTime`
    pub invisible: Span,
    /// `popBatchNums`
    pub pop_batch: u64,
    /// `awaitTerminationMillisWhenShutdown`
    pub await_termination: Span,
    /// `rocketmq.client.rebalance.waitInterval`
    pub rebalance: Span,
    /// The listener hands the work to another thread and returns at once.
    pub in_background: bool,
    /// The listener asks for no other try of what it fails to process (`delayLevelWhenNextConsume` of -1), instead of
    /// returning RECONSUME_LATER or SUSPEND_CURRENT_QUEUE_A_MOMENT.
    pub rejects: bool,
}

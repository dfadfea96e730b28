//! From the text of a row to typed values, with a broker's values standing in for a slave's.

use ackproof_core::setting::Effective;
use ackproof_core::setup::{CheckBack, OnError, Processing, ProducerApp, Setup};
use ackproof_core::time::Span;

use crate::config::{
    BrokerConfig, ClientConfig, ClusterConfig, Config, ConsumerConfig, ControllerConfig, FailOverConfig, FlushDisk,
    FromWhere, HaConfig, Listener, LocalTransactions, MESSAGE_BYTES, Mode, NameserverConfig, ProducerConfig, Role,
    ServiceConfig, Statuses, StoreConfig, TopicConfig, TransactionsConfig,
};
use crate::deployment;
use crate::release::{Release, Rules};
use crate::status;

/// Queues of a topic that a send created: what a producer asks for, of at most 8.
///
/// Source: DefaultMQProducer.defaultTopicQueueNums, TopicConfigManager.createTopicInSendMessageMethod at develop 8fc57f1.
const QUEUES_OF_CREATED_TOPIC: u16 = 4;

/// `registerNameServerPeriod` is taken as at least and at most this. Source: BrokerController.start.
const REGISTER: (Span, Span) = (Span::secs(10), Span::secs(60));

impl Config {
    /// Types the values in force. Values that are not valid together were refused before.
    ///
    /// # Panics
    /// When a setting that the table promises a value for has none.
    pub fn from_effective(effective: &Effective, setup: &Setup) -> Config {
        let release = Release::parse(&effective.version)
            .unwrap_or_else(|| panic!("{} is no version of RocketMQ", effective.version));
        let (cluster, rules) = (deployment::cluster(setup), Rules::of(release));
        let read = |section| Reader { effective, section, fallback: None };
        let of_slaves = Reader { fallback: Some("broker"), ..read("slave") };
        let mode = cluster.mode;
        Config {
            release,
            rules,
            cluster,
            master: read("broker").broker(mode, effective),
            slave: of_slaves.broker(mode, effective),
            nameserver: read("namesrv").nameserver(),
            controller: read("controller").controller(),
            topic: topic(effective, cluster),
            producer: read("producer").producer(setup),
            consumer: read("consumer").consumer(setup),
        }
    }
}

/// Whether nobody created the topic before the first send did: who switches `autoCreateTopicEnable` on and says nothing
/// of the topic's queues relies on it.
pub(crate) fn is_created_by_send(effective: &Effective) -> bool {
    let says = |key| effective.is_set("topic", key);
    let creates =
        effective.is_set("broker", "autoCreateTopicEnable") && effective.bool("broker", "autoCreateTopicEnable");
    creates && !says("writeQueueNums") && !says("readQueueNums")
}

fn topic(effective: &Effective, cluster: ClusterConfig) -> TopicConfig {
    let read = Reader { effective, section: "topic", fallback: None };
    if is_created_by_send(effective) {
        let queues = QUEUES_OF_CREATED_TOPIC;
        return TopicConfig { queues, read_queues: queues, groups: 1 };
    }
    let (queues, read_queues) = (read.number("writeQueueNums", 8) as u16, read.number("readQueueNums", 8) as u16);
    TopicConfig { queues, read_queues, groups: cluster.groups }
}

/// Picks the values of one section out of a row.
#[derive(Copy, Clone)]
struct Reader<'a> {
    effective: &'a Effective,
    section: &'static str,
    /// The section that stands in for a value that is missing.
    fallback: Option<&'static str>,
}

impl<'a> Reader<'a> {
    fn text(self, key: &str) -> Option<&'a str> {
        let of = |section| self.effective.text(section, key);
        of(self.section).or_else(|| self.fallback.and_then(of))
    }
    /// `before` is for releases that do not have the setting, where nothing asks for it or it is what they do.
    fn integer(self, key: &str, before: i64) -> i64 {
        self.text(key).map_or(before, |text| {
            text.parse().unwrap_or_else(|_| panic!("{}.{key} is no whole number: {text}", self.section))
        })
    }
    fn number(self, key: &str, before: u64) -> u64 {
        self.integer(key, i64::try_from(before).unwrap_or(i64::MAX)).max(0) as u64
    }
    fn count(self, key: &str, before: u32) -> u32 {
        self.number(key, u64::from(before)).min(u64::from(u32::MAX)) as u32
    }
    fn span(self, key: &str, before: Span) -> Span {
        Span(self.number(key, before.0)).min(Span::MAX)
    }
    fn times(self, key: &str, unit: Span) -> Span {
        Span(self.number(key, 0).saturating_mul(unit.0)).min(Span::MAX)
    }
    fn is_on(self, key: &str) -> bool {
        self.text(key) == Some("true")
    }
    fn is(self, key: &str, word: &str) -> bool {
        self.text(key) == Some(word)
    }
    fn messages(self, key: &str) -> u64 {
        (self.number(key, 0) / MESSAGE_BYTES).max(1)
    }

    fn broker(self, mode: Mode, effective: &Effective) -> BrokerConfig {
        let is_sync = effective.text("broker", "brokerRole") == Some("SYNC_MASTER");
        BrokerConfig {
            role: match mode {
                // Whoever the controller makes a master runs as one, whatever its file says. Source:
                // ReplicasManager.changeToMaster.
                Mode::Controller => Role::SyncMaster,
                Mode::MasterSlave | Mode::ActingMaster | Mode::Dledger if is_sync => Role::SyncMaster,
                Mode::MasterSlave | Mode::ActingMaster | Mode::Dledger => Role::AsyncMaster,
            },
            store: self.store(),
            ha: self.ha(),
            fail_over: self.fail_over(),
            service: self.service(effective),
            transactions: TransactionsConfig {
                timeout: self.span("transactionTimeOut", Span::ZERO),
                check_max: self.count("transactionCheckMax", 0),
                check_interval: self.span("transactionCheckInterval", Span::ZERO),
            },
        }
    }

    fn store(self) -> StoreConfig {
        StoreConfig {
            flush: match self.is("flushDiskType", "SYNC_FLUSH") {
                true => FlushDisk::Sync,
                false => FlushDisk::Async,
            },
            flush_interval: self.span("flushIntervalCommitLog", Span::ZERO),
            flush_least_pages: self.number("flushCommitLogLeastPages", 0),
            flush_thorough: self.span("flushCommitLogThoroughInterval", Span::ZERO),
            flush_timed: self.is_on("flushCommitLogTimed"),
            wake_flush: self.text("wakeFlushWhenPutMessage").is_none_or(|text| text == "true"),
            sync_flush_timeout: self.span("syncFlushTimeout", Span::ZERO),
            pool: self.is_on("transientStorePoolEnable"),
            commit_interval: self.span("commitIntervalCommitLog", Span::ZERO),
            commit_least_pages: self.number("commitCommitLogLeastPages", 0),
            commit_thorough: self.span("commitCommitLogThoroughInterval", Span::ZERO),
            wake_commit: self.text("wakeCommitWhenPutMessage").is_none_or(|text| text == "true"),
            file_messages: self.messages("mappedFileSizeCommitLog"),
            reserved: self.times("fileReservedTime", Span::secs(3600)),
            delete_when: self.text("deleteWhen").and_then(hours).unwrap_or_default(),
            clean_interval: self.span("cleanResourceInterval", Span::ZERO),
            read_uncommitted: self.is_on("readUnCommitted"),
        }
    }

    fn ha(self) -> HaConfig {
        HaConfig {
            slave_timeout: self.span("slaveTimeout", self.span("syncFlushTimeout", Span::ZERO)),
            fall_behind_max: self.number("haSlaveFallbehindMax", u64::MAX),
            max_gap_not_in_sync: self.number("haMaxGapNotInSync", u64::MAX),
            total_replicas: self.count("totalReplicas", 1),
            in_sync_replicas: self.count("inSyncReplicas", 1),
            min_in_sync_replicas: self.count("minInSyncReplicas", 1),
            auto_in_sync: self.is_on("enableAutoInSyncReplicas"),
            all_ack: self.is_on("allAckInSyncStateSet"),
            housekeeping: self.span("haHousekeepingInterval", Span::ZERO),
            heartbeat: self.span("haSendHeartbeatInterval", Span::ZERO),
            batch: self.messages("haTransferBatchSize"),
            from_last_file: self.is_on("syncFromLastFile"),
        }
    }

    fn fail_over(self) -> FailOverConfig {
        FailOverConfig {
            not_caught_up: self.span("haMaxTimeSlaveNotCatchup", Span::secs(15)),
            sync_metadata: self.span("syncBrokerMetadataPeriod", Span::secs(5)),
            check_set: self.span("checkSyncStateSetPeriod", Span::secs(5)),
            controller_timeout: self.span("controllerHeartBeatTimeoutMills", Span::secs(10)),
            heartbeat: self.span("brokerHeartbeatInterval", Span::secs(1)),
            not_active: self.span("brokerNotActiveTimeoutMillis", Span::secs(10)),
            priority: self.integer("brokerElectionPriority", i64::from(i32::MAX)),
            learner: self.is_on("asyncLearner"),
        }
    }

    fn service(self, effective: &Effective) -> ServiceConfig {
        let group = Reader { effective, section: "consumer", fallback: None };
        ServiceConfig {
            slave_reads: self.is_on("slaveReadEnable"),
            register_period: self.span("registerNameServerPeriod", Span::ZERO).clamp(REGISTER.0, REGISTER.1),
            flush_offsets: self.span("flushConsumerOffsetInterval", Span::ZERO),
            flush_delay_offsets: self.span("flushDelayOffsetInterval", Span::ZERO),
            delay_levels: self.text("messageDelayLevel").and_then(delays).unwrap_or_default(),
            retry_queues: group.count("retryQueueNums", 0),
            long_polling: self.is_on("longPollingEnable"),
            short_polling: self.span("shortPollingTimeMills", Span::ZERO),
            pop_buffer_merge: self.is_on("enablePopBufferMerge"),
        }
    }

    fn nameserver(self) -> NameserverConfig {
        NameserverConfig {
            scan: self.span("scanNotActiveBrokerInterval", Span::secs(10)),
            acting_master: self.is_on("supportActingMaster"),
        }
    }

    fn controller(self) -> ControllerConfig {
        ControllerConfig {
            unclean: self.is_on("enableElectUncleanMaster"),
            scan: self.span("scanNotActiveBrokerInterval", Span::secs(5)),
            scan_masters: self.span("scanInactiveMasterInterval", Span::MAX),
        }
    }

    fn client(self) -> ClientConfig {
        ClientConfig {
            poll_nameserver: self.span("pollNameServerInterval", Span::ZERO),
            heartbeat: self.span("heartbeatBrokerInterval", Span::ZERO),
        }
    }

    fn producer(self, setup: &Setup) -> ProducerConfig {
        let app = &setup.app.producer;
        let per_try = u64::try_from(self.integer("sendMsgMaxTimeoutPerRequest", -1)).ok().map(Span);
        ProducerConfig {
            timeout: self.span("sendMsgTimeout", Span::ZERO),
            timeout_per_try: per_try,
            retries: self.count("retryTimesWhenSendFailed", 0),
            async_retries: self.count("retryTimesWhenSendAsyncFailed", 0),
            retry_not_ok: self.is_on("retryAnotherBrokerWhenNotStoreOK"),
            avoid_faulty: self.is_on("sendLatencyFaultEnable"),
            wait_store: self.is_on("waitStoreMsgOK"),
            client: self.client(),
            check_immunity: self
                .text("CHECK_IMMUNITY_TIME_IN_SECONDS")
                .map(|_| self.times("CHECK_IMMUNITY_TIME_IN_SECONDS", Span::secs(1))),
            send: app.send,
            accepts: accepted(app.accept.as_deref()),
            transactions: app.transaction.map(|transaction| LocalTransactions {
                unknown_rate: transaction.unknown_rate,
                answers_checks: match transaction.check {
                    CheckBack::Answer => true,
                    CheckBack::Unknown => false,
                },
            }),
        }
    }

    fn consumer(self, setup: &Setup) -> ConsumerConfig {
        let app = &setup.app.consumer;
        ConsumerConfig {
            client: self.client(),
            listener: match self.is("messageListener", "orderly") {
                true => Listener::Orderly,
                false => Listener::Concurrently,
            },
            broadcasting: self.is("messageModel", "BROADCASTING"),
            // Orderly listeners and BROADCASTING always pull. Source: RebalancePushImpl.clientRebalance.
            pop: self.is("clientRebalance", "false")
                && !self.is("messageListener", "orderly")
                && !self.is("messageModel", "BROADCASTING"),
            from_where: match self.text("consumeFromWhere") {
                Some("CONSUME_FROM_FIRST_OFFSET") => FromWhere::FirstOffset,
                Some("CONSUME_FROM_TIMESTAMP") => FromWhere::Timestamp,
                Some(_) | None => FromWhere::LastOffset,
            },
            from_before: self.times("consumeTimestamp", Span::secs(1)),
            persist_offsets: self.span("persistConsumerOffsetInterval", Span::ZERO),
            max_reconsume: self.integer("maxReconsumeTimes", -1),
            timeout: self.times("consumeTimeout", Span::secs(60)),
            pull_batch: self.number("pullBatchSize", 1),
            pull_threshold: self.number("pullThresholdForQueue", 1),
            suspend: self.span("suspendCurrentQueueTimeMillis", Span::ZERO),
            invisible: self.span("popInvisibleTime", Span::secs(60)),
            pop_batch: self.number("popBatchNums", 32),
            await_termination: self.span("awaitTerminationMillisWhenShutdown", Span::ZERO),
            rebalance: self.span("rocketmq.client.rebalance.waitInterval", Span::ZERO),
            in_background: match app.processing {
                Processing::Background => true,
                Processing::Inline => false,
            },
            rejects: match app.on_error {
                OnError::Reject => true,
                // Who tries again by itself does not tell its client.
                OnError::Retry | OnError::Requeue => false,
            },
        }
    }
}

/// Which statuses the application takes for success: every one that comes without an exception, unless it says.
fn accepted(words: Option<&[String]>) -> Statuses {
    let accepts = |status: &str| {
        words.is_none_or(|words| words.iter().any(|word| word == status || word == ProducerApp::ANY_STATUS))
    };
    Statuses {
        ok: accepts(status::SEND_OK),
        flush_disk_timeout: accepts(status::FLUSH_DISK_TIMEOUT),
        flush_slave_timeout: accepts(status::FLUSH_SLAVE_TIMEOUT),
        slave_not_available: accepts(status::SLAVE_NOT_AVAILABLE),
    }
}

/// `1s 5s 10m 2h` as the broker reads it; `None` for what it does not start with.
///
/// Source: ScheduleMessageService.parseDelayLevel at develop 8fc57f1.
pub(crate) fn delays(text: &str) -> Option<Vec<Span>> {
    text.split(' ').map(delay).collect()
}

fn delay(word: &str) -> Option<Span> {
    let unit = match word.chars().last()? {
        's' => Span::secs(1),
        'm' => Span::secs(60),
        'h' => Span::secs(3600),
        'd' => Span::secs(86_400),
        _ => return None,
    };
    let number: u64 = word[..word.len() - 1].parse().ok()?;
    Some(Span(number.checked_mul(unit.0)?).min(Span::MAX))
}

/// `04` or `04;16`: the hours in which expired files are deleted; `None` for what is no hour.
///
/// Source: UtilAll.isItTimeToDo at develop 8fc57f1.
pub(crate) fn hours(text: &str) -> Option<Vec<u8>> {
    let hour = |word: &str| word.parse::<u8>().ok().filter(|hour| *hour < 24);
    text.split(';').filter(|word| !word.is_empty()).map(hour).collect()
}

#[cfg(test)]
mod tests;

//! Broker settings about what clients are served with.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, int, long};

const BROKER: Setting = Setting { section: "broker", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "slaveReadEnable",
        kind: ValueKind::Bool,
        defaults: &[("4.9", "false")],
        effect: "A slave answers consumers. Before 5.0 it does so anyway when they ask it.",
        source: "BrokerConfig.slaveReadEnable; PullMessageProcessor.rejectRequest",
        ..BROKER
    },
    Setting {
        key: "registerNameServerPeriod",
        kind: int(1),
        defaults: &[("4.9", "30000")],
        unit: "ms",
        effect: "How often a broker tells nameservers that it is there; taken as 10 to 60 s.",
        source: "BrokerConfig.registerNameServerPeriod; BrokerController.start",
        ..BROKER
    },
    Setting {
        key: "autoCreateTopicEnable",
        kind: ValueKind::Bool,
        defaults: &[("4.9", "true")],
        effect: "A send to a topic that does not exist creates it, on the group that got it.",
        source: "BrokerConfig.autoCreateTopicEnable; TopicConfigManager.createTopicInSendMessageMethod",
        ..BROKER
    },
    Setting {
        key: "flushConsumerOffsetInterval",
        kind: int(1),
        defaults: &[("4.9", "5000")],
        unit: "ms",
        effect: "How often the progress of consumers is stored: what a broker that dies hands out again.",
        source: "BrokerConfig.flushConsumerOffsetInterval; BrokerController.initializeBrokerScheduledTasks",
        ..BROKER
    },
    Setting {
        key: "flushDelayOffsetInterval",
        kind: long(1),
        defaults: &[("4.9", "10000")],
        unit: "ms",
        effect: "The same for delayed messages.",
        source: "MessageStoreConfig.flushDelayOffsetInterval; ScheduleMessageService.start",
        ..BROKER
    },
    Setting {
        key: "messageDelayLevel",
        kind: ValueKind::Text,
        defaults: &[("4.9", "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h")],
        effect: "Delays of the levels 1, 2, ...; what a consumer gives back comes again after level 3, then 4, and so on.",
        source: "MessageStoreConfig.messageDelayLevel; ScheduleMessageService.parseDelayLevel, AbstractSendMessageProcessor.consumerSendMsgBack",
        ..BROKER
    },
    Setting {
        key: "longPollingEnable",
        kind: ValueKind::Bool,
        defaults: &[("4.9", "true")],
        effect: "A pull that finds nothing waits for messages at the broker.",
        source: "BrokerConfig.longPollingEnable; PullMessageProcessor, PullRequestHoldService",
        ..BROKER
    },
    Setting {
        key: "shortPollingTimeMills",
        kind: long(1),
        defaults: &[("4.9", "1000")],
        unit: "ms",
        effect: "How long it waits without longPollingEnable.",
        source: "BrokerConfig.shortPollingTimeMills; PullRequestHoldService",
        ..BROKER
    },
    Setting {
        key: "enablePopBufferMerge",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "false")],
        effect: "What POP has handed out is kept in memory first: a broker that dies forgets it.",
        source: "BrokerConfig.enablePopBufferMerge; PopBufferMergeService",
        ..BROKER
    },
    Setting {
        key: "transactionTimeOut",
        kind: long(0),
        defaults: &[("4.9", "6000")],
        unit: "ms",
        effect: "So long after a half message was stored the broker begins to ask what became of its transaction.",
        source: "BrokerConfig.transactionTimeOut; TransactionalMessageServiceImpl.check",
        ..BROKER
    },
    Setting {
        key: "transactionCheckMax",
        kind: int(1),
        defaults: &[("4.9", "15")],
        unit: "times",
        effect: "After so many questions the message is put aside and never delivered.",
        source: "BrokerConfig.transactionCheckMax; TransactionalMessageServiceImpl.needDiscard",
        ..BROKER
    },
    Setting {
        key: "transactionCheckInterval",
        kind: long(1),
        defaults: &[("4.9", "60000"), ("5.1.1", "30000")],
        unit: "ms",
        effect: "How often the broker looks for transactions without an end.",
        source: "BrokerConfig.transactionCheckInterval; TransactionalMessageCheckService; 30 s since 5.1.1",
        ..BROKER
    },
];

//! Consumer settings, and those of the group.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, int, long};

const CONSUMER: Setting = Setting { section: "consumer", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "messageListener",
        kind: ValueKind::Exactly(&["concurrently", "orderly"]),
        defaults: &[("4.9", "concurrently")],
        effect: "Which listener is registered: orderly ones lock their queue and repeat a message in its place.",
        source: "MessageListenerConcurrently, MessageListenerOrderly",
        ..CONSUMER
    },
    Setting {
        key: "messageModel",
        kind: ValueKind::Exactly(&["CLUSTERING", "BROADCASTING"]),
        defaults: &[("4.9", "CLUSTERING")],
        effect: "BROADCASTING: each consumer is handed everything, keeps its progress itself, and drops what failed.",
        source: "DefaultMQPushConsumer.messageModel; DefaultMQPushConsumerImpl",
        ..CONSUMER
    },
    Setting {
        key: "clientRebalance",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "true")],
        effect: "false: the broker hands out messages (POP), and each has popInvisibleTime to be acknowledged.",
        source: "DefaultMQPushConsumer.clientRebalance; DefaultMQPushConsumer.setClientRebalance; 5.0",
        ..CONSUMER
    },
    Setting {
        key: "consumeFromWhere",
        kind: ValueKind::Exactly(&["CONSUME_FROM_LAST_OFFSET", "CONSUME_FROM_FIRST_OFFSET", "CONSUME_FROM_TIMESTAMP"]),
        defaults: &[("4.9", "CONSUME_FROM_LAST_OFFSET")],
        effect: "Where a group begins that has no progress: with the last offset it skips what was sent before its first start, unless the queue still begins at 0.",
        source: "DefaultMQPushConsumer.consumeFromWhere; RebalancePushImpl.computePullFromWhereWithException, ConsumerManageProcessor.queryConsumerOffset",
        ..CONSUMER
    },
    Setting {
        key: "consumeTimestamp",
        kind: ValueKind::Int { min: 0, max: 31_536_000 },
        defaults: &[("4.9", "1800")],
        unit: "s before the start",
        effect: "With CONSUME_FROM_TIMESTAMP: how long before its start a new group begins. The API takes a date; by default 30 minutes ago.",
        source: "DefaultMQPushConsumer.consumeTimestamp",
        ..CONSUMER
    },
    Setting {
        key: "persistConsumerOffsetInterval",
        kind: int(1),
        defaults: &[("4.9", "5000")],
        unit: "ms",
        effect: "How often progress is sent to the broker: what comes again when the consumer dies.",
        source: "ClientConfig.persistConsumerOffsetInterval; MQClientInstance.startScheduledTask",
        ..CONSUMER
    },
    Setting {
        key: "maxReconsumeTimes",
        kind: int(-1),
        defaults: &[("4.9", "-1")],
        unit: "times",
        effect: "So often a message comes again, then it goes to the dead-letter queue; -1 is 16 times, for orderly listeners without end.",
        source: "DefaultMQPushConsumer.maxReconsumeTimes; ConsumeMessageConcurrentlyService.sendMessageBack, ConsumeMessageOrderlyService.getMaxReconsumeTimes",
        ..CONSUMER
    },
    Setting {
        key: "consumeTimeout",
        kind: long(1),
        defaults: &[("4.9", "15")],
        unit: "min",
        effect: "A message that its listener works on for longer is given back and comes again.",
        source: "DefaultMQPushConsumer.consumeTimeout; ProcessQueue.cleanExpiredMsg",
        ..CONSUMER
    },
    Setting {
        key: "pullBatchSize",
        kind: ValueKind::Int { min: 1, max: 1024 },
        defaults: &[("4.9", "32")],
        unit: "messages",
        effect: "What one pull brings.",
        source: "DefaultMQPushConsumer.pullBatchSize; DefaultMQPushConsumerImpl.pullMessage, checkConfig",
        ..CONSUMER
    },
    Setting {
        key: "pullThresholdForQueue",
        kind: ValueKind::Int { min: 1, max: 65535 },
        defaults: &[("4.9", "1000")],
        unit: "messages",
        effect: "So many unprocessed messages of a queue stop pulling.",
        source: "DefaultMQPushConsumer.pullThresholdForQueue; DefaultMQPushConsumerImpl.pullMessage, checkConfig",
        ..CONSUMER
    },
    Setting {
        key: "suspendCurrentQueueTimeMillis",
        kind: ValueKind::Int { min: 10, max: 30_000 },
        defaults: &[("4.9", "1000")],
        unit: "ms",
        effect: "An orderly listener that fails is called again after so long; taken as 10 ms to 30 s.",
        source: "DefaultMQPushConsumer.suspendCurrentQueueTimeMillis; ConsumeMessageOrderlyService.submitConsumeRequestLater",
        ..CONSUMER
    },
    Setting {
        key: "popInvisibleTime",
        kind: ValueKind::Int { min: 5_000, max: 300_000 },
        defaults: &[("5.0", "60000")],
        unit: "ms",
        effect: "A message that POP handed out and nobody acknowledged comes again after so long.",
        source: "DefaultMQPushConsumer.popInvisibleTime; DefaultMQPushConsumerImpl.checkConfig, PopReviveService",
        ..CONSUMER
    },
    Setting {
        key: "popBatchNums",
        kind: ValueKind::Int { min: 1, max: 32 },
        defaults: &[("5.0", "32")],
        unit: "messages",
        effect: "What one POP brings.",
        source: "DefaultMQPushConsumer.popBatchNums; DefaultMQPushConsumerImpl.checkConfig",
        ..CONSUMER
    },
    Setting {
        key: "awaitTerminationMillisWhenShutdown",
        kind: long(0),
        defaults: &[("4.9", "0")],
        unit: "ms",
        effect: "How long a consumer that is stopped waits for its listeners; 0 cuts them off, and their messages come again.",
        source: "DefaultMQPushConsumer.awaitTerminationMillisWhenShutdown; ConsumeMessageConcurrentlyService.shutdown",
        ..CONSUMER
    },
    Setting {
        key: "rocketmq.client.rebalance.waitInterval",
        kind: int(1),
        defaults: &[("4.9", "20000")],
        unit: "ms",
        effect: "A system property: how often consumers share queues out anew.",
        source: "RebalanceService.waitInterval",
        ..CONSUMER
    },
    Setting {
        key: "retryQueueNums",
        kind: int(0),
        defaults: &[("4.9", "1")],
        unit: "queues",
        effect: "Of the group (mqadmin updateSubGroup -q): with 0 a message that is given back is dropped.",
        source: "SubscriptionGroupConfig.retryQueueNums; AbstractSendMessageProcessor.consumerSendMsgBack",
        ..CONSUMER
    },
    Setting {
        key: "pollNameServerInterval",
        kind: int(1),
        defaults: &[("4.9", "30000")],
        unit: "ms",
        effect: "How often a client looks for new routes: so long it may go on with a broker that is gone.",
        source: "ClientConfig.pollNameServerInterval; MQClientInstance.startScheduledTask",
        ..CONSUMER
    },
    Setting {
        key: "heartbeatBrokerInterval",
        kind: int(1),
        defaults: &[("4.9", "30000")],
        unit: "ms",
        effect: "How often a client reports to brokers, and forgets addresses that no route names any more.",
        source: "ClientConfig.heartbeatBrokerInterval; MQClientInstance.startScheduledTask",
        ..CONSUMER
    },
];

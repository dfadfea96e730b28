//! Producer settings, and those of each message.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, int};

const PRODUCER: Setting = Setting { section: "producer", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "sendMsgTimeout",
        kind: int(1),
        defaults: &[("4.9", "3000")],
        unit: "ms",
        effect: "All tries of a send together; nobody knows then whether the message is stored.",
        source: "DefaultMQProducer.sendMsgTimeout; DefaultMQProducerImpl.sendDefaultImpl",
        ..PRODUCER
    },
    Setting {
        key: "sendMsgMaxTimeoutPerRequest",
        kind: int(-1),
        defaults: &[("5.3.3", "-1")],
        unit: "ms",
        effect: "Of one try of a synchronous send, which leaves time for another; the last try has what is left of sendMsgTimeout, and with -1 each.",
        source: "DefaultMQProducer.sendMsgMaxTimeoutPerRequest; DefaultMQProducerImpl.sendDefaultImpl; 5.3.3",
        ..PRODUCER
    },
    Setting {
        key: "retryTimesWhenSendFailed",
        kind: int(0),
        defaults: &[("4.9", "2")],
        unit: "times",
        effect: "Further tries of a synchronous send: duplicates when the first one was stored.",
        source: "DefaultMQProducer.retryTimesWhenSendFailed; DefaultMQProducerImpl.sendDefaultImpl",
        ..PRODUCER
    },
    Setting {
        key: "retryTimesWhenSendAsyncFailed",
        kind: int(0),
        defaults: &[("4.9", "2")],
        unit: "times",
        effect: "The same for asynchronous sends; what a broker refused is not tried again.",
        source: "DefaultMQProducer.retryTimesWhenSendAsyncFailed; MQClientAPIImpl.onExceptionImpl",
        ..PRODUCER
    },
    Setting {
        key: "retryAnotherBrokerWhenNotStoreOK",
        kind: ValueKind::Bool,
        defaults: &[("4.9", "false")],
        effect: "A synchronous send that was answered with anything but SEND_OK is tried again.",
        source: "DefaultMQProducer.retryAnotherBrokerWhenNotStoreOK; DefaultMQProducerImpl.sendDefaultImpl",
        ..PRODUCER
    },
    Setting {
        key: "sendLatencyFaultEnable",
        aliases: &["sendLatencyEnable"],
        kind: ValueKind::Bool,
        defaults: &[("4.9", "false")],
        effect: "Brokers that were slow or failed are left out for a while.",
        source: "MQFaultStrategy",
        ..PRODUCER
    },
    Setting {
        key: "waitStoreMsgOK",
        kind: ValueKind::Bool,
        defaults: &[("4.9", "true")],
        effect: "Of each message: false is answered SEND_OK as soon as it is in memory, whatever the broker's settings.",
        source: "Message.setWaitStoreMsgOK, CommitLog.needHandleHA",
        ..PRODUCER
    },
    Setting {
        key: "CHECK_IMMUNITY_TIME_IN_SECONDS",
        kind: int(0),
        unit: "s",
        effect: "Of each transactional message: so long the broker does not ask about it. Missing: transactionTimeOut.",
        source: "MessageConst.PROPERTY_CHECK_IMMUNITY_TIME_IN_SECONDS, TransactionalMessageServiceImpl.check",
        ..PRODUCER
    },
    Setting {
        key: "pollNameServerInterval",
        kind: int(1),
        defaults: &[("4.9", "30000")],
        unit: "ms",
        effect: "How often a client looks for new routes: so long it may go on with a broker that is gone.",
        source: "ClientConfig.pollNameServerInterval; MQClientInstance.startScheduledTask",
        ..PRODUCER
    },
    Setting {
        key: "heartbeatBrokerInterval",
        kind: int(1),
        defaults: &[("4.9", "30000")],
        unit: "ms",
        effect: "How often a client reports to brokers, and forgets addresses that no route names any more.",
        source: "ClientConfig.heartbeatBrokerInterval; MQClientInstance.startScheduledTask",
        ..PRODUCER
    },
];

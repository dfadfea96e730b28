//! What producers and consumers only seem to do.

use ackproof_core::setting::Trap;
use ackproof_core::setup::{ConsumerStart, OnError, SendMode};
use ackproof_core::time::SpanRange;

use super::{Row, trap};
use crate::config::FromWhere;

pub(super) fn traps(row: &Row<'_>) -> Vec<Trap> {
    let all = [
        retries_only_sync(row),
        begins_at_the_end(row),
        drops_what_comes_back(row),
        drops_in_broadcasting(row),
        unread_queues(row),
        asked_for_nothing(row),
        pop_needs_a_mode(row),
    ];
    all.into_iter().flatten().collect()
}

fn retries_only_sync(row: &Row<'_>) -> Option<Trap> {
    let is_sync = row.setup.app.producer.transaction.is_some()
        || match row.setup.app.producer.send {
            SendMode::Sync => true,
            SendMode::Async | SendMode::AsyncUnchecked | SendMode::OneWay => false,
        };
    if !row.config.producer.retry_not_ok || is_sync {
        return None;
    }
    trap(
        "rocketmq-retry-not-ok-is-for-sync-sends",
        "retryAnotherBrokerWhenNotStoreOK=true is for synchronous sends: an asynchronous one is told FLUSH_DISK_TIMEOUT and the like as success (onSuccess), and not sent again",
        "DefaultMQProducerImpl.sendDefaultImpl, MQClientAPIImpl.sendMessageAsync at develop 8fc57f1",
    )
}

fn begins_at_the_end(row: &Row<'_>) -> Option<Trap> {
    let is_late = row.setup.workload.consumer_start != ConsumerStart::After(SpanRange::exactly(Default::default()));
    let is_last = match row.config.consumer.from_where {
        FromWhere::LastOffset => true,
        FromWhere::FirstOffset | FromWhere::Timestamp => false,
    };
    if !is_late || !is_last {
        return None;
    }
    trap(
        "rocketmq-new-group-begins-at-the-end",
        "consumeFromWhere=CONSUME_FROM_LAST_OFFSET, the default: a group without progress skips what was sent before it first started. A queue that still begins at 0 and is in memory, as here, is read from 0 all the same",
        "RebalancePushImpl.computePullFromWhereWithException, ConsumerManageProcessor.queryConsumerOffset at develop 8fc57f1",
    )
}

fn drops_what_comes_back(row: &Row<'_>) -> Option<Trap> {
    if row.master().service.retry_queues > 0 {
        return None;
    }
    trap(
        "rocketmq-no-retry-queue",
        "retryQueueNums=0: a message that a listener gives back (RECONSUME_LATER) is acknowledged and dropped",
        "AbstractSendMessageProcessor.consumerSendMsgBack at develop 8fc57f1",
    )
}

fn drops_in_broadcasting(row: &Row<'_>) -> Option<Trap> {
    let gives_back = match row.setup.app.consumer.on_error {
        OnError::Requeue => true,
        OnError::Retry | OnError::Reject => false,
    };
    if !row.config.consumer.broadcasting || !gives_back {
        return None;
    }
    trap(
        "rocketmq-broadcasting-drops-failures",
        "messageModel=BROADCASTING: what a listener gives back (RECONSUME_LATER) is dropped, with a line in the client's log",
        "ConsumeMessageConcurrentlyService.processConsumeResult at develop 8fc57f1",
    )
}

fn unread_queues(row: &Row<'_>) -> Option<Trap> {
    let topic = &row.config.topic;
    if topic.read_queues >= topic.queues {
        return None;
    }
    trap(
        "rocketmq-queues-that-nobody-reads",
        format!(
            "writeQueueNums={} and readQueueNums={}: what is sent to the queues in between is not consumed",
            topic.queues, topic.read_queues
        ),
        "MQClientInstance.topicRouteData2TopicPublishInfo, topicRouteData2TopicSubscribeInfo at develop 8fc57f1",
    )
}

fn asked_for_nothing(row: &Row<'_>) -> Option<Trap> {
    let (checks, immunity) = (&row.master().transactions, row.config.producer.check_immunity?);
    let last = checks.check_interval.0.saturating_mul(u64::from(checks.check_max));
    if row.config.producer.transactions.is_none() || immunity.0 < last {
        return None;
    }
    trap(
        "rocketmq-immunity-outlasts-every-check",
        "CHECK_IMMUNITY_TIME_IN_SECONDS is not below transactionCheckMax checks transactionCheckInterval apart: they are used up before the broker has asked once, and the message is put aside",
        "TransactionalMessageServiceImpl.check at develop 8fc57f1; apache/rocketmq#8311",
    )
}

fn pop_needs_a_mode(row: &Row<'_>) -> Option<Trap> {
    if !row.config.consumer.pop || row.effective.text("broker", "defaultMessageRequestMode") == Some("POP") {
        return None;
    }
    trap(
        "rocketmq-pop-needs-a-request-mode",
        "clientRebalance=false uses POP only where the brokers say so for the group: mqadmin setConsumeMode -m POP, or defaultMessageRequestMode=POP. This row takes that as given",
        "QueryAssignmentProcessor.queryAssignment at develop 8fc57f1",
    )
}

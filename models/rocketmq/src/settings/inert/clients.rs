//! Of producers, consumers, and the application around them.

use ackproof_core::setting::Inert;
use ackproof_core::setup::{SendMode, Setup};

use super::{Why, inert_of};
use crate::config::{Config, FromWhere, Listener};

pub(super) fn inert(setup: &Setup, config: &Config) -> Vec<Inert> {
    let mut found = producers(setup);
    found.extend(consumers(config));
    found
}

const NOT_SYNC: Why = "the application does not send synchronously";
const NOT_ASYNC: Why = "the application does not send asynchronously";
const NO_TRANSACTION: Why = "nobody sends in transactions";
const NOT_LOOKED_AT: Why = "nobody looks at the status of a send";

fn producers(setup: &Setup) -> Vec<Inert> {
    let app = &setup.app.producer;
    let of_transaction = app.transaction.is_some();
    let (is_sync, is_async) = match app.send {
        // A transactional send waits for its answer.
        SendMode::Sync | SendMode::Async | SendMode::AsyncUnchecked | SendMode::OneWay if of_transaction => {
            (true, false)
        }
        SendMode::Sync => (true, false),
        SendMode::Async | SendMode::AsyncUnchecked => (false, true),
        SendMode::OneWay => (false, false),
    };
    let rules: [(bool, &str, &str, Why); 7] = [
        (!is_sync, "producer", "retryTimesWhenSendFailed", NOT_SYNC),
        (!is_sync, "producer", "retryAnotherBrokerWhenNotStoreOK", NOT_SYNC),
        (!is_async, "producer", "retryTimesWhenSendAsyncFailed", NOT_ASYNC),
        (!of_transaction, "producer", "CHECK_IMMUNITY_TIME_IN_SECONDS", NO_TRANSACTION),
        (of_transaction, "app", "producer.send", "a transactional send waits for its answer"),
        (of_transaction, "app", "producer.accept", "a half message that is not answered SEND_OK is rolled back"),
        (!of_transaction && !app.send.is_checked(), "app", "producer.accept", NOT_LOOKED_AT),
    ];
    let without_effect = rules.into_iter().filter(|(holds, ..)| *holds);
    without_effect.map(|(_, section, key, why)| inert_of(section, key, why)).collect()
}

fn consumers(config: &Config) -> Vec<Inert> {
    let consumer = &config.consumer;
    let is_orderly = match consumer.listener {
        Listener::Orderly => true,
        Listener::Concurrently => false,
    };
    let from_timestamp = match consumer.from_where {
        FromWhere::Timestamp => true,
        FromWhere::FirstOffset | FromWhere::LastOffset => false,
    };
    let (pop, broadcasting) = (consumer.pop, consumer.broadcasting);
    let rules: [(bool, &str, Why); 12] = [
        (is_orderly || broadcasting, "clientRebalance", "orderly listeners and BROADCASTING always pull"),
        (!pop, "popInvisibleTime", "no consumer uses POP"),
        (!pop, "popBatchNums", "no consumer uses POP"),
        (pop, "pullBatchSize", "with POP nobody pulls"),
        (pop, "pullThresholdForQueue", "with POP nobody pulls"),
        (pop, "persistConsumerOffsetInterval", "with POP the broker keeps the progress"),
        (pop, "consumeTimeout", "with POP popInvisibleTime decides"),
        (is_orderly && !pop, "consumeTimeout", "only concurrent listeners are timed"),
        (!is_orderly, "suspendCurrentQueueTimeMillis", "only orderly listeners stop their queue"),
        (!from_timestamp, "consumeTimestamp", "consumeFromWhere is not CONSUME_FROM_TIMESTAMP"),
        (broadcasting, "retryQueueNums", "with BROADCASTING what failed is dropped"),
        (broadcasting, "maxReconsumeTimes", "with BROADCASTING what failed is dropped"),
    ];
    let without_effect = rules.into_iter().filter(|(holds, ..)| *holds);
    without_effect.map(|(_, key, why)| inert_of("consumer", key, why)).collect()
}

//! What librdkafka, or the application as described, cannot have together.

use ackproof_core::setting::{Effective, Problem};
use ackproof_core::setup::{AckMode, Setup};

use super::super::contradictions::problem;
use super::super::idempotence::Idempotence;
use super::idempotence;
use crate::assignor::Strategy;
use crate::config::librdkafka_strategy;

const FINALIZE: &str = "rd_kafka_conf_finalize at librdkafka 2.15.0";

/// Every contradiction of a row that is its clients' own.
pub(in super::super) fn refuse(effective: &Effective, setup: &Setup) -> Vec<Problem> {
    [
        message_timeout(effective),
        idempotence_demands(effective),
        gapless(effective),
        reconnect_backoff(effective, "producer"),
        reconnect_backoff(effective, "consumer"),
        commit_mode(effective, setup),
        poll_interval(effective),
        strategies(effective),
        transactions(effective, setup),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A linger that somebody set must be shorter than the message timeout; a default gives way.
fn message_timeout(effective: &Effective) -> Option<Problem> {
    let key = "message.timeout.ms";
    let timeout = effective.int("producer", key);
    let linger = effective.text("producer", "linger.ms")?;
    let is_shorter = linger.parse().is_ok_and(|linger: f64| linger < timeout as f64);
    if timeout == 0 || is_shorter || !effective.is_set("producer", "linger.ms") {
        return None;
    }
    let message = format!("{key} ({timeout}) must be greater than linger.ms ({linger}): the producer does not start");
    problem("producer", key, message, FINALIZE)
}

/// A value that somebody chose and that idempotence cannot go with, and what it needs.
pub(super) fn demands(effective: &Effective) -> Option<(&'static str, &'static str)> {
    let number = |key| effective.int("producer", key);
    let in_flight = "max.in.flight.requests.per.connection";
    let backpressure = "queue.buffering.backpressure.threshold";
    let demands = [
        (in_flight, "at most 5 requests in flight", number(in_flight) <= 5),
        ("retries", "at least 1 retry", number("retries") >= 1),
        (backpressure, "a threshold of 1", number(backpressure) <= 1),
        ("acks", "acks=all", matches!(effective.text("producer", "acks"), Some("all" | "-1"))),
    ];
    let mut broken = demands.into_iter().filter(|(key, _, holds)| !holds && effective.is_set("producer", key));
    broken.next().map(|(key, needs, _)| (key, needs))
}

fn idempotence_demands(effective: &Effective) -> Option<Problem> {
    match idempotence(effective) {
        Idempotence::On | Idempotence::Off => None,
        Idempotence::SilentlyOff { .. } | Idempotence::WithoutEffect => None,
        Idempotence::Refused { key, needs } => {
            let value = effective.text("producer", key).unwrap_or_default();
            let message =
                format!("enable.idempotence=true needs {needs}, and {key} is {value}: the producer does not start");
            problem("producer", key, message, FINALIZE)
        }
    }
}

fn gapless(effective: &Effective) -> Option<Problem> {
    let key = "enable.gapless.guarantee";
    let is_wanted = effective.is_set("producer", key) && effective.bool("producer", key);
    if !is_wanted || effective.bool("producer", "enable.idempotence") {
        return None;
    }
    let message = format!("{key} requires enable.idempotence=true: the producer does not start");
    problem("producer", key, message, FINALIZE)
}

fn reconnect_backoff(effective: &Effective, section: &str) -> Option<Problem> {
    let key = "reconnect.backoff.max.ms";
    let (first, most) = (effective.int(section, "reconnect.backoff.ms"), effective.int(section, key));
    let message = format!("{key} ({most}) must be at least reconnect.backoff.ms ({first}): the client does not start");
    if most >= first { None } else { problem(section, key, message, FINALIZE) }
}

/// Either the client commits by itself or the application does; and what the client commits, somebody has to mark.
fn commit_mode(effective: &Effective, setup: &Setup) -> Option<Problem> {
    let (auto, store) = ("enable.auto.commit", "enable.auto.offset.store");
    let source = "INTRODUCTION.md, at-least-once processing, at librdkafka 2.15.0";
    let flag = |key| effective.bool("consumer", key);
    let (key, message) = match setup.app.consumer.ack? {
        AckMode::Auto if !flag(auto) => (
            auto,
            "the application leaves commits to the client (app.consumer.ack: auto) and enable.auto.commit is false: \
             nothing would ever be committed",
        ),
        AckMode::Auto if !flag(store) => (
            store,
            "the application leaves commits to the client (app.consumer.ack: auto) and enable.auto.offset.store is \
             false: nobody marks a message as one to commit, and nothing would ever be committed",
        ),
        AckMode::BeforeProcessing | AckMode::AfterProcessing | AckMode::AfterBatch
            if effective.is_set("consumer", auto) && flag(auto) && flag(store) =>
        {
            (
                auto,
                "the application commits by itself (app.consumer.ack) and enable.auto.commit is true: the client \
                 would commit what it has handed over as well, at times of its own; set enable.auto.commit=false, or \
                 enable.auto.offset.store=false, or ack to auto",
            )
        }
        AckMode::Auto | AckMode::BeforeProcessing | AckMode::AfterProcessing | AckMode::AfterBatch => return None,
        AckMode::InTransaction => return None,
    };
    problem("consumer", key, message.to_owned(), source)
}

fn poll_interval(effective: &Effective) -> Option<Problem> {
    let key = "max.poll.interval.ms";
    let (poll, session) = (effective.int("consumer", key), effective.int("consumer", "session.timeout.ms"));
    let message =
        format!("{key} ({poll}) must be at least session.timeout.ms ({session}): the consumer does not start");
    if poll >= session { None } else { problem("consumer", key, message, FINALIZE) }
}

/// Source: `rd_kafka_assignors_init` at librdkafka 2.15.0.
fn strategies(effective: &Effective) -> Option<Problem> {
    let key = "partition.assignment.strategy";
    let text = effective.text("consumer", key).unwrap_or_default();
    let named: Vec<Option<Strategy>> = text.split(',').map(librdkafka_strategy).collect();
    let cooperative = named.iter().flatten().filter(|strategy| strategy.is_cooperative()).count();
    let message = match named.iter().position(Option::is_none) {
        Some(place) => format!(
            "{:?} is no strategy of librdkafka's; it has range, roundrobin and cooperative-sticky",
            text.split(',').nth(place).unwrap_or_default().trim()
        ),
        None if cooperative > 0 && cooperative < named.len() => {
            format!("{key}={text} mixes strategies with and without cooperation: the consumer does not start")
        }
        None => return None,
    };
    problem("consumer", key, message, "rd_kafka_assignors_init at librdkafka 2.15.0")
}

/// librdkafka has transactions; they are not simulated.
fn transactions(effective: &Effective, setup: &Setup) -> Option<Problem> {
    let has_id = effective.text("producer", "transactional.id").is_some();
    let writes_results = setup.app.consumer.ack == Some(AckMode::InTransaction);
    if !has_id && !writes_results && setup.app.producer.transaction.is_none() {
        return None;
    }
    let message = "transactions of librdkafka are not simulated; those of the Java client are (client: java)";
    problem("producer", "transactional.id", message.to_owned(), "models/kafka/RULES.md, librdkafka")
}

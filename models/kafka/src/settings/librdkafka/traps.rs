//! Valid settings of librdkafka's clients that do not do what a reader would think.

use ackproof_core::setting::{Effective, Trap};
use ackproof_core::setup::Setup;

use super::super::traps::trap;
use crate::config::{Acks, Client, Commit, Config, Stores};

/// Every trap of a row that is its clients' own.
pub(in super::super) fn traps(effective: &Effective, setup: &Setup, config: &Config) -> Vec<Trap> {
    let Client::Librdkafka(own) = config.client else { return Vec::new() };
    [
        not_idempotent(effective, config),
        in_flight_one(config),
        gapless_and_timeouts(own.is_gapless),
        retries_zero(config),
        auto_offset_store(setup, config),
        nothing_in_between(setup, config),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn repeats(config: &Config) -> bool {
    !config.producer.is_idempotent && config.producer.acks != Acks::None && config.producer.retries > 0
}

fn not_idempotent(effective: &Effective, config: &Config) -> Option<Trap> {
    if !repeats(config) || effective.is_set("producer", "enable.idempotence") {
        return None;
    }
    let message = "librdkafka does not turn enable.idempotence on by itself, as the Java client does since 3.0: a batch \
                   that fails and is sent again lands behind its successors, and one whose reply was lost lands twice.";
    trap("kafka-librdkafka-not-idempotent", message.to_owned(), "CONFIGURATION.md at librdkafka 2.15.0")
}

fn in_flight_one(config: &Config) -> Option<Trap> {
    if !repeats(config) || config.producer.max_in_flight != 1 {
        return None;
    }
    let message = "max.in.flight=1 does not keep the order: the next request is made while the first one is on its way, \
                   and goes out before the first one's messages are sent again. enable.idempotence=true keeps it.";
    trap(
        "kafka-librdkafka-max-in-flight-one",
        message.to_owned(),
        "rd_kafka_broker_outbufs_space, rd_kafka_send at librdkafka 2.15.0",
    )
}

fn gapless_and_timeouts(is_gapless: bool) -> Option<Trap> {
    if !is_gapless {
        return None;
    }
    let message = "enable.gapless.guarantee does not cover messages that time out (message.timeout.ms): the producer goes \
                   on behind the gap that they leave.";
    trap(
        "kafka-librdkafka-gapless-without-timeouts",
        message.to_owned(),
        "INTRODUCTION.md, message timeout considerations, at librdkafka 2.15.0",
    )
}

fn retries_zero(config: &Config) -> Option<Trap> {
    if config.producer.retries > 0 || config.producer.acks == Acks::None {
        return None;
    }
    let message = "retries=0 does not rule out duplicates: an answer that asks for another leader is tried again without \
                   being counted, and a leader also gives it when it steps down after the append.";
    trap(
        "kafka-librdkafka-retries-zero",
        message.to_owned(),
        "rd_kafka_handle_Produce_error at librdkafka 2.15.0; DelayedProduce at 4.1",
    )
}

fn auto_offset_store(setup: &Setup, config: &Config) -> Option<Trap> {
    let Commit::Background { interval: Some(_), stores: Stores::OnDelivery } = config.consumer.commit else {
        return None;
    };
    if setup.workload.consumers == 0 {
        return None;
    }
    let message = "enable.auto.offset.store marks a message for the next automatic commit when the application is handed \
                   it, and a thread of its own commits it, finished or not: a crash then passes over it. Set \
                   enable.auto.offset.store=false and mark messages after processing them (rd_kafka_offsets_store).";
    trap(
        "kafka-librdkafka-auto-offset-store",
        message.to_owned(),
        "INTRODUCTION.md, at-least-once processing, at librdkafka 2.15.0",
    )
}

fn nothing_in_between(setup: &Setup, config: &Config) -> Option<Trap> {
    let Commit::Background { interval: None, .. } = config.consumer.commit else { return None };
    if setup.workload.consumers == 0 {
        return None;
    }
    let message = "auto.commit.interval.ms=0 does not commit at once: it turns the automatic commits off, except the one \
                   when the consumer closes. After a crash everything since the last close is read again.";
    trap("kafka-librdkafka-auto-commit-interval-zero", message.to_owned(), "rd_kafka_cgrp_new at librdkafka 2.15.0")
}

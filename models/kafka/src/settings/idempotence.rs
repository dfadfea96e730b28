//! Whether the producer is idempotent: a default that other settings turn off without a word, or that refuses them.
//!
//! Source: KIP-679; `ProducerConfig.postProcessAndValidateIdempotenceConfigs` on 3.9 and 4.0;
//! `KafkaProducer.configureAcks`, `configureInflightRequests` on 2.8; KAFKA-13598: 3.0.0 and 3.1.0 had the default
//! without the effect.

use ackproof_core::setting::Effective;

use super::librdkafka::{self, is_librdkafka};
use crate::bugs;
use crate::release::{Release, Version};

#[derive(Clone, PartialEq, Debug)]
pub enum Idempotence {
    On,
    /// By default or by choice.
    Off,
    /// On by default, and turned off by this setting with no more than a line in the client's log.
    SilentlyOff {
        key: &'static str,
        value: String,
    },
    /// On by default, and without effect: a bug of this release.
    WithoutEffect,
    /// The client does not start: `key` does not go with idempotence.
    Refused {
        key: &'static str,
        needs: &'static str,
    },
}

/// Requests in flight up to which a broker can tell a duplicate.
const IN_FLIGHT_LIMIT: i64 = 5;

pub fn idempotence(effective: &Effective) -> Idempotence {
    if is_librdkafka(effective) {
        return librdkafka::idempotence(effective);
    }
    let version = Version::parse(&effective.version).unwrap_or(Version::new(4, 0));
    let chosen = effective.is_set("producer", "enable.idempotence");
    // Before 3.0 a transactional.id chose idempotence too.
    let has_id = effective.text("producer", "transactional.id").is_some();
    let chosen_by_id = version < Version::new(3, 0) && !chosen && has_id;
    if effective.text("producer", "enable.idempotence") != Some("true") && !chosen_by_id {
        return Idempotence::Off;
    }
    let release = Release::parse(&effective.version).unwrap_or(Release::new(4, 0, 0));
    if !chosen && !has_id && bugs::IDEMPOTENCE_WITHOUT_EFFECT.is_in(release) {
        return Idempotence::WithoutEffect;
    }
    let chosen = chosen || chosen_by_id;
    let mut silenced = None;
    for (key, needs, holds) in demands(effective, version) {
        // From 4.0 on the limit is enforced even where nobody chose idempotence.
        let refuses = chosen || (version >= Version::new(4, 0) && key == "max.in.flight.requests.per.connection");
        if !holds && refuses {
            return Idempotence::Refused { key, needs };
        }
        if !holds {
            silenced.get_or_insert(key);
        }
    }
    match silenced {
        None => Idempotence::On,
        Some(key) => {
            Idempotence::SilentlyOff { key, value: effective.text("producer", key).unwrap_or_default().to_owned() }
        }
    }
}

/// What idempotence needs, and whether it is so.
fn demands(effective: &Effective, version: Version) -> [(&'static str, &'static str, bool); 3] {
    let acks = effective.text("producer", "acks");
    // Before 3.0 a default gave way: choosing idempotence alone made acks=1 into all.
    let acks_give_way = version < Version::new(3, 0) && !effective.is_set("producer", "acks");
    [
        ("retries", "more than 0 retries", effective.int("producer", "retries") > 0),
        ("acks", "acks=all", matches!(acks, Some("all" | "-1")) || acks_give_way),
        (
            "max.in.flight.requests.per.connection",
            "at most 5 requests in flight",
            effective.int("producer", "max.in.flight.requests.per.connection") <= IN_FLIGHT_LIMIT,
        ),
    ]
}

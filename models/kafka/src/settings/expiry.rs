//! How long brokers know a producer that is silent: settings, where they do nothing, and what they do not go with.

use ackproof_core::setting::{Effective, Setting, Trap};

use super::traps::trap;
use super::{ACTING, int};
use crate::config::{Config, Version};

const BROKER: Setting = Setting { section: "broker", ..ACTING };

const KEYS: [&str; 2] = ["producer.id.expiration.ms", "producer.id.expiration.check.interval.ms"];
const OLDER: &str = "transactional.id.expiration.ms";

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "producer.id.expiration.ms",
        kind: int(1),
        defaults: &[("3.4", "86400000")],
        unit: "ms",
        effect: "How long a leader knows the last batches of an idempotent producer that is silent: a retry that comes later is appended once more. Never while its transaction is open.",
        source: "KIP-854; ProducerStateManager.isProducerExpired at 4.1",
        ..BROKER
    },
    Setting {
        key: "producer.id.expiration.check.interval.ms",
        kind: int(1),
        defaults: &[("3.4", "600000")],
        unit: "ms",
        effect: "How often brokers look for such producers, counted from their start.",
        source: "TransactionLogConfig (internal), UnifiedLog at 4.1",
        ..BROKER
    },
    Setting {
        key: "transactional.id.expiration.ms",
        kind: int(1),
        defaults: &[("2.8", "604800000")],
        unit: "ms",
        effect: "How long coordinators know a transactional id that begins no transaction: its producer is refused then, and its application makes a new one. Up to 3.3 also what producer.id.expiration.ms is since, looked at every ten minutes.",
        source: "TransactionStateManager.removeExpiredTransactionalIds at 4.1; LogManager.apply at 3.3; KIP-854",
        ..BROKER
    },
    Setting {
        key: "transaction.remove.expired.transaction.cleanup.interval.ms",
        kind: int(1),
        defaults: &[("2.8", "3600000")],
        unit: "ms",
        effect: "How often a coordinator looks for transactional ids that have expired, counted from its start.",
        source: "TransactionStateManagerConfig at 4.4; TransactionStateManager.enableTransactionalIdExpiration at 4.1",
        ..BROKER
    },
];

/// Settings that do nothing in a row, and why.
pub(super) fn inert(config: &Config) -> Vec<(&'static str, &'static str, &'static str)> {
    let has_own = config.version >= Version::new(3, 4);
    let nobody = "no producer is idempotent: brokers know none";
    let mut found = Vec::new();
    if !has_own {
        found.extend(
            KEYS.map(|key| ("broker", key, "brokers know it since 3.4: transactional.id.expiration.ms counts")),
        );
    } else if !config.producer.is_idempotent {
        found.extend(KEYS.map(|key| ("broker", key, nobody)));
    }
    let nobody_has_ids = config.transaction_state.is_none();
    if has_own && nobody_has_ids {
        let why = "nobody sends in transactions, and for other producers producer.id.expiration.ms counts since 3.4";
        found.push(("broker", OLDER, why));
    } else if !has_own && !config.producer.is_idempotent {
        found.push(("broker", OLDER, nobody));
    }
    found
}

/// A producer that retries for longer than brokers know it.
pub(super) fn forgotten_while_it_retries(effective: &Effective, config: &Config) -> Option<Trap> {
    let (known, tries) = (config.broker.producer_expiry.after, config.producer.delivery_timeout);
    if !config.producer.is_idempotent || known >= tries {
        return None;
    }
    let key = if config.version < Version::new(3, 4) { OLDER } else { KEYS[0] };
    let timeout = match super::is_librdkafka(effective) {
        true => "message.timeout.ms",
        false => "delivery.timeout.ms",
    };
    let message = format!(
        "brokers forget a producer that is silent for {key} ({known}), and the producer repeats a batch for as long as \
         {timeout} ({tries}): a retry after an outage in between is appended once more, in spite of enable.idempotence. \
         Set {key} no lower than {timeout}."
    );
    trap(
        "kafka-producer-forgotten-while-it-retries",
        message,
        "TransactionLogConfig on producer.id.expiration.ms; KIP-854",
    )
}

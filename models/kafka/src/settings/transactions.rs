//! Transactions: what Kafka, or the application as described, cannot have together with them, what does nothing without
//! them, and what does not do what a reader would think.

use ackproof_core::setting::{Effective, Problem, Trap};
use ackproof_core::setup::{AckMode, Processing, Setup};
use ackproof_core::time::Span;

use super::contradictions::{brokers_text, problem};
use super::idempotence::{Idempotence, idempotence};
use super::traps::trap;
use crate::config::{Config, Version};
use crate::transaction::Isolation;

/// Whether anybody sends in transactions.
pub fn are_used(effective: &Effective) -> bool {
    effective.text("producer", "transactional.id").is_some()
}

pub(super) fn refuse(effective: &Effective, setup: &Setup) -> [Option<Problem>; 4] {
    [
        application(effective, setup),
        without_idempotence(effective),
        timeout(effective),
        replication_factor(effective, setup),
    ]
}

/// Up to 3.9 there is no such feature to set.
pub(super) fn version(effective: &Effective) -> Option<Problem> {
    let key = "transaction.version";
    let exists = Version::parse(&effective.version).is_some_and(|version| version >= Version::new(4, 0));
    if exists || !effective.is_set("broker", key) {
        return None;
    }
    let message = format!("the feature {key} came with 4.0: {} does not know it", effective.version);
    problem("broker", key, message, "KIP-890; TransactionVersion at 4.0")
}

/// A producer with a transactional id that sends outside a transaction throws, and so does one that begins a transaction
/// without an id.
fn application(effective: &Effective, setup: &Setup) -> Option<Problem> {
    let (section, key) = ("producer", "transactional.id");
    let in_transactions = setup.app.producer.transaction.is_some() && setup.workload.producers > 0;
    let results = setup.app.consumer.ack == Some(AckMode::InTransaction) && setup.workload.consumers > 0;
    match effective.text(section, key) {
        Some("") => problem(section, key, format!("{key} is empty: the producer does not start"), CONFIG),
        None if in_transactions => {
            let message = "IllegalStateException: the application sends in transactions (app.producer.transaction) and \
                           has no transactional.id: cannot use transactional methods without enabling transactions";
            problem(section, key, message.to_owned(), "TransactionManager.ensureTransactional at 4.1")
        }
        None if results => {
            let message = "IllegalStateException: the application writes its results in transactions \
                           (app.consumer.ack: in-transaction) and has no transactional.id: cannot use transactional \
                           methods without enabling transactions";
            problem(section, key, message.to_owned(), "TransactionManager.ensureTransactional at 4.1")
        }
        Some(_) if results && setup.app.consumer.processing == Processing::Background => {
            let message = "the application writes its results in transactions (app.consumer.ack: in-transaction) and \
                           processes in the background: the transaction belongs to the thread that polls";
            problem(section, key, message.to_owned(), "KafkaProducer, on transactions and threads, at 4.1")
        }
        Some(_) if !in_transactions && !results => {
            let message = "IllegalStateException: the application never begins a transaction (app.producer.transaction), \
                           and a producer with a transactional.id sends nothing outside of one";
            problem(section, key, message.to_owned(), "TransactionManager.maybeAddPartition at 4.1")
        }
        Some(_) | None => None,
    }
}

fn without_idempotence(effective: &Effective) -> Option<Problem> {
    if !are_used(effective) {
        return None;
    }
    match idempotence(effective) {
        Idempotence::On | Idempotence::WithoutEffect | Idempotence::Refused { .. } => None,
        Idempotence::Off => {
            let message =
                "cannot set a transactional.id without also enabling idempotence: the producer does not start";
            problem("producer", "enable.idempotence", message.to_owned(), CONFIG)
        }
        Idempotence::SilentlyOff { key, value } => {
            let message = format!(
                "cannot set a transactional.id without also enabling idempotence, which {key}={value} turns off: the \
                 producer does not start"
            );
            problem("producer", key, message, CONFIG)
        }
    }
}

fn timeout(effective: &Effective) -> Option<Problem> {
    let (key, limit) = ("transaction.timeout.ms", "transaction.max.timeout.ms");
    let (own, most) = (effective.int("producer", key), effective.int("broker", limit));
    if !are_used(effective) || own > 0 && own <= most {
        return None;
    }
    let message = format!(
        "INVALID_TRANSACTION_TIMEOUT: {key} is {own} and the brokers allow up to {limit} ({most}): initTransactions() fails"
    );
    problem("producer", key, message, "TransactionStateManager.validateTransactionTimeoutMs at 4.1")
}

fn replication_factor(effective: &Effective, setup: &Setup) -> Option<Problem> {
    let key = "transaction.state.log.replication.factor";
    let copies = effective.int("broker", key);
    if !are_used(effective) || copies <= i64::from(setup.cluster.brokers) {
        return None;
    }
    let message = format!(
        "INVALID_REPLICATION_FACTOR: __transaction_state wants {copies} copies and the cluster has {}: Kafka does not \
         create it and no transaction can begin; set it to {} or less",
        brokers_text(setup),
        setup.cluster.brokers
    );
    problem("broker", key, message, "AutoTopicCreationManager at 4.1")
}

/// Settings that do nothing in a row, and why.
pub(super) fn inert(effective: &Effective, config: &Config) -> Vec<(&'static str, &'static str, &'static str)> {
    if !are_used(effective) {
        let why = "nobody sends in transactions";
        return UNUSED.iter().map(|(section, key)| (*section, *key, why)).collect();
    }
    let key = "transaction.partition.verification.enable";
    match (config.rules.verifies_transactions, config.broker.transactions.epoch_each) {
        (false, _) => vec![("broker", key, "brokers know it since 3.6")],
        (true, true) => vec![("broker", key, "with transaction.version=2 leaders always ask the coordinator")],
        (true, false) => Vec::new(),
    }
}

const UNUSED: [(&str, &str); 9] = [
    ("broker", "transaction.version"),
    ("broker", "transaction.partition.verification.enable"),
    ("broker", "transaction.state.log.replication.factor"),
    ("broker", "transaction.state.log.min.isr"),
    ("broker", "transaction.max.timeout.ms"),
    ("broker", "transaction.abort.timed.out.transaction.cleanup.interval.ms"),
    ("broker", "transaction.remove.expired.transaction.cleanup.interval.ms"),
    ("producer", "transaction.timeout.ms"),
    ("consumer", "isolation.level"),
];

pub(super) fn traps(effective: &Effective, setup: &Setup, config: &Config) -> Vec<Option<Trap>> {
    if !are_used(effective) {
        return Vec::new();
    }
    vec![reads_what_was_aborted(setup, config), late_writes(config), log_in_one_copy(config), outlived(setup, config)]
}

fn reads_what_was_aborted(setup: &Setup, config: &Config) -> Option<Trap> {
    if setup.workload.consumers == 0 || config.consumer.isolation == Isolation::ReadCommitted {
        return None;
    }
    let message = "isolation.level=read_uncommitted, the default, hands over messages of transactions that are aborted \
                   later: the producer's transactions protect nobody who reads so.";
    trap("kafka-reads-uncommitted", message.to_owned(), "KIP-98; ConsumerConfig on isolation.level")
}

fn late_writes(config: &Config) -> Option<Trap> {
    let transactions = &config.broker.transactions;
    if transactions.epoch_each {
        return None;
    }
    let message = match transactions.verifies {
        true => {
            "without transaction.version=2 a batch that reaches its leader after its transaction was aborted may become \
             part of the producer's next one, and is committed with it."
        }
        false => {
            "a leader takes a batch that arrives after its transaction was aborted: it becomes part of the next one, or \
             of none, and then read_committed readers never get past it."
        }
    };
    trap("kafka-late-writes-in-transactions", message.to_owned(), "KAFKA-14402; KIP-890")
}

fn log_in_one_copy(config: &Config) -> Option<Trap> {
    let copies = config.transaction_state.as_ref()?.replication_factor;
    let topic = config.topic.replication_factor;
    if copies != 1 || topic < 2 {
        return None;
    }
    let message = format!(
        "transaction.state.log.replication.factor=1, as the shipped server.properties has it, beside a topic with {topic} \
         copies: while that one broker is down no transaction begins or ends, and with its disk it is forgotten what was \
         decided."
    );
    trap("kafka-transaction-log-replication-factor-one", message, "config/server.properties at 4.4")
}

/// A transaction of results begins with the first of a poll and ends behind the last.
fn outlived(setup: &Setup, config: &Config) -> Option<Trap> {
    let (processing, records) = (setup.workload.processing, config.consumer.max_poll_records);
    let timeout = config.producer.transaction_timeout?;
    let longest = Span(processing.0.saturating_mul(u64::from(records.saturating_sub(1))));
    if !config.results_in_transactions || setup.workload.consumers == 0 || longest < timeout {
        return None;
    }
    let message = format!(
        "{processing} for each of max.poll.records={records} messages is longer than transaction.timeout.ms ({timeout}): \
         behind a backlog the coordinator aborts what the consumer is still at, and it begins again, without end. Poll \
         fewer, or raise the timeout."
    );
    trap("kafka-transaction-outlived", message, "TransactionCoordinator.abortTimedOutTransactions at 4.1")
}

const CONFIG: &str = "ProducerConfig.postProcessAndValidateIdempotenceConfigs at 4.1";

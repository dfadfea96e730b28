//! Settings that are valid one by one and that Kafka, or the application as described, cannot have together.

use ackproof_core::setting::{Effective, Problem, SettingName};
use ackproof_core::setup::{AckMode, Setup};

use super::idempotence::{Idempotence, idempotence};
use super::librdkafka::{self, is_librdkafka};
use super::protocol;
use super::transactions;
use crate::assignor::Strategy;
use crate::config::{Reset, ResetProblem, Version};

/// Every contradiction of a row.
pub fn refuse(effective: &Effective, setup: &Setup) -> Vec<Problem> {
    let cluster = [
        replication_factor(effective, setup),
        offsets_replication_factor(effective, setup),
        eligible_leader_replicas(effective),
        protocol::version(effective),
        protocol::message_format(effective),
        fetch_wait(effective),
        session_timeout(effective),
        group_protocol(effective),
        coordinators_sessions(effective),
        smallest_segment(effective),
        retention_of_nothing(effective),
        transactions::version(effective),
    ];
    let mut problems: Vec<Problem> = cluster.into_iter().flatten().collect();
    match is_librdkafka(effective) {
        true => problems.extend(librdkafka::refuse(effective, setup)),
        false => {
            let client = [
                delivery_timeout(effective),
                idempotence_demands(effective),
                commit_mode(effective, setup),
                heartbeat(effective),
                reset(effective),
                assignors(effective),
                instance_id(effective),
            ];
            problems.extend(client.into_iter().chain(transactions::refuse(effective, setup)).flatten());
        }
    }
    problems
}

pub(super) fn problem(section: &str, key: &str, message: String, source: &'static str) -> Option<Problem> {
    Some(Problem { name: SettingName::new(section, key), message, source })
}

fn instance_id(effective: &Effective) -> Option<Problem> {
    let key = "group.instance.id";
    if effective.text("consumer", key) != Some("") {
        return None;
    }
    let message = format!("{key} is empty: the consumer does not start; leave it out, or give each consumer one");
    problem("consumer", key, message, "ConsumerConfig (NonEmptyString) at 4.1")
}

fn replication_factor(effective: &Effective, setup: &Setup) -> Option<Problem> {
    let (section, key) = match effective.text("topic", "replication.factor") {
        Some(_) => ("topic", "replication.factor"),
        None => ("broker", "default.replication.factor"),
    };
    let (copies, brokers) = (effective.int(section, key), i64::from(setup.cluster.brokers));
    if copies <= brokers {
        return None;
    }
    let message = format!(
        "INVALID_REPLICATION_FACTOR: the topic wants {copies} copies and the cluster has {}: Kafka does not create it",
        brokers_text(setup)
    );
    problem(section, key, message, "StripedReplicaPlacer.place at 4.1")
}

fn offsets_replication_factor(effective: &Effective, setup: &Setup) -> Option<Problem> {
    let copies = effective.int("broker", "offsets.topic.replication.factor");
    if setup.workload.consumers == 0 || copies <= i64::from(setup.cluster.brokers) {
        return None;
    }
    let message = format!(
        "INVALID_REPLICATION_FACTOR: __consumer_offsets wants {copies} copies and the cluster has {}: Kafka does not \
         create it and no consumer group can start; set it to {} or less",
        brokers_text(setup),
        setup.cluster.brokers
    );
    problem("broker", "offsets.topic.replication.factor", message, "AutoTopicCreationManager at 4.1")
}

pub(super) fn brokers_text(setup: &Setup) -> String {
    match setup.cluster.brokers {
        1 => "1 broker".to_owned(),
        brokers => format!("{brokers} brokers"),
    }
}

/// Up to 3.9 there is no such feature to set.
fn eligible_leader_replicas(effective: &Effective) -> Option<Problem> {
    let key = "eligible.leader.replicas.version";
    let exists = Version::parse(&effective.version).is_some_and(|version| version >= Version::new(4, 0));
    if exists || !effective.is_set("broker", key) {
        return None;
    }
    let message = format!("the feature {key} came with 4.0: {} does not know it", effective.version);
    problem("broker", key, message, "KIP-966; EligibleLeaderReplicasVersion at 4.0")
}

/// A broker does not start when a follower's wait is longer than what it or its leader has patience for.
fn fetch_wait(effective: &Effective) -> Option<Problem> {
    let wait = effective.int("broker", "replica.fetch.wait.max.ms");
    ["replica.socket.timeout.ms", "replica.lag.time.max.ms"].into_iter().find_map(|key| {
        let limit = effective.int("broker", key);
        let message =
            format!("replica.fetch.wait.max.ms ({wait}) is longer than {key} ({limit}): the broker does not start");
        if wait <= limit { None } else { problem("broker", key, message, "KafkaConfig.validateValues at 4.1") }
    })
}

fn delivery_timeout(effective: &Effective) -> Option<Problem> {
    let key = "delivery.timeout.ms";
    let [delivery, linger, request] =
        [key, "linger.ms", "request.timeout.ms"].map(|key| effective.int("producer", key));
    // A default is raised instead.
    if !effective.is_set("producer", key) || delivery >= linger.saturating_add(request) {
        return None;
    }
    let message = format!(
        "{key} ({delivery}) is less than linger.ms ({linger}) + request.timeout.ms ({request}): the producer does not \
         start"
    );
    problem("producer", key, message, "KafkaProducer.configureDeliveryTimeout at 4.1")
}

fn idempotence_demands(effective: &Effective) -> Option<Problem> {
    match idempotence(effective) {
        Idempotence::On | Idempotence::Off | Idempotence::WithoutEffect | Idempotence::SilentlyOff { .. } => None,
        Idempotence::Refused { key, needs } => {
            let value = effective.text("producer", key).unwrap_or_default();
            let chosen = match effective.is_set("producer", "enable.idempotence") {
                true => "enable.idempotence=true",
                false => "enable.idempotence, on by default,",
            };
            let message = format!("{chosen} needs {needs}, and {key} is {value}: the producer does not start");
            problem("producer", key, message, "ProducerConfig.postProcessAndValidateIdempotenceConfigs at 4.1")
        }
    }
}

/// Since 4.0 a segment cannot be smaller than 1 MiB.
fn smallest_segment(effective: &Effective) -> Option<Problem> {
    const SMALLEST: i64 = 1 << 20;
    let is_meant = Version::parse(&effective.version).is_some_and(|version| version >= Version::new(4, 0));
    let (section, key, then) = [
        ("topic", "segment.bytes", "Kafka does not create the topic"),
        ("broker", "log.segment.bytes", "the broker does not start"),
    ]
    .into_iter()
    .find(|(section, key, _)| effective.is_set(section, key) && effective.int(section, key) < SMALLEST)?;
    let message = format!(
        "{key} ({}) is less than {SMALLEST}, the smallest since 4.0: {then}; let segments end by age instead \
         (segment.ms)",
        effective.int(section, key)
    );
    if is_meant { problem(section, key, message, "LogConfig at 4.0; KIP-1030") } else { None }
}

/// A broker does not start with a retention of no time at all; a topic may have one.
fn retention_of_nothing(effective: &Effective) -> Option<Problem> {
    let key = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"]
        .into_iter()
        .find(|key| effective.text("broker", key).is_some())?;
    let message = format!("{key} is 0: the broker does not start; -1 is never");
    if effective.int("broker", key) != 0 {
        return None;
    }
    problem("broker", key, message, "KafkaConfig.validateValues at 4.1")
}

/// Either the client commits by itself or the application does.
fn commit_mode(effective: &Effective, setup: &Setup) -> Option<Problem> {
    let (section, key) = ("consumer", "enable.auto.commit");
    if !effective.is_set(section, key) {
        return None;
    }
    let source = "KafkaConsumer's own documentation on automatic and manual offset control, at 4.1";
    match (setup.app.consumer.ack?, effective.bool(section, key)) {
        (AckMode::Auto, true) => None,
        (
            AckMode::BeforeProcessing | AckMode::AfterProcessing | AckMode::AfterBatch | AckMode::InTransaction,
            false,
        ) => None,
        (AckMode::Auto, false) => {
            let message = "the application leaves commits to the client (app.consumer.ack: auto) and \
                           enable.auto.commit is false: nothing would ever be committed";
            problem(section, key, message.to_owned(), source)
        }
        (AckMode::BeforeProcessing | AckMode::AfterProcessing | AckMode::AfterBatch | AckMode::InTransaction, true) => {
            let message = "the application commits by itself (app.consumer.ack) and enable.auto.commit is true: the \
                           client would commit as well, at times of its own; set it to false, or ack to auto";
            problem(section, key, message.to_owned(), source)
        }
    }
}

fn heartbeat(effective: &Effective) -> Option<Problem> {
    let key = "heartbeat.interval.ms";
    let [heartbeat, session] = [key, "session.timeout.ms"].map(|key| effective.int("consumer", key));
    if heartbeat < session {
        return None;
    }
    let message = format!(
        "Heartbeat must be set lower than the session timeout: {key} is {heartbeat} and session.timeout.ms {session}; \
         the consumer does not start"
    );
    problem("consumer", key, message, "Heartbeat at 4.1")
}

/// The coordinator refuses members whose sessions are too short or too long.
fn session_timeout(effective: &Effective) -> Option<Problem> {
    let session = effective.int("consumer", "session.timeout.ms");
    let [min, max] =
        ["group.min.session.timeout.ms", "group.max.session.timeout.ms"].map(|key| effective.int("broker", key));
    // With the newer protocol the session is the coordinator's.
    if (min..=max).contains(&session) || effective.text("consumer", "group.protocol") == Some("consumer") {
        return None;
    }
    let message = format!(
        "INVALID_SESSION_TIMEOUT: session.timeout.ms is {session}, and the coordinator takes what is between \
         group.min.session.timeout.ms ({min}) and group.max.session.timeout.ms ({max}): nobody could join the group"
    );
    problem("consumer", "session.timeout.ms", message, "GroupCoordinator.handleJoinGroup at 3.9")
}

/// A broker of 3.7 or later starts only where its own session and heartbeat for `group.protocol=consumer` lie within its
/// own limits.
///
/// Source: the constructor of `GroupCoordinatorConfig` at 4.1; `KafkaConfig.validateValues` at 3.7.
fn coordinators_sessions(effective: &Effective) -> Option<Problem> {
    let source = "KIP-848; GroupCoordinatorConfig at 4.1";
    let of =
        |key: &str, default: &str| -> Option<i64> { effective.text("broker", key).unwrap_or(default).parse().ok() };
    let (session_key, heartbeat_key) = ("group.consumer.session.timeout.ms", "group.consumer.heartbeat.interval.ms");
    effective.text("broker", session_key)?;
    let (session, heartbeat) = (effective.int("broker", session_key), effective.int("broker", heartbeat_key));
    for (key, value, low, low_default, high, high_default) in [
        (
            session_key,
            session,
            "group.consumer.min.session.timeout.ms",
            "45000",
            "group.consumer.max.session.timeout.ms",
            "60000",
        ),
        (
            heartbeat_key,
            heartbeat,
            "group.consumer.min.heartbeat.interval.ms",
            "5000",
            "group.consumer.max.heartbeat.interval.ms",
            "15000",
        ),
    ] {
        let (min, max) = (of(low, low_default)?, of(high, high_default)?);
        if value < min || value > max {
            let message =
                format!("{key} ({value}) must lie between {low} ({min}) and {high} ({max}): the broker does not start");
            return problem("broker", key, message, source);
        }
    }
    if heartbeat < session {
        return None;
    }
    let message =
        format!("{heartbeat_key} ({heartbeat}) must be less than {session_key} ({session}): the broker does not start");
    problem("broker", heartbeat_key, message, source)
}

fn reset(effective: &Effective) -> Option<Problem> {
    let (key, source) = ("auto.offset.reset", "KIP-1106; AutoOffsetResetStrategy at 4.1; ConsumerConfig at 3.9");
    let text = effective.text("consumer", key).unwrap_or_default();
    let knows_durations = Version::parse(&effective.version).is_some_and(|version| version >= Version::new(4, 0));
    let (why, words) = match Reset::parse(text) {
        Ok(Reset::ByDuration(_)) | Err(ResetProblem::WithoutDuration) if !knows_durations => {
            let message =
                format!("{key}=by_duration:... came with 4.0: the consumer of {} does not start", effective.version);
            return problem("consumer", key, message, source);
        }
        Ok(Reset::Earliest | Reset::Latest | Reset::None | Reset::ByDuration(_)) => return None,
        Err(why) if knows_durations => (why, "earliest, latest, none or by_duration:<PnDTnHnMn.nS>"),
        Err(why) => (why, "earliest, latest or none"),
    };
    let message = format!("{key} is {text:?}: {why}; it must be {words}, or the consumer does not start");
    problem("consumer", key, message, source)
}

fn assignors(effective: &Effective) -> Option<Problem> {
    let key = "partition.assignment.strategy";
    let text = effective.text("consumer", key).unwrap_or_default();
    let unknown = text.split(',').map(str::trim).find(|name| Strategy::of(name).is_none())?;
    let message = format!(
        "{unknown:?} is not a strategy that is known here; known are {}",
        Strategy::ALL.map(Strategy::class).join(", ")
    );
    problem("consumer", key, message, "ConsumerPartitionAssignor.getAssignorInstances at 4.1")
}

/// `group.protocol=consumer` is for brokers that have it on, and knows no assignor and no session of the client's own.
///
/// Source: KIP-848; `GroupCoordinatorConfig.GROUP_COORDINATOR_REBALANCE_PROTOCOLS_DEFAULT` on 3.9 and 4.0;
/// `ConsumerConfig.checkUnsupportedConfigsPostProcess` at 4.1.
fn group_protocol(effective: &Effective) -> Option<Problem> {
    let key = "group.protocol";
    if effective.text("consumer", key) != Some("consumer") {
        return None;
    }
    if effective.client != "java" {
        let message = "group.protocol=consumer is modelled for the Java client only".to_owned();
        return problem("consumer", key, message, "KIP-848");
    }
    let version = Version::parse(&effective.version)?;
    let protocols = "group.coordinator.rebalance.protocols";
    let is_on = match effective.text("broker", protocols) {
        Some(list) => list.split(',').any(|one| one.trim() == "consumer"),
        None => version >= Version::new(4, 0),
    };
    let source = "KIP-848; ConsumerConfig, GroupCoordinatorConfig at 4.1";
    if version < Version::new(3, 7) {
        let message = format!("{key} came with 3.7: {} does not know it", effective.version);
        return problem("consumer", key, message, source);
    }
    if !is_on {
        let why = match effective.is_set("broker", protocols) {
            true => format!("{protocols} does not name it"),
            false => format!("before 4.0 brokers have it off unless {protocols} names it"),
        };
        let message = format!("UNSUPPORTED_VERSION: the brokers do not take {key}=consumer: {why}");
        return problem("consumer", key, message, source);
    }
    let classic = ["partition.assignment.strategy", "heartbeat.interval.ms", "session.timeout.ms"];
    let chosen = classic.into_iter().find(|key| effective.is_set("consumer", key))?;
    problem("consumer", chosen, format!("{chosen} cannot be set when {key}=CONSUMER"), source)
}

//! `inter.broker.protocol.version` and the formats of messages: what a broker refuses of them, and where it does not look at
//! them.

use ackproof_core::setting::{Effective, Problem};

use super::contradictions::problem;
use super::idempotence::{Idempotence, idempotence};
use crate::config::{Config, Protocol, Version, default_protocol, messages_have_epochs};

/// The keys that hold a protocol version or a format named like one, and what the broker makes of each.
fn speech(effective: &Effective) -> Option<[(&'static str, &'static str, Option<Protocol>); 3]> {
    let version = Version::parse(&effective.version)?;
    default_protocol(version)?;
    let keys = [
        ("broker", "inter.broker.protocol.version"),
        ("broker", "log.message.format.version"),
        ("topic", "message.format.version"),
    ];
    let parse = |text| Protocol::parse(text, version);
    Some(keys.map(|(section, key)| (section, key, effective.text(section, key).and_then(parse))))
}

/// A broker does not start with a version that it does not know, or that a cluster without ZooKeeper cannot have.
pub(super) fn version(effective: &Effective) -> Option<Problem> {
    let values = speech(effective)?;
    for (section, key, parsed) in values {
        if let (None, Some(text)) = (parsed, effective.text(section, key)) {
            let newest = effective.version.clone();
            let message = format!(
                "{key}={text} is not a valid version for a broker of {newest}: 0.8.0 to {newest}, with or without its                  step (2.7, 2.7-IV1)"
            );
            return problem(section, key, message, "ApiVersionValidator on 2.8, MetadataVersionValidator on 3.9");
        }
    }
    let (section, key, protocol) = values[0];
    if effective.text("broker", "process.roles").is_none() || protocol?.suits_kraft() {
        return None;
    }
    let message = format!(
        "{key}={} is no version of a cluster without ZooKeeper, and process.roles is set: the broker does not start",
        effective.text(section, key).unwrap_or_default()
    );
    problem(section, key, message, "KafkaConfig.interBrokerProtocolVersion at 3.9")
}

/// Messages of a newer format than the protocol can carry, or of one too old for idempotent producers.
pub(super) fn message_format(effective: &Effective) -> Option<Problem> {
    let version = Version::parse(&effective.version)?;
    let [(_, protocol_key, protocol), (section, key, format), _] = speech(effective)?;
    let (protocol, format) = (protocol?, format?);
    if !protocol.ignores_formats(version) && protocol.is_below_format(format) {
        let message = format!(
            "{key}={format} can only be used when {protocol_key}, which is {protocol}, is as new: the broker does not \
             start"
        );
        return problem(section, key, message, "KafkaConfig.validateValues at 3.9");
    }
    let topic_has_epochs = messages_have_epochs(effective, version);
    if topic_has_epochs || idempotence(effective) != Idempotence::On {
        return None;
    }
    let message = "UNSUPPORTED_FOR_MESSAGE_FORMAT: messages of a format older than 0.11.0 carry no sequences, so every \
                   batch of an idempotent producer is refused; set enable.idempotence=false";
    problem("producer", "enable.idempotence", message.to_owned(), "LogValidator.validateBatch at 3.9")
}

/// What brokers no longer look at when they talk to each other and write.
pub(super) fn report_inert(effective: &Effective, config: &Config, report: &mut impl FnMut(&str, &str, String)) {
    let formats = [("broker", "log.message.format.version"), ("topic", "message.format.version")];
    let protocol_key = "inter.broker.protocol.version";
    if default_protocol(config.version).is_none() {
        for (section, key) in formats.into_iter().chain([("broker", protocol_key)]) {
            report(section, key, "brokers do not know it any more since 4.0".to_owned());
        }
        return;
    }
    let protocol = effective.text("broker", protocol_key).and_then(|text| Protocol::parse(text, config.version));
    if protocol.is_some_and(|protocol| protocol.ignores_formats(config.version)) {
        for (section, key) in formats {
            let why =
                "brokers of 3.0 and later write the present format, unless inter.broker.protocol.version is older";
            report(section, key, why.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use ackproof_core::setup::Setup;

    use super::super::tests::{refused, row};
    use super::super::{inert, traps};
    use super::*;
    use crate::config::Truncation;

    const OLD: [&str; 3] = [
        "broker.inter.broker.protocol.version=0.10.2",
        "broker.log.message.format.version=0.10.2",
        "producer.enable.idempotence=false",
    ];

    #[test]
    fn a_protocol_version_that_the_broker_does_not_know_is_refused() {
        for (version, value, accepted) in [
            ("3.9", "3.9", true),
            ("3.9", "4.0", false),
            ("2.8", "2.8-IV1", true),
            ("2.8", "3.0", false),
            ("3.9", "0.7.0", false),
            ("3.9", "latest", false),
        ] {
            let key = format!("broker.inter.broker.protocol.version={value}");
            let expected: &[&str] = if accepted { &[] } else { &["broker.inter.broker.protocol.version"] };
            assert_eq!(refused(version, &[&key], &Setup::default()), expected, "{value} on {version}");
        }
    }

    #[test]
    fn a_cluster_without_zookeeper_has_no_protocol_below_3_0() {
        let chosen = ["broker.process.roles=broker", "broker.inter.broker.protocol.version=2.8"];
        assert_eq!(refused("3.9", &chosen, &Setup::default()), ["broker.inter.broker.protocol.version"]);
        assert_eq!(refused("3.9", &chosen[1..], &Setup::default()), [""; 0]);
    }

    #[test]
    fn an_old_protocol_needs_an_old_format_and_that_refuses_idempotence() {
        assert_eq!(refused("3.9", &OLD, &Setup::default()), [""; 0]);
        assert_eq!(refused("3.9", &OLD[..1], &Setup::default()), ["broker.log.message.format.version"]);
        assert_eq!(refused("3.9", &OLD[..2], &Setup::default()), ["producer.enable.idempotence"]);
        assert_eq!(refused("2.8", &OLD[..2], &Setup::default()), [""; 0], "it is off by default there");
        let of_topic = ["broker.inter.broker.protocol.version=2.8", "topic.message.format.version=0.10.2"];
        assert_eq!(refused("3.9", &of_topic, &Setup::default()), ["producer.enable.idempotence"]);
    }

    #[test]
    fn formats_act_below_3_0_only_and_nothing_of_this_from_4_0_on() {
        let names = |version: &str, chosen: &[&str]| -> Vec<String> {
            inert(&row(version, chosen), &Setup::default()).iter().map(|inert| inert.name.to_string()).collect()
        };
        assert_eq!(names("3.9", &OLD), [""; 0]);
        assert_eq!(names("3.9", &OLD[1..2]), ["broker.log.message.format.version"]);
        assert_eq!(names("2.8", &OLD[1..2]), [""; 0]);
        let both = ["broker.log.message.format.version", "broker.inter.broker.protocol.version"];
        assert_eq!(names("4.0", &OLD[..2]), both);
        let truncation = |version| Config::from_effective(&row(version, &OLD), &Setup::default()).truncation;
        assert_eq!([truncation("3.9"), truncation("4.0")], [Truncation::HighWatermark, Truncation::OnFetch]);
    }

    #[test]
    fn old_truncation_and_bugs_of_the_release_are_said() {
        let said = |version: &str, chosen: &[&str]| -> Vec<&str> {
            let all = traps(&row(version, chosen), &Setup::default());
            let ours = |id: &&str| id.starts_with("kafka-bug") || *id == "kafka-old-truncation";
            all.iter().map(|trap| trap.id).filter(ours).collect()
        };
        assert!(said("3.9", &OLD).contains(&"kafka-old-truncation"));
        assert!(!said("3.9", &[]).contains(&"kafka-old-truncation"));
        assert!(said("3.9.0", &[]).contains(&"kafka-bug-18991") && !said("3.9", &[]).contains(&"kafka-bug-18991"));
        assert!(said("3.0.0", &[]).contains(&"kafka-bug-13598"));
        assert!(!said("3.0.0", &["producer.enable.idempotence=true"]).contains(&"kafka-bug-13598"));
        assert!(!said("3.0.1", &[]).contains(&"kafka-bug-13598"));
        assert!(said("4.0", &["broker.eligible.leader.replicas.version=1"]).contains(&"kafka-bug-19522"));
        assert!(!said("4.0", &[]).contains(&"kafka-bug-19522"), "it is off by default");
        assert_eq!(said("4.4", &[]), [""; 0]);
    }

    #[test]
    fn with_zookeeper_its_session_timeout_counts_up_to_3_9() {
        let session = |version, chosen: &[&str]| {
            Config::from_effective(&row(version, chosen), &Setup::default()).broker.session_timeout.0
        };
        let zookeeper = "broker.zookeeper.connect=zk1:2181";
        let timeout = "broker.zookeeper.session.timeout.ms=6000";
        assert_eq!(session("3.9", &[]), 9000);
        assert_eq!(session("3.9", &[zookeeper]), 18_000);
        assert_eq!(session("2.8", &[zookeeper, timeout]), 6000);
        assert_eq!(session("3.9", &[zookeeper, "broker.process.roles=broker"]), 9000);
        assert_eq!(session("4.0", &[zookeeper, timeout]), 9000);
    }
}

//! How files around Kafka name its settings: variables of container images, and Spring Boot's properties.

mod images;
mod spring;

use ackproof_core::surroundings::Surroundings;

pub static KAFKA: Surroundings = Surroundings {
    file_words: &[("server", "broker")],
    section: "broker",
    images: images::IMAGES,
    prefixes: &["KAFKA_"],
    marks: &[
        "broker.id",
        "node.id",
        "process.roles",
        "zookeeper.connect",
        "controller.quorum.voters",
        "controller.quorum.bootstrap.servers",
        "listeners",
        "advertised.listeners",
    ],
    not_a_broker: Some(("process.roles", "controller")),
    rack: Some("broker.rack"),
    spring: Some(&spring::SPRING),
    ..Surroundings::NONE
};

#[cfg(test)]
mod tests {
    use ackproof_core::model::Broker;
    use ackproof_core::setting::is_secret;

    use super::*;
    use crate::describe::KAFKA as BROKER;

    fn keys(image: &str, rest: &str) -> Vec<String> {
        let (image, tag) = KAFKA.image(image).unwrap();
        (image.keys)(rest, tag)
    }

    #[test]
    fn underscores_are_what_each_image_makes_of_them() {
        for image in ["confluentinc/cp-kafka:7.6.0", "confluentinc/cp-server:5.5.1", "apache/kafka:3.9.0"] {
            assert_eq!(keys(image, "MIN_INSYNC_REPLICAS"), ["min.insync.replicas"], "{image}");
            assert_eq!(keys(image, "LISTENER_NAME_SASL__SSL_X"), ["listener.name.sasl_ssl.x"], "{image}");
            assert_eq!(keys(image, "A___B_C"), ["a-b.c"], "{image}");
        }
        assert_eq!(keys("wurstmeister/kafka:2.13-2.8.1", "A__B_C"), ["a..b.c"]);
        assert_eq!(keys("bitnami/kafka:3.6", "LISTENER_NAME_SASL_SSL_X"), ["listener.name.sasl_ssl.x"]);
        assert_eq!(keys("confluentinc/cp-kafka:5.3.1", "A__B"), ["a..b"]);
    }

    #[test]
    fn a_tag_of_5_4_does_not_tell_how_it_reads_two_underscores() {
        assert_eq!(keys("confluentinc/cp-kafka:5.4.1", "A__B"), ["a..b", "a_b"]);
        assert_eq!(keys("confluentinc/cp-kafka:5.4.1", "A_B"), ["a.b"]);
    }

    #[test]
    fn tags_tell_versions() {
        let version = |name: &str| {
            let (image, tag) = KAFKA.image(name).unwrap();
            (image.version)(tag)
        };
        for (name, expected) in [
            ("confluentinc/cp-kafka:7.6.1", Some("3.6")),
            ("confluentinc/cp-kafka:8.0.0-1-ubi8", Some("4.0")),
            ("confluentinc/cp-kafka:6.2.0", Some("2.8")),
            ("confluentinc/cp-kafka:5.5.0", Some("2.5")),
            ("confluentinc/cp-kafka:latest", None),
            ("confluentinc/cp-kafka", None),
            ("apache/kafka:3.9.0", Some("3.9.0")),
            ("quay.io/other/apache/kafka-native:4.1.0", Some("4.1.0")),
            ("bitnami/kafka:3.6.1-debian-11-r0", Some("3.6.1")),
            ("docker.io/bitnami/kafka:3.6", Some("3.6")),
            ("wurstmeister/kafka:2.13-2.8.1", Some("2.8.1")),
            ("wurstmeister/kafka:latest", None),
            ("quay.io/strimzi/kafka:0.45.0-kafka-3.9.0", Some("3.9.0")),
        ] {
            assert_eq!(version(name).as_deref(), expected, "{name}");
        }
        assert!(KAFKA.image("example.net/kafka:3.6").is_none() && KAFKA.image("mycp-kafka:7.6.0").is_none());
    }

    #[test]
    fn every_setting_that_is_named_exists() {
        let knows = |section: &str, key: &str| {
            let is_it = |s: &&ackproof_core::setting::Setting| s.section == section && s.key == key;
            BROKER.settings().iter().any(|setting| is_it(&setting))
        };
        let spring = KAFKA.spring.unwrap();
        for key in spring.keys {
            assert!(knows(key.section, key.key), "{} names {}.{}", key.path, key.section, key.key);
            assert!(!is_secret(key.key), "{}", key.path);
        }
        for (section, key, ..) in spring.given {
            assert!(knows(section, key), "{section}.{key}");
        }
        for key in KAFKA.marks.iter().copied().chain(KAFKA.rack).chain(KAFKA.not_a_broker.map(|(key, _)| key)) {
            assert!(knows("broker", key), "{key}");
        }
        let mut maps = spring.maps.iter().flat_map(|(_, sections)| sections.iter());
        assert!(maps.all(|section| BROKER.sections().contains(section)));
    }
}

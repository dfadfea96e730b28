//! Container images of Kafka, and what each makes of its variables.

use ackproof_core::surroundings::Image;

pub(super) const IMAGES: &[Image] = &[
    Image {
        repositories: &[
            "confluentinc/cp-kafka",
            "confluentinc/cp-server",
            "confluentinc/cp-enterprise-kafka",
            "confluentinc/confluent-local",
        ],
        prefix: "KAFKA_",
        keys: of_confluent,
        version: version_of_confluent,
        scripts: &[
            "KAFKA_HEAP_OPTS",
            "KAFKA_OPTS",
            "KAFKA_JMX_*",
            "KAFKA_JVM_*",
            "KAFKA_GC_*",
            "KAFKA_LOG4J_*",
            "KAFKA_TOOLS_LOG4J_*",
            "KAFKA_DEBUG",
            "KAFKA_ADVERTISED_HOST_NAME",
            "KAFKA_SSL_KEYSTORE_FILENAME",
            "KAFKA_SSL_TRUSTSTORE_FILENAME",
            "KAFKA_REST_*",
            "KAFKA_CONFLUENT_*",
        ],
        runs_by_itself: false,
        rule: "`_` is a dot, `__` an underscore, `___` a dash",
        remark: remark_of_confluent,
        base: "",
        source: "confluent-docker-utils dub.py env_to_props (c93c5d3, in images from 5.5.0 on); common-docker ub.go ConvertKey",
    },
    Image {
        repositories: &["apache/kafka", "apache/kafka-native"],
        prefix: "KAFKA_",
        keys: |rest, _| vec![dashes_and_underscores(rest)],
        version: |tag| leading_version(tag),
        scripts: &[
            "KAFKA_VERSION",
            "KAFKA_HEAP_OPTS",
            "KAFKA_HEAP_OPT",
            "KAFKA_OPTS",
            "KAFKA_JMX_*",
            "KAFKA_JVM_*",
            "KAFKA_GC_LOG_OPTS",
            "KAFKA_LOG4J_*",
            "KAFKA_TOOLS_LOG4J_*",
        ],
        runs_by_itself: true,
        rule: "`_` is a dot, `__` an underscore, `___` a dash",
        remark: |_, _| None,
        base: "",
        source: "KafkaDockerWrapper.getServerConfigsFromEnv at 3.9",
    },
    Image {
        repositories: &["bitnami/kafka", "bitnamilegacy/kafka", "bitnamisecure/kafka"],
        prefix: "KAFKA_CFG_",
        keys: |rest, _| vec![of_bitnami(rest)],
        version: |tag| leading_version(tag),
        scripts: &[],
        runs_by_itself: true,
        rule: "only KAFKA_CFG_* are settings, and every `_` is a dot (but for sasl_ssl and sasl_plaintext)",
        remark: |_, _| None,
        base: SHIPPED,
        source: "bitnami/containers, libkafka.sh: kafka_configure_from_environment_variables",
    },
    Image {
        repositories: &["wurstmeister/kafka"],
        prefix: "KAFKA_",
        keys: |rest, _| vec![all_dots(rest)],
        version: |tag| leading_version(tag.split_once('-').map_or("", |(_, version)| version)),
        scripts: &[
            "KAFKA_HOME",
            "KAFKA_VERSION",
            "KAFKA_CREATE_TOPICS*",
            "KAFKA_ADVERTISED_PROTOCOL_NAME",
            "KAFKA_PROTOCOL_NAME",
            "KAFKA_HEAP_OPTS",
            "KAFKA_OPTS",
            "KAFKA_JMX_*",
            "KAFKA_LOG4J_*",
            "KAFKA_GC_*",
            "KAFKA_JVM_*",
            "KAFKA_ADVERTISED_HOST_NAME",
            "KAFKA_ADVERTISED_PORT",
            "KAFKA_HOST_NAME",
            "KAFKA_PORT",
        ],
        runs_by_itself: true,
        rule: "every `_` is a dot",
        remark: |_, _| None,
        base: SHIPPED,
        source: "wurstmeister/kafka-docker, start-kafka.sh",
    },
    Image {
        repositories: &["strimzi/kafka"],
        // Nothing that a user sets begins so.
        prefix: "STRIMZI_KAFKA_NOTHING_",
        keys: |rest, _| vec![all_dots(rest)],
        version: |tag| leading_version(tag.split_once("kafka-").map_or("", |(_, version)| version)),
        scripts: &[],
        runs_by_itself: false,
        rule: "no variable is a setting: the operator writes the file from spec.kafka.config of the Kafka resource",
        remark: |_, _| None,
        base: "",
        source: "strimzi-kafka-operator, Configuring Strimzi: Kafka schema reference",
    },
];

/// What images have that put their variables over the file of the distribution.
const SHIPPED: &str = "the variables go over the server.properties that Kafka ships, which has \
                       offsets.topic.replication.factor=1, transaction.state.log.replication.factor=1 and \
                       transaction.state.log.min.isr=1: set them, or name that file in `from` before this one";

fn all_dots(rest: &str) -> String {
    rest.to_ascii_lowercase().replace('_', ".")
}

/// `_` to a dot, `__` to an underscore, `___` to a dash.
fn dashes_and_underscores(rest: &str) -> String {
    all_dots(rest).replace("...", "-").replace("..", "_")
}

fn of_bitnami(rest: &str) -> String {
    all_dots(rest).replace("sasl.ssl", "sasl_ssl").replace("sasl.plaintext", "sasl_plaintext")
}

/// Up to 5.3 every underscore was a dot. Releases of 5.4 differ: 5.4.0 has confluent-docker-utils 0.0.34, which does not
/// know the longer ones, 5.4.2 has 0.0.38, which does.
fn of_confluent(rest: &str, tag: &str) -> Vec<String> {
    let (old, new) = (all_dots(rest), dashes_and_underscores(rest));
    match confluent(tag) {
        _ if old == new => vec![new],
        Some(release) if release < (5, 4) => vec![old],
        Some((5, 4)) => vec![old, new],
        Some(_) | None => vec![new],
    }
}

fn remark_of_confluent(variable: &str, tag: &str) -> Option<&'static str> {
    let told_the_other_way = confluent(tag).is_some_and(|release| ((5, 5)..(7, 6)).contains(&release));
    (told_the_other_way && variable.contains("__")).then_some(
        "Confluent's documentation up to 7.5 told it the other way round (`__` a dash, `___` an underscore); the image does \
         what stands here",
    )
}

/// Major and minor release of Confluent Platform.
fn confluent(tag: &str) -> Option<(u16, u16)> {
    let version = leading_version(tag)?;
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Source: docs.confluent.io, Supported Versions and Interoperability (5.x to 7.x); Streams upgrade guide at 8.3 (8.3 is 4.3).
fn version_of_confluent(tag: &str) -> Option<String> {
    match confluent(tag)? {
        (5, minor) => Some(format!("2.{minor}")),
        (6, minor) => Some(format!("2.{}", minor + 6)),
        (7, minor) => Some(format!("3.{minor}")),
        (8, minor) => Some(format!("4.{minor}")),
        _ => None,
    }
}

/// `3.6.1` of `3.6.1-debian-11-r0`; `None` unless it has two numbers.
fn leading_version(tag: &str) -> Option<String> {
    let end = tag.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tag.len());
    let version = &tag[..end];
    let parts: Vec<&str> = version.split('.').collect();
    let is_version = (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.parse::<u16>().is_ok());
    is_version.then(|| version.to_owned())
}

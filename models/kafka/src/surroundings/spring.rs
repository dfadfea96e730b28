//! Spring Boot's properties for Kafka.

use ackproof_core::surroundings::{Form, Spring, SpringApp, SpringKey};

const fn key(path: &'static str, section: &'static str, key: &'static str, form: Form) -> SpringKey {
    SpringKey { path, section, key, form }
}

pub(super) static SPRING: Spring = Spring {
    prefix: "spring.kafka",
    maps: &[
        ("properties", &["producer", "consumer"]),
        ("producer.properties", &["producer"]),
        ("consumer.properties", &["consumer"]),
    ],
    keys: &[
        key("producer.acks", "producer", "acks", Form::Plain),
        key("producer.retries", "producer", "retries", Form::Plain),
        key("producer.batch-size", "producer", "batch.size", Form::Bytes),
        key("producer.buffer-memory", "producer", "buffer.memory", Form::Bytes),
        key("producer.compression-type", "producer", "compression.type", Form::Plain),
        key("producer.transaction-id-prefix", "producer", "transactional.id", Form::Plain),
        key("consumer.enable-auto-commit", "consumer", "enable.auto.commit", Form::Plain),
        key("consumer.auto-commit-interval", "consumer", "auto.commit.interval.ms", Form::Millis),
        key("consumer.auto-offset-reset", "consumer", "auto.offset.reset", Form::Plain),
        key("consumer.isolation-level", "consumer", "isolation.level", Form::Word),
        key("consumer.max-poll-records", "consumer", "max.poll.records", Form::Plain),
        key("consumer.max-poll-interval", "consumer", "max.poll.interval.ms", Form::Millis),
        key("consumer.heartbeat-interval", "consumer", "heartbeat.interval.ms", Form::Millis),
        key("consumer.fetch-max-wait", "consumer", "fetch.max.wait.ms", Form::Millis),
    ],
    others: &[
        "bootstrap-servers",
        "client-id",
        "security*",
        "ssl*",
        "jaas*",
        "admin*",
        "streams*",
        "template*",
        "retry*",
        "bulkhead*",
        "producer.bootstrap-servers",
        "producer.client-id",
        "producer.key-serializer",
        "producer.value-serializer",
        "producer.security*",
        "producer.ssl*",
        "consumer.bootstrap-servers",
        "consumer.client-id",
        "consumer.group-id",
        "consumer.key-deserializer",
        "consumer.value-deserializer",
        "consumer.fetch-min-size",
        "consumer.security*",
        "consumer.ssl*",
        "listener*",
    ],
    given: &[(
        "consumer",
        "enable.auto.commit",
        "false",
        "a listener container commits by itself and turns enable.auto.commit off (since spring-kafka 2.3)",
    )],
    app: Some(&SpringApp {
        path: "listener.ack-mode",
        default: "BATCH",
        values: &[
            ("record", "app.consumer.ack", "after-processing", ""),
            ("batch", "app.consumer.ack", "after-batch", ""),
            (
                "time",
                "app.consumer.ack",
                "after-batch",
                "it commits later than after each batch: more is repeated after a crash",
            ),
            (
                "count",
                "app.consumer.ack",
                "after-batch",
                "it commits when so many were processed, not after each batch",
            ),
            (
                "counttime",
                "app.consumer.ack",
                "after-batch",
                "it commits when so many were processed or some time has passed, not after each batch",
            ),
            ("manual", "app.consumer.ack", "", ""),
            ("manualimmediate", "app.consumer.ack", "", ""),
        ],
        unless: ("consumer", "enable.auto.commit", "true"),
    }),
    source: "KafkaProperties in spring-boot-autoconfigure at 3.3; Listener Container Properties, Committing Offsets in the reference of spring-kafka",
};

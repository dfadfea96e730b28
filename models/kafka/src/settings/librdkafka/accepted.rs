//! Settings of librdkafka's clients that are accepted and listed but have no effect here, grouped by the reason.
//!
//! Simplified: a producer's property that is given to a consumer, or the other way round, is an error here; librdkafka
//! warns and ignores it.

use ackproof_core::setting::Setting;

use super::super::unmodelled::Unmodelled;

pub(super) fn producer() -> impl Iterator<Item = Setting> {
    CLIENT.iter().chain(PRODUCER).flat_map(|group| group.settings("producer"))
}
pub(super) fn consumer() -> impl Iterator<Item = Setting> {
    CLIENT.iter().chain(CONSUMER).flat_map(|group| group.settings("consumer"))
}

const CLIENT: &[Unmodelled] = &[
    Unmodelled {
        why: "Who may connect and how it is encrypted: every simulated client may do everything.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &[
            "enable.ssl.certificate.verification",
            "enable.sasl.oauthbearer.unsecure.jwt",
            "sasl.oauthbearer.assertion.claim.jti.include",
        ],
        numbers: &[
            "sasl.kerberos.min.time.before.relogin",
            "sasl.oauthbearer.assertion.claim.exp.seconds",
            "sasl.oauthbearer.assertion.claim.nbf.seconds",
        ],
        texts: &[
            "security.protocol",
            "ssl.cipher.suites",
            "ssl.curves.list",
            "ssl.sigalgs.list",
            "ssl.key.location",
            "ssl.key.password",
            "ssl.key.pem",
            "ssl.certificate.location",
            "ssl.certificate.pem",
            "ssl.ca.location",
            "https.ca.location",
            "https.ca.pem",
            "ssl.ca.pem",
            "ssl.ca.certificate.stores",
            "ssl.crl.location",
            "ssl.keystore.location",
            "ssl.keystore.password",
            "ssl.providers",
            "ssl.engine.location",
            "ssl.engine.id",
            "ssl.endpoint.identification.algorithm",
            "sasl.mechanisms",
            "sasl.mechanism",
            "sasl.kerberos.service.name",
            "sasl.kerberos.principal",
            "sasl.kerberos.kinit.cmd",
            "sasl.kerberos.keytab",
            "sasl.username",
            "sasl.password",
            "sasl.oauthbearer.config",
            "sasl.oauthbearer.method",
            "sasl.oauthbearer.client.id",
            "sasl.oauthbearer.client.credentials.client.id",
            "sasl.oauthbearer.client.credentials.client.secret",
            "sasl.oauthbearer.client.secret",
            "sasl.oauthbearer.scope",
            "sasl.oauthbearer.extensions",
            "sasl.oauthbearer.token.endpoint.url",
            "sasl.oauthbearer.sub.claim.name",
            "sasl.oauthbearer.grant.type",
            "sasl.oauthbearer.assertion.algorithm",
            "sasl.oauthbearer.assertion.private.key.file",
            "sasl.oauthbearer.assertion.private.key.passphrase",
            "sasl.oauthbearer.assertion.private.key.pem",
            "sasl.oauthbearer.assertion.file",
            "sasl.oauthbearer.assertion.claim.aud",
            "sasl.oauthbearer.assertion.claim.iss",
            "sasl.oauthbearer.assertion.claim.sub",
            "sasl.oauthbearer.assertion.jwt.template.file",
            "sasl.oauthbearer.metadata.authentication.type",
        ],
    },
    Unmodelled {
        why: "Every client knows the addresses of all brokers, and the topic exists.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &["topic.metadata.refresh.sparse", "enable.sparse.connections", "allow.auto.create.topics"],
        numbers: &[
            "metadata.recovery.rebootstrap.trigger.ms",
            "metadata.max.age.ms",
            "topic.metadata.refresh.fast.cnt",
            "topic.metadata.propagation.max.ms",
            "broker.address.ttl",
        ],
        texts: &[
            "client.id",
            "metadata.broker.list",
            "bootstrap.servers",
            "metadata.recovery.strategy",
            "topic.blacklist",
            "broker.address.family",
            "client.rack",
            "client.dns.lookup",
            "client.software.name",
            "client.software.version",
        ],
    },
    Unmodelled {
        why: "Buffers and idle connections decide throughput, which is not simulated.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &["socket.keepalive.enable", "socket.nagle.disable"],
        numbers: &[
            "message.max.bytes",
            "message.copy.max.bytes",
            "receive.message.max.bytes",
            "socket.blocking.max.ms",
            "socket.send.buffer.bytes",
            "socket.receive.buffer.bytes",
            "connections.max.idle.ms",
            "reconnect.backoff.jitter.ms",
        ],
        texts: &[],
    },
    Unmodelled {
        why: "A connection is always closed when a request on it has timed out, as with the default of 1.",
        source: "rd_kafka_broker_timeout_scan at librdkafka 2.15.0",
        flags: &[],
        numbers: &["socket.max.fails"],
        texts: &[],
    },
    Unmodelled {
        why: "Every broker that is simulated is newer.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &["api.version.request"],
        numbers: &["api.version.request.timeout.ms", "api.version.fallback.ms"],
        texts: &["broker.version.fallback"],
    },
    Unmodelled {
        why: "Observes, and decides nothing.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &["log.queue", "log.thread.name", "enable.random.seed", "log.connection.close", "enable.metrics.push"],
        numbers: &["statistics.interval.ms", "enabled_events", "log_level", "internal.termination.signal"],
        texts: &["builtin.features", "debug", "plugin.library.paths"],
    },
];

const PRODUCER: &[Unmodelled] = &[
    Unmodelled {
        why: "What is in a message is not simulated; every message is small and valid.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &[],
        numbers: &["compression.level"],
        texts: &["compression.codec", "compression.type"],
    },
    Unmodelled {
        why: "Messages go to the partitions in turn, by their number.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &[],
        numbers: &["sticky.partitioning.linger.ms"],
        texts: &["partitioner"],
    },
    Unmodelled {
        why: "Deprecated: messages are always sent first in, first out.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &["produce.offset.report"],
        numbers: &[],
        texts: &["queuing.strategy"],
    },
    Unmodelled {
        why: "Whether the application looks at results is its own business: app.producer.send.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &["delivery.report.only.error"],
        numbers: &[],
        texts: &[],
    },
];

const CONSUMER: &[Unmodelled] = &[
    Unmodelled {
        why: "What is in a message is not simulated; every message is small and valid.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &["check.crcs"],
        numbers: &[],
        texts: &[],
    },
    Unmodelled {
        why: "There is one group, whose members find its coordinator in the metadata.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &[],
        numbers: &["coordinator.query.interval.ms"],
        texts: &["group.id", "group.protocol.type", "group.remote.assignor"],
    },
    Unmodelled {
        why: "For share consumers only, which are not simulated; up to 2.14 librdkafka does not know it.",
        source: "KIP-932; CONFIGURATION.md at librdkafka 2.15.0",
        flags: &[],
        numbers: &["max.poll.records"],
        texts: &["share.acknowledgement.mode"],
    },
    Unmodelled {
        why: "Sizes are not simulated, and fetches run ahead of the application as far as they can.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &[],
        numbers: &[
            "fetch.max.bytes",
            "fetch.message.max.bytes",
            "fetch.min.bytes",
            "fetch.queue.backoff.ms",
            "max.partition.fetch.bytes",
            "queued.max.messages.kbytes",
            "queued.min.messages",
        ],
        texts: &[],
    },
    Unmodelled {
        why: "Of the deprecated consumer and its files of offsets, which are not simulated.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &["auto.commit.enable"],
        numbers: &["consume.callback.max.messages", "offset.store.sync.interval.ms"],
        texts: &["offset.store.method", "offset.store.path"],
    },
    Unmodelled {
        why: "Tells the application that it has come to the end, which changes nothing here.",
        source: "CONFIGURATION.md at librdkafka 2.15.0",
        flags: &["enable.partition.eof"],
        numbers: &[],
        texts: &[],
    },
];

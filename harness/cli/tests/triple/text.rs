//! The text of a random scenario: a cluster, clients, an application and faults, drawn so that Kafka would start all of it.

use ackproof_core::seed::Stream;

/// Faults as a scenario writes them: each kind, and overlaps that a storm seldom draws.
const STEPS: [&str; 27] = [
    "{ kill: leader, at: { after: acked, nth: 5, plus: 1ms }, restart_after: 300ms }",
    "{ kill: coordinator, restart_after: 1s..6s }",
    "{ kill: producer, restart_after: 1ms..400ms }",
    "{ kill: consumer, restart_after: 1ms..400ms }",
    "{ kill: controller, restart_after: 1ms..4s }",
    "{ kill: any-broker, at: { after: replicated, nth: 3, of: b1 }, gone: true }",
    "{ power_loss: all-brokers, at: 150ms..900ms, restart_after: 10ms..900ms }",
    "{ power_loss: isr, at: { after: isr-shrunk }, restart_after: 1s }",
    "{ lose_disk: any-broker, restart_after: 1ms..5s }",
    "{ shutdown: any-broker, restart_after: 20ms..3s }",
    "{ roll: { nodes: brokers, pause: 20ms }, restart_after: 30ms..2s }",
    "{ pause: leader, for: 1ms..12s }",
    "{ pause: producer, for: 1ms..800ms }",
    "{ pause: consumer, for: 1ms..800ms }",
    "{ partition: { isolate: leader, from: [brokers, controller], one_way: true }, for: 10ms..20s }",
    "{ partition: { between: [producer, leader] }, for: 0s..500ms }",
    "{ hold: { between: [producer, brokers] }, for: 1ms..700ms }",
    "{ hold: { between: [leader, followers], one_way: true }, for: 1ms..700ms }",
    "{ drop: { between: [brokers, brokers], rate: 0.4 }, for: 1s }",
    "{ latency: { between: [leader, brokers], add: 5ms..50ms }, for: 1s }",
    "{ clock: { node: any-broker, offset: -30s }, for: 500ms }",
    "{ slow_disk: { node: any-broker, sync: 50ms..300ms }, for: 800ms }",
    "{ full_disk: any-broker, for: 100ms..6s }",
    "{ fail_sync: any-broker, for: 100ms..1s }",
    "{ lying_sync: all-brokers, for: 500ms }",
    "{ move_leader: { to: isr-follower } }",
    "{ random: { kinds: [kill, power_loss, lose_disk, shutdown, pause, partition, hold, latency], count: 1..4 } }",
];

/// A minor release stands for its last bug-fix release; the others have bugs of their own.
const VERSIONS: [&str; 14] =
    ["2.8", "3.0.0", "3.3", "3.4.0", "3.5", "3.6", "3.7", "3.8", "3.9.0", "3.9", "4.0.0", "4.0", "4.1", "4.4"];

pub fn draw(draw: &mut Stream) -> String {
    let shape = Shape::draw(draw);
    let mut text = format!("broker: kafka@{}\n", shape.version);
    if shape.is_librdkafka {
        text.push_str("client: librdkafka\n");
    }
    text.push_str(&format!("cluster: {{ brokers: {}{} }}\n", shape.brokers, one(draw, &["", ", racks: [r1, r2]"])));
    text.push_str("config:\n");
    for (section, settings) in [
        ("broker", broker(&shape, draw)),
        ("topic", topic(&shape, draw)),
        ("producer", producer(&shape, draw)),
        ("consumer", consumer(&shape, draw)),
    ] {
        text.push_str(&format!("  {section}: {{ {} }}\n", settings.join(", ")));
    }
    text.push_str(&app(&shape, draw));
    text.push_str(&format!(
        "workload: {{ producers: {}, consumers: {}, messages: {}, interval: {}ms, processing: {}ms, consumer_start: {} }}\n",
        draw.between(1, 3),
        draw.between(1, 4),
        draw.between(20, 60),
        draw.between(5, 40),
        if shape.is_slow { draw.between(60, 150) } else { draw.between(0, 8) },
        one(draw, &["0s", "10ms..2s", "heal"]),
    ));
    text.push_str(&format!(
        "network: {{ latency: {} }}\ndisk: {{ write: {}, sync: 2ms..8ms, writeback: {} }}\n",
        one(draw, &["1ms..3ms", "1ms", "1ms..30ms"]),
        one(draw, &["0ms", "1ms"]),
        one(draw, &["30s", "2s", "never"]),
    ));
    text.push_str("faults:\n  storm:\n");
    for _ in 0..draw.between(1, 4) {
        text.push_str(&format!("    - {}\n", one(draw, &STEPS)));
    }
    text
}

/// What several sections hang on: drawn first, so that they go together.
struct Shape {
    version: &'static str,
    minor: (u64, u64),
    brokers: u64,
    copies: u64,
    is_librdkafka: bool,
    has_transactions: bool,
    /// An inter-broker protocol and message format from before leader epochs.
    is_old: bool,
    /// Members of the group have a session that ends within the run.
    has_short_sessions: bool,
    by_new_protocol: bool,
    is_slow: bool,
    commit: Commit,
}

#[derive(Copy, Clone, Eq, PartialEq)]
enum Commit {
    Auto,
    Before,
    After,
    AfterBatch,
    InTransaction,
}

impl Shape {
    fn draw(draw: &mut Stream) -> Shape {
        let version = one(draw, &VERSIONS);
        let mut parts = version.split('.').map(|part| part.parse().expect("a version is numbers"));
        let minor = (parts.next().expect("a version has a major"), parts.next().expect("a version has a minor"));
        let brokers = draw.between(1, 4);
        let kind = draw.between(0, 9);
        let (is_librdkafka, has_transactions) = (kind < 2, (2..5).contains(&kind));
        let by_application = [Commit::Auto, Commit::Before, Commit::After, Commit::AfterBatch];
        let commit = match has_transactions && draw.between(0, 1) == 0 {
            true => Commit::InTransaction,
            false => by_application[draw.between(0, 3) as usize],
        };
        Shape {
            version,
            minor,
            brokers,
            copies: draw.between(1, brokers),
            is_librdkafka,
            has_transactions,
            is_old: kind == 9 && minor < (4, 0),
            has_short_sessions: draw.between(0, 2) > 0,
            by_new_protocol: draw.between(0, 3) == 0 && minor >= (4, 0) && !is_librdkafka,
            is_slow: draw.between(0, 7) == 0,
            commit,
        }
    }
}

fn broker(shape: &Shape, draw: &mut Stream) -> Vec<String> {
    let copies = shape.copies;
    let mut settings = vec![
        format!("unclean.leader.election.enable: {}", one(draw, &["true", "false"])),
        format!("offsets.topic.replication.factor: {copies}"),
    ];
    let mut add = |setting: &str| settings.extend((!setting.is_empty()).then(|| setting.to_owned()));
    add(one(draw, &["", "log.flush.interval.messages: 3", "broker.session.timeout.ms: 3000"]));
    add(one(draw, &["", "", "group.initial.rebalance.delay.ms: 0", "group.initial.rebalance.delay.ms: 300"]));
    add(one(draw, &["", "", "controlled.shutdown.enable: false"]));
    add(one(draw, &["", "", "auto.leader.rebalance.enable: false", "leader.imbalance.check.interval.seconds: 2"]));
    add(one(draw, &["", "", "offsets.retention.minutes: 1, offsets.retention.check.interval.ms: 1000"]));
    add(one(draw, &["", "", "offsets.commit.timeout.ms: 900"]));
    add("log.retention.check.interval.ms: 700");
    if shape.has_short_sessions {
        add("group.min.session.timeout.ms: 100");
        if shape.by_new_protocol {
            add("group.consumer.session.timeout.ms: 1200, group.consumer.min.session.timeout.ms: 1000");
            add("group.consumer.heartbeat.interval.ms: 200, group.consumer.min.heartbeat.interval.ms: 100");
        }
    }
    if shape.minor >= (4, 0) {
        add(one(draw, &["", "eligible.leader.replicas.version: 0", "eligible.leader.replicas.version: 1"]));
    }
    if shape.is_old {
        add(one(
            draw,
            &[
                "inter.broker.protocol.version: 0.10.2, log.message.format.version: 0.10.2",
                "inter.broker.protocol.version: 1.1, log.message.format.version: 1.1",
                "inter.broker.protocol.version: 2.0, log.message.format.version: 2.0",
                "zookeeper.connect: \"z1:2181\", zookeeper.session.timeout.ms: 2000",
            ],
        ));
    }
    if shape.has_transactions {
        let copies = draw.between(1, shape.brokers);
        add(&format!("transaction.state.log.replication.factor: {copies}"));
        add(&format!("transaction.state.log.min.isr: {}", draw.between(1, copies)));
        add("transaction.abort.timed.out.transaction.cleanup.interval.ms: 400");
        if shape.minor >= (4, 0) {
            add(one(draw, &["", "transaction.version: 0", "transaction.version: 1", "transaction.version: 2"]));
        }
        if shape.minor >= (3, 6) {
            add(one(draw, &["", "", "transaction.partition.verification.enable: false"]));
        }
    }
    settings
}

fn topic(shape: &Shape, draw: &mut Stream) -> Vec<String> {
    let mut settings = vec![
        format!("replication.factor: {}", shape.copies),
        format!("partitions: {}", draw.between(1, 4)),
        format!("min.insync.replicas: {}", draw.between(1, shape.copies)),
    ];
    let mut add = |setting: &str| settings.extend((!setting.is_empty()).then(|| setting.to_owned()));
    add(one(draw, &["", "flush.messages: 1", "flush.messages: 7"]));
    match shape.minor >= (4, 0) {
        true => add(one(draw, &["", "", "segment.ms: 150", "segment.ms: 40"])),
        false => add(one(draw, &["", "", "segment.ms: 150", "segment.bytes: 700", "segment.bytes: 2500"])),
    }
    add(one(draw, &["", "", "", "retention.ms: 900", "retention.ms: 20000", "retention.bytes: 1500"]));
    add(one(draw, &["", "", "message.timestamp.type: LogAppendTime"]));
    settings
}

fn producer(shape: &Shape, draw: &mut Stream) -> Vec<String> {
    let mut settings = vec![
        format!("linger.ms: {}", one(draw, &["0", "5", "40"])),
        format!("batch.size: {}", one(draw, &["16384", "250"])),
        format!("max.in.flight.requests.per.connection: {}", one(draw, &["1", "5"])),
    ];
    let mut add = |setting: &str| settings.extend((!setting.is_empty()).then(|| setting.to_owned()));
    let timeouts = "delivery.timeout.ms: 4000, request.timeout.ms: 1500";
    if shape.has_transactions {
        add("transactional.id: orders, acks: all");
        add(one(
            draw,
            &["transaction.timeout.ms: 700", "transaction.timeout.ms: 5000", "transaction.timeout.ms: 60000"],
        ));
        add(one(draw, &["", timeouts, "max.block.ms: 1500"]));
        if shape.minor < (3, 0) {
            add("enable.idempotence: true");
        }
        return settings;
    }
    match shape.is_old || draw.between(0, 3) > 0 {
        true => {
            add(&format!("acks: {}", one(draw, &["0", "1", "all"])));
            add(one(draw, &["", "retries: 2", timeouts]));
            add(if shape.is_old { "enable.idempotence: false" } else { "" });
        }
        false => {
            add("acks: all, enable.idempotence: true");
            add(one(draw, &["", timeouts]));
        }
    }
    settings
}

fn consumer(shape: &Shape, draw: &mut Stream) -> Vec<String> {
    let mut settings = vec![format!("enable.auto.commit: {}", shape.commit == Commit::Auto)];
    let mut add = |setting: &str| settings.extend((!setting.is_empty()).then(|| setting.to_owned()));
    if shape.commit == Commit::Auto {
        add(one(draw, &["", "auto.commit.interval.ms: 300"]));
    }
    add(one(draw, &["isolation.level: read_committed", "isolation.level: read_uncommitted"]));
    let session = one(draw, &["400", "1500"]);
    match shape.by_new_protocol {
        true => add("group.protocol: consumer"),
        false if shape.has_short_sessions => {
            add(&format!("session.timeout.ms: {session}, heartbeat.interval.ms: {}", one(draw, &["50", "300"])));
        }
        false => {}
    }
    if shape.is_librdkafka {
        add(one(draw, &["auto.offset.reset: earliest", "auto.offset.reset: latest", "auto.offset.reset: error"]));
        if !shape.by_new_protocol {
            add(one(
                draw,
                &[
                    "",
                    "partition.assignment.strategy: range",
                    "partition.assignment.strategy: roundrobin",
                    "partition.assignment.strategy: cooperative-sticky",
                ],
            ));
        }
        if shape.has_short_sessions {
            add(one(draw, &["", "max.poll.interval.ms: 1600"]));
        }
        return settings;
    }
    add(&format!("auto.offset.reset: {}", one(draw, &["earliest", "latest", "none"])));
    add(&format!("max.poll.records: {}", one(draw, &["1", "10", "500"])));
    // Shorter than its heartbeats are apart, a rebalance would never end.
    if shape.has_short_sessions {
        add(one(draw, &["", "", "max.poll.interval.ms: 700", "max.poll.interval.ms: 3000"]));
    }
    add(one(draw, &["", "", "request.timeout.ms: 1500, default.api.timeout.ms: 2500"]));
    if !shape.by_new_protocol {
        let class =
            one(draw, &["", "RangeAssignor", "RoundRobinAssignor", "StickyAssignor", "CooperativeStickyAssignor"]);
        if !class.is_empty() {
            add(&format!("partition.assignment.strategy: org.apache.kafka.clients.consumer.{class}"));
        }
    }
    settings
}

fn app(shape: &Shape, draw: &mut Stream) -> String {
    let (send, transaction) = match shape.has_transactions {
        true => {
            let transaction = format!(
                ", transaction: {{ messages: {}, abort_rate: {} }}",
                draw.between(1, 7),
                one(draw, &["0.0", "0.1", "0.5"])
            );
            (one(draw, &["sync", "async", "async-unchecked"]), transaction)
        }
        false => (one(draw, &["sync", "async", "async-unchecked", "one-way"]), String::new()),
    };
    let ack = match shape.commit {
        Commit::Auto => "",
        Commit::Before => "ack: before-processing, ",
        Commit::After => "ack: after-processing, ",
        Commit::AfterBatch => "ack: after-batch, ",
        Commit::InTransaction => "ack: in-transaction, ",
    };
    let (commit, processing) = match shape.commit {
        Commit::Auto => ("", one(draw, &["inline", "background"])),
        Commit::InTransaction => ("", "inline"),
        Commit::Before | Commit::After | Commit::AfterBatch => {
            (one(draw, &["", "commit: async, "]), one(draw, &["inline", "background"]))
        }
    };
    format!(
        "app:\n  producer: {{ send: {send}, on_failure: {}{transaction} }}\n  consumer: {{ {ack}{commit}processing: {processing}, failure_rate: {}, on_error: {} }}\n",
        one(draw, &["report", "{ resend: { times: 2, backoff: 20ms } }"]),
        one(draw, &["0.0", "0.0", "0.2"]),
        one(draw, &["retry", "requeue", "reject"]),
    )
}

fn one<'a>(draw: &mut Stream, of: &[&'a str]) -> &'a str {
    of[draw.between(0, of.len() as u64 - 1) as usize]
}

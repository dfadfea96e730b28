//! Random scenarios, seeds and schedules of Kafka: what both engines must agree on. Everything follows from one number.

use ackproof::plan::Plan;
use ackproof::registry;
use ackproof::trial::Bed;
use ackproof_core::fault::Count;
use ackproof_core::recording::{Detail, Recording};
use ackproof_core::schedule::Schedule;
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::time::Span;
use ackproof_search::storm::Storm;
use ackproof_sim::{Bench, Engine, Job};

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

/// A scenario of one cell, and the run of it that this number stands for.
pub struct Triple {
    pub text: String,
    pub seed: Seed,
    pub schedule: Schedule,
    plan: Plan,
}

impl Triple {
    pub fn of(number: u64) -> Triple {
        let mut triple = Triple::read(&text(&mut Seed(number).stream("text")), number);
        // Every third schedule is wilder than what a scenario can write: on any node, at any anchor, without end.
        if number % 3 == 2 {
            let mut storm = Storm::new(triple.bed().prepared.topology().clone(), Span::secs(2));
            storm.faults = Count { low: 1, high: 6 };
            storm.gone = true;
            triple.schedule = storm.draw(triple.seed);
        }
        triple
    }

    /// A scenario of one cell, with the schedule that a sweep would give it.
    pub fn read(text: &str, number: u64) -> Triple {
        let scenario = ackproof_scenario::parse("storm", text, &registry::brokers(), &[])
            .unwrap_or_else(|errors| panic!("number {number} is no scenario:\n{errors}\n{text}"));
        let plan = Plan::of(scenario, Engine::Event);
        let seed = Seed(number).derive("run");
        let schedule = plan.bed(&plan.cells[0]).schedule(seed);
        Triple { text: text.to_owned(), seed, schedule, plan }
    }

    pub fn bed(&self) -> Bed<'_> {
        self.plan.bed(&self.plan.cells[0])
    }

    pub fn record(&self, engine: Engine, bench: Bench, detail: Detail) -> Recording {
        let bed = self.bed();
        let job = Job { seed: self.seed, setup: bed.setup, schedule: &self.schedule, detail };
        let recorded = bed.prepared.run_on_bench(&job, engine, bench);
        recorded.unwrap_or_else(|error| panic!("{error}, on the {engine} engine\n{self}"))
    }
}

impl std::fmt::Display for Triple {
    /// All that is needed to see the run again.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seed {}, faults:", self.seed.0)?;
        for step in self.schedule.steps() {
            writeln!(f, "  - {}", serde_json::to_string(&step).expect("a step can be written"))?;
        }
        f.write_str(&self.text)
    }
}

fn one<'a>(draw: &mut Stream, of: &[&'a str]) -> &'a str {
    of[draw.between(0, of.len() as u64 - 1) as usize]
}

fn text(draw: &mut Stream) -> String {
    let brokers = draw.between(1, 4);
    let copies = draw.between(1, brokers);
    let mut text = format!("broker: kafka@{}\n", one(draw, &["2.8", "3.6", "3.7", "3.9", "4.1"]));
    text.push_str(&format!("cluster: {{ brokers: {brokers}{} }}\n", one(draw, &["", ", racks: [r1, r2]"])));
    text.push_str("config:\n");
    text.push_str(&format!(
        "  broker: {{ unclean.leader.election.enable: {}, offsets.topic.replication.factor: {copies}{} }}\n",
        one(draw, &["true", "false"]),
        one(draw, &["", ", log.flush.interval.messages: 3", ", broker.session.timeout.ms: 3000"]),
    ));
    text.push_str(&format!(
        "  topic: {{ replication.factor: {copies}, partitions: {}, min.insync.replicas: {}{} }}\n",
        draw.between(1, 4),
        draw.between(1, copies),
        one(draw, &["", ", flush.messages: 1", ", flush.messages: 7"]),
    ));
    text.push_str(&format!(
        "  producer: {{ acks: {}, linger.ms: {}, batch.size: {}, max.in.flight.requests.per.connection: {}{} }}\n",
        one(draw, &["0", "1", "all"]),
        one(draw, &["0", "5", "40"]),
        one(draw, &["16384", "250"]),
        one(draw, &["1", "5"]),
        one(draw, &["", ", retries: 2", ", delivery.timeout.ms: 4000, request.timeout.ms: 1500"]),
    ));
    let commit = draw.between(0, 3);
    let by_itself = one(draw, &["true, auto.commit.interval.ms: 300", "true"]);
    text.push_str(&format!(
        "  consumer: {{ enable.auto.commit: {}, auto.offset.reset: {}, max.poll.records: {} }}\n",
        if commit == 0 { by_itself } else { "false" },
        one(draw, &["earliest", "latest", "none"]),
        one(draw, &["1", "10", "500"]),
    ));
    let ack = ["", "ack: before-processing, ", "ack: after-processing, ", "ack: after-batch, "][commit as usize];
    text.push_str(&format!(
        "app:\n  producer: {{ send: {}, on_failure: {} }}\n  consumer: {{ {ack}processing: {}, failure_rate: {}, on_error: {} }}\n",
        one(draw, &["sync", "async", "async-unchecked", "one-way"]),
        one(draw, &["report", "{ resend: { times: 2, backoff: 20ms } }"]),
        one(draw, &["inline", "background"]),
        one(draw, &["0.0", "0.0", "0.2"]),
        one(draw, &["retry", "requeue", "reject"]),
    ));
    text.push_str(&format!(
        "workload: {{ producers: {}, consumers: {}, messages: {}, interval: {}ms, processing: {}ms, consumer_start: {} }}\n",
        draw.between(1, 3),
        draw.between(1, 3),
        draw.between(20, 60),
        draw.between(5, 40),
        draw.between(0, 8),
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

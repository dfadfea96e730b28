//! Simulations and events per second of both engines: Kafka with three replicas, acks=all, one producer with one
//! message in flight, one consumer, no fault.

use std::sync::Arc;
use std::time::Instant;

use ackproof_core::model::{Broker, Model};
use ackproof_core::recording::Detail;
use ackproof_core::schedule::Schedule;
use ackproof_core::seed::Seed;
use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::{SendMode, Setup};
use ackproof_core::time::Span;
use ackproof_kafka::{Config, KAFKA, Kafka};
use ackproof_sim::{Engine, Job, run};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

struct Work {
    name: &'static str,
    messages: u32,
    interval: Span,
    send: SendMode,
}

const WORK: [Work; 2] = [
    Work { name: "1000-serial", messages: 1000, interval: Span(1), send: SendMode::Sync },
    Work { name: "200-in-2s", messages: 200, interval: Span(10), send: SendMode::Async },
];

fn model(work: &Work) -> (Arc<Kafka>, Setup) {
    let mut setup = Setup::default();
    setup.workload.messages = work.messages;
    setup.workload.interval = work.interval;
    setup.app.producer.send = work.send;
    let version = *KAFKA.versions().last().expect("a broker has versions");
    let mut effective = Effective::defaults(version, KAFKA.clients()[0], KAFKA.versions(), KAFKA.settings());
    let mut set = |section, key, value: &str| {
        effective.set(SettingName::new(section, key), value, ValueSource::CommandLine);
    };
    set("topic", "replication.factor", "3");
    set("producer", "acks", "all");
    set("producer", "linger.ms", "0");
    let model = Kafka::new(Config::from_effective(&effective, &setup), KAFKA.topology(&effective, &setup));
    (Arc::new(model), setup)
}

fn simulate(model: &Arc<Kafka>, setup: &Setup, seed: u64, engine: Engine) -> u64 {
    let schedule = Schedule::default();
    let job = Job { seed: Seed(seed), setup, schedule: &schedule, detail: Detail::Verdict };
    let recording = run(model, &job, engine).expect("the work can be simulated");
    assert!(recording.history.entries.len() > setup.workload.messages as usize * 3, "the work was done");
    recording.events
}

fn engines(criterion: &mut Criterion) {
    for work in &WORK {
        let (model, setup) = model(work);
        println!("{}: {} nodes", work.name, model.topology().len());
        for engine in [Engine::Event, Engine::Turmoil] {
            let began = Instant::now();
            let runs = if engine == Engine::Event { 200 } else { 5 };
            let events: u64 = (0..runs).map(|seed| simulate(&model, &setup, seed, engine)).sum();
            let seconds = began.elapsed().as_secs_f64();
            println!(
                "{} on {engine}: {:.0} simulations/s, {:.2} million events/s, {} events each",
                work.name,
                runs as f64 / seconds,
                events as f64 / seconds / 1e6,
                events / runs,
            );
            let mut group = criterion.benchmark_group(work.name);
            group.throughput(Throughput::Elements(events / runs));
            if engine == Engine::Turmoil {
                group.sample_size(10);
            }
            let mut seed = 0;
            group.bench_function(BenchmarkId::from_parameter(engine), |bencher| {
                bencher.iter(|| {
                    seed += 1;
                    simulate(&model, &setup, seed, engine)
                });
            });
            group.finish();
        }
    }
}

criterion_group!(benches, engines);
criterion_main!(benches);

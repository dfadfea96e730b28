//! Every broker that can be simulated. To add one: a dependency, and one line in [`ENTRIES`].

use std::sync::Arc;

use ackproof_core::model::{Broker, Model};
use ackproof_core::node::Topology;
use ackproof_core::recording::Recording;
use ackproof_core::setting::Effective;
use ackproof_core::setup::Setup;
use ackproof_kafka::{Config, KAFKA, Kafka};
use ackproof_rocketmq::{ROCKETMQ, Rocketmq};
use ackproof_sim::{Bench, Engine, Job, SimError};

/// One broker: how a scenario sees it, and how one of its configurations is made ready to run.
pub struct Entry {
    pub broker: &'static dyn Broker,
    /// Begins the token of a replay.
    pub token: &'static str,
    pub prepare: fn(&Effective, &Setup) -> Box<dyn Prepared>,
}

/// One configuration of one broker, ready to run any number of times on any thread.
pub trait Prepared: Send + Sync {
    fn topology(&self) -> &Topology;

    /// Runs in one of the ways that must not change a history, or must: see [`Bench`].
    ///
    /// # Errors
    /// As [`ackproof_sim::run`].
    fn run_on_bench(&self, job: &Job<'_>, engine: Engine, bench: Bench) -> Result<Recording, SimError>;

    /// # Errors
    /// As [`ackproof_sim::run`].
    fn run(&self, job: &Job<'_>, engine: Engine) -> Result<Recording, SimError> {
        self.run_on_bench(job, engine, Bench::default())
    }
}

struct Ready<M: Model>(Arc<M>);

impl<M: Model> Prepared for Ready<M> {
    fn topology(&self) -> &Topology {
        self.0.topology()
    }
    fn run_on_bench(&self, job: &Job<'_>, engine: Engine, bench: Bench) -> Result<Recording, SimError> {
        ackproof_sim::run_on_bench(&self.0, job, engine, bench)
    }
}

fn ready<M: Model>(model: M) -> Box<dyn Prepared> {
    Box::new(Ready(Arc::new(model)))
}

pub static ENTRIES: &[Entry] = &[
    Entry {
        broker: &KAFKA,
        token: "kfk1",
        prepare: |effective, setup| {
            ready(Kafka::new(Config::from_effective(effective, setup), KAFKA.topology(effective, setup)))
        },
    },
    Entry {
        broker: &ROCKETMQ,
        token: "rmq1",
        prepare: |effective, setup| {
            let config = ackproof_rocketmq::Config::from_effective(effective, setup);
            ready(Rocketmq::new(config, ROCKETMQ.topology(effective, setup)))
        },
    },
];

/// The brokers, for whoever reads scenarios.
pub fn brokers() -> Vec<&'static dyn Broker> {
    ENTRIES.iter().map(|entry| entry.broker).collect()
}

/// The broker called `name`, which a scenario that was read has shown to exist.
pub fn entry(name: &str) -> &'static Entry {
    ENTRIES.iter().find(|entry| entry.broker.name() == name).expect("a scenario names a broker that is registered")
}

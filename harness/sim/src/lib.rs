//! The simulated world, and two engines that drive it.
//!
//! The world owns everything physical: machines, processes, disks, links, connections, clocks, faults and the
//! recorder. [`event`] drives it from a plain queue of due events; [`turmoil_engine`] drives the same world and the
//! same actors with every node a turmoil host and every message a datagram on turmoil's network. For one seed both
//! give the same history, byte for byte, and that is tested.
//!
//! This crate knows no broker by name, and it is the only one that names turmoil or tokio.

mod app;
mod cast;
mod connection;
pub mod event;
mod fault_run;
mod link;
mod machine;
mod node;
mod phases;
mod queue;
mod recorder;
mod sender;
mod step;
mod traffic;
mod transactions;
pub mod turmoil_engine;
mod wheel;
mod world;

use std::fmt;
use std::sync::Arc;

use ackproof_core::model::Model;
use ackproof_core::recording::{Detail, Recording};
use ackproof_core::schedule::Schedule;
use ackproof_core::seed::Seed;
use ackproof_core::setup::Setup;
use serde::{Deserialize, Serialize};

/// One run: what is drawn from, what is simulated, what is done to it.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    pub seed: Seed,
    pub setup: &'a Setup,
    pub schedule: &'a Schedule,
    pub detail: Detail,
}

/// Who drives the world.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// A queue of due events: the fast one.
    #[default]
    Event,
    /// turmoil: the reference.
    Turmoil,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Event => "event",
            Engine::Turmoil => "turmoil",
        })
    }
}

/// Ways to run that must not change a history, and ways that must. Tests use both; everything else the default.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Bench {
    /// Permutes the order in which nodes are served within a millisecond, by this number.
    pub node_order: Option<u64>,
    /// A bug, planted to see that it is caught.
    pub planted: Option<Planted>,
}

/// Bugs of the kind that make runs irreproducible.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Planted {
    /// All links draw their latency from one stream.
    SharedStream,
    /// Records reach the history in the order in which nodes happen to be served.
    UnsortedRecords,
}

/// A run that could not be finished. Always a bug of ours, or of turmoil's.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum SimError {
    /// A node handled more events in one millisecond, or the run more in all, than any sane protocol does.
    Livelock(String),
    /// turmoil lost a message that the world would have delivered, or failed by itself.
    Engine(String),
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SimError::Livelock(what) => write!(f, "the simulation runs away: {what}"),
            SimError::Engine(what) => write!(f, "the turmoil engine failed: {what}"),
        }
    }
}
impl std::error::Error for SimError {}

/// Runs one job.
///
/// # Errors
/// [`SimError`]; a panic of a model is not caught here.
pub fn run<M: Model>(model: &Arc<M>, job: &Job<'_>, engine: Engine) -> Result<Recording, SimError> {
    run_on_bench(model, job, engine, Bench::default())
}

/// Runs one job in one of the ways that tests compare.
///
/// # Errors
/// As [`run`].
pub fn run_on_bench<M: Model>(
    model: &Arc<M>,
    job: &Job<'_>,
    engine: Engine,
    bench: Bench,
) -> Result<Recording, SimError> {
    match engine {
        Engine::Event => event::run(model, job, bench),
        Engine::Turmoil => turmoil_engine::run(model, job, bench),
    }
}

//! Random scenarios, seeds and schedules of each broker: what both engines must agree on. Everything follows from one number.

mod rocketmq;
mod text;

use ackproof::plan::Plan;
use ackproof::registry;
use ackproof::trial::Bed;
use ackproof_core::fault::Count;
use ackproof_core::recording::{Detail, Recording};
use ackproof_core::schedule::Schedule;
use ackproof_core::seed::Seed;
use ackproof_core::time::Span;
use ackproof_search::storm::Storm;
use ackproof_sim::{Bench, Engine, Job};

/// A scenario of one cell, and the run of it that this number stands for.
pub struct Triple {
    pub text: String,
    pub seed: Seed,
    pub schedule: Schedule,
    plan: Plan,
}

impl Triple {
    pub fn of(number: u64) -> Triple {
        Triple::drawn(&text::draw(&mut Seed(number).stream("text")), number)
    }

    /// The same of RocketMQ.
    pub fn of_rocketmq(number: u64) -> Triple {
        Triple::drawn(&rocketmq::draw(&mut Seed(number).stream("rocketmq")), number)
    }

    fn drawn(text: &str, number: u64) -> Triple {
        let mut triple = Triple::read(text, number);
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

//! A plan whose models lack one of their rules.

use ackproof::plan::Plan;
use ackproof::registry::Prepared;
use ackproof_core::node::Topology;
use ackproof_core::recording::Recording;
use ackproof_scenario::Scenario;
use ackproof_sim::{Bench, Engine, Job, SimError};

/// A rule of some model that can be switched off.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Rule {
    Kafka(ackproof_kafka::Rule),
    Rocketmq(ackproof_rocketmq::Rule),
}

impl Rule {
    /// Every one of every model.
    #[allow(dead_code)] // Not every test binary lists them.
    pub fn all() -> Vec<Rule> {
        let kafka = ackproof_kafka::Rule::ALL.iter().map(|(rule, _)| Rule::Kafka(*rule));
        let rocketmq = ackproof_rocketmq::Rule::ALL.iter().map(|(rule, _)| Rule::Rocketmq(*rule));
        kafka.chain(rocketmq).collect()
    }
}

impl Rule {
    /// Its model, and its name in that model's `RULES.md`.
    #[allow(dead_code)] // As above.
    pub fn written(self) -> (&'static str, &'static str) {
        let of = |known: Option<&'static str>| known.expect("every rule is in the list of its model");
        match self {
            Rule::Kafka(rule) => {
                let mut all = ackproof_kafka::Rule::ALL.iter();
                ("kafka", of(all.find(|(known, _)| *known == rule).map(|(_, name)| *name)))
            }
            Rule::Rocketmq(rule) => {
                let mut all = ackproof_rocketmq::Rule::ALL.iter();
                ("rocketmq", of(all.find(|(known, _)| *known == rule).map(|(_, name)| *name)))
            }
        }
    }
}

fn without<T>(rule: Option<Rule>, work: impl FnOnce() -> T) -> T {
    match rule {
        Some(Rule::Kafka(rule)) => ackproof_kafka::without(Some(rule), work),
        Some(Rule::Rocketmq(rule)) => ackproof_rocketmq::without(Some(rule), work),
        None => work(),
    }
}

/// Plans a scenario with `rule` switched off in every model; `None` leaves them whole.
pub fn plan(scenario: Scenario, rule: Option<Rule>) -> Plan {
    let mut plan = without(rule, || Plan::of(scenario, Engine::Event));
    plan.models = plan.models.into_iter().map(|inner| Box::new(Without { inner, rule }) as Box<dyn Prepared>).collect();
    plan
}

struct Without {
    inner: Box<dyn Prepared>,
    rule: Option<Rule>,
}

impl Prepared for Without {
    fn topology(&self) -> &Topology {
        self.inner.topology()
    }
    fn run_on_bench(&self, job: &Job<'_>, engine: Engine, bench: Bench) -> Result<Recording, SimError> {
        without(self.rule, || self.inner.run_on_bench(job, engine, bench))
    }
}

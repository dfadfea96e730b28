//! One run of a whole cluster under settings and faults that a test names, and what was seen of it.

use std::sync::Arc;

use ackproof_core::app::{Delivery, MsgId, Outcome};
use ackproof_core::model::{Broker, Model};
use ackproof_core::node::{NodeId, Topology};
use ackproof_core::observe::Observation;
use ackproof_core::op::{Op, Phase};
use ackproof_core::recording::{Detail, Fact, Recording};
use ackproof_core::schedule::{Schedule, Step};
use ackproof_core::seed::Seed;
use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::{Deployment, Setup};
use ackproof_core::time::{Span, Time};
use ackproof_rocketmq::{Config, ROCKETMQ, Rocketmq};
use ackproof_sim::{Engine, Job};

/// What is to be run. It begins as a master, a slave and two nameservers; one producer that sends 100 messages, one
/// every 10 ms, each when the one before is answered; and one consumer.
#[derive(Clone, Debug)]
pub struct Scene {
    effective: Effective,
    pub setup: Setup,
    steps: Vec<Step>,
    seed: u64,
}

impl Scene {
    /// With the defaults of a version or release.
    pub fn of(version: &str) -> Scene {
        let effective = Effective::defaults(version, "java", ROCKETMQ.versions(), ROCKETMQ.settings());
        let mut setup = Setup::default();
        setup.cluster.deployment =
            Some(Deployment { mode: "master-slave".to_owned(), groups: 1, slaves: 1, nameservers: 2, controllers: 3 });
        setup.app.producer.send = ackproof_core::setup::SendMode::Sync;
        setup.workload.messages = 100;
        Scene { effective, setup, steps: Vec::new(), seed: 1 }
    }

    /// `broker.flushDiskType=SYNC_FLUSH`
    pub fn set(mut self, settings: &[&str]) -> Scene {
        for setting in settings {
            let (name, value) = setting.split_once('=').expect("name=value");
            let (section, key) = name.split_once('.').expect("section.key");
            let known = ROCKETMQ.settings().iter().any(|known| (known.section, known.key) == (section, key));
            assert!(known, "no such setting: {name}");
            self.effective.set(SettingName::new(section, key), value, ValueSource::Matrix);
        }
        self
    }
    pub fn cluster(mut self, change: impl FnOnce(&mut Deployment)) -> Scene {
        change(self.setup.cluster.deployment.as_mut().expect("there is one"));
        self
    }
    pub fn setup(mut self, change: impl FnOnce(&mut Setup)) -> Scene {
        change(&mut self.setup);
        self
    }
    /// `{kill: a0, at: 300ms, restart_after: 2s}`, as a scenario writes it.
    pub fn fault(mut self, step: &str) -> Scene {
        self.steps.push(serde_yaml::from_str(step).expect("a step"));
        self
    }
    pub fn seed(mut self, seed: u64) -> Scene {
        self.seed = seed;
        self
    }

    /// Runs it.
    pub fn run(&self) -> Story {
        let topology = ROCKETMQ.topology(&self.effective, &self.setup);
        let config = Config::from_effective(&self.effective, &self.setup);
        let model = Arc::new(Rocketmq::new(config, topology));
        let (seed, chaos) = (Seed(self.seed), self.setup.workload.nominal());
        let schedule = Schedule::plan(&self.steps, seed, "scene", chaos, model.topology());
        let job = Job { seed, setup: &self.setup, schedule: &schedule, detail: Detail::Trace };
        let recording = ackproof_sim::run(&model, &job, Engine::Event).expect("it can be run");
        for report in &recording.faults {
            assert!(report.fired_at.is_some(), "a fault never fired: {report:?}");
        }
        Story { recording, topology: model.topology().clone() }
    }
}

/// What was seen of a run.
pub struct Story {
    pub recording: Recording,
    topology: Topology,
}

/// The message of this number of the first producer.
pub fn msg(number: u32) -> MsgId {
    MsgId::new(0, number)
}

impl Story {
    pub fn node(&self, name: &str) -> NodeId {
        self.topology.find(name).unwrap_or_else(|| panic!("there is no {name}"))
    }
    fn ops(&self) -> impl Iterator<Item = (Time, Option<NodeId>, &Op)> {
        self.recording.history.entries.iter().map(|entry| (entry.at, entry.node, &entry.op))
    }
    /// Whether the run came to rest by itself.
    pub fn came_to_rest(&self) -> bool {
        !self.ops().any(|(_, _, op)| matches!(op, Op::PhaseLimit(_)))
    }
    /// When each send was made and what its application was told, in order.
    pub fn told(&self) -> Vec<(MsgId, Outcome)> {
        self.ops()
            .filter_map(|(_, _, op)| match op {
                Op::Told { msg, outcome } => Some((*msg, outcome.clone())),
                _ => None,
            })
            .collect()
    }
    /// When each send ended, and whether it was acknowledged, in order.
    pub fn told_at(&self) -> Vec<(Time, bool)> {
        self.ops()
            .filter_map(|(at, _, op)| match op {
                Op::Told { outcome, .. } => Some((at, *outcome == Outcome::Acked)),
                _ => None,
            })
            .collect()
    }
    pub fn acked(&self) -> Vec<MsgId> {
        self.told().into_iter().filter(|(_, outcome)| *outcome == Outcome::Acked).map(|(msg, _)| msg).collect()
    }
    /// The outcomes that were not successes, with how often each was told, in the order of their words.
    pub fn failures(&self) -> Vec<(String, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for (_, outcome) in self.told().into_iter().filter(|(_, outcome)| *outcome != Outcome::Acked) {
            *counts.entry(outcome.to_string()).or_default() += 1;
        }
        counts.into_iter().collect()
    }
    /// How long each send that was acknowledged took.
    pub fn latencies(&self) -> Vec<Span> {
        let mut sent = std::collections::BTreeMap::new();
        let mut all = Vec::new();
        for (at, _, op) in self.ops() {
            match op {
                Op::Send { msg, .. } => {
                    sent.insert(*msg, at);
                }
                Op::Told { msg, outcome: Outcome::Acked } => all.push(at.since(sent[msg])),
                _ => {}
            }
        }
        all
    }
    /// What consumers' applications were handed, with when and to whom.
    pub fn delivered(&self) -> Vec<(Time, NodeId, Delivery)> {
        self.ops()
            .filter_map(|(at, node, op)| match op {
                Op::Delivered(delivery) => Some((at, node?, *delivery)),
                _ => None,
            })
            .collect()
    }
    /// What consumers' applications finished with.
    pub fn processed(&self) -> Vec<MsgId> {
        self.ops()
            .filter_map(|(_, _, op)| match op {
                Op::Processed { delivery, success: true } => Some(delivery.msg),
                _ => None,
            })
            .collect()
    }
    /// The deliveries that consumers' applications finished with.
    pub fn finished(&self) -> Vec<Delivery> {
        self.ops()
            .filter_map(|(_, _, op)| match op {
                Op::Processed { delivery, success: true } => Some(*delivery),
                _ => None,
            })
            .collect()
    }
    /// What the late consumer found.
    pub fn audited(&self) -> Vec<MsgId> {
        self.ops()
            .filter_map(|(_, _, op)| match op {
                Op::Audited(delivery) => Some(delivery.msg),
                _ => None,
            })
            .collect()
    }
    /// Acknowledged messages that the late consumer did not find.
    pub fn vanished(&self) -> Vec<MsgId> {
        let found = self.audited();
        self.acked().into_iter().filter(|msg| !found.contains(msg)).collect()
    }
    /// What a broker disposed of by a rule of its own.
    pub fn disposed(&self) -> Vec<(MsgId, String)> {
        self.ops()
            .filter_map(|(_, _, op)| match op {
                Op::Disposed { msg, rule } => Some((*msg, rule.clone())),
                _ => None,
            })
            .collect()
    }
    /// When a phase began.
    pub fn began(&self, phase: Phase) -> Time {
        self.ops().find(|(_, _, op)| **op == Op::Phase(phase)).expect("every phase begins").0
    }
    /// What actors let an observer see.
    pub fn seen(&self) -> impl Iterator<Item = (Time, NodeId, &Observation)> {
        self.recording.trace.iter().filter_map(|traced| match &traced.fact {
            Fact::Observed(observation) => Some((traced.at, traced.node, observation)),
            _ => None,
        })
    }
    /// Notes with these words, with when and whose.
    pub fn notes(&self, words: &str) -> Vec<(Time, NodeId)> {
        self.seen()
            .filter(|(_, _, seen)| matches!(seen, Observation::Noted { text } if text.contains(words)))
            .map(|(at, node, _)| (at, node))
            .collect()
    }
}

//! One step of a fault class.

use serde_yaml::{Mapping, Value};

/// What happens to whom, when, and how it ends. Nodes are names (`b1`) or roles (`leader`, `followers`,
/// `all-brokers`, `rack:r1`); `ackproof list faults` prints every verb.
#[derive(Clone, Debug)]
pub struct Step(Mapping);

impl Step {
    /// The process is killed; what the operating system holds survives, and peers see closed connections.
    pub fn kill(node: &str) -> Step {
        Step::of("kill", node)
    }

    /// The machine goes dark: what was not synced is lost, and peers see nothing.
    pub fn power_loss(node: &str) -> Step {
        Step::of("power_loss", node)
    }

    /// A clean stop, as the broker's own stop command does it.
    pub fn shutdown(node: &str) -> Step {
        Step::of("shutdown", node)
    }

    /// Killed, and its disk is blank afterwards.
    pub fn lose_disk(node: &str) -> Step {
        Step::of("lose_disk", node)
    }

    /// Stopped for a while, as by SIGSTOP; its timers age.
    pub fn pause(node: &str) -> Step {
        Step::of("pause", node)
    }

    /// Nothing gets through between `node` and `others`, both ways.
    pub fn cut<'a>(node: &str, others: impl IntoIterator<Item = &'a str>) -> Step {
        let others: Vec<Value> = others.into_iter().map(Value::from).collect();
        let mut what = Mapping::new();
        what.insert("isolate".into(), node.into());
        what.insert("from".into(), others.into());
        Step::of("partition", Value::Mapping(what))
    }

    /// `count` faults of these kinds, drawn from the seed: `Step::random(["kill", "partition"], "1..8")`.
    pub fn random<'a>(kinds: impl IntoIterator<Item = &'a str>, count: &str) -> Step {
        let kinds: Vec<Value> = kinds.into_iter().map(Value::from).collect();
        let mut what = Mapping::new();
        what.insert("kinds".into(), kinds.into());
        what.insert("count".into(), count.into());
        Step::of("random", Value::Mapping(what))
    }

    /// Any verb of a scenario file with what belongs to it.
    pub fn of(verb: &str, what: impl Into<Value>) -> Step {
        Step(Mapping::new()).with(verb, what)
    }

    /// Anything else that a step can say: `with("one_way", true)`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Step {
        self.0.insert(key.into(), value.into());
        self
    }

    /// When: `5s`, `5s..20s`. Drawn from the seed unless said.
    #[must_use]
    pub fn at(self, time: &str) -> Step {
        self.with("at", time)
    }

    /// `plus` after the `nth` time that `probe` is observed: `after("acked", 50, "1ms")`.
    #[must_use]
    pub fn after(self, probe: &str, nth: u32, plus: &str) -> Step {
        let mut anchor = Mapping::new();
        anchor.insert("after".into(), probe.into());
        anchor.insert("nth".into(), nth.into());
        anchor.insert("plus".into(), plus.into());
        self.with("at", Value::Mapping(anchor))
    }

    /// For how long: `30s`, `10s..60s`. Until everything is healed unless said.
    #[must_use]
    pub fn lasts(self, span: &str) -> Step {
        self.with("for", span)
    }

    /// When the machine is started again: `20s`.
    #[must_use]
    pub fn restart_after(self, span: &str) -> Step {
        self.with("restart_after", span)
    }

    /// It never comes back.
    #[must_use]
    pub fn gone(self) -> Step {
        self.with("gone", true)
    }

    pub(super) fn into_value(self) -> Value {
        Value::Mapping(self.0)
    }
}

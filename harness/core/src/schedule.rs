//! From the steps a scenario writes to the concrete faults of one run.
//!
//! A schedule depends on the seed, the name of the fault class and its steps, never on the configuration under
//! test: so every row of a matrix meets the same storms, and a comparison of two rows is paired.

use serde::{Deserialize, Deserializer, Serialize};

use crate::fault::{Ends, FaultKind, Hold, Kill, Latency, MoveLeader, Partition, Random, Shutdown};
use crate::fault::{FailSync, LoseDisk, LyingSync, Pause, PowerLoss, SlowDisk};
use crate::node::{NodeKind, Part, Selector, Topology};
use crate::observe::Probe;
use crate::seed::{Seed, Stream};
use crate::time::{Span, SpanRange};

/// One fault as a scenario writes it: what, when, and how it ends.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Without it: drawn uniformly over the chaos phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<When>,
    /// How long it lasts; for faults that end with a repair.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<SpanRange>,
    /// How long the process is down; for faults that end with a start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_after: Option<SpanRange>,
    /// It never ends, not even when everything else is healed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// When a step fires.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum When {
    /// This long after the chaos phase began.
    Offset(SpanRange),
    /// After the `nth` observation of a kind in the chaos phase (at node `of` only, if given), `plus` a while. The
    /// fault fires at the earliest in the millisecond after the observation.
    Anchor(Anchor),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    pub after: Probe,
    /// Counted from 1.
    #[serde(default = "first")]
    pub nth: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Selector>,
    #[serde(default = "at_once")]
    pub plus: SpanRange,
}

fn first() -> u32 {
    1
}
fn at_once() -> SpanRange {
    SpanRange::exactly(Span::ZERO)
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<When, D::Error> {
        struct Either;
        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = When;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a time (5s), a range of times (5s..20s), or an anchor {after: PROBE, nth: N, plus: 3ms}")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<When, E> {
                text.parse().map(When::Offset).map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<When, E> {
                number.to_string().parse().map(When::Offset).map_err(E::custom)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<When, A::Error> {
                Anchor::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(When::Anchor)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// One fault of one run, with everything that chance decides already drawn.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    pub kind: FaultKind,
    pub at: At,
    pub end: End,
    /// Decides which node a singular part stands for where several fit: the candidate at `pick` modulo their number.
    pub pick: u64,
}

#[derive(Clone, PartialEq, Debug)]
pub enum At {
    /// After the beginning of the chaos phase.
    Offset(Span),
    Anchor {
        after: Probe,
        nth: u32,
        of: Option<Selector>,
        plus: Span,
    },
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum End {
    After(Span),
    /// When the chaos phase ends.
    Heal,
    Gone,
}

/// The faults of one run, in the order the scenario writes them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Schedule {
    pub faults: Vec<Fault>,
}

/// A process that is stopped by a `roll` or a random restart without `restart_after` is down this long.
pub const DEFAULT_RESTART: Span = Span::secs(5);

impl Schedule {
    /// Draws the schedule of one run. `chaos` is the nominal length of the chaos phase.
    pub fn plan(steps: &[Step], seed: Seed, class: &str, chaos: Span, topology: &Topology) -> Schedule {
        let mut draw = seed.stream(&format!("faults/{class}"));
        let mut faults = Vec::new();
        for step in steps {
            match &step.kind {
                FaultKind::Random(random) => unfold_random(random, chaos, &mut draw, &mut faults),
                FaultKind::Roll(roll) => {
                    let mut at = when(step, chaos, &mut draw);
                    let down = step.restart_after.map_or(DEFAULT_RESTART, |range| span(range, &mut draw));
                    for name in rolled(&roll.nodes, topology, &mut draw) {
                        let node = Selector::Name(name);
                        let kind = FaultKind::Shutdown(Shutdown(node.clone()));
                        faults.push(Fault { kind, at, end: End::After(down), pick: 0 });
                        // However long a stop takes, the next one waits until this node is back.
                        at = At::Anchor { after: Probe::Started, nth: 1, of: Some(node), plus: roll.pause };
                    }
                }
                kind => faults.push(Fault {
                    kind: kind.clone(),
                    at: when(step, chaos, &mut draw),
                    end: end(step, &mut draw),
                    pick: draw.draw(),
                }),
            }
        }
        Schedule { faults }
    }

    /// The same schedule as steps that a scenario can write; planning them again with any seed gives it back, as
    /// long as no singular part is left to pick.
    pub fn steps(&self) -> Vec<Step> {
        self.faults.iter().map(Fault::step).collect()
    }
}

impl Fault {
    pub fn step(&self) -> Step {
        let at = match &self.at {
            At::Offset(offset) => When::Offset(SpanRange::exactly(*offset)),
            At::Anchor { after, nth, of, plus } => {
                When::Anchor(Anchor { after: *after, nth: *nth, of: of.clone(), plus: SpanRange::exactly(*plus) })
            }
        };
        let mut step = Step { kind: self.kind.clone(), at: Some(at), lasts: None, restart_after: None, gone: false };
        match self.end {
            End::After(span) if self.kind.ends_with_start() => step.restart_after = Some(SpanRange::exactly(span)),
            End::After(span) => step.lasts = Some(SpanRange::exactly(span)),
            End::Heal => {}
            End::Gone => step.gone = true,
        }
        step
    }
}

fn span(range: SpanRange, draw: &mut Stream) -> Span {
    Span(draw.between(range.low.0, range.high.0))
}

fn when(step: &Step, chaos: Span, draw: &mut Stream) -> At {
    match &step.at {
        None => At::Offset(Span(draw.between(0, chaos.0))),
        Some(When::Offset(range)) => At::Offset(span(*range, draw)),
        Some(When::Anchor(anchor)) => {
            At::Anchor { after: anchor.after, nth: anchor.nth, of: anchor.of.clone(), plus: span(anchor.plus, draw) }
        }
    }
}

fn end(step: &Step, draw: &mut Stream) -> End {
    match step.restart_after.or(step.lasts) {
        _ if step.gone => End::Gone,
        Some(range) => End::After(span(range, draw)),
        None => End::Heal,
    }
}

/// The names behind a selector that does not depend on the run; parts that do give none.
pub fn fixed_names(selector: &Selector, topology: &Topology) -> Vec<String> {
    match selector {
        Selector::Name(name) => vec![name.clone()],
        Selector::Rack(rack) => topology
            .ids()
            .filter(|&id| topology.get(id).rack.as_deref() == Some(rack))
            .map(|id| topology.name(id).to_owned())
            .collect(),
        Selector::Part { part, .. } => part.fixed_kind().map_or(Vec::new(), |kind| {
            topology.of_kind(kind).into_iter().map(|id| topology.name(id).to_owned()).collect()
        }),
        Selector::Each(all) => all.iter().flat_map(|selector| fixed_names(selector, topology)).collect(),
    }
}

/// The nodes of a roll, in order: of a singular part (`any-broker`) one, drawn.
fn rolled(nodes: &Selector, topology: &Topology, draw: &mut Stream) -> Vec<String> {
    let mut names = fixed_names(nodes, topology);
    match nodes {
        Selector::Part { part, .. } if part.is_singular() && names.len() > 1 => {
            vec![names.swap_remove(draw.between(0, names.len() as u64 - 1) as usize)]
        }
        Selector::Part { .. } | Selector::Name(_) | Selector::Rack(_) | Selector::Each(_) => names,
    }
}

/// Draws faults whose durations span two orders of magnitude, since what a short one breaks a long one may hide.
fn unfold_random(random: &Random, chaos: Span, draw: &mut Stream, faults: &mut Vec<Fault>) {
    let count = draw.between(u64::from(random.count.low), u64::from(random.count.high));
    for _ in 0..count {
        let verb = &random.kinds[draw.between(0, random.kinds.len() as u64 - 1) as usize];
        let broker = || Selector::part(Part::AnyBroker);
        let kind = match verb.as_str() {
            "kill" => FaultKind::Kill(Kill(broker())),
            "power_loss" => FaultKind::PowerLoss(PowerLoss(broker())),
            "lose_disk" => FaultKind::LoseDisk(LoseDisk(broker())),
            "shutdown" => FaultKind::Shutdown(Shutdown(broker())),
            "pause" => FaultKind::Pause(Pause(broker())),
            "partition" => FaultKind::Partition(random_partition(draw)),
            "hold" => {
                let between = Ends([broker(), Selector::part(Part::Brokers)]);
                FaultKind::Hold(Hold { between, one_way: draw.chance(0.25) })
            }
            "latency" => {
                let between = Ends([broker(), Selector::part(Part::Brokers)]);
                let add = SpanRange::between(Span(10), Span(draw.between(20, 400)));
                FaultKind::Latency(Latency { between, add, one_way: draw.chance(0.25) })
            }
            "slow_disk" => {
                let sync = SpanRange::between(Span(20), Span(draw.between(50, 2000)));
                FaultKind::SlowDisk(SlowDisk { node: broker(), sync })
            }
            "fail_sync" => FaultKind::FailSync(FailSync(broker())),
            "lying_sync" => FaultKind::LyingSync(LyingSync(broker())),
            "move_leader" => FaultKind::MoveLeader(MoveLeader { to: Selector::part(Part::IsrFollower), of: 0 }),
            other => unreachable!("`{other}` is refused as a kind of random fault when the scenario is read"),
        };
        let magnitude = [100, 1000, 10_000][draw.between(0, 2) as usize];
        let lasts = Span(draw.between(magnitude / 2, magnitude * 3));
        let at = At::Offset(Span(draw.between(0, chaos.0)));
        faults.push(Fault { kind, at, end: End::After(lasts), pick: draw.draw() });
    }
}

fn random_partition(draw: &mut Stream) -> Partition {
    let (brokers, controller) = (Selector::part(Part::Brokers), Selector::part(Part::Controller));
    let from = match draw.between(0, 3) {
        0 => brokers,
        1 => controller,
        2 => Selector::Each(vec![brokers, controller]),
        _ => Selector::part(Part::Producer),
    };
    let node = if draw.chance(0.5) { Part::Leader } else { Part::AnyBroker };
    Partition::isolate(Selector::part(node), from, draw.chance(0.25))
}

/// Whether a topology has the machines that a part can stand for.
pub fn can_play(part: Part, topology: &Topology) -> bool {
    match part.fixed_kind() {
        Some(kind) => topology.ids().any(|id| topology.get(id).kind == kind),
        None => topology.ids().any(|id| topology.get(id).kind == NodeKind::Broker),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Count;

    fn topology() -> Topology {
        let mut topology = Topology::default();
        for name in ["b1", "b2", "b3"] {
            topology.add(name, NodeKind::Broker, Some("r1".into()));
        }
        topology
    }
    fn step(kind: FaultKind) -> Step {
        Step { kind, at: None, lasts: None, restart_after: None, gone: false }
    }

    #[test]
    fn a_schedule_is_fixed_by_seed_and_class_and_differs_between_seeds() {
        let kinds = Random::KINDS.iter().map(|kind| kind.to_string()).collect();
        let storm = [step(FaultKind::Random(Random { kinds, count: Count { low: 8, high: 8 } }))];
        let plan = |seed| Schedule::plan(&storm, Seed(seed), "storm", Span::secs(5), &topology());
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
        assert_eq!(plan(1).faults.len(), 8);
    }

    #[test]
    fn a_roll_stops_one_node_after_the_other() {
        let mut roll =
            step(FaultKind::Roll(crate::fault::Roll { nodes: Selector::part(Part::Brokers), pause: Span::secs(10) }));
        roll.at = Some(When::Offset(SpanRange::exactly(Span::secs(1))));
        roll.restart_after = Some(SpanRange::exactly(Span::secs(2)));
        let plan = Schedule::plan(&[roll], Seed(1), "roll", Span::secs(5), &topology());
        let after = |name: &str| At::Anchor {
            after: Probe::Started,
            nth: 1,
            of: Some(Selector::Name(name.into())),
            plus: Span::secs(10),
        };
        let starts: Vec<At> = plan.faults.iter().map(|fault| fault.at.clone()).collect();
        assert_eq!(starts, [At::Offset(Span::secs(1)), after("b1"), after("b2")]);
    }

    #[test]
    fn a_planned_schedule_written_as_steps_plans_to_itself() {
        let mut kill = step(FaultKind::Kill(Kill(Selector::Name("b2".into()))));
        kill.restart_after = Some(SpanRange::between(Span(5), Span(500)));
        let first = Schedule::plan(&[kill], Seed(3), "x", Span::secs(5), &topology());
        let again = Schedule::plan(&first.steps(), Seed(99), "y", Span::secs(50), &topology());
        assert_eq!(first.steps(), again.steps());
    }
}

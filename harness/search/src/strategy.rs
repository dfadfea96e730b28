//! Schedules and workloads for proptest.
//!
//! proptest draws one seed; everything else comes from the generators that sweeps use too, and shrinking is the
//! [`Shrinker`]'s. So a failing property shrinks to the witness that `run` would show for the same failure.

use std::fmt::Debug;
use std::rc::Rc;

use ackproof_core::fault::Count;
use ackproof_core::node::Topology;
use ackproof_core::schedule::{Schedule, Step};
use ackproof_core::seed::Seed;
use ackproof_core::setup::{ConsumerStart, SendMode, Setup, Workload};
use ackproof_core::time::{Span, SpanRange};
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::candidate::Candidate;
use crate::shrink::{Room, Shrinker};
use crate::storm::Storm;

/// Storms: see [`Storm`] for what they are drawn from.
pub fn schedules(storm: Storm) -> Shrinking<Schedule> {
    let room = Room::schedule_only(storm.topology.clone());
    Shrinking::new(
        room,
        |candidate| candidate.schedule.clone(),
        move |seed| Candidate { schedule: storm.draw(seed), workload: Setup::default().workload },
    )
}

/// The schedules that a sweep draws for the fault class `class` with these steps.
pub fn planned(steps: Vec<Step>, class: &str, chaos: Span, topology: Topology) -> Shrinking<Schedule> {
    let (room, class) = (Room::schedule_only(topology.clone()), class.to_owned());
    Shrinking::new(
        room,
        |candidate| candidate.schedule.clone(),
        move |seed| Candidate {
            schedule: Schedule::plan(&steps, seed, &class, chaos, &topology),
            workload: Setup::default().workload,
        },
    )
}

/// Workloads alone.
pub fn workloads(loads: Loads) -> Shrinking<Workload> {
    let room = Room::workload_only(Topology::default());
    Shrinking::new(
        room,
        |candidate| candidate.workload.clone(),
        move |seed| Candidate { schedule: Schedule::default(), workload: loads.draw(seed) },
    )
}

/// Storms with the workloads that meet them, shrunk together: fewer messages often allow fewer faults, and fewer
/// faults fewer messages. `storm.topology` has the most clients that `loads` can draw.
pub fn candidates(storm: Storm, loads: Loads) -> Shrinking<Candidate> {
    let room = Room::new(storm.topology.clone());
    Shrinking::new(room, Candidate::clone, move |seed| {
        let workload = loads.draw(seed);
        Candidate { schedule: storm.clone().meeting(&workload).draw(seed), workload }
    })
}

/// How the application sends, shrinking towards the plainest: one message at a time, its result looked at.
pub fn send_modes() -> impl Strategy<Value = SendMode> {
    proptest::sample::select(vec![SendMode::Sync, SendMode::Async, SendMode::AsyncUnchecked, SendMode::OneWay])
}

/// What workloads are drawn from; both ends of each range are included.
#[derive(Clone, PartialEq, Debug)]
pub struct Loads {
    pub messages: Count,
    pub interval: SpanRange,
    pub producers: Count,
    pub consumers: Count,
    pub processing: SpanRange,
}

impl Default for Loads {
    fn default() -> Loads {
        Loads {
            messages: Count { low: 1, high: 300 },
            interval: SpanRange::between(Span(1), Span(20)),
            producers: Count { low: 1, high: 3 },
            consumers: Count { low: 1, high: 3 },
            processing: SpanRange::between(Span::ZERO, Span(10)),
        }
    }
}

impl Loads {
    /// The workload of this seed. Consumers begin at once, later, or when everything is healed.
    pub fn draw(&self, seed: Seed) -> Workload {
        let mut draw = seed.stream("search/workload");
        let mut count = |count: Count| draw.between(u64::from(count.low), u64::from(count.high));
        let (messages, producers, consumers) =
            (count(self.messages) as u32, count(self.producers) as u8, count(self.consumers) as u8);
        let mut span = |range: SpanRange| Span(draw.between(range.low.0, range.high.0));
        let (interval, processing, late) =
            (span(self.interval), span(self.processing), span(SpanRange::between(Span::ZERO, Span::secs(5))));
        let consumer_start = match draw.between(0, 3) {
            0 | 1 => ConsumerStart::After(SpanRange::exactly(Span::ZERO)),
            2 => ConsumerStart::After(SpanRange::exactly(late)),
            _ => ConsumerStart::Heal,
        };
        Workload { producers, consumers, messages, interval, processing, consumer_start }
    }
}

/// A strategy that draws by seed and shrinks with the project's own passes.
#[derive(Clone)]
pub struct Shrinking<T> {
    room: Room,
    part: fn(&Candidate) -> T,
    draw: Rc<dyn Fn(Seed) -> Candidate>,
}

impl<T> Shrinking<T> {
    fn new(room: Room, part: fn(&Candidate) -> T, draw: impl Fn(Seed) -> Candidate + 'static) -> Shrinking<T> {
        Shrinking { room, part, draw: Rc::new(draw) }
    }
}

impl<T> Debug for Shrinking<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shrinking").field("room", &self.room).finish_non_exhaustive()
    }
}

impl<T: Debug> Strategy for Shrinking<T> {
    type Tree = ShrinkingTree<T>;
    type Value = T;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = Seed(proptest::num::u64::ANY.new_tree(runner)?.current());
        let shrinker = Shrinker::new((self.draw)(seed), self.room.clone());
        Ok(ShrinkingTree { shrinker, part: self.part, shown: Shown::Best })
    }
}

/// One drawn value and what it shrinks to.
#[derive(Clone, Debug)]
pub struct ShrinkingTree<T> {
    shrinker: Shrinker,
    part: fn(&Candidate) -> T,
    shown: Shown,
}

/// What the tree's current value is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Shown {
    /// The smallest value that failed.
    Best,
    /// A smaller one, of which nothing is known yet.
    Offered,
}

impl<T> ShrinkingTree<T> {
    fn show_next(&mut self) -> bool {
        let more = self.shrinker.offer().is_some();
        self.shown = if more { Shown::Offered } else { Shown::Best };
        more
    }
}

impl<T: Debug> ValueTree for ShrinkingTree<T> {
    type Value = T;

    fn current(&self) -> T {
        match self.shown {
            Shown::Best => (self.part)(self.shrinker.best()),
            Shown::Offered => (self.part)(self.shrinker.offered().expect("a value that is shown has been offered")),
        }
    }

    /// proptest says: the current value failed.
    fn simplify(&mut self) -> bool {
        if self.shown == Shown::Offered {
            self.shrinker.answer(true);
        }
        self.show_next()
    }

    /// proptest says: the current value did not fail. When nothing smaller is left the smallest failing value is
    /// shown once more: proptest goes on to shrink what is drawn beside this value only after a value that fails.
    fn complicate(&mut self) -> bool {
        match self.shown {
            Shown::Best => false,
            Shown::Offered => {
                self.shrinker.answer(false);
                self.show_next();
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ackproof_core::fault::{FaultKind, Kill, PowerLoss, Random};
    use ackproof_core::node::{NodeKind, Part, Selector};
    use ackproof_core::schedule::{At, End};
    use proptest::test_runner::{Config, TestError};

    use super::*;
    use crate::shrink::shrink;

    fn topology() -> Topology {
        let mut topology = Topology::default();
        for name in ["b1", "b2", "b3"] {
            topology.add(name, NodeKind::Broker, None);
        }
        for (name, kind) in [("ctl1", NodeKind::Controller), ("p1", NodeKind::Producer), ("p2", NodeKind::Producer)] {
            topology.add(name, kind, None);
        }
        topology.add("c1", NodeKind::Consumer, None);
        topology
    }
    fn storm() -> Storm {
        Storm { faults: Count { low: 8, high: 8 }, ..Storm::new(topology(), Span::secs(5)) }
    }
    fn loads() -> Loads {
        let two = Count { low: 1, high: 2 };
        Loads { producers: two, consumers: Count { low: 1, high: 1 }, ..Loads::default() }
    }
    /// The smallest value that proptest finds for a property that `fails` breaks.
    fn found<S: Strategy>(strategy: &S, fails: impl Fn(&S::Value) -> bool) -> S::Value {
        let mut runner = TestRunner::new_with_rng(
            Config { failure_persistence: None, max_shrink_iters: 10_000, ..Config::default() },
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let result = runner.run(strategy, |value| match fails(&value) {
            true => Err(proptest::test_runner::TestCaseError::fail("lost")),
            false => Ok(()),
        });
        match result {
            Err(TestError::Fail(_, value)) => value,
            other => panic!("the property should have failed: {other:?}"),
        }
    }
    fn has_power_loss(schedule: &Schedule) -> bool {
        schedule.faults.iter().any(|fault| matches!(fault.kind, FaultKind::PowerLoss(_)))
    }

    #[test]
    fn proptest_shrinks_a_storm_to_the_one_fault_that_matters() {
        let least = found(&schedules(storm()), has_power_loss);
        let [only] = &least.faults[..] else { panic!("{least:?}") };
        assert!(matches!(only.at, At::Offset(Span::ZERO) | At::Anchor { nth: 1, plus: Span::ZERO, .. }), "{only:?}");
        assert!(only.kind.selectors()[0].to_string().len() <= "leader".len(), "{}", only.kind);
        assert_eq!(only.end, End::Heal);
        assert!(matches!(only.kind, FaultKind::PowerLoss(PowerLoss(_))));
    }

    #[test]
    fn proptest_and_a_sweep_shrink_to_the_same_witness() {
        let fails = |it: &Candidate| has_power_loss(&it.schedule) && it.workload.messages > 20;
        let strategy = candidates(storm(), loads());
        let mut runner = TestRunner::deterministic();
        let mut compared = 0;
        for _ in 0..40 {
            let mut tree = strategy.new_tree(&mut runner).unwrap();
            let first = tree.current();
            if !fails(&first) {
                continue;
            }
            compared += 1;
            // As proptest's runner does it.
            let mut least = first.clone();
            let mut more = tree.simplify();
            while more {
                let value = tree.current();
                more = if fails(&value) {
                    least = value;
                    tree.simplify()
                } else {
                    tree.complicate()
                };
            }
            let swept = shrink(first, Room::new(topology()), u32::MAX, fails);
            assert_eq!(swept.candidate, least);
        }
        assert!(compared > 5);
    }

    #[test]
    fn what_is_drawn_beside_a_schedule_is_shrunk_too() {
        let both = (schedules(storm()), workloads(loads()), 0u32..1000);
        let (schedule, workload, number) = found(&both, |(schedule, workload, number)| {
            has_power_loss(schedule) && workload.messages >= 3 && *number >= 7
        });
        assert_eq!((schedule.faults.len(), workload.messages, number), (1, 3, 7));
        assert_eq!(workload.producers, 1);
    }

    #[test]
    fn a_planned_schedule_is_one_that_a_sweep_draws() {
        let random = Random { kinds: vec!["kill".into(), "pause".into()], count: Count { low: 3, high: 6 } };
        let kind = FaultKind::Random(random);
        let steps = vec![Step { kind, at: None, lasts: None, restart_after: None, gone: false }];
        let chaos = Span::secs(2);
        let least = found(&planned(steps.clone(), "storm", chaos, topology()), |schedule| {
            schedule.faults.iter().any(|fault| fault.kind.verb() == "kill")
        });
        assert_eq!(least.faults.len(), 1);
        let any_broker = FaultKind::Kill(Kill(Selector::part(Part::AnyBroker)));
        assert!(least.faults[0].kind == any_broker || least.faults[0].kind.verb() == "shutdown", "{least:?}");
        let seed = Seed(5);
        let strategy = planned(steps.clone(), "storm", chaos, topology());
        assert_eq!((strategy.draw)(seed).schedule, Schedule::plan(&steps, seed, "storm", chaos, &topology()));
    }

    #[test]
    fn workloads_keep_to_their_limits_and_reach_every_kind_of_start() {
        let limits = loads();
        let drawn: Vec<Workload> = (0..200).map(|seed| limits.draw(Seed(seed))).collect();
        assert!(drawn.iter().all(|load| (1..=300).contains(&load.messages) && (1..=2).contains(&load.producers)));
        assert!(drawn.iter().any(|load| load.producers == 2));
        assert!(drawn.iter().any(|load| load.consumer_start == ConsumerStart::Heal));
        assert!(drawn.iter().any(|load| load.consumer_start == ConsumerStart::After(SpanRange::exactly(Span::ZERO))));
    }

    #[test]
    fn sending_one_by_one_is_the_plainest_way_of_sending() {
        assert_eq!(found(&send_modes(), |_| true), SendMode::Sync);
        assert_eq!(found(&send_modes(), |mode| !mode.is_checked()), SendMode::AsyncUnchecked);
    }
}

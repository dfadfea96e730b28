//! Many random faults at once: every kind, on every node, by name and by part, at times and at anchors, overlapping.
//!
//! Wider than the `random` step of a scenario: that one draws what a user can picture, this one what the engines and
//! the models must survive.

use ackproof_core::fault::{
    Clock, Count, Drop, Ends, FailSync, FaultKind, FullDisk, Hold, Kill, Latency, LoseDisk, LyingSync, MoveLeader,
    Partition, Pause, PowerLoss, Roll, Shutdown, SlowDisk,
};
use ackproof_core::node::{NodeKind, Part, Selector, Topology};
use ackproof_core::observe::Probe;
use ackproof_core::schedule::{At, End, Fault, Schedule, can_play};
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::setup::Workload;
use ackproof_core::time::{Offset, Span, SpanRange};

use crate::proposal::Verbs;
use crate::selection::racks;

/// What a storm is drawn from.
#[derive(Clone, PartialEq, Debug)]
pub struct Storm {
    pub topology: Topology,
    pub verbs: Verbs,
    pub faults: Count,
    /// Faults begin within this long after the beginning of the chaos phase.
    pub chaos: Span,
    /// Nodes that may be hit by name.
    pub names: Vec<String>,
    /// Parts by which nodes may be hit. With `names` restricted and no parts, every fault touches one of these nodes.
    pub parts: Vec<Part>,
    /// What faults may wait for; empty for fixed times only.
    pub probes: Vec<Probe>,
    /// Whether some faults never end.
    pub gone: bool,
}

const PARTS: [Part; 12] = [
    Part::Leader,
    Part::Follower,
    Part::Followers,
    Part::Isr,
    Part::IsrFollower,
    Part::OutOfIsr,
    Part::AnyBroker,
    Part::AllBrokers,
    Part::Controller,
    Part::Producer,
    Part::Consumer,
    Part::Coordinator,
];

const PROBES: [Probe; 13] = [
    Probe::Sent,
    Probe::Appended,
    Probe::Synced,
    Probe::Replicated,
    Probe::Acked,
    Probe::Delivered,
    Probe::Processed,
    Probe::Committed,
    Probe::LeaderElected,
    Probe::IsrShrunk,
    Probe::IsrExpanded,
    Probe::Truncated,
    Probe::Started,
];

impl Storm {
    /// One to eight faults of every kind, on every node, all of which end.
    pub fn new(topology: Topology, chaos: Span) -> Storm {
        let hit = |id: &_| topology.get(*id).kind != NodeKind::Auditor;
        Storm {
            names: topology.ids().filter(hit).map(|id| topology.name(id).to_owned()).collect(),
            parts: PARTS.into_iter().filter(|&part| can_play(part, &topology)).collect(),
            topology,
            verbs: Verbs::all(),
            faults: Count { low: 1, high: 8 },
            chaos,
            probes: PROBES.to_vec(),
            gone: false,
        }
    }

    /// Only kinds with these verbs.
    ///
    /// # Panics
    /// When no kind of fault has one of these verbs.
    pub fn only(mut self, verbs: &[&str]) -> Storm {
        self.verbs = Verbs::only(verbs);
        self
    }

    /// Only faults that touch one of these nodes, by name.
    pub fn on(mut self, names: &[&str]) -> Storm {
        self.names = names.iter().map(|&name| name.to_owned()).collect();
        self.parts.clear();
        self
    }

    /// Only fixed times; the nodes of a rolling restart still wait for each other.
    pub fn without_anchors(mut self) -> Storm {
        self.probes.clear();
        self
    }

    /// Leaves out the producers and consumers that a workload does not have.
    pub fn meeting(mut self, workload: &Workload) -> Storm {
        for (kind, count) in [(NodeKind::Producer, workload.producers), (NodeKind::Consumer, workload.consumers)] {
            for node in self.topology.of_kind(kind).into_iter().skip(usize::from(count)) {
                self.names.retain(|name| name != self.topology.name(node));
            }
        }
        self
    }

    /// The storm of this seed.
    pub fn draw(&self, seed: Seed) -> Schedule {
        let mut draw = Draw { storm: self, stream: seed.stream("search/storm") };
        let mut faults = Vec::new();
        let count = draw.between(u64::from(self.faults.low), u64::from(self.faults.high)) as usize;
        while faults.len() < count {
            let drawn = draw.fault(&faults);
            faults.extend(drawn);
        }
        // A rolling restart is several faults.
        faults.truncate(count);
        Schedule { faults }
    }
}

struct Draw<'a> {
    storm: &'a Storm,
    stream: Stream,
}

impl Draw<'_> {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.stream.between(low, high)
    }
    fn chance(&mut self, p: f64) -> bool {
        self.stream.chance(p)
    }
    fn one<'b, T>(&mut self, of: &'b [T]) -> &'b T {
        &of[self.between(0, of.len() as u64 - 1) as usize]
    }

    /// One more fault; two times in five it overlaps one of those before it, on the same node where that can be.
    fn fault(&mut self, before: &[Fault]) -> Vec<Fault> {
        let verbs = self.storm.verbs.list();
        let verb = *self.one(&verbs);
        let lasts = self.duration();
        let (at, target) = match (!before.is_empty() && self.chance(0.4)).then(|| self.one(before)) {
            Some(with) => (self.during(with), with.kind.selectors().first().map(|&selector| selector.clone())),
            None => (self.at(), None),
        };
        if verb == "roll" {
            return self.roll(at, lasts);
        }
        let kind = self.kind(verb, target);
        let end = match self.between(0, 9) {
            _ if kind.is_instant() => End::Heal,
            0 | 1 => End::Heal,
            2 if self.storm.gone => End::Gone,
            _ => End::After(lasts),
        };
        vec![Fault { kind, at, end, pick: self.stream.draw() }]
    }

    fn kind(&mut self, verb: &str, target: Option<Selector>) -> FaultKind {
        let disk = matches!(verb, "lose_disk" | "slow_disk" | "full_disk" | "fail_sync" | "lying_sync");
        let target = target.filter(|target| !disk || is_of_brokers(target, &self.storm.topology));
        let node = match target {
            Some(target) => target,
            None => self.node(disk),
        };
        let between = |draw: &mut Self| Ends([node.clone(), draw.other_end()]);
        match verb {
            "kill" => FaultKind::Kill(Kill(node)),
            "power_loss" => FaultKind::PowerLoss(PowerLoss(node)),
            "lose_disk" => FaultKind::LoseDisk(LoseDisk(node)),
            "shutdown" => FaultKind::Shutdown(Shutdown(node)),
            "pause" => FaultKind::Pause(Pause(node)),
            "partition" => {
                let (from, one_way) = (self.other_end(), self.chance(0.3));
                let build = if self.chance(0.5) { Partition::isolate } else { Partition::between };
                FaultKind::Partition(build(node, from, one_way))
            }
            "hold" => FaultKind::Hold(Hold { between: between(self), one_way: self.chance(0.3) }),
            "drop" => {
                let rate = self.between(1, 9) as f64 / 10.0;
                FaultKind::Drop(Drop { between: between(self), rate, one_way: self.chance(0.3) })
            }
            "latency" => {
                let add = self.range(10, 400);
                FaultKind::Latency(Latency { between: between(self), add, one_way: self.chance(0.3) })
            }
            "clock" => {
                let sign = if self.chance(0.5) { 1 } else { -1 };
                FaultKind::Clock(Clock { node, offset: Offset(sign * self.between(1, 120_000) as i64) })
            }
            "slow_disk" => FaultKind::SlowDisk(SlowDisk { node, sync: self.range(20, 2000) }),
            "full_disk" => FaultKind::FullDisk(FullDisk(node)),
            "fail_sync" => FaultKind::FailSync(FailSync(node)),
            "lying_sync" => FaultKind::LyingSync(LyingSync(node)),
            "move_leader" => FaultKind::MoveLeader(MoveLeader { to: self.new_leader(), of: 0 }),
            other => unreachable!("a storm was asked for `{other}`, which it does not know how to draw"),
        }
    }

    fn range(&mut self, low: u64, high: u64) -> SpanRange {
        let low = self.between(low, high);
        SpanRange::between(Span(low), Span(self.between(low, high)))
    }

    /// Whom a fault hits: half the time by name, else by part.
    fn node(&mut self, disk: bool) -> Selector {
        let storm = self.storm;
        let kept = |selector: &Selector| !disk || is_of_brokers(selector, &storm.topology);
        let names: Vec<Selector> = storm.names.iter().cloned().map(Selector::Name).filter(kept).collect();
        let parts: Vec<Selector> = storm.parts.iter().copied().map(Selector::part).filter(kept).collect();
        let racks = if storm.parts.is_empty() { Vec::new() } else { racks(&storm.topology) };
        match self.between(0, 9) {
            0 if names.len() > 1 => {
                let first = self.between(0, names.len() as u64 - 2) as usize;
                Selector::Each(names[first..first + 2].to_vec())
            }
            1 if !racks.is_empty() => self.one(&racks).clone(),
            0..=4 if !names.is_empty() => self.one(&names).clone(),
            _ if !parts.is_empty() => self.one(&parts).clone(),
            _ if !names.is_empty() => self.one(&names).clone(),
            // Nothing that has a disk may be hit: a disk fault falls on somebody without one, and misses.
            _ => self.one(&storm.names.iter().cloned().map(Selector::Name).collect::<Vec<_>>()).clone(),
        }
    }

    /// The far end of a link: whoever else there is.
    fn other_end(&mut self) -> Selector {
        let topology = &self.storm.topology;
        let parts = [Part::Brokers, Part::Controller, Part::Producer, Part::Consumer, Part::AnyBroker, Part::Leader];
        let mut ends: Vec<Selector> =
            parts.into_iter().filter(|&part| can_play(part, topology)).map(Selector::part).collect();
        let brokers = topology.of_kind(NodeKind::Broker);
        ends.extend(brokers.into_iter().map(|node| Selector::Name(topology.name(node).to_owned())));
        if can_play(Part::Controller, topology) {
            ends.push(Selector::Each(vec![Selector::part(Part::Brokers), Selector::part(Part::Controller)]));
        }
        self.one(&ends).clone()
    }

    fn new_leader(&mut self) -> Selector {
        let brokers: Vec<Selector> = self.storm.names.iter().cloned().map(Selector::Name).collect();
        let brokers: Vec<Selector> =
            brokers.into_iter().filter(|name| is_of_brokers(name, &self.storm.topology)).collect();
        if brokers.is_empty() || self.chance(0.5) {
            Selector::part(Part::IsrFollower)
        } else {
            self.one(&brokers).clone()
        }
    }

    fn roll(&mut self, at: At, down: Span) -> Vec<Fault> {
        let nodes = if self.storm.parts.is_empty() {
            Selector::Each(self.storm.names.iter().cloned().map(Selector::Name).collect())
        } else {
            Selector::part(Part::Brokers)
        };
        let kind = FaultKind::Roll(Roll { nodes, pause: self.duration() });
        let step = Fault { kind, at, end: End::After(down), pick: 0 }.step();
        Schedule::plan(&[step], Seed(0), "roll", self.storm.chaos, &self.storm.topology).faults
    }

    /// Three orders of magnitude: what a short fault breaks a long one may hide.
    fn duration(&mut self) -> Span {
        let magnitude = *self.one(&[10, 100, 1000, 10_000]);
        Span(self.between(magnitude / 2, magnitude * 3))
    }

    fn at(&mut self) -> At {
        if self.storm.probes.is_empty() || self.chance(0.7) {
            return At::Offset(Span(self.between(0, self.storm.chaos.0)));
        }
        let after = *self.one(&self.storm.probes);
        let nth = match after {
            Probe::LeaderElected | Probe::IsrShrunk | Probe::IsrExpanded | Probe::Truncated | Probe::Started => {
                self.between(1, 3)
            }
            Probe::Sent | Probe::Appended | Probe::Synced | Probe::Replicated | Probe::Acked => self.between(1, 100),
            Probe::Delivered | Probe::Processed | Probe::Committed => self.between(1, 100),
            Probe::Confirmed | Probe::Disposed | Probe::Noted => self.between(1, 100),
        };
        let plus = if self.chance(0.5) { Span::ZERO } else { Span(self.between(1, 50)) };
        At::Anchor { after, nth: nth as u32, of: None, plus }
    }

    /// A time within another fault.
    fn during(&mut self, with: &Fault) -> At {
        let lasts = match with.end {
            End::After(span) => span,
            End::Heal | End::Gone => self.storm.chaos,
        };
        let later = Span(self.between(0, lasts.0));
        match &with.at {
            At::Offset(offset) => At::Offset(*offset + later),
            At::Anchor { after, nth, of, plus } => {
                At::Anchor { after: *after, nth: *nth, of: of.clone(), plus: *plus + later }
            }
        }
    }
}

fn is_of_brokers(selector: &Selector, topology: &Topology) -> bool {
    match selector {
        Selector::Name(name) => topology.find(name).is_some_and(|id| topology.get(id).kind == NodeKind::Broker),
        Selector::Rack(_) => true,
        Selector::Part { part, .. } => part.fixed_kind().is_none_or(|kind| kind == NodeKind::Broker),
        Selector::Each(all) => all.iter().all(|selector| is_of_brokers(selector, topology)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn topology() -> Topology {
        let mut topology = Topology::default();
        for (name, rack) in [("b1", "r1"), ("b2", "r2"), ("b3", "r1")] {
            topology.add(name, NodeKind::Broker, Some(rack.into()));
        }
        for (name, kind) in [("ctl1", NodeKind::Controller), ("p1", NodeKind::Producer), ("p2", NodeKind::Producer)] {
            topology.add(name, kind, None);
        }
        topology.add("c1", NodeKind::Consumer, None);
        topology.add("audit", NodeKind::Auditor, None);
        topology
    }
    fn storms(storm: &Storm) -> Vec<Fault> {
        (0..400).flat_map(|seed| storm.draw(Seed(seed)).faults).collect()
    }

    #[test]
    fn every_kind_of_fault_can_be_drawn() {
        let drawn: BTreeSet<&str> =
            storms(&Storm::new(topology(), Span::secs(5))).iter().map(|fault| fault.kind.verb()).collect();
        let unfolded = ["random", "roll"];
        let all: BTreeSet<&str> =
            FaultKind::ALL.iter().map(|(verb, _, _)| *verb).filter(|verb| !unfolded.contains(verb)).collect();
        assert_eq!(drawn, all);
    }

    #[test]
    fn storms_have_cuts_in_one_direction_anchors_parts_racks_and_overlaps_on_one_node() {
        let storm = Storm::new(topology(), Span::secs(5));
        let faults = storms(&storm);
        let some = |what: &str, is: &dyn Fn(&Fault) -> bool| {
            let count = faults.iter().filter(|fault| is(fault)).count();
            assert!(count > 20, "{count} faults {what} among {}", faults.len());
        };
        some("in one direction", &|fault| matches!(&fault.kind, FaultKind::Partition(cut) if cut.one_way));
        some("at an anchor", &|fault| matches!(&fault.at, At::Anchor { .. }));
        some("on the leader", &|fault| fault.kind.selectors().contains(&&Selector::part(Part::Leader)));
        some("on a rack", &|fault| fault.kind.selectors().contains(&&Selector::Rack("r2".into())));
        some("on the controller", &|fault| fault.kind.selectors().contains(&&Selector::Name("ctl1".into())));
        some("on a producer", &|fault| fault.kind.selectors().contains(&&Selector::part(Part::Producer)));
        some("that last to the end", &|fault| fault.end == End::Heal);
        let overlapping = |seed: &u64| {
            let faults = storm.draw(Seed(*seed)).faults;
            let mut pairs = faults.iter().enumerate().flat_map(|(i, a)| faults[..i].iter().map(move |b| (b, a)));
            pairs.any(|(b, a)| match (&a.at, &b.at, b.end) {
                (At::Offset(a_at), At::Offset(b_at), End::After(lasts)) => {
                    a.kind.selectors().first() == b.kind.selectors().first() && (*b_at..=*b_at + lasts).contains(a_at)
                }
                _ => false,
            })
        };
        assert!((0..400).filter(overlapping).count() > 40);
    }

    #[test]
    fn a_storm_is_fixed_by_its_seed_and_keeps_to_its_limits() {
        let storm = Storm { faults: Count { low: 2, high: 5 }, ..Storm::new(topology(), Span::secs(5)) };
        for seed in 0..200 {
            let drawn = storm.draw(Seed(seed));
            assert_eq!(drawn, storm.draw(Seed(seed)));
            assert!((2..=5).contains(&drawn.faults.len()));
            assert!(drawn.faults.iter().all(|fault| fault.end != End::Gone));
        }
        assert_ne!(storm.draw(Seed(1)), storm.draw(Seed(2)));
    }

    #[test]
    fn a_storm_uses_only_the_verbs_and_touches_only_the_nodes_it_is_given() {
        let storm = Storm::new(topology(), Span::secs(5)).only(&["kill", "partition", "roll"]).on(&["b1", "b2"]);
        for fault in storms(&storm.without_anchors()) {
            assert!(["kill", "partition", "shutdown"].contains(&fault.kind.verb()), "{}", fault.kind);
            let hit = fault.kind.selectors()[0].to_string();
            assert!(["b1", "b2", "b1, b2"].contains(&hit.as_str()), "{}", fault.kind);
            // The nodes of a roll wait for each other, and what is to overlap with one of them waits with it.
            let waits_its_turn = matches!(fault.at, At::Anchor { after: Probe::Started, of: Some(_), .. });
            assert!(matches!(fault.at, At::Offset(_)) || waits_its_turn, "{fault:?}");
        }
    }

    #[test]
    fn nobody_hits_the_auditor_or_a_client_that_the_workload_does_not_have() {
        let workload = Workload { producers: 1, ..ackproof_core::setup::Setup::default().workload };
        let faults = storms(&Storm::new(topology(), Span::secs(5)).meeting(&workload));
        for name in ["audit", "p2"] {
            let named = |selector: &Selector| crate::selection::mentions(selector, name);
            assert!(!faults.iter().any(|fault| fault.kind.selectors().into_iter().any(named)), "{name}");
        }
    }

    #[test]
    #[should_panic(expected = "not [\"explode\"]")]
    fn a_verb_that_no_fault_has_is_refused() {
        let _ = Storm::new(topology(), Span::secs(5)).only(&["kill", "explode"]);
    }
}

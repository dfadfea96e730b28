//! Each pass against a predicate whose smallest failing candidate is known, then all of them on random storms.

use ackproof_core::fault::{
    Clock, Drop, Ends, FaultKind, Kill, Latency, LoseDisk, Partition, Pause, PowerLoss, Shutdown, SlowDisk,
};
use ackproof_core::node::{NodeKind, Part, Selector};
use ackproof_core::observe::Probe;
use ackproof_core::schedule::{At, End, Fault, Schedule};
use ackproof_core::seed::Seed;
use ackproof_core::setup::{Setup, Workload};
use ackproof_core::time::{Offset, SpanRange};
use proptest::prelude::*;

use super::*;
use crate::candidate::is_round;
use crate::selection;
use crate::storm::Storm;
use crate::strategy::{Loads, candidates};

fn topology() -> Topology {
    let mut topology = Topology::default();
    for (name, rack) in [("b1", "r1"), ("b2", "r2"), ("b3", "r1")] {
        topology.add(name, NodeKind::Broker, Some(rack.into()));
    }
    topology.add("ctl1", NodeKind::Controller, None);
    for name in ["p1", "p2", "p3"] {
        topology.add(name, NodeKind::Producer, None);
    }
    for name in ["c1", "c2", "c3"] {
        topology.add(name, NodeKind::Consumer, None);
    }
    topology
}

fn name(name: &str) -> Selector {
    Selector::Name(name.into())
}
fn all_brokers() -> Selector {
    Selector::part(Part::AllBrokers)
}
fn power_loss(node: Selector) -> FaultKind {
    FaultKind::PowerLoss(PowerLoss(node))
}
fn kill(node: Selector) -> FaultKind {
    FaultKind::Kill(Kill(node))
}
fn pause(node: Selector) -> FaultKind {
    FaultKind::Pause(Pause(node))
}
fn fault(kind: FaultKind, at_ms: u64, end: End) -> Fault {
    Fault { kind, at: At::Offset(Span(at_ms)), end, pick: 0 }
}
fn for_ms(ms: u64) -> End {
    End::After(Span(ms))
}
fn candidate(faults: Vec<Fault>) -> Candidate {
    let workload = Workload { producers: 3, consumers: 3, ..Setup::default().workload };
    Candidate { schedule: Schedule { faults }, workload }
}

/// When a fault with a time of its own begins and ends, in milliseconds.
fn interval(fault: &Fault) -> Option<(u64, u64)> {
    let At::Offset(at) = fault.at else { return None };
    match fault.end {
        End::After(span) => Some((at.0, at.0 + span.0)),
        End::Heal | End::Gone => Some((at.0, u64::MAX)),
    }
}
fn names(fault: &Fault) -> Vec<String> {
    fault.kind.selectors().into_iter().filter_map(|one| selection::names(one, &topology())).flatten().collect()
}
/// Whether two nodes are without power at the same time.
fn both_dark(candidate: &Candidate, a: &str, b: &str) -> bool {
    let dark = |node: &str| {
        let faults = candidate.schedule.faults.iter();
        let faults = faults.filter(|fault| matches!(fault.kind, FaultKind::PowerLoss(_)));
        faults.filter(|fault| names(fault).iter().any(|name| name == node)).filter_map(interval).collect::<Vec<_>>()
    };
    let (a, b) = (dark(a), dark(b));
    a.iter().any(|a| b.iter().any(|b| a.0 <= b.1 && b.0 <= a.1))
}

fn shrink_with(passes: &[Pass], failing: Candidate, fails: impl FnMut(&Candidate) -> bool) -> Shrunk {
    let room = Room { passes: passes.to_vec(), ..Room::new(topology()) };
    let shrunk = shrink(failing, room, 2000, fails);
    assert!(shrunk.finished);
    shrunk
}
fn faults_after(passes: &[Pass], faults: Vec<Fault>, fails: impl FnMut(&Candidate) -> bool) -> Vec<Fault> {
    shrink_with(passes, candidate(faults), fails).candidate.schedule.faults
}

#[test]
fn the_two_faults_that_matter_are_found_among_a_thousand_in_few_runs() {
    let mut faults: Vec<Fault> = (0..1000).map(|at| fault(pause(name("b3")), at, for_ms(10))).collect();
    faults[137] = fault(power_loss(name("b1")), 137, for_ms(900));
    faults[770] = fault(power_loss(name("b2")), 770, for_ms(900));
    let shrunk = shrink_with(&[Pass::Faults], candidate(faults.clone()), |it| both_dark(it, "b1", "b2"));
    assert_eq!(shrunk.candidate.schedule.faults, [faults[137].clone(), faults[770].clone()]);
    assert!(shrunk.executions < 80, "{} runs", shrunk.executions);
}

#[test]
fn a_failure_that_needs_no_fault_shrinks_to_none() {
    let faults = vec![fault(kill(name("b1")), 5, End::Heal); 9];
    let shrunk = shrink_with(&[Pass::Faults], candidate(faults), |_| true);
    assert_eq!(shrunk.candidate.schedule.faults, []);
    assert_eq!(shrunk.executions, 1);
}

#[test]
fn two_overlapping_power_losses_become_one_of_both_machines() {
    let faults = vec![fault(power_loss(name("b1")), 137, for_ms(900)), fault(power_loss(name("b2")), 500, End::Heal)];
    let left = faults_after(&[Pass::Merges], faults, |it| both_dark(it, "b1", "b2"));
    assert_eq!(left, [fault(power_loss(Selector::Each(vec![name("b1"), name("b2")])), 137, End::Heal)]);
}

#[test]
fn power_losses_of_every_broker_become_one_of_all_brokers_at_the_time_that_matters() {
    let faults =
        ["b1", "b2", "b3"].iter().zip([100, 200, 300]).map(|(node, at)| fault(power_loss(name(node)), at, End::Heal));
    let left = faults_after(&[Pass::Merges], faults.collect(), |it| {
        let dark = |node: &str| {
            let mut all = it.schedule.faults.iter();
            all.any(|fault| names(fault).iter().any(|name| name == node) && interval(fault).unwrap().0 >= 100)
        };
        it.schedule.faults.iter().any(|fault| interval(fault).unwrap().0 >= 200)
            && ["b1", "b2", "b3"].into_iter().all(dark)
    });
    assert_eq!(left, [fault(power_loss(all_brokers()), 300, End::Heal)]);
}

#[test]
fn what_happens_in_turn_stays_so_where_the_story_is_written() {
    // Fails whenever all three lose their disks, however that comes about.
    let lost = |candidate: &Candidate, node: &str| {
        let hits = |fault: &Fault| names(fault).iter().any(|name| name == node);
        candidate.schedule.faults.iter().any(hits)
    };
    let fails = |candidate: &Candidate| ["b1", "b2", "b3"].iter().all(|node| lost(candidate, node));
    let disk = |node, at| fault(FaultKind::LoseDisk(LoseDisk(name(node))), at, for_ms(3000));
    let hasty = || candidate(vec![disk("b1", 2037), disk("b2", 8211), disk("b3", 14_502), disk("b1", 30_000)]);
    let passes: Vec<Pass> = Pass::ALL.into_iter().filter(|pass| *pass != Pass::Kinds).collect();
    let room = Room { passes, ..Room::new(topology()) };
    let at_once = shrink(hasty(), room.clone(), 1000, fails).candidate.schedule.faults;
    assert_eq!(at_once.len(), 1, "{at_once:?}");
    let in_turn = shrink(hasty(), Room { in_turn: true, ..room }, 1000, fails).candidate.schedule.faults;
    assert_eq!(in_turn.len(), 3, "{in_turn:?}");
    let intervals: Vec<(u64, u64)> = in_turn.iter().filter_map(interval).collect();
    assert!(intervals.len() == 3 && intervals.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{in_turn:?}");
    assert!(intervals[..2].iter().all(|(begin, end)| end - begin >= 1500), "{in_turn:?}");
    assert!(intervals.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 3000), "{in_turn:?}");
    assert!(intervals[0].0 == 0 && intervals.iter().all(|(begin, _)| is_round(Span(*begin))), "{in_turn:?}");
}

#[test]
fn what_overlaps_may_become_one_and_an_anchor_counts_from_when_it_fired() {
    let disk = |node, at, ms| fault(power_loss(name(node)), at, for_ms(ms));
    let fails = |candidate: &Candidate| {
        let hits = |node: &str| candidate.schedule.faults.iter().any(|fault| names(fault).iter().any(|it| it == node));
        hits("b1") && hits("b2")
    };
    let left = |faults: Vec<Fault>, fired: Vec<Option<Span>>| {
        let room = Room { in_turn: true, fired, ..Room::schedule_only(topology()) };
        shrink(candidate(faults), room, 500, fails).candidate.schedule.faults.len()
    };
    assert_eq!(left(vec![disk("b1", 1000, 5000), disk("b2", 4000, 5000)], Vec::new()), 1);
    let anchored = At::Anchor { after: Probe::Acked, nth: 3, of: None, plus: Span::ZERO };
    let second = Fault { at: anchored, ..disk("b2", 0, 5000) };
    let faults = || vec![disk("b1", 1000, 5000), second.clone()];
    assert_eq!(left(faults(), vec![None, Some(Span(9000))]), 2);
    assert_eq!(left(faults(), vec![None, Some(Span(4000))]), 1);
}

#[test]
fn faults_with_different_parameters_are_not_merged() {
    let slow = |node, ms| FaultKind::SlowDisk(SlowDisk { node: name(node), sync: SpanRange::exactly(Span(ms)) });
    let faults = vec![fault(slow("b1", 5), 0, End::Heal), fault(slow("b2", 6), 0, End::Heal)];
    assert_eq!(faults_after(&[Pass::Merges], faults.clone(), |_| true), faults);
}

#[test]
fn all_brokers_become_the_two_that_matter() {
    let faults = vec![fault(power_loss(all_brokers()), 0, End::Heal)];
    let left = faults_after(&[Pass::Targets], faults, |it| both_dark(it, "b1", "b3"));
    assert_eq!(left[0].kind, power_loss(Selector::Each(vec![name("b1"), name("b3")])));
}

#[test]
fn all_brokers_become_the_leader_when_the_leader_is_enough() {
    let faults = vec![fault(kill(all_brokers()), 0, End::Heal)];
    let enough = |it: &Candidate| match &it.schedule.faults[0].kind {
        FaultKind::Kill(Kill(node)) => *node == all_brokers() || *node == Selector::part(Part::Leader),
        other => panic!("only targets may change, not to {other}"),
    };
    assert_eq!(faults_after(&[Pass::Targets], faults, enough)[0].kind, kill(Selector::part(Part::Leader)));
}

#[test]
fn both_ends_of_a_cut_become_as_narrow_as_they_can() {
    let far = Selector::Each(vec![Selector::part(Part::Brokers), Selector::part(Part::Controller)]);
    let cut = |a, b| FaultKind::Partition(Partition::isolate(a, b, false));
    let faults = vec![fault(cut(Selector::Rack("r1".into()), far), 0, End::Heal)];
    let left = faults_after(&[Pass::Targets], faults, |it| {
        let selectors = it.schedule.faults[0].kind.selectors();
        let has = |index: usize, node: &str| {
            selection::names(selectors[index], &topology()).is_some_and(|all| all.iter().any(|name| name == node))
        };
        has(0, "b3") && has(1, "ctl1")
    });
    assert_eq!(left[0].kind, cut(name("b3"), Selector::part(Part::Controller)));
}

#[test]
fn a_fault_becomes_the_gentlest_that_still_fails() {
    let lost = FaultKind::LoseDisk(LoseDisk(name("b1")));
    let start = vec![fault(lost, 0, End::Heal)];
    assert_eq!(faults_after(&[Pass::Kinds], start.clone(), |_| true)[0].kind.verb(), "shutdown");
    let not_clean = |it: &Candidate| it.schedule.faults[0].kind != FaultKind::Shutdown(Shutdown(name("b1")));
    assert_eq!(faults_after(&[Pass::Kinds], start.clone(), not_clean)[0].kind, kill(name("b1")));
    let dark = |it: &Candidate| matches!(it.schedule.faults[0].kind, FaultKind::PowerLoss(_) | FaultKind::LoseDisk(_));
    assert_eq!(faults_after(&[Pass::Kinds], start, dark)[0].kind, power_loss(name("b1")));
}

#[test]
fn a_one_way_cut_becomes_a_plain_one_unless_the_direction_matters() {
    let cut = |one_way| FaultKind::Partition(Partition::between(name("b1"), name("b2"), one_way));
    let start = vec![fault(cut(true), 0, End::Heal)];
    assert_eq!(faults_after(&[Pass::Kinds], start.clone(), |_| true)[0].kind, cut(false));
    let kept = faults_after(&[Pass::Kinds], start, |it| it.schedule.faults[0].kind == cut(true));
    assert_eq!(kept[0].kind, cut(true));
}

#[test]
fn messages_shrink_to_the_fewest_that_fail() {
    for least in [1, 2, 3, 17, 99, 100, 101, 150, 199, 200] {
        let shrunk = shrink_with(&[Pass::Messages], candidate(Vec::new()), |it| it.workload.messages >= least);
        assert_eq!(shrunk.candidate.workload.messages, least);
        assert!(shrunk.executions < 40, "{} runs down to {least}", shrunk.executions);
    }
}

#[test]
fn clients_shrink_to_the_fewest_that_fail_but_not_below_one_that_a_fault_names() {
    let left =
        |faults| shrink_with(&[Pass::Clients], candidate(faults), |it| it.workload.consumers >= 2).candidate.workload;
    let workload = left(Vec::new());
    assert_eq!((workload.producers, workload.consumers), (1, 2));
    let workload = left(vec![fault(kill(name("p2")), 0, End::Heal), fault(kill(name("c3")), 0, End::Heal)]);
    assert_eq!((workload.producers, workload.consumers), (2, 3));
}

#[test]
fn a_duration_becomes_the_default_or_the_shortest_round_one() {
    let start = |end| vec![fault(kill(name("b1")), 0, end)];
    let end = |start, fails: &dyn Fn(u64) -> bool| {
        let fails = |it: &Candidate| matches!(it.schedule.faults[0].end, End::After(span) if fails(span.0));
        faults_after(&[Pass::Ends], start, fails)[0].end
    };
    assert_eq!(faults_after(&[Pass::Ends], start(for_ms(3457)), |_| true)[0].end, End::Heal);
    assert_eq!(faults_after(&[Pass::Ends], start(End::Gone), |_| true)[0].end, End::Heal);
    assert_eq!(end(start(for_ms(3457)), &|_| true), for_ms(0));
    assert_eq!(end(start(for_ms(13_737)), &|ms| ms >= 4000), for_ms(5000));
    assert_eq!(end(start(for_ms(3457)), &|ms| ms >= 3300), for_ms(3400));
}

#[test]
fn parameters_become_one_small_round_number() {
    let ends = Ends([name("b1"), name("b2")]);
    let latency = |add| FaultKind::Latency(Latency { between: ends.clone(), add, one_way: false });
    let faults = vec![
        fault(latency(SpanRange::between(Span(13), Span(387))), 0, End::Heal),
        fault(FaultKind::Drop(Drop { between: ends.clone(), rate: 0.73, one_way: false }), 0, End::Heal),
        fault(FaultKind::Clock(Clock { node: name("b1"), offset: Offset(-98_765) }), 0, End::Heal),
    ];
    let left = faults_after(&[Pass::Parameters], faults, |it| {
        let large = |kind: &FaultKind| match kind {
            FaultKind::Latency(latency) => latency.add.high >= Span(20),
            FaultKind::Drop(drop) => drop.rate > 0.6,
            FaultKind::Clock(clock) => clock.offset.0 <= -1000,
            other => panic!("unexpected {other}"),
        };
        it.schedule.faults.iter().all(|fault| large(&fault.kind))
    });
    assert_eq!(left[0].kind, latency(SpanRange::exactly(Span(20))));
    assert_eq!(left[1].kind, FaultKind::Drop(Drop { between: ends, rate: 0.7, one_way: false }));
    assert_eq!(left[2].kind, FaultKind::Clock(Clock { node: name("b1"), offset: Offset(-1000) }));
}

#[test]
fn times_become_early_and_round() {
    let at = |at_ms, fails: &dyn Fn(u64) -> bool| {
        let fails = |it: &Candidate| matches!(it.schedule.faults[0].at, At::Offset(at) if fails(at.0));
        faults_after(&[Pass::Times], vec![fault(kill(name("b1")), at_ms, End::Heal)], fails)[0].at.clone()
    };
    assert_eq!(at(3457, &|_| true), At::Offset(Span(0)));
    assert_eq!(at(3457, &|ms| ms >= 520), At::Offset(Span(1000)));
    // Nothing earlier will do: the next round time is later.
    assert_eq!(at(3457, &|ms| ms >= 3456), At::Offset(Span(4000)));
    assert_eq!(at(3457, &|ms| ms == 3457), At::Offset(Span(3457)));
}

#[test]
fn faults_that_must_keep_their_distance_move_together() {
    let faults = vec![fault(kill(name("b1")), 3457, End::Heal), fault(kill(name("b2")), 3480, End::Heal)];
    let distance = |it: &Candidate| {
        let at: Vec<u64> = it.schedule.faults.iter().map(|fault| interval(fault).unwrap().0).collect();
        at[0] >= 1200 && at[1] == at[0] + 23
    };
    let left = faults_after(&[Pass::Shifts], faults, distance);
    assert_eq!(interval(&left[0]).unwrap().0, 1200);
}

#[test]
fn an_anchor_loses_its_conditions_and_stays_an_anchor() {
    let anchor = |nth, of: Option<Selector>, plus| At::Anchor { after: Probe::Acked, nth, of, plus: Span(plus) };
    let start = Fault { at: anchor(50, Some(name("p1")), 37), ..fault(kill(name("b1")), 0, End::Heal) };
    let left = faults_after(&[Pass::Times], vec![start], |it| match &it.schedule.faults[0].at {
        At::Anchor { nth, .. } => *nth >= 7,
        At::Offset(_) => panic!("nobody knows when the fault fired"),
    });
    assert_eq!(left[0].at, anchor(7, None, 0));
}

#[test]
fn an_anchor_whose_time_is_known_becomes_a_round_time_when_that_fails_too() {
    let anchor = At::Anchor { after: Probe::Acked, nth: 1, of: None, plus: Span(0) };
    let idle = fault(pause(name("b3")), 0, for_ms(0));
    let start = Fault { at: anchor.clone(), ..fault(kill(name("b1")), 0, End::Heal) };
    let shrunk = |fails: &dyn Fn(&At) -> bool| {
        // The idle fault goes first: the known times must follow the faults to their new places.
        let fired = vec![Some(Span(7)), Some(Span(2471))];
        let room = Room { fired, ..Room::schedule_only(topology()) };
        let fails =
            |it: &Candidate| it.schedule.faults.iter().any(|fault| fault.kind.verb() != "pause" && fails(&fault.at));
        shrink(candidate(vec![idle.clone(), start.clone()]), room, 500, fails).candidate.schedule.faults[0].at.clone()
    };
    assert_eq!(shrunk(&|at| matches!(at, At::Anchor { .. } | At::Offset(Span(2400..2500)))), At::Offset(Span(2400)));
    assert_eq!(shrunk(&|at| matches!(at, At::Anchor { .. } | At::Offset(Span(2471)))), anchor);
}

#[test]
fn the_times_of_a_run_count_from_the_beginning_of_its_chaos_phase() {
    use ackproof_core::recording::FaultReport;
    use ackproof_core::time::Time;
    let report = |fired_at: Option<Time>| FaultReport { fired_at, resolved: None, missed: None };
    let recording = Recording {
        chaos_began: Time(3000),
        faults: vec![report(Some(Time(3250))), report(None)],
        ..Recording::default()
    };
    assert_eq!(Room::new(topology()).with_times_of(&recording).fired, [Some(Span(250)), None]);
}

#[test]
fn all_passes_together_reach_the_known_minimum_of_a_large_storm() {
    let storm = Storm {
        faults: ackproof_core::fault::Count { low: 40, high: 40 },
        ..Storm::new(topology(), Span::secs(5)).without_anchors()
    };
    let mut found = 0;
    for seed in 0..100 {
        let start = Candidate { schedule: storm.draw(Seed(seed)), ..candidate(Vec::new()) };
        if !both_dark(&start, "b1", "b2") {
            continue;
        }
        found += 1;
        let shrunk = shrink(start, Room::new(topology()), 2000, |it| both_dark(it, "b1", "b2"));
        let least = fault(power_loss(Selector::Each(vec![name("b1"), name("b2")])), 0, End::Heal);
        let [only] = &shrunk.candidate.schedule.faults[..] else { panic!("seed {seed}: {:?}", shrunk.candidate) };
        assert_eq!((&only.kind, &only.at), (&least.kind, &least.at), "seed {seed}");
        let workload = &shrunk.candidate.workload;
        assert_eq!((workload.messages, workload.producers, workload.consumers), (1, 1, 1));
        assert!(shrunk.executions < 100, "seed {seed}: {} runs", shrunk.executions);
    }
    assert!(found > 10, "only {found} storms put out the lights");
}

#[test]
fn what_a_later_pass_makes_possible_is_tried_in_another_round() {
    let hits = |it: &Candidate, node: &str| it.schedule.faults.iter().any(|fault| fault.kind == kill(name(node)));
    let faults = vec![fault(kill(name("b1")), 0, End::Heal), fault(kill(name("b2")), 0, End::Heal)];
    // The second kill is needed only while there are many messages.
    let fails = |it: &Candidate| hits(it, "b1") && (hits(it, "b2") || it.workload.messages <= 5);
    let shrunk = shrink_with(&[Pass::Faults, Pass::Messages], candidate(faults), fails);
    assert_eq!(shrunk.candidate.schedule.faults, [fault(kill(name("b1")), 0, End::Heal)]);
    assert_eq!(shrunk.candidate.workload.messages, 1);
}

#[test]
fn no_candidate_is_run_twice() {
    let start = Candidate { schedule: Storm::new(topology(), Span::secs(5)).draw(Seed(3)), ..candidate(Vec::new()) };
    let verb = start.schedule.faults[0].kind.verb();
    let mut seen = vec![start.clone()];
    let shrunk = shrink(start, Room::new(topology()), 2000, |it| {
        assert!(!seen.contains(it), "run again: {it:?}");
        seen.push(it.clone());
        it.schedule.faults.iter().any(|fault| fault.kind.verb() == verb) && it.workload.messages > 20
    });
    assert!(shrunk.finished && shrunk.executions > 20);
}

#[test]
fn a_spent_budget_returns_the_best_so_far_which_still_fails() {
    let faults: Vec<Fault> = (0..64).map(|at| fault(power_loss(name("b1")), at, End::Heal)).collect();
    let mut runs = 0;
    let fails = |it: &Candidate| it.schedule.faults.iter().any(|fault| interval(fault).unwrap().0 == 40);
    let shrunk = shrink(candidate(faults), Room::schedule_only(topology()), 5, |it| {
        runs += 1;
        fails(it)
    });
    assert_eq!((runs, shrunk.executions, shrunk.finished), (5, 5, false));
    assert!(fails(&shrunk.candidate) && shrunk.candidate.schedule.faults.len() < 64);
    assert!(!shrunk.steps.is_empty());
}

#[test]
fn no_budget_is_no_run() {
    let start = candidate(vec![fault(kill(name("b1")), 5, End::Heal)]);
    let shrunk = shrink(start.clone(), Room::new(topology()), 0, |_| panic!("there is no budget for a run"));
    assert_eq!((shrunk.candidate, shrunk.executions, shrunk.finished), (start, 0, false));
}

/// An arbitrary but fixed property of a candidate that its first value has: what a run's failure looks like to
/// shrinking, which knows nothing of the reasons.
fn needs(candidate: &Candidate, salt: u64) -> impl Fn(&Candidate) -> bool + use<> {
    let nth = |n: u64, len: usize| (n % len.max(1) as u64) as usize;
    let first =
        candidate.schedule.faults.get(nth(salt, candidate.schedule.faults.len())).map(|fault| fault.kind.verb());
    let second =
        candidate.schedule.faults.get(nth(salt / 7, candidate.schedule.faults.len())).map(|fault| fault.kind.verb());
    let least = u64::from(candidate.workload.messages) * (salt % 5) / 5;
    move |it: &Candidate| {
        let has = |verb: Option<&str>| {
            verb.is_none_or(|verb| it.schedule.faults.iter().any(|fault| fault.kind.verb() == verb))
        };
        has(first) && has(second) && u64::from(it.workload.messages) >= least
    }
}

fn longest_ms(candidate: &Candidate) -> u64 {
    let spans = candidate.schedule.faults.iter().filter_map(|fault| match fault.end {
        End::After(span) => Some(span.0),
        End::Heal | End::Gone => None,
    });
    spans.max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shrunk_still_fails_and_is_never_larger(
        start in candidates(Storm::new(topology(), Span::secs(5)), Loads::default()),
        salt: u64,
        budget in 0u32..400,
    ) {
        let fails = needs(&start, salt);
        prop_assert!(fails(&start));
        let before = start.weight(&topology());
        let longest = longest_ms(&start);
        let shrunk = shrink(start, Room::new(topology()), budget, &fails);
        let after = shrunk.candidate.weight(&topology());
        prop_assert!(fails(&shrunk.candidate));
        prop_assert!(shrunk.executions <= budget);
        prop_assert!(after <= before, "{after:?} is larger than {before:?}");
        prop_assert!(after.faults <= before.faults && after.messages <= before.messages);
        prop_assert!(after.harshness <= before.harshness);
        prop_assert!(longest_ms(&shrunk.candidate) <= longest);
        prop_assert_eq!(shrunk.steps.is_empty(), after == before);
    }

    #[test]
    fn shrinking_is_fixed_by_the_candidate_and_the_answers(
        start in candidates(Storm::new(topology(), Span::secs(5)), Loads::default()),
        salt: u64,
    ) {
        let fails = needs(&start, salt);
        let once = shrink(start.clone(), Room::new(topology()), 300, &fails);
        let again = shrink(start, Room::new(topology()), 300, &fails);
        prop_assert_eq!(once, again);
    }

    #[test]
    fn what_is_shrunk_to_the_end_cannot_lose_another_fault(
        start in candidates(Storm::new(topology(), Span::secs(5)), Loads::default()),
        salt: u64,
    ) {
        let fails = needs(&start, salt);
        let shrunk = shrink(start, Room::new(topology()), 5000, &fails);
        prop_assert!(shrunk.finished);
        for index in 0..shrunk.candidate.schedule.faults.len() {
            let mut without = shrunk.candidate.clone();
            without.schedule.faults.remove(index);
            prop_assert!(!fails(&without), "fault {index} is not needed");
        }
    }
}

#[test]
fn a_crowd_in_which_every_fault_is_needed_ends_with_the_budget() {
    let faults: Vec<Fault> = (0..300).map(|at| fault(kill(name("b1")), at, for_ms(10))).collect();
    let shrunk = shrink(candidate(faults), Room::new(topology()), 1500, |it| it.schedule.faults.len() == 300);
    assert_eq!((shrunk.candidate.schedule.faults.len(), shrunk.candidate.workload.messages), (300, 1));
}

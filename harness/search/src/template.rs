//! Faults that belong together: what one cause takes down at once, and what a second fault finds half repaired.

use ackproof_core::fault::{Ends, FaultKind, Hold, Kill, LyingSync, Partition, Pause, PowerLoss, Shutdown};
use ackproof_core::node::{Part, Selector, Topology};
use ackproof_core::observe::Probe;
use ackproof_core::schedule::{At, End, Fault, Schedule, can_play};
use ackproof_core::seed::{Seed, Stream};
use ackproof_core::time::Span;

use crate::proposal::{Proposal, Verbs};
use crate::selection::{self, naming, racks};

#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum Template {
    AllBrokers,
    Rack,
    LeaderAndController,
    CutThenDown,
    StaleFollower,
    DuringRoll,
    OneByOne,
    SleepingLeader,
    LyingDisks,
    ConsumerAndCoordinator,
}

impl Template {
    /// Every template with what it does.
    pub const ALL: [(Template, &'static str); 10] = [
        (Template::AllBrokers, "every broker goes down at once"),
        (Template::CutThenDown, "the leader is cut off until the in-sync set has shrunk to it, then goes down"),
        (Template::StaleFollower, "a broker is cut off until it is out of date, then the up-to-date ones go down"),
        (Template::LeaderAndController, "leader and controller go down at once"),
        (Template::OneByOne, "brokers go down one by one, and come back in the same order"),
        (Template::Rack, "a whole rack goes down at once"),
        (Template::DuringRoll, "the leader goes down during a rolling restart"),
        (Template::SleepingLeader, "the leader sleeps past its timeouts while a follower goes down, then wakes"),
        (Template::LyingDisks, "disks report syncs that they do not make, then every broker goes down"),
        (Template::ConsumerAndCoordinator, "a consumer and the keeper of its progress go down at once"),
    ];

    /// The schedule of this seed; `None` when the topology has no such parts or a kind that it needs is not allowed.
    pub fn draw(self, seed: Seed, topology: &Topology, chaos: Span, verbs: &Verbs) -> Option<Proposal> {
        let mut draw = Draw { stream: seed.stream("search/template"), topology, chaos, verbs };
        let faults = draw.faults(self)?;
        let schedule = Schedule { faults };
        let (_, why) = Template::ALL.into_iter().find(|(template, _)| *template == self)?;
        verbs.allow_all(&schedule).then(|| Proposal { schedule, why: why.to_owned() })
    }
}

struct Draw<'a> {
    stream: Stream,
    topology: &'a Topology,
    chaos: Span,
    verbs: &'a Verbs,
}

impl Draw<'_> {
    fn faults(&mut self, template: Template) -> Option<Vec<Fault>> {
        let brokers = selection::brokers(self.topology);
        let leader = Selector::part(Part::Leader);
        // Room for what follows: the first fault comes in the first half.
        let first = Span(self.stream.between(0, self.chaos.0 / 2));
        let at = At::Offset(first);
        let later = |by: Span| At::Offset(first + by);
        Some(match template {
            Template::AllBrokers => vec![self.down(Selector::part(Part::AllBrokers), at)?],
            Template::Rack => {
                let racks = racks(self.topology);
                let rack = racks.get(self.index(racks.len())?)?.clone();
                vec![self.down(rack, at)?]
            }
            Template::LeaderAndController => {
                let controller = self.part(Part::Controller)?;
                vec![self.down(leader, at.clone())?, self.down(controller, at)?]
            }
            Template::CutThenDown => {
                let cut = Partition::isolate(leader.clone(), Selector::part(Part::Brokers), false);
                let when = self.after(Probe::IsrShrunk, later(Span::secs(40)));
                let gone = self.stream.chance(0.5);
                let down = self.down(leader, when)?;
                vec![
                    lasting(FaultKind::Partition(cut), at),
                    Fault { end: if gone { End::Gone } else { down.end }, ..down },
                ]
            }
            Template::StaleFollower => {
                let stale = brokers.get(self.index(brokers.len())?)?.clone();
                let others: Vec<String> = brokers.iter().filter(|name| **name != stale).cloned().collect();
                if others.is_empty() {
                    return None;
                }
                let from = Selector::part(Part::Brokers);
                let cut = FaultKind::Partition(Partition::isolate(Selector::Name(stale), from, false));
                let when = self.after(Probe::IsrShrunk, later(Span::secs(40)));
                let cut = Fault { end: End::After(Span::secs(45)), ..lasting(cut, at) };
                vec![cut, Fault { end: End::After(Span::secs(60)), ..self.down(naming(others, self.topology), when)? }]
            }
            Template::DuringRoll => self.during_roll(&brokers, first)?,
            Template::OneByOne => self.one_by_one(brokers, first)?,
            Template::SleepingLeader => {
                let asleep = FaultKind::Pause(Pause(leader));
                let when = later(Span(self.stream.between(0, 10_000)));
                let down = self.down(Selector::part(Part::Follower), when)?;
                vec![Fault { end: End::After(Span::secs(20)), ..lasting(asleep, at) }, down]
            }
            Template::LyingDisks => {
                let all = Selector::part(Part::AllBrokers);
                let lie = FaultKind::LyingSync(LyingSync(all.clone()));
                vec![lasting(lie, At::Offset(Span::ZERO)), self.down(all, at)?]
            }
            Template::ConsumerAndCoordinator => {
                let consumer = self.part(Part::Consumer)?;
                // What is on its way between them arrives late, not never: a commit may overtake a crash.
                let between = Ends([consumer.clone(), Selector::part(Part::Brokers)]);
                let held = FaultKind::Hold(Hold { between, one_way: false });
                let mut faults =
                    vec![self.down(Selector::part(Part::Coordinator), at.clone())?, self.down(consumer, at)?];
                if self.verbs.allow("hold") && self.stream.chance(0.5) {
                    let before = At::Offset(first - Span(100));
                    faults.insert(0, Fault { end: End::After(Span(200)), ..lasting(held, before) });
                }
                faults
            }
        })
    }

    /// Each broker is stopped cleanly for five seconds, ten seconds apart; the leader goes down in one of the gaps.
    fn during_roll(&mut self, brokers: &[String], first: Span) -> Option<Vec<Fault>> {
        let stop = |(index, name): (usize, &String)| Fault {
            kind: FaultKind::Shutdown(Shutdown(Selector::Name(name.clone()))),
            at: At::Offset(first + Span::secs(10 * index as u64)),
            end: End::After(Span::secs(5)),
            pick: 0,
        };
        let mut faults: Vec<Fault> = brokers.iter().enumerate().map(stop).collect();
        let when = Span(self.stream.between(0, 10_000 * brokers.len() as u64));
        faults.push(self.down(Selector::part(Part::Leader), At::Offset(first + when))?);
        Some(faults)
    }

    /// The first to go down, which has the least, is the first to come back.
    fn one_by_one(&mut self, mut brokers: Vec<String>, first: Span) -> Option<Vec<Fault>> {
        let gap = Span(self.stream.between(500, 20_000));
        let mut faults = Vec::new();
        while !brokers.is_empty() {
            let name = brokers.remove(self.index(brokers.len())?);
            let at = At::Offset(first + Span(gap.0 * faults.len() as u64));
            let down = self.down(Selector::Name(name), at)?;
            faults.push(Fault { end: End::After(Span(gap.0 * 4)), ..down });
        }
        Some(faults)
    }

    /// Takes nodes down in one of the ways that are allowed: dark twice as often as killed.
    fn down(&mut self, nodes: Selector, at: At) -> Option<Fault> {
        let power_loss = FaultKind::PowerLoss(PowerLoss(nodes.clone()));
        let mut ways = vec![power_loss.clone(), power_loss, FaultKind::Kill(Kill(nodes))];
        ways.retain(|kind| self.verbs.allow(kind.verb()));
        let kind = ways.get(self.index(ways.len())?)?.clone();
        let end = crate::aligned::outage(&mut self.stream);
        Some(Fault { kind, at, end, pick: self.stream.draw() })
    }

    fn index(&mut self, len: usize) -> Option<usize> {
        (len > 0).then(|| self.stream.between(0, len as u64 - 1) as usize)
    }

    fn part(&self, part: Part) -> Option<Selector> {
        can_play(part, self.topology).then(|| Selector::part(part))
    }

    /// Right after an event, or at a time for brokers that know no such event.
    fn after(&mut self, probe: Probe, otherwise: At) -> At {
        let plus = Span([0, 10, 1000][self.stream.between(0, 2) as usize]);
        let anchored = self.stream.chance(0.75);
        if anchored { At::Anchor { after: probe, nth: 1, of: None, plus } } else { otherwise }
    }
}

fn lasting(kind: FaultKind, at: At) -> Fault {
    Fault { kind, at, end: End::Heal, pick: 0 }
}

#[cfg(test)]
mod tests {
    use ackproof_core::node::NodeKind;

    use super::*;
    use crate::trace::sample;

    const CHAOS: Span = Span::secs(5);

    fn drawn(template: Template, verbs: &Verbs) -> Vec<Schedule> {
        let draw = |seed| template.draw(Seed(seed), &sample::topology(), CHAOS, verbs);
        (0..50).filter_map(draw).map(|proposal| proposal.schedule).collect()
    }

    #[test]
    fn every_template_gives_a_schedule_for_every_seed() {
        for (template, _) in Template::ALL {
            let all = drawn(template, &Verbs::all());
            assert_eq!(all.len(), 50, "{template:?}");
            assert_eq!(all, drawn(template, &Verbs::all()));
            assert!(all.iter().any(|schedule| *schedule != all[0]), "{template:?} is the same for every seed");
        }
    }

    #[test]
    fn only_allowed_kinds_are_used() {
        let kills = Verbs::only(&["kill", "partition"]);
        for (template, _) in Template::ALL {
            for schedule in drawn(template, &kills) {
                assert!(kills.allow_all(&schedule), "{template:?}");
            }
        }
        assert_eq!(drawn(Template::AllBrokers, &kills).len(), 50);
        assert_eq!(drawn(Template::LyingDisks, &kills), []);
        assert_eq!(drawn(Template::AllBrokers, &Verbs::only(&["clock"])), []);
    }

    #[test]
    fn a_template_needs_the_parts_it_names() {
        let mut bare = Topology::default();
        bare.add("b1", NodeKind::Broker, None);
        let draw = |template: Template| template.draw(Seed(1), &bare, CHAOS, &Verbs::all());
        assert_eq!(draw(Template::Rack), None);
        assert_eq!(draw(Template::LeaderAndController), None);
        assert_eq!(draw(Template::StaleFollower), None);
        assert!(draw(Template::AllBrokers).is_some());
    }

    #[test]
    fn the_leader_that_was_cut_off_goes_down_once_the_in_sync_set_has_shrunk() {
        let all = drawn(Template::CutThenDown, &Verbs::all());
        let waits = |schedule: &&Schedule| matches!(schedule.faults[1].at, At::Anchor { after: Probe::IsrShrunk, .. });
        assert!(all.iter().filter(waits).count() > 20);
        for schedule in &all {
            let [cut, down] = &schedule.faults[..] else { panic!("{schedule:?}") };
            assert_eq!(cut.kind.to_string(), "partition leader | brokers");
            assert_eq!(down.kind.selectors(), [&Selector::part(Part::Leader)]);
        }
        assert!(all.iter().any(|schedule| schedule.faults[1].end == End::Gone));
    }

    #[test]
    fn leader_and_controller_go_down_in_the_same_millisecond() {
        for schedule in drawn(Template::LeaderAndController, &Verbs::all()) {
            assert_eq!(schedule.faults[0].at, schedule.faults[1].at);
        }
    }
}

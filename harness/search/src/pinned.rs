//! A schedule that means the same machines whatever else is drawn.

use ackproof_core::node::Topology;
use ackproof_core::recording::FaultReport;
use ackproof_core::schedule::{Fault, Schedule};

use crate::{kinds, selection};

/// The same schedule with the names that chance picked in a run of it.
///
/// Where several machines fit a part (`any-broker`, `follower`), the pick is part of the fault but not of its written
/// form. A failure that is to be shrunk, written down or replayed is pinned first. Parts that the state of the run
/// decides (`leader`, `isr`) stay: they say why the fault falls where it does, and mean something under other
/// settings. A fault that never fired stays as it is.
pub fn pinned(schedule: &Schedule, reports: &[FaultReport], topology: &Topology) -> Schedule {
    let pin = |(index, fault): (usize, &Fault)| {
        let mut fault = fault.clone();
        let Some(resolved) = reports.get(index).and_then(|report| report.resolved.as_ref()) else { return fault };
        let names = resolved.kind.selectors();
        let written: Vec<_> = fault.kind.selectors().into_iter().cloned().collect();
        for (place, (selector, name)) in written.iter().zip(names).enumerate() {
            if selection::is_picked(selector, topology) {
                fault.kind = kinds::with_selector(&fault.kind, place, name.clone());
            }
        }
        fault
    };
    Schedule { faults: schedule.faults.iter().enumerate().map(pin).collect() }
}

#[cfg(test)]
mod tests {
    use ackproof_core::fault::{FaultKind, Kill, Partition};
    use ackproof_core::node::{Part, Selector};
    use ackproof_core::schedule::{At, End};
    use ackproof_core::seed::Seed;
    use ackproof_core::time::{Span, Time};

    use super::*;
    use crate::trace::sample::topology;

    fn fault(kind: FaultKind) -> Fault {
        Fault { kind, at: At::Offset(Span(5)), end: End::Heal, pick: 77 }
    }
    fn report(kind: FaultKind) -> FaultReport {
        FaultReport { fired_at: Some(Time(1005)), resolved: Some(fault(kind)), missed: None }
    }
    fn name(name: &str) -> Selector {
        Selector::Name(name.into())
    }
    fn cut(a: Selector, b: Selector) -> FaultKind {
        FaultKind::Partition(Partition::isolate(a, b, true))
    }

    #[test]
    fn what_chance_picked_is_named_and_what_the_run_decided_is_not() {
        let any = Selector::part(Part::AnyBroker);
        let schedule = Schedule { faults: vec![fault(cut(any, Selector::part(Part::Leader)))] };
        let pinned = pinned(&schedule, &[report(cut(name("b3"), name("b1")))], &topology());
        assert_eq!(pinned.faults[0].kind, cut(name("b3"), Selector::part(Part::Leader)));
    }

    #[test]
    fn a_pinned_schedule_that_was_written_down_is_read_as_the_same_faults() {
        let schedule = Schedule { faults: vec![fault(FaultKind::Kill(Kill(Selector::part(Part::IsrFollower))))] };
        let pinned = pinned(&schedule, &[report(FaultKind::Kill(Kill(name("b2"))))], &topology());
        let read = Schedule::plan(&pinned.steps(), Seed(99), "another", Span::secs(9), &topology());
        assert_eq!(read.steps(), pinned.steps());
        assert_eq!(read.faults[0].kind, FaultKind::Kill(Kill(name("b2"))));
    }

    #[test]
    fn a_fault_that_never_fired_stays_as_it_is() {
        let schedule = Schedule { faults: vec![fault(FaultKind::Kill(Kill(Selector::part(Part::OutOfIsr))))] };
        let missed = FaultReport { fired_at: None, resolved: None, missed: Some("nobody was `out-of-isr`".into()) };
        assert_eq!(pinned(&schedule, &[missed], &topology()), schedule);
        assert_eq!(pinned(&schedule, &[], &topology()), schedule);
    }
}

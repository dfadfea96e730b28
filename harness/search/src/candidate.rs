//! What is run and shrunk: a schedule and the workload it meets; and how large that is.

use ackproof_core::node::Topology;
use ackproof_core::schedule::{At, End, Fault, Schedule};
use ackproof_core::setup::Workload;
use ackproof_core::time::Span;

use crate::{kinds, selection};

/// One run that may fail, beside its seed and its settings, which the search leaves alone.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    pub schedule: Schedule,
    pub workload: Workload,
}

/// How much there is to read and to believe in a candidate; the smaller of two is the better witness.
///
/// Compared from the first field to the last. Each accepted step of shrinking makes it strictly smaller, which is
/// why shrinking ends and why its result is never larger than what it began with.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct Weight {
    pub faults: usize,
    /// Sum over the faults of how much each destroys: a lost disk more than a power loss, that more than a kill.
    pub harshness: u32,
    /// Sum over the faults of the machines they name.
    pub targets: usize,
    pub messages: u32,
    pub producers: u8,
    pub consumers: u8,
    /// Cuts and delays in one direction only, which take more words than those in both.
    pub one_way: usize,
    /// Faults that never end, and ends with more than two significant digits.
    pub rough_ends: u32,
    /// Faults that end by themselves, at a time of their own.
    pub timed_ends: usize,
    pub durations_ms: u64,
    /// Sizes of the kinds' own parameters: added latency, clock offset, loss rate.
    pub parameters: u64,
    /// Times that no person would have chosen; see [`roughness`].
    pub rough_times: u32,
    /// Anchors that name a node.
    pub anchors_of_a_node: usize,
    pub anchors_nth: u64,
    pub times_ms: u64,
}

impl Candidate {
    pub fn weight(&self, topology: &Topology) -> Weight {
        let faults = &self.schedule.faults;
        let sum =
            |value: &dyn Fn(&Fault) -> u64| faults.iter().fold(0u64, |sum, fault| sum.saturating_add(value(fault)));
        let count = |is: &dyn Fn(&Fault) -> bool| faults.iter().filter(|fault| is(fault)).count();
        Weight {
            faults: faults.len(),
            harshness: faults.iter().map(|fault| kinds::harshness(&fault.kind)).sum(),
            targets: faults
                .iter()
                .flat_map(|fault| fault.kind.selectors())
                .map(|selector| selection::breadth(selector, topology))
                .sum(),
            messages: self.workload.messages,
            producers: self.workload.producers,
            consumers: self.workload.consumers,
            one_way: count(&|fault| kinds::is_one_way(&fault.kind)),
            rough_ends: faults.iter().map(|fault| end_roughness(fault.end)).sum(),
            timed_ends: count(&|fault| matches!(fault.end, End::After(_))),
            durations_ms: sum(&|fault| match fault.end {
                End::After(span) => span.0,
                End::Heal | End::Gone => 0,
            }),
            parameters: sum(&|fault| kinds::parameter_size(&fault.kind)),
            rough_times: faults.iter().map(|fault| roughness(&fault.at)).sum(),
            anchors_of_a_node: count(&|fault| matches!(fault.at, At::Anchor { of: Some(_), .. })),
            anchors_nth: sum(&|fault| match fault.at {
                At::Anchor { nth, .. } => u64::from(nth),
                At::Offset(_) => 0,
            }),
            times_ms: sum(&|fault| match fault.at {
                At::Offset(span) | At::Anchor { plus: span, .. } => span.0,
            }),
        }
    }
}

/// 0 for a round time; 1 for an anchor, which says why the fault falls where it does; 2 for a time like 1537 ms,
/// which says nothing.
pub fn roughness(at: &At) -> u32 {
    match at {
        At::Offset(span) if is_round(*span) => 0,
        At::Anchor { .. } => 1,
        At::Offset(_) => 2,
    }
}

fn end_roughness(end: End) -> u32 {
    match end {
        End::Heal => 0,
        End::After(span) => u32::from(!is_round(span)),
        End::Gone => 2,
    }
}

/// Whether a duration has at most two significant digits, in milliseconds: 1.5 s, 250 ms, 40 ms.
pub fn is_round(span: Span) -> bool {
    let mut ms = span.0;
    while ms != 0 && ms.is_multiple_of(10) {
        ms /= 10;
    }
    ms < 100
}

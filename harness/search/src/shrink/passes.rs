//! The passes of shrinking: each proposes steps, the boldest first, and knows nothing of what came of them.

use ackproof_core::schedule::{At, End, Fault};
use ackproof_core::time::Span;

use super::edit::{Change, Edit};
use super::{Place, Room, rounding};
use crate::candidate::{Candidate, is_round};
use crate::{kinds, selection};

/// What is made smaller, in the order of a round. Faults and messages come first because they decide how long every
/// later attempt takes.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum Pass {
    /// Fewer faults: delta debugging, large chunks first.
    Faults,
    /// Two faults of one kind as one fault on both their nodes.
    Merges,
    Messages,
    Clients,
    Targets,
    Kinds,
    Ends,
    Parameters,
    Shifts,
    Times,
}

impl Pass {
    pub const ALL: [Pass; 10] = [
        Pass::Faults,
        Pass::Merges,
        Pass::Messages,
        Pass::Clients,
        Pass::Targets,
        Pass::Kinds,
        Pass::Ends,
        Pass::Parameters,
        Pass::Shifts,
        Pass::Times,
    ];

    /// The steps this pass can take from here, in the order in which to try them. Places ascend.
    pub(super) fn edits(self, from: &Candidate, room: &Room, fired: &[Option<Span>]) -> Vec<(Place, Edit)> {
        match self {
            Pass::Faults => removals(from.schedule.faults.len()),
            Pass::Merges => merges(&from.schedule.faults, room),
            Pass::Messages => {
                fewer(from.workload.messages).into_iter().map(|(place, n)| (place, Edit::Messages(n))).collect()
            }
            Pass::Clients => clients(from),
            Pass::Targets => each(from, Change::Targets, |_, fault| narrower_targets(fault, room)),
            Pass::Kinds => each(from, Change::Kind, |_, fault| plainer_kinds(fault)),
            Pass::Ends => each(from, Change::End, |_, fault| simpler_ends(fault)),
            Pass::Parameters => each(from, Change::Parameters, |_, fault| {
                let kinds = kinds::smaller_parameters(&fault.kind);
                kinds.into_iter().map(|kind| Fault { kind, ..fault.clone() }).collect()
            }),
            Pass::Shifts => shifts(&from.schedule.faults),
            Pass::Times => each(from, Change::Time, |index, fault| {
                let times = simpler_times(&fault.at, fired.get(index).copied().flatten(), &from.schedule.faults);
                times.into_iter().map(|at| Fault { at, ..fault.clone() }).collect()
            }),
        }
    }
}

/// Chunks of faults: all of them, then halves, quarters and so on down to one by one.
fn removals(faults: usize) -> Vec<(Place, Edit)> {
    let mut edits = Vec::new();
    let mut count = faults;
    while count > 0 {
        for first in (0..faults).step_by(count) {
            let count = count.min(faults - first);
            edits.push((Place(left_out(count), first), Edit::Remove { first, count }));
        }
        count = if count == 1 { 0 } else { count.div_ceil(2) };
    }
    edits.sort_by_key(|(place, _)| *place);
    edits
}

/// Places that ascend as less is left out: after a step, the next is of the same size or smaller.
fn left_out(count: usize) -> usize {
    usize::MAX - count
}

/// Among more faults than this no pairs are compared: there would be too many, and nobody could read the witness.
const CROWD: usize = 32;

fn merges(faults: &[Fault], room: &Room) -> Vec<(Place, Edit)> {
    let mut edits = Vec::new();
    if faults.len() > CROWD {
        return edits;
    }
    for (index, fault) in faults.iter().enumerate() {
        for (other, with) in faults.iter().enumerate().skip(index + 1) {
            let Some(kind) = merged_kind(fault, with, room) else { continue };
            let end = longer_end(fault.end, with.end);
            for at in if fault.at == with.at { vec![&fault.at] } else { vec![&fault.at, &with.at] } {
                let both = Fault { kind: kind.clone(), at: at.clone(), end, pick: fault.pick };
                edits.push((Place(index, other), Edit::Merge { fault: index, other, both }));
            }
        }
    }
    edits
}

/// One fault for two of the same kind with the same parameters and a single set of nodes each.
fn merged_kind(a: &Fault, b: &Fault, room: &Room) -> Option<ackproof_core::fault::FaultKind> {
    let ([first], [second]) = (&a.kind.selectors()[..], &b.kind.selectors()[..]) else { return None };
    if a.kind.is_instant() || kinds::with_selector(&b.kind, 0, (*first).clone()) != a.kind {
        return None;
    }
    Some(kinds::with_selector(&a.kind, 0, selection::union(first, second, &room.topology)?))
}

fn longer_end(a: End, b: End) -> End {
    match (a, b) {
        (End::Gone, _) | (_, End::Gone) => End::Gone,
        (End::Heal, _) | (_, End::Heal) => End::Heal,
        (End::After(a), End::After(b)) => End::After(a.max(b)),
    }
}

/// Smaller numbers than `from`, at least 1: one, half, three quarters, seven eighths, ... and one less.
fn fewer(from: u32) -> Vec<(Place, u32)> {
    let mut numbers = vec![(Place(0, 0), 1)];
    let mut less = from / 2;
    while less > 0 {
        numbers.push((Place(left_out(less as usize), 0), from - less));
        less /= 2;
    }
    numbers.dedup_by_key(|(_, number)| *number);
    numbers.retain(|&(_, number)| number < from);
    numbers
}

fn clients(from: &Candidate) -> Vec<(Place, Edit)> {
    let count = |number: u8, edit: fn(u8) -> Edit, rung: usize| {
        [1, number / 2, number.saturating_sub(1)]
            .into_iter()
            .filter(move |&less| 0 < less && less < number)
            .map(move |less| (Place(rung, 0), edit(less)))
    };
    count(from.workload.producers, Edit::Producers, 0)
        .chain(count(from.workload.consumers, Edit::Consumers, 1))
        .collect()
}

/// Steps that change one fault at a time.
fn each(from: &Candidate, what: Change, mut simpler: impl FnMut(usize, &Fault) -> Vec<Fault>) -> Vec<(Place, Edit)> {
    let mut edits = Vec::new();
    for (index, fault) in from.schedule.faults.iter().enumerate() {
        for fault in simpler(index, fault) {
            edits.push((Place(index, 0), Edit::Replace { index, fault, what }));
        }
    }
    edits
}

fn narrower_targets(fault: &Fault, room: &Room) -> Vec<Fault> {
    let mut all = Vec::new();
    for (index, selector) in fault.kind.selectors().into_iter().enumerate() {
        for narrow in selection::narrower(selector, &room.topology) {
            all.push(Fault { kind: kinds::with_selector(&fault.kind, index, narrow), ..fault.clone() });
        }
    }
    all
}

fn plainer_kinds(fault: &Fault) -> Vec<Fault> {
    let kinds = kinds::gentler(&fault.kind).into_iter().chain(kinds::both_ways(&fault.kind));
    kinds.map(|kind| Fault { kind, ..fault.clone() }).collect()
}

/// An end that nobody has to write comes first: a fault without one lasts until everything is healed.
fn simpler_ends(fault: &Fault) -> Vec<Fault> {
    let ends = match fault.end {
        End::Heal => Vec::new(),
        End::Gone => vec![End::Heal],
        End::After(span) => {
            let shorter = rounding::shorter(span).into_iter().map(End::After);
            std::iter::once(End::Heal).chain(shorter).collect()
        }
    };
    ends.into_iter().map(|end| Fault { end, ..fault.clone() }).collect()
}

/// All times together earlier by the first of them, or by a power of ten.
fn shifts(faults: &[Fault]) -> Vec<(Place, Edit)> {
    let offsets = || faults.iter().filter_map(|fault| offset(&fault.at));
    let Some(first) = offsets().min().filter(|_| offsets().count() > 1) else { return Vec::new() };
    let powers = (0..=4).rev().map(|power| Span(10u64.pow(power)));
    std::iter::once(first)
        .chain(powers)
        .filter(|&by| Span::ZERO < by && by <= first)
        .enumerate()
        .map(|(rung, by)| (Place(rung, 0), Edit::Shift(by)))
        .collect()
}

fn offset(at: &At) -> Option<Span> {
    match at {
        At::Offset(offset) => Some(*offset),
        At::Anchor { .. } => None,
    }
}

/// Earlier, rounder times; the time of another fault; fewer conditions on an anchor; and, when it is known when an
/// anchor's fault fired, round times near that.
fn simpler_times(at: &At, fired: Option<Span>, faults: &[Fault]) -> Vec<At> {
    match at {
        At::Offset(offset) => {
            let mut times = rounding::shorter(*offset);
            if faults.len() <= CROWD {
                times.extend(faults.iter().filter_map(|other| self::offset(&other.at)));
            }
            times.extend(if is_round(*offset) { Vec::new() } else { rounding::rounded_up(*offset) });
            times.into_iter().map(At::Offset).collect()
        }
        At::Anchor { after, nth, of, plus } => {
            let anchor = |nth, of, plus| At::Anchor { after: *after, nth, of, plus };
            let mut times: Vec<At> = fired.into_iter().flat_map(rounding::round_near).map(At::Offset).collect();
            if of.is_some() {
                times.push(anchor(*nth, None, *plus));
            }
            times.extend(fewer(*nth).into_iter().map(|(_, nth)| anchor(nth, of.clone(), *plus)));
            times.extend(rounding::shorter(*plus).into_iter().map(|plus| anchor(*nth, of.clone(), plus)));
            times
        }
    }
}

//! One step towards a smaller candidate.

use std::fmt;

use ackproof_core::node::NodeKind;
use ackproof_core::schedule::{At, Fault};
use ackproof_core::time::Span;

use super::Room;
use crate::candidate::Candidate;
use crate::selection;

/// A change that makes a candidate smaller. Faults are counted from 0, as they stand before the change.
#[derive(Clone, PartialEq, Debug)]
pub enum Edit {
    Remove {
        first: usize,
        count: usize,
    },
    /// `fault` stands for both, and `other` goes.
    Merge {
        fault: usize,
        other: usize,
        both: Fault,
    },
    Replace {
        index: usize,
        fault: Fault,
        what: Change,
    },
    /// Every fault with a time of its own comes this much earlier, so that the time between them stays.
    Shift(Span),
    Messages(u32),
    Producers(u8),
    Consumers(u8),
}

/// What about one fault is different.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum Change {
    Targets,
    Kind,
    End,
    Parameters,
    Time,
}

impl Edit {
    /// The candidate after this step; `None` when the step makes no sense for it.
    pub fn apply(&self, candidate: &Candidate, room: &Room) -> Option<Candidate> {
        let mut next = candidate.clone();
        let faults = &mut next.schedule.faults;
        match self {
            Edit::Remove { first, count } => {
                faults.drain(*first..first + count);
            }
            Edit::Merge { fault, other, both } => {
                faults[*fault] = both.clone();
                faults.remove(*other);
            }
            Edit::Replace { index, fault, .. } => faults[*index] = fault.clone(),
            Edit::Shift(by) => {
                for fault in faults {
                    if let At::Offset(offset) = &mut fault.at {
                        *offset = *offset - *by;
                    }
                }
            }
            Edit::Messages(messages) => next.workload.messages = *messages,
            Edit::Producers(producers) => {
                next.workload.producers = *producers;
                return keeps_named(&next, NodeKind::Producer, *producers, room).then_some(next);
            }
            Edit::Consumers(consumers) => {
                next.workload.consumers = *consumers;
                return keeps_named(&next, NodeKind::Consumer, *consumers, room).then_some(next);
            }
        }
        Some(next)
    }

    /// The places of the faults that are left, in order, given those before the step.
    pub(super) fn survivors(&self, mut before: Vec<usize>) -> Vec<usize> {
        match self {
            Edit::Remove { first, count } => {
                before.drain(*first..first + count);
            }
            Edit::Merge { other, .. } => {
                before.remove(*other);
            }
            Edit::Replace { .. } | Edit::Shift(_) => {}
            Edit::Messages(_) | Edit::Producers(_) | Edit::Consumers(_) => {}
        }
        before
    }
}

/// Whether every client that a fault names is among the first `left` of its kind, and so still runs.
fn keeps_named(candidate: &Candidate, kind: NodeKind, left: u8, room: &Room) -> bool {
    let gone: Vec<&str> =
        room.topology.of_kind(kind).into_iter().skip(usize::from(left)).map(|node| room.topology.name(node)).collect();
    let faults = &candidate.schedule.faults;
    let anchors = faults.iter().filter_map(|fault| match &fault.at {
        At::Anchor { of, .. } => of.as_ref(),
        At::Offset(_) => None,
    });
    let targets = faults.iter().flat_map(|fault| fault.kind.selectors());
    !targets.chain(anchors).any(|selector| gone.iter().any(|name| selection::mentions(selector, name)))
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |index: &usize| index + 1;
        match self {
            Edit::Remove { first, count: 1 } => write!(f, "without fault {}", number(first)),
            Edit::Remove { first, count } => write!(f, "without faults {} to {}", number(first), first + count),
            Edit::Merge { fault, other, both } => {
                write!(f, "faults {} and {} are one: {}", number(fault), number(other), both.kind)
            }
            Edit::Replace { index, fault, what } => {
                write!(f, "fault {}: ", number(index))?;
                match what {
                    Change::Targets | Change::Kind | Change::Parameters => write!(f, "{}", fault.kind),
                    Change::End => write!(f, "{} {}", fault.kind, end_text(fault)),
                    Change::Time => write!(f, "{} {}", fault.kind, time_text(&fault.at)),
                }
            }
            Edit::Shift(by) => write!(f, "every fault {by} earlier"),
            Edit::Messages(messages) => write!(f, "{messages} messages"),
            Edit::Producers(producers) => write!(f, "{producers} producers"),
            Edit::Consumers(consumers) => write!(f, "{consumers} consumers"),
        }
    }
}

fn end_text(fault: &Fault) -> String {
    use ackproof_core::schedule::End;
    match fault.end {
        End::After(span) => format!("for {span}"),
        End::Heal => "until everything is healed".to_owned(),
        End::Gone => "for good".to_owned(),
    }
}

fn time_text(at: &At) -> String {
    match at {
        At::Offset(offset) => format!("at {offset}"),
        At::Anchor { after, nth, of, plus } => {
            let of = of.as_ref().map_or(String::new(), |of| format!(" of {of}"));
            let plus = if *plus == Span::ZERO { String::new() } else { format!(" and {plus}") };
            format!("after {} number {nth}{of}{plus}", after.word())
        }
    }
}

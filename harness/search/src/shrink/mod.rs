//! From a candidate that fails to the smallest one that still does.
//!
//! A [`Shrinker`] offers smaller candidates one at a time and is told whether each still fails. It runs nothing and
//! draws nothing, so the same answers give the same result, whether a sweep asks ([`shrink`]) or proptest does
//! ([`crate::strategy`]). A candidate is offered only when its [`Weight`] is below that of the best one so far:
//! shrinking always ends, and what it returns is never larger than what it was given.
//!
//! What it finds is a local minimum: no single step of any pass makes it smaller. Two faults that can only be
//! removed together with a change elsewhere stay.

mod edit;
mod passes;
pub(crate) mod rounding;
mod turns;

use std::collections::BTreeSet;

use ackproof_core::node::Topology;
use ackproof_core::recording::Recording;
use ackproof_core::schedule::Fault;
use ackproof_core::time::Span;

pub use edit::{Change, Edit};
pub use passes::Pass;

use crate::candidate::{Candidate, Weight};
use turns::Written;

/// What shrinking may change and what it knows beside the candidate.
#[derive(Clone, PartialEq, Debug)]
pub struct Room {
    pub topology: Topology,
    pub passes: Vec<Pass>,
    /// When each fault of the first candidate fired, after the beginning of the chaos phase. An anchor whose fault's
    /// time is known may be replaced by a round time nearby; without it anchors stay anchors, which is better for a
    /// schedule that is to meet other settings too.
    pub fired: Vec<Option<Span>>,
    /// Whether a fault that is over before another begins stays so, no less than half as long and half as far away:
    /// where somebody wrote the schedule, and did not draw it.
    pub in_turn: bool,
}

impl Room {
    /// Everything may change; anchors stay anchors.
    pub fn new(topology: Topology) -> Room {
        Room { topology, passes: Pass::ALL.to_vec(), fired: Vec::new(), in_turn: false }
    }

    /// Only the faults may change.
    pub fn schedule_only(topology: Topology) -> Room {
        let passes = Pass::ALL.into_iter().filter(|pass| !matches!(pass, Pass::Messages | Pass::Clients)).collect();
        Room { topology, passes, fired: Vec::new(), in_turn: false }
    }

    /// Only the workload may change.
    pub fn workload_only(topology: Topology) -> Room {
        Room { passes: vec![Pass::Messages, Pass::Clients], ..Room::new(topology) }
    }

    /// Lets anchors become round times, near to when their faults fired in this run of the first candidate.
    pub fn with_times_of(mut self, recording: &Recording) -> Room {
        let began = recording.chaos_began;
        self.fired = recording.faults.iter().map(|fault| fault.fired_at.map(|at| at.since(began))).collect();
        self
    }
}

/// Where a step stands within its pass: the boldness first, then the fault it is about.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
struct Place(usize, usize);

/// What shrinking came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Shrunk {
    pub candidate: Candidate,
    /// How often the candidate was run.
    pub executions: u32,
    /// The steps that were taken, in order.
    pub steps: Vec<Edit>,
    /// False when the budget ended before every step had been tried.
    pub finished: bool,
}

/// Shrinks `failing`, which is known to fail, with at most `budget` runs. `still_fails` runs a candidate and says
/// whether it fails in the same way; it must give the same answer for the same candidate.
pub fn shrink(failing: Candidate, room: Room, budget: u32, mut still_fails: impl FnMut(&Candidate) -> bool) -> Shrunk {
    let mut shrinker = Shrinker::new(failing, room);
    while shrinker.executions < budget {
        let Some(candidate) = shrinker.offer() else { return shrinker.finish(true) };
        let fails = still_fails(candidate);
        shrinker.answer(fails);
    }
    let finished = shrinker.offer().is_none();
    shrinker.finish(finished)
}

/// Shrinking one question at a time: [`Shrinker::offer`] a candidate, [`Shrinker::answer`] whether it fails.
#[derive(Clone, Debug)]
pub struct Shrinker {
    room: Room,
    best: Candidate,
    weight: Weight,
    /// The faults of the first candidate, where their turns are to be kept.
    first: Vec<Fault>,
    /// For each fault of `best`, its place in the first candidate.
    places: Vec<usize>,
    /// Index into the room's passes.
    pass: usize,
    edits: Vec<(Place, Edit)>,
    next: usize,
    /// Whether anything was accepted since the passes began at the first one; a round without ends it.
    progress: bool,
    done: bool,
    offered: Option<(Place, Edit, Candidate)>,
    /// Candidates that are known not to fail, in text: no reason to run them twice.
    passed: BTreeSet<String>,
    executions: u32,
    steps: Vec<Edit>,
}

impl Shrinker {
    pub fn new(failing: Candidate, room: Room) -> Shrinker {
        let mut shrinker = Shrinker {
            weight: failing.weight(&room.topology),
            places: (0..failing.schedule.faults.len()).collect(),
            first: if room.in_turn { failing.schedule.faults.clone() } else { Vec::new() },
            done: room.passes.is_empty(),
            room,
            best: failing,
            pass: 0,
            edits: Vec::new(),
            next: 0,
            progress: false,
            offered: None,
            passed: BTreeSet::new(),
            executions: 0,
            steps: Vec::new(),
        };
        if !shrinker.done {
            shrinker.list_edits();
        }
        shrinker
    }

    /// The smallest candidate so far that fails.
    pub fn best(&self) -> &Candidate {
        &self.best
    }

    /// The next smaller candidate to run, `None` when no step is left. The same one again until it is answered.
    pub fn offer(&mut self) -> Option<&Candidate> {
        while self.offered.is_none() && !self.done {
            match self.edits.get(self.next) {
                None => self.next_pass(),
                Some((place, edit)) => {
                    self.next += 1;
                    let smaller = edit.apply(&self.best, &self.room).filter(|candidate| {
                        candidate.weight(&self.room.topology) < self.weight
                            && (!self.room.in_turn || self.keeps_turns(edit, candidate))
                            && (self.passed.is_empty() || !self.passed.contains(&text(candidate)))
                    });
                    self.offered = smaller.map(|candidate| (*place, edit.clone(), candidate));
                }
            }
        }
        self.offered()
    }

    /// What was offered last and has not been answered.
    pub fn offered(&self) -> Option<&Candidate> {
        self.offered.as_ref().map(|(_, _, candidate)| candidate)
    }

    /// Says what came of the candidate that was offered; nothing when none was.
    pub fn answer(&mut self, fails: bool) {
        let Some((place, edit, candidate)) = self.offered.take() else { return };
        self.executions += 1;
        if !fails {
            self.passed.insert(text(&candidate));
            return;
        }
        let weight = candidate.weight(&self.room.topology);
        assert!(weight < self.weight, "a step of shrinking must make the candidate smaller: {edit}");
        (self.best, self.weight) = (candidate, weight);
        self.places = edit.survivors(std::mem::take(&mut self.places));
        self.steps.push(edit);
        self.progress = true;
        // Go on where it worked: what came before was refused a moment ago and hardly changed.
        self.list_edits();
        self.next = self.edits.partition_point(|(other, _)| *other < place);
    }

    fn next_pass(&mut self) {
        self.pass += 1;
        if self.pass == self.room.passes.len() {
            self.pass = 0;
            self.done = !self.progress;
            self.progress = false;
        }
        self.list_edits();
    }

    fn keeps_turns(&self, edit: &Edit, candidate: &Candidate) -> bool {
        let written = Written { faults: &self.first, fired: &self.room.fired };
        let may_be = match edit {
            Edit::Merge { fault, other, .. } => written.may_merge(self.places[*fault], self.places[*other]),
            Edit::Remove { .. } | Edit::Replace { .. } | Edit::Shift(_) => true,
            Edit::Messages(_) | Edit::Producers(_) | Edit::Consumers(_) => true,
        };
        may_be && written.is_kept(&candidate.schedule.faults, &edit.survivors(self.places.clone()))
    }

    fn list_edits(&mut self) {
        let fired: Vec<Option<Span>> =
            self.places.iter().map(|&place| self.room.fired.get(place).copied().flatten()).collect();
        self.edits = self.room.passes[self.pass].edits(&self.best, &self.room, &fired);
        self.next = 0;
    }

    fn finish(self, finished: bool) -> Shrunk {
        Shrunk { candidate: self.best, executions: self.executions, steps: self.steps, finished }
    }
}

/// Identity of a candidate.
fn text(candidate: &Candidate) -> String {
    format!("{candidate:?}")
}

#[cfg(test)]
mod tests;

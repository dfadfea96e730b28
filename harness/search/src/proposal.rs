//! A schedule worth running, and the verbs it may use.

use std::collections::BTreeSet;

use ackproof_core::fault::FaultKind;
use ackproof_core::schedule::Schedule;

/// A schedule with the reason it was chosen, in words for whoever reads the witness.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposal {
    pub schedule: Schedule,
    pub why: String,
}

/// The kinds of fault that a search may use, by their verbs.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Verbs(BTreeSet<&'static str>);

impl Verbs {
    /// Every verb but `random`, which is no fault of its own.
    pub fn all() -> Verbs {
        Verbs(FaultKind::ALL.iter().map(|(verb, _, _)| *verb).filter(|verb| *verb != "random").collect())
    }

    /// # Panics
    /// When no kind of fault has one of these verbs, or none is given: what a user writes is checked when it is read.
    pub fn only(verbs: &[&str]) -> Verbs {
        let all = Verbs::all();
        let unknown: Vec<_> = verbs.iter().filter(|verb| !all.allow(verb)).collect();
        assert!(unknown.is_empty(), "a search can only use kinds of fault that exist, not {unknown:?}");
        let some: BTreeSet<_> = all.0.into_iter().filter(|verb| verbs.contains(verb)).collect();
        assert!(!some.is_empty(), "a search needs at least one kind of fault");
        Verbs(some)
    }

    pub fn allow(&self, verb: &str) -> bool {
        self.0.contains(verb)
    }
    pub fn allow_all(&self, schedule: &Schedule) -> bool {
        schedule.faults.iter().all(|fault| self.allow(fault.kind.verb()))
    }
    pub(crate) fn list(&self) -> Vec<&'static str> {
        self.0.iter().copied().collect()
    }
}

//! The state of each origin at the end, and what it proves about a message that was not found.

use ackproof_core::app::Origin;

#[derive(Copy, Clone, Debug, Default)]
struct Place {
    /// Anything at all was seen there.
    known: bool,
    /// What the late consumer reported: whether it reached the end. `None`: it never reported.
    audit: Option<bool>,
    progress: Option<u64>,
}

/// Every origin that the history mentions. A broker's internal origins hold no messages of the workload and are
/// left out, and those of results are kept apart.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    places: Vec<Place>,
    /// Of each origin of results: whether the late consumer reached its end.
    results: Vec<bool>,
    /// The late consumer was stopped before it was done.
    pub drain_was_cut: bool,
}

impl Survey {
    pub fn saw(&mut self, origin: Origin) {
        if let Some(place) = self.place(origin) {
            place.known = true;
        }
    }

    pub fn audited(&mut self, origin: Origin, complete: bool) {
        if origin.is_output() {
            self.results.push(complete);
        }
        if let Some(place) = self.place(origin) {
            place.known = true;
            place.audit = Some(complete);
        }
    }

    /// Whether consumers of this run write results in transactions: the end of every such run says how far those were
    /// read, even if there was none.
    pub fn lists_results(&self) -> bool {
        !self.results.is_empty()
    }

    /// Whether a result that was found neither by the late consumer nor on a disk is not there.
    pub fn proves_no_result(&self) -> bool {
        !self.drain_was_cut || self.results.iter().all(|complete| *complete)
    }

    pub fn progressed(&mut self, origin: Origin, upto: u64) {
        if let Some(place) = self.place(origin) {
            place.known = true;
            place.progress = Some(upto);
        }
    }

    fn place(&mut self, origin: Origin) -> Option<&mut Place> {
        if origin.is_internal() || origin.is_output() {
            return None;
        }
        let index = usize::from(origin.0);
        if index >= self.places.len() {
            self.places.resize(index + 1, Place::default());
        }
        Some(&mut self.places[index])
    }

    fn get(&self, origin: Origin) -> Option<&Place> {
        self.places.get(usize::from(origin.0))
    }

    /// Whether the group is done with everything up to and including `offset`, as far as the broker knows.
    pub fn is_passed(&self, origin: Origin, offset: u64) -> bool {
        self.get(origin).and_then(|place| place.progress).is_some_and(|upto| upto > offset)
    }

    /// Whether a message that was found neither by the late consumer nor on a disk is gone. `origin` is where it
    /// must have been, `None` when it can have been anywhere.
    ///
    /// An audit that ended by itself proves absence even where it did not reach the end: then nobody serves that
    /// origin, and what its disks still hold was listed (`Stranded`). Counterexample to asking for a complete audit:
    ///
    /// 1. One replica, acks=1, its machine is gone for good: no leader, nothing to read, nothing on any disk.
    /// 2. "The audit is not complete, so we cannot know" would excuse exactly the setting that loses everything.
    ///
    /// An audit that was cut short proves nothing about an origin whose end it did not reach.
    pub fn proves_absence(&self, origin: Option<Origin>) -> bool {
        let proves = |place: &Place| match place.audit {
            Some(complete) => complete || !self.drain_was_cut,
            None => false,
        };
        match origin {
            Some(origin) => self.get(origin).is_some_and(proves),
            None => {
                let mut known = self.places.iter().filter(|place| place.known).peekable();
                known.peek().is_some() && known.all(proves)
            }
        }
    }
}

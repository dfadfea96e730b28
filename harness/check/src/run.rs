//! Whether enough happened in a run for a green to mean something.

use ackproof_core::op::Phase;

/// What concerns the whole run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    limits: Vec<Phase>,
    /// What went on when things were to be quiet.
    at_work: Vec<String>,
    began: Vec<u16>,
    missed: Vec<u16>,
    why_missed: Option<String>,
    /// The history goes on to its own end.
    pub finished: bool,
    /// Entries about messages that nobody sent.
    pub strangers: u64,
}

impl Run {
    pub fn limit(&mut self, phase: Phase) {
        self.limits.push(phase);
    }

    pub fn at_work(&mut self, what: &str) {
        self.at_work.push(what.to_owned());
    }

    pub fn fault_began(&mut self, fault: u16) {
        if !self.began.contains(&fault) {
            self.began.push(fault);
        }
    }

    pub fn fault_missed(&mut self, fault: u16, why: &str) {
        self.missed.push(fault);
        self.why_missed.get_or_insert_with(|| why.to_owned());
    }

    pub fn faults_fired(&self) -> u64 {
        self.began.len() as u64
    }

    /// Whether applications may still have been at work when the run ended.
    pub fn was_cut(&self) -> bool {
        !self.finished || self.limits.contains(&Phase::Settle)
    }

    /// The reasons for which nothing in this run may count as a promise kept.
    pub fn doubts(&self, sent: u64) -> Vec<String> {
        let mut doubts = Vec::new();
        for phase in &self.limits {
            let doubt = match phase {
                Phase::WarmUp => "the cluster was not ready within the limit of the warm-up",
                // A chaos phase that a fault cut short by never coming is as good as any: the faults that did not come
                // are counted below, and the workload goes on while things settle.
                Phase::Chaos if !self.began.is_empty() => continue,
                Phase::Chaos => "the workload did not finish within the limit of its phase",
                Phase::Settle => "things did not come to rest within the limit after healing",
                Phase::Drain => "the late consumer did not finish within its limit",
                Phase::Verdict => "the run did not end within its limit",
            };
            let why = match phase {
                Phase::Settle if !self.at_work.is_empty() => format!(" ({})", self.at_work.join("; ")),
                Phase::WarmUp | Phase::Chaos | Phase::Settle | Phase::Drain | Phase::Verdict => String::new(),
            };
            doubts.push(format!("{doubt}{why}"));
        }
        if !self.finished {
            doubts.push("the history ends before the verdict phase".to_owned());
        }
        if sent == 0 {
            doubts.push("no message was sent".to_owned());
        }
        if self.began.is_empty() && !self.missed.is_empty() {
            let why = self.why_missed.as_deref().unwrap_or_default();
            doubts.push(format!("none of the {} scheduled faults fired ({why})", self.missed.len()));
        }
        if self.strangers > 0 {
            doubts.push(format!("{} entries are about messages that nobody sent", self.strangers));
        }
        doubts
    }
}

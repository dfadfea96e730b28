//! The faults of one run: which wait, which are active, what they make true.

use ackproof_core::fault::{Command, Facts, FaultKind};
use ackproof_core::node::{NodeId, Selector, Topology};
use ackproof_core::observe::{Probe, Probes};
use ackproof_core::recording::FaultReport;
use ackproof_core::schedule::{At, End, Fault, Schedule};
use ackproof_core::time::{Span, Time};

#[derive(Debug)]
enum State {
    /// The chaos phase has not begun.
    Idle,
    /// Its time is known.
    Waiting(Time),
    /// Its anchor has been observed this often.
    Anchored {
        seen: u32,
    },
    Active {
        hit: Vec<Vec<NodeId>>,
        ends: Option<Time>,
    },
    /// A clean stop was asked for and the process still runs; `patience` is when it is killed instead.
    Stopping {
        hit: Vec<Vec<NodeId>>,
        patience: Time,
    },
    Over,
}

#[derive(Debug)]
pub(crate) struct FaultRun {
    faults: Vec<(Fault, State)>,
    pub(crate) reports: Vec<FaultReport>,
    nodes: usize,
    /// When the chaos phase began.
    began: Time,
}

/// What a step of the fault schedule did.
#[derive(Debug)]
pub(crate) enum Change {
    Began {
        fault: u16,
        text: String,
        command: Option<Command>,
    },
    Ended {
        fault: u16,
    },
    /// A clean stop took too long: these processes are killed.
    OutOfPatience {
        nodes: Vec<NodeId>,
    },
    Missed {
        fault: u16,
        why: String,
    },
}

/// Who asks for a clean stop kills after this long. Source: systemd, `DefaultTimeoutStopSec`.
const PATIENCE: Span = Span::secs(90);

impl FaultRun {
    pub(crate) fn new(schedule: &Schedule, nodes: usize) -> FaultRun {
        let report = FaultReport { fired_at: None, resolved: None, missed: None };
        FaultRun {
            reports: schedule.faults.iter().map(|_| report.clone()).collect(),
            faults: schedule.faults.iter().map(|fault| (fault.clone(), State::Idle)).collect(),
            nodes,
            began: Time::ZERO,
        }
    }

    /// The chaos phase begins.
    pub(crate) fn begin(&mut self, now: Time) {
        self.began = now;
        for (fault, state) in &mut self.faults {
            *state = match fault.at {
                At::Offset(offset) => State::Waiting(now + offset),
                At::Anchor { .. } => State::Anchored { seen: 0 },
            };
        }
    }

    /// Probes that anchors wait for.
    pub(crate) fn probes(&self) -> Probes {
        self.faults.iter().fold(Probes::NONE, |probes, (fault, _)| match fault.at {
            At::Offset(_) => probes,
            At::Anchor { after, .. } => probes.with(after),
        })
    }

    /// Counts an observation; `is_meant` tells whether a node is one that a selector means right now.
    pub(crate) fn observe(
        &mut self,
        now: Time,
        probe: Probe,
        node: NodeId,
        is_meant: impl Fn(&Selector, NodeId) -> bool,
    ) {
        for (fault, state) in &mut self.faults {
            let (At::Anchor { after, nth, of, plus }, State::Anchored { seen }) = (&fault.at, &mut *state) else {
                continue;
            };
            if *after != probe || of.as_ref().is_some_and(|of| !is_meant(of, node)) {
                continue;
            }
            *seen += 1;
            if *seen == *nth {
                *state = State::Waiting(now + Span(plus.0.max(1)));
            }
        }
    }

    /// When something begins or ends next.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.faults
            .iter()
            .filter_map(|(_, state)| match state {
                State::Waiting(at) => Some(*at),
                State::Active { ends, .. } => *ends,
                State::Stopping { patience, .. } => Some(*patience),
                State::Idle | State::Anchored { .. } | State::Over => None,
            })
            .min()
    }

    /// Ends and begins what is due by `now`, ends first.
    pub(crate) fn step(
        &mut self,
        now: Time,
        topology: &Topology,
        resolve: impl Fn(&Selector, u64) -> Vec<NodeId>,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        for (fault, state) in &mut self.faults {
            if let State::Stopping { hit, patience } = state
                && *patience <= now
            {
                changes.push(Change::OutOfPatience { nodes: hit.iter().flatten().copied().collect() });
                *state = State::Active { hit: std::mem::take(hit), ends: ends_at(fault.end, now) };
            }
        }
        for (index, (_, state)) in self.faults.iter_mut().enumerate() {
            if matches!(state, State::Active { ends: Some(ends), .. } if *ends <= now) {
                *state = State::Over;
                changes.push(Change::Ended { fault: index as u16 });
            }
        }
        for (index, (fault, state)) in self.faults.iter_mut().enumerate() {
            if !matches!(state, State::Waiting(at) if *at <= now) {
                continue;
            }
            let number = index as u16;
            let selectors = fault.kind.selectors();
            let hit: Vec<Vec<NodeId>> = selectors
                .iter()
                .enumerate()
                .map(|(end, selector)| resolve(selector, fault.pick.rotate_right(16 * end as u32)))
                .collect();
            if let Some(nobody) = hit.iter().position(Vec::is_empty) {
                let why = format!("nobody was `{}`", selectors[nobody]);
                self.reports[index].missed = Some(why.clone());
                changes.push(Change::Missed { fault: number, why });
                *state = State::Over;
                continue;
            }
            let mut resolved = Fault { at: At::Offset(now.since(self.began)), ..fault.clone() };
            for (selector, nodes) in resolved.kind.selectors_mut().into_iter().zip(&hit) {
                let mut names: Vec<Selector> =
                    nodes.iter().map(|&node| Selector::Name(topology.name(node).to_owned())).collect();
                *selector = if names.len() == 1 { names.remove(0) } else { Selector::Each(names) };
            }
            let text = resolved.kind.to_string();
            self.reports[index].fired_at = Some(now);
            self.reports[index].resolved = Some(resolved);
            changes.push(Change::Began { fault: number, text, command: fault.kind.command(&hit) });
            *state = match &fault.kind {
                kind if kind.is_instant() => State::Over,
                FaultKind::Shutdown(_) => State::Stopping { hit, patience: now + PATIENCE },
                _ => State::Active { hit, ends: ends_at(fault.end, now) },
            };
        }
        changes
    }

    /// Looks for processes that were asked to stop and have: how long one is down counts from here.
    pub(crate) fn notice_stops(&mut self, now: Time, is_up: impl Fn(NodeId) -> bool) {
        for (fault, state) in &mut self.faults {
            if let State::Stopping { hit, .. } = state
                && !hit.iter().flatten().any(|&node| is_up(node))
            {
                *state = State::Active { hit: std::mem::take(hit), ends: ends_at(fault.end, now) };
            }
        }
    }

    /// The chaos phase is over: everything ends that is not for good, and what has not begun never will.
    pub(crate) fn heal(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (index, (fault, state)) in self.faults.iter_mut().enumerate() {
            let fault_number = index as u16;
            match state {
                State::Active { .. } | State::Stopping { .. } if fault.end == End::Gone => {}
                State::Active { .. } | State::Stopping { .. } => {
                    changes.push(Change::Ended { fault: fault_number });
                    *state = State::Over;
                }
                State::Idle | State::Waiting(_) | State::Anchored { .. } => {
                    let why = match (&fault.at, &*state) {
                        (At::Anchor { after, nth, .. }, State::Anchored { seen }) => {
                            format!("its anchor never came: `{}` was seen {seen} of {nth} times", after.word())
                        }
                        (At::Anchor { .. } | At::Offset(_), _) => "the chaos phase ended before its time".to_owned(),
                    };
                    self.reports[index].missed = Some(why.clone());
                    changes.push(Change::Missed { fault: fault_number, why });
                    *state = State::Over;
                }
                State::Over => {}
            }
        }
        changes
    }

    /// What the active faults make true.
    pub(crate) fn facts(&self) -> Facts {
        let mut facts = Facts::healthy(self.nodes);
        for (fault, state) in &self.faults {
            if let State::Active { hit, .. } | State::Stopping { hit, .. } = state {
                fault.kind.apply(hit, &mut facts);
            }
        }
        facts
    }

    /// Some fault has not begun, or is active and will end by itself.
    pub(crate) fn is_pending(&self) -> bool {
        self.faults.iter().any(|(_, state)| match state {
            State::Idle | State::Waiting(_) | State::Anchored { .. } => true,
            State::Active { ends, .. } => ends.is_some(),
            State::Stopping { .. } => true,
            State::Over => false,
        })
    }

    /// Some fault waits for an observation only.
    pub(crate) fn waits_for_anchor(&self) -> bool {
        self.faults.iter().any(|(_, state)| matches!(state, State::Anchored { .. }))
    }

    /// Some fault has begun, or its time is known.
    pub(crate) fn has_timed_work(&self) -> bool {
        self.next_at().is_some()
    }

    /// When the last fault began that ends only when everything is healed.
    pub(crate) fn last_lasting(&self) -> Option<Time> {
        self.faults
            .iter()
            .zip(&self.reports)
            .filter(|((_, state), _)| matches!(state, State::Active { ends: None, .. }))
            .filter_map(|(_, report)| report.fired_at)
            .max()
    }
}

fn ends_at(end: End, now: Time) -> Option<Time> {
    match end {
        End::After(span) => Some(now + Span(span.0.max(1))),
        End::Heal | End::Gone => None,
    }
}

//! The phases of a run: warm-up, chaos, settle, drain, verdict. Loss is judged only after everything that can be healed
//! has been healed and things have become quiet.

use ackproof_core::model::{Actors, Disks, Model};
use ackproof_core::node::{NodeId, NodeKind};
use ackproof_core::op::{Op, Phase};
use ackproof_core::schedule::{At, End, Schedule};
use ackproof_core::setup::{ConsumerStart, Setup};
use ackproof_core::time::{Span, SpanRange, Time};

use crate::app::App;
use crate::world::{Act, World};

/// Longest warm-up, chaos beyond its planned end, and draining, before the run goes on regardless; how long settling may
/// take the model says.
const WARM_UP_LIMIT: Span = Span::secs(60);
const CHAOS_GRACE: Span = Span::secs(60);
const DRAIN_LIMIT: Span = Span::secs(120);

/// A fault that ends only by healing lasts at least this long: longer than the session timeouts after which brokers
/// react to it, or it would test nothing.
const LASTING_FAULT: Span = Span::secs(15);

/// How often the end of a phase is looked for.
const CHECK: Span = Span::ms(50);
/// Settling that takes longer than this waits for something that is hours away, and is looked at less often.
const PATIENCE: Span = Span::secs(400);
const RARE_CHECK: Span = Span::secs(1);

/// Of what was still going on at a limit, as much is told.
const TOLD: usize = 6;

/// Things are quiet when they have been found so this often in a row: what is in flight is in no node's state.
const QUIET_CHECKS: u8 = 3;

#[derive(Debug)]
pub(crate) struct Phases {
    phase: Phase,
    next_check: Time,
    limit: Time,
    quiet: u8,
    /// From then on it is looked less often whether settling is over.
    patience: Time,
    pub(crate) chaos_began: Time,
    /// When consumers start, if that is at a time.
    consumers_at: Option<Time>,
    pub(crate) is_over: bool,
}

impl Phases {
    pub(crate) fn new() -> Phases {
        Phases {
            phase: Phase::WarmUp,
            next_check: Time::ZERO,
            limit: Time::ZERO + WARM_UP_LIMIT,
            quiet: 0,
            patience: Time::NEVER,
            chaos_began: Time::NEVER,
            consumers_at: None,
            is_over: false,
        }
    }
    pub(crate) fn next_at(&self) -> Time {
        self.consumers_at.map_or(self.next_check, |at| at.min(self.next_check))
    }
    pub(crate) fn is_chaos(&self) -> bool {
        self.phase == Phase::Chaos
    }
    pub(crate) fn workload_is_open(&self) -> bool {
        match self.phase {
            Phase::Chaos | Phase::Settle => true,
            Phase::WarmUp | Phase::Drain | Phase::Verdict => false,
        }
    }
}

/// When the chaos phase may end, as far as that is known before it begins: after the nominal workload and every fault
/// whose time is fixed.
fn planned_end(schedule: &Schedule, setup: &Setup) -> Span {
    let fixed = schedule.faults.iter().filter_map(|fault| match (&fault.at, fault.end) {
        (At::Anchor { .. }, _) => None,
        (At::Offset(at), End::After(span)) => Some(*at + span),
        (At::Offset(at), End::Heal | End::Gone) if !fault.kind.is_instant() => Some(*at + LASTING_FAULT),
        (At::Offset(at), End::Heal | End::Gone) => Some(*at),
    });
    fixed.max().unwrap_or_default().max(setup.workload.nominal())
}

impl<M: Model> World<M> {
    /// Starts what is there from the beginning.
    pub(crate) fn open(&mut self, acts: &mut Vec<Act>) {
        self.recorder.world(self.now, Op::Phase(Phase::WarmUp));
        let early = self.setup.workload.consumer_start == ConsumerStart::After(SpanRange::exactly(Span::ZERO));
        for node in self.topology.ids() {
            match self.topology.get(node).kind {
                NodeKind::Broker | NodeKind::Controller | NodeKind::Nameserver | NodeKind::Producer => {
                    self.start(node, acts);
                }
                NodeKind::Consumer if early => self.start(node, acts),
                NodeKind::Consumer | NodeKind::Auditor => {}
            }
        }
        self.phases.next_check = self.now + CHECK;
    }

    /// Moves to the next phase when the current one is over.
    pub(crate) fn direct(&mut self, acts: &mut Vec<Act>) {
        if self.phases.consumers_at.is_some_and(|at| at <= self.now) {
            self.phases.consumers_at = None;
            self.join(NodeKind::Consumer, acts);
        }
        if self.phases.next_check > self.now {
            return;
        }
        let is_rare = self.phases.phase == Phase::Settle && self.now >= self.phases.patience;
        self.phases.next_check = self.now + if is_rare { RARE_CHECK } else { CHECK };
        let done = self.phase_is_done();
        let at_limit = self.now >= self.phases.limit;
        if !done && !at_limit {
            return;
        }
        let phase = self.phases.phase;
        if !done {
            self.recorder.world(self.now, Op::PhaseLimit(phase));
            self.tell_what_goes_on(phase);
        }
        self.phases.quiet = 0;
        match phase {
            Phase::WarmUp => self.begin_chaos(acts),
            Phase::Chaos => self.begin_settling(acts),
            Phase::Settle => self.begin_draining(acts),
            Phase::Drain => self.conclude(),
            Phase::Verdict => unreachable!("nothing follows the verdict"),
        }
    }

    fn phase_is_done(&mut self) -> bool {
        match self.phases.phase {
            Phase::WarmUp => self.model.is_ready(&self.actors()),
            Phase::Chaos => {
                let lasted = self.faults.last_lasting().is_none_or(|began| self.now >= began + LASTING_FAULT);
                let hopeless = self.workload_is_done() && !self.faults.has_timed_work();
                lasted && (!self.faults.is_pending() || (self.faults.waits_for_anchor() && hopeless))
            }
            Phase::Settle => {
                let quiet = self.workload_is_done() && self.workers_are_idle() && self.model.is_quiet(&self.actors());
                self.phases.quiet = if quiet { self.phases.quiet + 1 } else { 0 };
                self.phases.quiet >= QUIET_CHECKS
            }
            Phase::Drain => self.model.is_audited(&self.actors()),
            Phase::Verdict => true,
        }
    }

    /// Why things have not become quiet, at the end of the time that they were given.
    fn tell_what_goes_on(&mut self, phase: Phase) {
        if phase != Phase::Settle {
            return;
        }
        let mut all = self.model.at_work(&self.actors());
        if all.is_empty() {
            all = self.applications_at_work();
        }
        for what in all.into_iter().take(TOLD) {
            self.recorder.world(self.now, Op::AtWork { what });
        }
    }

    /// Applications that have something to do where their clients have not.
    fn applications_at_work(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (node, id) in self.nodes.iter().zip(self.topology.ids()) {
            let name = &self.topology.get(id).name;
            match &node.app {
                App::Producer(sender) if !sender.is_done() && (node.is_up() || !self.is_gone(id)) => {
                    all.push(format!("the application of {name} has messages to send or to hear of"));
                }
                App::Consumer(worker) if !worker.is_idle() => {
                    all.push(format!("the application of {name} works on a message"));
                }
                App::Producer(_) | App::Consumer(_) | App::None | App::Auditor => {}
            }
        }
        all
    }

    fn enter_phase(&mut self, phase: Phase, limit: Span) {
        self.phases.phase = phase;
        self.phases.limit = self.now + limit;
        self.recorder.world(self.now, Op::Phase(phase));
    }

    fn begin_chaos(&mut self, acts: &mut Vec<Act>) {
        let planned = planned_end(&self.schedule, &self.setup);
        self.enter_phase(Phase::Chaos, planned + CHAOS_GRACE);
        self.phases.chaos_began = self.now;
        self.phases.next_check = self.now + planned;
        self.faults.begin(self.now);
        let mut stream = self.seed.stream("workload");
        let interval = self.setup.workload.interval.0;
        for node in self.topology.of_kind(NodeKind::Producer) {
            let first = Span(stream.between(1, interval.max(1)));
            self.alarm_sender(node, first, acts);
        }
        match self.setup.workload.consumer_start {
            ConsumerStart::After(range) if range != SpanRange::exactly(Span::ZERO) => {
                self.phases.consumers_at = Some(self.now + Span(stream.between(range.low.0, range.high.0)));
            }
            ConsumerStart::After(_) | ConsumerStart::Heal => {}
        }
    }

    fn begin_settling(&mut self, acts: &mut Vec<Act>) {
        self.enter_phase(Phase::Settle, self.model.settle_limit());
        self.phases.patience = self.now + PATIENCE;
        let changes = self.faults.heal();
        self.apply_changes(changes, acts);
        for node in self.topology.ids() {
            self.restart_if_possible(node, acts);
        }
        self.phases.consumers_at = None;
        self.join(NodeKind::Consumer, acts);
    }

    fn begin_draining(&mut self, acts: &mut Vec<Act>) {
        for node in &mut self.nodes {
            if let App::Producer(sender) = &mut node.app {
                sender.stop();
            }
        }
        self.enter_phase(Phase::Drain, DRAIN_LIMIT);
        self.join(NodeKind::Auditor, acts);
    }

    /// Writes down how everything ended.
    fn conclude(&mut self) {
        self.phases.phase = Phase::Verdict;
        self.phases.is_over = true;
        self.recorder.world(self.now, Op::Phase(Phase::Verdict));
        let actors = self.actors();
        let disks = Disks(
            self.topology.ids().map(|node| (!self.is_gone(node)).then(|| &self.nodes[node.index()].disk)).collect(),
        );
        for origin in self.model.inventory(&actors, &disks) {
            for (node, delivery) in origin.stranded {
                self.recorder.history.push(self.now, Some(node), Op::Stranded(delivery));
            }
            let (at, now) = (origin.origin, self.now);
            if !at.is_output() {
                self.recorder.history.push(now, None, Op::Progress { origin: at, upto: origin.progress });
            }
            self.recorder.history.push(now, None, Op::AuditEnd { origin: at, complete: origin.complete });
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let op = Op::Fingerprint { events: node.events, digest: node.fingerprint };
            self.recorder.history.push(self.now, Some(NodeId(index as u8)), op);
        }
    }

    /// Starts the machines of a kind that were not there before.
    fn join(&mut self, kind: NodeKind, acts: &mut Vec<Act>) {
        for node in self.topology.of_kind(kind) {
            if !self.nodes[node.index()].joined {
                self.nodes[node.index()].joined = true;
                self.restart_if_possible(node, acts);
            }
        }
    }

    /// Everything was sent and every result came; a sender that is gone for good has nothing to wait for.
    fn workload_is_done(&self) -> bool {
        self.nodes.iter().zip(self.topology.ids()).all(|(node, id)| match &node.app {
            App::Producer(sender) => sender.is_done() || (!node.is_up() && self.is_gone(id)),
            App::None | App::Consumer(_) | App::Auditor => true,
        })
    }

    fn workers_are_idle(&self) -> bool {
        self.nodes.iter().all(|node| match &node.app {
            App::Consumer(worker) => worker.is_idle(),
            App::None | App::Producer(_) | App::Auditor => true,
        })
    }

    pub(crate) fn actors(&self) -> Actors<'_, M> {
        Actors(self.nodes.iter().map(|node| node.actor.as_ref()).collect())
    }
}

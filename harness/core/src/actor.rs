//! The seam between a protocol and everything physical.
//!
//! An actor is a plain state machine: an event goes in, effects come out. Time is an argument, randomness is
//! given, the disk is handed in with each event. An actor has no clock, no socket and no task.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::{AppCall, AppReply};
use crate::disk::{Disk, DiskError, SyncTarget};
use crate::node::{Incarnation, NodeId};
use crate::observe::{Observation, Probe, Probes};
use crate::seed::Stream;
use crate::time::{Offset, Span, Time};

/// What an undisturbed wall clock shows when the simulation begins, so that one which is behind shows less and not zero.
pub const WALL_CLOCK_START: Time = Time(50 * 365 * 86_400_000);

/// The types one broker's actors share.
pub trait Protocol: Sized + 'static {
    /// What crosses the network.
    type Message: Clone + Debug + Serialize + DeserializeOwned + 'static;
    /// What is appended to a log file.
    type Record: Clone + Debug + 'static;
    /// What a small state file holds.
    type Cell: Clone + Debug + 'static;
}

/// The model's own number for a timer. Setting a timer that is set replaces it.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct TimerId(pub u64);

/// What happens to an actor.
#[derive(Clone, Debug)]
pub enum Event<M> {
    /// The process began; `ctx.disk` is what survived. Always the first event of an incarnation.
    Start,
    Timer(TimerId),
    /// A sync asked for by [`Ctx::sync`] ended.
    Synced {
        target: SyncTarget,
        result: Result<(), DiskError>,
    },
    Message {
        from: NodeId,
        body: M,
    },
    /// The connection with `peer` is gone: its process died, it closed the connection, or nothing listens there.
    /// Arrives behind the data that was already sent. Never arrives for a cut cable or a machine without power.
    Closed {
        peer: NodeId,
    },
    /// This node's application.
    App(AppCall),
    /// An operator asks the process to stop cleanly (SIGTERM). It answers with [`Ctx::exit`] when it is done;
    /// if it takes longer than the operator's patience it is killed.
    Stop,
    /// An operator asks for a leader change.
    MoveLeader {
        origin: crate::app::Origin,
        to: Option<NodeId>,
    },
}

/// What an actor does.
#[derive(Clone, Debug)]
pub enum Effect<M> {
    Send {
        to: NodeId,
        body: M,
    },
    /// Closes the connection with a peer: what is in flight from it is no longer accepted, and it learns of it.
    Close {
        peer: NodeId,
    },
    SetTimer {
        id: TimerId,
        after: Span,
    },
    CancelTimer {
        id: TimerId,
    },
    Sync {
        target: SyncTarget,
    },
    Observe(Observation),
    App(AppReply),
    /// The process ends by itself, e.g. because its disk failed or after a clean stop.
    Exit {
        why: &'static str,
    },
}

/// What an actor is given with every event.
pub struct Ctx<'a, P: Protocol> {
    pub node: NodeId,
    pub incarnation: Incarnation,
    pub disk: &'a mut Disk<P::Record, P::Cell>,
    /// The stream `model/<node>`.
    pub random: &'a mut Stream,
    now: Time,
    clock: Offset,
    probes: Probes,
    effects: &'a mut Vec<Effect<P::Message>>,
}

impl<'a, P: Protocol> Ctx<'a, P> {
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        node: NodeId,
        incarnation: Incarnation,
        now: Time,
        clock: Offset,
        probes: Probes,
        disk: &'a mut Disk<P::Record, P::Cell>,
        random: &'a mut Stream,
        effects: &'a mut Vec<Effect<P::Message>>,
    ) -> Self {
        Ctx { node, incarnation, disk, random, now, clock, probes, effects }
    }

    /// The monotonic clock; what timers run on.
    pub fn now(&self) -> Time {
        self.now
    }
    /// The wall clock, which a fault may set off. Not monotonic.
    pub fn wall_clock(&self) -> Time {
        Time(WALL_CLOCK_START.0.saturating_add(self.now.0).saturating_add_signed(self.clock.0))
    }
    pub fn send(&mut self, to: NodeId, body: P::Message) {
        self.effects.push(Effect::Send { to, body });
    }
    pub fn close(&mut self, peer: NodeId) {
        self.effects.push(Effect::Close { peer });
    }
    /// Fires once, `after` from now and at least a millisecond from now.
    pub fn set_timer(&mut self, id: TimerId, after: Span) {
        self.effects.push(Effect::SetTimer { id, after });
    }
    pub fn cancel_timer(&mut self, id: TimerId) {
        self.effects.push(Effect::CancelTimer { id });
    }
    /// Asks for everything written so far to reach the platter; answered by [`Event::Synced`].
    pub fn sync(&mut self, target: SyncTarget) {
        self.effects.push(Effect::Sync { target });
    }
    pub fn tell(&mut self, reply: AppReply) {
        self.effects.push(Effect::App(reply));
    }
    pub fn exit(&mut self, why: &'static str) {
        self.effects.push(Effect::Exit { why });
    }
    pub fn wants(&self, probe: Probe) -> bool {
        self.probes.wants(probe)
    }
    /// Builds the observation only when somebody wants it.
    pub fn observe(&mut self, probe: Probe, build: impl FnOnce() -> Observation) {
        if self.probes.wants(probe) {
            let observation = build();
            debug_assert_eq!(observation.probe(), probe);
            self.effects.push(Effect::Observe(observation));
        }
    }
    /// A decision in words, for whoever reads the run.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        self.observe(Probe::Noted, || Observation::Noted { text: text() });
    }
}

/// A broker, a controller, a producer, a consumer.
pub trait Actor<P: Protocol>: Debug {
    fn on(&mut self, ctx: &mut Ctx<'_, P>, event: Event<P::Message>);
}

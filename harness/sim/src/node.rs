//! One machine: its disk, its process with the application in it, its ends of connections.

use ackproof_core::actor::TimerId;
use ackproof_core::app::MsgId;
use ackproof_core::disk::Disk;
use ackproof_core::model::Model;
use ackproof_core::node::NodeId;
use ackproof_core::seed::Stream;
use ackproof_core::time::Time;

use crate::app::App;
use crate::connection::End;
use crate::queue::Key;

/// An attempt to open a connection that nobody has answered yet.
#[derive(Debug)]
pub(crate) struct Knock<T> {
    pub(crate) peer: NodeId,
    /// What the process has written meanwhile, in order.
    pub(crate) waiting: Vec<T>,
    /// How often the kernel has tried again.
    pub(crate) retries: u32,
    /// The event that tries next.
    pub(crate) seq: u32,
}

pub(crate) struct Node<M: Model> {
    /// The running process, `None` while there is none.
    pub(crate) actor: Option<M::Actor>,
    pub(crate) app: App,
    pub(crate) disk: Disk<M::Record, M::Cell>,
    /// `model/<node>`.
    pub(crate) random: Stream,
    /// `disk/<node>`.
    pub(crate) sync_times: Stream,
    pub(crate) last_sync: Time,
    pub(crate) incarnation: u32,
    /// It has been started once: machines that join later are not before.
    pub(crate) joined: bool,
    /// The clean stop that was asked for; cleared when the process is gone.
    pub(crate) stopping: bool,
    /// It asked to exit within this millisecond.
    pub(crate) exiting: Option<&'static str>,
    /// One end for each peer.
    pub(crate) ends: Vec<End>,
    /// Connections that the kernel tries to open.
    pub(crate) knocks: Vec<Knock<M::Message>>,
    timers: Vec<(TimerId, u32)>,
    /// Attempts of the sends that are outstanding, for those that are not the first.
    pub(crate) attempts: Vec<(MsgId, u32)>,
    /// One counter for everything the node causes.
    seq: u32,
    pub(crate) events: u64,
    pub(crate) fingerprint: u64,
    pub(crate) busy_ms: Time,
    pub(crate) events_this_ms: u32,
}

impl<M: Model> Node<M> {
    pub(crate) fn new(
        disk: Disk<M::Record, M::Cell>,
        app: App,
        random: Stream,
        sync_times: Stream,
        peers: usize,
    ) -> Self {
        Node {
            actor: None,
            app,
            disk,
            random,
            sync_times,
            last_sync: Time::ZERO,
            incarnation: 0,
            joined: false,
            stopping: false,
            exiting: None,
            ends: vec![End::default(); peers],
            knocks: Vec::new(),
            timers: Vec::new(),
            attempts: Vec::new(),
            seq: 0,
            events: 0,
            fingerprint: 0xcbf2_9ce4_8422_2325,
            busy_ms: Time::ZERO,
            events_this_ms: 0,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.actor.is_some()
    }

    pub(crate) fn next_seq(&mut self) -> u32 {
        self.seq += 1;
        self.seq
    }

    /// The process is gone, with everything it remembered.
    pub(crate) fn forget(&mut self) {
        self.actor = None;
        self.timers.clear();
        self.knocks.clear();
        self.attempts.clear();
        self.stopping = false;
        self.exiting = None;
        match &mut self.app {
            App::Producer(sender) => sender.restart(),
            App::Consumer(worker) => worker.restart(),
            App::None | App::Auditor => {}
        }
    }

    pub(crate) fn set_timer(&mut self, id: TimerId, seq: u32) {
        match self.timers.iter_mut().find(|(timer, _)| *timer == id) {
            Some(slot) => slot.1 = seq,
            None => self.timers.push((id, seq)),
        }
    }

    pub(crate) fn cancel_timer(&mut self, id: TimerId) {
        self.timers.retain(|(timer, _)| *timer != id);
    }

    /// Whether this ringing is the timer's latest setting; if so it is spent.
    pub(crate) fn rings(&mut self, id: TimerId, seq: u32) -> bool {
        match self.timers.iter().position(|slot| *slot == (id, seq)) {
            Some(index) => {
                self.timers.swap_remove(index);
                true
            }
            None => false,
        }
    }

    /// Folds an event into the fingerprint of everything the node has handled.
    pub(crate) fn note_event(&mut self, now: Time, key: Key) {
        self.events += 1;
        let [due, what] = key.words();
        for word in [now.0 << 32 ^ due, what] {
            self.fingerprint = (self.fingerprint ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
        if self.busy_ms != now {
            self.busy_ms = now;
            self.events_this_ms = 0;
        }
        self.events_this_ms += 1;
    }
}

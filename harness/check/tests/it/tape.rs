//! Recordings written as stories: a history, and what brokers let be seen meanwhile.

use ackproof_check::{Autopsy, autopsy};
use ackproof_core::app::{MsgId, Origin};
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::op::{Death, Op};
use ackproof_core::recording::{Fact, Recording, Traced};
use ackproof_core::time::Time;

use crate::story::{Story, msg};

const HOME: Origin = Origin(0);

/// A recording under way.
#[derive(Clone)]
pub struct Tape {
    story: Story,
    trace: Vec<Traced>,
}

impl Tape {
    pub fn begin() -> Tape {
        Tape { story: Story::begin(), trace: Vec::new() }
    }

    /// Continues the history.
    pub fn story(mut self, tell: impl FnOnce(Story) -> Story) -> Tape {
        self.story = tell(self.story);
        self
    }

    fn fact(mut self, node: NodeId, fact: Fact) -> Tape {
        self.story = self.story.pause(1);
        self.trace.push(Traced { at: self.story.now(), node, fact });
        self
    }

    pub fn saw(self, node: NodeId, observation: Observation) -> Tape {
        self.fact(node, Fact::Observed(observation))
    }

    pub fn appended(self, node: NodeId, sequence: u32, offset: u64, epoch: u32) -> Tape {
        self.saw(node, Observation::Appended { origin: HOME, offset, epoch, msg: msg(sequence) })
    }

    pub fn copied(self, node: NodeId, sequence: u32, offset: u64, epoch: u32) -> Tape {
        self.saw(node, Observation::Replicated { origin: HOME, offset, epoch, msg: msg(sequence) })
    }

    pub fn synced(self, node: NodeId, upto: u64) -> Tape {
        self.saw(node, Observation::Synced { origin: HOME, upto })
    }

    pub fn confirmed(self, node: NodeId, sequence: u32, offset: u64, copies: &[NodeId]) -> Tape {
        self.saw(node, Observation::Confirmed { msg: msg(sequence), origin: HOME, offset, copies: copies.to_vec() })
    }

    pub fn committed(self, node: NodeId, upto: u64) -> Tape {
        self.saw(node, Observation::Committed { origin: HOME, upto })
    }

    pub fn elected(self, by: NodeId, leader: Option<NodeId>, epoch: u32, clean: bool) -> Tape {
        self.saw(by, Observation::LeaderElected { origin: HOME, leader, epoch, clean })
    }

    pub fn in_sync(self, by: NodeId, isr: &[NodeId]) -> Tape {
        self.saw(by, Observation::IsrShrunk { origin: HOME, isr: isr.to_vec() })
    }

    pub fn truncated(self, node: NodeId, from: u64, to: u64) -> Tape {
        self.saw(node, Observation::Truncated { origin: HOME, from, to, why: "the leader's log ends there".into() })
    }

    /// The machine goes dark.
    pub fn power_lost(self, node: NodeId, durable: u64, written: u64, kept: u64) -> Tape {
        let tape = self.story(|story| story.op(Some(node), Op::Died(Death::PowerLost)));
        tape.fact(node, Fact::PowerCut { origin: HOME, durable, written, kept })
    }

    pub fn disk_lost(self, node: NodeId) -> Tape {
        self.fact(node, Fact::DiskLost)
    }

    pub fn autopsy(&self, sequence: u32) -> Autopsy {
        self.autopsy_of(msg(sequence)).expect("it was sent")
    }

    pub fn autopsy_of(&self, msg: MsgId) -> Option<Autopsy> {
        let history = self.story.history.clone();
        autopsy(&Recording { history, trace: self.trace.clone(), ..Recording::default() }, msg)
    }

    pub fn now(&self) -> Time {
        self.story.now()
    }
}

//! Faults: one file a kind, one line a kind in the table below.
//!
//! A fault does not act on the world. Each active fault states facts (this machine has no power, this link is
//! cut), and the world recomputes all facts from the set of active faults whenever that set changes. So two faults
//! on one link or one node compose, and the end of one never lifts the other.

/// A fault that is meant for nodes and says the same of each of them.
macro_rules! on_nodes {
    (
        $name:ident, $verb:literal, ends_with_start: $ends_with_start:literal,
        $meaning:literal, $example:literal, |$facts:ident| $state:expr
    ) => {
        #[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub crate::node::Selector);

        impl super::Kind for $name {
            const VERB: &'static str = $verb;
            const MEANING: &'static str = $meaning;
            const EXAMPLE: &'static str = $example;
            const ENDS_WITH_START: bool = $ends_with_start;

            fn selectors(&self) -> Vec<&crate::node::Selector> {
                vec![&self.0]
            }
            fn selectors_mut(&mut self) -> Vec<&mut crate::node::Selector> {
                vec![&mut self.0]
            }
            fn apply(&self, hit: &[Vec<crate::node::NodeId>], facts: &mut super::Facts) {
                for &node in hit.iter().flatten() {
                    let $facts = facts.node(node);
                    $state;
                }
            }
        }
    };
}

mod clock;
mod drop;
mod fail_sync;
mod full_disk;
mod hold;
mod kill;
mod latency;
mod lose_disk;
mod lying_sync;
mod move_leader;
mod partition;
mod pause;
mod power_loss;
mod random;
mod roll;
mod shutdown;
mod slow_disk;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use clock::Clock;
pub use drop::Drop;
pub use fail_sync::FailSync;
pub use full_disk::FullDisk;
pub use hold::Hold;
pub use kill::Kill;
pub use latency::Latency;
pub use lose_disk::LoseDisk;
pub use lying_sync::LyingSync;
pub use move_leader::MoveLeader;
pub use partition::Partition;
pub use pause::Pause;
pub use power_loss::PowerLoss;
pub use random::{Count, Random};
pub use roll::Roll;
pub use shutdown::Shutdown;
pub use slow_disk::SlowDisk;

use crate::disk::DiskFaults;
use crate::node::{NodeId, Selector};
use crate::time::{Offset, SpanRange};

/// What every kind of fault says about itself.
trait Kind {
    /// The scenario's word.
    const VERB: &'static str;
    /// What it does, in a line.
    const MEANING: &'static str;
    /// How a scenario writes it.
    const EXAMPLE: &'static str;
    /// Whether it takes a process down, so that it ends with a start (`restart_after`) and not with a repair (`for`).
    const ENDS_WITH_START: bool = false;
    /// Whether it happens at once and has no end.
    const INSTANT: bool = false;

    /// The node sets it names; each is resolved when the fault fires.
    fn selectors(&self) -> Vec<&Selector>;
    fn selectors_mut(&mut self) -> Vec<&mut Selector>;

    /// States its facts about the nodes that its selectors were resolved to, in the order of `selectors`.
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts);
}

/// Something done once to one node when a fault fires, beside the facts it states.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Command {
    /// Ask for the leader of partition or queue `of` to change, to `to` if given.
    MoveLeader { of: u16, to: Option<NodeId> },
}

/// What is true of one machine and its process.
#[derive(Copy, Clone, PartialEq, Debug, Default)]
pub struct NodeFacts {
    /// The machine is dark.
    pub power_off: bool,
    /// The process is killed and kept down.
    pub killed: bool,
    /// The disk is taken away; what is found at the next start is blank.
    pub disk_lost: bool,
    /// The process has been asked to stop, and is kept down once it has.
    pub stopped: bool,
    /// The process is not scheduled; its machine and its connections live.
    pub paused: bool,
    pub clock: Offset,
    pub disk: DiskFaults,
}

/// What is true of one direction of a link.
#[derive(Copy, Clone, PartialEq, Debug, Default)]
pub struct LinkFacts {
    pub cut: bool,
    pub held: bool,
    /// Added to each message's latency, in milliseconds; both ends included.
    pub added_ms: (u64, u64),
    /// Probability that one attempt to cross is lost.
    pub loss: f64,
}

/// Everything that the active faults make true.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    pub nodes: Vec<NodeFacts>,
    links: Vec<LinkFacts>,
}

impl Facts {
    /// A healthy world of `nodes` machines.
    pub fn healthy(nodes: usize) -> Facts {
        Facts { nodes: vec![NodeFacts::default(); nodes], links: vec![LinkFacts::default(); nodes * nodes] }
    }
    pub fn node(&mut self, node: NodeId) -> &mut NodeFacts {
        &mut self.nodes[node.index()]
    }
    pub fn link(&self, from: NodeId, to: NodeId) -> &LinkFacts {
        &self.links[from.index() * self.nodes.len() + to.index()]
    }
    pub fn link_mut(&mut self, from: NodeId, to: NodeId) -> &mut LinkFacts {
        let nodes = self.nodes.len();
        &mut self.links[from.index() * nodes + to.index()]
    }
    /// Every direction between one of `a` and one of `b`, only from `a` to `b` when `one_way`.
    fn between(&mut self, a: &[NodeId], b: &[NodeId], one_way: bool, mut state: impl FnMut(&mut LinkFacts)) {
        for &from in a {
            for &to in b.iter().filter(|&&to| to != from) {
                state(self.link_mut(from, to));
                if !one_way {
                    state(self.link_mut(to, from));
                }
            }
        }
    }
}

macro_rules! kinds {
    ($($variant:ident)*) => {
        /// A fault, by kind, with its parameters.
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum FaultKind { $($variant($variant)),* }

        impl FaultKind {
            /// Every kind: verb, meaning, example.
            pub const ALL: &'static [(&'static str, &'static str, &'static str)] =
                &[$(($variant::VERB, $variant::MEANING, $variant::EXAMPLE)),*];

            pub fn verb(&self) -> &'static str {
                match self { $(FaultKind::$variant(_) => $variant::VERB),* }
            }
            pub fn ends_with_start(&self) -> bool {
                match self { $(FaultKind::$variant(_) => $variant::ENDS_WITH_START),* }
            }
            pub fn is_instant(&self) -> bool {
                match self { $(FaultKind::$variant(_) => $variant::INSTANT),* }
            }
            pub fn selectors(&self) -> Vec<&Selector> {
                match self { $(FaultKind::$variant(kind) => kind.selectors()),* }
            }
            /// The same, to be replaced by what they were resolved to.
            pub fn selectors_mut(&mut self) -> Vec<&mut Selector> {
                match self { $(FaultKind::$variant(kind) => kind.selectors_mut()),* }
            }
            /// States this fault's facts about the nodes that [`FaultKind::selectors`] were resolved to.
            pub fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
                match self { $(FaultKind::$variant(kind) => kind.apply(hit, facts)),* }
            }
        }
    };
}

// One line a kind.
kinds! {
    Kill
    PowerLoss
    LoseDisk
    Shutdown
    Roll
    Pause
    Partition
    Hold
    Drop
    Latency
    Clock
    SlowDisk
    FullDisk
    FailSync
    LyingSync
    MoveLeader
    Random
}

impl FaultKind {
    /// What to do once, when the fault fires.
    pub fn command(&self, hit: &[Vec<NodeId>]) -> Option<Command> {
        match self {
            FaultKind::MoveLeader(kind) => Some(kind.command(hit)),
            FaultKind::Kill(_) | FaultKind::PowerLoss(_) | FaultKind::LoseDisk(_) | FaultKind::Shutdown(_) => None,
            FaultKind::Roll(_) | FaultKind::Pause(_) | FaultKind::Partition(_) | FaultKind::Hold(_) => None,
            FaultKind::Drop(_) | FaultKind::Latency(_) | FaultKind::Clock(_) | FaultKind::SlowDisk(_) => None,
            FaultKind::FullDisk(_) | FaultKind::FailSync(_) | FaultKind::LyingSync(_) | FaultKind::Random(_) => None,
        }
    }
}

impl fmt::Display for FaultKind {
    /// The verb and whom it is meant for: `partition leader | brokers`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb())?;
        for (i, selector) in self.selectors().into_iter().enumerate() {
            write!(f, "{}{selector}", if i == 0 { " " } else { " | " })?;
        }
        Ok(())
    }
}

/// Two sets of nodes with links between them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ends(pub [Selector; 2]);

impl Ends {
    fn selectors(&self) -> Vec<&Selector> {
        self.0.iter().collect()
    }
}

/// Adds a range to what is already added.
fn add_range(sum: &mut (u64, u64), range: SpanRange) {
    sum.0 += range.low.0;
    sum.1 += range.high.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Part;
    use crate::time::Span;

    const A: NodeId = NodeId(0);
    const B: NodeId = NodeId(1);
    const C: NodeId = NodeId(2);

    fn facts(active: &[(&FaultKind, Vec<Vec<NodeId>>)]) -> Facts {
        let mut facts = Facts::healthy(3);
        for (kind, hit) in active {
            kind.apply(hit, &mut facts);
        }
        facts
    }
    fn somebody() -> Selector {
        Selector::part(Part::AnyBroker)
    }

    #[test]
    fn two_cuts_on_one_link_compose_and_the_end_of_one_does_not_lift_the_other() {
        let both = FaultKind::Partition(Partition::between(somebody(), somebody(), false));
        let one_way = FaultKind::Partition(Partition::between(somebody(), somebody(), true));
        let overlap = facts(&[(&both, vec![vec![A], vec![B]]), (&one_way, vec![vec![A], vec![B, C]])]);
        assert!(overlap.link(A, B).cut && overlap.link(B, A).cut && overlap.link(A, C).cut && !overlap.link(C, A).cut);
        let after = facts(&[(&one_way, vec![vec![A], vec![B, C]])]);
        assert!(after.link(A, B).cut && !after.link(B, A).cut && after.link(A, C).cut);
    }

    #[test]
    fn latencies_add_up_and_independent_losses_multiply() {
        let slow = FaultKind::Latency(Latency {
            between: Ends([somebody(), somebody()]),
            add: SpanRange::between(Span(5), Span(10)),
            one_way: false,
        });
        let lossy = FaultKind::Drop(Drop { between: Ends([somebody(), somebody()]), rate: 0.5, one_way: true });
        let hit = vec![vec![A], vec![B]];
        let all = facts(&[(&slow, hit.clone()), (&slow, hit.clone()), (&lossy, hit.clone()), (&lossy, hit)]);
        assert_eq!(all.link(A, B).added_ms, (10, 20));
        assert_eq!(all.link(A, B).loss, 0.75);
        assert_eq!(all.link(B, A).loss, 0.0);
    }

    #[test]
    fn clock_offsets_of_overlapping_faults_add_up() {
        let ahead = FaultKind::Clock(Clock { node: somebody(), offset: Offset(5000) });
        let behind = FaultKind::Clock(Clock { node: somebody(), offset: Offset(-2000) });
        let all = facts(&[(&ahead, vec![vec![A]]), (&behind, vec![vec![A]])]);
        assert_eq!(all.nodes[0].clock, Offset(3000));
    }

    #[test]
    fn every_example_is_read_as_its_own_kind() {
        for (verb, _, example) in FaultKind::ALL {
            assert!(example.contains(verb), "{verb}: {example}");
        }
    }
}

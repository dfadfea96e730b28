//! `move_leader`: an operator's leader change, without any crash.

use serde::{Deserialize, Serialize};

use super::{Command, Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveLeader {
    /// The new leader.
    pub to: Selector,
    /// Which partition or queue, counted from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub of: u16,
}

fn is_zero(of: &u16) -> bool {
    *of == 0
}

impl MoveLeader {
    pub(super) fn command(&self, hit: &[Vec<NodeId>]) -> Command {
        Command::MoveLeader { of: self.of, to: hit.iter().flatten().next().copied() }
    }
}

impl Kind for MoveLeader {
    const VERB: &'static str = "move_leader";
    const MEANING: &'static str = "the leader is changed on request, without a crash";
    const EXAMPLE: &'static str = "{ move_leader: { to: isr-follower }, at: 1s }";
    const INSTANT: bool = true;

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.to]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.to]
    }
    fn apply(&self, _hit: &[Vec<NodeId>], _facts: &mut Facts) {}
}

//! `lose_disk`: the process is killed and its disk is blank afterwards.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LoseDisk(pub Selector);

impl Kind for LoseDisk {
    const VERB: &'static str = "lose_disk";
    const MEANING: &'static str = "the process is killed and its disk is blank afterwards";
    const EXAMPLE: &'static str = "{ lose_disk: leader, restart_after: 10s }";
    const ENDS_WITH_START: bool = true;

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.0]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.0]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            let facts = facts.node(node);
            facts.killed = true;
            facts.disk_lost = true;
        }
    }
}

//! `power_loss`: the machine goes dark; of every file a prefix survives, cut between what was synced and what was written; peers see nothing.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PowerLoss(pub Selector);

impl Kind for PowerLoss {
    const VERB: &'static str = "power_loss";
    const MEANING: &'static str = "the machine goes dark; of every file a prefix survives, cut between what was synced and what was written; peers see nothing";
    const EXAMPLE: &'static str = "{ power_loss: all-brokers, restart_after: 15s }";
    const ENDS_WITH_START: bool = true;

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.0]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.0]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            facts.node(node).power_off = true;
        }
    }
}

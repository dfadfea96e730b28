//! `shutdown`: a clean stop, as the broker's own stop command does it.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shutdown(pub Selector);

impl Kind for Shutdown {
    const VERB: &'static str = "shutdown";
    const MEANING: &'static str = "a clean stop, as the broker's own stop command does it";
    const EXAMPLE: &'static str = "{ shutdown: leader, restart_after: 10s }";
    const ENDS_WITH_START: bool = true;

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.0]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.0]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            facts.node(node).stopped = true;
        }
    }
}

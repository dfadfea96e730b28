//! `kill`: the process dies at once (SIGKILL); the page cache survives; peers see closed connections.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kill(pub Selector);

impl Kind for Kill {
    const VERB: &'static str = "kill";
    const MEANING: &'static str =
        "the process dies at once (SIGKILL); the page cache survives; peers see closed connections";
    const EXAMPLE: &'static str = "{ kill: leader, restart_after: 10s }";
    const ENDS_WITH_START: bool = true;

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.0]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.0]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            facts.node(node).killed = true;
        }
    }
}

//! `roll`: a rolling restart. Each node in turn is stopped cleanly and started again, with a pause before the next.
//!
//! The schedule unfolds it into one `shutdown` a node before the run, so that each can fire, be reported and be
//! shrunk by itself.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};
use crate::time::Span;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roll {
    pub nodes: Selector,
    /// From one node's start to the next node's stop.
    pub pause: Span,
}

impl Kind for Roll {
    const VERB: &'static str = "roll";
    const MEANING: &'static str = "a clean stop and start of one node after the other";
    const EXAMPLE: &'static str = "{ roll: { nodes: brokers, pause: 30s }, restart_after: 5s }";
    const ENDS_WITH_START: bool = true;

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.nodes]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.nodes]
    }
    fn apply(&self, _hit: &[Vec<NodeId>], _facts: &mut Facts) {}
}

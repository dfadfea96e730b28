//! `clock`: the machine's wall clock is off. Timers, which run on the monotonic clock, are not affected.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};
use crate::time::Offset;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    pub node: Selector,
    /// Ahead when positive, behind when negative.
    pub offset: Offset,
}

impl Kind for Clock {
    const VERB: &'static str = "clock";
    const MEANING: &'static str = "the machine's wall clock is off by this much";
    const EXAMPLE: &'static str = "{ clock: { node: leader, offset: -2m }, for: 30s }";

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.node]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.node]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            facts.node(node).clock.0 += self.offset.0;
        }
    }
}

//! `hold`: messages are delayed until it ends, and then delivered.

use serde::{Deserialize, Serialize};

use super::{Ends, Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    pub between: Ends,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_way: bool,
}

impl Kind for Hold {
    const VERB: &'static str = "hold";
    const MEANING: &'static str = "messages between nodes are delayed until it ends, then delivered";
    const EXAMPLE: &'static str = "{ hold: { between: [producer, leader] }, for: 5s }";

    fn selectors(&self) -> Vec<&Selector> {
        self.between.selectors()
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        self.between.0.iter_mut().collect()
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        facts.between(&hit[0], &hit[1], self.one_way, |link| link.held = true);
    }
}

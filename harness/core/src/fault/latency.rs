//! `latency`: a slow link.

use serde::{Deserialize, Serialize};

use super::{Ends, Facts, Kind, add_range};
use crate::node::{NodeId, Selector};
use crate::time::SpanRange;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    pub between: Ends,
    /// Added to each message's latency in each direction.
    pub add: SpanRange,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_way: bool,
}

impl Kind for Latency {
    const VERB: &'static str = "latency";
    const MEANING: &'static str = "messages between nodes take longer";
    const EXAMPLE: &'static str = "{ latency: { between: [leader, followers], add: 50ms..200ms }, for: 20s }";

    fn selectors(&self) -> Vec<&Selector> {
        self.between.selectors()
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        self.between.0.iter_mut().collect()
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        facts.between(&hit[0], &hit[1], self.one_way, |link| add_range(&mut link.added_ms, self.add));
    }
}

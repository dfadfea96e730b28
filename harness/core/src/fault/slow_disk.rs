//! `slow_disk`: syncs take longer.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind, add_range};
use crate::node::{NodeId, Selector};
use crate::time::SpanRange;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowDisk {
    pub node: Selector,
    /// Added to each sync.
    pub sync: SpanRange,
}

impl Kind for SlowDisk {
    const VERB: &'static str = "slow_disk";
    const MEANING: &'static str = "syncs take this much longer";
    const EXAMPLE: &'static str = "{ slow_disk: { node: leader, sync: 100ms..2s }, for: 20s }";

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.node]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.node]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            let slow = &mut facts.node(node).disk.slow_sync;
            let mut sum = slow.map_or((0, 0), |range| (range.low.0, range.high.0));
            add_range(&mut sum, self.sync);
            *slow = Some(SpanRange::between(crate::time::Span(sum.0), crate::time::Span(sum.1)));
        }
    }
}

//! `fail_sync`: syncs report an error.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FailSync(pub Selector);

impl Kind for FailSync {
    const VERB: &'static str = "fail_sync";
    const MEANING: &'static str = "syncs report an error";
    const EXAMPLE: &'static str = "{ fail_sync: leader, for: 20s }";

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.0]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.0]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            facts.node(node).disk.failing_sync = true;
        }
    }
}

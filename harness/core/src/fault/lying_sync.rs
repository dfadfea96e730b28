//! `lying_sync`: syncs report success and keep nothing.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LyingSync(pub Selector);

impl Kind for LyingSync {
    const VERB: &'static str = "lying_sync";
    const MEANING: &'static str = "syncs report success and keep nothing";
    const EXAMPLE: &'static str = "{ lying_sync: all-brokers, for: 20s }";

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.0]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.0]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            facts.node(node).disk.lying_sync = true;
        }
    }
}

//! `full_disk`: writes fail with no space left on device.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FullDisk(pub Selector);

impl Kind for FullDisk {
    const VERB: &'static str = "full_disk";
    const MEANING: &'static str = "writes fail with no space left on device";
    const EXAMPLE: &'static str = "{ full_disk: leader, for: 20s }";

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.0]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.0]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            facts.node(node).disk.full = true;
        }
    }
}

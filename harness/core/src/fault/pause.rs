//! `pause`: the process is not scheduled (SIGSTOP); its timers age and its connections stay.

use serde::{Deserialize, Serialize};

use super::{Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pause(pub Selector);

impl Kind for Pause {
    const VERB: &'static str = "pause";
    const MEANING: &'static str = "the process is not scheduled (SIGSTOP); its timers age and its connections stay";
    const EXAMPLE: &'static str = "{ pause: leader, for: 20s }";

    fn selectors(&self) -> Vec<&Selector> {
        vec![&self.0]
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        vec![&mut self.0]
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        for &node in hit.iter().flatten() {
            facts.node(node).paused = true;
        }
    }
}

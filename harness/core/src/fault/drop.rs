//! `drop`: a lossy link. Connections are TCP, so what is lost is sent again by the transport and arrives late, with
//! everything behind it.

use serde::{Deserialize, Serialize};

use super::{Ends, Facts, Kind};
use crate::node::{NodeId, Selector};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drop {
    pub between: Ends,
    /// Probability, from 0 to below 1, that one attempt to cross is lost.
    pub rate: f64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_way: bool,
}

impl Kind for Drop {
    const VERB: &'static str = "drop";
    const MEANING: &'static str =
        "each attempt to cross the link is lost with this rate, and repeated by the transport";
    const EXAMPLE: &'static str = "{ drop: { between: [leader, followers], rate: 0.3 }, for: 20s }";

    fn selectors(&self) -> Vec<&Selector> {
        self.between.selectors()
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        self.between.0.iter_mut().collect()
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        facts.between(&hit[0], &hit[1], self.one_way, |link| link.loss = 1.0 - (1.0 - link.loss) * (1.0 - self.rate));
    }
}

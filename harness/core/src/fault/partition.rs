//! `partition`: nothing crosses.
//!
//! What was under way on an open connection is sent again by the transport once the cut heals, unless the
//! connection has been given up meanwhile; nothing new can be opened across the cut.
//!
//! Simplified: with `one_way` the other direction goes on delivering for as long as the cut lasts. TCP would fall silent
//! there too once its window is full of data that nobody can acknowledge. Gives up: an open direction that dries up.

use serde::{Deserialize, Serialize};

use super::{Ends, Facts, Kind};
use crate::node::{NodeId, Selector};

/// Either `isolate` with `from`, or `between`; [`Partition::between`] builds both.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Partition {
    pub ends: Ends,
    /// Only what goes from the first end to the second is lost.
    pub one_way: bool,
    isolate: bool,
}

impl Partition {
    pub fn between(a: Selector, b: Selector, one_way: bool) -> Partition {
        Partition { ends: Ends([a, b]), one_way, isolate: false }
    }
    pub fn isolate(node: Selector, from: Selector, one_way: bool) -> Partition {
        Partition { ends: Ends([node, from]), one_way, isolate: true }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    isolate: Option<Selector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Selector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    between: Option<Ends>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    one_way: bool,
}

impl TryFrom<Written> for Partition {
    type Error = &'static str;
    fn try_from(written: Written) -> Result<Partition, &'static str> {
        let Written { isolate, from, between, one_way } = written;
        match (isolate, from, between) {
            (Some(node), Some(from), None) => Ok(Partition::isolate(node, from, one_way)),
            (None, None, Some(Ends([a, b]))) => Ok(Partition::between(a, b, one_way)),
            _ => Err("a partition is written {isolate: NODE, from: NODES} or {between: [NODES, NODES]}"),
        }
    }
}
impl From<Partition> for Written {
    fn from(Partition { ends, one_way, isolate }: Partition) -> Written {
        let Ends([a, b]) = &ends;
        if isolate {
            Written { isolate: Some(a.clone()), from: Some(b.clone()), between: None, one_way }
        } else {
            Written { isolate: None, from: None, between: Some(ends), one_way }
        }
    }
}

impl Kind for Partition {
    const VERB: &'static str = "partition";
    const MEANING: &'static str = "nothing crosses between nodes and no connection can be opened; what was under way on \
        an open one arrives after it heals; one_way: only from the first to the second";
    const EXAMPLE: &'static str = "{ partition: { isolate: leader, from: brokers }, for: 60s }";

    fn selectors(&self) -> Vec<&Selector> {
        self.ends.selectors()
    }
    fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        self.ends.0.iter_mut().collect()
    }
    fn apply(&self, hit: &[Vec<NodeId>], facts: &mut Facts) {
        facts.between(&hit[0], &hit[1], self.one_way, |link| link.cut = true);
    }
}

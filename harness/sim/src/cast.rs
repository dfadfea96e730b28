//! Whom a fault hits: the nodes that a selector means at the moment it fires.

use ackproof_core::node::{NodeId, Part, Selector, Topology};

/// Who plays a part right now, as the model knows it.
type Cast<'c> = &'c dyn Fn(Part, u16) -> Vec<NodeId>;

/// Every node that a selector could mean right now, in order, each once.
pub(crate) fn candidates(selector: &Selector, topology: &Topology, cast: Cast<'_>) -> Vec<NodeId> {
    let mut nodes = match selector {
        Selector::Name(name) => topology.find(name).into_iter().collect(),
        Selector::Rack(rack) => {
            topology.ids().filter(|&node| topology.get(node).rack.as_deref() == Some(rack.as_str())).collect()
        }
        Selector::Part { part, of } => match part.fixed_kind() {
            Some(kind) => topology.of_kind(kind),
            None => cast(*part, *of),
        },
        Selector::Each(all) => all.iter().flat_map(|one| candidates(one, topology, cast)).collect(),
    };
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// The nodes a fault hits: of a singular part the one that `pick` falls on.
pub(crate) fn resolve(
    selector: &Selector,
    pick: u64,
    topology: &Topology,
    cast: impl Fn(Part, u16) -> Vec<NodeId>,
) -> Vec<NodeId> {
    fn hit(selector: &Selector, pick: u64, topology: &Topology, cast: Cast<'_>) -> Vec<NodeId> {
        match selector {
            Selector::Part { part, .. } if part.is_singular() => {
                let all = candidates(selector, topology, cast);
                match all.len() {
                    0 => Vec::new(),
                    len => vec![all[(pick % len as u64) as usize]],
                }
            }
            Selector::Each(all) => {
                let mut nodes: Vec<NodeId> = all
                    .iter()
                    .enumerate()
                    .flat_map(|(i, one)| hit(one, pick.rotate_right(i as u32), topology, cast))
                    .collect();
                nodes.sort_unstable();
                nodes.dedup();
                nodes
            }
            Selector::Name(_) | Selector::Rack(_) | Selector::Part { .. } => candidates(selector, topology, cast),
        }
    }
    hit(selector, pick, topology, &cast)
}

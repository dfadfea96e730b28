//! Which machines a selector stands for, and how to name fewer.

use ackproof_core::node::{NodeKind, Part, Selector, Topology};

/// Names of every broker, in order.
pub fn brokers(topology: &Topology) -> Vec<String> {
    names_of_kind(NodeKind::Broker, topology)
}

fn names_of_kind(kind: NodeKind, topology: &Topology) -> Vec<String> {
    topology.of_kind(kind).into_iter().map(|node| topology.name(node).to_owned()).collect()
}

/// Every rack, in the order of its first node.
pub fn racks(topology: &Topology) -> Vec<Selector> {
    let mut racks = Vec::new();
    for rack in topology.ids().filter_map(|id| topology.get(id).rack.clone()).map(Selector::Rack) {
        if !racks.contains(&rack) {
            racks.push(rack);
        }
    }
    racks
}

/// The names behind a selector, `None` when they depend on the run.
pub fn names(selector: &Selector, topology: &Topology) -> Option<Vec<String>> {
    match selector {
        Selector::Name(name) => Some(vec![name.clone()]),
        Selector::Rack(rack) => {
            let inside = topology.ids().filter(|&id| topology.get(id).rack.as_deref() == Some(rack));
            Some(inside.map(|id| topology.name(id).to_owned()).collect())
        }
        Selector::Part { part, .. } => {
            let all = names_of_kind(part.fixed_kind()?, topology);
            (!part.is_singular() || all.len() == 1).then_some(all)
        }
        Selector::Each(all) => {
            let mut sum = Vec::new();
            for selector in all {
                for name in names(selector, topology)? {
                    if !sum.contains(&name) {
                        sum.push(name);
                    }
                }
            }
            Some(sum)
        }
    }
}

/// Whether a selector names this machine by its name.
pub fn mentions(selector: &Selector, name: &str) -> bool {
    match selector {
        Selector::Name(own) => own == name,
        Selector::Each(all) => all.iter().any(|selector| mentions(selector, name)),
        Selector::Part { .. } | Selector::Rack(_) => false,
    }
}

/// How many machines a selector stands for, at most.
pub fn breadth(selector: &Selector, topology: &Topology) -> usize {
    let brokers = topology.of_kind(NodeKind::Broker).len();
    match selector {
        Selector::Name(_) => 1,
        Selector::Rack(_) => names(selector, topology).map_or(0, |names| names.len()),
        Selector::Part { part, .. } => match part {
            Part::AllBrokers | Part::Brokers | Part::Isr => brokers.max(1),
            Part::Followers => brokers.saturating_sub(1).max(1),
            Part::Leader | Part::Follower | Part::IsrFollower | Part::OutOfIsr | Part::AnyBroker => 1,
            Part::Controller | Part::Master | Part::Slave | Part::Nameserver => 1,
            Part::Producer | Part::Consumer | Part::Coordinator => 1,
        },
        Selector::Each(all) => all.iter().map(|selector| breadth(selector, topology)).sum(),
    }
}

/// The shortest way to name these machines: `all-brokers`, one name, or a list.
pub fn naming(names: Vec<String>, topology: &Topology) -> Selector {
    let brokers = brokers(topology);
    if names.len() > 1 && names.len() == brokers.len() && brokers.iter().all(|broker| names.contains(broker)) {
        return Selector::part(Part::AllBrokers);
    }
    list(names.into_iter().map(Selector::Name).collect())
}

fn list(mut all: Vec<Selector>) -> Selector {
    if all.len() == 1 { all.remove(0) } else { Selector::Each(all) }
}

/// Selectors that stand for fewer machines, the smallest first. Those that a part stands for only in a run are
/// replaced by the leader, or by brokers by name. Some may be no narrower: a part such as `followers` has no names.
pub fn narrower(selector: &Selector, topology: &Topology) -> Vec<Selector> {
    match selector {
        Selector::Name(_) => Vec::new(),
        Selector::Rack(_) => names(selector, topology).map_or(Vec::new(), |names| fewer_names(&names, topology)),
        Selector::Part { part, of } => {
            let leader = Selector::Part { part: Part::Leader, of: *of };
            match part {
                Part::AllBrokers | Part::Brokers | Part::Isr => {
                    let mut all = vec![leader];
                    all.extend(fewer_names(&brokers(topology), topology));
                    all
                }
                Part::Followers => fewer_names(&brokers(topology), topology),
                Part::Leader | Part::Follower | Part::IsrFollower | Part::OutOfIsr | Part::AnyBroker => Vec::new(),
                Part::Controller | Part::Master | Part::Slave | Part::Nameserver => Vec::new(),
                Part::Producer | Part::Consumer | Part::Coordinator => Vec::new(),
            }
        }
        Selector::Each(all) => {
            let mut smaller: Vec<Selector> = without_chunks(all).into_iter().map(list).collect();
            for (index, one) in all.iter().enumerate() {
                for narrow in narrower(one, topology) {
                    let mut all = all.clone();
                    all[index] = narrow;
                    smaller.push(Selector::Each(all));
                }
            }
            smaller
        }
    }
}

fn fewer_names(names: &[String], topology: &Topology) -> Vec<Selector> {
    without_chunks(names).into_iter().map(|names| naming(names, topology)).collect()
}

/// Parts of `all`, never empty: each element alone, then all but a chunk of them, halves first.
fn without_chunks<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    if all.len() < 2 {
        return Vec::new();
    }
    let mut left: Vec<Vec<T>> = all.iter().map(|one| vec![one.clone()]).collect();
    let mut size = all.len() / 2;
    while size > 0 {
        for start in (0..all.len()).step_by(size) {
            left.push(all[..start].iter().chain(all.iter().skip(start + size)).cloned().collect());
        }
        size /= 2;
    }
    left
}

/// One selector for what two stand for. `None` when a part that depends on the run hides how they overlap.
pub fn union(a: &Selector, b: &Selector, topology: &Topology) -> Option<Selector> {
    if a == b {
        return Some(a.clone());
    }
    let mut all = names(a, topology)?;
    for name in names(b, topology)? {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    Some(naming(all, topology))
}

/// Whether chance picks among the machines that could be meant: no machine is fixed by the selector and the state of
/// the run alone.
pub fn is_picked(selector: &Selector, topology: &Topology) -> bool {
    match selector {
        Selector::Name(_) | Selector::Rack(_) => false,
        Selector::Part { part, .. } => match part {
            Part::Leader | Part::Coordinator | Part::Master => false,
            Part::Followers | Part::Isr | Part::AllBrokers | Part::Brokers => false,
            Part::Follower | Part::IsrFollower | Part::OutOfIsr | Part::Slave => true,
            Part::AnyBroker | Part::Controller | Part::Nameserver | Part::Producer | Part::Consumer => {
                names(selector, topology).is_none()
            }
        },
        Selector::Each(all) => all.iter().any(|selector| is_picked(selector, topology)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology() -> Topology {
        let mut topology = Topology::default();
        for (index, name) in ["b1", "b2", "b3"].into_iter().enumerate() {
            topology.add(name, NodeKind::Broker, Some(format!("r{}", index % 2 + 1)));
        }
        topology.add("ctl1", NodeKind::Controller, None);
        topology
    }
    fn name(name: &str) -> Selector {
        Selector::Name(name.into())
    }

    #[test]
    fn a_singular_part_has_a_name_only_when_one_machine_can_play_it() {
        assert_eq!(names(&Selector::part(Part::Controller), &topology()), Some(vec!["ctl1".into()]));
        assert_eq!(names(&Selector::part(Part::AnyBroker), &topology()), None);
        assert_eq!(names(&Selector::part(Part::Leader), &topology()), None);
        assert_eq!(names(&Selector::Rack("r1".into()), &topology()), Some(vec!["b1".into(), "b3".into()]));
    }

    #[test]
    fn chance_picks_only_where_several_machines_fit() {
        for part in [Part::Leader, Part::AllBrokers, Part::Isr, Part::Controller] {
            assert!(!is_picked(&Selector::part(part), &topology()), "{part:?}");
        }
        for part in [Part::AnyBroker, Part::IsrFollower, Part::Follower] {
            assert!(is_picked(&Selector::Each(vec![name("b1"), Selector::part(part)]), &topology()), "{part:?}");
        }
    }

    #[test]
    fn narrower_selectors_stand_for_fewer_machines_and_reach_every_pair_and_single() {
        let all = Selector::part(Part::AllBrokers);
        let narrow = narrower(&all, &topology());
        assert!(narrow.iter().all(|one| breadth(one, &topology()) < 3));
        for one in [name("b1"), name("b2"), name("b3"), Selector::Each(vec![name("b2"), name("b3")])] {
            assert!(narrow.contains(&one), "{one} is missing in {narrow:?}");
        }
        let mixed = Selector::Each(vec![all, Selector::part(Part::Controller)]);
        assert!(narrower(&mixed, &topology()).contains(&Selector::part(Part::Controller)));
        assert_eq!(narrower(&name("b1"), &topology()), []);
        assert_eq!(narrower(&Selector::Each(vec![name("b1")]), &topology()), []);
    }

    #[test]
    fn machines_of_two_selectors_are_named_once_and_all_brokers_by_their_part() {
        let (b1, rest) = (name("b1"), Selector::Each(vec![name("b2"), name("b3")]));
        assert_eq!(union(&b1, &rest, &topology()), Some(Selector::part(Part::AllBrokers)));
        assert_eq!(union(&b1, &Selector::Rack("r1".into()), &topology()).unwrap().to_string(), "b1, b3");
        assert_eq!(union(&b1, &Selector::part(Part::Leader), &topology()), None);
    }
}

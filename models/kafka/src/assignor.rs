//! Who reads which partitions: the strategies by which a group's leader divides them.
//!
//! Simplified: racks are not looked at. Gives up: nothing; here nobody reads from a replica nearby.

use std::sync::Arc;

use ackproof_core::app::Origin;

use crate::message::{Assigned, MemberId, Subscribed};

/// `partition.assignment.strategy`.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Strategy {
    Range,
    RoundRobin,
    Sticky,
    CooperativeSticky,
}

impl Strategy {
    pub const ALL: [Strategy; 4] =
        [Strategy::Range, Strategy::RoundRobin, Strategy::Sticky, Strategy::CooperativeSticky];

    /// As Kafka names it.
    pub const fn class(self) -> &'static str {
        match self {
            Strategy::Range => "org.apache.kafka.clients.consumer.RangeAssignor",
            Strategy::RoundRobin => "org.apache.kafka.clients.consumer.RoundRobinAssignor",
            Strategy::Sticky => "org.apache.kafka.clients.consumer.StickyAssignor",
            Strategy::CooperativeSticky => "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
        }
    }

    /// `None` for a class that Kafka does not bring along.
    pub fn of(class: &str) -> Option<Strategy> {
        Strategy::ALL.into_iter().find(|strategy| strategy.class() == class)
    }

    /// A list as it stands in a file, without what is not known.
    pub fn read(list: Option<&str>) -> Vec<Strategy> {
        list.unwrap_or_default().split(',').filter_map(|class| Strategy::of(class.trim())).collect()
    }

    /// Whether members may keep their partitions while they join again.
    ///
    /// Source: `ConsumerPartitionAssignor.supportedProtocols`, KIP-429.
    pub fn is_cooperative(self) -> bool {
        match self {
            Strategy::CooperativeSticky => true,
            Strategy::Range | Strategy::RoundRobin | Strategy::Sticky => false,
        }
    }

    /// What a member says of its partitions when it joins: what it keeps; with the sticky strategy also what it has
    /// just given up.
    ///
    /// Source: `StickyAssignor.subscriptionUserData`, `ConsumerCoordinator.metadata` at 4.1.
    pub fn remembers(self, last: &Arc<[Origin]>, kept: impl Iterator<Item = Origin>) -> Arc<[Origin]> {
        match self {
            Strategy::Sticky => Arc::clone(last),
            Strategy::Range | Strategy::RoundRobin | Strategy::CooperativeSticky => kept.collect(),
        }
    }

    /// Divides the partitions among the members.
    pub fn assign(self, partitions: u16, members: &[Subscribed]) -> Vec<Assigned> {
        let mut members: Vec<&Subscribed> = members.iter().collect();
        members.sort_by_key(|subscribed| subscribed.member);
        match self {
            Strategy::Range => range(partitions, &members),
            Strategy::RoundRobin => round_robin(partitions, &members),
            Strategy::Sticky => sticky(partitions, &members),
            Strategy::CooperativeSticky => without_what_moves(sticky(partitions, &members), &members),
        }
    }
}

fn assigned(member: MemberId, origins: impl IntoIterator<Item = u16>) -> Assigned {
    Assigned { member, origins: origins.into_iter().map(Origin).collect::<Arc<[Origin]>>() }
}

/// Consecutive partitions, the first members getting one more.
///
/// Source: `RangeAssignor.assign` at 4.1.
fn range(partitions: u16, members: &[&Subscribed]) -> Vec<Assigned> {
    let count = members.len() as u16;
    let (each, more) = (partitions / count.max(1), partitions % count.max(1));
    let share = |(subscribed, index): (&&Subscribed, u16)| {
        let start = index * each + index.min(more);
        assigned(subscribed.member, start..start + each + u16::from(index < more))
    };
    members.iter().zip(0..).map(share).collect()
}

/// One after the other.
///
/// Source: `RoundRobinAssignor.assign` at 4.1.
fn round_robin(partitions: u16, members: &[&Subscribed]) -> Vec<Assigned> {
    let share = |(subscribed, index): (&&Subscribed, u16)| {
        assigned(subscribed.member, (index..partitions).step_by(members.len().max(1)))
    };
    members.iter().zip(0..).map(share).collect()
}

/// As even as can be, and as much as can be where it was. What two members say they have, the one has that had it in
/// the later generation, and neither if that is the same.
///
/// Source: `AbstractStickyAssignor.ConstrainedAssignmentBuilder`, `allSubscriptionsEqual` at 4.1.
fn sticky(partitions: u16, members: &[&Subscribed]) -> Vec<Assigned> {
    let count = members.len().max(1);
    let (min, more) = (usize::from(partitions) / count, usize::from(partitions) % count);
    let max = min + usize::from(more > 0);
    let mut owned: Vec<Vec<u16>> = claims(partitions, members);
    let mut full = 0;
    for origins in &mut owned {
        if origins.len() >= max && full < more {
            full += 1;
            origins.truncate(max);
        } else {
            origins.truncate(min);
        }
    }
    let mut is_taken = vec![false; usize::from(partitions)];
    owned.iter().flatten().for_each(|&origin| is_taken[usize::from(origin)] = true);
    let mut free = (0..partitions).filter(|&origin| !is_taken[usize::from(origin)]).collect::<Vec<u16>>().into_iter();
    // Round robin among those below the smaller share, then one more for as many as there are left.
    while owned.iter().any(|origins| origins.len() < min) {
        for origins in owned.iter_mut().filter(|origins| origins.len() < min) {
            origins.extend(free.next());
        }
    }
    for origins in owned.iter_mut().filter(|origins| origins.len() == min && max > min) {
        origins.extend(free.next());
    }
    owned.iter_mut().for_each(|origins| origins.sort_unstable());
    members.iter().zip(owned).map(|(subscribed, origins)| assigned(subscribed.member, origins)).collect()
}

/// What each member has, by partition.
fn claims(partitions: u16, members: &[&Subscribed]) -> Vec<Vec<u16>> {
    let mut owned: Vec<Vec<u16>> = vec![Vec::new(); members.len()];
    for origin in 0..partitions {
        let claim = |subscribed: &&&Subscribed| subscribed.owned.contains(&Origin(origin));
        let Some(latest) = members.iter().filter(claim).map(|subscribed| subscribed.owned_in).max() else { continue };
        let mut owners = (0..members.len()).filter(|&at| claim(&&members[at]) && members[at].owned_in == latest);
        if let (Some(owner), None) = (owners.next(), owners.next()) {
            owned[owner].push(origin);
        }
    }
    owned
}

/// A partition that moves is given to nobody now: its owner has to give it up first, and joins again when it has.
///
/// Source: KIP-429; `CooperativeStickyAssignor.adjustAssignment` at 4.1.
fn without_what_moves(assignments: Vec<Assigned>, members: &[&Subscribed]) -> Vec<Assigned> {
    let is_others = |member: MemberId, origin: &Origin| {
        members.iter().any(|subscribed| subscribed.member != member && subscribed.owned.contains(origin))
    };
    let keep = |Assigned { member, origins }: Assigned| {
        let is_own = |origin: &Origin| {
            members.iter().any(|subscribed| subscribed.member == member && subscribed.owned.contains(origin))
        };
        let origins = origins.iter().copied().filter(|origin| is_own(origin) || !is_others(member, origin)).collect();
        Assigned { member, origins }
    };
    assignments.into_iter().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use ackproof_core::node::NodeId;

    use super::*;
    use crate::message::Generation;

    fn member(draw: u32, owned: &[u16], owned_in: u32) -> Subscribed {
        let owned_in = (owned_in > 0).then_some(Generation(owned_in));
        let member = MemberId { draw, node: NodeId(0) };
        Subscribed { member, owned: owned.iter().copied().map(Origin).collect(), owned_in }
    }

    fn divided(strategy: Strategy, partitions: u16, members: &[Subscribed]) -> Vec<Vec<u16>> {
        let assignments = strategy.assign(partitions, members);
        assignments.iter().map(|assigned| assigned.origins.iter().map(|origin| origin.0).collect()).collect()
    }

    #[test]
    fn members_divide_the_partitions_into_ranges_or_in_turn() {
        let three = [member(3, &[], 0), member(1, &[], 0), member(2, &[], 0)];
        assert_eq!(divided(Strategy::Range, 7, &three), [vec![0, 1, 2], vec![3, 4], vec![5, 6]]);
        assert_eq!(divided(Strategy::RoundRobin, 7, &three), [vec![0, 3, 6], vec![1, 4], vec![2, 5]]);
        assert_eq!(divided(Strategy::Range, 1, &three), [vec![0], vec![], vec![]], "one reads, the others wait");
    }

    #[test]
    fn sticky_strategies_move_no_more_than_they_must() {
        let one_came = [member(1, &[0, 1, 2, 3], 1), member(2, &[], 0)];
        assert_eq!(divided(Strategy::Sticky, 4, &one_came), [vec![0, 1], vec![2, 3]]);
        let one_went = [member(1, &[0, 1], 2), member(3, &[4, 5], 2)];
        assert_eq!(divided(Strategy::Sticky, 6, &one_went), [vec![0, 1, 2], vec![3, 4, 5]]);
        let uneven = [member(1, &[0], 2), member(2, &[1, 2], 2)];
        assert_eq!(divided(Strategy::Sticky, 3, &uneven), [vec![0], vec![1, 2]]);
    }

    #[test]
    fn a_partition_that_two_members_claim_is_the_one_of_the_later_generation() {
        let claimed = [member(1, &[0, 1], 1), member(2, &[0], 2)];
        assert_eq!(divided(Strategy::Sticky, 2, &claimed), [vec![1], vec![0]]);
    }

    #[test]
    fn with_the_cooperative_strategy_a_partition_that_moves_is_given_up_first() {
        let one_came = [member(1, &[0, 1, 2, 3], 1), member(2, &[], 0)];
        assert_eq!(divided(Strategy::CooperativeSticky, 4, &one_came), [vec![0, 1], vec![]]);
        let given_up = [member(1, &[0, 1], 2), member(2, &[], 2)];
        assert_eq!(divided(Strategy::CooperativeSticky, 4, &given_up), [vec![0, 1], vec![2, 3]]);
    }
}

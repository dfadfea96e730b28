//! How the controller changes a partition: whom it takes out of the in-sync set, and who leads then.
//!
//! Logs are never compared. Being in the in-sync set qualifies, or, where they are remembered, being an eligible leader
//! replica; order among replicas breaks ties.

use ackproof_core::node::NodeId;

use super::eligible::Eligibility;
use crate::metadata::{NodeSet, Partition, PartitionEpoch};
use crate::mutation::Rule;

/// Who may be elected.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Election {
    /// Members of the in-sync set, or eligible leader replicas.
    Clean,
    /// If no member can lead: anybody who is there.
    Unclean,
    /// As in a clean election, and the preferred leader even if another one leads.
    Preferred,
}

/// What qualified a replica to lead.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Grounds {
    /// It is in the in-sync set.
    InSync,
    /// It is an eligible leader replica, and nobody is in sync.
    Eligible,
    /// It led last, and nobody is known to have everything.
    LastKnown,
    /// It is there.
    Present,
}

impl Grounds {
    /// Whether a leader by these grounds is known to have everything that was confirmed.
    pub fn is_clean(self) -> bool {
        match self {
            Grounds::InSync | Grounds::Eligible => true,
            Grounds::LastKnown | Grounds::Present => false,
        }
    }
}

/// What decides about a partition besides its own state.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Terms {
    pub election: Election,
    /// Before 3.6: a member that leaves the in-sync set begins a leader epoch.
    pub shrink_bumps: bool,
    /// `None` without eligible leader replicas.
    pub eligibility: Option<Eligibility>,
}

/// A partition's next state, and what changed.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Change {
    pub partition: Partition,
    pub leader_changed: bool,
    /// Why the new leader leads; `None` when no leader was elected.
    pub grounds: Option<Grounds>,
}

impl Change {
    /// The new leader is not known to have everything that was confirmed.
    pub fn is_unclean(&self) -> bool {
        self.grounds.is_some_and(|grounds| !grounds.is_clean())
    }
}

/// The partition with `target_isr` as its in-sync set and a leader that goes with it; `None` when nothing changes.
///
/// - A member of the target set that is acceptable leads: the present leader if it can, else the first in replica
///   order. When the set is empty, eligible leader replicas stand in for its members.
/// - When there are none of those either, the last known leader leads, if it was noted and is acceptable. Else an
///   unclean election takes the first acceptable replica. Neither is asked what its log holds; whoever is elected
///   becomes the whole in-sync set.
/// - Without eligible leader replicas an empty in-sync set is never stored: the last member stays in it, and the
///   partition has no leader until that member is back.
/// - A change of leader, also to none, begins a leader epoch. Before 3.6 so did removing a member.
///
/// Source: `PartitionChangeBuilder.{electLeader,tryElection,build,triggerLeaderEpochBumpForIsrShrinkIfNeeded}`,
/// metadata, 4.1; KAFKA-15021 for the last.
pub fn change(
    partition: &Partition,
    replicas: &[NodeId],
    target_isr: NodeSet,
    terms: &Terms,
    acceptable: impl Fn(NodeId) -> bool,
) -> Option<Change> {
    let eligible = terms.eligibility.map_or(NodeSet::EMPTY, |rule| rule.beside(target_isr, partition));
    let target = Partition { isr: target_isr, elr: eligible, ..*partition };
    let (leader, grounds) = elect(&target, replicas, terms, acceptable);
    let leader_changed = leader != partition.leader;
    let grounds = grounds.filter(|_| leader_changed);
    let alone: NodeSet = leader.into_iter().collect();
    let (isr, elr) = match grounds {
        Some(Grounds::LastKnown | Grounds::Present) => (alone, NodeSet::EMPTY),
        Some(Grounds::Eligible) => (alone, eligible.minus(alone)),
        Some(Grounds::InSync) | None
            if target_isr.is_empty() && terms.eligibility.is_none() && Rule::LastMember.holds() =>
        {
            (partition.isr, NodeSet::EMPTY)
        }
        Some(Grounds::InSync) | None => (target_isr, eligible),
    };
    let begins_epoch = leader_changed || terms.shrink_bumps && !partition.isr.is_subset(isr);
    let changed = Partition {
        leader,
        isr,
        elr,
        last_known_leader: terms.eligibility.and_then(|rule| rule.remember(partition, leader, isr)),
        ..*partition
    };
    if changed == *partition {
        return None;
    }
    Some(Change {
        partition: Partition {
            leader_epoch: if begins_epoch { partition.leader_epoch.next() } else { partition.leader_epoch },
            partition_epoch: PartitionEpoch(partition.partition_epoch.0 + 1),
            ..changed
        },
        leader_changed,
        grounds,
    })
}

/// Who leads a partition with these sets, and why.
///
/// Source: `PartitionChangeBuilder.{electPreferredLeader,electAnyLeader,isValidNewLeader}`, metadata, 4.1.
fn elect(
    target: &Partition,
    replicas: &[NodeId],
    terms: &Terms,
    acceptable: impl Fn(NodeId) -> bool,
) -> (Option<NodeId>, Option<Grounds>) {
    let is_valid = |node: &NodeId| target.is_candidate(*node) && acceptable(*node);
    let preferred =
        replicas.first().copied().filter(|_| terms.election == Election::Preferred && Rule::PreferredElection.holds());
    let clean =
        preferred.filter(is_valid).or(target.leader.filter(is_valid)).or(replicas.iter().copied().find(is_valid));
    if let Some(leader) = clean {
        let grounds = if target.isr.is_empty() { Grounds::Eligible } else { Grounds::InSync };
        return (Some(leader), Some(grounds));
    }
    let last_known = terms.eligibility.filter(|_| target.is_exhausted());
    if let Some(leader) = last_known.and_then(|rule| rule.last_known(target, &acceptable)) {
        return (Some(leader), Some(Grounds::LastKnown));
    }
    let any = match terms.election {
        Election::Unclean => replicas.iter().copied().find(|&node| acceptable(node)),
        Election::Clean | Election::Preferred => None,
    };
    (any, any.map(|_| Grounds::Present))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackproof_log::Epoch;

    const B: [NodeId; 3] = [NodeId(0), NodeId(1), NodeId(2)];

    fn set(nodes: &[u8]) -> NodeSet {
        nodes.iter().map(|&node| NodeId(node)).collect()
    }
    fn partition(leader: Option<u8>, isr: &[u8]) -> Partition {
        Partition {
            leader: leader.map(NodeId),
            leader_epoch: Epoch(5),
            partition_epoch: PartitionEpoch(9),
            isr: set(isr),
            elr: NodeSet::EMPTY,
            last_known_leader: None,
        }
    }
    fn terms(election: Election) -> Terms {
        Terms { election, shrink_bumps: false, eligibility: None }
    }
    /// Takes `gone` out of the in-sync set while only `alive` are there.
    fn lose(partition: &Partition, gone: &[u8], alive: &[u8], election: Election) -> Option<Change> {
        let alive = set(alive);
        change(partition, &B, partition.isr.minus(set(gone)), &terms(election), |node| alive.contains(node))
    }

    #[test]
    fn a_clean_election_takes_the_first_in_sync_replica_in_order_and_begins_an_epoch() {
        let change = lose(&partition(Some(0), &[0, 1, 2]), &[0], &[1, 2], Election::Clean).unwrap();
        assert_eq!(change.partition.leader, Some(NodeId(1)));
        assert_eq!(change.partition.isr, set(&[1, 2]));
        assert_eq!((change.partition.leader_epoch, change.partition.partition_epoch), (Epoch(6), PartitionEpoch(10)));
        assert!(!change.is_unclean());
    }

    #[test]
    fn a_follower_that_leaves_the_in_sync_set_leaves_the_leader_epoch_alone() {
        let change = lose(&partition(Some(0), &[0, 1]), &[1], &[0, 2], Election::Unclean).unwrap();
        assert_eq!((change.partition.leader, change.partition.leader_epoch), (Some(NodeId(0)), Epoch(5)));
        assert_eq!(change.partition.partition_epoch, PartitionEpoch(10));
    }

    #[test]
    fn before_3_6_a_smaller_in_sync_set_begins_a_leader_epoch_and_a_larger_one_does_not() {
        let old = partition(Some(0), &[0, 1]);
        let terms = Terms { shrink_bumps: true, ..terms(Election::Clean) };
        let smaller = change(&old, &B, set(&[0]), &terms, |_| true).unwrap();
        assert_eq!(smaller.partition.leader_epoch, Epoch(6));
        let larger = change(&old, &B, set(&[0, 1, 2]), &terms, |_| true).unwrap();
        assert_eq!(larger.partition.leader_epoch, Epoch(5));
    }

    #[test]
    fn the_last_in_sync_replica_stays_in_the_set_and_the_partition_has_no_leader() {
        let change = lose(&partition(Some(2), &[2]), &[2], &[0, 1], Election::Clean).unwrap();
        assert_eq!((change.partition.leader, change.partition.isr), (None, set(&[2])));
        assert_eq!(change.partition.leader_epoch, Epoch(6));
        // Nothing more happens while it is away, and it leads again when it is back.
        assert_eq!(lose(&change.partition, &[], &[0, 1], Election::Clean), None);
        let back = lose(&change.partition, &[], &[0, 1, 2], Election::Clean).unwrap();
        assert_eq!(back.partition.leader, Some(NodeId(2)));
    }

    #[test]
    fn an_unclean_election_takes_the_first_replica_that_is_there_and_makes_it_the_whole_set() {
        let change = lose(&partition(Some(2), &[2]), &[2], &[1], Election::Unclean).unwrap();
        assert_eq!((change.partition.leader, change.partition.isr), (Some(NodeId(1)), set(&[1])));
        assert!(change.is_unclean());
    }

    #[test]
    fn an_unclean_election_is_clean_while_a_member_can_lead() {
        let change = lose(&partition(Some(0), &[0, 2]), &[0], &[1, 2], Election::Unclean).unwrap();
        assert_eq!((change.partition.leader, change.is_unclean()), (Some(NodeId(2)), false));
    }

    #[test]
    fn a_preferred_election_moves_only_to_a_member_of_the_set() {
        let moved = lose(&partition(Some(1), &[0, 1]), &[], &[0, 1, 2], Election::Preferred).unwrap();
        assert_eq!(moved.partition.leader, Some(NodeId(0)));
        assert_eq!(lose(&partition(Some(1), &[1, 2]), &[], &[0, 1, 2], Election::Preferred), None);
        assert_eq!(lose(&partition(Some(1), &[0, 1]), &[], &[0, 1, 2], Election::Clean), None);
    }
}

//! How the controller changes a partition: whom it takes out of the in-sync set, and who leads then.
//!
//! Logs are never compared. Being in the in-sync set is all that qualifies; order among replicas breaks ties.

use ackproof_core::node::NodeId;

use crate::metadata::{NodeSet, Partition, PartitionEpoch};

/// Who may be elected.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Election {
    /// Members of the in-sync set.
    Clean,
    /// If no member can lead: anybody who is there.
    Unclean,
    /// Members of the in-sync set, and the preferred leader even if another one leads.
    Preferred,
}

/// A partition's next state, and what changed.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Change {
    pub partition: Partition,
    pub leader_changed: bool,
    /// The new leader was not in the in-sync set.
    pub unclean: bool,
}

/// The partition with `target_isr` as its in-sync set and a leader that goes with it; `None` when nothing changes.
///
/// - A member of the target set that is acceptable leads: the present leader if it can, else the first in replica
///   order. Without one, an unclean election takes the first acceptable replica, whatever its log holds, and the
///   in-sync set becomes that replica alone.
/// - An empty in-sync set is never stored: the last member stays in it, and the partition has no leader until that
///   member is back. (Eligible leader replicas would change this; they are off.)
/// - A change of leader, also to none, begins a leader epoch. Before 3.6 so did removing a member (`shrink_bumps`).
///
/// Source: `PartitionChangeBuilder.{electLeader,tryElection,build,triggerLeaderEpochBumpForIsrShrinkIfNeeded}`,
/// metadata, 4.1; KAFKA-15021 for the last.
pub fn change(
    partition: &Partition,
    replicas: &[NodeId],
    target_isr: NodeSet,
    election: Election,
    shrink_bumps: bool,
    acceptable: impl Fn(NodeId) -> bool,
) -> Option<Change> {
    let is_valid = |node: &NodeId| target_isr.contains(*node) && acceptable(*node);
    let preferred = replicas.first().copied().filter(|_| election == Election::Preferred);
    let clean =
        preferred.filter(is_valid).or(partition.leader.filter(is_valid)).or(replicas.iter().copied().find(is_valid));
    let any = match election {
        Election::Unclean => replicas.iter().copied().find(|&node| acceptable(node)),
        Election::Clean | Election::Preferred => None,
    };
    let leader = clean.or(any);
    let unclean = clean.is_none() && any.is_some() && any != partition.leader;
    let isr = match leader {
        Some(leader) if unclean => NodeSet::EMPTY.with(leader),
        _ if target_isr.is_empty() => partition.isr,
        _ => target_isr,
    };
    let leader_changed = leader != partition.leader;
    if !leader_changed && isr == partition.isr {
        return None;
    }
    let begins_epoch = leader_changed || shrink_bumps && !partition.isr.is_subset(isr);
    Some(Change {
        partition: Partition {
            leader,
            leader_epoch: if begins_epoch { partition.leader_epoch.next() } else { partition.leader_epoch },
            partition_epoch: PartitionEpoch(partition.partition_epoch.0 + 1),
            isr,
        },
        leader_changed,
        unclean,
    })
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
        }
    }
    /// Takes `gone` out of the in-sync set while only `alive` are there.
    fn lose(partition: &Partition, gone: &[u8], alive: &[u8], election: Election) -> Option<Change> {
        let alive = set(alive);
        change(partition, &B, partition.isr.minus(set(gone)), election, false, |node| alive.contains(node))
    }

    #[test]
    fn a_clean_election_takes_the_first_in_sync_replica_in_order_and_begins_an_epoch() {
        let change = lose(&partition(Some(0), &[0, 1, 2]), &[0], &[1, 2], Election::Clean).unwrap();
        assert_eq!(change.partition.leader, Some(NodeId(1)));
        assert_eq!(change.partition.isr, set(&[1, 2]));
        assert_eq!((change.partition.leader_epoch, change.partition.partition_epoch), (Epoch(6), PartitionEpoch(10)));
        assert!(!change.unclean);
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
        let smaller = change(&old, &B, set(&[0]), Election::Clean, true, |_| true).unwrap();
        assert_eq!(smaller.partition.leader_epoch, Epoch(6));
        let larger = change(&old, &B, set(&[0, 1, 2]), Election::Clean, true, |_| true).unwrap();
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
        assert!(change.unclean);
    }

    #[test]
    fn an_unclean_election_is_clean_while_a_member_can_lead() {
        let change = lose(&partition(Some(0), &[0, 2]), &[0], &[1, 2], Election::Unclean).unwrap();
        assert_eq!((change.partition.leader, change.unclean), (Some(NodeId(2)), false));
    }

    #[test]
    fn a_preferred_election_moves_only_to_a_member_of_the_set() {
        let moved = lose(&partition(Some(1), &[0, 1]), &[], &[0, 1, 2], Election::Preferred).unwrap();
        assert_eq!(moved.partition.leader, Some(NodeId(0)));
        assert_eq!(lose(&partition(Some(1), &[1, 2]), &[], &[0, 1, 2], Election::Preferred), None);
        assert_eq!(lose(&partition(Some(1), &[0, 1]), &[], &[0, 1, 2], Election::Clean), None);
    }
}

//! Eligible leader replicas: whom the controller remembers as having everything that was ever confirmed, although they
//! have left the in-sync set.
//!
//! From 3.7 nothing is confirmed while the in-sync set is smaller than `min.insync.replicas`. So whoever leaves a set
//! that is, or thereby becomes, too small misses nothing by being away, and may lead later; unless its machine failed
//! and took a tail of its log along, which is known by the missing clean-shutdown marker.
//!
//! Source: KIP-966, part 1. (Part 2, which asks replicas how long their logs are, is in no release.)

use ackproof_core::node::NodeId;

use super::election::Grounds;
use crate::metadata::{NodeSet, Partition};
use crate::mutation::Rule;

/// What decides about eligible leader replicas when a partition changes.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Eligibility {
    /// `min.insync.replicas` of the partition, no more than its replicas.
    pub min_isr: usize,
    /// Replicas whose machines have just turned out to have failed.
    pub unclean: NodeSet,
    /// The rules of 4.0: the last known leader is elected whether it is there or not, and noted when the in-sync set
    /// becomes empty instead of when the leader goes.
    ///
    /// Source: KAFKA-19522; `PartitionChangeBuilder.{canElectLastKnownLeader,maybeUpdateLastKnownLeader}` on the
    /// branches 4.0 and 4.1.
    pub elects_fenced: bool,
}

impl Eligibility {
    /// Who is eligible beside `target_isr`: nobody when that is large enough, because then messages are confirmed that
    /// the others do not get.
    ///
    /// Source: `PartitionChangeBuilder.maybePopulateTargetElr`, metadata, 4.1.
    pub(super) fn beside(&self, target_isr: NodeSet, partition: &Partition) -> NodeSet {
        match target_isr.len() >= self.min_isr || !Rule::ElrMembers.holds() {
            true => NodeSet::EMPTY,
            false => partition.elr.union(partition.isr).minus(target_isr).minus(self.unclean),
        }
    }

    /// The last known leader, if it may lead now that nobody is left who is known to have everything.
    ///
    /// Source: `PartitionChangeBuilder.canElectLastKnownLeader`, metadata, 4.1.
    pub(super) fn last_known(&self, partition: &Partition, acceptable: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        partition
            .last_known_leader
            .filter(|&node| Rule::LastKnownLeader.holds() && (self.elects_fenced || acceptable(node)))
    }

    /// Whom to remember as the last leader of `old` once its leader is `leader` and its in-sync set `isr`.
    ///
    /// Source: `PartitionChangeBuilder.maybeUpdateLastKnownLeader` on the branches 4.0 and 4.1.
    pub(super) fn remember(&self, old: &Partition, leader: Option<NodeId>, isr: NodeSet) -> Option<NodeId> {
        let is_elected = leader.is_some() && leader != old.leader;
        let goes = match self.elects_fenced {
            true => isr.is_empty() && !old.isr.is_empty(),
            false => leader.is_none() && old.leader.is_some() && old.last_known_leader.is_none(),
        };
        let stays = self.elects_fenced && leader.is_some();
        match goes {
            true => old.leader,
            false if is_elected || stays => None,
            false => old.last_known_leader,
        }
    }
}

/// What a person should know about a change of a partition: who became eligible, who no longer is, and why somebody
/// leads who was not in sync.
pub(super) fn explain(
    old: &Partition,
    new: &Partition,
    grounds: Option<Grounds>,
    names: impl Fn(NodeSet) -> String,
) -> Vec<String> {
    let mut told = Vec::new();
    let (joined, left) = (new.elr.minus(old.elr), old.elr.minus(new.elr));
    let elected: NodeSet = new.leader.filter(|_| grounds.is_some()).into_iter().collect();
    if !joined.is_empty() {
        told.push(format!("{} may lead later: in sync when confirming stopped", names(joined)));
    }
    if !left.minus(elected).is_empty() {
        told.push(format!("{} is no eligible leader replica any more", names(left.minus(elected))));
    }
    match grounds {
        Some(Grounds::Eligible) => {
            told.push(format!("elects {}, an eligible leader replica: it has everything confirmed", names(elected)));
        }
        Some(Grounds::LastKnown) => told.push(format!(
            "elects {}, the last known leader: nobody is left who is known to have everything",
            names(elected)
        )),
        Some(Grounds::InSync | Grounds::Present) | None => {}
    }
    told
}

#[cfg(test)]
mod tests {
    use ackproof_log::Epoch;

    use super::*;
    use crate::controller::election::{Election, Terms, change};
    use crate::metadata::PartitionEpoch;

    const B: [NodeId; 3] = [NodeId(0), NodeId(1), NodeId(2)];

    fn set(nodes: &[u8]) -> NodeSet {
        nodes.iter().map(|&node| NodeId(node)).collect()
    }

    /// A partition led by 0 with everybody in sync, and what the controller does with it.
    struct Sequence {
        partition: Partition,
        active: NodeSet,
        terms: Terms,
        grounds: Option<Grounds>,
    }

    impl Sequence {
        /// `min_isr` is `None` without eligible leader replicas.
        fn new(min_isr: Option<usize>, election: Election) -> Sequence {
            let eligibility =
                min_isr.map(|min_isr| Eligibility { min_isr, unclean: NodeSet::EMPTY, elects_fenced: false });
            Sequence {
                partition: Partition {
                    leader: Some(NodeId(0)),
                    leader_epoch: Epoch(0),
                    partition_epoch: PartitionEpoch(0),
                    isr: set(&[0, 1, 2]),
                    elr: NodeSet::EMPTY,
                    last_known_leader: None,
                },
                active: set(&[0, 1, 2]),
                terms: Terms { election, shrink_bumps: false, eligibility },
                grounds: None,
            }
        }
        fn off() -> Sequence {
            Sequence::new(None, Election::Clean)
        }
        fn on(min_isr: usize) -> Sequence {
            Sequence::new(Some(min_isr), Election::Clean)
        }
        fn by_rules_of_4_0(mut self) -> Sequence {
            self.terms.eligibility.as_mut().expect("on").elects_fenced = true;
            self
        }
        fn apply(&mut self, target_isr: NodeSet, terms: &Terms) {
            let Some(change) = change(&self.partition, &B, target_isr, terms, |node| self.active.contains(node)) else {
                return;
            };
            self.partition = change.partition;
            if change.leader_changed {
                self.grounds = change.grounds;
            }
        }
        /// The leader goes on with these.
        fn shrink(&mut self, isr: &[u8]) {
            self.apply(set(isr), &self.terms.clone());
        }
        fn fence(&mut self, node: u8) {
            self.active = self.active.without(NodeId(node));
            self.apply(self.partition.isr.without(NodeId(node)), &self.terms.clone());
        }
        /// A new process of a fenced machine that failed.
        fn register_unclean(&mut self, node: u8) {
            let mut terms = self.terms;
            if let Some(eligibility) = &mut terms.eligibility {
                eligibility.unclean = set(&[node]);
            }
            self.apply(self.partition.isr.without(NodeId(node)), &terms);
        }
        fn unfence(&mut self, node: u8) {
            self.active = self.active.with(NodeId(node));
            if self.partition.leader.is_none() {
                self.apply(self.partition.isr, &self.terms.clone());
            }
        }
        fn returns_unclean(&mut self, nodes: &[u8]) {
            for &node in nodes {
                self.register_unclean(node);
                self.unfence(node);
            }
        }
        fn state(&self) -> (Option<u8>, NodeSet, NodeSet) {
            (self.partition.leader.map(|leader| leader.0), self.partition.isr, self.partition.elr)
        }
        fn led_by(&self) -> (Option<u8>, Option<Grounds>) {
            (self.partition.leader.map(|leader| leader.0), self.grounds)
        }
    }

    /// Without eligible leader replicas, and with them at `min.insync.replicas` 1 and 2.
    fn columns(election: Election, play: impl Fn(&mut Sequence)) -> [(Option<u8>, Option<Grounds>); 3] {
        [None, Some(1), Some(2)].map(|min_isr| {
            let mut sequence = Sequence::new(min_isr, election);
            play(&mut sequence);
            sequence.led_by()
        })
    }

    #[test]
    fn whoever_leaves_a_set_that_is_too_small_without_it_is_eligible() {
        let mut sequence = Sequence::on(2);
        sequence.shrink(&[0, 1]);
        assert_eq!(sequence.state(), (Some(0), set(&[0, 1]), set(&[])), "2 are enough: 2 misses what is confirmed");
        sequence.shrink(&[0]);
        assert_eq!(sequence.state(), (Some(0), set(&[0]), set(&[1])));
        assert_eq!(sequence.partition.leader_epoch, Epoch(0), "nobody else leads");
    }

    #[test]
    fn a_set_that_is_large_enough_again_leaves_nobody_eligible() {
        let mut sequence = Sequence::on(2);
        sequence.shrink(&[0, 1]);
        sequence.shrink(&[0]);
        sequence.shrink(&[0, 2]);
        assert_eq!(sequence.state(), (Some(0), set(&[0, 2]), set(&[])));
    }

    #[test]
    fn an_eligible_replica_that_is_elected_is_the_whole_set_and_the_old_leader_is_eligible() {
        let mut sequence = Sequence::on(2);
        sequence.shrink(&[0, 1]);
        sequence.shrink(&[0]);
        sequence.fence(0);
        assert_eq!(sequence.state(), (Some(1), set(&[1]), set(&[0])));
        assert_eq!((sequence.grounds, sequence.partition.leader_epoch), (Some(Grounds::Eligible), Epoch(1)));
    }

    #[test]
    fn with_eligible_leader_replicas_the_in_sync_set_may_become_empty() {
        let mut sequence = Sequence::on(1);
        for node in [1, 2, 0] {
            sequence.fence(node);
        }
        assert_eq!(sequence.state(), (None, set(&[]), set(&[0])));
        assert_eq!(sequence.partition.last_known_leader, Some(NodeId(0)));
        sequence.unfence(0);
        assert_eq!(sequence.state(), (Some(0), set(&[0]), set(&[])), "it was only cut off: it is eligible");
        assert_eq!((sequence.grounds, sequence.partition.last_known_leader), (Some(Grounds::Eligible), None));
    }

    #[test]
    fn a_machine_that_failed_is_in_sync_and_eligible_no_more() {
        let mut sequence = Sequence::on(2);
        for node in [2, 1, 0] {
            sequence.fence(node);
        }
        assert_eq!(sequence.state(), (None, set(&[]), set(&[0, 1])));
        let epoch = sequence.partition.partition_epoch;
        sequence.register_unclean(0);
        assert_eq!(sequence.state(), (None, set(&[]), set(&[1])));
        assert_eq!(sequence.partition.partition_epoch, PartitionEpoch(epoch.0 + 1));
    }

    #[test]
    fn the_followers_drop_out_and_the_leader_fails_and_returns() {
        let ends = columns(Election::Clean, |sequence| {
            sequence.shrink(&[0, 1]);
            sequence.shrink(&[0]);
            sequence.fence(0);
            sequence.returns_unclean(&[0]);
        });
        let expected =
            [(Some(0), Some(Grounds::InSync)), (Some(0), Some(Grounds::LastKnown)), (Some(1), Some(Grounds::Eligible))];
        assert_eq!(ends, expected, "0 lost its tail: only with 2 it does not lead");
    }

    #[test]
    fn all_three_fail_together_and_whoever_was_fenced_last_leads() {
        let ends = columns(Election::Clean, |sequence| {
            for node in [0, 1, 2] {
                sequence.fence(node);
            }
            assert_eq!(sequence.partition.leader, None);
            sequence.returns_unclean(&[0, 1]);
            assert_eq!(sequence.partition.leader, None);
            sequence.returns_unclean(&[2]);
        });
        let grounds = [Grounds::InSync, Grounds::LastKnown, Grounds::LastKnown];
        assert_eq!(ends, grounds.map(|grounds| (Some(2), Some(grounds))));
    }

    #[test]
    fn the_followers_cannot_be_reached_and_the_leader_fails_and_the_eligible_one_does_not_return() {
        let play = |sequence: &mut Sequence| {
            for node in [1, 2, 0] {
                sequence.fence(node);
            }
            sequence.returns_unclean(&[0]);
            sequence.unfence(1);
        };
        let expected = [(Some(0), Some(Grounds::InSync)), (Some(0), Some(Grounds::LastKnown)), (None, None)];
        assert_eq!(columns(Election::Clean, play), expected);
        let mut sequence = Sequence::on(2);
        play(&mut sequence);
        assert_eq!(sequence.state(), (None, set(&[]), set(&[2])));
        sequence.unfence(2);
        assert_eq!(sequence.led_by(), (Some(2), Some(Grounds::Eligible)));
    }

    #[test]
    fn the_last_member_is_gone_for_good_where_unclean_elections_are_allowed() {
        let ends = columns(Election::Unclean, |sequence| {
            sequence.shrink(&[0, 1]);
            sequence.shrink(&[0]);
            sequence.fence(0);
        });
        let grounds = [Grounds::Present, Grounds::Present, Grounds::Eligible];
        assert_eq!(ends, grounds.map(|grounds| (Some(1), Some(grounds))));
    }

    #[test]
    fn an_unclean_election_leaves_nobody_eligible() {
        let mut sequence = Sequence::new(Some(1), Election::Unclean);
        sequence.shrink(&[0]);
        sequence.fence(0);
        assert_eq!(sequence.state(), (Some(1), set(&[1]), set(&[])));
        assert_eq!(sequence.partition.last_known_leader, None);
    }

    #[test]
    fn without_eligible_leader_replicas_nobody_is_ever_remembered() {
        let mut sequence = Sequence::off();
        for node in [1, 2, 0] {
            sequence.fence(node);
            assert_eq!((sequence.partition.elr, sequence.partition.last_known_leader), (set(&[]), None));
        }
        assert_eq!(sequence.state(), (None, set(&[0]), set(&[])));
    }

    /// 1 and 2 were the last; 2 led, came back, and failed again before it was let in; then 1 comes back.
    fn last_leader_away(mut sequence: Sequence) -> Sequence {
        for node in [0, 1, 2] {
            sequence.fence(node);
        }
        sequence.register_unclean(2);
        sequence.returns_unclean(&[1]);
        sequence
    }

    #[test]
    fn up_to_4_0_the_last_known_leader_is_elected_even_while_it_is_away() {
        assert_eq!(last_leader_away(Sequence::on(2)).state(), (None, set(&[]), set(&[])));
        let old = last_leader_away(Sequence::on(2).by_rules_of_4_0());
        assert_eq!((old.state(), old.grounds), ((Some(2), set(&[2]), set(&[])), Some(Grounds::LastKnown)));
        // A leader that is away stands in the way of an unclean election too.
        let unclean = || Sequence::new(Some(2), Election::Unclean);
        assert_eq!(last_leader_away(unclean()).led_by(), (Some(1), Some(Grounds::Present)));
        assert_eq!(last_leader_away(unclean().by_rules_of_4_0()).led_by(), (Some(2), Some(Grounds::LastKnown)));
    }
}

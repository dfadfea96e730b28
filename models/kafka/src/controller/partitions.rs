//! Partitions change: leaders propose in-sync sets, brokers drop out, operators move leaders.

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;

use super::election::{Change, Election, Terms, change};
use super::eligible::{Eligibility, explain};
use super::{Cluster, Controller};
use crate::config::Version;
use crate::error_code::ErrorCode;
use crate::message::{AlterPartition, Message, PartitionAltered};
use crate::metadata::{NodeSet, Partition};
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::topic::{Index, describe};

impl Controller {
    /// Every partition with `broker` in its in-sync set goes on without it, under another leader if it led. While this
    /// is worked out the broker is not acceptable as a leader, not even uncleanly.
    ///
    /// Source: `ReplicationControlManager.generateLeaderAndIsrUpdates`, metadata, 4.1.
    pub(super) fn remove_from_isr(&mut self, broker: NodeId) {
        self.remove(broker, NodeSet::EMPTY, |partition| partition.isr.contains(broker));
    }

    /// As above, for a broker whose machine failed: it may have lost what it had, so it is not eligible either.
    ///
    /// Source: `ReplicationControlManager.handleBrokerShutdown`, metadata, 4.1; KAFKA-18106.
    pub(super) fn remove_from_isr_and_elr(&mut self, broker: NodeId) {
        let unclean = NodeSet::EMPTY.with(broker);
        self.remove(broker, unclean, |partition| partition.isr.union(partition.elr).contains(broker));
    }

    fn remove(&mut self, broker: NodeId, unclean: NodeSet, concerns: impl Fn(&Partition) -> bool) {
        for index in self.plan.layout.indices() {
            if let Some(partition) = self.partition(index).filter(&concerns) {
                let terms = self.terms(index, self.election(index), unclean);
                self.change(index, partition.isr.without(broker), &terms, Some(broker));
            }
        }
    }

    /// Partitions without a leader get one if somebody can lead them now.
    pub(super) fn elect_for_leaderless(&mut self) {
        for index in self.plan.layout.indices() {
            if let Some(partition) = self.partition(index).filter(|partition| partition.leader.is_none()) {
                self.elect(index, partition.isr, self.election(index));
            }
        }
    }

    /// Leaders go back to the preferred replicas where those are in sync.
    ///
    /// Source: `ReplicationControlManager.maybeBalancePartitionLeaders`, metadata, 4.1.
    pub(super) fn elect_preferred_leaders(&mut self) {
        for index in self.plan.layout.indices() {
            let preferred = self.cluster.replicas.get(index.index()).and_then(|replicas| replicas.first().copied());
            if let Some(partition) = self.partition(index).filter(|partition| partition.leader != preferred) {
                self.elect(index, partition.isr, Election::Preferred);
            }
        }
    }

    /// The sweep that elects unclean leaders where that is allowed and nobody else can lead.
    ///
    /// Source: `ReplicationControlManager.maybeElectUncleanLeaders`, metadata, 4.1.
    pub(super) fn elect_unclean_leaders(&mut self) {
        for index in self.plan.layout.indices() {
            if self.election(index) == Election::Unclean
                && let Some(partition) = self.partition(index).filter(|partition| partition.leader.is_none())
            {
                self.elect(index, partition.isr, Election::Unclean);
            }
        }
    }

    /// An operator moves a leader: the replica becomes the preferred one, and a preferred election follows. It succeeds
    /// only to a member of the in-sync set. Without a target, the next member in replica order.
    ///
    /// Source: `kafka-reassign-partitions` with a new order of the same replicas, then `kafka-leader-election
    /// --election-type preferred`; `ReplicationControlManager.electLeader`, metadata, 4.1.
    pub(super) fn move_leader(&mut self, ctx: &mut Ctx<'_, Kafka>, origin: Origin, to: Option<NodeId>) {
        let Some((index, partition)) =
            self.plan.layout.index(origin).and_then(|index| Some((index, self.partition(index)?)))
        else {
            return;
        };
        let can_lead = |node: NodeId| partition.isr.contains(node) && self.cluster.is_active(node);
        let others =
            self.cluster.replicas[index.index()].iter().copied().filter(|&node| partition.leader != Some(node));
        let target = match to {
            Some(node) => Some(node).filter(|&node| can_lead(node)),
            None => others.clone().find(|&node| can_lead(node)),
        };
        let Some(target) = target else {
            ctx.note(|| "no leader is moved: the target is not in the in-sync set".into());
            return;
        };
        let replicas = &mut self.cluster.replicas[index.index()];
        replicas.retain(|&node| node != target);
        replicas.insert(0, target);
        self.elect(index, partition.isr, Election::Preferred);
    }

    /// A leader proposes an in-sync set. It is taken if the leader's picture of the partition is up to date and every
    /// proposed member is unfenced, not shutting down, and the very process that the leader thinks it is.
    ///
    /// Source: `ReplicationControlManager.{alterPartition,validateAlterPartitionData,ineligibleReplicasForIsr}`,
    /// metadata, 4.1.
    #[cold]
    pub(super) fn alter_partition(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, request: &AlterPartition) {
        let result = self.check_proposal(from, request).map(|index| {
            self.elect(index, request.isr, self.election(index));
            self.cluster.image.partitions[index.index()]
        });
        if let Err(error) = result {
            let name = self.plan.name(from).to_owned();
            ctx.note(|| format!("refuses an in-sync set that {name} proposes: {error}"));
        }
        let (correlation, origin) = (request.correlation, request.origin);
        self.reply(ctx, from, Message::PartitionAltered(PartitionAltered { correlation, origin, result }));
    }

    fn check_proposal(&self, from: NodeId, request: &AlterPartition) -> Result<Index, ErrorCode> {
        match self.cluster.image.broker(from) {
            Some(status) if status.epoch == request.broker_epoch => {}
            Some(_) => return Err(ErrorCode::StaleBrokerEpoch),
            None => return Err(ErrorCode::BrokerIdNotRegistered),
        }
        let index = self.plan.layout.index(request.origin).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let partition = self.partition(index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let replicas: NodeSet = self.cluster.replicas[index.index()].iter().copied().collect();
        if request.leader_epoch > partition.leader_epoch || request.partition_epoch > partition.partition_epoch {
            return Err(ErrorCode::NotController);
        }
        if request.leader_epoch < partition.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if partition.leader != Some(from) {
            return Err(ErrorCode::InvalidRequest);
        }
        if request.partition_epoch < partition.partition_epoch {
            return Err(ErrorCode::InvalidUpdateVersion);
        }
        if !request.isr.is_subset(replicas) || !request.isr.contains(from) {
            return Err(ErrorCode::InvalidRequest);
        }
        let is_eligible = |(node, epoch): (NodeId, &Option<_>)| {
            let status = self.cluster.image.broker(node);
            status.is_some_and(|status| status.is_active() && epoch.is_none_or(|epoch| epoch == status.epoch))
        };
        match request.isr.iter().zip(request.members.iter()).all(is_eligible) {
            true => Ok(index),
            false => Err(ErrorCode::IneligibleReplica),
        }
    }

    fn partition(&self, index: Index) -> Option<Partition> {
        self.cluster.image.partitions.get(index.index()).copied()
    }

    fn election(&self, index: Index) -> Election {
        match self.plan.topic(index).unclean_leader_election && Rule::UncleanElection.holds()
            || !Rule::CleanElection.holds()
        {
            true => Election::Unclean,
            false => Election::Clean,
        }
    }

    fn terms(&self, index: Index, election: Election, unclean: NodeSet) -> Terms {
        let config = &self.plan.config;
        Terms {
            election,
            shrink_bumps: config.version < Version::new(3, 6),
            eligibility: config.broker.eligible_leader_replicas.then(|| Eligibility {
                min_isr: self.plan.min_isr(index),
                unclean,
                elects_fenced: config.rules.fenced_last_known_leader,
            }),
        }
    }

    /// Gives a partition this in-sync set, and a leader that goes with it.
    fn elect(&mut self, index: Index, target_isr: NodeSet, election: Election) {
        let terms = self.terms(index, election, NodeSet::EMPTY);
        self.change(index, target_isr, &terms, None);
    }

    fn change(&mut self, index: Index, target_isr: NodeSet, terms: &Terms, without: Option<NodeId>) {
        let Cluster { image, replicas } = &self.cluster;
        let old = image.partitions[index.index()];
        let acceptable = |node: NodeId| without != Some(node) && self.cluster.is_active(node);
        let Some(changed) = change(&old, &replicas[index.index()], target_isr, terms, acceptable) else {
            return;
        };
        self.cluster.image.partitions[index.index()] = changed.partition;
        self.decide();
        self.tell_changed(index, &old, &changed);
    }

    fn tell_changed(&mut self, index: Index, old: &Partition, change: &Change) {
        let origin = self.plan.layout.origin(index);
        let new = change.partition.isr;
        let isr = || new.iter().collect::<Vec<_>>();
        if !old.isr.is_subset(new) {
            self.tell(Observation::IsrShrunk { origin, isr: isr() });
        }
        if !new.is_subset(old.isr) {
            self.tell(Observation::IsrExpanded { origin, isr: isr() });
        }
        for text in explain(old, &change.partition, change.grounds, |nodes| self.plan.names(nodes)) {
            self.tell(Observation::Noted { text: format!("{}: {text}", describe(origin)) });
        }
        if change.leader_changed {
            self.tell_elected(index, change.is_unclean());
        }
    }

    pub(super) fn tell_elected(&mut self, index: Index, unclean: bool) {
        let partition = self.cluster.image.partitions[index.index()];
        self.tell(Observation::LeaderElected {
            origin: self.plan.layout.origin(index),
            leader: partition.leader,
            epoch: partition.leader_epoch.0,
            clean: !unclean,
        });
    }
}

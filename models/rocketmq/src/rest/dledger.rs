//! Whether a DLedger group has a leader whom everybody follows who ever will.

use std::ops::ControlFlow;

use ackproof_core::model::Actors;
use ackproof_core::node::NodeId;

use crate::broker::{Broker, Standing};
use crate::model::Rocketmq;
use crate::rest::Watcher;
use crate::topic::Group;

/// Shows what is still going on in each group.
pub fn look(model: &Rocketmq, actors: &Actors<'_, Rocketmq>, see: &mut Watcher<'_>) -> ControlFlow<()> {
    model.plan.groups().try_for_each(|group| look_at(model, actors, group, see))
}

/// A member that is in a later term than a leader whom a majority follows, and whose log is shorter, never comes back while
/// that leader leads: it is left out, and not waited for.
///
/// Source: `DLedgerLeaderElector.handleVote`, `sendHeartbeats`, DLedger 0.3.1.2; dledger#85, #144, #247, #325.
fn look_at(model: &Rocketmq, actors: &Actors<'_, Rocketmq>, group: Group, see: &mut Watcher<'_>) -> ControlFlow<()> {
    let plan = &model.plan;
    let running = || model.brokers(actors).filter(|(_, broker)| broker.group() == group && broker.is_serving());
    let name = group.name();
    let is_majority = |count: usize| 2 * count > usize::from(plan.config.cluster.members());
    let count = running().count();
    if !is_majority(count) {
        return ControlFlow::Continue(());
    }
    let masters = running().filter(|(_, broker)| broker.standing() == Standing::Master).count();
    let Some((leader, master)) = model.master(actors, group) else {
        return see(format_args!("group {name} has no leader"));
    };
    let Some(member) = master.member().filter(|_| masters == 1) else {
        return see(format_args!("group {name} has more than one leader"));
    };
    let (end, epoch) = (member.log().end(), member.epoch());
    let is_left_out = |broker: &Broker| broker.member().is_some_and(|other| other.epoch() > epoch);
    let left_out = running().filter(|(node, broker)| *node != leader && is_left_out(broker)).count();
    let follows = |node: NodeId, broker: &Broker| {
        let knows = broker.member().and_then(|other| other.leader()) == Some(leader);
        knows && member.counted_of(node) == Some(end) && broker.store().dispatched() >= end.0
    };
    for (node, broker) in running().filter(|(node, broker)| *node != leader && !is_left_out(broker)) {
        if !follows(node, broker) {
            see(format_args!("{} has not caught up with its leader", plan.name(node)))?;
        }
    }
    if member.committed() != end || master.store().dispatched() != end.0 {
        see(format_args!("{} has entries that no majority has", plan.name(leader)))?;
    }
    if !is_majority(count - left_out) {
        see(format_args!("group {name} is electing another leader"))?;
    }
    ControlFlow::Continue(())
}

//! Controller mode: whether every group has the master that the controllers want, and a whole SyncStateSet.

use ackproof_core::model::Actors;
use ackproof_core::node::NodeId;

use crate::broker::{Broker, Standing};
use crate::config::Mode;
use crate::controller::Controller;
use crate::model::{Rocketmq, RocketmqActor};
use crate::replicas::Members;
use crate::topic::Group;

/// What is still going on, in words; nothing outside of controller mode.
pub fn unrest(model: &Rocketmq, actors: &Actors<'_, Rocketmq>) -> Vec<String> {
    if model.plan.config.cluster.mode != Mode::Controller {
        return Vec::new();
    }
    let controllers = || {
        actors.iter().filter_map(|(_, actor)| match actor {
            RocketmqActor::Controller(controller) => Some(&**controller),
            _ => None,
        })
    };
    if 2 * controllers().count() <= model.plan.controllers.len() {
        // Nothing will be decided any more.
        return Vec::new();
    }
    let Some(leader) = controllers().find(|controller| controller.serves()) else {
        return vec!["the controllers have no leader".to_owned()];
    };
    let mut all = Vec::new();
    if !leader.is_idle() {
        all.push("the controllers decide something".to_owned());
    }
    for group in model.plan.groups() {
        of_group(model, actors, leader, group, &mut all);
    }
    all
}

fn of_group(model: &Rocketmq, actors: &Actors<'_, Rocketmq>, leader: &Controller, group: Group, all: &mut Vec<String>) {
    let (known, plan) = (leader.group(group), &model.plan);
    let running: Vec<(NodeId, &Broker)> =
        model.brokers(actors).filter(|(_, broker)| broker.group() == group && broker.is_serving()).collect();
    let is_running = |place: u8| running.iter().any(|(node, _)| plan.place(*node).1 == place);
    let Some(master) = known.master else {
        let may_win =
            if plan.config.controller.unclean { (0..16).fold(Members::NONE, Members::with) } else { known.set };
        if known.epoch.0 == 0 || may_win.iter().any(is_running) {
            all.push(format!("group {} waits for an election", group.name()));
        }
        return;
    };
    if !is_running(master) {
        all.push(format!("group {} has a master that is down", group.name()));
        return;
    }
    for (node, broker) in &running {
        let (name, place) = (plan.name(*node), plan.place(*node).1);
        let controlled = broker.controlled();
        let is_told = (controlled.master(), controlled.epoch()) == (Some(master), known.epoch);
        if !controlled.has_joined() || !is_told || (broker.standing() == Standing::Master) != (place == master) {
            all.push(format!("{name} has not heard from the controllers who its master is"));
        } else if controlled.proposes() {
            all.push(format!("{name} proposes another SyncStateSet"));
        }
        let may_join = !plan.broker(*node).fail_over.learner && !controlled.is_stuck() && has_nameserver(actors);
        if may_join && !known.set.contains(place) {
            all.push(format!("{name} is not in the SyncStateSet"));
        }
        if !is_known(actors, *node, place == master) {
            all.push(format!("{name} is not known to every nameserver as what it is"));
        }
    }
}

fn has_nameserver(actors: &Actors<'_, Rocketmq>) -> bool {
    actors.iter().any(|(_, actor)| matches!(actor, RocketmqActor::Nameserver(_)))
}

fn is_known(actors: &Actors<'_, Rocketmq>, node: NodeId, is_master: bool) -> bool {
    actors.iter().all(|(_, actor)| match actor {
        RocketmqActor::Nameserver(nameserver) => nameserver.knows(node).is_some_and(|id| (id == 0) == is_master),
        RocketmqActor::Broker(_) | RocketmqActor::Controller(_) => true,
        RocketmqActor::Producer(_) | RocketmqActor::Consumer(_) | RocketmqActor::Auditor(_) => true,
    })
}

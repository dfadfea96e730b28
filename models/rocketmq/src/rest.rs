//! Whether the cluster is formed, and what is still going on.

use ackproof_core::model::Actors;
use ackproof_core::node::NodeKind;

use crate::broker::Standing;
use crate::model::{Rocketmq, RocketmqActor};

/// Every group has a master that its slaves follow and that the nameservers know, and every client is connected.
pub fn is_formed(model: &Rocketmq, actors: &Actors<'_, Rocketmq>) -> bool {
    let plan = &model.plan;
    let groups = plan.groups().all(|group| model.master(actors, group).is_some());
    let slaves = model.brokers(actors).all(|(_, broker)| {
        broker.standing() == Standing::Master
            || broker.following().master().is_some_and(|master| {
                model.brokers(actors).any(|(node, master_of)| {
                    node == master && master_of.links().any(|link| link.acked >= master_of.store().dispatched())
                })
            })
    });
    let known = actors.iter().all(|(_, actor)| match actor {
        RocketmqActor::Nameserver(nameserver) => {
            model.brokers(actors).all(|(node, _)| nameserver.knows(node).is_some())
        }
        RocketmqActor::Producer(producer) => producer.is_ready(),
        RocketmqActor::Consumer(consumer) => consumer.is_ready(),
        RocketmqActor::Broker(_) | RocketmqActor::Auditor(_) => true,
    });
    groups && slaves && known
}

/// What is still going on, in words.
pub fn unrest(model: &Rocketmq, actors: &Actors<'_, Rocketmq>) -> Vec<String> {
    let plan = &model.plan;
    let mut all = Vec::new();
    for (node, actor) in actors.iter() {
        let name = plan.name(node);
        match actor {
            RocketmqActor::Producer(producer) if !producer.is_idle() => {
                all.push(format!("{name} waits for answers"));
            }
            RocketmqActor::Consumer(consumer) if !consumer.is_idle() => {
                all.push(format!("{name} has messages in hand"));
            }
            RocketmqActor::Broker(broker) if broker.waits_for_producers() => {
                all.push(format!("{name} has half messages that nobody has decided"));
            }
            RocketmqActor::Broker(broker) if !broker.is_caught_up(actors, model) => {
                all.push(format!("{name} has not caught up with its master"));
            }
            RocketmqActor::Broker(_) | RocketmqActor::Nameserver(_) | RocketmqActor::Auditor(_) => {}
            RocketmqActor::Producer(_) | RocketmqActor::Consumer(_) => {}
        }
    }
    let consumers = actors.iter().filter(|(node, _)| plan.topology.get(*node).kind == NodeKind::Consumer).count();
    for queue in plan.work().filter(|_| consumers > 0) {
        let Some((_, master)) = model.master(actors, queue.group) else { continue };
        let stored = master.book().of(queue.slot).unwrap_or(0);
        if stored < master.store().max(queue.slot) {
            all.push(format!("the group has not come to the end of queue {}", plan.queues.origin(queue).0));
        }
    }
    all
}

//! Whether the cluster is formed, and what is still going on.

mod dledger;
mod groups;

use std::fmt;
use std::ops::ControlFlow;

use ackproof_core::model::Actors;
use ackproof_core::node::NodeKind;
use ackproof_core::time::Span;

use crate::broker::{Broker, Standing};
use crate::config::{Config, Listener, Mode};
use crate::consumer::POP_DELAYS;
use crate::model::{Rocketmq, RocketmqActor};
use crate::topic::{Slot, Topic};

/// Every group has a master that its slaves follow and that the nameservers know, and every client is connected.
pub fn is_formed(model: &Rocketmq, actors: &Actors<'_, Rocketmq>) -> bool {
    let plan = &model.plan;
    let groups = plan.groups().all(|group| model.master(actors, group).is_some());
    let slaves = match plan.config.cluster.mode {
        Mode::Dledger => dledger::look(model, actors, &mut |_| ControlFlow::Break(())).is_continue(),
        Mode::Controller => true,
        Mode::MasterSlave | Mode::ActingMaster => {
            model.brokers(actors).all(|(_, broker)| is_linked(model, actors, broker))
        }
    };
    let known = actors.iter().all(|(_, actor)| match actor {
        RocketmqActor::Nameserver(nameserver) => {
            let knows = |(node, broker): (_, &Broker)| match broker.standing() {
                Standing::Master => nameserver.knows(node) == Some(0),
                Standing::Slave => nameserver.knows(node).is_some(),
            };
            model.brokers(actors).all(knows)
        }
        RocketmqActor::Producer(producer) => producer.is_ready(),
        RocketmqActor::Consumer(consumer) => consumer.is_ready(),
        RocketmqActor::Broker(_) | RocketmqActor::Controller(_) | RocketmqActor::Auditor(_) => true,
    });
    groups && slaves && known && groups::unrest(model, actors).is_empty()
}

/// Whether nothing is going on. It is asked often, and puts nothing into words.
pub fn is_quiet(model: &Rocketmq, actors: &Actors<'_, Rocketmq>) -> bool {
    look(model, actors, &mut |_| ControlFlow::Break(())).is_continue()
}

/// Whether it is a master, or a slave whose master hears of it.
fn is_linked(model: &Rocketmq, actors: &Actors<'_, Rocketmq>, broker: &Broker) -> bool {
    broker.standing() == Standing::Master
        || broker.following().master().is_some_and(|master| {
            model.brokers(actors).any(|(node, master_of)| {
                node == master && master_of.links().any(|link| link.acked >= master_of.store().dispatched())
            })
        })
}

/// What is still going on, in words.
pub fn unrest(model: &Rocketmq, actors: &Actors<'_, Rocketmq>) -> Vec<String> {
    let mut all = Vec::new();
    let _ = look(model, actors, &mut |words| {
        all.push(words.to_string());
        ControlFlow::Continue(())
    });
    all
}

/// Shown each thing that is going on, says whether to go on looking.
type Watcher<'a> = dyn FnMut(fmt::Arguments<'_>) -> ControlFlow<()> + 'a;

fn look(model: &Rocketmq, actors: &Actors<'_, Rocketmq>, see: &mut Watcher<'_>) -> ControlFlow<()> {
    for (node, actor) in actors.iter() {
        let name = model.plan.name(node);
        match actor {
            RocketmqActor::Producer(producer) if !producer.is_idle() => see(format_args!("{name} waits for answers"))?,
            RocketmqActor::Consumer(consumer) if !consumer.is_idle() => {
                see(format_args!("{name} has messages in hand"))?;
            }
            RocketmqActor::Broker(broker) if broker.waits_for_producers() => {
                see(format_args!("{name} has half messages that nobody has decided"))?;
            }
            RocketmqActor::Broker(broker) if broker.member().is_none() && !broker.is_caught_up(actors, model) => {
                see(format_args!("{name} has not caught up with its master"))?;
            }
            RocketmqActor::Broker(_) | RocketmqActor::Nameserver(_) | RocketmqActor::Auditor(_) => {}
            RocketmqActor::Controller(_) | RocketmqActor::Producer(_) | RocketmqActor::Consumer(_) => {}
        }
    }
    for words in groups::unrest(model, actors) {
        see(format_args!("{words}"))?;
    }
    if model.plan.config.cluster.mode == Mode::Dledger {
        dledger::look(model, actors, see)?;
    }
    match model.plan.config.consumer.broadcasting {
        true => look_at_everyone(model, actors, see),
        false => look_at_group(model, actors, see),
    }
}

/// Queues that the group has not come to the end of, and what it gave back and was not handed again.
fn look_at_group(model: &Rocketmq, actors: &Actors<'_, Rocketmq>, see: &mut Watcher<'_>) -> ControlFlow<()> {
    let plan = &model.plan;
    let has_members = actors.iter().any(|(node, _)| plan.topology.get(node).kind == NodeKind::Consumer);
    for (_, master) in plan.groups().filter_map(|group| model.master(actors, group)) {
        let store = master.store();
        let group = master.group();
        if plan.queues.of(Topic::Schedule).any(|slot| master.delayed_upto(slot) < store.max(slot)) {
            see(format_args!("group {} has delayed messages that are not due", group.name()))?;
        }
        if !has_members {
            continue;
        }
        let behind = |slot: &Slot| master.book().of(*slot).unwrap_or(0) < store.max(*slot);
        for slot in plan.readable().filter(behind) {
            let origin = plan.origin(group, slot).0;
            see(format_args!("the group has not come to the end of queue {origin}"))?;
        }
        if !master.pops().is_empty() {
            see(format_args!("group {} waits for what it has handed out", group.name()))?;
        }
        let retries = if plan.pops() { Topic::PopRetry } else { Topic::Retry };
        if plan.queues.of(retries).any(|slot| behind(&slot)) {
            see(format_args!("the group has not come to the end of what it gave back to group {}", group.name()))?;
        }
    }
    ControlFlow::Continue(())
}

/// Queues that some consumer has not come to the end of, where each is handed everything.
fn look_at_everyone(model: &Rocketmq, actors: &Actors<'_, Rocketmq>, see: &mut Watcher<'_>) -> ControlFlow<()> {
    let plan = &model.plan;
    for (node, consumer) in actors.iter().filter_map(|(node, actor)| Some((node, actor.consumer()?))) {
        for queue in plan.work().filter(|queue| plan.readable().any(|slot| slot == queue.slot)) {
            let Some((_, master)) = model.master(actors, queue.group) else { continue };
            if consumer.offset(queue).unwrap_or(0) < master.store().max(queue.slot) {
                let (name, origin) = (plan.name(node), plan.queues.origin(queue).0);
                see(format_args!("{name} has not come to the end of queue {origin}"))?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// How long it may take until nothing is going on.
pub fn limit(config: &Config) -> Span {
    /// What anything takes that has nothing to do with delays.
    const REST: Span = Span::secs(400);
    (REST + retries(config).max(checks(config))).min(Span::MAX)
}

/// Until producers were asked about every half message as often as they are.
fn checks(config: &Config) -> Span {
    let broker = &config.master.transactions;
    let Some(_) = config.producer.transactions else { return Span::ZERO };
    let rounds = Span(broker.check_interval.0.saturating_mul(u64::from(broker.check_max) + 2));
    rounds + broker.timeout + config.producer.check_immunity.unwrap_or_default()
}

/// Until everything that was given back has come again as often as it may. Orderly listeners that repeat a message for
/// ever have no such time.
fn retries(config: &Config) -> Span {
    /// Besides its delay, what each time takes on its way.
    const EACH: Span = Span::secs(10);
    /// The first delay level of what is given back.
    const FIRST: usize = 2;
    let consumer = &config.consumer;
    let max = u32::try_from(consumer.max_reconsume).unwrap_or(16).min(1000) as usize;
    let delays = &config.master.service.delay_levels;
    if consumer.broadcasting || delays.is_empty() {
        return Span::ZERO;
    }
    let sum = |delay: &dyn Fn(usize) -> Span| (0..max).fold(Span::ZERO, |all, times| all + delay(times) + EACH);
    match consumer.listener {
        Listener::Orderly => Span(consumer.suspend.0.saturating_mul(max as u64)),
        Listener::Concurrently if consumer.pop => {
            let pop = |times: usize| Span::secs(POP_DELAYS[times.min(POP_DELAYS.len() - 1)]);
            // What came as often as it may still waits until it is older than twice the longest delay.
            sum(&|times| pop(times) + consumer.invisible) + pop(usize::MAX) + pop(usize::MAX) + pop(usize::MAX)
        }
        Listener::Concurrently => sum(&|times| delays[(FIRST + times).min(delays.len() - 1)]),
    }
}

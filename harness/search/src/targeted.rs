//! Faults aimed at one message: everything that made the broker confirm it is destroyed the moment after.
//!
//! A copy that was not on the platter yet goes with the power, one that was with its disk. Where neither may be
//! used, the holders are taken out of the cluster, so that somebody who never had the message leads.

use std::collections::BTreeMap;

use ackproof_core::app::MsgId;
use ackproof_core::fault::{FaultKind, Kill, LoseDisk, Partition, PowerLoss};
use ackproof_core::node::{NodeId, NodeKind, Part, Selector, Topology};
use ackproof_core::observe::Probe;
use ackproof_core::schedule::{Fault, Schedule};
use ackproof_core::seed::Seed;
use ackproof_core::time::Span;

use crate::aligned::outage;
use crate::proposal::{Proposal, Verbs};
use crate::selection::naming;
use crate::trace::{Confirmed, Seen, Trace};

/// Schedules that each destroy every copy that justified one acknowledgement in this trace: messages with the fewest
/// copies first, then those with the fewest copies on the platter; among equals the seed decides.
pub fn targeted(
    seed: Seed,
    trace: &Trace,
    topology: &Topology,
    verbs: &Verbs,
) -> impl Iterator<Item = Proposal> + use<> {
    let mut draw = seed.stream("search/targeted");
    // An application's ack is the later and the better moment; where it was told nothing, the broker's reply has to do.
    let mut told: BTreeMap<MsgId, &Seen> = BTreeMap::new();
    for seen in trace.of(Probe::Acked).into_iter().chain(trace.of(Probe::Confirmed)) {
        if let Some(msg) = seen.msg {
            told.entry(msg).or_insert(seen);
        }
    }
    let mut ranked = Vec::new();
    for (msg, confirmed) in trace.confirmed() {
        let Some(seen) = told.get(&msg) else { continue };
        let target = Target::new(confirmed, seen, trace);
        let (rank, end) = ((confirmed.copies.len(), target.synced.len(), draw.draw()), outage(&mut draw));
        let Some(kinds) = target.destroy(topology, verbs) else { continue };
        let what: Vec<String> = kinds.iter().map(FaultKind::to_string).collect();
        let why =
            format!("{} right after `{}` of {msg}: every copy that justified it", what.join(", "), seen.probe.word());
        let fault = |kind| Fault { kind, at: seen.anchor(Span::ZERO), end, pick: 0 };
        let schedule = Schedule { faults: kinds.into_iter().map(fault).collect() };
        ranked.push((rank, Proposal { schedule, why }));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, proposal)| proposal)
}

/// The copies that justified an acknowledgement, as they are when a fault can first fire.
struct Target {
    /// Holders whose copy is on the platter.
    synced: Vec<NodeId>,
    unsynced: Vec<NodeId>,
}

impl Target {
    fn new(confirmed: &Confirmed, seen: &Seen, trace: &Trace) -> Target {
        let is_synced = |node: &NodeId| {
            trace.synced_at(*node, confirmed.origin, confirmed.offset).is_some_and(|synced| synced <= seen.at)
        };
        let (synced, unsynced) = confirmed.copies.iter().copied().partition(is_synced);
        Target { synced, unsynced }
    }

    fn destroy(&self, topology: &Topology, verbs: &Verbs) -> Option<Vec<FaultKind>> {
        let nodes =
            |nodes: &[NodeId]| naming(nodes.iter().map(|&node| topology.name(node).to_owned()).collect(), topology);
        let holders = [&self.synced[..], &self.unsynced[..]].concat();
        if holders.is_empty() {
            return None;
        }
        if verbs.allow("power_loss") && self.synced.is_empty() {
            return Some(vec![FaultKind::PowerLoss(PowerLoss(nodes(&self.unsynced)))]);
        }
        if verbs.allow("power_loss") && verbs.allow("lose_disk") && !self.unsynced.is_empty() {
            let dark = FaultKind::PowerLoss(PowerLoss(nodes(&self.unsynced)));
            return Some(vec![dark, FaultKind::LoseDisk(LoseDisk(nodes(&self.synced)))]);
        }
        if verbs.allow("lose_disk") {
            return Some(vec![FaultKind::LoseDisk(LoseDisk(nodes(&holders)))]);
        }
        // Somebody must be left to lead.
        if holders.len() >= topology.of_kind(NodeKind::Broker).len() {
            return None;
        }
        if verbs.allow("kill") {
            return Some(vec![FaultKind::Kill(Kill(nodes(&holders)))]);
        }
        let everybody = Selector::Each(vec![Selector::part(Part::Brokers), Selector::part(Part::Controller)]);
        verbs
            .allow("partition")
            .then(|| vec![FaultKind::Partition(Partition::isolate(nodes(&holders), everybody, false))])
    }
}

#[cfg(test)]
mod tests {
    use ackproof_core::schedule::At;

    use super::*;
    use crate::trace::sample;

    fn proposals(verbs: &Verbs) -> Vec<Proposal> {
        targeted(Seed(1), &Trace::read(&sample::recording()), &sample::topology(), verbs).collect()
    }

    #[test]
    fn every_acknowledged_message_is_aimed_at_and_the_unsynced_first() {
        let all = proposals(&Verbs::all());
        assert_eq!(all.len(), sample::MESSAGES as usize);
        // All were acknowledged before b1's sync or after its position, so power is enough for each of them.
        for proposal in &all {
            let [only] = &proposal.schedule.faults[..] else { panic!("{proposal:?}") };
            assert_eq!(only.kind.to_string(), "power_loss b1, b2");
            assert!(matches!(only.at, At::Anchor { after: Probe::Acked, plus: Span::ZERO, .. }));
        }
    }

    #[test]
    fn a_copy_on_the_platter_goes_with_its_disk() {
        let mut recording = sample::recording();
        for traced in &mut recording.trace {
            if let ackproof_core::recording::Fact::Observed(ackproof_core::observe::Observation::Synced { .. }) =
                traced.fact
            {
                traced.at = ackproof_core::time::Time(1012);
            }
        }
        let trace = Trace::read(&recording);
        let kinds = |verbs: &Verbs| -> Vec<Vec<String>> {
            let text = |fault: &Fault| fault.kind.to_string();
            targeted(Seed(1), &trace, &sample::topology(), verbs)
                .map(|proposal| proposal.schedule.faults.iter().map(text).collect())
                .collect()
        };
        let all = kinds(&Verbs::all());
        // Two messages lie below the position that b1 synced.
        assert_eq!(all.iter().filter(|kinds| kinds[..] == ["power_loss b2", "lose_disk b1"]).count(), 2);
        assert_eq!(all.last().unwrap().len(), 2, "they come last");
        assert_eq!(kinds(&Verbs::only(&["lose_disk"]))[0], ["lose_disk b1, b2"]);
        let power_only = kinds(&Verbs::only(&["power_loss"]));
        assert_eq!(power_only.len(), sample::MESSAGES as usize - 2, "power alone cannot destroy those two");
    }

    #[test]
    fn where_nothing_may_be_destroyed_the_holders_are_taken_out() {
        assert_eq!(proposals(&Verbs::only(&["kill"]))[0].schedule.faults[0].kind.to_string(), "kill b1, b2");
        let cut = &proposals(&Verbs::only(&["partition"]))[0].schedule.faults[0].kind;
        assert_eq!(cut.to_string(), "partition b1, b2 | brokers, controller");
        assert_eq!(proposals(&Verbs::only(&["clock"])), []);
    }

    #[test]
    fn nobody_is_taken_out_when_everybody_holds_the_message() {
        let mut recording = sample::recording();
        for traced in &mut recording.trace {
            use ackproof_core::{observe::Observation, recording::Fact};
            if let Fact::Observed(Observation::Confirmed { copies, .. }) = &mut traced.fact {
                copies.push(NodeId(2));
            }
        }
        let trace = Trace::read(&recording);
        let all = |verbs: &Verbs| targeted(Seed(1), &trace, &sample::topology(), verbs).collect::<Vec<_>>();
        assert_eq!(all(&Verbs::only(&["kill", "partition"])), []);
        assert_eq!(all(&Verbs::all())[0].schedule.faults[0].kind.to_string(), "power_loss all-brokers");
    }

    #[test]
    fn the_order_is_fixed_by_the_seed() {
        assert_eq!(proposals(&Verbs::all()), proposals(&Verbs::all()));
        let other: Vec<Proposal> =
            targeted(Seed(2), &Trace::read(&sample::recording()), &sample::topology(), &Verbs::all()).collect();
        assert_ne!(proposals(&Verbs::all()), other);
    }
}

//! Whatever a trace says, an autopsy comes to an end and is consistent with it.

use ackproof_check::{autopsy, fates};
use ackproof_core::app::{MsgId, Origin};
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::recording::{Fact, Recording, Traced};
use ackproof_core::time::Time;
use proptest::prelude::*;

use crate::tallies::any_history;

fn any_observation() -> impl Strategy<Value = Observation> {
    let origin = || (0u16..2).prop_map(Origin);
    let msg = || (0u8..2, 0u32..4).prop_map(|(producer, sequence)| MsgId::new(producer, sequence));
    let nodes = || proptest::collection::vec((0u8..4).prop_map(NodeId), 0..4);
    let place = || (origin(), 0u64..6, 0u32..3, msg());
    prop_oneof![
        4 => place().prop_map(|(origin, offset, epoch, msg)| Observation::Appended { origin, offset, epoch, msg }),
        4 => place().prop_map(|(origin, offset, epoch, msg)| Observation::Replicated { origin, offset, epoch, msg }),
        2 => (origin(), 0u64..7).prop_map(|(origin, upto)| Observation::Synced { origin, upto }),
        2 => (msg(), origin(), 0u64..6, nodes())
            .prop_map(|(msg, origin, offset, copies)| Observation::Confirmed { msg, origin, offset, copies }),
        1 => (origin(), 0u64..7).prop_map(|(origin, upto)| Observation::Committed { origin, upto }),
        1 => (origin(), proptest::option::of((0u8..4).prop_map(NodeId)), any::<bool>())
            .prop_map(|(origin, leader, clean)| Observation::LeaderElected { origin, leader, epoch: 1, clean }),
        1 => (origin(), nodes()).prop_map(|(origin, isr)| Observation::IsrShrunk { origin, isr }),
        1 => (origin(), nodes()).prop_map(|(origin, isr)| Observation::IsrExpanded { origin, isr }),
        1 => (origin(), 0u64..7)
            .prop_map(|(origin, to)| Observation::Truncated { origin, from: 9, to, why: "its leader ends there".into() }),
        1 => place()
            .prop_map(|(origin, offset, _, msg)| Observation::Disposed { origin, offset, msg, rule: "retention".into() }),
    ]
}

fn any_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        12 => any_observation().prop_map(Fact::Observed),
        1 => (0u16..2, 0u64..4, 0u64..4).prop_map(|(origin, durable, more)| Fact::PowerCut {
            origin: Origin(origin),
            durable,
            written: durable + more + 1,
            kept: durable + more,
        }),
        1 => Just(Fact::DiskLost),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sent_message_has_an_autopsy_whose_copies_are_those_of_the_trace(
        history in any_history(),
        facts in proptest::collection::vec((any_fact(), 0u8..4, 0u64..5), 0..80),
    ) {
        let mut now = 0;
        let trace: Vec<Traced> = facts.into_iter().map(|(fact, node, wait)| {
            now += wait;
            Traced { at: Time(now), node: NodeId(node), fact }
        }).collect();
        let recording = Recording { history, trace, ..Recording::default() };
        for (msg, fate) in fates(&recording.history) {
            let autopsy = autopsy(&recording, msg).expect("it was sent");
            prop_assert_eq!(autopsy.fate, fate);
            prop_assert!(autopsy.cause.ends_with('.') && autopsy.to_string().contains(&autopsy.cause));
            prop_assert!(autopsy.events.is_sorted_by_key(|event| event.at));
            let written = recording.trace.iter().filter(|traced| matches!(
                &traced.fact,
                Fact::Observed(Observation::Appended { msg: of, .. } | Observation::Replicated { msg: of, .. }) if *of == msg
            ));
            prop_assert_eq!(autopsy.copies.len(), written.count());
            for (index, copy) in autopsy.copies.iter().enumerate() {
                let place = (copy.node, copy.origin, copy.offset);
                let again = autopsy.copies[index + 1..].iter().any(|other| (other.node, other.origin, other.offset) == place);
                prop_assert!(!again || copy.lost_at().is_some(), "two copies at one place at once");
            }
        }
    }
}

//! Whatever happens, the counts add up.

use ackproof_check::{End, Told, fates, judge};
use ackproof_core::app::{Delivery, MsgId, Origin, Outcome};
use ackproof_core::guarantee::Limits;
use ackproof_core::history::History;
use ackproof_core::node::NodeId;
use ackproof_core::op::{Death, Op, Phase};
use ackproof_core::time::Time;
use proptest::prelude::*;

use crate::story::{rejected, timed_out};

fn any_msg() -> impl Strategy<Value = MsgId> {
    (0u8..3, 0u32..12).prop_map(|(producer, sequence)| MsgId::new(producer, sequence))
}

fn any_delivery() -> impl Strategy<Value = Delivery> {
    let origin = prop_oneof![8 => 0u16..3, 1 => Just(Origin::OUTPUT), 1 => Just(Origin::INTERNAL)];
    (any_msg(), origin, 0u64..20).prop_map(|(msg, origin, offset)| Delivery { msg, origin: Origin(origin), offset })
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![4 => Just(Outcome::Acked), 1 => Just(Outcome::Untold), 1 => Just(rejected()), 1 => Just(timed_out()), 1 => Just(Outcome::Aborted)]
}

fn any_phase() -> impl Strategy<Value = Phase> {
    prop_oneof![Just(Phase::WarmUp), Just(Phase::Chaos), Just(Phase::Settle), Just(Phase::Drain)]
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => any_msg().prop_map(|msg| Op::Send { msg, attempt: 0 }),
        12 => (any_msg(), any_outcome()).prop_map(|(msg, outcome)| Op::Told { msg, outcome }),
        6 => any_delivery().prop_map(Op::Delivered),
        6 => (any_delivery(), any::<bool>()).prop_map(|(delivery, success)| Op::Processed { delivery, success }),
        6 => any_delivery().prop_map(Op::Audited),
        2 => any_delivery().prop_map(Op::Stranded),
        2 => any_delivery().prop_map(|found| Op::Effect(Delivery { origin: Origin(Origin::OUTPUT), ..found })),
        1 => any::<bool>().prop_map(|commit| Op::EndTransaction { commit }),
        2 => any_msg().prop_map(|msg| Op::Disposed { msg, rule: "retention".into() }),
        1 => Just(Op::Died(Death::Killed)),
        2 => (0u16..3, 0u64..20).prop_map(|(origin, upto)| Op::Progress { origin: Origin(origin), upto }),
        2 => (0u16..3, any::<bool>()).prop_map(|(origin, complete)| Op::AuditEnd { origin: Origin(origin), complete }),
        1 => any::<bool>().prop_map(|complete| Op::AuditEnd { origin: Origin(Origin::OUTPUT), complete }),
        1 => any_phase().prop_map(Op::PhaseLimit),
        1 => any_phase().prop_map(Op::Phase),
        1 => (0u16..3).prop_map(|fault| Op::FaultBegan { fault, text: "kill b1".into() }),
    ]
}

/// Anything at all in any order: also what no run would record.
pub fn any_history() -> impl Strategy<Value = History> {
    proptest::collection::vec((any_op(), 0u8..8, 0u64..5), 0..250).prop_map(|ops| {
        let mut history = History { nodes: (0..8).map(|n| format!("n{n}")).collect(), entries: Vec::new() };
        let mut now = Time(0);
        for (op, node, wait) in ops {
            now = Time(now.0 + wait);
            // A producer's entries come from one node, as they do in a run.
            let node = match &op {
                Op::Send { msg, .. } | Op::Told { msg, .. } => msg.producer(),
                _ => node,
            };
            history.push(now, Some(NodeId(node)), op);
        }
        history.push(now, None, Op::Phase(Phase::Verdict));
        history
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_message_sent_is_exactly_one_of_acked_rejected_unknown_untold(history in any_history()) {
        let tally = judge(&history, &Limits::default()).tally;
        let sent: std::collections::BTreeSet<MsgId> = history.entries.iter().filter_map(|entry| match &entry.op {
            Op::Send { msg, .. } => Some(*msg),
            _ => None,
        }).collect();
        prop_assert_eq!(tally.sent, sent.len() as u64);
        prop_assert_eq!(tally.sent, tally.acked + tally.rejected + tally.unknown + tally.untold + tally.aborted);
    }

    #[test]
    fn the_tally_is_the_sum_of_the_fates(history in any_history()) {
        let tally = judge(&history, &Limits::default()).tally;
        let fates = fates(&history);
        let count = |is: &dyn Fn(&ackproof_check::Fate) -> bool| fates.iter().filter(|(_, fate)| is(fate)).count() as u64;
        let open = count(&|fate| matches!(fate.end, End::Waiting | End::Unproven));
        let consumed = count(&|fate| fate.told == Told::Acked && fate.consumed > 0);
        prop_assert_eq!(tally.acked, consumed + tally.lost + tally.unreachable + open);
        prop_assert_eq!(tally.lost, tally.lost_in.values().sum::<u64>());
        prop_assert_eq!(tally.consumed, count(&|fate| fate.consumed > 0));
        prop_assert_eq!(tally.vanished, count(&|fate| fate.vanished));
        prop_assert_eq!(tally.duplicated, count(&|fate| fate.duplicated()));
        prop_assert!(tally.ghost <= tally.rejected + tally.unknown + tally.aborted);
        prop_assert!(tally.unreported <= tally.untold);
        prop_assert!(tally.vanished <= tally.acked);
        prop_assert!(tally.duplicated <= tally.consumed && tally.reordered <= tally.consumed);
    }

    #[test]
    fn a_message_is_never_lost_and_found(history in any_history()) {
        for (msg, fate) in fates(&history) {
            let seen = |is: &dyn Fn(&Op) -> bool| history.entries.iter().any(|entry| is(&entry.op));
            if fate.vanished || fate.unreported {
                let is_it = |d: &Delivery| d.msg == msg && !d.origin.is_output();
                prop_assert!(!seen(&|op| matches!(op, Op::Audited(d) | Op::Stranded(d) if is_it(d))));
            }
            if let End::Lost(_) = fate.end {
                let acked = Op::Told { msg, outcome: Outcome::Acked };
                let consumed = |op: &Op| matches!(op, Op::Processed { delivery: d, success: true } if d.msg == msg);
                prop_assert!(seen(&|op| *op == acked));
                let result = |op: &Op| matches!(op, Op::Effect(result) if result.msg == msg);
                let counts = |op: &Op| matches!(op, Op::AuditEnd { origin, .. } if origin.is_output());
                let found = if seen(&counts) { seen(&result) } else { seen(&consumed) };
                prop_assert!(!found);
            }
        }
    }
}

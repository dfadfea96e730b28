//! The life of a lost message, told and drawn.

use ackproof_core::app::{MsgId, Origin, Outcome};
use ackproof_core::history::History;
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::op::{Death, Op, Phase};
use ackproof_core::recording::{Fact, Recording, Traced};
use ackproof_core::time::Time;
use ackproof_report::explain::{Explanation, diagram, render};
use ackproof_report::text::Look;
use snapbox::{assert_data_eq, file};

const B1: NodeId = NodeId(0);
const B2: NodeId = NodeId(1);
const P1: NodeId = NodeId(2);
const AUDIT: NodeId = NodeId(3);
const LOG: Origin = Origin(0);

pub fn msg() -> MsgId {
    MsgId::new(0, 50)
}

/// Acknowledged on two machines, synced on one of them; both lose power, the other one leads afterwards.
pub fn recording() -> Recording {
    let mut history = History { nodes: ["b1", "b2", "p1", "audit"].map(String::from).into(), entries: Vec::new() };
    let mut at = |at, node, op| history.push(Time(at), node, op);
    at(0, Some(B1), Op::Started);
    at(0, Some(B2), Op::Started);
    at(1000, None, Op::Phase(Phase::Chaos));
    at(1500, Some(P1), Op::Send { msg: MsgId::new(0, 49), attempt: 0 });
    at(1510, Some(P1), Op::Send { msg: msg(), attempt: 0 });
    at(1516, Some(P1), Op::Told { msg: msg(), outcome: Outcome::Acked });
    at(1520, None, Op::FaultBegan { fault: 0, text: "power_loss b1, b2".into() });
    at(1520, Some(B1), Op::Died(Death::PowerLost));
    at(1520, Some(B2), Op::Died(Death::PowerLost));
    at(16_520, None, Op::FaultEnded { fault: 0 });
    at(16_520, Some(B1), Op::Started);
    at(16_520, Some(B2), Op::Started);
    at(30_000, Some(AUDIT), Op::AuditEnd { origin: LOG, complete: true });
    let observed = |at, node, observation| Traced { at: Time(at), node, fact: Fact::Observed(observation) };
    let elected = |at, leader, epoch, clean| {
        observed(at, B1, Observation::LeaderElected { origin: LOG, leader: Some(leader), epoch, clean })
    };
    let cut = |node, durable, kept| Traced {
        at: Time(1520),
        node,
        fact: Fact::PowerCut { origin: LOG, durable, written: 51, kept },
    };
    let trace = vec![
        elected(20, B2, 0, true),
        elected(40, B1, 1, true),
        observed(1502, B1, Observation::Appended { origin: LOG, offset: 49, epoch: 1, msg: MsgId::new(0, 49) }),
        observed(1512, B1, Observation::Appended { origin: LOG, offset: 50, epoch: 1, msg: msg() }),
        observed(1514, B2, Observation::Replicated { origin: LOG, offset: 50, epoch: 1, msg: msg() }),
        observed(1515, B1, Observation::Confirmed { msg: msg(), origin: LOG, offset: 50, copies: vec![B1, B2] }),
        observed(1518, B1, Observation::Synced { origin: LOG, upto: 51 }),
        observed(1519, B1, Observation::Synced { origin: LOG, upto: 51 }),
        cut(B1, 51, 51),
        cut(B2, 20, 48),
        elected(16_600, B2, 2, false),
        observed(16_610, B1, Observation::Truncated { origin: LOG, from: 51, to: 48, why: "follows b2".into() }),
    ];
    Recording { history, trace, ..Recording::default() }
}

#[test]
fn the_lanes_show_each_copy_from_its_writing_to_its_end() {
    assert_data_eq!(diagram(&recording(), msg(), &Look::default()), file!["golden/diagram.txt"].raw());
}

#[test]
fn without_unicode_the_diagram_is_ascii_and_fits() {
    let look = Look { unicode: false, columns: 80, ..Look::default() };
    let text = diagram(&recording(), msg(), &look);
    assert!(text.is_ascii());
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    assert_data_eq!(text, file!["golden/diagram-ascii.txt"].raw());
}

#[test]
fn only_what_matters_to_the_message_is_drawn() {
    let text = diagram(&recording(), msg(), &Look::default());
    assert!(!text.contains("0.020s") && !text.contains("1.500s") && !text.contains("1.519s"), "{text}");
    assert!(text.contains("0.040s"), "the leader at the time of the send is context:\n{text}");
}

#[test]
fn a_message_that_nobody_sent_has_no_diagram() {
    assert_eq!(diagram(&recording(), MsgId::new(3, 3), &Look::default()), "nothing is recorded about p4#3\n");
}

#[test]
fn an_explanation_goes_from_the_cause_to_the_particulars() {
    let autopsy = "p1#50: acknowledged and lost in the broker\nNo copy that justified it was on a disk.\n\nCopies\n  b1  offset 50\n";
    let story = ["power fails on b1 and b2, 4 ms after the 50th acknowledgement; they come back 15 s later".to_owned()];
    let next = [("ackproof replay x.yaml --set topic.flush.messages=1".to_owned(), "the same faults".to_owned())];
    let recording = recording();
    let explanation =
        Explanation { shows: None, autopsy, story: &story, recording: &recording, msg: msg(), next: &next };
    assert_data_eq!(render(&explanation, &Look::default()), file!["golden/explanation.txt"].raw());
}

#[test]
fn the_end_of_its_transaction_is_part_of_a_message_s_life() {
    let mut history = History { nodes: ["b1", "b2", "p1", "audit"].map(String::from).into(), entries: Vec::new() };
    let mut at = |at, op| history.push(Time(at), Some(P1), op);
    at(10, Op::EndTransaction { commit: true });
    at(20, Op::Send { msg: msg(), attempt: 0 });
    at(30, Op::EndTransaction { commit: true });
    at(40, Op::Told { msg: msg(), outcome: Outcome::Aborted });
    at(50, Op::Send { msg: msg(), attempt: 1 });
    at(60, Op::EndTransaction { commit: false });
    at(70, Op::Told { msg: msg(), outcome: Outcome::Aborted });
    at(80, Op::EndTransaction { commit: true });
    let text = diagram(&Recording { history, ..Recording::default() }, msg(), &Look::default());
    let count = |words: &str| text.matches(words).count();
    assert_eq!((count("asks to commit"), count("takes it back"), count("told: aborted")), (1, 1, 2), "{text}");
}

//! When too little happened for a green to mean something.

use ackproof_check::judge;
use ackproof_core::app::{Outcome, Reason};
use ackproof_core::guarantee::{Guarantee, Limits};
use ackproof_core::history::History;
use ackproof_core::op::{Op, Phase};
use ackproof_core::verdict::Judgement;

use crate::story::{B1, Story, msg};

const EACH: [Guarantee; 6] = [
    Guarantee::NoAckedLoss,
    Guarantee::Durable,
    Guarantee::NoUnreportedLoss,
    Guarantee::NoDuplicates,
    Guarantee::InOrder,
    Guarantee::NoGhosts,
];

fn fault(number: u16) -> Op {
    Op::FaultBegan { fault: number, text: "kill b1".into() }
}
fn miss(number: u16) -> Op {
    Op::FaultMissed { fault: number, why: "its anchor never came".into() }
}

fn nothing_holds(story: &Story, because: &str) {
    for guarantee in EACH {
        let why = story.inconclusive(guarantee).unwrap_or_else(|| panic!("{guarantee} is not inconclusive"));
        assert!(why.contains(because), "{guarantee}: {why}");
    }
    assert!(story.verdict().doubt.is_some_and(|doubt| doubt.contains(because)));
}

#[test]
fn a_green_run_is_green_and_an_empty_history_is_not() {
    let green = Story::green(5);
    assert!(EACH.into_iter().all(|guarantee| green.holds(guarantee)));
    assert_eq!(green.verdict().doubt, None);
    let verdict = judge(&History::default(), &Limits::default());
    assert!(verdict.guarantees.values().all(|judgement| matches!(judgement, Judgement::Inconclusive { .. })));
    assert!(verdict.doubt.is_some());
}

#[test]
fn a_run_whose_faults_all_missed_proves_nothing_and_one_that_fired_is_enough() {
    let insert = |faults: &[Op]| {
        let story = faults.iter().fold(Story::begin(), |story, fault| story.op(None, fault.clone()));
        story.acked(0..2).consumed(0..2).healed().audited(0..2).end(2)
    };
    nothing_holds(&insert(&[miss(0), miss(1)]), "none of the 2 scheduled faults fired (its anchor never came)");
    let one = insert(&[miss(0), fault(1), fault(1)]);
    assert!(EACH.into_iter().all(|guarantee| one.holds(guarantee)));
    assert_eq!(one.verdict().faults_fired, 1);
}

#[test]
fn a_phase_that_hit_its_limit_proves_nothing() {
    for (phase, because) in [
        (Phase::WarmUp, "not ready"),
        (Phase::Chaos, "did not finish"),
        (Phase::Settle, "come to rest"),
        (Phase::Drain, "late consumer"),
    ] {
        let story = Story::begin().acked(0..2).consumed(0..2).limit(phase).healed().audited(0..2).end(2);
        nothing_holds(&story, because);
    }
}

#[test]
fn what_was_still_going_on_at_the_limit_is_said_and_said_first() {
    let at_work = |what: &str| Op::AtWork { what: what.into() };
    let cut = Story::begin().acked(0..2).consumed([0]).limit(Phase::Settle);
    let cut = cut.op(None, at_work("c1 works on what it was handed")).op(None, at_work("p1 sends"));
    let green = cut.clone().consumed([1]).healed().audited(0..2).end(2);
    nothing_holds(&green, "limit after healing (c1 works on what it was handed; p1 sends)");
    let waiting = cut.healed().audited(0..2).end(1).inconclusive(Guarantee::NoAckedLoss);
    assert_eq!(
        waiting.as_deref(),
        Some(
            "things did not come to rest within the limit after healing (c1 works on what it was handed; p1 sends); \
             1 message acknowledged and still there, but nobody has come to consume them"
        )
    );
}

#[test]
fn a_fault_that_fired_excuses_a_chaos_phase_that_waited_for_another() {
    let story = Story::begin().op(None, fault(0)).acked(0..2).consumed(0..2).limit(Phase::Chaos).op(None, miss(1));
    let story = story.healed().audited(0..2).end(2);
    assert!(EACH.into_iter().all(|guarantee| story.holds(guarantee)));
}

#[test]
fn a_history_that_breaks_off_proves_nothing() {
    let mut story = Story::green(2);
    story.history.entries.pop();
    nothing_holds(&story, "ends before the verdict");
}

#[test]
fn when_nothing_was_acknowledged_the_promises_about_acknowledged_messages_are_inconclusive() {
    let untold = Story::begin().send(0).told(0, Outcome::Untold).consumed([0]).healed().audited([0]).end(1);
    for guarantee in [Guarantee::NoAckedLoss, Guarantee::Durable] {
        assert_eq!(untold.inconclusive(guarantee).as_deref(), Some("no message was acknowledged"));
    }
    assert!(untold.holds(Guarantee::NoUnreportedLoss) && untold.holds(Guarantee::NoDuplicates));
}

#[test]
fn when_every_send_failed_the_failures_are_named() {
    let failed = |word| Outcome::Unknown(Reason::new(word));
    let story = Story::begin().send(0).told(0, failed("TIMEOUT")).send(1).told(1, failed("REFUSED")).send(2);
    let story = story.told(2, failed("REFUSED")).healed().end(0);
    for guarantee in [Guarantee::NoAckedLoss, Guarantee::Durable] {
        let why = story.inconclusive(guarantee);
        assert_eq!(why.as_deref(), Some("no send succeeded (REFUSED, TIMEOUT)"));
    }
    let silent = story.send(3).told(3, Outcome::Untold);
    assert_eq!(silent.inconclusive(Guarantee::Durable).as_deref(), Some("no message was acknowledged"));
}

#[test]
fn when_nothing_was_consumed_the_promises_about_consuming_are_inconclusive() {
    let unread = Story::begin().acked([0]).healed().audited([0]).end(0);
    for guarantee in [Guarantee::NoDuplicates, Guarantee::InOrder, Guarantee::NoGhosts, Guarantee::NoAckedLoss] {
        assert!(unread.inconclusive(guarantee).is_some(), "{guarantee}");
    }
}

#[test]
fn a_violation_beats_every_doubt_about_the_rest_of_the_run() {
    let story = Story::begin().op(None, miss(0)).acked(0..3).consumed([0, 2, 2]).limit(Phase::Settle).died(B1);
    let story = story.healed().audited([0, 2]).end(3);
    for (guarantee, message) in [(Guarantee::NoAckedLoss, 1), (Guarantee::Durable, 1), (Guarantee::NoDuplicates, 2)] {
        assert_eq!(story.violated(guarantee), Some(vec![msg(message)]), "{guarantee}");
    }
    assert!(story.verdict().doubt.is_some());
}

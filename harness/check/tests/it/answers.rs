//! What applications were told, and what is judged from that: ghosts, unreported losses, latencies, waits.

use ackproof_check::Told;
use ackproof_core::app::Outcome;
use ackproof_core::guarantee::Guarantee;
use ackproof_core::node::NodeId;
use ackproof_core::op::{Op, Phase};

use crate::story::{C1, P1, Story, msg, rejected, timed_out};

fn told_of(story: Story) -> Told {
    story.healed().end(0).fate(0).told
}

#[test]
fn one_success_among_the_attempts_makes_a_message_acked() {
    let first = Story::begin().send(0).told(0, timed_out()).send(0).told(0, Outcome::Acked);
    assert_eq!(told_of(first), Told::Acked);
    let last = Story::begin().send(0).told(0, Outcome::Acked).send(0).told(0, rejected());
    assert_eq!(told_of(last), Told::Acked);
}

#[test]
fn one_timeout_among_refusals_leaves_a_message_unknown() {
    let story = Story::begin().send(0).told(0, timed_out()).send(0).told(0, rejected());
    assert_eq!(told_of(story), Told::Unknown);
    let refused = Story::begin().send(0).told(0, rejected()).send(0).told(0, rejected());
    assert_eq!(told_of(refused), Told::Rejected);
}

#[test]
fn a_send_without_an_answer_is_untold_when_its_process_died_and_unknown_when_it_lives() {
    assert_eq!(told_of(Story::begin().send(0)), Told::Unknown);
    assert_eq!(told_of(Story::begin().send(0).died(P1)), Told::Untold);
    assert_eq!(told_of(Story::begin().send(0).died(P1).started(P1).acked([1])), Told::Untold);
    assert_eq!(told_of(Story::begin().send(0).died(C1).died(NodeId(4))), Told::Unknown, "others died");
    assert_eq!(told_of(Story::begin().died(P1).started(P1).send(0)), Told::Unknown, "it died before");
}

#[test]
fn an_attempt_that_died_with_its_process_is_forgotten_once_another_succeeds() {
    let resent = Story::begin().send(0).died(P1).started(P1).send(0);
    assert_eq!(told_of(resent.clone().told(0, Outcome::Acked)), Told::Acked);
    assert_eq!(told_of(resent.clone().told(0, rejected())), Told::Untold, "nobody knows about the first attempt");
    assert_eq!(told_of(resent), Told::Unknown, "somebody still waits");
}

#[test]
fn a_message_consumed_although_its_application_was_told_of_a_failure_is_a_ghost() {
    for failure in [rejected(), timed_out()] {
        let story = Story::begin().acked([1]).send(0).told(0, failure.clone());
        let ghost = story.clone().consumed(0..2).healed().audited(0..2).end(2);
        assert_eq!(ghost.violated(Guarantee::NoGhosts), Some(vec![msg(0)]));
        assert!(ghost.holds(Guarantee::NoAckedLoss));
        let honest = story.consumed([1]).healed().audited([1]).end(2);
        assert!(honest.holds(Guarantee::NoGhosts));
        assert_eq!(honest.verdict().tally.lost, 0, "it was never acknowledged");
    }
}

#[test]
fn a_message_that_a_later_attempt_saved_or_nobody_was_told_about_is_no_ghost() {
    let saved = Story::begin().send(0).told(0, timed_out()).send(0).told(0, Outcome::Acked);
    assert!(saved.consumed([0]).healed().audited([0]).end(1).holds(Guarantee::NoGhosts));
    let unanswered = Story::begin().send(0).consumed([0]).healed().audited([0]).end(1);
    assert!(!unanswered.fate(0).ghost);
    let untold = Story::begin().send(0).told(0, Outcome::Untold).consumed([0]).healed().audited([0]).end(1);
    assert!(untold.holds(Guarantee::NoGhosts));
}

#[test]
fn an_untold_message_that_is_gone_is_unreported_and_not_lost() {
    let untold = |story: Story| story.acked([0]).send(1).told(1, Outcome::Untold);
    let gone = untold(Story::begin()).consumed([0]).healed().audited([0]).end(2);
    assert_eq!(gone.violated(Guarantee::NoUnreportedLoss), Some(vec![msg(1)]));
    assert!(gone.holds(Guarantee::NoAckedLoss) && gone.holds(Guarantee::Durable));
    let disposed = untold(Story::begin()).consumed([0]).disposed(1).healed().audited([0]).end(2);
    assert!(disposed.fate(1).unreported);
    for there in [
        untold(Story::begin()).consumed(0..2).healed().audited([0]).end(2),
        untold(Story::begin()).consumed([0]).healed().audited(0..2).end(2),
        untold(Story::begin()).consumed([0]).healed().audited([0]).stranded(1).end(2),
    ] {
        assert!(there.holds(Guarantee::NoUnreportedLoss));
    }
    let unread = untold(Story::begin()).consumed([0]).healed().audited([0]).limit(Phase::Drain).end_leaderless(2);
    assert!(unread.inconclusive(Guarantee::NoUnreportedLoss).is_some() && !unread.fate(1).unreported);
}

#[test]
fn a_message_that_died_in_its_producers_memory_is_unreported() {
    let story = Story::begin().acked([0]).send(1).died(P1).consumed([0]).healed().audited([0]).end(1);
    assert!(story.fate(1).unreported);
    let told = Story::begin().acked([0]).send(1).told(1, rejected()).died(P1).consumed([0]).healed().audited([0]);
    assert!(!told.end(1).fate(1).unreported, "somebody was told");
}

#[test]
fn latency_counts_from_the_first_hand_over_to_the_first_success() {
    let story = Story::begin().send(0).pause(9).told(0, timed_out()).send(0).pause(4).told(0, Outcome::Acked);
    let story = story.acked([1]).send(2).pause(99).told(2, rejected());
    assert_eq!(story.healed().end(0).verdict().ack_ms, vec![1, 16]);
}

#[test]
fn a_wait_lasts_from_the_first_send_after_a_success_to_the_next_success() {
    let waited = |story: Story| story.verdict().unavailable_ms;
    let story = Story::begin().acked([0]).send(1).pause(29).told(1, timed_out());
    let outage = story.clone().send(2).pause(9).told(2, Outcome::Acked).healed().end(0);
    assert_eq!(waited(outage), 41, "the failure in between is no success");
    assert_eq!(waited(story.clone().pause(500).healed().end(0)), 30, "after the failure nothing was to send");
    assert_eq!(waited(Story::begin().send(0).pause(50).healed().end(0)), 52, "no answer until the drain");
    assert_eq!(waited(Story::begin().acked(0..5).pause(900).healed().end(0)), 1, "idle is not unavailable");
}

#[test]
fn a_producer_that_is_down_waits_for_nothing() {
    let story = Story::begin().send(0).pause(9).died(P1).pause(500).started(P1).acked([1]).healed().end(0);
    assert_eq!(story.verdict().unavailable_ms, 10);
}

#[test]
fn messages_in_flight_together_wait_for_any_success() {
    let story = Story::begin().send(0).send(1).pause(8).told(1, Outcome::Acked).pause(4).told(0, Outcome::Acked);
    assert_eq!(story.healed().end(0).verdict().unavailable_ms, 10);
}

#[test]
fn an_answer_to_nothing_puts_the_run_in_doubt() {
    let mut story = Story::green(2);
    story.history.entries.retain(|entry| !matches!(entry.op, Op::Send { msg: sent, .. } if sent == msg(1)));
    assert_eq!(story.verdict().tally.sent, 1);
    assert!(story.inconclusive(Guarantee::NoAckedLoss).is_some_and(|why| why.contains("nobody sent")));
}

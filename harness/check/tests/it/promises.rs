//! Duplicates, order, availability and latency.

use ackproof_check::judge;
use ackproof_core::app::{Delivery, Origin, Outcome};
use ackproof_core::guarantee::{Guarantee, Limits};
use ackproof_core::op::Op;
use ackproof_core::time::Span;
use ackproof_core::verdict::Judgement;

use crate::story::{C1, C2, P1, Story, at_home, msg, rejected};

fn delivery(sequence: u32, origin: u16) -> Delivery {
    Delivery { origin: Origin(origin), ..at_home(sequence) }
}

#[test]
fn a_message_processed_twice_is_duplicated_and_one_delivered_twice_is_not() {
    let twice = Story::begin().acked(0..3).consumed(0..3).consumed([1]).healed().audited(0..3).end(3);
    assert_eq!(twice.violated(Guarantee::NoDuplicates), Some(vec![msg(1)]));
    assert!(twice.holds(Guarantee::InOrder), "a repetition is no disorder");
    let again = Story::begin().acked(0..3).consumed([0]).delivered([1]).died(C1).started(C1);
    assert!(again.consumed(1..3).healed().audited(0..3).end(3).holds(Guarantee::NoDuplicates));
}

#[test]
fn a_message_that_failed_once_and_then_succeeded_was_consumed_once() {
    let failed = Op::Processed { delivery: at_home(0), success: false };
    let story = Story::begin().acked([0]).delivered([0]).op(Some(C1), failed).consumed([0]).healed().audited([0]);
    let story = story.end(1);
    assert!(story.holds(Guarantee::NoDuplicates) && story.holds(Guarantee::NoAckedLoss));
}

#[test]
fn a_message_first_consumed_after_a_later_one_is_reordered() {
    let story = Story::begin().acked(0..3).consumed([0, 2, 1]).healed().audited(0..3).end(3);
    assert_eq!(story.violated(Guarantee::InOrder), Some(vec![msg(1)]));
    assert_eq!(story.verdict().tally.reordered, 1);
}

#[test]
fn order_is_per_origin_and_per_producer() {
    let story = Story::begin().acked(0..2).processed(delivery(1, 1)).processed(delivery(0, 0)).healed();
    assert_eq!(story.audited(0..2).end(2).verdict().tally.reordered, 0);
    let other = ackproof_core::app::MsgId::new(1, 0);
    let send = |story: Story| {
        story.op(None, Op::Send { msg: other, attempt: 0 }).op(None, Op::Told { msg: other, outcome: Outcome::Acked })
    };
    let story = send(Story::begin().acked(0..2)).consumed(0..2);
    let story = story.processed(Delivery { msg: other, origin: Origin(0), offset: 9 }).healed().audited(0..2).end(10);
    assert_eq!(story.verdict().tally.reordered, 0);
}

#[test]
fn what_two_consumers_do_in_the_same_millisecond_has_no_order() {
    let consume = |second| {
        let mut story = Story::begin().acked(0..2).processed(at_home(1));
        let at = story.history.entries.last().expect("entries").at;
        story.history.push(at, Some(second), Op::Processed { delivery: at_home(0), success: true });
        story.healed().audited(0..2).end(2).verdict().tally.reordered
    };
    assert_eq!((consume(C2), consume(C1)), (0, 1));
}

#[test]
fn a_message_that_consumers_went_past_is_a_gap_unless_its_application_was_told() {
    let gap = Story::begin().acked(0..3).consumed([0, 2]).healed().audited([0, 2]).end(3);
    assert_eq!(gap.violated(Guarantee::InOrder), Some(vec![msg(1)]));
    let untold = Story::begin().acked([0, 2]).send(1).told(1, Outcome::Untold);
    assert!(untold.consumed([0, 2]).healed().audited([0, 2]).end(3).fate(1).gap);
    let told = Story::begin().acked([0, 2]).send(1).told(1, rejected());
    assert!(told.consumed([0, 2]).healed().audited([0, 2]).end(3).holds(Guarantee::InOrder));
    let tail = Story::begin().acked(0..3).consumed([0, 1]).healed().audited([0, 1]).end(3);
    assert!(tail.holds(Guarantee::InOrder), "nothing came after it, so no consumer can tell");
}

#[test]
fn a_lost_message_of_unknown_origin_is_a_gap_when_every_origin_went_past_its_place() {
    let story = |last: u32| {
        let even = [0, 2, last];
        let story = Story::begin().acked(0..8);
        let story = even.into_iter().fold(story, |story, n| story.processed(delivery(n, 0)));
        story.processed(delivery(5, 1)).healed().audited([]).end(8).fate(3)
    };
    assert!(story(4).gap);
    assert!(!story(1).gap, "it may have been the last in its origin");
}

fn judged(story: &Story, limits: Limits, guarantee: Guarantee) -> Option<Judgement> {
    judge(&story.history, &limits).guarantees.remove(&guarantee)
}

#[test]
fn availability_and_latency_are_judged_where_a_limit_is_given_and_only_there() {
    let story = Story::begin().send(0).pause(49).told(0, Outcome::Acked).consumed([0]).healed().audited([0]).end(1);
    for (limit_ms, holds) in [(50, true), (49, false)] {
        let limit = Some(Span(limit_ms));
        let limits = Limits { longest_unavailable: limit, ack_p99: limit };
        for guarantee in [Guarantee::Available, Guarantee::Ack] {
            let judgement = judged(&story, limits, guarantee).expect("a limit was given");
            assert_eq!(judgement == Judgement::Holds, holds, "{guarantee} {judgement:?}");
            assert_eq!(matches!(judgement, Judgement::Violated { .. }), !holds);
        }
    }
    assert_eq!(judged(&story, Limits::default(), Guarantee::Available), None);
    assert_eq!(judged(&story, Limits::default(), Guarantee::Ack), None);
}

#[test]
fn one_slow_acknowledgement_in_two_hundred_does_not_break_a_p99_and_two_in_a_hundred_do() {
    let slow = |every: u32| {
        let story = (0..200).fold(Story::begin(), |story, n| {
            let wait = if n % every == 0 { 500 } else { 0 };
            story.send(n).pause(wait).told(n, Outcome::Acked)
        });
        let limits = Limits { ack_p99: Some(Span(25)), ..Limits::default() };
        judged(&story.consumed(0..200).healed().audited(0..200).end(200), limits, Guarantee::Ack)
    };
    assert_eq!(slow(200), Some(Judgement::Holds));
    assert!(matches!(slow(50), Some(Judgement::Violated { .. })));
}

#[test]
fn latency_of_nothing_is_inconclusive() {
    let story = Story::begin().send(0).told(0, Outcome::Untold).died(P1).healed().end(0);
    let limits = Limits { ack_p99: Some(Span(25)), ..Limits::default() };
    assert!(matches!(judged(&story, limits, Guarantee::Ack), Some(Judgement::Inconclusive { .. })));
}

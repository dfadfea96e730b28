//! Where messages end.

use ackproof_check::End;
use ackproof_core::app::{Delivery, Origin};
use ackproof_core::guarantee::Guarantee;
use ackproof_core::op::{Op, Phase};
use ackproof_core::verdict::Stage;

use crate::story::{C1, Story, at_home, msg};

fn elsewhere(sequence: u32, origin: u16, offset: u64) -> Delivery {
    Delivery { msg: msg(sequence), origin: Origin(origin), offset }
}

#[test]
fn an_acked_message_that_is_nowhere_is_lost_in_the_broker_and_has_vanished() {
    let story = Story::begin().acked(0..3).consumed([0, 2]).healed().audited([0, 2]).end(3);
    assert_eq!(story.end_of(1), End::Lost(Stage::Broker));
    assert!(story.fate(1).vanished);
    let verdict = story.verdict();
    assert_eq!((verdict.lost, verdict.vanished), (vec![(msg(1), Stage::Broker)], vec![msg(1)]));
    assert_eq!(verdict.tally.lost_in[&Stage::Broker], 1);
    assert_eq!(Story::green(3).end_of(1), End::Consumed);
}

#[test]
fn a_message_that_was_consumed_before_it_vanished_is_not_lost() {
    let story = Story::begin().acked(0..3).consumed(0..3).healed().audited([0, 2]).end(3);
    assert_eq!(story.end_of(1), End::Consumed);
    assert!(story.fate(1).vanished && story.holds(Guarantee::NoAckedLoss));
    assert_eq!(story.violated(Guarantee::Durable), Some(vec![msg(1)]));
}

#[test]
fn a_message_that_progress_passed_over_is_lost_in_the_consumer_and_has_not_vanished() {
    let story = Story::begin().acked(0..3).consumed([0, 2]).healed().audited(0..3).end(3);
    assert_eq!(story.end_of(1), End::Lost(Stage::Consumer));
    assert!(!story.fate(1).vanished && story.holds(Guarantee::Durable));
}

#[test]
fn a_message_that_was_committed_when_it_was_delivered_and_died_with_its_consumer_is_lost_in_the_consumer() {
    let story = Story::begin().acked(0..3).consumed([0, 1]).delivered([2]).died(C1).healed().audited(0..3).end(3);
    assert_eq!(story.end_of(2), End::Lost(Stage::Consumer));
}

#[test]
fn a_message_that_nobody_has_come_to_is_waiting_and_the_run_is_in_doubt() {
    let story = Story::begin().acked(0..3).consumed([0, 1]).healed().audited(0..3).end(2);
    assert_eq!(story.end_of(2), End::Waiting);
    assert_eq!(story.verdict().tally.lost, 0);
    assert!(story.inconclusive(Guarantee::NoAckedLoss).is_some() && story.verdict().doubt.is_some());
    assert!(story.holds(Guarantee::Durable), "that it is there is certain");
}

#[test]
fn progress_past_one_of_two_copies_is_no_loss_as_long_as_the_other_lies_ahead() {
    let stored_twice = |progress| {
        let copies = Story::begin().acked(0..3).consumed([0, 2]).healed().audited(0..3).found(elsewhere(1, 0, 90));
        copies.end(progress)
    };
    assert_eq!(stored_twice(50).end_of(1), End::Waiting);
    assert_eq!(stored_twice(91).end_of(1), End::Lost(Stage::Consumer));
}

#[test]
fn progress_in_one_origin_says_nothing_about_another() {
    let story = Story::begin().acked(0..1).healed().found(elsewhere(0, 1, 0));
    let behind = story.clone().op(None, Op::AuditEnd { origin: Origin(1), complete: true }).end(50);
    assert_eq!(behind.end_of(0), End::Waiting);
    let passed = story.op(None, Op::Progress { origin: Origin(1), upto: 1 });
    assert_eq!(passed.op(None, Op::AuditEnd { origin: Origin(1), complete: true }).end(0).end_of(0), {
        End::Lost(Stage::Consumer)
    });
}

#[test]
fn a_destroyed_message_is_lost_in_the_broker_although_it_was_delivered_and_progress_is_past_its_position() {
    let story = Story::begin().acked(0..3).delivered([1]).died(C1).consumed([0, 2]).healed().audited([0, 2]).end(3);
    assert_eq!(story.end_of(1), End::Lost(Stage::Broker));
}

#[test]
fn a_message_that_a_rule_disposed_of_is_lost_in_disposal_and_has_not_vanished() {
    let story = Story::begin().acked(0..3).consumed([1, 2]).disposed(0).healed().audited([1, 2]).end(3);
    assert_eq!(story.end_of(0), End::Lost(Stage::Disposal));
    assert!(story.holds(Guarantee::Durable) && story.violated(Guarantee::NoAckedLoss).is_some());
    let consumed_first = Story::begin().acked(0..3).consumed(0..3).disposed(0).healed().audited([1, 2]).end(3);
    assert_eq!(consumed_first.end_of(0), End::Consumed);
}

/// The original stays in its queue, behind the group's progress, until it is deleted by age.
#[test]
fn a_dead_lettered_message_is_lost_in_disposal_although_its_original_is_still_there() {
    let story = |rule: &str| {
        let story = Story::begin().acked(0..3).consumed([0, 2]).disposed_by(1, rule);
        story.healed().audited(0..3)
    };
    let dead = story("dead-lettered after 16 tries").end(3);
    assert_eq!(dead.end_of(1), End::Lost(Stage::Disposal));
    assert!(!dead.fate(1).vanished);
    assert_eq!((dead.verdict().tally.dead_lettered, dead.verdict().tally.lost), (1, 1));
    assert_eq!(story("too many tries").end(3).verdict().tally.dead_lettered, 0);
    assert_eq!(story("dead-lettered after 16 tries").end(1).end_of(1), End::Waiting, "another copy may come");
}

#[test]
fn a_stranded_message_is_unreachable_and_never_lost_even_behind_progress() {
    for progress in [0, 3] {
        let story = Story::begin().acked(0..3).consumed([0, 1]).healed().stranded(0).stranded(1).stranded(2);
        let story = story.end_leaderless(progress);
        assert_eq!(story.end_of(2), End::Unreachable);
        assert_eq!((story.verdict().tally.unreachable, story.verdict().tally.lost), (1, 0));
        assert!(story.inconclusive(Guarantee::NoAckedLoss).is_some() && story.holds(Guarantee::Durable));
    }
}

#[test]
fn what_no_disk_of_a_leaderless_origin_holds_is_lost() {
    let nothing_left = Story::begin().acked(0..2).consumed([0]).healed().end_leaderless(1);
    assert_eq!(nothing_left.end_of(1), End::Lost(Stage::Broker));
    let one_left = Story::begin().acked(0..2).healed().stranded(0).end_leaderless(0);
    assert_eq!((one_left.end_of(0), one_left.end_of(1)), (End::Unreachable, End::Lost(Stage::Broker)));
}

#[test]
fn what_an_audit_that_was_cut_short_did_not_find_is_unproven() {
    let story = Story::begin().acked(0..3).consumed([0]).healed().audited([0]).limit(Phase::Drain).end_leaderless(1);
    assert_eq!(story.end_of(1), End::Unproven);
    assert!(story.inconclusive(Guarantee::NoAckedLoss).is_some() && story.inconclusive(Guarantee::Durable).is_some());
    assert_eq!((story.verdict().tally.lost, story.verdict().tally.vanished), (0, 0));
}

#[test]
fn a_limit_elsewhere_does_not_excuse_a_loss() {
    let elsewhere_cut = Story::begin().acked(0..3).consumed([0, 2]).limit(Phase::Chaos).healed().audited([0, 2]);
    assert_eq!(elsewhere_cut.clone().end(3).violated(Guarantee::NoAckedLoss), Some(vec![msg(1)]));
    // The drain was cut in another origin; this one was read to its end, and the message was once seen in it.
    let cut = Story::begin().acked(0..3).delivered([1]).consumed([0, 2]).healed().audited([0, 2]).limit(Phase::Drain);
    let cut = cut.died(C1).op(None, Op::AuditEnd { origin: Origin(1), complete: false }).end(3);
    assert_eq!(cut.end_of(1), End::Lost(Stage::Broker));
}

#[test]
fn a_message_that_can_have_been_anywhere_is_lost_only_when_everything_was_read() {
    let other = |complete| {
        let story = Story::begin().acked(0..2).consumed([0]).healed().audited([0]).limit(Phase::Drain);
        story.op(None, Op::AuditEnd { origin: Origin(1), complete }).end(2).end_of(1)
    };
    assert_eq!((other(true), other(false)), (End::Lost(Stage::Broker), End::Unproven));
}

#[test]
fn a_message_sent_twice_may_be_in_another_origin_than_the_one_where_it_was_seen() {
    let twice = Story::begin().acked(0..1).acked([0]).delivered([0]).died(C1).healed().limit(Phase::Drain);
    let unread = Op::AuditEnd { origin: Origin(1), complete: false };
    assert_eq!(twice.op(None, unread.clone()).end(1).end_of(0), End::Unproven);
    let once = Story::begin().acked(0..1).delivered([0]).died(C1).healed().limit(Phase::Drain);
    assert_eq!(once.op(None, unread).end(1).end_of(0), End::Lost(Stage::Broker));
}

#[test]
fn without_a_late_consumer_absence_proves_nothing() {
    let story = Story::begin().acked(0..2).consumed([0]).healed().progress(2).op(None, Op::Phase(Phase::Verdict));
    assert_eq!(story.end_of(1), End::Unproven);
    assert!(story.inconclusive(Guarantee::Durable).is_some());
}

#[test]
fn a_message_in_the_hands_of_a_living_application_is_not_lost_when_the_run_was_cut() {
    let failed = Op::Processed { delivery: at_home(1), success: false };
    let in_hand = |cut: bool, dies: bool| {
        let story = Story::begin().acked(0..2).consumed([0]).delivered([1]).op(Some(C1), failed.clone());
        let story = if dies { story.died(C1).started(C1) } else { story };
        let story = if cut { story.limit(Phase::Settle) } else { story };
        story.healed().audited(0..2).end(2).end_of(1)
    };
    assert_eq!(in_hand(true, false), End::Waiting);
    assert_eq!(in_hand(true, true), End::Lost(Stage::Consumer));
    assert_eq!(in_hand(false, false), End::Lost(Stage::Consumer));
}

#[test]
fn a_message_whose_processing_failed_for_good_is_lost_in_the_consumer() {
    let failed = Op::Processed { delivery: at_home(1), success: false };
    let story = Story::begin().acked(0..2).consumed([0]).delivered([1]).op(Some(C1), failed);
    assert_eq!(story.healed().audited(0..2).end(2).end_of(1), End::Lost(Stage::Consumer));
}

#[test]
fn what_a_broker_keeps_for_itself_is_no_place_for_messages() {
    let internal = Origin(Origin::INTERNAL);
    let story = Story::begin().acked(0..2).consumed([0]).healed().audited([0]);
    let story = story.op(None, Op::AuditEnd { origin: internal, complete: false }).limit(Phase::Drain).end(2);
    assert_eq!(story.end_of(1), End::Lost(Stage::Broker));
}

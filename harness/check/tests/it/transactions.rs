//! Transactions: what was taken back, and results that count in the place of processing.

use ackproof_check::{End, Told, autopsy, judge};
use ackproof_core::app::{MsgId, Outcome};
use ackproof_core::guarantee::{Guarantee, Limits};
use ackproof_core::op::{Op, Phase};
use ackproof_core::recording::Recording;
use ackproof_core::time::Span;
use ackproof_core::verdict::{Judgement, Stage};

use crate::story::{B1, C1, C2, Story, at_home, msg, rejected, result_of, timed_out};

/// Messages 0 and 1 are sent and taken back, or fail, in a transaction whose commit was or was not wanted.
fn taken_back(wanted: bool, outcome: Outcome) -> Story {
    Story::begin().send(0).send(1).ends_transaction(wanted).told(0, outcome.clone()).told(1, outcome)
}

#[test]
fn a_message_taken_back_with_its_transaction_is_aborted_and_owed_to_nobody() {
    let story = taken_back(false, Outcome::Aborted).acked([2]).consumed([2]).healed().audited([2]).end(3);
    assert_eq!((story.fate(0).told, story.end_of(0)), (Told::Aborted, End::Unowed));
    let tally = story.verdict().tally;
    assert_eq!((tally.sent, tally.acked, tally.aborted, tally.rejected), (3, 1, 2, 0));
    for guarantee in story.verdict().guarantees.into_keys() {
        assert!(story.holds(guarantee), "{guarantee}: what was taken back is no loss and leaves no gap");
    }
}

#[test]
fn what_was_taken_back_and_sent_again_has_the_outcome_of_the_better_attempt() {
    let again = |outcome| taken_back(true, Outcome::Aborted).send(0).told(0, outcome).fate(0).told;
    assert_eq!(again(Outcome::Acked), Told::Acked);
    assert_eq!(again(timed_out()), Told::Unknown);
    assert_eq!(again(rejected()), Told::Aborted, "what was refused was never there; what was taken back may be");
}

#[test]
fn a_message_that_was_taken_back_and_consumed_is_an_aborted_read_unless_it_was_sent_again_and_acked() {
    let read = taken_back(false, Outcome::Aborted).acked([2]).consumed([0, 2]).healed().audited([2]).end(3);
    assert_eq!(read.violated(Guarantee::NoAbortedReads), Some(vec![msg(0)]));
    assert_eq!(read.violated(Guarantee::NoGhosts), Some(vec![msg(0)]));
    let again = taken_back(true, Outcome::Aborted).acked([0, 1, 2]).consumed([0, 1, 2]).healed().audited(0..3).end(3);
    assert!(again.holds(Guarantee::NoAbortedReads) && again.holds(Guarantee::NoGhosts));
    // Nobody was told that the transaction was taken back: a ghost, and no aborted read.
    let failed = taken_back(true, timed_out()).acked([2]).consumed([0, 2]).healed().audited([2]).end(3);
    assert!(failed.holds(Guarantee::NoAbortedReads) && failed.violated(Guarantee::NoGhosts).is_some());
    assert_eq!(failed.verdict().tally.aborted, 0);
}

#[test]
fn taking_back_what_one_wants_to_take_back_is_a_success_and_being_refused_a_commit_is_none() {
    let available = |commit| {
        let story = Story::begin().send(0).ends_transaction(commit).told(0, Outcome::Aborted).pause(60_000);
        let story = story.acked([1]).consumed([1]).healed().audited([1]).end(2);
        let limits = Limits { longest_unavailable: Some(Span::secs(30)), ..Limits::default() };
        judge(&story.history, &limits).guarantees[&Guarantee::Available].clone()
    };
    assert_eq!(available(false), Judgement::Holds);
    assert!(matches!(available(true), Judgement::Violated { .. }), "nothing was achieved for a minute");
}

#[test]
fn exactly_once_is_broken_by_a_loss_and_by_a_duplicate_of_what_was_acked() {
    assert!(Story::green(3).holds(Guarantee::ExactlyOnce));
    let lost = Story::begin().acked(0..3).consumed([0, 2]).healed().audited([0, 2]).end(3);
    assert_eq!(lost.violated(Guarantee::ExactlyOnce), Some(vec![msg(1)]));
    let both = Story::begin().acked(0..3).consumed([0, 2, 2]).healed().audited([0, 2]).end(3);
    assert_eq!(both.violated(Guarantee::ExactlyOnce), Some(vec![msg(1), msg(2)]));
    // Whoever is told that the outcome is unknown is promised nothing about copies.
    let unknown = Story::begin().acked([0]).send(1).told(1, timed_out()).consumed([0, 1, 1]).healed().audited(0..2);
    let unknown = unknown.end(2);
    assert!(unknown.holds(Guarantee::ExactlyOnce) && unknown.violated(Guarantee::NoDuplicates).is_some());
}

#[test]
fn exactly_once_is_in_doubt_where_a_loss_is() {
    let waiting = Story::begin().acked(0..3).consumed([0, 1]).healed().audited(0..3).end(2);
    let unreachable = Story::begin().acked(0..2).consumed([0]).healed().stranded(1).end_leaderless(1);
    let nothing = Story::begin().send(0).told(0, rejected()).healed().audited([]).end(0);
    for story in [waiting, unreachable, nothing] {
        let doubt = story.inconclusive(Guarantee::ExactlyOnce);
        assert!(doubt.is_some() && doubt == story.inconclusive(Guarantee::NoAckedLoss));
    }
}

/// Three messages acknowledged and processed; what else happens until the end is the test's.
fn processed(more: impl FnOnce(Story) -> Story) -> Story {
    more(Story::begin().acked(0..3).consumed(0..3)).healed().audited(0..3)
}

#[test]
fn where_results_count_a_message_is_consumed_by_its_result_and_not_by_its_processing() {
    let once = processed(|story| story).results(0..3).results_end(true).end(3);
    assert!([Guarantee::ExactlyOnce, Guarantee::NoDuplicates, Guarantee::InOrder].iter().all(|g| once.holds(*g)));
    // The first result was taken back with its transaction: processed twice, and in effect once.
    let again = processed(|story| story.died(C1).op(Some(C2), Op::Delivered(at_home(1))).consumed([1]));
    assert_eq!(again.clone().end(3).violated(Guarantee::NoDuplicates), Some(vec![msg(1)]));
    let again = again.results(0..3).results_end(true).end(3);
    assert!(again.holds(Guarantee::NoDuplicates) && again.holds(Guarantee::ExactlyOnce));
    let twice = processed(|story| story).results([0, 1, 1, 2]).results_end(true).end(3);
    assert_eq!(twice.violated(Guarantee::ExactlyOnce), Some(vec![msg(1)]));
    assert_eq!((twice.verdict().tally.consumed, twice.verdict().tally.duplicated), (3, 1));
}

#[test]
fn a_message_whose_progress_was_stored_without_its_result_is_lost_in_the_consumer() {
    let story = processed(|story| story).results([0, 2]).results_end(true).end(3);
    assert_eq!((story.end_of(1), story.fate(1).vanished), (End::Lost(Stage::Consumer), false));
    assert_eq!(story.violated(Guarantee::ExactlyOnce), Some(vec![msg(1)]));
    assert!(story.holds(Guarantee::Durable), "the message itself is still there");
    let without = processed(|story| story).results_end(true).end(3);
    assert_eq!(without.verdict().tally.lost, 3, "that results are listed is enough; there need not be any");
}

#[test]
fn a_message_whose_result_and_progress_were_both_taken_back_waits() {
    let story = processed(|story| story).results([0, 1]).results_end(true).end(2);
    assert_eq!(story.end_of(2), End::Waiting);
    assert!(story.inconclusive(Guarantee::ExactlyOnce).is_some());
}

#[test]
fn a_result_that_was_not_looked_for_or_that_nobody_may_serve_is_not_lost() {
    let cut = processed(|story| story).results([0, 1]).limit(Phase::Drain);
    let complete = cut.clone().results_end(true).end(3);
    assert_eq!(complete.end_of(2), End::Lost(Stage::Consumer), "its origin was read to the end all the same");
    assert_eq!(cut.results_end(false).end(3).end_of(2), End::Unproven);
    let stranded = processed(|story| story).results([0, 1]).op(Some(B1), Op::Stranded(result_of(2)));
    let stranded = stranded.results_end(false).end(3);
    assert_eq!((stranded.end_of(2), stranded.fate(2).vanished), (End::Unreachable, false));
}

#[test]
fn a_result_in_a_transaction_that_was_open_when_the_run_was_cut_may_yet_be_served() {
    let open = |phase| {
        let story = processed(|story| story).results([0, 1]).limit(phase).op(Some(B1), Op::Stranded(result_of(2)));
        story.results_end(false).end(3).end_of(2)
    };
    assert_eq!((open(Phase::Settle), open(Phase::Chaos)), (End::Waiting, End::Unreachable));
}

#[test]
fn a_message_that_is_nowhere_and_has_no_result_is_lost_in_the_broker() {
    let story = Story::begin().acked(0..3).consumed(0..3).healed().audited([0, 1]).results([0, 1]);
    assert_eq!(story.results_end(true).end(3).end_of(2), End::Lost(Stage::Broker));
}

#[test]
fn results_in_another_order_than_their_messages_are_reordered_and_a_missing_one_is_a_gap() {
    let late = processed(|story| story).results([0, 2, 1]).results_end(true).end(3);
    assert_eq!(late.violated(Guarantee::InOrder), Some(vec![msg(1)]));
    let gap = processed(|story| story).results([0, 2]).results_end(true).end(3);
    assert!(gap.fate(1).gap && !gap.fate(1).reordered);
    // It was processed late, and nobody saw that.
    let story = Story::begin().acked(0..3).consumed([0, 2, 1]).healed().audited(0..3).results(0..3);
    assert!(story.results_end(true).end(3).holds(Guarantee::InOrder));
}

#[test]
fn a_result_of_a_message_that_was_taken_back_is_an_aborted_read() {
    let story = taken_back(false, Outcome::Aborted).acked([2]).consumed([0, 2]).healed().audited([2]);
    let without = story.clone().results([2]).results_end(true).end(3);
    assert!(without.holds(Guarantee::NoAbortedReads), "it was processed, and took no effect");
    let with = story.results([0, 2]).results_end(true).end(3);
    assert_eq!(with.violated(Guarantee::NoAbortedReads), Some(vec![msg(0)]));
}

fn explained(story: Story, of: MsgId) -> String {
    autopsy(&Recording { history: story.history, ..Recording::default() }, of).expect("it was sent").to_string()
}

#[test]
fn an_autopsy_speaks_of_results_and_of_what_was_taken_back() {
    let text = explained(processed(|story| story).results([0, 2]).results_end(true).end(3), msg(1));
    assert!(text.starts_with("p1#1: acknowledged and lost in the consumer\n"), "{text}");
    assert!(text.contains("no committed result of it was found; the broker still has it"), "{text}");
    let text = explained(processed(|story| story).results(0..3).results_end(true).end(3), msg(1));
    assert!(text.contains("its result was found at offset 1 of results 0"), "{text}");
    let stranded = processed(|story| story).op(Some(B1), Op::Stranded(result_of(2))).results_end(false).end(3);
    let text = explained(stranded, msg(2));
    assert!(text.contains("b1 holds its result at offset 2 of results 0, and nobody may serve it"), "{text}");
    let read = taken_back(false, Outcome::Aborted).consumed([0]).healed().audited([]).end(1);
    let text = explained(read, msg(0));
    assert!(text.starts_with("p1#0: taken back with its transaction and consumed all the same\n"), "{text}");
    assert!(text.contains("p1 was told at 0.006s: aborted"), "{text}");
    assert_eq!(text.matches("took its transaction back").count(), 1, "{text}");
    let other = Story::begin().acked([0]).send(1).ends_transaction(true).told(1, Outcome::Acked).healed().end(0);
    assert!(!explained(other, msg(0)).contains("transaction"), "it was told before, so it was another's");
}

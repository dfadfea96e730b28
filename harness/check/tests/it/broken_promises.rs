//! Why a message was consumed twice, too late, or although its application was told that it had failed.

use ackproof_check::slowest;
use ackproof_core::app::{Delivery, Outcome};
use ackproof_core::observe::Observation;
use ackproof_core::op::Op;

use crate::story::{B1, B2, C1, P1, Story, at_home, msg, rejected, result_of, timed_out};
use crate::tape::Tape;

/// Message 7 is stored at offset 7 and acknowledged.
fn stored() -> Tape {
    Tape::begin().story(|story| story.send(7)).appended(B1, 7, 7, 3).story(|story| story.told(7, Outcome::Acked))
}

/// Where its second copy is.
fn again() -> Delivery {
    Delivery { offset: 9, ..at_home(7) }
}
fn consumed_again(story: Story) -> Story {
    story.op(Some(C1), Op::Delivered(again())).processed(again())
}

#[track_caller]
fn assert_cause(tape: &Tape, expected: &str) {
    let tape = tape.clone().story(|story| story.healed().audited([7]).end(20));
    let cause = tape.autopsy(7).cause;
    assert!(cause.contains(expected), "wanted `{expected}` in\n{cause}");
}

#[test]
fn a_message_read_twice_from_one_place_is_explained_by_the_progress_that_was_not_stored() {
    let first = stored().committed(B2, 5).story(|story| story.consumed([7]));
    let killed = first.clone().story(|story| story.died(C1).started(C1).consumed([7]));
    assert_cause(
        &killed,
        "p1#7 was consumed twice; c1 was handed p1#7 at 0.007s and finished with it at 0.008s; c1 died at 0.009s; the \
         last progress that the group had stored was 5, at 0.006s, not past offset 7; c1 was handed p1#7 at 0.011s",
    );
    let alive = first.story(|story| story.consumed([7]));
    assert!(!alive.autopsy(7).cause.contains("died"));
    let never = stored().story(|story| story.consumed([7, 7]));
    assert_cause(&never, "the group had stored no progress yet");
}

#[test]
fn a_reader_that_was_out_of_its_group_alive_is_said_to_have_been_and_a_death_goes_before() {
    let left = |member, why: &str| Observation::LeftGroup { member, why: why.into() };
    let first = stored().committed(B2, 5).story(|story| story.consumed([7]));
    let expelled = first.clone().saw(B2, left(C1, "its session had run out"));
    assert_cause(
        &expelled.clone().story(|story| story.consumed([7])),
        "finished with it at 0.008s; c1 was out of its group at 0.009s, since its session had run out; the last progress \
         that the group had stored was 5",
    );
    let died = expelled.story(|story| story.died(C1).started(C1).consumed([7])).autopsy(7).cause;
    assert!(died.contains("c1 died at 0.010s") && !died.contains("out of its group"), "{died}");
    let other = first.saw(B2, left(B1, "its session had run out")).story(|story| story.consumed([7])).autopsy(7).cause;
    assert!(!other.contains("out of its group"), "it was somebody else: {other}");
}

#[test]
fn progress_that_went_back_and_a_reader_that_did_not_heed_it_are_told_apart() {
    let passed = stored().story(|story| story.consumed([7])).committed(B2, 8);
    let back = passed.clone().committed(B2, 3).story(|story| story.consumed([7]));
    assert_cause(&back, "the group's progress, past offset 7 at 0.008s, had gone back to 3 at 0.009s");
    let unheeded = passed.story(|story| story.consumed([7]));
    assert_cause(&unheeded, "c1 read from before offset 7, although the group's progress had gone to 8 at 0.008s");
}

#[test]
fn a_message_that_is_in_the_log_twice_is_explained_by_who_sent_it_again() {
    let client = stored().appended(B1, 7, 9, 3).story(|story| consumed_again(story.consumed([7])));
    assert_cause(
        &client,
        "b1 appended it at offset 7 in epoch 3 at 0.004s; p1 had sent it once, and its client again; b1 appended it at \
         offset 9 in epoch 3 at 0.006s; c1 was handed",
    );
    let application = Tape::begin().story(|story| story.send(7)).appended(B1, 7, 7, 3);
    let application = application.story(|story| story.told(7, timed_out()).send(7)).appended(B2, 7, 9, 4);
    let application = application.story(|story| consumed_again(story.told(7, Outcome::Acked).consumed([7])));
    assert_cause(&application, "p1 had sent it again at 0.006s; b2 appended it at offset 9 in epoch 4");
}

#[test]
fn a_message_that_was_consumed_once_is_not_said_to_have_been_repeated() {
    let cause = stored().story(|story| story.consumed([7]).healed().audited([7]).end(8)).autopsy(7).cause;
    assert_eq!(cause, "c1 was handed p1#7 at 0.006s and finished with it at 0.007s.");
}

#[test]
fn a_message_out_of_order_names_the_one_before_it_and_the_order_of_the_log() {
    let overtaken = stored().story(|story| story.acked([8]).consumed([8, 7]));
    assert_cause(
        &overtaken,
        "p1#8 had been consumed before, at 0.009s; the log has them in their own order: p1#7 at offset 7",
    );
    let late = Tape::begin().story(|story| story.send(7).acked([8])).appended(B1, 7, 9, 3);
    let late = late.story(|story| consumed_again(story.told(7, Outcome::Acked).consumed([8])));
    assert_cause(
        &late,
        "p1#8 had been consumed before, at 0.009s; the log has them in that order: p1#8 at offset 8, p1#7 at offset 9; \
         p1 had sent it at 0.003s, and b1 appended it at offset 9 no sooner than 0.006s",
    );
}

#[test]
fn results_out_of_order_are_told_by_the_results() {
    let tape = stored().story(|story| story.acked([8]).consumed([7, 8]).healed().audited([7, 8]));
    let tape = tape.story(|story| story.results([8, 7]).results_end(true).end(9));
    assert!(tape.autopsy(7).fate.reordered, "{}", result_of(7).offset);
    assert!(
        tape.autopsy(7).cause.contains("the result of p1#8 had been consumed before, at 0.0"),
        "{}",
        tape.autopsy(7)
    );
}

#[test]
fn a_ghost_says_where_it_was_written_and_a_gap_who_went_on_without_it() {
    let ghost = Tape::begin().story(|story| story.send(7)).appended(B1, 7, 7, 3);
    let ghost = ghost.story(|story| story.told(7, timed_out()).consumed([7]));
    assert_cause(&ghost, "; b1 appended p1#7 at offset 7 in epoch 3 at 0.004s; c1 was handed p1#7");
    let aborted = Tape::begin().story(|story| story.send(7)).appended(B1, 7, 7, 3);
    assert_cause(
        &aborted.story(|story| story.told(7, Outcome::Aborted).consumed([7])),
        "p1 was told at 0.005s: aborted; b1 appended p1#7 at offset 7",
    );
    let gap = Tape::begin().story(|story| story.send(7).told(7, Outcome::Untold).acked([8]).consumed([8]));
    let gap = gap.story(|story| story.healed().audited([8]).end(9)).autopsy(7).cause;
    assert!(gap.contains("c1 went on to p1#8 at 0.008s without it"), "{gap}");
}

#[test]
fn where_no_message_is_to_blame_the_slowest_is_looked_at() {
    let story = Story::begin().acked([1]).send(2).pause(50).told(2, Outcome::Acked).acked([3]).died(P1).healed();
    assert_eq!(slowest(&story.history), Some(msg(2)));
    let never = Story::begin().send(1).told(1, rejected()).send(2).pause(50).told(2, Outcome::Acked).pause(10);
    assert_eq!(slowest(&never.healed().history), Some(msg(1)), "it waited for an acknowledgement until the end");
    assert_eq!(slowest(&Story::begin().history), None);
}

//! What a thread of librdkafka's commits while the application works.

use super::*;
use crate::client::rig::librdkafka_plan;

/// A member of librdkafka's that begins at offset 0 with a fetch on its way.
fn librdkafka(chosen: &[&str]) -> Rig<Consumer> {
    let mut rig = connected_by(&librdkafka_plan(chosen, &Setup::default()), C1);
    rig.offsets(&[stored(0, None)]);
    rig.answer_metadata(&led_by_b1());
    rig
}

/// The coordinator says that the group divides its partitions anew.
fn told_to_join_again(rig: &mut Rig<Consumer>) {
    rig.pass(Span::secs(3));
    rig.beat(Err(ErrorCode::RebalanceInProgress));
}

const NO_STORE: &str = "consumer.enable.auto.offset.store=false";

#[test]
fn a_thread_of_its_own_commits_the_message_that_the_application_works_on() {
    let mut rig = librdkafka(&[]);
    rig.fetched(records(0..3, 3));
    assert_eq!(rig.delivered(), [0], "one message at a time");
    rig.pass(Span(4999));
    assert_eq!(rig.committed(), None);
    rig.pass(Span(1));
    assert_eq!(rig.committed(), Some(1), "it is not finished");
}

#[test]
fn without_automatic_marks_only_what_is_finished_is_committed() {
    let mut rig = librdkafka(&[NO_STORE]);
    rig.fetched(records(0..3, 3));
    rig.delivered();
    rig.pass(Span::secs(5));
    assert_eq!(rig.committed(), None, "nothing is finished");
    rig.finish(0, true);
    assert_eq!(rig.delivered(), [1]);
    rig.pass(Span::secs(5));
    assert_eq!(rig.committed(), Some(1));
}

#[test]
fn nothing_new_is_not_committed_again() {
    let mut rig = librdkafka(&[]);
    rig.fetched(records(0..1, 1));
    assert_eq!(rig.process(), [0]);
    rig.pass(Span::secs(5));
    assert_eq!(rig.committed(), Some(1));
    rig.pass(Span::secs(5));
    assert_eq!(rig.committed(), None);
}

#[test]
fn an_interval_of_0_leaves_the_commit_of_a_clean_stop() {
    let mut rig = librdkafka(&["consumer.auto.commit.interval.ms=0"]);
    rig.fetched(records(0..1, 1));
    assert_eq!(rig.process(), [0]);
    rig.pass(Span::secs(20));
    assert_eq!(rig.committed(), None);
    rig.on(Event::Stop);
    assert_eq!(rig.committed(), Some(1));
}

#[test]
fn partitions_are_given_up_while_the_application_works_and_what_is_marked_is_stored_first() {
    for (chosen, stored) in [(&[][..], Some(1)), (&[NO_STORE][..], None)] {
        let mut rig = librdkafka(chosen);
        rig.fetched(records(0..2, 2));
        assert_eq!(rig.delivered(), [0]);
        told_to_join_again(&mut rig);
        assert_eq!(rig.committed(), stored, "{chosen:?}");
        assert_eq!(rig.actor.position(P0), None, "{chosen:?}");
        rig.join();
        rig.finish(0, true);
        assert_eq!(rig.delivered(), [], "{chosen:?}");
    }
}

#[test]
fn nothing_is_committed_in_the_background_while_the_group_divides_its_partitions() {
    let mut rig = librdkafka(&[]);
    rig.fetched(records(0..1, 1));
    assert_eq!(rig.process(), [0]);
    told_to_join_again(&mut rig);
    assert_eq!(rig.committed(), Some(1));
    rig.join();
    rig.pass(Span::secs(10));
    assert_eq!(rig.committed(), None);
}

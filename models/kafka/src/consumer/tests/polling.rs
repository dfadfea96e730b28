//! What the poll loop hands over when, and when it stores progress.

use super::*;

#[test]
fn inline_processing_gets_one_record_after_the_other_and_fetches_run_ahead() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(records(0..2, 2));
    assert_eq!(rig.delivered(), [0]);
    assert_eq!(rig.fetch().1.offset, Offset(2));
    rig.finish(0, true);
    assert_eq!(rig.delivered(), [1]);
    rig.finish(1, true);
    assert_eq!(rig.delivered(), []);
}

#[test]
fn a_poll_returns_no_more_than_max_poll_records() {
    let setup = setup(|setup| {
        setup.app.consumer.ack = Some(AckMode::AfterBatch);
    });
    let mut rig = member(&["consumer.max.poll.records=2"], &setup);
    rig.fetched(records(0..3, 3));
    assert_eq!(rig.process(), [0, 1]);
    assert_eq!(rig.committed(), Some(2), "the batch ended after two");
    assert_eq!(rig.process(), [2]);
}

#[test]
fn automatic_commits_happen_inside_poll_and_store_what_earlier_polls_returned() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(records(0..2, 2));
    assert_eq!(rig.delivered(), [0]);
    rig.pass(Span::secs(10));
    assert_eq!(rig.committed(), None, "the interval has passed, and the application is not in poll()");
    rig.finish(0, true);
    assert_eq!(rig.committed(), None, "nor is it between two records");
    rig.delivered();
    rig.finish(1, true);
    rig.answer_metadata(&led_by_b1());
    assert_eq!(rig.committed(), Some(2));
    assert_eq!(rig.actor.committed(P0), Some(Offset(2)));
}

#[test]
fn automatic_commits_pass_over_what_another_thread_still_works_on() {
    let setup = setup(|setup| setup.app.consumer.processing = Processing::Background);
    let mut rig = member(&[], &setup);
    rig.fetched(records(0..2, 2));
    assert_eq!(rig.delivered(), [0, 1]);
    rig.pass(Span::secs(5));
    assert_eq!(rig.committed(), Some(2), "nothing is finished");
    assert!(!rig.is_idle());
}

#[test]
fn an_automatic_commit_that_failed_is_tried_by_a_later_poll() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.pass(Span::secs(5));
    let (to, commit) = rig.commit().expect("the interval has passed");
    let correlation = commit.correlation;
    let result = Err(ErrorCode::CoordinatorNotAvailable);
    rig.reply(to, Message::OffsetCommitted(OffsetCommitted { correlation, result }));
    assert_eq!(rig.committed(), None);
    rig.fetched(records(1..2, 2));
    rig.process();
    rig.pass(Span::ms(100));
    assert_eq!(rig.committed(), Some(2), "with the positions of then");
}

#[test]
fn committing_before_processing_holds_the_records_back_until_it_is_done() {
    let mut rig = member(&[], &ack(AckMode::BeforeProcessing));
    rig.fetched(records(0..2, 2));
    assert_eq!(rig.delivered(), []);
    assert_eq!(rig.committed(), Some(2));
    assert_eq!(rig.process(), [0, 1]);
    assert_eq!(rig.committed(), None);
}

#[test]
fn committing_after_processing_waits_for_each_record_in_turn() {
    let mut rig = member(&[], &ack(AckMode::AfterProcessing));
    rig.fetched(records(0..2, 2));
    assert_eq!(rig.delivered(), [0]);
    rig.finish(0, true);
    assert_eq!(rig.delivered(), [], "commitSync() is not back yet");
    assert_eq!(rig.committed(), Some(1));
    assert_eq!(rig.delivered(), [1]);
}

#[test]
fn committing_after_a_batch_stores_it_as_a_whole() {
    let mut rig = member(&[], &ack(AckMode::AfterBatch));
    rig.fetched(records(0..3, 3));
    assert_eq!(rig.process(), [0, 1, 2]);
    assert_eq!(rig.committed(), Some(3));
    assert!(rig.commit().is_none());
}

#[test]
fn a_commit_is_tried_until_the_applications_patience_ends() {
    let mut rig = member(&["consumer.default.api.timeout.ms=5000"], &ack(AckMode::AfterProcessing));
    rig.fetched(records(0..2, 2));
    rig.delivered();
    rig.finish(0, true);
    let mut tries = 0;
    for _ in 0..100 {
        while let Some((to, commit)) = rig.commit() {
            tries += 1;
            let correlation = commit.correlation;
            let result = Err(ErrorCode::CoordinatorNotAvailable);
            rig.reply(to, Message::OffsetCommitted(OffsetCommitted { correlation, result }));
        }
        rig.answer_metadata(&led_by_b1());
        rig.pass(Span::ms(100));
    }
    assert!(tries > 3, "{tries} tries");
    assert_eq!(rig.delivered(), [1], "the application goes on without");
}

#[test]
fn a_record_that_is_given_back_is_read_again() {
    let setup = setup(|setup| {
        setup.app.consumer.ack = Some(AckMode::AfterBatch);
        setup.app.consumer.on_error = OnError::Requeue;
    });
    let mut rig = member(&[], &setup);
    rig.fetched(records(0..3, 3));
    assert_eq!(rig.delivered(), [0]);
    rig.finish(0, true);
    assert_eq!(rig.delivered(), [1]);
    rig.sent.clear();
    rig.finish(1, false);
    assert_eq!(rig.delivered(), [], "what was polled behind it is not worked on");
    assert_eq!(rig.committed(), Some(1));
    assert_eq!(rig.actor.position(P0), Some(Offset(1)));
}

#[test]
fn giving_back_never_passes_over_what_is_to_be_read_again() {
    let setup = setup(|setup| {
        setup.app.consumer.processing = Processing::Background;
        setup.app.consumer.on_error = OnError::Requeue;
    });
    let mut rig = member(&[], &setup);
    rig.fetched(records(0..3, 3));
    assert_eq!(rig.delivered(), [0, 1, 2]);
    rig.finish(0, false);
    rig.finish(1, true);
    rig.finish(2, false);
    assert_eq!(rig.actor.position(P0), Some(Offset(0)));
}

#[test]
fn a_record_that_is_given_up_counts_as_done() {
    let setup = setup(|setup| {
        setup.app.consumer.ack = Some(AckMode::AfterProcessing);
        setup.app.consumer.on_error = OnError::Reject;
    });
    let mut rig = member(&[], &setup);
    rig.fetched(records(0..2, 2));
    rig.delivered();
    rig.finish(0, false);
    assert_eq!(rig.committed(), Some(1));
    assert_eq!(rig.delivered(), [1]);
}

fn in_passing(mode: AckMode) -> Setup {
    setup(|setup| {
        setup.app.consumer.ack = Some(mode);
        setup.app.consumer.commit = CommitCall::Async;
    })
}

#[test]
fn commits_that_nobody_waits_for_are_sent_once_and_later_ones_overtake_them() {
    let mut rig = member(&[], &in_passing(AckMode::AfterProcessing));
    rig.fetched(records(0..3, 3));
    assert_eq!(rig.process(), [0, 1, 2], "nobody waits");
    let (first, second, third) = (rig.commit().unwrap(), rig.commit().unwrap(), rig.commit().unwrap());
    let upto = |(_, commit): &(NodeId, OffsetCommit)| commit.commits[0].upto.0;
    assert_eq!([upto(&first), upto(&second), upto(&third)], [1, 2, 3]);
    let answer = |rig: &mut Rig<Consumer>, (to, commit): (NodeId, OffsetCommit), result| {
        rig.reply(to, Message::OffsetCommitted(OffsetCommitted { correlation: commit.correlation, result }));
    };
    answer(&mut rig, first, Ok(()));
    answer(&mut rig, second, Ok(()));
    assert!(!rig.is_idle(), "the last one is on its way");
    answer(&mut rig, third, Err(ErrorCode::CoordinatorNotAvailable));
    rig.live(Span::secs(5));
    assert!(rig.commit().is_none() && rig.is_idle(), "it is not tried again");
    assert_eq!(rig.actor.committed(P0), Some(Offset(2)));
}

#[test]
fn whoever_does_not_wait_for_its_commits_waits_for_the_last_one() {
    let mut rig = member(&[], &in_passing(AckMode::AfterBatch));
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.sent.retain(|(_, body)| !matches!(body, Message::OffsetCommit(_)));
    rig.on(Event::Stop);
    assert!(!rig.exited);
    assert_eq!(rig.committed(), Some(1));
}

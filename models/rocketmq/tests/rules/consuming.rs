//! How far a group has come: who knows it, what is handed out again, and what is passed over.

use ackproof_core::app::MsgId;
use ackproof_core::observe::Observation;
use ackproof_core::op::Phase;
use ackproof_core::setup::{ConsumerStart, Processing};
use ackproof_core::time::{Span, SpanRange};

use crate::scene::{Scene, Story};

fn twice(story: &Story) -> usize {
    let processed = story.processed();
    processed.iter().filter(|msg| processed.iter().filter(|other| other == msg).count() > 1).count()
}

fn unprocessed(story: &Story) -> Vec<MsgId> {
    let processed = story.processed();
    story.acked().into_iter().filter(|msg| !processed.contains(msg)).collect()
}

#[test]
fn a_consumer_that_dies_is_handed_again_what_it_had_not_reported() {
    let story = Scene::of("5.3").fault("{kill: c1, at: 800ms, restart_after: 1s}").run();
    assert!(story.came_to_rest() && twice(&story) > 10, "{}", twice(&story));
    assert!(unprocessed(&story).is_empty());
    assert_eq!(twice(&Scene::of("5.3").run()), 0);
}

#[test]
fn a_broker_that_dies_hands_out_again_what_it_had_not_written_down() {
    let story =
        Scene::of("5.3").fault("{kill: a0, at: 3s, restart_after: 1s}").fault("{kill: c1, at: 3s, restart_after: 3s}");
    let story = story.run();
    assert!(twice(&story) > 10 && unprocessed(&story).is_empty());
}

/// The queue was cut and went on: what now stands below the group's progress is handed to nobody.
#[test]
fn progress_ahead_of_a_queue_passes_over_what_is_stored_next() {
    let scene = |version: &str| {
        Scene::of(version)
            .cluster(|cluster| cluster.slaves = 0)
            .set(&["topic.writeQueueNums=1", "topic.readQueueNums=1", "producer.retryTimesWhenSendFailed=10"])
            .setup(|setup| {
                setup.workload.messages = 3000;
                setup.disk.writeback = None;
            })
            // The group's progress is written down after ten seconds; the log is flushed late.
            .set(&["broker.flushCommitLogLeastPages=1000", "broker.flushCommitLogThoroughInterval=60000"])
            .fault("{power_loss: a0, at: 17s, restart_after: 2s}")
            .fault("{kill: c1, at: 16s, restart_after: 60s}")
    };
    let skipped = (1..10).map(|seed| unprocessed(&scene("5.3").seed(seed).run()).len()).max();
    assert!(skipped.is_some_and(|count| count > 0), "{skipped:?}");
}

/// A log that lost its tail, and a consumer that had read it.
#[test]
fn before_4_9_4_an_offset_beyond_the_end_goes_back_to_the_beginning() {
    let again = |version: &str| {
        let story = Scene::of(version)
            .cluster(|cluster| cluster.slaves = 0)
            .set(&["topic.writeQueueNums=1", "topic.readQueueNums=1"])
            .set(&["broker.flushCommitLogLeastPages=1000", "broker.flushCommitLogThoroughInterval=60000"])
            .setup(|setup| setup.disk.writeback = None)
            .fault("{power_loss: a0, at: 3s, restart_after: 2s}")
            // So long the run goes on.
            .fault("{kill: ns2, at: 80s, restart_after: 1s}")
            .run();
        assert!(story.came_to_rest());
        (story.audited().len(), story.processed().len() - story.acked().len())
    };
    let (kept, repeated) = again("4.9.3");
    assert!(kept > 0 && repeated == kept, "{kept} kept, {repeated} repeated");
    assert_eq!(again("4.9.4"), (kept, 0));
}

#[test]
fn a_listener_that_hands_its_work_on_loses_it_when_it_dies() {
    let scene = |processing| {
        Scene::of("5.3")
            .setup(move |setup| {
                setup.app.consumer.processing = processing;
                setup.workload.processing = Span::ms(200);
            })
            .set(&["consumer.persistConsumerOffsetInterval=500"])
            .fault("{kill: c1, at: 12s, restart_after: 1s}")
            .run()
    };
    let background = scene(Processing::Background);
    assert!(unprocessed(&background).len() > 10, "{:?}", unprocessed(&background));
    assert!(unprocessed(&scene(Processing::Inline)).is_empty());
}

/// Nothing closes the connection of a machine without power: its queues are its own for two minutes.
#[test]
fn the_queues_of_a_consumer_whose_machine_went_dark_are_another_s_after_two_minutes() {
    let story = Scene::of("5.3")
        .setup(|setup| {
            setup.workload.consumers = 2;
            setup.workload.messages = 200;
        })
        .fault("{power_loss: c1, at: 500ms, gone: true}")
        .run();
    let left = story.seen().any(|(_, _, seen)| matches!(seen, Observation::LeftGroup { .. }));
    assert!(left);
    let (dark, other) = (story.node("c1"), story.node("c2"));
    let silence =
        story.delivered().into_iter().filter(|(_, node, _)| *node == other).map(|(at, _, _)| at).collect::<Vec<_>>();
    let gap = silence.windows(2).map(|pair| pair[1].since(pair[0])).max().expect("some were delivered");
    assert!(gap > Span::secs(90) && gap < Span::secs(160), "{gap}");
    assert!(unprocessed(&story).is_empty());
    assert!(story.delivered().iter().any(|(_, node, _)| *node == dark));
}

#[test]
fn two_members_share_the_queues_and_what_moves_between_them_comes_twice() {
    let story = Scene::of("5.3")
        .setup(|setup| {
            setup.workload.consumers = 2;
            setup.workload.messages = 300;
            setup.workload.processing = Span::ms(30);
        })
        .fault("{kill: c2, at: 1s, restart_after: 1s}")
        .run();
    assert!(story.came_to_rest() && unprocessed(&story).is_empty());
    assert!(twice(&story) > 0);
}

/// 5.x: only with `slaveReadEnable`; 4.9 always.
#[test]
fn without_its_master_a_slave_is_read_where_it_may_be() {
    let reads = |version, settings: &[&str]| {
        Scene::of(version)
            .set(settings)
            .setup(|setup| setup.workload.consumer_start = ConsumerStart::After(SpanRange::exactly(Span::secs(8))))
            .fault("{kill: a0, at: 2s, restart_after: 60s}")
            .run()
            .delivered()
            .iter()
            .filter(|(at, _, _)| *at < ackproof_core::time::Time::ZERO + Span::secs(55))
            .count()
    };
    assert_eq!(reads("5.3.1", &[]), 0);
    assert!(reads("5.3.1", &["broker.slaveReadEnable=true"]) > 50);
    assert!(reads("4.9", &[]) > 50);
}

/// #9879: it copies its master's topics, and then knows of none.
#[test]
fn a_slave_of_5_3_2_serves_nothing_once_it_has_copied_its_masters_topics() {
    let reads = |version| {
        Scene::of(version)
            .set(&["broker.slaveReadEnable=true", "consumer.pullThresholdForQueue=1", "consumer.pullBatchSize=1"])
            .setup(|setup| {
                setup.workload.messages = 2000;
                setup.workload.processing = Span::ms(60);
            })
            .fault("{kill: a0, at: 19s, restart_after: 60s}")
            .run()
    };
    let without_master = |story: &Story| {
        let chaos = story.began(Phase::Chaos);
        let (from, to) = (chaos + Span::secs(70), chaos + Span::secs(78));
        story.delivered().iter().filter(|(at, _, _)| *at > from && *at < to).count()
    };
    assert_eq!(without_master(&reads("5.3.3")), 0);
    assert_eq!(without_master(&reads("5.3.2")), 0);
    assert!(without_master(&reads("5.3.1")) > 0);
}

/// A slave that was told more while its master was away is told less when the master is back.
#[test]
fn a_master_that_comes_back_takes_the_group_back_to_what_it_knew() {
    let story = Scene::of("4.9")
        .setup(|setup| setup.workload.consumer_start = ConsumerStart::After(SpanRange::exactly(Span::secs(8))))
        .fault("{kill: a0, at: 2s, restart_after: 40s}")
        .fault("{kill: c1, at: 35s, restart_after: 15s}")
        .run();
    assert!(twice(&story) > 50, "{}", twice(&story));
    assert!(unprocessed(&story).is_empty());
}

/// Where a queue still begins with its first message, a new group begins there too, whatever it asks for.
#[test]
fn a_new_group_begins_where_it_says_unless_the_queue_still_has_its_beginning() {
    let late = |settings: &[&str]| {
        Scene::of("5.3")
            .set(settings)
            .setup(|setup| setup.workload.consumer_start = ConsumerStart::After(SpanRange::exactly(Span::ms(500))))
            .run()
    };
    assert!(unprocessed(&late(&[])).is_empty());
    let broadcasting = late(&["consumer.messageModel=BROADCASTING"]);
    assert!(unprocessed(&broadcasting).len() > 10, "nobody knows of a group: it begins at the end");
    let first = ["consumer.messageModel=BROADCASTING", "consumer.consumeFromWhere=CONSUME_FROM_FIRST_OFFSET"];
    assert!(unprocessed(&late(&first)).is_empty());
    let at = ["consumer.messageModel=BROADCASTING", "consumer.consumeFromWhere=CONSUME_FROM_TIMESTAMP"];
    assert!(unprocessed(&late(&at)).is_empty());
    let now = [at[0], at[1], "consumer.consumeTimestamp=0"];
    assert!(unprocessed(&late(&now)).len() > 10);
}

#[test]
fn under_broadcasting_each_is_handed_everything_and_what_fails_is_dropped() {
    let scene = |rate| {
        Scene::of("5.3").set(&["consumer.messageModel=BROADCASTING"]).setup(move |setup| {
            setup.workload.consumers = 2;
            setup.app.consumer.failure_rate = rate;
            setup.app.consumer.on_error = ackproof_core::setup::OnError::Requeue;
        })
    };
    let story = scene(0.0).run();
    assert!(story.came_to_rest());
    assert_eq!(story.processed().len(), 200);
    let failing = scene(1.0).run();
    assert!(failing.came_to_rest());
    assert_eq!((failing.delivered().len(), failing.processed().len()), (200, 0));

    let long =
        |fault: &str| scene(0.0).setup(|setup| setup.workload.messages = 2000).fault(fault).run().processed().len();
    assert!(long("{kill: c1, at: 14s, restart_after: 1s}") > 4000, "what it had not written down comes again");
    assert!(long("{kill: c1, at: 5s, restart_after: 1s}") < 4000, "without its file it begins at the end");
}

#[test]
fn a_clean_stop_waits_for_the_listener_where_it_is_told_to() {
    let stopped = |settings: &[&str]| {
        Scene::of("5.3")
            .set(settings)
            .setup(|setup| setup.workload.processing = Span::ms(300))
            .fault("{shutdown: c1, at: 1s, restart_after: 5s}")
            .run()
    };
    assert_eq!(twice(&stopped(&["consumer.awaitTerminationMillisWhenShutdown=60000"])), 0);
    assert!(stopped(&[]).delivered().len() > 100, "what was in hand comes again");
}

#[test]
fn clients_that_run_go_on_without_nameservers_and_new_ones_do_not_begin() {
    let gone = |start| {
        Scene::of("5.3")
            .setup(move |setup| {
                setup.workload.messages = 400;
                setup.workload.consumer_start = ConsumerStart::After(SpanRange::exactly(start));
            })
            .fault("{kill: ns1, at: 1s, restart_after: 60s}")
            .fault("{kill: ns2, at: 1s, restart_after: 60s}")
            .run()
    };
    let running = gone(Span::ZERO);
    assert_eq!((running.acked().len(), running.processed().len()), (400, 400));
    let late = |story: &Story| story.delivered()[0].0.since(story.began(Phase::Chaos));
    assert!(late(&running) < Span::secs(2));
    assert!(late(&gone(Span::secs(5))) > Span::secs(60));
}

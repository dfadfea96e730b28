//! POP: what is handed out for a time, and what becomes of what is not acknowledged in it.

use ackproof_core::app::MsgId;
use ackproof_core::setup::OnError;
use ackproof_core::time::{Span, Time};

use crate::scene::{Scene, Story};

fn popping(version: &str) -> Scene {
    Scene::of(version).set(&["consumer.clientRebalance=false"])
}

fn twice(story: &Story) -> usize {
    let processed = story.processed();
    processed.iter().filter(|msg| processed.iter().filter(|other| other == msg).count() > 1).count()
}

fn unprocessed(story: &Story) -> Vec<MsgId> {
    let processed = story.processed();
    story.acked().into_iter().filter(|msg| !processed.contains(msg)).collect()
}

fn handed(story: &Story, msg: MsgId) -> Vec<Time> {
    story.delivered().into_iter().filter(|(_, _, delivery)| delivery.msg == msg).map(|(at, _, _)| at).collect()
}

#[test]
fn every_member_is_handed_messages_of_every_queue() {
    let story = popping("5.3").set(&["topic.writeQueueNums=1", "topic.readQueueNums=1"]).setup(|setup| {
        setup.workload.consumers = 2;
        setup.workload.processing = Span::ms(30);
    });
    let story = story.run();
    assert!(story.came_to_rest());
    assert_eq!((story.processed().len(), twice(&story)), (100, 0));
    for name in ["c1", "c2"] {
        let node = story.node(name);
        assert!(story.delivered().iter().any(|(_, to, _)| *to == node), "{name}");
    }
}

#[test]
fn what_a_dead_consumer_held_comes_again_after_its_time() {
    let story = popping("5.3")
        .set(&["consumer.popInvisibleTime=20000"])
        .setup(|setup| setup.workload.processing = Span::ms(30))
        .fault("{kill: c1, at: 1s, restart_after: 1s}")
        .run();
    assert!(story.came_to_rest() && unprocessed(&story).is_empty());
    let died = story.began(ackproof_core::op::Phase::Chaos) + Span::secs(1);
    let back = story.delivered().iter().any(|(at, _, _)| *at > died + Span::secs(18) && *at < died + Span::secs(30));
    assert!(back);
}

#[test]
fn what_fails_under_pop_comes_again_after_10_s_then_30_s() {
    let story = popping("5.3")
        .setup(|setup| {
            setup.app.consumer.failure_rate = 0.5;
            setup.app.consumer.on_error = OnError::Requeue;
        })
        .run();
    assert!(story.came_to_rest() && unprocessed(&story).is_empty());
    let delivered = story.delivered();
    let most = delivered.iter().max_by_key(|(_, _, one)| handed(&story, one.msg).len()).expect("there are some").2.msg;
    let at = handed(&story, most);
    for (times, delay) in [10, 30].into_iter().enumerate() {
        let waited = at[times + 1].since(at[times]);
        assert!(waited >= Span::secs(delay) && waited < Span::secs(delay + 5), "{delay} s: {waited}");
    }
}

/// There is no dead-letter queue: what is old enough is acknowledged, and nobody was told.
#[test]
fn what_fails_too_often_under_pop_is_gone_after_four_hours() {
    let story = popping("5.3")
        .set(&["consumer.maxReconsumeTimes=2"])
        .setup(|setup| {
            setup.workload.messages = 3;
            setup.app.consumer.failure_rate = 1.0;
            setup.app.consumer.on_error = OnError::Requeue;
        })
        .run();
    assert!(story.came_to_rest() && story.disposed().is_empty());
    assert_eq!(story.notes("came too often").len(), 3);
    assert_eq!(unprocessed(&story).len(), 3);
}

/// What is handed out is in the log before anybody has it, so the broker's death loses nothing; in memory alone it is
/// forgotten, and handed out once more.
#[test]
fn a_broker_that_dies_knows_what_it_handed_out_unless_that_was_in_memory_alone() {
    let scene = |merge: &str| {
        popping("5.3")
            .set(&[&format!("broker.enablePopBufferMerge={merge}")])
            .setup(|setup| {
                setup.workload.processing = Span::ms(20);
                setup.workload.messages = 1000;
            })
            .fault("{kill: a0, at: 12s, restart_after: 1s}")
            .run()
    };
    for merge in ["false", "true"] {
        let story = scene(merge);
        assert!(story.came_to_rest() && unprocessed(&story).is_empty(), "{merge}: {:?}", unprocessed(&story));
    }
    let calm = popping("5.3").set(&["broker.enablePopBufferMerge=true"]).run();
    assert_eq!((calm.processed().len(), twice(&calm)), (100, 0));
}

/// The position is the broker's, and memory's: what it wrote down last is where it goes on. Nobody looks whether what stands
/// behind that was acknowledged.
#[test]
fn a_broker_that_dies_hands_out_again_what_pop_had_acknowledged_since_progress_was_written_down() {
    let scene = |settings: &[&str]| {
        let scene = Scene::of("5.3").set(&["producer.sendMsgTimeout=30000"]).set(settings);
        let scene = scene.setup(|setup| setup.workload.messages = 1500);
        scene.fault("{kill: a0, at: 14s, restart_after: 100ms}").run()
    };
    let pop = "consumer.clientRebalance=false";
    let (rarely, often) = (scene(&[pop]), scene(&[pop, "broker.flushConsumerOffsetInterval=100"]));
    let pulled = scene(&[]);
    assert!(rarely.came_to_rest() && unprocessed(&rarely).is_empty());
    assert!(twice(&rarely) > 10 * twice(&often).max(1), "{} {}", twice(&rarely), twice(&often));
    assert!(twice(&pulled) <= 1, "a consumer that pulls remembers by itself: {}", twice(&pulled));
}

/// A listener that takes longer than its messages are its own.
#[test]
fn what_takes_longer_than_its_time_comes_again() {
    let story = popping("5.3")
        .set(&["consumer.popInvisibleTime=5000"])
        .setup(|setup| {
            setup.workload.processing = Span::ms(500);
            setup.workload.messages = 30;
        })
        .run();
    assert!(story.delivered().len() > 30, "{}", story.delivered().len());
}

/// The broker's clock was set back between storing and handing out (#7914).
#[test]
fn before_5_3_what_seems_to_be_handed_out_before_it_was_stored_is_not_brought_back() {
    let scene = |version: &str| {
        popping(version)
            .set(&["consumer.popInvisibleTime=20000"])
            .setup(|setup| {
                setup.workload.processing = Span::ms(100);
                setup.workload.consumer_start =
                    ackproof_core::setup::ConsumerStart::After(ackproof_core::time::SpanRange::exactly(Span::secs(3)));
            })
            .fault("{clock: {node: a0, offset: -60s}, at: 2s, for: 60s}")
            .fault("{kill: c1, at: 5s, restart_after: 1s}")
            .run()
    };
    let (lost, kept) = (unprocessed(&scene("5.2")), unprocessed(&scene("5.3")));
    assert!(lost.len() > 10 && kept.is_empty(), "{lost:?} {kept:?}");
}

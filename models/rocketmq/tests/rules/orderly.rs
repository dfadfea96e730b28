//! Orderly listeners.

use ackproof_core::setup::OnError;
use ackproof_core::time::Span;

use crate::scene::{Scene, Story};

fn orderly(rate: f64) -> Scene {
    with("5.3", rate)
}

fn with(version: &str, rate: f64) -> Scene {
    Scene::of(version).set(&["consumer.messageListener=orderly"]).setup(move |setup| {
        setup.app.consumer.failure_rate = rate;
        setup.app.consumer.on_error = OnError::Requeue;
    })
}

/// Messages of each queue were first processed in the order in which they stand there.
fn is_in_order(story: &Story) -> bool {
    let mut last = std::collections::BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    story.finished().into_iter().filter(|delivery| seen.insert(delivery.msg)).all(|delivery| {
        let before = last.insert(delivery.origin, delivery.offset);
        before.is_none_or(|before| before < delivery.offset)
    })
}

#[test]
fn an_orderly_listener_repeats_a_message_in_its_place() {
    let story = orderly(0.4).run();
    assert!(story.came_to_rest() && is_in_order(&story));
    assert_eq!(story.processed().len(), 100);
    assert!(story.delivered().len() > 120);
    let concurrent = orderly(0.4).set(&["consumer.messageListener=concurrently"]).run();
    assert!(!is_in_order(&concurrent), "others go past what was given back");
}

#[test]
fn an_orderly_listener_dead_letters_only_where_it_is_told_how_often() {
    let story = orderly(1.0).set(&["consumer.maxReconsumeTimes=2", "consumer.suspendCurrentQueueTimeMillis=100"]).run();
    assert!(story.came_to_rest());
    assert_eq!((story.disposed().len(), story.delivered().len()), (100, 300));
}

/// The lock is with the master, and expires after a minute.
#[test]
fn an_orderly_queue_is_locked_for_the_member_that_has_it() {
    let story = orderly(0.0)
        .setup(|setup| {
            setup.workload.consumers = 2;
            setup.workload.messages = 200;
            setup.workload.processing = Span::ms(30);
        })
        .fault("{kill: c1, at: 1s, restart_after: 2s}")
        .run();
    assert!(story.came_to_rest() && is_in_order(&story));
    assert!(story.acked().iter().all(|msg| story.processed().contains(msg)));
}

/// The locks are with the master, so a slave that may be read is of no use.
#[test]
fn orderly_consumption_stops_without_a_master() {
    let until_back = |listener: &str| {
        let story = with("5.3.2", 0.0)
            .set(&["broker.slaveReadEnable=true", &format!("consumer.messageListener={listener}")])
            .set(&["consumer.pullThresholdForQueue=1", "consumer.pullBatchSize=1"])
            .setup(|setup| setup.workload.processing = Span::ms(600))
            .fault("{kill: a0, at: 2s, restart_after: 100s}")
            .run();
        let chaos = story.began(ackproof_core::op::Phase::Chaos);
        let (from, to) = (chaos + Span::secs(45), chaos + Span::secs(100));
        story.delivered().iter().filter(|(at, _, _)| *at > from && *at < to).count()
    };
    assert_eq!(until_back("orderly"), 0);
    assert!(until_back("concurrently") > 0);
}

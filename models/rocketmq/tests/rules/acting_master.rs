//! Groups with an acting master.

use ackproof_core::op::Phase;
use ackproof_core::setup::ConsumerStart;
use ackproof_core::time::{Span, Time};

use crate::scene::{Scene, Story};

/// A master and a slave that may stand in for it; two hundred messages in four seconds, and a consumer that reads them.
fn group(mode: &str) -> Scene {
    let scene = Scene::of("5.3")
        .cluster(|cluster| cluster.mode = mode.to_owned())
        .setup(|setup| {
            setup.workload.messages = 200;
            setup.workload.interval = Span(20);
            setup.app.producer.accept = Some(vec!["SEND_OK".to_owned()]);
        })
        .set(&["consumer.consumeFromWhere=CONSUME_FROM_FIRST_OFFSET", "broker.slaveReadEnable=true"]);
    match mode {
        "acting-master" => scene.set(&["namesrv.supportActingMaster=true", "broker.totalReplicas=2"]),
        _ => scene,
    }
}

fn after(story: &Story, span: Span) -> Time {
    story.began(Phase::Chaos) + span
}

#[test]
fn a_slave_acts_as_a_master_that_is_read_and_takes_no_writes() {
    let story = group("acting-master")
        .setup(|setup| {
            setup.workload.interval = Span(200);
            setup.workload.consumer_start =
                ConsumerStart::After(ackproof_core::time::SpanRange::exactly(Span::secs(22)));
        })
        .fault("{power_loss: a0, at: 3s, restart_after: 45s}")
        .run();
    let (acts, node) = story.notes("acts as the master")[0];
    assert_eq!(node, story.node("a1"));
    let silence = acts.since(after(&story, Span::secs(3)));
    assert!(silence >= Span::secs(9) && silence <= Span::secs(17), "{silence:?}");
    let (from, to) = (after(&story, Span::secs(20)), after(&story, Span::secs(40)));
    let read = story.delivered().iter().filter(|(at, ..)| *at > from && *at < to).count();
    assert!(read > 5, "{read}");
    let told = story.told_at();
    let acked = told.iter().filter(|(at, acked)| *acked && *at > after(&story, Span::secs(4)) && *at < to).count();
    assert_eq!(acked, 0, "nobody takes writes");
    assert!(story.came_to_rest() && story.notes("no longer").len() == 1);
}

#[test]
fn a_master_that_returns_takes_the_progress_of_consumers_from_its_slave() {
    let repeated = |mode: &str| {
        let story = group(mode)
            .setup(|setup| {
                setup.workload.interval = Span(200);
                setup.workload.consumer_start =
                    ConsumerStart::After(ackproof_core::time::SpanRange::exactly(Span::secs(8)));
            })
            .setup(|setup| setup.workload.messages = 600)
            .fault("{kill: a0, at: 5s, restart_after: 60s}")
            .fault("{kill: c1, at: 55s, restart_after: 40s}")
            .run();
        let mut seen: Vec<_> = story.delivered().into_iter().map(|(_, _, delivery)| delivery.msg).collect();
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        all - seen.len()
    };
    assert_eq!(repeated("acting-master"), 0);
    assert!(repeated("master-slave") > 0, "it knows nothing of what was consumed");
}

#[test]
fn with_too_few_of_its_group_there_a_master_refuses_unless_it_may_wait_for_fewer() {
    let sync = ["broker.brokerRole=SYNC_MASTER", "broker.inSyncReplicas=2"];
    let gone = "{kill: a1, at: 1s, restart_after: 20s}";
    let strict = group("acting-master").set(&sync).fault(gone).run();
    let failures = strict.failures();
    assert!(failures.iter().any(|(words, count)| words.contains("SYSTEM_ERROR") && *count > 100), "{failures:?}");

    let auto = group("acting-master").set(&sync).set(&["broker.enableAutoInSyncReplicas=true"]).fault(gone).run();
    assert!(auto.acked().len() > 195, "{:?}", auto.failures());

    let two = ["broker.enableAutoInSyncReplicas=true", "broker.minInSyncReplicas=2"];
    let floor = group("acting-master").set(&sync).set(&two).fault(gone).run();
    assert!(floor.acked().len() < 100, "{:?}", floor.failures());
}

//! What a send waits for, and what it is answered.

use ackproof_core::app::Outcome;
use ackproof_core::setup::{ConsumerStart, SendMode};
use ackproof_core::time::Span;

use crate::scene::{Scene, Story};

/// 5.x: `SYNC_MASTER` alone waits for nobody.
#[test]
fn a_synchronous_master_waits_for_slaves_only_where_in_sync_replicas_says_so() {
    let gone = "{kill: a1, at: 300ms}";
    let alone = Scene::of("5.3").set(&["broker.brokerRole=SYNC_MASTER"]).fault(gone).run();
    assert_eq!(alone.acked().len(), 100);
    assert!(alone.latencies().iter().all(|latency| *latency < Span(20)), "{:?}", alone.latencies());

    let two = ["broker.brokerRole=SYNC_MASTER", "broker.inSyncReplicas=2", "producer.sendMsgTimeout=10000"];
    let waits = Scene::of("5.3").set(&two).fault(gone).run();
    assert!(waits.latencies().iter().any(|latency| *latency >= Span::secs(3)), "{:?}", waits.failures());
}

/// 4.9: it waits for the fastest slave, and says at once when there is none.
#[test]
fn before_5_0_a_synchronous_master_says_at_once_that_there_is_no_slave() {
    let gone = "{kill: a1, at: 300ms}";
    let story = Scene::of("4.9")
        .set(&["broker.brokerRole=SYNC_MASTER"])
        .setup(|setup| setup.app.producer.accept = Some(vec!["SEND_OK".to_owned()]))
        .fault(gone)
        .run();
    let failures = story.failures();
    assert!(
        failures.iter().any(|(words, count)| words == "unknown SLAVE_NOT_AVAILABLE" && *count > 50),
        "{failures:?}"
    );
}

fn alone(version: &str, settings: &[&str]) -> Scene {
    Scene::of(version).set(settings).cluster(|cluster| cluster.slaves = 0)
}

fn words(story: &Story) -> Vec<String> {
    story.failures().into_iter().map(|(words, _)| words).collect()
}

#[test]
fn all_tries_of_a_synchronous_send_share_one_timeout_and_a_lost_answer_is_not_sent_again() {
    let lost = |settings: &[&str], lasts: &str| {
        alone("5.3", settings)
            .setup(|setup| setup.workload.consumer_start = ConsumerStart::Heal)
            .fault(&format!("{{partition: {{between: [a0, p1], one_way: true}}, at: 300ms, for: {lasts}}}"))
            .run()
    };
    let story = lost(&[], "20s");
    // What the broker stored and could not say.
    assert!(words(&story).contains(&"unknown RemotingTimeoutException".to_owned()), "{:?}", story.failures());
    let first = story.told().into_iter().find(|(_, outcome)| *outcome != Outcome::Acked).expect("one failed").0;
    assert_eq!(story.audited().iter().filter(|msg| **msg == first).count(), 1, "it was sent once");
    // A limit for each try leaves time for another.
    let again = lost(&["producer.sendMsgMaxTimeoutPerRequest=900"], "1200ms");
    assert_eq!(again.acked().len(), 100, "{:?}", again.failures());
    assert_eq!(again.audited().len(), 101, "it was stored twice");
    // The last try has all the time that is left, and an asynchronous one always has.
    let limit = "producer.sendMsgMaxTimeoutPerRequest=900";
    let last = lost(&[limit, "producer.retryTimesWhenSendFailed=0"], "1200ms");
    let asynchronous = alone("5.3", &[limit])
        .setup(|setup| {
            setup.workload.consumer_start = ConsumerStart::Heal;
            setup.app.producer.send = SendMode::Async;
        })
        .fault("{partition: {between: [a0, p1], one_way: true}, at: 300ms, for: 1200ms}")
        .run();
    for story in [last, asynchronous] {
        assert_eq!((story.acked().len(), story.audited().len()), (100, 100), "{:?}", story.failures());
    }
}

#[test]
fn a_refused_connection_is_tried_again_at_once_and_is_certain() {
    let story = alone("5.3", &[]).fault("{kill: a0, at: 300ms, restart_after: 2s}").run();
    let failures = words(&story);
    assert!(failures.contains(&"rejected RemotingConnectException".to_owned()), "{failures:?}");
    for (msg, outcome) in story.told() {
        if matches!(outcome, Outcome::Rejected(_)) {
            assert!(!story.audited().contains(&msg), "{msg} was said to be nowhere");
        }
    }
}

#[test]
fn another_group_takes_what_one_refuses() {
    let story = Scene::of("5.3")
        .cluster(|cluster| (cluster.groups, cluster.slaves) = (2, 0))
        .fault("{kill: a0, at: 300ms, restart_after: 2s}")
        .run();
    assert!(story.failures().iter().map(|(_, count)| count).sum::<usize>() <= 1, "{:?}", story.failures());
    let single = Scene::of("5.3")
        .set(&["producer.retryTimesWhenSendFailed=0"])
        .cluster(|cluster| (cluster.groups, cluster.slaves) = (2, 0))
        .fault("{kill: a0, at: 300ms, restart_after: 2s}")
        .run();
    assert!(single.failures().iter().map(|(_, count)| count).sum::<usize>() > 5, "{:?}", single.failures());
}

#[test]
fn a_status_that_is_not_ok_is_sent_again_only_where_that_is_asked_for_and_only_synchronously() {
    let slave_gone = |send: SendMode, settings: &[&str]| {
        let base = ["broker.brokerRole=SYNC_MASTER", "broker.inSyncReplicas=2", "producer.sendMsgTimeout=20000"];
        Scene::of("5.3")
            .set(&base)
            .set(settings)
            .cluster(|cluster| cluster.groups = 2)
            .setup(|setup| {
                setup.app.producer.send = send;
                setup.app.producer.accept = Some(vec!["SEND_OK".to_owned()]);
                setup.workload.messages = 40;
            })
            .fault("{kill: a1, at: 200ms}")
            .run()
    };
    let retry = ["producer.retryAnotherBrokerWhenNotStoreOK=true"];
    assert!(words(&slave_gone(SendMode::Sync, &[])).contains(&"unknown FLUSH_SLAVE_TIMEOUT".to_owned()));
    let story = slave_gone(SendMode::Sync, &retry);
    assert_eq!(words(&story), Vec::<String>::new());
    let twice = story.audited().len() - 40;
    assert!(twice > 0, "what was stored first is there, too");
    assert!(words(&slave_gone(SendMode::Async, &retry)).contains(&"unknown FLUSH_SLAVE_TIMEOUT".to_owned()));
}

#[test]
fn what_an_application_accepts_decides_what_is_acknowledged() {
    let gone = |accept: Option<&str>| {
        alone("5.1", &["broker.transientStorePoolEnable=true", "broker.flushDiskType=SYNC_FLUSH"])
            .setup(|setup| setup.app.producer.accept = accept.map(|word| vec![word.to_owned()]))
            .run()
    };
    assert_eq!(gone(None).acked().len(), 100, "every status that is returned without an exception");
    assert_eq!(gone(Some("SEND_OK")).acked().len(), 0);
    assert_eq!(gone(Some("FLUSH_DISK_TIMEOUT")).acked().len(), 100);
}

#[test]
fn an_asynchronous_send_is_not_tried_again_when_the_broker_says_no() {
    let run = |send| {
        Scene::of("5.3")
            .cluster(|cluster| (cluster.groups, cluster.slaves) = (2, 0))
            .setup(|setup| setup.app.producer.send = send)
            .fault("{full_disk: a0, at: 300ms, for: 500ms}")
            .run()
    };
    assert_eq!(words(&run(SendMode::Sync)), Vec::<String>::new(), "another group takes it");
    assert_eq!(words(&run(SendMode::Async)), ["rejected SERVICE_NOT_AVAILABLE"]);
}

#[test]
fn before_4_9_3_an_asynchronous_send_gives_up_when_nobody_listens() {
    let run = |version| {
        Scene::of(version)
            .cluster(|cluster| (cluster.groups, cluster.slaves) = (2, 0))
            .setup(|setup| setup.app.producer.send = SendMode::Async)
            .fault("{kill: a0, at: 300ms, restart_after: 400ms}")
            .run()
    };
    let certain = |story: &Story| words(story).contains(&"rejected RemotingConnectException".to_owned());
    assert!(certain(&run("4.9.2")));
    assert!(!certain(&run("4.9.3")), "{:?}", run("4.9.3").failures());
}

#[test]
fn a_one_way_send_is_never_told_of() {
    let story = alone("5.3", &[])
        .setup(|setup| setup.app.producer.send = SendMode::OneWay)
        .fault("{full_disk: a0, at: 300ms, for: 300ms}")
        .run();
    assert!(story.told().iter().all(|(_, outcome)| *outcome == Outcome::Untold));
    assert!(story.audited().len() < 90);
}

#[test]
fn a_group_that_was_slow_or_failed_is_left_alone_for_a_while() {
    let run = |settings: &[&str]| {
        Scene::of("5.3")
            .set(settings)
            .cluster(|cluster| (cluster.groups, cluster.slaves) = (2, 0))
            .setup(|setup| setup.workload.messages = 200)
            .fault("{partition: {between: [a0, p1]}, at: 300ms, for: 60s}")
            .run()
    };
    let failed = |story: &Story| story.failures().iter().map(|(_, count)| count).sum::<usize>();
    let (careless, careful) = (run(&[]), run(&["producer.sendLatencyFaultEnable=true"]));
    assert!(failed(&careless) > 10 * failed(&careful).max(1), "{} {}", failed(&careless), failed(&careful));
}

#[test]
fn without_a_route_a_send_fails_at_once() {
    let story = alone("5.3", &[])
        .fault("{kill: [ns1, ns2], at: 100ms, restart_after: 60s}")
        .fault("{kill: p1, at: 300ms, restart_after: 500ms}")
        .run();
    let failures = words(&story);
    assert!(failures.contains(&"rejected No route info of this topic".to_owned()), "{failures:?}");
}

#[test]
fn a_topic_that_its_first_message_created_is_in_one_group() {
    let run = |settings: &[&str]| {
        let story = Scene::of("5.3")
            .set(settings)
            .cluster(|cluster| (cluster.groups, cluster.slaves) = (2, 0))
            .fault("{kill: a0, at: 300ms, restart_after: 2s}")
            .run();
        assert!(story.came_to_rest());
        assert_eq!(story.vanished(), []);
        story
    };
    let created = run(&["broker.autoCreateTopicEnable=true"]);
    assert!(words(&created).contains(&"rejected RemotingConnectException".to_owned()), "{:?}", created.failures());
    assert_eq!(run(&["broker.autoCreateTopicEnable=false"]).acked().len(), 100);
}

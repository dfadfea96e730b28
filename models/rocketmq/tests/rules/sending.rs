//! What a send waits for, and what it is answered.

use ackproof_core::time::Span;

use crate::scene::Scene;

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

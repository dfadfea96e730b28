//! Each trap, where it is said and where it is not.

use ackproof_core::setup::{ConsumerStart, OnError, SendMode, Setup, Transaction};

use crate::settings::bench::Bench;

/// A trap, a row that has it, and a row nearby that has not.
#[track_caller]
fn trap(id: &str, has: &Bench, has_not: &Bench) {
    let (with, without) = (has.traps(), has_not.traps());
    assert!(with.contains(&id), "{id} is not among {with:?}");
    assert!(!without.contains(&id), "{id} is among {without:?}");
}

fn plain(version: &str, values: &str) -> Bench {
    Bench::of(version).with(values)
}
fn controller(values: &str) -> Bench {
    Bench::of("5.3").in_mode("controller", 2).with(values)
}
fn dledger(values: &str) -> Bench {
    Bench::of("5.3").in_mode("dledger", 2).with(values)
}
fn acting(values: &str) -> Bench {
    Bench::of("5.3").in_mode("acting-master", 1).with(values)
}

#[test]
fn a_sync_master_of_5_x_waits_for_nobody_without_in_sync_replicas() {
    let id = "rocketmq-sync-master-waits-for-nobody";
    let sync = plain("5.0", "broker.brokerRole=SYNC_MASTER");
    trap(id, &sync, &plain("4.9", "broker.brokerRole=SYNC_MASTER"));
    trap(id, &sync, &sync.clone().with("broker.inSyncReplicas=2 broker.totalReplicas=2"));
    trap(id, &sync, &Bench::of("5.0"));
    let floor = "broker.brokerRole=SYNC_MASTER broker.enableAutoInSyncReplicas=true broker.minInSyncReplicas=2";
    trap(id, &acting("broker.brokerRole=SYNC_MASTER"), &acting(floor));
}

#[test]
fn controller_mode_answers_alone_by_default() {
    let id = "rocketmq-controller-mode-answers-alone";
    let default = Bench::of("5.3").in_mode("controller", 2);
    trap(id, &default, &controller("broker.allAckInSyncStateSet=true"));
    trap(id, &default, &controller("broker.inSyncReplicas=2"));
    trap(id, &default, &Bench::of("5.3"));
}

#[test]
fn all_of_a_set_of_one_is_one() {
    let id = "rocketmq-all-of-a-set-of-one";
    let all = controller("broker.allAckInSyncStateSet=true");
    trap(id, &all, &all.clone().with("broker.minInSyncReplicas=2"));
    trap(id, &all, &plain("5.3", "broker.allAckInSyncStateSet=true"));
}

#[test]
fn acks_fall_to_the_master_alone_where_nothing_holds_them() {
    let auto = "broker.brokerRole=SYNC_MASTER broker.enableAutoInSyncReplicas=true broker.inSyncReplicas=2";
    let falls = acting(auto);
    trap("rocketmq-acks-fall-to-the-master-alone", &falls, &falls.clone().with("broker.minInSyncReplicas=2"));
    trap("rocketmq-acks-fall-to-the-master-alone", &falls, &plain("5.3", auto));
    let floor = "broker.brokerRole=SYNC_MASTER broker.enableAutoInSyncReplicas=true";
    trap("rocketmq-sync-master-waits-for-nobody", &acting(floor), &falls);
}

#[test]
fn replicas_that_do_not_exist_never_answer() {
    let id = "rocketmq-more-replicas-than-brokers";
    let three = "broker.brokerRole=SYNC_MASTER broker.inSyncReplicas=3 broker.totalReplicas=3";
    trap(id, &plain("5.3", three), &plain("5.3", three).in_mode("master-slave", 2));
    trap(id, &controller("broker.minInSyncReplicas=4"), &controller("broker.minInSyncReplicas=3"));
    trap(id, &acting(three), &acting("broker.brokerRole=SYNC_MASTER broker.inSyncReplicas=2"));
    let id = "rocketmq-more-replicas-than-total";
    let two = "broker.brokerRole=SYNC_MASTER broker.inSyncReplicas=2";
    trap(id, &plain("5.3", two), &plain("5.3", two).with("broker.totalReplicas=2"));
    trap(id, &acting(two), &plain("5.3", "broker.inSyncReplicas=2"));
}

#[test]
fn a_floor_is_kept_where_somebody_looks_at_it() {
    let floor = "broker.minInSyncReplicas=2";
    trap("rocketmq-floor-that-nobody-keeps", &plain("5.3", floor), &controller(floor));
}

#[test]
fn a_status_comes_in_time_only_below_the_clients_timeout() {
    let id = "rocketmq-status-comes-after-the-client-gave-up";
    let sync = plain("5.3", "broker.flushDiskType=SYNC_FLUSH");
    trap(id, &sync, &sync.clone().with("broker.syncFlushTimeout=2000"));
    trap(id, &sync, &sync.clone().with("producer.sendMsgTimeout=6000"));
    trap(id, &sync, &Bench::of("5.3"));
    let two = plain("5.3", "broker.brokerRole=SYNC_MASTER broker.inSyncReplicas=2");
    trap(id, &two, &two.clone().with("broker.slaveTimeout=2999"));
    trap(id, &two, &plain("5.3", "broker.brokerRole=SYNC_MASTER"));
    trap(id, &plain("4.9", "broker.brokerRole=SYNC_MASTER"), &dledger("broker.flushDiskType=SYNC_FLUSH"));
}

#[test]
fn a_sync_that_failed_counts_as_done_before_5_4() {
    let sync = "broker.flushDiskType=SYNC_FLUSH";
    trap("rocketmq-failed-sync-is-answered-ok", &plain("5.3", sync), &plain("5.4", sync));
    trap("rocketmq-failed-sync-is-answered-ok", &plain("4.9", sync), &Bench::of("4.9"));
}

#[test]
fn the_pool_and_sync_flush_differ_by_version() {
    let both = "broker.flushDiskType=SYNC_FLUSH broker.transientStorePoolEnable=true";
    let (off, late) = ("rocketmq-pool-is-off-with-sync-flush", "rocketmq-pool-times-out-with-sync-flush");
    trap(off, &plain("4.9", both), &plain("5.0", both));
    trap(late, &plain("5.1", both), &plain("5.2", both));
    let pool = plain("5.3", "broker.transientStorePoolEnable=true");
    trap("rocketmq-pool-is-lost-with-its-process", &pool, &plain("5.3", both));
}

#[test]
fn dledger_does_not_sync_and_two_of_it_elect_nobody() {
    let sync = dledger("broker.flushDiskType=SYNC_FLUSH");
    trap("rocketmq-dledger-does-not-sync", &sync, &Bench::of("5.3").in_mode("dledger", 2));
    let of = |slaves| Bench::of("5.3").in_mode("dledger", slaves);
    trap("rocketmq-dledger-of-two", &of(1), &of(2));
    trap("rocketmq-dledger-of-two", &of(1), &Bench::of("5.3"));
}

#[test]
fn an_acting_master_has_to_be_announced_and_to_serve() {
    let acting = Bench::of("5.3").in_mode("acting-master", 1);
    let announced = acting.clone().with("namesrv.supportActingMaster=true");
    trap("rocketmq-acting-master-is-not-announced", &acting, &announced);
    let id = "rocketmq-acting-master-refuses-readers";
    trap(id, &acting, &acting.clone().with("slave.slaveReadEnable=true"));
    trap(id, &acting, &acting.clone().with("broker.slaveReadEnable=true"));
    trap(id, &acting, &Bench::of("5.3"));
}

#[test]
fn slaves_answer_from_memory_and_files_are_deleted_by_age() {
    let slave = plain("5.3", "slave.flushDiskType=SYNC_FLUSH");
    trap("rocketmq-slave-answers-from-memory", &slave, &plain("5.3", "broker.flushDiskType=SYNC_FLUSH"));
    let kept = |hours: u32| plain("5.3", &format!("broker.fileReservedTime={hours}"));
    trap("rocketmq-retention-deletes-unconsumed", &kept(48), &kept(72));
    trap("rocketmq-retention-deletes-unconsumed", &kept(48), &Bench::of("5.3"));
    let doubled = plain("5.3", "broker.duplicationEnable=true");
    trap("rocketmq-duplication-never-waits", &doubled, &plain("5.3", "broker.duplicationEnable=false"));
}

#[test]
fn a_topic_that_a_send_creates_is_in_one_group() {
    let id = "rocketmq-topic-of-one-group";
    let groups = |setup: &mut Setup| setup.cluster.deployment.as_mut().expect("groups").groups = 2;
    let created = plain("5.3", "broker.autoCreateTopicEnable=true");
    trap(id, &created.clone().setting(groups), &created);
    trap(id, &created.clone().setting(groups), &created.clone().setting(groups).with("topic.writeQueueNums=8"));
    trap(id, &created.setting(groups), &Bench::of("5.3").setting(groups));
}

#[test]
fn what_producers_only_seem_to_do() {
    let id = "rocketmq-retry-not-ok-is-for-sync-sends";
    let retry = plain("5.3", "producer.retryAnotherBrokerWhenNotStoreOK=true");
    trap(id, &retry, &retry.clone().setting(|setup| setup.app.producer.send = SendMode::Sync));
    let hurry = plain("5.3", "producer.waitStoreMsgOK=false");
    trap("rocketmq-message-that-waits-for-nothing", &hurry, &Bench::of("5.3"));
    let id = "rocketmq-immunity-outlasts-every-check";
    let transactions = |setup: &mut Setup| setup.app.producer.transaction = Some(Transaction::of(1, 0.0));
    let immune = |seconds: u32| plain("5.3", &format!("producer.CHECK_IMMUNITY_TIME_IN_SECONDS={seconds}"));
    trap(id, &immune(600).setting(transactions), &immune(60).setting(transactions));
    trap(id, &immune(600).setting(transactions), &immune(600));
}

#[test]
fn what_consumers_only_seem_to_do() {
    let late = Bench::of("5.3").setting(|setup| setup.workload.consumer_start = ConsumerStart::Heal);
    let first = late.clone().with("consumer.consumeFromWhere=CONSUME_FROM_FIRST_OFFSET");
    trap("rocketmq-new-group-begins-at-the-end", &late, &first);
    trap("rocketmq-new-group-begins-at-the-end", &late, &Bench::of("5.3"));
    trap("rocketmq-no-retry-queue", &plain("5.3", "consumer.retryQueueNums=0"), &Bench::of("5.3"));
    let broadcasting = plain("5.3", "consumer.messageModel=BROADCASTING");
    let requeue = broadcasting.clone().setting(|setup| setup.app.consumer.on_error = OnError::Requeue);
    trap("rocketmq-broadcasting-drops-failures", &requeue, &broadcasting);
    let narrow = plain("5.3", "topic.writeQueueNums=8 topic.readQueueNums=4");
    trap("rocketmq-queues-that-nobody-reads", &narrow, &plain("5.3", "topic.writeQueueNums=4"));
    let pop = plain("5.3", "consumer.clientRebalance=false");
    let id = "rocketmq-pop-needs-a-request-mode";
    trap(id, &pop, &pop.clone().with("broker.defaultMessageRequestMode=POP"));
    trap(id, &pop, &pop.clone().with("consumer.messageListener=orderly"));
}

#[test]
fn a_row_that_says_what_it_means_has_no_traps() {
    let careful = "broker.flushDiskType=SYNC_FLUSH broker.syncFlushTimeout=2000 broker.slaveTimeout=2000 \
                   broker.brokerRole=SYNC_MASTER broker.inSyncReplicas=2 broker.totalReplicas=2";
    assert_eq!(plain("5.4", careful).traps(), [""; 0]);
    assert_eq!(
        controller("broker.allAckInSyncStateSet=true broker.minInSyncReplicas=2 broker.slaveTimeout=2000").traps(),
        [""; 0]
    );
}

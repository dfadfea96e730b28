//! Half messages, what becomes of them, and who is asked.

use ackproof_core::app::Outcome;
use ackproof_core::setup::{CheckBack, Transaction};
use ackproof_core::time::Span;

use crate::scene::{Scene, Story, msg};

fn transactional(version: &str, change: impl FnOnce(&mut Transaction)) -> Scene {
    Scene::of(version).set(&["topic.writeQueueNums=1", "topic.readQueueNums=1"]).setup(|setup| {
        let mut transaction = Transaction::of(1, 0.0);
        change(&mut transaction);
        setup.app.producer.transaction = Some(transaction);
        setup.workload.messages = 20;
    })
}

fn all(story: &Story) -> Vec<u32> {
    let mut processed: Vec<u32> = story.processed().iter().map(|msg| msg.sequence()).collect();
    processed.sort_unstable();
    processed
}

#[test]
fn readers_see_what_was_committed_and_never_what_was_rolled_back() {
    let story = transactional("5.3", |transaction| transaction.abort_rate = 0.5).run();
    assert!(story.came_to_rest());
    let committed: Vec<u32> = story.acked().iter().map(|msg| msg.sequence()).collect();
    assert!((3..18).contains(&committed.len()), "{committed:?}");
    assert_eq!(all(&story), committed);
    let aborted = story.told().iter().filter(|(_, outcome)| *outcome == Outcome::Aborted).count();
    assert_eq!(aborted + committed.len(), 20);
}

#[test]
fn a_producer_is_asked_about_what_it_did_not_know() {
    let story = transactional("5.3", |transaction| transaction.unknown_rate = 1.0).run();
    assert!(story.came_to_rest());
    assert_eq!((story.acked().len(), all(&story)), (20, (0..20).collect()));
    // Checked at the first round after `transactionTimeOut`, every `transactionCheckInterval`.
    let first = story.delivered().first().expect("something was delivered").0;
    let began = story.began(ackproof_core::op::Phase::Chaos);
    assert!(first.since(began) > Span::secs(6) && first.since(began) <= Span::secs(61), "{first}");
}

/// A copy that was put back is not flushed yet as its producer answers.
#[test]
fn an_answer_is_heeded_before_readers_could_see_its_half() {
    let settings = ["broker.flushDiskType=SYNC_FLUSH", "broker.transactionCheckMax=1"];
    let story = transactional("5.3", |transaction| transaction.unknown_rate = 1.0)
        .set(&settings)
        .setup(|setup| setup.disk.sync = ackproof_core::time::SpanRange::exactly(Span(20)))
        .run();
    assert_eq!((story.processed().len(), story.disposed()), (20, Vec::new()));
}

#[test]
fn what_its_producer_never_knows_is_parked_after_the_last_check() {
    let checks = ["broker.transactionCheckMax=3", "broker.transactionCheckInterval=10000"];
    let story = transactional("5.3", |transaction| {
        transaction.unknown_rate = 1.0;
        transaction.check = CheckBack::Unknown;
    })
    .set(&checks)
    .run();
    assert!(story.came_to_rest());
    assert_eq!((story.acked().len(), story.processed().len()), (20, 0));
    let parked = story.disposed();
    assert_eq!(parked.len(), 20);
    assert!(parked[0].1.contains("after 3 checks"), "{parked:?}");
}

#[test]
fn with_a_long_immunity_a_message_is_parked_before_anybody_is_asked() {
    let settings = [
        "broker.transactionCheckMax=3",
        "broker.transactionCheckInterval=10000",
        "producer.CHECK_IMMUNITY_TIME_IN_SECONDS=600",
    ];
    let story = transactional("5.3", |transaction| transaction.unknown_rate = 1.0).set(&settings).run();
    assert!(story.came_to_rest());
    assert_eq!((story.processed().len(), story.disposed().len()), (0, 20));
}

#[test]
fn any_status_but_send_ok_takes_the_message_back() {
    let story = transactional("5.3", |_| {})
        .set(&["broker.brokerRole=SYNC_MASTER", "broker.inSyncReplicas=2", "producer.sendMsgTimeout=10000"])
        .fault("{kill: a1, at: 60ms}")
        .run();
    let told = story.told();
    assert!(told.iter().any(|(_, outcome)| *outcome == Outcome::Aborted), "{told:?}");
    assert_eq!(all(&story), story.acked().iter().map(|msg| msg.sequence()).collect::<Vec<_>>());
}

#[test]
fn a_transaction_that_was_in_the_page_cache_alone_is_lost_whole_although_its_local_part_was_committed() {
    let story = transactional("5.3", |_| {})
        .set(&["broker.flushDiskType=ASYNC_FLUSH"])
        .setup(|setup| {
            setup.workload.consumer_start = ackproof_core::setup::ConsumerStart::Heal;
            setup.disk.writeback = None;
        })
        .fault("{power_loss: a0, at: 250ms, restart_after: 2s}")
        .run();
    assert!(!story.vanished().is_empty(), "half and final were in the page cache alone");
}

#[test]
fn decisions_in_memory_die_with_the_broker_and_the_message_is_committed_twice() {
    let kill = "{kill: a0, at: 250ms, restart_after: 1s}";
    let batched = transactional("5.3", |_| {}).fault(kill).run();
    let count = |story: &Story| story.audited().iter().filter(|found| **found == msg(3)).count();
    assert_eq!(count(&batched), 2, "{:?}", batched.audited());
    let written = transactional("4.9", |_| {}).fault(kill).run();
    assert_eq!(count(&written), 1, "{:?}", written.audited());
}

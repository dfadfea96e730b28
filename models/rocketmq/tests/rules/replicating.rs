//! Plain groups: what a slave has, what it is worth, and what happens without a master.

use ackproof_core::setup::ConsumerStart;
use ackproof_core::time::Span;

use crate::scene::Scene;

/// `brokerRole=SYNC_MASTER`, waiting for one slave.
const TWO: [&str; 2] = ["broker.brokerRole=SYNC_MASTER", "broker.inSyncReplicas=2"];
const DISK: &str = "{lose_disk: a0, at: 700ms, gone: true}";
const BY_HAND: &str = "{move_leader: {to: a1}, at: 900ms}";

fn late(version: &str, settings: &[&str]) -> Scene {
    Scene::of(version).set(settings).setup(|setup| {
        setup.disk.writeback = None;
        setup.workload.consumer_start = ConsumerStart::Heal;
    })
}

#[test]
fn a_slave_that_is_made_the_master_has_what_was_waited_for_and_maybe_not_the_rest() {
    let lost = |settings: &[&str]| -> usize {
        (0..8).map(|seed| late("5.3", settings).seed(seed).fault(DISK).fault(BY_HAND).run().vanished().len()).sum()
    };
    assert_eq!(lost(&TWO), 0);
    // Links look every 100 ms where nobody waits for them.
    assert!(lost(&["broker.brokerRole=SYNC_MASTER"]) > 8);
    assert!(lost(&[]) > 8);
}

#[test]
fn without_a_master_nobody_takes_writes_and_nobody_is_promoted() {
    let story = late("5.3", &TWO).fault(DISK).run();
    let rejected: usize = story.failures().iter().map(|(_, count)| *count).sum();
    assert!(rejected > 10, "{:?}", story.failures());
    assert_eq!(story.audited(), [], "a slave is not read");
}

#[test]
fn a_slave_acknowledges_what_is_in_its_page_cache() {
    let all = ["{power_loss: a0, at: 700ms, restart_after: 2s}", "{power_loss: a1, at: 700ms, restart_after: 2s}"];
    let lost: usize =
        (0..8).map(|seed| late("5.3", &TWO).seed(seed).fault(all[0]).fault(all[1]).run().vanished().len()).sum();
    assert!(lost > 40, "{lost}");
}

#[test]
fn a_slave_that_is_longer_than_its_master_is_taken_at_its_word() {
    // The master loses its tail and comes back; the slave keeps it. What is sent then is acknowledged by the slave's old
    // end, and is gone with the master's disk.
    let scene = |seed| {
        late("5.3", &TWO)
            .seed(seed)
            .setup(|setup| {
                setup.workload.messages = 400;
                setup.app.producer.on_failure =
                    ackproof_core::setup::OnFailure::Resend { times: 20, backoff: Span(500) };
            })
            .fault("{power_loss: a0, at: 700ms, restart_after: 1s}")
            .fault("{lose_disk: a0, at: 12s, gone: true}")
            .fault("{move_leader: {to: a1}, at: 12500ms}")
    };
    let lost: usize = (0..8).map(|seed| scene(seed).run().vanished().len()).sum();
    assert!(lost > 0, "{lost}");
}

/// Its signs of life are reports, too.
#[test]
fn from_4_9_3_to_4_9_8_the_link_of_a_longer_slave_is_closed_on_its_second_report() {
    let closed = |version: &str| {
        let scene = |seed| {
            let lost = late(version, &[]).seed(seed).fault("{power_loss: a0, at: 3s, restart_after: 1s}");
            // So long the run goes on.
            lost.fault("{kill: ns2, at: 60s, restart_after: 1s}").run()
        };
        (0..4).map(|seed| scene(seed).notes("closes the link of a slave that is longer").len()).sum::<usize>()
    };
    assert_eq!((closed("4.9.2"), closed("5.0")), (0, 0));
    assert!(closed("4.9.3") > 0 && closed("4.9.8") > 0);
}

#[test]
fn a_blank_slave_begins_at_the_masters_last_file() {
    // A file holds 40 messages.
    let story = Scene::of("5.3")
        .set(&["broker.mappedFileSizeCommitLog=10240", "slave.mappedFileSizeCommitLog=10240"])
        .setup(|setup| setup.workload.consumer_start = ackproof_core::setup::ConsumerStart::Heal)
        .fault("{lose_disk: a1, at: 900ms, restart_after: 2s}")
        .fault("{lose_disk: a0, at: 20s, gone: true}")
        .fault("{move_leader: {to: a1}, at: 21s}")
        .run();
    let (first, last) = (crate::scene::msg(0), crate::scene::msg(99));
    assert!(story.vanished().contains(&first) && story.audited().contains(&last), "{:?}", story.audited());
}

#[test]
fn a_slave_finds_its_master_again_after_a_partition() {
    let story = late("5.3", &TWO)
        .fault("{partition: {between: [a0, a1]}, at: 300ms, for: 40s}")
        .setup(|setup| {
            setup.app.producer.on_failure = ackproof_core::setup::OnFailure::Resend { times: 30, backoff: Span(500) };
        })
        .run();
    assert!(story.came_to_rest());
    assert_eq!(story.vanished(), []);
    assert!(!story.notes("opens another link").is_empty());
}

#[test]
fn a_master_that_is_there_takes_the_id_of_the_slave_that_is_promoted() {
    let story = late("5.3", &TWO)
        .setup(|setup| {
            setup.workload.messages = 400;
            setup.app.producer.on_failure = ackproof_core::setup::OnFailure::Resend { times: 200, backoff: Span(500) };
        })
        .fault("{move_leader: {to: a1}, at: 700ms}")
        .run();
    assert!(story.came_to_rest());
    assert_eq!((story.acked().len(), story.vanished().len()), (400, 0));
    assert_eq!(story.notes("is made the slave").len(), 1);
}

#[test]
fn a_slave_that_could_not_write_notices_by_the_masters_signs_of_life() {
    let story = late("5.3", &[]).fault("{full_disk: a1, at: 700ms, for: 1s}").run();
    assert!(story.came_to_rest());
    assert!(!story.notes("its master pushes from").is_empty());
}

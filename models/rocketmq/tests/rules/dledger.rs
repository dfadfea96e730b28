//! DLedger mode: what a Raft group of brokers promises, and what it does not.

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::app::{MsgId, Outcome};
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::time::{Span, Time};

use crate::scene::{Scene, Story, msg};

/// Three brokers in a DLedger group; sends are not tried again, so that each outcome is that of one try.
fn group(slaves: u8) -> Scene {
    Scene::of("5.3")
        .cluster(|cluster| {
            cluster.mode = "dledger".to_owned();
            cluster.slaves = slaves;
        })
        .set(&["producer.retryTimesWhenSendFailed=0"])
}

/// Who was elected, and when.
fn elected(story: &Story) -> Vec<(Time, NodeId, u32)> {
    let mut all: Vec<(Time, NodeId, u32)> = story
        .seen()
        .filter_map(|(at, node, seen)| match seen {
            Observation::LeaderElected { epoch, .. } => Some((at, node, *epoch)),
            _ => None,
        })
        .collect();
    all.dedup();
    all
}

fn outcome(story: &Story, number: u32) -> Outcome {
    story.told().into_iter().find(|(known, _)| *known == msg(number)).expect("it was told").1
}

fn twice(story: &Story) -> Vec<MsgId> {
    let mut seen = BTreeSet::new();
    story.processed().into_iter().filter(|msg| !seen.insert(*msg)).collect()
}

#[test]
fn a_send_is_confirmed_when_a_majority_has_it_in_the_page_cache() {
    let story = group(2).fault("{slow_disk: {node: brokers, sync: 5s}, at: 0s}").run();
    assert_eq!(story.acked().len(), 100);
    assert!(story.latencies().iter().all(|latency| *latency < Span(50)), "{:?}", story.latencies());
    let confirmed: Vec<usize> = story
        .seen()
        .filter_map(|(_, _, seen)| match seen {
            Observation::Confirmed { copies, .. } => Some(copies.len()),
            _ => None,
        })
        .collect();
    assert_eq!(confirmed.len(), 100);
    assert!(confirmed.iter().all(|copies| *copies >= 2), "{confirmed:?}");
}

#[test]
fn a_majority_that_loses_power_takes_what_was_confirmed() {
    let dark = "{power_loss: all-brokers, at: {after: acked, nth: 50}, restart_after: 15s}";
    let of = |settings: &[&str]| {
        let lost = |seed| group(2).set(settings).seed(seed).fault(dark).run().vanished().len();
        (1..=12).map(lost).sum::<usize>()
    };
    let lost = of(&[]);
    assert!(lost > 0);
    assert_eq!(lost, of(&["broker.flushDiskType=SYNC_FLUSH"]), "flushDiskType makes no difference");
}

#[test]
fn the_log_is_flushed_in_the_background_within_ten_milliseconds_of_a_write() {
    let story = group(2).run();
    let (mut appended, mut waits) = (None, Vec::new());
    for (at, _, seen) in story.seen() {
        match seen {
            Observation::Appended { offset: 0, origin, .. } if appended.is_none() => appended = Some((at, *origin)),
            Observation::Synced { origin, .. } if appended.is_some_and(|(_, known)| known == *origin) => {
                waits.push(at.since(appended.expect("it was appended").0));
            }
            _ => {}
        }
    }
    let first = *waits.first().expect("it was synced");
    assert!((Span(10)..Span(30)).contains(&first), "{first}");
}

#[test]
fn without_a_majority_a_send_is_refused_after_two_and_a_half_seconds_and_may_be_committed_later() {
    let story = group(2)
        .setup(|setup| setup.workload.messages = 3)
        .set(&["producer.sendMsgTimeout=10000"])
        .fault("{pause: followers, at: 0s, for: 5s}")
        .run();
    assert_eq!(outcome(&story, 0).to_string(), "unknown IN_SYNC_REPLICAS_NOT_ENOUGH");
    assert!(story.audited().contains(&msg(0)), "it was stored all the same");
}

#[test]
fn wait_store_msg_ok_makes_no_difference_to_a_dledger_group() {
    let story = group(2)
        .setup(|setup| setup.workload.messages = 3)
        .set(&["producer.waitStoreMsgOK=false", "producer.sendMsgTimeout=10000"])
        .fault("{pause: followers, at: 0s, for: 5s}")
        .run();
    assert_eq!(outcome(&story, 0).to_string(), "unknown IN_SYNC_REPLICAS_NOT_ENOUGH");
}

#[test]
fn another_leader_takes_writes_and_has_everything_that_was_confirmed() {
    let story = group(2)
        .setup(|setup| (setup.workload.messages, setup.workload.interval) = (600, Span(100)))
        .fault("{kill: leader, at: 1s, restart_after: 20s}")
        .run();
    let leaders = elected(&story);
    assert_eq!(leaders.len(), 2, "{leaders:?}");
    assert_ne!(leaders[0].1, leaders[1].1);
    assert!(leaders[1].2 > leaders[0].2);
    assert!(story.came_to_rest());
    assert_eq!(story.vanished(), []);
    assert!(story.told().last().is_some_and(|(_, outcome)| *outcome == Outcome::Acked), "clients found the new leader");
}

#[test]
fn who_does_not_lead_refuses_sends_for_certain() {
    // The producer keeps to the address that it knows until it asks a nameserver again.
    let story = group(2)
        .setup(|setup| (setup.workload.messages, setup.workload.interval) = (200, Span(100)))
        .fault("{kill: leader, at: 1s, restart_after: 100ms}")
        .fault("{pause: leader, at: 12s, for: 9s}")
        .run();
    let failures = story.failures();
    assert!(failures.iter().any(|(words, _)| words == "rejected SERVICE_NOT_AVAILABLE"), "{failures:?}");
    assert_eq!(story.vanished(), []);
}

#[test]
fn a_leader_that_is_back_within_six_seconds_may_lead_on() {
    let story = group(2)
        .setup(|setup| (setup.workload.messages, setup.workload.interval) = (200, Span(100)))
        .fault("{kill: leader, at: 1s, restart_after: 1s}")
        .run();
    let leaders = elected(&story);
    assert_eq!(leaders.len(), 2, "{leaders:?}");
    assert_eq!((leaders[0].1, leaders[0].2), (leaders[1].1, leaders[1].2), "the same one, in the same term");
    assert_eq!(story.vanished(), []);
}

#[test]
fn a_new_master_gives_out_offsets_behind_everything_that_was_confirmed() {
    let story = group(2)
        .setup(|setup| (setup.workload.messages, setup.workload.interval) = (600, Span(100)))
        .fault("{kill: leader, at: 5s, gone: true}")
        .run();
    let second = elected(&story)[1].1;
    let (mut ends, mut after) = (BTreeMap::new(), 0);
    for (_, node, seen) in story.seen() {
        match seen {
            Observation::Confirmed { origin, offset, .. } if node != second => {
                ends.insert(*origin, *offset + 1);
            }
            Observation::Appended { origin, offset, .. } if node == second => {
                assert!(*offset >= ends.get(origin).copied().unwrap_or(0), "{origin:?} {offset}");
                after += 1;
            }
            _ => {}
        }
    }
    assert!(!ends.is_empty() && after > 10, "{ends:?} {after}");
}

#[test]
fn readers_see_only_what_a_majority_has() {
    let story = group(2)
        .setup(|setup| setup.workload.messages = 20)
        .set(&["producer.sendMsgTimeout=10000"])
        .fault("{pause: followers, at: 0s, for: 4s}")
        .run();
    let first = story.delivered().into_iter().map(|(at, ..)| at).min().expect("something is delivered");
    let paused = story.began(ackproof_core::op::Phase::Chaos);
    assert!(first.since(paused) >= Span::secs(4), "{first}");
}

#[test]
fn what_a_cut_off_leader_appended_is_truncated_and_its_offsets_are_given_out_again() {
    let story = group(2)
        .setup(|setup| (setup.workload.messages, setup.workload.interval) = (400, Span(100)))
        .fault("{partition: {isolate: leader, from: brokers}, at: 1s, for: 20s}")
        .run();
    let cut = story.seen().find_map(|(_, node, seen)| match seen {
        Observation::Truncated { from, to, .. } => Some((node, *from, *to)),
        _ => None,
    });
    let (node, from, to) = cut.expect("the old leader cuts its log");
    assert_eq!(node, elected(&story)[0].1);
    assert!(from > to);
    assert_eq!(story.vanished(), []);
    assert!(story.came_to_rest());
}

#[test]
fn a_cut_off_leader_stops_being_a_master_after_six_seconds() {
    let story = group(2)
        .setup(|setup| (setup.workload.messages, setup.workload.interval) = (250, Span(100)))
        .fault("{partition: {isolate: leader, from: brokers}, at: 1s, for: 20s}")
        .run();
    let of = |words: &str| story.failures().into_iter().find(|(known, _)| known == words).map_or(0, |(_, count)| count);
    assert!(of("unknown IN_SYNC_REPLICAS_NOT_ENOUGH") >= 1, "{:?}", story.failures());
    assert!(of("rejected SERVICE_NOT_AVAILABLE") >= 20, "{:?}", story.failures());
}

#[test]
fn two_brokers_do_not_fail_over() {
    let story = group(1)
        .setup(|setup| (setup.workload.messages, setup.workload.interval) = (200, Span(100)))
        .fault("{kill: leader, at: 1s, gone: true}")
        .run();
    assert_eq!(elected(&story).len(), 1);
    assert!(story.acked().len() < 15, "{}", story.acked().len());
    let three = group(2)
        .setup(|setup| (setup.workload.messages, setup.workload.interval) = (600, Span(100)))
        .fault("{kill: leader, at: 1s, gone: true}")
        .run();
    assert_eq!(elected(&three).len(), 2);
    assert!(three.acked().len() > 200, "{}", three.acked().len());
}

#[test]
fn progress_is_not_in_the_log_so_that_a_change_of_leaders_repeats_messages() {
    let story = group(2)
        .setup(|setup| (setup.workload.messages, setup.workload.interval) = (400, Span(100)))
        .fault("{kill: leader, at: 14s, gone: true}")
        .fault("{kill: consumer, at: 14s, restart_after: 10s}")
        .run();
    assert!(twice(&story).len() > 5, "{:?}", twice(&story));
    assert_eq!(story.vanished(), []);
}

#[test]
fn what_a_consumer_gives_back_is_not_taken_before_a_majority_has_the_copy() {
    // One message, which its listener fails on; when it was handed out no follower answers any more.
    let story = |fault: Option<&str>| {
        let scene = group(2).set(&["consumer.maxReconsumeTimes=1"]).setup(|setup| {
            setup.workload.messages = 1;
            setup.app.consumer.failure_rate = 1.0;
            setup.app.consumer.on_error = ackproof_core::setup::OnError::Requeue;
        });
        fault.map_or(scene.clone(), |fault| scene.fault(fault)).run()
    };
    let prompt = story(None);
    assert_eq!(prompt.disposed().len(), 1, "it is dead-lettered once: {:?}", prompt.disposed());
    // The copy is refused after 2.5 s and stays; the consumer gives the message back once more.
    let late = story(Some("{pause: followers, at: {after: delivered, nth: 1}, for: 8s}"));
    assert!(late.disposed().len() > 1, "{:?}", late.disposed());
}

#[test]
fn no_storm_of_kills_and_cuts_loses_what_was_confirmed() {
    let mut acked = 0;
    for seed in 0..40 {
        let story = group(2)
            .setup(|setup| (setup.workload.messages, setup.workload.interval) = (200, Span(100)))
            .seed(seed)
            .fault("{kill: a0, at: 1s..15s, restart_after: 100ms..9s}")
            .fault("{kill: a1, at: 1s..15s, restart_after: 100ms..9s}")
            .fault("{kill: a2, at: 1s..15s, restart_after: 100ms..9s}")
            .fault("{partition: {isolate: a0, from: brokers}, at: 1s..18s, for: 10s}")
            .fault("{partition: {isolate: a1, from: brokers}, at: 1s..18s, for: 10s}")
            .run();
        assert_eq!(story.vanished(), [], "seed {seed}");
        assert!(story.came_to_rest(), "seed {seed}");
        acked += story.acked().len();
    }
    assert!(acked > 1000, "{acked}");
}

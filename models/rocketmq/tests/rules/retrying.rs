//! What the group gives back: how it comes again, and where it ends that does not.

use ackproof_core::app::{MsgId, Origin};
use ackproof_core::observe::Observation;
use ackproof_core::op::{DEAD_LETTERED, Phase};
use ackproof_core::setup::OnError;
use ackproof_core::time::{Span, Time};

use crate::scene::{Scene, Story};

/// Every message fails with this probability, and is given back.
fn failing(version: &str, rate: f64) -> Scene {
    Scene::of(version).setup(|setup| {
        setup.app.consumer.failure_rate = rate;
        setup.app.consumer.on_error = OnError::Requeue;
    })
}

/// When a message was handed out.
fn handed(story: &Story, msg: MsgId) -> Vec<Time> {
    story.delivered().into_iter().filter(|(_, _, delivery)| delivery.msg == msg).map(|(at, _, _)| at).collect()
}

fn most_handed(story: &Story) -> MsgId {
    let delivered = story.delivered();
    let times = |msg: MsgId| delivered.iter().filter(|(_, _, delivery)| delivery.msg == msg).count();
    delivered
        .iter()
        .map(|(_, _, delivery)| delivery.msg)
        .max_by_key(|msg| times(*msg))
        .expect("something was handed out")
}

#[test]
fn what_is_given_back_comes_again_after_10_s_then_30_s_then_a_minute() {
    let story = failing("5.3", 0.6).run();
    assert!(story.came_to_rest());
    assert!(story.acked().iter().all(|msg| story.processed().contains(msg)), "each is processed in the end");
    let at = handed(&story, most_handed(&story));
    assert!(at.len() > 3, "{at:?}");
    for (times, delay) in [10, 30, 60].into_iter().enumerate() {
        let waited = at[times + 1].since(at[times]);
        assert!(waited >= Span::secs(delay) && waited < Span::secs(delay + 1), "{delay} s: {waited}");
    }
}

#[test]
fn after_as_many_times_as_it_may_a_message_is_dead_lettered() {
    let story = failing("5.3", 1.0).set(&["consumer.maxReconsumeTimes=2"]).run();
    assert!(story.came_to_rest() && story.processed().is_empty());
    assert_eq!(handed(&story, crate::scene::msg(0)).len(), 3, "once and twice again");
    let disposed = story.disposed();
    assert_eq!(disposed.len(), 100);
    assert!(disposed.iter().all(|(_, rule)| rule.starts_with(DEAD_LETTERED)), "{disposed:?}");
    assert!(story.vanished().is_empty(), "the original is still there");
}

/// The settle phase goes on for as long as the delays take, which is hours.
#[test]
fn sixteen_times_take_hours() {
    let story = failing("5.3", 1.0).setup(|setup| setup.workload.messages = 4).run();
    assert!(story.came_to_rest());
    assert_eq!(story.disposed().len(), 4);
    let at = handed(&story, crate::scene::msg(0));
    assert_eq!(at.len(), 17);
    assert!(at[16].since(at[15]) >= Span::secs(7200), "the last delay is two hours: {at:?}");
}

#[test]
fn a_listener_that_wants_no_other_try_dead_letters_at_once() {
    let story = failing("5.3", 1.0).setup(|setup| setup.app.consumer.on_error = OnError::Reject).run();
    assert_eq!((story.disposed().len(), story.delivered().len()), (100, 100));
}

#[test]
fn without_retry_queues_what_is_given_back_is_dropped() {
    let story = failing("5.3", 0.5).set(&["consumer.retryQueueNums=0"]).run();
    assert!(story.came_to_rest());
    assert_eq!(story.delivered().len(), 100, "nothing comes again");
    let disposed = story.disposed();
    assert!(disposed.len() > 20 && disposed.iter().all(|(_, rule)| rule.contains("retryQueueNums")), "{disposed:?}");
}

/// The broker of a message is gone as the listener fails; another group takes the copy.
#[test]
fn what_its_own_broker_cannot_take_back_goes_to_another_broker() {
    let scene = |groups| {
        failing("5.3", 1.0)
            .cluster(move |cluster| (cluster.groups, cluster.slaves) = (groups, 0))
            .setup(|setup| {
                setup.workload.processing = Span::ms(700);
                setup.workload.messages = 8;
            })
            .set(&["consumer.maxReconsumeTimes=1"])
            .fault("{kill: a0, at: 600ms, restart_after: 100s}")
    };
    let two = scene(2).run();
    let appended = |name: &str| {
        let node = two.node(name);
        let of = move |(_, at, seen): (Time, _, &Observation)| match seen {
            Observation::Appended { msg, origin, .. } if at == node => Some((*msg, *origin)),
            _ => None,
        };
        two.seen().filter_map(of).collect::<Vec<(MsgId, Origin)>>()
    };
    let of_a: Vec<MsgId> =
        appended("a0").into_iter().filter(|(_, origin)| !origin.is_internal()).map(|(msg, _)| msg).collect();
    let elsewhere = appended("b0").iter().any(|(msg, origin)| origin.is_internal() && of_a.contains(msg));
    assert!(elsewhere, "a copy of a message of a0 is on b0");

    // Without another broker the listener itself is handed it again, every five seconds and more.
    let alone = scene(1).run();
    let first = handed(&alone, alone.delivered()[0].2.msg);
    assert!(first.len() > 3 && first[1].since(first[0]) < Span::secs(30), "{first:?}");
}

/// With `maxReconsumeTimes` of 1 a message that another broker takes back is dead-lettered there, or comes once more.
#[test]
fn before_5_0_what_another_broker_takes_back_comes_once_less() {
    let parked = |version: &str| {
        let story = failing(version, 1.0)
            .cluster(|cluster| (cluster.groups, cluster.slaves) = (2, 0))
            .setup(|setup| {
                setup.workload.processing = Span::ms(700);
                setup.workload.messages = 8;
            })
            .set(&["consumer.maxReconsumeTimes=1"])
            .fault("{kill: a0, at: 600ms, restart_after: 100s}")
            .run();
        story.disposed().into_iter().filter(|(_, rule)| rule.contains("given back 1 times")).count()
    };
    let (old, new) = (parked("4.9"), parked("5.0"));
    assert!(old > 0 && new == 0, "{old} {new}");
}

/// The copy is there, and the original is at its place: the consumer has gone on.
#[test]
fn what_was_delivered_late_comes_twice_when_the_broker_dies_before_it_wrote_that_down() {
    let scene = || failing("5.3", 0.3).seed(3).set(&["broker.flushDelayOffsetInterval=60000"]);
    let calm = scene().run();
    let twice = |story: &Story| {
        let processed = story.processed();
        processed.iter().filter(|msg| processed.iter().filter(|other| other == msg).count() > 1).count()
    };
    assert_eq!(twice(&calm), 0);
    let killed = scene().fault("{kill: a0, at: 13s, restart_after: 1s}").run();
    assert!(killed.came_to_rest() && twice(&killed) > 0);
    assert!(killed.acked().iter().all(|msg| killed.processed().contains(msg)));
}

/// Neither the flush nor the slave is waited for, whatever the settings say: the consumer has gone on, and its progress
/// is on the slave, when the only copy goes with the master's disk.
#[test]
fn a_copy_for_another_try_is_not_waited_for() {
    let safe = ["broker.brokerRole=SYNC_MASTER", "broker.inSyncReplicas=2", "broker.totalReplicas=2"];
    let story = failing("5.3", 1.0)
        .set(&safe)
        .set(&["broker.flushDiskType=SYNC_FLUSH", "consumer.maxReconsumeTimes=1"])
        .fault("{partition: {isolate: a1, from: [a0]}, at: 500ms, for: 20s}")
        .setup(|setup| setup.workload.processing = Span::ms(20))
        .run();
    // Sends that wait for the slave fail meanwhile, and what was given back is taken all the same.
    let during = story.began(Phase::Chaos) + Span::secs(2);
    let taken = story.seen().filter(|(at, node, seen)| {
        *node == story.node("a0")
            && *at > during
            && matches!(seen, Observation::Appended { origin, .. } if origin.is_internal())
    });
    assert!(taken.count() > 0);
    assert!(!story.failures().is_empty());
}

/// The listener is still at it; the copy comes, and both count.
#[test]
fn a_listener_that_takes_too_long_is_handed_its_message_again() {
    let story = Scene::of("5.3")
        .set(&["consumer.consumeTimeout=1"])
        .setup(|setup| {
            setup.workload.processing = Span::secs(150);
            setup.workload.messages = 1;
        })
        .run();
    let processed = story.processed();
    assert!(processed.len() > 1, "{processed:?}");
    assert!(!story.notes("longer than consumeTimeout").is_empty());
}

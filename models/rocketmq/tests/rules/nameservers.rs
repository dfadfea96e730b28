//! Routes: how long they outlive what they lead to, and who goes on without a nameserver.

use ackproof_core::observe::Observation;
use ackproof_core::op::Phase;
use ackproof_core::setup::ConsumerStart;
use ackproof_core::time::{Span, SpanRange};

use crate::scene::{Scene, Story};

const NAMESERVERS_DOWN: &str = "{kill: [ns1, ns2], at: 1s, restart_after: 60s}";

/// Two groups, to which a producer sends in turn, a message every `interval`.
fn groups(interval: Span, messages: u32) -> Scene {
    Scene::of("5.3").cluster(|cluster| cluster.groups = 2).setup(|setup| {
        setup.workload.messages = messages;
        setup.workload.interval = interval;
        setup.app.producer.accept = Some(vec!["SEND_OK".to_owned()]);
    })
}

/// How long after the workload began the last send failed.
fn last_failure(story: &Story) -> Option<Span> {
    let begin = story.began(Phase::Chaos);
    story.told_at().iter().filter(|(_, acked)| !acked).map(|(at, _)| at.since(begin)).max()
}

#[test]
fn a_route_outlives_a_machine_that_went_dark_by_two_minutes_and_a_dead_process_not_at_all() {
    let dark = groups(Span::ms(500), 400).fault("{power_loss: a0, at: 2s, gone: true}").run();
    let last = last_failure(&dark).expect("sends to a dark master fail");
    // 120 s of silence, a look every 5 s, a question every 30 s.
    assert!(last >= Span::secs(110) && last <= Span::secs(162), "{last:?}");

    let killed = groups(Span::ms(500), 400).fault("{kill: a0, at: 2s, gone: true}").run();
    let last = last_failure(&killed).unwrap_or(Span::ZERO);
    assert!(last <= Span::secs(5), "the next try goes to the other group: {last:?}");
}

#[test]
fn clients_that_know_their_way_go_on_without_nameservers() {
    let story = groups(Span::ms(50), 400).fault(NAMESERVERS_DOWN).run();
    assert_eq!(story.acked().len(), 400);
    let (begin, delivered) = (story.began(Phase::Chaos), story.delivered());
    assert!(delivered.iter().filter(|(at, ..)| *at < begin + Span::secs(19)).count() > 300);
}

#[test]
fn a_client_that_is_new_waits_for_a_nameserver() {
    let story = groups(Span::ms(200), 400)
        .setup(|setup| setup.workload.consumer_start = ConsumerStart::After(SpanRange::exactly(Span::secs(5))))
        .set(&["consumer.consumeFromWhere=CONSUME_FROM_FIRST_OFFSET"])
        .fault(NAMESERVERS_DOWN)
        .run();
    let first = story.delivered()[0].0.since(story.began(Phase::Chaos));
    assert!(first > Span::secs(60), "{first:?}");
}

#[test]
fn a_fail_over_is_not_seen_while_all_nameservers_are_down() {
    let controlled = |faults: &[&str]| {
        let scene = Scene::of("5.3")
            .cluster(|cluster| {
                cluster.mode = "controller".to_owned();
                cluster.slaves = 2;
            })
            .setup(|setup| {
                setup.workload.messages = 700;
                setup.workload.interval = Span(200);
                setup.app.producer.accept = Some(vec!["SEND_OK".to_owned()]);
            });
        faults.iter().fold(scene, |scene, fault| scene.fault(fault)).run()
    };
    let first_ack = |story: &Story| {
        let begin = story.began(Phase::Chaos);
        let after = begin + Span::secs(3);
        story.told_at().iter().find(|(at, acked)| *acked && *at > after).map(|(at, _)| at.since(begin))
    };
    let kill = "{kill: a0, at: 2s, restart_after: 120s}";
    let without = controlled(&[NAMESERVERS_DOWN, kill]);
    assert!(first_ack(&without).expect("some day") > Span::secs(60), "{:?}", first_ack(&without));
    let with = controlled(&[kill]);
    assert!(first_ack(&with).expect("soon") < Span::secs(35), "{:?}", first_ack(&with));
}

#[test]
fn a_master_of_an_older_epoch_does_not_take_the_route_back() {
    let story = Scene::of("5.3")
        .cluster(|cluster| {
            cluster.mode = "controller".to_owned();
            cluster.slaves = 2;
        })
        .setup(|setup| {
            setup.workload.messages = 600;
            setup.workload.interval = Span(200);
        })
        .fault("{partition: {isolate: a0, from: [a1, a2, ctl1, ctl2, ctl3]}, at: 2s, for: 100s}")
        .run();
    let (from, to) = (story.began(Phase::Chaos) + Span::secs(50), story.began(Phase::Chaos) + Span::secs(100));
    let mut masters: Vec<_> = story
        .seen()
        .filter(|(at, _, seen)| *at > from && *at < to && matches!(seen, Observation::Appended { .. }))
        .map(|(_, node, _)| node)
        .collect();
    masters.sort_unstable();
    masters.dedup();
    assert!(masters.len() == 1 && masters[0] != story.node("a0"), "{masters:?}");
}

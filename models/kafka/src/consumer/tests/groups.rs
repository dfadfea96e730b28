//! A member's place in its group.

use super::*;
use crate::message::{GroupHeartbeatIs, MemberHeartbeat, Reconciled, SyncGroup};

const COOPERATIVE: &str =
    "consumer.partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
const TWO: &str = "topic.partitions=2";
const P1: Origin = Origin(1);

/// A member that reads two partitions from the beginning, both led by b1, in generation 1.
fn member_of_two(chosen: &[&str], setup: &Setup) -> (Rig<Consumer>, Membership) {
    let chosen: Vec<&str> = [TWO].iter().chain(chosen).copied().collect();
    let leaders = image(1, &[Some(B1), Some(B1), Some(B2)]);
    let mut rig = Rig::new(Consumer::new(&plan(&chosen, setup), C1));
    rig.on(Event::Start);
    for _ in 0..3 {
        rig.answer_metadata(&leaders);
    }
    let membership = rig.joined(1);
    rig.synced(membership, &[P0, P1]);
    rig.offsets(&[stored(0, None), Stored { origin: P1, upto: Offset(0), leader_epoch: None }]);
    rig.answer_metadata(&leaders);
    (rig, membership)
}

#[test]
fn the_leader_divides_the_partitions() {
    let mut rig = started(C1, &[TWO], &Setup::default());
    let asked = rig.join();
    let own = asked.subscribed.member;
    let other = MemberId { draw: u32::MAX, node: NodeId(9) };
    let subscribed = |member| crate::message::Subscribed { member, owned: [].into(), owned_in: None };
    let joined = Joined { generation: Generation(1), leader: own, members: [own, other].map(subscribed).into() };
    rig.reply(B2, Message::GroupJoined(GroupJoined { correlation: asked.correlation, result: Ok(joined) }));
    let (_, Message::SyncGroup(SyncGroup { assignments, .. })) = rig.only_sent() else { panic!("it decides nothing") };
    let shares: Vec<_> = assignments.iter().map(|share| (share.member, share.origins.to_vec())).collect();
    assert_eq!(shares, [(own, vec![P0]), (other, vec![P1])]);
}

#[test]
fn an_idle_member_says_every_three_seconds_that_it_lives() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(records(0..0, 0));
    rig.sent.clear();
    let mut beats = 0;
    for _ in 0..20 {
        rig.pass(Span::secs(3));
        rig.answer_metadata(&led_by_b1());
        beats += rig.beat(Ok(()));
    }
    assert_eq!(beats, 20);
}

#[test]
fn an_eager_member_stores_and_gives_up_everything_before_it_joins_again() {
    let (mut rig, _) = member_of_two(&[], &Setup::default());
    rig.fetched(records(0..2, 2));
    assert_eq!(rig.delivered(), [0]);
    rig.pass(Span::secs(3));
    rig.beat(Err(ErrorCode::RebalanceInProgress));
    assert!(rig.commit().is_none(), "its application is not in poll()");
    rig.finish(0, true);
    rig.delivered();
    rig.finish(1, true);
    assert!(!rig.sent.iter().any(|(_, body)| matches!(body, Message::JoinGroup(_))), "it stores first");
    assert_eq!(rig.committed(), Some(2));
    assert_eq!(rig.actor.position(P0), None);
    let asked = rig.join();
    assert!(asked.subscribed.owned.is_empty() && !asked.is_new);
}

#[test]
fn a_cooperative_member_keeps_what_it_keeps_and_joins_again_for_what_it_gives_up() {
    let (mut rig, _) = member_of_two(&[COOPERATIVE], &Setup::default());
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.pass(Span::secs(3));
    rig.beat(Err(ErrorCode::RebalanceInProgress));
    rig.committed();
    let asked = rig.sent.iter().find_map(|(_, body)| match body {
        Message::JoinGroup(asked) => Some(asked.subscribed.owned.to_vec()),
        _ => None,
    });
    assert_eq!(asked, Some(vec![P0, P1]));
    assert_eq!(rig.actor.position(P0), Some(Offset(1)), "it goes on reading");
    let membership = rig.joined(2);
    rig.synced(membership, &[P0]);
    assert_eq!((rig.actor.position(P0), rig.actor.position(P1)), (Some(Offset(1)), None));
    rig.committed();
    assert_eq!(rig.join().subscribed.owned.to_vec(), [P0], "so that somebody else can have the other one");
}

#[test]
fn a_member_whose_application_does_not_poll_leaves_and_its_commit_fails() {
    let mut rig = member(&["consumer.max.poll.interval.ms=10000"], &ack(AckMode::AfterBatch));
    rig.fetched(records(0..2, 2));
    assert_eq!(rig.delivered(), [0]);
    rig.live(Span::secs(9));
    assert!(rig.actor.membership().is_some());
    rig.live(Span::secs(2));
    let (_, Message::LeaveGroup(_)) = rig.take(|body| matches!(body, Message::LeaveGroup(_))) else { unreachable!() };
    rig.finish(0, true);
    assert_eq!(rig.delivered(), [1], "the application does not know");
    rig.finish(1, true);
    assert!(rig.commit().is_none(), "CommitFailedException");
    assert!(rig.join().is_new);
    assert_eq!(rig.actor.position(P0), None, "it has lost its partitions");
}

#[test]
fn a_static_member_says_no_goodbye() {
    let is_goodbye = |body: &Message| matches!(body, Message::LeaveGroup(_));
    let id = "consumer.group.instance.id=reader";
    let stays = "consumer.internal.leave.group.on.close=false";
    for (chosen, leaves) in [(&[][..], true), (&[id][..], false), (&[stays][..], false)] {
        let mut rig = member(chosen, &ack(AckMode::AfterBatch));
        rig.on(Event::Stop);
        assert_eq!(rig.sent.iter().any(|(_, body)| is_goodbye(body)), leaves, "{chosen:?}");
        assert_eq!(rig.exited, !leaves, "{chosen:?}");
    }
    // Nor when its application stays away: it is back in its place after the next poll.
    let mut rig = member(&[id, "consumer.max.poll.interval.ms=10000"], &ack(AckMode::AfterBatch));
    rig.fetched(records(0..1, 1));
    assert_eq!(rig.delivered(), [0]);
    rig.live(Span::secs(11));
    assert!(rig.actor.membership().is_none());
    rig.live(Span::secs(20));
    assert!(!rig.sent.iter().any(|(_, body)| is_goodbye(body)) && rig.beat(Ok(())) == 0);
    rig.finish(0, true);
    assert!(rig.commit().is_none() && rig.join().is_new);
}

#[test]
fn heartbeats_go_on_while_the_application_works() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(records(0..1, 1));
    assert_eq!(rig.delivered(), [0]);
    rig.live(Span::secs(100));
    assert!(rig.actor.membership().is_some() && rig.actor.is_settled());
}

#[test]
fn a_member_that_is_not_known_any_more_loses_its_partitions_and_stores_nothing() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.pass(Span::secs(3));
    rig.beat(Err(ErrorCode::UnknownMemberId));
    assert!(rig.commit().is_none());
    assert!(rig.join().is_new);
    assert_eq!(rig.actor.position(P0), None);
}

#[test]
fn a_member_that_cannot_reach_its_coordinator_goes_on_with_what_it_has() {
    let mut rig = member(&[], &ack(AckMode::AfterBatch));
    rig.pass(Span::secs(50));
    assert!(rig.sent.iter().any(|(_, body)| matches!(body, Message::MemberHeartbeat(MemberHeartbeat { .. }))));
    rig.answer_metadata(&led_by_b1());
    assert!(rig.actor.position(P0).is_some() && rig.actor.membership().is_some());
}

#[test]
fn a_commit_that_meets_a_rebalance_is_made_again_for_what_the_member_keeps() {
    let (mut rig, _) = member_of_two(&[COOPERATIVE], &ack(AckMode::AfterBatch));
    rig.fetched(records(0..1, 1));
    rig.process();
    let (to, commit) = rig.commit().expect("the batch is done");
    let correlation = commit.correlation;
    let result = Err(ErrorCode::RebalanceInProgress);
    rig.reply(to, Message::OffsetCommitted(OffsetCommitted { correlation, result }));
    let membership = rig.joined(2);
    assert_eq!(rig.committed(), None);
    rig.synced(membership, &[P0, P1]);
    assert_eq!(rig.committed(), Some(1));
}

#[test]
fn a_fetch_of_an_earlier_assignment_is_void() {
    let mut rig = member(&[], &ack(AckMode::AfterBatch));
    let (to, fetch) = rig.fetch();
    rig.pass(Span::secs(3));
    rig.beat(Err(ErrorCode::RebalanceInProgress));
    let membership = rig.joined(2);
    rig.synced(membership, &[P0]);
    let result = records(0..1, 1);
    rig.reply(to, Message::Fetched(Fetched { correlation: fetch.correlation, origin: P0, result }));
    assert_eq!(rig.delivered(), []);
    rig.offsets(&[stored(5, None)]);
    assert_eq!(rig.fetch().1.offset, Offset(5));
}

#[test]
fn a_reconciling_member_stores_gives_up_what_it_is_to_and_says_so_and_keeps_the_rest() {
    let mut rig = started(C1, &[TWO, "consumer.group.protocol=consumer"], &Setup::default());
    let leaders = image(1, &[Some(B1), Some(B1), Some(B2)]);
    for _ in 0..3 {
        rig.answer_metadata(&leaders);
    }
    let beat = |rig: &mut Rig<Consumer>, epoch: u32, origins: &[Origin]| {
        let (to, Message::GroupHeartbeat(asked)) = rig.take(|body| matches!(body, Message::GroupHeartbeat(_))) else {
            unreachable!()
        };
        let told = Reconciled { epoch: Generation(epoch), assigned: origins.into() };
        let correlation = asked.correlation;
        rig.reply(to, Message::GroupHeartbeatIs(GroupHeartbeatIs { correlation, result: Ok(told) }));
        (asked.epoch, asked.owned.map(|owned| owned.to_vec()))
    };
    assert_eq!(beat(&mut rig, 1, &[P0, P1]), (None, Some(vec![])));
    assert_eq!(beat(&mut rig, 1, &[P0, P1]), (Some(Generation(1)), Some(vec![P0, P1])));
    rig.offsets(&[stored(0, None), Stored { origin: P1, upto: Offset(0), leader_epoch: None }]);
    rig.answer_metadata(&leaders);
    assert!(rig.actor.is_ready());
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.pass(Span::ms(4900));
    assert!(!rig.sent.iter().any(|(_, body)| matches!(body, Message::GroupHeartbeat(_))));
    rig.pass(Span::ms(200));
    rig.committed();
    assert_eq!(beat(&mut rig, 1, &[P0]), (Some(Generation(1)), None));
    assert_eq!(rig.committed(), Some(1), "it stores first");
    assert_eq!((rig.actor.position(P0), rig.actor.position(P1)), (Some(Offset(1)), None));
    assert_eq!(beat(&mut rig, 2, &[P0]), (Some(Generation(1)), Some(vec![P0])));
    assert!(rig.actor.is_settled());
}

#[test]
fn before_4_0_the_newer_protocol_may_store_what_a_poll_is_about_to_return() {
    let stored_by_the_first_poll = |bug: bool| {
        let setup = Setup::default();
        let mut plan = plan(
            &["consumer.group.protocol=consumer", "consumer.auto.commit.interval.ms=10", "consumer.max.poll.records=1"],
            &setup,
        );
        plan.config.consumer.may_commit_ahead = bug;
        let mut rig = Rig::new(Consumer::new(&plan, C1));
        rig.on(Event::Start);
        for _ in 0..3 {
            rig.answer_metadata(&led_by_b1());
        }
        for _ in 0..2 {
            let (to, Message::GroupHeartbeat(asked)) = rig.take(|body| matches!(body, Message::GroupHeartbeat(_)))
            else {
                unreachable!()
            };
            let told = Reconciled { epoch: Generation(1), assigned: [P0].into() };
            let correlation = asked.correlation;
            rig.reply(to, Message::GroupHeartbeatIs(GroupHeartbeatIs { correlation, result: Ok(told) }));
        }
        rig.offsets(&[stored(0, None)]);
        rig.answer_metadata(&led_by_b1());
        rig.fetched(records(0..20, 20));
        for number in 0..19 {
            assert_eq!(rig.delivered(), [number]);
            rig.pass(Span::ms(20));
            rig.finish(number, true);
            match rig.committed() {
                Some(upto) if upto == u64::from(number) + 2 => return true,
                upto => assert_eq!(upto, Some(u64::from(number) + 1)),
            }
        }
        false
    };
    assert!(stored_by_the_first_poll(true));
    assert!(!stored_by_the_first_poll(false));
}

#[test]
fn an_automatic_commit_that_a_rebalance_did_not_wait_for_does_not_stop_later_ones() {
    let chosen = ["consumer.auto.commit.interval.ms=1000", "consumer.max.poll.interval.ms=7000"];
    let mut rig = member(&chosen, &Setup::default());
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.pass(Span::secs(1));
    rig.beat(Ok(()));
    let (to, slow) = rig.commit().expect("it is due");
    rig.pass(Span::secs(3));
    rig.beat(Err(ErrorCode::RebalanceInProgress));
    assert!(rig.commit().is_none(), "the first one is still under way");
    rig.live(Span::secs(8));
    let membership = rig.joined(2);
    let result = Err(ErrorCode::CoordinatorNotAvailable);
    rig.reply(to, Message::OffsetCommitted(OffsetCommitted { correlation: slow.correlation, result }));
    rig.fetched(records(0..0, 1));
    rig.answer_metadata(&led_by_b1());
    rig.synced(membership, &[P0]);
    rig.offsets(&[stored(0, None)]);
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.live(Span::secs(3));
    assert_eq!(rig.committed(), Some(1));
}

#[test]
fn a_member_whose_application_stays_away_again_and_again_is_too_slow() {
    let mut rig = member(&["consumer.max.poll.interval.ms=5000"], &ack(AckMode::AfterBatch));
    for generation in 2..5 {
        assert!(!rig.actor.is_too_slow());
        rig.fetched(records(0..1, 1));
        assert_eq!(rig.delivered(), [0]);
        rig.live(Span::secs(6));
        rig.take(|body| matches!(body, Message::LeaveGroup(_)));
        rig.finish(0, true);
        let membership = rig.joined(generation);
        rig.fetched(records(0..0, 1));
        rig.synced(membership, &[P0]);
        rig.offsets(&[stored(0, None)]);
    }
    assert!(rig.actor.is_too_slow());
    rig.fetched(records(0..1, 1));
    rig.process();
    assert_eq!(rig.committed(), Some(1));
    assert!(!rig.actor.is_too_slow(), "it has come further");
}

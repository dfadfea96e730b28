//! Who is in the consumer group, and in which generation, as its coordinator decides it.

use ackproof_core::time::Span;

use super::bench::members::membership;
use super::bench::{B1, B2, B3, Bench, P0};
use crate::error_code::ErrorCode;

/// With one partition of the workload, `__consumer_offsets` begins at the second broker.
const COORDINATOR: ackproof_core::node::NodeId = B2;

#[test]
fn the_first_members_of_a_group_wait_for_each_other() {
    let mut bench = Bench::formed(&[]);
    let first = bench.join(COORDINATOR, 1, None);
    bench.run(Span(2900));
    assert_eq!(bench.generation(first), None);
    let second = bench.join(COORDINATOR, 2, None);
    bench.run(Span(2900));
    assert_eq!(bench.generation(first), None, "who comes prolongs the wait");
    bench.run(Span(300));
    assert_eq!((bench.generation(first), bench.generation(second)), (Some((1, vec![1, 2])), Some((1, vec![]))));
}

#[test]
fn without_the_initial_delay_the_first_member_begins_at_once() {
    let mut bench = Bench::formed(&["broker.group.initial.rebalance.delay.ms=0"]);
    let first = bench.join(COORDINATOR, 1, None);
    bench.run(Span(5));
    assert_eq!(bench.generation(first), Some((1, vec![1])));
}

#[test]
fn a_rebalance_waits_for_a_dead_member_until_its_session_ends() {
    let mut bench = Bench::formed(&[]);
    bench.group_of_two(COORDINATOR);
    assert_eq!(bench.heartbeat(COORDINATOR, membership(2, 1)), Ok(()));
    let third = bench.join(COORDINATOR, 3, None);
    bench.run(Span(10));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(1, 1)), Err(ErrorCode::RebalanceInProgress));
    let first = bench.join(COORDINATOR, 1, Some(1));
    bench.run(Span(44_900));
    assert_eq!(bench.generation(first), None);
    bench.run(Span(200));
    assert_eq!((bench.generation(first), bench.generation(third)), (Some((2, vec![1, 3])), Some((2, vec![]))));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(2, 1)), Err(ErrorCode::UnknownMemberId));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(1, 1)), Err(ErrorCode::IllegalGeneration));
}

#[test]
fn a_rebalance_waits_for_a_busy_member_until_max_poll_interval_ms() {
    let mut bench = Bench::formed(&["consumer.max.poll.interval.ms=20000"]);
    bench.group_of_two(COORDINATOR);
    let third = bench.join(COORDINATOR, 3, None);
    let first = bench.join(COORDINATOR, 1, Some(1));
    for _ in 0..6 {
        bench.run(Span::secs(3));
        assert_eq!(bench.heartbeat(COORDINATOR, membership(2, 1)), Err(ErrorCode::RebalanceInProgress));
    }
    assert_eq!(bench.generation(first), None);
    bench.run(Span::secs(3));
    assert_eq!((bench.generation(first), bench.generation(third)), (Some((2, vec![1, 3])), Some((2, vec![]))));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(2, 1)), Err(ErrorCode::UnknownMemberId));
}

#[test]
fn a_member_that_says_goodbye_is_not_waited_for() {
    let mut bench = Bench::formed(&[]);
    bench.group_of_two(COORDINATOR);
    bench.leave(COORDINATOR, 2);
    assert_eq!(bench.heartbeat(COORDINATOR, membership(1, 1)), Err(ErrorCode::RebalanceInProgress));
    let first = bench.join(COORDINATOR, 1, Some(1));
    bench.run(Span(5));
    assert_eq!(bench.generation(first), Some((2, vec![1])));
}

#[test]
fn what_a_generation_reads_is_told_once_it_is_replicated() {
    let mut bench = Bench::formed(&["broker.broker.session.timeout.ms=60000"]);
    let first = bench.join(COORDINATOR, 1, None);
    bench.run(Span::secs(4));
    assert_eq!(bench.generation(first), Some((1, vec![1])));
    bench.cut(COORDINATOR, &[B1, B3]);
    let synced = bench.sync(COORDINATOR, membership(1, 1), &[1]);
    bench.run(Span(4900));
    assert_eq!(bench.synced(synced), None);
    bench.run(Span(200));
    assert_eq!(bench.synced(synced), Some(Err(ErrorCode::CoordinatorNotAvailable)));
}

#[test]
fn a_member_that_does_not_ask_what_to_read_is_removed() {
    let mut bench = Bench::formed(&["consumer.max.poll.interval.ms=20000"]);
    let (first, second) = (bench.join(COORDINATOR, 1, None), bench.join(COORDINATOR, 2, None));
    bench.run(Span::secs(7));
    assert!(bench.generation(first).is_some() && bench.generation(second).is_some());
    let synced = bench.sync(COORDINATOR, membership(1, 1), &[1, 2]);
    bench.run(Span::secs(10));
    assert_eq!(bench.synced(synced), Some(Ok(vec![P0])));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(2, 1)), Ok(()));
    bench.run(Span::secs(11));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(2, 1)), Err(ErrorCode::UnknownMemberId));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(1, 1)), Err(ErrorCode::RebalanceInProgress));
}

#[test]
fn the_group_survives_its_coordinator_and_sessions_begin_anew() {
    let mut bench = Bench::formed(&[]);
    bench.group_of_two(COORDINATOR);
    bench.run(Span::secs(30));
    bench.kill(COORDINATOR);
    bench.run(Span::secs(12));
    assert_eq!(bench.image().coordinator(), Some(B3));
    assert_eq!(bench.heartbeat(B3, membership(1, 1)), Ok(()), "although the old one last heard of it 42 s ago");
    bench.run(Span::secs(20));
    assert_eq!(bench.heartbeat(B3, membership(1, 1)), Ok(()));
    bench.run(Span::secs(20));
    assert_eq!(bench.heartbeat(B3, membership(1, 1)), Ok(()));
    bench.run(Span::secs(6));
    assert_eq!(bench.heartbeat(B3, membership(1, 1)), Err(ErrorCode::RebalanceInProgress), "the other one is gone");
    let synced = bench.sync(B3, membership(1, 1), &[]);
    bench.run(Span(5));
    assert_eq!(bench.synced(synced), Some(Err(ErrorCode::RebalanceInProgress)));
}

#[test]
fn only_members_of_the_present_generation_store_progress() {
    let mut bench = Bench::formed(&[]);
    bench.group_of_two(COORDINATOR);
    let commit = |bench: &mut Bench, upto, claim| {
        let commit = bench.commit_as(COORDINATOR, upto, claim);
        bench.run(Span(20));
        bench.committed(commit).expect("answered")
    };
    assert_eq!(commit(&mut bench, 1, None), Err(ErrorCode::UnknownMemberId));
    assert_eq!(commit(&mut bench, 1, Some(membership(3, 1))), Err(ErrorCode::UnknownMemberId));
    assert_eq!(commit(&mut bench, 1, Some(membership(1, 0))), Err(ErrorCode::IllegalGeneration));
    assert_eq!(commit(&mut bench, 1, Some(membership(1, 1))), Ok(()));
    // A member that goes takes nothing with it: until the others have joined again they may store what they did.
    bench.leave(COORDINATOR, 2);
    assert_eq!(commit(&mut bench, 2, Some(membership(1, 1))), Ok(()));
    bench.join(COORDINATOR, 1, Some(1));
    bench.run(Span(5));
    assert_eq!(commit(&mut bench, 3, Some(membership(1, 2))), Err(ErrorCode::RebalanceInProgress));
    assert_eq!(bench.progress(COORDINATOR), Ok(Some(2)));
}

#[test]
fn an_empty_group_takes_progress_from_anybody_and_knows_since_when_it_is_empty() {
    let mut bench = Bench::formed(&[]);
    bench.group_of_two(COORDINATOR);
    assert_eq!(bench.broker(COORDINATOR).group().expect("it coordinates").empty_since(), None);
    bench.leave(COORDINATOR, 2);
    bench.leave(COORDINATOR, 1);
    let since = bench.broker(COORDINATOR).group().expect("it coordinates").empty_since();
    assert!(since.is_some());
    bench.run(Span::secs(5));
    let commit = bench.commit_as(COORDINATOR, 7, None);
    bench.run(Span(20));
    assert_eq!(bench.committed(commit), Some(Ok(())));
    bench.kill(COORDINATOR);
    bench.run(Span::secs(12));
    assert_eq!(bench.broker(B3).group().expect("it coordinates").empty_since(), since);
}

#[test]
fn who_does_not_coordinate_says_so() {
    let mut bench = Bench::formed(&[]);
    let first = bench.join(B1, 1, None);
    bench.run(Span(5));
    assert_eq!(bench.joined(first).expect("answered").err(), Some(ErrorCode::NotCoordinator));
    assert_eq!(bench.heartbeat(B1, membership(1, 1)), Err(ErrorCode::NotCoordinator));
    bench.group_of_two(COORDINATOR);
    let waiting = bench.join(COORDINATOR, 3, None);
    bench.cut(COORDINATOR, &[super::bench::CTL, B1, B3]);
    bench.run(Span::secs(12));
    bench.heal();
    bench.run(Span::secs(3));
    assert_eq!(bench.joined(waiting).expect("answered").err(), Some(ErrorCode::NotCoordinator));
}

const RECONCILING: [&str; 2] = ["consumer.group.protocol=consumer", "topic.partitions=4"];
/// With four partitions of the workload.
const RECONCILER: ackproof_core::node::NodeId = B2;

#[test]
fn the_coordinator_moves_a_partition_only_once_its_owner_has_given_it_up() {
    let mut bench = Bench::new(&RECONCILING);
    bench.run(Span::secs(1));
    let all = vec![0, 1, 2, 3];
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, None, Some(&[])), Ok((1, all.clone())), "nobody is waited for");
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, Some(1), Some(&[0, 1, 2, 3])), Ok((1, all)));
    assert_eq!(bench.group_heartbeat(RECONCILER, 2, None, Some(&[])), Ok((2, vec![])));
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, Some(1), None), Ok((1, vec![0, 1])), "it is to give two up");
    assert_eq!(bench.group_heartbeat(RECONCILER, 2, Some(2), None), Ok((2, vec![])), "and has not yet");
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, Some(1), Some(&[0, 1])), Ok((2, vec![0, 1])));
    assert_eq!(bench.group_heartbeat(RECONCILER, 2, Some(2), None), Ok((2, vec![2, 3])));
}

#[test]
fn a_reconciling_member_is_told_once_everything_written_is_replicated() {
    let mut bench = Bench::new(&[&RECONCILING[..], &["broker.broker.session.timeout.ms=60000"]].concat());
    bench.run(Span::secs(1));
    bench.cut(RECONCILER, &[B1, B3]);
    let joining = bench.begin_group_heartbeat(RECONCILER, 1, None, Some(&[]));
    bench.run(Span(4900));
    assert_eq!(bench.group_heartbeat_is(joining), None);
    bench.run(Span(200));
    assert_eq!(bench.group_heartbeat_is(joining), Some(Err(ErrorCode::CoordinatorNotAvailable)));
    // Nothing new is written for the second heartbeat, and the first one's record is not replicated yet.
    let again = bench.begin_group_heartbeat(RECONCILER, 1, None, Some(&[]));
    bench.run(Span(1000));
    assert_eq!(bench.group_heartbeat_is(again), None);
    bench.heal();
    bench.run(Span::secs(15));
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, None, Some(&[])), Ok((1, vec![0, 1, 2, 3])));
}

#[test]
fn whoever_waits_for_a_coordinator_that_steps_down_looks_for_another_one() {
    let mut bench = Bench::new(&RECONCILING);
    bench.run(Span::secs(1));
    bench.cut(RECONCILER, &[B1, B3]);
    let joining = bench.begin_group_heartbeat(RECONCILER, 1, None, Some(&[]));
    bench.run(Span(10));
    bench.stop(RECONCILER);
    bench.run(Span::secs(1));
    assert_eq!(bench.group_heartbeat_is(joining), Some(Err(ErrorCode::NotCoordinator)));
}

#[test]
fn what_a_member_says_it_does_not_have_is_not_waited_for() {
    let mut bench = Bench::new(&RECONCILING);
    bench.run(Span::secs(1));
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, None, Some(&[])), Ok((1, vec![0, 1, 2, 3])));
    assert_eq!(bench.group_heartbeat(RECONCILER, 2, None, Some(&[])), Ok((2, vec![])));
    assert_eq!(
        bench.group_heartbeat(RECONCILER, 1, Some(1), Some(&[0, 1])),
        Ok((2, vec![0, 1])),
        "as after a fail-over"
    );
    assert_eq!(bench.group_heartbeat(RECONCILER, 2, Some(2), None), Ok((2, vec![2, 3])));
}

#[test]
fn with_the_newer_protocol_sessions_end_and_commits_of_older_epochs_are_refused() {
    let mut bench = Bench::new(&RECONCILING);
    bench.run(Span::secs(1));
    assert!(bench.group_heartbeat(RECONCILER, 1, None, Some(&[])).is_ok());
    assert!(bench.group_heartbeat(RECONCILER, 2, None, Some(&[])).is_ok());
    let commit = |bench: &mut Bench, claim| {
        let commit = bench.commit_as(RECONCILER, 1, Some(claim));
        bench.run(Span(20));
        bench.committed(commit).expect("answered")
    };
    assert_eq!(commit(&mut bench, membership(1, 1)), Ok(()));
    assert_eq!(commit(&mut bench, membership(1, 2)), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(commit(&mut bench, membership(3, 1)), Err(ErrorCode::UnknownMemberId));
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, Some(7), None), Err(ErrorCode::FencedMemberEpoch));
    bench.run(Span::secs(30));
    for _ in 0..2 {
        assert!(bench.group_heartbeat(RECONCILER, 1, Some(1), Some(&[])).is_ok());
    }
    bench.run(Span::secs(20));
    assert_eq!(bench.group_heartbeat(RECONCILER, 2, Some(2), None), Err(ErrorCode::UnknownMemberId));
    let (epoch, _) = bench.group_heartbeat(RECONCILER, 1, Some(2), None).expect("it is known");
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, Some(epoch), None), Ok((3, vec![0, 1, 2, 3])));
}

//! Static members: what the coordinator makes of a process that comes in place of another one.

use ackproof_core::node::NodeId;
use ackproof_core::setup::Setup;
use ackproof_core::time::Span;

use super::bench::members::membership;
use super::bench::{B1, B2, B3, Bench, P0};
use crate::error_code::ErrorCode;

const ID: &str = "consumer.group.instance.id=reader";
/// With one partition of the workload, `__consumer_offsets` begins at the second broker.
const COORDINATOR: NodeId = B2;

/// A group in its first generation with members of two machines, 1 and 101, of which 1 leads and reads the partition.
fn group_of_two(settings: &[&str]) -> Bench {
    let mut setup = Setup::default();
    setup.workload.consumers = 3;
    let mut bench = Bench::with("4.1", settings, &setup);
    bench.run(Span::secs(1));
    let (first, second) = (bench.join(COORDINATOR, 1, None), bench.join(COORDINATOR, 101, None));
    bench.run(Span::secs(7));
    assert_eq!((bench.generation(first), bench.generation(second)), (Some((1, vec![1, 101])), Some((1, vec![]))));
    let second = bench.sync(COORDINATOR, membership(101, 1), &[]);
    let first = bench.sync(COORDINATOR, membership(1, 1), &[1, 101]);
    bench.run(Span(10));
    assert_eq!((bench.synced(first), bench.synced(second)), (Some(Ok(vec![P0])), Some(Ok(vec![]))));
    bench
}

#[test]
fn a_static_member_that_is_started_again_has_its_partitions_back_without_a_rebalance() {
    let mut bench = group_of_two(&[ID]);
    let back = bench.join(COORDINATOR, 2, None);
    bench.run(Span(50));
    assert_eq!(bench.generation(back), Some((1, vec![2, 101])), "it leads, as the process before it did");
    let synced = bench.sync(COORDINATOR, membership(2, 1), &[2, 101]);
    bench.run(Span(5));
    assert_eq!(bench.synced(synced), Some(Ok(vec![P0])));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(101, 1)), Ok(()), "nobody else has noticed");
    // The neighbour: a dynamic one is another member.
    let mut bench = group_of_two(&[]);
    bench.join(COORDINATOR, 2, None);
    bench.run(Span(50));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(101, 1)), Err(ErrorCode::RebalanceInProgress));
}

#[test]
fn the_process_before_it_is_fenced() {
    let mut bench = group_of_two(&[ID]);
    bench.join(COORDINATOR, 2, None);
    bench.run(Span(50));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(1, 1)), Err(ErrorCode::FencedInstanceId));
    let commit = bench.commit_as(COORDINATOR, 1, Some(membership(1, 1)));
    bench.run(Span(50));
    assert_eq!(bench.committed(commit), Some(Err(ErrorCode::FencedInstanceId)));
    let commit = bench.commit_as(COORDINATOR, 1, Some(membership(2, 1)));
    bench.run(Span(50));
    assert_eq!(bench.committed(commit), Some(Ok(())));
}

#[test]
fn who_is_back_is_written_down_before_it_is_told() {
    let mut bench = group_of_two(&[ID, "broker.broker.session.timeout.ms=60000"]);
    bench.cut(COORDINATOR, &[B1, B3]);
    let back = bench.join(COORDINATOR, 2, None);
    bench.run(Span(4900));
    assert_eq!(bench.joined(back).map(|_| ()), None);
    bench.run(Span(200));
    assert_eq!(bench.joined(back).map(|told| told.err()), Some(Some(ErrorCode::CoordinatorNotAvailable)));

    let mut bench = group_of_two(&[ID]);
    bench.join(COORDINATOR, 2, None);
    bench.run(Span(50));
    bench.kill(COORDINATOR);
    bench.run(Span::secs(12));
    assert_eq!(bench.image().coordinator(), Some(B3));
    assert_eq!(bench.heartbeat(B3, membership(2, 1)), Ok(()));
    assert_eq!(bench.heartbeat(B3, membership(1, 1)), Err(ErrorCode::FencedInstanceId));
}

#[test]
fn a_static_member_that_stays_away_is_removed_when_its_session_ends() {
    let mut bench = group_of_two(&[ID]);
    bench.run(Span::secs(40));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(101, 1)), Ok(()));
    bench.run(Span::secs(6));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(101, 1)), Err(ErrorCode::RebalanceInProgress));
    let other = bench.join(COORDINATOR, 101, Some(1));
    bench.run(Span(50));
    assert_eq!(bench.generation(other), Some((2, vec![101])));
}

#[test]
fn a_rebalance_keeps_the_place_of_a_static_member_that_is_away() {
    let mut bench = group_of_two(&[ID, "consumer.max.poll.interval.ms=20000"]);
    let third = bench.join(COORDINATOR, 201, None);
    let first = bench.join(COORDINATOR, 1, Some(1));
    bench.run(Span(19_900));
    assert_eq!((bench.generation(first), bench.generation(third)), (None, None), "it is waited for");
    bench.run(Span(200));
    assert_eq!((bench.generation(first), bench.generation(third)), (Some((2, vec![1, 101, 201])), Some((2, vec![]))));
}

#[test]
fn while_no_static_member_has_joined_the_wait_begins_anew() {
    let mut bench = group_of_two(&[ID, "consumer.max.poll.interval.ms=5000"]);
    for _ in 0..9 {
        bench.run(Span::secs(5));
        let _ = bench.heartbeat(COORDINATOR, membership(101, 1));
    }
    assert_eq!(bench.heartbeat(COORDINATOR, membership(101, 1)), Err(ErrorCode::RebalanceInProgress), "1 is gone");
    bench.run(Span::secs(12));
    assert_eq!(bench.heartbeat(COORDINATOR, membership(101, 1)), Err(ErrorCode::RebalanceInProgress));
    let other = bench.join(COORDINATOR, 101, Some(1));
    bench.run(Span(50));
    assert_eq!(bench.generation(other), Some((2, vec![101])));
}

/// With two partitions of the workload, `__consumer_offsets` begins at the third broker.
const RECONCILER: NodeId = B3;

/// A group of one machine's member, which reads both partitions.
fn reconciling() -> Bench {
    let settings = [ID, "consumer.group.protocol=consumer", "topic.partitions=2"];
    let mut bench = Bench::new(&settings);
    bench.run(Span::secs(1));
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, None, Some(&[])), Ok((1, vec![0, 1])));
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, Some(1), Some(&[0, 1])), Ok((1, vec![0, 1])));
    bench
}

#[test]
fn with_the_newer_protocol_who_has_left_for_the_time_being_has_its_place_when_it_is_back() {
    let mut bench = reconciling();
    bench.leave(RECONCILER, 1);
    assert_eq!(bench.group_heartbeat(RECONCILER, 2, None, Some(&[])), Ok((1, vec![0, 1])), "no new epoch");
    assert_eq!(bench.group_heartbeat(RECONCILER, 1, Some(1), None), Err(ErrorCode::UnknownMemberId));
    bench.leave(RECONCILER, 2);
    bench.run(Span::secs(46));
    assert_eq!(bench.group_heartbeat(RECONCILER, 3, None, Some(&[])), Ok((3, vec![0, 1])), "its session had ended");
}

#[test]
fn with_the_newer_protocol_a_static_member_that_died_keeps_its_successor_out_until_its_session_ends() {
    let mut bench = reconciling();
    bench.run(Span::secs(40));
    assert_eq!(bench.group_heartbeat(RECONCILER, 2, None, Some(&[])), Err(ErrorCode::UnreleasedInstanceId));
    bench.run(Span::secs(6));
    assert_eq!(bench.group_heartbeat(RECONCILER, 2, None, Some(&[])), Ok((3, vec![0, 1])));
}

#[test]
fn that_it_has_left_for_the_time_being_is_written_down() {
    let mut bench = reconciling();
    bench.leave(RECONCILER, 1);
    bench.run(Span(50));
    bench.kill(RECONCILER);
    bench.run(Span::secs(12));
    let coordinator = bench.image().coordinator().expect("somebody coordinates");
    assert_eq!(bench.group_heartbeat(coordinator, 2, None, Some(&[])), Ok((1, vec![0, 1])));
}

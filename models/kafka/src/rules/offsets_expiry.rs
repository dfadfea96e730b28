//! Progress of a group that nobody came back for.

use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use super::bench::members::membership;
use super::bench::{B2, B3, Bench};

/// With one partition of the workload, `__consumer_offsets` begins at the second broker.
const COORDINATOR: NodeId = B2;

/// Progress is kept for a minute, and looked at every second.
fn formed() -> Bench {
    Bench::formed(&["broker.offsets.retention.minutes=1", "broker.offsets.retention.check.interval.ms=1000"])
}
/// Member 1 has stored progress; the other has left.
fn with_one_member() -> Bench {
    let mut bench = formed();
    bench.group_of_two(COORDINATOR);
    let commit = bench.commit_as(COORDINATOR, 7, Some(membership(1, 1)));
    bench.run(Span(10));
    assert_eq!(bench.committed(commit), Some(Ok(())));
    bench
}

#[test]
fn a_group_forgets_its_progress_when_nobody_has_been_in_it_for_so_long() {
    let mut bench = with_one_member();
    for _ in 0..40 {
        bench.run(Span::secs(2));
        assert_eq!(bench.heartbeat(COORDINATOR, membership(1, 1)), Ok(()));
        assert_eq!(bench.heartbeat(COORDINATOR, membership(2, 1)), Ok(()));
    }
    assert_eq!(bench.progress(COORDINATOR), Ok(Some(7)), "as old as it is, somebody is in the group");
    bench.leave(COORDINATOR, 2);
    bench.leave(COORDINATOR, 1);
    bench.run(Span::secs(59));
    assert_eq!(bench.progress(COORDINATOR), Ok(Some(7)));
    bench.run(Span::secs(3));
    assert_eq!(bench.progress(COORDINATOR), Ok(None));
    assert!(bench.was_noted("forgets the group's progress in partition 0"));
}

#[test]
fn what_was_forgotten_stays_forgotten_with_the_next_coordinator_and_what_is_stored_later_counts() {
    let mut bench = with_one_member();
    bench.leave(COORDINATOR, 2);
    bench.leave(COORDINATOR, 1);
    bench.run(Span::secs(63));
    assert_eq!(bench.progress(COORDINATOR), Ok(None));
    bench.kill(COORDINATOR);
    bench.run(Span::secs(12));
    assert_eq!(bench.progress(B3), Ok(None));
    let commit = bench.commit(B3, 9);
    bench.run(Span::secs(1));
    assert_eq!((bench.committed(commit), bench.progress(B3)), (Some(Ok(())), Ok(Some(9))));
}

#[test]
fn how_long_a_group_has_been_empty_is_found_again_by_the_next_coordinator() {
    let mut bench = with_one_member();
    bench.leave(COORDINATOR, 2);
    bench.leave(COORDINATOR, 1);
    bench.run(Span::secs(40));
    bench.kill(COORDINATOR);
    bench.run(Span::secs(12));
    assert_eq!(bench.progress(B3), Ok(Some(7)));
    bench.run(Span::secs(12));
    assert_eq!(bench.progress(B3), Ok(None));
}

#[test]
fn progress_without_a_group_is_forgotten_so_long_after_it_was_stored() {
    let mut bench = formed();
    bench.commit(COORDINATOR, 7);
    bench.run(Span::secs(40));
    bench.commit(COORDINATOR, 8);
    bench.run(Span::secs(40));
    assert_eq!(bench.progress(COORDINATOR), Ok(Some(8)));
    bench.run(Span::secs(25));
    assert_eq!(bench.progress(COORDINATOR), Ok(None));
}

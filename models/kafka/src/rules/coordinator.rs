//! Progress of the consumer group, kept in a partition like any other.

use ackproof_core::observe::Observation;
use ackproof_core::time::Span;

use super::bench::{B1, B2, B3, Bench, P0};
use crate::error_code::ErrorCode;

/// With one partition of the workload, `__consumer_offsets` begins at the second broker.
const COORDINATOR: ackproof_core::node::NodeId = B2;

#[test]
fn a_commit_is_answered_when_the_high_watermark_has_passed_it() {
    let mut bench = Bench::formed(&[]);
    let commit = bench.commit(COORDINATOR, 7);
    bench.run(Span(2));
    assert_eq!(bench.committed(commit), None);
    bench.run(Span(5));
    assert_eq!(bench.committed(commit), Some(Ok(())));
    assert_eq!(bench.progress(COORDINATOR), Ok(Some(7)));
    let seen = (COORDINATOR, Observation::Committed { origin: P0, upto: 7 });
    assert!(bench.seen.contains(&seen));
}

#[test]
fn only_the_coordinator_takes_and_tells_progress() {
    let mut bench = Bench::formed(&[]);
    let commit = bench.commit(B1, 7);
    bench.run(Span(5));
    assert_eq!(bench.committed(commit), Some(Err(ErrorCode::NotCoordinator)));
    assert_eq!(bench.progress(B1), Err(ErrorCode::NotCoordinator));
    assert_eq!(bench.progress(COORDINATOR), Ok(None));
}

#[test]
fn progress_moves_with_the_leadership_of_its_partition() {
    let mut bench = Bench::formed(&[]);
    let commit = bench.commit(COORDINATOR, 7);
    bench.run(Span(10));
    assert_eq!(bench.committed(commit), Some(Ok(())));
    bench.kill(COORDINATOR);
    bench.run(Span::secs(12));
    assert_eq!(bench.image().coordinator(), Some(B3));
    assert_eq!(bench.progress(B3), Ok(Some(7)));
}

#[test]
fn with_one_replica_progress_is_lost_with_its_disk() {
    let mut bench = Bench::formed(&["broker.offsets.topic.replication.factor=1"]);
    let commit = bench.commit(COORDINATOR, 7);
    bench.run(Span(10));
    assert_eq!(bench.committed(commit), Some(Ok(())));
    bench.lose_disk(COORDINATOR);
    bench.run(Span::secs(12));
    bench.start(COORDINATOR);
    bench.settle();
    assert_eq!(bench.progress(COORDINATOR), Ok(None));
}

#[test]
fn a_commit_that_is_not_replicated_in_time_fails() {
    let mut bench = Bench::formed(&["broker.broker.session.timeout.ms=60000"]);
    bench.cut(COORDINATOR, &[B1, B3]);
    let commit = bench.commit(COORDINATOR, 7);
    bench.run(Span(4900));
    assert_eq!(bench.committed(commit), None);
    bench.run(Span(200));
    assert_eq!(bench.committed(commit), Some(Err(ErrorCode::CoordinatorNotAvailable)));
}

#[test]
fn its_min_insync_replicas_is_the_clusters_default_and_not_the_topics() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=3", "broker.min.insync.replicas=1"]);
    bench.kill(B1);
    bench.kill(B3);
    bench.run(Span::secs(12));
    let commit = bench.commit(COORDINATOR, 7);
    bench.run(Span(10));
    assert_eq!(bench.committed(commit), Some(Ok(())));
}

#[test]
fn up_to_3_9_a_commit_is_refused_below_min_insync_replicas_and_later_it_waits() {
    for (version, at_once) in [("3.9", Some(Err(ErrorCode::CoordinatorNotAvailable))), ("4.0", None)] {
        let mut bench = Bench::version(version, &["broker.min.insync.replicas=2"]);
        bench.run(Span::secs(1));
        bench.kill(B1);
        bench.kill(B3);
        bench.run(Span::secs(12));
        let commit = bench.commit(COORDINATOR, 7);
        bench.run(Span(10));
        assert_eq!(bench.committed(commit), at_once, "{version}");
    }
}

#[test]
fn what_a_new_coordinator_has_counts_up_to_3_9_and_later_only_what_is_replicated() {
    for (version, told) in [("3.9", Some(7)), ("4.0", None)] {
        let mut bench = Bench::version(version, &[]);
        bench.run(Span::secs(1));
        let commit = bench.commit(COORDINATOR, 7);
        bench.run(Span(10));
        assert_eq!(bench.committed(commit), Some(Ok(())));
        // b3 has it, and has not heard yet how far the high watermark is.
        bench.kill(COORDINATOR);
        bench.cut(B3, &[B1]);
        bench.run(Span::secs(12));
        assert_eq!(bench.progress(B3), Ok(told), "{version}");
        // What it appends itself counts for nobody before it is replicated.
        bench.commit(B3, 9);
        bench.run(Span(10));
        assert_eq!(bench.progress(B3), Ok(told), "{version}");
    }
}

#[test]
fn what_a_coordinator_appends_does_not_count_before_it_is_replicated() {
    for version in ["3.9", "4.1"] {
        let mut bench = Bench::version(version, &[]);
        bench.run(Span::secs(1));
        bench.cut(COORDINATOR, &[B1, B3]);
        bench.commit(COORDINATOR, 7);
        bench.run(Span(10));
        assert_eq!(bench.progress(COORDINATOR), Ok(None), "{version}");
    }
}

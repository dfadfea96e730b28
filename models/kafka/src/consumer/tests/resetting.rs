//! Where a consumer without a position begins when a duration says so.

use super::*;

#[test]
fn by_duration_asks_for_what_is_no_older_by_the_consumers_clock() {
    let mut rig = connected(C1, &["consumer.auto.offset.reset=by_duration:PT10S"], &Setup::default());
    rig.offsets(&[]);
    let asked_at = rig.wall_clock();
    assert_eq!(rig.placed(Ok(Some(Offset(17)))), Edge::Since(Time(asked_at.0 - 10_000)));
    assert_eq!(rig.fetch().1.offset, Offset(17));
}

#[test]
fn where_nothing_is_as_late_the_leader_is_asked_again_when_the_request_would_have_timed_out() {
    let mut rig = connected(
        C1,
        &["consumer.auto.offset.reset=by_duration:PT1S", "consumer.request.timeout.ms=2000"],
        &Setup::default(),
    );
    rig.offsets(&[]);
    let asked_at = rig.wall_clock();
    assert_eq!(rig.placed(Ok(None)), Edge::Since(Time(asked_at.0 - 1_000)));
    assert!(rig.actor.is_ready() && rig.is_silent());
    rig.pass(Span(1_999));
    assert!(!rig.sent.iter().any(|(_, body)| matches!(body, Message::ListOffsets(_) | Message::Fetch(_))));
    rig.sent.clear();
    rig.pass(Span(1));
    rig.sent.retain(|(_, body)| matches!(body, Message::ListOffsets(_)));
    assert_eq!(rig.placed(Ok(Some(Offset(3)))), Edge::Since(Time(asked_at.0 + 1_000)), "what came first is too old");
    assert_eq!(rig.fetch().1.offset, Offset(3));
}

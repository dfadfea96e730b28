//! What a member does when there is nothing to do, and how it comes back from where it was thrown out.

use super::*;
use crate::message::{GroupHeartbeat, GroupHeartbeatIs, Reconciled};

const RECONCILING: &str = "consumer.group.protocol=consumer";

impl Rig<Consumer> {
    fn group_heartbeat(&mut self) -> (NodeId, GroupHeartbeat) {
        let (to, Message::GroupHeartbeat(asked)) = self.take(|body| matches!(body, Message::GroupHeartbeat(_))) else {
            unreachable!()
        };
        (to, asked)
    }
    fn answer_group_heartbeat(&mut self, to: NodeId, asked: &GroupHeartbeat, result: Result<Reconciled, ErrorCode>) {
        let correlation = asked.correlation;
        self.reply(to, Message::GroupHeartbeatIs(GroupHeartbeatIs { correlation, result }));
    }
}

/// A member that reads the partition from its beginning, with `group.protocol=consumer`.
fn reconciling(chosen: &[&str]) -> Rig<Consumer> {
    let chosen: Vec<&str> = [RECONCILING].iter().chain(chosen).copied().collect();
    let mut rig = started(C1, &chosen, &Setup::default());
    for _ in 0..2 {
        let (to, asked) = rig.group_heartbeat();
        rig.answer_group_heartbeat(to, &asked, Ok(Reconciled { epoch: Generation(1), assigned: [P0].into() }));
    }
    rig.offsets(&[stored(0, None)]);
    rig.answer_metadata(&led_by_b1());
    rig
}

#[test]
fn a_reconciling_member_that_left_during_a_heartbeat_joins_again() {
    let mut rig = reconciling(&["consumer.max.poll.interval.ms=5500"]);
    rig.fetched(records(0..1, 1));
    assert_eq!(rig.delivered(), [0]);
    rig.pass(Span::secs(5));
    let (to, last) = rig.group_heartbeat();
    rig.pass(Span::secs(1));
    rig.take(|body| matches!(body, Message::LeaveGroup(_)));
    rig.answer_group_heartbeat(to, &last, Err(ErrorCode::UnknownMemberId));
    rig.finish(0, true);
    let (_, asked) = rig.group_heartbeat();
    assert!(asked.member != last.member && asked.epoch.is_none(), "{asked:?}");
}

#[test]
fn a_reconciling_member_whose_instance_id_is_taken_is_made_anew_after_a_second() {
    let mut rig = started(C1, &[RECONCILING, "consumer.group.instance.id=reader"], &Setup::default());
    let (to, asked) = rig.group_heartbeat();
    rig.answer_group_heartbeat(to, &asked, Err(ErrorCode::UnreleasedInstanceId));
    rig.pass(Span(900));
    rig.answer_metadata(&led_by_b1());
    assert!(!rig.sent.iter().any(|(_, body)| matches!(body, Message::GroupHeartbeat(_))));
    rig.pass(Span(200));
    let (_, asked) = rig.group_heartbeat();
    assert_eq!(asked.epoch, None);
}

#[test]
fn a_reconciling_member_whose_commit_is_refused_hears_from_its_heartbeat_that_it_is_out() {
    let mut rig = reconciling(&["consumer.auto.commit.interval.ms=4900"]);
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.pass(Span::secs(5));
    let (to, beat) = rig.group_heartbeat();
    let (from, commit) = rig.commit().expect("it commits every 4.9 s");
    let result = Err(ErrorCode::UnknownMemberId);
    rig.reply(from, Message::OffsetCommitted(OffsetCommitted { correlation: commit.correlation, result }));
    assert!(rig.actor.membership().is_some());
    rig.answer_group_heartbeat(to, &beat, Err(ErrorCode::UnknownMemberId));
    let (_, asked) = rig.group_heartbeat();
    assert_eq!((asked.epoch, asked.owned), (None, Some([].into())));
}

#[test]
fn what_an_application_gave_up_to_store_is_left_until_there_is_more() {
    let setup = ack(AckMode::AfterBatch);
    let mut rig = member(&["consumer.default.api.timeout.ms=2000"], &setup);
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.fetched(records(1..1, 1));
    assert!(!rig.is_idle(), "it waits for its commit");
    let mut tries = 0;
    while let Some((from, commit)) = rig.commit() {
        tries += 1;
        let result = Err(ErrorCode::CoordinatorNotAvailable);
        rig.reply(from, Message::OffsetCommitted(OffsetCommitted { correlation: commit.correlation, result }));
        rig.pass(Span::secs(1));
        rig.answer_metadata(&led_by_b1());
        rig.beat(Ok(()));
    }
    assert!(tries > 1 && rig.is_idle(), "after {tries} tries nothing more comes");
    rig.fetched(records(1..2, 2));
    rig.process();
    assert_eq!(rig.committed(), Some(2));
}

#[test]
fn a_member_that_waits_for_its_group_does_not_look_for_automatic_commits() {
    let mut rig = member(&["consumer.auto.commit.interval.ms=100"], &Setup::default());
    rig.fetched(records(0..1, 1));
    rig.process();
    rig.pass(Span::secs(3));
    while rig.committed().is_some() {}
    rig.beat(Err(ErrorCode::RebalanceInProgress));
    rig.committed();
    rig.join();
    let rings = rig.rings;
    rig.pass(Span::secs(10));
    assert!(rig.rings - rings < 20, "it woke {} times in ten seconds", rig.rings - rings);
}

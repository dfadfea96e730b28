use std::sync::Arc;

use ackproof_core::app::{AppReply, Delivery, MsgId};
use ackproof_core::setup::{AckMode, CommitCall, OnError, Processing, Setup};
use ackproof_core::time::Span;
use ackproof_log::{Epoch, EpochEnd};

use super::*;
use crate::client::rig::{B1, B2, Rig, image, plan};
use crate::error_code::ErrorCode;
use crate::message::{
    Commit as Stored, EpochEndIs, Fetch, Fetched, FetchedRecords, Generation, GroupJoined, GroupLeft, GroupSynced,
    JoinGroup, Joined, MemberHeartbeatIs, OffsetCommit, OffsetCommitted, OffsetFetch, OffsetIs, OffsetsAre, Payload,
    Record,
};
use crate::metadata::Image;
use crate::sequence::{Numbered, ProducerId, Sequence};
use crate::transaction::{Aborted, Committed, Ending, Marker};
use ackproof_core::node::Incarnation;

mod background;
mod groups;
mod polling;
mod resetting;
mod rest;

const P0: Origin = Origin(0);
/// The first consumer, and the auditor, in a cluster of three brokers, a controller and one producer.
const C1: NodeId = NodeId(5);
const AUDITOR: NodeId = NodeId(6);

/// b1 leads the workload, b2 coordinates.
fn led_by_b1() -> Arc<Image> {
    image(1, &[Some(B1), Some(B2)])
}

fn setup(change: impl FnOnce(&mut Setup)) -> Setup {
    let mut setup = Setup::default();
    change(&mut setup);
    setup
}
fn ack(mode: AckMode) -> Setup {
    setup(|setup| setup.app.consumer.ack = Some(mode))
}

/// A consumer that has just been told the leaders and has its connections open.
fn started(node: NodeId, chosen: &[&str], setup: &Setup) -> Rig<Consumer> {
    started_by(&plan(chosen, setup), node)
}
fn started_by(plan: &Plan, node: NodeId) -> Rig<Consumer> {
    let mut rig = Rig::new(Consumer::new(plan, node));
    rig.on(Event::Start);
    for _ in 0..3 {
        rig.answer_metadata(&led_by_b1());
    }
    rig
}

/// One that is in its group, if it is a member, and reads everything.
fn connected(node: NodeId, chosen: &[&str], setup: &Setup) -> Rig<Consumer> {
    connected_by(&plan(chosen, setup), node)
}
fn connected_by(plan: &Plan, node: NodeId) -> Rig<Consumer> {
    let mut rig = started_by(plan, node);
    if node == C1 {
        let membership = rig.joined(1);
        rig.synced(membership, &[P0]);
        rig.answer_metadata(&led_by_b1());
    }
    rig
}

/// A member that begins at offset 0 with a fetch on its way.
fn member(chosen: &[&str], setup: &Setup) -> Rig<Consumer> {
    let mut rig = connected(C1, chosen, setup);
    rig.offsets(&[stored(0, None)]);
    rig.answer_metadata(&led_by_b1());
    rig
}

fn stored(upto: u64, epoch: Option<u32>) -> Stored {
    Stored { origin: P0, upto: Offset(upto), leader_epoch: epoch.map(Epoch) }
}

fn delivery(number: u32) -> Delivery {
    Delivery { msg: MsgId::new(0, number), origin: P0, offset: u64::from(number) }
}

/// Messages whose numbers are their offsets, written in epoch 1.
fn records(numbers: std::ops::Range<u32>, high_watermark: u64) -> Result<FetchedRecords, ErrorCode> {
    let record = |number| Record {
        epoch: Epoch(1),
        left: 0,
        timestamp: Time::ZERO,
        payload: Payload::Message(MsgId::new(0, number), None),
    };
    Ok(FetchedRecords {
        records: numbers.map(record).collect(),
        high_watermark: Offset(high_watermark),
        log_start: Offset::ZERO,
        diverging: None,
        committed: None,
    })
}

impl Rig<Consumer> {
    /// Answers the request to join: the group is in this generation, and another member leads it.
    fn joined(&mut self, generation: u32) -> Membership {
        let asked = self.join();
        let (member, generation) = (asked.subscribed.member, Generation(generation));
        let leader = MemberId { draw: 0, node: NodeId(0) };
        let result = Ok(Joined { generation, leader, members: [].into() });
        self.reply(B2, Message::GroupJoined(GroupJoined { correlation: asked.correlation, result }));
        Membership { member, generation }
    }
    fn join(&mut self) -> JoinGroup {
        let (to, Message::JoinGroup(asked)) = self.take(|body| matches!(body, Message::JoinGroup(_))) else {
            unreachable!()
        };
        assert_eq!(to, B2, "the coordinator is asked");
        asked
    }
    /// Answers the question what to read.
    fn synced(&mut self, membership: Membership, origins: &[Origin]) {
        let (to, Message::SyncGroup(asked)) = self.take(|body| matches!(body, Message::SyncGroup(_))) else {
            unreachable!()
        };
        assert_eq!(asked.membership, membership);
        self.reply(
            to,
            Message::GroupSynced(GroupSynced { correlation: asked.correlation, result: Ok(origins.into()) }),
        );
    }
    fn take(&mut self, is_wanted: impl Fn(&Message) -> bool) -> (NodeId, Message) {
        let place = self.sent.iter().position(|(_, body)| is_wanted(body));
        self.sent.remove(place.unwrap_or_else(|| panic!("nothing like it in {:?}", self.sent)))
    }
    /// Answers every heartbeat that was sent.
    fn beat(&mut self, result: Result<(), ErrorCode>) -> usize {
        let mut count = 0;
        while let Some(place) = self.sent.iter().position(|(_, body)| matches!(body, Message::MemberHeartbeat(_))) {
            let (to, Message::MemberHeartbeat(asked)) = self.sent.remove(place) else { unreachable!() };
            let correlation = asked.correlation;
            self.reply(to, Message::MemberHeartbeatIs(MemberHeartbeatIs { correlation, result }));
            count += 1;
        }
        count
    }
    /// Lets time pass, and answers heartbeats.
    fn live(&mut self, span: Span) {
        for _ in 0..span.0.div_ceil(1000) {
            self.pass(Span::secs(1));
            self.beat(Ok(()));
        }
    }
    /// Whether everything is read, finished and stored.
    fn is_idle(&self) -> bool {
        self.actor.is_caught_up(P0) && self.actor.is_stored(P0)
    }
    /// Answers the question for the group's progress.
    fn offsets(&mut self, commits: &[Stored]) {
        let (to, Message::OffsetFetch(OffsetFetch { correlation, .. })) = self.only_sent() else {
            panic!("no question for progress")
        };
        assert_eq!(to, B2, "the coordinator is asked");
        self.reply(to, Message::OffsetsAre(OffsetsAre { correlation, result: Ok(commits.into()) }));
        self.answer_metadata(&led_by_b1());
    }
    fn fetch(&mut self) -> (NodeId, Fetch) {
        let place = self.sent.iter().position(|(_, body)| matches!(body, Message::Fetch(_)));
        let (to, body) = self.sent.remove(place.unwrap_or_else(|| panic!("no fetch in {:?}", self.sent)));
        let Message::Fetch(fetch) = body else { unreachable!() };
        (to, fetch)
    }
    /// Answers the fetch that is on its way.
    fn fetched(&mut self, result: Result<FetchedRecords, ErrorCode>) {
        let (to, fetch) = self.fetch();
        self.reply(to, Message::Fetched(Fetched { correlation: fetch.correlation, origin: fetch.origin, result }));
    }
    /// The commit that was sent, and not answered.
    fn commit(&mut self) -> Option<(NodeId, OffsetCommit)> {
        let place = self.sent.iter().position(|(_, body)| matches!(body, Message::OffsetCommit(_)))?;
        let (to, Message::OffsetCommit(commit)) = self.sent.remove(place) else { unreachable!() };
        Some((to, commit))
    }
    /// The offset that the commit on its way would store, answered with success.
    fn committed(&mut self) -> Option<u64> {
        let (to, commit) = self.commit()?;
        let upto = commit.commits.first().map(|commit| commit.upto.0);
        let correlation = commit.correlation;
        self.reply(to, Message::OffsetCommitted(OffsetCommitted { correlation, result: Ok(()) }));
        upto
    }
    fn reset(&mut self, result: Result<Offset, ErrorCode>) -> Edge {
        self.placed(result.map(Some))
    }
    fn placed(&mut self, result: Result<Option<Offset>, ErrorCode>) -> Edge {
        let (to, Message::ListOffsets(asked)) = self.only_sent() else { panic!("no question for an end") };
        self.reply(to, Message::OffsetIs(OffsetIs { correlation: asked.correlation, origin: asked.origin, result }));
        asked.edge
    }
    fn delivered(&mut self) -> Vec<u32> {
        let told = self.told();
        let number = |reply| match reply {
            AppReply::Deliver(delivery) => delivery.msg.sequence(),
            AppReply::Told { msg, outcome } => panic!("a consumer told {msg} {outcome}"),
        };
        told.into_iter().map(number).collect()
    }
    fn finish(&mut self, number: u32, success: bool) {
        self.app(AppCall::Finished { delivery: delivery(number), success });
    }
    /// Works on everything that is handed over and gives the numbers in order.
    fn process(&mut self) -> Vec<u32> {
        let mut done = Vec::new();
        loop {
            let delivered = self.delivered();
            if delivered.is_empty() {
                return done;
            }
            for number in delivered {
                done.push(number);
                self.finish(number, true);
            }
        }
    }
}

#[test]
fn a_member_begins_where_its_group_has_stored() {
    let mut rig = connected(C1, &[], &Setup::default());
    assert!(!rig.actor.is_ready());
    rig.offsets(&[stored(42, None)]);
    assert!(rig.actor.is_ready());
    let (to, fetch) = rig.fetch();
    assert_eq!((to, fetch.offset, fetch.max_wait, fetch.current_epoch), (B1, Offset(42), Span(500), Some(Epoch(1))));
}

#[test]
fn a_group_without_progress_begins_where_auto_offset_reset_says() {
    for (policy, edge) in [("earliest", Edge::Earliest), ("latest", Edge::Latest)] {
        let mut rig = connected(C1, &[&format!("consumer.auto.offset.reset={policy}")], &Setup::default());
        rig.offsets(&[]);
        assert_eq!(rig.reset(Ok(Offset(17))), edge);
        assert_eq!(rig.fetch().1.offset, Offset(17));
    }
}

#[test]
fn auto_offset_reset_none_stops() {
    let mut rig = connected(C1, &["consumer.auto.offset.reset=none"], &Setup::default());
    rig.offsets(&[]);
    assert!(rig.is_silent());
    assert!(rig.actor.is_ready() && rig.is_idle());
}

#[test]
fn an_offset_out_of_range_falls_to_the_reset_policy() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(Err(ErrorCode::OffsetOutOfRange));
    assert_eq!(rig.reset(Ok(Offset(9))), Edge::Latest);
    assert_eq!(rig.fetch().1.offset, Offset(9));
}

#[test]
fn a_position_is_checked_against_a_new_leader_and_goes_back_to_where_the_logs_part() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(records(0..10, 10));
    assert_eq!(rig.process(), (0..10).collect::<Vec<_>>());
    rig.close(B1);
    rig.sent.clear();
    rig.pass(Span::secs(1));
    for _ in 0..3 {
        rig.answer_metadata(&image(2, &[Some(B2), Some(B2)]));
    }
    let (to, Message::EpochEndOf(asked)) = rig.only_sent() else { panic!("the position is not checked") };
    assert_eq!((to, asked.epoch, asked.current_epoch), (B2, Epoch(1), Some(Epoch(2))));
    let result = Ok(Some(EpochEnd { epoch: Epoch(1), end: Offset(6) }));
    rig.reply(B2, Message::EpochEndIs(EpochEndIs { correlation: asked.correlation, result }));
    assert_eq!(rig.fetch().1.offset, Offset(6));
}

#[test]
fn a_position_that_was_not_truncated_is_kept() {
    let mut rig = connected(C1, &[], &Setup::default());
    rig.offsets(&[stored(10, Some(1))]);
    let (_, Message::EpochEndOf(asked)) = rig.only_sent() else { panic!("the position is not checked") };
    let result = Ok(Some(EpochEnd { epoch: Epoch(1), end: Offset(10) }));
    rig.reply(B1, Message::EpochEndIs(EpochEndIs { correlation: asked.correlation, result }));
    assert_eq!(rig.fetch().1.offset, Offset(10));
}

#[test]
fn an_epoch_that_the_leader_does_not_know_falls_to_the_reset_policy() {
    let mut rig = connected(C1, &["consumer.auto.offset.reset=earliest"], &Setup::default());
    rig.offsets(&[stored(10, Some(1))]);
    let (_, Message::EpochEndOf(asked)) = rig.only_sent() else { panic!("the position is not checked") };
    rig.reply(B1, Message::EpochEndIs(EpochEndIs { correlation: asked.correlation, result: Ok(None) }));
    assert_eq!(rig.reset(Ok(Offset(0))), Edge::Earliest);
}

#[test]
fn a_fetch_that_the_broker_refused_is_sent_to_the_new_leader() {
    let mut rig = member(&[], &Setup::default());
    rig.pass(Span::secs(1));
    rig.fetched(Err(ErrorCode::NotLeaderOrFollower));
    rig.answer_metadata(&image(2, &[Some(B2), Some(B2)]));
    rig.pass(Span::secs(1));
    assert_eq!(rig.fetch().0, B2);
}

#[test]
fn a_member_is_idle_when_it_has_read_finished_and_stored_everything() {
    let mut rig = member(&[], &Setup::default());
    assert!(!rig.is_idle(), "it has not looked");
    rig.fetched(records(0..1, 1));
    assert!(!rig.actor.is_caught_up(P0));
    rig.process();
    assert!(rig.actor.is_caught_up(P0) && !rig.is_idle(), "the progress is not stored");
    rig.pass(Span::secs(5));
    rig.committed();
    assert!(rig.is_idle());
}

#[test]
fn a_member_that_knows_no_coordinator_has_read_nothing() {
    let mut rig = Rig::new(Consumer::new(&plan(&[], &Setup::default()), C1));
    rig.on(Event::Start);
    for _ in 0..3 {
        rig.answer_metadata(&image(1, &[Some(B1), None]));
    }
    assert!(!rig.actor.is_caught_up(P0), "there may be a coordinator again by now");
}

#[test]
fn what_a_member_that_begins_at_the_end_has_not_read_it_has_passed_for_good() {
    let chosen = ["consumer.enable.auto.commit=false", "consumer.auto.offset.reset=latest"];
    let mut rig = connected(C1, &chosen, &ack(AckMode::AfterBatch));
    rig.offsets(&[]);
    assert_eq!(rig.actor.passed(P0, Epoch(1)), None, "it is on its way");
    rig.reset(Ok(Offset(7)));
    assert_eq!(rig.actor.passed(P0, Epoch(1)), Some(Offset(7)));
    assert_eq!(rig.committed(), None, "it has nothing to store");
    assert_eq!(rig.actor.passed(P0, Epoch(2)), None, "a new leader may send it back");
    rig.fetched(records(7..9, 9));
    assert_eq!(rig.actor.passed(P0, Epoch(1)), None, "its application works on something");
}

#[test]
fn a_clean_stop_finishes_the_batch_and_stores_it() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(records(0..2, 2));
    rig.delivered();
    rig.on(Event::Stop);
    rig.finish(0, true);
    assert_eq!(rig.process(), [1]);
    assert!(!rig.exited);
    assert_eq!(rig.committed(), Some(2));
    let (to, Message::LeaveGroup(asked)) = rig.take(|body| matches!(body, Message::LeaveGroup(_))) else {
        unreachable!()
    };
    assert!(!rig.exited, "it says goodbye");
    rig.reply(to, Message::GroupLeft(GroupLeft { correlation: asked.correlation }));
    assert!(rig.exited);
}

#[test]
fn the_auditor_reads_everything_from_the_beginning_and_stores_nothing() {
    let mut rig = connected(AUDITOR, &["consumer.auto.offset.reset=latest"], &Setup::default());
    assert_eq!(rig.reset(Ok(Offset(0))), Edge::Earliest);
    rig.fetched(records(0..3, 3));
    assert_eq!(rig.delivered(), [0, 1, 2]);
    assert!(rig.is_idle());
    rig.pass(Span::secs(60));
    assert!(rig.commit().is_none());
}

#[test]
fn an_idle_consumer_asks_little() {
    let mut rig = member(&[], &Setup::default());
    rig.fetched(records(0..0, 0));
    rig.sent.clear();
    rig.pass(Span::secs(20));
    assert!(rig.sent.len() <= 5, "with a fetch on its way there is nothing to ask: {:?}", rig.sent);
}

#[test]
fn a_reader_of_what_is_committed_passes_over_what_was_aborted() {
    let mut rig = member(&["consumer.isolation.level=read_committed"], &Setup::default());
    let producer = ProducerId::given_by(B1, Incarnation(1), 1);
    let number = |sequence| Numbered { producer, epoch: Default::default(), sequence: Sequence(sequence) };
    let written = |at: u32| Payload::Message(MsgId::new(0, at), Some(number(at)));
    let marker = Marker { identity: number(0).identity(), ending: Ending::Abort, coordinator: Epoch(0) };
    let payloads = [written(0), written(1), Payload::Marker(marker), written(3)];
    let records = payloads.map(|payload| Record { epoch: Epoch(1), left: 0, timestamp: Time::ZERO, payload }).into();
    let aborted = vec![Aborted { producer, first: Offset(0), marker: Offset(2) }];
    let committed = Some(Arc::new(Committed { last_stable_offset: Offset(4), aborted }));
    rig.fetched(Ok(FetchedRecords {
        records,
        high_watermark: Offset(9),
        log_start: Offset::ZERO,
        diverging: None,
        committed,
    }));
    assert_eq!(rig.told(), [AppReply::Deliver(delivery(3))]);
    rig.app(AppCall::Finished { delivery: delivery(3), success: true });
    assert_eq!(rig.actor.position(P0), Some(Offset(4)));
    assert!(rig.actor.is_caught_up(P0), "it waits at the last stable offset");
}

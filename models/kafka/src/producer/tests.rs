mod numbering;

use std::sync::Arc;

use ackproof_core::actor::Event;
use ackproof_core::setup::Setup;
use ackproof_core::time::{Offset as ClockOffset, Span};
use ackproof_log::Offset;

use super::*;
use crate::client::rig::{B1, B2, P1, Rig, image, plan};
use crate::config::Acks;
use crate::error_code::ErrorCode;
use crate::message::Produce;
use crate::metadata::Image;

/// b1 leads everything.
fn led_by_b1() -> Arc<Image> {
    image(1, &[Some(B1), Some(B1)])
}
fn led_by_b2() -> Arc<Image> {
    image(2, &[Some(B2), Some(B2)])
}

/// A producer that knows its leaders, with a connection open to each of them.
fn producer(chosen: &[&str]) -> Rig<Producer> {
    let plan = plan(chosen, &Setup::default());
    let mut rig = Rig::new(Producer::new(&plan, P1));
    rig.on(Event::Start);
    rig.answer_metadata(&led_by_b1());
    // One message, so that the leader's connection is open.
    rig.send(1000);
    rig.pass(plan.config.producer.linger + Span::ms(1));
    rig.answer_metadata(&led_by_b1());
    while let Some((to, Message::Produce(request))) = rig.sent.pop() {
        rig.produced(to, &request, Ok(Offset(0)));
    }
    rig.told.clear();
    rig
}

impl Rig<Producer> {
    fn send(&mut self, number: u32) {
        self.app(AppCall::Send { msg: MsgId::new(0, number), attempt: 0 });
    }
    /// The only request on its way.
    fn request(&mut self) -> (NodeId, Produce) {
        match self.only_sent() {
            (to, Message::Produce(request)) => (to, request),
            other => panic!("no produce request: {other:?}"),
        }
    }
    /// Every produce request that was sent and not looked at.
    fn requests(&mut self) -> Vec<(NodeId, Produce)> {
        let sent = std::mem::take(&mut self.sent);
        let requests = sent.into_iter().filter_map(|(to, body)| match body {
            Message::Produce(request) => Some((to, request)),
            _ => None,
        });
        requests.collect()
    }
    fn produced(&mut self, from: NodeId, request: &Produce, result: Result<Offset, ErrorCode>) {
        self.reply(from, Message::Produced(Produced { correlation: request.correlation, result }));
    }
    fn outcomes(&mut self) -> Vec<(u32, String)> {
        let told = self.told();
        let outcome = |reply| match reply {
            AppReply::Told { msg, outcome } => (msg.sequence(), outcome.to_string()),
            AppReply::Deliver(delivery) => panic!("a producer delivered {delivery:?}"),
        };
        told.into_iter().map(outcome).collect()
    }
}

fn outcomes(expected: &[(u32, &str)]) -> Vec<(u32, String)> {
    expected.iter().map(|(number, outcome)| (*number, (*outcome).to_owned())).collect()
}

/// Numbers of the messages of a request.
fn numbers(request: &Produce) -> Vec<u32> {
    request.batch.iter().map(|msg| msg.sequence()).collect()
}

#[test]
fn a_send_is_acked_when_the_leader_confirms_it() {
    let mut rig = producer(&["producer.linger.ms=0"]);
    rig.send(0);
    let (to, request) = rig.request();
    assert_eq!((to, numbers(&request), request.acks, request.timeout), (B1, vec![0], Acks::All, Span::secs(30)));
    assert_eq!(rig.outcomes(), []);
    rig.produced(B1, &request, Ok(Offset(7)));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "acked")]));
    assert!(rig.actor.is_idle());
}

#[test]
fn a_batch_waits_for_company_until_linger_ms() {
    let mut rig = producer(&["producer.linger.ms=5"]);
    rig.send(0);
    rig.pass(Span::ms(4));
    rig.send(1);
    assert!(rig.is_silent());
    rig.pass(Span::ms(1));
    assert_eq!(numbers(&rig.request().1), [0, 1]);
}

#[test]
fn a_full_batch_does_not_linger() {
    let mut rig = producer(&["producer.linger.ms=1000", "producer.batch.size=200"]);
    rig.send(0);
    assert!(rig.is_silent());
    rig.send(1);
    assert_eq!(numbers(&rig.request().1), [0, 1]);
}

#[test]
fn acks_0_is_told_nothing_as_soon_as_it_is_written() {
    let mut rig = producer(&["producer.acks=0", "producer.linger.ms=0"]);
    rig.send(0);
    assert_eq!(rig.request().1.acks, Acks::None);
    assert_eq!(rig.outcomes(), outcomes(&[(0, "untold")]));
}

#[test]
fn acks_0_keeps_what_it_cannot_write() {
    let mut rig = producer(&["producer.acks=0", "producer.linger.ms=0"]);
    rig.close(B1);
    rig.send(0);
    assert!(rig.is_silent(), "the connection is gone, and the client knows");
    assert_eq!(rig.outcomes(), []);
    rig.pass(Span::secs(1));
    rig.answer_metadata(&led_by_b2());
    rig.answer_metadata(&led_by_b2());
    assert_eq!(rig.request().0, B2);
    assert_eq!(rig.outcomes(), outcomes(&[(0, "untold")]));
}

#[test]
fn no_more_than_max_in_flight_requests_are_on_their_way() {
    let mut rig = producer(&["producer.linger.ms=0", "producer.max.in.flight.requests.per.connection=2"]);
    for number in 0..4 {
        rig.send(number);
    }
    let requests = rig.requests();
    assert_eq!(requests.iter().map(|(_, request)| numbers(request)).collect::<Vec<_>>(), [[0], [1]]);
    rig.produced(B1, &requests[0].1, Ok(Offset(0)));
    assert_eq!(numbers(&rig.request().1), [2, 3], "what waited meanwhile goes together");
}

#[test]
fn without_idempotence_retries_reorder_with_more_than_one_request_in_flight() {
    let mut rig = producer(&["producer.linger.ms=0", "producer.enable.idempotence=false"]);
    rig.send(0);
    rig.send(1);
    let requests = rig.requests();
    rig.produced(B1, &requests[0].1, Err(ErrorCode::NotEnoughReplicas));
    rig.produced(B1, &requests[1].1, Ok(Offset(0)));
    rig.pass(Span::secs(1));
    assert_eq!(numbers(&rig.request().1), [0], "message 1 is in the log already");
}

#[test]
fn one_request_in_flight_keeps_the_order() {
    let mut rig = producer(&["producer.linger.ms=0", "producer.max.in.flight.requests.per.connection=1"]);
    rig.send(0);
    rig.send(1);
    let (_, request) = rig.request();
    rig.produced(B1, &request, Err(ErrorCode::NotEnoughReplicas));
    rig.pass(Span::secs(1));
    assert_eq!(numbers(&rig.request().1), [0], "message 1 waits behind the retry");
}

#[test]
fn a_refusal_before_the_append_is_certain_when_every_attempt_met_it() {
    let mut rig = producer(&["producer.linger.ms=0", "producer.retries=1"]);
    rig.send(0);
    for _ in 0..2 {
        let (_, request) = rig.request();
        rig.produced(B1, &request, Err(ErrorCode::NotEnoughReplicas));
        rig.pass(Span::secs(1));
    }
    assert_eq!(rig.outcomes(), outcomes(&[(0, "rejected NOT_ENOUGH_REPLICAS")]));
    assert!(rig.is_silent());
}

#[test]
fn a_refusal_is_not_certain_after_an_attempt_that_may_have_reached_the_log() {
    let mut rig = producer(&["producer.linger.ms=0", "producer.retries=1"]);
    rig.send(0);
    let (_, request) = rig.request();
    rig.produced(B1, &request, Err(ErrorCode::NotEnoughReplicasAfterAppend));
    rig.pass(Span::secs(1));
    let (_, request) = rig.request();
    rig.produced(B1, &request, Err(ErrorCode::NotEnoughReplicas));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "unknown NOT_ENOUGH_REPLICAS")]));
}

#[test]
fn retries_0_tells_the_first_error() {
    for (code, told) in [
        (ErrorCode::NotLeaderOrFollower, "unknown NOT_LEADER_OR_FOLLOWER"),
        (ErrorCode::RequestTimedOut, "unknown REQUEST_TIMED_OUT"),
        (ErrorCode::NotEnoughReplicas, "rejected NOT_ENOUGH_REPLICAS"),
        (ErrorCode::UnknownTopicOrPartition, "rejected UNKNOWN_TOPIC_OR_PARTITION"),
    ] {
        let mut rig = producer(&["producer.linger.ms=0", "producer.retries=0"]);
        rig.send(0);
        let (_, request) = rig.request();
        rig.produced(B1, &request, Err(code));
        assert_eq!(rig.outcomes(), outcomes(&[(0, told)]));
    }
}

#[test]
fn a_closed_connection_fails_everything_on_it_and_the_new_leader_gets_it_again() {
    let mut rig = producer(&["producer.linger.ms=0"]);
    rig.send(0);
    let first = rig.request().1;
    rig.close(B1);
    assert_eq!(rig.outcomes(), []);
    rig.pass(Span::secs(1));
    // Whoever is asked tells of the new leader; then its connection is opened.
    rig.answer_metadata(&led_by_b2());
    rig.answer_metadata(&led_by_b2());
    rig.pass(Span::secs(1));
    let (to, again) = rig.request();
    assert_eq!((to, numbers(&again)), (B2, vec![0]));
    assert_ne!(again.correlation, first.correlation);
    rig.produced(B2, &again, Ok(Offset(0)));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "acked")]));
}

#[test]
fn a_request_that_is_not_answered_takes_its_connection_down() {
    let mut rig = producer(&["producer.linger.ms=0"]);
    rig.send(0);
    let (_, request) = rig.request();
    rig.pass(Span(29_999));
    assert_eq!(rig.closed, []);
    rig.pass(Span(1));
    assert_eq!(rig.closed, [B1]);
    rig.produced(B1, &request, Ok(Offset(0)));
    assert_eq!(rig.outcomes(), [], "an answer that comes after that is not waited for");
}

#[test]
fn patience_with_an_attempt_to_connect_grows_with_failed_attempts_only() {
    let mut rig = producer(&["producer.linger.ms=0"]);
    // Of three brokers nobody answers any more; one was connected.
    rig.send(0);
    let open = rig.request().0;
    rig.pass(Span::secs(30));
    assert_eq!(rig.closed, vec![open], "the request is given up, and the connection with it");
    let gave_up = |rig: &Rig<Producer>| rig.closed.iter().filter(|&&peer| peer == open).count();
    rig.pass(Span(12_500));
    assert_eq!(gave_up(&rig), 2, "the next attempt within 12 s");
    rig.pass(Span(13_500));
    assert_eq!(gave_up(&rig), 2, "the one after it not before 16 s");
    rig.pass(Span(12_500));
    assert_eq!(gave_up(&rig), 3);
}

#[test]
fn the_delivery_timeout_covers_requests_on_their_way() {
    let mut rig =
        producer(&["producer.linger.ms=0", "producer.delivery.timeout.ms=1000", "producer.request.timeout.ms=1000"]);
    rig.send(0);
    let (_, request) = rig.request();
    rig.pass(Span(999));
    assert_eq!(rig.outcomes(), []);
    rig.pass(Span(1));
    assert_eq!(rig.outcomes().len(), 1);
    rig.produced(B1, &request, Ok(Offset(0)));
    assert_eq!(rig.outcomes(), [], "it was told once");
}

#[test]
fn the_delivery_timeout_leaves_a_request_that_may_be_appended_in_doubt() {
    let mut rig = producer(&["producer.linger.ms=0", "producer.delivery.timeout.ms=1000"]);
    rig.send(0);
    rig.request();
    rig.pass(Span(1000));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "unknown TimeoutException")]));
}

#[test]
fn what_was_never_sent_is_rejected_for_certain_at_the_delivery_timeout() {
    let mut rig = producer(&["producer.linger.ms=0", "producer.delivery.timeout.ms=60000"]);
    rig.close(B1);
    rig.send(0);
    rig.pass(Span(59_999));
    assert_eq!(rig.outcomes(), []);
    rig.pass(Span(1));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "rejected TimeoutException")]));
    assert!(rig.actor.is_idle());
}

#[test]
fn a_clock_set_forward_expires_deliveries() {
    let mut rig = producer(&["producer.linger.ms=0"]);
    rig.send(0);
    rig.request();
    rig.clock = ClockOffset(200_000);
    rig.pass(Span::secs(30));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "unknown REQUEST_TIMED_OUT")]));
}

#[test]
fn a_process_that_was_paused_reads_its_answers_before_it_gives_up() {
    let mut rig = producer(&["producer.linger.ms=0"]);
    rig.send(0);
    let (_, request) = rig.request();
    rig.pause(Span::secs(300));
    rig.ring();
    assert_eq!((rig.outcomes(), rig.closed.len()), (vec![], 0));
    rig.produced(B1, &request, Ok(Offset(0)));
    rig.pass(Span::secs(1));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "acked")]));
}

#[test]
fn send_waits_for_metadata_no_longer_than_max_block_ms() {
    let mut rig = Rig::new(Producer::new(&plan(&["producer.max.block.ms=5000"], &Setup::default()), P1));
    rig.on(Event::Start);
    rig.send(0);
    rig.pass(Span(4999));
    assert_eq!(rig.outcomes(), []);
    rig.pass(Span(1));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "rejected TimeoutException")]));
}

#[test]
fn send_waits_for_memory() {
    let mut rig = producer(&[
        "producer.linger.ms=0",
        "producer.batch.size=100",
        "producer.buffer.memory=100",
        "producer.max.block.ms=5000",
    ]);
    rig.send(0);
    rig.send(1);
    let (_, request) = rig.request();
    rig.produced(B1, &request, Ok(Offset(0)));
    assert_eq!(numbers(&rig.request().1), [1], "the first batch gave its memory back");
    rig.send(2);
    rig.pass(Span(5000));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "acked"), (2, "rejected TimeoutException")]));
}

#[test]
fn a_retry_pauses_and_a_new_leader_ends_the_pause() {
    let mut rig = producer(&["producer.linger.ms=0", "producer.retry.backoff.ms=1000"]);
    rig.pass(Span::secs(2));
    rig.send(0);
    let (_, request) = rig.request();
    rig.produced(B1, &request, Err(ErrorCode::NotLeaderOrFollower));
    rig.answer_metadata(&led_by_b2());
    rig.answer_metadata(&led_by_b2());
    assert_eq!(rig.request().0, B2, "at once");

    let mut rig = producer(&["producer.linger.ms=0", "producer.retry.backoff.ms=1000"]);
    rig.send(0);
    let (_, request) = rig.request();
    rig.produced(B1, &request, Err(ErrorCode::NotEnoughReplicas));
    rig.pass(Span(700));
    assert!(rig.is_silent());
    rig.pass(Span(600));
    assert_eq!(rig.request().0, B1);
}

#[test]
fn a_client_does_not_believe_a_broker_that_knows_an_older_leader() {
    let mut rig = producer(&["producer.linger.ms=0"]);
    rig.close(B1);
    rig.pass(Span::secs(1));
    rig.answer_metadata(&led_by_b2());
    rig.answer_metadata(&led_by_b1());
    rig.send(0);
    rig.answer_metadata(&led_by_b1());
    assert_eq!(rig.request().0, B2);
}

#[test]
fn messages_go_to_the_partitions_in_turn() {
    let chosen = ["topic.partitions=2", "producer.linger.ms=0"];
    let mut rig = Rig::new(Producer::new(&plan(&chosen, &Setup::default()), P1));
    let leaders = image(1, &[Some(B1), Some(B2), Some(B1)]);
    rig.on(Event::Start);
    rig.answer_metadata(&leaders);
    for number in 0..4 {
        rig.send(number);
    }
    rig.answer_metadata(&leaders);
    let requests = rig.requests();
    let sent_to = |broker: NodeId, origin: Origin| -> Vec<u32> {
        let there = requests.iter().filter(|(to, request)| (*to, request.origin) == (broker, origin));
        there.flat_map(|(_, request)| numbers(request)).collect()
    };
    assert_eq!((sent_to(B1, Origin(0)), sent_to(B2, Origin(1))), (vec![0, 2], vec![1, 3]));
}

#[test]
fn a_clean_stop_sends_what_is_left_first() {
    let mut rig = producer(&["producer.linger.ms=60000"]);
    rig.send(0);
    assert!(rig.is_silent());
    rig.on(Event::Stop);
    let (_, request) = rig.request();
    assert!(!rig.exited);
    rig.produced(B1, &request, Ok(Offset(0)));
    assert_eq!((rig.outcomes(), rig.exited), (outcomes(&[(0, "acked")]), true));
}

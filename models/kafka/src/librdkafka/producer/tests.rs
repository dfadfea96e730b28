use std::sync::Arc;

use ackproof_core::actor::Event;
use ackproof_core::setup::Setup;
use ackproof_core::time::{Offset as ClockOffset, Span};
use ackproof_log::Offset;

use super::*;
use crate::client::rig::{B1, B2, Rig, image, librdkafka_plan};
use crate::config::{Acks, Client};
use crate::error_code::ErrorCode;
use crate::message::Produce;
use crate::metadata::Image;
use crate::sequence::Sequence;

fn led_by_b1() -> Arc<Image> {
    image(1, &[Some(B1), Some(B1)])
}
fn led_by_b2() -> Arc<Image> {
    image(2, &[Some(B2), Some(B2)])
}

fn rig(chosen: &[&str]) -> Rig<Producer> {
    let plan = librdkafka_plan(chosen, &Setup::default());
    let Client::Librdkafka(own) = plan.config.client else { panic!("the plan is librdkafka's") };
    Rig::new(Producer::new(&plan, own))
}

/// A producer without linger that knows its leader, with a connection open to it.
fn producer(chosen: &[&str]) -> Rig<Producer> {
    let chosen: Vec<&str> = ["producer.linger.ms=0"].into_iter().chain(chosen.iter().copied()).collect();
    let mut rig = rig(&chosen);
    rig.on(Event::Start);
    rig.answer_metadata(&led_by_b1());
    rig.send(1000);
    rig.answer_metadata(&led_by_b1());
    rig.pass(rig.actor.config.linger);
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
    fn request(&mut self) -> Produce {
        match self.only_sent() {
            (_, Message::Produce(request)) => request,
            other => panic!("no produce request: {other:?}"),
        }
    }
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
    fn outcomes(&mut self) -> Vec<String> {
        let told = self.told();
        let outcome = |reply| match reply {
            AppReply::Told { msg, outcome } => format!("{} {outcome}", msg.sequence()),
            AppReply::Deliver(delivery) => panic!("a producer delivered {delivery:?}"),
        };
        told.into_iter().map(outcome).collect()
    }
    /// The leader has moved to b2, and the producer has heard of it.
    fn hear_of_b2(&mut self) {
        for _ in 0..3 {
            self.answer_metadata(&led_by_b2());
            self.pass(Span::secs(1));
        }
    }
}

fn numbers(request: &Produce) -> Vec<u32> {
    request.batch.iter().map(|msg| msg.sequence()).collect()
}
fn sequence(request: &Produce) -> Option<Sequence> {
    request.first.map(|first| first.sequence)
}

const IDEMPOTENT: &str = "producer.enable.idempotence=true";
const REFUSED: Result<Offset, ErrorCode> = Err(ErrorCode::NotEnoughReplicas);

#[test]
fn a_send_waits_for_company_and_is_acked_when_the_leader_confirms_it() {
    let mut rig = producer(&["producer.linger.ms=5"]);
    rig.send(0);
    rig.pass(Span(4));
    rig.send(1);
    assert!(rig.is_silent());
    rig.pass(Span(1));
    let request = rig.request();
    assert_eq!(
        (numbers(&request), request.acks, request.timeout, request.first),
        (vec![0, 1], Acks::All, Span::secs(30), None)
    );
    rig.produced(B1, &request, Ok(Offset(0)));
    assert_eq!(rig.outcomes(), ["0 acked", "1 acked"]);
    assert!(rig.actor.is_idle());
}

#[test]
fn a_full_batch_does_not_wait() {
    for full in ["producer.batch.num.messages=2", "producer.batch.size=200"] {
        let mut rig = producer(&["producer.linger.ms=1000", full]);
        rig.send(0);
        assert!(rig.is_silent(), "{full}");
        rig.send(1);
        assert_eq!(numbers(&rig.request()), [0, 1], "{full}");
    }
}

#[test]
fn acks_0_is_told_nothing_as_soon_as_it_is_written() {
    let mut rig = producer(&["producer.acks=0"]);
    rig.send(0);
    assert_eq!(rig.request().acks, Acks::None);
    assert_eq!(rig.outcomes(), ["0 untold"]);
}

#[test]
fn without_idempotence_what_is_sent_again_lands_behind_its_successors() {
    let mut rig = producer(&[]);
    for number in 0..8 {
        rig.send(number);
    }
    let requests = rig.requests();
    assert_eq!(requests.len(), 8, "there is no limit to speak of to requests in flight");
    rig.produced(B1, &requests[0].1, REFUSED);
    for (_, request) in &requests[1..] {
        rig.produced(B1, request, Ok(Offset(0)));
    }
    rig.pass(Span::secs(1));
    assert_eq!(numbers(&rig.request()), [0]);
}

#[test]
fn messages_that_are_sent_again_are_batched_anew_in_their_order() {
    let mut rig = producer(&["producer.retry.backoff.max.ms=100"]);
    rig.send(0);
    rig.send(1);
    let requests = rig.requests();
    rig.produced(B1, &requests[1].1, REFUSED);
    rig.produced(B1, &requests[0].1, REFUSED);
    rig.pass(Span::secs(1));
    assert_eq!(numbers(&rig.request()), [0, 1]);
}

#[test]
fn one_request_in_flight_does_not_keep_the_order() {
    let mut rig = producer(&["producer.max.in.flight.requests.per.connection=1"]);
    rig.send(0);
    rig.send(1);
    let request = rig.request();
    assert_eq!(numbers(&request), [0]);
    rig.produced(B1, &request, REFUSED);
    assert_eq!(numbers(&rig.request()), [1], "it was made before the first one failed");
}

#[test]
fn with_one_request_in_flight_a_lost_connection_keeps_the_order() {
    let in_flight = "producer.max.in.flight.requests.per.connection=1";
    let mut rig = producer(&[in_flight, "producer.retry.backoff.max.ms=100"]);
    rig.send(0);
    rig.send(1);
    rig.request();
    rig.close(B1);
    rig.hear_of_b2();
    let (to, request) = rig.requests().remove(0);
    assert_eq!((to, numbers(&request)), (B2, vec![0, 1]));
}

#[test]
fn what_does_not_fit_is_refused_at_once() {
    for full in ["producer.queue.buffering.max.messages=2", "producer.queue.buffering.max.kbytes=1"] {
        let mut rig = producer(&[full]);
        for number in 0..12 {
            rig.send(number);
        }
        let refused = rig.outcomes();
        let fit = if full.ends_with("=2") { 2 } else { 11 };
        assert_eq!(refused.len(), 12 - fit, "{full}");
        assert_eq!(refused[0], format!("{fit} rejected _QUEUE_FULL"));
    }
}

#[test]
fn a_message_that_was_never_sent_times_out_for_certain() {
    let mut rig = producer(&["producer.message.timeout.ms=5000"]);
    rig.close(B1);
    rig.send(0);
    rig.pass(Span(4999));
    assert_eq!(rig.outcomes(), [""; 0]);
    rig.pass(Span(1));
    assert_eq!(rig.outcomes(), ["0 rejected _MSG_TIMED_OUT"]);
}

#[test]
fn a_request_whose_first_message_times_out_takes_its_connection_down() {
    let mut rig = producer(&["producer.message.timeout.ms=5000"]);
    rig.send(0);
    rig.pass(Span(3000));
    rig.send(1);
    rig.requests();
    rig.pass(Span(2000));
    assert_eq!(rig.closed, [B1]);
    assert_eq!(rig.outcomes(), ["0 unknown _MSG_TIMED_OUT"], "the other one has time left");
    rig.hear_of_b2();
    assert_eq!(rig.outcomes(), ["1 unknown _MSG_TIMED_OUT"], "in doubt, since it was under way");
}

#[test]
fn an_answer_is_waited_for_no_longer_than_socket_timeout_ms() {
    let mut rig = producer(&[]);
    rig.send(0);
    rig.request();
    rig.pass(Span(59_999));
    assert_eq!(rig.closed, []);
    rig.pass(Span(1));
    assert_eq!(rig.closed, [B1]);
    assert_eq!(rig.outcomes(), [""; 0], "the message is tried again");
}

#[test]
fn timeouts_do_not_follow_the_wall_clock() {
    let mut rig = producer(&[]);
    rig.send(0);
    rig.request();
    rig.clock = ClockOffset(600_000);
    rig.pass(Span::secs(59));
    assert_eq!((rig.outcomes().len(), rig.closed.len()), (0, 0));
}

#[test]
fn refusals_that_ask_for_another_leader_do_not_count_as_retries() {
    let mut rig = producer(&["producer.retries=0"]);
    rig.send(0);
    let request = rig.request();
    rig.produced(B1, &request, Err(ErrorCode::NotLeaderOrFollower));
    rig.hear_of_b2();
    let request = rig.requests().remove(0).1;
    assert_eq!((numbers(&request), rig.outcomes().len()), (vec![0], 0));
    rig.produced(B2, &request, REFUSED);
    assert_eq!(rig.outcomes(), ["0 unknown NOT_ENOUGH_REPLICAS"], "the first leader may have appended it");
}

#[test]
fn what_is_refused_for_certain_is_told_so() {
    let mut rig = producer(&["producer.retries=1"]);
    rig.send(0);
    for _ in 0..2 {
        let request = rig.request();
        rig.produced(B1, &request, REFUSED);
        rig.pass(Span::secs(1));
    }
    assert_eq!(rig.outcomes(), ["0 rejected NOT_ENOUGH_REPLICAS"]);
}

#[test]
fn a_retry_pauses_and_a_new_leader_does_not_end_the_pause() {
    let mut rig = producer(&["producer.retry.backoff.ms=10000", "producer.retry.backoff.max.ms=10000"]);
    rig.send(0);
    let request = rig.request();
    rig.produced(B1, &request, Err(ErrorCode::NotLeaderOrFollower));
    rig.hear_of_b2();
    assert!(rig.requests().is_empty());
    rig.pass(Span::secs(10));
    rig.answer_metadata(&led_by_b2());
    assert_eq!(rig.requests().len(), 1);
}

#[test]
fn batches_are_numbered_and_sent_again_as_they_were() {
    let mut rig = producer(&[IDEMPOTENT, "producer.linger.ms=5"]);
    rig.send(0);
    rig.send(1);
    rig.pass(Span(5));
    let first = rig.request();
    assert_eq!((numbers(&first), sequence(&first)), (vec![0, 1], Some(Sequence(1))));
    rig.send(2);
    rig.produced(B1, &first, REFUSED);
    rig.pass(Span::secs(1));
    let again = rig.requests();
    assert_eq!((numbers(&again[0].1), sequence(&again[0].1)), (vec![0, 1], Some(Sequence(1))));
    assert_eq!((numbers(&again[1].1), sequence(&again[1].1)), (vec![2], Some(Sequence(3))));
}

#[test]
fn after_a_failure_a_partition_waits_for_everything_under_way() {
    let mut rig = producer(&[IDEMPOTENT]);
    rig.send(0);
    rig.send(1);
    let requests = rig.requests();
    rig.produced(B1, &requests[0].1, REFUSED);
    rig.send(2);
    rig.pass(Span::secs(5));
    assert!(rig.is_silent(), "one request is still under way");
    rig.produced(B1, &requests[1].1, REFUSED);
    rig.pass(Span::secs(5));
    let again: Vec<Vec<u32>> = rig.requests().iter().map(|(_, request)| numbers(request)).collect();
    assert_eq!(again, [vec![0], vec![1], vec![2]]);
}

#[test]
fn an_idempotent_producer_has_five_messages_under_way_at_most() {
    let mut rig = producer(&[IDEMPOTENT]);
    for number in 0..7 {
        rig.send(number);
    }
    let requests = rig.requests();
    assert_eq!(requests.len(), 5);
    rig.produced(B1, &requests[0].1, Ok(Offset(0)));
    assert_eq!(numbers(&rig.request()), [5, 6], "what waited meanwhile goes together");
    rig.send(7);
    rig.produced(B1, &requests[1].1, Ok(Offset(0)));
    assert!(rig.is_silent(), "messages are counted, not requests");
}

#[test]
fn a_new_leader_gets_nothing_before_the_old_one_has_answered() {
    let mut rig = producer(&[IDEMPOTENT]);
    rig.send(0);
    rig.send(1);
    let requests = rig.requests();
    rig.produced(B1, &requests[0].1, Err(ErrorCode::NotLeaderOrFollower));
    rig.hear_of_b2();
    assert!(rig.requests().is_empty());
    rig.produced(B1, &requests[1].1, Err(ErrorCode::NotLeaderOrFollower));
    rig.hear_of_b2();
    let again: Vec<(NodeId, Vec<u32>)> = rig.requests().iter().map(|(to, request)| (*to, numbers(request))).collect();
    assert_eq!(again, [(B2, vec![0]), (B2, vec![1])]);
}

#[test]
fn a_later_batch_that_is_confirmed_confirms_those_before_it() {
    let mut rig = producer(&[IDEMPOTENT]);
    rig.send(0);
    rig.send(1);
    let requests = rig.requests();
    rig.produced(B1, &requests[0].1, Err(ErrorCode::RequestTimedOut));
    assert_eq!(rig.outcomes(), [""; 0]);
    rig.produced(B1, &requests[1].1, Ok(Offset(1)));
    assert_eq!(rig.outcomes(), ["0 acked", "1 acked"]);
}

#[test]
fn a_batch_that_is_refused_because_an_earlier_one_failed_is_sent_again_in_a_new_epoch() {
    let mut rig = producer(&[IDEMPOTENT]);
    rig.send(0);
    rig.send(1);
    let requests = rig.requests();
    rig.produced(B1, &requests[0].1, REFUSED);
    rig.produced(B1, &requests[1].1, Err(ErrorCode::OutOfOrderSequenceNumber));
    rig.pass(Span::secs(5));
    let again = rig.requests();
    let numbered: Vec<_> =
        again.iter().map(|(_, request)| (numbers(request), request.first.expect("numbered"))).collect();
    assert_eq!(numbered.len(), 2);
    assert_eq!((numbered[0].0.as_slice(), numbered[0].1.sequence, numbered[0].1.epoch.0), (&[0][..], Sequence(0), 1));
    assert_eq!((numbered[1].0.as_slice(), numbered[1].1.sequence), (&[1][..], Sequence(1)));
    assert_eq!(rig.outcomes(), [""; 0]);
}

#[test]
fn a_gap_that_the_broker_made_stops_the_producer_for_good() {
    let mut rig = producer(&[IDEMPOTENT]);
    rig.send(0);
    let request = rig.request();
    rig.send(1);
    rig.requests();
    rig.produced(B1, &request, Err(ErrorCode::OutOfOrderSequenceNumber));
    rig.send(2);
    let told = rig.outcomes();
    assert_eq!(told, ["0 rejected OUT_OF_ORDER_SEQUENCE_NUMBER", "2 rejected _FATAL"]);
}

#[test]
fn a_message_that_times_out_in_line_begins_an_epoch_and_what_follows_is_sent() {
    let mut rig = producer(&[
        IDEMPOTENT,
        "producer.message.timeout.ms=5000",
        "producer.retry.backoff.ms=10000",
        "producer.retry.backoff.max.ms=10000",
    ]);
    rig.send(0);
    let request = rig.request();
    rig.produced(B1, &request, REFUSED);
    rig.pass(Span::secs(3));
    rig.send(1);
    rig.pass(Span::secs(2));
    assert_eq!(rig.outcomes(), ["0 rejected _MSG_TIMED_OUT"]);
    let first = rig.request().first.expect("numbered");
    assert_eq!((first.epoch.0, first.sequence), (1, Sequence(0)));
}

#[test]
fn the_gapless_guarantee_stops_the_producer_when_a_message_fails_for_good_and_not_when_it_times_out() {
    for (gapless, told) in [("true", "1 rejected _FATAL"), ("false", "")] {
        let guarantee = format!("producer.enable.gapless.guarantee={gapless}");
        let mut rig = producer(&[IDEMPOTENT, &guarantee]);
        rig.send(0);
        let request = rig.request();
        rig.produced(B1, &request, Err(ErrorCode::InvalidRequest));
        rig.send(1);
        let expected: Vec<&str> =
            ["0 rejected INVALID_REQUEST", told].into_iter().filter(|word| !word.is_empty()).collect();
        assert_eq!(rig.outcomes(), expected);
    }
    let mut rig = producer(&[IDEMPOTENT, "producer.enable.gapless.guarantee=true", "producer.message.timeout.ms=5000"]);
    rig.close(B1);
    rig.send(0);
    rig.pass(Span::secs(5));
    rig.send(1);
    assert_eq!(rig.outcomes(), ["0 rejected _MSG_TIMED_OUT"], "and the next one is taken");
}

#[test]
fn a_fatal_error_gives_up_what_waits_and_leaves_what_is_under_way() {
    let mut rig = producer(&[IDEMPOTENT]);
    for number in 0..6 {
        rig.send(number);
    }
    let requests = rig.requests();
    rig.produced(B1, &requests[0].1, Err(ErrorCode::OutOfOrderSequenceNumber));
    assert_eq!(rig.outcomes(), ["5 rejected _PURGE_QUEUE", "0 rejected OUT_OF_ORDER_SEQUENCE_NUMBER"]);
    rig.produced(B1, &requests[1].1, Ok(Offset(0)));
    assert_eq!(rig.outcomes(), ["1 acked"]);
}

#[test]
fn a_clean_stop_sends_what_is_left_first() {
    let mut rig = producer(&["producer.linger.ms=60000"]);
    rig.send(0);
    assert!(rig.is_silent());
    rig.on(Event::Stop);
    let request = rig.request();
    assert!(!rig.exited);
    rig.produced(B1, &request, Ok(Offset(0)));
    assert_eq!((rig.outcomes(), rig.exited), (vec!["0 acked".to_owned()], true));
}

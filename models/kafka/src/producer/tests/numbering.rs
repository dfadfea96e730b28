//! What an idempotent producer sends again, when, and under which number.

use ackproof_core::node::Incarnation;

use super::*;

/// Of a request, the producer epoch and the sequence of its first message.
fn number(request: &Produce) -> (u16, u32) {
    let first = request.first.expect("the producer is idempotent");
    (first.epoch.0, first.sequence.0)
}

/// A producer that has sent message 1000, which has sequence 0.
fn idempotent(chosen: &[&str]) -> Rig<Producer> {
    let chosen: Vec<&str> = ["producer.linger.ms=0"].iter().chain(chosen).copied().collect();
    producer(&chosen)
}

impl Rig<Producer> {
    /// Sends messages with these numbers, each in a request of its own.
    fn send_each(&mut self, numbers: std::ops::Range<u32>) -> Vec<Produce> {
        let count = numbers.len();
        numbers.for_each(|number| self.send(number));
        let requests = self.requests();
        assert_eq!(requests.len(), count);
        requests.into_iter().map(|(_, request)| request).collect()
    }
    fn refused(&mut self, request: &Produce, code: ErrorCode) {
        self.produced(B1, request, Err(code));
    }
    fn confirmed(&mut self, request: &Produce) {
        self.produced(B1, request, Ok(Offset(0)));
    }
    /// The only request that is on its way a second later.
    fn next(&mut self) -> Produce {
        self.pass(Span::secs(1));
        self.request().1
    }
}

#[test]
fn batches_are_numbered_by_their_messages_and_a_retry_keeps_its_number() {
    let mut rig = idempotent(&[]);
    let first = rig.send_each(0..1).remove(0);
    assert_eq!(number(&first), (0, 1));
    rig.refused(&first, ErrorCode::NotEnoughReplicasAfterAppend);
    let again = rig.next();
    assert_eq!((number(&again), numbers(&again)), ((0, 1), vec![0]));
    rig.confirmed(&again);
    rig.send(1);
    assert_eq!(number(&rig.request().1), (0, 2));
}

#[test]
fn each_partition_has_a_line_of_its_own() {
    let chosen = ["topic.partitions=2", "producer.linger.ms=0"];
    let mut rig = Rig::new(Producer::new(&plan(&chosen, &Setup::default()), P1));
    let leaders = image(1, &[Some(B1), Some(B2), Some(B1)]);
    rig.on(Event::Start);
    rig.answer_metadata(&leaders);
    (0..2).for_each(|number| rig.send(number));
    rig.answer_metadata(&leaders);
    let sent: Vec<_> = rig.requests().iter().map(|(to, request)| (*to, number(request))).collect();
    assert_eq!(sent, [(B1, (0, 0)), (B2, (0, 0))]);
}

#[test]
fn a_process_that_is_started_again_is_another_producer() {
    let of = |incarnation| ProducerId::of(B1, Incarnation(incarnation));
    assert!(of(1) != of(2) && of(1) != ProducerId::of(B2, Incarnation(1)));
}

#[test]
fn without_idempotence_nothing_is_numbered() {
    for off in ["producer.enable.idempotence=false", "producer.acks=1"] {
        let request = idempotent(&[off]).send_each(0..1).remove(0);
        assert_eq!(request.first, None, "{off}");
    }
}

#[test]
fn batches_that_fail_together_are_sent_again_in_order_one_after_the_other() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let mut rig = idempotent(&[]);
        let sent = rig.send_each(0..3);
        for at in order {
            let why = if at == 0 { ErrorCode::NotEnoughReplicas } else { ErrorCode::OutOfOrderSequenceNumber };
            rig.refused(&sent[at], why);
        }
        rig.send(3);
        for expected in 0..2 {
            let again = rig.next();
            assert_eq!((numbers(&again), number(&again)), (vec![expected], (0, expected + 1)), "{order:?}");
            rig.confirmed(&again);
        }
        let rest: Vec<_> = rig.requests().iter().map(|(_, request)| (numbers(request), number(request))).collect();
        assert_eq!(rest, [(vec![2], (0, 3)), (vec![3], (0, 4))], "{order:?}");
    }
}

#[test]
fn a_batch_that_is_out_of_order_waits_for_those_before_it() {
    let mut rig = idempotent(&[]);
    let sent = rig.send_each(0..2);
    rig.refused(&sent[1], ErrorCode::OutOfOrderSequenceNumber);
    rig.pass(Span::secs(5));
    assert!(rig.is_silent(), "message 0 is still on its way");
    rig.confirmed(&sent[0]);
    let again = rig.request().1;
    assert_eq!((numbers(&again), number(&again)), (vec![1], (0, 2)));
}

#[test]
fn a_gap_that_nothing_will_fill_begins_an_epoch_and_what_is_under_way_is_numbered_anew() {
    let mut rig = idempotent(&[]);
    let sent = rig.send_each(0..2);
    // The leader has lost message 1000, which was confirmed.
    rig.refused(&sent[0], ErrorCode::OutOfOrderSequenceNumber);
    rig.refused(&sent[1], ErrorCode::OutOfOrderSequenceNumber);
    for expected in 0..2 {
        let again = rig.next();
        assert_eq!((numbers(&again), number(&again)), (vec![expected], (1, expected)));
        rig.confirmed(&again);
    }
    rig.send(2);
    assert_eq!(number(&rig.request().1), (1, 2));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "acked"), (1, "acked")]));
}

#[test]
fn an_error_for_good_begins_an_epoch() {
    for code in [ErrorCode::InvalidRequest, ErrorCode::InvalidProducerEpoch] {
        let mut rig = idempotent(&[]);
        let sent = rig.send_each(0..1).remove(0);
        rig.refused(&sent, code);
        assert_eq!(rig.outcomes(), outcomes(&[(0, &format!("rejected {code}"))]));
        rig.send(1);
        assert_eq!(number(&rig.request().1), (1, 0));
    }
}

/// A producer whose message 0 was tried a second time. It is given up a second later, while that request still waits.
fn about_to_give_up() -> Rig<Producer> {
    let mut rig = idempotent(&["producer.delivery.timeout.ms=3000", "producer.request.timeout.ms=3000"]);
    let sent = rig.send_each(0..1).remove(0);
    rig.pass(Span::secs(1));
    rig.refused(&sent, ErrorCode::NotEnoughReplicasAfterAppend);
    rig.next();
    rig
}

#[test]
fn a_batch_that_is_given_up_after_a_retry_holds_new_ones_back_until_nothing_is_under_way() {
    let mut rig = about_to_give_up();
    rig.send(1);
    let behind = rig.request().1;
    assert_eq!(number(&behind), (0, 2));
    rig.pass(Span::secs(1));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "unknown TimeoutException")]));
    rig.send(2);
    assert!(rig.is_silent(), "whether message 0 is there is open");
    rig.confirmed(&behind);
    // It was: what follows it was taken.
    assert_eq!(number(&rig.request().1), (0, 3));
}

#[test]
fn what_follows_a_batch_that_was_given_up_and_is_missing_begins_an_epoch() {
    let mut rig = about_to_give_up();
    rig.send(1);
    let behind = rig.request().1;
    rig.pass(Span::secs(1));
    rig.refused(&behind, ErrorCode::OutOfOrderSequenceNumber);
    rig.pass(Span(200));
    let again = rig.request().1;
    assert_eq!((numbers(&again), number(&again)), (vec![1], (1, 0)));
}

#[test]
fn when_everything_under_way_was_given_up_an_epoch_begins() {
    let mut rig = about_to_give_up();
    rig.pass(Span::secs(1));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "unknown TimeoutException")]));
    rig.send(1);
    assert_eq!(number(&rig.request().1), (1, 0));
}

#[test]
fn a_duplicate_that_the_leader_no_longer_knows_is_tried_until_it_is_given_up() {
    let mut rig = idempotent(&["producer.delivery.timeout.ms=10500", "producer.request.timeout.ms=10000"]);
    let mut sent = rig.send_each(0..2);
    rig.confirmed(&sent[1]);
    assert_eq!(rig.outcomes(), outcomes(&[(1, "acked")]));
    // Batches that others have sent since have pushed message 0 out of the last five.
    for _ in 0..8 {
        rig.refused(&sent.remove(0), ErrorCode::OutOfOrderSequenceNumber);
        rig.pass(Span(1300));
        sent = rig.requests().into_iter().map(|(_, request)| request).collect();
        assert!(sent.iter().all(|request| number(request) == (0, 1)), "no epoch begins");
        if sent.is_empty() {
            break;
        }
    }
    rig.pass(Span(500));
    assert_eq!(rig.outcomes(), outcomes(&[(0, "unknown TimeoutException")]));
}

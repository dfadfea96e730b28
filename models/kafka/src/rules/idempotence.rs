//! What a leader makes of the batches of an idempotent producer.

use ackproof_core::node::Incarnation;
use ackproof_core::observe::Observation;
use ackproof_core::time::Span;
use ackproof_log::Offset;

use super::bench::{B1, B2, B3, Bench, CTL, P1};
use crate::config::Acks;
use crate::error_code::ErrorCode;
use crate::message::Correlation;
use crate::sequence::{Numbered, ProducerEpoch, ProducerId, Sequence};

const OUT_OF_ORDER: Result<Offset, ErrorCode> = Err(ErrorCode::OutOfOrderSequenceNumber);

/// A message of p1's first process.
fn number(epoch: u16, sequence: u32) -> Numbered {
    let producer = ProducerId::of(P1, Incarnation(1));
    Numbered { producer, epoch: ProducerEpoch(epoch), sequence: Sequence(sequence) }
}

impl Bench {
    /// Sends message `n` with this number, and what it is answered with.
    fn answer_to(&mut self, first: Numbered, n: u32) -> Result<Offset, ErrorCode> {
        let leader = self.partition().leader.expect("somebody leads");
        let sent = self.produce_numbered(leader, first, n..n + 1);
        self.run_until(Span::secs(30), |bench| bench.produced(sent).is_some());
        self.produced(sent).expect("answered")
    }
    fn answers(&self, sent: &[Correlation]) -> Vec<Option<Result<Offset, ErrorCode>>> {
        sent.iter().map(|&sent| self.produced(sent)).collect()
    }
}

#[test]
fn a_batch_that_is_sent_again_is_not_appended_and_is_answered_with_the_offset_it_has() {
    let mut bench = Bench::formed(&[]);
    assert_eq!(bench.answer_to(number(0, 0), 0), Ok(Offset(0)));
    assert_eq!(bench.answer_to(number(0, 1), 1), Ok(Offset(1)));
    assert_eq!(bench.answer_to(number(0, 0), 0), Ok(Offset(0)));
    assert_eq!((bench.log(B1), bench.log(B2)), (vec![0, 1], vec![0, 1]));
    // The neighbour: without numbers it is another batch.
    bench.acked(B1, 1);
    assert_eq!(bench.log(B1), vec![0, 1, 1]);
}

#[test]
fn a_duplicate_waits_for_the_high_watermark_and_in_its_first_attempts_place() {
    let mut bench = Bench::formed(&[]);
    bench.cut(B1, &[B2, B3]);
    let sent: Vec<_> = [0, 1, 0].into_iter().map(|n| bench.produce_numbered(B1, number(0, n), n..n + 1)).collect();
    bench.run(Span::secs(5));
    assert_eq!((bench.log(B1), bench.answers(&sent)), (vec![0, 1], vec![None, None, None]));
    bench.heal();
    bench.run(Span::secs(15));
    let answers = [Ok(Offset(0)), Ok(Offset(1)), Ok(Offset(0))].map(Some);
    assert_eq!((bench.log(B2), bench.answers(&sent)), (vec![0, 1], answers.to_vec()));
}

#[test]
fn after_too_few_replicas_a_retry_leaves_one_copy_with_idempotence_and_two_without() {
    for (first, copies) in [(Some(number(0, 0)), vec![0]), (None, vec![0, 0])] {
        let mut bench = Bench::version("3.6", &["topic.min.insync.replicas=2"]);
        bench.run(Span::secs(1));
        bench.cut(B2, &[B1, B3, CTL]);
        bench.cut(B3, &[B1, B2, CTL]);
        let send = |bench: &mut Bench| match first {
            Some(first) => bench.produce_numbered(B1, first, 0..1),
            None => bench.produce(B1, Acks::All, 0),
        };
        let sent = send(&mut bench);
        bench.run_until(Span::secs(20), |bench| bench.produced(sent).is_some());
        assert_eq!(bench.produced(sent), Some(Err(ErrorCode::NotEnoughReplicasAfterAppend)));
        bench.heal();
        bench.settle();
        let again = send(&mut bench);
        bench.run(Span::secs(1));
        assert!(bench.produced(again).is_some_and(|result| result.is_ok()));
        assert_eq!(bench.log(B1), copies);
    }
}

#[test]
fn a_batch_before_which_something_is_missing_is_refused() {
    let mut bench = Bench::formed(&[]);
    assert_eq!(bench.answer_to(number(0, 0), 0), Ok(Offset(0)));
    assert_eq!(bench.answer_to(number(0, 2), 2), OUT_OF_ORDER);
    assert_eq!(bench.log(B1), vec![0]);
    assert_eq!(bench.answer_to(number(0, 1), 1), Ok(Offset(1)));
    assert_eq!(bench.answer_to(number(0, 2), 2), Ok(Offset(2)));
}

#[test]
fn a_duplicate_of_a_batch_before_the_last_five_is_refused_as_out_of_order() {
    let mut bench = Bench::formed(&[]);
    for n in 0..6 {
        assert_eq!(bench.answer_to(number(0, n), n), Ok(Offset(u64::from(n))));
    }
    assert_eq!(bench.answer_to(number(0, 1), 1), Ok(Offset(1)));
    assert_eq!(bench.answer_to(number(0, 0), 0), OUT_OF_ORDER);
    assert_eq!(bench.log(B1), vec![0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_producer_that_the_log_does_not_have_may_begin_with_any_sequence() {
    let mut bench = Bench::formed(&[]);
    assert_eq!(bench.answer_to(number(3, 7), 0), Ok(Offset(0)));
    assert_eq!(bench.answer_to(number(3, 9), 1), OUT_OF_ORDER);
}

#[test]
fn a_newer_producer_epoch_begins_with_0_and_shuts_the_older_one_out() {
    let mut bench = Bench::formed(&[]);
    assert_eq!(bench.answer_to(number(0, 0), 0), Ok(Offset(0)));
    assert_eq!(bench.answer_to(number(1, 1), 1), OUT_OF_ORDER);
    assert_eq!(bench.answer_to(number(1, 0), 1), Ok(Offset(1)));
    assert_eq!(bench.answer_to(number(0, 1), 2), Err(ErrorCode::InvalidProducerEpoch));
    assert_eq!(bench.log(B1), vec![0, 1]);
}

#[test]
fn what_another_process_sends_is_never_a_duplicate() {
    let mut bench = Bench::formed(&[]);
    assert_eq!(bench.answer_to(number(0, 0), 0), Ok(Offset(0)));
    let restarted = Numbered { producer: ProducerId::of(P1, Incarnation(2)), ..number(0, 0) };
    assert_eq!(bench.answer_to(restarted, 0), Ok(Offset(1)));
    assert_eq!(bench.log(B1), vec![0, 0]);
}

#[test]
fn a_follower_that_becomes_the_leader_knows_the_batches_that_it_has_copied() {
    let mut bench = Bench::formed(&[]);
    // The answer is lost with the leader, and the high watermark never moved.
    let sent = bench.produce_numbered(B1, number(0, 0), 0..3);
    bench.run(Span(2));
    assert_eq!((bench.log(B2), bench.produced(sent)), (vec![0, 1, 2], None));
    bench.kill(B1);
    bench.run(Span::secs(12));
    assert_eq!(bench.partition().leader, Some(B2));
    let again = bench.produce_numbered(B2, number(0, 0), 0..3);
    bench.run(Span::secs(1));
    assert_eq!((bench.produced(again), bench.log(B2)), (Some(Ok(Offset(0))), vec![0, 1, 2]));
    assert_eq!(bench.answer_to(number(0, 3), 3), Ok(Offset(3)));
}

#[test]
fn a_leader_that_is_started_again_knows_the_batches_in_its_log() {
    let mut bench = Bench::version("4.1", &["topic.replication.factor=1"]);
    bench.run(Span::secs(1));
    assert_eq!(bench.answer_to(number(0, 0), 0), Ok(Offset(0)));
    bench.kill(B1);
    bench.run(Span::secs(12));
    bench.start(B1);
    bench.run(Span::secs(5));
    assert!(bench.leads(B1));
    assert_eq!(bench.answer_to(number(0, 0), 0), Ok(Offset(0)));
    assert_eq!(bench.log(B1), vec![0]);
}

#[test]
fn batches_that_were_cut_off_are_forgotten() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.cut(B1, &[B2, B3, CTL]);
    bench.produce_numbered(B1, number(0, 0), 9..10);
    bench.run(Span::secs(12));
    bench.acked(B2, 1);
    assert_eq!((bench.log(B1), bench.log(B2)), (vec![9], vec![1]));
    bench.heal();
    bench.settle();
    bench.move_leader(Some(B1));
    bench.run(Span::secs(1));
    assert!(bench.leads(B1));
    assert_eq!(bench.answer_to(number(0, 0), 9), Ok(Offset(1)));
    assert_eq!((bench.log(B1), bench.log(B2)), (vec![1, 9], vec![1, 9]));
}

#[test]
fn recovery_drops_a_batch_that_was_not_written_whole() {
    let mut bench = Bench::formed(&[]);
    for first in [0, 2] {
        bench.produce_numbered(B1, number(0, first), first..first + 2);
    }
    bench.run(Span::secs(1));
    bench.kill(B1);
    bench.tear(B1, 3);
    assert_eq!(bench.log(B1), vec![0, 1, 2]);
    bench.start(B1);
    assert_eq!(bench.log(B1), vec![0, 1]);
    let dropped =
        |(node, seen): &(_, Observation)| *node == B1 && matches!(seen, Observation::Truncated { from: 3, to: 2, .. });
    assert!(bench.seen.iter().any(dropped));
}

#[test]
fn followers_copy_whole_batches() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.produce_batch(B1, Acks::All, 0..1500);
    bench.run(Span(20));
    bench.start(B3);
    bench.run_until(Span::secs(30), |bench| {
        let copied = bench.log(B3).len();
        assert!(copied == 0 || copied == 1500, "{copied}");
        copied == 1500
    });
}

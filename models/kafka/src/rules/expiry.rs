//! When a leader forgets an idempotent producer, and what it makes of its batches then.

use ackproof_core::app::Outcome;
use ackproof_core::node::Incarnation;
use ackproof_core::time::Span;
use ackproof_log::Offset;

use super::bench::transactions::ID;
use super::bench::{B1, B2, Bench, P1};
use crate::error_code::ErrorCode;
use crate::sequence::{Numbered, ProducerEpoch, ProducerId, Sequence};
use crate::transaction::Ending;

/// Silent for a minute, and looked for every ten seconds.
const SHORT: [&str; 2] =
    ["broker.producer.id.expiration.ms=60000", "broker.producer.id.expiration.check.interval.ms=10000"];

fn number(sequence: u32) -> Numbered {
    let producer = ProducerId::of(P1, Incarnation(1));
    Numbered { producer, epoch: ProducerEpoch(0), sequence: Sequence(sequence) }
}

impl Bench {
    fn told(&mut self, sequence: u32) -> Result<Offset, ErrorCode> {
        let leader = self.partition().leader.expect("somebody leads");
        let sent = self.produce_numbered(leader, number(sequence), sequence..sequence + 1);
        self.run_until(Span::secs(30), |bench| bench.produced(sent).is_some());
        self.produced(sent).expect("answered")
    }
}

#[test]
fn a_producer_that_was_silent_for_long_is_forgotten_at_the_next_look_and_its_retry_is_appended_again() {
    // It writes 1.0 s after the brokers' start, which is 59 s before a look: that one leaves it, and the next does not.
    for (wait, copies) in [(Span::secs(60), 1), (Span::secs(68), 1), (Span::secs(70), 2)] {
        let mut bench = Bench::formed(&SHORT);
        assert_eq!(bench.told(0), Ok(Offset(0)));
        bench.run(wait);
        assert!(bench.told(0).is_ok());
        assert_eq!(bench.log(B1), vec![0; copies], "after {wait}");
        assert_eq!(bench.was_noted("no longer knows a producer"), copies == 2);
    }
    // The neighbour: a day is not over.
    let mut bench = Bench::formed(&[]);
    assert_eq!(bench.told(0), Ok(Offset(0)));
    bench.run(Span::secs(3_600));
    assert_eq!((bench.told(0), bench.log(B1)), (Ok(Offset(0)), vec![0]));
}

#[test]
fn what_a_forgotten_producer_sends_is_taken_with_any_sequence() {
    let mut bench = Bench::formed(&SHORT);
    assert_eq!(bench.told(0), Ok(Offset(0)));
    assert_eq!(bench.told(2), Err(ErrorCode::OutOfOrderSequenceNumber));
    bench.run(Span::secs(70));
    assert_eq!(bench.told(2), Ok(Offset(1)));
    assert_eq!(bench.log(B1), vec![0, 2]);
}

#[test]
fn whoever_writes_is_not_forgotten() {
    let mut bench = Bench::formed(&SHORT);
    for n in 0..4 {
        assert_eq!(bench.told(n), Ok(Offset(u64::from(n))));
        bench.run(Span::secs(40));
    }
    assert_eq!((bench.told(3), bench.log(B1)), (Ok(Offset(3)), vec![0, 1, 2, 3]));
}

#[test]
fn up_to_3_3_producers_expire_with_transactional_ids() {
    let chosen = ["broker.transactional.id.expiration.ms=60000"];
    for (version, wait, copies) in
        [("3.3", Span::secs(590), 1), ("3.3", Span::secs(600), 2), ("3.4", Span::secs(7_200), 1)]
    {
        let mut bench = Bench::formed_in(version, &chosen);
        assert_eq!(bench.told(0), Ok(Offset(0)));
        bench.run(wait);
        assert!(bench.told(0).is_ok());
        assert_eq!(bench.log(B1), vec![0; copies], "{version} after {wait}");
    }
}

#[test]
fn a_new_leader_has_forgotten_too_and_after_a_crash_the_log_is_read_again() {
    // b2 was there all along, and looks as b1 does.
    let mut bench = Bench::formed(&SHORT);
    assert_eq!(bench.told(0), Ok(Offset(0)));
    bench.run(Span::secs(70));
    bench.move_leader(Some(B2));
    bench.run(Span::secs(1));
    assert!(bench.leads(B2));
    assert_eq!((bench.told(0), bench.log(B2)), (Ok(Offset(1)), vec![0, 0]));

    // One process of the only broker after another: what it reads from its log it knows until it looks.
    for (look, copies) in [("60000", 1), ("2000", 2)] {
        let every = format!("broker.producer.id.expiration.check.interval.ms={look}");
        let chosen = ["topic.replication.factor=1", "broker.producer.id.expiration.ms=30000", &every];
        let mut bench = Bench::version("4.1", &chosen);
        bench.run(Span::secs(1));
        assert_eq!(bench.told(0), Ok(Offset(0)));
        bench.run(Span::secs(40));
        bench.kill(B1);
        bench.run(Span::secs(12));
        bench.start(B1);
        bench.run(Span::secs(5));
        assert!(bench.leads(B1));
        assert!(bench.told(0).is_ok());
        assert_eq!(bench.log(B1), vec![0; copies], "looked every {look} ms");
    }
}

#[test]
fn after_a_clean_stop_the_start_is_a_look() {
    let every = "broker.producer.id.expiration.check.interval.ms=600000";
    for (clean, copies) in [(true, 2), (false, 1)] {
        let mut bench =
            Bench::version("4.1", &["topic.replication.factor=1", "broker.producer.id.expiration.ms=5000", every]);
        bench.run(Span::secs(1));
        assert_eq!(bench.told(0), Ok(Offset(0)));
        match clean {
            true => bench.stop(B1),
            false => bench.kill(B1),
        }
        bench.run(Span::secs(12));
        bench.start(B1);
        bench.run(Span::secs(15));
        assert!(bench.leads(B1));
        assert!(bench.told(0).is_ok());
        assert_eq!(bench.log(B1), vec![0; copies], "stopped cleanly: {clean}");
    }
}

#[test]
fn a_producer_with_an_open_transaction_is_not_forgotten() {
    for (commits, known) in [(false, true), (true, false)] {
        let chosen = [ID, "broker.transaction.version=0", "producer.transaction.timeout.ms=900000", SHORT[0], SHORT[1]];
        let mut bench = Bench::version("4.1", &chosen);
        bench.run(Span::secs(1));
        let identity = bench.init_transactions();
        assert!(bench.add_partition(identity).is_ok());
        assert_eq!(bench.write_in(identity, 0, 0), Ok(0));
        if commits {
            bench.end_of(identity, Ending::Commit);
        }
        bench.run(Span::secs(80));
        // What it sends next leaves a gap, which only who is forgotten may.
        let next = match commits {
            true => {
                assert!(bench.add_partition(identity).is_ok());
                bench.write_in(identity, 5, 1)
            }
            false => bench.write_in(identity, 5, 1),
        };
        assert_eq!(next, if known { Err(ErrorCode::OutOfOrderSequenceNumber) } else { Ok(2) });
    }
}

#[test]
fn a_transactional_id_that_was_silent_for_long_is_forgotten_and_its_producer_is_made_anew() {
    let ids = [
        "broker.transactional.id.expiration.ms=60000",
        "broker.transaction.remove.expired.transaction.cleanup.interval.ms=10000",
    ];
    let transact = |bench: &mut Bench, n: u32| {
        bench.send_messages(n..n + 1);
        bench.end_transaction(true);
        bench.run(Span::secs(2));
        bench.outcomes()
    };
    for version in ["2.8", "3.9", "4.1"] {
        for (chosen, is_forgotten) in [(&ids[..], true), (&[], false)] {
            let chosen: Vec<&str> = [ID].iter().chain(chosen).copied().collect();
            let mut bench = Bench::version(version, &chosen);
            bench.run(Span::secs(1));
            bench.start_producer();
            assert_eq!(transact(&mut bench, 0), [(0, Outcome::Acked)], "{version}");
            bench.run(Span::secs(50));
            assert_eq!(transact(&mut bench, 1), [(1, Outcome::Acked)], "{version}: a minute is not over");
            bench.run(Span::secs(75));
            let told = transact(&mut bench, 2);
            assert_eq!(told != [(2, Outcome::Acked)], is_forgotten, "{version}: {told:?}");
            assert_eq!(bench.was_noted("INVALID_PRODUCER_ID_MAPPING"), is_forgotten, "{version}");
            assert_eq!(transact(&mut bench, 3), [(3, Outcome::Acked)], "{version}: it has begun anew");
        }
    }
}

//! What consume, transform, produce comes to: results and progress in one transaction.

use ackproof_core::actor::Event;
use ackproof_core::app::{AppCall, AppReply};
use ackproof_core::setup::{AckMode, Setup};
use ackproof_core::time::Span;

use super::bench::transactions::ID;
use super::bench::{B1, Bench, C1};
use crate::config::Acks;

const EARLIEST: &str = "consumer.auto.offset.reset=earliest";
const COMMITTED: &str = "consumer.isolation.level=read_committed";

fn setup() -> Setup {
    let mut setup = Setup::default();
    setup.app.consumer.ack = Some(AckMode::InTransaction);
    setup
}

/// A consumer that has joined its group and knows who it is as a producer, and six messages that it has not read.
fn formed(version: &str) -> Bench {
    formed_with(version, &[])
}
fn formed_with(version: &str, chosen: &[&str]) -> Bench {
    let ours = [ID, EARLIEST, COMMITTED, "consumer.enable.auto.commit=false"];
    let mut bench = Bench::with(version, &[&ours, chosen].concat(), &setup());
    bench.run(Span::secs(2));
    for n in 0..6 {
        bench.produce(B1, Acks::All, n);
    }
    bench.run(Span::secs(1));
    bench.start(C1);
    bench
}

/// Works on everything that the consumer hands over, for so long; the numbers of what it handed over.
fn work(bench: &mut Bench, span: Span) -> Vec<u32> {
    let mut handed = Vec::new();
    for _ in 0..span.0 / 5 {
        bench.run(Span(5));
        for told in std::mem::take(&mut bench.told) {
            let AppReply::Deliver(delivery) = told else { continue };
            handed.push(delivery.msg.sequence());
            bench.handle(C1, Event::App(AppCall::Finished { delivery, success: true }));
        }
    }
    handed
}

fn all() -> Vec<u32> {
    (0..6).collect()
}

#[test]
fn results_and_progress_are_committed_together() {
    for version in ["2.8", "3.9", "4.1"] {
        let mut bench = formed(version);
        assert_eq!(work(&mut bench, Span::secs(15)), all(), "{version}");
        assert_eq!(bench.committed_results(), all(), "{version}");
        assert_eq!(bench.group_progress(), Some(6), "{version}");
    }
}

#[test]
fn what_was_not_committed_is_read_again_and_its_results_are_not_there() {
    let mut bench = formed("4.1");
    // It dies with the results of all but the last message written.
    let mut handed = Vec::new();
    while handed.len() < 6 {
        bench.run(Span(5));
        for told in std::mem::take(&mut bench.told) {
            let AppReply::Deliver(delivery) = told else { continue };
            handed.push(delivery.msg.sequence());
            if handed.len() < 6 {
                bench.handle(C1, Event::App(AppCall::Finished { delivery, success: true }));
            }
        }
    }
    bench.run(Span(500));
    bench.kill(C1);
    bench.run(Span::secs(1));
    assert_eq!((bench.committed_results(), bench.group_progress()), (vec![], None));
    bench.start(C1);
    assert_eq!(work(&mut bench, Span::secs(80)), all());
    assert_eq!((bench.committed_results(), bench.group_progress()), (all(), Some(6)));
}

#[test]
fn who_was_thrown_out_of_its_group_commits_no_results() {
    let newer = ["consumer.group.protocol=consumer"];
    let mut bench = formed_with("4.1", &newer);
    while bench.told.is_empty() {
        bench.run(Span(5));
    }
    let brokers = [B1, super::bench::B2, super::bench::B3];
    bench.cut(C1, &brokers);
    bench.run(Span::secs(60));
    bench.heal();
    bench.run(Span::secs(20));
    let handed = work(&mut bench, Span::secs(80));
    assert_eq!(handed.len(), 12, "everything twice: {handed:?}");
    assert_eq!((bench.committed_results(), bench.group_progress()), (all(), Some(6)));
}

#[test]
fn the_group_waits_for_progress_that_hangs_on_a_transaction() {
    let mut bench = formed("4.1");
    work(&mut bench, Span::secs(15));
    assert_eq!(bench.group_progress(), Some(6));
    bench.store_pending(9);
    assert_eq!(bench.stable_progress(true), Err(crate::error_code::ErrorCode::UnstableOffsetCommit));
    assert_eq!(bench.stable_progress(false), Ok(Some(6)));
}

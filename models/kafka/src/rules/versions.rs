//! Bugs that some releases have and others have not.

use ackproof_core::app::MsgId;
use ackproof_core::time::{Span, Time};
use ackproof_log::{Epoch, EpochEnd, Offset};

use super::bench::{B1, B2, B3, Bench, P0};
use crate::message::{Fetched, FetchedRecords, Message, Payload, Record};

/// b3 fetches from b1, leadership goes to b2 and back to b1, and then b1's answer to that fetch arrives. The log of b3.
fn a_late_answer(release: &str, diverging: Option<EpochEnd>) -> Vec<u32> {
    let mut bench = Bench::version(release, &[]);
    bench.run(Span::secs(1));
    bench.acked(B1, 0);
    bench.intercept(B1);
    // The fetch that b1 holds is answered with nothing, and the next one does not reach b1.
    bench.run(Span(600));
    let b3 = bench.image().broker(B3).expect("registered").epoch;
    let late = bench.inbox.iter().rev().find_map(|(to, message)| match message {
        Message::Fetch(fetch) if *to == B1 => {
            fetch.follower.filter(|follower| follower.broker_epoch == b3).map(|_| fetch.correlation)
        }
        _ => None,
    });
    for leader in [B2, B1] {
        bench.move_leader(Some(leader));
        bench.run(Span(10));
        assert_eq!(bench.replica(B3).leader_epoch(), bench.partition().leader_epoch);
    }
    let record =
        Record { epoch: Epoch(0), left: 0, timestamp: Time::ZERO, payload: Payload::Message(MsgId::new(0, 9), None) };
    let records = if diverging.is_some() { [].into() } else { [record].into() };
    let result = Ok(FetchedRecords {
        records,
        high_watermark: Offset(1),
        log_start: Offset(0),
        diverging: diverging.map(Box::new),
        committed: None,
    });
    bench.send(B1, B3, Message::Fetched(Fetched { correlation: late.expect("b3 has fetched"), origin: P0, result }));
    bench.run(Span(5));
    bench.log(B3)
}

#[test]
fn up_to_3_9_0_and_in_4_0_0_an_answer_from_an_older_epoch_is_taken_for_one_of_this_epoch() {
    let nothing_left = Some(EpochEnd { epoch: Epoch(0), end: Offset(0) });
    for release in ["2.8", "3.8", "3.9.0", "4.0.0"] {
        assert_eq!(a_late_answer(release, None), [0, 9], "{release}");
        assert_eq!(a_late_answer(release, nothing_left), [0; 0], "{release}: what was confirmed is cut off");
    }
    for release in ["3.9.1", "3.9", "4.0.1", "4.1.0", "4.4"] {
        assert_eq!(a_late_answer(release, None), [0], "{release}");
        assert_eq!(a_late_answer(release, nothing_left), [0], "{release}");
    }
}

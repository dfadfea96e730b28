//! Applications with transactions against a client that answers in any order, with anything, and dies now and then.

use std::collections::BTreeMap;

use ackproof_core::app::Reason;
use ackproof_core::seed::Seed;
use ackproof_core::setup::Transaction;
use proptest::prelude::*;

use super::*;

/// What happens next: to the client, or to its process.
#[derive(Clone, Debug)]
enum Turn {
    Ring,
    /// One of the sends of which nothing was told is told this.
    Tell(usize, Outcome),
    Die,
}

/// One transaction as an outsider sees it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    sends: Vec<(u32, u32)>,
    commit: Option<bool>,
    failed: Vec<u32>,
    died: bool,
}

struct Bench {
    sender: Sender,
    now: Time,
    alarm: Option<Time>,
    untold: Vec<MsgId>,
    seen: Vec<Seen>,
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let reason = Reason::new("TIMED_OUT");
    prop_oneof![
        4 => Just(Outcome::Acked),
        1 => Just(Outcome::Aborted),
        1 => Just(Outcome::Unknown(reason.clone())),
        1 => Just(Outcome::Rejected(reason)),
    ]
}

fn any_turn(deaths: u32) -> impl Strategy<Value = Turn> {
    prop_oneof![
        20 => Just(Turn::Ring),
        20 => (0..100usize, any_outcome()).prop_map(|(which, outcome)| Turn::Tell(which, outcome)),
        deaths => Just(Turn::Die),
    ]
}

fn any_app() -> impl Strategy<Value = ProducerApp> {
    let on_failure = prop_oneof![
        Just(OnFailure::Report),
        (1..4u32).prop_map(|times| OnFailure::Resend { times, backoff: Span(70) }),
    ];
    let send = prop_oneof![Just(SendMode::Sync), Just(SendMode::Async), Just(SendMode::AsyncUnchecked)];
    let abort_rate = prop_oneof![Just(0.0), Just(0.3), Just(1.0)];
    (send, on_failure, 1..6u32, abort_rate).prop_map(|(send, on_failure, messages, abort_rate)| ProducerApp {
        send,
        on_failure,
        transaction: Some(Transaction::of(messages, abort_rate)),
        accept: None,
    })
}

impl Bench {
    fn new(app: &ProducerApp, share: u32) -> Bench {
        let stream = Seed(7).stream("app/p1");
        let sender = Sender::new(app.clone(), 0, share, Span(10), Some(stream));
        Bench { sender, now: Time(0), alarm: Some(Time(1)), untold: Vec::new(), seen: vec![Seen::default()] }
    }

    fn open(&mut self) -> &mut Seen {
        self.seen.last_mut().expect("there is always one")
    }

    fn turn(&mut self, turn: &Turn) {
        match turn {
            Turn::Ring => self.ring(),
            Turn::Tell(_, _) if self.untold.is_empty() => {}
            Turn::Tell(which, outcome) => {
                let msg = self.untold.swap_remove(which % self.untold.len());
                if *outcome != Outcome::Acked {
                    self.open().failed.push(msg.sequence());
                }
                if self.untold.is_empty() && self.open().commit.is_some() {
                    self.seen.push(Seen::default());
                }
                let then = self.sender.told(msg, outcome, 0, self.now);
                self.follow(then);
            }
            Turn::Die => {
                self.sender.restart();
                self.untold.clear();
                self.open().died = true;
                self.seen.push(Seen::default());
                self.alarm = Some(self.now + Span(1));
            }
        }
    }

    fn ring(&mut self) {
        let Some(at) = self.alarm.take() else { return };
        self.now = self.now.max(at);
        let Some((msg, attempt)) = self.sender.next(self.now) else { return };
        assert!(self.open().commit.is_none(), "{msg} was sent before the transaction was over: {:?}", self.seen);
        self.open().sends.push((msg.sequence(), attempt));
        self.untold.push(msg);
        self.open().commit = self.sender.end_transaction();
        self.alarm = self.sender.alarm(self.now).map(|after| self.now + after);
    }

    fn follow(&mut self, then: Then) {
        match then {
            Then::Nothing => {}
            Then::Resend(_) => panic!("a message is sent again by itself"),
            Then::GoOn(after) => {
                assert_eq!(self.alarm, None, "two alarms at once");
                self.alarm = Some(self.now + after);
            }
        }
    }

    /// Lets everything come to rest, with nothing but successes from here on.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            if self.alarm.is_none() && self.untold.is_empty() {
                return;
            }
            self.turn(&Turn::Tell(0, Outcome::Acked));
            self.ring();
        }
        panic!("it never comes to rest: {:?}", self.sender);
    }
}

fn run(app: &ProducerApp, share: u32, turns: &[Turn]) -> Bench {
    let mut bench = Bench::new(app, share);
    turns.iter().for_each(|turn| bench.turn(turn));
    bench.finish();
    bench
}

proptest! {
    #[test]
    fn every_message_is_sent_first_in_order_and_the_application_comes_to_rest(
        app in any_app(), share in 0..30u32, turns in prop::collection::vec(any_turn(1), 0..300),
    ) {
        let bench = run(&app, share, &turns);
        prop_assert!(bench.sender.is_done(), "{:?}", bench.sender);
        let firsts = bench.seen.iter().flat_map(|seen| &seen.sends).filter(|(_, attempt)| *attempt == 0);
        prop_assert!(firsts.map(|(sequence, _)| *sequence).eq(0..share));
    }

    #[test]
    fn a_transaction_ends_once_it_is_full_and_only_death_keeps_it_from_ending(
        app in any_app(), share in 0..30u32, turns in prop::collection::vec(any_turn(1), 0..300),
    ) {
        let each = app.transaction.unwrap();
        let bench = run(&app, share, &turns);
        for seen in &bench.seen {
            let has_last = seen.sends.iter().any(|(sequence, _)| sequence + 1 == share);
            let (is_first, len) = (seen.sends.iter().all(|(_, attempt)| *attempt == 0), seen.sends.len());
            prop_assert!(len <= each.messages as usize, "{:?}", seen);
            prop_assert!(seen.commit.is_some() || seen.died || len == 0, "never ended: {:?}", seen);
            let short = seen.commit.is_some() && is_first && len < each.messages as usize;
            prop_assert!(!short || has_last, "ended too early: {:?}", seen);
            prop_assert!(each.abort_rate > 0.0 || seen.commit != Some(false), "nobody wanted to take it back");
            prop_assert!(each.abort_rate < 1.0 || seen.commit != Some(true), "everything is taken back");
        }
    }

    #[test]
    fn what_failed_against_the_wish_is_the_next_transaction_and_what_was_taken_back_is_never_sent_again(
        app in any_app(), share in 0..30u32, turns in prop::collection::vec(any_turn(0), 0..300),
    ) {
        let bench = run(&app, share, &turns);
        let times = match app.on_failure {
            OnFailure::Resend { times, .. } => times,
            OnFailure::Report => 0,
        };
        for pair in bench.seen.windows(2) {
            let (seen, next) = (&pair[0], &pair[1]);
            let failed = |sequence: &u32| seen.commit == Some(true) && seen.failed.contains(sequence);
            let again = seen.sends.iter().filter(|(sequence, attempt)| failed(sequence) && *attempt < times);
            let again: Vec<(u32, u32)> = again.map(|(sequence, attempt)| (*sequence, attempt + 1)).collect();
            match again.is_empty() {
                true => prop_assert!(next.sends.iter().all(|(_, attempt)| *attempt == 0), "{:?}", pair),
                false => prop_assert_eq!(&next.sends, &again),
            }
        }
    }
}

#[test]
fn a_transaction_that_failed_is_made_again_after_its_backoff_and_one_taken_back_is_not() {
    let failing = |abort_rate| {
        let app = ProducerApp {
            send: SendMode::Sync,
            on_failure: OnFailure::Resend { times: 1, backoff: Span(70) },
            transaction: Some(Transaction::of(2, abort_rate)),
            accept: None,
        };
        let mut bench = Bench::new(&app, 3);
        let told = |outcome: Outcome| Turn::Tell(0, outcome);
        [Turn::Ring, Turn::Ring, told(Outcome::Aborted), told(Outcome::Aborted)].iter().for_each(|t| bench.turn(t));
        assert_eq!(bench.alarm.map(|at| at.since(bench.now)), Some(Span(if abort_rate == 0.0 { 70 } else { 10 })));
        bench.finish();
        let sent: BTreeMap<u32, usize> =
            bench.seen.iter().flat_map(|seen| &seen.sends).fold(BTreeMap::new(), |mut count, (sequence, _)| {
                *count.entry(*sequence).or_default() += 1;
                count
            });
        (sent, bench.seen.len() - 1)
    };
    assert_eq!(failing(0.0), ([(0, 2), (1, 2), (2, 1)].into(), 3));
    assert_eq!(failing(1.0), ([(0, 1), (1, 1), (2, 1)].into(), 2));
}

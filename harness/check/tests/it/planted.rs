//! Checkers can fail: a green history with one thing changed, and exactly the promises that this breaks.

use ackproof_core::app::{MsgId, Outcome};
use ackproof_core::guarantee::Guarantee;
use ackproof_core::history::{Entry, History};
use ackproof_core::op::Op;
use ackproof_core::verdict::Judgement;

use crate::story::{Story, msg, rejected};

const VICTIM: u32 = 4;

fn processed(entry: &Entry) -> Option<MsgId> {
    match &entry.op {
        Op::Processed { delivery, .. } => Some(delivery.msg),
        _ => None,
    }
}
fn audited(entry: &Entry) -> Option<MsgId> {
    match &entry.op {
        Op::Audited(delivery) => Some(delivery.msg),
        _ => None,
    }
}
fn position(history: &History, of: fn(&Entry) -> Option<MsgId>, sequence: u32) -> usize {
    history.entries.iter().position(|entry| of(entry) == Some(msg(sequence))).expect("a green history has it")
}
fn drop(history: &mut History, of: fn(&Entry) -> Option<MsgId>) {
    let at = position(history, of, VICTIM);
    history.entries.remove(at);
}
fn answer(history: &mut History, outcome: Outcome) {
    for entry in &mut history.entries {
        match &mut entry.op {
            Op::Told { msg: told, outcome: was } if *told == msg(VICTIM) => *was = outcome.clone(),
            _ => {}
        }
    }
}

type Bug = (&'static str, fn(&mut History), &'static [Guarantee]);

const BUGS: [Bug; 10] = [
    (
        "a message skipped by the consumer",
        |h| drop(h, processed),
        &[Guarantee::NoAckedLoss, Guarantee::InOrder, Guarantee::ExactlyOnce],
    ),
    ("a message destroyed after it was consumed", |h| drop(h, audited), &[Guarantee::Durable]),
    (
        "a message destroyed before it was consumed",
        |h| {
            drop(h, processed);
            drop(h, audited);
        },
        &[Guarantee::NoAckedLoss, Guarantee::Durable, Guarantee::InOrder, Guarantee::ExactlyOnce],
    ),
    (
        "a fire-and-forget message destroyed",
        |h| {
            drop(h, processed);
            drop(h, audited);
            answer(h, Outcome::Untold);
        },
        &[Guarantee::NoUnreportedLoss, Guarantee::InOrder],
    ),
    (
        "two messages swapped",
        |h| {
            let (first, second) = (position(h, processed, VICTIM), position(h, processed, VICTIM + 1));
            let op = h.entries[first].op.clone();
            h.entries[first].op = std::mem::replace(&mut h.entries[second].op, op);
        },
        &[Guarantee::InOrder],
    ),
    (
        "a message processed twice",
        |h| {
            let at = position(h, processed, VICTIM);
            let again = h.entries[at].clone();
            h.entries.insert(at, again);
        },
        &[Guarantee::NoDuplicates, Guarantee::ExactlyOnce],
    ),
    ("a refused message stored all the same", |h| answer(h, rejected()), &[Guarantee::NoGhosts]),
    (
        "a message dropped by a rule",
        |h| {
            drop(h, processed);
            let at = position(h, audited, VICTIM);
            h.entries[at].op = Op::Disposed { msg: msg(VICTIM), rule: "length limit".into() };
        },
        &[Guarantee::NoAckedLoss, Guarantee::InOrder, Guarantee::ExactlyOnce],
    ),
    (
        "everything destroyed",
        |h| h.entries.retain(|entry| processed(entry).is_none() && audited(entry).is_none()),
        &[Guarantee::NoAckedLoss, Guarantee::Durable, Guarantee::ExactlyOnce],
    ),
    (
        "a message of a transaction that was taken back handed over all the same",
        |h| answer(h, Outcome::Aborted),
        &[Guarantee::NoGhosts, Guarantee::NoAbortedReads],
    ),
];

#[test]
fn each_planted_bug_breaks_exactly_its_promises() {
    for (name, plant, broken) in BUGS {
        let mut story = Story::green(10);
        plant(&mut story.history);
        let verdict = story.verdict();
        let found: Vec<Guarantee> = verdict
            .guarantees
            .iter()
            .filter(|(_, judgement)| matches!(judgement, Judgement::Violated { .. }))
            .map(|(guarantee, _)| *guarantee)
            .collect();
        assert_eq!(found, broken, "{name}");
    }
}

#[test]
fn every_promise_about_messages_is_broken_by_some_planted_bug() {
    let green = Story::green(10).verdict();
    for guarantee in green.guarantees.keys() {
        assert!(BUGS.iter().any(|(_, _, broken)| broken.contains(guarantee)), "{guarantee} cannot fail");
    }
}

#[test]
fn a_verdict_names_the_victim_and_counts_beyond_the_hundred_that_it_names() {
    let mut story = Story::green(10);
    drop(&mut story.history, audited);
    assert_eq!(story.verdict().vanished, vec![msg(VICTIM)]);
    let story = Story::begin().acked(0..150).healed().end(150);
    let verdict = story.verdict();
    assert_eq!((verdict.lost.len(), verdict.vanished.len()), (100, 100));
    assert_eq!((verdict.tally.lost, verdict.tally.vanished), (150, 150));
}

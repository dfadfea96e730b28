//! Which promise a run breaks, and the message that shows it.

use std::fmt;

use ackproof_check::{End, autopsy, fate, slowest};
use ackproof_core::app::MsgId;
use ackproof_core::guarantee::{Guarantee, Limits};
use ackproof_core::history::History;
use ackproof_core::op::Op;
use ackproof_core::verdict::{Judgement, Stage, Verdict};
use ackproof_scenario::{Often, Promise, Replay};

use crate::trial::Trial;

/// What a run fails at. Shrinking keeps it, so that a witness shows what it was chosen for: a loss in the consumer is no
/// witness for one in the broker, and what one rule of the broker's disposed of is none for another rule.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Failing {
    pub guarantee: Guarantee,
    /// Where the message ended that shows it; `None` for a promise that is not about single messages.
    end: Option<End>,
    /// The broker's own rule by which it was dropped.
    rule: Option<String>,
    /// Consumers passed over it after they had consumed an earlier one: to stumble on the way is another failure than
    /// not to begin at the beginning.
    on_the_way: bool,
}

/// What a run shows, as a replay file says it: `no-duplicates: p1#17 was consumed twice; ...`.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Shown {
    pub guarantee: Guarantee,
    /// What became of the message, or else how the promise is broken.
    pub sentence: String,
    /// How the promise is broken, in the whole run.
    pub why: String,
    /// The message to look at.
    pub msg: Option<MsgId>,
}

impl Failing {
    /// The first of these promises that the run breaks.
    pub fn of(trial: &Trial, asked: &[Guarantee]) -> Option<Failing> {
        let guarantee = asked.iter().copied().find(|guarantee| broken(&trial.verdict, *guarantee).is_some())?;
        let history = &trial.recording.history;
        let msg = message(&trial.verdict, guarantee);
        let rule = history.entries.iter().find_map(|entry| {
            let Op::Disposed { msg: of, rule } = &entry.op else { return None };
            (Some(*of) == msg).then(|| rule.clone())
        });
        let end = msg.and_then(|msg| fate(history, msg)).map(|fate| fate.end);
        let on_the_way =
            end == Some(End::Lost(Stage::Consumer)) && msg.is_some_and(|msg| is_after_others(history, msg));
        Some(Failing { guarantee, end, rule, on_the_way })
    }

    /// As a replay file says it.
    pub fn promise(&self, limits: &Limits) -> Promise {
        let limit = match self.guarantee {
            Guarantee::Available => limits.longest_unavailable,
            Guarantee::Ack => limits.ack_p99,
            Guarantee::NoAckedLoss | Guarantee::Durable | Guarantee::NoUnreportedLoss => None,
            Guarantee::NoDuplicates | Guarantee::InOrder | Guarantee::NoGhosts => None,
            Guarantee::ExactlyOnce | Guarantee::NoAbortedReads => None,
        };
        let often = limit.map_or(Often::SometimesViolated, Often::SometimesBeyond);
        Promise { guarantee: self.guarantee, often }
    }
}

impl Shown {
    /// The first of these promises that a traced run breaks. `None` when it keeps them all.
    pub fn of(trial: &Trial, asked: &[Guarantee]) -> Option<Shown> {
        asked.iter().find_map(|guarantee| {
            let why = broken(&trial.verdict, *guarantee)?;
            let msg = message(&trial.verdict, *guarantee);
            let cause = msg.and_then(|msg| autopsy(&trial.recording, msg)).map(|autopsy| autopsy.cause);
            Some(Shown {
                guarantee: *guarantee,
                sentence: cause.unwrap_or_else(|| why.to_owned()),
                why: why.to_owned(),
                msg: msg.or_else(|| slowest(&trial.recording.history)),
            })
        })
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.guarantee, self.sentence)
    }
}

/// Whether somebody consumed an earlier message of its producer.
fn is_after_others(history: &History, msg: MsgId) -> bool {
    let is_earlier = |of: MsgId| of.producer() == msg.producer() && of.sequence() < msg.sequence();
    let consumed = |op: &Op| matches!(op, Op::Processed { delivery, success: true } if is_earlier(delivery.msg));
    history.entries.iter().any(|entry| consumed(&entry.op))
}

/// The promises that a replay is looked at for: the one that its file says is broken, or else those that every run is
/// judged by.
pub fn asked(replay: &Replay) -> Vec<Guarantee> {
    let (row, class) = (replay.row(), &replay.class().name);
    let expected = replay.scenario.expected(row, class);
    if expected.is_empty() { replay.scenario.asked(row, class) } else { expected }
}

/// How a promise is broken, `None` when it is not.
fn broken(verdict: &Verdict, guarantee: Guarantee) -> Option<&str> {
    match verdict.guarantees.get(&guarantee)? {
        Judgement::Violated { why, .. } => Some(why),
        Judgement::Holds | Judgement::Inconclusive { .. } => None,
    }
}

/// The first message that shows that a promise is broken.
fn message(verdict: &Verdict, guarantee: Guarantee) -> Option<MsgId> {
    match verdict.guarantees.get(&guarantee)? {
        Judgement::Violated { messages, .. } => messages.first().copied(),
        Judgement::Holds | Judgement::Inconclusive { .. } => None,
    }
}

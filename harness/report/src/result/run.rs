//! One run, as one line of `cells/<id>.jsonl`.

use std::collections::BTreeMap;

use ackproof_core::app::MsgId;
use ackproof_core::guarantee::Guarantee;
use ackproof_core::history::Digest;
use ackproof_core::recording::Recording;
use ackproof_core::seed::Seed;
use ackproof_core::verdict::{Judgement, Stage, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Latencies, Messages, Storm, VERSION, schema};

/// What one run came to. Everything a cell adds up is here, so that a sweep can be resumed, split and joined.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunLine {
    pub v: u32,
    #[schemars(with = "u64")]
    pub seed: Seed,
    /// Of the history. Empty when the run broke.
    #[schemars(with = "String")]
    pub digest: Digest,
    /// Of the schedule; `None` in results of a program that did not write it, and when the run broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub storm: Option<Storm>,
    /// Events handled by all actors.
    pub events: u64,
    /// Faults of the schedule, and how many of them had an effect.
    pub faults: u64,
    pub faults_fired: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Missed>,
    pub messages: Messages,
    /// A violation names at most [`RunLine::NAMED`] messages.
    #[schemars(with = "schema::ByGuarantee<schema::Judgement>")]
    pub guarantees: BTreeMap<Guarantee, Judgement>,
    /// The first [`RunLine::NAMED`] lost messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<LostMessage>,
    pub ack_ms: Latencies,
    /// The longest time without a success while a producer had something to send.
    pub unavailable_ms: u64,
    /// Why a green would mean nothing; `None` when it means something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// The message of a panic: a bug of ours, and no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// A fault that never fired.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Missed {
    /// Its place in the schedule, from 1.
    pub fault: u64,
    pub why: String,
}

/// A lost message and where it was lost.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LostMessage {
    /// Written as in a history: `p1#50`.
    #[serde(serialize_with = "write_msg", deserialize_with = "read_msg")]
    #[schemars(with = "String")]
    pub msg: MsgId,
    #[schemars(schema_with = "schema::stage")]
    pub stage: Stage,
}

/// What a run says about one guarantee.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum RunVerdict<'a> {
    Holds,
    Violated(&'a str),
    /// Undecided, and why.
    Undecided(&'a str),
}

impl RunLine {
    /// A line names at most this many messages: it is for counting; the replay shows the rest.
    pub const NAMED: usize = 5;

    /// The line of a run that ended.
    pub fn new(seed: Seed, digest: Digest, recording: &Recording, verdict: &Verdict) -> RunLine {
        let missed = recording.faults.iter().zip(1..).filter(|(report, _)| report.fired_at.is_none());
        let missed = missed.map(|(report, fault)| Missed { fault, why: report.missed.clone().unwrap_or_default() });
        RunLine {
            v: VERSION,
            seed,
            digest,
            storm: None,
            events: recording.events,
            faults: recording.faults.len() as u64,
            faults_fired: verdict.faults_fired,
            missed: missed.collect(),
            messages: Messages::from(&verdict.tally),
            guarantees: verdict.guarantees.iter().map(|(&guarantee, judged)| (guarantee, shorten(judged))).collect(),
            lost: verdict.lost.iter().take(RunLine::NAMED).map(|&(msg, stage)| LostMessage { msg, stage }).collect(),
            ack_ms: Latencies::of(&verdict.ack_ms),
            unavailable_ms: verdict.unavailable_ms,
            doubt: verdict.doubt.clone(),
            broken: None,
        }
    }

    /// The line of a run that panicked with `message`. It is run again when the sweep is resumed.
    pub fn broken(seed: Seed, message: impl Into<String>) -> RunLine {
        RunLine {
            v: VERSION,
            seed,
            digest: Digest(String::new()),
            storm: None,
            events: 0,
            faults: 0,
            faults_fired: 0,
            missed: Vec::new(),
            messages: Messages::default(),
            guarantees: BTreeMap::new(),
            lost: Vec::new(),
            ack_ms: Latencies::default(),
            unavailable_ms: 0,
            doubt: None,
            broken: Some(message.into()),
        }
    }

    /// What this run says about `guarantee`; `None` when it was not judged. A violation counts even in a run that is
    /// in doubt, a success does not.
    pub fn verdict(&self, guarantee: Guarantee) -> Option<RunVerdict<'_>> {
        if let Some(message) = &self.broken {
            return Some(RunVerdict::Undecided(message));
        }
        Some(match (self.guarantees.get(&guarantee)?, &self.doubt) {
            (Judgement::Violated { why, .. }, _) => RunVerdict::Violated(why),
            (Judgement::Inconclusive { why }, _) => RunVerdict::Undecided(why),
            (Judgement::Holds, Some(doubt)) => RunVerdict::Undecided(doubt),
            (Judgement::Holds, None) => RunVerdict::Holds,
        })
    }

    /// Whether an acknowledged message was lost.
    pub fn is_lossy(&self) -> bool {
        matches!(self.verdict(Guarantee::NoAckedLoss), Some(RunVerdict::Violated(_)))
    }
}

fn shorten(judgement: &Judgement) -> Judgement {
    match judgement {
        Judgement::Violated { messages, why } => {
            Judgement::Violated { messages: messages.iter().take(RunLine::NAMED).copied().collect(), why: why.clone() }
        }
        Judgement::Holds | Judgement::Inconclusive { .. } => judgement.clone(),
    }
}

fn write_msg<S: Serializer>(msg: &MsgId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(msg)
}

fn read_msg<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MsgId, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_msg(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no message: write p1#50")))
}

/// Reads a message as a history writes it: `p1#50` is number 50 (from 0) of the first producer.
pub fn parse_msg(text: &str) -> Option<MsgId> {
    let (producer, sequence) = text.strip_prefix('p')?.split_once('#')?;
    let producer = producer.parse::<u8>().ok()?.checked_sub(1)?;
    let sequence = sequence.parse::<u32>().ok().filter(|&sequence| sequence < MsgId::PER_PRODUCER)?;
    Some(MsgId::new(producer, sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_is_printed() {
        let msg = MsgId::new(2, 50);
        assert_eq!(parse_msg(&msg.to_string()), Some(msg));
        for bad in ["", "p", "p1", "p0#1", "p1#", "p1#99999999", "q1#1", "p999#1"] {
            assert_eq!(parse_msg(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_success_in_a_doubtful_run_decides_nothing_but_a_violation_does() {
        let mut verdict = Verdict { doubt: Some("no fault fired".into()), ..Verdict::default() };
        verdict.guarantees.insert(Guarantee::NoAckedLoss, Judgement::Holds);
        verdict
            .guarantees
            .insert(Guarantee::Durable, Judgement::Violated { messages: Vec::new(), why: "one is gone".into() });
        let line = RunLine::new(Seed(1), Digest("d".into()), &Recording::default(), &verdict);
        assert_eq!(line.verdict(Guarantee::NoAckedLoss), Some(RunVerdict::Undecided("no fault fired")));
        assert_eq!(line.verdict(Guarantee::Durable), Some(RunVerdict::Violated("one is gone")));
        assert_eq!(line.verdict(Guarantee::InOrder), None);
    }
}

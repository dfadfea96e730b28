//! All runs of one row of settings under one fault class, added up.

use std::collections::BTreeMap;

use ackproof_core::guarantee::Guarantee;
use ackproof_core::seed::Seed;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Latencies, Messages, RunLine, RunVerdict, is_zero, schema};
use crate::stats;

/// A cell as planned, before anything ran.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CellPlan {
    /// Names the cell's file; see [`crate::store::cell_id`].
    pub id: String,
    /// The values of the matrix's axes in this row, by full name (`producer.acks`), in the order of the axes; `any`
    /// or `1|2` for an axis whose values make no difference in this row.
    #[schemars(with = "BTreeMap<String, String>")]
    pub settings: IndexMap<String, String>,
    pub fault: String,
    /// Seeds to run.
    pub runs: u64,
    /// What expectations ask of this cell, beside the promises that every cell is judged by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::guarantees")]
    pub asked: Vec<Guarantee>,
}

/// What all runs of one cell came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    #[schemars(with = "BTreeMap<String, String>")]
    pub settings: IndexMap<String, String>,
    /// Name of the fault class.
    pub fault: String,
    /// Of no-acked-loss.
    pub verdict: CellVerdict,
    /// Why, when the verdict is `inconclusive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Runs that ended, `inconclusive_runs` and `broken_runs` included.
    pub runs: u64,
    /// Runs that lost an acknowledged message.
    pub lossy_runs: u64,
    pub loss: Loss,
    pub messages: Messages,
    #[schemars(with = "schema::ByGuarantee<GuaranteeCell>")]
    pub guarantees: BTreeMap<Guarantee, GuaranteeCell>,
    /// `null` when nothing was acknowledged.
    #[serde(default)]
    pub ack_ms: Option<AckMs>,
    pub unavailable_ms: UnavailableMs,
    /// Faults that had an effect, over all runs.
    pub faults_fired: u64,
    /// The smallest failing run that is kept; `null` when nothing failed.
    #[serde(default)]
    pub witness: Option<Witness>,
    /// Names the cell's file under `cells/`.
    #[serde(default)]
    pub id: String,
    /// Runs that should end up here, of a shard its own; more than `runs` when the result is not complete.
    #[serde(default)]
    pub planned_runs: u64,
    /// Runs that decided nothing about no-acked-loss.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub inconclusive_runs: u64,
    /// Runs that ended in a bug of ours.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub broken_runs: u64,
    /// Faults that never fired, by their place in the schedule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<MissedInCell>,
}

/// The verdict of a cell.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CellVerdict {
    /// In no decided run was the promise broken, and at least half of the runs decided.
    Holds,
    /// In at least one run the promise was broken.
    Violated,
    /// Too few runs decided anything.
    Inconclusive,
}

/// The share of decided runs that lost something, from 0 to 1.
#[derive(Copy, Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    pub p: f64,
    /// Exact two-sided 95 % interval. For no lossy run its upper end is the bound that is printed.
    pub ci95: [f64; 2],
}

/// What all runs of a cell say about one guarantee.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GuaranteeCell {
    pub verdict: CellVerdict,
    /// Runs that broke it.
    pub runs: u64,
    /// Runs that decided it.
    pub of: u64,
    pub p: f64,
    /// Exact two-sided 95 % interval for `runs` of `of`.
    pub ci95: [f64; 2],
    /// The commonest reason when it is violated or inconclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many runs decided nothing, and why; `None` when all decided, or broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// Latency of acknowledgements over all runs, in milliseconds.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AckMs {
    pub p50: u64,
    pub p99: u64,
    pub max: u64,
}

/// Of each run's longest time without a success, in milliseconds.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct UnavailableMs {
    pub median: u64,
    pub longest: u64,
}

/// The smallest failing run of a cell.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Witness {
    #[schemars(with = "u64")]
    pub seed: Seed,
    /// How many faults are left after shrinking.
    pub faults: u64,
    /// The replay file, relative to the results folder of the run.
    pub file: String,
    /// The same in short, for `replay TOKEN`; empty when there is none.
    #[serde(default)]
    pub token: String,
    /// The faults in plain words, one sentence each, in the order in which they happen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub story: Vec<String>,
    /// The promise that it breaks.
    #[serde(default = "no_acked_loss")]
    #[schemars(schema_with = "schema::guarantee")]
    pub guarantee: Guarantee,
    /// What became of the message that shows it, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// What every witness showed before others were kept.
fn no_acked_loss() -> Guarantee {
    Guarantee::NoAckedLoss
}

/// A fault of a cell's schedule that did not fire in some runs.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MissedInCell {
    /// Its place in the schedule, from 1.
    pub fault: u64,
    /// In how many runs it did not fire.
    pub runs: u64,
    /// The commonest reason.
    pub why: String,
}

impl Cell {
    /// Adds up the runs of a cell; their order does not matter. Give each seed once.
    pub fn of(plan: &CellPlan, runs: &[RunLine], witness: Option<Witness>) -> Cell {
        let mut messages = Messages::default();
        let mut latencies = Latencies::default();
        for run in runs {
            messages.add(&run.messages);
            latencies.add(&run.ack_ms);
        }
        let mut loss = judge(runs, Guarantee::NoAckedLoss).unwrap_or_else(|| nothing_judged(runs));
        let mut guarantees: BTreeMap<Guarantee, GuaranteeCell> = Guarantee::ALL
            .iter()
            .filter(|(_, guarantee, _)| runs.iter().any(|run| run.guarantees.contains_key(guarantee)))
            .filter_map(|&(_, guarantee, _)| Some((guarantee, judge(runs, guarantee)?)))
            .collect();
        if messages.acked == 0 {
            promise_nothing(&mut loss);
            for guarantee in [Guarantee::NoAckedLoss, Guarantee::Durable] {
                guarantees.entry(guarantee).and_modify(promise_nothing);
            }
        }
        let whole = runs.iter().filter(|run| run.broken.is_none());
        let unavailable: Vec<u64> = whole.map(|run| run.unavailable_ms).collect();
        let broken_runs = (runs.len() - unavailable.len()) as u64;
        Cell {
            settings: plan.settings.clone(),
            fault: plan.fault.clone(),
            verdict: loss.verdict,
            why: loss.why.filter(|_| loss.verdict == CellVerdict::Inconclusive),
            runs: runs.len() as u64,
            lossy_runs: loss.runs,
            loss: Loss { p: loss.p, ci95: loss.ci95 },
            messages,
            guarantees,
            ack_ms: ack_ms(&latencies),
            unavailable_ms: UnavailableMs {
                median: stats::median(unavailable.iter().copied()).unwrap_or(0),
                longest: unavailable.iter().copied().max().unwrap_or(0),
            },
            faults_fired: runs.iter().map(|run| run.faults_fired).sum(),
            witness,
            id: plan.id.clone(),
            planned_runs: plan.runs,
            inconclusive_runs: runs.len() as u64 - loss.of - broken_runs,
            broken_runs,
            missed: missed(runs),
        }
    }

    /// Runs that decided no-acked-loss.
    pub fn decided_runs(&self) -> u64 {
        self.runs - self.inconclusive_runs - self.broken_runs
    }

    /// Whether nothing that was sent could be acknowledged (`acks=0`, one-way sends).
    pub fn promises_nothing(&self) -> bool {
        self.messages.sent > 0 && self.messages.acked == 0 && !self.fails_every_send()
    }

    /// Whether nothing was acknowledged because every send failed. A few may be untold: their process died over them.
    pub fn fails_every_send(&self) -> bool {
        let messages = &self.messages;
        messages.acked == 0 && messages.sent > 0 && messages.untold < messages.sent.div_ceil(10)
    }

    /// What a reader has to know beside a verdict: that some runs decided nothing, and why. `None` when all decided, and
    /// where the verdict itself is that nothing is decided.
    pub fn doubt(&self) -> Option<&str> {
        let of = |guarantee| self.guarantees.get(&guarantee).and_then(|judged| judged.doubt.as_deref());
        let durable = || of(Guarantee::Durable).filter(|_| self.keeps() == CellVerdict::Holds);
        of(Guarantee::NoAckedLoss).or_else(durable)
    }

    /// Runs that did not decide whether it keeps its messages.
    pub fn undecided_runs(&self) -> u64 {
        let durable = self.guarantees.get(&Guarantee::Durable).map_or(self.decided_runs(), |durable| durable.of);
        self.runs - self.broken_runs - self.decided_runs().min(durable)
    }

    /// The worse of no-acked-loss and durable: whether an acknowledged message can be gone for somebody. A consumer
    /// that keeps up may have read it before it vanished; one that lags has not.
    pub fn keeps(&self) -> CellVerdict {
        match (self.verdict, self.guarantees.get(&Guarantee::Durable).map(|durable| durable.verdict)) {
            (CellVerdict::Violated, _) | (_, Some(CellVerdict::Violated)) => CellVerdict::Violated,
            (CellVerdict::Inconclusive, _) | (_, Some(CellVerdict::Inconclusive)) => CellVerdict::Inconclusive,
            (CellVerdict::Holds, Some(CellVerdict::Holds) | None) => CellVerdict::Holds,
        }
    }
}

/// `None` when no run judged `guarantee`.
fn judge(runs: &[RunLine], guarantee: Guarantee) -> Option<GuaranteeCell> {
    let (mut held, mut violations, mut doubts) = (0, Vec::new(), Vec::new());
    for run in runs {
        match run.verdict(guarantee) {
            Some(RunVerdict::Holds) => held += 1,
            Some(RunVerdict::Violated(why)) => violations.push(why),
            Some(RunVerdict::Undecided(_)) if run.broken.is_some() => {}
            Some(RunVerdict::Undecided(why)) => doubts.push(why),
            None => {}
        }
    }
    let broken = runs.iter().filter(|run| run.broken.is_some()).count();
    let violated = violations.len() as u64;
    let decided = held + violated;
    if decided == 0 && doubts.is_empty() && broken == 0 {
        return None;
    }
    let verdict = if violated > 0 {
        CellVerdict::Violated
    } else if broken > 0 || decided * 2 < runs.len() as u64 || decided == 0 {
        CellVerdict::Inconclusive
    } else {
        CellVerdict::Holds
    };
    let doubt = commonest(&doubts).map(|why| format!("{} of {} runs decided nothing: {why}", doubts.len(), runs.len()));
    let why = match verdict {
        CellVerdict::Violated => commonest(&violations),
        CellVerdict::Inconclusive if broken > 0 => Some(format!("{broken} of {} runs hit a bug of ours", runs.len())),
        CellVerdict::Inconclusive => doubt.clone(),
        CellVerdict::Holds => None,
    };
    let share = stats::share(violated, decided);
    let doubt = doubt.filter(|_| verdict != CellVerdict::Inconclusive);
    Some(GuaranteeCell { verdict, runs: violated, of: decided, p: share.p, ci95: [share.low, share.high], why, doubt })
}

/// Where nothing was acknowledged, nothing acknowledged was lost: true, and no reason for a green cell.
fn promise_nothing(judged: &mut GuaranteeCell) {
    if judged.verdict == CellVerdict::Holds {
        judged.verdict = CellVerdict::Inconclusive;
        judged.why = Some("nothing was acknowledged, so nothing was promised".to_owned());
    }
}

fn nothing_judged(runs: &[RunLine]) -> GuaranteeCell {
    let why = if runs.is_empty() { "no run ended" } else { "no-acked-loss was not judged" };
    let verdict = CellVerdict::Inconclusive;
    GuaranteeCell { verdict, runs: 0, of: 0, p: 0.0, ci95: [0.0, 1.0], why: Some(why.to_owned()), doubt: None }
}

fn ack_ms(latencies: &Latencies) -> Option<AckMs> {
    Some(AckMs { p50: latencies.percentile(50)?, p99: latencies.percentile(99)?, max: latencies.max })
}

fn missed(runs: &[RunLine]) -> Vec<MissedInCell> {
    let mut reasons: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for missed in runs.iter().flat_map(|run| &run.missed) {
        reasons.entry(missed.fault).or_default().push(&missed.why);
    }
    let cell = |(fault, whys): (u64, Vec<&str>)| MissedInCell {
        fault,
        runs: whys.len() as u64,
        why: commonest(&whys).unwrap_or_default(),
    };
    reasons.into_iter().map(cell).collect()
}

/// The commonest of some reasons, the first in the alphabet of several.
fn commonest(reasons: &[&str]) -> Option<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|&(_, count)| count == most).map(|(reason, _)| reason.to_owned())
}

//! The summary of a sweep: what `summary.json` holds and `run --format json` prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cell, VERSION};

/// Everything a sweep came to, as one object.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    pub v: u32,
    /// The scenario's short name, as in `results/<scenario>/`.
    pub scenario: String,
    /// Model and version, `kafka@4.1`.
    pub broker: String,
    /// `event` or `turmoil`.
    pub engine: String,
    pub verified: Verified,
    /// Whether everything came out as expected: `exit` is 0.
    pub ok: bool,
    /// The exit code of the command that wrote this.
    pub exit: u8,
    /// The question, as the scenario's title asks it.
    #[serde(default)]
    pub title: String,
    /// Digest of the plan that was run.
    #[serde(default)]
    pub plan: String,
    /// The seed that the runs' seeds were derived from.
    #[serde(default)]
    pub seed: u64,
    /// False when the sweep was interrupted, or shards were joined of which some runs are missing.
    #[serde(default)]
    pub complete: bool,
    /// The part of the runs that this is of, `2/5`; `None` for all of them. Nothing is expected of a part, and no
    /// witness is looked for in it: the shards that are joined tell both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// Full names of the matrix's axes, in the scenario's order.
    #[serde(default)]
    pub axes: Vec<String>,
    /// The fault classes, in the scenario's order.
    #[serde(default)]
    pub faults: Vec<FaultClass>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<Expectation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_modelled: Vec<NotModelled>,
    /// What the result takes for granted, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<String>,
    /// Runs that hit a bug of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<BrokenRun>,
    /// Row by row, within a row in the order of `faults`.
    pub cells: Vec<Cell>,
}

/// Runs that were repeated on the reference engine.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    pub runs: u64,
    /// How many of them had another history there.
    pub mismatches: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<Mismatch>,
}

/// A run whose history differs between the two engines.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Mismatch {
    /// Id of the cell.
    pub cell: String,
    pub seed: u64,
    /// The first difference, in a line.
    pub what: String,
}

/// A column of the matrix.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FaultClass {
    pub name: String,
    /// What happens, in plain words; see [`crate::words::class`].
    pub words: String,
    /// Steps as the scenario writes them; none for the class without faults.
    pub steps: u64,
}

/// Something the scenario expects, and what came of it.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// As a reader would say it: `no-acked-loss always holds when producer.acks=all, except under all-power`.
    pub text: String,
    /// The line in the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Whether it is a canary: something that must fail, so that a green result means that failures can be seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canary: bool,
    pub outcome: ExpectationOutcome,
    /// The cells and counts that decided it.
    #[serde(default)]
    pub why: String,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectationOutcome {
    Met,
    Violated,
    Inconclusive,
}

/// Something a reader should know before believing the matrix.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    pub kind: NoteKind,
    pub text: String,
    /// Where it is documented; empty when it is this scenario's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// An axis has no effect in some rows.
    Collapsed,
    /// A setting does not do what its name says.
    Trap,
    /// Anything else about this result: lines that were dropped, faults that never fired.
    Remark,
}

/// A setting that the real broker has and the model does not.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NotModelled {
    /// Full name, `broker.log.retention.hours`.
    pub key: String,
    /// Where it was set: `server.properties:12`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// Why it cannot change a verdict here, or that it might.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// A run that ended in a panic.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BrokenRun {
    /// Id of the cell.
    pub cell: String,
    pub seed: u64,
    pub message: String,
}

impl Summary {
    /// A summary without cells, to be filled in.
    pub fn new(scenario: impl Into<String>, broker: impl Into<String>, engine: impl Into<String>) -> Summary {
        Summary {
            v: VERSION,
            scenario: scenario.into(),
            broker: broker.into(),
            engine: engine.into(),
            verified: Verified::default(),
            ok: true,
            exit: 0,
            title: String::new(),
            plan: String::new(),
            seed: 0,
            complete: true,
            shard: None,
            axes: Vec::new(),
            faults: Vec::new(),
            expectations: Vec::new(),
            notes: Vec::new(),
            not_modelled: Vec::new(),
            assumptions: Vec::new(),
            broken: Vec::new(),
            cells: Vec::new(),
        }
    }

    /// Sets the exit code, and with it `ok`.
    pub fn exit_with(&mut self, exit: u8) {
        self.exit = exit;
        self.ok = exit == 0;
    }

    /// The one object that `run --format json` prints and `summary.json` holds, ending in a newline.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a summary has only string keys and finite numbers");
        text.push('\n');
        text
    }
}

//! The `expect` section: what a result must show, which becomes the exit code and the tests.

use std::collections::{BTreeMap, BTreeSet};

use ackproof_core::guarantee::Guarantee;
use ackproof_core::setting::SettingName;
use ackproof_core::time::Span;
use serde::{Deserialize, Serialize};

use crate::axis::{Choice, Target};
use crate::catalogue::Catalogue;
use crate::diagnostics::{Diagnostics, Place, nearest};
use crate::faults::FaultClass;
use crate::matrix::{Axis, report_no_value};
use crate::node::{Content, Fields, Key, Node};
use crate::row::Row;
use crate::setup;
use crate::typed;

/// Something the result must show in the cells that it speaks of.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Expectation {
    pub when: Matcher,
    /// Cells that it does not speak of after all.
    pub except: Vec<Matcher>,
    pub demand: Demand,
    pub reason: Option<String>,
    pub source: Option<String>,
    /// Where the scenario says so, from 1.
    pub line: u32,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// Each of these cells breaks this in some run; otherwise the harness saw too little, and the whole result is
    /// inconclusive.
    Canary(Guarantee),
    /// Each of these cells keeps every promise.
    Promises(Vec<Promise>),
}

#[derive(Copy, Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Promise {
    pub guarantee: Guarantee,
    pub often: Often,
}

#[derive(Copy, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Often {
    /// No run violates it.
    Always,
    /// At least one run violates it: the neighbour that shows that the check can fail.
    SometimesViolated,
    /// No run exceeds this; for guarantees that are limits.
    Within(Span),
    /// At least one run exceeds this.
    SometimesBeyond(Span),
}

impl Often {
    /// What runs are judged against, for guarantees that are limits.
    pub fn limit(self) -> Option<Span> {
        match self {
            Often::Within(span) | Often::SometimesBeyond(span) => Some(span),
            Often::Always | Often::SometimesViolated => None,
        }
    }
}

impl Expectation {
    /// Whether it speaks of a cell.
    pub fn covers(&self, row: &Row, fault: &str) -> bool {
        self.when.matches(row, fault) && !self.except.iter().any(|except| except.matches(row, fault))
    }
}

/// Cells, by conditions that all hold; without any, every cell.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Matcher {
    pub conditions: Vec<Condition>,
    /// Any of these fault classes; `None` for all.
    pub faults: Option<Vec<String>>,
}

/// One setting, or one key of the setup, has one of some values.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Condition {
    /// `producer.acks` or `app.consumer.ack`.
    pub name: String,
    pub setting: Option<SettingName>,
    pub values: Vec<String>,
}

impl Matcher {
    pub fn matches(&self, row: &Row, fault: &str) -> bool {
        self.matches_fault(fault) && self.matches_row(row)
    }
    pub fn matches_row(&self, row: &Row) -> bool {
        self.conditions.iter().all(|condition| condition.holds(row))
    }
    pub fn matches_fault(&self, fault: &str) -> bool {
        self.faults.as_ref().is_none_or(|faults| faults.iter().any(|known| known == fault))
    }
}

impl Condition {
    /// For an axis without effect in a row, any value of those that were merged will do.
    fn holds(&self, row: &Row) -> bool {
        if let Some(cell) = row.cells.iter().find(|cell| cell.axis == self.name) {
            return cell.values.iter().any(|value| self.values.contains(value));
        }
        let value = match &self.setting {
            Some(name) => row.effective.text(&name.section, &name.key).map(str::to_owned),
            None => setup::key_at(&self.name).map(|key| key.text(&row.setup)),
        };
        value.is_some_and(|value| self.values.contains(&value))
    }
}

/// An expectation with where it stands, for what can only be said once the rows are known.
pub(crate) struct Placed {
    pub expectation: Expectation,
    pub place: Place,
}

/// What expectations may speak of.
pub(crate) struct Scope<'s> {
    pub catalogue: Catalogue<'s>,
    pub axes: &'s [Axis],
    pub classes: &'s [FaultClass],
}

const ITEMS_MAX: usize = 200;

pub(crate) fn read(node: &Node, scope: &Scope<'_>, out: &mut Diagnostics) -> Vec<Placed> {
    let items = node.list("`expect`", out).unwrap_or_default();
    if items.len() > ITEMS_MAX {
        out.error(node.place, format!("{} expectations: at most {ITEMS_MAX} are possible", items.len()));
        return Vec::new();
    }
    items.iter().filter_map(|item| read_item(item, scope, out)).collect()
}

fn read_item(item: &Node, scope: &Scope<'_>, out: &mut Diagnostics) -> Option<Placed> {
    let errors = out.error_count();
    let mut fields = Fields::of(item, "an expectation", out)?;
    let canary = fields.take("canary");
    let (when, except) = (fields.take_entry("when"), fields.take_entry("except"));
    let mut text = |key, out: &mut Diagnostics| fields.take(key).and_then(|node| node.word(&format!("`{key}`"), out));
    let (reason, source) = (text("reason", out), text("source", out));
    let mut promises = Vec::new();
    let mut first_promise = None;
    for (word, guarantee, _) in Guarantee::ALL {
        if let Some((key, node)) = fields.take_entry(word) {
            first_promise.get_or_insert(key.place);
            promises.extend(read_often(guarantee, node, out).map(|often| Promise { guarantee, often }));
        }
    }
    fields.finish(out);
    let (when, except, demand) = if let Some(canary) = canary {
        for place in [when, except].iter().flatten().map(|(key, _)| key.place).chain(first_promise) {
            out.error(place, "a canary says which cells must break a promise, and nothing else")
                .help("which promise, if not no-acked-loss: canary: {..., breaks: no-duplicates}");
        }
        let breaks = canary.get(BREAKS).map_or(Some(Guarantee::NoAckedLoss), |node| read_broken(node, out));
        (read_conditions(canary, Some(BREAKS), scope, out)?, Vec::new(), Demand::Canary(breaks?))
    } else {
        if first_promise.is_none() && out.error_count() == errors {
            let words: Vec<&str> = Guarantee::ALL.iter().map(|(word, _, _)| *word).collect();
            out.error(item.place, "an expectation of nothing")
                .help(format!("add a guarantee, as in `no-acked-loss: always`; they are {}", words.join(", ")));
        }
        let when = when.map_or(Some(Matcher::default()), |(_, node)| read_matcher(node, scope, out));
        let except = except.map_or(Vec::new(), |(_, node)| read_matchers(node, scope, out));
        (when?, except, Demand::Promises(promises))
    };
    let line = out.line(item.place);
    let expectation = Expectation { when, except, demand, reason, source, line };
    (out.error_count() == errors).then_some(Placed { expectation, place: item.place })
}

/// Whether a guarantee says nothing before somebody says how long is too long.
pub(crate) fn needs_limit(guarantee: Guarantee) -> bool {
    match guarantee {
        Guarantee::Available | Guarantee::Ack => true,
        Guarantee::NoAckedLoss | Guarantee::Durable | Guarantee::NoUnreportedLoss => false,
        Guarantee::NoDuplicates | Guarantee::InOrder | Guarantee::NoGhosts => false,
        Guarantee::ExactlyOnce | Guarantee::NoAbortedReads => false,
    }
}

/// The key of a canary that is no condition.
const BREAKS: &str = "breaks";

/// The promise that a canary breaks: one that needs no limit.
fn read_broken(node: &Node, out: &mut Diagnostics) -> Option<Guarantee> {
    let word = node.word("`breaks`", out)?;
    match Guarantee::named(&word) {
        Some(guarantee) if !needs_limit(guarantee) => Some(guarantee),
        Some(_) => {
            out.error(node.place, format!("`{word}` is a limit, and a canary has none")).help(
                "expect it of cells, as in `when: {...}` with `available: {longest: 10s, often: sometimes-violated}`",
            );
            None
        }
        None => {
            let known =
                Guarantee::ALL.iter().filter(|(_, guarantee, _)| !needs_limit(*guarantee)).map(|(word, _, _)| *word);
            out.error(node.place, format!("`{word}` is no guarantee")).suggest(&word, known);
            None
        }
    }
}

/// How often a promise is kept, as it is written.
#[derive(Copy, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HowOften {
    #[default]
    Always,
    SometimesViolated,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Longest {
    longest: Span,
    #[serde(default)]
    often: HowOften,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Percentile {
    p99: Span,
    #[serde(default)]
    often: HowOften,
}

fn read_often(guarantee: Guarantee, node: &Node, out: &mut Diagnostics) -> Option<Often> {
    match guarantee {
        Guarantee::Available => limit::<Longest>(node, "{longest: 30s}", |limit| (limit.longest, limit.often), out),
        Guarantee::Ack => limit::<Percentile>(node, "{p99: 25ms}", |limit| (limit.p99, limit.often), out),
        Guarantee::NoAckedLoss
        | Guarantee::Durable
        | Guarantee::NoUnreportedLoss
        | Guarantee::NoDuplicates
        | Guarantee::InOrder
        | Guarantee::NoGhosts
        | Guarantee::ExactlyOnce
        | Guarantee::NoAbortedReads => match node.word(&format!("`{guarantee}`"), out)?.as_str() {
            "always" => Some(Often::Always),
            "sometimes-violated" => Some(Often::SometimesViolated),
            other => {
                out.error(node.place, format!("`{other}` is not how often `{guarantee}` holds"))
                    .suggest(other, ["always", "sometimes-violated"]);
                None
            }
        },
    }
}

fn limit<T: serde::de::DeserializeOwned>(
    node: &Node,
    example: &str,
    parts: impl Fn(&T) -> (Span, HowOften),
    out: &mut Diagnostics,
) -> Option<Often> {
    let Content::Map(_) = node.content else {
        out.error(node.place, "this guarantee needs a limit").help(format!("write {example}"));
        return None;
    };
    typed::read::<T>(node, out).map(|limit| match parts(&limit) {
        (span, HowOften::Always) => Often::Within(span),
        (span, HowOften::SometimesViolated) => Often::SometimesBeyond(span),
    })
}

/// One matcher, or a list of them.
fn read_matchers(node: &Node, scope: &Scope<'_>, out: &mut Diagnostics) -> Vec<Matcher> {
    match &node.content {
        Content::List(items) => items.iter().filter_map(|item| read_matcher(item, scope, out)).collect(),
        Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::Map(_) => {
            read_matcher(node, scope, out).into_iter().collect()
        }
    }
}

fn read_matcher(node: &Node, scope: &Scope<'_>, out: &mut Diagnostics) -> Option<Matcher> {
    read_conditions(node, None, scope, out)
}

/// Reads a matcher; the key `beside` is left to somebody else.
fn read_conditions(node: &Node, beside: Option<&str>, scope: &Scope<'_>, out: &mut Diagnostics) -> Option<Matcher> {
    let mut matcher = Matcher::default();
    let errors = out.error_count();
    let entries = node.map("a condition", out)?;
    if entries.is_empty() {
        out.error(node.place, "an empty condition").help("leave it out to speak of every cell");
    }
    for (key, node) in entries.iter().filter(|(key, _)| Some(key.text.as_str()) != beside) {
        if key.text == "fault" {
            matcher.faults = read_faults(node, scope, out);
        } else if let Some(condition) = read_condition(key, node, scope, out) {
            matcher.conditions.push(condition);
        }
    }
    (out.error_count() == errors).then_some(matcher)
}

fn read_faults(node: &Node, scope: &Scope<'_>, out: &mut Diagnostics) -> Option<Vec<String>> {
    let one = std::slice::from_ref(node);
    let items = if let Content::List(items) = &node.content { items } else { one };
    let known = || scope.classes.iter().map(|class| class.name.as_str());
    let mut names = Vec::new();
    for item in items {
        let name = item.word("a fault class", out)?;
        if !known().any(|class| class == name) {
            out.error(item.place, format!("no fault class `{name}`")).suggest(&name, known());
        }
        names.push(name);
    }
    Some(names)
}

/// A condition on an axis, on a setting that is the same in all rows, or on a key of the setup.
pub(crate) fn read_condition(key: &Key, node: &Node, scope: &Scope<'_>, out: &mut Diagnostics) -> Option<Condition> {
    let axes: Vec<&Axis> = scope.axes.iter().filter(|axis| axis.target.answers_to(&key.text)).collect();
    let (target, axis) = match axes[..] {
        [only] => (only.target, Some(only)),
        [] if nearest(&key.text, ["fault"].into_iter()).is_some() => {
            out.error(key.place, format!("unknown condition `{}`", key.text)).help("did you mean `fault`?");
            return None;
        }
        [] => (Target::acting(&key.text, key.place, scope.catalogue, out)?, None),
        _ => {
            let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
            out.error(key.place, format!("`{}` could be {}", key.text, names.join(" or ")));
            return None;
        }
    };
    let choices: Vec<Choice> = target.read_any(node, scope.catalogue, out)?;
    if let Some(axis) = axis {
        let known: Vec<String> = axis.values.iter().map(|choice| choice.text.clone()).collect();
        for choice in choices.iter().filter(|choice| !known.contains(&choice.text)) {
            report_no_value(&axis.name, choice, &known, out);
        }
    }
    let values = choices.into_iter().map(|choice| choice.text).collect();
    Some(Condition { name: target.name(), setting: target.setting_name(), values })
}

/// Reports expectations that speak of no cell, and pairs that no result could satisfy together.
pub(crate) fn check(placed: &[Placed], rows: &[Row], classes: &[FaultClass], out: &mut Diagnostics) {
    let mut covered = vec![false; placed.len()];
    let mut reported: BTreeSet<(usize, usize)> = BTreeSet::new();
    for row in rows {
        for class in classes {
            let mut always: BTreeMap<Guarantee, usize> = BTreeMap::new();
            let mut violated: BTreeMap<Guarantee, usize> = BTreeMap::new();
            for (index, item) in placed.iter().enumerate() {
                if item.expectation.covers(row, &class.name) {
                    covered[index] = true;
                    note_demands(&item.expectation.demand, index, &mut always, &mut violated);
                }
            }
            for (guarantee, &a) in &always {
                let Some(&b) = violated.get(guarantee) else { continue };
                if reported.insert((a, b)) {
                    let cell = if row.cells.is_empty() {
                        class.name.clone()
                    } else {
                        format!("{} under {}", row.label(), class.name)
                    };
                    let message = format!("`{guarantee}` cannot both always hold and be violated: {cell}");
                    let error = out.error(placed[a].place, message).also(placed[b].place, "the other");
                    if needs_limit(*guarantee) {
                        error.help("the runs of a cell are judged against one limit, the tightest");
                    }
                }
            }
        }
    }
    for (item, _) in placed.iter().zip(covered).filter(|(_, covered)| !covered) {
        let what = match item.expectation.demand {
            Demand::Canary(_) => "canary",
            Demand::Promises(_) => "expectation",
        };
        out.error(item.place, format!("this {what} matches no cell"));
    }
}

fn note_demands(
    demand: &Demand,
    index: usize,
    always: &mut BTreeMap<Guarantee, usize>,
    violated: &mut BTreeMap<Guarantee, usize>,
) {
    match demand {
        Demand::Canary(breaks) => {
            violated.entry(*breaks).or_insert(index);
        }
        Demand::Promises(promises) => {
            for Promise { guarantee, often } in promises {
                match often {
                    Often::Always | Often::Within(_) => {
                        always.entry(*guarantee).or_insert(index);
                    }
                    Often::SometimesViolated | Often::SometimesBeyond(_) => {
                        violated.entry(*guarantee).or_insert(index);
                    }
                }
            }
        }
    }
}

//! The `faults` section: named classes, each a list of steps.

use std::collections::BTreeSet;

use ackproof_core::fault::{FaultKind, Random};
use ackproof_core::model::Broker;
use ackproof_core::node::{NodeKind, Part, Selector, Topology};
use ackproof_core::schedule::{Anchor, Step, When, can_play};
use ackproof_core::setting::Effective;
use ackproof_core::setup::Setup;
use ackproof_core::time::{Span, SpanRange};
use serde::{Deserialize, Serialize};

use crate::diagnostics::{Diagnostics, Place, nearest};
use crate::node::{Content, Fields, Key, Node};
use crate::row::Row;
use crate::typed;

/// A column of the matrix: faults that each of its runs meets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FaultClass {
    pub name: String,
    pub steps: Vec<Step>,
}

/// What faults are meant for, with where it stands, to be looked up once the machines are known.
pub(crate) type Aims = Vec<(Aim, Place)>;

pub(crate) enum Aim {
    Nodes(Selector),
    /// A partition or queue, counted from 0.
    Origin(u16),
}

const STEPS_MAX: usize = 1000;
pub(crate) const CLASSES_MAX: usize = 100;
/// Longer than any run can usefully be.
const LENGTH_MAX: Span = Span::secs(7 * 86_400);

pub(crate) fn read(node: &Node, aims: &mut Aims, out: &mut Diagnostics) -> Vec<FaultClass> {
    let mut classes = Vec::new();
    let Some(entries) = node.map("`faults`", out) else { return classes };
    if entries.is_empty() || entries.len() > CLASSES_MAX {
        out.error(node.place, format!("1 to {CLASSES_MAX} fault classes, not {}", entries.len()));
    }
    for (key, node) in entries {
        check_name(key, out);
        let what = format!("the fault class `{}`", key.text);
        let steps = node.list(&what, out).unwrap_or_default();
        if steps.len() > STEPS_MAX {
            out.error(key.place, format!("{what} has {} steps: at most {STEPS_MAX} are possible", steps.len()));
            continue;
        }
        let steps = steps.iter().filter_map(|step| read_step(step, aims, out)).collect();
        classes.push(FaultClass { name: key.text.clone(), steps });
    }
    classes
}

/// Names of classes are parts of file names.
fn check_name(key: &Key, out: &mut Diagnostics) {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = key.text.chars().all(fits) && !key.text.starts_with('.') && (1..=64).contains(&key.text.len());
    if !good {
        out.error(key.place, format!("`{}` is no name for a fault class", key.text))
            .help("use letters, digits, `-`, `_` and `.`: the name is part of file names");
    }
}

fn verbs() -> impl Iterator<Item = &'static str> {
    FaultKind::ALL.iter().map(|(verb, _, _)| *verb)
}

fn example(verb: &str) -> &'static str {
    FaultKind::ALL.iter().find(|(known, _, _)| *known == verb).map_or("", |(_, _, example)| example)
}

const TIMING: [&str; 4] = ["at", "for", "restart_after", "gone"];

/// Reads one step: a verb, when it fires, and how it ends.
pub(crate) fn read_step(node: &Node, aims: &mut Aims, out: &mut Diagnostics) -> Option<Step> {
    let errors = out.error_count();
    let mut fields = Fields::of(node, "a fault step", out)?;
    let (at, lasts) = (fields.take("at"), fields.take_entry("for"));
    let (restart, gone) = (fields.take_entry("restart_after"), fields.take_entry("gone"));
    let mut found: Vec<(&Key, &Node)> = Vec::new();
    for (key, node) in fields.rest() {
        if verbs().any(|verb| verb == key.text) {
            found.push((key, node));
        } else {
            out.error(key.place, format!("unknown fault or key `{}` in a fault step", key.text))
                .suggest(&key.text, verbs().chain(TIMING));
        }
    }
    let (key, params) = match found[..] {
        [only] => only,
        [first, second, ..] => {
            let message = format!("one fault a step: `{}` and `{}`", first.0.text, second.0.text);
            out.error(second.0.place, message).also(first.0.place, "first here");
            return None;
        }
        [] if out.error_count() > errors => return None,
        [] => {
            let list: Vec<&str> = verbs().collect();
            out.error(node.place, "a fault step without a fault").help(format!("one of {}", list.join(", ")));
            return None;
        }
    };
    let step = Step {
        kind: read_kind(key, params, out)?,
        at: at.and_then(|node| read_when(node, aims, out)),
        lasts: lasts.and_then(|(_, node)| read_length(node, out)),
        restart_after: restart.and_then(|(_, node)| read_length(node, out)),
        gone: gone.and_then(|(_, node)| typed::read(node, out)).unwrap_or(false),
    };
    check_end(&step, key, lasts, restart, gone.filter(|_| step.gone), at, out);
    check_params(&step.kind, params, out);
    aims.extend(step.kind.selectors().into_iter().cloned().map(|selector| (Aim::Nodes(selector), params.place)));
    if let FaultKind::MoveLeader(kind) = &step.kind {
        aims.push((Aim::Origin(kind.of), params.get("of").unwrap_or(params).place));
    }
    (out.error_count() == errors).then_some(step)
}

fn read_kind(key: &Key, params: &Node, out: &mut Diagnostics) -> Option<FaultKind> {
    if let Content::Null = params.content {
        out.error(key.place, format!("`{}` of what?", key.text)).help(format!("as in {}", example(&key.text)));
        return None;
    }
    let before = out.error_count();
    let kind = typed::read_variant::<FaultKind>(key, params, out);
    if out.error_count() > before {
        out.amend_last(|error| {
            error.help(format!("as in {}", example(&key.text)));
        });
    }
    kind
}

fn read_length(node: &Node, out: &mut Diagnostics) -> Option<SpanRange> {
    let range: SpanRange = typed::read(node, out)?;
    if range.high > LENGTH_MAX {
        out.error(node.place, format!("at most {LENGTH_MAX}"));
    }
    Some(range)
}

fn read_when(node: &Node, aims: &mut Aims, out: &mut Diagnostics) -> Option<When> {
    if let Content::Map(_) = node.content {
        let anchor: Anchor = typed::read(node, out)?;
        if anchor.nth == 0 {
            out.error(node.get("nth").unwrap_or(node).place, "`nth` counts from 1");
        }
        if anchor.plus.high > LENGTH_MAX {
            out.error(node.get("plus").unwrap_or(node).place, format!("at most {LENGTH_MAX}"));
        }
        if let Some(of) = &anchor.of {
            aims.push((Aim::Nodes(of.clone()), node.get("of").unwrap_or(node).place));
        }
        return Some(When::Anchor(anchor));
    }
    let when: When = typed::read(node, out)?;
    if let When::Offset(range) = when
        && range.high > LENGTH_MAX
    {
        out.error(node.place, format!("at most {LENGTH_MAX}"));
    }
    Some(when)
}

type Entry<'n> = Option<(&'n Key, &'n Node)>;

/// A process that was taken down ends its fault with a start, a broken thing with a repair; some faults have no end.
fn check_end(
    step: &Step,
    verb: &Key,
    lasts: Entry<'_>,
    restart: Entry<'_>,
    gone: Entry<'_>,
    at: Option<&Node>,
    out: &mut Diagnostics,
) {
    let word = &verb.text;
    if let FaultKind::Random(_) = step.kind {
        for place in [lasts, restart, gone].iter().flatten().map(|(key, _)| key.place).chain(at.map(|at| at.place)) {
            out.error(place, "`random` draws when its faults fire and how long they last");
        }
        return;
    }
    if step.kind.is_instant() {
        for (key, _) in [lasts, restart, gone].iter().flatten() {
            out.error(key.place, format!("`{word}` happens at once: it has no end"));
        }
        return;
    }
    if let (FaultKind::Roll(_), Some((key, _))) = (&step.kind, gone) {
        out.error(key.place, "`roll` starts every node again").help("use `shutdown` with `gone: true`");
    }
    if let (Some((key, _)), Some((other, _))) = (gone, lasts.or(restart)) {
        out.error(key.place, format!("what is gone never returns: `gone` and `{}`", other.text))
            .also(other.place, "or does it?");
    }
    if let Some((key, _)) = lasts.filter(|_| step.kind.ends_with_start()) {
        out.error(key.place, format!("`{word}` ends with a start")).help("write `restart_after` instead of `for`");
    }
    if let Some((key, _)) = restart.filter(|_| !step.kind.ends_with_start()) {
        out.error(key.place, format!("`{word}` stops no process")).help("write `for` instead of `restart_after`");
    }
}

/// What the types of the parameters cannot say.
fn check_params(kind: &FaultKind, params: &Node, out: &mut Diagnostics) {
    let place = |key: &str| params.get(key).unwrap_or(params).place;
    match kind {
        FaultKind::Drop(drop) if !(0.0..1.0).contains(&drop.rate) => {
            out.error(place("rate"), "a rate is a probability, from 0 to below 1")
                .help("to lose everything, use `partition`");
        }
        FaultKind::Latency(latency) if latency.add.high > LENGTH_MAX => {
            out.error(place("add"), format!("at most {LENGTH_MAX}"));
        }
        FaultKind::SlowDisk(slow) if slow.sync.high > LENGTH_MAX => {
            out.error(place("sync"), format!("at most {LENGTH_MAX}"));
        }
        FaultKind::Clock(clock) if clock.offset.0 == 0 => {
            out.error(place("offset"), "an offset of nothing is no fault");
        }
        FaultKind::Roll(roll) => {
            if roll.pause > LENGTH_MAX {
                out.error(place("pause"), format!("at most {LENGTH_MAX}"));
            }
            if !is_fixed(&roll.nodes) {
                out.error(
                    place("nodes"),
                    format!("`{}` changes during a run; a roll is planned before it", roll.nodes),
                )
                .help("use `brokers`, `controller`, names or racks");
            }
        }
        FaultKind::Random(random) => check_random(random, params, out),
        FaultKind::Drop(_) | FaultKind::Latency(_) | FaultKind::SlowDisk(_) | FaultKind::Clock(_) => {}
        FaultKind::Kill(_) | FaultKind::PowerLoss(_) | FaultKind::LoseDisk(_) | FaultKind::Shutdown(_) => {}
        FaultKind::Pause(_) | FaultKind::Partition(_) | FaultKind::Hold(_) | FaultKind::FullDisk(_) => {}
        FaultKind::FailSync(_) | FaultKind::LyingSync(_) | FaultKind::MoveLeader(_) => {}
    }
}

fn check_random(random: &Random, params: &Node, out: &mut Diagnostics) {
    let place = |key: &str| params.get(key).unwrap_or(params).place;
    if random.kinds.is_empty() {
        out.error(place("kinds"), "no kinds to draw from").help(format!("any of {}", Random::KINDS.join(", ")));
    }
    if random.count.high == 0 {
        out.error(place("count"), "a storm of no faults");
    }
    let Some(Node { content: Content::List(items), .. }) = params.get("kinds") else { return };
    for (item, kind) in items.iter().zip(&random.kinds) {
        if Random::KINDS.contains(&kind.as_str()) {
            continue;
        }
        if verbs().any(|verb| verb == kind) {
            out.error(item.place, format!("`{kind}` cannot be drawn: it needs parameters of its own"))
                .help(format!("any of {}", Random::KINDS.join(", ")));
        } else {
            out.error(item.place, format!("`{kind}` is no fault")).suggest(kind, Random::KINDS);
        }
    }
}

/// Whether a selector stands for the same nodes at any time.
fn is_fixed(selector: &Selector) -> bool {
    match selector {
        Selector::Name(_) | Selector::Rack(_) => true,
        Selector::Part { part, .. } => part.fixed_kind().is_some(),
        Selector::Each(all) => all.iter().all(is_fixed),
    }
}

/// What a row of the matrix has that faults can be meant for.
#[derive(PartialEq)]
struct Range {
    topology: Topology,
    /// Partitions or queues; `None` when only a run can tell.
    origins: Option<u16>,
}

/// Reports every aim that nothing in some row can ever answer to.
pub(crate) fn check_aims(aims: &Aims, rows: &[Row], broker: &dyn Broker, out: &mut Diagnostics) {
    let mut ranges: Vec<Range> = Vec::new();
    for Row { effective, setup, .. } in rows {
        let range = Range { topology: broker.topology(effective, setup), origins: broker.origins(effective, setup) };
        if !ranges.contains(&range) {
            ranges.push(range);
        }
    }
    check_within(aims, &ranges, broker, out);
}

/// The same where there are no rows, because something else is wrong: whom no machine of the cluster can answer to.
pub(crate) fn check_names(
    aims: &Aims,
    effective: &Effective,
    setup: &Setup,
    broker: &dyn Broker,
    out: &mut Diagnostics,
) {
    let range = Range { topology: broker.topology(effective, setup), origins: None };
    check_within(aims, &[range], broker, out);
}

fn check_within(aims: &Aims, ranges: &[Range], broker: &dyn Broker, out: &mut Diagnostics) {
    let mut reported: BTreeSet<String> = BTreeSet::new();
    for (aim, place) in aims {
        for range in ranges {
            let missed = match aim {
                Aim::Nodes(selector) => aimless(selector, range, broker),
                Aim::Origin(of) => no_origin(*of, range),
            };
            if let Some((message, near)) = missed
                && reported.insert(format!("{place:?}{message}"))
            {
                let error = out.error(*place, message);
                if let Some(near) = near {
                    error.help(near);
                }
            }
        }
    }
}

fn no_origin(of: u16, range: &Range) -> Option<(String, Option<String>)> {
    let origins = range.origins.filter(|origins| of >= *origins)?;
    let there = match origins {
        1 => "there is one, number 0".to_owned(),
        many => format!("there are {many}, numbered from 0"),
    };
    Some((format!("no partition or queue {of}: {there}"), None))
}

/// Whether a part is played in each partition or queue by itself, so that its index counts those.
fn is_of_origin(part: Part) -> bool {
    match part {
        Part::Leader | Part::Follower | Part::Followers | Part::Isr | Part::IsrFollower | Part::OutOfIsr => true,
        Part::Master | Part::Slave => true,
        Part::AnyBroker | Part::AllBrokers | Part::Brokers | Part::Controller | Part::Nameserver => false,
        Part::Producer | Part::Consumer | Part::Coordinator => false,
    }
}

fn aimless(selector: &Selector, range: &Range, broker: &dyn Broker) -> Option<(String, Option<String>)> {
    let topology = &range.topology;
    // The late consumer comes when every fault is over.
    let reachable = || topology.ids().filter(|&id| topology.get(id).kind != NodeKind::Auditor);
    let names = || reachable().map(|id| topology.name(id));
    match selector {
        Selector::Each(all) => all.iter().find_map(|selector| aimless(selector, range, broker)),
        Selector::Name(name) if names().any(|known| known == name) => None,
        Selector::Name(name) if topology.find(name).is_some() => {
            let message = format!("`{name}` reads everything once all faults are over: none can reach it");
            Some((message, Some(format!("nodes: {}", names().collect::<Vec<_>>().join(", ")))))
        }
        Selector::Name(name) => {
            let words = Part::ALL.iter().filter(|(_, part)| plays(*part, topology, broker)).map(|(word, _)| *word);
            let near = nearest(name, names().chain(words)).map(|near| format!("did you mean `{near}`?"));
            let all: Vec<&str> = names().collect();
            Some((format!("no node `{name}`"), near.or(Some(format!("nodes: {}", all.join(", "))))))
        }
        Selector::Rack(rack) => {
            let racks: Vec<&str> = topology.ids().filter_map(|id| topology.get(id).rack.as_deref()).collect();
            (!racks.contains(&rack.as_str())).then(|| {
                let help = match nearest(rack, racks.iter().copied()) {
                    Some(near) => format!("did you mean `rack:{near}`?"),
                    None => "racks are named in `cluster: {racks: [r1, r2]}`".to_owned(),
                };
                (format!("no machine stands in rack `{rack}`"), Some(help))
            })
        }
        Selector::Part { part, .. } if !plays(*part, topology, broker) => {
            let words: Vec<&str> =
                Part::ALL.iter().filter(|(_, part)| plays(*part, topology, broker)).map(|(word, _)| *word).collect();
            let message = format!("no node of {} is ever `{}`", broker.name(), part.word());
            Some((message, Some(format!("parts: {}", words.join(", ")))))
        }
        Selector::Part { part, of } if is_of_origin(*part) => no_origin(*of, range),
        Selector::Part { .. } => None,
    }
}

fn plays(part: Part, topology: &Topology, broker: &dyn Broker) -> bool {
    broker.has_part(part) && can_play(part, topology)
}

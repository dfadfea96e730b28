//! A fault schedule in plain words, for a reader who never saw the scenario format.

pub use crate::figures::{count, number_of};
use ackproof_core::fault::{FaultKind, Latency, Partition};
use ackproof_core::node::{Part, Selector};
use ackproof_core::observe::Probe;
use ackproof_core::recording::FaultReport;
use ackproof_core::schedule::{At, End, Fault, Step, When};
use ackproof_core::time::{Span, SpanRange};

/// One sentence a fault, in the order given, without a number and without a full stop:
/// `power fails on b1, b2 and b3, 1 ms after the 50th acknowledgement; they come back 15 s later`.
pub fn story(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(fault).collect()
}

/// As [`story`], with the node that each part stood for: `the leader (b1) is killed`. `reports` are those of the same
/// run, in the same order; a fault without one, or that never fired, is told as it was planned.
pub fn story_as_run(faults: &[Fault], reports: &[FaultReport]) -> Vec<String> {
    let resolved = |index: usize| reports.get(index).and_then(|report| report.resolved.as_ref());
    faults.iter().enumerate().map(|(index, planned)| fault(&named(planned, resolved(index)))).collect()
}

fn named(planned: &Fault, resolved: Option<&Fault>) -> Fault {
    let mut told = planned.clone();
    let Some(resolved) = resolved.filter(|resolved| resolved.kind.verb() == planned.kind.verb()) else { return told };
    let mut near: Option<Selector> = None;
    for (part, names) in told.kind.selectors_mut().into_iter().zip(resolved.kind.selectors()) {
        // As the world resolves it, `b1` may be linked to `b1, b2, b3`.
        let names = near.as_ref().map_or(names.clone(), |near| without(names, near));
        near.get_or_insert_with(|| names.clone());
        *part = match part {
            Selector::Part { part: it, .. } if it.is_singular() => {
                Selector::Name(format!("{} ({})", nodes(part), nodes(&names)))
            }
            Selector::Name(_) | Selector::Part { .. } | Selector::Rack(_) | Selector::Each(_) => names,
        };
    }
    told
}

/// `all` without `one`, unless nothing would be left.
fn without(all: &Selector, one: &Selector) -> Selector {
    let Selector::Each(each) = all else { return all.clone() };
    let others: Vec<Selector> = each.iter().filter(|it| *it != one).cloned().collect();
    if others.is_empty() { all.clone() } else { Selector::Each(others) }
}

/// One fault as a sentence.
pub fn fault(fault: &Fault) -> String {
    let when = match &fault.at {
        At::Offset(offset) => format!("at {}", span(*offset)),
        At::Anchor { after, nth, of, plus } => anchor(*after, *nth, of.as_ref(), &SpanRange::exactly(*plus)),
    };
    let end = match fault.end {
        End::After(lasts) => Finish::After(SpanRange::exactly(lasts)),
        End::Heal => Finish::Heal,
        End::Gone => Finish::Gone,
    };
    sentence(&fault.kind, &when, end)
}

/// A fault class as a scenario writes it, as sentences: what a column of the matrix means.
pub fn class(steps: &[Step]) -> String {
    if steps.is_empty() {
        return "No fault.".to_owned();
    }
    let sentences: Vec<String> = steps.iter().map(|one| format!("{}.", capital(&step(one)))).collect();
    sentences.join(" ")
}

fn step(step: &Step) -> String {
    let when = match &step.at {
        None => "at a random moment".to_owned(),
        Some(When::Offset(range)) if range.low == range.high => format!("at {}", span(range.low)),
        Some(When::Offset(range)) => format!("between {} and {}", span(range.low), span(range.high)),
        Some(When::Anchor(it)) => anchor(it.after, it.nth, it.of.as_ref(), &it.plus),
    };
    let end = match step.restart_after.or(step.lasts) {
        _ if step.gone => Finish::Gone,
        Some(lasts) => Finish::After(lasts),
        None => Finish::Heal,
    };
    sentence(&step.kind, &when, end)
}

/// The first letter in upper case.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A length of time as a reader says it: `250 ms`, `1.5 s`, `2 min`.
pub fn span(span: Span) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min")];
    let ms = span.0;
    match UNITS.iter().find(|(size, _)| ms >= *size && ms.is_multiple_of(*size)) {
        Some((size, unit)) => format!("{} {unit}", ms / size),
        None if ms < 1000 => format!("{ms} ms"),
        None => format!("{} s", decimal(ms)),
    }
}

/// Thousandths as a decimal number without trailing zeros.
fn decimal(thousandths: u64) -> String {
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn range(range: &SpanRange) -> String {
    if range.low == range.high { span(range.low) } else { format!("{} to {}", span(range.low), span(range.high)) }
}

/// How a fault ends, drawn or not.
enum Finish {
    After(SpanRange),
    Heal,
    Gone,
}

fn sentence(kind: &FaultKind, when: &str, end: Finish) -> String {
    let what = what(kind);
    if let FaultKind::Random(_) = kind {
        return what;
    }
    if kind.is_instant() {
        return format!("{what}, {when}");
    }
    if let Some((it, back)) = comes_back(kind) {
        return match end {
            Finish::After(lasts) => format!("{what}, {when}; {it} {back} {} later", range(&lasts)),
            Finish::Heal => format!("{what}, {when}; {it} {back} when everything heals"),
            Finish::Gone if it == "it" => format!("{what}, {when}; it never comes back"),
            Finish::Gone => format!("{what}, {when}; they never come back"),
        };
    }
    match end {
        Finish::After(lasts) => format!("{what}, {when}, for {}", range(&lasts)),
        Finish::Heal => format!("{what}, {when}, until everything heals"),
        Finish::Gone => format!("{what}, {when}, for good"),
    }
}

/// Who comes back and how, for the faults that end with somebody coming back.
fn comes_back(kind: &FaultKind) -> Option<(&'static str, &'static str)> {
    let back = |selector: &Selector, one, many| Some(if is_plural(selector) { ("they", many) } else { ("it", one) });
    match kind {
        FaultKind::Kill(it) => back(&it.0, "is started again", "are started again"),
        FaultKind::PowerLoss(it) => back(&it.0, "comes back", "come back"),
        FaultKind::LoseDisk(it) => back(&it.0, "comes back empty", "come back empty"),
        FaultKind::Shutdown(it) => back(&it.0, "is started again", "are started again"),
        FaultKind::Pause(it) => back(&it.0, "goes on", "go on"),
        FaultKind::Roll(_) => Some(("each", "is started again")),
        FaultKind::Partition(_) | FaultKind::Hold(_) | FaultKind::Drop(_) | FaultKind::Latency(_) => None,
        FaultKind::Clock(_) | FaultKind::SlowDisk(_) | FaultKind::FullDisk(_) | FaultKind::FailSync(_) => None,
        FaultKind::LyingSync(_) | FaultKind::MoveLeader(_) | FaultKind::Random(_) => None,
    }
}

fn what(kind: &FaultKind) -> String {
    match kind {
        FaultKind::Kill(it) => format!("{} killed", is_or_are(&it.0)),
        FaultKind::PowerLoss(it) => format!("power fails on {}", nodes(&it.0)),
        FaultKind::LoseDisk(it) if is_plural(&it.0) => format!("{} lose their disks", nodes(&it.0)),
        FaultKind::LoseDisk(it) => format!("{} loses its disk", nodes(&it.0)),
        FaultKind::Shutdown(it) => format!("{} shut down cleanly", is_or_are(&it.0)),
        FaultKind::Roll(it) => {
            format!("{} shut down one after the other with {} between", is_or_are(&it.nodes), span(it.pause))
        }
        FaultKind::Pause(it) => format!("{} frozen", is_or_are(&it.0)),
        FaultKind::Partition(it) => partition(it),
        FaultKind::Hold(it) => format!("messages {} are held back", between(&it.between.0, it.one_way)),
        FaultKind::Drop(it) => {
            let percent = decimal((it.rate * 100_000.0).round() as u64);
            format!("{percent} % of the packets {} are lost", between(&it.between.0, it.one_way))
        }
        FaultKind::Latency(Latency { between: ends, add, one_way }) => {
            format!("messages {} take {} longer", between(&ends.0, *one_way), range(add))
        }
        FaultKind::Clock(it) => {
            let side = if it.offset.0 < 0 { "behind" } else { "ahead" };
            format!("the clock of {} is {} {side}", nodes(&it.node), span(Span(it.offset.0.unsigned_abs())))
        }
        FaultKind::SlowDisk(it) => format!("syncs on {} take {} longer", nodes(&it.node), range(&it.sync)),
        FaultKind::FullDisk(it) => format!("no space is left on {}", nodes(&it.0)),
        FaultKind::FailSync(it) => format!("syncs on {} fail", nodes(&it.0)),
        FaultKind::LyingSync(it) => format!("syncs on {} report success and keep nothing", nodes(&it.0)),
        FaultKind::MoveLeader(it) if it.of == 0 => format!("leadership is moved to {} on request", nodes(&it.to)),
        FaultKind::MoveLeader(it) => {
            format!("leadership of partition or queue {} is moved to {} on request", it.of, nodes(&it.to))
        }
        FaultKind::Random(it) => {
            let kinds: Vec<String> = it.kinds.iter().map(|kind| kind.replace('_', " ")).collect();
            let (low, high) = (it.count.low, it.count.high);
            let count = if low == high { low.to_string() } else { format!("{low} to {high}") };
            format!("{count} random faults out of {}", list(&kinds))
        }
    }
}

fn partition(it: &Partition) -> String {
    let [a, b] = &it.ends.0;
    if it.one_way {
        return format!("what {} to {} is lost", send_or_sends(a), far_end(a, b));
    }
    format!("{} cut off from {}", is_or_are(a), far_end(a, b))
}

fn between(ends: &[Selector; 2], one_way: bool) -> String {
    let [a, b] = ends;
    if one_way {
        format!("from {} to {}", nodes(a), far_end(a, b))
    } else {
        format!("between {} and {}", nodes(a), far_end(a, b))
    }
}

fn is_or_are(selector: &Selector) -> String {
    format!("{} {}", nodes(selector), if is_plural(selector) { "are" } else { "is" })
}

fn send_or_sends(selector: &Selector) -> String {
    format!("{} {}", nodes(selector), if is_plural(selector) { "send" } else { "sends" })
}

fn is_plural(selector: &Selector) -> bool {
    match selector {
        Selector::Name(_) => false,
        Selector::Part { part, .. } => !part.is_singular(),
        Selector::Rack(_) => true,
        Selector::Each(all) => all.len() > 1 || all.iter().any(is_plural),
    }
}

/// The far end of a link: no node is linked to itself, so it is left out where both ends name it.
fn far_end(near: &Selector, far: &Selector) -> String {
    if let Selector::Each(_) = far {
        return nodes(&without(far, near));
    }
    let near_is_broker = match near {
        Selector::Part { part, .. } => match part {
            Part::Leader | Part::Follower | Part::IsrFollower | Part::OutOfIsr | Part::AnyBroker => true,
            Part::Master | Part::Slave | Part::Coordinator => true,
            Part::Followers | Part::Isr | Part::AllBrokers | Part::Brokers | Part::Controller => false,
            Part::Nameserver | Part::Producer | Part::Consumer => false,
        },
        Selector::Name(_) | Selector::Rack(_) | Selector::Each(_) => false,
    };
    match far {
        Selector::Part { part: Part::Brokers | Part::AllBrokers, .. } if near_is_broker => {
            "all other brokers".to_owned()
        }
        Selector::Name(_) | Selector::Part { .. } | Selector::Rack(_) | Selector::Each(_) => nodes(far),
    }
}

/// Which nodes, in words: `the leader`, `b1, b2 and b3`.
pub fn nodes(selector: &Selector) -> String {
    match selector {
        Selector::Name(name) => name.clone(),
        Selector::Part { part, of: 0 } => part_words(*part).to_owned(),
        Selector::Part { part, of } => format!("{} of partition or queue {of}", part_words(*part)),
        Selector::Rack(rack) => format!("the machines of rack {rack}"),
        Selector::Each(all) => list(&all.iter().map(nodes).collect::<Vec<_>>()),
    }
}

fn part_words(part: Part) -> &'static str {
    match part {
        Part::Leader => "the leader",
        Part::Follower => "a follower",
        Part::Followers => "the followers",
        Part::Isr => "all in-sync replicas",
        Part::IsrFollower => "an in-sync follower",
        Part::OutOfIsr => "a replica that is out of sync",
        Part::AnyBroker => "some broker",
        Part::AllBrokers => "all brokers",
        Part::Brokers => "the brokers",
        Part::Controller => "the controller",
        Part::Master => "the master",
        Part::Slave => "a slave",
        Part::Nameserver => "the nameserver",
        Part::Producer => "a producer",
        Part::Consumer => "a consumer",
        Part::Coordinator => "the group's coordinator",
    }
}

fn anchor(after: Probe, nth: u32, of: Option<&Selector>, plus: &SpanRange) -> String {
    let delay = if plus.high == Span::ZERO { "right".to_owned() } else { range(plus) };
    let place = of.map_or(String::new(), |of| format!(" on {}", nodes(of)));
    format!("{delay} after the {} {}{place}", ordinal(nth), probe_words(after))
}

fn probe_words(probe: Probe) -> &'static str {
    match probe {
        Probe::Sent => "send",
        Probe::Appended => "append by a leader",
        Probe::Synced => "finished sync",
        Probe::Replicated => "append by a follower",
        Probe::Acked => "acknowledgement",
        Probe::Delivered => "delivery",
        Probe::Processed => "processed message",
        Probe::Committed => "stored consumer progress",
        Probe::LeaderElected => "leader election",
        Probe::IsrShrunk => "shrinking of the in-sync set",
        Probe::IsrExpanded => "growing of the in-sync set",
        Probe::Truncated => "truncation",
        Probe::Started => "start of a process",
        Probe::Confirmed => "confirmation by a broker",
        Probe::Disposed => "disposal by a broker",
        Probe::Noted => "noted decision",
    }
}

fn ordinal(n: u32) -> String {
    match (n, n % 100, n % 10) {
        (1, _, _) => "first".to_owned(),
        (_, 11..=13, _) => format!("{n}th"),
        (_, _, 1) => format!("{n}st"),
        (_, _, 2) => format!("{n}nd"),
        (_, _, 3) => format!("{n}rd"),
        _ => format!("{n}th"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

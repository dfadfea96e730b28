//! A fault schedule in plain words, for a reader who never saw the scenario format.

use ackproof_core::fault::{FaultKind, Latency, Partition};
use ackproof_core::node::{Part, Selector};
use ackproof_core::observe::Probe;
use ackproof_core::schedule::{At, End, Fault, Step, When};
use ackproof_core::time::{Span, SpanRange};

/// One sentence a fault, in the order given, without a number and without a full stop:
/// `power fails on b1, b2 and b3, 1 ms after the 50th acknowledgement; they come back 15 s later`.
pub fn story(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(fault).collect()
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
    if let (Selector::Each(all), Selector::Name(name)) = (far, near) {
        let others: Vec<Selector> = all.iter().filter(|&it| *it != Selector::Name(name.clone())).cloned().collect();
        return if others.is_empty() { nodes(far) } else { nodes(&Selector::Each(others)) };
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

#[cfg(test)]
mod tests {
    use super::*;
    use ackproof_core::fault::{Clock, Drop, Ends, Kill, LoseDisk, MoveLeader, PowerLoss};
    use ackproof_core::time::Offset;

    fn names(all: &[&str]) -> Selector {
        Selector::Each(all.iter().map(|name| Selector::Name((*name).to_owned())).collect())
    }
    fn name(name: &str) -> Selector {
        Selector::Name(name.to_owned())
    }
    fn acked(nth: u32, plus: Span) -> At {
        At::Anchor { after: Probe::Acked, nth, of: None, plus }
    }
    fn told(kind: FaultKind, at: At, end: End) -> String {
        fault(&Fault { kind, at, end, pick: 0 })
    }

    #[test]
    fn a_power_loss_of_several_machines_is_told_in_one_sentence() {
        let kind = FaultKind::PowerLoss(PowerLoss(names(&["b1", "b2", "b3"])));
        assert_eq!(
            told(kind, acked(50, Span(1)), End::After(Span::secs(15))),
            "power fails on b1, b2 and b3, 1 ms after the 50th acknowledgement; they come back 15 s later"
        );
    }

    #[test]
    fn each_end_has_its_own_words() {
        let kill = || FaultKind::Kill(Kill(Selector::part(Part::Leader)));
        let at = || At::Offset(Span(1500));
        assert_eq!(
            told(kill(), at(), End::After(Span::secs(10))),
            "the leader is killed, at 1.5 s; it is started again 10 s later"
        );
        assert_eq!(
            told(kill(), at(), End::Heal),
            "the leader is killed, at 1.5 s; it is started again when everything heals"
        );
        assert_eq!(told(kill(), at(), End::Gone), "the leader is killed, at 1.5 s; it never comes back");
        let disk = FaultKind::LoseDisk(LoseDisk(names(&["b1", "b2"])));
        assert_eq!(told(disk, at(), End::Gone), "b1 and b2 lose their disks, at 1.5 s; they never come back");
        let moved = FaultKind::MoveLeader(MoveLeader { to: name("b2"), of: 1 });
        assert_eq!(
            told(moved, acked(1, Span::ZERO), End::Heal),
            "leadership of partition or queue 1 is moved to b2 on request, right after the first acknowledgement"
        );
    }

    #[test]
    fn no_node_is_cut_off_from_itself() {
        let cut = |a, b, one_way| FaultKind::Partition(Partition::isolate(a, b, one_way));
        let at = || At::Offset(Span::secs(2));
        assert_eq!(
            told(cut(name("b1"), names(&["b1", "b2", "b3"]), false), at(), End::After(Span::secs(60))),
            "b1 is cut off from b2 and b3, at 2 s, for 1 min"
        );
        assert_eq!(
            told(cut(Selector::part(Part::Leader), Selector::part(Part::Brokers), true), at(), End::Heal),
            "what the leader sends to all other brokers is lost, at 2 s, until everything heals"
        );
        assert_eq!(
            told(cut(Selector::part(Part::Producer), Selector::part(Part::Brokers), false), at(), End::Gone),
            "a producer is cut off from the brokers, at 2 s, for good"
        );
    }

    #[test]
    fn rates_and_offsets_keep_their_digits() {
        let lossy = Drop { between: Ends([name("b1"), name("b2")]), rate: 0.125, one_way: true };
        assert_eq!(
            told(FaultKind::Drop(lossy), At::Offset(Span::ZERO), End::Heal),
            "12.5 % of the packets from b1 to b2 are lost, at 0 ms, until everything heals"
        );
        let clock = Clock { node: name("b1"), offset: Offset(-120_000) };
        assert_eq!(
            told(FaultKind::Clock(clock), At::Offset(Span::ZERO), End::Heal),
            "the clock of b1 is 2 min behind, at 0 ms, until everything heals"
        );
    }

    #[test]
    fn a_class_is_told_as_sentences() {
        let kill = Step {
            kind: FaultKind::Kill(Kill(Selector::Part { part: Part::Leader, of: 2 })),
            at: None,
            lasts: None,
            restart_after: Some(SpanRange::between(Span::secs(5), Span::secs(20))),
            gone: false,
        };
        assert_eq!(
            class(std::slice::from_ref(&kill)),
            "The leader of partition or queue 2 is killed, at a random moment; it is started again 5 s to 20 s later."
        );
        assert_eq!(class(&[]), "No fault.");
    }

    #[test]
    fn ordinals_are_english() {
        let text: Vec<String> = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal).into();
        assert_eq!(text.join(" "), "first 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th");
    }
}

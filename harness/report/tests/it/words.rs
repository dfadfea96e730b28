//! Faults in plain words.

use ackproof_core::fault::{Clock, Drop, Ends, FaultKind, Kill, LoseDisk, MoveLeader, Partition, PowerLoss};
use ackproof_core::node::{Part, Selector};
use ackproof_core::observe::Probe;
use ackproof_core::recording::FaultReport;
use ackproof_core::schedule::{At, End, Fault, Step};
use ackproof_core::time::{Offset, Span, SpanRange, Time};
use ackproof_report::words::{class, fault, story_as_run};

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
fn numbers_of_events_are_english() {
    for (n, word) in
        [(1, "first"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (22, "22nd"), (101, "101st")]
    {
        let text = told(FaultKind::Kill(Kill(name("b1"))), acked(n, Span::ZERO), End::Gone);
        assert!(text.contains(&format!("right after the {word} acknowledgement")), "{text}");
    }
}

#[test]
fn a_part_is_told_with_the_node_that_played_it() {
    let fault = |kind| Fault { kind, at: At::Offset(Span::secs(2)), end: End::Gone, pick: 0 };
    let brokers = || names(&["b1", "b2", "b3"]);
    let planned = [
        fault(FaultKind::Kill(Kill(Selector::part(Part::Leader)))),
        fault(FaultKind::PowerLoss(PowerLoss(Selector::part(Part::AllBrokers)))),
        fault(FaultKind::Partition(Partition::isolate(
            Selector::part(Part::Leader),
            Selector::part(Part::Brokers),
            false,
        ))),
        fault(FaultKind::Kill(Kill(Selector::part(Part::OutOfIsr)))),
    ];
    let fired = |kind| FaultReport { fired_at: Some(Time(2000)), resolved: Some(fault(kind)), missed: None };
    let reports = [
        fired(FaultKind::Kill(Kill(name("b2")))),
        fired(FaultKind::PowerLoss(PowerLoss(brokers()))),
        fired(FaultKind::Partition(Partition::isolate(name("b1"), brokers(), false))),
        FaultReport { fired_at: None, resolved: None, missed: Some("every replica is in sync".into()) },
    ];
    assert_eq!(
        story_as_run(&planned, &reports),
        [
            "the leader (b2) is killed, at 2 s; it never comes back",
            "power fails on b1, b2 and b3, at 2 s; they never come back",
            "the leader (b1) is cut off from b2 and b3, at 2 s, for good",
            "a replica that is out of sync is killed, at 2 s; it never comes back",
        ]
    );
}

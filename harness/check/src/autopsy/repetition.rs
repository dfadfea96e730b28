//! Why a message was consumed as often as it was: whether it is in the log twice, or was read twice from one place, and
//! then what the group's progress said when it was handed out again.

use ackproof_core::time::Time;

use super::CopyLife;
use super::application::Handover;
use super::cause::Facts;

/// Every time an application finished with it and, between two of them, why it was handed out again.
pub fn clauses(facts: &Facts<'_>) -> Vec<String> {
    let application = facts.application;
    let done: Vec<&Handover> =
        application.handovers.iter().filter(|held| matches!(held.finished, Some((_, true)))).collect();
    if !facts.fate.duplicated() {
        return done.into_iter().map(|held| facts.handover(held)).collect();
    }
    let times = match facts.fate.consumed {
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    };
    let mut clauses = vec![format!("{} was consumed {times}", facts.msg)];
    for (index, held) in done.iter().enumerate() {
        if let Some(before) = index.checked_sub(1).map(|before| done[before]) {
            clauses.extend(death_between(facts, before, held.at).or_else(|| departure_between(facts, before, held.at)));
            clauses.extend(match (before.origin, before.offset) == (held.origin, held.offset) {
                true => progress(facts, held),
                false => second_copy(facts, held),
            });
        }
        clauses.push(facts.handover(held));
    }
    clauses
}

/// The end of the process that had finished with it, before somebody was handed it again.
fn death_between(facts: &Facts<'_>, before: &Handover, again: Time) -> Option<String> {
    let (finished, _) = before.finished?;
    let died =
        facts.application.deaths.iter().find(|(node, at)| *node == before.node && finished <= *at && *at <= again);
    died.map(|(node, at)| format!("{} died at {at}", facts.words.name(*node)))
}

/// How the one that had finished with it got out of its group alive, before somebody was handed it again.
fn departure_between(facts: &Facts<'_>, before: &Handover, again: Time) -> Option<String> {
    let mut departures = facts.examination.departures.iter();
    let left = departures.find(|left| left.member == before.node && before.at <= left.at && left.at <= again)?;
    Some(format!("{} was out of its group at {}, since {}", facts.words.name(before.node), left.at, left.why))
}

/// What of the group's progress was stored when it was handed out again from the same place.
fn progress(facts: &Facts<'_>, held: &Handover) -> Vec<String> {
    if !facts.traced {
        return Vec::new();
    }
    let place = facts.words.place(held.origin, held.offset);
    let stored: Vec<_> =
        facts.examination.commits.iter().filter(|it| it.origin == held.origin && it.at <= held.at).collect();
    let passed = stored.iter().rfind(|commit| commit.upto > held.offset);
    let clause = match (passed, stored.last()) {
        (_, None) => "the group had stored no progress yet".to_owned(),
        (None, Some(last)) => {
            format!("the last progress that the group had stored was {}, at {}, not past {place}", last.upto, last.at)
        }
        (Some(passed), Some(last)) if last.upto <= held.offset => format!(
            "the group's progress, past {place} at {}, had gone back to {} at {}",
            passed.at, last.upto, last.at
        ),
        (Some(passed), Some(_)) => {
            let node = facts.words.name(held.node);
            // One that does not know yet that it is out goes on with what it was handed before.
            let mut departures = facts.examination.departures.iter();
            let left = departures.rfind(|left| left.member == held.node && left.at <= held.at);
            let out = left.map_or_else(String::new, |left| {
                format!("; it had been out of its group at {}, since {}", left.at, left.why)
            });
            format!(
                "{node} read from before {place}, although the group's progress had gone to {} at {}{out}",
                passed.upto, passed.at
            )
        }
    };
    vec![clause]
}

/// Who wrote it where a second time, and whether its application had asked for that.
fn second_copy(facts: &Facts<'_>, held: &Handover) -> Vec<String> {
    let mut led = facts.examination.copies.iter().filter(|copy| copy.led);
    let first = led.clone().next();
    let Some(copy) = led.find(|copy| (copy.origin, copy.offset) == (held.origin, held.offset)) else {
        return Vec::new();
    };
    let sent = facts.application.sent_again.iter().rfind(|at| **at <= copy.written);
    let sender = facts.application.sender.map_or("its application", |sender| facts.words.name(sender));
    let why = match sent {
        Some(at) => format!("{sender} had sent it again at {at}"),
        None => format!("{sender} had sent it once, and its client again"),
    };
    let appended = |copy: &CopyLife| {
        let (node, place) = (facts.words.name(copy.node), facts.words.place(copy.origin, copy.offset));
        format!("{node} appended it at {place} in epoch {} at {}", copy.epoch, copy.written)
    };
    let first = first.filter(|first| first.written < copy.written);
    [first.map(appended), Some(why), Some(appended(copy))].into_iter().flatten().collect()
}

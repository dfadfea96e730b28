//! Why a message was consumed after a later one of its producer, or left out while consumers went on to later ones.

use super::cause::Facts;

/// Which later message came first, and whether the log has the two in that order.
pub fn clauses(facts: &Facts<'_>) -> Vec<String> {
    let Some(later) = facts.application.overtaken_by else {
        return vec!["a later message of its producer had been consumed before".to_owned()];
    };
    let what = if facts.application.writes_results { "the result of " } else { "" };
    let mut clauses = vec![format!("{what}{} had been consumed before, at {}", later.msg, later.at)];
    let done = facts.application.handovers.iter().find(|held| matches!(held.finished, Some((_, true))));
    let Some(own) = done.filter(|_| !facts.application.writes_results) else { return clauses };
    let (first, second) = (facts.words.place(own.origin, later.offset), facts.words.place(own.origin, own.offset));
    clauses.push(match later.offset < own.offset {
        true => format!("the log has them in that order: {} at {first}, {} at {second}", later.msg, facts.msg),
        false => format!("the log has them in their own order: {} at {second}, {} at {first}", facts.msg, later.msg),
    });
    if later.offset < own.offset && facts.traced {
        clauses.extend(late_copy(facts, own.offset));
    }
    clauses
}

/// How it came to stand behind the later one: who wrote it there, after which earlier try.
fn late_copy(facts: &Facts<'_>, offset: u64) -> Option<String> {
    let copy = facts.examination.copies.iter().find(|copy| copy.led && copy.offset == offset)?;
    let sender = facts.application.sender.map_or("its application", |sender| facts.words.name(sender));
    let again = facts.application.sent_again.iter().rfind(|at| **at <= copy.written);
    let sent = match again {
        Some(at) => format!("{sender} had sent it again at {at}"),
        None => format!("{sender} had sent it at {}", facts.application.sent_at),
    };
    let (node, place) = (facts.words.name(copy.node), facts.words.place(copy.origin, offset));
    Some(format!("{sent}, and {node} appended it at {place} no sooner than {}", copy.written))
}

/// Which later message consumers went on to without this one.
pub fn gap(facts: &Facts<'_>) -> Option<String> {
    let later = facts.application.overtaken_by?;
    let node = later.node.map_or("a consumer", |node| facts.words.name(node));
    Some(format!("{node} went on to {} at {} without it", later.msg, later.at))
}

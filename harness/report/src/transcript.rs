//! A whole run as text: its history, with what the nodes did and decided in between.

use ackproof_core::app::Origin;
use ackproof_core::history::History;
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::recording::{Fact, Recording};

/// Longer texts of messages are cut: a batch of a hundred records says no more than its first few.
const MESSAGE_MAX: usize = 200;

/// One line an entry: time, node, what happened. What the trace adds is set in by two blanks; `messages` adds what
/// crossed the network.
pub fn transcript(recording: &Recording, messages: bool) -> String {
    let history = &recording.history;
    let mut lines: Vec<(u64, bool, String)> = history
        .entries
        .iter()
        .map(|entry| {
            let node = entry.node.map_or("-", |node| name(history, node));
            (entry.at.0, false, format!("{} {node:6} {}", entry.at, entry.op))
        })
        .collect();
    for traced in &recording.trace {
        if let Some(words) = fact(history, &traced.fact, messages) {
            let node = name(history, traced.node);
            lines.push((traced.at.0, true, format!("{} {node:6}   {words}", traced.at)));
        }
    }
    // Stable, so that what one node did in a millisecond stays in order.
    lines.sort_by_key(|(at, is_traced, _)| (*at, *is_traced));
    lines.into_iter().map(|(_, _, line)| line + "\n").collect()
}

fn name(history: &History, node: NodeId) -> &str {
    &history.nodes[node.index()]
}

fn names(history: &History, nodes: &[NodeId]) -> String {
    let names: Vec<&str> = nodes.iter().map(|&node| name(history, node)).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn log(origin: Origin) -> String {
    if origin.is_internal() { "the broker's own log".to_owned() } else { format!("log {}", origin.0) }
}

/// `None` for what is not asked for.
fn fact(history: &History, fact: &Fact, messages: bool) -> Option<String> {
    Some(match fact {
        Fact::Observed(observation) => observed(history, observation),
        Fact::PowerCut { origin, durable, written, kept } => {
            format!("the power cut left {kept} of {written} records of {}; {durable} were durable", log(*origin))
        }
        Fact::DiskLost => "the disk is blank".to_owned(),
        Fact::MessageSent { to, text, .. } if messages => format!("-> {} {}", name(history, *to), short(text)),
        Fact::MessageTaken { from, text } if messages => format!("<- {} {}", name(history, *from), short(text)),
        Fact::MessageLost { to, why } if messages => format!("-x {} {why}", name(history, *to)),
        Fact::MessageSent { .. } | Fact::MessageTaken { .. } | Fact::MessageLost { .. } => return None,
    })
}

fn observed(history: &History, observation: &Observation) -> String {
    match observation {
        Observation::Appended { origin, offset, epoch, msg } => {
            format!("appends {msg} to {} at {offset} in epoch {epoch}", log(*origin))
        }
        Observation::Replicated { origin, offset, epoch, msg } => {
            format!("copies {msg} of {} at {offset} in epoch {epoch}", log(*origin))
        }
        Observation::Synced { origin, upto } => format!("{} is synced below {upto}", log(*origin)),
        Observation::Confirmed { msg, origin, offset, copies } => {
            format!("confirms {msg} at {offset} of {}: held by {}", log(*origin), names(history, copies))
        }
        Observation::Committed { origin, upto } => format!("consumer progress in {} is stored: {upto}", log(*origin)),
        Observation::LeaderElected { origin, leader, epoch, clean } => match leader {
            Some(leader) => {
                let how = if *clean { "" } else { ", uncleanly" };
                format!("{} leads {} in epoch {epoch}{how}", name(history, *leader), log(*origin))
            }
            None => format!("nobody leads {} in epoch {epoch}", log(*origin)),
        },
        Observation::IsrShrunk { origin, isr } => {
            format!("the in-sync set of {} shrinks to {}", log(*origin), names(history, isr))
        }
        Observation::IsrExpanded { origin, isr } => {
            format!("the in-sync set of {} grows to {}", log(*origin), names(history, isr))
        }
        Observation::Truncated { origin, from, to, why } => format!("cuts {} from {from} to {to}: {why}", log(*origin)),
        Observation::Disposed { origin, offset, msg, rule } => {
            format!("drops {msg} at {offset} of {} by a rule of its own: {rule}", log(*origin))
        }
        Observation::Noted { text } => text.clone(),
        Observation::LeftGroup { member, why } => {
            format!("{} is out of its group, since {why}", name(history, *member))
        }
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(MESSAGE_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackproof_core::app::MsgId;
    use ackproof_core::op::Op;
    use ackproof_core::recording::Traced;
    use ackproof_core::time::Time;

    #[test]
    fn a_run_is_told_in_order_of_time_with_names_and_messages_only_on_request() {
        let mut recording = Recording::default();
        recording.history.nodes = vec!["b1".into(), "p1".into()];
        recording.history.push(Time(5), Some(NodeId(1)), Op::Send { msg: MsgId::new(0, 0), attempt: 0 });
        let (node, at) = (NodeId(0), Time(7));
        let elected = Observation::LeaderElected { origin: Origin(0), leader: Some(NodeId(0)), epoch: 2, clean: false };
        recording.trace.push(Traced { at, node, fact: Fact::Observed(elected) });
        recording.trace.push(Traced {
            at,
            node,
            fact: Fact::MessageSent { to: NodeId(1), due: Time(8), text: "x".repeat(500) },
        });
        let text = transcript(&recording, false);
        assert_eq!(text, "0.005s p1     send p1#0 0\n0.007s b1       b1 leads log 0 in epoch 2, uncleanly\n");
        let with = transcript(&recording, true);
        assert!(with.ends_with(&format!("-> p1 {}...\n", "x".repeat(MESSAGE_MAX))), "{with}");
    }
}

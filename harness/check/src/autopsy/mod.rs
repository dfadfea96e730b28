//! Why one message ended as it did: every copy of it that was ever made, what justified its acknowledgement, and what
//! became of each copy, in the words of an operator.
//!
//! Read from a trace and its history. Left out: messages on the wire and the decisions that nodes note down, which
//! `replay -v` shows, and diagrams, which are drawn elsewhere from the same facts.

mod application;
mod cause;
mod disorder;
mod repetition;
mod text;
mod trace;
mod words;

use ackproof_core::app::{MsgId, Origin};
use ackproof_core::node::NodeId;
use ackproof_core::recording::Recording;
use ackproof_core::time::Time;
use serde::Serialize;

use crate::fate::Fate;
use application::Application;
use trace::Examination;
use words::Words;

/// Everything known about one message.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Autopsy {
    pub msg: MsgId,
    pub fate: Fate,
    /// One sentence.
    pub cause: String,
    /// Every copy ever made, in the order in which they were made. Two with the same node, origin and offset are two:
    /// the first was destroyed before the second was written.
    pub copies: Vec<CopyLife>,
    /// What the acknowledgement rested on, `None` when there was none or the trace does not show it.
    pub justified_by: Option<Justification>,
    /// In order of time, from what led up to it until its fate was sealed.
    pub events: Vec<Event>,
    /// Name of each node; a node's id is its index.
    pub nodes: Vec<String>,
}

/// One copy of a message, from its writing to its end.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CopyLife {
    pub node: NodeId,
    pub origin: Origin,
    pub offset: u64,
    pub epoch: u32,
    /// Whether the node wrote it as the leader, and not as a follower.
    pub led: bool,
    pub written: Time,
    pub durable: Durability,
    pub end: CopyEnd,
}

/// When a copy reached the platter.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// Not by any sync of the broker's, as far as was seen.
    Never,
    Synced {
        at: Time,
    },
    /// The kernel wrote it back by itself, some time before a power loss at `by` found it there.
    WrittenBack {
        by: Time,
    },
    /// It had not been synced, and the power loss at `at` happened to leave it.
    Spared {
        at: Time,
    },
    /// A sync reported success at `reported`, and a power loss found that it was not there.
    Lied {
        reported: Time,
    },
}

/// What became of a copy.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CopyEnd {
    /// It was still on the node's disk when everything was over.
    Remains,
    /// The same, and nobody may serve it.
    Stranded,
    /// Its node went down and never came back.
    Gone {
        at: Time,
    },
    /// A power loss left `kept` of `written` records; `durable` had been on the platter.
    PowerLost {
        at: Time,
        durable: u64,
        written: u64,
        kept: u64,
    },
    DiskLost {
        at: Time,
    },
    /// The node cut its log back to `to`.
    Truncated {
        at: Time,
        to: u64,
        why: String,
    },
    Disposed {
        at: Time,
        rule: String,
    },
    /// Another record was written at its position.
    Overwritten {
        at: Time,
        by: MsgId,
    },
}

impl CopyLife {
    /// When the copy was destroyed, or went away with its node; `None` when it is still there.
    pub fn lost_at(&self) -> Option<Time> {
        match self.end {
            CopyEnd::Remains | CopyEnd::Stranded => None,
            CopyEnd::Gone { at }
            | CopyEnd::PowerLost { at, .. }
            | CopyEnd::DiskLost { at }
            | CopyEnd::Truncated { at, .. }
            | CopyEnd::Disposed { at, .. }
            | CopyEnd::Overwritten { at, .. } => Some(at),
        }
    }
}

/// What an acknowledgement rested on.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Justification {
    pub at: Time,
    /// Who confirmed it.
    pub by: NodeId,
    pub origin: Origin,
    pub offset: u64,
    /// Who held it at that moment.
    pub copies: Vec<NodeId>,
}

/// What an event is about.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    Fault,
    Process,
    Sent,
    Told,
    Written,
    Durable,
    Confirmed,
    CopyLost,
    Election,
    InSync,
    Progress,
    Delivered,
    Processed,
    Audited,
}

/// One line of what happened.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Event {
    pub at: Time,
    /// `None` for what concerns the whole run.
    pub node: Option<NodeId>,
    pub topic: Topic,
    /// What the node did, without its name.
    pub text: String,
}

/// Explains the fate of a message, `None` when nobody sent it. Without a trace (`Detail::Verdict`) it knows what the
/// history knows, and says so.
pub fn autopsy(recording: &Recording, msg: MsgId) -> Option<Autopsy> {
    let fate = crate::fate(&recording.history, msg)?;
    let words = Words::of(recording);
    let mut examination = Examination::of(recording, msg, &words);
    let application = Application::of(&recording.history, msg, &examination, &words);
    examination.conclude(&recording.history, &application);
    let justified_by = examination.justification(application.acked_at());
    let facts = cause::Facts {
        msg,
        fate,
        words: &words,
        examination: &examination,
        application: &application,
        justified_by: justified_by.as_ref(),
        traced: !recording.trace.is_empty(),
    };
    let cause = facts.sentence();
    let until = facts.sealed_at();
    let mut events = examination.events;
    events.extend(application.events);
    events.sort_by_key(|event| (event.at, rank(event.topic)));
    let events = around(events, application.sent_at, until);
    Some(Autopsy { msg, fate, cause, copies: examination.copies, justified_by, events, nodes: words.nodes })
}

/// Within a millisecond: what was done to machines, then what brokers did, then what applications saw.
fn rank(topic: Topic) -> u8 {
    match topic {
        Topic::Fault | Topic::Process => 0,
        Topic::Written | Topic::Durable | Topic::Confirmed | Topic::CopyLost => 1,
        Topic::Election | Topic::InSync | Topic::Progress => 1,
        Topic::Sent | Topic::Told | Topic::Delivered | Topic::Processed | Topic::Audited => 2,
    }
}

/// Drops what happened after the fate was sealed, and of what happened before the message was sent all but the last
/// election, the last change of the in-sync set, and the faults.
fn around(events: Vec<Event>, sent_at: Time, until: Time) -> Vec<Event> {
    let last_before = |topic: Topic| events.iter().rposition(|event| event.at < sent_at && event.topic == topic);
    let context = [last_before(Topic::Election), last_before(Topic::InSync)];
    let keep = |index: usize, event: &Event| match event.topic {
        Topic::Election | Topic::InSync => event.at <= until && (event.at >= sent_at || context.contains(&Some(index))),
        Topic::Fault => event.at <= until,
        Topic::Process => event.at <= until && event.at >= sent_at,
        Topic::Sent | Topic::Told | Topic::Written | Topic::Durable | Topic::Confirmed | Topic::CopyLost => true,
        Topic::Progress | Topic::Delivered | Topic::Processed | Topic::Audited => true,
    };
    let kept: Vec<bool> = events.iter().enumerate().map(|(index, event)| keep(index, event)).collect();
    events.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(event, _)| event).collect()
}
